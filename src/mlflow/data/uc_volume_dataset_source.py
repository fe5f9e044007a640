"""Files in a volume of Unity Catalog."""

from typing import Any

from mlflow.data.dataset_source import DatasetSource, needed, not_resolved
from mlflow.exceptions import MlflowNotImplementedException


class UCVolumeDatasetSource(DatasetSource):
    """Files under `/Volumes/<catalog>/<schema>/<volume>/` on Databricks.

    Args:
        path: the path.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def load(self) -> Any:
        """Volumes are read on Databricks only.

        Raises:
            MlflowException: NOT_IMPLEMENTED, always.
        """
        raise MlflowNotImplementedException(f"{self.path} can only be read on Databricks.")

    @staticmethod
    def _get_source_type() -> str:
        return "uc_volume"

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> "UCVolumeDatasetSource":
        raise not_resolved(cls)

    def to_dict(self) -> dict[str, Any]:
        """The path."""
        return {"path": self.path}

    @classmethod
    def from_dict(cls, source_dict: dict[str, Any]) -> "UCVolumeDatasetSource":
        """The source at `path`."""
        return cls(needed(cls, source_dict, "path"))
