"""Types read off data; the expected JSON was printed by mlflow 3.17.2 on the same data."""

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlflow.exceptions import MlflowException
from mlflow.types.infer import infer_column, infer_frame, infer_tensors, infer_type

LONGS = {"type": "array", "items": {"type": "long"}}


def objects(*values: Any) -> "pd.Series[Any]":
    return pd.Series(list(values), dtype=object)


def told(column: "pd.Series[Any]") -> tuple[dict[str, Any], bool]:
    """The type of a column as JSON, and whether it is required."""
    found = infer_column(column, "v").to_dict()
    assert found.pop("name") == "v"
    required = found.pop("required")
    return found, required


@pytest.mark.parametrize(
    ("values", "dtype", "kind", "required"),
    [
        ([1, 2], "int64", "long", True),
        ([1, 2], "int32", "integer", True),
        ([1, 2], "int8", "integer", True),
        ([1, 2], "uint16", "integer", True),
        ([1, 2], "uint32", "long", True),
        ([1, None], "Int64", "long", False),
        ([1, 2], "Int32", "integer", True),
        ([1.0, np.nan], "float64", "double", False),
        ([1.0, 2.0], "float32", "float", True),
        ([1.0, 2.0], "float16", "float", True),
        ([1.5, None], "Float32", "float", False),
        ([True, False], "bool", "boolean", True),
        ([True, None], "boolean", "boolean", False),
        (["a", None], "string", "string", False),
        (["a", "b"], "category", "string", True),
        ([1, 2], "category", "long", True),
        (["a", None], "category", "string", False),
        ([pd.Timestamp("2020"), None], "datetime64[ns]", "datetime", False),
        ([pd.Timestamp("2020", tz="UTC")], "datetime64[ns, UTC]", "datetime", True),
        ([], "int64", "long", True),
        ([], "object", "string", True),
    ],
)
def test_typed_columns(values: Any, dtype: Any, kind: str, required: bool) -> None:
    assert told(pd.Series(values, dtype=dtype)) == ({"type": kind}, required)


@pytest.mark.parametrize(
    ("values", "kind", "required"),
    [
        (["a", None], "string", False),
        ([b"a", None], "binary", False),
        ([bytearray(b"a")], "binary", True),
        ([True, None], "boolean", False),
        ([1, 2], "long", True),
        ([1, None], "double", False),
        ([1, 2.0], "double", True),
        ([2**70], "long", True),
        ([np.int32(1)], "integer", True),
        ([np.float32(1)], "float", True),
        ([np.bool_(True)], "boolean", True),
        ([datetime.date(2020, 1, 1), None], "datetime", False),
        ([datetime.datetime(2020, 1, 1)], "datetime", True),
        ([np.datetime64("2020-01-01")], "datetime", True),
        ([pd.Timestamp("2020"), pd.NaT], "datetime", False),
        (["a", pd.NA], "string", False),
        ([None, None], "any", False),
    ],
)
def test_columns_of_objects(values: list[Any], kind: str, required: bool) -> None:
    assert told(objects(*values)) == ({"type": kind}, required)


@pytest.mark.parametrize(
    ("values", "kind", "required"),
    [
        ([[1, 2]], LONGS, True),
        ([[1, None]], LONGS, True),
        ([[], [1]], LONGS, True),
        ([[1], None], LONGS, False),
        ([[]], {"type": "any"}, True),
        ([[None]], {"type": "array", "items": {"type": "any"}}, True),
        ([[[1]], [[2, 3]]], {"type": "array", "items": LONGS}, True),
        ([[[]]], {"type": "array", "items": {"type": "any"}}, True),
        ([[np.nan, "x"]], {"type": "array", "items": {"type": "string"}}, True),
        ([np.array([1, 2], "int32")], {"type": "array", "items": {"type": "integer"}}, True),
        ([np.array([[1, 2]])], {"type": "array", "items": LONGS}, True),
        ([np.array(["a", None], object)], {"type": "array", "items": {"type": "string"}}, True),
        ([{}], {"type": "any"}, True),
    ],
)
def test_lists(values: list[Any], kind: dict[str, Any], required: bool) -> None:
    assert told(objects(*values)) == (kind, required)


@pytest.mark.parametrize(
    ("values", "properties", "required"),
    [
        ([{"z": 1, "b": 2}], {"b": ("long", True), "z": ("long", True)}, True),
        ([{"a": 1}, {"b": "x"}], {"a": ("long", False), "b": ("string", False)}, True),
        ([{"a": None}], {"a": ("any", False)}, True),
        ([{"a": None}, {"a": 1}], {"a": ("long", False)}, True),
        ([{"a": []}], {"a": ("any", False)}, True),
        ([{"a": 1}, None], {"a": ("long", False)}, False),
        ([{}, {"a": 1}], {"a": ("long", False)}, True),
    ],
)
def test_dictionaries(
    values: list[Any], properties: dict[str, tuple[str, bool]], required: bool
) -> None:
    kinds = {name: {"type": kind, "required": must} for name, (kind, must) in properties.items()}
    assert told(objects(*values)) == ({"type": "object", "properties": kinds}, required)


def test_nested_dictionaries() -> None:
    found, _ = told(objects({"a": {"b": 1}}, {"a": {"c": 1}}))
    assert found["properties"]["a"] == {
        "type": "object",
        "properties": {
            "b": {"type": "long", "required": False},
            "c": {"type": "long", "required": False},
        },
        "required": True,
    }
    found, _ = told(objects([{"b": 1}, {"b": 2, "c": None}]))
    assert found["items"]["properties"] == {
        "b": {"type": "long", "required": True},
        "c": {"type": "any", "required": False},
    }


@pytest.mark.parametrize(
    "column",
    [
        objects("x", 1),
        objects(True, 1),
        objects([1, 2.0]),
        objects([1], [2.0]),
        objects([1], ["a"]),
        objects({"a": 1}, {"a": "x"}),
        objects({"a": 1}, [1]),
        objects({1: 2}),
        objects((1, 2)),
        objects({1}),
        objects(decimal.Decimal(1)),
        objects(np.uint64(1)),
        objects(np.array(1)),
        objects(np.array(["a", 1], dtype=object)),
        pd.Series([1], dtype="uint64"),
        pd.Series([1j]),
        pd.Series(pd.to_timedelta([1], unit="s")),
        pd.Series(pd.period_range("2020", periods=2, freq="D")),
        pd.Series(pd.interval_range(0, 2)),
        pd.Series([1, "a"], dtype="category"),
    ],
)
def test_no_common_type(column: "pd.Series[Any]") -> None:
    with pytest.raises(MlflowException, match="'v'"):
        infer_column(column, "v")


def test_names_twice_are_refused() -> None:
    with pytest.raises(MlflowException, match="same name"):
        infer_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_names_stay_as_they_are() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", 1])
    assert infer_frame(frame).input_names() == ["a", 1]


@pytest.mark.parametrize(
    ("array", "dtype", "shape"),
    [
        (np.zeros((3, 2)), "float64", [-1, 2]),
        (np.zeros(3, dtype="float32"), "float32", [-1]),
        (np.array(["a", "bb"]), "str", [-1]),
        (np.array([b"a"]), "bytes", [-1]),
        (np.array(["a", 1], dtype=object), "object", [-1]),
        (np.array(["2020-01-01"], dtype="M8[s]"), "datetime64[s]", [-1]),
        (np.array([]), "float64", [-1]),
    ],
)
def test_arrays(array: Any, dtype: str, shape: list[int]) -> None:
    spec = {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": tuple(shape)}}
    assert infer_tensors(array).to_dict() == [spec]
    assert infer_tensors({"x": array}).to_dict() == [{"name": "x"} | spec]


def test_array_without_dimensions_is_refused() -> None:
    with pytest.raises(MlflowException, match="without dimensions"):
        infer_tensors(np.array(1.0))


def test_plain_values() -> None:
    assert repr(infer_type(1)) == "long"
    assert repr(infer_type({"a": [1.0]})) == "{a: Array(double) (required)}"
