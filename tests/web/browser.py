"""A page of the UI in Chromium, as a user has it, watched for everything that goes wrong."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
#: milliseconds until what is waited for counts as missing, on a machine that is busy
PATIENCE = 20_000
_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

expect.set_options(timeout=PATIENCE)


@contextmanager
def run_browser() -> Iterator[Browser]:
    """A Chromium without a window.

    While it runs, this thread has an event loop, and code that starts one of its own fails. So it
    must end with the tests that use it.
    """
    program = shutil.which("chromium")
    assert program is not None, "Chromium is not installed: run scripts/servers."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=FLAGS, chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield browser
        finally:
            browser.close()


class Ui:
    """A fresh browser's page of the UI.

    Whatever goes wrong in it fails the test at its end: errors of scripts, errors on the console
    (violations of the content policy and failed requests are among them), and requests that go
    anywhere but to the server.

    Attributes:
        page: Playwright's page.
        url: address of the server with its prefix.
        problems: what went wrong so far.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        **options: Any,
    ) -> None:
        self.url = url
        self.problems: list[str] = []
        self._forgiven: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="en-US",
            timezone_id="UTC",
            reduced_motion="reduce",
            **options,
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.on("page", self._watch)
        self.page: Page = self.context.new_page()

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.problems.append(f"error of a script: {error}"))
        page.on("console", self._note)
        page.on("request", self._check)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location.get("url", "")
            self.problems.append(f"on the console: {message.text} ({place})")

    def _check(self, request: Request) -> None:
        ours = request.url == self.url or request.url.startswith(f"{self.url}/")
        if not ours and not request.url.startswith(("data:", "blob:", "about:")):
            self.problems.append(f"a request to {request.url}")

    def open(self, route: str = "") -> Page:
        """The page at a route, such as `/experiments/1`, once it is loaded."""
        self.page.goto(f"{self.url}/" + (f"#{route}" if route else ""))
        return self.page

    def forgive(self, pattern: str) -> None:
        """Let problems pass in which a regular expression is found: the test is about them."""
        self._forgiven.append(pattern)

    def complaints(self) -> list[str]:
        """The problems that are not forgiven."""
        return [
            problem
            for problem in self.problems
            if not any(re.search(pattern, problem) for pattern in self._forgiven)
        ]

    def check_accessible(self, within: str = "body") -> None:
        """Fail for what keeps people from using the page, as far as axe can tell.

        Args:
            within: CSS selector of the part that is looked at.
        """
        assert _AXE.exists(), "axe is not installed: run scripts/node-modules."
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_AXE.read_text())
        found = self.page.evaluate(
            "([within, rules]) => axe.run(within, { runOnly: rules, resultTypes: ['violations'] })",
            [within, _RULES],
        )
        lines = [
            f"{each['id']} ({each['impact']}): {each['help']}: {node['html'][:200]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]
        assert not lines, "\n".join(lines)

    def close(self) -> None:
        """Close the page and forget all that the browser kept for it."""
        self.context.close()
