"""Schemas: their JSON, what goes together and what does not."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from mlflow.exceptions import MlflowException
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import AnyType, Array, Map, Object, Property


def test_columns() -> None:
    schema = Schema([ColSpec("long", "a"), ColSpec(DataType.double, "b", required=False)])
    assert schema.to_json() == (
        '[{"type": "long", "name": "a", "required": true}, '
        '{"type": "double", "name": "b", "required": false}]'
    )
    assert repr(schema) == "['a': long (required), 'b': double (optional)]"
    assert schema.input_names() == ["a", "b"]
    assert schema.input_types() == [DataType.long, DataType.double]
    assert schema.input_types_dict() == {"a": DataType.long, "b": DataType.double}
    assert schema.required_input_names() == ["a"]
    assert schema.optional_input_names() == ["b"]
    assert schema.numpy_types() == [np.dtype("int64"), np.dtype("float64")]
    assert schema.pandas_types() == [np.dtype("int64"), np.dtype("float64")]
    assert schema.has_input_names()
    assert not schema.is_tensor_spec()
    assert len(schema) == 2


def test_unnamed_columns_are_known_by_position() -> None:
    schema = Schema([ColSpec("long"), ColSpec("double")])
    text = '[{"type": "long", "required": true}, {"type": "double", "required": true}]'
    assert schema.to_json() == text
    assert schema.input_names() == [0, 1]
    assert not schema.has_input_names()
    assert repr(schema) == "[long (required), double (required)]"
    with pytest.raises(MlflowException, match="no names"):
        schema.input_dict()


def test_tensors() -> None:
    schema = Schema([TensorSpec(np.dtype("int64"), (-1, 2), "x")])
    assert schema.to_json() == (
        '[{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1, 2]}}]'
    )
    assert repr(schema) == "['x': Tensor('int64', (-1, 2))]"
    assert schema.is_tensor_spec()
    assert schema.numpy_types() == [np.dtype("int64")]
    with pytest.raises(MlflowException, match="numpy_types"):
        schema.pandas_types()


@pytest.mark.parametrize(
    ("kind", "fields", "shown"),
    [
        (Array("long"), {"type": "array", "items": {"type": "long"}}, "Array(long)"),
        (
            Array(Array("string")),
            {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "Array(Array(string))",
        ),
        (
            Object([Property("k", "long"), Property("b", Array("string"), required=False)]),
            {
                "type": "object",
                "properties": {
                    "b": {"type": "array", "items": {"type": "string"}, "required": False},
                    "k": {"type": "long", "required": True},
                },
            },
            "{b: Array(string) (optional), k: long (required)}",
        ),
        (Map("long"), {"type": "map", "values": {"type": "long"}}, "Map(str -> long)"),
        (AnyType(), {"type": "any"}, "Any"),
    ],
)
def test_compound_types(kind: Any, fields: dict[str, Any], shown: str) -> None:
    assert kind.to_dict() == fields
    assert repr(kind) == shown
    column = ColSpec(kind, "v")
    assert column.to_dict() == fields | {"name": "v", "required": True}
    assert Schema.from_json(Schema([column]).to_json()) == Schema([column])


def test_json_comes_back() -> None:
    columns = Schema([ColSpec("long", "a"), ColSpec(Map(Array("string")), "m", required=False)])
    tensors = Schema([TensorSpec(np.dtype("float32"), (-1,), "x")])
    assert Schema.from_json(columns.to_json()) == columns
    assert Schema.from_json(tensors.to_json()) == tensors
    assert Schema.from_json('[{"type": "long", "name": "a"}]').inputs[0].required


@pytest.mark.parametrize(
    "make",
    [
        lambda: Schema([]),
        lambda: Schema([ColSpec("long", "a"), ColSpec("long")]),
        lambda: Schema([ColSpec("long", required=False)]),
        lambda: Schema([TensorSpec(np.dtype("int64"), (-1,)), TensorSpec(np.dtype("int8"), (-1,))]),
        lambda: TensorSpec(np.dtype("U5"), (-1,)),
        lambda: TensorSpec(np.dtype("S5"), (-1,)),
        lambda: ColSpec("number"),
        lambda: Object([]),
        lambda: Object([Property("a", "long"), Property("a", "long")]),
        lambda: Schema.from_json('{"type": "long"}'),
        lambda: Schema.from_json('[{"name": "a"}]'),
        lambda: Schema.from_json('[{"type": "number", "name": "a"}]'),
        lambda: Schema.from_json('[{"type": "tensor", "name": "a"}]'),
    ],
)
def test_refused(make: Any) -> None:
    with pytest.raises(MlflowException) as refused:
        make()
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_columns_and_tensors_do_not_mix() -> None:
    mixed: list[Any] = [ColSpec("long", "a"), TensorSpec(np.dtype("int64"), (-1,), "b")]
    with pytest.raises(MlflowException, match="columns and tensors"):
        Schema(mixed)
    with pytest.raises(MlflowException, match="must be a list"):
        Schema(ColSpec("long"))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [int, None])
def test_not_a_type(kind: Any) -> None:
    with pytest.raises(TypeError):
        ColSpec(kind)


def test_not_a_tensor() -> None:
    with pytest.raises(TypeError, match=r"numpy\.dtype"):
        TensorSpec("int64", (-1,))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="tuple or list"):
        TensorSpec(np.dtype("int64"), 5)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", list(DataType))
def test_simple_types(kind: DataType) -> None:
    assert str(kind) == kind.name
    assert DataType.from_numpy_type(kind.to_numpy()) is kind
    assert kind.to_pandas() == (
        np.dtype("O") if kind.name in ("string", "binary") else kind.to_numpy()
    )
    assert isinstance(kind.to_python(), type)


def test_needs_no_numpy() -> None:
    code = "import sys, mlflow.types, mlflow.data; print({'numpy', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
