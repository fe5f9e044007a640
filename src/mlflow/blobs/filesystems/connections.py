"""Connections with servers of files, by fsspec, and what their errors mean."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from mlflow import environment_variables as settings
from mlflow._addresses import hidden
from mlflow.exceptions import (
    PERMISSION_DENIED,
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
    missing,
)

_MOST_IDLE = 4


@cache
def connections(protocol: str, options: tuple[tuple[str, object], ...]) -> "Connections":
    """The connections of this process with one server, as one user."""
    return Connections(lambda: _CONNECT[protocol](dict(options)))


def _connect_ftp(options: dict[str, Any]) -> Any:
    from fsspec.implementations.ftp import FTPFileSystem

    seconds = min(settings.MLFLOW_HTTP_REQUEST_TIMEOUT.get(), 30.0)
    return FTPFileSystem(**options, timeout=seconds, skip_instance_cache=True)


def _connect_sftp(options: dict[str, Any]) -> Any:
    import paramiko
    from fsspec.implementations.sftp import SFTPFileSystem

    class Careful(SFTPFileSystem):  # type: ignore[misc]
        """Talks only to servers that the user has met, and takes no link for what it leads to."""

        cachable = False

        def _connect(self) -> None:
            self.client = paramiko.SSHClient()
            self.client.load_system_host_keys()
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            self.client.connect(self.host, **self.ssh_kwargs)
            self.ftp = self.client.open_sftp()

        def info(self, path: str) -> dict[str, Any]:
            path = self._strip_protocol(path)
            return {**self._decode_stat(self.ftp.lstat(path)), "name": path}

    config = Path.home() / ".ssh" / "config"
    known: Mapping[str, Any] = {}
    if config.exists():
        known = paramiko.SSHConfig.from_path(str(config)).lookup(options["host"])
    given = {
        "host": known.get("hostname", options["host"]),
        "port": int(options.get("port") or known.get("port") or 22),
        "username": options.get("username") or known.get("user"),
        "password": options.get("password"),
        "key_filename": known.get("identityfile"),
        "timeout": min(settings.MLFLOW_HTTP_REQUEST_TIMEOUT.get(), 30.0),
    }
    return Careful(**{name: value for name, value in given.items() if value is not None})


def _connect_hdfs(options: dict[str, Any]) -> Any:
    from fsspec.implementations.arrow import HadoopFileSystem

    extra = settings.MLFLOW_PYARROW_EXTRA_CONF.get()
    return HadoopFileSystem(
        host=options["host"] or "default",
        port=options.get("port", 0),
        user=options.get("user") or settings.MLFLOW_KERBEROS_USER.get(),
        kerb_ticket=settings.MLFLOW_KERBEROS_TICKET_CACHE.get(),
        extra_conf=dict(pair.split("=", 1) for pair in extra.split(",")) if extra else None,
        skip_instance_cache=True,
    )


def _connect_viewfs(options: dict[str, Any]) -> Any:
    host = options["host"]
    return _connect_hdfs(options | {"host": f"viewfs://{host}" if host else "default"})


_CONNECT: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "ftp": _connect_ftp,
    "hdfs": _connect_hdfs,
    "sftp": _connect_sftp,
    "viewfs": _connect_viewfs,
}


class Connections:
    """File systems that are connected; each is used by one at a time.

    Args:
        connect: makes an `fsspec.AbstractFileSystem`.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        self._pid = os.getpid()

    def take(self) -> Any:
        """A connection, an idle one if there is one; it is given back, or dropped."""
        if self._pid != os.getpid():  # a child of a fork must not talk on its parent's
            self._lock, self._idle, self._pid = threading.Lock(), [], os.getpid()
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def forget(self) -> None:
        """Let go of all that are idle: the server may have closed them."""
        with self._lock:
            self._idle.clear()

    def give_back(self, connection: Any) -> None:
        """Let others use it; not after an error that may have left an answer on its way."""
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)


@contextmanager
def speaking(path: str) -> Iterator[None]:
    """Errors of a file system become clear sentences."""
    import ftplib

    try:
        yield
    except (MlflowException, ImportError, GeneratorExit):
        raise
    except FileNotFoundError:
        raise missing(f"There is no artifact {path!r}.") from None
    except Exception as error:
        reason = hidden(str(error)).rstrip(".") or type(error).__name__
        what = f"The artifact {path!r}" if path else "The artifacts"
        text = f"{what} cannot be kept or read: {reason}."
        refused = isinstance(error, PermissionError) or (
            isinstance(error, ftplib.error_perm) and reason.startswith("53")
        )
        if refused or type(error).__name__ == "AuthenticationException":
            raise MlflowException(
                f"{text} Check the user, the password or key, and who may use the folder.",
                PERMISSION_DENIED,
            ) from None
        away = isinstance(error, OSError | EOFError | ftplib.error_temp)
        # What paramiko raises is known by its name only: it is imported where it is needed.
        if type(error).__name__ == "SSHException":
            if "not found in known_hosts" in reason:
                raise MlflowException(
                    f"{text} The server is not known yet: add what `ssh-keyscan` says of it to "
                    "~/.ssh/known_hosts.",
                    PERMISSION_DENIED,
                ) from None
            away = True
        if away:
            raise MlflowException(f"{text} Try again.", TEMPORARILY_UNAVAILABLE) from None
        raise MlflowException(text) from None
