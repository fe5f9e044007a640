"""The active experiment, in a folder and on a server."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.fluent.experiments import chosen_experiment


def test_it_is_created_when_there_is_none(place: str) -> None:
    made = mlflow.set_experiment("created at once")
    assert made == mlflow.get_experiment_by_name("created at once")
    assert mlflow.set_experiment("created at once") == made
    assert mlflow.set_experiment(experiment_id=made.experiment_id) == made
    assert os.environ["MLFLOW_EXPERIMENT_ID"] == made.experiment_id
    with mlflow.start_run() as run:
        assert run.info.experiment_id == made.experiment_id


def test_one_of_name_and_id_is_needed(place: str) -> None:
    with pytest.raises(MlflowException, match="exactly one"):
        mlflow.set_experiment()
    with pytest.raises(MlflowException, match="exactly one"):
        mlflow.set_experiment("a", "1")


def test_a_deleted_one_cannot_be_active(place: str) -> None:
    experiment_id = mlflow.create_experiment("deleted then active")
    mlflow.delete_experiment(experiment_id)
    with pytest.raises(MlflowException, match="is deleted") as caught:
        mlflow.set_experiment("deleted then active")
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    mlflow.restore_experiment(experiment_id)
    assert mlflow.set_experiment("deleted then active").experiment_id == experiment_id


def test_an_unknown_id_is_refused(place: str) -> None:
    with pytest.raises(MlflowException) as caught:
        mlflow.set_experiment(experiment_id="87654321")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_without_one_it_is_the_default(place: str) -> None:
    with mlflow.start_run() as run:
        assert run.info.experiment_id == "0"


def test_the_environment_names_one(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "of the environment")
    with mlflow.start_run() as run:
        found = mlflow.get_experiment(run.info.experiment_id)
    assert found.name == "of the environment"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", found.experiment_id)
    assert chosen_experiment().experiment_id == found.experiment_id
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    with pytest.raises(MlflowException, match="name two experiments"):
        mlflow.start_run()
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    assert chosen_experiment().experiment_id == "0"


def test_tags_of_the_active_one(experiment: str) -> None:
    mlflow.set_experiment_tag("a", 1)
    mlflow.set_experiment_tags({"b": 2, "c": 3})
    mlflow.delete_experiment_tag("b")
    assert mlflow.get_experiment(experiment).tags == {"a": "1", "c": "3"}


def test_search_gives_all_pages(place: str) -> None:
    names = [f"many {number:04}" for number in range(7)]
    for name in names:
        mlflow.create_experiment(name)
    wanted = "name LIKE 'many %'"
    found = mlflow.search_experiments(filter_string=wanted, order_by=["name"])
    assert [experiment.name for experiment in found] == names
    assert len(mlflow.search_experiments(filter_string=wanted, max_results=3)) == 3


def test_child_processes_inherit_it(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "another than the active one")
    made = mlflow.set_experiment("inherited")
    script = "import mlflow; print(mlflow.start_run().info.experiment_id)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert told.stdout.split()[:1] == [made.experiment_id]
