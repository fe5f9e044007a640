"""The places that a server may look into, and nothing beside them.

Whoever may create an experiment may name any location for its artifacts. A location decides only
what a client does on its own machine; a server looks nowhere but below its own roots and what its
administrator allows. URIs are compared name by name, as `open_place` reads them.
"""

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from mlflow._addresses import hidden
from mlflow.blobs.disk.folder import Folder
from mlflow.blobs.place import Place
from mlflow.blobs.schemes import local_folder, open_place, scheme_of
from mlflow.blobs.uri import safe_path
from mlflow.exceptions import PERMISSION_DENIED, MlflowException, invalid

#: where artifacts are kept beside an embedded database, in its folder
BESIDE_DATABASE = "artifacts"
#: where they are kept when runs are in another database, in the working directory
WITHOUT_FOLDER = "mlartifacts"
# `urlsplit` takes some control characters away in silence.
_NOT_IN_LOCATIONS = re.compile(r"[\x00-\x1f\x7f?#]")


def default_folder(store: Path | None) -> Path:
    """Where artifacts are kept when nobody says where.

    Args:
        store: the folder of an embedded store, None for any other database.
    """
    return store / BESIDE_DATABASE if store is not None else Path.cwd() / WITHOUT_FOLDER


class _Address(NamedTuple):
    """A URI, taken apart: scheme, machine or bucket, and the names on the way."""

    scheme: str
    owner: str
    names: tuple[str, ...]

    def path_below(self, root: "_Address") -> str | None:
        """The path from `root` to here, None when this is not below it."""
        if self[:2] != root[:2] or self.names[: len(root.names)] != root.names:
            return None
        return "/".join(self.names[len(root.names) :])


def _address(uri: str) -> _Address:
    """A URI, taken apart.

    Raises:
        MlflowException: it is none, or has a query or a fragment.
    """
    if scheme_of(uri) == "file":
        return _Address("file", "", local_folder(uri).parts)
    if _NOT_IN_LOCATIONS.search(uri):
        raise invalid(
            f"{hidden(uri)!r} is no location: it has a query, a fragment or a control character."
        )
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise invalid(f"{hidden(uri)!r} is no URI: {error}.") from None
    path = parts.path.removeprefix("/").rstrip("/")
    return _Address(parts.scheme.lower(), parts.netloc, tuple(path.split("/")) if path else ())


class Root:
    """A place of a server, opened when it is first used: in the process that uses it.

    Args:
        uri: a path or URI.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._address = _address(uri)
        self._lock = threading.Lock()
        self._place: Place | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of this machine."""
        return self._address.scheme == "file"

    @property
    def place(self) -> Place:
        """The place; MlflowException when it cannot be opened."""
        with self._lock:
            if self._place is None:
                folder = self.is_folder
                self._place = Folder(local_folder(self.uri)) if folder else open_place(self.uri)
            return self._place

    def path_of(self, uri: str) -> str | None:
        """The path of a URI from here, None when it does not lie below.

        Raises:
            MlflowException: the path may not name an artifact.
        """
        path = _address(uri).path_below(self._address)
        return None if path is None else safe_path(path, root=True)


class Roots:
    """Where a server keeps artifacts, and where else it may look.

    Args:
        served: what `mlflow-artifacts:/` names, a path or URI; None when nothing is served.
        artifact_root: URI of where runs keep artifacts by default.
        allowed: further paths and URIs below which experiments may have their artifacts.
    """

    def __init__(
        self, served: "str | Path | None", artifact_root: str = "", allowed: Sequence[str] = ()
    ) -> None:
        self._served = Root(str(served)) if served is not None else None
        is_own = artifact_root and scheme_of(artifact_root) != "mlflow-artifacts"
        #: what this server writes to
        self.own = [Root(artifact_root)] if is_own else []
        if self._served is not None:
            self.own.append(self._served)
        self._all = [*self.own, *(Root(uri) for uri in allowed)]

    @property
    def serves_folder(self) -> bool:
        """Whether what is served is a folder of this machine."""
        return self._served is not None and self._served.is_folder

    @property
    def only_folders(self) -> bool:
        """Whether all that this server may look into are folders of this machine."""
        return all(root.is_folder for root in self._all)

    @property
    def served(self) -> Place:
        """What `mlflow-artifacts:/` names.

        Raises:
            MlflowException: PERMISSION_DENIED when nothing is served.
        """
        if self._served is None:
            raise MlflowException("This server serves no artifacts.", PERMISSION_DENIED)
        return self._served.place

    def find(self, uri: str) -> tuple[Place, str]:
        """The root that an artifact URI lies below, and its path from there.

        Raises:
            MlflowException: PERMISSION_DENIED below none.
        """
        if scheme_of(uri) == "mlflow-artifacts":
            parts = urlsplit(uri)
            if parts.netloc:
                raise invalid(f"The artifacts are on another server: {hidden(uri)}")
            return self.served, safe_path(parts.path.strip("/"), root=True)
        for root in self._all:
            if (path := root.path_of(uri)) is not None:
                return root.place, path
        raise MlflowException(
            "These artifacts are in a place that this server may not look into. Start it with "
            "--allowed-artifact-locations to name the place, or read them on a machine that has "
            f"access to it: {hidden(uri)}",
            PERMISSION_DENIED,
        )
