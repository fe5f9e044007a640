"""Views: named states of the UI, one name once per experiment."""

from mlflow import wire
from mlflow.entities.views import View
from mlflow.exceptions import RESOURCE_ALREADY_EXISTS, MlflowException, missing
from mlflow.service import experiments
from mlflow.service._engine import Engine, serves
from mlflow.store.views import ViewRow
from mlflow.wire import Empty
from mlflow.wire._fields import experiment_number
from mlflow.wire.views import (
    CreateView,
    DeleteView,
    FoundView,
    GetView,
    ListedViews,
    ListViews,
    UpdateView,
    view_number,
)


@serves(wire.views.create)
def create(engine: Engine, ask: CreateView) -> FoundView:
    """Save a view of an active experiment."""
    experiment = experiments.active(engine, ask.experiment_id)
    row = engine.store.views.create(experiment.id, ask.name, ask.state)
    if row is None:
        raise _taken(ask.name)
    return FoundView(_view(row))


@serves(wire.views.list_views)
def list_views(engine: Engine, ask: ListViews) -> ListedViews:
    """List the views of an experiment."""
    rows = engine.store.views.of_experiment(experiment_number(ask.experiment_id))
    return ListedViews([_view(row) for row in rows])


@serves(wire.views.get)
def get(engine: Engine, ask: GetView) -> FoundView:
    """Get a view."""
    row = engine.store.views.by_number(view_number(ask.view_id))
    if row is None:
        raise _unknown(ask.view_id)
    return FoundView(_view(row))


@serves(wire.views.update)
def update(engine: Engine, ask: UpdateView) -> FoundView:
    """Change the name or the state of a view, or both."""
    row = engine.store.views.update(view_number(ask.view_id), ask.name, ask.state)
    if row is None:
        raise _unknown(ask.view_id)
    if ask.name is not None and row.name != ask.name:
        raise _taken(ask.name)
    return FoundView(_view(row))


@serves(wire.views.delete)
def delete(engine: Engine, ask: DeleteView) -> Empty:
    """Delete a view."""
    if not engine.store.views.delete(view_number(ask.view_id)):
        raise _unknown(ask.view_id)
    return Empty()


def _view(row: ViewRow) -> View:
    return View(
        view_id=str(row.id),
        experiment_id=str(row.experiment_id),
        name=row.name,
        state=row.state,
        creation_time=row.created,
        last_update_time=row.updated,
    )


def _unknown(view_id: str) -> MlflowException:
    return missing(f"There is no view with id {view_id}; it may have been deleted.")


def _taken(name: str) -> MlflowException:
    return MlflowException(
        f"This experiment has a view named {name!r} already. Choose another name, or update "
        "that view.",
        RESOURCE_ALREADY_EXISTS,
    )
