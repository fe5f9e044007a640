"""Places that plug-ins offer: entry points of the group `mlflow.artifact_repository`.

The name of an entry point is a scheme, its value a class `Repository(artifact_uri,
tracking_uri=None, registry_uri=None)` with the functions below; most of them have
`mlflow.store.artifact.artifact_repo.ArtifactRepository` as their base. Such an object moves whole
files between folders, so

- what is not a file of the same name on this machine yet is written to one, in a folder for
  temporary files, before it is sent; what is read is fetched whole, also for a part of it;
- whether a file is visible before all of it is there is the plug-in's affair;
- the files of a folder become visible one by one.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from mlflow._addresses import hidden
from mlflow._http import Session
from mlflow.blobs import walking
from mlflow.blobs.digests import Digest, Digesting
from mlflow.blobs.place import PIECE, Blob, Damaged, Found
from mlflow.blobs.uri import joined, safe_path
from mlflow.exceptions import MlflowException, MlflowNotImplementedException, invalid, missing

GROUP = "mlflow.artifact_repository"


class Repository(Protocol):
    """What a plug-in's object can do. Paths are relative to its URI, with `/`."""

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Keep a file in a folder, under its own name."""

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Keep what is in a folder."""

    def list_artifacts(self, path: str | None = None) -> Any:
        """What is in a folder: objects with `path` (whole), `is_dir` and `file_size`."""

    def download_artifacts(self, artifact_path: str, dst_path: str | None = None) -> str:
        """Fetch a file or folder into a folder; where it is now."""

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Remove a file or folder."""


def plugged_at(scheme: str, uri: str, session: Session | None) -> "Plugged | None":
    """The place that a plug-in for the scheme makes of a URI, None when there is no plug-in.

    Raises:
        MlflowException: the plug-in cannot be loaded, or refuses the URI.
    """
    entry = _entries(tuple(sys.path)).get(scheme)
    if entry is None:
        return None
    name = f"{entry.dist.name} ({scheme}:)" if entry.dist else f"{entry.value} ({scheme}:)"
    try:
        repository = entry.load()(uri, tracking_uri=session.base if session else None)
    except MlflowException:
        raise
    except Exception as error:
        raise MlflowException(
            f"The plug-in {name} could not open {hidden(uri)!r}: {_reason(error)}."
        ) from error
    return Plugged(repository, name)


@cache
def _entries(path: tuple[str, ...]) -> Mapping[str, Any]:
    """The entry points of what is installed on `sys.path`, by scheme; the first one counts."""
    from importlib.metadata import entry_points

    found: dict[str, Any] = {}
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name.lower(), entry)
    return found


class Plugged:
    """Artifacts in a plug-in's repository.

    Args:
        repository: made by the plug-in.
        name: of the plug-in, for messages.
        base: path in the repository that is the root here.
    """

    parts = None
    most_in_batch = 1000

    def __init__(self, repository: Repository, name: str, base: str = "") -> None:
        self._repository = repository
        self._name = name
        self._base = base
        self._lock = threading.Lock()
        self._fetches: dict[str, _Fetched] = {}

    def put(self, path: str, stream: BinaryIO, digest: Digest | None = None) -> None:
        """Keep a stream; see `Place.put`. A file of the same name is sent as it is."""
        name = safe_path(path).rpartition("/")[2]
        local = _file_behind(stream, name)
        if local is None:
            with self.writing(path) as writing:
                while piece := stream.read(PIECE):
                    writing.write(piece)
                writing.finish(digest)
            return
        if digest is not None:
            running = _digesting(digest)
            while piece := stream.read(PIECE):
                running.update(piece)
            _check(path, running, digest)
        self._send(path, local)

    def put_batch(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Keep small files by one call of the plug-in; see `Place.put_batch`."""
        with tempfile.TemporaryDirectory(prefix="mlflow-") as folder:
            for path, content in files:
                local = Path(folder, *safe_path(path).split("/"))
                local.parent.mkdir(parents=True, exist_ok=True)
                local.write_bytes(content)
            with self._speaking("keep files"):
                self._repository.log_artifacts(folder, self._base or None)

    def writing(self, path: str, digest: Digest | None = None) -> "_Writing":
        """A file to be written piece by piece; it is sent when it is finished."""
        return _Writing(self, safe_path(path))

    @contextmanager
    def get(
        self, path: str, start: int = 0, length: int | None = None, tag: str = ""
    ) -> Iterator["_Reading"]:
        """Read a file; see `Place.get`. Who reads it at the same time reads the same copy."""
        safe_path(path)
        with self._lock:
            fetched = self._fetches.setdefault(path, _Fetched())
            fetched.readers += 1
        try:
            with fetched.lock:
                if fetched.local is None:
                    fetched.local = self._fetch(path, fetched.stack)
            with fetched.local.open("rb") as file:
                yield _Reading(path, file, start, length)
        finally:
            with self._lock:
                fetched.readers -= 1
                if not fetched.readers:
                    self._fetches.pop(path, None)
                    fetched.stack.close()

    def look(self, path: str) -> Found | None:
        """What a file is; see `Place.look`."""
        for info in self._infos(safe_path(path).rpartition("/")[0]):
            if info.path == joined(self._base, path) and not info.is_dir:
                return Found(path, int(info.file_size or 0))
        return None

    def list(self, path: str = "") -> list[Blob]:
        """What is in a folder; see `Place.list`. Names that may name no artifact are an error."""
        folder = joined(self._base, safe_path(path, root=True))
        found = []
        for info in self._infos(path):
            below = str(info.path).removeprefix(f"{folder}/") if folder else str(info.path)
            if str(info.path) == folder and not info.is_dir:
                continue  # some list a file as itself
            if "/" in safe_path(below.rstrip("/")):
                raise MlflowException(
                    f"The plug-in {self._name} lists {info.path!r} in {folder!r}."
                )
            size = None if info.is_dir else int(info.file_size or 0)
            found.append(Blob(below.rstrip("/"), bool(info.is_dir), size))
        return sorted(found)

    def walk(self, path: str = "") -> Iterator[Found]:
        """All files below a folder; see `Place.walk`."""
        yield from walking.walk(self.list, safe_path(path, root=True))

    def delete(self, path: str) -> bool:
        """Remove; see `Place.delete`."""
        there = self.look(path) is not None or bool(self.list(path))
        if there:
            with self._speaking(f"remove {path!r}"):
                self._repository.delete_artifacts(joined(self._base, path))
        return there

    def staging(self, path: str, name: str) -> "_OneByOne":
        """The folder itself: its files become visible one by one."""
        base = joined(self._base, safe_path(path, root=True))
        return _OneByOne(Plugged(self._repository, self._name, base))

    def sweep(self, older_than: float, path: str = "", *, dry: bool = False) -> tuple[int, int]:
        """Nothing: what a plug-in leaves behind is not known here."""
        safe_path(path, root=True)
        return 0, 0

    def _send(self, path: str, local: str) -> None:
        folder = joined(self._base, path).rpartition("/")[0]
        with self._speaking(f"keep {path!r}"):
            self._repository.log_artifact(local, folder or None)

    def _fetch(self, path: str, stack: ExitStack) -> Path:
        """The file, fetched into a folder that vanishes with the stack."""
        if self.look(path) is None:
            if self.list(path):
                raise invalid(f"The artifact {path!r} is a folder; only files have content.")
            raise missing(f"There is no artifact {path!r}.")
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mlflow-"))
        with self._speaking(f"fetch {path!r}"):
            return Path(self._repository.download_artifacts(joined(self._base, path), folder))

    def _infos(self, path: str) -> Any:
        with self._speaking(f"list {path!r}"):
            return self._repository.list_artifacts(joined(self._base, path) or None) or ()

    @contextmanager
    def _speaking(self, purpose: str) -> Iterator[None]:
        """Errors of the plug-in become ours, which say whose they are."""
        try:
            yield
        except MlflowException:
            raise
        except NotImplementedError:
            raise MlflowNotImplementedException(
                f"The plug-in {self._name} cannot {purpose}: it has no such function."
            ) from None
        except Exception as error:
            raise MlflowException(
                f"The plug-in {self._name} could not {purpose}: {_reason(error)}."
            ) from error


class _Fetched:
    """A file that was fetched for those who read it at this moment."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stack = ExitStack()
        self.local: Path | None = None
        self.readers = 0


class _Reading:
    """A file that was fetched."""

    def __init__(self, path: str, file: BinaryIO, start: int, length: int | None) -> None:
        whole = os.fstat(file.fileno()).st_size
        self._file = file
        self._start = start
        left = max(0, whole - start)
        self.size = left if length is None else min(left, length)
        self.found = Found(path, whole)

    def pieces(self) -> Iterator[bytes]:
        """The content."""
        self._file.seek(self._start)
        left = self.size
        while left and (piece := self._file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


class _Writing:
    """A file that is sent when it is finished."""

    def __init__(self, place: Plugged, path: str) -> None:
        self._place = place
        self._path = path
        self._folder = tempfile.TemporaryDirectory(prefix="mlflow-")
        self._local = Path(self._folder.name, path.rpartition("/")[2])
        self._file = self._local.open("wb")

    def __enter__(self) -> "_Writing":
        return self

    def __exit__(self, *exception: object) -> None:
        self.discard()

    def write(self, piece: "bytes | memoryview") -> None:
        """Add to the end."""
        self._file.write(piece)

    def finish(self, expected: Digest | None = None) -> None:
        """Send it; see `Writing.finish`."""
        self._file.close()
        if expected is not None:
            running = _digesting(expected)
            with self._local.open("rb") as file:
                while piece := file.read(PIECE):
                    running.update(piece)
            _check(self._path, running, expected)
        self._place._send(self._path, str(self._local))

    def discard(self) -> None:
        """Remove what is on this machine."""
        self._file.close()
        self._folder.cleanup()


class _OneByOne:
    """A folder whose files become visible when they arrive: nothing can be held back."""

    def __init__(self, place: Plugged) -> None:
        self.place = place

    def there(self) -> Mapping[str, Found]:
        """The files of the folder."""
        return {found.path: found for found in self.place.walk()}

    def publish(self) -> None:
        """Nothing is left to do."""

    def abort(self) -> None:
        """What arrived stays: which of it is new is not known."""


def _file_behind(stream: BinaryIO, name: str) -> str | None:
    """The path of the file that a stream reads from its start, if it is called `name`."""
    local = getattr(stream, "name", None)
    with suppress(OSError):
        if (
            isinstance(local, str)
            and os.path.basename(local) == name
            and stream.tell() == 0
            and os.path.samestat(os.stat(local), os.fstat(stream.fileno()))
        ):
            return os.path.abspath(local)
    return None


def _digesting(digest: Digest) -> Digesting:
    return Digesting(digest.part_size or sys.maxsize, digest.algorithm)


def _check(path: str, running: Digesting, expected: Digest) -> None:
    if running.digest() != expected:
        raise Damaged(f"The artifact {path!r} is not what was announced: its digest differs.")


def _reason(error: BaseException) -> str:
    return hidden(str(error)).rstrip(".") or type(error).__name__
