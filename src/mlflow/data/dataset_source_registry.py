"""The table of sources: which one an address means, and which one a kept JSON is of.

Plug-ins add to it by the entry point group `mlflow.dataset_source`; what was added last is asked
first.
"""

import functools
import logging
from typing import Any

from mlflow.data.artifact_dataset_sources import (
    AzureBlobArtifactDatasetSource,
    AzureDataLakeArtifactDatasetSource,
    B2ArtifactDatasetSource,
    FTPArtifactDatasetSource,
    GCSArtifactDatasetSource,
    HdfsArtifactDatasetSource,
    LocalArtifactDatasetSource,
    R2ArtifactDatasetSource,
    S3ArtifactDatasetSource,
    SFTPArtifactDatasetSource,
    ViewfsArtifactDatasetSource,
)
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.data.huggingface_dataset_source import HuggingFaceDatasetSource
from mlflow.data.spark_dataset_source import SparkDatasetSource
from mlflow.data.uc_volume_dataset_source import UCVolumeDatasetSource
from mlflow.exceptions import missing

_SOURCES: list[type[DatasetSource]] = [
    AzureBlobArtifactDatasetSource,
    AzureDataLakeArtifactDatasetSource,
    B2ArtifactDatasetSource,
    CodeDatasetSource,
    DeltaDatasetSource,
    FTPArtifactDatasetSource,
    GCSArtifactDatasetSource,
    HTTPDatasetSource,
    HdfsArtifactDatasetSource,
    HuggingFaceDatasetSource,
    LocalArtifactDatasetSource,
    R2ArtifactDatasetSource,
    S3ArtifactDatasetSource,
    SFTPArtifactDatasetSource,
    SparkDatasetSource,
    UCVolumeDatasetSource,
    ViewfsArtifactDatasetSource,
]

_logger = logging.getLogger(__name__)


def register_dataset_source(source: type[DatasetSource]) -> None:
    """Add a kind of source; it is asked before those that are there."""
    _SOURCES.append(source)


def get_registered_sources() -> list[type[DatasetSource]]:
    """All kinds of sources, plug-ins last."""
    _load_plugins()
    return list(_SOURCES)


def resolve_dataset_source(
    raw_source: Any, candidate_sources: list[type[DatasetSource]] | None = None
) -> DatasetSource:
    """The source that an address or another thing names.

    Args:
        raw_source: such as a path, a URL or an object-store URI.
        candidate_sources: kinds that may be the answer, and their subclasses; None: all.

    Raises:
        MlflowException: RESOURCE_DOES_NOT_EXIST, no kind of source knows it.
    """
    for source in reversed(get_registered_sources()):
        if candidate_sources and not issubclass(source, tuple(candidate_sources)):
            continue
        try:
            if source._can_resolve(raw_source):
                return source._resolve(raw_source)
        except Exception as error:  # a broken plug-in must not hide the other kinds
            _logger.warning("%s cannot tell about %r: %s", source.__name__, raw_source, error)
    raise missing(
        "Could not find a source information resolver for the specified dataset source: "
        f"{raw_source}."
    )


def get_dataset_source_from_json(source_json: str, source_type: str) -> DatasetSource:
    """The source that was kept as JSON with a data set.

    Raises:
        MlflowException: RESOURCE_DOES_NOT_EXIST for a kind that is not known;
            INVALID_PARAMETER_VALUE for JSON that is not of this kind.
    """
    for source in reversed(get_registered_sources()):
        if source._get_source_type() == source_type:
            return source.from_json(source_json)
    raise missing(
        f"Could not parse dataset source from JSON due to unrecognized source type: {source_type}."
    )


@functools.cache
def _load_plugins() -> None:
    from importlib.metadata import entry_points  # slow, and only needed once a source is asked for

    for entry in entry_points(group="mlflow.dataset_source"):
        try:
            register_dataset_source(entry.load())
        except Exception as error:
            _logger.warning("The dataset source %s cannot be loaded: %s", entry.name, error)
