"""Views, the named states of the UI: the methods of `MlflowClient`."""

from mlflow import wire
from mlflow.client._calls import Calls
from mlflow.entities import View
from mlflow.wire.views import CreateView, DeleteView, GetView, ListViews, UpdateView


class Views(Calls):
    """Save, list and change views of experiments."""

    def create_view(self, experiment_id: str, name: str, state: str) -> View:
        """Save a view of an active experiment.

        Args:
            experiment_id: the experiment that it shows.
            name: up to 200 characters; no other view of the experiment may have it.
            state: what the UI keeps in its address, up to 65,536 characters.

        Raises:
            MlflowException: RESOURCE_ALREADY_EXISTS when the name is taken.
        """
        question = CreateView(experiment_id=str(experiment_id), name=name, state=state)
        return self._send(wire.views.create, question).view

    def list_views(self, experiment_id: str) -> list[View]:
        """All views of an experiment, sorted by name."""
        question = ListViews(experiment_id=str(experiment_id))
        return self._send(wire.views.list_views, question).views

    def get_view(self, view_id: str) -> View:
        """The view with this id.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST when there is none.
        """
        return self._send(wire.views.get, GetView(view_id=str(view_id))).view

    def update_view(
        self, view_id: str, *, name: str | None = None, state: str | None = None
    ) -> View:
        """Give a view another name or state; what is None stays as it is.

        Raises:
            MlflowException: RESOURCE_ALREADY_EXISTS when the name is taken.
        """
        question = UpdateView(view_id=str(view_id), name=name, state=state)
        return self._send(wire.views.update, question).view

    def delete_view(self, view_id: str) -> None:
        """Delete a view for good."""
        self._send(wire.views.delete, DeleteView(view_id=str(view_id)))
