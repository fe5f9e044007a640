"""Artifacts of a run: the tree, previews of all kinds, uploads and downloads."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Locator, Page, Route, expect

from tests.servers.millstream import RunningServer
from tests.web.browser import Ui
from tests.web.conftest import OpenUi, Seeded
from tests.web.hostile import hostile, run_listener
from tests.web.seeds import artifacts


def _open(ui: Ui, server: Seeded, path: str = "", run: str = "files") -> Page:
    route = f"/experiments/{server.experiments['files']}/runs/{server.runs[run]}/artifacts"
    page = ui.open(route + (f"?path={path}" if path else ""))
    page.get_by_role("tree", name="Artifacts").wait_for()
    return page


def _view(page: Page, path: str) -> Locator:
    return page.get_by_role("region", name=path, exact=True)


TEXTS = [
    ("notes.txt", "Plain text, größer."),
    ("train.py", "def train(rate: float) -> None:"),
    ("config.json", 'name: "adam"'),
    ("config.yaml", 'name: "adam"'),
    ("README.md", "Owls are hard."),
    ("model/MLmodel", 'mlflow.sklearn.load_model("runs:/'),
    ("model/requirements.txt", "pip install -r requirements.txt"),
    ("model/weights.bin", "000010  10 11 12 13"),
    ("odd names/ä %26 b (1) %2B.txt", "odd"),
]


def test_text_of_many_kinds(ui: Ui, demo: Seeded) -> None:
    for path, shown in TEXTS:
        page = _open(ui, demo, path)
        expect(page.locator("main")).to_contain_text(shown)
        ui.check_accessible()
    assert ui.page.evaluate("window.hit") is None


def test_tables(ui: Ui, demo: Seeded) -> None:
    for path, cells in (
        ("tables/squares.csv", ["number", "square", "144"]),
        ("tables/birds.tsv", ["bird", "wren", "5"]),
        ("tables/birds.parquet", ["mass", "owl", "1.5"]),
    ):
        page = _open(ui, demo, path)
        found = page.get_by_role("table", name=path)
        for cell in cells:
            expect(found).to_contain_text(cell)
        ui.check_accessible()


def test_the_schema_of_parquet(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "tables/birds.parquet")
    page.get_by_role("button", name="Schema").click()
    expect(page.get_by_role("row", name="mass double")).to_be_visible()
    expect(page.get_by_text("snappy")).to_be_visible()


def test_images_are_shown_pixel_by_pixel(ui: Ui, demo: Seeded) -> None:
    for name in ("plot.png", "photo.webp", "moving.gif", "drawing.svg"):
        page = _open(ui, demo, f"images/{name}")
        image = page.get_by_role("img", name=name)
        expect(page.get_by_text(re.compile("[0-9]+ \u00d7 [0-9]+ pixels"))).to_be_visible()
        natural = image.evaluate("image => image.naturalWidth")
        page.get_by_role("button", name="8\u00d7").click()
        expect(image).to_have_js_property("width", natural * 8)
        page.get_by_role("button", name="Fit").click()
        ui.check_accessible()


def test_sound_plays(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "media/tone.wav")
    player = page.get_by_label("tone.wav", exact=True)
    expect(player).to_have_js_property("duration", 0.5)
    ui.check_accessible()


def test_a_page_runs_in_a_sandbox(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "report.html")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Drawn by its own script.")).to_be_visible()
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    page.get_by_role("button", name="Text").click()
    expect(page.locator("main")).to_contain_text('<p id="drawn">Not drawn.</p>')


def test_a_notebook_is_drawn_and_runs_nothing(ui: Ui, demo: Seeded) -> None:
    ui.forgive("Blocked script execution")
    page = _open(ui, demo, "analysis.ipynb")
    notebook = page.get_by_role("region", name="Notebook analysis.ipynb")
    expect(notebook.get_by_role("heading", name="Analysis")).to_be_visible()
    expect(notebook).to_contain_text("print(6 * 7)")
    expect(notebook).to_contain_text("42")
    expect(page.frame_locator("iframe").get_by_text("bold")).to_be_visible()
    assert page.locator("iframe").get_attribute("sandbox") == ""
    assert page.evaluate("window.hit") is None


def test_a_pdf_has_a_viewer(ui: Ui, demo: Seeded) -> None:
    ui.forgive("a request to chrome")
    page = _open(ui, demo, "report.pdf")
    expect(page.get_by_title("PDF report.pdf")).to_be_visible()


def test_a_map_and_its_places(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "map.geojson")
    drawing = page.get_by_role("img", name=re.compile("Map of 1 place"))
    expect(drawing).to_be_visible()
    page.get_by_role("button", name="Zoom in").click()
    ui.check_accessible()
    page.get_by_role("button", name="Table").click()
    expect(page.get_by_role("cell", name="Berlin")).to_be_visible()


def test_the_tree_by_keyboard(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo)
    tree = page.get_by_role("tree", name="Artifacts")
    tree.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    nested = tree.get_by_role("treeitem", name="nested")
    expect(nested).to_have_attribute("aria-level", "2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    tree.get_by_role("treeitem", name="folder").wait_for()
    page.keyboard.press("ArrowLeft")
    expect(tree.get_by_role("treeitem", name="folder")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(nested).to_have_count(0)
    page.keyboard.type("notes")
    page.keyboard.press("Enter")
    expect(_view(page, "notes.txt")).to_be_visible()
    assert "path=notes.txt" in page.url
    page.go_back()
    expect(_view(page, "All artifacts")).to_be_visible()


def test_a_link_into_a_folder_unfolds_the_way(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "deeply/nested/folder/leaf.txt")
    leaf = page.get_by_role("treeitem", name="leaf.txt")
    expect(leaf).to_have_attribute("aria-selected", "true")
    expect(leaf).to_have_attribute("aria-level", "4")
    page.get_by_role("navigation", name="Path").get_by_role("button", name="nested").click()
    expect(_view(page, "deeply/nested")).to_be_visible()
    expect(page.get_by_role("rowheader", name="folder")).to_be_visible()
    ui.check_accessible()


def test_what_is_not_there_is_said(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "no/such.txt")
    expect(page.get_by_role("heading", name="There is no artifact no/such.txt")).to_be_visible()
    page.get_by_role("button", name="Show all artifacts").click()
    expect(_view(page, "All artifacts")).to_be_visible()


def test_a_run_without_artifacts_says_how_to_log_some(ui: Ui, demo: Seeded) -> None:
    experiment, run = demo.experiments["team/vision/digits"], demo.runs["fit-05"]
    page = ui.open(f"/experiments/{experiment}/runs/{run}/artifacts")
    expect(page.get_by_role("heading", name="This run has no artifacts yet")).to_be_visible()
    expect(page.get_by_text(f'mlflow.set_tracking_uri("{demo.url}")')).to_be_visible()
    ui.check_accessible()


def test_of_very_many_files_few_are_drawn(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "shards", run="many")
    expect(page.get_by_text("1,200 entries, 4.89 kB")).to_be_visible()
    tree = page.get_by_role("tree", name="Artifacts")
    tree.get_by_role("treeitem", name="shards").click()
    tree.get_by_role("treeitem", name="shard-0000.txt").wait_for()
    assert tree.get_by_role("treeitem").count() < 100
    tree.focus()
    page.keyboard.press("End")
    expect(tree.get_by_role("treeitem", name="shard-1199.txt")).to_be_visible()
    page.get_by_role("searchbox", name="Search the artifacts that are loaded").fill("0042")
    expect(tree.get_by_role("treeitem")).to_have_text(["shards4.89 kB", "shard-0042.txt3 B"])


def test_a_large_text_is_read_piece_by_piece(ui: Ui, demo: Seeded) -> None:
    sizes: list[int] = []
    ui.page.on(
        "response",
        lambda answer: (
            sizes.append(int(answer.headers.get("content-length", "0")))
            if "get-artifact" in answer.url
            else None
        ),
    )
    page = _open(ui, demo, "logs/train.log")
    text = page.get_by_role("region", name="Text of logs/train.log")
    expect(text).to_contain_text("epoch 0: done")
    expect(page.get_by_text("The first 262 kB of 889 kB")).to_be_visible()
    assert text.locator("code").count() < 120
    ui.check_accessible()
    page.get_by_role("button", name="Load more").click()
    expect(page.get_by_text("The first 524 kB of 889 kB")).to_be_visible()
    assert max(sizes) <= 256 * 1024


def test_a_folder_is_downloaded_as_a_zip_file(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download folder").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        assert packed.testzip() is None
        found = {name: packed.read(name) for name in packed.namelist()}
    assert {path: found[path] for path in artifacts()} == artifacts()


def test_a_file_is_downloaded_under_its_name(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "odd names/ä %26 b (1) %2B.txt")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "ä & b (1) +.txt"
    assert Path(download.value.path()).read_bytes() == b"odd\n"


def test_names_for_elsewhere_are_copied(ui: Ui, demo: Seeded) -> None:
    ui.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = _open(ui, demo, "model/MLmodel")
    copied = {}
    for entry in ("Copy path", "Copy URI", "Copy Python code", "Copy link"):
        page.get_by_role("button", name="Copy path, URI or code").click()
        page.get_by_role("menuitem", name=entry).click()
        page.get_by_text("Copied").first.wait_for()
        copied[entry] = page.evaluate("navigator.clipboard.readText()")
        page.get_by_role("button", name="Dismiss").first.click()
    uri = f"runs:/{demo.runs['files']}/model/MLmodel"
    assert copied["Copy path"] == "model/MLmodel"
    assert copied["Copy URI"] == uri
    assert f'download_artifacts("{uri}")' in copied["Copy Python code"]
    page.goto("about:blank")
    page.goto(copied["Copy link"])
    expect(_view(page, "model/MLmodel")).to_be_visible()


def _file(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def _upload(page: Page, *files: dict[str, object]) -> Locator:
    page.get_by_label("Files", exact=True).set_input_files(list(files))  # type: ignore[arg-type]
    return page.get_by_role("region", name="Uploads")


def test_files_are_uploaded_into_the_open_folder(
    own_ui: Ui, own_demo: Seeded, tmp_path: Path
) -> None:
    page = _open(own_ui, own_demo, "model")
    _view(page, "model").wait_for()
    files = [tmp_path / "new.txt", tmp_path / "larger.bin"]
    for file, content in zip(files, (b"new\n", bytes(11 << 20)), strict=True):
        file.write_bytes(content)
    page.get_by_label("Files", exact=True).set_input_files(files)
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_role("status")).to_have_text("Uploaded 2 files")
    own_ui.check_accessible()
    uploads.get_by_role("button", name="Close").click()
    page.get_by_role("rowheader", name="larger.bin").wait_for()
    page.get_by_role("rowheader", name="new.txt").get_by_role("button").click()
    expect(page.get_by_role("region", name="Text of model/new.txt")).to_contain_text("new")


def test_nothing_is_replaced_without_asking(own_ui: Ui, own_demo: Seeded) -> None:
    page = _open(own_ui, own_demo)
    files = _file("notes.txt", b"changed\n"), _file("more.txt", b"more\n")
    _upload(page, *files)
    dialog = page.get_by_role("dialog", name="Replace 1 file?")
    expect(dialog).to_contain_text("notes.txt")
    own_ui.check_accessible()
    dialog.get_by_role("button", name="Upload only the others").click()
    page.get_by_role("treeitem", name="more.txt").wait_for()
    page.get_by_role("treeitem", name="notes.txt").click()
    text = page.get_by_role("region", name="Text of notes.txt")
    expect(text).to_contain_text("Plain text")
    _upload(page, files[0])
    page.get_by_role("button", name="Replace", exact=True).click()
    expect(text).to_contain_text("changed")


def test_a_text_shows_pictures_beside_it(own_ui: Ui, own_demo: Seeded) -> None:
    query = f"run_uuid={own_demo.runs['files']}&path=README.md"
    address = f"{own_demo.url}/ajax-api/2.0/mlflow/upload-artifact?{query}"
    text = "![A plot](images/plot.png)\n"
    assert own_ui.page.request.post(address, data=text.encode()).ok
    page = _open(own_ui, own_demo, "README.md")
    expect(page.get_by_role("img", name="A plot")).to_have_js_property("naturalWidth", 60)
    own_ui.check_accessible()


def test_a_file_that_is_refused_says_why_and_the_others_go(own_ui: Ui, own_demo: Seeded) -> None:
    own_ui.forgive("400")
    page = _open(own_ui, own_demo)
    uploads = _upload(page, _file("bad?name.txt", b"x"), _file("good.txt", b"x"))
    expect(uploads.get_by_role("status")).to_have_text("Uploaded 1 file, 1 failed")
    expect(uploads.get_by_role("alert")).to_contain_text("bad?name.txt")
    page.get_by_role("treeitem", name="good.txt").wait_for()


def test_an_upload_is_cancelled(own_ui: Ui, own_demo: Seeded) -> None:
    page = _open(own_ui, own_demo)
    held: list[Route] = []
    page.route("**/mlflow-artifacts/artifacts/**", lambda route: held.append(route))
    uploads = _upload(page, _file("slow.bin", b"x"), _file("slower.bin", b"x"))
    uploads.get_by_role("button", name="Cancel slow.bin").click()
    expect(uploads.get_by_text("cancelled")).to_have_count(1)
    uploads.get_by_role("button", name="Cancel all").click()
    expect(uploads.get_by_text("cancelled")).to_have_count(2)
    own_ui.forgive("ERR_FAILED|ERR_ABORTED")
    assert len(held) == 2


def test_what_is_dropped_is_uploaded(own_ui: Ui, own_demo: Seeded) -> None:
    page = _open(own_ui, own_demo, "model")
    _view(page, "model").wait_for()
    transfer = page.evaluate_handle(
        """() => {
          const transfer = new DataTransfer()
          transfer.items.add(new File(['dropped'], 'dropped.txt'))
          return transfer
        }"""
    )
    page.dispatch_event("[role=tree]", "dragover", {"dataTransfer": transfer})
    expect(page.get_by_text("Drop to upload into “model”")).to_be_visible()
    page.dispatch_event("[role=tree]", "drop", {"dataTransfer": transfer})
    page.get_by_role("rowheader", name="dropped.txt").wait_for()
    answer = page.request.get(
        f"{own_demo.url}/get-artifact?run_uuid={own_demo.runs['files']}&path=model/dropped.txt"
    )
    assert answer.body() == b"dropped"


def test_hostile_files_reach_nothing(open_ui: OpenUi, tmp_path: Path) -> None:
    server = RunningServer(tmp_path)
    run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    kept = tmp_path / "mlruns" / "artifacts" / "0" / run / "artifacts"
    kept.mkdir(parents=True)
    with run_listener() as listener:
        files = hostile(server.url, listener.url)
        for name, content in files.items():
            (kept / name).write_bytes(content)
        ui = open_ui(server.url)
        ui.forgive("")  # what is refused is told on the console
        page = ui.open()
        page.evaluate("document.cookie = 'secret=1'; localStorage.setItem('secret', 's3cret')")
        page.evaluate("addEventListener('message', (event) => { window.message = event.origin })")
        for name in sorted(files):
            route = f"/experiments/0/runs/{run}/artifacts?path={quote(name)}"
            ui.open(route)
            _view(page, name).locator("[aria-busy]").wait_for(state="detached")
            for frame in page.frames[1:]:
                frame.wait_for_load_state()
        assert page.evaluate("window.hit") is None
        assert page.url.endswith(route)
        assert page.evaluate("window.message ?? 'null'") == "null"
        # browsers connect ahead of a navigation that they refuse then; nobody says anything
        assert not any(listener.heard)
        found = server.call("GET", "experiments/search?max_results=100")["experiments"]
        assert [each["name"] for each in found] == ["Default"]
    server.stop()
