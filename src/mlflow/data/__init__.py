"""Data sets: what a run read, where it came from and what it looks like.

    data = mlflow.data.from_pandas(frame, source="s3://bucket/train.csv", targets="price")
    mlflow.log_input(data, context="training")

The libraries that hold the data are imported when a data set is made from them. Plug-ins add
further `from_...` functions by the entry point group `mlflow.dataset_constructor`.
"""

from typing import Any

from mlflow import entities
from mlflow.data import sources
from mlflow.data.dataset import Dataset
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.dataset_source_registry import (
    get_dataset_source_from_json,
    get_registered_sources,
)
from mlflow.data.huggingface_dataset import from_huggingface
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.numpy_dataset import from_numpy
from mlflow.data.pandas_dataset import from_pandas
from mlflow.data.polars_dataset import from_polars
from mlflow.data.spark_dataset import from_spark, load_delta
from mlflow.data.tensorflow_dataset import from_tensorflow
from mlflow.exceptions import invalid

__all__ = [
    "Dataset",
    "DatasetSource",
    "MetaDataset",
    "from_huggingface",
    "from_numpy",
    "from_pandas",
    "from_polars",
    "from_spark",
    "from_tensorflow",
    "get_dataset_source_from_json",
    "get_registered_sources",
    "get_source",
    "load_delta",
    "sources",
]


def get_source(dataset: entities.Dataset | entities.DatasetInput | Dataset) -> DatasetSource:
    """The source of a data set, such as one that a run read.

    Args:
        dataset: a data set in memory, or as it is found in `run.inputs.dataset_inputs`.

    Raises:
        MlflowException: it is no data set, or its kind of source is not known.
    """
    if isinstance(dataset, entities.DatasetInput):
        dataset = dataset.dataset
    if isinstance(dataset, Dataset):
        return dataset.source
    if isinstance(dataset, entities.Dataset):
        return get_dataset_source_from_json(dataset.source, dataset.source_type)
    raise invalid(
        f"Unrecognized dataset type {type(dataset)}. Expected one of: "
        "`mlflow.data.dataset.Dataset`, `mlflow.entities.Dataset`, `mlflow.entities.DatasetInput`."
    )


def __getattr__(name: str) -> Any:
    """A function that a plug-in provides."""
    if name.startswith(("from_", "load_")):
        from importlib.metadata import entry_points  # only a plug-in's user pays for it

        for entry in entry_points(group="mlflow.dataset_constructor", name=name):
            function = globals()[name] = entry.load()
            return function
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
