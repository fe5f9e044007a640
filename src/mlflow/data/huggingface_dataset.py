"""A `datasets.Dataset` of Hugging Face as a data set."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

from mlflow.data.dataset import Dataset, check_column, chosen_source, inferred
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.digests import frame_digest
from mlflow.data.huggingface_dataset_source import HuggingFaceDatasetSource
from mlflow.data.schema import columns_json
from mlflow.exceptions import invalid
from mlflow.types.infer import infer_frame
from mlflow.types.schema import Schema

_ROWS = 10_000

_logger = logging.getLogger(__name__)


class HuggingFaceDataset(Dataset):
    """A `datasets.Dataset`; made by `mlflow.data.from_huggingface`."""

    def __init__(
        self,
        ds: Any,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
    ) -> None:
        check_column(targets, ds.column_names, "targets", "Hugging Face dataset")
        self._ds = ds
        self._targets = targets
        super().__init__(source=source, name=name, digest=digest)

    @cached_property
    def _head(self) -> Any:
        # only these rows are read from the disk, and the digest counts only these
        return self._ds.select(range(min(_ROWS, len(self._ds)))).to_pandas()

    def _compute_digest(self) -> str:
        return frame_digest(self._head)

    @property
    def ds(self) -> Any:
        """The `datasets.Dataset`."""
        return self._ds

    @property
    def targets(self) -> str | None:
        """The column to be predicted."""
        return self._targets

    @property
    def profile(self) -> dict[str, Any]:
        """Number of rows; bytes in memory, and with the download, when they are known."""
        return {
            "num_rows": self._ds.num_rows,
            "dataset_size": self._ds.dataset_size,
            "size_in_bytes": self._ds.size_in_bytes,
        }

    @cached_property
    def schema(self) -> Schema | None:
        """The types of the columns in the first rows, None when they could not be told."""
        return inferred(lambda: infer_frame(self._head), "Hugging Face")

    def to_dict(self) -> dict[str, Any]:
        """What is kept of the data set."""
        schema = None if self.schema is None else columns_json(self.schema)
        return super().to_dict() | {"schema": schema, "profile": json.dumps(self.profile)}


def from_huggingface(
    ds: Any,
    path: str | None = None,
    targets: str | None = None,
    data_dir: str | None = None,
    data_files: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    revision: Any = None,
    name: str | None = None,
    digest: str | None = None,
    trust_remote_code: bool | None = None,
    source: str | DatasetSource | None = None,
) -> HuggingFaceDataset:
    """A data set from a `datasets.Dataset`.

    Args:
        ds: one split, not a dictionary of splits.
        path: name on the hub or format of the files, as `datasets.load_dataset` takes it; None:
            the data were made by the running code.
        targets: name of the column to be predicted.
        data_dir: folder of the files.
        data_files: the files.
        revision: version on the hub.
        name: None: `dataset`.
        digest: None: computed from the data.
        trust_remote_code: handed to `load_dataset` when the source is loaded again.
        source: where the data come from; it wins over `path`.

    Raises:
        MlflowException: `ds` is no `datasets.Dataset`, the column is not there, or the source
            is not known.
    """
    if not isinstance(ds, import_module("datasets").Dataset):
        raise invalid(
            "The specified Hugging Face dataset must be an instance of `datasets.Dataset`. "
            f"Instead, found an instance of: {type(ds)}"
        )
    if source is not None and path is not None:
        _logger.warning("'source' and 'path' are both given: 'source' wins, 'path' is ignored.")
    origin: str | DatasetSource | None = source
    if source is None and path is not None:
        origin = HuggingFaceDatasetSource(
            path=path,
            config_name=ds.config_name,
            data_dir=data_dir,
            data_files=data_files,
            split=ds.split,
            revision=revision,
            trust_remote_code=trust_remote_code,
        )
    return HuggingFaceDataset(ds, chosen_source(origin), targets, name, digest)
