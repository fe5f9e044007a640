"""Schemas: the types of columns and tensors, and their JSON.

    Schema                 columns (ColSpec) or tensors (TensorSpec), never both
    ├── ColSpec            a name, whether it may be missing, and one of:
    │                      DataType, Array, Object (of Property), Map, AnyType
    └── TensorSpec         a name, a numpy type and a shape; -1 is any length

numpy is imported only where a tensor or a numpy type is asked for.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import invalid
from mlflow.types.kinds import (
    AnyType,
    Array,
    DataType,
    Map,
    Object,
    Property,
    Type,
    checked_type,
    fields_of,
    requirement,
    spark_type,
    type_from_json,
)

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "AnyType",
    "Array",
    "ColSpec",
    "DataType",
    "Map",
    "Object",
    "Property",
    "Schema",
    "TensorSpec",
]

_TENSOR_TYPE = "tensor"


class ColSpec:
    """A column.

    Args:
        type: its type, or the name of a DataType.
        name: None in a schema whose columns are known by their order.
        required: False when it may be missing or holds missing values.
    """

    def __init__(self, type: Type | str, name: Any = None, required: bool = True) -> None:
        self._type = checked_type(type)
        self._name = name
        self._required = bool(required)

    @property
    def type(self) -> Type:
        """The type of the values."""
        return self._type

    @property
    def name(self) -> Any:
        """The name, None when it has none."""
        return self._name

    @name.setter
    def name(self, value: Any) -> None:
        self._name = value

    @property
    def required(self) -> bool:
        """Whether it must be there."""
        return self._required

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        named = {} if self._name is None else {"name": self._name}
        return self._type.to_dict() | named | {"required": self._required}

    @classmethod
    def from_json_dict(cls, **fields: Any) -> ColSpec:
        """The column with this JSON form."""
        return cls(type_from_json(fields), fields.get("name"), fields.get("required", True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColSpec) and fields_of(self) == fields_of(other)

    __hash__ = None  # type: ignore[assignment]  # the name can change

    def __repr__(self) -> str:
        name = "" if self._name is None else f"{self._name!r}: "
        return f"{name}{self._type!r} ({requirement(self._required)})"


class TensorSpec:
    """A tensor.

    Args:
        type: numpy type without a length (`np.dtype("str")`, not `np.dtype("U5")`).
        shape: length of each dimension; -1 is any.
        name: None when it is the only tensor.
    """

    def __init__(
        self, type: np.dtype[Any], shape: tuple[int, ...] | list[int], name: Any = None
    ) -> None:
        import numpy as np

        if not isinstance(type, np.dtype):
            raise TypeError(f"The type of a tensor must be a numpy.dtype, not {type!r}.")
        if not isinstance(shape, tuple | list):
            raise TypeError(f"The shape of a tensor must be a tuple or list, not {shape!r}.")
        if type.kind in "US" and type.itemsize:
            plain = "str" if type.kind == "U" else "bytes"
            raise invalid(
                "MLflow does not support size information in flexible numpy data types. "
                f'Use np.dtype("{plain}") instead'
            )
        self._type = type
        self._shape = tuple(shape)
        self._name = name

    @property
    def type(self) -> np.dtype[Any]:
        """The numpy type of the elements."""
        return self._type

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each dimension; -1 is any."""
        return self._shape

    @property
    def name(self) -> Any:
        """The name, None when it has none."""
        return self._name

    @property
    def required(self) -> bool:
        """Always: tensors cannot be left out."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        named = {} if self._name is None else {"name": self._name}
        tensor = {"dtype": self._type.name, "shape": self._shape}
        return named | {"type": _TENSOR_TYPE, "tensor-spec": tensor}

    @classmethod
    def from_json_dict(cls, **fields: Any) -> TensorSpec:
        """The tensor with this JSON form."""
        import numpy as np

        if fields.get("type") != _TENSOR_TYPE or "tensor-spec" not in fields:
            raise invalid(f"A tensor in a schema needs the field `tensor-spec`: {fields!r}")
        tensor = fields["tensor-spec"]
        return cls(np.dtype(tensor["dtype"]), tuple(tensor["shape"]), fields.get("name"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and fields_of(self) == fields_of(other)

    def __hash__(self) -> int:
        return hash(fields_of(self))

    def __repr__(self) -> str:
        name = "" if self._name is None else f"{self._name!r}: "
        return f"{name}Tensor({self._type.name!r}, {self._shape!r})"


class Schema:
    """Columns, or tensors.

    Args:
        inputs: at least one; all columns or all tensors, all named or none.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE, the inputs do not go together.
    """

    def __init__(self, inputs: list[ColSpec] | list[TensorSpec]) -> None:
        if not isinstance(inputs, list):
            raise invalid(f"Inputs of Schema must be a list, got type {type(inputs).__name__}")
        if not inputs:
            raise invalid("Creating Schema with empty inputs is not allowed.")
        tensors = [isinstance(each, TensorSpec) for each in inputs]
        if any(tensors) != all(tensors):
            raise invalid(
                "Creating Schema with a combination of columns and tensors is not supported."
            )
        unnamed = [each for each in inputs if each.name is None]
        if unnamed and len(unnamed) < len(inputs):
            raise invalid(
                "Creating Schema with a combination of named and unnamed inputs is not allowed. "
                f"Got input names {[each.name for each in inputs]}"
            )
        if unnamed and tensors[0] and len(inputs) > 1:
            raise invalid(
                "Creating Schema with multiple unnamed TensorSpecs is not supported. "
                "Please provide names for each TensorSpec."
            )
        if any(not each.required for each in unnamed):
            raise invalid(
                "Creating Schema with unnamed optional inputs is not supported. "
                "Please name all inputs or make all inputs required."
            )
        self._inputs: list[Any] = inputs

    @property
    def inputs(self) -> list[Any]:
        """The columns or tensors."""
        return self._inputs

    def is_tensor_spec(self) -> bool:
        """Whether these are tensors."""
        return isinstance(self._inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Whether the inputs are named."""
        return self._inputs[0].name is not None

    def input_names(self) -> list[Any]:
        """The names, or the positions when there are no names."""
        if not self.has_input_names():
            return list(range(len(self._inputs)))
        return [each.name for each in self._inputs]

    def required_input_names(self) -> list[Any]:
        """Names, or positions, of what must be there."""
        named = zip(self.input_names(), self._inputs, strict=True)
        return [name for name, each in named if each.required]

    def optional_input_names(self) -> list[Any]:
        """Names of what may be missing."""
        named = zip(self.input_names(), self._inputs, strict=True)
        return [name for name, each in named if not each.required]

    def input_types(self) -> list[Any]:
        """The types, in order."""
        return [each.type for each in self._inputs]

    def input_types_dict(self) -> dict[Any, Any]:
        """The types by name."""
        return {each.name: each.type for each in self._named()}

    def input_dict(self) -> dict[Any, Any]:
        """The inputs by name."""
        return {each.name: each for each in self._named()}

    def _named(self) -> list[Any]:
        if not self.has_input_names():
            raise invalid("The inputs of this schema have no names.")
        return self._inputs

    def numpy_types(self) -> list[np.dtype[Any]]:
        """The numpy types, in order."""
        if self.is_tensor_spec():
            return self.input_types()
        return [self._single(kind).to_numpy() for kind in self.input_types()]

    def pandas_types(self) -> list[np.dtype[Any]]:
        """The pandas types, in order."""
        if self.is_tensor_spec():
            raise invalid("TensorSpec only supports numpy types, use numpy_types() instead")
        return [self._single(kind).to_pandas() for kind in self.input_types()]

    @staticmethod
    def _single(kind: Any) -> DataType:
        if not isinstance(kind, DataType):
            raise invalid(f"A column of type {kind!r} has no numpy type.")
        return kind

    def as_spark_schema(self) -> Any:
        """The Spark schema with these columns."""
        if self.is_tensor_spec():
            raise invalid("TensorSpec cannot be converted to spark dataframe")
        types = import_module("pyspark.sql.types")
        return types.StructType(
            [
                types.StructField(str(name), spark_type(each.type), nullable=not each.required)
                for name, each in zip(self.input_names(), self._inputs, strict=True)
            ]
        )

    def to_dict(self) -> list[dict[str, Any]]:
        """The JSON form as Python objects."""
        return [each.to_dict() for each in self._inputs]

    def to_json(self) -> str:
        """The JSON form."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """The schema with this JSON form."""
        fields = json.loads(text)
        if not isinstance(fields, list) or not all(isinstance(each, dict) for each in fields):
            raise invalid("The JSON of a schema must be a list of columns or tensors.")
        if any(each.get("type") == _TENSOR_TYPE for each in fields):
            return cls([TensorSpec.from_json_dict(**each) for each in fields])
        return cls([ColSpec.from_json_dict(**each) for each in fields])

    def __len__(self) -> int:
        return len(self._inputs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self._inputs == other._inputs

    __hash__ = None  # type: ignore[assignment]  # columns can be renamed

    def __repr__(self) -> str:
        return repr(self._inputs)
