"""What all places have in common: the four things that can be done with them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, NamedTuple, Protocol

from mlflow.exceptions import RESOURCE_EXHAUSTED, TEMPORARILY_UNAVAILABLE, MlflowException

#: bytes that are moved at a time; what one transfer holds in memory is a few of these
PIECE = 1024 * 1024


class Blob(NamedTuple):
    """An entry of a listing: its own name, and its size in bytes unless it is a folder."""

    name: str
    is_dir: bool
    size: int | None = None


class Reading(Protocol):
    """An artifact that is being read."""

    @property
    def size(self) -> int | None:
        """Its size in bytes, None when it is not known before the end."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """Its content, once; ends early with `BrokenOff`, never silently."""
        ...


class Place(Protocol):
    """Somewhere artifacts are kept. Every path is checked by `uri.safe_path` first."""

    def put(self, path: str, stream: BinaryIO) -> None:
        """Keep what is left in a seekable stream; it is visible when all of it is there."""
        ...

    def get(self, path: str) -> AbstractContextManager[Reading]:
        """Read an artifact; RESOURCE_DOES_NOT_EXIST when there is none."""
        ...

    def list(self, path: str = "") -> list[Blob]:
        """What is in a folder, sorted by name; nothing when there is no such folder."""
        ...

    def delete(self, path: str) -> bool:
        """Remove an artifact or a folder with all that is in it; whether there was one."""
        ...


class BrokenOff(MlflowException):
    """An artifact could not be read to its end; it can be read again from the start."""

    def __init__(self, path: str, reason: object) -> None:
        super().__init__(
            f"Reading the artifact {path!r} broke off: {reason}. Try again.",
            TEMPORARILY_UNAVAILABLE,
        )


class NoRoom(MlflowException):
    """The disk or the quota is full."""

    def __init__(self, message: object) -> None:
        super().__init__(message, RESOURCE_EXHAUSTED)
