"""Runs of the fluent API, in a folder and on a server."""

from __future__ import annotations

import os
import sys

import pytest

import mlflow
from mlflow.exceptions import MlflowException


def status_of(run_id: str) -> str:
    return mlflow.get_run(run_id).info.status


def test_a_run_starts_and_ends(experiment: str) -> None:
    run = mlflow.start_run(run_name="named", tags={"a": 1}, description="*why*")
    active = mlflow.active_run()
    assert active is run
    assert isinstance(run, mlflow.ActiveRun)
    assert run.info.experiment_id == experiment
    assert run.data.tags["mlflow.source.name"] == sys.argv[0]
    found = mlflow.get_run(run.info.run_id)
    assert found.data.tags["mlflow.note.content"] == "*why*"
    assert (found.info.run_name, found.data.tags["a"]) == ("named", "1")
    assert found.info.status == "RUNNING"
    mlflow.end_run()
    assert mlflow.active_run() is None
    ended = mlflow.get_run(run.info.run_id).info
    assert ended.status == "FINISHED"
    assert ended.end_time is not None
    mlflow.end_run()


def test_one_run_at_a_time(experiment: str) -> None:
    run = mlflow.start_run()
    with pytest.raises(Exception, match=f"Run {run.info.run_id} is active") as caught:
        mlflow.start_run()
    assert type(caught.value) is Exception


def test_the_end_of_the_block_ends_the_run(experiment: str) -> None:
    with mlflow.start_run() as fine:
        pass
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as failed:
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), mlflow.start_run() as killed:
        raise KeyboardInterrupt
    with pytest.raises(SystemExit), mlflow.start_run() as left:
        raise SystemExit(0)
    with pytest.raises(SystemExit), mlflow.start_run() as left_badly:
        raise SystemExit(3)
    statuses = [status_of(run.info.run_id) for run in (fine, failed, killed, left, left_badly)]
    assert statuses == ["FINISHED", "FAILED", "KILLED", "FINISHED", "FAILED"]


def test_the_block_ends_what_is_open_inside_and_nothing_outside(experiment: str) -> None:
    outer = mlflow.start_run()
    with mlflow.start_run(nested=True):
        inner = mlflow.start_run(nested=True)
    assert mlflow.active_run() is outer
    assert status_of(inner.info.run_id) == "FINISHED"
    with mlflow.start_run(nested=True) as middle:
        mlflow.end_run("FAILED")
    assert status_of(middle.info.run_id) == "FAILED"
    assert mlflow.active_run() is outer


def test_nested_runs_know_their_parent(experiment: str) -> None:
    with mlflow.start_run() as parent:
        with mlflow.start_run(nested=True) as child:
            pass
        with mlflow.start_run(nested=True, parent_run_id=child.info.run_id) as grandchild:
            pass
    found = mlflow.get_parent_run(child.info.run_id)
    assert found is not None
    assert found.info.run_id == parent.info.run_id
    assert grandchild.data.tags["mlflow.parentRunId"] == child.info.run_id
    with mlflow.start_run(parent_run_id=parent.info.run_id) as later:
        assert later.data.tags["mlflow.parentRunId"] == parent.info.run_id


def test_a_run_is_continued(experiment: str) -> None:
    with mlflow.start_run(run_name="first") as run:
        mlflow.log_param("depth", 3)
    ended = mlflow.get_run(run.info.run_id).info.end_time
    with mlflow.start_run(run.info.run_id, run_name="second", tags={"a": 1}) as again:
        now = mlflow.get_run(run.info.run_id)
        assert (now.info.status, now.info.end_time) == ("RUNNING", ended)
        assert again.data.params == {"depth": "3"}
        assert again.data.tags["a"] == "1"
        with pytest.raises(MlflowException, match="A param never changes"):
            mlflow.log_param("depth", 4)
    info = mlflow.get_run(run.info.run_id).info
    assert (info.run_name, info.status) == ("second", "FINISHED")


def test_what_cannot_be_continued(experiment: str) -> None:
    with mlflow.start_run() as run:
        pass
    other = mlflow.set_experiment("another one")
    with pytest.raises(MlflowException, match="belongs to the experiment"):
        mlflow.start_run(run.info.run_id)
    with mlflow.start_run(run.info.run_id, experiment_id=experiment):
        pass
    mlflow.delete_run(run.info.run_id)
    with pytest.raises(MlflowException, match="is deleted"):
        mlflow.start_run(run.info.run_id, experiment_id=experiment)
    mlflow.restore_run(run.info.run_id)
    with pytest.raises(MlflowException) as caught:
        mlflow.start_run("0" * 32)
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert mlflow.active_run() is None
    assert other.experiment_id != experiment


def test_the_environment_names_a_run_once(
    experiment: str, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    with mlflow.start_run() as adopted, mlflow.start_run(nested=True) as nested:
        pass
    with mlflow.start_run() as fresh:
        pass
    assert adopted.info.run_id == run_id
    assert run_id not in (nested.info.run_id, fresh.info.run_id)
    assert "MLFLOW_RUN_ID" not in os.environ


def test_a_description_is_given_once(experiment: str) -> None:
    with pytest.raises(MlflowException, match="given twice"):
        mlflow.start_run(tags={"mlflow.note.content": "a"}, description="b")


def test_the_last_active_run_is_the_one_that_ended_last(experiment: str) -> None:
    with mlflow.start_run() as outer, mlflow.start_run(nested=True):
        pass
    last = mlflow.last_active_run()
    assert last is not None
    assert last.info.run_id == outer.info.run_id


def test_the_last_active_run(experiment: str) -> None:
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 1)
        last = mlflow.last_active_run()
        assert last is not None
        assert last.info.run_id == run.info.run_id
        assert last.data.metrics == {"m": 1.0}
    last = mlflow.last_active_run()
    assert last is not None
    assert (last.info.run_id, last.info.status) == (run.info.run_id, "FINISHED")


def test_a_server_can_be_looked_at(
    place: str, experiment: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with mlflow.start_run(run_name="look") as run:
        pass
    told = capsys.readouterr().out
    if not place.startswith("http"):
        assert told == ""
        return
    page = f"{place}/#/experiments/{experiment}"
    assert told == (
        f"View run look at: {page}/runs/{run.info.run_id}\nView experiment at: {page}\n"
    )
    monkeypatch.setenv("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    with mlflow.start_run():
        pass
    assert capsys.readouterr().out == ""


def test_where_artifacts_are(experiment: str) -> None:
    with mlflow.start_run() as run:
        root = mlflow.get_artifact_uri()
        assert root == run.info.artifact_uri
        assert mlflow.get_artifact_uri("a/b.txt") == f"{root}/a/b.txt"
        with pytest.raises(MlflowException, match="does not lie below"):
            mlflow.get_artifact_uri("../other")


def test_system_metrics(experiment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "60")
    with mlflow.start_run(log_system_metrics=True) as run:
        pass
    first = mlflow.get_run(run.info.run_id).data.metrics
    assert "system/cpu_utilization_percentage" in first
    with mlflow.start_run(run.info.run_id, log_system_metrics=True):
        pass
    client = mlflow.MlflowClient()
    history = client.get_metric_history(run.info.run_id, "system/system_memory_usage_percentage")
    assert [point.step for point in history] == [0, 1]
