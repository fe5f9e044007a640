"""Carrying records to the server: one request at a time, and what to make of its answer.

A request that cannot be answered now raises `NotNow`. One that the server refuses is taken
apart until the culprits are found; they come back as refusals and the rest is delivered.

Servers other than ours choose the ids of runs themselves. For them the id that the client made
while it was offline is looked up in a small file next to the spools.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mlflow._addresses import hidden
from mlflow.client.records import Ask, asked
from mlflow.client.spool import left_over
from mlflow.client.transport import ServerAway, Transport
from mlflow.entities.metrics import Param, RunTag
from mlflow.exceptions import (
    ENDPOINT_NOT_FOUND,
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_DOES_NOT_EXIST,
    MlflowException,
)
from mlflow.wire import AnyEndpoint, Question, experiments, metrics, runs, server
from mlflow.wire.metrics import LogBatch, Point

#: failures of the server itself that a request may have before it is held to be their cause
PATIENCE = 5

_LATER = frozenset(
    {
        "CUSTOMER_UNAUTHORIZED",
        "DEADLINE_EXCEEDED",
        "REQUEST_LIMIT_EXCEEDED",
        "RESOURCE_EXHAUSTED",
        "TEMPORARILY_UNAVAILABLE",
        "UNAUTHENTICATED",
    }
)
_BASIC = (metrics.log_batch, runs.create, runs.update)
_PARENT = "mlflow.parentRunId"
_LOCAL_ID = "millstream.localRunId"

Item = Point | Param | RunTag


class NotNow(Exception):
    """The request has to wait.

    Args:
        cause: why.
        everything: whether other runs have to wait, too.
        wait: seconds that the server asks for, None when it does not.
    """

    def __init__(self, cause: MlflowException, *, everything: bool) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.everything = everything
        self.wait = cause.wait if isinstance(cause, ServerAway) else None


class Refusal(msgspec.Struct):
    """What the server does not want, and why."""

    error: MlflowException
    items: list[tuple[str, object]]


class Delivery:
    """The way from an outbox to its server.

    Args:
        transport: the way to the server.
        folder: the outbox; ids that the server gave are kept there.
        own: gives the spool files that this process holds.
    """

    def __init__(self, transport: Transport, folder: Path, own: Callable[[], set[Path]]) -> None:
        self.transport = transport
        self._folder = folder
        self._own = own
        self._server_ids: dict[str, str] = {}
        self._keeps_ids: bool | None = None

    def server_id(self, run_id: str) -> str:
        """The id under which the server knows a run."""
        if run_id not in self._server_ids:
            try:
                text = self._alias(run_id).read_text("ascii").strip()
            except OSError:
                text = ""
            self._server_ids[run_id] = text or run_id
        return self._server_ids[run_id]

    def deliver(self, run_id: str, request: LogBatch | Ask, tries: int = 0) -> list[Refusal]:
        """Carry one request.

        Args:
            run_id: the run, as the client knows it.
            request: what to carry.
            tries: how often it failed in a row.

        Returns:
            What the server refuses; the rest is delivered.

        Raises:
            NotNow: nothing is certain to be delivered; carry it again later.
        """
        if isinstance(request, LogBatch):
            return self._batch(run_id, request, tries)
        try:
            endpoint, question = asked(request)
        except (KeyError, msgspec.MsgspecError, RecursionError) as error:
            text = f"This version of the package does not know {request.route}: {error}."
            return [Refusal(MlflowException(text), [(request.route, {})])]
        try:
            if endpoint is runs.create:
                assert isinstance(question, runs.CreateRun)
                self._create(question, request.experiment)
            else:
                self._send(endpoint, self._translated(question))
        except MlflowException as error:
            if self._is_final(endpoint, error, run_id, tries):
                return [Refusal(error, [(endpoint.path, question)])]
            raise NotNow(error, everything=_everything(endpoint, error)) from error
        return []

    def heartbeat(self, run_ids: list[str]) -> None:
        """Say that runs are alive.

        Raises:
            MlflowException: it was not heard.
        """
        for start in range(0, len(run_ids), 1000):
            ids = [self.server_id(run_id) for run_id in run_ids[start : start + 1000]]
            self._send(runs.heartbeat, runs.Heartbeat(run_ids=ids))

    def _send(self, endpoint: AnyEndpoint, question: Question) -> Any:
        return self.transport.send(endpoint, question, retry=False)

    # -- batches -------------------------------------------------------------

    def _batch(self, run_id: str, batch: LogBatch, tries: int) -> list[Refusal]:
        batch.run_id = self.server_id(run_id)
        try:
            self._send(metrics.log_batch, batch)
            return []
        except MlflowException as error:
            if not self._is_final(metrics.log_batch, error, run_id, tries):
                everything = _everything(metrics.log_batch, error)
                raise NotNow(error, everything=everything) from error
            reason = error
        items: list[Item] = [*batch.params, *batch.tags, *batch.metrics]
        if reason.error_code == RESOURCE_DOES_NOT_EXIST:
            return [_refusal(reason, items)]
        try:  # is it the run itself that takes nothing?
            self._send(metrics.log_batch, LogBatch(run_id=batch.run_id))
        except MlflowException as error:
            if _is_answer(error):
                return [_refusal(error, items)]
            raise NotNow(error, everything=True) from error
        return self._parts(batch.run_id, items, reason)

    def _parts(self, server_id: str, items: list[Item], reason: MlflowException) -> list[Refusal]:
        """Deliver items of which some are refused, in their order."""
        if len(items) == 1:
            return [_refusal(reason, items)]
        refusals: list[Refusal] = []
        middle = len(items) // 2
        for part in (items[:middle], items[middle:]):
            batch = LogBatch(
                run_id=server_id,
                metrics=[item for item in part if isinstance(item, Point)],
                params=[item for item in part if isinstance(item, Param)],
                tags=[item for item in part if isinstance(item, RunTag)],
            )
            try:
                self._send(metrics.log_batch, batch)
            except MlflowException as error:
                if _is_away(error):
                    raise NotNow(error, everything=True) from error
                refusals += self._parts(server_id, part, error)
        return refusals

    # -- other questions -----------------------------------------------------

    def _create(self, question: runs.CreateRun, experiment: str | None) -> None:
        run_id = question.run_id or ""
        if experiment:
            question.experiment_id = self._experiment(experiment)
        for tag in question.tags:
            if tag.key == _PARENT:
                tag.value = self.server_id(tag.value)
        if run_id and not self._server_keeps_ids():
            if self.server_id(run_id) != run_id:
                return
            # It chooses the id itself, so ours goes along to be found after a lost answer.
            found = self._found(question.experiment_id, run_id)
            if found:
                self._learn(run_id, found)
                return
            question.tags.append(RunTag(_LOCAL_ID, run_id))
        created = self._send(runs.create, question).run.info.run_id
        if run_id and created != run_id:
            self._learn(run_id, created)

    def _experiment(self, name: str) -> str:
        """The id of the experiment of this name, created when there is none."""
        ask = experiments.GetExperimentByName(experiment_name=name)
        for _ in range(2):
            try:
                return str(self._send(experiments.get_by_name, ask).experiment.experiment_id)
            except MlflowException as error:
                if error.error_code != RESOURCE_DOES_NOT_EXIST:
                    raise
            try:
                create = experiments.CreateExperiment(name=name)
                return str(self._send(experiments.create, create).experiment_id)
            except MlflowException as error:  # another process was faster
                if error.error_code != RESOURCE_ALREADY_EXISTS:
                    raise
        raise ServerAway(f"The experiment {name!r} comes and goes on {hidden(self.transport.uri)}.")

    def _server_keeps_ids(self) -> bool:
        """Whether the server takes the id that a new run brings along, as ours do."""
        if self._keeps_ids is None:
            try:
                about = self._send(server.info, server.AskServerInfo())
                self._keeps_ids = bool(about.millstream_version)
            except MlflowException as error:
                if _is_away(error):
                    raise
                self._keeps_ids = False
        return self._keeps_ids

    def _found(self, experiment_id: str, run_id: str) -> str | None:
        ask = runs.SearchRuns(
            experiment_ids=[experiment_id],
            filter=f"tags.`{_LOCAL_ID}` = '{run_id}'",
            max_results=1,
        )
        answer = self._send(runs.search, ask)
        return answer.runs[0].info.run_id if answer.runs else None

    def _learn(self, run_id: str, server_id: str) -> None:
        self._server_ids[run_id] = server_id
        path = self._alias(run_id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(server_id, "ascii")
        os.replace(fresh, path)

    def _alias(self, run_id: str) -> Path:
        return self._folder / f"{run_id[:200]}.alias"

    def _translated(self, question: Question) -> Question:
        if isinstance(question, metrics.AboutRun):
            question.run_id = self.server_id(question.run_id or question.run_uuid)
        return question

    # -- what an error means -------------------------------------------------

    def _is_final(
        self,
        endpoint: AnyEndpoint,
        error: MlflowException,
        run_id: str,
        tries: int,
    ) -> bool:
        """Whether the same request would be refused again."""
        if _is_away(error):
            return False
        code = error.error_code
        if code == "PERMISSION_DENIED" or (code == ENDPOINT_NOT_FOUND and endpoint in _BASIC):
            return False
        if code == RESOURCE_DOES_NOT_EXIST:
            known = self._server_ids.pop(run_id, run_id)
            if self.server_id(run_id) != known:  # another process created the run meanwhile
                return False
            # The process that is to create it may not have come to it yet.
            return set(left_over(self._folder, run_id)) <= self._own()
        if _is_answer(error):
            return True
        return tries >= PATIENCE and self._is_well()

    def _is_well(self) -> bool:
        """Whether the server answers at all, so that a failure is due to the request."""
        try:
            self._send(experiments.search, experiments.SearchExperiments(max_results=1))
        except MlflowException:
            return False
        return True


def refused_lines(run_id: str, refusals: list[Refusal], time: str) -> bytes:
    """Refusals as lines of JSON, for people to read and programs to send again."""
    lines = [
        {
            "time": time,
            "run_id": run_id,
            "kind": kind,
            "what": _plain(what),
            "error_code": refusal.error.error_code,
            "error": refusal.error.message,
        }
        for refusal in refusals
        for kind, what in refusal.items
    ]
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _plain(what: object) -> object:
    fields = msgspec.to_builtins(what)
    for name, value in fields.items():
        if isinstance(value, float) and value - value != 0:  # JSON has no NaN and no infinity
            fields[name] = str(value)
    return fields


def _refusal(error: MlflowException, items: list[Item]) -> Refusal:
    names = {Point: "metric", Param: "param", RunTag: "tag"}
    return Refusal(error, [(names[type(item)], item) for item in items])


def _is_away(error: MlflowException) -> bool:
    return isinstance(error, ServerAway) or error.error_code in _LATER


def _is_answer(error: MlflowException) -> bool:
    """Whether the server understood the question and said no; not that it failed itself."""
    return not _is_away(error) and (
        error.get_http_status_code() < 500
        or error.error_code in ("INVALID_STATE", "NOT_IMPLEMENTED")
    )


def _everything(endpoint: AnyEndpoint, error: MlflowException) -> bool:
    return _is_away(error) or (error.error_code == ENDPOINT_NOT_FOUND and endpoint in _BASIC)
