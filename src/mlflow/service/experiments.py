"""Experiments: unique names, the bin, tags, search."""

import re
from typing import Literal

from mlflow import wire
from mlflow.blobs.schemes import local_folder, scheme_of
from mlflow.entities.experiments import ExperimentOverview, ExperimentTag
from mlflow.exceptions import (
    INVALID_STATE,
    RESOURCE_ALREADY_EXISTS,
    MlflowException,
    invalid,
    missing,
)
from mlflow.search.fields import EXPERIMENTS
from mlflow.search.order import parse_order
from mlflow.search.parse import parse_filter
from mlflow.service import _pages
from mlflow.service._engine import Engine, serves
from mlflow.store import ExperimentRow
from mlflow.store.runs import placed
from mlflow.wire import Empty
from mlflow.wire._fields import experiment_number, view_name
from mlflow.wire.experiments import (
    CreatedExperiment,
    CreateExperiment,
    DeleteExperiment,
    DeleteExperimentTag,
    ExperimentMessage,
    ExperimentOverviews,
    FoundExperiment,
    FoundExperiments,
    GetExperiment,
    GetExperimentByName,
    GetExperimentOverviews,
    RestoreExperiment,
    SearchExperiments,
    SetExperimentTag,
    UpdateExperiment,
)

#: paths and `file:` URIs that say all; also of Windows, and of whoever is at home
_ABSOLUTE = re.compile(r"(file:)?[/\\~]|[a-z]:", re.IGNORECASE)
VIEWS: dict[str, Literal["active", "deleted", "all"]] = {
    "ACTIVE_ONLY": "active",
    "ALL": "all",
    "DELETED_ONLY": "deleted",
}


@serves(wire.experiments.create)
def create(engine: Engine, ask: CreateExperiment) -> CreatedExperiment:
    """Create an experiment; its name must be new, also among deleted ones."""
    tags = {tag.key: tag.value for tag in ask.tags}
    location = _settled(ask.artifact_location)
    number = engine.store.experiments.create(ask.name, location, tags)
    if number is None:
        there = engine.store.experiments.by_name(ask.name)
        deleted = there is not None and there.deleted is not None
        advice = " It is deleted: restore it, or choose another name." if deleted else ""
        raise MlflowException(
            f"Experiment(name={ask.name}) already exists.{advice}", RESOURCE_ALREADY_EXISTS
        )
    return CreatedExperiment(str(number))


def _settled(location: str | None) -> str | None:
    """A location that is the same one wherever it is read.

    A relative path begins where the server was started, or the program that needs none.
    """
    if not location or scheme_of(location) != "file" or _ABSOLUTE.match(location):
        return location
    folder = local_folder(location)
    return folder.as_uri() if location[:5].lower() == "file:" else str(folder)


@serves(wire.experiments.get)
def get(engine: Engine, ask: GetExperiment) -> FoundExperiment:
    """Get an experiment by its id."""
    return FoundExperiment(message(engine, _existing(engine, ask.experiment_id)))


@serves(wire.experiments.get_by_name)
def get_by_name(engine: Engine, ask: GetExperimentByName) -> FoundExperiment:
    """Get an experiment by its name."""
    row = engine.store.experiments.by_name(ask.experiment_name)
    if row is None:
        raise missing(f"Could not find experiment with name {ask.experiment_name[:500]!r}.")
    return FoundExperiment(message(engine, row))


@serves(wire.experiments.update)
def update(engine: Engine, ask: UpdateExperiment) -> Empty:
    """Rename an active experiment."""
    row = _existing(engine, ask.experiment_id)
    if row.deleted is not None:
        raise MlflowException(
            "Cannot rename a deleted experiment; restore it first.", INVALID_STATE
        )
    if not engine.store.experiments.rename(row.id, ask.new_name or ""):
        raise MlflowException(
            f"Experiment(name={ask.new_name}) already exists; choose another name.", "BAD_REQUEST"
        )
    return Empty()


@serves(wire.experiments.delete)
def delete(engine: Engine, ask: DeleteExperiment) -> Empty:
    """Move an active experiment and its runs to the bin."""
    row = _existing(engine, ask.experiment_id)
    if not engine.store.experiments.set_deleted(row.id, True):
        raise missing(f"No active experiment with id {ask.experiment_id}: it is deleted already.")
    return Empty()


@serves(wire.experiments.restore)
def restore(engine: Engine, ask: RestoreExperiment) -> Empty:
    """Take a deleted experiment and its runs out of the bin."""
    row = _existing(engine, ask.experiment_id)
    if not engine.store.experiments.set_deleted(row.id, False):
        raise missing(f"No deleted experiment with id {ask.experiment_id}: it is active.")
    return Empty()


@serves(wire.experiments.set_tag)
def set_tag(engine: Engine, ask: SetExperimentTag) -> Empty:
    """Set a tag of an active experiment."""
    row = active(engine, ask.experiment_id)
    engine.store.experiments.set_tag(row.id, ask.key, ask.value)
    return Empty()


@serves(wire.experiments.delete_tag)
def delete_tag(engine: Engine, ask: DeleteExperimentTag) -> Empty:
    """Delete a tag of an active experiment."""
    row = active(engine, ask.experiment_id)
    if not engine.store.experiments.delete_tag(row.id, ask.key):
        raise missing(f"No tag with name: {ask.key} in experiment with id {ask.experiment_id}")
    return Empty()


@serves(wire.experiments.search)
def search(engine: Engine, ask: SearchExperiments) -> FoundExperiments:
    """Search experiments, newest first unless ordered otherwise."""
    view = VIEWS[view_name(ask.view_type)]
    scope = (ask.filter, ask.order_by, view)
    rows, end, total = engine.store.experiments.search(
        parse_filter(ask.filter, EXPERIMENTS),
        parse_order(ask.order_by, EXPERIMENTS),
        view=view,
        limit=ask.max_results,
        after=_pages.read(ask.page_token, scope) if ask.page_token else None,
        count=ask.count,
    )
    token = None if end is None else _pages.write(end, scope)
    return FoundExperiments([message(engine, row) for row in rows], token, total)


@serves(wire.experiments.overview)
def overview(engine: Engine, ask: GetExperimentOverviews) -> ExperimentOverviews:
    """How many runs experiments have, and when something last happened in them."""
    numbers = [experiment_number(text, "experiment_ids") for text in ask.experiment_ids]
    figures = engine.store.experiments.figures(list(dict.fromkeys(numbers)))
    return ExperimentOverviews(
        [ExperimentOverview(str(number), *figures[number]) for number in figures]
    )


def active(engine: Engine, experiment_id: str) -> ExperimentRow:
    """The experiment, which must exist and not be deleted."""
    row = _existing(engine, experiment_id)
    if row.deleted is not None:
        raise invalid(
            f"The experiment {experiment_id} must be in the 'active' state; it is deleted. "
            "Restore it first."
        )
    return row


def message(engine: Engine, row: ExperimentRow) -> ExperimentMessage:
    """An experiment as the API writes it."""
    return ExperimentMessage(
        experiment_id=str(row.id),
        name=row.name,
        artifact_location=placed(row.artifact_location, engine.artifact_root),
        lifecycle_stage="active" if row.deleted is None else "deleted",
        last_update_time=row.updated,
        creation_time=row.created,
        tags=[ExperimentTag(key, value) for key, value in row.tags.items()],
        workspace="default",
    )


def _existing(engine: Engine, experiment_id: str) -> ExperimentRow:
    row = engine.store.experiments.by_number(experiment_number(experiment_id))
    if row is None:
        raise missing(f"No Experiment with id={experiment_id} exists")
    return row
