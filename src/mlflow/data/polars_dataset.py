"""A polars frame as a data set."""

from __future__ import annotations

import json
from functools import cached_property
from importlib import import_module
from typing import Any

from mlflow.data.dataset import Dataset, chosen_source, inferred
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.schema import columns_json
from mlflow.exceptions import invalid
from mlflow.types.schema import Array, ColSpec, DataType, Object, Property, Schema

_SIMPLE = {
    "Binary": DataType.binary,
    "Boolean": DataType.boolean,
    "Categorical": DataType.string,
    "Date": DataType.datetime,
    "Datetime": DataType.datetime,
    "Enum": DataType.string,
    "Float32": DataType.float,
    "Float64": DataType.double,
    "Int8": DataType.integer,
    "Int16": DataType.integer,
    "Int32": DataType.integer,
    "Int64": DataType.long,
    "String": DataType.string,
    "UInt8": DataType.integer,
    "UInt16": DataType.integer,
    "UInt32": DataType.long,
    "Utf8": DataType.string,
}


class PolarsDataset(Dataset):
    """A polars frame; made by `mlflow.data.from_polars`."""

    def __init__(
        self,
        df: Any,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        if not isinstance(df, import_module("polars").DataFrame):
            raise invalid(f"from_polars needs a polars.DataFrame, not {type(df).__name__}.")
        for column, role in ((targets, "targets"), (predictions, "predictions")):
            if column is not None and column not in df.columns:
                raise invalid(f"DataFrame does not contain specified {role} column: '{column}'")
        self._df = df
        self._targets = targets
        self._predictions = predictions
        super().__init__(source=source, name=name, digest=digest)

    def _compute_digest(self) -> str:
        # polars promises equal hashes within one of its versions only
        return str(self._df.hash_rows().sum())

    @property
    def df(self) -> Any:
        """The frame."""
        return self._df

    @property
    def targets(self) -> str | None:
        """The column to be predicted."""
        return self._targets

    @property
    def predictions(self) -> str | None:
        """The column with predictions."""
        return self._predictions

    @property
    def profile(self) -> dict[str, Any]:
        """Number of rows, and of values."""
        return {"num_rows": self._df.height, "num_elements": self._df.height * self._df.width}

    @cached_property
    def schema(self) -> Schema | None:
        """The types of the columns, None when they could not be told."""
        return inferred(self._infer, "polars")

    def _infer(self) -> Schema:
        # a column counts as required when it holds any value
        return Schema(
            [ColSpec(_type(each.dtype), each.name, each.count() > 0) for each in self._df]
        )

    def to_dict(self) -> dict[str, Any]:
        """What is kept of the data set."""
        schema = json.dumps(None) if self.schema is None else columns_json(self.schema)
        return super().to_dict() | {"schema": schema, "profile": json.dumps(self.profile)}


def _type(kind: Any) -> DataType | Array | Object:
    name = type(kind).__name__
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name in ("Array", "List"):
        return Array(_type(kind.inner))
    if name == "Struct":
        return Object(Property(field.name, _type(field.dtype)) for field in kind.fields)
    raise invalid(f"the polars type {kind} fits no type of a schema.")


def from_polars(
    df: Any,
    source: str | DatasetSource | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> PolarsDataset:
    """A data set from a polars frame.

    Args:
        df: the frame, not a lazy one.
        source: where the data come from: a path, an address or a source; None: the running code.
        targets: name of the column to be predicted.
        name: None: `dataset`.
        digest: None: computed from the data.
        predictions: name of the column with predictions.

    Raises:
        MlflowException: a column that was named is not there, or the source is not known.
    """
    return PolarsDataset(df, chosen_source(source), targets, name, digest, predictions)
