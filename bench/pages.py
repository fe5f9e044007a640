"""Workloads about the web UI: how long a fresh browser waits for what its reader came for."""

from __future__ import annotations

import json
import math
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from api import Api
from measures import Measures
from reading import load, trial
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
PATIENCE = 60_000  # milliseconds

# Watches a page from its first moment on, frame by frame, and notes when something is there for
# the first time. `there` is JavaScript, put in by `watch`.
_WATCH = """
(() => {
  const there = () => { try { return Boolean(%s) } catch { return false } }
  const look = () => {
    if (there()) window.__there = performance.now()
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
})()
"""
# The words `all` stand somewhere on the page.
_WORDS = "(all => all.every(each => document.body.textContent.includes(each)))(%s)"
# A line chart shows a line: an SVG path with many points, or a drawn canvas.
_LINE = """
[...document.querySelectorAll('.js-plotly-plot path.js-line')]
  .some(path => path.getAttribute('d').length > 5000)
|| document.querySelector('[data-curves-drawn]')
"""


@dataclass
class Seen:
    """What a fresh browser saw: seconds until it was there, kilobytes that came over the wire."""

    seconds: float
    kilobytes: float


class Browser:
    """Chromium without a window; each look is by a fresh profile with nothing kept."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser

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
            page.wait_for_function("window.__there", timeout=PATIENCE, polling=5)
            page.wait_for_load_state("networkidle")
            return Seen(page.evaluate("window.__there") / 1e3, sum(received) / 1e3)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; `MILLSTREAM_BENCH_CHROMIUM` names another program than `chromium`."""
    # only this workload needs it
    from playwright.sync_api import sync_playwright

    program = os.environ.get("MILLSTREAM_BENCH_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield Browser(browser)
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


def trial_names(number: int) -> list[str]:
    """Some names of params and metrics of a run, from the top of their tables."""
    content = trial(number)
    return [content["params"][1]["key"], content["params"][2]["key"], content["metrics"][0]["key"]]
