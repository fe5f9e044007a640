"""Files that are sent to a server while they are written, so that nobody knows their size."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING

from mlflow.blobs.digests import PART, SHA256, Digest, Digesting, hasher
from mlflow.blobs.place import PIECE, Damaged, Part
from mlflow.blobs.served.parts import SentParts
from mlflow.blobs.served.server import Server, TooLarge
from mlflow.exceptions import TEMPORARILY_UNAVAILABLE, MlflowException

if TYPE_CHECKING:
    from mlflow.blobs.served.place import Served

#: after so many parts they double, as a file may have 10,000
_DOUBLES_AFTER = 3000
#: pieces that wait until they are sent, when all is one body
_WAITING = 4
#: seconds between two looks whether the sender is still there
_LOOK = 0.1


class InParts:
    """A file that one of our servers gets part by part; see `Writing`.

    A part is held in memory until it has arrived, so that it can be sent again.

    Args:
        place, path: where it goes.
        parts: those of the place.
    """

    def __init__(self, place: "Served", parts: SentParts, path: str) -> None:
        self._place = place
        self._parts = parts
        self._path = path
        self._held = bytearray()
        self._upload = ""
        self._sent: list[Part] = []
        self._digesting = Digesting()

    def write(self, piece: "bytes | memoryview") -> None:
        """Add to the end."""
        self._digesting.update(piece)
        self._held += piece
        size = PART << len(self._sent) // _DOUBLES_AFTER
        while len(self._held) > size:
            self._send(size)

    def finish(self, expected: Digest | None = None) -> None:
        """Make the file visible; see `Writing.finish`."""
        there = self._digesting.digest()
        if expected is not None and expected[:2] == there[:2] and expected != there:
            raise Damaged(f"The artifact {self._path!r} gives {there}, not {expected}.")
        if not self._upload:
            digest = Digest(SHA256, 0, hashlib.sha256(self._held).hexdigest())
            try:
                self._place.put(self._path, BytesIO(self._held), digest)
                return
            except TooLarge:
                pass
        while self._held:
            self._send(len(self._held))
        self._parts.finish(self._path, self._upload, self._sent)
        self._upload = ""

    def discard(self) -> None:
        """See `Writing.discard`."""
        self._held.clear()
        if self._upload:
            # What cannot be thrown away now, the server removes by age.
            with suppress(MlflowException):
                self._parts.abort(self._path, self._upload)
            self._upload = ""

    def _send(self, size: int) -> None:
        """Send the next part; a smaller one when a proxy takes no such body."""
        if not self._upload:
            self._upload = self._parts.begin_unknown(self._path)
        while True:
            size = min(size, self._place.most_in_body or size)
            with memoryview(self._held) as held, held[:size] as part:
                running = hasher(self._parts.algorithm)
                running.update(part)
                digest = running.hexdigest()
                number = len(self._sent) + 1
                try:
                    self._parts.put_part(
                        self._path, self._upload, number, lambda: _cut(part), size, digest
                    )
                    break
                except TooLarge:
                    if size <= (self._place.most_in_body or 0):
                        raise
        del self._held[:size]
        self._sent.append(Part(digest, size))


class InOneBody:
    """A file that a server gets in one body of unknown length; see `Writing`.

    Args:
        address: where it goes.
        path: what it is called in errors.
    """

    def __init__(self, server: Server, address: str, path: str) -> None:
        self._server = server
        self._address = address
        self._path = path
        self._pieces: Queue[bytes | None] = Queue(_WAITING)
        self._over = False
        self._error: BaseException | None = None
        # A daemon: at the exit of the process nobody waits for a server that hangs.
        self._thread = threading.Thread(target=self._send, daemon=True, name="artifact stream")
        self._thread.start()

    def write(self, piece: "bytes | memoryview") -> None:
        """Add to the end."""
        view = memoryview(piece)
        for start in range(0, len(view), PIECE):
            self._hand_over(bytes(view[start : start + PIECE]))

    def finish(self, expected: Digest | None = None) -> None:
        """Make the file visible; an official server cannot check a digest."""
        self._hand_over(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def discard(self) -> None:
        """End the connection before the end of the file, unless that was sent."""
        self._over = True

    def _hand_over(self, piece: bytes | None) -> None:
        while True:
            if self._error is not None:
                raise self._error
            with suppress(Full):
                self._pieces.put(piece, timeout=_LOOK)
                return

    def _body(self) -> Iterator[bytes]:
        while not self._over:
            with suppress(Empty):
                piece = self._pieces.get(timeout=_LOOK)
                if piece is None:
                    return
                if piece:
                    yield piece
        raise _Discarded

    def _send(self) -> None:
        used = False

        def body() -> Iterator[bytes]:
            nonlocal used
            if used:  # what was sent is gone
                raise MlflowException(
                    f"The connection broke while {self._path!r} was sent; nothing of it was kept.",
                    TEMPORARILY_UNAVAILABLE,
                )
            used = True
            return self._body()

        try:
            with self._server.asking("PUT", self._address, self._path, {}, body) as streamed:
                for _ in streamed.pieces():
                    pass
        except _Discarded:
            pass
        except BaseException as error:
            self._error = error


class _Discarded(Exception):
    """The file was given up."""


def _cut(part: memoryview) -> Iterator[bytes]:
    return (bytes(part[start : start + PIECE]) for start in range(0, len(part), PIECE))
