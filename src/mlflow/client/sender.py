"""The background of an outbox: a thread that sends what waits, retries, and says runs are alive.

It gathers what was logged in quick succession into one request, takes the runs in turn, and
backs off while the server is away. It warns once and says once when the server is back.
"""

import logging
import os
import random
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

from mlflow import environment_variables as settings
from mlflow.client.backlog import Backlog
from mlflow.client.delivery import Delivery, NotNow, Refusal, refused_lines
from mlflow.client.lanes import Lane, RunBox, Stretch
from mlflow.client.records import MAX_METRICS, Record, gather
from mlflow.client.spool import Unreadable
from mlflow.client.transport import ServerAway, Transport
from mlflow.exceptions import MlflowException

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_SHORTEST_WAIT = 0.005
_LOOK_AROUND_EVERY = 30.0

_logger = logging.getLogger("mlflow.client.outbox")
_dice = random.Random()


class Sender(Backlog):
    """A backlog that sends itself.

    Args:
        uri, folder, in_memory: see `Backlog`.
        transport: the way to the server.
        linger: seconds in which what is logged is gathered into one request.
        heartbeat: seconds of silence after which the server is told that a run is alive.
    """

    def __init__(
        self,
        uri: str,
        folder: Path | None,
        in_memory: int,
        transport: Transport,
        linger: float,
        heartbeat: float,
    ) -> None:
        self.transport = transport
        self._linger = linger
        self._heartbeat = heartbeat
        super().__init__(uri, folder, in_memory)

    def _start_empty(self) -> None:
        super()._start_empty()
        self._delivering = threading.RLock()
        self._delivery = Delivery(self.transport, self.folder, self._own_files)
        self._thread: threading.Thread | None = None
        self._attended: dict[str, float] = {}
        self._heartbeat_known = True
        self._hurried = 0
        self._hurried_at = 0.0
        self._looked_around = 0.0
        self._tries = 0
        self._not_before = 0.0
        self._failure: MlflowException | None = None
        self._failed_from = 0.0

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
                self._thread, self._awake = thread, True
                self._started()
        return True

    def _started(self) -> None:
        """The thread runs; for those who have to see that it comes to a good end."""

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
        if is_offline():
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
        if is_offline():
            return
        self._adopt(closed)
        self._shelve_quiet()

    def _say_alive(self, now: float) -> None:
        if not self._heartbeat_known or is_offline():
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

    # -- one request ---------------------------------------------------------

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

    def _refused(self, box: RunBox, refusals: list[Refusal]) -> None:
        path = self.folder / f"{box.run_id[:64]}.refused"
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        lines = refused_lines(box.run_id, refusals, now)
        count = sum(len(refusal.items) for refusal in refusals)
        kept = f"It is kept in {path}."
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            how = os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
            fd = os.open(path, how, 0o600)
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

    # -- failures ------------------------------------------------------------

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

    def _failed_since(
        self, began: float, goals: list[tuple[RunBox, int]]
    ) -> MlflowException | None:
        if self._failure is not None and self._failed_from >= began:
            return self._failure
        for box, _ in goals:
            if box.failure is not None and box.failed_from >= began:
                return box.failure
        return None


def is_offline() -> bool:
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
