"""The table of runs of an experiment, and what can be done in it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mlflow import MlflowClient
from mlflow.entities import Metric
from tests.web.browser import Ui
from tests.web.conftest import OpenUi, Seeded
from tests.web.runs_table import (
    ask,
    cell,
    choose,
    grid,
    head,
    heads,
    names,
    row,
    search,
    selected,
    total,
)


def opened(ui: Ui, seeded: Seeded, parameters: str = "") -> Page:
    experiment = seeded.experiments["team/vision/digits"]
    page = ui.open(f"/experiments/{experiment}{parameters}")
    row(page, "fit-19").wait_for()
    return page


def tick(page: Page, *all_of: str) -> None:
    for name in all_of:
        page.get_by_role("checkbox", name=f"Select {name}", exact=True).check()


# ---- rows


@pytest.mark.parametrize("dark", [False, True])
def test_runs_with_what_matters_first(open_ui: OpenUi, demo: Seeded, dark: bool) -> None:
    ui = open_ui(demo.url, dark=dark, width=1920)
    page = opened(ui, demo)
    expect(page.get_by_role("heading", level=1)).to_have_text("team/vision / digits")
    expect(total(page)).to_have_text("25 runs")
    expect(names(page).first).to_have_text("trial-3")
    expect(cell(page, "fit-03", "Status")).to_have_text("Failed")
    expect(cell(page, "fit-19", "Status")).to_have_text("Running")
    expect(cell(page, "fit-03", "Duration")).to_have_text("30 min 0 s")
    expect(cell(page, "fit-03", "Created")).to_have_attribute("title", "2026-03-01 11:00:00")
    expect(cell(page, "fit-03", "Source")).to_have_text("train.py")
    assert heads(page)[6:9] == ["accuracy", "loss", "odd"]
    expect(cell(page, "fit-01", "odd")).to_have_text("NaN")
    expect(cell(page, "fit-02", "odd")).to_have_text("")
    ui.check_accessible()


def test_any_of_ten_thousand_rows_is_reached(large_ui: Ui, large: Seeded) -> None:
    page = large_ui.open(f"/experiments/{large.experiments['large']}")
    expect(total(page)).to_have_text("10,000 runs")
    expect(names(page).first).to_have_text("run-09999")
    grid(page).focus()
    page.keyboard.press("End")
    expect(row(page, "run-00000")).to_be_visible()
    expect(row(page, "run-00000")).to_have_attribute("aria-rowindex", "10001")
    grid(page).evaluate("box => { box.scrollTop = box.scrollHeight / 2 }")
    expect(row(page, "run-05000")).to_be_visible()
    assert grid(page).get_by_role("row").count() < 60
    expect(grid(page)).to_have_attribute("aria-rowcount", "10001")
    # the best ten, by a query and an order
    ask(page, "params.kind = 'b' AND metrics.score > 0.9")
    expect(total(page)).to_have_text(re.compile(r"^3\d\d of 10,000 match$"))
    head(page, "score").get_by_role("button", name="score", exact=True).click()
    head(page, "score").get_by_role("button", name="score", exact=True).click()
    expect(head(page, "score")).to_have_attribute("aria-sort", "descending")
    best = [n for n in range(10_000) if n % 3 == 1]
    best.sort(key=lambda n: -(n * 7919 % 10_000))
    expect(names(page).first).to_have_text(f"run-{best[0]:05}")
    assert names(page).all_text_contents()[:10] == [f"run-{n:05}" for n in best[:10]]


def test_clicks_on_a_head_sort_up_down_and_not(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    button = head(page, "User").get_by_role("button", name="User", exact=True)
    accuracy = head(page, "accuracy").get_by_role("button", name="accuracy", exact=True)
    accuracy.click()
    expect(head(page, "accuracy")).to_have_attribute("aria-sort", "ascending")
    lowest = names(page).first.text_content()
    accuracy.click()
    expect(head(page, "accuracy")).to_have_attribute("aria-sort", "descending")
    expect(names(page).first).not_to_have_text(lowest or "")
    assert "order=metrics.accuracy+DESC" in page.url
    accuracy.click()
    expect(names(page).first).to_have_text("trial-3")
    assert "order" not in page.url
    button.click()
    assert "order=attributes.user_id+ASC" in page.url


def test_several_experiments_in_one_table(ui: Ui, demo: Seeded) -> None:
    words = demo.experiments["team/nlp/words"]
    page = opened(ui, demo, f'?also=["{words}"]')
    expect(total(page)).to_have_text("28 runs")
    ask(page, "run_name RLIKE '[a-z]-1$'")
    expect(total(page)).to_have_text("2 of 28 match")
    assert sorted(names(page).all_text_contents()) == ["trial-1", "words-1"]
    expect(cell(page, "words-1", "Experiment")).to_have_text("team/nlp/words")
    expect(page.get_by_role("link", name="team/nlp/words")).to_be_visible()


# ---- columns


def test_columns_are_chosen_moved_sized_and_pinned(open_ui: OpenUi, ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    page.get_by_role("button", name="Columns").click()
    panel = page.get_by_role("dialog", name="Columns")
    panel.get_by_label("All params").uncheck()
    panel.get_by_label("Find a column").fill("team")
    panel.get_by_label("team", exact=True).check()
    panel.get_by_label("Find a column").fill("")
    panel.get_by_role("button", name="Hide Source").click()
    panel.get_by_role("button", name="Move Created up").click()
    ui.check_accessible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert heads(page) == [
        "Name", "Created", "Status", "Duration", "User", "accuracy", "loss", "odd", "val/loss",
        "team",
    ]  # fmt: skip
    choose(page, "loss", "Show minimum")
    choose(page, "team", "Pin to the left")
    choose(page, "odd", "Hide")
    choose(page, "accuracy", "Move right")
    page.get_by_role("separator", name="Width of Status").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    wanted = [
        "Name", "team", "Created", "Status", "Duration", "User", "min loss", "accuracy",
        "val/loss",
    ]  # fmt: skip
    expect(cell(page, "fit-03", "team")).to_have_text("vision")
    assert heads(page) == wanted
    # the address shows the same to somebody else
    other = open_ui(demo.url)
    other.page.goto(page.url)
    expect(cell(other.page, "fit-03", "team")).to_have_text("vision")
    assert heads(other.page) == wanted
    width = other.page.get_by_role("separator", name="Width of Status")
    expect(width).to_have_attribute("aria-valuenow", "124")
    box = width.bounding_box()
    assert box
    mouse, x, y = other.page.mouse, box["x"] + 4, box["y"] + 5
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 36, y, steps=3)
    mouse.up()
    expect(width).to_have_attribute("aria-valuenow", "160")
    assert "%22attributes.status%22:160" in other.page.url
    width.dblclick()
    expect(width).to_have_attribute("aria-valuenow", "104")


def test_only_columns_that_differ(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    assert "epochs" in heads(page)
    page.get_by_role("button", name="Differences only").click()
    expect(head(page, "epochs")).to_have_count(0)
    assert {"rate", "optimizer", "loss"} <= set(heads(page))
    assert "differ=true" in page.url


def test_of_many_columns_those_in_view_are_drawn(own_ui: Ui, own_demo: Seeded) -> None:
    client = MlflowClient(own_demo.url)
    run = own_demo.runs["fit-19"]
    client.log_batch(run, [Metric(f"many/{n:03}", n, 0, 0) for n in range(300)])
    page = own_ui.open(f"/experiments/{own_demo.experiments['team/vision/digits']}")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("dialog", name="Columns").get_by_label("All metrics").check()
    page.keyboard.press("Escape")
    grid(page).evaluate("box => { box.scrollLeft = box.scrollWidth }")
    head(page, "many/299").wait_for()
    expect(cell(page, "fit-19", "many/299")).to_have_text("299")
    assert len(heads(page)) < 25
    # the name stays in view
    expect(row(page, "fit-19").get_by_role("link")).to_be_in_viewport()


def test_the_way_back_leads_through_what_was_shown(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    ask(page, "attributes.status = 'FAILED'")
    expect(total(page)).to_have_text("1 of 25 match")
    page.get_by_role("group", name="Layout").get_by_role("button", name="Charts").click()
    expect(grid(page)).to_be_hidden()
    page.go_back()
    expect(total(page)).to_have_text("1 of 25 match")
    expect(grid(page)).to_be_visible()
    page.go_back()
    expect(total(page)).to_have_text("25 runs")
    page.go_forward()
    expect(total(page)).to_have_text("1 of 25 match")


# ---- groups and trees


def test_groups_with_mean_and_spread(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    page.get_by_role("button", name="Group", exact=True).click()
    panel = page.get_by_role("dialog", name="Group by")
    panel.get_by_label("optimizer params").check()
    panel.get_by_label("team tags").check()
    page.keyboard.press("Escape")
    expect(total(page)).to_have_text("4 groups")
    expect(page.get_by_role("button", name="By optimizer, team")).to_be_visible()
    adam = grid(page).get_by_role("row", name=re.compile("optimizer adam team vision"))
    expect(adam).to_contain_text(re.compile(r"0\.\d+ ± 0\.\d+"))
    ui.check_accessible()
    choose(page, "loss", "Sort ascending")
    expect(head(page, "loss")).to_have_attribute("aria-sort", "ascending")
    count = int((adam.get_by_role("gridcell").nth(2).text_content() or "").replace(",", ""))
    adam.get_by_role("button", name="Unfold").click()
    expect(adam).to_have_attribute("aria-expanded", "true")
    expect(names(page)).to_have_count(count)
    expect(names(page).first).to_be_visible()
    page.get_by_role("button", name="By optimizer, team").click()
    page.get_by_role("button", name="Do not group").click()
    expect(total(page)).to_have_text("25 runs")
    # what sorted the groups sorts their runs
    expect(head(page, "loss")).to_have_attribute("aria-sort", "ascending")


def test_a_grouping_that_cannot_be_is_not_the_fault_of_the_search(ui: Ui, demo: Seeded) -> None:
    ui.forgive("400")
    page = ui.open(
        f"/experiments/{demo.experiments['team/vision/digits']}?group=[%22params.a/b%22]"
    )
    expect(page.get_by_role("alert")).to_contain_text("Invalid group_by")
    expect(search(page)).to_have_attribute("aria-invalid", "false")
    page.get_by_role("alert").get_by_role("button", name="Do not group").click()
    expect(total(page)).to_have_text("25 runs")


def test_children_below_their_parents(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    page.get_by_role("button", name="Nested").click()
    expect(total(page)).to_have_text("21 runs at the top")
    parent = row(page, "sweep")
    expect(row(page, "trial-0")).to_have_count(0)
    parent.get_by_role("button", name="Unfold").click()
    expect(row(page, "trial-3")).to_have_attribute("aria-level", "2")
    assert names(page).all_text_contents()[:6] == [
        "sweep", "trial-3", "trial-2", "trial-1", "trial-0", "fit-19",
    ]  # fmt: skip
    ui.check_accessible()
    page.reload()
    expect(row(page, "trial-3")).to_be_visible()
    # by keys
    grid(page).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(parent).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowRight")
    expect(row(page, "trial-0")).to_be_visible()
    # a search finds children wherever they are
    ask(page, "trial-2")
    expect(names(page)).to_have_text(["trial-2"])


# ---- keyboard


def test_the_keyboard_does_everything(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    page.keyboard.press("/")
    expect(search(page)).to_be_focused()
    grid(page).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="Select trial-2")).to_be_checked()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    selected(page, 3)
    page.keyboard.press("Control+a")
    selected(page, 25)
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar", name="Selected runs")).to_have_count(0)
    page.keyboard.press("End")
    expect(row(page, "fit-00")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/{demo.runs['fit-00']}$"))
    page.go_back()
    expect(total(page)).to_have_text("25 runs")


def test_commands_of_the_palette(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find an experiment").fill("nest children")
    page.keyboard.press("Enter")
    expect(total(page)).to_have_text("21 runs at the top")


# ---- selection


def test_ranges_and_all_that_match_are_ticked(large_ui: Ui, large: Seeded) -> None:
    page = large_ui.open(f"/experiments/{large.experiments['large']}")
    tick(page, "run-09999")
    grid(page).evaluate("box => { box.scrollTop = 30 * 1500 }")
    page.get_by_role("checkbox", name="Select run-08490", exact=True).click(modifiers=["Shift"])
    selected(page, 1510)
    page.get_by_role("checkbox", name="Select all runs that match").check()
    selected(page, 10_000)
    page.get_by_role("checkbox", name="Select run-08490", exact=True).uncheck()
    selected(page, 9_999)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_role("toolbar", name="Selected runs")).to_have_count(0)


def test_ticked_runs_are_compared_and_their_ids_copied(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    ui.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tick(page, "fit-19", "sweep")
    ui.check_accessible()
    page.get_by_role("button", name="Copy ids").click()
    expect(page.get_by_text("Copied 2 ids")).to_be_visible()
    ids = [demo.runs["fit-19"], demo.runs["sweep"]]
    assert page.evaluate("navigator.clipboard.readText()").split() == ids
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile("#/compare-runs"))
    assert all(run in page.url for run in ids)


def test_runs_are_deleted_brought_back_and_restored(own_ui: Ui, own_demo: Seeded) -> None:
    page = opened(own_ui, own_demo)
    tick(page, "trial-3", "trial-2")
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog", name="Delete 2 runs?")
    own_ui.check_accessible("dialog")
    dialog.get_by_role("button", name="Delete").click()
    expect(total(page)).to_have_text("23 runs")
    expect(row(page, "trial-3")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(total(page)).to_have_text("25 runs")
    page.get_by_label("Which runs").select_option("Deleted")
    expect(names(page)).to_have_text(["gone"])
    tick(page, "gone")
    page.get_by_role("button", name="Restore").click()
    page.get_by_role("region", name="The bin is empty").wait_for()
    page.get_by_role("button", name="Show active runs").click()
    expect(total(page)).to_have_text("26 runs")


def test_runs_are_tagged_renamed_and_given_up(own_ui: Ui, own_demo: Seeded) -> None:
    page = opened(own_ui, own_demo)
    client = MlflowClient(own_demo.url)
    ids = [own_demo.runs[name] for name in ("fit-19", "sweep")]
    tick(page, "fit-19", "sweep")
    expect(page.get_by_role("button", name="Rename")).to_be_disabled()
    page.get_by_role("button", name="Add tag").click()
    dialog = page.get_by_role("dialog", name="Tag 2 runs")
    dialog.get_by_label("Name of the tag").fill("paper")
    dialog.get_by_label("Value").fill("figure 2")
    dialog.get_by_role("button", name="Add tag").click()
    expect(page.get_by_text("Tagged 2 runs")).to_be_visible()
    assert [client.get_run(run).data.tags["paper"] for run in ids] == ["figure 2"] * 2
    page.get_by_role("button", name="Remove tag").click()
    dialog = page.get_by_role("dialog", name="Remove a tag of 2 runs")
    dialog.get_by_label("Name of the tag").fill("paper")
    dialog.get_by_role("button", name="Remove tag").click()
    expect(page.get_by_text("Removed the tag of 2 runs")).to_be_visible()
    assert not any("paper" in client.get_run(run).data.tags for run in ids)
    page.get_by_role("button", name="Stop watching").click()
    page.get_by_role("dialog").get_by_role("button", name="Mark as killed").click()
    expect(page.get_by_text("Marked 1 run as killed")).to_be_visible()
    expect(cell(page, "fit-19", "Status")).to_have_text("Killed")
    tick(page, "sweep")
    page.get_by_role("button", name="Rename").click()
    dialog = page.get_by_role("dialog", name="Rename run")
    expect(dialog.get_by_label("Name")).to_have_value("sweep")
    dialog.get_by_label("Name").fill("search")
    dialog.get_by_role("button", name="Rename").click()
    expect(row(page, "search")).to_be_visible()


# ---- live


def test_runs_appear_and_change_while_one_looks(own_ui: Ui, own_demo: Seeded) -> None:
    page = opened(own_ui, own_demo)
    client = MlflowClient(own_demo.url)
    experiment = own_demo.experiments["team/vision/digits"]
    expect(page.get_by_role("button", name="Live")).to_be_visible()
    run = client.create_run(experiment, run_name="newest").info.run_id
    expect(names(page).first).to_have_text("newest")
    expect(total(page)).to_have_text("26 runs")
    client.log_metric(run, "loss", 0.125, synchronous=True)
    expect(cell(page, "newest", "loss")).to_have_text("0.125")
    client.set_terminated(run)
    expect(cell(page, "newest", "Status")).to_have_text("Finished")
    # below the top nothing jumps: they wait until they are asked for
    grid(page).evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(row(page, "fit-00")).to_be_visible()
    for name in ("later", "latest"):
        client.create_run(experiment, run_name=name)
    pill = page.get_by_role("button", name="2 new runs")
    pill.wait_for()
    expect(row(page, "fit-00")).to_be_in_viewport()
    own_ui.check_accessible()
    pill.click()
    expect(names(page).first).to_have_text("latest")
    expect(total(page)).to_have_text("28 runs")
    # paused
    page.get_by_role("button", name="Live").click()
    expect(page.get_by_role("button", name="Paused")).to_be_visible()
    client.create_run(experiment, run_name="unseen")
    page.get_by_role("button", name="Ask again").click()
    expect(names(page).first).to_have_text("unseen")


def test_an_experiment_without_runs_teaches_and_then_shows(own_ui: Ui, own_demo: Seeded) -> None:
    page = own_ui.open(f"/experiments/{own_demo.experiments['empty']}")
    region = page.get_by_role("region", name="No runs yet")
    expect(region.locator("code")).to_contain_text(
        f'mlflow.set_tracking_uri("{own_demo.url}")\nmlflow.set_experiment("empty")'
    )
    own_ui.check_accessible()
    client = MlflowClient(own_demo.url)
    client.create_run(own_demo.experiments["empty"], run_name="the first")
    expect(names(page)).to_have_text(["the first"])
    expect(region).to_have_count(0)


# ---- export


def test_all_that_match_are_exported(ui: Ui, demo: Seeded, tmp_path: Path) -> None:
    page = opened(ui, demo)
    ask(page, "attributes.run_name LIKE 'fit-0%'")
    head(page, "loss").get_by_role("button", name="loss", exact=True).click()
    expect(total(page)).to_have_text("10 of 25 match")
    order = names(page).all_text_contents()
    page.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export runs")
    expect(dialog).to_contain_text("10 runs, with the")
    expect(dialog.locator("code")).to_contain_text('order_by=["metrics.loss ASC"]')
    ui.check_accessible("dialog")
    with page.expect_download() as got:
        dialog.get_by_role("button", name="CSV").click()
    assert got.value.suggested_filename == "team-vision-digits.csv"
    got.value.save_as(tmp_path / "runs.csv")
    with (tmp_path / "runs.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [each["attributes.run_name"] for each in rows] == order
    assert {each["run_id"] for each in rows} == {demo.runs[name] for name in order}
    assert all(each["params.epochs"] == "5" for each in rows)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as got:
        dialog.get_by_role("button", name="JSON").click()
    got.value.save_as(tmp_path / "runs.json")
    found = json.loads((tmp_path / "runs.json").read_text())
    assert [each["attributes.run_name"] for each in found] == order
    assert [each["metrics.loss"] for each in found] == [float(r["metrics.loss"]) for r in rows]


# ---- charts beside the table


def test_charts_beside_the_table(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    page.get_by_role("button", name="Split").click()
    charts = page.get_by_role("region", name="All charts")
    charts.get_by_role("heading", name="loss", exact=True).first.wait_for()
    edge = page.get_by_role("separator", name="Width of the charts")
    expect(edge).to_have_attribute("aria-valuenow", "50")
    edge.press("ArrowLeft")
    expect(edge).to_have_attribute("aria-valuenow", "52")
    eye = page.get_by_role("button", name="Hide fit-19 in charts")
    eye.click()
    expect(eye).to_have_attribute("aria-pressed", "true")
    assert f"hide=%5B%22{demo.runs['fit-19']}%22%5D" in page.url
    page.get_by_role("group", name="Runs in charts").get_by_role("button", name="Selected").click()
    page.get_by_role("region", name="No runs are selected").wait_for()
    tick(page, "fit-18")
    charts.get_by_role("heading", name="loss", exact=True).first.wait_for()
    ui.check_accessible()


# ---- what an experiment is


def test_what_is_known_of_the_experiment(own_ui: Ui, own_demo: Seeded) -> None:
    page = opened(own_ui, own_demo)
    page.get_by_role("button", name="About").click()
    about = page.get_by_role("region", name="About team/vision/digits")
    expect(about).to_contain_text("Which rate?")
    expect(about).to_contain_text("mlflow-artifacts:/")
    own_ui.check_accessible()
    about.get_by_label("Name of the new tag").fill("owner")
    about.get_by_label("Value of the new tag").fill("ada")
    about.get_by_role("button", name="Add tag").click()
    expect(about.get_by_label("Value of owner")).to_have_value("ada")


def test_an_experiment_that_does_not_exist(ui: Ui) -> None:
    ui.forgive("404")
    page = ui.open("/experiments/987654321")
    page.get_by_role("region", name="This experiment cannot be shown").wait_for()
    expect(page.get_by_role("alert")).to_contain_text("987654321")
    ui.check_accessible()
