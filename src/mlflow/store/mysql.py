"""MySQL 8 and MariaDB 10.6 or newer, through PyMySQL."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, unquote, urlsplit

from mlflow.environment_variables import MLFLOW_DATABASE_POOL_SIZE
from mlflow.exceptions import RESOURCE_EXHAUSTED, MlflowException, invalid
from mlflow.store.db import IDLE_SECONDS, Connection, Database, Passing, Pool, Row, too_long
from mlflow.store.uri import hidden

T = TypeVar("T")
#: ANSI_QUOTES and PIPES_AS_CONCAT make the dialect that of the others
SQL_MODE = "STRICT_TRANS_TABLES,ANSI_QUOTES,PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION"
_DEADLOCK = {1205, 1213, 1020}  # lock wait time-out, deadlock, record has changed
_LOST = {2003, 2006, 2013, 2055, 1053, 1927, 1040}
_EXISTS = 1062  # another row with the same unique key
_FULL = {1021, 1114, 3675}
_TOO_LONG = {1317, 1969, 3024}


class MysqlConnection(Connection):
    """A connection to MySQL or MariaDB."""

    dialect = "mysql"
    second = "unix_timestamp()"

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.used = time.monotonic()

    def hasten(self, seconds: float | None) -> None:
        """Have queries fail that take longer; None lets them take their time again."""
        if "MariaDB" in self.raw.get_server_info():
            self.run(f"SET SESSION max_statement_time = {seconds or 0:.3f}")
        else:
            self.run(f"SET SESSION max_execution_time = {1000 * (seconds or 0):.0f}")

    def _execute(self, sql: str, parameters: Sequence[Any]) -> Any:
        cursor = self.raw.cursor()
        cursor.execute(sql.replace("%", "%%").replace("?", "%s"), tuple(parameters))
        return cursor

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return list(self._execute(sql, parameters).fetchall())

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self._execute(sql, parameters)

    def count(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return cast(int, self._execute(sql, parameters).rowcount)

    def insert(self, table: str, row: dict[str, Any]) -> int:
        columns = ", ".join(f'"{name}"' for name in row)
        sql = f"INSERT INTO {quoted(table)} ({columns}) VALUES ({', '.join('?' * len(row))})"
        return cast(int, self._execute(sql, tuple(row.values())).lastrowid)

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
        names = ", ".join(quoted(name) for name in columns)
        marks = ", ".join(["%s"] * len(columns))
        sql = f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})"
        if keys:  # "set a key to itself" is MySQL's way to leave a row alone
            sets = ", ".join(f"{quoted(n)} = VALUES({quoted(n)})" for n in update or keys[:1])
            sql += f" ON DUPLICATE KEY UPDATE {sets}"
        self.raw.cursor().executemany(sql, rows)

    def among(self, column: str, values: Iterable[Any]) -> tuple[str, list[Any]]:
        values = list(values)
        return f"{column} IN ({', '.join('?' * len(values)) or 'NULL'})", values


class MysqlDatabase(Database):
    """A MySQL or MariaDB database."""

    dialect = "mysql"
    for_share = " LOCK IN SHARE MODE"

    def __init__(self, url: str) -> None:
        import pymysql

        self._pymysql = pymysql
        self.url = url
        try:
            parts = urlsplit(url)
            port = parts.port or 3306
        except ValueError:
            raise invalid(f"{hidden(url)!r} cannot be read: its host or port is none.") from None
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if not parts.path.strip("/"):
            raise invalid(f"{hidden(url)} names no database: write mysql://user@host/database.")
        self._options: dict[str, Any] = {
            "host": parts.hostname or "localhost",
            "port": port,
            "user": unquote(parts.username or "root"),
            "password": unquote(parts.password or ""),
            "database": unquote(parts.path.strip("/")),
            "unix_socket": query.get("unix_socket"),
            "charset": "utf8mb4",
            "collation": "utf8mb4_bin",
            "sql_mode": SQL_MODE,
            "connect_timeout": 20,
            "autocommit": True,
            "init_command": "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        }
        for option in ("ssl_ca", "ssl_cert", "ssl_key"):
            if query.get(option):
                self._options[option] = query[option]
        self._pool = Pool(MLFLOW_DATABASE_POOL_SIZE.get(), self._connect, _close)
        try:
            _close(self._connect())
        except Passing as error:
            raise invalid(f"The database {hidden(url)} cannot be opened: {error}.") from None

    def _connect(self) -> MysqlConnection:
        try:
            return MysqlConnection(self._pymysql.connect(**self._options))
        except self._pymysql.err.OperationalError as error:
            raise Passing(str(error.args[-1])) from error

    def _borrowed(self, use: Callable[[MysqlConnection], T]) -> T:
        connection: MysqlConnection = self._pool.borrow()
        if time.monotonic() - connection.used > IDLE_SECONDS:  # it may have been cut off meanwhile
            try:
                connection.raw.ping(reconnect=False)
            except self._pymysql.err.Error:
                self._pool.discard(connection)
                return self._borrowed(use)
        try:
            result = use(connection)
        except self._pymysql.err.IntegrityError as error:
            self._pool.discard(connection)
            if error.args[0] == _EXISTS:
                raise Passing("another request has just written the same") from error
            raise
        except self._pymysql.err.DataError as error:
            self._pool.discard(connection)
            reason = error.args[-1]
            raise invalid(
                f"The database does not take a value of this request: {reason}."
            ) from error
        except (self._pymysql.err.OperationalError, self._pymysql.err.InterfaceError) as error:
            code = error.args[0] if error.args else 0
            self._pool.discard(connection)
            if code in _DEADLOCK:
                raise Passing("it chose this request as victim of a deadlock") from error
            if code in _LOST or code == 0:
                self._pool.forget_idle()
                raise Passing(str(error.args[-1] if error.args else error)) from error
            if code in _TOO_LONG:
                raise too_long() from error
            if code in _FULL:
                raise MlflowException(
                    f"The database has no room left ({error.args[-1]}); nothing of this request "
                    "was stored. Make room and try again.",
                    RESOURCE_EXHAUSTED,
                ) from error
            raise
        except MlflowException:  # ours: the connection is as good as before
            self._pool.give_back(connection)
            raise
        except BaseException:
            self._pool.discard(connection)
            raise
        connection.used = time.monotonic()
        self._pool.give_back(connection)
        return result

    def _reading(self, work: Callable[[Any], T]) -> T:
        return self._borrowed(work)

    def _reading_one_state(self, work: Callable[[Any], T], seconds: float | None) -> T:
        def use(connection: MysqlConnection) -> T:
            # On an error of the database the connection is given up, which ends the transaction.
            if seconds is not None:
                connection.hasten(seconds)
            connection.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            try:
                result = work(connection)
            except MlflowException:
                connection.raw.rollback()
                connection.hasten(None)
                raise
            connection.raw.commit()
            if seconds is not None:
                connection.hasten(None)
            return result

        return self._borrowed(use)

    def _writing(self, work: Callable[[Any], T]) -> T:
        def use(connection: MysqlConnection) -> T:
            connection.raw.begin()
            try:
                result = work(connection)
            except BaseException:
                connection.raw.rollback()
                raise
            connection.raw.commit()
            return result

        return self._borrowed(use)

    def close(self) -> None:
        self._pool.close()


def quoted(name: str) -> str:
    """An identifier in quotes: `keys` and others are reserved words in MySQL."""
    return f'"{name}"'


def _close(connection: MysqlConnection) -> None:
    connection.raw.close()
