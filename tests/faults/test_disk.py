"""A full disk under SQLite: a clear answer, nothing half stored, and all is well when it has room.

The answer is RESOURCE_EXHAUSTED, which is 429: the code's own description names a full file
system, and every official client sends such a request again, with growing pauses, for minutes. A
code that is not repeated would end a training for what an administrator mends in the meantime.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

from tests.faults.load import create_run, history
from tests.faults.writer import HEADERS
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer


class Disk(Protocol):
    """A place that can be filled up."""

    folder: Path

    def fill(self, server: RunningServer) -> None:
        """Leave no room."""

    def make_room(self, server: RunningServer) -> None:
        """Give the room back."""


class SmallDisk:
    """A file system of its own, of a few megabytes; only root may make one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, server: RunningServer) -> None:
        with self._ballast.open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"\0" * 4096)
            except OSError:
                pass

    def make_room(self, server: RunningServer) -> None:
        self._ballast.unlink()


class LimitedFiles:
    """An ordinary folder; the server's files may not grow for a while."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, server: RunningServer) -> None:
        largest = max(file.stat().st_size for file in self.folder.iterdir())
        _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (largest, hard))

    def make_room(self, server: RunningServer) -> None:
        _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.fixture(params=["disk", "limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A small disk where one can be mounted, and files that must not grow."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(folder)]
    mounted = (
        request.param == "disk"
        and os.geteuid() == 0
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )
    if not mounted:
        yield LimitedFiles(folder)
        return
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def batch(run: str, number: int) -> dict[str, Any]:
    """A batch that needs about 25 kB."""
    dice = random.Random(number)
    return {
        "run_id": run,
        "metrics": [
            {"key": f"m{number}", "value": dice.random(), "timestamp": step, "step": step}
            for step in range(1000 - 60)
        ],
        "params": [{"key": f"p{number}.{i}", "value": "x" * 200} for i in range(30)],
        "tags": [{"key": f"t{number}.{i}", "value": "y" * 200} for i in range(30)],
    }


def ask(server: RunningServer, path: str, question: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    status, answer = server.request(
        "POST", f"/api/2.0/mlflow/{path}", json.dumps(question).encode(), HEADERS
    )
    return status, json.loads(answer)


def check(server: RunningServer, run: str, logged: int) -> None:
    """The first batches are there as a whole, and nothing of others."""
    data = server.call("GET", f"runs/get?run_id={run}")["run"]["data"]
    wanted = range(logged)
    assert {m["key"] for m in data.get("metrics", [])} == {f"m{number}" for number in wanted}
    assert len(data.get("params", [])) == 30 * logged
    assert sum(tag["key"].startswith("t") for tag in data.get("tags", [])) == 30 * logged
    for number in wanted:
        assert history(server, run, f"m{number}") == [
            (point["timestamp"], point["step"], point["value"])
            for point in batch(run, number)["metrics"]
        ]


def test_a_full_disk_is_said_and_got_over(start_server: StartServer, disk: Disk) -> None:
    server = start_server(f"sqlite:///{disk.folder / 'mlflow.db'}")
    run = create_run(server)
    assert ask(server, "runs/log-batch", batch(run, 0)) == (200, {})
    logged = 1
    for _ in range(2):
        disk.fill(server)
        while True:
            status, answer = ask(server, "runs/log-batch", batch(run, logged))
            if status != 200:
                break
            logged += 1
            assert logged < 100, "the disk does not get full"
        assert (status, answer["error_code"]) == (429, "RESOURCE_EXHAUSTED")
        assert "Make room and try again" in answer["message"]
        assert str(disk.folder) in answer["message"]
        # Everything else is answered as well, with what was asked for or with the reason.
        for path, question in [
            ("runs/create", {"experiment_id": "0", "tags": batch(run, 999)["tags"]}),
            ("experiments/create", {"name": f"e{logged}", "tags": batch(run, 998)["tags"]}),
            ("runs/update", {"run_id": run, "run_name": "n" * 8000}),
        ]:
            status, answer = ask(server, path, question)
            assert status in (200, 429), answer
        check(server, run, logged)
        disk.make_room(server)
        assert ask(server, "runs/log-batch", batch(run, logged)) == (200, {})
        logged += 1
        check(server, run, logged)
    assert "Traceback" not in server.log.read_text()
    server.kill()
    server.start()
    check(server, run, logged)


def test_a_killed_server_with_a_full_disk_starts_when_there_is_room(
    start_server: StartServer, disk: Disk
) -> None:
    server = start_server(f"sqlite:///{disk.folder / 'mlflow.db'}")
    run = create_run(server)
    disk.fill(server)
    logged = 0
    while ask(server, "runs/log-batch", batch(run, logged))[0] == 200:
        logged += 1
    server.kill()
    if isinstance(disk, SmallDisk):
        disk.make_room(server)
    server.start()
    check(server, run, logged)
    assert ask(server, "runs/log-batch", batch(run, logged)) == (200, {})


def test_official_clients_are_not_hurried(start_server: StartServer, disk: Disk) -> None:
    """Without `Retry-After` they pause longer and longer; with it they soon have no tries left."""
    server = start_server(f"sqlite:///{disk.folder / 'mlflow.db'}")
    run = create_run(server)
    disk.fill(server)
    number = 0
    while ask(server, "runs/log-batch", batch(run, number))[0] == 200:
        number += 1
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    body = json.dumps(batch(run, number))
    connection.request("POST", "/api/2.0/mlflow/runs/log-batch", body, HEADERS)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 429
    assert answer.headers["Retry-After"] is None
