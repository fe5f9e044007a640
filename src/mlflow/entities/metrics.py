"""Metrics, params and tags: what a run logs."""

from mlflow.entities._base import Entity


class Metric(Entity, omit_defaults=True):
    """One point of a metric.

    Args:
        key: name of the metric.
        value: the number; NaN is allowed.
        timestamp: milliseconds since the epoch.
        step: position on the training axis; any integer.
    """

    key: str
    value: float
    timestamp: int
    step: int
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None

    def to_dictionary(self) -> dict[str, object]:
        """All fields by name."""
        return dict(self)


class Param(Entity):
    """A parameter of a run; its value never changes."""

    key: str
    value: str = ""


class RunTag(Entity):
    """A tag of a run."""

    key: str
    value: str = ""
