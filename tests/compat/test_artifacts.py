"""Artifacts between official clients and our server, and our client and the official server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.compat.programs import ROOT, interpreter, official_server
from tests.faults.artifacts import listed, new_run, root_of, state_on, write
from tests.servers.fixtures import ProxyInFront, StartServer
from tests.servers.millstream import RunningServer
from tests.servers.object_stores import S3Server

pytestmark = pytest.mark.compat


#: what makes an official client send in parts, and ours too
IN_PARTS = {
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true",
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(5 * 1024 * 1024),
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(5 * 1024 * 1024),
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true",
    "MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE": str(5 * 1024 * 1024),
    "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": str(5 * 1024 * 1024),
}
NEW = "official-3.17"


def seen(
    python: Path, tracking_uri: str, folder: Path, settings: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the client of `python` saw of its artifacts on a server."""
    done = subprocess.run(
        [python, ROOT / "tests/compat/steps_artifacts.py", tracking_uri],
        cwd=folder,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", **(settings or {})},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    found: dict[str, Any] = json.loads(line)
    return found


@contextmanager
def requests_to(server: RunningServer) -> Iterator[list[str]]:
    """The paths of the requests meanwhile, told afterwards; a server that ends has noted all."""
    assert server.stop() == 0
    before = len(server.log.read_text())
    server.start()
    paths: list[str] = []
    yield paths
    assert server.stop() == 0
    lines = server.log.read_text()[before:].splitlines()
    paths += [json.loads(line)["path"] for line in lines if line.startswith("{")]


def test_clients_and_servers_agree(running_server: RunningServer, tmp_path: Path) -> None:
    ours = seen(Path(sys.executable), running_server.url, tmp_path)
    assert ours["fetch flat/sub/ü 1+2%.bin"] == {"ü 1+2%.bin": [2097152, "91d3beb88a9b2f77"]}
    assert ours["missing"] == "RESOURCE_DOES_NOT_EXIST"
    assert seen(interpreter(NEW), running_server.url, tmp_path) == ours
    in_parts = seen(Path(sys.executable), running_server.url, tmp_path, IN_PARTS)
    assert in_parts == ours
    with official_server(tmp_path) as url:
        assert seen(Path(sys.executable), url, tmp_path) == ours
        assert seen(Path(sys.executable), url, tmp_path, IN_PARTS) == ours


def test_official_clients_send_in_parts(running_server: RunningServer, tmp_path: Path) -> None:
    ours = seen(Path(sys.executable), running_server.url, tmp_path)
    with requests_to(running_server) as paths:
        assert seen(interpreter(NEW), running_server.url, tmp_path, IN_PARTS) == ours
    asked = [
        path.removeprefix("/api/2.0/mlflow-artifacts/mpu/").partition("/")[0]
        for path in paths
        if "/mlflow-artifacts/mpu/" in path
    ]
    # 12 MiB and a bit are three parts; they are logged twice.
    assert Counter(asked) == {"create": 2, "part": 6, "complete": 2}


@pytest.mark.parametrize("settings", [{}, IN_PARTS], ids=["whole", "in parts"])
def test_official_clients_with_a_store_behind_the_server(
    start_server: StartServer,
    ceph_server: S3Server,
    tmp_path: Path,
    settings: Mapping[str, str],
) -> None:
    bucket = ceph_server.fresh()
    server = start_server(
        None,
        *("--artifacts-destination", f"s3://{bucket}/artifacts"),
        environment=ceph_server.environment,
    )
    ours = seen(Path(sys.executable), server.url, tmp_path)
    assert ours["fetch flat/sub/ü 1+2%.bin"] == {"ü 1+2%.bin": [2097152, "91d3beb88a9b2f77"]}
    with requests_to(server) as paths:
        assert seen(interpreter(NEW), server.url, tmp_path, settings) == ours
    kinds = Counter(path.split("/")[4] for path in paths if path.startswith("/api/"))
    assert ("mpu" in kinds) == bool(settings)  # parts go past the server
    assert kinds["presigned"] > 0  # and so do downloads


PUT = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.MlflowClient().log_artifact(sys.argv[2], sys.argv[3])
"""


@pytest.mark.parametrize("settings", [{}, IN_PARTS], ids=["whole", "in parts"])
def test_an_official_upload_that_is_killed_leaves_nothing_visible(
    running_server: RunningServer,
    fault_proxy: ProxyInFront,
    tmp_path: Path,
    settings: Mapping[str, str],
) -> None:
    run = new_run(running_server)
    content = write(tmp_path / "model.bin", 30_000_000, 1)
    proxy = fault_proxy(running_server.url)
    command = [str(interpreter(NEW)), "-c", PUT, proxy.url, run, str(tmp_path / "model.bin")]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", **settings}
    started = threading.Event()

    def kill() -> None:
        started.wait()
        process.kill()

    proxy.when(17_000_000, kill)
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    started.set()
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == -9, errors
    assert listed(running_server, root_of(run)) == {}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    assert state_on(running_server, root_of(run)) == {"model.bin": content}
