"""Named views of an experiment, and addresses that show the same to others."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.web.browser import Ui
from tests.web.conftest import OpenUi, Seeded
from tests.web.runs_table import ask, grid, head, heads, names, total


def opened(ui: Ui, seeded: Seeded) -> Page:
    page = ui.open(f"/experiments/{seeded.experiments['team/vision/digits']}")
    expect(total(page)).to_have_text("25 runs")
    return page


def save(page: Page, name: str) -> None:
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Save what is shown as").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()


def test_a_view_is_saved_and_opened_in_another_browser(
    open_ui: OpenUi, own_ui: Ui, own_demo: Seeded
) -> None:
    page = opened(own_ui, own_demo)
    ask(page, "attributes.run_name LIKE 'fit-0%'")
    head(page, "accuracy").get_by_role("button", name="accuracy", exact=True).click()
    expect(total(page)).to_have_text("10 of 25 match")
    page.get_by_role("separator", name="Width of Name").press("ArrowRight")
    before = names(page).all_text_contents()
    shown = heads(page)
    save(page, "First ten")
    page.get_by_role("button", name="First ten").click()
    page.get_by_role("link", name="First ten").wait_for()
    own_ui.check_accessible()
    experiment = own_demo.experiments["team/vision/digits"]
    other = open_ui(own_demo.url)
    other.open(f"/experiments/{experiment}?view=1")
    expect(names(other.page)).to_have_text(before)
    assert heads(other.page) == shown
    expect(other.page.get_by_role("separator", name="Width of Name")).to_have_attribute(
        "aria-valuenow", "250"
    )
    expect(other.page.get_by_role("button", name="First ten", exact=True)).to_be_visible()
    # the address says everything, also without the view
    third = open_ui(own_demo.url)
    third.page.goto(other.page.url.replace("view=1&", ""))
    expect(names(third.page)).to_have_text(before)
    expect(third.page.get_by_role("button", name="Views")).to_be_visible()


def test_a_view_is_changed_renamed_and_deleted(own_ui: Ui, own_demo: Seeded) -> None:
    page = opened(own_ui, own_demo)
    page.get_by_role("button", name="Nested").click()
    expect(total(page)).to_have_text("21 runs at the top")
    save(page, "Tree")
    ask(page, "status = 'FAILED'")
    page.get_by_role("button", name="Tree modified").click()
    page.get_by_role("button", name="Save changes of “Tree”").click()
    expect(page.get_by_role("button", name="Tree", exact=True)).to_be_visible()
    page.get_by_role("button", name="Tree", exact=True).click()
    page.get_by_role("button", name="Rename Tree").click()
    page.get_by_label("New name of Tree").fill("Failed ones")
    page.get_by_label("New name of Tree").press("Enter")
    expect(page.get_by_role("button", name="Failed ones", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    experiment = own_demo.experiments["team/vision/digits"]
    page.goto(f"{own_demo.url}/#/experiments/{experiment}?view=1")
    page.reload()
    expect(names(page)).to_have_text(["fit-03"])
    page.get_by_role("button", name="Failed ones").click()
    page.get_by_role("button", name="Delete Failed ones").click()
    expect(page.get_by_role("button", name="Views", exact=True)).to_be_visible()
    # what is shown stays; only the short address is gone
    expect(names(page)).to_have_text(["fit-03"])
    page.goto(f"{own_demo.url}/#/experiments/{experiment}?view=1")
    page.reload()
    expect(page.get_by_text("The view of this link was deleted.")).to_be_visible()
    expect(total(page)).to_have_text("25 runs")


def test_a_name_that_is_taken_is_refused(own_ui: Ui, own_demo: Seeded) -> None:
    own_ui.forgive("400")
    page = opened(own_ui, own_demo)
    save(page, "Mine")
    page.get_by_role("button", name="Mine", exact=True).click()
    page.get_by_label("Save what is shown as").fill("Mine")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Mine")


def test_links_are_copied_short_or_whole(own_ui: Ui, own_demo: Seeded) -> None:
    page = opened(own_ui, own_demo)
    own_ui.context.grant_permissions(["clipboard-read", "clipboard-write"])
    save(page, "Mine")
    page.get_by_role("button", name="Mine", exact=True).click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied the link")).to_be_visible()
    experiment = own_demo.experiments["team/vision/digits"]
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{own_demo.url}/#/experiments/{experiment}?view=1"
    grid(page).wait_for()
