"""The writer: commits what many clients log in few transactions.

Requests are queued as they come. A single thread takes all that wait, applies them in one
transaction and then answers each of them. While one transaction commits, the next group gathers,
so the group's size follows the load by itself and a lone request never waits for company.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from mlflow.exceptions import TEMPORARILY_UNAVAILABLE, MlflowException
from mlflow.store.db import WouldBlock
from mlflow.wire import Empty

R = TypeVar("R")
LARGEST_GROUP = 128  # requests
DONE = Empty()


class Writer(Generic[R]):
    """A queue of requests and the thread that commits them.

    Args:
        commit: applies requests in one transaction; for each of them it gives None, or the
            error for which it was left out. What it raises fails all of them.
        weight: how many of `largest` units a request counts.
        largest: units in one group at the most.
        hurried: whether the calling thread wants its request committed at once, by itself.
    """

    def __init__(
        self,
        commit: Callable[[list[R]], list[Exception | None]],
        weight: Callable[[R], int],
        largest: int,
        hurried: Callable[[], bool],
    ) -> None:
        self._commit = commit
        self._weight = weight
        self._largest = largest
        self._hurried = hurried
        self._queue: queue.SimpleQueue[tuple[R, Future[Empty]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, request: R) -> "Future[Empty]":
        """Queue a request; the future is done when it is committed, or refused."""
        future: Future[Empty] = Future()
        if self._closed:
            raise MlflowException("The store is being closed.", TEMPORARILY_UNAVAILABLE)
        if self._hurried():
            self._settle([(request, future)])
            return future
        with self._lock:  # so that nothing is queued behind the end
            if self._closed:
                raise MlflowException("The store is being closed.", TEMPORARILY_UNAVAILABLE)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
                self._thread.start()
            self._queue.put((request, future))
        return future

    def close(self) -> None:
        """Commit what is queued and stop."""
        with self._lock:
            self._closed = True
            if self._thread is None:
                return
            self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            item = self._queue.get()
            if item is None:
                return
            group, last = [item], False
            weight = self._weight(item[0])
            while weight < self._largest and len(group) < LARGEST_GROUP:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                group.append(more)
                weight += self._weight(more[0])
            self._settle(group)
            if last:
                return

    def _settle(self, group: "list[tuple[R, Future[Empty]]]") -> None:
        try:
            errors = self._commit([request for request, _ in group])
        except WouldBlock:
            raise
        except Exception as error:
            if len(group) > 1 and not _is_away(error):  # find out whose fault it is
                for item in group:
                    self._settle([item])
                return
            errors = [error] * len(group)
        for (_, future), problem in zip(group, errors, strict=True):
            if problem is None:
                future.set_result(DONE)
            else:
                future.set_exception(problem)


def _is_away(error: Exception) -> bool:
    """Whether the database could not be reached, which is no request's fault."""
    return isinstance(error, MlflowException) and error.error_code == TEMPORARILY_UNAVAILABLE
