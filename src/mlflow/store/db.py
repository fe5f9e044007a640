"""Connections and transactions: what all dialects share.

A store gives the database functions to run: `db.read(work)` and `db.write(work)`, where `work`
gets a `Connection`. So a transaction that was chosen as victim of a deadlock, or whose connection
broke, is simply run again: `work` must have no effect but on the connection. If the answer to a
COMMIT was lost, it finds done what it did the first time, and must say the same again.
"""

import contextlib
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from mlflow.exceptions import TEMPORARILY_UNAVAILABLE, MlflowException, invalid

T = TypeVar("T")
Row = tuple[Any, ...]
ATTEMPTS = 6
IDLE_SECONDS = 30  # a connection that was unused for longer is tried before it is used


class Connection(ABC):
    """One connection in a transaction. Placeholders are `?` in every dialect."""

    dialect: str
    #: SQL for the seconds since the epoch by the clock that all who use the database share
    second: str

    @abstractmethod
    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""

    @abstractmethod
    def run(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement and do not wait for what it says."""

    @abstractmethod
    def count(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that it changed."""

    @abstractmethod
    def insert(self, table: str, row: dict[str, Any]) -> int:
        """Insert one row; the value of its generated column `id`."""

    @abstractmethod
    def put(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Row],
        *,
        keys: Sequence[str] = (),
        update: Sequence[str] = (),
    ) -> None:
        """Insert rows. Where one with the same `keys` exists, set its `update` columns.

        Without `update` such rows stay as they are; without `keys` they are an error.
        """

    @abstractmethod
    def among(self, column: str, values: Iterable[Any]) -> tuple[str, list[Any]]:
        """The condition that `column` is one of `values`, and its parameters."""

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, None when there is none."""
        rows = self.all(sql, parameters)
        return rows[0] if rows else None

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row, None when there is none."""
        row = self.one(sql, parameters)
        return row[0] if row else None


def on_conflict(keys: Sequence[str], update: Sequence[str]) -> str:
    """The end of an INSERT that meets rows with the same keys, as SQLite and PostgreSQL say it."""
    sets = ", ".join(f"{name} = excluded.{name}" for name in update)
    return f" ON CONFLICT ({', '.join(keys)}) DO " + (f"UPDATE SET {sets}" if sets else "NOTHING")


class Passing(Exception):
    """A failure that goes away by itself: a deadlock's victim, a broken connection."""


class WouldBlock(Exception):
    """Work that was to be done at once would have to wait for a lock or the network."""


class Database(ABC):
    """A database and its connections; safe to use from any number of threads."""

    dialect: str
    #: whether this thread is in `at_once`
    hurried = False
    #: what `SELECT … FOR UPDATE` is called here
    for_update = " FOR UPDATE"
    #: likewise for rows that must not be changed until the transaction ends
    for_share = " FOR SHARE"

    @abstractmethod
    def _reading(self, work: Callable[[Any], T]) -> T: ...

    @abstractmethod
    def _reading_one_state(self, work: Callable[[Any], T], seconds: float | None) -> T: ...

    @abstractmethod
    def _writing(self, work: Callable[[Any], T]) -> T: ...

    @abstractmethod
    def close(self) -> None:
        """Close all connections."""

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Do what follows in this thread without ever waiting, or raise WouldBlock.

        On an embedded database a small piece of work takes less time than handing it to another
        thread. Over a network nothing is done at once.
        """
        raise WouldBlock
        yield

    def refresh_statistics(self) -> None:  # noqa: B027 - most databases need nothing
        """Let the planner look at the tables anew, where that does not happen soon by itself."""

    def read(
        self,
        work: Callable[[Connection], T],
        *,
        one_state: bool = False,
        seconds: float | None = None,
    ) -> T:
        """What `work` finds.

        Args:
            work: what to do with a connection.
            one_state: whether all its queries must see the database as it was at the first one,
                although others write meanwhile; it may cost two round trips.
            seconds: how long a query may take, if not as long as it likes; such work is always
                done in one state.

        Raises:
            MlflowException: INVALID_PARAMETER_VALUE when a query took too long.
        """
        if one_state or seconds is not None:
            return _patiently(lambda: self._reading_one_state(work, seconds))
        return _patiently(lambda: self._reading(work))

    def write(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, once all that it did is committed; nothing is done on an error."""
        return _patiently(lambda: self._writing(work))


def too_long() -> MlflowException:
    """The error for a query that took longer than it may."""
    return invalid("The search took too long: make its filter simpler.")


def _patiently(attempt: Callable[[], T]) -> T:
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except Passing as failure:
            if number == ATTEMPTS - 1:
                raise MlflowException(
                    f"The database cannot be reached at the moment: {failure}. Try again.",
                    TEMPORARILY_UNAVAILABLE,
                ) from failure
            time.sleep(random.uniform(0.5, 1.0) * min(2.0, 0.02 * 3**number))
    raise AssertionError("unreachable")


class Pool:
    """Connections that threads borrow; opened when needed, at most `size` of them.

    A thread that finds all of them lent waits for its turn, however long that takes: work is
    short, and a waiting request is better than a failed one.
    """

    def __init__(self, size: int, connect: Callable[[], Any], close: Callable[[Any], None]) -> None:
        self._connect = connect
        self._close = close
        self._slots = threading.Semaphore(size)
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        self._closed = False

    def borrow(self) -> Any:
        """A connection; give it back with `give_back` or `discard`."""
        self._slots.acquire()
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            return self._connect()
        except BaseException:
            self._slots.release()
            raise

    def give_back(self, connection: Any) -> None:
        """Return a connection that is fit for further use."""
        with self._lock:
            if self._closed:
                self._close(connection)
            else:
                self._idle.append(connection)
        self._slots.release()

    def discard(self, connection: Any) -> None:
        """Return a connection that is broken."""
        self._close(connection)
        self._slots.release()

    def forget_idle(self) -> None:
        """Close what is idle: when one connection broke, the others did most likely too."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            self._close(connection)

    def close(self) -> None:
        """Close what is idle now, and the rest when it comes back."""
        with self._lock:
            self._closed = True
        self.forget_idle()
