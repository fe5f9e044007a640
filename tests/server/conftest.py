"""One server for the tests that leave it as they found it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blobs.spellings import as_sent
from tests.server.artifacts import API, get, send
from tests.servers.millstream import RunningServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with short patience and small bodies, shared by many tests."""
    options = ["--client-timeout", "1", "--max-body-size", "100000"]
    running = RunningServer(tmp_path_factory.mktemp("server"), None, options)
    yield running
    running.stop()


@pytest.fixture
def root(server: RunningServer) -> Iterator[Path]:
    """Where the shared server keeps artifacts; it is empty again afterwards."""
    yield server.folder / "mlruns/artifacts"
    for entry in json.loads(get(server, API).body).get("files", []):
        assert send(server, "DELETE", f"{API}/{as_sent(entry['path'])}").status == 200
