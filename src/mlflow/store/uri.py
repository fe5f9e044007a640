"""Store URIs: which database they name."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from mlflow._addresses import hidden as hidden
from mlflow.exceptions import invalid

#: file name of the database in an embedded folder
DATABASE_FILE = "mlflow.db"
_SQL = {"postgres": "postgresql", "postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
_KNOWN = "sqlite:///FILE, postgresql://…, mysql://… or the path of a folder"


class StoreUri(NamedTuple):
    """A store URI, taken apart.

    Args:
        dialect: `sqlite`, `postgresql` or `mysql`.
        address: file of an SQLite database, else the URL without a driver suffix.
        folder: the embedded folder that holds database and artifacts, else None.
    """

    dialect: str
    address: str
    folder: Path | None = None


def parse(uri: str) -> StoreUri:
    """Take a store URI apart.

    Raises:
        MlflowException: the scheme is not one of ours.
    """
    scheme, _, rest = uri.partition(":")
    scheme = scheme.split("+")[0].lower()
    if scheme == "sqlite":
        return StoreUri("sqlite", _sqlite_file(uri, rest))
    if scheme in _SQL and rest.startswith("//"):
        _check_authority(uri, rest)
        return StoreUri(_SQL[scheme], f"{_SQL[scheme]}:{rest}")
    if scheme == "file" and ":" in uri:
        uri = unquote(urlsplit(uri).path)
    elif re.match(r"[a-z][a-z0-9+.\-]+:", uri, re.IGNORECASE):
        raise invalid(f"No store is known for {hidden(uri)!r}: allowed are {_KNOWN}.")
    if not uri:
        raise invalid(f"The store URI is empty: allowed are {_KNOWN}.")
    folder = Path(uri).expanduser().absolute()
    return StoreUri("sqlite", str(folder / DATABASE_FILE), folder)


def _check_authority(uri: str, rest: str) -> None:
    """Refuse what drivers would take apart elsewhere than the user meant."""
    place = rest[2:].partition("?")[0]
    before, _, behind = place.partition("/")
    if before.count("@") > 1 or "@" in behind or re.search(r"%(?![0-9A-Fa-f]{2})", place):
        raise invalid(
            f"{hidden(uri)!r} cannot be read: in names and passwords write @ as %40, / as %2F, "
            ": as %3A and % as %25."
        )


def _sqlite_file(uri: str, rest: str) -> str:
    path = unquote(rest.partition("?")[0])
    if not path.startswith("///") or len(path) == 3 or path == "///:memory:":
        raise invalid(
            f"{hidden(uri)!r} names no file: write sqlite:///relative/file.db or sqlite:////absolute/file.db."
        )
    return str(Path(path[3:]).expanduser().absolute())
