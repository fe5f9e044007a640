"""Curves through MlflowClient, in a folder and on a server."""

from __future__ import annotations

import math
from array import array

import numpy as np
import pytest

from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException


@pytest.fixture
def client(place: str) -> MlflowClient:
    return MlflowClient()


def test_curves_are_arrays(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment, start_time=1000).info.run_id
    points = [Metric("m", math.sin(step), 1000 + step, step) for step in range(900)]
    client.log_batch(run, [*points, Metric("n", float("nan"), 1, 1)], synchronous=False)
    whole, nan, none = client.metric_curves([run], ["m", "n", "none"], x="relative")
    assert (whole.run_id, whole.metric_key, whole.points, whole.exact) == (run, "m", 900, True)
    assert whole.x == array("d", [step / 1000 for step in range(900)])
    assert whole.step == array("d", range(900))
    assert np.asarray(whole.y).tolist() == [point.value for point in points]
    assert np.isnan(nan.y).all()
    assert (none.points, len(none.x)) == (0, 0)
    assert whole.smoothed is whole.mean is whole.grid is None
    (few,) = client.metric_curves([run], ["m"], start=100, end=500, points=50, smoothing=0.9)
    assert (few.points, few.exact) == (401, False)
    assert len(few.x) <= 50
    assert few.smoothed is not None
    assert len(few.smoothed) == len(few.x)
    assert max(few.y) == max(point.value for point in points[99:502])


def test_one_curve(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    client.log_metric(run, "loss", 3.0)
    (curve,) = client.metric_curves(run, "loss")
    assert (curve.run_id, curve.metric_key, list(curve.y)) == (run, "loss", [3.0])


def test_grids(client: MlflowClient, experiment: str) -> None:
    runs = [client.create_run(experiment).info.run_id for _ in range(3)]
    for level, run in enumerate(runs):
        client.log_batch(run, [Metric("m", float(level), 1, step) for step in range(100)])
    curves = client.metric_curves(runs, ["m"], points=10, grid=True)
    for level, curve in enumerate(curves):
        assert curve.grid is not None
        assert curve.grid == pytest.approx([4.95 + 9.9 * part for part in range(10)])
        assert curve.mean == curve.low == curve.high == array("d", [level] * 10)
        assert len(curve.x) == 0


def test_wrong_questions(client: MlflowClient) -> None:
    with pytest.raises(MlflowException, match=r"metrics\.NAME"):
        client.metric_curves(["r"], ["m"], x="epoch")
    with pytest.raises(MlflowException, match="run_ids"):
        client.metric_curves([], ["m"])
