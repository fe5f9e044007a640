"""Data sets and models of runs through MlflowClient, in a folder and on a server."""

from __future__ import annotations

from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
)


def test_inputs_and_outputs(place: str, run_id: str) -> None:
    client = MlflowClient()
    dataset = Dataset("iris", "9b278ff2", "local", "{}", schema="{}", profile="{}")
    given = DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
    client.log_inputs(run_id, [given], [LoggedModelInput("m-1")])
    client.log_inputs(run_id, [DatasetInput(dataset)])
    client.log_outputs(run_id, [LoggedModelOutput("m-2", 3)])
    run = client.get_run(run_id)
    assert run.inputs.dataset_inputs == [given]
    assert run.inputs.model_inputs == [LoggedModelInput("m-1")]
    assert run.outputs.model_outputs == [LoggedModelOutput("m-2", 3)]
