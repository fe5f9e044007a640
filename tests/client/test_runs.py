"""Runs through MlflowClient, in a folder and on a server."""

from __future__ import annotations

import time

import pytest

from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException


@pytest.fixture
def client(place: str) -> MlflowClient:
    return MlflowClient()


def test_a_new_run_has_only_what_was_given(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment, start_time=17, tags={"a": 1}, run_name="named")
    assert (run.info.experiment_id, run.info.status, run.info.start_time) == (
        experiment,
        "RUNNING",
        17,
    )
    assert (run.info.run_name, run.info.user_id, run.info.end_time) == ("named", "unknown", None)
    assert run.data.tags == {"a": "1", "mlflow.runName": "named"}
    assert client.get_run(run.info.run_id) == run


def test_names_are_made_up_and_start_now(client: MlflowClient, experiment: str) -> None:
    before = time.time_ns() // 1_000_000
    info = client.create_run(experiment).info
    assert info.run_name
    assert info.start_time is not None
    assert before <= info.start_time <= time.time_ns() // 1_000_000


def test_the_name_may_be_a_tag(client: MlflowClient, experiment: str) -> None:
    tags: dict[str, object] = {"mlflow.runName": "tagged", "mlflow.user": "ada"}
    info = client.create_run(experiment, tags=tags).info
    assert (info.run_name, info.user_id) == ("tagged", "ada")


def test_parents(client: MlflowClient, experiment: str) -> None:
    parent = client.create_run(experiment)
    child = client.create_run(experiment, tags={"mlflow.parentRunId": parent.info.run_id})
    assert client.get_parent_run(child.info.run_id) == parent
    assert client.get_parent_run(parent.info.run_id) is None


def test_a_run_is_changed_and_ended(client: MlflowClient, run_id: str) -> None:
    client.update_run(run_id, status="SCHEDULED", name="other")
    info = client.get_run(run_id).info
    assert (info.status, info.run_name, info.end_time) == ("SCHEDULED", "other", None)
    client.set_terminated(run_id, end_time=99)
    info = client.get_run(run_id).info
    assert (info.status, info.end_time) == ("FINISHED", 99)
    client.set_terminated(run_id, "KILLED")
    info = client.get_run(run_id).info
    assert info.status == "KILLED"
    assert info.end_time is not None
    assert info.end_time > 99
    with pytest.raises(MlflowException, match="allowed are RUNNING"):
        client.update_run(run_id, status="DONE")


def test_the_bin(client: MlflowClient, experiment: str, run_id: str) -> None:
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert client.search_runs([experiment]) == []
    with pytest.raises(MlflowException) as caught:
        client.log_metric(run_id, "m", 1)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    deleted = client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)
    assert [run.info.run_id for run in deleted] == [run_id]
    client.restore_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "active"


def test_search(client: MlflowClient, experiment: str) -> None:
    ids = []
    for number in range(5):
        run_id = client.create_run(experiment, start_time=number).info.run_id
        client.log_metric(run_id, "loss", number / 10, step=1)
        client.log_param(run_id, "depth", number)
        ids.append(run_id)
    found = client.search_runs([experiment], "metrics.loss < 0.25", order_by=["metrics.loss DESC"])
    assert [run.info.run_id for run in found] == [ids[2], ids[1], ids[0]]
    pages = []
    token = None
    while True:
        page = client.search_runs([experiment], max_results=2, page_token=token)
        pages.append([run.info.run_id for run in page])
        token = page.token
        if not token:
            break
    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    only = client.search_runs([experiment], "params.depth = '3'", columns=["metrics.loss"])
    assert (only[0].data.metrics, only[0].data.params) == ({"loss": 0.3}, {})


def test_errors(client: MlflowClient, experiment: str) -> None:
    unknown = "0" * 32
    with pytest.raises(MlflowException) as caught:
        client.get_run(unknown)
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    with pytest.raises(MlflowException) as caught:
        client.create_run("87654321")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    with pytest.raises(MlflowException) as caught:
        client.search_runs([experiment], "metrics.loss ~ 3")
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
