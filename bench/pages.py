"""Workloads about the web UI: how long a fresh browser waits for what its reader came for."""

from __future__ import annotations

import json
import math
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from api import Api, Wrong
from measures import Measures
from reading import DATASETS, load, trial
from servers import Server
from writing import EPOCH, together

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZE = {"width": 1920, "height": 1080}
PATIENCE = 60.0  # seconds

# Watches a page from its first moment on, frame by frame, and notes when something is there for
# the first time. What is there at the begin of a frame can be seen when the browser has painted
# it, which is when it begins the next but one. `%s` is JavaScript.
_WATCH = """
(() => {
  const there = () => { try { return Boolean(%s) } catch { return false } }
  const painted = () => requestAnimationFrame(() => { window.__there = performance.now() })
  const look = () => requestAnimationFrame(there() ? painted : look)
  requestAnimationFrame(look)
})()
"""
# The words `all` stand somewhere on the page.
_WORDS = "(all => all.every(each => document.body.textContent.includes(each)))(%s)"
# A line chart shows a line: an SVG path with many points, or a drawn canvas.
_LINE = """
[...document.querySelectorAll('.js-plotly-plot path.js-line')]
  .some(path => path.getAttribute('d').length > 2000)
|| document.querySelector('[aria-roledescription=chart][aria-busy=false] canvas')
"""


@dataclass
class Seen:
    """What a fresh browser saw: seconds until it was there, kilobytes that came over the wire."""

    seconds: float
    kilobytes: float


class Browser:
    """Chromium without a window; each look is by a fresh profile with nothing kept."""

    def __init__(self, browser: Any, not_yet: type[Exception]) -> None:
        self._browser = browser
        self._not_yet = not_yet

    @contextmanager
    def page(self) -> Iterator[Any]:
        """An empty page of its own."""
        context = self._browser.new_context(viewport=SIZE)
        try:
            yield context.new_page()
        finally:
            context.close()

    def look(self, address: str, there: str) -> Seen:
        """Open an address with an empty cache, and wait until `there` holds."""
        with self.page() as page:
            received = [0.0]
            network = page.context.new_cdp_session(page)
            network.send("Network.enable")
            network.on(
                "Network.loadingFinished",
                lambda event: received.append(event["encodedDataLength"]),
            )
            page.add_init_script(_WATCH % there)
            page.goto(address, wait_until="commit")
            seen, deadline = None, time.monotonic() + PATIENCE
            while not (seen := page.evaluate("window.__there")):
                if time.monotonic() > deadline:
                    raise Wrong(f"after {PATIENCE} s it is not there: {there}")
                page.wait_for_timeout(10)
            with suppress(self._not_yet):  # some never rest
                page.wait_for_load_state("networkidle", timeout=3000)
            return Seen(seen / 1e3, sum(received) / 1e3)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; `MILLSTREAM_BENCH_CHROMIUM` names another program than `chromium`."""
    # only this workload needs it
    from playwright.sync_api import TimeoutError as NotYet, sync_playwright

    program = os.environ.get("MILLSTREAM_BENCH_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield Browser(browser, NotYet)
        finally:
            browser.close()


def words(*all_of: str) -> str:
    """JavaScript that says whether a page shows all these words."""
    return _WORDS % json.dumps(all_of)


def wave(step: int) -> float:
    """A fast oscillation that slowly decays, with a single spike that no sample may lose."""
    return 3.0 if step == 777_777 else math.sin(step * 2.1) / (1 + step / 4e5)


def log_curve(api: Api, run: str, key: str, points: int, value: Any = wave) -> None:
    """Log a metric of so many points."""
    for begin in range(0, points, 1000):
        metrics = [
            {"key": key, "value": value(step), "timestamp": EPOCH + step, "step": step}
            for step in range(begin, min(begin + 1000, points))
        ]
        api.post("runs/log-batch", {"run_id": run, "metrics": metrics})


def pages(
    server: Server,
    measures: Measures,
    *,
    runs: int = 10_000,
    compared: int = 50,
    points: int = 1_000_000,
    repeats: int = 3,
    clients: int = 4,
) -> None:
    """First useful content in a fresh browser: experiments, runs, a comparison, a long chart."""
    names = ("experiments, s", "experiments, kB", "runs, s", "runs, kB", "compared, s", "chart, s")
    with measures.checked(*names):
        with Api(server.url) as api:
            experiment = api.create_experiment("pages")
            name = str(
                api.get("experiments/get", experiment_id=experiment)[1]["experiment"]["name"]
            )
            charts = api.create_experiment("charts")
            long = api.create_run(charts, EPOCH, run_name="long")
            log_curve(api, long, "wave", points)
        begin = time.perf_counter()
        together(load, [(server.url, experiment, range(i, runs, clients)) for i in range(clients)])
        measures["load, runs/s"] = runs / (time.perf_counter() - begin)
        with Api(server.url) as api:
            newest = next(
                api.search(
                    experiment, max_results=compared, order_by=["attributes.start_time DESC"]
                )
            )[1]
        ids = [str(run["info"]["run_id"]) for run in newest]
        begin_of = f"{server.url}/#/experiments"
        last = f"trial {runs - 1}"
        asked = f"runs={quote(json.dumps(ids))}&experiments={quote(json.dumps([experiment]))}"
        looks = {
            "experiments": (begin_of, words(name)),
            "runs": (f"{begin_of}/{experiment}/runs", words(last)),
            "compared": (
                f"{server.url}/#/compare-runs?{asked}",
                words(last, *trial_names(runs - 1)),
            ),
            "chart": (f"{begin_of}/{charts}/runs/{long}/model-metrics", _LINE),
        }
        with chromium() as browser:
            for what, (address, there) in looks.items():
                with measures.checked(f"{what}, s"):
                    seen = [browser.look(address, there) for _ in range(repeats)]
                    measures[f"{what}, s"] = statistics.median(each.seconds for each in seen)
                    measures[f"{what}, kB"] = statistics.median(each.kilobytes for each in seen)


# What of our own UI shows that it is done: rows that are not old, a chart that waits for nothing.
_ROWS = "document.querySelector('[aria-label=Runs][aria-busy=false] [aria-rowindex=\"2\"]')"
_MATCH = "(document.body.textContent.match(/[0-9,]+ of [0-9,]+ match/)?.[0] ?? null)"
_CHART = "document.querySelector('[aria-roledescription=chart][aria-busy=false] canvas')"
# Seconds from the last press of a key or button until `%s` holds and is painted.
_SINCE = """
new Promise((done, fail) => {
  const since = () => (performance.now() - window.__pressed) / 1e3
  const painted = () => requestAnimationFrame(() => done(since()))
  const look = () => {
    if (since() > 60) fail(new Error('nothing has changed in a minute'))
    else requestAnimationFrame((%s) ? painted : look)
  }
  requestAnimationFrame(look)
})
"""
_PRESSES = """
for (const kind of ['keydown', 'mousedown', 'mouseup'])
  addEventListener(kind, () => { window.__pressed = performance.now() }, true)
"""
# Scrolls the table for some seconds, a few rows with each frame; the frames in a second. A frame
# with a row whose content is not there yet does not count.
_SCROLL = """
new Promise(done => {
  const box = document.querySelector('[aria-label=Runs]')
  const begin = performance.now()
  let frames = 0
  const step = now => {
    if (now - begin > 3000) return done(frames / (now - begin) * 1e3)
    if (!box.querySelector('[data-index]:not([data-run])')) frames += 1
    box.scrollTop += 150
    requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
})
"""


def work(
    server: Server,
    measures: Measures,
    *,
    runs: int = 10_000,
    curves: int = 50,
    points: int = 10_000,
    repeats: int = 5,
    clients: int = 4,
) -> None:
    """Our own UI at work: sort, filter, scroll; curves over each other, and a zoom."""
    names = ("sort, s", "filter, s", "filter and count, s", "scroll, frames/s")
    with measures.checked(*names, "overlay, s", "zoom, s"):
        with Api(server.url) as api:
            experiment = api.create_experiment("table")
            charts = api.create_experiment("curves")
            for number in range(curves):
                run = api.create_run(charts, EPOCH + number, run_name=f"curve {number}")
                log_curve(api, run, "wave", points)
        together(load, [(server.url, experiment, range(i, runs, clients)) for i in range(clients)])
        with chromium() as browser:
            with browser.page() as page:
                page.add_init_script(_PRESSES)
                page.goto(f"{server.url}/#/experiments/{experiment}")
                page.get_by_text(f"{runs:,} runs", exact=True).wait_for()
                page.get_by_text(f"trial {runs - 1}", exact=True).wait_for()
                measures["scroll, frames/s"] = float(page.evaluate(_SCROLL))
                page.evaluate("document.querySelector('[aria-label=Runs]').scrollTop = 0")
                page.get_by_text(f"trial {runs - 1}", exact=True).wait_for()
                heads = page.get_by_role("columnheader")
                sorts = []
                for number in range(repeats):
                    # each column both ways: another press would show what is kept
                    key = ["accuracy", "metric_00", "metric_01", "metric_02"][number // 2 % 4]
                    before = json.dumps(page.evaluate(f"{_ROWS}.textContent"))
                    heads.get_by_role("button", name=key, exact=True).click()
                    new = f"{_ROWS} && {_ROWS}.textContent !== {before}"
                    sorts.append(page.evaluate(_SINCE % new))
                measures["sort, s"] = statistics.median(sorts)
                search = page.get_by_label("Search runs")
                filters, counts = [], []
                for number in range(repeats):
                    # neither the first row nor the count is that of the search before
                    dataset, least = DATASETS[number % 5], 0.6 + 0.05 * (number % 7)
                    row = json.dumps(page.evaluate(f"{_ROWS}.textContent"))
                    count = json.dumps(page.evaluate(_MATCH))
                    search.fill(f"params.dataset = '{dataset}' AND metrics.accuracy > {least:.2f}")
                    search.press("Enter")
                    new = f"{_ROWS} && {_ROWS}.textContent !== {row}"
                    filters.append(page.evaluate(_SINCE % new))
                    new = f"{_ROWS} && {_MATCH} && {_MATCH} !== {count}"
                    counts.append(page.evaluate(_SINCE % new))
                measures["filter and count, s"] = statistics.median(counts)
                measures["filter, s"] = statistics.median(filters)
            chart = [{"id": "a", "kind": "line", "width": 3, "options": {"metrics": ["wave"]}}]
            address = (
                f"{server.url}/#/experiments/{charts}?layout=charts&of=matching"
                f"&charts={quote(json.dumps(chart))}"
            )
            seen = [browser.look(address, _CHART) for _ in range(repeats)]
            measures["overlay, s"] = statistics.median(each.seconds for each in seen)
            with browser.page() as page:
                page.add_init_script(_PRESSES)
                page.goto(address)
                canvas = page.locator("[aria-roledescription=chart][aria-busy=false] canvas").first
                zooms = []
                for _ in range(3):
                    box = canvas.bounding_box()
                    assert box is not None
                    middle = box["y"] + box["height"] / 2
                    before = json.dumps(page.evaluate("location.hash"))
                    page.mouse.move(box["x"] + box["width"] * 0.4, middle)
                    page.mouse.down()
                    page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=5)
                    page.mouse.up()
                    new = f"location.hash !== {before} && {_CHART}"
                    zooms.append(page.evaluate(_SINCE % new))
                measures["zoom, s"] = statistics.median(zooms)


def trial_names(number: int) -> list[str]:
    """Some names of params and metrics of a run, from the top of their tables."""
    content = trial(number)
    return [content["params"][1]["key"], content["params"][2]["key"], content["metrics"][0]["key"]]
