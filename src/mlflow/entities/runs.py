"""Runs: one execution of a piece of code and all that it logged."""

from typing import Any

import msgspec

from mlflow.entities._base import Entity
from mlflow.entities.datasets import DatasetInput
from mlflow.entities.metrics import Metric


class RunStatus:
    """The states of a run, by number and by name."""

    RUNNING = 1
    SCHEDULED = 2
    FINISHED = 3
    FAILED = 4
    KILLED = 5

    _NAMES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")

    @staticmethod
    def from_string(name: str) -> int:
        """The number of a status."""
        try:
            return RunStatus._NAMES.index(name) + 1
        except ValueError:
            allowed = ", ".join(RunStatus._NAMES)
            raise Exception(f"{name!r} is no run status; allowed are {allowed}") from None

    @staticmethod
    def to_string(status: int) -> str:
        """The name of a status."""
        if not 1 <= status <= len(RunStatus._NAMES):
            raise Exception(f"{status!r} is no run status; allowed are 1 to 5")
        return RunStatus._NAMES[status - 1]

    @staticmethod
    def is_terminated(status: int) -> bool:
        """Whether a run in this state has ended."""
        return status in (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)

    @staticmethod
    def all_status() -> list[int]:
        """The numbers of all states."""
        return list(range(1, len(RunStatus._NAMES) + 1))


class RunInfo(Entity):
    """What is known about a run besides what it logged. Times are milliseconds since the epoch."""

    run_id: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int | None
    end_time: int | None
    lifecycle_stage: str
    artifact_uri: str | None = None
    run_name: str | None = None


class RunData(Entity):
    """What a run logged: the latest value of each metric, params and tags, by name."""

    metrics: dict[str, float] = {}  # noqa: RUF012 - msgspec copies it for each object
    params: dict[str, str] = {}  # noqa: RUF012
    tags: dict[str, str] = {}  # noqa: RUF012
    _metric_objs: list[Metric] = []  # noqa: RUF012

    def to_dictionary(self) -> dict[str, Any]:
        """Metrics, params and tags by name."""
        return {"metrics": self.metrics, "params": self.params, "tags": self.tags}


class LoggedModelInput(Entity):
    """A model that a run read."""

    model_id: str

    def to_dictionary(self) -> dict[str, Any]:
        """All fields by name."""
        return dict(self)


class LoggedModelOutput(Entity):
    """A model that a run made, and at which step."""

    model_id: str
    step: int

    def to_dictionary(self) -> dict[str, Any]:
        """All fields by name."""
        return dict(self)


class RunInputs(Entity):
    """What a run read."""

    dataset_inputs: list[DatasetInput] = []  # noqa: RUF012
    model_inputs: list[LoggedModelInput] = []  # noqa: RUF012

    def to_dictionary(self) -> dict[str, Any]:
        """Data sets and models as dictionaries."""
        return {
            "dataset_inputs": [item.to_dictionary() for item in self.dataset_inputs],
            "model_inputs": [item.to_dictionary() for item in self.model_inputs],
        }


class RunOutputs(Entity):
    """What a run made."""

    model_outputs: list[LoggedModelOutput] = []  # noqa: RUF012

    def to_dictionary(self) -> dict[str, Any]:
        """Models as dictionaries."""
        return {"model_outputs": [item.to_dictionary() for item in self.model_outputs]}


class Run(Entity):
    """A run: its information, what it logged, what it read and what it made."""

    info: RunInfo
    data: RunData
    inputs: RunInputs = msgspec.field(default_factory=RunInputs)
    outputs: RunOutputs = msgspec.field(default_factory=RunOutputs)

    def to_dictionary(self) -> dict[str, Any]:
        """The run as nested dictionaries."""
        return {
            "info": dict(self.info),
            "data": self.data.to_dictionary(),
            "inputs": self.inputs.to_dictionary(),
            "outputs": self.outputs.to_dictionary(),
        }
