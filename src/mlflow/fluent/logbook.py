"""How what is logged into one run gets to the server.

    metrics          into the outbox, which sends them in batches: the call takes microseconds
    params, tags,    at once; into the outbox when the server is away, and then all that follows
    status           for this run too until the outbox is empty, so that the order is kept

`synchronous=True` or MLFLOW_ENABLE_ASYNC_LOGGING=false waits for the server instead, with all
retries; `synchronous=False` or =true hands back what can be waited for; MLFLOW_OFFLINE=1 puts
everything into the outbox.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import TypeVar

from mlflow import wire
from mlflow.client._calls import settle
from mlflow.client.metrics import changed_param, with_advice
from mlflow.client.operations import RunOperations
from mlflow.client.outbox import Outbox
from mlflow.client.transport import ServerAway, Transport
from mlflow.client.uri import outbox_for
from mlflow.entities import Param, RunTag
from mlflow.environment_variables import MLFLOW_ENABLE_ASYNC_LOGGING, MLFLOW_OFFLINE
from mlflow.exceptions import MlflowException
from mlflow.wire import Endpoint, Question, _fields as rules
from mlflow.wire.metrics import LogBatch, Point
from mlflow.wire.runs import UpdateRun

Q = TypeVar("Q", bound=Question)
A = TypeVar("A")
T = TypeVar("T")


class Way(Enum):
    """How a call goes about it."""

    WAIT = 1
    AT_ONCE = 2
    QUEUE = 3
    HAND_BACK = 4


def way(synchronous: bool | None) -> Way:
    """How to go about a call that was asked to be synchronous, not to be, or neither."""
    if synchronous is None:
        enabled = MLFLOW_ENABLE_ASYNC_LOGGING.get()
        synchronous = None if enabled is None else not enabled
    if synchronous is False:
        return Way.HAND_BACK
    if MLFLOW_OFFLINE.get():
        return Way.QUEUE
    return Way.WAIT if synchronous else Way.AT_ONCE


class Logbook:
    """What is logged into one run, and its way to the server.

    Args:
        run_id: the run.
        transport: the store that it is in.
        params: values that the run is known to have, to notice changes at the line.
        queued: whether the run itself is still in the outbox. All its data take that way then:
            a server that chooses ids itself knows the run by another one.
    """

    def __init__(
        self,
        run_id: str,
        transport: Transport,
        params: dict[str, str] | None = None,
        *,
        queued: bool = False,
    ) -> None:
        self.run_id = run_id
        self.transport = transport
        #: whether something other than metrics waits in the outbox
        self.behind = queued
        self._queued = queued
        self._params = dict(params or {})
        self._keys: set[str] = set()

    def point(self, key: str, value: float, timestamp: int, step: int) -> Point:
        """A point with a checked name."""
        if key not in self._keys:
            rules.check_key("key", key)
            self._keys.add(key)
        if timestamp < 0:
            rules.check_integer("timestamp", timestamp, least=0)
        if not -rules.MAX_INTEGER <= step <= rules.MAX_INTEGER:
            rules.check_integer("step", step)
        return Point(key, value, timestamp, step)

    def metrics(self, points: list[Point], synchronous: bool | None = None) -> RunOperations | None:
        """Log points of metrics."""
        chosen = way(synchronous)
        if chosen is Way.WAIT and not self.behind:
            for part in _parts(points, rules.MAX_METRICS_PER_BATCH):
                question = LogBatch(run_id=self.run_id, metrics=part)
                self.transport.send(wire.metrics.log_batch, question)
            return None
        outbox_for(self.transport).log_metrics(self.run_id, points)
        if chosen is Way.WAIT:
            outbox_for(self.transport).flush(self.run_id)
        return self._operations() if chosen is Way.HAND_BACK else None

    def queue(self, points: list[Point]) -> None:
        """Log points of metrics in the background, whatever the mode."""
        outbox_for(self.transport).log_metrics(self.run_id, points)

    def params(self, params: list[Param], synchronous: bool | None = None) -> RunOperations | None:
        """Log params; a changed one is refused before anything is sent."""
        for param in params:
            rules.check_key("key", param.key)
            param.value = rules.shortened("value", param.value, rules.MAX_PARAM_VALUE)
            known = self._params.get(param.key, param.value)
            if known != param.value:
                raise changed_param(self.run_id, param.key, known, param.value)
        chosen = way(synchronous)
        for part in _parts(params, rules.MAX_PARAMS_PER_BATCH):
            question = LogBatch(run_id=self.run_id, params=part)
            try:
                self._deliver(
                    chosen,
                    wire.metrics.log_batch,
                    question,
                    lambda outbox, part=part: outbox.log_params(self.run_id, part),  # type: ignore[misc]
                )
            except MlflowException as error:
                raise with_advice(error) from None
            self._params.update((param.key, param.value) for param in part)
        return self._operations() if chosen is Way.HAND_BACK else None

    def tags(self, tags: list[RunTag], synchronous: bool | None = None) -> RunOperations | None:
        """Set tags."""
        for tag in tags:
            rules.check_key("key", tag.key)
            tag.value = rules.shortened("value", tag.value, rules.MAX_RUN_TAG_VALUE)
        chosen = way(synchronous)
        for part in _parts(tags, rules.MAX_TAGS_PER_BATCH):
            self._deliver(
                chosen,
                wire.metrics.log_batch,
                LogBatch(run_id=self.run_id, tags=part),
                lambda outbox, part=part: outbox.log_tags(self.run_id, part),  # type: ignore[misc]
            )
        return self._operations() if chosen is Way.HAND_BACK else None

    def ask(self, endpoint: Endpoint[Q, A], question: Q) -> None:
        """Anything else about the run whose answer is not needed."""
        question.check()
        chosen = Way.QUEUE if MLFLOW_OFFLINE.get() else Way.AT_ONCE
        chosen = Way.WAIT if way(None) is Way.WAIT else chosen
        self._deliver(chosen, endpoint, question, lambda outbox: outbox.post(endpoint, question))

    def attend(self) -> None:
        """The run is open in this process: the server hears from time to time that it lives."""
        outbox_for(self.transport).attend(self.run_id)

    def leave(self) -> None:
        """The run has ended in this process."""
        outbox_for(self.transport).leave(self.run_id)

    def update(self, question: UpdateRun) -> None:
        """Change the run itself, after all that was logged before."""
        if not settle(self.transport, self.run_id):
            self.behind = True
        chosen = way(None)
        if chosen is Way.HAND_BACK:  # what is logged may lag behind; the status need not
            chosen = Way.QUEUE if MLFLOW_OFFLINE.get() else Way.AT_ONCE
        self._deliver(
            chosen, wire.runs.update, question, lambda outbox: outbox.update_run(question)
        )

    def end(self, question: UpdateRun) -> None:
        """Set the last status; a second Ctrl-C while it waits leaves it in the outbox."""
        try:
            self.update(question)
        except (KeyboardInterrupt, SystemExit):
            outbox_for(self.transport).update_run(question)
            raise

    def keep_end(self, question: UpdateRun) -> None:
        """Put the last status into the outbox without waiting, as the process is about to die."""
        outbox_for(self.transport).update_run(question)
        self.behind = True

    def settle(self) -> None:
        """Deliver what waits, as far as the server takes it."""
        settle(self.transport, self.run_id)

    def _deliver(
        self,
        chosen: Way,
        endpoint: Endpoint[Q, A],
        question: Q,
        queue: Callable[[Outbox], object],
    ) -> None:
        outbox = outbox_for(self.transport)
        if self.behind and not self._queued:
            # What came before waited for the server; see whether it has gone by now.
            self.behind = outbox.pending(self.run_id) > 0
        if not self.behind and chosen in (Way.WAIT, Way.AT_ONCE):
            patient = chosen is Way.WAIT
            try:
                self.transport.send(endpoint, question, retry=patient)
                return
            except ServerAway:
                if patient:
                    raise
                self.behind = True
        queue(outbox)
        if chosen is Way.WAIT:
            outbox.flush(self.run_id)

    def _operations(self) -> RunOperations:
        outbox = outbox_for(self.transport)
        return RunOperations([lambda: outbox.flush(self.run_id)])


def _parts(items: list[T], most: int) -> Iterable[list[T]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]
