"""Runs the scenario: environments of official clients, the official server, one play of it."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import processes

ROOT = Path(__file__).parents[2]
SCENARIO_SECONDS = 300.0

Answers = dict[str, dict[str, Any]]


def interpreter(environment: str) -> Path:
    """The Python of an environment of tests/compat/environments, made when it is not there."""
    folder = ROOT / os.environ.get("MILLSTREAM_TEST_COMPAT_FOLDER", ".cache/compat")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{environment}.lock").open("a") as lock:  # others may need it, too
        fcntl.lockf(lock, fcntl.LOCK_EX)
        subprocess.run(
            [ROOT / "scripts/compat-environments", environment],
            env={**os.environ, "PYTHON": sys.executable},
            check=True,
        )
    return folder / environment / "bin/python"


@contextmanager
def official_server(folder: Path) -> Iterator[str]:
    """The address of a fresh official 3.17 server, with its database in `folder`."""
    python = interpreter("official-3.17")
    port = processes.free_port()
    log = folder / "official-server.log"
    program = str(python.parent / "mlflow")
    command = [program, "server", "--workers", "1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--backend-store-uri", f"sqlite:///{folder}/official.db"],
            cwd=folder,
            # It starts its worker by the bare name of a program.
            env={
                **os.environ,
                "PATH": f"{python.parent}:{os.environ['PATH']}",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                "MLFLOW_DISABLE_TELEMETRY": "true",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        processes.wait_until(
            lambda: _healthy(port), process, "the official server", log, seconds=120.0
        )
        yield f"http://127.0.0.1:{port}"
    finally:
        processes.stop(process)


def play(
    python: Path,
    tracking_uri: str,
    folder: Path,
    part: str = "all",
    environment: Mapping[str, str] | None = None,
) -> Answers:
    """The recording of the scenario by the client of `python` on the server at `tracking_uri`."""
    out = folder / "recording.json"
    done = subprocess.run(
        [python, ROOT / "tests/compat/scenario.py", tracking_uri, out, part],
        cwd=folder,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", **(environment or {})},
        capture_output=True,
        text=True,
        timeout=SCENARIO_SECONDS,
    )
    assert done.returncode == 0, f"the scenario broke off:\n{done.stderr[-3000:]}"
    answers: Answers = json.loads(out.read_text(encoding="utf-8"))
    return answers


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
