"""Experiments: named collections of runs."""

from enum import IntEnum

from mlflow.entities._base import Entity


class LifecycleStage:
    """Whether a thing is there or in the bin."""

    ACTIVE = "active"
    DELETED = "deleted"


class ViewType(IntEnum):
    """Which lifecycle stages a search looks at."""

    ACTIVE_ONLY = 1
    DELETED_ONLY = 2
    ALL = 3

    @classmethod
    def from_string(cls, text: str) -> "ViewType":
        """The view by its name, in any case, with `_only` or without."""
        lowered = text.lower().removesuffix("_only")
        for view in cls:
            if view.name.lower().removesuffix("_only") == lowered:
                return view
        raise ValueError(f"{text!r} is no view; allowed are active_only, deleted_only and all")

    @classmethod
    def to_string(cls, view: "ViewType | int") -> str:
        """The name of a view in small letters."""
        return cls(view).name.lower()


class ExperimentTag(Entity):
    """A tag of an experiment."""

    key: str
    value: str = ""


class Experiment(Entity):
    """A named collection of runs.

    Args:
        tags: values by key.
        creation_time, last_update_time: milliseconds since the epoch.
    """

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    tags: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each object
    creation_time: int | None = None
    last_update_time: int | None = None
    workspace: str = "default"


class ExperimentOverview(Entity):
    """The runs of an experiment in figures.

    Args:
        runs: how many active runs there are.
        running: those of them that have not ended.
        deleted_runs: how many are in the bin.
        last_activity: when a run last started, ended or was changed, in milliseconds since the
            epoch; None before the first run.
    """

    experiment_id: str
    runs: int
    running: int
    deleted_runs: int
    last_activity: int | None
