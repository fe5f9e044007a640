"""One file on disk: while it is written, and while it is read."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from mlflow.blobs.digests import Digest
from mlflow.blobs.disk import kept_digests
from mlflow.blobs.disk.handles import NEW, Disk, failure
from mlflow.blobs.disk.kernel import begin_to_sync
from mlflow.blobs.place import PIECE, BrokenOff, Found
from mlflow.blobs.uri import safe_path

#: bytes after which the system begins to bring them to the disk, so that the end comes soon
_AHEAD = 8 * 1024 * 1024


class Writing:
    """A file that is not visible yet; see `Writing` of places. It may be used in a `with`.

    Args:
        disk: where it will be.
        path: what it will be called.
        form: a digest like the one that is expected in the end, to be made on the way.
    """

    def __init__(self, disk: Disk, path: str, form: Digest | None = None) -> None:
        *self._folders, self._target = safe_path(path).split("/")
        self._disk = disk
        self._path = path
        self._name = secrets.token_hex(16)
        self._passing = kept_digests.Passing(form)
        self._file = self._aside = -1
        self._written = self._begun = 0
        #: what was written, once it is finished
        self.digest: Digest | None = None
        try:
            self._aside, self._file = disk.making(
                lambda aside: os.open(self._name, NEW, 0o666, dir_fd=aside)
            )
        except OSError as error:
            raise failure(error, path) from None

    def write(self, piece: "bytes | memoryview") -> None:
        """Add to the end."""
        self._passing.update(piece)
        try:
            write_all(self._file, piece)
        except OSError as error:
            raise failure(error, self._path) from None
        self._written += len(piece)
        if self._disk.durable and self._written - self._begun >= _AHEAD:
            begin_to_sync(self._file, self._begun, self._written - self._begun)
            self._begun = self._written

    def finish(self, expected: Digest | None = None) -> None:
        """Make the file visible in place of whatever had its name.

        Raises:
            Damaged: its content does not give the digest; nothing becomes visible.
        """
        try:
            digest = self._passing.check(self._path, self._file, expected)
            kept_digests.keep(self._file, digest)
            if self._disk.durable:
                os.fsync(self._file)
            self._disk.settle(self._name, self._aside, self._folders, self._target)
        except OSError as error:
            raise failure(error, self._path) from None
        self._name = ""
        self.digest = digest

    def discard(self) -> None:
        """Close the file, and remove it unless it was finished; may be called again."""
        if self._aside == -1:
            return
        if self._file != -1:
            os.close(self._file)
            self._file = -1
        if self._name:
            with suppress(OSError):
                os.unlink(self._name, dir_fd=self._aside)
        self._disk.leave(self._aside)
        self._aside = -1

    def __enter__(self) -> "Writing":
        return self

    def __exit__(self, *error: Any) -> None:
        self.discard()


class Opened:
    """A file that is open for reading: the same content to the end, whoever replaces it.

    Args:
        path: what it is called in `found`.
        handle: taken over.
        status: what `fstat` says about it.
    """

    def __init__(self, path: str, handle: int, status: os.stat_result) -> None:
        self._path = path
        self._file = os.fdopen(handle, "rb", buffering=0)
        self._status = status
        self.size = status.st_size
        self.modified = status.st_mtime
        self.tag = tag_of(status)

    @property
    def found(self) -> Found:
        """What it is, with its digest if that is known."""
        return Found(self._path, self.size, self.digest(), self.tag)

    def digest(self, *, compute: bool = False) -> Digest | None:
        """The digest of the content.

        Args:
            compute: whether the file is read for it, and the digest kept, when it is not known.
        """
        handle = self._file.fileno()
        digest = kept_digests.kept(handle, self._status)
        if digest is None and compute:
            digest = kept_digests.of_file(handle)
            if tag_of(os.fstat(handle)) == self.tag:  # nobody edited it meanwhile
                kept_digests.keep(handle, digest)
        return digest

    def reread(self) -> Digest:
        """The digest that the content gives now, whatever was kept with it, and in the same form"""
        handle = self._file.fileno()
        return kept_digests.of_file(handle, kept_digests.kept(handle, self._status))

    def pieces(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The content, or a part of it."""
        left = self.size - start if length is None else length
        while left > 0:
            piece = self.read(start, min(PIECE, left))
            start += len(piece)
            left -= len(piece)
            yield piece

    def read(self, start: int, length: int) -> bytes:
        """Up to `length` bytes; OSError when the file has become shorter."""
        piece = os.pread(self._file.fileno(), length, start)
        if not piece:
            raise OSError(errno.EIO, "the file has become shorter while it was read")
        return piece

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class Reading:
    """A part of an open file that is being read; see `Reading` of places.

    Args:
        opened: the file.
        start, length: which bytes; what is beyond the end is left out.
    """

    def __init__(self, opened: Opened, start: int, length: int | None) -> None:
        left = max(0, opened.size - start)
        self._opened = opened
        self._start = start
        self.size = left if length is None else min(length, left)
        self.found = opened.found

    def pieces(self) -> Iterator[bytes]:
        """The content, once."""
        try:
            yield from self._opened.pieces(self._start, self.size)
        except OSError as error:
            raise BrokenOff(self.found.path, error.strerror) from None


def tag_of(status: os.stat_result) -> str:
    """Differs whenever the content does: a file is replaced as a whole, never written to."""
    return f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"


def write_all(handle: int, piece: "bytes | memoryview") -> None:
    """Write all of a piece at the place where the file is."""
    left = memoryview(piece)
    while left:
        left = left[os.write(handle, left) :]
