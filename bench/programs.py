"""Workloads about programs: how a server starts, and what a Python client costs its script."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api import Api, Wrong
from measures import Measures
from servers import Server, environment

PROBE = Path(__file__).with_name("probe.py")
QUIET = {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}


def start_up(server: Server, measures: Measures, *, starts: int = 3) -> None:
    """Start on the storage of an earlier start: time to the first answer, memory when idle."""
    if not server.command:
        return
    with measures.checked("first /health, s", "idle RSS, MiB", "idle PSS, MiB"):
        seconds, resident, proportional = [], [], []
        for _ in range(starts):
            server.stop()
            seconds.append(server.start())
            server.settle()
            resident.append(server.resident_mib())
            proportional.append(server.proportional_mib())
        measures["first /health, s"] = statistics.median(seconds)
        measures["idle RSS, MiB"] = statistics.median(resident)
        measures["idle PSS, MiB"] = statistics.median(proportional)


def client(server: Server, measures: Measures, *, imports: int = 5, calls: int = 2000) -> None:
    """`import mlflow`, and `mlflow.log_metric` as scripts write it and with synchronous=True."""
    if not server.python:
        return
    names: tuple[str, ...]
    names = ("import, s", "import, MiB", "import to first run, s", "import to first run, MiB")
    with measures.checked(*names):
        told = [probe(server, "import", server.url)["measures"] for _ in range(1 + imports)]
        for name in names:  # without the first time, which fills caches
            measures[name] = statistics.median(each[name] for each in told[1:])
    names = ("log_metric, ms", "log_metric synchronous, ms", "until the run ended, points/s")
    with measures.checked(*names):
        answer = probe(server, "log", server.url, str(calls))
        measures.update(answer["measures"])
        with Api(server.url) as api:
            for key, run in answer["runs"].items():
                pages = api.history(run, key)
                found = [(int(p.get("step", 0)), p["value"]) for _, page in pages for p in page]
                if found != [(step, float(step)) for step in range(calls)]:
                    raise Wrong(f"{calls} points were logged; {len(found)} came back, or changed")


@contextlib.contextmanager
def probing(server: Server, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """probe.py, run by the server's client in an empty folder; killed if it is still there."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [str(Path(server.python).absolute()), "-c", PROBE.read_text(), *arguments],
            cwd=folder,
            env={**environment(), "XDG_STATE_HOME": folder, **QUIET},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()


def probe(server: Server, *arguments: str) -> Any:
    """What probe.py tells."""
    with probing(server, *arguments) as process:
        told, complaints = process.communicate()
        if process.returncode:
            raise Wrong(f"the client failed: {complaints.strip()[-500:]}")
    return json.loads(told.splitlines()[-1])
