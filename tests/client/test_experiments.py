"""Experiments through MlflowClient, in a folder and on a server."""

from __future__ import annotations

import pytest

from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException


@pytest.fixture
def client(place: str) -> MlflowClient:
    return MlflowClient(place)


def test_an_experiment_is_created_found_and_changed(client: MlflowClient) -> None:
    tags: dict[str, object] = {"stage": 1}
    experiment_id = client.create_experiment("first", artifact_location="s3://b/x", tags=tags)
    found = client.get_experiment(experiment_id)
    assert found == client.get_experiment_by_name("first")
    assert (found.name, found.artifact_location) == ("first", "s3://b/x")
    assert (found.lifecycle_stage, found.tags) == ("active", {"stage": "1"})
    client.rename_experiment(experiment_id, "second")
    client.set_experiment_tag(experiment_id, "n", 2)
    client.delete_experiment_tag(experiment_id, "stage")
    changed = client.get_experiment(experiment_id)
    assert (changed.name, changed.tags) == ("second", {"n": "2"})
    assert client.get_experiment_by_name("first") is None


def test_the_bin(client: MlflowClient) -> None:
    experiment_id = client.create_experiment("bin")
    run_id = client.create_run(experiment_id).info.run_id
    client.delete_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    deleted = client.search_experiments(ViewType.DELETED_ONLY, filter_string="name = 'bin'")
    assert [found.experiment_id for found in deleted] == [experiment_id]
    client.restore_experiment(experiment_id)
    assert client.get_run(run_id).info.lifecycle_stage == "active"


def test_pages(client: MlflowClient) -> None:
    ids = [client.create_experiment(f"page {number}") for number in range(5)]
    wanted = "name LIKE 'page %'"
    first = client.search_experiments(filter_string=wanted, max_results=3, order_by=["name"])
    assert [found.experiment_id for found in first] == ids[:3]
    last = client.search_experiments(
        filter_string=wanted, max_results=3, order_by=["name"], page_token=first.token
    )
    assert [found.experiment_id for found in last] == ids[3:]
    assert not last.token
    assert first.to_list() == list(first)


def test_errors(client: MlflowClient) -> None:
    experiment_id = client.create_experiment("errors")
    for call, code in (
        (lambda: client.create_experiment("errors"), "RESOURCE_ALREADY_EXISTS"),
        (lambda: client.create_experiment(""), "INVALID_PARAMETER_VALUE"),
        (lambda: client.get_experiment("99999999"), "RESOURCE_DOES_NOT_EXIST"),
        (lambda: client.get_experiment("abc"), "INVALID_PARAMETER_VALUE"),
        (lambda: client.delete_experiment_tag(experiment_id, "no"), "RESOURCE_DOES_NOT_EXIST"),
        (lambda: client.search_experiments(filter_string="name ="), "INVALID_PARAMETER_VALUE"),
        (lambda: client.search_experiments(max_results=0), "INVALID_PARAMETER_VALUE"),
    ):
        with pytest.raises(MlflowException) as caught:
            call()
        assert caught.value.error_code == code
