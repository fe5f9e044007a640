"""Runs: their life from start to end, the bin, search."""

from mlflow import _ids, wire
from mlflow._clock import now_ms
from mlflow.entities.metrics import RunTag
from mlflow.exceptions import MlflowException, invalid, missing
from mlflow.search.fields import RUNS
from mlflow.search.order import parse_order
from mlflow.search.parse import parse_filter
from mlflow.service import _pages, experiments
from mlflow.service._engine import Engine, serves
from mlflow.store import Columns, RunRow, lost
from mlflow.store.batches import RUN_NAME
from mlflow.wire import Empty
from mlflow.wire._fields import experiment_number, view_name
from mlflow.wire.runs import (
    CreateRun,
    DataMessage,
    DeleteRun,
    FoundRun,
    GetRun,
    Heartbeat,
    InputsMessage,
    LogModel,
    PackedRuns,
    RestoreRun,
    RunMessage,
    SearchRuns,
    UpdatedRun,
    UpdateRun,
)

LOGGED_MODELS = "mlflow.log-model.history"


@serves(wire.runs.create)
def create(engine: Engine, ask: CreateRun) -> FoundRun:
    """Start a run; one without a name is given one."""
    experiment = experiment_number(ask.experiment_id)
    tags = {tag.key: tag.value for tag in ask.tags}
    name = ask.run_name or tags.get(RUN_NAME) or _ids.new_run_name()
    tags[RUN_NAME] = name
    run_id = ask.run_id or _ids.new_run_id()
    row = engine.store.runs.create(
        run_id=run_id,
        chosen=ask.run_id is not None,
        experiment=experiment,
        name=name,
        user_id=ask.user_id or "",
        start_time=ask.start_time,
        tags=tags,
    )
    if row is None:
        experiments.active(engine, ask.experiment_id)  # says what is wrong with it
        raise missing(f"The experiment {ask.experiment_id} was deleted and restored meanwhile.")
    if row.experiment_id != experiment:
        raise MlflowException(
            f"There is a run with id {run_id} in experiment {row.experiment_id}.",
            "RESOURCE_ALREADY_EXISTS",
        )
    data = DataMessage(tags=[RunTag(key, value) for key, value in tags.items()])
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


@serves(wire.runs.search)
def search(engine: Engine, ask: SearchRuns) -> PackedRuns:
    """Search runs, newest first unless ordered otherwise."""
    view = experiments.VIEWS[view_name(ask.run_view_type)]
    scope = (ask.filter, ask.order_by, ask.experiment_ids, view)
    found = engine.store.runs.search(
        parse_filter(ask.filter, RUNS),
        parse_order(ask.order_by, RUNS),
        experiments=[experiment_number(text, "experiment_ids") for text in ask.experiment_ids],
        view=view,
        limit=ask.max_results,
        after=_pages.read(ask.page_token, scope) if ask.page_token else None,
        root=engine.artifact_root,
        columns=_columns(ask.columns),
        count=ask.count,
    )
    token = None if found.end is None else _pages.write(found.end, scope)
    return PackedRuns(found.runs, token, found.total)


def _columns(names: list[str] | None) -> Columns | None:
    """The columns by what they are of; attributes always come along."""
    if names is None:
        return None
    wanted: dict[str, set[str]] = {"params": set(), "metrics": set(), "tags": set()}
    for name in names:
        entity, _, key = name.partition(".")
        if len(key) > 1 and key[0] == key[-1] and key[0] in '`"':
            key = key[1:-1]
        if entity in ("attribute", "attributes") and key:
            continue
        if entity not in wanted or not key:
            raise invalid(
                f"Invalid column {name!r}: write metrics.NAME, params.NAME, tags.NAME or "
                "attributes.NAME."
            )
        wanted[entity].add(key)
    return Columns(**{entity: frozenset(keys) for entity, keys in wanted.items()})


@serves(wire.runs.log_model)
def log_model(engine: Engine, ask: LogModel) -> Empty:
    """Note a model that an active run logged, in its tags."""
    run = active(engine, ask.run_id)
    if not engine.store.runs.extend_tag(run.id, LOGGED_MODELS, ask.model()):
        raise invalid(
            f"The models noted in the tag {LOGGED_MODELS} of run {ask.run_id} take more than "
            "60,000 bytes; no further one can be noted."
        )
    return Empty()


@serves(wire.runs.heartbeat)
def heartbeat(engine: Engine, ask: Heartbeat) -> Empty:
    """Note that the processes that log into runs are alive."""
    engine.store.runs.heard(ask.run_ids)
    return Empty()


def fail_lost(engine: Engine, silence: int) -> list[str]:
    """Set running runs FAILED that were not heard of for `silence` milliseconds; their ids."""
    before = now_ms() - silence
    database = engine.store.database
    return [run.run_id for run in lost.fail(database, lost.find(database, before), before)]


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
    row = engine.store.runs.set_deleted(run_id, deleted)
    if row is None:
        raise _unknown(run_id)
    if not deleted and row.deleted is not None and row.deleted < 0:
        raise invalid(
            f"The run {run_id} is being removed for good by `mlflow gc`; its artifacts may be gone "
            "already. When that was interrupted, `mlflow gc` goes on with it."
        )
    return Empty()


def _unknown(run_id: str) -> MlflowException:
    return missing(f"Run with id={run_id} not found")
