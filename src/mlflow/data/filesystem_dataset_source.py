"""Sources that are files or folders at a URI."""

from abc import abstractmethod
from typing import Any

from mlflow.data.dataset_source import DatasetSource


class FileSystemDatasetSource(DatasetSource):
    """Files at a URI; the shape of sources for file systems and object stores."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """The URI as it was given."""

    @abstractmethod
    def load(self, dst_path: str | None = None) -> str:
        """The path of a local copy.

        Args:
            dst_path: folder for the copy; None: a new temporary one, or none at all when the
                files are local.
        """

    @classmethod
    @abstractmethod
    def from_dict(cls, source_dict: dict[str, Any]) -> "FileSystemDatasetSource":
        """The source whose JSON holds this."""
