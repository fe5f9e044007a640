"""`kill -9` of the server under load, and SIGTERM: what was acknowledged is there, exactly once."""

from __future__ import annotations

import http.client
import random
import shutil
import sqlite3
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.load import Load, create_run, load
from tests.faults.writer import HEADERS
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer

DATABASES = {"sqlite": 1, "postgresql": 2}  # workers


def check_file(folder: Path, copy: Path) -> None:
    """The file as the killed server left it opens without repair; looked at in a copy."""
    copy.mkdir()
    for file in folder.glob("mlflow.db*"):
        shutil.copy(file, copy)
    raw = sqlite3.connect(copy / "mlflow.db")
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()


def check_whole(writing: Load, server: RunningServer) -> None:
    """With the writers gone: acknowledged batches are there; every batch is whole, or not there."""
    present = writing.present(server)
    assert writing.done() <= present <= writing.sent()
    writing.check(server, present)


@pytest.mark.slow
@pytest.mark.parametrize("runs", [1, 16], ids=["one run", "own runs"])
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_servers_lose_nothing_that_was_acknowledged(
    request: pytest.FixtureRequest,
    start_server: StartServer,
    tmp_path: Path,
    database: str,
    runs: int,
    seed: int,
) -> None:
    dice = random.Random(seed)
    url = request.getfixturevalue(f"{database}_url")
    server = start_server(url, "--workers", str(DATABASES[database]))
    logged_to = [create_run(server) for _ in range(runs)]
    with load([server.url], logged_to, tmp_path / "journals", patient=True) as writing:
        whole = len(writing.everything())
        at = 0
        for number in range(3):
            at += dice.randrange(1, whole // 4)
            writing.wait_for(at)
            server.kill()
            if database == "sqlite":
                check_file(tmp_path, tmp_path / f"copy {number}")
            server.start()
        writing.finish()
        writing.check(server)
        # What was sent before it was acknowledged, and now all of it: nothing comes twice.
        with load([server.url], logged_to, tmp_path / "again") as again:
            again.finish()
            assert again.troubles() == []
        writing.check(server)


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("seed", [3, 4])
def test_half_a_batch_is_never_there(
    request: pytest.FixtureRequest,
    start_server: StartServer,
    tmp_path: Path,
    database: str,
    seed: int,
) -> None:
    """Server and writers are killed at once; nobody sends anything again."""
    url = request.getfixturevalue(f"{database}_url")
    server = start_server(url, "--workers", str(DATABASES[database]))
    with load([server.url], [create_run(server)], tmp_path / "journals", patient=True) as writing:
        writing.wait_for(random.Random(seed).randrange(50, 300))
        server.kill()
        writing.kill()
        server.start()
        check_whole(writing, server)


@pytest.mark.parametrize("database", DATABASES)
def test_a_stopped_server_finishes_what_it_began(
    request: pytest.FixtureRequest, start_server: StartServer, tmp_path: Path, database: str
) -> None:
    url = request.getfixturevalue(f"{database}_url")
    server = start_server(url, "--workers", str(DATABASES[database]))
    run = create_run(server)
    with load([server.url], [run], tmp_path / "journals", patient=True) as writing:
        writing.wait_for(100)
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()
        server.start()
        writing.finish()
        # Refused connections are all that the writers may have met.
        assert [line for line in writing.troubles() if " 0 " not in line] == []
        writing.check(server)


@pytest.mark.parametrize("database", DATABASES)
def test_a_request_that_is_being_sent_while_the_server_stops_is_answered(
    request: pytest.FixtureRequest, start_server: StartServer, database: str
) -> None:
    url = request.getfixturevalue(f"{database}_url")
    server = start_server(url)
    run = create_run(server)
    body = f'{{"run_id": "{run}", "key": "late", "value": 1.5, "timestamp": 1, "step": 2}}'.encode()
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.putrequest("POST", "/api/2.0/mlflow/runs/log-metric")
    for name, value in {**HEADERS, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body[:10])
    # The server has the first part: it has answered another request that came later.
    create_run(server)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    while server.healthy():  # until it takes no new connections
        pass
    connection.send(body[10:])
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"{}")
    connection.close()
    stopping.join(30)
    assert server.process.returncode == 0
    server.start()
    found = server.call("GET", f"metrics/get-history?run_id={run}&metric_key=late")
    assert [(point["step"], point["value"]) for point in found["metrics"]] == [(2, 1.5)]
