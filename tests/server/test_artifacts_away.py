"""A store behind the server that takes connections and says nothing: all else goes on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest

from tests.server.raw import Conversation, request
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer

MIB = 1024 * 1024
_LIST = "/api/2.0/mlflow/artifacts/list"
_KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "any"}


@pytest.fixture
def hung(start_server: StartServer) -> Iterator[RunningServer]:
    """A server whose store never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as store:
        endpoint = f"http://127.0.0.1:{store.getsockname()[1]}"
        environment = {**_KEYS, "MLFLOW_S3_ENDPOINT_URL": endpoint}
        server = start_server(
            None, "--artifacts-destination", "s3://bucket", environment=environment
        )
        yield server
        server.kill()


def test_runs_are_logged_and_read(hung: RunningServer) -> None:
    run_id = hung.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    with ExitStack() as stack:
        for _ in range(40):  # more than there are threads
            asking = stack.enter_context(Conversation(hung.url))
            asking.send(request("GET", f"{_LIST}?run_id={run_id}", b"", kind=None))
        # Each of these calls gives up long before the server gives up its store.
        metric = {"run_id": run_id, "key": "loss", "value": 1, "timestamp": 1}
        hung.call("POST", "runs/log-metric", metric)
        found = hung.call("POST", "runs/search", {"experiment_ids": ["0"]})["runs"]
        assert [run["info"]["run_id"] for run in found] == [run_id]


def test_few_files_of_pages_are_held_in_memory(hung: RunningServer) -> None:
    run_id = hung.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    address = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run_id}&path=x"
    head = f"POST {address} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {8 * MIB}\r\n\r\n"
    process = psutil.Process(hung.pid)
    before = process.memory_info().rss
    with ExitStack() as stack:
        for _ in range(30):
            sending = stack.enter_context(Conversation(hung.url))
            sending.socket.settimeout(0.2)
            with suppress(TimeoutError):  # the server does not take it yet
                sending.send(head.encode() + bytes(8 * MIB - 1))
        assert process.memory_info().rss - before < 100 * MIB
