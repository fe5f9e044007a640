"""Data that code made: what stands in for a source when none is named."""

from typing import Any

from mlflow.data.dataset_source import DatasetSource, needed, not_resolved


class CodeDatasetSource(DatasetSource):
    """The script or notebook that made the data.

    Args:
        tags: where it ran, as the context tags of a run say it.
    """

    def __init__(self, tags: dict[str, Any]) -> None:
        self._tags = tags

    def load(self) -> Any:
        """Data cannot be loaded by running code again.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("Data that code made cannot be loaded; run the code again.")

    @staticmethod
    def _get_source_type() -> str:
        return "code"

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> "CodeDatasetSource":
        raise not_resolved(cls)

    def to_dict(self) -> dict[str, Any]:
        """The tags."""
        return {"tags": self._tags}

    @classmethod
    def from_dict(cls, source_dict: dict[str, Any]) -> "CodeDatasetSource":
        """The source with `tags`."""
        return cls(needed(cls, source_dict, "tags"))
