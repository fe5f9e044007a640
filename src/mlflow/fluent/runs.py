"""Runs and the active one: `mlflow.start_run`, `end_run` and their neighbours."""

import getpass
from contextlib import suppress
from types import TracebackType
from typing import Any

from mlflow import wire
from mlflow._clock import now_ms
from mlflow._ids import new_run_name
from mlflow.client import MlflowClient, background
from mlflow.client.runs import checked_status, creation
from mlflow.client.transport import ServerAway, Transport
from mlflow.client.uri import outbox_for, transport_for
from mlflow.entities import LifecycleStage, Run, RunData, RunInfo, RunTag
from mlflow.environment_variables import (
    MLFLOW_OFFLINE,
    MLFLOW_RUN_ID,
    MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT,
)
from mlflow.exceptions import MlflowException, invalid
from mlflow.fluent import active, exits, monitoring
from mlflow.fluent.active import OpenRun
from mlflow.fluent.changes import keep_changes
from mlflow.fluent.context import context_tags
from mlflow.fluent.experiments import active_experiment_id, chosen_experiment
from mlflow.fluent.logbook import Logbook, Way, way
from mlflow.wire.runs import CreateRun, GetRun, UpdateRun

_PARENT = "mlflow.parentRunId"
_NOTE = "mlflow.note.content"
_NAME = "mlflow.runName"

_last: tuple[str, Transport] | None = None


class ActiveRun(Run):
    """A run as a context manager: it ends FINISHED, FAILED on an exception, KILLED on Ctrl-C."""

    def __enter__(self) -> "ActiveRun":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        opened = active.opened_here(self.info.run_id)
        status = exits.status_for(error)
        if opened in active.stack():
            while (inner := active.top()) is not None and inner is not opened:
                end(inner, status)
        if opened is not None and opened.run is self:  # else it ended inside of the block
            end(opened, status)


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: dict[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Start a run, or continue one, and make it the active one of this thread.

    When the server is away the run starts all the same; it is created there later.

    Args:
        run_id: a run to continue; MLFLOW_RUN_ID by default, once.
        experiment_id: the experiment of a new run; by default the active one, else the one that
            the environment names, else "0".
        run_name: made up when not given; renames a run that is continued.
        nested: start it inside of the active run. In a thread without an active run that is the
            active run of the thread that started it, else the only open top-level run.
        parent_run_id: start it inside of this run instead.
        tags: values are kept as text.
        description: Markdown that is shown with the run.
        log_system_metrics: log the use of CPU, memory, disk, network and GPUs; None does what
            MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING says.

    Raises:
        Exception: a run is active in this thread and `nested` is false.
        MlflowException: the run to continue is deleted or unknown or of another experiment.
    """
    global _last
    exits.hold_if_terminating()
    exits.carry_on()
    above = active.top()
    if above is not None and not nested:
        raise Exception(
            f"Run {above.run_id} is active in this thread. End it with mlflow.end_run(), or start "
            "the new run inside of it with nested=True."
        )
    texts = {key: str(value) for key, value in (tags or {}).items()}
    if description is not None:
        if _NOTE in texts:
            raise invalid(f"The description is given twice: as description= and as tag {_NOTE!r}.")
        texts[_NOTE] = description
    transport = transport_for()
    if run_id is None and above is None and (run_id := MLFLOW_RUN_ID.get()):
        MLFLOW_RUN_ID.unset()
    parent: str | None = None
    if run_id is not None:
        run, logbook = _continued(transport, run_id, run_name, texts, experiment_id)
        parent = run.data.tags.get(_PARENT)
    else:
        parent = parent_run_id or (active.parent_for_nested() if nested else None)
        if parent:
            texts[_PARENT] = parent
        run, logbook = _started(transport, experiment_id, run_name, context_tags() | texts)
    opened = OpenRun(
        ActiveRun(run.info, run.data, run.inputs, run.outputs), logbook, parent_id=parent
    )
    active.hand_down_to_threads()
    active.push(opened)
    exits.install(end)
    logbook.attend()
    opened.monitor = monitoring.monitored(run, logbook, log_system_metrics)
    _last = opened.run_id, transport
    if run_id is None:
        keep_changes(opened)
    return opened.run


def _started(
    transport: Transport, experiment_id: str | None, run_name: str | None, tags: dict[str, str]
) -> tuple[Run, Logbook]:
    """A new run, on the server or, when that is away, in the outbox."""
    name: str | None = None
    if experiment_id is None:
        experiment_id, name = chosen_experiment()
    # Known by name only: the outbox finds the id when the server is back.
    question = creation(experiment_id or "0", tags=dict(tags), run_name=run_name)
    question.check()
    chosen = way(None)
    try:
        if name is not None or MLFLOW_OFFLINE.get():
            raise ServerAway("")
        found = transport.send(wire.runs.create, question, retry=chosen is Way.WAIT)
    except ServerAway:
        if chosen is Way.WAIT:
            raise
        return _queued(transport, question, experiment_id, name)
    run = found.run.entity()
    return run, Logbook(run.info.run_id, transport)


def _queued(
    transport: Transport, question: CreateRun, experiment_id: str | None, name: str | None
) -> tuple[Run, Logbook]:
    assert question.run_id is not None
    question.run_name = question.run_name or new_run_name()
    outbox_for(transport).create_run(question, name)
    logbook = Logbook(question.run_id, transport, queued=True)
    info = RunInfo(
        run_id=question.run_id,
        experiment_id=experiment_id or "",
        user_id=question.user_id or getpass.getuser(),
        status="RUNNING",
        start_time=question.start_time,
        end_time=None,
        lifecycle_stage=LifecycleStage.ACTIVE,
        run_name=question.run_name,
    )
    tags = {tag.key: tag.value for tag in question.tags} | {_NAME: question.run_name}
    return Run(info, RunData(tags=tags)), logbook


def _continued(
    transport: Transport,
    run_id: str,
    run_name: str | None,
    tags: dict[str, str],
    experiment_id: str | None,
) -> tuple[Run, Logbook]:
    """A run that is there, set back to RUNNING."""
    ask = GetRun(run_id=run_id)
    ask.check()
    chosen = way(None)
    update = UpdateRun(run_id=run_id, status="RUNNING", run_name=run_name)
    try:
        if MLFLOW_OFFLINE.get():
            raise ServerAway("")
        # What a killed process left of it goes first, or it would undo what is set from now on.
        with suppress(MlflowException):
            outbox_for(transport).flush(run_id)
        run = transport.send(wire.runs.get, ask, retry=chosen is Way.WAIT).run.entity()
    except ServerAway:
        if chosen is Way.WAIT:
            raise
        logbook = Logbook(run_id, transport, queued=True)
        info = RunInfo(
            run_id, experiment_id or "", "", "RUNNING", None, None, LifecycleStage.ACTIVE
        )
        run = Run(info, RunData())
    else:
        _check_continuable(run, experiment_id)
        logbook = Logbook(run_id, transport, run.data.params)
    update.end_time = run.info.end_time
    logbook.update(update)
    if tags:
        logbook.tags([RunTag(key, value) for key, value in tags.items()])
    run.info.status = "RUNNING"
    run.info.run_name = run_name or run.info.run_name
    run.data.tags = run.data.tags | tags
    if run.info.run_name:
        run.data.tags[_NAME] = run.info.run_name
    return run, logbook


def _check_continuable(run: Run, experiment_id: str | None) -> None:
    info = run.info
    if info.lifecycle_stage != LifecycleStage.ACTIVE:
        raise invalid(
            f"Run {info.run_id} is deleted. Restore it with mlflow.restore_run({info.run_id!r}) "
            "before it is continued."
        )
    expected = experiment_id or active_experiment_id()
    if expected is not None and str(expected) != info.experiment_id:
        raise invalid(
            f"Run {info.run_id} belongs to the experiment {info.experiment_id}, but the experiment "
            f"{expected} is active. Make {info.experiment_id} active with mlflow.set_experiment."
        )


def end_run(status: str = "FINISHED") -> None:
    """End the active run of this thread, after all that it logged has arrived.

    Args:
        status: FINISHED, FAILED or KILLED. Without an active run nothing happens.
    """
    name = checked_status(status) or "FINISHED"
    exits.carry_on()
    opened = active.top()
    if opened is not None:
        end(opened, name)


def end(opened: OpenRun, status: str) -> None:
    """End an open run with a status; once, whoever comes first."""
    global _last
    if not active.remove(opened) or not opened.is_ours:
        return
    _last = opened.run_id, opened.logbook.transport
    if opened.monitor is not None:
        opened.monitor.finish()
    question = UpdateRun(run_id=opened.run_id, status=status, end_time=now_ms())
    if exits.is_dying():
        opened.logbook.keep_end(question)
    else:
        try:
            background.flush(opened.run_id)
        finally:
            opened.logbook.end(question)
    opened.logbook.leave()
    opened.run.info.status = status
    opened.run.info.end_time = question.end_time
    _say_where(opened)


def _say_where(opened: OpenRun) -> None:
    uri, info = opened.logbook.transport.uri, opened.run.info
    if MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.get() or not uri.startswith("http"):
        return
    if not info.experiment_id or opened.logbook.behind:
        return
    page = f"{uri}/#/experiments/{info.experiment_id}"
    print(f"View run {info.run_name} at: {page}/runs/{info.run_id}\nView experiment at: {page}")


def active_run() -> ActiveRun | None:
    """The active run of this thread, None when there is none.

    Its data are those of the moment when it started; `get_run` has the present ones.
    """
    opened = active.top()
    return opened.run if opened else None


def last_active_run() -> Run | None:
    """The run that is active, else the one that was active last in this process, as it is now."""
    opened = active.top()
    if opened is not None:
        return _present(opened.run_id, opened.logbook.transport)
    return _present(*_last) if _last else None


def _present(run_id: str, transport: Transport) -> Run:
    return MlflowClient(transport.uri).get_run(run_id)


def get_run(run_id: str) -> Run:
    """The run with this id, a deleted one too, with all that this process logged to it.

    Raises:
        MlflowException: RESOURCE_DOES_NOT_EXIST when there is none.
    """
    return MlflowClient().get_run(run_id)


def get_parent_run(run_id: str) -> Run | None:
    """The run that a run is nested in, None when it is not nested."""
    return MlflowClient().get_parent_run(run_id)


def delete_run(run_id: str) -> None:
    """Move a run to the bin."""
    MlflowClient().delete_run(run_id)


def restore_run(run_id: str) -> None:
    """Take a run out of the bin."""
    MlflowClient().restore_run(run_id)
