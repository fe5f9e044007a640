"""What tests of the page of an experiment have in common: its table, as a reader sees it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


def grid(page: Page) -> Locator:
    """The table of runs, flat or with rows that unfold."""
    return page.locator("[role=grid], [role=treegrid]").and_(page.get_by_label("Runs", exact=True))


def names(page: Page) -> Locator:
    """The names of the runs that are drawn, from the top."""
    return grid(page).get_by_role("link")


def row(page: Page, name: str) -> Locator:
    """The row of a run."""
    link = page.get_by_role("link", name=name, exact=True)
    return grid(page).get_by_role("row").filter(has=link)


def head(page: Page, title: str) -> Locator:
    """The head of a column."""
    button = page.get_by_role("button", name=f"Options of {title}", exact=True)
    return grid(page).get_by_role("columnheader").filter(has=button)


def heads(page: Page) -> list[str]:
    """The titles of all columns that are drawn."""
    found = grid(page).get_by_role("columnheader").all_text_contents()
    return [each for each in found if each and each != "Selection"]


def cell(page: Page, name: str, title: str) -> Locator:
    """The cell of a run in a column."""
    place = heads(page).index(title) + 1  # the first cell has the tick
    return row(page, name).get_by_role("gridcell").nth(place)


def choose(page: Page, title: str, entry: str) -> None:
    """Take an entry of the menu of a column."""
    head(page, title).get_by_role("button", name=f"Options of {title}", exact=True).click()
    page.get_by_role("menuitem", name=entry, exact=True).click()


def total(page: Page) -> Locator:
    """How many runs there are."""
    return page.get_by_role("toolbar", name="Table").get_by_role("status")


def search(page: Page) -> Locator:
    """The input for queries."""
    return page.get_by_role("textbox", name="Search runs")


def ask(page: Page, query: str) -> None:
    """Search for runs."""
    search(page).fill(query)
    search(page).press("Enter")


def selected(page: Page, number: int) -> None:
    """So many runs are ticked."""
    bar = page.get_by_role("toolbar", name="Selected runs")
    expect(bar).to_contain_text(re.compile(rf"^{number:,} selected"))
