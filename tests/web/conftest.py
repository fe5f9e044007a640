"""A browser, servers with something to see, and pages of the UI in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

import mlflow
from tests.servers.millstream import RunningServer
from tests.web.browser import Ui, run_browser
from tests.web.seeds import Seed, fill_demo, fill_large

OpenUi = Callable[..., Ui]


@dataclass
class Seeded:
    """A server, and the ids of what was put into it, by name."""

    server: RunningServer
    experiments: dict[str, str]
    runs: dict[str, str]

    @property
    def url(self) -> str:
        return self.server.url


@pytest.fixture(scope="session", autouse=True)
def _built() -> None:
    page = Path(mlflow.__file__).parent / "server" / "static" / "index.html"
    assert page.is_file(), "The web UI is not built: run scripts/build."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium; each test has a profile of its own in it."""
    with run_browser() as running:
        yield running


def _filled(
    fill: Callable[[Path], Seed], name: str, factory: pytest.TempPathFactory
) -> Iterator[Seed]:
    with pytest.MonkeyPatch.context() as patch:
        folder = factory.mktemp(name)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        seed = fill(folder)
    yield seed


@pytest.fixture(scope="session")
def _demo_seed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seed]:
    yield from _filled(fill_demo, "demo", tmp_path_factory)


def _served(seed: Seed, folder: Path) -> Iterator[Seeded]:
    server = RunningServer(folder)
    yield Seeded(server, seed.experiments, seed.runs)
    server.stop()


@pytest.fixture(scope="session")
def demo(_demo_seed: Seed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """A server with the store of `seeds.fill_demo`, shared: for tests that change nothing."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(_demo_seed.folder / "mlruns", folder / "mlruns")
    yield from _served(_demo_seed, folder)


@pytest.fixture
def own_demo(_demo_seed: Seed, tmp_path: Path) -> Iterator[Seeded]:
    """The same, for one test alone, which may change what it likes."""
    shutil.copytree(_demo_seed.folder / "mlruns", tmp_path / "mlruns")
    yield from _served(_demo_seed, tmp_path)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """A server with the store of `seeds.fill_large`, shared: for tests that change nothing."""
    for seed in _filled(fill_large, "large", tmp_path_factory):
        yield from _served(seed, seed.folder)


@pytest.fixture
def open_ui(browser: Browser) -> Iterator[OpenUi]:
    """`open_ui(server.url, width=1280, height=800, dark=False)`: a page of the UI of a server.

    What goes wrong in one of them fails the test; see `Ui`.
    """
    opened: list[Ui] = []

    def open_it(url: str, **options: Any) -> Ui:
        opened.append(Ui(browser, url, **options))
        return opened[-1]

    yield open_it
    complaints = [complaint for ui in opened for complaint in ui.complaints()]
    for ui in opened:
        ui.close()
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def ui(open_ui: OpenUi, demo: Seeded) -> Ui:
    """A page of the UI of `demo`: `ui.open("/experiments/1")`; see `Ui`."""
    return open_ui(demo.url)


@pytest.fixture
def own_ui(open_ui: OpenUi, own_demo: Seeded) -> Ui:
    """A page of the UI of `own_demo`."""
    return open_ui(own_demo.url)


@pytest.fixture
def large_ui(open_ui: OpenUi, large: Seeded) -> Ui:
    """A page of the UI of `large`."""
    return open_ui(large.url)
