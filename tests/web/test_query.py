"""Searching the runs of an experiment."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.web.browser import Ui
from tests.web.conftest import Seeded
from tests.web.runs_table import ask, head, names, row, search, total


def opened(ui: Ui, seeded: Seeded) -> Page:
    page = ui.open(f"/experiments/{seeded.experiments['team/vision/digits']}")
    expect(total(page)).to_have_text("25 runs")
    return page


def completions(page: Page) -> list[str]:
    return page.get_by_role("listbox", name="Completions").locator("code").all_text_contents()


def test_the_whole_language_and_the_count(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    for query, count in (
        ("status = 'FAILED' OR status = 'RUNNING'", "2 of 25 match"),
        ("NOT (attributes.run_name LIKE 'fit-%')", "5 of 25 match"),
        ("params.optimizer IN ('adam', 'sgd')", "25 of 25 match"),
        ("min(metrics.`val/loss`) < 1000 AND metrics.odd IS NULL", "24 of 25 match"),
        ("params.epochs BETWEEN '4' AND '6' AND run_name RLIKE '^trial-[01]$'", "2 of 25 match"),
        ("datasets.name = 'digits' AND tags.team = 'vision'", "12 of 25 match"),
    ):
        ask(page, query)
        expect(total(page)).to_have_text(count)
    assert "q=datasets.name" in page.url
    page.get_by_role("button", name="Clear the search").click()
    expect(total(page)).to_have_text("25 runs")
    assert "q=" not in page.url


def test_what_is_often_asked_for_takes_a_click(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    page.get_by_role("button", name="Filter", exact=True).click()
    panel = page.get_by_role("dialog", name="Filter")
    panel.get_by_role("checkbox", name="Failed").check()
    expect(search(page)).to_have_value("attributes.status = 'FAILED'")
    panel.get_by_role("checkbox", name="Running").check()  # one status takes the place of another
    panel.get_by_role("checkbox", name="digits").check()
    expect(search(page)).to_have_value("attributes.status = 'RUNNING' AND datasets.name = 'digits'")
    panel.get_by_role("checkbox", name="digits").uncheck()
    expect(total(page)).to_have_text("1 of 25 match")
    panel.get_by_role("checkbox", name="In the last 7 days").check()
    expect(total(page)).to_have_text("0 of 25 match")
    ui.check_accessible()


def test_a_part_of_a_name_is_searched_while_it_is_typed(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    search(page).press_sequentially("RIAL")
    expect(total(page)).to_have_text("4 of 25 match")
    expect(page.get_by_text("Runs whose name contains “RIAL”.")).to_be_visible()
    ui.check_accessible()


def test_a_mistake_is_marked_at_its_place(ui: Ui, demo: Seeded) -> None:
    ui.forgive("400")
    page = opened(ui, demo)
    ask(page, "(metrics.loss <> 0.5)")
    alert = page.get_by_role("alert")
    expect(alert).to_have_text("Invalid filter: '<>' is no comparator. Expected '!=' instead.")
    expect(search(page)).to_have_attribute("aria-invalid", "true")
    # the piece that is wrong is underlined where it stands
    marked = page.locator("[aria-hidden] span").filter(has_text="<>")
    looks = "piece => getComputedStyle(piece).textDecorationStyle"
    assert marked.evaluate(looks) == "wavy"
    others = page.locator("[aria-hidden] span").filter(has_text=re.compile("^[()]$"))
    assert others.evaluate_all(f"all => all.map({looks})") == ["solid", "solid"]
    ui.check_accessible()
    # what was found before stays, and the message goes with the mistake
    expect(row(page, "fit-19")).to_be_visible()
    ask(page, "metrics.loss != 0.5")
    expect(alert).to_have_count(0)
    expect(total(page)).to_have_text("25 of 25 match")


def test_names_operators_and_values_are_completed(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    field = search(page)
    field.press_sequentially("val/")
    expect(page.get_by_role("option", name="metrics.`val/loss`")).to_be_visible()
    ui.check_accessible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("metrics.`val/loss` ")
    field.press_sequentially("< 1000 and params.opt")
    field.press("ArrowDown")
    field.press("Tab")
    expect(field).to_have_value("metrics.`val/loss` < 1000 and params.optimizer ")
    assert "LIKE" in completions(page)
    field.press_sequentially("= ")
    expect(page.get_by_role("option", name="'adam'")).to_be_visible()
    page.get_by_role("option", name="'adam'").click()
    field.press("Enter")
    expect(total(page)).to_contain_text("of 25 match")
    field.press("Escape")
    field.fill("attributes.status = '")
    expect(page.get_by_role("option", name="'FAILED'")).to_be_visible()
    assert "'adam'" not in completions(page)


def test_former_queries_are_offered_again(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    ask(page, "status = 'FAILED'")
    expect(names(page)).to_have_text(["fit-03"])
    page.reload()
    expect(names(page)).to_have_text(["fit-03"])
    page.get_by_role("button", name="Clear the search").click()
    search(page).click()
    page.get_by_role("option", name="status = 'FAILED'").click()
    expect(names(page)).to_have_text(["fit-03"])


def test_a_column_begins_a_query(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    head(page, "loss").get_by_role("button", name="Options of loss").click()
    page.get_by_role("menuitem", name="Filter by it").click()
    expect(search(page)).to_be_focused()
    expect(search(page)).to_have_value("metrics.loss > ")
    expect(total(page)).to_have_text("25 runs")
    page.keyboard.type("1000")
    page.keyboard.press("Enter")
    page.get_by_role("region", name="No run matches").wait_for()


def test_when_nothing_matches_it_says_what_to_do(ui: Ui, demo: Seeded) -> None:
    page = opened(ui, demo)
    ask(page, "run_name = 'gone'")
    page.get_by_role("region", name="No run matches").wait_for()
    expect(total(page)).to_have_text("0 of 25 match")
    ui.check_accessible()
    page.get_by_role("button", name="Search deleted runs, too").click()
    expect(names(page)).to_have_text(["gone"])
    page.get_by_role("button", name="Clear the search").click()
    expect(total(page)).to_have_text("26 runs")
