"""Tables of runs through MlflowClient, in a folder and on a server."""

from __future__ import annotations

import math

import pytest

from mlflow import MlflowClient
from mlflow.entities import (
    ExperimentOverview,
    GroupNumbers,
    GroupRows,
    RunRows,
    UsedColumns,
    ViewType,
)
from mlflow.exceptions import MlflowException, RestException


@pytest.fixture
def client(place: str) -> MlflowClient:
    return MlflowClient()


@pytest.fixture
def runs(client: MlflowClient, experiment: str) -> list[str]:
    """Three runs with a loss, a learning rate and a note, the newest last."""
    made = []
    for number, (loss, rate) in enumerate(((0.5, "0.1"), (math.nan, "0.1"), (0.25, "0.01"))):
        run = client.create_run(experiment, start_time=1000 + number, run_name=f"run {number}")
        client.log_metric(run.info.run_id, "val/loss", loss)
        client.log_param(run.info.run_id, "lr", rate)
        client.set_tag(run.info.run_id, "note", "NaN")
        made.append(run.info.run_id)
    return made


def test_rows_from_anywhere(client: MlflowClient, experiment: str, runs: list[str]) -> None:
    rows = client.run_table(
        [experiment],
        ["run_name", "metrics.`val/loss`", "children", "tags.note"],
        order_by=["start_time"],
        offset=1,
        max_results=1,
        count=True,
    )
    assert isinstance(rows, RunRows)
    assert (rows.run_ids, rows.total) == ([runs[1]], 3)
    [loss] = rows.columns.pop("metrics.`val/loss`")
    assert isinstance(loss, float)
    assert math.isnan(loss)
    assert rows.columns == {"run_name": ["run 1"], "children": [0], "tags.note": ["NaN"]}
    found = client.run_table(experiment, "min(metrics.`val/loss`)", filter_string="params.lr='0.1'")
    assert found.run_ids == [runs[1], runs[0]]
    assert math.isnan(found.columns["min(metrics.`val/loss`)"][0])  # type: ignore[arg-type]
    assert found.columns["min(metrics.`val/loss`)"][1] == 0.5
    assert found.total is None
    client.delete_run(runs[0])
    assert client.run_table(experiment, run_view_type=ViewType.DELETED_ONLY).run_ids == [runs[0]]


def test_what_was_logged_just_now_is_shown(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment)
    for step in range(50):
        client.log_metric(run.info.run_id, "late", step, step=step, synchronous=False)
    assert client.run_table(experiment, ["metrics.late"]).columns == {"metrics.late": [49.0]}


def test_names(client: MlflowClient, experiment: str, runs: list[str]) -> None:
    found = client.run_columns([experiment])
    assert isinstance(found, UsedColumns)
    assert (found.metrics, found.params, found.looked_at) == (["val/loss"], ["lr"], None)
    assert "note" in found.tags
    differing = client.run_columns(experiment, differing=True, filter_string="params.lr = '0.1'")
    assert differing == UsedColumns(["val/loss"], [], ["mlflow.runName"], 2)


def test_groups(client: MlflowClient, experiment: str, runs: list[str]) -> None:
    found = client.run_groups(
        experiment, "params.lr", ["metrics.`val/loss`", "params.lr"], order_by=["params.lr"]
    )
    assert found == GroupRows(
        groups={"params.lr": ["0.01", "0.1"]},
        runs=[1, 2],
        columns={
            "metrics.`val/loss`": GroupNumbers(
                [0.25, 0.5], [None, None], [0.25, 0.5], [0.25, 0.5], [1, 1]
            ),
            "params.lr": GroupNumbers([0.01, 0.1], [None, 0.0], [0.01, 0.1], [0.01, 0.1], [1, 2]),
        },
        total=2,
    )


def test_overviews(client: MlflowClient, experiment: str, runs: list[str]) -> None:
    for number, run in enumerate(runs):
        client.set_terminated(run, end_time=2**50 + number)
    client.delete_run(runs[0])
    [found] = client.experiment_overviews(experiment)
    assert found == ExperimentOverview(experiment, 2, 0, 1, 2**50 + 2)
    assert client.experiment_overviews([experiment, "123456789"]) == [found]


def test_mistakes_are_placed(client: MlflowClient, experiment: str) -> None:
    with pytest.raises(MlflowException, match="invalid entity type") as caught:
        client.run_table(experiment, order_by=["start_time", "start_time, metrcs.x"])
    error = caught.value
    fields = error.json if isinstance(error, RestException) else error.json_kwargs
    assert (fields["source"], fields["item"], fields["position"]) == ("order_by", 1, 12)
