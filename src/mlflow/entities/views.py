"""Views: named states of the UI, which everybody who sees the experiment can open."""

from mlflow.entities._base import Entity


class View(Entity):
    """A named state of an experiment's page.

    Args:
        state: what the UI wrote; nothing else reads it.
        creation_time, last_update_time: milliseconds since the epoch.
    """

    view_id: str
    experiment_id: str
    name: str
    state: str
    creation_time: int
    last_update_time: int
