"""Real database servers, each started once per test session in a folder that is thrown away.

A server hands out fresh, empty databases. Nothing is kept, so nothing is synced to disk.
"""

from __future__ import annotations

import getpass
import itertools
import secrets
import shutil
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
from psycopg import sql

from tests.servers.processes import free_port, open_folder, stop, unprivileged, wait_until


class DatabaseServer(ABC):
    """A running server at `url` (its maintenance database) that hands out fresh databases."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._numbers = itertools.count(1)
        self._prefix = f"millstream_{secrets.token_hex(4)}"

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of a new, empty database, dropped at the end whoever is still connected."""
        name = f"{self._prefix}_{next(self._numbers)}"
        self.create(name)
        try:
            yield self.address(name)
        finally:
            self.drop(name)

    def address(self, name: str) -> str:
        """The URL of the database `name`."""
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    @abstractmethod
    def create(self, name: str) -> None: ...

    @abstractmethod
    def drop(self, name: str) -> None: ...


class Postgresql(DatabaseServer):
    """A PostgreSQL server, ours or one given."""

    def create(self, name: str) -> None:
        self._execute("CREATE DATABASE {}", name)

    def drop(self, name: str) -> None:
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _execute(self, statement: str, name: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


class Mariadb(DatabaseServer):
    """A MariaDB or MySQL server, ours or one given."""

    def create(self, name: str) -> None:
        self._execute(f"CREATE DATABASE `{name}`")

    def drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS `{name}`")

    def _execute(self, statement: str) -> None:
        parts = urlsplit(self.url)
        connection = pymysql.connect(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 3306,
            user=unquote(parts.username or "root"),
            password=unquote(parts.password or ""),
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)


@contextmanager
def run_postgresql(programs: Path) -> Iterator[Postgresql]:
    """A PostgreSQL server made by `initdb` and `postgres` in the folder `programs`."""
    folder = open_folder("postgresql")
    user = unprivileged()
    if user is not None:
        programs = _reachable(programs, folder)
        shutil.chown(folder, user)
    data, log = folder / "data", folder / "log"
    subprocess.run(
        [
            programs / "initdb",
            f"--pgdata={data}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        user=user,
    )
    port = free_port()
    settings = {
        "fsync": "off",
        "full_page_writes": "off",
        "listen_addresses": "127.0.0.1",
        "max_connections": "200",
        "port": str(port),
        "shared_buffers": "64MB",
        "unix_socket_directories": str(folder),
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, *options],
            stdout=output,
            stderr=output,
            cwd=folder,
            user=user,
            start_new_session=True,
        )
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    try:
        wait_until(lambda: _answers_postgresql(url), process, "PostgreSQL", log)
        yield Postgresql(url)
    finally:
        stop(process)
        shutil.rmtree(folder)


@contextmanager
def run_mariadb(programs: Path = Path("/usr")) -> Iterator[Mariadb]:
    """A MariaDB server from the programs of Debian's `mariadb-server-core` under `programs`."""
    folder = open_folder("mariadb")
    log = folder / "log"
    port = free_port()
    shared = [
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--user={getpass.getuser()}",
        "--innodb-flush-method=nosync",
        "--innodb-log-file-size=16M",
    ]
    subprocess.run(
        [
            programs / "bin/mariadb-install-db",
            *shared,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        check=True,
        capture_output=True,
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                programs / "sbin/mariadbd",
                *shared,
                "--bind-address=127.0.0.1",
                "--innodb-doublewrite=0",
                "--innodb-flush-log-at-trx-commit=0",
                "--max-connections=200",
                f"--pid-file={folder / 'pid'}",
                f"--port={port}",
                "--skip-name-resolve",
                f"--socket={folder / 'socket'}",
            ],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _listens(port), process, "MariaDB", log)
        yield Mariadb(f"mysql://root@127.0.0.1:{port}/mysql")
    finally:
        stop(process)
        shutil.rmtree(folder)


@contextmanager
def run_pgbouncer(postgresql: Postgresql, program: Path) -> Iterator[Postgresql]:
    """A PgBouncer in transaction mode in front of `postgresql`, with few server connections."""
    folder = open_folder("pgbouncer")
    user = unprivileged()
    port = free_port()
    behind = urlsplit(postgresql.url)
    settings, log = folder / "pgbouncer.ini", folder / "log"
    login = f"user={unquote(behind.username or 'postgres')}"
    if behind.password:
        login += f" password={unquote(behind.password)}"
    settings.write_text(
        f"""\
[databases]
* = host={behind.hostname} port={behind.port or 5432} {login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
server_idle_timeout = 1
ignore_startup_parameters = extra_float_digits
"""
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, settings],
            stdout=output,
            stderr=output,
            cwd=folder,
            user=user,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _listens(port), process, "PgBouncer", log)
        yield Bouncer(postgresql, f"postgresql://postgres@127.0.0.1:{port}/postgres")
    finally:
        stop(process)
        shutil.rmtree(folder)


class Bouncer(Postgresql):
    """A PgBouncer at `url`: databases are made behind it, and reached through it."""

    def __init__(self, behind: Postgresql, url: str) -> None:
        super().__init__(url)
        self._behind = behind

    def create(self, name: str) -> None:
        self._behind.create(name)

    def drop(self, name: str) -> None:
        self._behind.drop(name)


def _reachable(programs: Path, folder: Path) -> Path:
    """`programs` where every user may enter it, else a copy of its installation in `folder`.

    As root we start PostgreSQL as another user, and a checkout in /root is closed to it.
    """
    if all(parent.stat().st_mode & 0o001 for parent in programs.parents):
        return programs
    package = programs.parents[1]
    shutil.copytree(programs.parent, folder / package.name / programs.parent.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / package.name / programs.parent.name / programs.name


def _answers_postgresql(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True
