"""Schemas read off data: pandas frames, numpy arrays, nested lists and dictionaries.

A value that is missing says nothing about its type; it makes a column, or the properties of an
object, optional. Values of different types in one place are refused rather than guessed at.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from functools import reduce
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import MlflowException, invalid
from mlflow.types.kinds import AnyType, Array, DataType, Object, Property, Type
from mlflow.types.schema import ColSpec, Schema, TensorSpec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

#: kinds of numpy types with the largest size in bytes that each type holds
_NUMBERS = (
    ("b", 1, DataType.boolean),
    ("i", 4, DataType.integer),
    ("i", 8, DataType.long),
    ("u", 2, DataType.integer),
    ("u", 4, DataType.long),
    ("f", 4, DataType.float),
    ("f", 8, DataType.double),
)
_OTHERS = {"M": DataType.datetime, "S": DataType.binary, "U": DataType.string}
#: what pandas calls a column of Python objects of one type
_PANDAS_NAMES = {
    "boolean": DataType.boolean,
    "bytes": DataType.binary,
    "date": DataType.datetime,
    "datetime": DataType.datetime,
    "datetime64": DataType.datetime,
    "floating": DataType.double,
    "integer": DataType.long,
    "string": DataType.string,
}
_PYTHON_TYPES: tuple[tuple[type | tuple[type, ...], DataType], ...] = (
    (bool, DataType.boolean),  # before int, which it is, too
    (int, DataType.long),
    (float, DataType.double),
    (str, DataType.string),
    ((bytes, bytearray), DataType.binary),
    (datetime.date, DataType.datetime),
)


def infer_frame(frame: pd.DataFrame) -> Schema:
    """The schema of a pandas frame.

    Raises:
        MlflowException: a column has no type that a schema knows, or two have the same name.
    """
    if not frame.columns.is_unique:
        raise invalid("Two columns have the same name.")
    return Schema([infer_column(frame.iloc[:, at], name) for at, name in enumerate(frame.columns)])


def infer_column(column: pd.Series[Any], name: Any = None) -> ColSpec:
    """The type of a pandas column; it is required when no value is missing.

    Raises:
        MlflowException: its values have no common type that a schema knows.
    """
    missing = bool(column.isna().any())
    if column.dtype == object:
        column = column.infer_objects()
    try:
        kind = _objects(column) if column.dtype == object else _pandas_type(column.dtype)
    except MlflowException as error:
        raise invalid(f"Column {name!r}: {error.message}") from None
    return ColSpec(kind, name, required=not missing)


def infer_tensors(data: Any) -> Schema:
    """The schema of an array, or of a dictionary of named arrays; the first dimension is open.

    Raises:
        MlflowException: an array has no dimension.
    """
    if isinstance(data, dict):
        return Schema([_tensor(array, name) for name, array in data.items()])
    return Schema([_tensor(data)])


def infer_type(value: Any) -> Type:
    """The type of a Python value, a numpy scalar, or nested lists, arrays and dictionaries.

    Raises:
        MlflowException: there is none that a schema knows.
    """
    import numpy as np

    if is_missing(value):
        return AnyType()
    if isinstance(value, dict):
        return _object(value)
    if isinstance(value, list):
        return Array(_common(value)) if value else AnyType()
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return numpy_type(value.dtype)
    for python, kind in _PYTHON_TYPES:
        if isinstance(value, python):
            return kind
    raise invalid(f"a value of type {type(value).__name__} fits no type of a schema.")


def numpy_type(kind: np.dtype[Any]) -> DataType:
    """The type that holds all values of a numpy type.

    Raises:
        MlflowException: there is none, as for complex and unsigned 64 bit numbers.
    """
    found = _OTHERS.get(kind.kind)
    for letter, size, number in _NUMBERS:
        if found is None and kind.kind == letter and kind.itemsize <= size:
            found = number
    if found is None:
        raise invalid(f"the numpy type {kind.name} fits no type of a schema.")
    return found


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, pandas' NA and NaT."""
    # NaN and NaT differ from themselves, and NA says neither yes nor no
    return (
        value is None
        or type(value).__name__ == "NAType"
        or (isinstance(value, float | datetime.date) and value != value)
    )


def _tensor(array: np.ndarray[Any, Any], name: Any = None) -> TensorSpec:
    if array.ndim == 0:
        raise invalid("An array without dimensions has no first one that could be open.")
    return TensorSpec(_sizeless(array.dtype), (-1, *array.shape[1:]), name)


def _sizeless(kind: np.dtype[Any]) -> np.dtype[Any]:
    import numpy as np

    return np.dtype(kind.type) if kind.kind in "US" else kind


def _pandas_type(kind: Any) -> Type:
    import pandas as pd

    if isinstance(kind, pd.CategoricalDtype):
        return _objects(pd.Series(list(kind.categories)).infer_objects())
    if isinstance(kind, pd.DatetimeTZDtype):
        return DataType.datetime
    if pd.api.types.is_string_dtype(kind):
        return DataType.string
    numpy = getattr(kind, "numpy_dtype", kind)  # of nullable and arrow types
    if not hasattr(numpy, "kind") or pd.api.types.is_extension_array_dtype(numpy):
        raise invalid(f"the pandas type {kind} fits no type of a schema.")
    return numpy_type(numpy)


def _objects(column: pd.Series[Any]) -> Type:
    """The common type of a column, whose values may be any objects."""
    import pandas as pd

    if column.dtype != object:
        return _pandas_type(column.dtype)
    if not len(column):
        return DataType.string
    known = _PANDAS_NAMES.get(pd.api.types.infer_dtype(column, skipna=True))
    return known or _common(column)


def _common(values: Iterable[Any]) -> Type:
    return reduce(_merge, map(infer_type, values))


def _array(array: np.ndarray[Any, Any]) -> Type:
    if not array.ndim:
        raise invalid("an array without dimensions fits no type of a schema.")
    if not array.size:
        return AnyType()
    kind = _common(array.ravel()) if array.dtype == object else numpy_type(array.dtype)
    for _ in range(array.ndim):
        kind = Array(kind)
    return kind


def _object(value: dict[Any, Any]) -> Type:
    if not value:
        return AnyType()
    if not all(isinstance(name, str) for name in value):
        raise invalid("a dictionary fits no type of a schema unless all keys are text.")
    kinds = {name: infer_type(each) for name, each in value.items()}
    return Object(
        Property(name, kind, required=not isinstance(kind, AnyType)) for name, kind in kinds.items()
    )


def _merge(one: Type, other: Type) -> Type:
    """The type that holds what either holds."""
    if isinstance(one, AnyType):
        one, other = other, one
    if isinstance(other, AnyType):
        if isinstance(one, Object):
            return Object(Property(each.name, each.dtype, False) for each in one.properties)
        return one
    if isinstance(one, Array) and isinstance(other, Array):
        return Array(_merge(one.dtype, other.dtype))
    if isinstance(one, Object) and isinstance(other, Object):
        return _merge_objects(one, other)
    if one != other:
        raise invalid(f"values of different types: {one!r} and {other!r}.")
    return one


def _merge_objects(one: Object, other: Object) -> Object:
    first = {each.name: each for each in one.properties}
    second = {each.name: each for each in other.properties}
    merged = []
    for name in first | second:
        if name in first and name in second:
            kind = _merge(first[name].dtype, second[name].dtype)
            required = first[name].required and second[name].required
        else:
            kind, required = (first.get(name) or second[name]).dtype, False
        merged.append(Property(name, kind, required))
    return Object(merged)
