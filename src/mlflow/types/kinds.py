"""The type of one value: simple, or a list, a dictionary with known or unknown keys, anything."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Union

from mlflow.exceptions import invalid

if TYPE_CHECKING:
    import numpy as np

ARRAY_TYPE = "array"
OBJECT_TYPE = "object"
MAP_TYPE = "map"
ANY_TYPE = "any"


class DataType(Enum):
    """The type of a single value."""

    boolean = 1
    integer = 2
    long = 3
    float = 4
    double = 5
    string = 6
    binary = 7
    datetime = 8

    def __repr__(self) -> str:
        return self.name

    def __str__(self) -> str:
        return self.name

    def to_dict(self) -> dict[str, Any]:
        """The JSON form inside an array, an object or a map."""
        return {"type": self.name}

    def to_numpy(self) -> np.dtype[Any]:
        """The numpy type of such a column."""
        import numpy as np

        return np.dtype(_NUMPY[self])

    def to_pandas(self) -> np.dtype[Any]:
        """The pandas type of such a column; text and bytes are objects."""
        import numpy as np

        return np.dtype("O" if self in (DataType.string, DataType.binary) else _NUMPY[self])

    def to_python(self) -> type:
        """The Python type of such a value."""
        return _PYTHON[self]

    def to_spark(self) -> Any:
        """The Spark type of such a column."""
        return getattr(import_module("pyspark.sql.types"), _SPARK[self])()

    @classmethod
    def all_types(cls) -> list[DataType]:
        """All of them, in the order of their numbers."""
        return list(cls)

    @classmethod
    def from_numpy_type(cls, kind: np.dtype[Any]) -> DataType | None:
        """The type whose numpy type is exactly `kind`, None when there is none."""
        return next((each for each in cls if each.to_numpy() == kind), None)


_PYTHON: dict[DataType, type] = {
    DataType.boolean: bool,
    DataType.integer: int,
    DataType.long: int,
    DataType.float: float,
    DataType.double: float,
    DataType.string: str,
    DataType.binary: bytes,
    DataType.datetime: datetime.date,
}
_NUMPY = {
    DataType.boolean: "bool",
    DataType.integer: "int32",
    DataType.long: "int64",
    DataType.float: "float32",
    DataType.double: "float64",
    DataType.string: "str",
    DataType.binary: "bytes",
    DataType.datetime: "datetime64[ns]",
}
_SPARK = {
    DataType.boolean: "BooleanType",
    DataType.integer: "IntegerType",
    DataType.long: "LongType",
    DataType.float: "FloatType",
    DataType.double: "DoubleType",
    DataType.string: "StringType",
    DataType.binary: "BinaryType",
    DataType.datetime: "TimestampType",
}


class Array:
    """A list whose elements have one type.

    Args:
        dtype: their type, or the name of a DataType.
    """

    def __init__(self, dtype: Type | str) -> None:
        self.dtype = checked_type(dtype)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"type": ARRAY_TYPE, "items": self.dtype.to_dict()}

    @classmethod
    def from_json_dict(cls, **fields: Any) -> Array:
        """The array with this JSON form."""
        return cls(type_from_json(fields["items"]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Array) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((ARRAY_TYPE, self.dtype))

    def __repr__(self) -> str:
        return f"Array({self.dtype!r})"


class Map:
    """A dictionary with text as keys, whose values have one type.

    Args:
        value_type: their type, or the name of a DataType.
    """

    def __init__(self, value_type: Type | str) -> None:
        self.value_type = checked_type(value_type)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"type": MAP_TYPE, "values": self.value_type.to_dict()}

    @classmethod
    def from_json_dict(cls, **fields: Any) -> Map:
        """The map with this JSON form."""
        return cls(type_from_json(fields["values"]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Map) and self.value_type == other.value_type

    def __hash__(self) -> int:
        return hash((MAP_TYPE, self.value_type))

    def __repr__(self) -> str:
        return f"Map(str -> {self.value_type!r})"


class AnyType:
    """Anything; what is inferred where there is nothing but missing values."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"type": ANY_TYPE}

    @classmethod
    def from_json_dict(cls, **fields: Any) -> AnyType:
        """The type with this JSON form."""
        return cls()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyType)

    def __hash__(self) -> int:
        return hash(ANY_TYPE)

    def __repr__(self) -> str:
        return "Any"


class Property:
    """A named value of an object.

    Args:
        dtype: its type, or the name of a DataType.
        required: False when it may be missing.
    """

    def __init__(self, name: str, dtype: Type | str, required: bool = True) -> None:
        self.name = name
        self.dtype = checked_type(dtype)
        self.required = bool(required)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, below its name."""
        return {self.name: self.dtype.to_dict() | {"required": self.required}}

    @classmethod
    def from_json_dict(cls, **fields: Any) -> Property:
        """The property with this JSON form."""
        if len(fields) != 1:
            raise invalid(f"A property is one name with one type, not {fields!r}.")
        [(name, kind)] = fields.items()
        return cls(name, type_from_json(kind), kind.get("required", True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Property) and fields_of(self) == fields_of(other)

    def __hash__(self) -> int:
        return hash((self.name, self.dtype, self.required))

    def __repr__(self) -> str:
        return f"{self.name}: {self.dtype!r} ({requirement(self.required)})"


class Object:
    """A dictionary with known keys, kept in the order of their names.

    Raises:
        MlflowException: there is no property, or two have the same name.
    """

    def __init__(self, properties: Iterable[Property]) -> None:
        found = list(properties)
        if not all(isinstance(each, Property) for each in found):
            raise invalid("Expected values to be instance of Property.")
        if not found:
            raise invalid("Creating Object with empty properties is not allowed.")
        self.properties = sorted(found, key=lambda each: each.name)
        names = [each.name for each in self.properties]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise invalid(f"Found duplicated property names: `{', '.join(doubled)}`")

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        properties: dict[str, Any] = {}
        for each in self.properties:
            properties |= each.to_dict()
        return {"type": OBJECT_TYPE, "properties": properties}

    @classmethod
    def from_json_dict(cls, **fields: Any) -> Object:
        """The object with this JSON form."""
        properties = fields["properties"].items()
        return cls(Property.from_json_dict(**{name: kind}) for name, kind in properties)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Object) and self.properties == other.properties

    def __hash__(self) -> int:
        return hash(tuple(self.properties))

    def __repr__(self) -> str:
        return "{" + ", ".join(map(repr, self.properties)) + "}"


Type = Union[DataType, Array, Object, Map, AnyType]  # noqa: UP007 - used above, at run time

_COMPOUND: dict[str, type[Array] | type[Object] | type[Map] | type[AnyType]] = {
    ANY_TYPE: AnyType,
    ARRAY_TYPE: Array,
    MAP_TYPE: Map,
    OBJECT_TYPE: Object,
}


def checked_type(kind: Any) -> Type:
    """A type given as such or as the name of a DataType."""
    if isinstance(kind, DataType | Array | Object | Map | AnyType):
        return kind
    if isinstance(kind, str):
        if kind in DataType.__members__:
            return DataType[kind]
        raise invalid(
            f"Unsupported type '{kind}', expected instance of DataType, Array, Object, Map, "
            f"AnyType or one of {list(DataType.__members__)}"
        )
    raise TypeError(f"A type is a DataType, Array, Object, Map, AnyType or str, not {kind!r}.")


def type_from_json(fields: Any) -> Type:
    """The type that a JSON form describes."""
    if not isinstance(fields, dict) or "type" not in fields:
        raise invalid(f"A type in a schema needs the field `type`: {fields!r}")
    compound = _COMPOUND.get(fields["type"])
    return compound.from_json_dict(**fields) if compound else checked_type(fields["type"])


def fields_of(thing: object) -> tuple[Any, ...]:
    """The values of all attributes, for comparison."""
    return tuple(vars(thing).values())


def requirement(required: bool) -> str:
    """The word for it."""
    return "required" if required else "optional"


def spark_type(kind: Type) -> Any:
    """The Spark type of values of this type."""
    types = import_module("pyspark.sql.types")
    if isinstance(kind, DataType):
        return kind.to_spark()
    if isinstance(kind, Array):
        return types.ArrayType(spark_type(kind.dtype), containsNull=True)
    if isinstance(kind, Map):
        return types.MapType(types.StringType(), spark_type(kind.value_type))
    if isinstance(kind, Object):
        fields = [
            (each.name, spark_type(each.dtype), not each.required) for each in kind.properties
        ]
        return types.StructType([types.StructField(*field) for field in fields])
    raise invalid(f"There is no Spark type for {kind!r}.")
