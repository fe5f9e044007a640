"""Experiments and the active one: `mlflow.set_experiment` and its neighbours."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from mlflow import wire
from mlflow.client import MlflowClient
from mlflow.client.transport import ServerAway, Transport
from mlflow.client.uri import transport_for
from mlflow.entities import Experiment, LifecycleStage, ViewType
from mlflow.environment_variables import (
    MLFLOW_EXPERIMENT_ID,
    MLFLOW_EXPERIMENT_NAME,
    MLFLOW_OFFLINE,
)
from mlflow.exceptions import (
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_DOES_NOT_EXIST,
    MlflowException,
    invalid,
)
from mlflow.fluent import exits
from mlflow.fluent.logbook import Way, way
from mlflow.wire.experiments import CreateExperiment, GetExperiment, GetExperimentByName

_DEFAULT_ID = "0"
_PAGE = 1000

_logger = logging.getLogger(__name__)


class Chosen(NamedTuple):
    """The experiment of new runs: by id, or by name when the server could not be asked."""

    experiment_id: str | None
    name: str | None = None


_active: Chosen | None = None
#: ids of MLFLOW_EXPERIMENT_NAME by (store, name)
_by_name: dict[tuple[str, str], str] = {}
#: names and ids of experiments that the user knows will be looked up later
_awaited: set[str] = set()


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None
) -> Experiment:
    """Make an experiment the one that new runs belong to; child processes inherit it.

    When the server is away the experiment is looked up once it is back, and what is returned has
    no id yet.

    Args:
        experiment_name: its name; it is created when there is none.
        experiment_id: its id; give exactly one of the two.

    Raises:
        MlflowException: the experiment is deleted, or there is none with this id.
    """
    global _active
    exits.watch_signals()
    if (experiment_name is None) == (experiment_id is None):
        raise invalid("Give exactly one of experiment_name and experiment_id.")
    if experiment_id is not None:
        experiment = _by_id(str(experiment_id))
    else:
        assert experiment_name is not None
        experiment = _by_its_name(transport_for(), experiment_name)
    if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        raise invalid(
            f"The experiment {experiment.name!r} is deleted. Restore it with "
            f"mlflow.restore_experiment({experiment.experiment_id!r}) or choose another name."
        )
    if experiment.experiment_id:
        _active = Chosen(experiment.experiment_id)
        MLFLOW_EXPERIMENT_ID.set(experiment.experiment_id)
        MLFLOW_EXPERIMENT_NAME.unset()  # it may name another one, and the two must agree
    else:
        _active = Chosen(None, experiment.name)
        MLFLOW_EXPERIMENT_NAME.set(experiment.name)
        MLFLOW_EXPERIMENT_ID.unset()
    return experiment


def chosen_experiment() -> Chosen:
    """The experiment of new runs: the active one, else of the environment, else the default."""
    global _active
    if _active is not None:
        if _active.name is not None:  # the server was away; perhaps it is back
            experiment = _by_its_name(transport_for(), _active.name)
            if experiment.experiment_id:
                _active = Chosen(experiment.experiment_id)
        return _active
    name, given = MLFLOW_EXPERIMENT_NAME.get(), MLFLOW_EXPERIMENT_ID.get()
    if name is None:
        return Chosen(given or _DEFAULT_ID)
    transport = transport_for()
    found = _by_name.get((transport.uri, name))
    if found is None:
        experiment = _by_its_name(transport, name)
        if not experiment.experiment_id:
            return Chosen(given, None if given else name)
        found = _by_name[transport.uri, name] = experiment.experiment_id
    if given and given != found:
        raise invalid(
            f"MLFLOW_EXPERIMENT_ID={given!r} and MLFLOW_EXPERIMENT_NAME={name!r}, which has the id "
            f"{found!r}, name two experiments. Unset one of them."
        )
    return Chosen(found)


def active_experiment_id() -> str | None:
    """The id of the experiment that was set for this process, None when none was."""
    return _active.experiment_id if _active else None


def _by_id(experiment_id: str) -> Experiment:
    chosen = way(None)
    question = GetExperiment(experiment_id=experiment_id)
    question.check()
    try:
        if MLFLOW_OFFLINE.get():
            raise ServerAway("")
        transport = transport_for()
        found = transport.send(wire.experiments.get, question, retry=chosen is Way.WAIT)
    except ServerAway as error:
        if chosen is Way.WAIT:
            raise
        _warn_away(error, experiment_id)
        return Experiment(experiment_id, "", "", LifecycleStage.ACTIVE)
    return found.experiment.entity()


def _by_its_name(transport: Transport, name: str) -> Experiment:
    """The experiment with a name; created when there is none, without an id when the server
    cannot be asked."""
    chosen = way(None)
    question = CreateExperiment(name=name)
    question.check()
    try:
        if MLFLOW_OFFLINE.get():
            raise ServerAway("")
        return _found_or_created(transport, question, patient=chosen is Way.WAIT)
    except ServerAway as error:
        if chosen is Way.WAIT:
            raise
        _warn_away(error, name)
        return Experiment("", name, "", LifecycleStage.ACTIVE)


def _found_or_created(
    transport: Transport, question: CreateExperiment, *, patient: bool
) -> Experiment:
    by_name = GetExperimentByName(experiment_name=question.name)
    for last in (False, True):
        try:
            found = transport.send(wire.experiments.get_by_name, by_name, retry=patient)
            return found.experiment.entity()
        except MlflowException as error:
            if error.error_code != RESOURCE_DOES_NOT_EXIST or last:
                raise
        try:
            transport.send(wire.experiments.create, question, retry=patient)
        except MlflowException as error:  # another process was faster
            if error.error_code != RESOURCE_ALREADY_EXISTS:
                raise
        else:
            _logger.info("Created the experiment %r.", question.name)
    raise AssertionError("unreachable")


def _warn_away(error: ServerAway, which: str) -> None:
    if error.message and which not in _awaited:
        _awaited.add(which)
        _logger.warning("%s The experiment is looked up once the server is back.", error.message)


def create_experiment(
    name: str, artifact_location: str | None = None, tags: dict[str, object] | None = None
) -> str:
    """Create an experiment and give its id; see `MlflowClient.create_experiment`."""
    return MlflowClient().create_experiment(name, artifact_location, tags)


def get_experiment(experiment_id: str) -> Experiment:
    """The experiment with this id, a deleted one too.

    Raises:
        MlflowException: RESOURCE_DOES_NOT_EXIST when there is none.
    """
    return MlflowClient().get_experiment(experiment_id)


def get_experiment_by_name(name: str) -> Experiment | None:
    """The experiment with this name, a deleted one too; None when there is none."""
    return MlflowClient().get_experiment_by_name(name)


def search_experiments(
    view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[Experiment]:
    """All experiments that match.

    Args:
        view_type: `ViewType.ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`.
        max_results: at most so many; all by default.
        filter_string: such as `name LIKE 'team/%' AND tags.stage = 'final'`.
        order_by: such as `["name DESC"]`; newest first by default.
    """
    client = MlflowClient()
    found: list[Experiment] = []
    token: str | None = None
    while max_results is None or len(found) < max_results:
        wanted = _PAGE if max_results is None else min(_PAGE, max_results - len(found))
        page = client.search_experiments(view_type, wanted, filter_string, order_by, token)
        found += page
        token = page.token
        if not token:
            break
    return found


def delete_experiment(experiment_id: str) -> None:
    """Move an experiment and its runs to the bin."""
    MlflowClient().delete_experiment(experiment_id)


def restore_experiment(experiment_id: str) -> None:
    """Take an experiment and its runs out of the bin."""
    MlflowClient().restore_experiment(experiment_id)


def set_experiment_tag(key: str, value: object) -> None:
    """Set a tag of the active experiment."""
    MlflowClient().set_experiment_tag(_known_id(), key, value)


def set_experiment_tags(tags: dict[str, object]) -> None:
    """Set tags of the active experiment."""
    client, experiment_id = MlflowClient(), _known_id()
    for key, value in tags.items():
        client.set_experiment_tag(experiment_id, key, value)


def delete_experiment_tag(key: str) -> None:
    """Delete a tag of the active experiment."""
    MlflowClient().delete_experiment_tag(_known_id(), key)


def _known_id() -> str:
    chosen = chosen_experiment()
    if chosen.experiment_id is None:
        raise ServerAway(
            f"The id of the experiment {chosen.name!r} is not known before the server is back."
        )
    return chosen.experiment_id
