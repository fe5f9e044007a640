"""Work on artifacts that nobody waits for: images of a series, sent while the training goes on.

A few threads do it. What fails is told by a warning, once for each run and cause, and counted; it
never ends a run. The end of a run, of a process, and `flush` wait for all of it. What waits is
bounded: a program that logs images faster than they can be sent is held back, unless the server is
away: then they are lost, and counted.
"""

import atexit
import logging
import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

from mlflow.exceptions import TEMPORARILY_UNAVAILABLE, MlflowException

_logger = logging.getLogger(__name__)
_THREADS = 4
#: bytes of images that may wait
_MOST_WAITING = 256 * 1024 * 1024


class _Work(NamedTuple):
    run_id: str
    what: str
    weight: int
    do: Callable[[], None]


class Background:
    """A queue and its threads, which are started when there is something to do."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[_Work] = deque()
        self._busy: Counter[str] = Counter()  # run → what is being done for it
        self._threads = 0
        self._weight = 0
        self._flushing = 0
        self._failed: Counter[str] = Counter()
        self._last_error: dict[str, Exception] = {}

    def submit(self, run_id: str, what: str, weight: int, do: Callable[[], None]) -> None:
        """Have something done.

        Args:
            run_id: the run that it belongs to.
            what: names it in warnings, such as `the image 'a'`.
            weight: bytes that it holds in memory until it is done.
        """
        work = _Work(run_id, what, weight, do)
        with self._changed:
            _leave_with_worker_process()
            while self._weight and self._weight + weight > _MOST_WAITING and self._threads:
                if _is_away(self._last_error.get(run_id)):
                    self._failed[run_id] += 1
                    return
                self._changed.wait()
            self._waiting.append(work)
            self._weight += weight
            if self._threads < _THREADS and self._start():
                self._threads += 1
            if self._threads:
                self._changed.notify_all()
                return
            self._waiting.remove(work)  # the interpreter is ending and starts no threads
            self._busy[run_id] += 1
        self._do(work)

    def flush(self, run_id: str | None = None) -> None:
        """Wait until all is done, or all for one run; say what could not be."""
        with self._changed:
            self._flushing += 1
            try:
                while self._pending(run_id):
                    self._changed.wait()
            finally:
                self._flushing -= 1
            failed = [one for one in self._failed if run_id in (None, one)]
            told = [(one, self._failed.pop(one), self._last_error.pop(one)) for one in failed]
        for one, count, error in told:
            if count > 1:
                _logger.warning(
                    "%d images of run %s could not be logged, the last because: %s",
                    *(count, one, error),
                )

    def _start(self) -> bool:
        try:
            thread = threading.Thread(target=self._run, name="mlflow-images", daemon=True)
            thread.start()
        except RuntimeError:
            return False
        return True

    def _pending(self, run_id: str | None) -> bool:
        if run_id is None:
            return bool(self._waiting or self._busy)
        return run_id in self._busy or any(work.run_id == run_id for work in self._waiting)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                work = self._waiting.popleft()
                self._busy[work.run_id] += 1
                # At the end, nobody is made to wait for a server that is away again and again.
                away = _is_away(self._last_error.get(work.run_id)) and self._flushing > 0
            self._do(work, away)
            del work

    def _do(self, work: _Work, away: bool = False) -> None:
        failed: Exception | None = None
        try:
            if away:
                failed = self._last_error.get(work.run_id)
            else:
                work.do()
        except Exception as error:
            failed = error
        if failed is not None:
            with self._changed:
                first = work.run_id not in self._failed
                self._failed[work.run_id] += 1
                self._last_error[work.run_id] = failed
            if first:  # said before it counts as over: who waits for it is told by then
                _logger.warning("%s could not be logged: %s", work.what, failed)
        with self._changed:
            self._weight -= work.weight
            self._busy[work.run_id] -= 1
            if not self._busy[work.run_id]:
                del self._busy[work.run_id]
            self._changed.notify_all()


def _is_away(error: Exception | None) -> bool:
    return isinstance(error, MlflowException) and error.error_code == TEMPORARILY_UNAVAILABLE


_one = Background()
_worker_process = False


def submit(run_id: str, what: str, weight: int, do: Callable[[], None]) -> None:
    """Have something done in the background of this process; see `Background.submit`."""
    _one.submit(run_id, what, weight, do)


# Registered after the transports' own, so it runs before they close.
@atexit.register
def flush(run_id: str | None = None) -> None:
    """Wait for what is done in the background; see `Background.flush`."""
    _one.flush(run_id)


def _leave_with_worker_process() -> None:
    """Processes of `multiprocessing` end without `atexit`; they have their own list."""
    global _worker_process
    processes, ends = (sys.modules.get(f"multiprocessing.{name}") for name in ("process", "util"))
    if _worker_process or processes is None or ends is None or not processes.parent_process():
        return
    _worker_process = True
    register: Callable[..., object] = ends.Finalize
    register(None, flush, exitpriority=15)  # before the transports close


def _forget() -> None:
    """What waits belongs to the parent, and its threads are not there in a forked child."""
    global _one, _worker_process
    _one, _worker_process = Background(), False


os.register_at_fork(after_in_child=_forget)
