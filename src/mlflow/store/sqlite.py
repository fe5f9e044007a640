"""SQLite: one file, one writer at a time, any number of readers.

The write-ahead log lets readers go on while something is written. Within the process a lock
queues the writers; between processes SQLite's own lock does, and a writer waits for it for up to
`BUSY_SECONDS`. With synchronous=NORMAL a commit survives the death of the process at once, and
that of the machine with the next checkpoint.
"""

import contextlib
import json
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from mlflow.environment_variables import MLFLOW_SQLITE_SYNC_EVERY_COMMIT
from mlflow.exceptions import RESOURCE_EXHAUSTED, MlflowException, invalid
from mlflow.store.db import (
    Connection,
    Database,
    Passing,
    Pool,
    Row,
    WouldBlock,
    on_conflict,
    too_long,
)
from mlflow.store.where import SQLITE_FUNCTIONS

T = TypeVar("T")
BUSY_SECONDS = 120
READERS = 16
STEPS = 20_000  # of SQLite's machine, well below a millisecond, after each of which it is stopped


class SqliteConnection(Connection):
    """A connection to an SQLite file."""

    dialect = "sqlite"
    second = "CAST(strftime('%s', 'now') AS INTEGER)"

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self.raw.execute(sql, parameters).fetchall()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self.raw.execute(sql, parameters)

    def count(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return self.raw.execute(sql, parameters).rowcount

    def insert(self, table: str, row: dict[str, Any]) -> int:
        columns = ", ".join(row)
        marks = ", ".join("?" * len(row))
        sql = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
        number = self.raw.execute(sql, tuple(row.values())).lastrowid
        assert number is not None
        return number

    def put(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Row],
        *,
        keys: Sequence[str] = (),
        update: Sequence[str] = (),
    ) -> None:
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        if keys:
            sql += on_conflict(keys, update)
        self.raw.executemany(sql, rows)

    def among(self, column: str, values: Iterable[Any]) -> tuple[str, list[Any]]:
        values = list(values)
        if len(values) == 1:
            return f"{column} = ?", values
        return f"{column} IN (SELECT value FROM json_each(?))", [json.dumps(values)]


class SqliteDatabase(Database):
    """An SQLite file; its folder is made when it is not there."""

    dialect = "sqlite"
    for_update = for_share = ""  # BEGIN IMMEDIATE has locked everything already

    def __init__(self, file: str) -> None:
        self.file = file
        self._writing_lock = threading.Lock()
        self._thread = threading.local()
        self._readers = Pool(READERS, self._connect, lambda connection: connection.raw.close())
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect()
            self._insist("PRAGMA journal_mode = WAL")
            self._insist("PRAGMA busy_timeout = 0")  # from here on `_insist` waits
        except (sqlite3.Error, OSError) as error:
            raise invalid(f"The database {file!r} cannot be opened: {error}.") from None

    def _connect(self) -> SqliteConnection:
        raw = sqlite3.connect(
            self.file,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        for pragma in (
            f"synchronous = {'FULL' if MLFLOW_SQLITE_SYNC_EVERY_COMMIT.get() else 'NORMAL'}",
            "case_sensitive_like = ON",
            "temp_store = MEMORY",
            "cache_size = -8000",
            "wal_autocheckpoint = 2000",
            "journal_size_limit = 8388608",
        ):
            raw.execute(f"PRAGMA {pragma}")
        for name, (arguments, function) in SQLITE_FUNCTIONS.items():
            raw.create_function(name, arguments, function, deterministic=True)
        return SqliteConnection(raw)

    def _reading(self, work: Callable[[Any], T]) -> T:
        connection = self._readers.borrow()
        try:
            with _explained(self.file):
                connection.raw.execute("BEGIN")
                try:
                    return work(connection)
                finally:
                    connection.raw.execute("COMMIT")
        finally:
            self._readers.give_back(connection)

    def _reading_one_state(self, work: Callable[[Any], T], seconds: float | None) -> T:
        if seconds is None:
            return self._reading(work)  # each transaction sees one state
        deadline = time.monotonic() + seconds

        def hastened(connection: SqliteConnection) -> T:
            raw = connection.raw
            raw.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
            try:
                return work(connection)
            finally:
                raw.set_progress_handler(None, 0)

        return self._reading(hastened)

    @property
    def hurried(self) -> bool:  # type: ignore[override]
        return getattr(self._thread, "hurried", False)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        self._thread.hurried = True
        try:
            yield
        finally:
            self._thread.hurried = False

    def _writing(self, work: Callable[[Any], T]) -> T:
        if not self._writing_lock.acquire(blocking=not self.hurried):
            raise WouldBlock
        try:
            with _explained(self.file):
                self._insist("BEGIN IMMEDIATE")
                raw = self._writer.raw
                try:
                    result = work(self._writer)
                    raw.execute("COMMIT")
                except BaseException:
                    if raw.in_transaction:  # SQLite itself rolls back on a full disk
                        raw.execute("ROLLBACK")
                    raise
                return result
        finally:
            self._writing_lock.release()

    def _insist(self, statement: str) -> None:
        """Run a statement that nobody else may write beside: wait while another process does."""
        deadline = time.monotonic() + BUSY_SECONDS
        pause = 0.0005
        while True:
            try:
                self._writer.raw.execute(statement).fetchone()
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                if self.hurried:
                    raise WouldBlock from None
            time.sleep(random.uniform(0.5, 1) * pause)
            pause = min(2 * pause, 0.02)

    def close(self) -> None:
        self._readers.close()
        with self._writing_lock:
            with contextlib.suppress(sqlite3.Error):  # keeps the planner's statistics fresh
                self._writer.raw.execute("PRAGMA optimize")
            self._writer.raw.close()


@contextlib.contextmanager
def _explained(file: str) -> Any:
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise Passing(f"another process keeps {file!r} locked") from error
        if "full" in text or "disk I/O error" in text:
            raise MlflowException(
                f"The disk with {file!r} is full or fails ({text}); nothing of this request was "
                "stored. Make room and try again.",
                RESOURCE_EXHAUSTED,
            ) from error
        if text == "interrupted":
            raise too_long() from error
        if "readonly" in text:
            raise invalid(f"The database {file!r} cannot be written: {text}.") from error
        raise
    except OverflowError as error:
        raise invalid("The database does not take a number of more than 64 bits.") from error
    except sqlite3.DatabaseError as error:
        if "malformed" in str(error) or "not a database" in str(error):
            raise MlflowException(
                f"The database {file!r} is damaged ({error}). Stop all servers on it and restore "
                "it from a backup, or save what can be read with: sqlite3 FILE .recover",
                "DATA_LOSS",
            ) from error
        raise
