"""Artifact URI → the place that it names. One sorted table; what is not in it is to come."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlflow._http import Session
from mlflow.blobs._place import Place
from mlflow.blobs.folder import Folder
from mlflow.blobs.served import Served, served_at
from mlflow.exceptions import MlflowException, MlflowNotImplementedException, invalid

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):")


def _file(uri: str, session: Session | None) -> Place:
    return Folder(local_folder(uri), passing=True)


def _served(uri: str, session: Session | None) -> Served:
    return served_at(uri, session)


#: scheme → what opens it; in alphabetical order
SCHEMES: dict[str, Callable[[str, Session | None], Place]] = {
    "file": _file,
    "mlflow-artifacts": _served,
}


def scheme_of(uri: str) -> str:
    """The scheme of an artifact URI; a plain path is a `file`."""
    found = _SCHEME.match(uri)  # one letter is a drive
    return found[1].lower() if found else "file"


def open_place(uri: str, session: Session | None = None) -> Place:
    """The place at an artifact URI.

    Args:
        uri: a path, `file:///…` or `mlflow-artifacts:/…`.
        session: the tracking server, None when runs are kept without one.

    Raises:
        MlflowException: the scheme is not known here.
    """
    opener = SCHEMES.get(scheme_of(uri))
    if opener is None:
        raise to_come(uri)
    return opener(uri, session)


def local_folder(uri: str) -> Path:
    """The folder that a path or `file:` URI names.

    Raises:
        MlflowException: it names another machine, or is no such URI.
    """
    if scheme_of(uri) != "file":
        raise to_come(uri)
    if uri[:5].lower() != "file:":
        return Path(uri).expanduser().absolute()
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise invalid(f"{uri!r} names another machine: write file:///path.")
    if "\0" in unquote(parts.path) or not parts.path:
        raise invalid(f"{uri!r} names no folder: write file:///path.")
    return Path(unquote(parts.path)).absolute()


def to_come(uri: str) -> MlflowException:
    """The error for a scheme that is not in the table."""
    known = ", ".join(f"{scheme}:" for scheme in SCHEMES)
    return MlflowNotImplementedException(
        f"Artifacts at {scheme_of(uri)}: are still to come; this version keeps them in folders "
        f"and on tracking servers ({known})."
    )
