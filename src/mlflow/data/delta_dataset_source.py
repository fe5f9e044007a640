"""A Delta table, by path or by name, at a version."""

from typing import Any

from mlflow.data.dataset_source import DatasetSource, not_resolved
from mlflow.data.spark_session import session
from mlflow.exceptions import invalid


class DeltaDatasetSource(DatasetSource):
    """Exactly one of a path and a table name.

    Args:
        path: folder of the table.
        delta_table_name: name of the table.
        delta_table_version: None: the newest when it is loaded.
        delta_table_id: id of the table in its catalogue.
    """

    def __init__(
        self,
        path: str | None = None,
        delta_table_name: str | None = None,
        delta_table_version: int | None = None,
        delta_table_id: str | None = None,
    ) -> None:
        if (path is None) == (delta_table_name is None):
            raise invalid('Must specify exactly one of "path" or "table_name"')
        self._path = path
        self._table_name = delta_table_name
        self._table_version = delta_table_version
        self._table_id = delta_table_id

    @property
    def path(self) -> str | None:
        """The folder of the table."""
        return self._path

    @property
    def delta_table_name(self) -> str | None:
        """The name of the table."""
        return self._table_name

    @property
    def delta_table_version(self) -> int | None:
        """The version, None for the newest."""
        return self._table_version

    @property
    def delta_table_id(self) -> str | None:
        """The id of the table in its catalogue."""
        return self._table_id

    def load(self, **kwargs: Any) -> Any:
        """The Spark frame."""
        reader = session().read.format("delta")
        if self._table_version is not None:
            reader = reader.option("versionAsOf", self._table_version)
        if self._path is not None:
            return reader.load(self._path)
        return reader.table(self._table_name)

    @staticmethod
    def _get_source_type() -> str:
        return "delta_table"

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> "DeltaDatasetSource":
        raise not_resolved(cls)

    def to_dict(self) -> dict[str, Any]:
        """Path or name, and what is known of version and id."""
        known: dict[str, Any] = {}
        if self._path is not None:
            known["path"] = self._path
        else:
            known["delta_table_name"] = self._table_name
        if self._table_version is not None:
            known["delta_table_version"] = self._table_version
        if self._table_name is not None and _in_unity_catalog(self._table_name):
            known["is_databricks_uc_table"] = True
            known["delta_table_id"] = self._table_id
        return known

    @classmethod
    def from_dict(cls, source_dict: dict[str, Any]) -> "DeltaDatasetSource":
        """The source with these arguments."""
        return cls(
            source_dict.get("path"),
            source_dict.get("delta_table_name"),
            source_dict.get("delta_table_version"),
            source_dict.get("delta_table_id"),
        )


def _in_unity_catalog(table_name: str) -> bool:
    """Whether the name points to none of the catalogues that Unity Catalog does not keep."""
    return table_name.split(".", 1)[0] not in ("hive_metastore", "samples", "spark_catalog")
