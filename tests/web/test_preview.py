"""Artifacts in a browser: shown, and unable to harm the one who looks, or the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from playwright.sync_api import Frame, Page, Response

from tests.servers.millstream import RunningServer
from tests.web.browser import Ui
from tests.web.conftest import OpenUi, Seeded
from tests.web.hostile import Listener, hostile, run_listener

PREVIEW = "ajax-api/2.0/mlflow/artifacts/preview"


@dataclass
class Trap:
    """A server with hostile artifacts, and the listener that they would like to reach."""

    server: RunningServer
    listener: Listener
    run: str

    def address(self, name: str) -> str:
        return f"{self.server.url}/{PREVIEW}?run_id={self.run}&path={quote(name)}"

    def experiments(self) -> set[str]:
        found = self.server.call("GET", "experiments/search?max_results=100")["experiments"]
        return {each["name"] for each in found}


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trap]:
    folder = tmp_path_factory.mktemp("trap")
    server = RunningServer(folder)
    with run_listener() as listener:
        run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        kept = folder / "mlruns" / "artifacts" / "0" / run / "artifacts"
        kept.mkdir(parents=True)
        for name, content in hostile(server.url, listener.url).items():
            (kept / name).write_bytes(content)
        yield Trap(server, listener, run)
    server.stop()


@pytest.fixture
def victim(open_ui: OpenUi, trap: Trap) -> Iterator[Ui]:
    """A page in the server's origin, with a cookie and something stored; nothing gets out of it."""
    ui = open_ui(trap.server.url)
    ui.forgive("")  # what is refused is told on the console
    ui.page.goto(f"{ui.url}/docs")
    ui.page.evaluate("document.cookie = 'secret=1'; localStorage.setItem('secret', 's3cret')")
    ui.page.evaluate("addEventListener('message', (event) => { window.message = event.origin })")
    yield ui
    assert ui.page.url == f"{ui.url}/docs"
    assert ui.page.title() == "REST API · Millstream"
    # Browsers connect ahead of a navigation that they refuse then; nobody says anything.
    assert not any(trap.listener.heard)
    assert trap.experiments() == {"Default"}


def framed(page: Page, address: str) -> Frame:
    """The frame that shows an address, once it is loaded."""
    page.evaluate(
        """address => new Promise((done) => {
          const frame = document.createElement('iframe')
          frame.onload = done
          frame.src = address
          document.body.prepend(frame)
        })""",
        address,
    )
    shown = page.query_selector("iframe")
    assert shown is not None
    frame = shown.content_frame()
    assert frame is not None
    return frame


def test_a_page_runs_its_scripts_in_a_frame_and_gets_nowhere(victim: Ui, trap: Trap) -> None:
    page, answered = victim.page, list[Response]()
    victim.context.on("response", lambda response: answered.append(response))
    frame = framed(page, trap.address("bad.html"))
    frame.wait_for_function("document.getElementById('told').textContent.startsWith('{')")
    told: dict[str, str] = json.loads(frame.locator("#told").text_content() or "")
    for name in ("cookie", "storage", "session", "parent", "top", "database", "caches"):
        assert told[name] == "SecurityError", (name, told)
    for name in ("fetch app", "fetch opaque", "write app", "fetch away", "import"):
        assert told[name] == "TypeError", (name, told)
    assert told["opener"] == told["open"] == told["frame"] == "TypeError"  # there is none
    loud = {name for name, what in told.items() if what.startswith("GOT")}
    assert loud <= {"beacon", "socket", "events", "worker", "navigate top"}  # objects, no effects
    in_frames = [response for response in answered if response.frame != page.main_frame]
    assert [response.url for response in in_frames] == [trap.address("bad.html")]
    assert victim.context.pages == [page]
    assert page.evaluate("window.message") == "null"
    assert frame.evaluate("origin") == "null"


def test_a_page_cannot_leave_its_frame_for_elsewhere(victim: Ui, trap: Trap) -> None:
    for name in ("leaves.html", "refresh.html"):
        with victim.page.expect_event(
            "console", lambda message: "frame-src" in message.text and "'self'" in message.text
        ):
            framed(victim.page, trap.address(name))


@pytest.mark.parametrize("name", ["bad.html", "leaves.html", "refresh.html"])
def test_a_page_that_is_opened_by_itself_runs_nothing(victim: Ui, trap: Trap, name: str) -> None:
    page, answered = victim.context.new_page(), list[str]()
    page.on("response", lambda response: answered.append(response.url))
    page.goto(trap.address(name))
    page.wait_for_load_state("networkidle")
    assert page.url == trap.address(name)
    assert page.evaluate("origin") == "null"
    assert {url.partition("?")[0] for url in answered} <= {
        trap.address(name).partition("?")[0],
        f"{trap.server.url}/favicon.ico",
    }
    assert not (page.text_content("body") or "").startswith("{")


@pytest.mark.parametrize("name", ["bad.svg", "bad.xml", "bad.txt", "bad.png", "bad.ipynb"])
@pytest.mark.parametrize("way", ["in a frame", "by its address"])
def test_pictures_and_text_run_nothing(victim: Ui, trap: Trap, name: str, way: str) -> None:
    place: Frame | Page
    if way == "in a frame":
        place = framed(victim.page, trap.address(name))
    else:
        place = victim.context.new_page()
        place.goto(trap.address(name))
    assert place.evaluate("origin") == "null"
    assert place.evaluate("document.documentElement.getAttribute('data-hit')") is None
    assert place.evaluate("document.querySelector('#told, [src*=frame]')?.contentDocument") is None
    if name == "bad.svg":
        assert place.locator("#shape").count() == 1
    elif name != "bad.png":
        assert "<script>" in place.locator("pre").inner_text()


def test_a_picture_in_a_page_runs_nothing(victim: Ui, trap: Trap) -> None:
    width = victim.page.evaluate(
        """async address => {
          const image = document.body.appendChild(new Image())
          image.src = address
          await image.decode()
          return image.naturalWidth
        }""",
        trap.address("bad.svg"),
    )
    assert width == 9


@pytest.mark.parametrize("way", ["in a frame", "by its address"])
def test_a_pdf_reaches_nothing(victim: Ui, trap: Trap, way: str) -> None:
    page, answered = victim.context.new_page(), list[str]()
    if way == "in a frame":
        page.goto(f"{trap.server.url}/docs", wait_until="networkidle")
    page.on("response", lambda response: answered.append(response.url))
    if way == "in a frame":
        framed(page, trap.address("bad.pdf"))
        page.wait_for_load_state("networkidle")
    else:
        page.goto(trap.address("bad.pdf"))
        page.wait_for_load_state("networkidle")
        assert page.url == trap.address("bad.pdf")
    ours = {trap.address("bad.pdf"), f"{trap.server.url}/favicon.ico"}
    viewer = ("chrome:", "chrome-extension:")
    assert {url for url in answered if not url.startswith(viewer)} <= ours


def test_kinds_that_a_browser_shows_are_shown(ui: Ui, demo: Seeded) -> None:
    def address(path: str) -> str:
        return f"{demo.url}/{PREVIEW}?run_id={demo.runs['files']}&path={quote(path)}"

    page = ui.page
    page.goto(f"{ui.url}/docs")
    assert framed(page, address("report.html")).locator("#drawn").inner_text() == (
        "Drawn by its own script."
    )
    for name in ("plot.png", "photo.jpg", "photo.webp", "moving.gif"):
        frame = framed(page, address(f"images/{name}"))
        assert frame.evaluate("document.images[0].naturalWidth") in (20, 60)
    drawing = framed(page, address("images/drawing.svg")).locator("circle")
    assert drawing.evaluate("circle => getComputedStyle(circle).fill") == "rgb(0, 128, 128)"
    text = framed(page, address("odd names/ä & b (1) +.txt")).locator("pre")
    assert text.inner_text() == "odd\n"
    seconds = page.evaluate(
        """address => new Promise((done, failed) => {
          const sound = document.body.appendChild(new Audio(address))
          sound.onloadedmetadata = () => done(sound.duration)
          sound.onerror = () => failed(sound.error.message)
        })""",
        address("media/tone.wav"),
    )
    assert seconds == 0.5
