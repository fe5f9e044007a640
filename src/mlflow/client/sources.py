"""What is sent: a file of this machine, or bytes in memory, read piece by piece at any place.

A file that changes while it is sent is noticed, and never arrives as a mixture.
"""

import os
import stat
from collections.abc import Callable, Iterator
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from mlflow.blobs import digests
from mlflow.blobs.digests import Digest, Digesting
from mlflow.client.crew import Stop
from mlflow.exceptions import MlflowException, invalid

#: bytes that are read at a time: they are hashed and sent while the processor's cache has them
PIECE = 256 * 1024


class Source(Protocol):
    """Bytes of a known size."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def name(self) -> str:
        """What it is called in errors."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """The bytes at a place; fewer never come."""
        ...

    def check(self) -> None:
        """Raise when it is not any more what it was when it was opened."""
        ...


class FileSource:
    """A file that is open; `size`, `name`: see `Source`.

    It is closed when nobody uses it any more, as a thread that was left may still read from it.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, path: "str | Path") -> None:
        self._handle = -1
        self.name = os.fspath(path)
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._found = os.fstat(self._handle)
        self.size = self._found.st_size
        if stat.S_ISDIR(self._found.st_mode):
            raise IsADirectoryError(21, "Is a directory", self.name)

    @property
    def is_regular(self) -> bool:
        """Whether it is a file with a size, and no pipe or device."""
        return stat.S_ISREG(self._found.st_mode)

    def read(self, start: int, length: int) -> bytes:
        """See `Source.read`."""
        piece = os.pread(self._handle, length, start)
        if not piece and length:
            raise self._changed()
        return piece

    def check(self) -> None:
        """See `Source.check`."""
        now = os.fstat(self._handle)
        if (now.st_size, now.st_mtime_ns) != (self.size, self._found.st_mtime_ns):
            raise self._changed()

    def _changed(self) -> MlflowException:
        return invalid(
            f"{self.name} changed while it was sent, so it was not kept. Log it when nobody "
            "writes to it any more."
        )

    def __del__(self) -> None:
        if self._handle != -1:
            os.close(self._handle)


class BytesSource:
    """Bytes in memory; `size`, `name`: see `Source`."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.size = len(content)
        self._content = content

    def read(self, start: int, length: int) -> bytes:
        """See `Source.read`."""
        return self._content[start : start + length]

    def check(self) -> None:
        """Bytes do not change."""


def pieces(source: Source, start: int, length: int, stop: Stop) -> Iterator[bytes]:
    """The bytes of a source from a place on."""
    end = start + length
    while start < end:
        stop.check()
        piece = source.read(start, min(PIECE, end - start))
        start += len(piece)
        yield piece


def digest_of_part(source: Source, algorithm: str, start: int, length: int, stop: Stop) -> str:
    """The digest of a part in hexadecimal."""
    return digests.of(algorithm, pieces(source, start, length, stop))


def digest_of(source: Source, like: Digest | None, stop: Stop) -> Digest:
    """The digest of the whole, in the form of another one if that is given."""
    digesting = Digesting()
    if like is not None:
        digesting = Digesting(like.part_size or max(source.size, 1), like.algorithm)
    for piece in pieces(source, 0, source.size, stop):
        digesting.update(piece)
    return digesting.digest()


class _Reader(RawIOBase):
    def __init__(self, source: Source, stop: Stop, watch: Callable[[int], None]) -> None:
        self._source = source
        self._stop = stop
        self._watch = watch
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._stop.check()
        left = self._source.size - self._at
        length = left if size < 0 else min(size, left)
        piece = self._source.read(self._at, length) if length else b""
        self._watch(self._at)
        self._at += len(piece)
        return piece

    def readinto(self, buffer: Any) -> int:
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, (0, self._at, self._source.size)[whence] + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def stream_of(source: Source, stop: Stop, watch: Callable[[int], None]) -> BinaryIO:
    """A source as a stream that can be read again from its start.

    Args:
        watch: called before each piece with the bytes before it.
    """
    return cast("BinaryIO", _Reader(source, stop, watch))
