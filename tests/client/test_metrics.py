"""Metrics, params and tags through MlflowClient, in a folder and on a server."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException


@pytest.fixture
def client(place: str) -> MlflowClient:
    return MlflowClient()


def test_what_is_logged_is_there(client: MlflowClient, run_id: str) -> None:
    client.log_metric(run_id, "loss", np.float32(0.5), timestamp=7, step=-3)
    client.log_metric(run_id, "ok", True)
    assert client.log_param(run_id, "depth", 3) == 3
    client.log_param(run_id, "none", None)
    client.set_tag(run_id, "stage", 1.5)
    client.set_tag(run_id, "gone", "soon")
    client.delete_tag(run_id, "gone")
    data = client.get_run(run_id).data
    assert data.metrics == {"loss": 0.5, "ok": 1.0}
    assert data.params == {"depth": "3", "none": "None"}
    assert data.tags["stage"] == "1.5"
    assert "gone" not in data.tags
    assert client.get_metric_history(run_id, "loss") == [Metric("loss", 0.5, 7, -3)]
    assert client.get_metric_history(run_id, "none") == []


def test_a_batch(client: MlflowClient, run_id: str) -> None:
    metrics = [Metric("m", float(step), step, step) for step in range(1000)]
    client.log_batch(run_id, metrics)
    client.log_batch(run_id, params=[Param("p", "x")], tags=[RunTag("t", "y")])
    client.log_batch(run_id)
    assert client.get_metric_history(run_id, "m") == metrics
    data = client.get_run(run_id).data
    assert (data.metrics, data.params, data.tags["t"]) == ({"m": 999.0}, {"p": "x"}, "y")


def test_a_history_has_as_many_pages_as_it_needs(client: MlflowClient, run_id: str) -> None:
    for start in range(0, 26_000, 1000):
        points = [Metric("m", float(step), 1, step) for step in range(start, start + 1000)]
        client.log_batch(run_id, points)
    history = client.get_metric_history(run_id, "m")
    assert [point.step for point in history] == list(range(26_000))


def test_not_waiting_gives_what_can_be_waited_for(client: MlflowClient, run_id: str) -> None:
    operations = [
        client.log_metric(run_id, "m", 1, synchronous=False),
        client.log_param(run_id, "p", 2, synchronous=False),
        client.set_tag(run_id, "t", 3, synchronous=False),
        client.log_batch(run_id, [Metric("b", 4.0, 1, 0)], synchronous=False),
    ]
    for operation in operations:
        assert operation is not None
        operation.wait()
    data = client.get_run(run_id).data
    assert (data.metrics, data.params, data.tags["t"]) == ({"b": 4.0, "m": 1.0}, {"p": "2"}, "3")


def test_reads_see_what_is_still_on_its_way(
    client: MlflowClient, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_LOGGING", "true")
    for step in range(50):
        client.log_metric(run_id, "m", step, step=step)
    assert len(client.get_metric_history(run_id, "m")) == 50


def test_a_param_never_changes(client: MlflowClient, run_id: str) -> None:
    client.log_param(run_id, "depth", 3)
    client.log_param(run_id, "depth", "3")
    with pytest.raises(MlflowException, match="A param never changes") as caught:
        client.log_param(run_id, "depth", 4)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    for value in ("depth", "'3'", "'4'", "nested=True"):
        assert value in caught.value.message
    with pytest.raises(MlflowException, match="A param never changes"):
        client.log_batch(run_id, params=[Param("depth", "5")])


@pytest.mark.parametrize("value", [None, "x", "low", [1.0], np.array([1.0, 2.0])])
def test_what_is_no_number_is_refused(client: MlflowClient, run_id: str, value: object) -> None:
    error = TypeError if isinstance(value, list) else MlflowException
    with pytest.raises(error):
        client.log_metric(run_id, "m", value)  # type: ignore[arg-type]
    assert client.get_run(run_id).data.metrics == {}


def test_nan_and_infinity(client: MlflowClient, run_id: str) -> None:
    client.log_metric(run_id, "nan", math.nan)
    client.log_metric(run_id, "inf", math.inf, synchronous=False)
    client.log_metric(run_id, "-inf", -math.inf)
    metrics = client.get_run(run_id).data.metrics
    assert math.isnan(metrics["nan"])
    assert metrics["inf"] == -metrics["-inf"] == 1.7976931348623157e308


@pytest.mark.parametrize("synchronous", [True, False])
@pytest.mark.parametrize("key", ["", "a" * 251, "a//b", "../a", "/a", "a\x00", "a?"])
def test_bad_names_are_refused_at_the_line(
    client: MlflowClient, run_id: str, key: str, synchronous: bool
) -> None:
    for call in (
        lambda: client.log_metric(run_id, key, 1, synchronous=synchronous),
        lambda: client.log_param(run_id, key, 1, synchronous=synchronous),
        lambda: client.set_tag(run_id, key, 1, synchronous=synchronous),
    ):
        with pytest.raises(MlflowException) as caught:
            call()
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


def test_long_values_are_cut_unless_that_is_switched_off(
    client: MlflowClient, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.log_param(run_id, "p", "ä" * 7000)
    client.log_param(run_id, "p", "ä" * 6500)
    assert client.get_run(run_id).data.params["p"] == "ä" * 6000
    monkeypatch.setenv("MLFLOW_TRUNCATE_LONG_VALUES", "false")
    with pytest.raises(MlflowException, match="exceeds the maximum length of 6000"):
        client.log_param(run_id, "q", "ä" * 6001)


@pytest.mark.parametrize("synchronous", [True, False])
def test_a_batch_that_no_request_holds(
    client: MlflowClient, run_id: str, synchronous: bool
) -> None:
    operations = client.log_batch(
        run_id,
        [Metric("m", 1.0, 1, step) for step in range(1950)],
        [Param(f"p{number}", "1") for number in range(101)],
        [RunTag(f"t{number}", "1") for number in range(201)],
        synchronous=synchronous,
    )
    if operations is not None:
        operations.wait()
    data = client.get_run(run_id).data
    assert len(client.get_metric_history(run_id, "m")) == 1950
    assert len(data.params) == 101
    assert len([key for key in data.tags if key.startswith("t")]) == 201


def test_deleting_a_tag_that_is_not_there(client: MlflowClient, run_id: str) -> None:
    with pytest.raises(MlflowException) as caught:
        client.delete_tag(run_id, "no")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
