"""What the API accepts, and how it explains what it does not."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from mlflow import wire
from mlflow.exceptions import MlflowException
from mlflow.wire import _json

RUN = "a" * 32


def read(endpoint: wire.AnyEndpoint, body: Any) -> Any:
    return _json.decode_body(endpoint, json.dumps(body).encode())


def refused(endpoint: wire.AnyEndpoint, body: Any) -> str:
    with pytest.raises(MlflowException) as caught:
        read(endpoint, body)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert caught.value.get_http_status_code() == 400
    return caught.value.message


def metric(**fields: Any) -> dict[str, Any]:
    return {"run_id": RUN, "key": "loss", "value": 1, "timestamp": 2} | fields


def test_numbers_may_be_text_and_unknown_fields_are_left_out() -> None:
    question = read(wire.metrics.log_metric, metric(timestamp="12", step="-3", wings=2))
    assert (question.timestamp, question.step) == (12, -3)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [(1, 1.0), (1.5, 1.5), ("2.5", 2.5), (True, 1.0), ("Infinity", math.inf), (-(10**400), None)],
)
def test_metric_values(given: Any, wanted: float | None) -> None:
    if wanted is None:
        refused(wire.metrics.log_metric, metric(value=given))
    else:
        assert float(read(wire.metrics.log_metric, metric(value=given)).value) == wanted


def test_not_a_number_is_a_value() -> None:
    assert math.isnan(read(wire.metrics.log_metric, metric(value="NaN")).value)


@pytest.mark.parametrize("value", ["a lot", "", [1], {"a": 1}])
def test_other_values_are_refused_with_their_place(value: Any) -> None:
    message = refused(wire.metrics.log_batch, {"run_id": RUN, "metrics": [metric(value=value)]})
    assert "metrics[0].value" in message


@pytest.mark.parametrize("field", ["key", "value", "timestamp"])
@pytest.mark.parametrize("how", ["absent", "null"])
def test_missing_fields_are_named(field: str, how: str) -> None:
    body = metric()
    if how == "null":
        body[field] = None
    else:
        del body[field]
    message = refused(wire.metrics.log_metric, body)
    assert f"Missing value for required parameter '{field}'" in message
    message = refused(wire.metrics.log_batch, {"run_id": RUN, "metrics": [body]})
    assert f"'metrics[0].{field}'" in message


@pytest.mark.parametrize("run_id", ["", None, "-x", "a" * 257, "a b", "../x", "a\n"])
def test_run_ids(run_id: Any) -> None:
    assert "run_id" in refused(wire.runs.delete, {"run_id": run_id})


def test_the_old_name_of_the_run_id_counts_when_the_new_one_is_not_given() -> None:
    assert read(wire.runs.delete, {"run_uuid": RUN}).run_id == RUN
    assert read(wire.runs.delete, {"run_uuid": "b", "run_id": RUN}).run_id == RUN


@pytest.mark.parametrize(
    "key",
    ["", "a" * 251, "/a", "a/", "a//b", "../a", "..", ".", "./a", "a/../b", "a\0b", "a,b", "a?b"],
)
def test_keys_that_are_refused(key: str) -> None:
    assert "key" in refused(wire.metrics.log_metric, metric(key=key))
    assert "params[0].key" in refused(
        wire.metrics.log_batch, {"run_id": RUN, "params": [{"key": key, "value": "1"}]}
    )
    assert "tags[0].key" in refused(
        wire.metrics.log_batch, {"run_id": RUN, "tags": [{"key": key, "value": "1"}]}
    )


@pytest.mark.parametrize(
    "key", ["a", "a" * 250, "a/b", "val loss", "a.b-c_d:e", "größe/損失", "...a", "a..b", "-"]
)
def test_keys_that_are_accepted(key: str) -> None:
    assert read(wire.metrics.log_metric, metric(key=key)).key == key


@pytest.mark.parametrize("field", ["timestamp", "step"])
def test_integers_have_64_bits(field: str) -> None:
    assert field in refused(wire.metrics.log_metric, metric(**{field: 2**63}))
    read(wire.metrics.log_metric, metric(**{field: 2**63 - 1}))


def test_timestamps_are_not_negative_and_steps_may_be() -> None:
    assert "timestamp" in refused(wire.metrics.log_metric, metric(timestamp=-1))
    assert read(wire.metrics.log_metric, metric(step=-(2**63))).step == -(2**63)


@pytest.mark.parametrize(
    ("kind", "most", "item"),
    [
        ("metrics", 1000, {"key": "m", "value": 1, "timestamp": 1}),
        ("params", 100, {"key": "p", "value": "1"}),
        ("tags", 100, {"key": "t", "value": "1"}),
    ],
)
def test_a_batch_has_limits(kind: str, most: int, item: dict[str, Any]) -> None:
    items = [item | {"key": f"k{index}"} for index in range(most + 1)]
    assert f"at most {most} {kind}" in refused(wire.metrics.log_batch, {"run_id": RUN, kind: items})
    read(wire.metrics.log_batch, {"run_id": RUN, kind: items[:-1]})


def test_a_batch_has_at_most_1000_items() -> None:
    many = [{"key": "m", "value": 1, "timestamp": 1, "step": step} for step in range(950)]
    tags = [{"key": f"t{index}", "value": ""} for index in range(51)]
    message = refused(wire.metrics.log_batch, {"run_id": RUN, "metrics": many, "tags": tags})
    assert "1000" in message


def test_params_of_a_batch_have_different_keys() -> None:
    twice = [{"key": "p", "value": "1"}, {"key": "p", "value": "1"}]
    assert "p" in refused(wire.metrics.log_batch, {"run_id": RUN, "params": twice})


def test_long_values_are_cut_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"run_id": RUN, "key": "p", "value": "ü" * 6001}
    assert len(read(wire.metrics.log_param, body).value) == 6000
    monkeypatch.setenv("MLFLOW_TRUNCATE_LONG_VALUES", "false")
    assert "6000" in refused(wire.metrics.log_param, body)


@pytest.mark.parametrize("body", [b"{", b"nonsense", b'{"run_id": "a"', b"\xff\xfe", b'{"a": nan}'])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(MlflowException, match="not valid JSON") as caught:
        _json.decode_body(wire.runs.delete, body)
    assert caught.value.get_http_status_code() == 400


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b"true"])
def test_what_is_not_an_object_is_refused(body: bytes) -> None:
    with pytest.raises(MlflowException, match="must be a JSON object"):
        _json.decode_body(wire.runs.delete, body)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(MlflowException):
        _json.decode_body(wire.runs.delete, b'{"run_id":' + b"[" * 200_000)


def test_json_inside_a_json_string_is_read() -> None:
    inner = json.dumps({"run_id": RUN})
    assert read(wire.runs.delete, inner).run_id == RUN


@pytest.mark.parametrize("experiment_id", ["abc", "-1", "1.0", "", "٣", str(2**63)])
def test_experiment_ids_are_numbers_written_as_text(experiment_id: str) -> None:
    assert "experiment_id" in refused(wire.experiments.delete, {"experiment_id": experiment_id})


def test_a_number_is_no_experiment_id() -> None:
    message = refused(wire.experiments.delete, {"experiment_id": 0})
    assert "0" in message
    assert "experiment_id" in message


@pytest.mark.parametrize("most", [0, -1, 50_001, 2**70])
def test_page_sizes(most: int) -> None:
    assert "max_results" in refused(wire.runs.search, {"max_results": most})
    assert "max_results" in refused(wire.experiments.search, {"max_results": most})


def test_query_strings() -> None:
    ask = _json.decode_query(
        wire.experiments.search, b"max_results=5&order_by=name&order_by=experiment_id&count=True"
    )
    assert isinstance(ask, wire.experiments.SearchExperiments)
    assert (ask.max_results, ask.order_by, ask.count) == (5, ["name", "experiment_id"], True)
    with pytest.raises(MlflowException, match="max_results"):
        _json.decode_query(wire.experiments.search, b"max_results=many")
    again = _json.decode_query(wire.experiments.search, _json.encode_query(ask).encode())
    assert again == ask


def test_null_counts_as_not_given() -> None:
    assert read(wire.metrics.log_metric, metric(step=None)).step == 0
    batch = {"run_id": RUN, "params": None, "tags": [{"key": "t", "value": None}, {"key": "u"}]}
    assert [tag.value for tag in read(wire.metrics.log_batch, batch).tags] == ["", ""]


def test_a_run_that_cannot_exist_is_not_found() -> None:
    with pytest.raises(MlflowException) as caught:
        read(wire.runs.get, {"run_id": "../x"})
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
