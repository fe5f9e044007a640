"""Threads that work through a list of things and can be left at any moment.

They are daemons: who waits for them can be interrupted within a moment, and the process can end,
while one of them still waits for a server that says nothing.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")
#: seconds that threads have to notice that they are to stop
_GRACE = 0.5
#: the same after an error, when what they do may still be of use
_GRACE_AFTER_ERROR = 5.0
_dice = random.Random()


class Stopped(BaseException):
    """The work was given up; raised in the threads that did it, never outside."""


class Stop:
    """What tells threads to stop.

    Args:
        outer: what stops these, too.
    """

    def __init__(self, outer: "Stop | None" = None) -> None:
        self._outer = outer
        self._set = False

    def set(self) -> None:
        """Tell all who check."""
        self._set = True

    def check(self) -> None:
        """Raise Stopped when it is set."""
        if self._set:
            raise Stopped
        if self._outer is not None:
            self._outer.check()


def each(work: Callable[[T, Stop], None], things: Iterable[T], threads: int, outer: Stop) -> None:
    """Call `work` with each thing, several at once; the first error ends it and is raised.

    Args:
        work: is also given what it checks whenever it can end.
        threads: how many work at most; one works in the thread of the caller.
        outer: ends it, too.
    """
    if threads < 2:
        for thing in things:
            outer.check()
            work(thing, outer)
        return
    stop = Stop(outer)
    lock = threading.Lock()
    left = iter(things)
    over: SimpleQueue[BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            while True:
                stop.check()
                with lock:
                    thing = next(left, over)
                if thing is over:
                    break
                work(thing, stop)  # type: ignore[arg-type]
        except BaseException as error:
            stop.set()
            over.put(error)
        else:
            over.put(None)

    started = 0
    for number in range(threads):
        try:
            threading.Thread(target=run, daemon=True, name=f"artifacts {number}").start()
            started += 1
        except RuntimeError:  # the interpreter is about to exit and starts no thread any more
            break
    if not started:
        run()
        started = 1
    _wait(over, started, stop)


def _wait(over: "SimpleQueue[BaseException | None]", started: int, stop: Stop) -> None:
    first: BaseException | None = None
    try:
        while started and first is None:
            first = over.get()
            started -= 1
    except BaseException:
        stop.set()
        _leave(over, started, _GRACE)
        raise
    if first is not None:
        other = _leave(over, started, _GRACE_AFTER_ERROR)
        raise other if isinstance(first, Stopped) and other is not None else first


def _leave(
    over: "SimpleQueue[BaseException | None]", running: int, grace: float
) -> BaseException | None:
    """Wait a little for those who still run; an error of theirs."""
    found: BaseException | None = None
    until = time.monotonic() + grace
    while running and (left := until - time.monotonic()) > 0:
        try:
            error = over.get(timeout=left)
        except Empty:
            break
        running -= 1
        if error is not None and not isinstance(error, Stopped):
            found = found or error
    return found


def pause(most: float, stop: Stop) -> None:
    """Wait up to so many seconds; chance keeps those who wait for the same thing from marching."""
    until = time.monotonic() + most * _dice.uniform(0.5, 1.0)
    while (left := until - time.monotonic()) > 0:
        stop.check()
        time.sleep(min(left, 0.05))
