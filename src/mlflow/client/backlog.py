"""What waits in an outbox, and its bookkeeping: runs, lanes, files, memory.

Everything here happens under one lock, but for reading and writing what may take long: files that
dead processes left over are read before they are lined up.
"""

import logging
import threading
import time
from pathlib import Path

from mlflow.client.lanes import Lane, RunBox
from mlflow.client.records import Record, encode
from mlflow.client.spool import Spool, Unreadable, left_over, outbox_folder, without_credentials

#: values that are held in memory; what is beyond is read from the file again
HELD_IN_MEMORY = 100_000
#: values that are held in memory when the disk refuses them; what is beyond is lost
HELD_WITHOUT_DISK = 1_000_000

_PATIENCE = 10.0

_logger = logging.getLogger("mlflow.client.outbox")


class Backlog:
    """What this process, and dead ones before it, logged to a server that has not got it yet.

    Args:
        uri: the tracking URI.
        folder: where files are kept; the server's own by default.
        in_memory: values that are held in memory.
    """

    def __init__(self, uri: str, folder: Path | None, in_memory: int) -> None:
        self.uri = without_credentials(uri)
        self.folder = folder or outbox_folder(uri)
        self._in_memory = in_memory
        self._start_empty()

    def _start_empty(self) -> None:
        # Reentrant, because a signal handler may log or flush while its own thread is in here.
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._progress = threading.Condition(self._lock)
        self._adopting = threading.RLock()
        self._runs: dict[str, RunBox] = {}
        self._busy: dict[str, RunBox] = {}
        self._waiting = 0
        self._held = 0
        self._lost = 0
        self._since = 0.0  # when the oldest of what waits came
        self._awake = False  # there is a thread
        self._idle = False  # the thread sleeps and has to be woken
        self._closed = 0  # how often; what was begun before a close must not go on after it
        self._warned_of_disk = False

    def pending(self, run_id: str | None = None) -> int:
        """How many points, params, tags and questions are not delivered, of one run or of all."""
        with self._lock:
            if run_id is not None:
                box = self._runs.get(run_id)
                return box.values() if box is not None else 0
            return self._waiting

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
            elif not self._awake:
                self._start_thread()

    def _start_thread(self) -> bool:
        raise NotImplementedError

    # -- what is through -----------------------------------------------------

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

    def _shelve_quiet(self) -> None:
        """Give up the files of runs that nothing came for since the last call."""
        with self._lock:
            for box in list(self._runs.values()):
                if box.put == box.put_before and box.head() is None and box.own is not None:
                    self._shelve(box)
                box.put_before = box.put

    def _let_go(self) -> int:
        """Close all files; what is unsent stays in them. Returns the number of values."""
        # What is being adopted at this moment must not be held after we have let go.
        adopting = self._adopting.acquire(timeout=_PATIENCE)
        try:
            with self._lock:
                self._closed += 1
                unsent = self._waiting
                for box in self._runs.values():
                    for lane in box.lanes():
                        self._lost += lane.unkept
                        _close(lane)
                self._runs.clear()
                self._busy.clear()
                self._waiting = self._held = 0
                return unsent
        finally:
            if adopting:
                self._adopting.release()

    def _sync(self) -> None:
        with self._lock:
            for box in self._busy.values():
                for lane in box.lanes():
                    if lane.spool is not None:
                        try:
                            lane.spool.sync()
                        except OSError as error:
                            self._warn_of_disk(error)

    def _forget(self) -> None:
        """Start empty in a forked child; files and thread stay the parent's."""
        for box in self._runs.values():
            for lane in box.lanes():
                lane.forget()
        self._start_empty()

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
        # One thread at a time: two would find each other's files in use. Not without end, because
        # a signal handler may ask while its own thread holds what the other one waits for.
        if not self._adopting.acquire(timeout=_PATIENCE):
            return
        try:
            for path in left_over(self.folder, run_id):
                if self._closed != closed:
                    return
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
        finally:
            self._adopting.release()

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

    # -- trouble with the disk -----------------------------------------------

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


def _close(lane: Lane) -> None:
    try:
        lane.close()
    except OSError as error:
        _logger.debug("%s", error)
