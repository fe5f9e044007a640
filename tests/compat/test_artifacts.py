"""Artifacts between official clients and our server, and our client and the official server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.compat.programs import ROOT, interpreter, official_server
from tests.servers.millstream import RunningServer

pytestmark = pytest.mark.compat


def seen(python: Path, tracking_uri: str, folder: Path) -> dict[str, Any]:
    """What the client of `python` saw of its artifacts on a server."""
    done = subprocess.run(
        [python, ROOT / "tests/compat/steps_artifacts.py", tracking_uri],
        cwd=folder,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    found: dict[str, Any] = json.loads(line)
    return found


def test_clients_and_servers_agree(running_server: RunningServer, tmp_path: Path) -> None:
    ours = seen(Path(sys.executable), running_server.url, tmp_path)
    assert ours["fetch flat/sub/ü 1+2%.bin"] == {"ü 1+2%.bin": [2097152, 267386880]}
    assert ours["missing"] == "RESOURCE_DOES_NOT_EXIST"
    assert seen(interpreter("official-3.17"), running_server.url, tmp_path) == ours
    with official_server(tmp_path) as url:
        assert seen(Path(sys.executable), url, tmp_path) == ours
