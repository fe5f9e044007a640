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
import random
import shlex
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from mlflow import environment_variables as settings
from mlflow.client.delivery import Delivery, NotNow, Refusal, refused_lines
from mlflow.client.lanes import Lane, RunBox, Stretch
from mlflow.client.records import (
    MAX_METRICS,
    MAX_PARAMS,
    MAX_TAGS,
    Metrics,
    Params,
    Record,
    Tags,
    ask,
    encode,
    gather,
)
from mlflow.client.spool import Spool, Unreadable, left_over, outbox_folder, without_credentials
from mlflow.client.transport import ServerAway, Transport
from mlflow.entities.metrics import Param, RunTag
from mlflow.exceptions import DEADLINE_EXCEEDED, MlflowException
from mlflow.wire import AnyEndpoint, Question, runs
from mlflow.wire.metrics import Point

#: values that are held in memory; what is beyond is read from the file again
HELD_IN_MEMORY = 100_000
#: values that are held in memory when the disk refuses them; what is beyond is lost
HELD_WITHOUT_DISK = 1_000_000
#: seconds that a process waits at its end for what is still unsent
LEAVE_WITHIN = 10.0

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_SHORTEST_WAIT = 0.005
_LOOK_AROUND_EVERY = 30.0
_FINAL = {3, 4, 5}

_logger = logging.getLogger(__name__)
_dice = random.Random()


class Outbox:
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
        self.uri = without_credentials(uri)
        self.folder = folder or outbox_folder(uri)
        self.transport = transport
        self._linger = linger
        self._heartbeat = heartbeat
        self._in_memory = in_memory
        self._start_empty()

    def _start_empty(self) -> None:
        # Reentrant, because a signal handler may log or flush while its own thread is in here.
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._progress = threading.Condition(self._lock)
        self._delivering = threading.RLock()
        self._delivery = Delivery(self.transport, self.folder, self._own_files)
        self._thread: threading.Thread | None = None
        self._runs: dict[str, RunBox] = {}
        self._busy: dict[str, RunBox] = {}
        self._attended: dict[str, float] = {}
        self._heartbeat_known = True
        self._adopting = threading.RLock()
        self._waiting = 0
        self._held = 0
        self._lost = 0
        self._idle = False
        self._closed = 0  # how often; what was begun before a close must not go on after it
        self._hurried = 0
        self._hurried_at = 0.0
        self._since = 0.0
        self._looked_around = 0.0
        self._tries = 0
        self._not_before = 0.0
        self._failure: MlflowException | None = None
        self._failed_from = 0.0
        self._warned_of_disk = False

    # -- putting in ----------------------------------------------------------

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

    def _put(self, run_id: str, record: Record, values: int) -> None:
        payload = encode(record)
        with self._lock:
            box = self._runs.get(run_id)
            if box is None:
                box = self._runs[run_id] = RunBox(run_id)
            lane = box.own
            if lane is None:
                lane = box.own = Lane(run_id)
            try:
                start, end = lane.keep(self.folder, self.uri, payload, values)
            except OSError as error:
                self._warn_of_disk(error)
                start = end = 0
            in_memory = self._held < self._in_memory or not end
            if not end and self._held >= HELD_WITHOUT_DISK:
                self._lose(values)
                return
            lane.push(record, start, end, values, in_memory=in_memory)
            self._waiting += values
            if in_memory:
                self._held += values
            box.put += 1
            if run_id not in self._busy:
                if not self._busy:
                    self._since = time.monotonic()
                self._busy[run_id] = box
            if self._idle:
                self._idle = False
                self._work.notify()
            elif self._thread is None:
                self._start_thread()

    # -- waiting -------------------------------------------------------------

    def pending(self, run_id: str | None = None) -> int:
        """How many points, params, tags and questions are not delivered, of one run or of all."""
        with self._lock:
            if run_id is not None:
                box = self._runs.get(run_id)
                return box.values() if box is not None else 0
            return self._waiting

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
        if _is_offline():
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
        if timeout > 0 and not _is_offline():
            self._adopt(self._closed)  # child processes that died, and what the thread had begun
            with self._lock:
                boxes = list(self._busy.values())
            try:
                self._wait_for(boxes, time.monotonic() + timeout, patient=False)
            except MlflowException as error:
                _logger.debug("%s", error)
        with self._lock:
            unsent = self._waiting
            self._closed += 1
            self._work.notify_all()
            for box in self._runs.values():
                for lane in box.lanes():
                    self._lost += lane.unkept
                    _close(lane)
            self._runs.clear()
            self._busy.clear()
            self._attended.clear()
            self._thread = None
            self._waiting = self._held = 0
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

    def _failed_since(
        self, began: float, goals: list[tuple[RunBox, int]]
    ) -> MlflowException | None:
        if self._failure is not None and self._failed_from >= began:
            return self._failure
        for box, _ in goals:
            if box.failure is not None and box.failed_from >= began:
                return box.failure
        return None

    def _sync(self) -> None:
        with self._lock:
            for box in self._busy.values():
                for lane in box.lanes():
                    if lane.spool is not None:
                        try:
                            lane.spool.sync()
                        except OSError as error:
                            self._warn_of_disk(error)

    # -- the background ------------------------------------------------------

    def _start_thread(self) -> bool:
        """Whether the thread runs; at the very end of a process it cannot be started."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            return True
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(
                    target=self._run, args=(self._closed,), name="mlflow-outbox", daemon=True
                )
                try:
                    thread.start()
                except RuntimeError:
                    return False
                self._thread = thread
                _leave_with_worker_process()
        return True

    def _run(self, closed: int) -> None:
        while self._closed == closed:
            now = time.monotonic()
            if now - self._looked_around >= _LOOK_AROUND_EVERY:
                self._look_around(now, closed)
            self._say_alive(now)
            with self._lock:
                if self._closed != closed:
                    return
                wait = self._until_ready()
                if wait > 0:
                    self._idle = not self._busy
                    self._work.wait(wait)
                    self._idle = False
                    continue
            self._deliver_one()

    def _until_ready(self) -> float:
        """Seconds until there is something to send, unless somebody calls earlier."""
        now = time.monotonic()
        wait = self._looked_around + _LOOK_AROUND_EVERY - now
        if _is_offline():
            return max(wait, _SHORTEST_WAIT)
        if self._heartbeat_known:
            quiet = [heard for run, heard in self._attended.items() if run not in self._busy]
            wait = min(wait, min(quiet, default=now) + self._heartbeat - now)
        if not self._busy:
            return max(wait, _SHORTEST_WAIT)
        ready = max(self._not_before, min(box.not_before for box in self._busy.values()))
        if not self._hurried and self._waiting < MAX_METRICS:
            ready = max(ready, self._since + max(self._linger, _gathering_seconds()))
        return max(min(wait, ready - now), _SHORTEST_WAIT) if ready > now else 0.0

    def _look_around(self, now: float, closed: int) -> None:
        """What is to be done from time to time, also when nothing is logged."""
        self._looked_around = now
        if _is_offline():
            return
        self._adopt(closed)
        with self._lock:
            for box in list(self._runs.values()):
                # Nothing came since the last look: the open file is not worth a descriptor.
                if box.put == box.put_before and box.head() is None and box.own is not None:
                    self._shelve(box)
                box.put_before = box.put

    def _say_alive(self, now: float) -> None:
        if not self._heartbeat_known or _is_offline():
            return
        with self._lock:
            silent = [
                run_id
                for run_id, heard in self._attended.items()
                if now - heard >= self._heartbeat and run_id not in self._busy
            ]
            for run_id in silent:
                self._attended[run_id] = now
        if silent:
            try:
                self._delivery.heartbeat(silent)
            except MlflowException as error:
                # Servers other than ours do not know it; one that is away hears the next one.
                self._heartbeat_known = isinstance(error, ServerAway)
            except Exception as error:
                _logger.debug("heartbeat: %s", error)

    # -- sending -------------------------------------------------------------

    def _deliver_one(self) -> bool:
        """Send one request; whether there is reason to go on at once."""
        with self._delivering:
            with self._lock:
                box = self._next()
                lane = box.head() if box is not None else None
                if box is None or lane is None:
                    return False
                searched, box.searched = box.searched, True
                closed = self._closed
                first = lane.first()
            if not searched:
                self._adopt(closed, box.run_id)
                return True
            began = time.monotonic()
            try:
                records = lane.read(first) if isinstance(first, Stretch) else first
                request, taken = gather(box.run_id, [record for record, _ in records])
                refusals = self._delivery.deliver(box.run_id, request, box.tries)
            except NotNow as error:
                self._failed(box, error, began)
                return False
            except Unreadable as error:
                self._set_aside(box, lane, error)
                return True
            except Exception as error:  # a fault of ours must not end the thread
                cause = MlflowException(f"{type(error).__name__}: {error}")
                _logger.debug("delivery failed", exc_info=True)
                self._failed(box, NotNow(cause, everything=False), began)
                return False
            if refusals:
                self._refused(box, refusals)
            self._delivered(box, lane, records[:taken])
            return True

    def _next(self) -> RunBox | None:
        """The run whose turn it is."""
        now = time.monotonic()
        if now < self._not_before:
            return None
        for run_id, box in self._busy.items():
            if box.not_before <= now:
                # To the end of the line, so that every run gets its turn.
                del self._busy[run_id]
                self._busy[run_id] = box
                return box
        return None

    def _delivered(self, box: RunBox, lane: Lane, records: list[tuple[Record, int]]) -> None:
        now = time.monotonic()
        with self._lock:
            back = self._failure is not None
            self._failure = box.failure = None
            self._tries = box.tries = 0
            if box.run_id in self._attended:
                self._attended[box.run_id] = now
            if not lane.closed:
                held, waiting = lane.held, lane.values
                try:
                    lane.delivered(records)
                except OSError as error:  # it is sent again after a restart, which changes nothing
                    _logger.debug("%s: %s", self.folder, error)
                self._held -= held - lane.held
                self._waiting -= waiting - lane.values
                box.done += len(records)
                self._tidy(box)
                self._since = now
            self._progress.notify_all()
        if back:
            _logger.info("The tracking server %s is back; sending what was kept.", self.uri)

    def _tidy(self, box: RunBox) -> None:
        """Forget what is through."""
        box.tidy()
        if box.head() is None:
            self._busy.pop(box.run_id, None)
            if box.own is None or box.ended:
                self._shelve(box)

    def _shelve(self, box: RunBox) -> None:
        """Remove the file of a run for which nothing waits; a new record makes a new one."""
        if box.own is not None:
            try:
                box.own.shelve()
            except OSError as error:
                _logger.debug("%s: %s", self.folder, error)
            box.own = None
        if box.refused is None:
            self._runs.pop(box.run_id, None)

    def _failed(self, box: RunBox, error: NotNow, began: float) -> None:
        with self._lock:
            if error.everything:
                self._tries += 1
                self._not_before = self._again(self._tries, error, began)
                warn, self._failure = self._failure is None, error.cause
                self._failed_from = began
            else:
                box.tries += 1
                box.not_before = self._again(box.tries, error, began)
                warn, box.warned = not box.warned, True
                box.failure, box.failed_from = error.cause, began
            self._progress.notify_all()
        if warn:
            which = "what is logged" if error.everything else f"what run {box.run_id} logs"
            _logger.warning(
                "%s Training goes on: %s is kept in %s and sent as soon as possible.",
                _sentence(error.cause.message),
                which,
                self.folder,
            )

    def _again(self, tries: int, error: NotNow, began: float) -> float:
        """When to try again (monotonic): at once for a flush that came during the attempt."""
        if self._hurried and began < self._hurried_at:
            return 0.0
        wait = min(_FIRST_WAIT * 2.0 ** min(tries - 1, 10), _LONGEST_WAIT)
        if self._hurried:
            wait = _FIRST_WAIT
        wait *= _dice.uniform(0.5, 1.0)
        return time.monotonic() + max(wait, error.wait or 0.0)

    def _refused(self, box: RunBox, refusals: list[Refusal]) -> None:
        path = self.folder / f"{box.run_id[:64]}.refused"
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        lines = refused_lines(box.run_id, refusals, now)
        count = sum(len(refusal.items) for refusal in refusals)
        kept = f"It is kept in {path}."
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            with open(fd, "ab") as file:
                file.write(lines)
        except OSError as error:
            kept = f"{path} cannot be written ({error.strerror}), so it is lost: {lines[:500]!r}"
        _logger.warning(
            "The tracking server refuses %d of the values that run %s logged: %s %s",
            count,
            box.run_id,
            _sentence(refusals[0].error.message),
            kept,
        )
        with self._lock:
            box.refused = box.refused or refusals[0].error

    # -- left-over files -----------------------------------------------------

    def _own_files(self) -> set[Path]:
        with self._lock:
            return {
                lane.spool.path
                for box in self._runs.values()
                for lane in box.lanes()
                if lane.spool is not None
            }

    def _adopt(self, closed: int, run_id: str | None = None) -> None:
        """Take over what dead processes left, of one run or of all."""
        # One thread at a time: two would find each other's files in use.
        with self._adopting:
            for path in left_over(self.folder, run_id):
                if path in self._own_files():
                    continue
                try:
                    spool = Spool.adopt(path)
                    lane = None if spool is None else Lane(spool.about.run_id, spool, adopted=True)
                except (Unreadable, OSError) as error:
                    _logger.warning("%s is left as it is: %s.", path, error)
                    continue
                if lane is not None:
                    self._line_up(lane, closed)

    def _line_up(self, lane: Lane, closed: int) -> None:
        with self._lock:
            if not lane or self._closed != closed:
                _close(lane)
                return
            box = self._runs.get(lane.run_id)
            if box is None:
                box = self._runs[lane.run_id] = RunBox(lane.run_id)
            box.left_over.append(lane)
            box.put += lane.records
            self._waiting += lane.values
            self._busy.setdefault(lane.run_id, box)

    def _set_aside(self, box: RunBox, lane: Lane, error: Unreadable) -> None:
        """Give up on a file that cannot be read on; what is behind it goes on."""
        with self._lock:
            spool = lane.spool
            if spool is None or lane.closed:
                return
            path = spool.path.with_suffix(".damaged")
            _logger.warning("%s cannot be read: %s. It is kept as %s.", spool.path, error, path)
            spool.path.replace(path)
            spool.close()
            lane.closed, lane.spool = True, None
            self._held -= lane.held
            self._waiting -= lane.values
            box.done += lane.records
            if lane is box.own:
                box.own = None
            else:
                box.left_over.remove(lane)
            self._tidy(box)
            self._progress.notify_all()

    # -- trouble -------------------------------------------------------------

    def _warn_of_disk(self, error: OSError) -> None:
        if self._warned_of_disk:
            return
        self._warned_of_disk = True
        _logger.warning(
            "The outbox %s cannot be written: %s. Training goes on and values are sent from "
            "memory, but those not sent yet would be lost if this process were killed.",
            self.folder,
            error.strerror or error,
        )

    def _lose(self, values: int) -> None:
        if not self._lost:
            _logger.error(
                "The tracking server %s is away, the outbox %s cannot be written and memory is "
                "full: from now on values are lost.",
                self.uri,
                self.folder,
            )
        self._lost += values

    def _forget(self) -> None:
        """Start empty in a forked child; files and thread stay the parent's."""
        for box in self._runs.values():
            for lane in box.lanes():
                lane.forget()
        self._start_empty()

    def _leave(self) -> None:
        """The end of the process: deliver, then say in one line what is unsent."""
        with self._lock:
            runs_unsent = len(self._busy)
        away = _is_offline()
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
        print(*parts, file=sys.stderr, flush=True)

    def _command(self) -> str:
        chosen = settings.MLFLOW_OUTBOX_DIR.get()
        command = (
            f"MLFLOW_OUTBOX_DIR={shlex.quote(chosen)} mlflow sync" if chosen else "mlflow sync"
        )
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
            if not _is_offline() and left_over(outbox.folder):
                outbox._start_thread()
        return outbox


def _is_offline() -> bool:
    try:
        return settings.MLFLOW_OFFLINE.get()
    except ValueError:  # the thread must not end for it; the caller who set it is told elsewhere
        return False


def _gathering_seconds() -> float:
    try:
        return settings.MLFLOW_ASYNC_LOGGING_BUFFERING_SECONDS.get()
    except ValueError:
        return 0.0


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _close(lane: Lane) -> None:
    try:
        lane.close()
    except OSError as error:
        _logger.debug("%s", error)


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
