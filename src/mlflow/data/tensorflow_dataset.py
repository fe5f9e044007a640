"""Tensorflow tensors, or a `tf.data.Dataset`, as a data set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from typing import Any

from mlflow.data.dataset import Dataset, chosen_source, inferred
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.digests import arrays_digest, elements, short_md5
from mlflow.data.schema import TensorDatasetSchema, tensors_json
from mlflow.exceptions import invalid
from mlflow.types.infer import infer_tensors, numpy_type
from mlflow.types.schema import ColSpec, Schema


class TensorFlowDataset(Dataset):
    """Tensors, or a `tf.data.Dataset`; made by `mlflow.data.from_tensorflow`."""

    def __init__(
        self,
        features: Any,
        source: DatasetSource,
        targets: Any = None,
        name: str | None = None,
        digest: str | None = None,
    ) -> None:
        tensorflow = import_module("tensorflow")
        self._streamed = isinstance(features, tensorflow.data.Dataset)
        if not self._streamed and not tensorflow.is_tensor(features):
            raise invalid(
                "'features' must be an instance of tf.data.Dataset or a TensorFlow Tensor. "
                f"Found: {type(features)}."
            )
        if targets is not None:
            if self._streamed and not isinstance(targets, tensorflow.data.Dataset):
                raise invalid(
                    "If 'features' is an instance of tf.data.Dataset, then 'targets' must also be "
                    f"an instance of tf.data.Dataset. Found: {type(targets)}."
                )
            if not self._streamed and not tensorflow.is_tensor(targets):
                raise invalid(
                    "If 'features' is a TensorFlow Tensor, then 'targets' must also be a "
                    f"TensorFlow Tensor. Found: {type(targets)}."
                )
        self._features = features
        self._targets = targets
        super().__init__(source=source, name=name, digest=digest)

    def _compute_digest(self) -> str:
        parts = [self._features] if self._targets is None else [self._features, self._targets]
        if self._streamed:
            # streams are read to their end: their beginning says too little after a shuffle
            return short_md5(
                elements(leaf)
                for stream in parts
                for element in stream.as_numpy_iterator()
                for leaf in _leaves(element)
            )
        return arrays_digest(*(_array(tensor.numpy()) for tensor in parts))

    @property
    def data(self) -> Any:
        """The features."""
        return self._features

    @property
    def targets(self) -> Any:
        """The targets, None when there are none."""
        return self._targets

    @property
    def profile(self) -> dict[str, Any]:
        """Number of elements; -1 is without end and -2 is unknown."""
        known = {"features_cardinality": self._cardinality(self._features)}
        if self._targets is not None:
            known["targets_cardinality"] = self._cardinality(self._targets)
        return known

    def _cardinality(self, data: Any) -> int:
        if self._streamed:
            return int(data.cardinality().numpy())
        return int(_array(data.numpy()).size)

    @cached_property
    def schema(self) -> TensorDatasetSchema | None:
        """The types of the tensors, None when they could not be told."""
        return inferred(self._infer, "TensorFlow")

    def _infer(self) -> TensorDatasetSchema:
        kind = self._stream_schema if self._streamed else _tensor_schema
        targets = None if self._targets is None else kind(self._targets)
        return TensorDatasetSchema(kind(self._features), targets)

    @staticmethod
    def _stream_schema(stream: Any) -> Schema:
        element = next(stream.as_numpy_iterator())
        if isinstance(element, tuple):
            element = {str(at): leaf for at, leaf in enumerate(element)}
        parts = element.values() if isinstance(element, dict) else [element]
        if not all(hasattr(part, "ndim") and hasattr(part, "nbytes") for part in parts):
            raise invalid("schemas need a tf.data.Dataset of tensors that are not nested.")
        return infer_tensors(element)

    def to_dict(self) -> dict[str, Any]:
        """What is kept of the data set."""
        profile = json.dumps(self.profile)
        return super().to_dict() | {"schema": tensors_json(self.schema), "profile": profile}


def _tensor_schema(tensor: Any) -> Schema:
    array = _array(tensor.numpy())
    if array.ndim == 0:
        return Schema([ColSpec(numpy_type(array.dtype))])
    return infer_tensors(array)


def _array(value: Any) -> Any:
    """A tensor without dimensions gives a plain value; here it is an array again."""
    return import_module("numpy").asarray(value)


def _leaves(element: Any) -> Iterator[Any]:
    """The arrays of one element of a stream, dictionaries in the order of their keys."""
    if isinstance(element, dict):
        for name in sorted(element):
            yield from _leaves(element[name])
    elif isinstance(element, tuple):
        for part in element:
            yield from _leaves(part)
    else:
        yield _array(element)


def from_tensorflow(
    features: Any,
    source: str | DatasetSource | None = None,
    targets: Any = None,
    name: str | None = None,
    digest: str | None = None,
) -> TensorFlowDataset:
    """A data set from tensors or from a `tf.data.Dataset`.

    Args:
        features: a tensor, or a `tf.data.Dataset`, which is read once for the digest.
        source: where the data come from: a path, an address or a source; None: the running code.
        targets: of the same kind as `features`.
        name: None: `dataset`.
        digest: None: computed from the data.

    Raises:
        MlflowException: these are no such data, or the source is not known.
    """
    return TensorFlowDataset(features, chosen_source(source), targets, name, digest)
