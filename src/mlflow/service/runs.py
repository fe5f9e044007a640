"""Runs: their life from start to end, the bin, search."""

from mlflow import _ids, wire
from mlflow.exceptions import MlflowException, invalid, missing
from mlflow.service import experiments
from mlflow.service._engine import Engine, serves
from mlflow.store import RunRow
from mlflow.store.batches import RUN_NAME
from mlflow.wire import Empty
from mlflow.wire.runs import (
    CreateRun,
    DataMessage,
    DeleteRun,
    FoundRun,
    GetRun,
    Heartbeat,
    InputsMessage,
    RestoreRun,
    RunMessage,
    UpdatedRun,
    UpdateRun,
)


@serves(wire.runs.create)
def create(engine: Engine, ask: CreateRun) -> FoundRun:
    """Start a run; one without a name is given one."""
    experiment = experiments.active(engine, ask.experiment_id)
    tags = {tag.key: tag.value for tag in ask.tags}
    name = ask.run_name or tags.get(RUN_NAME) or _ids.new_run_name()
    tags[RUN_NAME] = name
    run_id = ask.run_id or _ids.new_run_id()
    row = engine.store.runs.create(
        run_id=run_id,
        experiment=experiment.id,
        name=name,
        user_id=ask.user_id or "",
        start_time=ask.start_time,
        artifact_uri=f"{experiment.artifact_location.rstrip('/')}/{run_id}/artifacts",
        tags=tags,
    )
    if row.experiment_id != experiment.id:
        raise MlflowException(
            f"There is a run with id {run_id} in experiment {row.experiment_id}.",
            "RESOURCE_ALREADY_EXISTS",
        )
    data = DataMessage(tags=[wire.metrics.RunTag(key, value) for key, value in tags.items()])
    return FoundRun(RunMessage(row.info(engine.artifact_root), data, InputsMessage()))


@serves(wire.runs.get)
def get(engine: Engine, ask: GetRun) -> FoundRun:
    """Get a run with all that belongs to it."""
    run = engine.store.runs.get(ask.run_id, engine.artifact_root)
    if run is None:
        raise _unknown(ask.run_id)
    return FoundRun(run)  # type: ignore[arg-type]  # packed: the same when written as JSON


@serves(wire.runs.update)
def update(engine: Engine, ask: UpdateRun) -> UpdatedRun:
    """Change the status, end time or name of an active run."""
    row = engine.store.runs.update(
        ask.run_id, ask.status_number(), ask.end_time, ask.run_name or None
    )
    if row is None:
        active(engine, ask.run_id)
        raise _unknown(ask.run_id)
    return UpdatedRun(row.info(engine.artifact_root))


@serves(wire.runs.delete)
def delete(engine: Engine, ask: DeleteRun) -> Empty:
    """Move a run to the bin."""
    return _move(engine, ask.run_id, True)


@serves(wire.runs.restore)
def restore(engine: Engine, ask: RestoreRun) -> Empty:
    """Take a run out of the bin."""
    return _move(engine, ask.run_id, False)


@serves(wire.runs.heartbeat)
def heartbeat(engine: Engine, ask: Heartbeat) -> Empty:
    """Note that the processes that log into runs are alive."""
    engine.store.runs.heard(ask.run_ids)
    return Empty()


def active(engine: Engine, run_id: str) -> RunRow:
    """The run, which must exist and not be deleted."""
    row = engine.store.runs.row(run_id)
    if row is None:
        raise _unknown(run_id)
    if row.deleted is not None:
        raise invalid(
            f"The run {run_id} must be in the 'active' state; it is deleted. Restore it first."
        )
    return row


def _move(engine: Engine, run_id: str, deleted: bool) -> Empty:
    if not engine.store.runs.set_deleted(run_id, deleted):
        raise _unknown(run_id)
    return Empty()


def _unknown(run_id: str) -> MlflowException:
    return missing(f"Run with id={run_id} not found")
