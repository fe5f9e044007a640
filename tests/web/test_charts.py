"""Charts of runs: lines and all other kinds, as their users see them."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Download, Locator, Page, expect

from mlflow import MlflowClient
from mlflow.entities import Metric
from tests.web.browser import Ui
from tests.web.conftest import OpenUi, Seeded
from tests.web.seeds import BEGIN

DIGITS = "team/vision/digits"


def opened(ui: Ui, seeded: Seeded, experiment: str = DIGITS, more: str = "") -> Page:
    """The charts of an experiment."""
    return ui.open(f"/experiments/{seeded.experiments[experiment]}?layout=charts{more}")


def card(page: Page, title: str) -> Locator:
    return page.get_by_role("article", name=title, exact=True)


def picture(page: Page, title: str) -> Locator:
    return card(page, title).get_by_role("application")


def says(page: Page, title: str, *words: str) -> None:
    """Wait until what screen readers are told of a picture has some words."""
    # in a selector a slash would end the pattern
    pattern = ".*".join(re.escape(word).replace("/", r"\/") for word in words)
    chart = picture(page, title).and_(page.get_by_role("application", name=re.compile(pattern)))
    expect(chart).to_be_visible()


def drag(page: Page, title: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over a picture; places are shares of its width and height."""
    chart = picture(page, title)
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=5)
    page.mouse.up()


def menu(page: Page, title: str, entry: str) -> None:
    card(page, title).get_by_role("button", name=f"More of {title}", exact=True).click()
    page.get_by_role("menuitem", name=entry, exact=True).click()


def downloaded(page: Page, title: str, kind: str) -> Download:
    with page.expect_download() as waiting:
        menu(page, title, f"Download {kind}")
    return waiting.value


def add(page: Page, kind: str, **columns: str) -> None:
    """Add a chart in the dialog: the columns by the names of their controls."""
    page.get_by_role("button", name="Add chart", exact=True).click()
    page.get_by_role("menuitem", name=kind).click()
    dialog = page.get_by_role("dialog")
    for label, column in columns.items():
        name = label.replace("_", " ")
        dialog.get_by_role("combobox", name=name, exact=True).select_option(column)
    dialog.get_by_role("button", name="Add chart").click()


@pytest.mark.parametrize("dark", [False, True])
def test_a_chart_for_each_metric_in_folders(open_ui: OpenUi, demo: Seeded, dark: bool) -> None:
    ui = open_ui(demo.url, dark=dark)
    page = opened(ui, demo)
    says(page, "loss", "Line chart of loss by step, 25 runs, step 0 to 99")
    says(page, "accuracy", "25 runs")
    # a few metrics are not torn apart by the folders of their names
    section = page.get_by_role("region", name="Charts", exact=True)
    expect(section.get_by_role("article", name="val/loss")).to_be_visible()
    # what the machine did is folded away
    system = page.get_by_role("button", name=re.compile("^system"))
    expect(system).to_have_attribute("aria-expanded", "false")
    system.click()
    says(page, "system/cpu_utilization_percentage", "1 run,")
    # params that vary, then what it is likely all about
    says(page, "Parallel coordinates", "rate", "optimizer, val/loss")
    ui.check_accessible()


def test_zooming_is_in_the_address(open_ui: OpenUi, demo: Seeded) -> None:
    ui = open_ui(demo.url)
    page = opened(ui, demo)
    says(page, "loss", "step 0 to 99")
    drag(page, "loss", (0.3, 0.3), (0.6, 0.32))
    chart = picture(page, "loss")
    expect(chart).not_to_have_attribute("aria-label", re.compile("step 0 to 99"))
    label = chart.get_attribute("aria-label")
    assert label is not None
    assert "xRange" in unquote(page.url)
    assert "yRange" not in unquote(page.url)
    # the other charts are still the grid's own choice, and not in the address
    assert "accuracy" not in unquote(page.url)
    # the same picture in another browser
    other = open_ui(demo.url)
    other.page.goto(page.url)
    says(other.page, "loss", label)
    # a box zooms both axes
    drag(page, "loss", (0.3, 0.2), (0.8, 0.6))
    expect(chart).not_to_have_attribute("aria-label", label)
    assert "yRange" in unquote(page.url)
    chart.dblclick(position={"x": 150, "y": 60})
    says(page, "loss", "step 0 to 99")
    assert "Range" not in page.url


def test_thinned_curves_keep_extremes_and_zooming_asks_for_finer_points(
    own_ui: Ui, own_demo: Seeded
) -> None:
    client = MlflowClient(own_demo.url)
    run = client.create_run(own_demo.experiments["empty"], BEGIN, {}, "spiky").info.run_id
    for start in range(0, 20_000, 1000):
        steps = range(start, start + 1000)
        points = [Metric("wave", 1000.0 if s == 12_345 else s % 2, BEGIN + s, s) for s in steps]
        client.log_batch(run, points)
    page = opened(own_ui, own_demo, "empty")
    says(page, "wave", "step 0 to 19999, values 0 to 1000")
    note = card(page, "wave").get_by_text("1 curve thinned, all extremes kept")
    expect(note).to_be_visible()
    for _ in range(2):  # down to fewer points than pixels
        before = picture(page, "wave").get_attribute("aria-label") or ""
        drag(page, "wave", (0.55, 0.3), (0.62, 0.31))
        expect(picture(page, "wave")).not_to_have_attribute("aria-label", before)
    expect(note).to_be_hidden()
    own_ui.check_accessible()


def test_values_under_the_pointer_and_the_way_to_the_run(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    says(page, "loss", "25 runs")
    chart = picture(page, "loss")
    chart.hover(position={"x": 200, "y": 100})
    table = card(page, "loss").get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(10)
    # a click holds it: all runs, and links
    chart.click(position={"x": 200, "y": 100})
    expect(table.get_by_role("row")).to_have_count(25)
    link = table.get_by_role("link").first
    name = link.text_content()
    assert name is not None
    ui.check_accessible()
    link.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_a_run_is_marked_from_the_legend(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    entry = page.get_by_role("list", name="25 runs").get_by_role("button", name="fit-07")
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "true")
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    before_last = page.get_by_role("list", name="25 runs").get_by_role("button", name="fit-01")
    expect(before_last).to_be_focused()


def test_charts_by_keyboard(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    says(page, "loss", "step 0 to 99")
    chart = picture(page, "loss")
    chart.focus()
    page.keyboard.press("Home")
    status = card(page, "loss").get_by_role("status")
    expect(status).to_have_text(re.compile(r"^step 0: \S+ \d"))
    page.keyboard.press("Shift+ArrowRight")
    expect(status).to_have_text(re.compile(r"^step (9|10): "))
    page.keyboard.press("+")
    says(page, "loss", "step -")
    page.keyboard.press("0")
    says(page, "loss", "step 0 to 99")
    # moved by its handle
    card(page, "loss").get_by_role("button", name="Move loss").focus()
    page.keyboard.press("ArrowLeft")
    first = page.get_by_role("region", name="Charts", exact=True).get_by_role("article").first
    expect(first).to_have_accessible_name("loss")
    assert "order" in unquote(page.url)


def test_charts_are_moved_by_dragging(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    says(page, "loss", "step 0 to 99")
    region = page.get_by_role("region", name="Charts", exact=True)
    expect(region.get_by_role("article").first).to_have_accessible_name("accuracy")
    handle = card(page, "loss").get_by_role("button", name="Move loss")
    handle.drag_to(card(page, "accuracy").get_by_role("heading"))
    expect(region.get_by_role("article").first).to_have_accessible_name("loss")
    # a metric that comes later still gets its chart, and the order stays
    page.reload()
    expect(region.get_by_role("article").first).to_have_accessible_name("loss")


def test_all_charts_mark_the_place_under_the_pointer(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    says(page, "loss", "step 0 to 99")
    says(page, "accuracy", "step 0 to 99")
    picture(page, "loss").hover(position={"x": 200, "y": 100})
    expect(card(page, "loss").get_by_role("table")).to_be_visible()
    place = picture(page, "loss").locator(".u-cursor-x")
    other = picture(page, "accuracy").locator(".u-cursor-x")
    expect(other).to_have_css(
        "transform", place.evaluate("(line) => getComputedStyle(line).transform")
    )


def test_charts_are_drawn_again_in_another_theme(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    says(page, "loss", "step 0 to 99")
    canvas = '[aria-label^="Line chart of loss"] canvas'
    light = page.evaluate("(canvas) => document.querySelector(canvas).toDataURL()", canvas)
    page.emulate_media(color_scheme="dark")
    # resolves when the picture is another one
    page.evaluate(
        """([canvas, light]) => new Promise((resolve) => {
          const look = () =>
            document.querySelector(canvas)?.toDataURL() === light
              ? requestAnimationFrame(look)
              : resolve()
          look()
        })""",
        [canvas, light],
    )


def test_axes_smoothing_and_groups_of_all_charts(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    says(page, "loss", "by step")
    page.get_by_role("combobox", name="X axis").select_option("Time since the start")
    says(page, "loss", "by time since the start")
    page.get_by_role("combobox", name="X axis").select_option("accuracy")
    says(page, "loss", "by accuracy")
    page.get_by_role("combobox", name="X axis").select_option("Step")
    page.get_by_role("slider", name="Smoothing").fill("60")
    expect(page).to_have_url(re.compile("smoothing"))
    page.get_by_role("button", name="Group and colour").click()
    panel = page.get_by_role("dialog", name="Groups and looks")
    panel.get_by_role("combobox", name="Group by").select_option("optimizer")
    panel.get_by_role("combobox", name="Band around the mean").select_option("Smallest to largest")
    ui.check_accessible()
    page.keyboard.press("Escape")
    says(page, "loss", "2 groups")
    lines = card(page, "loss").get_by_role("list", name="Lines").get_by_role("button")
    expect(lines).to_have_text(["optimizer = adam", "optimizer = sgd"], use_inner_text=True)
    ui.check_accessible()
    # all of it is in the address
    page.reload()
    says(page, "loss", "2 groups")


def test_colours_and_dashes_mean_something(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo, more="&colour=params.optimizer&dash=params.batch_size")
    says(page, "loss", "25 runs")
    for name in ("adam", "sgd", "32", "64"):
        expect(page.get_by_text(name, exact=True)).to_be_visible()
    ui.check_accessible()


KINDS = [
    ("Scatter", {"X": "params.rate", "Y": "metrics.loss"}, "loss by rate", "25 runs"),
    ("Bars", {"Value": "metrics.accuracy"}, "accuracy", "20 runs"),
    ("Box", {"Value": "metrics.loss", "Divided_by": "params.optimizer"}, "loss by optimizer", "2"),
    ("Histogram", {"Value": "metrics.loss"}, "Spread of loss", "25 runs in"),
    (
        "Contour",
        {"X": "metrics.accuracy", "Y": "params.batch_size", "Value": "metrics.loss"},
        "loss over accuracy and batch_size",
        "25 runs",
    ),
]


@pytest.mark.parametrize(("kind", "columns", "title", "words"), KINDS, ids=[k[0] for k in KINDS])
def test_other_kinds_of_charts(
    ui: Ui, demo: Seeded, kind: str, columns: dict[str, str], title: str, words: str
) -> None:
    page = opened(ui, demo, more="&charts=[]")
    page.get_by_role("region", name="All charts were removed").wait_for()
    add(page, kind, **columns)
    says(page, title, words)
    chart = picture(page, title)
    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(card(page, title).get_by_role("table")).to_be_visible()
    ui.check_accessible()
    svg = Path(downloaded(page, title, "SVG").path()).read_text()
    assert len(list(ElementTree.fromstring(svg).iter())) > 20
    menu(page, title, "Show as table")
    rows = card(page, title).get_by_role("group", name="Values").get_by_role("row")
    expect(rows.first).to_be_visible()
    ui.check_accessible()


def test_parallel_coordinates_are_brushed(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    title = "Parallel coordinates"
    card(page, title).scroll_into_view_if_needed()
    says(page, title, "25 runs")
    chart = picture(page, title)
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    # the last axis, its upper half
    x = (box["width"] - 70) / box["width"]
    drag(page, title, (x, 0.15), (x, 0.5))
    expect(chart).not_to_have_attribute("aria-label", re.compile("25 runs"))
    expect(card(page, title).get_by_text("of 25 runs inside of the brushes")).to_be_visible()
    assert "brushes" in page.url
    # a click on the axis takes the brush away
    chart.click(position={"x": box["width"] - 70, "y": box["height"] * 0.8})
    says(page, title, "25 runs")
    # an axis is moved by its name
    before = chart.get_attribute("aria-label") or ""
    drag(page, title, (x, 0.04), (0.1, 0.04))
    says(page, title, "Parallel coordinates of val/loss, batch_size")
    drag(page, title, (1 - x, 0.04), (0.95, 0.04))
    says(page, title, before)
    # its axes can be chosen and ordered in the dialog
    card(page, title).hover()
    card(page, title).get_by_role("button", name=f"Edit {title}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Move val/loss to the left").click()
    dialog.get_by_role("checkbox", name="loss", exact=True).check()
    ui.check_accessible()
    dialog.get_by_role("button", name="Save").click()
    says(page, title, "val/loss, optimizer, loss, 25 runs")


def test_images_by_step(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo, "files", "&charts=[]")
    add(page, "Images by step")
    image = page.get_by_role("img", name="sample of files at step 20")
    expect(image).to_be_visible()
    assert image.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
    page.get_by_role("slider", name="Step 20").fill("0")
    expect(page.get_by_role("img", name="sample of files at step 0")).to_be_visible()
    ui.check_accessible()


def test_a_chart_is_changed_copied_renamed_and_removed(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    says(page, "loss", "25 runs")
    card(page, "loss").hover()
    card(page, "loss").get_by_role("button", name="Edit loss").click()
    dialog = page.get_by_role("dialog", name="Edit loss")
    dialog.get_by_role("checkbox", name="val/loss").check()
    dialog.get_by_role("checkbox", name="Log y").check()
    preview = dialog.get_by_role("region", name="Preview")
    expect(preview.get_by_role("heading")).to_have_text("loss, val/loss")
    ui.check_accessible()
    dialog.get_by_role("button", name="Save").click()
    says(page, "loss, val/loss", "25 runs")
    menu(page, "loss, val/loss", "Rename…")
    page.get_by_role("textbox", name=re.compile("^Title")).fill("Both")
    page.get_by_role("button", name="Rename", exact=True).click()
    menu(page, "Both", "Duplicate")
    says(page, "Both (copy)", "25 runs")
    menu(page, "Both (copy)", "Width: 2 columns")
    menu(page, "Both", "Remove")
    expect(card(page, "Both")).to_have_count(0)
    page.reload()
    says(page, "Both (copy)", "25 runs")
    expect(card(page, "Both")).to_have_count(0)


def test_a_chart_fills_the_screen(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    says(page, "loss", "25 runs")
    card(page, "loss").hover()
    card(page, "loss").get_by_role("button", name="Full screen loss").click()
    dialog = page.get_by_role("dialog", name="loss")
    expect(dialog.get_by_role("application")).to_be_visible()
    ui.check_accessible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_charts_as_files(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    says(page, "loss", "25 runs")
    svg = downloaded(page, "loss", "SVG")
    assert svg.suggested_filename == "loss.svg"
    root = ElementTree.fromstring(Path(svg.path()).read_text())
    space = "{http://www.w3.org/2000/svg}"
    texts = [each.text for each in root.iter(f"{space}text")]
    assert {"loss", "step", "fit-19"} <= set(texts)
    assert len(list(root.iter(f"{space}path"))) > 25
    assert not list(root.iter(f"{space}image"))
    png = Path(downloaded(page, "loss", "PNG").path()).read_bytes()
    assert png.startswith(b"\x89PNG")
    rows = list(
        csv.DictReader(io.StringIO(Path(downloaded(page, "loss", "CSV").path()).read_text()))
    )
    assert len(rows) == 24 * 100 + 40
    assert list(rows[0]) == ["run", "run_id", "step", "loss", "smoothed"]


def test_finding_charts(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    says(page, "accuracy", "25 runs")
    search = page.get_by_role("searchbox", name="Search charts")
    search.fill("cpu")
    expect(page.get_by_role("article")).to_have_count(1)
    search.fill("nowhere")
    page.get_by_role("region", name="No chart of that name").wait_for()
    ui.check_accessible()


def test_charts_follow_runs_that_train(own_ui: Ui, own_demo: Seeded) -> None:
    page = opened(own_ui, own_demo)
    says(page, "loss", "step 0 to 99")
    client = MlflowClient(own_demo.url)
    client.log_batch(own_demo.runs["fit-19"], [Metric("loss", 9.5, BEGIN, 250)])
    says(page, "loss", "step 0 to 250", "to 9.5")


def test_nothing_to_draw_is_explained(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo, "empty")
    page.get_by_role("region", name="No runs to draw").wait_for()
    ui.check_accessible()
    page = opened(ui, demo, "files")
    empty = page.get_by_role("region", name="No metrics yet")
    expect(empty).to_contain_text("mlflow.log_metric")
    ui.check_accessible()
