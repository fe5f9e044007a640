"""One server for the tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.millstream import RunningServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with short patience and small bodies, shared by many tests."""
    options = ["--client-timeout", "1", "--max-body-size", "100000"]
    running = RunningServer(tmp_path_factory.mktemp("server"), None, options)
    yield running
    running.stop()
