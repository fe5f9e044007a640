"""The list of experiments, as its users see it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from mlflow import MlflowClient
from tests.servers.fixtures import StartServer
from tests.web.browser import Ui
from tests.web.conftest import OpenUi, Seeded


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def names(page: Page) -> Locator:
    return page.get_by_role("treegrid", name="Experiments").get_by_role("link")


@pytest.mark.parametrize("dark", [False, True])
def test_experiments_with_folders_counts_and_activity(
    open_ui: OpenUi, demo: Seeded, dark: bool
) -> None:
    ui = open_ui(demo.url, dark=dark)
    page = ui.open()
    expect(names(page)).to_have_text(["empty", "files", "Default"])
    folder = page.get_by_role("row", name=re.compile("^team "))
    expect(folder).to_contain_text("2 experiments")
    expect(folder).to_contain_text("28")
    expect(folder).to_contain_text("1 running")
    expect(row(page, "empty")).to_contain_text("never")
    folder.click()
    expect(names(page)).to_have_text(["empty", "files", "nlp/words", "vision/digits", "Default"])
    expect(row(page, "vision/digits")).to_contain_text("Which rate?")
    expect(row(page, "vision/digits")).to_contain_text("stage draft")
    ui.check_accessible()
    # all of it is in the address
    other = open_ui(demo.url, dark=dark)
    other.page.goto(page.url)
    expect(names(other.page)).to_have_count(5)


def test_finding_experiments_by_name_and_tag(ui: Ui) -> None:
    page = ui.open()
    expect(names(page)).to_have_count(3)
    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search experiments")
    expect(search).to_be_focused()
    search.fill("WORDS nlp")
    expect(names(page)).to_have_text(["team/nlp/words"])
    expect(page.get_by_role("status")).to_have_text(["1 found", ""])
    search.fill("nowhere")
    page.get_by_role("region", name="No experiment fits").wait_for()
    ui.check_accessible()
    page.get_by_role("button", name="Show all").click()
    expect(names(page)).to_have_count(3)
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("button", name="owner = ada").click()
    expect(names(page)).to_have_text(["team/nlp/words"])
    page.get_by_role("button", name="No longer only owner=ada").click()
    expect(names(page)).to_have_count(3)


def test_a_folder_of_its_own(ui: Ui) -> None:
    page = ui.open("/experiments?folder=team")
    expect(names(page)).to_have_text(["nlp/words", "vision/digits"])
    page.get_by_role("button", name="No longer only team").click()
    expect(names(page)).to_have_text(["empty", "files", "Default"])


def test_sorting(ui: Ui) -> None:
    page = ui.open()
    head = page.get_by_role("columnheader", name="Name")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(names(page)).to_have_text(["Default", "empty", "files"])
    page.get_by_role("columnheader", name="Runs").get_by_role("button").click()
    first = page.get_by_role("row").nth(1)
    expect(first).to_contain_text("team")


def test_keyboard(ui: Ui, demo: Seeded) -> None:
    page = ui.open("/experiments?sort=name")
    expect(names(page)).to_have_count(3)
    page.get_by_role("row").nth(1).focus()
    page.keyboard.press("End")
    folder = page.get_by_role("row", name=re.compile("^team "))
    expect(folder).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(folder).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowRight")
    expect(row(page, "nlp/words")).to_be_focused()
    page.keyboard.press("Space")
    expect(row(page, "nlp/words")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    expect(folder).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(folder).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#/experiments/0$"))


def test_making_describing_renaming_and_tagging(own_ui: Ui, own_demo: Seeded) -> None:
    page = own_ui.open()
    page.get_by_role("button", name="New experiment", exact=True).click()
    dialog = page.get_by_role("dialog", name="New experiment")
    dialog.get_by_label(re.compile("^Name")).fill("files")
    own_ui.check_accessible()
    own_ui.forgive("400")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("already exists")
    dialog.get_by_label(re.compile("^Name")).fill("birds")
    dialog.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile(r"#/experiments/\d+$"))
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Experiments").click()

    def choose(name: str, action: str) -> None:
        page.get_by_role("button", name=f"Actions for {name}").click()
        page.get_by_role("menuitem", name=action).click()

    choose("birds", "Rename")
    page.get_by_role("dialog").get_by_label(re.compile("^Name")).fill("owls")
    page.keyboard.press("Enter")
    expect(row(page, "owls")).to_be_visible()
    choose("owls", "Describe")
    page.get_by_role("textbox", name="Description").fill("Who *calls* at night?")
    page.get_by_role("button", name="Preview").click()
    expect(
        page.get_by_role("region", name="Preview of the description").locator("em")
    ).to_have_text("calls")
    own_ui.check_accessible()
    page.get_by_role("button", name="Save").click()
    expect(row(page, "owls")).to_contain_text("Who calls at night?")
    choose("owls", "Edit tags")
    dialog = page.get_by_role("dialog", name="Tags of owls")
    dialog.get_by_label("Name of the new tag").fill("forest")
    dialog.get_by_label("Value of the new tag").fill("north")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Value of forest")).to_have_value("north")
    own_ui.check_accessible()
    dialog.get_by_label("Value of forest").fill("south")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Close").click()
    expect(row(page, "owls")).to_contain_text("forest south")
    made = MlflowClient(own_demo.url).get_experiment_by_name("owls")
    assert made is not None
    assert made.tags == {"mlflow.note.content": "Who *calls* at night?", "forest": "south"}


def test_deleting_undoing_and_restoring(own_ui: Ui) -> None:
    page = own_ui.open()
    page.get_by_role("checkbox", name="Select empty").check()
    page.get_by_role("checkbox", name="Select files").check()
    tools = page.get_by_role("toolbar", name="Selected experiments")
    expect(tools).to_contain_text("2 selected")
    tools.get_by_role("button", name="Delete").click()
    expect(names(page)).to_have_text(["Default"])
    page.get_by_role("button", name="Undo").click()
    expect(names(page)).to_have_text(["empty", "files", "Default"])
    page.get_by_role("button", name="Deleted").click()
    expect(names(page)).to_have_text(["old idea"])
    own_ui.check_accessible()
    page.get_by_role("button", name="Actions for old idea").click()
    page.get_by_role("menuitem", name="Restore").click()
    page.get_by_role("region", name="The bin is empty").wait_for()
    page.get_by_role("button", name="Active").click()
    expect(row(page, "old idea")).to_be_visible()


def test_opening_several_together(ui: Ui, demo: Seeded) -> None:
    page = ui.open("/experiments?open=%5B%22team%22%5D")
    page.get_by_role("checkbox", name="Select team/vision/digits").check()
    page.get_by_role("checkbox", name="Select team/nlp/words").check()
    page.get_by_role("button", name="Open together").click()
    digits, words = (demo.experiments[f"team/{name}"] for name in ("vision/digits", "nlp/words"))
    expect(page).to_have_url(re.compile(rf"#/experiments/{digits}\?also=.*{words}"))


def test_a_fresh_server_teaches_the_first_run(open_ui: OpenUi, start_server: StartServer) -> None:
    server = start_server(None)
    ui = open_ui(server.url)
    page = ui.open()
    page.get_by_role("link", name="Default").wait_for()
    lesson = page.get_by_role("region", name="Log a first run")
    expect(lesson).to_contain_text(f'mlflow.set_tracking_uri("{server.url}")')
    ui.check_accessible()


def test_thousands_of_experiments(open_ui: OpenUi, start_server: StartServer) -> None:
    server = start_server(None)
    client = MlflowClient(server.url)
    for number in range(1500):
        client.create_experiment(f"sweep/{number:04}" if number % 3 else f"trial {number:04}")
    ui = open_ui(server.url)
    page = ui.open("/experiments?sort=name")
    expect(page.get_by_role("status").first).to_have_text("1,501")
    grid = page.get_by_role("treegrid", name="Experiments")
    expect(grid).to_have_attribute("aria-rowcount", "503")  # with the head and one folder
    assert page.get_by_role("row").count() < 60
    page.get_by_role("row").nth(1).focus()
    page.keyboard.press("End")
    expect(page.get_by_role("link", name="trial 1497", exact=True)).to_be_visible()


def test_a_server_that_is_away(ui: Ui) -> None:
    page = ui.open("/nothing")
    page.get_by_role("region", name="There is no such page").wait_for()
    ui.forgive("Failed to load resource|Failed to fetch")
    page.route("**/experiments/search", lambda route: route.abort())
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Experiments").click()
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    page.unroute("**/experiments/search")
    expect(names(page)).to_have_text(["empty", "files", "Default"])
