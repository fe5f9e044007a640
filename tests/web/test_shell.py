"""What all pages of the UI share, and that what watches over them sees what it should."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import mlflow
from tests.servers.fixtures import NginxInFront, StartServer
from tests.web.browser import Ui
from tests.web.conftest import OpenUi, Seeded

STATIC = Path(mlflow.__file__).parent / "server" / "static"


def test_what_goes_wrong_in_a_page_is_seen(ui: Ui) -> None:
    page = ui.open()
    ui.check_accessible()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"docs\">')")
    with pytest.raises(AssertionError, match="image-alt"):
        ui.check_accessible()
    assert not ui.complaints()
    for script, words in (
        ("setTimeout(() => { throw new Error('thrown') })", "thrown"),
        ("document.body.setAttribute('style', 'color: red')", "Content Security Policy"),
        (
            "document.body.append(Object.assign(document.createElement('script'), "
            "{ textContent: 'window.hit = 1' }))",
            "Content Security Policy",
        ),
        ("fetch('http://127.0.0.1:9/').catch(() => 0)", "Refused to connect"),
        ("fetch('nothing-here')", "404"),
    ):
        page.evaluate(script)
        deadline = time.monotonic() + 20
        while not any(words in problem for problem in ui.problems):
            assert time.monotonic() < deadline, (words, ui.problems)
            page.evaluate("1")  # what has happened meanwhile is told
    ui.forgive("")
    assert page.evaluate("window.hit") is None


def test_the_first_page_works_below_the_prefix_of_a_proxy(
    open_ui: OpenUi, start_server: StartServer, nginx_in_front: NginxInFront
) -> None:
    server = start_server(None, "--static-prefix", "/tracking", prefix="/tracking")
    proxy = nginx_in_front(server.url.removesuffix("/tracking"))
    ui = open_ui(f"{proxy.url}/tracking")
    page = ui.open()
    page.get_by_role("link", name="Default").wait_for()
    page.goto(f"{proxy.url}/tracking")  # without the slash
    page.get_by_role("link", name="Default").wait_for()
    page.get_by_role("link", name="API documentation").click()
    page.get_by_role("heading", name="runs").wait_for()


def test_the_page_of_the_api(ui: Ui) -> None:
    page = ui.page
    page.goto(f"{ui.url}/docs")
    page.get_by_role("searchbox").fill("log-batch")
    page.locator("details:visible summary").first.click()
    ui.check_accessible()


@pytest.mark.parametrize("name", ["", "team/vision/digits"])
def test_the_first_view_is_small(ui: Ui, demo: Seeded, name: str) -> None:
    """What a fresh browser fetches of the UI, compressed, before it shows its first table."""
    fetched: list[str] = []
    ui.page.on("response", lambda response: fetched.append(urlsplit(response.url).path))
    page = ui.open(f"/experiments/{demo.experiments[name]}" if name else "")
    page.get_by_text("fit-19" if name else "empty", exact=True).first.wait_for()
    assets = [Path(f"{STATIC}{path}.gz") for path in fetched if path.startswith("/assets/")]
    sizes = {file.name: file.stat().st_size for file in assets}
    assert len(sizes) >= 3
    assert sum(sizes.values()) <= 250_000, sizes
