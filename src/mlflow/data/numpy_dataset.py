"""Numpy arrays as a data set."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlflow.data.dataset import Dataset, chosen_source, inferred
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.digests import arrays_digest
from mlflow.data.schema import TensorDatasetSchema, tensors_json
from mlflow.exceptions import invalid
from mlflow.types.infer import infer_tensors

if TYPE_CHECKING:
    import numpy as np

    Arrays = np.ndarray[Any, Any] | dict[str, np.ndarray[Any, Any]]


class NumpyDataset(Dataset):
    """Arrays of features and targets; made by `mlflow.data.from_numpy`."""

    def __init__(
        self,
        features: Arrays,
        source: DatasetSource,
        targets: Arrays | None = None,
        name: str | None = None,
        digest: str | None = None,
    ) -> None:
        _check(features, "features")
        if targets is not None:
            _check(targets, "targets")
        self._features = features
        self._targets = targets
        super().__init__(source=source, name=name, digest=digest)

    def _compute_digest(self) -> str:
        return arrays_digest(self._features, self._targets)

    @property
    def features(self) -> Arrays:
        """The features, one array or several by name."""
        return self._features

    @property
    def targets(self) -> Arrays | None:
        """The targets, one array or several by name."""
        return self._targets

    @property
    def profile(self) -> dict[str, Any]:
        """Shape, number of elements and of bytes."""
        known = {}
        for role, arrays in (("features", self._features), ("targets", self._targets)):
            if arrays is not None:
                for fact in ("shape", "size", "nbytes"):
                    known[f"{role}_{fact}"] = _fact(arrays, fact)
        return known

    @cached_property
    def schema(self) -> TensorDatasetSchema | None:
        """The types of the arrays, None when they could not be told."""
        return inferred(self._infer, "NumPy")

    def _infer(self) -> TensorDatasetSchema:
        targets = None if self._targets is None else infer_tensors(self._targets)
        return TensorDatasetSchema(infer_tensors(self._features), targets)

    def to_dict(self) -> dict[str, Any]:
        """What is kept of the data set."""
        profile = json.dumps(self.profile)
        return super().to_dict() | {"schema": tensors_json(self.schema), "profile": profile}


def _check(arrays: Any, role: str) -> None:
    parts = arrays.values() if isinstance(arrays, dict) else [arrays]
    if not all(hasattr(array, "flatten") and hasattr(array, "dtype") for array in parts):
        raise invalid(f"'{role}' must be a numpy.ndarray or a dictionary of them.")


def _fact(arrays: Arrays, fact: str) -> Any:
    if isinstance(arrays, dict):
        return {name: getattr(array, fact) for name, array in arrays.items()}
    return getattr(arrays, fact)


def from_numpy(
    features: Arrays,
    source: str | DatasetSource | None = None,
    targets: Arrays | None = None,
    name: str | None = None,
    digest: str | None = None,
) -> NumpyDataset:
    """A data set from numpy arrays.

    Args:
        features: one array, or several by name.
        source: where the data come from: a path, an address or a source; None: the running code.
        targets: one array, or several by name.
        name: None: `dataset`.
        digest: None: computed from the data.

    Raises:
        MlflowException: there are no arrays, or the source is not known.
    """
    return NumpyDataset(features, chosen_source(source), targets, name, digest)
