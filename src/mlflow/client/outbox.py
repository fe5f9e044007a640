"""The outbox: logging returns in microseconds, and nothing that was logged is lost.

    append    the calling thread writes the record into the spool file and lines it up in memory
    send      a background thread gathers what is lined up into requests and sends them
    retry     while the server is away it tries again, more and more seldom, and says so once
    adopt     what dead processes left over for the same server goes out first

There is one outbox per tracking URI and process. It takes part in no transaction: every record
may be sent twice, and the server ignores what it has already. In a forked child it starts empty,
with files of its own.
"""

import atexit
import logging
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mlflow import environment_variables as settings
from mlflow.client.backlog import HELD_IN_MEMORY
from mlflow.client.lanes import RunBox
from mlflow.client.records import MAX_METRICS, MAX_PARAMS, MAX_TAGS, Metrics, Params, Tags, ask
from mlflow.client.sender import Sender, is_offline
from mlflow.client.spool import left_over
from mlflow.client.transport import Transport
from mlflow.entities.metrics import Param, RunTag
from mlflow.exceptions import DEADLINE_EXCEEDED, MlflowException
from mlflow.wire import AnyEndpoint, Question, runs
from mlflow.wire.metrics import Point

#: seconds that a process waits at its end for what is still unsent
LEAVE_WITHIN = 10.0

_FINAL = {3, 4, 5}

_logger = logging.getLogger(__name__)


class Outbox(Sender):
    """What this process has logged to one tracking server and the server does not have yet.

    Args:
        uri: the tracking URI.
        transport: the way to it.
        folder: where files are kept; the server's own by default.
        linger: seconds in which what is logged is gathered into one request.
        heartbeat: seconds of silence after which the server is told that a run is alive.
        in_memory: values that are held in memory; what is beyond is read from the file again.
    """

    def __init__(
        self,
        uri: str,
        transport: Transport,
        *,
        folder: Path | None = None,
        linger: float = 0.1,
        heartbeat: float = 30.0,
        in_memory: int = HELD_IN_MEMORY,
    ) -> None:
        super().__init__(uri, folder, in_memory, transport, linger, heartbeat)

    def log_metrics(self, run_id: str, points: list[Point]) -> None:
        """Take points of metrics; the list belongs to the outbox from now on."""
        if len(points) <= MAX_METRICS:
            self._put(run_id, Metrics(points), len(points))
            return
        for start in range(0, len(points), MAX_METRICS):
            part = points[start : start + MAX_METRICS]
            self._put(run_id, Metrics(part), len(part))

    def log_params(self, run_id: str, params: Sequence[Param]) -> None:
        """Take params."""
        repeated = len({param.key for param in params}) < len(params)
        most = 1 if repeated else MAX_PARAMS
        for start in range(0, len(params), most):
            part = list(params[start : start + most])
            self._put(run_id, Params(part), len(part))

    def log_tags(self, run_id: str, tags: Sequence[RunTag]) -> None:
        """Take tags; a later value replaces an earlier one, also after a restart."""
        for start in range(0, len(tags), MAX_TAGS):
            part = list(tags[start : start + MAX_TAGS])
            self._put(run_id, Tags(part), len(part))

    def create_run(self, question: runs.CreateRun, experiment: str | None = None) -> None:
        """Take the creation of a run whose id the client has chosen.

        Args:
            question: with `run_id`.
            experiment: name of the experiment, when its id is not known because the server is
                away; it is looked up, or created, at delivery.
        """
        if not question.run_id:
            raise MlflowException.invalid_parameter_value(
                "A run that is created later needs an id: set run_id."
            )
        self._put(question.run_id, ask(runs.create, question, experiment), 1)

    def update_run(self, question: runs.UpdateRun) -> None:
        """Take a new status, end time or name of a run; it goes out after what was logged."""
        self.post(runs.update, question)
        if question.status_number() in _FINAL:
            self.leave(question.run_id or question.run_uuid)

    def post(self, endpoint: AnyEndpoint, question: Question) -> None:
        """Take any other question about a run, such as the deletion of a tag.

        Args:
            endpoint: one whose question has a `run_id`.
            question: what to ask; the answer is dropped.
        """
        run_id = getattr(question, "run_id", "") or getattr(question, "run_uuid", "")
        if not isinstance(run_id, str) or not run_id:
            raise MlflowException.invalid_parameter_value(f"{endpoint} asks about no run.")
        self._put(run_id, ask(endpoint, question), 1)

    def attend(self, run_id: str) -> None:
        """The run is open in this process: tell the server from time to time that it is alive."""
        with self._lock:
            self._attended[run_id] = time.monotonic()
            box = self._runs.get(run_id)
            if box is not None:
                box.ended = False
            self._start_thread()

    def leave(self, run_id: str) -> None:
        """The run is no longer open in this process."""
        with self._lock:
            self._attended.pop(run_id, None)
            box = self._runs.get(run_id)
            if box is not None:
                box.ended = True
                self._tidy(box)

    # -- waiting -------------------------------------------------------------

    def flush(self, run_id: str | None = None, timeout: float | None = None) -> None:
        """Wait until the server has all that was put in before.

        With MLFLOW_OFFLINE it waits for the disk instead.

        Args:
            run_id: wait for this run only, and for what other processes left over of it.
            timeout: seconds; while the server is away, it is tried again until then. Without a
                time-out one attempt is made, which a busy server may take its time for.

        Raises:
            ServerAway: the server cannot be reached; everything is kept and sent later.
            MlflowException: the server's first error since the last flush, when it refused
                something; or not everything was delivered within `timeout`.
        """
        if is_offline():
            self._sync()
            return
        if run_id is not None:
            self._adopt(self._closed, run_id)
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            boxes = [box for box in self._busy.values() if run_id in (None, box.run_id)]
            if run_id is None:  # what others left over goes out in the background
                boxes = [box for box in boxes if box.own is not None]
        self._wait_for(boxes, deadline, patient=timeout is not None)
        with self._lock:
            refused = [
                box
                for box in self._runs.values()
                if box.refused is not None and run_id in (None, box.run_id)
            ]
            error = refused[0].refused if refused else None
            for box in refused:
                box.refused = None
        if error is not None:
            raise error.with_traceback(None)

    def close(self, timeout: float = LEAVE_WITHIN) -> int:
        """Deliver what waits, stop the thread and let go of the files.

        Args:
            timeout: seconds to wait at most; it gives up at once when the server is away, and
                does not even try with 0.

        Returns:
            The number of values that stay unsent; they are kept in the files.
        """
        if timeout > 0 and not is_offline():
            self._adopt(self._closed)  # child processes that died, and what the thread had begun
            with self._lock:
                boxes = list(self._busy.values())
            try:
                self._wait_for(boxes, time.monotonic() + timeout, patient=False)
            except MlflowException as error:
                _logger.debug("%s", error)
        unsent = self._let_go()
        with self._lock:
            self._attended.clear()
            self._thread, self._awake = None, False
            self._work.notify_all()
        return unsent

    def send_left_over(self, report: Callable[[int], object]) -> MlflowException | None:
        """Deliver, in this thread, all that dead processes left over; once, also when offline.

        Args:
            report: is given the number of values that still wait, from time to time.

        Returns:
            Why something stays unsent, if it does.
        """
        began = time.monotonic()
        self._adopt(self._closed)
        with self._lock:
            self._not_before = 0.0
        while True:
            with self._lock:
                boxes = list(self._busy.values())
                failure = self._failed_since(began, [(box, box.put) for box in boxes])
                waiting = [box for box in boxes if box.failed_from < began]
                if not waiting or (self._failure is not None and self._failed_from >= began):
                    return failure
                for box in waiting:
                    box.not_before = 0.0
            self._deliver_one()
            report(self._waiting)

    def server_id(self, run_id: str) -> str:
        """The id under which the server knows a run that was created through the outbox."""
        return self._delivery.server_id(run_id)

    def _wait_for(self, boxes: list[RunBox], deadline: float | None, *, patient: bool) -> None:
        """Wait until what is in the boxes now is delivered; impatient, until an attempt fails."""
        began = time.monotonic()
        with self._lock:
            goals = [(box, box.put) for box in boxes if box.done < box.put]
            if not goals:
                return
            self._hurried += 1
            self._hurried_at = began
            self._not_before = 0.0
            for box, _ in goals:
                box.not_before = 0.0
            self._idle = False
            self._work.notify_all()
        try:
            while True:
                threaded = self._start_thread()
                with self._lock:
                    goals = [(box, goal) for box, goal in goals if box.done < goal]
                    if not goals:
                        return
                    failure = self._failed_since(began, goals)
                    if failure is not None and not patient:
                        raise failure.with_traceback(None)
                    left = None if deadline is None else deadline - time.monotonic()
                    if left is not None and left <= 0:
                        raise failure or MlflowException(
                            f"{self._waiting:,} values are not delivered to {self.uri} in time; "
                            "they are kept and sent later.",
                            DEADLINE_EXCEEDED,
                        )
                    if threaded:
                        self._progress.wait(left)
                        continue
                if not self._deliver_one():
                    time.sleep(0.05)
        finally:
            with self._lock:
                self._hurried -= 1

    # -- the end of the process ----------------------------------------------

    def _started(self) -> None:
        _leave_with_worker_process()

    def _leave(self) -> None:
        """The end of the process: deliver, then say in one line what is unsent."""
        with self._lock:
            runs_unsent = len(self._busy)
        away = is_offline()
        unsent = self.close()
        lost = self._lost
        self._lost = 0
        if not unsent and not lost:
            return
        reason = "MLFLOW_OFFLINE is set" if away else "the server is away or busy"
        if self._failure is not None:
            reason = self._failure.message.split(". ")[0].rstrip(".")
        which = "1 run" if runs_unsent == 1 else f"{runs_unsent} runs"
        parts = [f"mlflow: {unsent:,} values of {which} are not sent to {self.uri} yet: {reason}."]
        if lost:
            parts.append(f"{lost:,} of them are lost, because the disk refused them.")
        if unsent > lost:
            parts.append(f"They are kept in {self.folder}; send them with: {self._command()}")
        if sys.stderr is not None:
            sys.stderr.write(" ".join(parts) + "\n")  # in one piece, as other threads write there
            sys.stderr.flush()

    def _command(self) -> str:
        chosen = settings.MLFLOW_OUTBOX_DIR.get()
        where = f"MLFLOW_OUTBOX_DIR={shlex.quote(chosen)} " if chosen else ""
        command = f"{where}mlflow sync"
        found = "://" in self.uri or settings.MLFLOW_TRACKING_URI.get() == self.uri
        return command if found else f"{command} --uri {shlex.quote(self.uri)}"


def for_uri(tracking_uri: str, transport: Transport) -> Outbox:
    """The outbox of this process for a tracking server; made at the first call.

    What dead processes left over for that server starts to go out in the background.

    Args:
        tracking_uri: the server, database or folder.
        transport: the way to it; it replaces the one of an earlier call.
    """
    with _registry_lock:
        outbox = _outboxes.get(tracking_uri)
        if outbox is None:
            outbox = _outboxes[tracking_uri] = Outbox(tracking_uri, transport)
            if not is_offline() and left_over(outbox.folder):
                outbox._start_thread()
        return outbox


_outboxes: dict[str, Outbox] = {}
_registry_lock = threading.Lock()
_worker_process = False


@atexit.register
def _leave_all() -> None:
    for outbox in list(_outboxes.values()):
        outbox._leave()


def _leave_with_worker_process() -> None:
    """Processes of `multiprocessing` end without `atexit`; they have their own list."""
    global _worker_process
    processes, ends = (sys.modules.get(f"multiprocessing.{name}") for name in ("process", "util"))
    if _worker_process or processes is None or ends is None or not processes.parent_process():
        return
    _worker_process = True
    register: Callable[..., object] = ends.Finalize
    register(None, _leave_all, exitpriority=5)  # after runs have ended, which has 10


def _forget_all() -> None:
    global _registry_lock, _worker_process
    _registry_lock = threading.Lock()
    _worker_process = False
    for outbox in _outboxes.values():
        outbox._forget()


os.register_at_fork(after_in_child=_forget_all)
