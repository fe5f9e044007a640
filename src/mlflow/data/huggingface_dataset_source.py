"""A data set of the Hugging Face hub, or files that the `datasets` library reads."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from mlflow.data.dataset_source import DatasetSource, needed, not_resolved


class HuggingFaceDatasetSource(DatasetSource):
    """What `datasets.load_dataset` needs to load the data again.

    Args:
        path: name on the hub, or the format of local files.
        config_name: configuration of the data set.
        data_dir: folder of the files.
        data_files: the files.
        split: which part; None: all.
        revision: version on the hub.
        trust_remote_code: handed to `load_dataset` when it is not None; never kept.
    """

    def __init__(
        self,
        path: str,
        config_name: str | None = None,
        data_dir: str | None = None,
        data_files: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
        split: Any = None,
        revision: Any = None,
        trust_remote_code: bool | None = None,
    ) -> None:
        self.path = path
        self.config_name = config_name
        self.data_dir = data_dir
        self.data_files = data_files
        self.split = split
        self.revision = revision
        self.trust_remote_code = trust_remote_code

    def load(self, **kwargs: Any) -> Any:
        """The `datasets.Dataset`, or the dictionary of its splits.

        Args:
            kwargs: further arguments for `datasets.load_dataset`.
        """
        given = {
            "path": self.path,
            "name": self.config_name,
            "data_dir": self.data_dir,
            "data_files": self.data_files,
            "split": self.split,
            "revision": self.revision,
        }
        if self.trust_remote_code is not None:
            given["trust_remote_code"] = self.trust_remote_code
        return import_module("datasets").load_dataset(**(given | kwargs))

    @staticmethod
    def _get_source_type() -> str:
        return "hugging_face"

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> "HuggingFaceDatasetSource":
        raise not_resolved(cls)

    def to_dict(self) -> dict[str, Any]:
        """All but `trust_remote_code`; a split that is not given is the text `None`."""
        return {
            "path": self.path,
            "config_name": self.config_name,
            "data_dir": self.data_dir,
            "data_files": self.data_files,
            "split": str(self.split),
            "revision": self.revision,
        }

    @classmethod
    def from_dict(cls, source_dict: dict[str, Any]) -> "HuggingFaceDatasetSource":
        """The source with these arguments."""
        split = source_dict.get("split")
        return cls(
            path=needed(cls, source_dict, "path"),
            config_name=source_dict.get("config_name"),
            data_dir=source_dict.get("data_dir"),
            data_files=source_dict.get("data_files"),
            split=None if split == "None" else split,
            revision=source_dict.get("revision"),
        )
