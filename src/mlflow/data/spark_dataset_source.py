"""Files, a table or a query that Spark reads."""

from typing import Any

from mlflow.data.dataset_source import DatasetSource, not_resolved
from mlflow.data.spark_session import session
from mlflow.exceptions import invalid


class SparkDatasetSource(DatasetSource):
    """Exactly one of a path, a table and a query.

    Args:
        path: files in Spark's default format (parquet).
        table_name: name of a table.
        sql: text of a query.
    """

    def __init__(
        self, path: str | None = None, table_name: str | None = None, sql: str | None = None
    ) -> None:
        if sum(each is not None for each in (path, table_name, sql)) != 1:
            raise invalid('Must specify exactly one of "path", "table_name", or "sql"')
        self._path = path
        self._table_name = table_name
        self._sql = sql

    def load(self, **kwargs: Any) -> Any:
        """The Spark frame."""
        spark = session()
        if self._path is not None:
            return spark.read.load(self._path)
        if self._table_name is not None:
            return spark.read.table(self._table_name)
        return spark.sql(self._sql)

    @staticmethod
    def _get_source_type() -> str:
        return "spark"

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> "SparkDatasetSource":
        raise not_resolved(cls)

    def to_dict(self) -> dict[str, Any]:
        """The one that was given."""
        given = {"path": self._path, "table_name": self._table_name, "sql": self._sql}
        return {name: value for name, value in given.items() if value is not None}

    @classmethod
    def from_dict(cls, source_dict: dict[str, Any]) -> "SparkDatasetSource":
        """The source with one of `path`, `table_name` and `sql`."""
        return cls(source_dict.get("path"), source_dict.get("table_name"), source_dict.get("sql"))
