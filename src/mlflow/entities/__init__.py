"""What the API talks about."""

from mlflow.entities.artifacts import FileInfo
from mlflow.entities.datasets import Dataset, DatasetInput, InputTag
from mlflow.entities.experiments import (
    Experiment,
    ExperimentOverview,
    ExperimentTag,
    LifecycleStage,
    ViewType,
)
from mlflow.entities.metrics import Metric, Param, RunTag
from mlflow.entities.run_tables import GroupNumbers, GroupRows, RunRows, UsedColumns
from mlflow.entities.runs import (
    LoggedModelInput,
    LoggedModelOutput,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    RunStatus,
)
from mlflow.entities.views import View

__all__ = [
    "Dataset",
    "DatasetInput",
    "Experiment",
    "ExperimentOverview",
    "ExperimentTag",
    "FileInfo",
    "GroupNumbers",
    "GroupRows",
    "InputTag",
    "LifecycleStage",
    "LoggedModelInput",
    "LoggedModelOutput",
    "Metric",
    "Param",
    "Run",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunOutputs",
    "RunRows",
    "RunStatus",
    "RunTag",
    "UsedColumns",
    "View",
    "ViewType",
]
