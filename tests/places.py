"""Where runs can be logged to: an embedded folder, and a server that the tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import mlflow
from mlflow.client.transport import Local
from mlflow.client.uri import open_outbox, transport_for
from mlflow.fluent import active, experiments
from tests.servers.millstream import RunningServer


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests that only log to it; they use experiments of their own."""
    server = RunningServer(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The tracking URI of a fresh embedded folder; it is the current one."""
    yield from _current(str(tmp_path / "runs"), monkeypatch)


@pytest.fixture(params=["folder", "server"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The tracking URI of a folder and of a server; it is the current one."""
    if request.param == "folder":
        uri = str(tmp_path / "runs")
    else:
        uri = request.getfixturevalue("shared_server").url
    yield from _current(uri, monkeypatch)


@pytest.fixture
def experiment(place: str, request: pytest.FixtureRequest) -> str:
    """The id of a fresh experiment; it is the active one."""
    return mlflow.set_experiment(request.node.name).experiment_id


@pytest.fixture
def run_id(experiment: str) -> str:
    """The id of a fresh run; it is not the active one."""
    return mlflow.MlflowClient().create_run(experiment).info.run_id


def _current(uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(experiments, "_active", None)
    mlflow.set_tracking_uri(uri)
    transport = transport_for(uri)
    yield uri
    while active.stack():
        mlflow.end_run()
    outbox = open_outbox(transport)
    if outbox is not None:
        outbox.close()
    if isinstance(transport, Local):
        transport.close()
    mlflow.set_tracking_uri("")
