"""The stream of changes: what a browser, a proxy and a server that stops see of it."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import signal
import socket
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mlflow import service
from mlflow.server.changes import MOST_LISTENERS, Changes
from mlflow.server.routes import Work
from mlflow.service.changes import get_changed
from mlflow.wire.changes import WatchChanges
from mlflow.wire.runs import CreateRun
from tests.servers.fixtures import NginxInFront, StartServer
from tests.servers.millstream import RunningServer

PATH = "/ajax-api/2.0/mlflow/runs/changes"


class Stream:
    """A client that listens."""

    def __init__(self, url: str, query: str = "experiment_ids=0", **headers: str) -> None:
        where = urlsplit(url)
        self._connection = http.client.HTTPConnection(where.netloc, timeout=30)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", f"{where.path}{PATH}?{query}", headers=given)
        self.answer = self._connection.getresponse()
        self.id = ""

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self._connection.close()

    def event(self) -> dict[str, Any] | None:
        """The data of the next event; None at the end of the stream."""
        fields: dict[str, str] = {}
        for line in self.answer:
            text = line.decode().rstrip("\n")
            assert text != ": no change", "nothing came for long"
            if not text and fields:
                assert fields["event"] == "runs"
                data: dict[str, Any] = json.loads(fields["data"])
                assert fields["id"] == data["cursor"]
                self.id = fields["id"]
                return data
            name, _, value = text.partition(": ")
            if name:
                fields[name] = value
        return None

    def until(self, *run_ids: str) -> set[str]:
        """The runs that are named until these are."""
        named: set[str] = set()
        end = time.monotonic() + 30
        while not named.issuperset(run_ids):
            event = self.event()
            assert event is not None
            assert time.monotonic() < end
            named |= set(event["run_ids"])
        return named


def new_experiment(server: RunningServer, name: str) -> str:
    made: str = server.call("POST", "experiments/create", {"name": name})["experiment_id"]
    return made


def new_run(server: RunningServer, experiment: str = "0") -> str:
    made: str = server.call("POST", "runs/create", {"experiment_id": experiment})["run"]["info"][
        "run_id"
    ]
    return made


def in_flight(server: RunningServer) -> int:
    found = re.search(
        rb"^mlflow_http_requests_in_flight (\d+)", server.request("GET", "/metrics")[1], re.M
    )
    assert found
    return int(found[1])


def wait_until_in_flight(server: RunningServer, count: int) -> None:
    end = time.monotonic() + 30
    while in_flight(server) != count:
        assert time.monotonic() < end


@pytest.fixture
def experiment(server: RunningServer, request: pytest.FixtureRequest) -> str:
    return new_experiment(server, request.node.name)


def test_changes_come_as_they_happen(server: RunningServer, experiment: str) -> None:
    other = new_experiment(server, "another experiment")
    with Stream(server.url, f"experiment_ids={experiment}&experiment_ids=0") as stream:
        answer = stream.answer
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["x-accel-buffering"] == "no"
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["content-length"] is None
        first = stream.event()
        assert first is not None
        assert (first["run_ids"], first["more"]) == ([], False)
        foreign = new_run(server, other)
        run = new_run(server, experiment)
        assert foreign not in stream.until(run)
        server.call("POST", "runs/set-tag", {"run_id": run, "key": "k", "value": "v"})
        stream.until(run)


def test_a_client_that_was_cut_off_goes_on_where_it_was(
    server: RunningServer, experiment: str
) -> None:
    query = f"experiment_ids={experiment}"
    with Stream(server.url, query) as stream:
        stream.event()
        cursor = stream.id
    run = new_run(server, experiment)
    for stream in (
        Stream(server.url, f"{query}&since={cursor}"),
        Stream(server.url, f"{query}&since={cursor}", Last_Event_ID=""),
        Stream(server.url, f"{query}&since=99999999999", Last_Event_ID=cursor),
    ):
        with stream:
            event = stream.event()
            assert event is not None
            assert event["run_ids"] == [run]


def test_all_who_watch_the_same_hear_the_same(server: RunningServer, experiment: str) -> None:
    with ExitStack() as stack:
        streams = [
            stack.enter_context(Stream(server.url, f"experiment_ids={experiment}"))
            for _ in range(20)
        ]
        for stream in streams:
            stream.event()
        runs = [new_run(server, experiment) for _ in range(3)]
        for stream in streams:
            assert stream.until(*runs) == set(runs)


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("experiment_ids=x", {}),
        ("experiment_ids=0&since=x", {}),
        ("experiment_ids=0", {"Last_Event_ID": "x"}),
    ],
)
def test_wrong_questions(server: RunningServer, query: str, headers: dict[str, str]) -> None:
    with Stream(server.url, query, **headers) as stream:
        assert stream.answer.status == 400
        assert json.loads(stream.answer.read())["error_code"] == "INVALID_PARAMETER_VALUE"


def test_a_client_that_goes_away_is_forgotten(start_server: StartServer) -> None:
    server = start_server(None)
    alone = in_flight(server)
    streams = [Stream(server.url) for _ in range(5)]
    for stream in streams:
        stream.event()
    assert in_flight(server) == alone + 5
    for stream in streams:
        stream.__exit__()
    wait_until_in_flight(server, alone)


def test_head_does_not_listen(server: RunningServer) -> None:
    status, body = server.request("HEAD", f"{PATH}?experiment_ids=0")
    assert (status, body) == (200, b"")


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_server_that_stops_ends_its_streams(start_server: StartServer, count: str) -> None:
    server = start_server(None, "--workers", count)
    with ExitStack() as stack:
        streams = [stack.enter_context(Stream(server.url)) for _ in range(4)]
        for stream in streams:
            stream.event()
        server.process.send_signal(signal.SIGTERM)
        for stream in streams:
            while stream.event() is not None:
                pass
        assert server.process.wait(20) == 0
    assert "stopped before all requests were finished" not in server.log.read_text()


def test_through_a_proxy_with_its_defaults(
    server: RunningServer, experiment: str, nginx_in_front: NginxInFront
) -> None:
    proxy = nginx_in_front(server.url)
    with Stream(proxy.url, f"experiment_ids={experiment}", Accept_Encoding="gzip") as stream:
        assert stream.answer.headers["content-encoding"] is None
        assert stream.event() is not None
        stream.until(new_run(server, experiment))


def test_too_many_are_told_so(start_server: StartServer) -> None:
    server = start_server(None)
    listening: list[socket.socket] = []
    try:
        for connection in _listen(server, MOST_LISTENERS):
            listening.append(connection)
        with Stream(server.url) as stream:
            assert stream.answer.status == 503
            assert stream.answer.headers["retry-after"] == "5"
            error = json.loads(stream.answer.read())
            assert error["error_code"] == "TEMPORARILY_UNAVAILABLE"
            assert str(MOST_LISTENERS) in error["message"]
        run = new_run(server)  # all else is answered as ever
        for connection in listening:
            text = b""
            while run.encode() not in text:
                text += connection.recv(4096)
        listening.pop().close()
        wait_until_in_flight(server, MOST_LISTENERS)  # the others, and this question
        with Stream(server.url) as stream:
            assert stream.answer.status == 200
    finally:
        for connection in listening:
            connection.close()


async def _asked_at_once(server: RunningServer, count: int) -> list[bytes]:
    """The status of each of many streams that are asked for at the same time."""
    question = f"GET {PATH}?experiment_ids=0 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    opened = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(count)]
    for _, writer in opened:
        writer.write(question)
    lines = await asyncio.gather(*(reader.readline() for reader, _ in opened))
    for _, writer in opened:
        writer.close()
    return [line.split()[1] for line in lines]


def test_too_many_at_once_are_told_so(start_server: StartServer) -> None:
    found = asyncio.run(_asked_at_once(start_server(None), MOST_LISTENERS + 100))
    assert found.count(b"200") == MOST_LISTENERS
    assert found.count(b"503") == 100


def _listen(server: RunningServer, count: int) -> Iterator[socket.socket]:
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        connection.sendall(
            f"GET {PATH}?experiment_ids=0 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        )
        yield connection
        text = b""
        while b"event: runs" not in text:
            text += connection.recv(4096)
        assert text.startswith(b"HTTP/1.1 200")


class Counted(Work):
    """Threads that count what is done in them."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}

    async def in_thread(self, function: Callable[..., Any], *arguments: object) -> Any:
        name = function.__name__
        self.counts[name] = self.counts.get(name, 0) + 1
        return await super().in_thread(function, *arguments)


async def _until(events: AsyncGenerator[bytes, None], run: str) -> None:
    async for event in events:
        if run.encode() in event:
            return


async def _hundred_listen(engine: service.Engine, work: Counted) -> tuple[str, float]:
    changes = Changes(engine, work, 5)
    first = get_changed(engine, WatchChanges(experiment_ids=["0"]))
    listening = [changes.events(["0"], first) for _ in range(100)]
    for events in listening:
        await events.__anext__()
    begun = time.monotonic()
    run = ""
    waiting: list[asyncio.Task[None]] = []
    for _ in range(2):
        made = service.runs.create(engine, CreateRun(experiment_id="0", start_time=1))
        run = made.run.info.run_id
        waiting = [asyncio.create_task(_until(events, run)) for events in listening]
        await asyncio.wait_for(asyncio.gather(*waiting), 30)
    seconds = time.monotonic() - begun
    for events in listening:
        await events.aclose()
    assert changes._feeds == {}
    assert changes._listeners == set()
    return run, seconds


@pytest.mark.parametrize("waiting", [64, 0])
def test_one_look_at_the_store_serves_all(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    """Who cannot take what waits asks for it; nobody misses anything either way."""
    monkeypatch.setattr("mlflow.server.changes._MOST_WAITING", waiting)
    engine = service.open_engine(sqlite_url, "a")
    work = Counted()
    try:
        _, seconds = asyncio.run(_hundred_listen(engine, work))
    finally:
        work.close(True)
        engine.close()
    assert work.counts["now"] == 1
    assert work.counts["since"] <= seconds + 2
    if waiting:
        assert work.counts["get_changed"] == 100  # each once, at its start


class Finished(Work):
    """Threads that count what was done in them, failures included."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = {"get_changed": 0, "since": 0, "now": 0}

    async def in_thread(self, function: Callable[..., Any], *arguments: object) -> Any:
        try:
            return await super().in_thread(function, *arguments)
        finally:
            self.counts[function.__name__] += 1

    async def until(self, name: str, count: int) -> None:
        """Wait until something was done so often."""
        while self.counts[name] < count:
            await asyncio.sleep(0.001)


async def _listen_while_it_fails(engine: service.Engine, work: Finished, file: str) -> None:
    changes = Changes(engine, work, 5)
    events = changes.events(["0"], get_changed(engine, WatchChanges(experiment_ids=["0"])))
    await events.__anext__()
    following = asyncio.create_task(events.__anext__())
    await work.until("get_changed", 1)
    with closing(sqlite3.connect(file, timeout=30)) as database:
        database.execute("ALTER TABLE runs RENAME TO away")
        await work.until("since", work.counts["since"] + 5)
        database.execute("ALTER TABLE away RENAME TO runs")
    made = service.runs.create(engine, CreateRun(experiment_id="0", start_time=1))
    assert made.run.info.run_id.encode() in await following
    await events.aclose()


def test_a_database_that_fails_for_a_while_is_spoken_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("mlflow.server.changes._PAUSE", 0.01)
    file = str(tmp_path / "runs.db")
    engine = service.open_engine(f"sqlite:///{file}", "a")
    work = Finished()
    try:
        asyncio.run(asyncio.wait_for(_listen_while_it_fails(engine, work, file), 60))
    finally:
        work.close(True)
        engine.close()
    said = [record for record in caplog.records if record.name == "mlflow.server"]
    assert [record.getMessage() for record in said] == ["changes of runs could not be looked for"]
