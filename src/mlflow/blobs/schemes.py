"""Artifact URI → the place that it names. One sorted table; nothing in it is loaded before its use.

A plug-in, a distribution with an entry point of the group `mlflow.artifact_repository` whose name
is the scheme, comes before the table: who installs one for `s3` wants it to be used. Folders and
tracking servers, on whose promises the rest of the package stands, are always ours.
"""

import re
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, cast
from urllib.parse import unquote, urlsplit

from mlflow._addresses import hidden
from mlflow._http import Session
from mlflow.blobs.disk.folder import Folder
from mlflow.blobs.place import Place
from mlflow.exceptions import MlflowException, MlflowNotImplementedException, invalid

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):")


class Kind(NamedTuple):
    """What opens the URIs of a scheme.

    Args:
        module, opener: a function in a module of ours that takes the URI and the `Session` of the
            tracking server, or None, and gives the place; no module when there is no such function.
        advice: a sentence for who lacks what the opener needs, or wants what there is not.
    """

    module: str
    opener: str = ""
    advice: str = ""


_AZURE = Kind("mlflow.blobs.azure.place", "azure_at")
_FILE_SYSTEM = 'Install what it needs by: pip install "millstream[filesystems]"'
_FTP = Kind("mlflow.blobs.filesystems.place", "ftp_at", _FILE_SYSTEM)
_HADOOP = Kind(
    "mlflow.blobs.filesystems.place",
    "hadoop_at",
    f"{_FILE_SYSTEM} pyarrow; the Hadoop client with its native library must be there as well",
)
_S3 = Kind("mlflow.blobs.s3.place", "s3_at")
_SFTP = Kind("mlflow.blobs.filesystems.place", "sftp_at", f"{_FILE_SYSTEM} paramiko")
_WEB = Kind("mlflow.blobs.http", "web_at")
_RESOLVED = "It names what a tracking server or registry has to look up: use mlflow.artifacts"

#: scheme → what opens it; in alphabetical order
SCHEMES: dict[str, Kind] = {
    "abfs": _AZURE,
    "abfss": _AZURE,
    "dbfs": Kind("", advice="Databricks offers no open way to it: install a plug-in that has one"),
    "file": Kind("mlflow.blobs.schemes", "folder_at"),
    "ftp": _FTP,
    "gs": Kind("mlflow.blobs.gcs", "gcs_at"),
    "hdfs": _HADOOP,
    "http": _WEB,
    "https": _WEB,
    "mlflow-artifacts": Kind("mlflow.blobs.served.place", "served_at"),
    "models": Kind("", advice=_RESOLVED),
    "runs": Kind("", advice=_RESOLVED),
    "s3": _S3,
    "s3a": _S3,
    "sftp": _SFTP,
    "viewfs": _HADOOP,
    "wasb": _AZURE,
    "wasbs": _AZURE,
}
#: what no plug-in replaces
_OURS = frozenset({"file", "mlflow-artifacts", "models", "runs"})


def scheme_of(uri: str) -> str:
    """The scheme of an artifact URI; a plain path is a `file`."""
    found = _SCHEME.match(uri)  # one letter is a drive
    return found[1].lower() if found else "file"


def open_place(uri: str, session: Session | None = None) -> Place:
    """The place at an artifact URI.

    Args:
        uri: a path, or a URI of a scheme that is in the table or has a plug-in.
        session: the tracking server, None when runs are kept without one.

    Raises:
        MlflowException: the scheme is not known here, something that it needs is not installed, or
            the URI is none of its scheme.
    """
    scheme = scheme_of(uri)
    if scheme not in _OURS:
        plugins = import_module("mlflow.blobs.plugins")
        if (place := plugins.plugged_at(scheme, uri, session)) is not None:
            return cast("Place", place)
    kind = SCHEMES.get(scheme)
    if kind is None:
        raise unknown(uri)
    if not kind.module:
        raise MlflowNotImplementedException(
            f"{hidden(uri)!r} cannot be opened as it is. {kind.advice}."
        )
    try:
        opener = getattr(import_module(kind.module), kind.opener)
        return cast("Place", opener(uri, session))
    except ImportError as error:
        if not kind.advice:
            raise
        raise MlflowException(
            f"Artifacts at {scheme}: need a package that is not installed ({error}). {kind.advice}."
        ) from None


def folder_at(uri: str, session: Session | None) -> Place:
    """The folder that a path or `file:` URI names; see `open_place`."""
    return Folder(local_folder(uri), passing=True)


def local_folder(uri: str) -> Path:
    """The folder that a path or `file:` URI names.

    Raises:
        MlflowException: it names another machine, or is no such URI.
    """
    if scheme_of(uri) != "file":
        raise invalid(f"{hidden(uri)!r} names no folder of this machine: write file:///path.")
    if uri[:5].lower() != "file:":
        return Path(uri).expanduser().absolute()
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise invalid(f"{uri!r} names another machine: write file:///path.")
    if "\0" in unquote(parts.path) or not parts.path:
        raise invalid(f"{uri!r} names no folder: write file:///path.")
    return Path(unquote(parts.path)).absolute()


def unknown(uri: str) -> MlflowException:
    """The error for a scheme that nobody opens."""
    known = ", ".join(f"{scheme}:" for scheme, kind in SCHEMES.items() if kind.module)
    return MlflowNotImplementedException(
        f"Artifacts at {scheme_of(uri)}: cannot be opened: known are folders and {known}; others "
        "need a plug-in, a package with an entry point of the group mlflow.artifact_repository."
    )
