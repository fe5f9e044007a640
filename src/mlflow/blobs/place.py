"""What places for artifacts can do. All of them do the things of `Place`; some more.

    Place     put, get, list, walk, look, delete: whole files
    Writing   a file that is written piece by piece and is not visible before its end
    Parts     a file put together from parts, sent in any order, by several threads or processes,
              with interruptions of any length
    Staging   a folder that becomes visible as a whole

A place keeps nothing in memory that another process, or the same one tomorrow, would need: an
unfinished file is known by what lies at the place, its parts by their digests.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, NamedTuple, Protocol

from mlflow.blobs.digests import Digest
from mlflow.exceptions import (
    INVALID_STATE,
    RESOURCE_EXHAUSTED,
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
)

#: bytes that are moved at a time; what one transfer holds in memory is a few of these
PIECE = 1024 * 1024
#: bytes from which a file is better moved in parts, several at once
LARGE = 16 * 1024 * 1024
#: bytes of the largest file that is read once more when somebody asks which files of a folder need
#: not be sent; whoever leaves a larger one as it is asks for it by itself
REREAD = 256 * 1024
#: makes the pieces of a body, from its start at each call
Body = Callable[[], Iterable[bytes]]


class Blob(NamedTuple):
    """An entry of a listing: its own name, and its size in bytes unless it is a folder."""

    name: str
    is_dir: bool
    size: int | None = None


class Found(NamedTuple):
    """A file.

    Args:
        path: relative to what was looked at.
        size: bytes.
        digest: of its content, None where the place does not know it.
        tag: differs whenever the content does; empty where the place has none.
    """

    path: str
    size: int
    digest: Digest | None = None
    tag: str = ""


class Reading(Protocol):
    """An artifact that is being read: one version of it to the end, whoever replaces it."""

    @property
    def size(self) -> int | None:
        """Bytes of what `pieces` gives, None when that is not known before the end."""
        ...

    @property
    def found(self) -> Found | None:
        """The whole file that this is, or is a part of; None when the place does not say."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """The content, once; ends early with `BrokenOff`, never silently."""
        ...


class Writing(Protocol):
    """A file that is not visible yet."""

    def write(self, piece: "bytes | memoryview") -> None:
        """Add to the end."""
        ...

    def finish(self, expected: Digest | None = None) -> None:
        """Make the file visible in place of whatever had its name.

        Raises:
            Damaged: its content does not give the digest; nothing becomes visible.
        """
        ...

    def discard(self) -> None:
        """Let go of it; what was not finished vanishes. May be called again, and after `finish`."""
        ...


class Part(NamedTuple):
    """A part that has arrived: its digest in hexadecimal and its bytes."""

    digest: str
    size: int


class Unfinished(NamedTuple):
    """A file of which some parts have arrived.

    Args:
        upload_id: names it, together with its path.
        part_size: bytes of all parts but the last, None where the place does not say.
        size: bytes of the whole, None where the place does not say.
        started: seconds since the epoch.
        parts: by their numbers, from 1.
    """

    upload_id: str
    part_size: int | None
    size: int | None
    started: float
    parts: Mapping[int, Part]


class Parts(Protocol):
    """Files that are put together from parts."""

    @property
    def algorithm(self) -> str:
        """What parts are checked with: `sha256` or `md5`."""
        ...

    @property
    def least_part(self) -> int:
        """Fewest bytes that any part but the last may have."""
        ...

    def unfinished(self, path: str) -> list[Unfinished]:
        """What has begun at a path and is not finished, the newest first."""
        ...

    def begin(self, path: str, size: int, part_size: int) -> str:
        """Begin a file; its `upload_id`. Nothing is visible.

        Raises:
            NoRoom: there is none for so many bytes.
        """
        ...

    def put_part(
        self, path: str, upload_id: str, number: int, body: Body, size: int, digest: str
    ) -> None:
        """Keep a part; one that is there already is replaced.

        Args:
            number: from 1.
            body: makes the pieces; called again when they are sent again.
            size, digest: of the part; the receiver checks them.

        Raises:
            Damaged: what arrived gives another digest; the part is not kept.
            Busy: another client sends the same part at this moment.
            Vanished: there is no such unfinished file (any more).
        """
        ...

    def finish(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the file visible: exactly these parts, in order, all checked.

        Raises:
            Damaged: a part that is there is another one, or is missing.
            Vanished: there is no such unfinished file (any more).
        """
        ...

    def abort(self, path: str, upload_id: str) -> None:
        """Throw the parts away; nothing happens when there are none."""
        ...


class Staging(Protocol):
    """A folder whose files become visible together.

    While it is open, nothing of it is in listings and downloads. Publishing adds its files to those
    that the folder has; a file of the same name is replaced. Who looks sees the old state or the
    new one.
    """

    @property
    def place(self) -> "Place":
        """Where its files go; paths are relative to the folder."""
        ...

    def there(self) -> Mapping[str, Found]:
        """The files that need not be sent again if their digest is right: visible in the folder,
        or left here by an attempt that was interrupted."""
        ...

    def publish(self) -> None:
        """Make all of it visible.

        Raises:
            Vanished: somebody removed it.
        """
        ...

    def abort(self) -> None:
        """Throw it away."""
        ...


class Place(Protocol):
    """Somewhere artifacts are kept. Every path is checked by `uri.safe_path` first."""

    @property
    def parts(self) -> Parts | None:
        """How files are put together from parts; None where they can only be put whole."""
        ...

    @property
    def most_in_batch(self) -> int:
        """How many small files are best put by one `put_batch`."""
        ...

    def put(self, path: str, stream: BinaryIO, digest: Digest | None = None) -> None:
        """Keep what is left in a seekable stream; it is visible when all of it is there.

        Args:
            digest: of the content, for the receiver to check; it hashes for itself without.

        Raises:
            Damaged: what arrived gives another digest; nothing was kept.
        """
        ...

    def put_batch(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Keep small files, each as `put` does; an error leaves out some of them."""
        ...

    def writing(self, path: str, digest: Digest | None = None) -> Writing:
        """A file to be written piece by piece.

        Args:
            digest: a digest like the one that `finish` will be given, where that is known already;
                its value need not be. It only saves work.
        """
        ...

    def get(
        self, path: str, start: int = 0, length: int | None = None, tag: str = ""
    ) -> AbstractContextManager[Reading]:
        """Read an artifact, or a part of it.

        Args:
            start, length: which bytes; all by default.
            tag: only this version of it.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST when there is none.
            Changed: it has another tag by now.
        """
        ...

    def look(self, path: str) -> Found | None:
        """What a file is; None for a folder, or when there is none. `Found.path` is `path`."""
        ...

    def list(self, path: str = "") -> list[Blob]:
        """What is in a folder, sorted by name; nothing when there is no such folder."""
        ...

    def walk(self, path: str = "") -> Iterator[Found]:
        """All files below a folder; paths are relative to it. Nothing when there is none."""
        ...

    def delete(self, path: str) -> bool:
        """Remove an artifact or a folder with all that is in it; whether there was one."""
        ...

    def staging(self, path: str, name: str) -> Staging:
        """A folder that is to become visible as a whole.

        Args:
            path: the folder; the root when empty.
            name: letters and digits that name the attempt: the same ones go on with what an
                interrupted one left, others begin anew.
        """
        ...

    def sweep(self, older_than: float, path: str = "", *, dry: bool = False) -> tuple[int, int]:
        """Remove unfinished files and folders that nobody has written to for some time.

        Args:
            older_than: seconds.
            path: only below this folder.
            dry: only count.

        Returns:
            How many there were, and their bytes.
        """
        ...


class BrokenOff(MlflowException):
    """An artifact could not be read to its end; it can be read again."""

    def __init__(self, path: str, reason: object) -> None:
        super().__init__(
            f"Reading the artifact {path!r} broke off: {reason}. Try again.",
            TEMPORARILY_UNAVAILABLE,
        )


class NoRoom(MlflowException):
    """The disk or the quota is full."""

    def __init__(self, message: object) -> None:
        super().__init__(message, RESOURCE_EXHAUSTED)


class Damaged(MlflowException):
    """What arrived is not what was sent: it gives another digest. Nothing of it was kept."""

    def __init__(self, message: object) -> None:
        super().__init__(message, "DATA_LOSS")


class Changed(MlflowException):
    """A file was replaced while it was read."""

    def __init__(self, path: str) -> None:
        super().__init__(f"The artifact {path!r} was replaced while it was read.", INVALID_STATE)


class Busy(MlflowException):
    """Somebody else does the same at this moment; it can be tried again."""

    def __init__(self, message: object) -> None:
        super().__init__(message, TEMPORARILY_UNAVAILABLE)


class Vanished(MlflowException):
    """An unfinished file or folder is not there: it was finished, thrown away or swept."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"What was sent of {path!r} is not there any more: it was finished or removed.",
            "NOT_FOUND",
        )
