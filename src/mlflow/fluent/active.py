"""Which run is active: a stack for each thread, and what threads inherit.

A run is active in the thread that started it. A thread has a stack of its own, so two threads
never end each other's runs. For nested runs in worker threads each thread remembers which run
was active in the thread that started it.
"""

import os
import threading
from functools import wraps
from typing import TYPE_CHECKING

from mlflow.fluent.logbook import Logbook
from mlflow.system_metrics import SystemMetricsMonitor

if TYPE_CHECKING:
    from mlflow.fluent.runs import ActiveRun


class OpenRun:
    """A run that this process has started and not ended.

    Args:
        run: as the user sees it.
        logbook: where its data go.
        parent_id: the run that it is nested in.
        monitor: what logs its system metrics.
    """

    def __init__(
        self,
        run: "ActiveRun",
        logbook: Logbook,
        parent_id: str | None = None,
        monitor: SystemMetricsMonitor | None = None,
    ) -> None:
        self.run = run
        self.logbook = logbook
        self.parent_id = parent_id
        self.monitor = monitor
        self.pid = os.getpid()
        self.thread = threading.current_thread()

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.info.run_id

    @property
    def is_ours(self) -> bool:
        """Whether this process opened it; a forked child must not end its parent's runs."""
        return self.pid == os.getpid()


class _Stacks(threading.local):
    def __init__(self) -> None:
        self.runs: list[OpenRun] = []


_stacks = _Stacks()
_lock = threading.Lock()
_open: dict[str, OpenRun] = {}
_INHERITED = "_mlflow_run_id"


def stack() -> list[OpenRun]:
    """The open runs of this thread, the active one last."""
    return _stacks.runs


def top() -> OpenRun | None:
    """The active run of this thread."""
    runs = _stacks.runs
    while runs and _open.get(runs[-1].run_id) is not runs[-1]:
        runs.pop()  # ended by another thread
    return runs[-1] if runs else None


def push(opened: OpenRun) -> None:
    """Make a run the active one of this thread."""
    with _lock:
        _open[opened.run_id] = opened
    _stacks.runs.append(opened)


def remove(opened: OpenRun) -> bool:
    """Forget a run; whether it was still open, which is true for only one of several callers."""
    if opened in _stacks.runs:
        _stacks.runs.remove(opened)
    with _lock:
        return _open.get(opened.run_id) is opened and _open.pop(opened.run_id) is opened


def opened_here(run_id: str) -> OpenRun | None:
    """The open run with an id, of any thread."""
    return _open.get(run_id)


def all_open() -> list[OpenRun]:
    """All runs that this process has to end, newest first."""
    with _lock:
        return [opened for opened in reversed(_open.values()) if opened.is_ours]


def any_open() -> bool:
    """Whether this process has runs to end; takes no lock, so signal handlers may ask."""
    return any(opened.is_ours for opened in list(_open.values()))


def parent_for_nested() -> str | None:
    """The parent of a run that is nested here: the active run of this thread, else of the thread
    that started it, else the only open run of the process that is not nested itself."""
    above = top()
    if above is not None:
        return above.run_id
    inherited = getattr(threading.current_thread(), _INHERITED, None)
    if inherited in _open:
        return str(inherited)
    with _lock:
        outermost = [opened.run_id for opened in _open.values() if opened.parent_id is None]
    return outermost[0] if len(outermost) == 1 else None


def hand_down_to_threads() -> None:
    """Let threads that are started from now on know the run that is active where they start.

    A thread does not know which thread started it, and pools start theirs deep inside of
    libraries, so `Thread.start` notes it.
    """
    start = threading.Thread.start
    if hasattr(start, _INHERITED):
        return

    @wraps(start)
    def noting_start(self: threading.Thread) -> None:
        active = top()
        run_id = active.run_id if active else getattr(threading.current_thread(), _INHERITED, None)
        if run_id is not None:
            setattr(self, _INHERITED, run_id)
        start(self)

    setattr(noting_start, _INHERITED, None)
    threading.Thread.start = noting_start  # type: ignore[method-assign]


def _renew_lock() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
