"""The tracking URI, and the way to the store behind it.

http://…  https://…               a server
sqlite:///…  postgresql://…  mysql://…    a database, opened in this process
a path or file: URI               an embedded folder, opened in this process
nothing set                       the embedded folder ./mlruns
"""

import os
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlflow._addresses import hidden
from mlflow.blobs.roots import default_folder
from mlflow.client.outbox import Outbox, for_uri
from mlflow.client.transport import Http, Local, Transport
from mlflow.environment_variables import MLFLOW_REGISTRY_URI, MLFLOW_TRACKING_URI
from mlflow.exceptions import invalid

_DEFAULT_FOLDER = "mlruns"
_DATABASES = ("sqlite", "postgresql", "postgres", "mysql", "mariadb")

_tracking_uri: str | None = None
_registry_uri: str | None = None
_lock = threading.Lock()
_transports: dict[str, Transport] = {}
_outboxes: dict[str, Outbox] = {}


def set_tracking_uri(uri: str | Path) -> None:
    """Log to another place from now on; child processes inherit it.

    Args:
        uri: address of a server, database URI, or path of a folder; an empty text goes back to
            the default.

    Raises:
        MlflowException: the URI names no store that there is.
    """
    global _tracking_uri
    text = uri.absolute().as_uri() if isinstance(uri, Path) else uri
    if text:
        _store_uri(text)
        MLFLOW_TRACKING_URI.set(text)
    else:
        MLFLOW_TRACKING_URI.unset()
    _tracking_uri = text or None


def get_tracking_uri() -> str:
    """Where runs are logged to: as set, else MLFLOW_TRACKING_URI, else the folder `./mlruns`."""
    default = Path(_DEFAULT_FOLDER).absolute().as_uri
    return _tracking_uri or MLFLOW_TRACKING_URI.get() or default()


def is_tracking_uri_set() -> bool:
    """Whether a tracking URI was set here or in the environment."""
    return bool(_tracking_uri or MLFLOW_TRACKING_URI.get())


def set_registry_uri(uri: str) -> None:
    """Register models at another place from now on; an empty text goes back to the tracking URI."""
    global _registry_uri
    _registry_uri = uri or None


def get_registry_uri() -> str:
    """Where models are registered: as set, else MLFLOW_REGISTRY_URI, else the tracking URI."""
    return _registry_uri or MLFLOW_REGISTRY_URI.get() or get_tracking_uri()


def transport_for(uri: str | Path | None = None) -> Transport:
    """The way to a store, the same object for the same store; nothing is opened yet.

    Args:
        uri: a tracking URI; the current one by default.

    Raises:
        MlflowException: the URI names no store that there is.
    """
    text = uri.absolute().as_uri() if isinstance(uri, Path) else uri or get_tracking_uri()
    found = _transports.get(text) if _is_server(text) else None
    if found is not None:
        return found
    store_uri, artifact_root = _store_uri(text)
    key = text if _is_server(text) else store_uri
    with _lock:
        if key not in _transports:
            server = _is_server(text)
            made = Http(store_uri) if server else Local(store_uri, artifact_root)
            _transports[key] = made
            # Its own name for itself has no password and leads to it all the same.
            _transports.setdefault(made.uri, made)
        return _transports[key]


def outbox_for(transport: Transport) -> Outbox:
    """The outbox of this process for a store; it is made at the first call."""
    found = _outboxes.get(transport.uri)
    if found is None:
        with _lock:
            found = _outboxes.get(transport.uri)
            if found is None:
                found = _outboxes[transport.uri] = for_uri(transport.uri, transport)
    return found


def open_outbox(transport: Transport) -> Outbox | None:
    """The outbox of this process for a store, None when nothing was ever put into it."""
    return _outboxes.get(transport.uri)


def _is_server(text: str) -> bool:
    return text[:7].lower() == "http://" or text[:8].lower() == "https://"


def _store_uri(text: str) -> tuple[str, str]:
    """A tracking URI in the form that does not depend on the working directory, and where its
    artifacts are kept unless an experiment says otherwise."""
    if _is_server(text):
        return text, ""
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower().partition("+")[0]
    if text == "databricks" or (colon and scheme in ("databricks", "databricks-uc", "uc")):
        raise invalid(f"{hidden(text)!r}: Databricks is not supported. {_allowed()}")
    if not colon or len(scheme) == 1:
        folder = Path(text).expanduser().absolute()
    elif scheme == "file":
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost"):
            raise invalid(
                f"{hidden(text)!r} names another machine: write file:///path, or its server."
            )
        folder = Path(unquote(parts.path)).absolute()
    elif scheme in _DATABASES:
        return _database(scheme, text, rest)
    else:
        raise invalid(f"{hidden(text)!r} is no tracking URI. {_allowed()}")
    return str(folder), default_folder(folder).as_uri()


def _database(scheme: str, text: str, rest: str) -> tuple[str, str]:
    artifacts = default_folder(None).as_uri()
    if scheme != "sqlite":
        if not rest.startswith("//"):
            raise invalid(
                f"{hidden(text)!r} is no database URI: write {scheme}://user@host/database."
            )
        return text, artifacts
    path, _, _query = rest.partition("?")
    if not path.startswith("///") or path in ("///", "///:memory:"):
        raise invalid(
            f"{hidden(text)!r} names no file: write sqlite:///file.db or sqlite:////path/file.db."
        )
    return f"sqlite:///{Path(path[3:]).expanduser().absolute()}", artifacts


def _allowed() -> str:
    return (
        "Allowed are http:// and https:// addresses, sqlite:///FILE, postgresql://…, mysql://… "
        "and the path of a folder."
    )


def _forget_after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    _outboxes.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
