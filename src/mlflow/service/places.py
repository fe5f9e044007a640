"""Where runs in the bin have their artifacts, on any kind of place, and how those are removed.

Only a folder that is named after its run is removed, `<location>/<run id>/artifacts`, whatever the
store says. That something is not there (any more) is no error; that a place cannot be reached is,
as nobody would find what is left there once the run is forgotten.
"""

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from mlflow._addresses import hidden
from mlflow._http import Session
from mlflow.blobs import Folder, Place, open_place
from mlflow.blobs.schemes import local_folder, scheme_of
from mlflow.blobs.served.place import Served
from mlflow.blobs.uri import joined
from mlflow.exceptions import (
    DEADLINE_EXCEEDED,
    ENDPOINT_NOT_FOUND,
    INTERNAL_ERROR,
    NOT_IMPLEMENTED,
    PERMISSION_DENIED,
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
    invalid,
    missing,
)
from mlflow.store.experiments import RELATIVE

T = TypeVar("T")
#: what a place answers when it is away, or not for us: another run would be told the same
_AWAY = frozenset(
    {
        DEADLINE_EXCEEDED,
        ENDPOINT_NOT_FOUND,
        NOT_IMPLEMENTED,
        RESOURCE_DOES_NOT_EXIST,
        TEMPORARILY_UNAVAILABLE,
        "UNAUTHENTICATED",
    }
)
#: failures of other kinds before the first success after which a place is not asked any more
_MOST_FAILURES = 5
_EVER = 1e9  # seconds
_READ_ONLY = frozenset({"http", "https"})


class Space(NamedTuple):
    """What artifacts take.

    Args:
        files, bytes: complete files.
        parts, part_bytes: files and folders of which only parts have arrived.
    """

    files: int = 0
    bytes: int = 0
    parts: int = 0
    part_bytes: int = 0

    def plus(self, other: "Space") -> "Space":
        """Both together."""
        return Space(*(one + another for one, another in zip(self, other, strict=True)))


class Unreachable(MlflowException):
    """A folder, bucket or server cannot be reached, and so nothing that is kept there.

    Args:
        door: its name.
        error: why.
    """

    def __init__(self, door: str, error: Exception) -> None:
        code = error.error_code if isinstance(error, MlflowException) else INTERNAL_ERROR
        super().__init__(_sentence(error), code)
        self.door = door


class Reach:
    """A folder, bucket or server, and whether it can be reached: what is found out once.

    The first use goes alone. A server that is away then costs one time-out, not one for each run.

    Args:
        name: for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._first = Lock()
        self._reached = False
        self._failures = 0
        self._reason: Unreachable | None = None

    def use(self, open_it: Callable[[], Place], work: Callable[[Place], T]) -> T:
        """What `work` gives.

        Raises:
            Unreachable: this, or an earlier use, found that nothing here can be reached.
            MlflowException: the work failed.
        """
        if not self._reached:
            with self._first:
                if not self._reached:
                    if self._reason is not None:
                        raise self._reason
                    return self._try(open_it, work)
        return self._try(open_it, work)

    def _try(self, open_it: Callable[[], Place], work: Callable[[Place], T]) -> T:
        try:
            place = open_it()
        except Exception as error:
            raise self._away(error) from None
        try:
            told = work(place)
        except Exception as error:
            code = error.error_code if isinstance(error, MlflowException) else ""
            # The folders of one disk may belong to several people; a bucket has one door.
            one_door = code == PERMISSION_DENIED and not isinstance(place, Folder)
            self._failures += 1
            if (
                code in _AWAY
                or one_door
                or (not self._reached and self._failures >= _MOST_FAILURES)
            ):
                raise self._away(error) from None
            raise MlflowException(_sentence(error), code or INTERNAL_ERROR) from None
        self._reached = True
        return told

    def _away(self, error: Exception) -> Unreachable:
        self._reached = False
        self._reason = Unreachable(self.name, error)
        return self._reason


class Spot(NamedTuple):
    """A folder on a place.

    Args:
        uri: of the place.
        path: of the folder.
        reach: what the place is on.
    """

    uri: str
    path: str
    reach: Reach


class Places:
    """The places of a store's artifacts.

    Args:
        root: URI that relative artifact locations begin at, which may hold nothing yet; or a
            function that gives a run's artifact URI from its id, as a server of the store sees it.
        served: URI of what `mlflow-artifacts:` names; None to ask the server.
        session: the server of the store, None without one.
        must_exist: whether a `root` that is a folder must be there.
    """

    def __init__(
        self,
        root: "str | Callable[[str], str]",
        served: str | None = None,
        session: Session | None = None,
        *,
        must_exist: bool = True,
    ) -> None:
        self._root: str | Callable[[str], str] | Unreachable = root
        self._served = served
        self._session = session
        self._may_lack = None if must_exist else root
        self._reaches: dict[str, Reach] = {}
        self._opened: dict[str, Place] = {}

    # -- of a run ------------------------------------------------------------

    def find(self, artifact_uri: str, run_id: str) -> Spot:
        """Where a run has its artifacts.

        Args:
            artifact_uri: as the store keeps it.

        Raises:
            Unreachable: nobody knows where relative locations begin.
            MlflowException: it is no folder of the run.
        """
        own = f"/{run_id}/artifacts"
        location = artifact_uri.removesuffix(own)
        if not run_id or not location or location == artifact_uri:
            raise MlflowException(f"{hidden(artifact_uri)!r} is no folder of the run {run_id}.")
        if location.startswith(RELATIVE):
            relative = joined(*_names(artifact_uri))
            return self._spot(self._begin(relative, run_id), relative)
        parts = urlsplit(location)
        if scheme_of(location) == "mlflow-artifacts" and not parts.netloc and self._served:
            return self._spot(self._served, joined(parts.path.strip("/"), own.strip("/")))
        return self._spot(location, own.strip("/"))

    def look(self, spot: Spot, parts_older_than: float) -> tuple[Space, Space]:
        """What the artifacts of a run take; and of their parts, what has that age in seconds."""

        def work(place: Place) -> tuple[Space, Space]:
            space = _measured(place, spot.path).plus(_swept(place, 0.0, spot.path, dry=True))
            if not space.parts:
                return space, Space()
            return space, _swept(place, parts_older_than, spot.path, dry=True)

        return self._use(spot, work)

    def remove(self, spot: Spot) -> Space:
        """Remove the artifacts of a run, with parts of any age; what they took.

        Raises:
            Unreachable: the place cannot be reached; nothing was removed.
            MlflowException: something cannot be removed, or it is no plain folder.
        """

        def work(place: Place) -> Space:
            space = _measured(place, spot.path).plus(_swept(place, 0.0, spot.path))
            place.delete(spot.path)
            _tidy(place, spot.path.rpartition("/")[0])
            return space

        return self._use(spot, work)

    # -- of an experiment ----------------------------------------------------

    def tidy(self, artifact_location: str, number: int) -> None:
        """Remove the folder of an experiment from the root, when nothing is left in it."""
        if artifact_location.startswith(RELATIVE) and _names(artifact_location) == [str(number)]:
            root = self._known_root()
            if root is not None:
                spot = self._spot(root, str(number))
                self._use(spot, lambda place: _tidy(place, spot.path))

    # -- of everything -------------------------------------------------------

    def everywhere(self, locations: "list[str]") -> list[Spot]:
        """The root and these artifact locations; none that lies in another one."""
        root = self._known_root()
        found = [] if root is None else [self._spot(root, "")]
        for location in locations:
            parts = urlsplit(location)
            if scheme_of(location) == "mlflow-artifacts" and not parts.netloc and self._served:
                found.append(self._spot(self._served, parts.path.strip("/")))
            else:
                found.append(self._spot(location, ""))
        by_key = {_key(spot): spot for spot in found}
        kept: list[str] = []
        for key in sorted(by_key):
            if not any(key.startswith(other) for other in kept):
                kept.append(key)
        return [by_key[key] for key in kept]

    def sweep(self, spot: Spot, older_than: float, *, dry: bool = False) -> Space:
        """Remove, or count, parts below a spot that nobody has added to for so many seconds."""
        return self._use(spot, lambda place: _swept(place, older_than, spot.path, dry=dry))

    # -- opening -------------------------------------------------------------

    def _begin(self, relative: str, run_id: str) -> str:
        """The URI that relative locations begin at; who knows it is asked once."""
        if callable(self._root):
            try:
                self._root = _root_of(self._root(run_id), relative)
            except MlflowException as error:
                self._root = Unreachable("the artifact root", error)
        if isinstance(self._root, Unreachable):
            raise self._root
        return self._root

    def _known_root(self) -> str | None:
        return self._root if isinstance(self._root, str) else None

    def _spot(self, uri: str, path: str) -> Spot:
        try:
            name = self._door(uri)
        except (MlflowException, ValueError):
            name = uri  # opening it says why
        return Spot(uri, path, self._reaches.setdefault(name, Reach(hidden(name))))

    def _door(self, uri: str) -> str:
        """The folder, bucket or server that a place is on."""
        scheme, parts = scheme_of(uri), urlsplit(uri)
        if scheme == "file":
            return str(local_folder(uri))
        if scheme == "mlflow-artifacts" and not parts.netloc and self._session:
            return self._session.base
        return f"{scheme}://{parts.netloc}"

    def _use(self, spot: Spot, work: Callable[[Place], T]) -> T:
        return spot.reach.use(lambda: self._open(spot.uri), work)

    def _open(self, uri: str) -> Place:
        place = self._opened.get(uri)
        if place is None:
            if scheme_of(uri) in _READ_ONLY:
                raise invalid(f"What is at {hidden(uri)} can only be read from here.")
            if scheme_of(uri) == "file" and uri != self._may_lack:
                folder = local_folder(uri)
                if not folder.is_dir():
                    raise missing(f"There is no folder {folder} on this machine.")
            place = self._opened.setdefault(uri, open_place(uri, self._session))
        return place


def _root_of(seen: str, relative: str) -> str:
    """Where a server begins relative locations.

    Args:
        seen: artifact URI of a run, as the server sees it.
        relative: the same, from the root.
    """
    if not seen.endswith(f"/{relative}"):
        raise MlflowException(f"The server has {relative} at {hidden(seen)}.")
    return seen[: -len(relative)]


def _measured(place: Place, path: str) -> Space:
    files = size = 0
    for found in place.walk(path):
        files += 1
        size += found.size
    return Space(files, size)


def _swept(place: Place, older_than: float, path: str, *, dry: bool = False) -> Space:
    # Not even the future is too young when any age will do: the store's clock may be ahead.
    parts, size = place.sweep(older_than or -_EVER, path, dry=dry)
    return Space(parts=parts, part_bytes=size)


def _tidy(place: Place, path: str) -> None:
    """Remove a folder in which nothing is left, where there is such a thing as an empty folder."""
    if isinstance(place, Folder):
        place.delete_empty(path)  # something else may be kept there
    elif isinstance(place, Served) and not place.list(path):
        place.delete(path)


def _names(location: str) -> list[str]:
    return [name for name in location.removeprefix(RELATIVE).split("/") if name not in ("", ".")]


def _key(spot: Spot) -> str:
    """A text that begins with that of every spot it lies in."""
    uri = f"file://{local_folder(spot.uri)}" if scheme_of(spot.uri) == "file" else spot.uri
    return f"{joined(uri.rstrip('/'), spot.path)}/"


def _sentence(error: Exception) -> str:
    return (
        error.message if isinstance(error, MlflowException) else f"{type(error).__name__}: {error}"
    )
