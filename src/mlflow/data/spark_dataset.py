"""A Spark frame as a data set."""

from __future__ import annotations

import json
import logging
from functools import cached_property
from typing import Any

from mlflow.data.dataset import Dataset, check_column, chosen_source, inferred
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.digests import integer, short_md5
from mlflow.data.schema import columns_json
from mlflow.data.spark_dataset_source import SparkDatasetSource
from mlflow.data.spark_session import is_delta_path, is_delta_table
from mlflow.exceptions import invalid
from mlflow.types.schema import Array, ColSpec, DataType, Object, Property, Schema

#: milliseconds that counting rows may take, and how sure the count must be
_COUNT_MILLISECONDS = 5000
_COUNT_CONFIDENCE = 0.9
_SIMPLE = {
    "binary": DataType.binary,
    "boolean": DataType.boolean,
    "byte": DataType.integer,
    "date": DataType.datetime,
    "double": DataType.double,
    "float": DataType.float,
    "integer": DataType.integer,
    "long": DataType.long,
    "short": DataType.integer,
    "string": DataType.string,
    "timestamp": DataType.datetime,
}

_logger = logging.getLogger(__name__)


class SparkDataset(Dataset):
    """A Spark frame; made by `mlflow.data.from_spark` and `mlflow.data.load_delta`."""

    def __init__(
        self,
        df: Any,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        check_column(targets, df.columns, "targets", "Spark dataset")
        check_column(predictions, df.columns, "predictions", "Spark dataset")
        self._df = df
        self._targets = targets
        self._predictions = predictions
        super().__init__(source=source, name=name, digest=digest)

    def _compute_digest(self) -> str:
        # the hash of the query plan: the data are not read
        return short_md5([integer(self._df.semanticHash())])

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

    @cached_property
    def profile(self) -> dict[str, Any]:
        """About how many rows there are; `unknown` when that takes more than five seconds."""
        try:
            count = self._df.rdd.countApprox(_COUNT_MILLISECONDS, _COUNT_CONFIDENCE)
        except Exception as error:  # remote sessions have no rdd
            _logger.debug("The rows of a Spark frame cannot be counted: %s", error)
            count = 0
        return {"approx_count": count or "unknown"}

    @cached_property
    def schema(self) -> Schema | None:
        """The types of the columns, None when they could not be told."""
        return inferred(self._infer, "Spark")

    def _infer(self) -> Schema:
        # whether a column may be null says little in Spark: all are required
        fields = self._df.schema.fields
        return Schema([ColSpec(_type(each.dataType), each.name) for each in fields])

    def to_dict(self) -> dict[str, Any]:
        """What is kept of the data set."""
        schema = None if self.schema is None else columns_json(self.schema)
        return super().to_dict() | {"schema": schema, "profile": json.dumps(self.profile)}


def _type(kind: Any) -> DataType | Array | Object:
    name = kind.typeName()
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name == "array":
        return Array(_type(kind.elementType))
    if name == "struct":
        return Object(
            Property(each.name, _type(each.dataType), required=not each.nullable)
            for each in kind.fields
        )
    raise invalid(f"the Spark type {name} fits no type of a schema.")


def from_spark(
    df: Any,
    path: str | None = None,
    table_name: str | None = None,
    version: Any = None,
    sql: str | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> SparkDataset:
    """A data set from a Spark frame.

    At most one of `path`, `table_name` and `sql` says where it comes from; without any it is
    the running code.

    Args:
        df: the frame.
        path: files or folder that it was read from.
        table_name: table that it was read from.
        version: version of the Delta table at that path or of that name.
        sql: query that it was read by.
        targets: name of the column to be predicted.
        name: None: `dataset`.
        digest: None: computed from the query plan.
        predictions: name of the column with predictions.

    Raises:
        MlflowException: the arguments do not go together, or a column is not there.
    """
    if sum(each is not None for each in (path, table_name, sql)) > 1:
        raise invalid("Must specify at most one of `path`, `table_name`, or `sql`.")
    source = _source(path, table_name, version, sql)
    return SparkDataset(df, source, targets, name, digest, predictions)


def _source(
    path: str | None, table_name: str | None, version: Any, sql: str | None
) -> DatasetSource:
    if path is not None and is_delta_path(path):
        return DeltaDatasetSource(path=path, delta_table_version=version)
    if table_name is not None and is_delta_table(table_name):
        return DeltaDatasetSource(delta_table_name=table_name, delta_table_version=version)
    if version is not None and path is not None:
        raise invalid(
            f"Version '{version}' was specified, but the path '{path}' does not refer to a Delta "
            "table."
        )
    if version is not None and table_name is not None:
        raise invalid(
            f"Version '{version}' was specified, but could not find a Delta table with name "
            f"'{table_name}'."
        )
    if path is None and table_name is None and sql is None:
        return chosen_source(None)
    return SparkDatasetSource(path=path, table_name=table_name, sql=sql)


def load_delta(
    path: str | None = None,
    table_name: str | None = None,
    version: Any = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
) -> SparkDataset:
    """Read a Delta table with Spark.

    Args:
        path: its folder, or
        table_name: its name.
        version: None: the newest.
        targets: name of the column to be predicted.
        name: None: `dataset`.
        digest: None: computed from the query plan.

    Raises:
        MlflowException: not exactly one of `path` and `table_name` is given.
    """
    if (path is None) == (table_name is None):
        raise invalid("Must specify exactly one of `table_name` or `path`.")
    source = DeltaDatasetSource(path=path, delta_table_name=table_name, delta_table_version=version)
    return SparkDataset(source.load(), source, targets, name, digest)
