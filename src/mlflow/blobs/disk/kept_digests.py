"""Digests of files on disk: made while they are written, kept beside their content.

They are kept as an extended attribute, with the size and the time of the last change: a user may
edit a file, and then nothing is known about it. Where a file system has no such attributes,
digests are not known.
"""

import os
from collections.abc import Iterator
from contextlib import suppress

from mlflow.blobs import digests
from mlflow.blobs.digests import Digest, Digesting
from mlflow.blobs.place import PIECE, Damaged

_ATTRIBUTE = "user.millstream.digest"
# A part that no file is larger than: hashed in one go.
_ENDLESS = 1 << 62


def keep(handle: int, digest: Digest) -> None:
    """Keep the digest of an open file that has its last byte; nothing where that is not possible"""
    found = os.fstat(handle)
    text = f"{digest} {found.st_size} {found.st_mtime_ns}"
    with suppress(OSError, AttributeError):  # only Linux has it
        os.setxattr(handle, _ATTRIBUTE, text.encode())


def kept(handle: int, found: os.stat_result) -> Digest | None:
    """The digest that is kept with an open file, None when the file was changed since."""
    try:
        text = os.getxattr(handle, _ATTRIBUTE).decode("ascii", "replace")
    except (OSError, AttributeError):
        return None
    digest, _, rest = text.partition(" ")
    return digests.parse(digest) if rest == f"{found.st_size} {found.st_mtime_ns}" else None


def of_file(handle: int, form: Digest | None = None) -> Digest:
    """Read a file to its end for its digest.

    Args:
        form: hashed as this one was; by default as files are when nobody says.
    """
    running = _running(form)
    for piece in pieces_of(handle, 0, _ENDLESS):
        running.update(piece)
    return running.digest()


def pieces_of(handle: int, start: int, length: int) -> Iterator[bytes]:
    """What is in a part of a file; ends early when the file does."""
    while length > 0:
        piece = os.pread(handle, min(PIECE, length), start)
        if not piece:
            return
        start += len(piece)
        length -= len(piece)
        yield piece


class Passing:
    """The digest of a file that is being written, in the usual form and in one that was given.

    Args:
        form: of what is expected; its value does not count yet.
    """

    def __init__(self, form: Digest | None = None) -> None:
        self._usual = Digesting()
        usual = form is None or (form.algorithm, form.part_size) == (digests.SHA256, digests.PART)
        self._other = None if usual else _running(form)

    def update(self, piece: "bytes | memoryview") -> None:
        """Take the next bytes."""
        self._usual.update(piece)
        if self._other is not None:
            self._other.update(piece)

    def check(self, path: str, handle: int, expected: Digest | None) -> Digest:
        """The digest in the usual form.

        Args:
            path, handle: the file, for the error, and to be read in the form that is expected.

        Raises:
            Damaged: it is not what is expected.
        """
        usual = self._usual.digest()
        if expected is None or expected == usual:
            return usual
        other = self._other.digest() if self._other is not None else None
        if other != expected and of_file(handle, expected) != expected:
            raise damaged(path, usual)
        return usual


def damaged(path: str, digest: object) -> Damaged:
    """The error for a file that is not what was sent."""
    return Damaged(
        f"What arrived of the artifact {path!r} is not what was sent: it has the digest {digest}. "
        "Nothing was kept; send it again."
    )


def _running(form: Digest | None) -> Digesting:
    if form is None:
        return Digesting()
    return Digesting(form.part_size or _ENDLESS, form.algorithm)
