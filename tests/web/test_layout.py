"""What is around every page: the bar, settings, and the command palette."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.web.browser import Ui
from tests.web.conftest import Seeded


def ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_settings_stay_in_the_browser(ui: Ui) -> None:
    page = ui.open()
    light = ground(page)
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("menuitemcheckbox", name="Theme of the system")).to_be_checked()
    ui.check_accessible()
    page.get_by_role("menuitemcheckbox", name="Dark theme").click()
    expect(page.locator("body")).not_to_have_css("background-color", light)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).not_to_have_css("background-color", light)
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("menuitemcheckbox", name="Compact rows").click()
    expect(page.locator("html")).to_have_attribute("data-density", "comfortable")


def test_the_palette_finds_experiments(ui: Ui, demo: Seeded) -> None:
    page = ui.open()
    page.get_by_role("link", name="files").wait_for()
    page.get_by_role("button", name=re.compile("^Find or do")).click()
    field = page.get_by_role("combobox", name=re.compile("^Find"))
    expect(field).to_be_focused()
    ui.check_accessible()
    field.fill("digits")
    expect(page.get_by_role("option")).to_have_text(["team/vision/digitsExperiment"])
    page.keyboard.press("Enter")
    experiment = demo.experiments["team/vision/digits"]
    expect(page).to_have_url(re.compile(f"#/experiments/{experiment}$"))
    page.keyboard.press("Control+k")
    field.fill("no such thing")
    page.get_by_text("Nothing of that name.").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_palette_by_arrow_keys(ui: Ui) -> None:
    page = ui.open()
    page.get_by_role("link", name="files").wait_for()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name=re.compile("^Find")).fill("theme")
    chosen = page.get_by_role("option", selected=True)
    expect(chosen).to_contain_text("Light theme")
    page.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text("Dark theme")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_new_experiment_by_the_palette(ui: Ui) -> None:
    page = ui.open()
    page.get_by_role("link", name="files").wait_for()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name=re.compile("^Find")).fill("new exp")
    expect(page.get_by_role("option", selected=True)).to_contain_text("New experiment")
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="New experiment").wait_for()


def test_skipping_to_the_content(ui: Ui) -> None:
    page = ui.open()
    page.get_by_role("link", name="files").wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_a_page_that_does_not_exist(ui: Ui) -> None:
    page = ui.open("/nothing/here")
    page.get_by_role("region", name="There is no such page").wait_for()
    ui.check_accessible()
    page.get_by_role("link", name="experiments", exact=True).click()
    page.get_by_role("heading", name="Experiments", level=1).wait_for()
