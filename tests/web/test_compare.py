"""Runs side by side: values, charts, what explains a metric, artifacts."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from tests.web.browser import Ui
from tests.web.conftest import Seeded

DIGITS = "team/vision/digits"


def _open(ui: Ui, server: Seeded, *names: str, experiment: str = DIGITS, **params: str) -> Page:
    ids = [server.runs.get(name, name) for name in names]
    query = f"runs={json.dumps(ids)}&experiments={json.dumps([server.experiments[experiment]])}"
    more = "".join(f"&{name}={quote(value)}" for name, value in params.items())
    page = ui.open(f"/compare-runs?{query}{more}")
    page.get_by_role("heading", name="Compare").wait_for()
    return page


def _table(page: Page) -> Locator:
    return page.get_by_role("table", name="Values of the runs")


def _row(page: Page, name: str) -> Locator:
    head = page.get_by_role("rowheader").filter(has_text=re.compile(rf":{re.escape(name)}$"))
    return _table(page).get_by_role("row").filter(has=head)


def _heads(page: Page) -> list[str]:
    links = _table(page).get_by_role("columnheader").get_by_role("link")
    return [text.strip() for text in links.all_inner_texts()]


def test_values_side_by_side(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "fit-00", "fit-01", "fit-02", "fit-03")
    expect(_row(page, "rate")).to_be_visible()
    assert _heads(page) == ["fit-00", "fit-01", "fit-02", "fit-03"]
    expect(_table(page).get_by_role("columnheader", name="fit-03")).to_contain_text("Failed")
    expect(_row(page, "epochs")).to_contain_text("the same")
    expect(_row(page, "rate")).to_contain_text("differs")
    expect(_row(page, "loss")).to_contain_text("lowest")
    expect(_row(page, "accuracy")).to_contain_text("highest")
    expect(_row(page, "odd")).to_contain_text("NaN")
    ui.check_accessible()
    page.get_by_role("checkbox", name="Show only differences").check()
    expect(_row(page, "epochs")).to_have_count(0)
    page.get_by_role("searchbox", name="Search rows").fill("no such row")
    expect(page.get_by_role("heading", name="No row fits")).to_be_visible()
    page.get_by_role("button", name="Show all rows").click()
    expect(_row(page, "epochs")).to_be_visible()


def test_the_address_holds_what_is_shown(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "fit-00", "fit-01", "fit-02")
    page.get_by_role("combobox", name="Baseline").select_option(label="fit-01")
    loss = _row(page, "loss").get_by_role("cell")
    expect(loss.nth(0)).to_contain_text("%")
    expect(loss.nth(1)).not_to_contain_text("%")
    page.get_by_role("combobox", name="Metrics by").select_option("max")
    page.get_by_role("checkbox", name="Show only differences").check()
    page.get_by_role("button", name=re.compile("^Params")).click()
    expect(_row(page, "rate")).to_have_count(0)
    shown = loss.all_inner_texts()
    page.reload()
    expect(_row(page, "loss")).to_be_visible()
    assert loss.all_inner_texts() == shown
    expect(page.get_by_role("combobox", name="Baseline")).to_have_value(demo.runs["fit-01"])
    expect(_table(page).get_by_role("columnheader", name="fit-01")).to_contain_text("baseline")
    expect(page.get_by_role("button", name=re.compile("^Params"))).to_have_attribute(
        "aria-expanded", "false"
    )


def test_the_good_end_of_a_metric_is_chosen(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "fit-00", "fit-01", "fit-02")
    page.get_by_role("button", name="Lowest loss is best; change").click()
    expect(_row(page, "loss")).to_contain_text("highest")
    expect(page.get_by_role("button", name="Highest loss is best; change")).to_be_visible()


def test_runs_are_sorted_by_a_row(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "fit-00", "fit-01", "fit-02", "fit-03", "fit-04")
    loss = _row(page, "loss")
    loss.get_by_role("button", name="loss", exact=True).click()
    expect(loss.get_by_role("cell").first).to_contain_text("lowest")
    heads = _heads(page)
    loss.get_by_role("button", name="loss", exact=True).click()
    expect(loss.get_by_role("cell").last).to_contain_text("lowest")
    assert _heads(page) == heads[::-1]
    page.reload()
    expect(loss.get_by_role("cell").last).to_contain_text("lowest")
    assert _heads(page) == heads[::-1]


def test_columns_are_moved_and_removed(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "fit-00", "fit-01", "fit-02")
    link = _table(page).get_by_role("link", name="fit-00")
    link.focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(_table(page).get_by_role("columnheader").nth(2)).to_contain_text("fit-00")
    assert _heads(page) == ["fit-01", "fit-00", "fit-02"]
    page.get_by_role("button", name="Column of fit-02").click()
    page.get_by_role("menuitem", name="Move left").click()
    expect(_table(page).get_by_role("columnheader").nth(2)).to_contain_text("fit-02")
    link.drag_to(_table(page).get_by_role("link", name="fit-01"))
    expect(_table(page).get_by_role("columnheader").nth(1)).to_contain_text("fit-00")
    page.get_by_role("button", name="Column of fit-01").click()
    page.get_by_role("menuitem", name="Remove from comparison").click()
    expect(page.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    assert _heads(page) == ["fit-00", "fit-02"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Compare 3 runs")).to_be_visible()


def test_runs_that_are_not_there_are_named(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "fit-00", "0" * 32, "gone")
    expect(page.get_by_role("alert")).to_contain_text("0" * 32)
    expect(_table(page).get_by_role("columnheader", name="gone")).to_contain_text("deleted")
    page.get_by_role("button", name="Leave it out").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("heading", name="Compare 2 runs")).to_be_visible()


def test_a_link_without_experiments_finds_them(ui: Ui, demo: Seeded) -> None:
    runs = json.dumps([demo.runs["fit-00"], demo.runs["words-0"]])
    page = ui.open(f"/compare-runs?runs={runs}")
    expect(_row(page, "vocabulary")).to_be_visible()
    expect(page.get_by_role("link", name="team/nlp/words")).to_be_visible()


def test_nothing_to_compare(ui: Ui) -> None:
    page = ui.open("/compare-runs?runs=[]&experiments=[]")
    expect(page.get_by_role("heading", name="No runs to compare")).to_be_visible()
    ui.check_accessible()


def test_the_table_as_csv(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "fit-00", "fit-01")
    _row(page, "rate").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    with Path(download.value.path()).open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head[2] == f"fit-00 ({demo.runs['fit-00']})"
    found = {(section, name): values for section, name, *values in rows}
    assert found["Params", "epochs"] == ["5", "5"]
    assert found["Metrics", "odd"] == ["", "NaN"]
    assert found["Data sets", "digits (train)"] == ["4f3c2b1a", "4f3c2b1a"]


def test_curves_over_each_other(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "fit-00", "fit-01", "fit-02")
    page.get_by_role("link", name="Charts").click()
    expect(page.get_by_label(re.compile("loss by step", re.IGNORECASE)).first).to_be_visible()


def test_what_explains_a_metric(ui: Ui, demo: Seeded) -> None:
    names = [f"fit-{number:02}" for number in range(20)]
    page = _open(ui, demo, *names, tab="explain", metric="loss")
    table = page.get_by_role("region", name="Params").get_by_role("table")
    expect(table.get_by_role("row").nth(1)).to_contain_text("rate")
    expect(page.get_by_role("note")).to_contain_text("none of this proves a cause")
    ui.check_accessible()
    table.get_by_role("button", name="optimizer").click()
    scatter = page.get_by_role("group", name="Scatter of loss by optimizer, 20 runs")
    expect(scatter.get_by_role("link")).to_have_count(20)
    page.get_by_role("combobox", name="Metric").select_option("accuracy")
    expect(page.get_by_role("group", name="Scatter of accuracy by optimizer")).to_be_visible()
    page.reload()
    scatter = page.get_by_role("group", name="Scatter of accuracy by optimizer")
    scatter.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=re.compile("^fit-"))).to_be_visible()


def test_few_runs_explain_nothing(ui: Ui, demo: Seeded) -> None:
    page = _open(ui, demo, "fit-00", "fit-01", "fit-02", tab="explain", metric="loss")
    expect(page.get_by_role("note")).to_contain_text("Only 3 runs")
    expect(page.get_by_role("columnheader", name="Importance")).to_have_count(0)


def _put(ui: Ui, server: Seeded, run: str, path: str, content: bytes) -> None:
    query = f"run_uuid={server.runs[run]}&path={path}"
    address = f"{server.url}/ajax-api/2.0/mlflow/upload-artifact?{query}"
    assert ui.page.request.post(address, data=content).ok


def test_artifacts_of_two_runs(own_ui: Ui, own_demo: Seeded) -> None:
    lines = "".join(f"key_{number}: {number}\n" for number in range(60))
    dot = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    dot += b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    for run, rate in (("fit-00", "0.1"), ("fit-01", "0.25")):
        _put(own_ui, own_demo, run, "config.yaml", f"rate: {rate}\n{lines}".encode())
        _put(own_ui, own_demo, run, "dot.gif", dot)
    _put(own_ui, own_demo, "fit-00", "a-first.txt", b"only here\n")
    page = _open(own_ui, own_demo, "fit-00", "fit-01", "fit-02", tab="artifacts")
    files = page.get_by_role("navigation", name="Files")
    # what both have comes first, and of that the settings
    expect(files.get_by_role("button").first).to_contain_text("config.yaml")
    diff = page.get_by_role("region", name="Differences of fit-00 and fit-01")
    expect(diff).to_contain_text("rate: 0.25")
    expect(diff).not_to_contain_text("key_40")
    own_ui.check_accessible()
    diff.get_by_role("button", name="57 equal lines").click()
    page.get_by_role("button", name="Unified").click()
    expect(diff).to_contain_text("removed: rate: 0.1")
    files.get_by_role("button", name="dot.gif").click()
    expect(page.get_by_role("img", name="dot.gif of fit-01")).to_be_visible()
    expect(page.get_by_text("Not in this run")).to_have_count(1)
    own_ui.check_accessible()
    files.get_by_role("button", name="a-first.txt").click()
    expect(page.get_by_role("region", name="In fit-00")).to_contain_text("only here")
    expect(page.get_by_role("region", name="In fit-01")).to_contain_text("does not have it")
    page.get_by_role("button", name="Swap left and right").click()
    expect(page.get_by_role("combobox", name="Left")).to_have_value(own_demo.runs["fit-01"])


def test_hundreds_of_runs(large_ui: Ui, large: Seeded) -> None:
    names = [f"run-{number:05}" for number in range(0, 3000, 10)]
    page = _open(large_ui, large, *names, experiment="large")
    expect(page.get_by_role("heading", name="Compare 300 runs")).to_be_visible()
    expect(_row(page, "score")).to_be_visible()
    table = _table(page)
    expect(table).to_have_attribute("aria-colcount", "301")
    assert table.get_by_role("cell").count() < 1000
    table.evaluate("table => table.scrollTo(table.scrollWidth, 0)")
    expect(table.get_by_role("link", name="run-02990")).to_be_visible()
    expect(table.get_by_role("link", name="run-00000")).to_have_count(0)
    large_ui.check_accessible()
