"""Takes the pictures of the web UI in docs/: `python tools/screenshots.py [NAME ...]`.

It fills a folder with tools/demo.py, starts a server on it, and opens each page in Chromium.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

import demo

DOCS = Path(__file__).parent.parent / "docs"
SIZE = (1440, 900)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
EXPERIMENT = "vision/resnet-sweep"
CHARTS = [
    {"id": "a", "kind": "line", "width": 1, "options": {"metrics": ["val/loss"], "smoothing": 0.6}},
    {"id": "b", "kind": "line", "width": 1, "options": {"metrics": ["val/accuracy"]}},
    {
        "id": "c",
        "kind": "parallel",
        "width": 2,
        "options": {
            "axes": ["params.lr", "params.batch_size", "params.optimizer", "metrics.`val/loss`"]
        },
    },
]


def pages(ids: dict[str, str]) -> dict[str, str]:
    """Name of the picture → address behind the `#`."""
    experiment, run = ids[EXPERIMENT], ids["run"]
    here = f"/experiments/{experiment}"
    columns = json.dumps(
        [
            "attributes.status",
            "attributes.duration",
            "metrics.`val/accuracy`",
            "min(metrics.`val/loss`)",
            "params.lr",
            "params.batch_size",
            "params.optimizer",
            "params.augment",
        ]
    )
    table = f"columns={quote(columns)}&order={quote('metrics.`val/accuracy` DESC')}"
    picked = json.dumps([run, ids["other"], ids["third"]])
    compared = f"runs={quote(picked)}&experiments={quote(json.dumps([experiment]))}"
    query = quote("metrics.`val/accuracy` > 0.7 OR params.lr = '0.001'")
    return {
        "ui-experiments": "/experiments",
        "ui-table": f"{here}?{table}&q={query}",
        "ui-groups": f"{here}?{table}&group={quote(json.dumps(['params.optimizer']))}",
        "ui-charts": f"{here}?layout=charts&of=matching&charts={quote(json.dumps(CHARTS))}",
        "ui-split": f"{here}?{table}&layout=split&charts={quote(json.dumps(CHARTS[:2]))}",
        "ui-compare": f"/compare-runs?{compared}",
        "ui-run": f"{here}/runs/{run}",
        "ui-artifacts": f"{here}/runs/{run}/artifacts?path=report/confusion.png",
    }


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server on the store in a folder."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health"):
                    break
                time.sleep(0.05)
            yield url
        finally:
            process.terminate()


def take(page: Page, name: str) -> None:
    """Write one picture, once nothing moves any more."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)  # charts draw after their data has come
    page.screenshot(path=DOCS / f"{name}.png")


def main() -> None:
    """Take the pictures that are named, or all of them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        wanted = pages(demo.fill(Path(folder)))
        with served(Path(folder)) as url:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=FLAGS
            )
            for name, address in wanted.items():
                if sys.argv[1:] and name not in sys.argv[1:]:
                    continue
                for theme in ("light", "dark") if name == "ui-charts" else ("light",):
                    context = browser.new_context(
                        viewport={"width": SIZE[0], "height": SIZE[1]},
                        color_scheme="dark" if theme == "dark" else "light",
                        reduced_motion="reduce",
                    )
                    page = context.new_page()
                    page.goto(f"{url}/#{address}")
                    take(page, f"{name}-dark" if theme == "dark" else name)
                    context.close()
            browser.close()


if __name__ == "__main__":
    main()
