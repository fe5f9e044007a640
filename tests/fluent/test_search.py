"""`search_runs` as a table and as a list, in a folder and on a server."""

from __future__ import annotations

import math
import sys

import pandas as pd
import pytest

import mlflow
from mlflow.exceptions import MlflowException


@pytest.fixture
def runs(experiment: str) -> list[str]:
    """Three runs; the last two have what the first has not."""
    ids = []
    for number in range(3):
        with mlflow.start_run(run_name=f"r{number}") as run:
            mlflow.log_metric("loss", number)
            if number:
                mlflow.log_metric("extra", math.nan if number == 1 else 1)
                mlflow.log_param("depth", number)
                mlflow.set_tag("stage", "x")
        ids.append(run.info.run_id)
    return ids


def test_a_table(runs: list[str], experiment: str) -> None:
    table = mlflow.search_runs(order_by=["metrics.loss"])
    first = ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]
    assert list(table.columns[:6]) == first
    assert list(table["run_id"]) == runs
    assert set(table["experiment_id"]) == {experiment}
    assert str(table["start_time"].dtype).endswith("UTC]")
    assert list(table["metrics.loss"]) == [0.0, 1.0, 2.0]
    assert [str(value) for value in table["metrics.extra"]] == ["nan", "nan", "1.0"]
    assert table["params.depth"].dtype == table["tags.stage"].dtype == pd.Series(["1"]).dtype
    assert list(table["params.depth"].isna()) == [True, False, False]
    assert list(table["params.depth"][1:]) == ["1", "2"]
    assert list(table["tags.stage"][1:]) == ["x", "x"]


def test_a_run_that_has_not_ended_has_no_time_of_its_end(experiment: str) -> None:
    with mlflow.start_run():
        assert pd.isna(mlflow.search_runs()["end_time"][0])


def test_a_list(runs: list[str], experiment: str) -> None:
    found = mlflow.search_runs(
        [experiment], "metrics.loss > 0", order_by=["metrics.loss"], output_format="list"
    )
    assert [run.info.run_id for run in found] == runs[1:]
    assert len(mlflow.search_runs(max_results=2, output_format="list")) == 2
    one_key = mlflow.search_runs(order_by="metrics.loss DESC", output_format="list")
    assert [run.info.run_id for run in one_key] == runs[::-1]


def test_which_experiments(runs: list[str]) -> None:
    name = mlflow.get_experiment(mlflow.get_run(runs[0]).info.experiment_id).name
    other = mlflow.set_experiment(f"{name} other").experiment_id
    assert len(mlflow.search_runs()) == 0
    assert len(mlflow.search_runs(experiment_names=[name, "there is none"])) == 3
    assert len(mlflow.search_runs([other])) == 0
    everywhere = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert set(runs) <= {run.info.run_id for run in everywhere}
    with pytest.raises(MlflowException, match="only one of"):
        mlflow.search_runs([other], experiment_names=[name])
    with pytest.raises(MlflowException, match="Unsupported output format"):
        mlflow.search_runs(output_format="csv")  # type: ignore[call-overload]


def test_only_some_columns(runs: list[str]) -> None:
    table = mlflow.search_runs(columns=["params.depth"])
    assert [name for name in table.columns if "." in name] == ["params.depth"]


def test_without_pandas_it_says_how_to_do_without(
    runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match='output_format="list"'):
        mlflow.search_runs()
    assert len(mlflow.search_runs(output_format="list")) == 3
