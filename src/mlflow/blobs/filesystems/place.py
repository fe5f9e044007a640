"""Places on file systems that fsspec opens: `sftp://`, `ftp://`, `hdfs://` and `viewfs://`.

A file is written under another name, in the folder PARTIAL at the root, and then moved: who looks
sees the old file or the new one. Where moving does not replace a file, the old one is removed just
before. A folder that is not there yet appears by one move; files for a folder that is there are
moved one by one.

There are no parts: such a server keeps no half files, so an interrupted file is sent from its
start. Digests are not kept either; what was sent is checked while it passes. Links are left out of
listings, but a link that somebody made on the server itself is followed by the server.
"""

import hashlib
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

from mlflow._addresses import hidden
from mlflow._http import Session
from mlflow.blobs.digests import Digest, Digesting
from mlflow.blobs.filesystems import trees
from mlflow.blobs.filesystems.connections import Connections, connections, speaking
from mlflow.blobs.place import (
    PIECE,
    Blob,
    BrokenOff,
    Changed,
    Damaged,
    Found,
    Vanished,
)
from mlflow.blobs.uri import PARTIAL, joined, safe_path
from mlflow.exceptions import (
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
    invalid,
    missing,
)

T = TypeVar("T")
#: bytes that are asked for at a time: each request of FTP is a connection of its own
_BLOCK = 4 * PIECE


def ftp_at(uri: str, session: Session | None) -> "FileSystem":
    """The place at `ftp://[user:password@]host[:port]/path`; see `schemes.open_place`."""
    import fsspec.implementations.ftp  # noqa: F401 - tells what is missing

    return _opened(uri, "ftp", {"username": "username", "password": "password"})


def sftp_at(uri: str, session: Session | None) -> "FileSystem":
    """The place at `sftp://[user[:password]@]host[:port]/path`; see `schemes.open_place`.

    Keys come from the SSH agent and `~/.ssh`, names, ports and users also from `~/.ssh/config`.
    """
    import fsspec.implementations.sftp  # noqa: F401

    return _opened(uri, "sftp", {"username": "username", "password": "password"})


def hadoop_at(uri: str, session: Session | None) -> "FileSystem":
    """The place at `hdfs://[user@]host[:port]/path` or `viewfs://name/path`.

    Without a host it is the one that Hadoop's own settings name; see `schemes.open_place`.
    """
    import fsspec.implementations.arrow  # noqa: F401
    import pyarrow.fs  # noqa: F401

    return _opened(uri, urlsplit(uri).scheme.lower(), {"username": "user"})


def _opened(uri: str, protocol: str, names: Mapping[str, str]) -> "FileSystem":
    """The place at a URI.

    Args:
        names: what the file system calls the user and the password of the URI.
    """
    parts = urlsplit(uri)
    try:
        port = parts.port
    except ValueError:
        raise invalid(f"{hidden(uri)!r} cannot be asked: its port is no number.") from None
    if parts.query or parts.fragment:
        raise invalid(f"{hidden(uri)!r} has a query or a fragment; an artifact URI has neither.")
    options: dict[str, object] = {"host": parts.hostname or ""}
    if port:
        options["port"] = port
    for name, given in names.items():
        if (value := getattr(parts, name)) is not None:
            options[given] = unquote(value)
    if protocol in ("ftp", "sftp") and not parts.hostname:
        raise invalid(f"{hidden(uri)!r} names no host: write {protocol}://host/path.")
    return FileSystem(connections(protocol, tuple(sorted(options.items()))), unquote(parts.path))


class FileSystem:
    """Artifacts on a file system.

    Args:
        connections: with it.
        root: the folder there; it is made when something is put into it.
        aside: where unfinished files are; in the root by default.
    """

    parts = None
    most_in_batch = 1

    def __init__(self, connections: Connections, root: str, aside: str | None = None) -> None:
        self._connections = connections
        self._root = root.rstrip("/")
        self._aside = f"{self._root}/{PARTIAL}" if aside is None else aside

    def put(self, path: str, stream: BinaryIO, digest: Digest | None = None) -> None:
        """Keep a stream; see `Place.put`."""
        start = stream.tell()
        for attempt in (1, 2):
            running = _digesting(digest) if digest is not None else None
            try:
                with self.writing(path) as writing:
                    while piece := stream.read(PIECE):
                        writing.write(piece)
                        if running is not None:
                            running.update(piece)
                    if running is not None and running.digest() != digest:
                        raise _damaged(path)
                    writing.finish()
                return
            except MlflowException as error:
                # An idle connection that the server closed: a fresh one works.
                if attempt == 2 or error.error_code != TEMPORARILY_UNAVAILABLE:
                    raise
                self._connections.forget()
                stream.seek(start)

    def put_batch(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Keep small files; see `Place.put_batch`."""
        for path, _ in files:
            safe_path(path)
        for path, content in files:
            self.put(path, BytesIO(content))

    def writing(self, path: str, digest: Digest | None = None) -> "_Writing":
        """A file to be written piece by piece; see `Place.writing`."""
        return _Writing(self, safe_path(path))

    @contextmanager
    def get(
        self, path: str, start: int = 0, length: int | None = None, tag: str = ""
    ) -> Iterator["_Reading"]:
        """Read a file; see `Place.get`."""
        whole = self._at(safe_path(path))

        def opened(system: Any) -> tuple[Any, _Reading]:
            return system, _reading(system, path, whole, tag)

        system, reading = self._ask(path, opened, keep=True)
        reading.narrow(start, length)
        try:
            yield reading
        finally:
            with suppress(Exception):
                reading.close()
            if reading.ended:
                self._connections.give_back(system)

    def look(self, path: str) -> Found | None:
        """What a file is; see `Place.look`."""
        whole = self._at(safe_path(path))
        info = self._ask(path, lambda system: trees.stat(system, whole))
        return None if info is None or info["type"] != "file" else trees.found_at(path, info)

    def list(self, path: str = "") -> list[Blob]:
        """What is in a folder; see `Place.list`. Links and special files are left out."""
        whole = self._at(safe_path(path, root=True))
        return sorted(
            Blob(name, info["type"] != "file", info["size"] if info["type"] == "file" else None)
            for name, info in self._ask(path, lambda system: trees.entries(system, whole)).items()
            if name != PARTIAL
        )

    def walk(self, path: str = "") -> Iterator[Found]:
        """All files below a folder; see `Place.walk`."""
        yield from self._walk(safe_path(path, root=True), "", trees.MOST_FOLDERS)

    def delete(self, path: str) -> bool:
        """Remove; see `Place.delete`. A folder is moved aside first: it is gone at once."""
        whole = self._at(safe_path(path))

        def remove(system: Any) -> bool:
            info = trees.stat(system, whole)
            if info is None:
                return False
            if info["type"] == "file":
                system.rm_file(whole)
                return True
            aside = f"{self._aside}/{secrets.token_hex(16)}"
            trees.make(system, self._aside)
            trees.move(system, whole, aside)
            trees.remove(system, aside)
            return True

        return self._ask(path, remove)

    def staging(self, path: str, name: str) -> "_Staging":
        """A folder that becomes visible as a whole, where there is none yet; see `Place.staging`"""
        return _Staging(self, safe_path(path, root=True), name)

    def sweep(self, older_than: float, path: str = "", *, dry: bool = False) -> tuple[int, int]:
        """Remove what was left unfinished; see `Place.sweep`."""
        before = time.time() - older_than
        whole = self._at(safe_path(path, root=True))
        return self._ask(path, lambda system: trees.sweep(system, whole, before, dry))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root or "/"

    def _walk(self, path: str, below: str, depth: int) -> Iterator[Found]:
        whole = self._at(joined(path, below))
        entries = self._ask(path, lambda system: trees.entries(system, whole))
        for name, info in sorted(entries.items()):
            if name == PARTIAL:
                continue
            if info["type"] == "file":
                yield trees.found_at(joined(below, name), info)
            elif depth:
                yield from self._walk(path, joined(below, name), depth - 1)
            else:
                raise MlflowException(f"The folders below {path!r} have no end.")

    def _ask(self, path: str, action: Callable[[Any], T], *, keep: bool = False) -> T:
        """What an action gives, on a fresh connection if the idle one was closed meanwhile.

        Args:
            keep: the connection is not given back: the action hands it on.
        """
        try:
            return self._once(path, action, keep)
        except MlflowException as error:
            if error.error_code != TEMPORARILY_UNAVAILABLE:
                raise
        self._connections.forget()
        return self._once(path, action, keep)

    def _once(self, path: str, action: Callable[[Any], T], keep: bool) -> T:
        with speaking(path):
            system = self._connections.take()
            try:
                given = action(system)
            except MlflowException:
                self._connections.give_back(system)
                raise
            if not keep:
                self._connections.give_back(system)
            return given


class _Writing:
    """A file that is not visible yet; it has a connection of its own."""

    def __init__(self, place: FileSystem, path: str) -> None:
        self._place = place
        self._path = path
        self._temporary = f"{place._aside}/{secrets.token_hex(16)}"
        self._system: Any = None
        self._size = 0
        with speaking(path):
            self._system = place._connections.take()
            trees.make(self._system, place._aside)
            self._file = self._system.open(self._temporary, "wb", block_size=_BLOCK)
            if hasattr(self._file, "set_pipelined"):  # of SFTP: do not wait for each 32 KiB
                self._file.set_pipelined(True)

    def __enter__(self) -> "_Writing":
        return self

    def __exit__(self, *exception: object) -> None:
        self.discard()

    def write(self, piece: "bytes | memoryview") -> None:
        """Add to the end."""
        with speaking(self._path):
            self._file.write(bytes(piece))
        self._size += len(piece)

    def finish(self, expected: Digest | None = None) -> None:
        """Make the file visible; see `Writing.finish`. It is read again to check a digest."""
        place, system = self._place, self._system
        target = place._at(self._path)
        with speaking(self._path):
            self._file.close()
            info = trees.stat(system, self._temporary)
            if info is None or info["size"] != self._size:
                raise BrokenOff(self._path, "not all of it was kept")
            if expected is not None:
                running = _digesting(expected)
                with system.open(self._temporary, "rb", block_size=_BLOCK) as file:
                    while piece := file.read(PIECE):
                        running.update(piece)
                if running.digest() != expected:
                    raise _damaged(self._path)
            trees.make_for(system, place._root, self._path)
            trees.replace(system, self._temporary, target, self._path)
        self._temporary = ""

    def discard(self) -> None:
        """Remove the file unless it was finished, and let go of the connection."""
        system, self._system = self._system, None
        if system is None:
            return
        if self._temporary:
            with suppress(Exception):
                self._file.close()
            with suppress(Exception):
                system.rm_file(self._temporary)
            return  # after an error its connection may not be in order
        self._place._connections.give_back(system)


class _Reading:
    """A file that is being read."""

    def __init__(self, system: Any, whole: str, found: Found, info: Mapping[str, Any]) -> None:
        self._system = system
        self._whole = whole
        self._version = _version(info)
        with speaking(found.path):
            self._file = system.open(whole, "rb", block_size=_BLOCK)
        self._start = 0
        self.found = found
        self.size = found.size
        #: whether nothing more is to come on its connection
        self.ended = False

    def narrow(self, start: int, length: int | None) -> None:
        """Read only these bytes."""
        left = max(0, self.found.size - start)
        self._start = start
        self.size = left if length is None else min(left, length)

    def pieces(self) -> Iterator[bytes]:
        """The content; BrokenOff when there is less of it, Changed when it was replaced."""
        path = self.found.path
        left = self.size
        while left:
            with speaking(path):
                piece = self._read(self._start + self.size - left, min(PIECE, left))
            if not piece:
                raise BrokenOff(path, f"{self.size - left} of {self.size} bytes came")
            left -= len(piece)
            yield piece
        with speaking(path):
            info = trees.stat(self._system, self._whole)
        # Some file systems open the file anew for each block.
        if info is None or _version(info) != self._version:
            raise Changed(path)
        self.ended = True

    def _read(self, start: int, length: int) -> bytes:
        if hasattr(self._file, "readv"):  # of SFTP: many requests of 32 KiB at once
            return b"".join(self._file.readv([(start, length)]))
        self._file.seek(start)
        piece: bytes = self._file.read(length)
        return piece

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _reading(system: Any, path: str, whole: str, tag: str) -> _Reading:
    """A file, opened."""
    info = trees.stat(system, whole)
    if info is None:
        raise missing(f"There is no artifact {path!r}.")
    if info["type"] != "file":
        raise invalid(f"The artifact {path!r} is a folder; only files have content.")
    found = trees.found_at(path, info)
    if tag and found.tag != tag:
        raise Changed(path)
    return _Reading(system, whole, found, info)


def _version(info: Mapping[str, Any]) -> tuple[object, ...]:
    return trees.changed_at(info), info["size"], info.get("unique")


class _Staging:
    """Files that are kept aside until they are moved to their folder."""

    def __init__(self, place: FileSystem, path: str, name: str) -> None:
        self._place = place
        self._path = path
        attempt = hashlib.sha256(f"{path}\n{name}".encode()).hexdigest()[:32]
        self._kept = f"{place._aside}/{attempt}"
        self._tree = f"{self._kept}/tree"
        place._ask(path, lambda system: trees.make(system, self._tree))
        self.place = FileSystem(place._connections, self._tree, self._kept)

    def there(self) -> Mapping[str, Found]:
        """The files of the folder, and those that are kept aside; their digests are not known."""
        visible = {found.path: found for found in self._place.walk(self._path)}
        return visible | {found.path: found for found in self.place.walk()}

    def publish(self) -> None:
        """Make all of it visible; see the module for what others see meanwhile."""
        place = self._place
        target = place._at(self._path)

        def move(system: Any) -> None:
            if trees.stat(system, self._tree) is None:
                raise Vanished(self._path)
            if self._path and trees.stat(system, target) is None:
                trees.make_for(system, place._root, self._path)
                trees.move(system, self._tree, target)
            else:
                for found in list(self.place.walk()):
                    path = joined(self._path, found.path)
                    trees.make_for(system, place._root, path)
                    trees.replace(system, f"{self._tree}/{found.path}", place._at(path), path)
            trees.remove(system, self._kept)

        place._ask(self._path, move)

    def abort(self) -> None:
        """Throw it away."""
        self._place._ask(self._path, lambda system: trees.remove(system, self._kept))


def _digesting(digest: Digest) -> Digesting:
    return Digesting(digest.part_size or sys.maxsize, digest.algorithm)


def _damaged(path: str) -> Damaged:
    return Damaged(f"The artifact {path!r} is not what was announced: its digest differs.")
