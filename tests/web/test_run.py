"""The page of a run, as its users see it."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, expect

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from tests.web.browser import Ui
from tests.web.conftest import OpenUi, Seeded

DIGITS = "team/vision/digits"


def route(seeded: Seeded, run: str, tab: str = "", experiment: str = DIGITS) -> str:
    place = f"/experiments/{seeded.experiments[experiment]}/runs/{seeded.runs[run]}"
    return f"{place}/{tab}" if tab else place


def cells(table: Locator, name: str) -> Locator:
    line = table.get_by_role("row").filter(has=table.page.get_by_role("rowheader", name=name))
    return line.get_by_role("cell")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1920, True)])
def test_overview(open_ui: OpenUi, demo: Seeded, width: int, dark: bool) -> None:
    ui = open_ui(demo.url, width=width, dark=dark)
    page = ui.open(route(demo, "fit-00"))
    page.get_by_role("heading", name="fit-00", level=1).wait_for()
    expect(page).to_have_title("fit-00 · Millstream")
    expect(page.get_by_text("Finished")).to_be_visible()
    expect(page.get_by_text("30 min 0 s").first).to_be_visible()
    params = page.get_by_role("table", name="Params")
    expect(cells(params, "epochs")).to_have_text(["5"])
    metrics = page.get_by_role("table", name="Metrics")
    loss = cells(metrics, "loss").first
    expect(loss).to_have_text(re.compile(r"0\.\d+"))
    points = metrics.get_by_role("row").filter(has_text="accuracy").get_by_text("100", exact=True)
    metrics.evaluate("table => { table.scrollLeft = table.scrollWidth }")
    expect(points).to_be_visible()
    about = page.get_by_role("complementary", name="About this run")
    expect(about).to_contain_text("digits")
    expect(about).to_contain_text("4f3c2b1a")
    expect(about).to_contain_text("s3://data/digits")
    expect(about).to_contain_text("60,000")
    expect(about).to_contain_text("m-0123456789abcdef")
    expect(page.get_by_text("git checkout")).to_be_visible()
    expect(page.get_by_text(f'mlflow.get_run("{demo.runs["fit-00"]}")')).to_be_visible()
    expect(page.get_by_role("region", name="Description").locator("strong")).to_have_text("first")
    ui.check_accessible()


def test_finding_params_and_metrics(ui: Ui, demo: Seeded) -> None:
    page = ui.open(route(demo, "fit-02"))
    find = page.get_by_role("searchbox", name="Find params and metrics")
    find.fill("val loss")
    names = page.get_by_role("table", name="Metrics").get_by_role("rowheader")
    expect(names).to_have_text(["val/loss"])
    expect(page.get_by_text("No param fits.")).to_be_visible()
    page.get_by_role("button", name="Regular expression").click()
    find.fill("^(loss|val/.*)$")
    expect(names).to_have_text(["loss", "val/loss"])
    find.fill("(")
    expect(page.get_by_role("alert")).to_have_text("This is not a regular expression.")
    find.fill("^load")
    page.reload()
    expect(page.get_by_role("table", name="Params").get_by_role("rowheader")).to_have_text("loader")


def test_a_value_that_is_too_long_for_its_cell(own_ui: Ui, own_demo: Seeded) -> None:
    client = MlflowClient(own_demo.url)
    client.log_param(own_demo.runs["fit-19"], "prompt", "Count the birds.\n" * 20)
    page = own_ui.open(route(own_demo, "fit-19"))
    page.get_by_role("button", name=re.compile("^Count the birds")).click()
    dialog = page.get_by_role("dialog", name="prompt")
    expect(dialog.locator("code")).to_have_text("Count the birds.\n" * 20)
    own_ui.check_accessible()


def test_hundreds_of_params_and_metrics(own_ui: Ui, own_demo: Seeded) -> None:
    client, run = MlflowClient(own_demo.url), own_demo.runs["fit-19"]
    for start in range(0, 900, 100):
        numbers = range(start, start + 100)
        client.log_batch(
            run,
            [Metric(f"many/{number:03}", number / 7, 0, 0) for number in numbers],
            [Param(f"option {number:03}", str(number)) for number in numbers],
        )
    page = own_ui.open(route(own_demo, "fit-19"))
    metrics = page.get_by_role("table", name="Metrics")
    expect(metrics).to_have_attribute("aria-rowcount", "904")
    assert page.get_by_role("row").count() < 150
    metrics.evaluate("table => { table.scrollTop = table.scrollHeight }")
    expect(cells(metrics, "val/loss").nth(1)).to_have_text(re.compile(r"0\.\d+"))
    page.get_by_role("searchbox", name="Find params and metrics").fill("899")
    expect(metrics.get_by_role("rowheader")).to_have_text(["many/899"])
    expect(cells(metrics, "many/899").first).to_have_text("128.429")


def test_describing_renaming_and_tagging(own_ui: Ui, own_demo: Seeded) -> None:
    page = own_ui.open(route(own_demo, "fit-02"))
    page.get_by_role("button", name="Add a description").click()
    page.get_by_role("textbox", name="Description").fill("It *works*.")
    page.keyboard.press("Control+Enter")
    description = page.get_by_role("region", name="Description")
    expect(description.locator("em")).to_have_text("works")
    page.get_by_role("button", name="Rename run").click()
    page.get_by_role("dialog").get_by_label("Name").fill("best")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="best", level=1).wait_for()
    page.get_by_label("Name of the new tag").fill("checked by")
    page.get_by_label("Value of the new tag").fill("ada")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Value of checked by")).to_have_value("ada")
    page.get_by_role("button", name="Delete team").click()
    expect(page.get_by_label("Value of team")).to_have_count(0)
    run = MlflowClient(own_demo.url).get_run(own_demo.runs["fit-02"])
    assert run.info.run_name == "best"
    assert run.data.tags["mlflow.note.content"] == "It *works*."
    assert run.data.tags["checked by"] == "ada"
    assert "team" not in run.data.tags


def test_deleting_undoing_and_restoring(own_ui: Ui, own_demo: Seeded) -> None:
    page = own_ui.open(route(own_demo, "fit-02"))
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("note")).to_contain_text("in the bin")
    own_ui.check_accessible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Delete", exact=True).wait_for()
    page = own_ui.open(route(own_demo, "gone"))
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("note")).to_have_count(0)
    stage = MlflowClient(own_demo.url).get_run(own_demo.runs["gone"]).info.lifecycle_stage
    assert stage == "active"


def test_a_run_that_runs_is_followed_and_can_be_marked_as_killed(
    own_ui: Ui, own_demo: Seeded
) -> None:
    client, run = MlflowClient(own_demo.url), own_demo.runs["fit-19"]
    page = own_ui.open(route(own_demo, "fit-19"))
    metrics = page.get_by_role("table", name="Metrics")
    metrics.wait_for()
    client.log_metric(run, "fresh", 42.5, step=7)
    expect(cells(metrics, "fresh").first).to_have_text("42.5")
    page.get_by_role("button", name="Mark as killed").click()
    dialog = page.get_by_role("dialog", name="Mark as killed?")
    own_ui.check_accessible()
    dialog.get_by_role("button", name="Mark as killed").click()
    expect(page.get_by_text("Killed", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Mark as killed")).to_have_count(0)
    info = client.get_run(run).info
    assert info.status == "KILLED"
    assert info.end_time is not None


def test_children_and_parent(ui: Ui, demo: Seeded) -> None:
    page = ui.open(route(demo, "sweep"))
    page.get_by_role("link", name="4 children").click()
    table = page.get_by_role("table", name="Runs below this one")
    names = table.get_by_role("rowheader")
    expect(names).to_have_text(["trial-3", "trial-2", "trial-1", "trial-0"])
    heads = table.get_by_role("columnheader")
    expect(heads.filter(has_text="loss").first).to_be_attached()
    expect(heads.filter(has_text="epochs")).to_have_count(0)  # the same in all
    ui.check_accessible()
    compare = page.get_by_role("link", name="Compare all").get_attribute("href") or ""
    assert all(demo.runs[f"trial-{number}"] in compare for number in range(4))
    table.get_by_role("link", name="trial-2").click()
    page.get_by_role("heading", name="trial-2", level=1).wait_for()
    page.get_by_role("navigation", name="Where this run is").get_by_role(
        "link", name="sweep"
    ).click()
    page.get_by_role("heading", name="sweep", level=1).wait_for()


def test_children_open_as_a_table(ui: Ui, demo: Seeded) -> None:
    page = ui.open(route(demo, "sweep", "children"))
    page.get_by_role("link", name="Open as table").click()
    expect(page).to_have_url(re.compile("mlflow.parentRunId"))


@pytest.mark.parametrize("tab", ["charts", "model-metrics"])
def test_charts(ui: Ui, demo: Seeded, tab: str) -> None:
    page = ui.open(route(demo, "fit-00", tab))
    page.get_by_role("heading", name="val/loss").wait_for()
    ui.check_accessible()


def test_a_metric_leads_to_its_chart(ui: Ui, demo: Seeded) -> None:
    page = ui.open(route(demo, "fit-00"))
    page.get_by_role("table", name="Metrics").get_by_role("link", name="val/loss").click()
    page.get_by_role("heading", name="val/loss").wait_for()
    expect(page.get_by_role("heading", name="accuracy")).to_have_count(0)
    page.get_by_role("link", name="Show all metrics").click()
    page.get_by_role("heading", name="accuracy").wait_for()


def test_system_metrics_are_there_if_there_are_some(ui: Ui, demo: Seeded) -> None:
    page = ui.open(route(demo, "fit-00"))
    page.get_by_role("link", name="System metrics").click()
    page.get_by_role("heading", name="cpu utilization percentage").wait_for()
    page = ui.open(route(demo, "fit-01"))
    page.get_by_role("heading", name="fit-01", level=1).wait_for()
    expect(page.get_by_role("link", name="System metrics")).to_have_count(0)


def test_artifacts(ui: Ui, demo: Seeded) -> None:
    page = ui.open(route(demo, "files", "artifacts/model/MLmodel", experiment="files"))
    expect(page.get_by_text("sklearn").first).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    about = page.get_by_role("complementary", name="About this run")
    expect(about).to_be_visible()


def test_comparing_with_others(ui: Ui, demo: Seeded) -> None:
    page = ui.open(route(demo, "fit-00"))
    page.get_by_role("button", name="Compare", exact=True).click()
    dialog = page.get_by_role("dialog", name="Compare fit-00 with …")
    dialog.get_by_role("checkbox", name="trial-0").check()
    ui.check_accessible()
    dialog.get_by_role("searchbox", name="Find runs by name").fill("FIT-1")
    expect(dialog.get_by_role("checkbox")).to_have_count(10)
    dialog.get_by_role("checkbox", name="fit-12").check()
    dialog.get_by_role("button", name="Compare 3 runs").click()
    chosen = json.dumps([demo.runs[name] for name in ("fit-00", "trial-0", "fit-12")])
    page.wait_for_function("location.hash.startsWith('#/compare-runs')")
    query = page.evaluate("new URLSearchParams(location.hash.split('?')[1]).get('runs')")
    assert json.loads(query) == json.loads(chosen)


def test_the_palette_knows_the_run(own_ui: Ui, own_demo: Seeded) -> None:
    page = own_ui.open(route(own_demo, "fit-02"))
    page.get_by_role("heading", name="fit-02", level=1).wait_for()

    def do(text: str) -> None:
        page.keyboard.press("Control+k")
        page.get_by_role("combobox", name=re.compile("^Find")).fill(text)
        expect(page.get_by_role("option", selected=True)).to_contain_text(
            re.compile(text, re.IGNORECASE)
        )
        page.keyboard.press("Enter")

    do("rename this")
    page.get_by_role("dialog", name="Rename run").get_by_role("button", name="Cancel").click()
    do("artifacts")
    expect(page).to_have_url(re.compile("/artifacts$"))
    do("trial-3")  # a run of the same experiment
    page.get_by_role("heading", name="trial-3", level=1).wait_for()
    do(own_demo.runs["fit-05"])
    page.get_by_role("heading", name="fit-05", level=1).wait_for()
    own_ui.check_accessible()


def test_an_address_without_the_experiment(ui: Ui, demo: Seeded) -> None:
    page = ui.open(f"/experiments/_/runs/{demo.runs['fit-00']}/artifacts")
    expect(page).to_have_url(re.compile(f"#/experiments/{demo.experiments[DIGITS]}/runs/"))


def test_a_run_that_does_not_exist(ui: Ui, demo: Seeded) -> None:
    ui.forgive("404")
    page = ui.open(f"/experiments/1/runs/{'0' * 32}")
    expect(page.get_by_role("region", name="There is no such run")).to_contain_text("0" * 32)
    ui.check_accessible()


def test_a_run_without_anything_teaches_how_to_log(own_ui: Ui, own_demo: Seeded) -> None:
    client = MlflowClient(own_demo.url)
    experiment = own_demo.experiments["empty"]
    run = client.create_run(experiment, run_name="bare").info.run_id
    page = own_ui.open(f"/experiments/{experiment}/runs/{run}")
    lesson = page.get_by_role("region", name="Nothing is logged yet")
    expect(lesson).to_contain_text(f'mlflow.start_run(run_id="{run}")')
    own_ui.check_accessible()
    client.log_param(run, "rate", 0.5)
    expect(page.get_by_role("table", name="Params")).to_contain_text("0.5")
