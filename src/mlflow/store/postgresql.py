"""PostgreSQL through psycopg.

Nothing here lives longer than a transaction (no session settings, no session locks), so PgBouncer
may stand between in transaction mode. Statements are prepared only when it does not: the server's
own process number is then the one that the connection was told. To a distant server writes go
down a pipeline: statements whose result nobody reads cost no round trip of their own. Next to a
near one the pipeline's own work costs more than it saves (172 against 83 microseconds for a
transaction of two statements on one machine). In both cases what is only written is held back
until something is asked, and then goes as one statement where it concerns different tables.

A small transaction on a near server takes less time than handing it to another thread and back,
so `at_once` does it in place: on a connection of its own, whose time-outs are so short that a lock
or a slow disk sends the work to a thread after all.
"""

import contextlib
import math
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar, cast

from mlflow.environment_variables import MLFLOW_DATABASE_POOL_SIZE
from mlflow.exceptions import RESOURCE_EXHAUSTED, MlflowException, invalid
from mlflow.store.db import (
    IDLE_SECONDS,
    Connection,
    Database,
    Passing,
    Pool,
    Row,
    WouldBlock,
    on_conflict,
    too_long,
)
from mlflow.store.pgarrays import packed, register
from mlflow.store.uri import hidden

T = TypeVar("T")
OLDEST = 140_000  # server version 14
FEW = 2  # rows that are written as values; more go as one array per column
DISTANT = 200e-6  # seconds of a round trip above which a pipeline pays
PREPARED = 500  # statements that a connection keeps prepared
#: time-outs in milliseconds of what is done at once: for a lock, a statement, a silent network
LOCK_AT_ONCE, STATEMENT_AT_ONCE, SILENCE_AT_ONCE = 5, 250, 2000
_TARGET = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+) ")


class PostgresqlConnection(Connection):
    """A connection to PostgreSQL."""

    dialect = "postgresql"
    second = "floor(extract(epoch FROM statement_timestamp()))::bigint"

    def __init__(self, raw: Any, types: dict[str, dict[str, str]]) -> None:
        self.raw = raw
        self._types = types
        self.pipeline: Any = None
        #: statements that are held back, by the table that they write to; None: none is
        self.held: dict[str, tuple[str, list[Any]]] | None = None
        #: the COMMIT was begun, and nothing is known of its end
        self.committing = False
        self.used = time.monotonic()

    def _execute(self, sql: str, parameters: Sequence[Any]) -> Any:
        text = sql.replace("%", "%%").replace("?", "%b")
        cursor = self.raw.cursor(binary=True)
        return cursor.execute(text, parameters)

    def send_held(self) -> None:
        """Run what is held back, as one statement."""
        if not self.held:
            return
        statements = list(self.held.values())
        self.held.clear()
        *others, (last, _) = statements
        parts = [f"w{number} AS ({sql})" for number, (sql, _) in enumerate(others)]
        before = f"WITH {', '.join(parts)} " if parts else ""
        self._execute(before + last, [value for _, values in statements for value in values])

    def _hold(self, sql: str, parameters: list[Any]) -> None:
        target = _TARGET.match(sql)
        if self.held is None or target is None:
            self.send_held()
            self._execute(sql, parameters)
            return
        table = target.group(1)
        if table in self.held:  # one statement must not change a table twice
            self.send_held()
        self.held[table] = (sql, parameters)

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        self.send_held()
        return cast(list[Row], self._execute(sql, parameters).fetchall())

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self._hold(sql, list(parameters))

    def count(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        self.send_held()
        cursor = self._execute(sql, parameters)
        if self.pipeline is not None:
            self.pipeline.sync()
        return cast(int, cursor.rowcount)

    def insert(self, table: str, row: dict[str, Any]) -> int:
        marks = ", ".join("?" * len(row))
        sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) RETURNING id"
        return cast(int, self.value(sql, tuple(row.values())))

    def put(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Row],
        *,
        keys: Sequence[str] = (),
        update: Sequence[str] = (),
    ) -> None:
        if not rows:
            return
        sql = f"INSERT INTO {table} ({', '.join(columns)}) "
        parameters: list[Any]
        if len(rows) <= FEW:
            marks = f"({', '.join('?' * len(columns))})"
            sql += f"VALUES {', '.join([marks] * len(rows))}"
            parameters = [value for row in rows for value in row]
        else:
            kinds = self._types[table]
            arrays = [
                packed(kinds[name], values)
                for name, values in zip(columns, zip(*rows, strict=True), strict=True)
            ]
            sql += f"SELECT * FROM unnest({', '.join(f'?::{kind}' for kind, _ in arrays)})"
            parameters = [array for _, array in arrays]
        if keys:
            sql += on_conflict(keys, update)
        self._hold(sql, parameters)

    def among(self, column: str, values: Iterable[Any]) -> tuple[str, list[Any]]:
        values = list(values)
        if len(values) == 1:
            return f"{column} = ?", values
        return f"{column} = ANY(?)", [values]


class PostgresqlDatabase(Database):
    """A PostgreSQL database, 14 or newer."""

    dialect = "postgresql"

    def __init__(self, url: str) -> None:
        import psycopg

        self._psycopg = psycopg
        self.url = url
        self._types: dict[str, dict[str, str]] = {}
        self._thread = threading.local()
        self._quick: PostgresqlConnection | None = None
        self._quick_lock = threading.Lock()
        self._closed = False
        self._pool = Pool(MLFLOW_DATABASE_POOL_SIZE.get(), self._connect, _close)
        try:
            first = self._connect()
        except Passing as error:
            reason = re.sub(r" Is the server running .*?\?", "", str(error)).rstrip(".")
            raise invalid(f"The database {hidden(url)} cannot be opened: {reason}.") from None
        except psycopg.ProgrammingError:  # its text may hold a password
            raise invalid(f"{hidden(url)!r} is not written as PostgreSQL's URLs are.") from None
        try:
            self._check(first)
            self._distant = _round_trip(first) > DISTANT
            #: whether small work may be done where it is asked for
            self._near = not self._distant and first.raw.prepare_threshold is not None
        finally:
            _close(first)

    def _check(self, connection: PostgresqlConnection) -> None:
        info = connection.raw.info
        if info.server_version < OLDEST:
            raise invalid(
                f"The PostgreSQL server at {hidden(self.url)} has version "
                f"{info.server_version // 10_000}; version 14 is the oldest supported."
            )
        encoding = info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise invalid(
                f"The database {hidden(self.url)} has the encoding {encoding}, which cannot hold "
                "all texts: create it with ENCODING 'UTF8'."
            )

    def _connect(self, **options: Any) -> PostgresqlConnection:
        try:
            raw = self._psycopg.connect(
                self.url, autocommit=True, prepare_threshold=None, connect_timeout=20, **options
            )
        except self._psycopg.OperationalError as error:
            raise Passing(" ".join(str(error).split())) from error
        register(raw)
        connection = PostgresqlConnection(raw, self._types)
        if connection.value("SELECT pg_backend_pid()") == raw.info.backend_pid:
            raw.prepare_threshold, raw.prepared_max = 3, PREPARED
            # Compiling a search to machine code takes longer than running it.
            raw.execute("SET jit = off")
        if not self._types:
            self._types.update(_column_types(connection))
        return connection

    def refresh_statistics(self) -> None:
        # Autovacuum looks once a minute. Until then searches are planned as if the tables were
        # empty, which makes them sort what an index has in order (2.3 ms instead of 0.1).
        tables = "runs, documents, params, tags, series"
        with contextlib.suppress(MlflowException):
            self._reading(lambda connection: connection.run(f"ANALYZE (SKIP_LOCKED) {tables}"))

    def forget_types(self) -> None:
        """Look at the columns again, after a migration."""
        self._types.clear()
        self._pool.close()
        self._pool = Pool(MLFLOW_DATABASE_POOL_SIZE.get(), self._connect, _close)
        self._reading(lambda connection: connection.one("SELECT 1"))

    @property
    def hurried(self) -> bool:  # type: ignore[override]
        return getattr(self._thread, "hurried", False)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        if self._quick is None or not self._quick_lock.acquire(blocking=False):
            raise WouldBlock
        try:
            self._thread.hurried = True
            yield
        finally:
            self._thread.hurried = False
            self._quick_lock.release()

    def _done_at_once(self, use: Callable[[PostgresqlConnection], T]) -> T:
        connection = self._quick
        if connection is None:
            raise WouldBlock
        if time.monotonic() - connection.used > IDLE_SECONDS:
            self._forget_quick(connection)
            raise WouldBlock
        try:
            result = use(connection)
        except self._psycopg.Error as error:
            unsure = connection.committing and connection.raw.closed
            connection.committing = False
            if connection.raw.closed or connection.raw.info.transaction_status != 0:
                self._forget_quick(connection)
            if unsure:  # only the same work, run again, can tell whether it is done
                self._thread.hurried = False
                self._pool.forget_idle()
                raise Passing(" ".join(str(error).split())) from error
            raise WouldBlock from None  # a thread will see it again, and say what it is
        connection.used = time.monotonic()
        return result

    def _forget_quick(self, connection: PostgresqlConnection) -> None:
        self._quick = None
        _close(connection)

    def _open_quick(self) -> None:
        """Open the connection for what is done at once, in a thread that may wait for it."""
        if not self._quick_lock.acquire(blocking=False):
            return  # another thread is opening it
        try:
            if self._quick is None and not self._closed:
                connection = self._connect(tcp_user_timeout=SILENCE_AT_ONCE)
                connection.raw.execute(f"SET lock_timeout = {LOCK_AT_ONCE}")
                connection.raw.execute(f"SET statement_timeout = {STATEMENT_AT_ONCE}")
                self._quick = connection
        finally:
            self._quick_lock.release()

    def _borrowed(self, use: Callable[[PostgresqlConnection], T]) -> T:
        if self.hurried:
            return self._done_at_once(use)
        psycopg = self._psycopg
        if self._near and self._quick is None:
            self._open_quick()
        connection: PostgresqlConnection = self._pool.borrow()
        if time.monotonic() - connection.used > IDLE_SECONDS:  # it may have been cut off meanwhile
            try:
                connection.raw.execute("SELECT 1")
            except psycopg.Error:
                self._pool.discard(connection)
                return self._borrowed(use)
        try:
            result = use(connection)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as error:
            self._return(connection)
            raise Passing("it chose this request as victim of a deadlock") from error
        except psycopg.errors.UniqueViolation as error:
            self._return(connection)
            raise Passing("another request has just written the same") from error
        except psycopg.errors.InsufficientPrivilege as error:
            self._return(connection)
            reason = error.diag.message_primary
            raise invalid(f"The database {hidden(self.url)} refuses: {reason}.") from error
        except (psycopg.errors.DiskFull, psycopg.errors.OutOfMemory) as error:
            self._return(connection)
            raise MlflowException(
                f"The database has no room left ({error}); nothing of this request was stored. "
                "Make room and try again.",
                RESOURCE_EXHAUSTED,
            ) from error
        except psycopg.errors.InvalidRegularExpression as error:
            self._return(connection)
            raise invalid(f"The database cannot read a pattern of RLIKE: {error}.") from error
        except psycopg.DataError as error:
            self._return(connection)
            reason = error.diag.message_primary or error
            raise invalid(
                f"The database does not take a value of this request: {reason}."
            ) from error
        except psycopg.errors.QueryCanceled as error:
            self._return(connection)
            raise too_long() from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self._pool.discard(connection)
            self._pool.forget_idle()
            raise Passing(" ".join(str(error).split())) from error
        except BaseException:
            self._return(connection)
            raise
        self._return(connection)
        return result

    def _return(self, connection: PostgresqlConnection) -> None:
        connection.used = time.monotonic()
        if connection.raw.closed or connection.raw.info.transaction_status != 0:
            self._pool.discard(connection)
        else:
            self._pool.give_back(connection)

    def _reading(self, work: Callable[[Any], T]) -> T:
        return self._borrowed(work)

    def _reading_one_state(self, work: Callable[[Any], T], seconds: float | None) -> T:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        if seconds is not None:
            begin += f"; SET LOCAL statement_timeout = {math.ceil(seconds * 1000)}"

        def use(connection: PostgresqlConnection) -> T:
            # On an error the connection is not given back, which ends the transaction.
            connection.raw.execute(begin, prepare=False)
            result = work(connection)
            connection.raw.execute("COMMIT")
            return result

        return self._borrowed(use)

    def _writing(self, work: Callable[[Any], T]) -> T:
        def use(connection: PostgresqlConnection) -> T:
            connection.held = {}
            try:
                if not self._distant:
                    with connection.raw.transaction():
                        result = _written(connection, work)
                else:
                    pipeline = connection.raw.pipeline()
                    with pipeline as connection.pipeline, connection.raw.transaction():
                        result = _written(connection, work)
            finally:
                connection.held = connection.pipeline = None
            connection.committing = False
            return result

        return self._borrowed(use)

    def close(self) -> None:
        self._closed = True
        self._pool.close()
        with self._quick_lock:
            if self._quick is not None:
                self._forget_quick(self._quick)


def _written(connection: PostgresqlConnection, work: Callable[[Any], T]) -> T:
    result = work(connection)
    connection.send_held()
    connection.committing = True
    return result


def _close(connection: PostgresqlConnection) -> None:
    connection.raw.close()


def _round_trip(connection: PostgresqlConnection) -> float:
    """The shortest of a few round trips, in seconds."""
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        connection.all("SELECT 1")
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def _column_types(connection: PostgresqlConnection) -> dict[str, dict[str, str]]:
    types: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.all(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL)"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'"
        " AND a.attnum > 0 AND NOT a.attisdropped"
    ):
        types.setdefault(table, {})[column] = kind
    return types
