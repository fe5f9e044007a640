"""Logging while the server is away, goes away and comes back, and offline."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import mlflow
from mlflow.client.transport import ServerAway
from mlflow.client.uri import outbox_for, transport_for
from mlflow.fluent import experiments
from tests.servers.millstream import RunningServer


@pytest.fixture
def server(
    running_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningServer]:
    """A server of the test's own, which it may stop; it is the current one."""
    monkeypatch.setattr(experiments, "_active", None)
    mlflow.set_tracking_uri(running_server.url)
    yield running_server
    if not running_server.healthy():
        running_server.start()
    while mlflow.active_run():
        mlflow.end_run()
    outbox_for(transport_for()).close()
    mlflow.set_tracking_uri("")


def test_the_server_goes_away_and_comes_back(server: RunningServer) -> None:
    mlflow.set_experiment("back")
    with mlflow.start_run() as run:
        mlflow.log_param("before", 1)
        server.stop()
        mlflow.log_param("during", 2)
        mlflow.set_tag("tag", "old")
        mlflow.set_tag("tag", "new")
        mlflow.log_metric("m", 3)
        with pytest.raises(mlflow.MlflowException, match="A param never changes"):
            mlflow.log_param("during", 3)
        with mlflow.start_run(nested=True, run_name="child") as child:
            mlflow.log_param("p", 4)
        server.start()
        mlflow.log_param("after", 5)
    mlflow.flush_async_logging()
    found = mlflow.get_run(run.info.run_id)
    assert found.data.params == {"before": "1", "during": "2", "after": "5"}
    assert (found.data.tags["tag"], found.data.metrics) == ("new", {"m": 3.0})
    assert found.info.status == "FINISHED"
    nested = mlflow.get_run(child.info.run_id)
    assert (nested.info.run_name, nested.info.status) == ("child", "FINISHED")
    assert nested.data.params == {"p": "4"}
    assert nested.data.tags["mlflow.parentRunId"] == run.info.run_id


def test_the_server_is_away_from_the_beginning(server: RunningServer) -> None:
    server.stop()
    experiment = mlflow.set_experiment("later")
    assert (experiment.name, experiment.experiment_id) == ("later", "")
    with mlflow.start_run(tags={"a": 1}, description="why") as run:
        mlflow.log_param("p", 1)
        mlflow.log_metrics({"m": 1})
        mlflow.delete_tag("a")
    server.start()
    mlflow.flush_async_logging()
    found = mlflow.get_run(run.info.run_id)
    assert mlflow.get_experiment(found.info.experiment_id).name == "later"
    assert found.info.run_name == run.info.run_name
    assert found.info.start_time == run.info.start_time
    assert (found.info.status, found.info.end_time) == ("FINISHED", run.info.end_time)
    assert (found.data.params, found.data.metrics) == ({"p": "1"}, {"m": 1.0})
    assert found.data.tags["mlflow.note.content"] == "why"
    assert "a" not in found.data.tags
    with mlflow.start_run() as next_run:
        pass
    assert next_run.info.experiment_id == found.info.experiment_id


def test_a_run_is_continued_while_the_server_is_away(server: RunningServer) -> None:
    with mlflow.start_run() as run:
        pass
    server.stop()
    with mlflow.start_run(run.info.run_id, run_name="again"):
        mlflow.log_metric("m", 1)
    server.start()
    mlflow.flush_async_logging()
    found = mlflow.get_run(run.info.run_id)
    assert (found.info.run_name, found.info.status) == ("again", "FINISHED")
    assert found.data.metrics == {"m": 1.0}


def test_who_waits_for_the_server_is_told_that_it_is_away(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.start_run()
    server.stop()
    with pytest.raises(ServerAway, match="cannot be reached"):
        mlflow.log_metric("m", 1, synchronous=True)
    with pytest.raises(ServerAway, match="cannot be reached"):
        mlflow.log_param("p", 1, synchronous=True)
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_LOGGING", "false")
    with pytest.raises(ServerAway, match="cannot be reached"):
        mlflow.start_run(nested=True)
    monkeypatch.delenv("MLFLOW_ENABLE_ASYNC_LOGGING")


def test_offline_nothing_is_sent_until_it_ends(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_OFFLINE", "1")
    mlflow.set_experiment("offline")
    with mlflow.start_run() as run:
        mlflow.log_param("p", 1)
        mlflow.log_metric("m", 1, synchronous=True)
        mlflow.log_input(mlflow.data.from_numpy(np.arange(2), name="d"))
    client = mlflow.MlflowClient()
    assert client.get_experiment_by_name("offline") is None
    monkeypatch.delenv("MLFLOW_OFFLINE")
    mlflow.flush_async_logging()
    found = mlflow.get_run(run.info.run_id)
    assert (found.data.params, found.data.metrics) == ({"p": "1"}, {"m": 1.0})
    assert [given.dataset.name for given in found.inputs.dataset_inputs] == ["d"]
    assert found.info.status == "FINISHED"
