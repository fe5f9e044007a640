"""Data sets in memory: the shape of all of them."""

import json
import logging
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from mlflow import entities
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.exceptions import invalid
from mlflow.fluent.context import context_tags

S = TypeVar("S")

_logger = logging.getLogger(__name__)


class Dataset:
    """Data with a name, a digest and a source, to be logged as what a run read.

    Args:
        source: where the data come from.
        name: None: `dataset`.
        digest: what tells these data from others of the same name; None: computed from them.
    """

    def __init__(
        self, source: DatasetSource, name: str | None = None, digest: str | None = None
    ) -> None:
        self._name = name
        self._source = source
        self._digest = digest or self._compute_digest()

    @abstractmethod
    def _compute_digest(self) -> str:
        """What tells these data from others; at most 36 characters."""

    def to_dict(self) -> dict[str, Any]:
        """What is kept of the data set; values are text or None."""
        return {
            "name": self.name,
            "digest": self.digest,
            "source": self.source.to_json(),
            "source_type": self._get_source_type(),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict())

    def _get_source_type(self) -> str:
        return self.source._get_source_type()

    @property
    def name(self) -> str:
        """The name."""
        return self._name if self._name is not None else "dataset"

    @property
    def digest(self) -> str:
        """What tells these data from others of the same name."""
        return self._digest

    @property
    def source(self) -> DatasetSource:
        """Where the data come from."""
        return self._source

    @property
    @abstractmethod
    def profile(self) -> Any | None:
        """A summary, such as the number of rows."""

    @property
    @abstractmethod
    def schema(self) -> Any | None:
        """The types of columns or tensors, None when they could not be told."""

    def _to_mlflow_entity(self) -> entities.Dataset:
        """What is logged."""
        known = self.to_dict()
        return entities.Dataset(
            name=known["name"],
            digest=known["digest"],
            source_type=known["source_type"],
            source=known["source"],
            schema=known.get("schema"),
            profile=known.get("profile"),
        )


def chosen_source(source: object) -> DatasetSource:
    """The source that a user gave: a source, an address, or None for the running code.

    Raises:
        MlflowException: RESOURCE_DOES_NOT_EXIST, no kind of source knows the address.
    """
    if isinstance(source, DatasetSource):
        return source
    if source is None:
        return CodeDatasetSource(context_tags())
    return resolve_dataset_source(source)


def inferred(infer: Callable[[], S], kind: str) -> S | None:
    """The schema that `infer` gives; None with a warning when it cannot.

    Data are worth logging even when their types cannot be told.
    """
    try:
        return infer()
    except Exception as error:
        _logger.warning("The schema of a %s data set is left out: %s", kind, error)
        return None


def check_column(column: str | None, columns: object, role: str, kind: str) -> None:
    """Check that a column that was named as targets or predictions is there.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE, it is not.
    """
    if column is not None and column not in columns:  # type: ignore[operator]
        raise invalid(
            f"The specified {kind} does not contain the specified {role} column '{column}'."
        )
