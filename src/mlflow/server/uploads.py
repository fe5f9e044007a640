"""Bodies that are kept as artifacts: written while they arrive, visible when they are whole.

What is in memory of one body is two pieces. Only object stores need more, a part of each file, and
archives, which are looked at as a whole; few of those are received at the same time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from tempfile import SpooledTemporaryFile
from typing import Any, Protocol

from mlflow.blobs import Folder, Place
from mlflow.blobs.digests import SHA256, Digest, hasher, of
from mlflow.blobs.disk.loose_parts import LooseParts, is_loose
from mlflow.blobs.place import Damaged, Parts, Writing
from mlflow.exceptions import MlflowException, MlflowNotImplementedException
from mlflow.server.archives import files_of
from mlflow.server.downloads import over
from mlflow.server.limits import Gone, Limits, Refused, Share
from mlflow.server.routes import Request, Work

#: bytes that are written at a time while few are sent; one transfer holds two of these
PIECE = 512 * 1024
#: pieces that are not put together to be written
_FEW = 8
#: bodies that may be held in memory, as a whole or a part, at the same time
_MOST_HELD = 4
#: bytes of a part that are held in memory; of a larger one the rest is on the disk meanwhile
_MOST_OF_PART = 8 * 1024 * 1024
#: bytes per second that a client must move on average, once its first time-out is over
_SLOWEST = 1024


class Sink(Protocol):
    """What a body is written to, in threads."""

    def write(self, piece: bytes) -> None:
        """Add to the end."""
        ...

    def finish(self) -> None:
        """Keep it; all has been written."""
        ...

    def discard(self) -> None:
        """Let go of it, also when it was not finished."""
        ...


class Uploads:
    """Receives bodies.

    Args:
        limits: how long clients may take.
        work: where is written.
    """

    def __init__(self, limits: Limits, work: Work) -> None:
        self._limits = limits
        self._work = work
        self._held = asyncio.Semaphore(_MOST_HELD)
        self._share = Share(PIECE)

    async def keep(
        self,
        request: Request,
        open_sink: Callable[[], Sink],
        most: int | None = None,
        slowest: int = _SLOWEST,
    ) -> None:
        """Write the body of a request to a sink, all of it or nothing.

        Args:
            open_sink: called in a thread.
            most: bytes of the largest body that is taken.
            slowest: bytes per second that the client must send on average.

        Raises:
            Refused: the body is too large, encoded or too slow; the client has been listened to.
            MlflowException: of the sink.
        """
        body = Body(request, self._limits.timeout, most, slowest)
        work = self._work
        sink: Sink | None = None
        try:
            _check_plain(request.headers)
            sink = await work.in_thread(open_sink)
            with self._share.taken():
                await self._pour(body, sink)
            await work.in_thread(sink.finish)
        except (MlflowException, Refused):
            if body.more and not body.is_late:
                await self._limits.throw_away(request.receive, request.headers)
            raise
        finally:
            if sink is not None:
                await asyncio.shield(work.surely(sink.discard))

    @asynccontextmanager
    async def turn(self, *, free: bool = False) -> AsyncIterator[None]:
        """Wait for a turn to hold a body in memory, unless it is `free`, as nothing is held."""
        async with nullcontext() if free else self._held:
            yield

    async def _pour(self, body: "Body", sink: Sink) -> None:
        """Write the body; the next piece comes in while the one before is written."""
        held: list[bytes] = []
        size = 0
        before: asyncio.Task[None] | None = None
        try:
            while body.more:
                piece = await body.next()
                size += len(piece)
                held.append(piece)
                if size < self._share.piece and body.more:
                    continue
                if before is not None:
                    await asyncio.shield(before)
                before = asyncio.create_task(self._work.in_thread(_write, sink, held))
                held, size = [], 0
            if before is not None:
                await asyncio.shield(before)
        finally:
            await over(before)


class Body:
    """The body of a request, as long as the client makes progress.

    Args:
        request: whose body it is.
        timeout: seconds of silence that are borne, and that a client has before its speed counts.
        most: bytes that are taken, None for any number.
        slowest: bytes per second that the client must send on average.
    """

    def __init__(self, request: Request, timeout: float, most: int | None, slowest: int) -> None:
        self._receive = request.receive
        announced = request.headers.get(b"content-length")
        self._announced = None if announced is None else int(announced)
        self._timeout = timeout
        self._most = most
        self._slowest = slowest
        self._received = 0
        self._waited = 0.0
        #: whether there is something left to receive
        self.more = True
        #: whether the client was too slow, so that nothing more is waited for
        self.is_late = False

    async def next(self) -> bytes:
        """The next part; Refused when it does not come in time, Gone when it never will."""
        if self._most is not None and max(self._received, self._announced or 0) > self._most:
            raise self._too_large()
        message = await self._message()
        if message["type"] == "http.disconnect":
            self.more = False
            raise Gone
        piece: bytes = message.get("body", b"")
        self._received += len(piece)
        self.more = message.get("more_body", False)
        if self._most is not None and self._received > self._most:
            raise self._too_large()
        if not self.more and self._announced not in (None, self._received):
            raise Gone
        return piece

    def _too_large(self) -> Refused:
        return Refused(
            413,
            f"The body is too large: at most {self._most} bytes are taken here.",
            headers=((b"connection", b"close"),),
        )

    async def _message(self) -> Mapping[str, Any]:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        began = loop.time()
        left = self._timeout + self._received / self._slowest - self._waited
        watch = loop.call_at(began + min(self._timeout, left), task.cancel)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if loop.time() < watch.when():
                raise  # the server stops
            self.is_late = True
            raise Refused(
                408,
                f"The file did not arrive in time: the server waits {self._timeout:g} seconds for "
                "a client that sends nothing. Nothing was kept.",
                "DEADLINE_EXCEEDED",
                ((b"connection", b"close"),),
            ) from None
        finally:
            watch.cancel()
            self._waited += loop.time() - began


# -- what bodies are written to ------------------------------------------------------------


class WholeFile:
    """A file.

    Args:
        place, path: where it goes.
        expected: what it must give, None when the client does not say.
    """

    def __init__(self, place: Place, path: str, expected: Digest | None) -> None:
        self._expected = expected
        self._writing: Writing = place.writing(path, expected)
        self.write = self._writing.write
        self.discard = self._writing.discard

    def finish(self) -> None:
        """Make it visible."""
        self._writing.finish(self._expected)


class PartSink(Sink, Protocol):
    """A part of a file. `digest` is that of its content, in hexadecimal, once it is finished."""

    @property
    def digest(self) -> str | None:
        """By the algorithm of the place."""
        ...


def part_sink(
    place: Place,
    path: str,
    upload_id: str,
    number: int,
    size: int | None,
    expected: Digest | None,
) -> PartSink:
    """What a part of a file is written to.

    Args:
        place, path: where the file goes.
        upload_id, number: which part it is.
        size: bytes, None when the client does not say.
        expected: what it must give, None when the client does not say.
    """
    if is_loose(upload_id):
        return _Checked(LooseParts(place).writing(path, upload_id, number), path, number, expected)
    parts = place.parts
    if parts is None:
        raise MlflowNotImplementedException("The store of this server takes no parts.")
    if size is None:
        raise Refused(411, "Say the size of the part by Content-Length.")
    if isinstance(place, Folder):
        own = expected is not None and (expected.algorithm, expected.part_size) == (SHA256, 0)
        value = expected.value if expected is not None and own else None
        disk = place.parts.writing_part(path, upload_id, number, size, value)
        return disk if own or expected is None else _Checked(disk, path, number, expected)
    return _Checked(_HeldPart(parts, path, upload_id, number, size), path, number, expected)


class _Checked:
    """A part that is hashed on the way, and kept only when its digest is right."""

    def __init__(self, part: PartSink, path: str, number: int, expected: Digest | None) -> None:
        self._part = part
        self._name = f"part {number} of the artifact {path!r}"
        self._expected = expected
        self._running = None if expected is None else hasher(expected.algorithm)
        self.discard = part.discard

    @property
    def digest(self) -> str | None:
        return self._part.digest

    def write(self, piece: bytes) -> None:
        if self._running is not None:
            self._running.update(piece)
        self._part.write(piece)

    def finish(self) -> None:
        if self._expected is not None and self._running is not None:
            _check_digest(self._name, self._expected, self._running.hexdigest())
        self._part.finish()


class _HeldPart:
    """A part that goes to a store, and is held until it is whole: the store may want it again."""

    def __init__(self, parts: Parts, path: str, upload_id: str, number: int, size: int) -> None:
        self._send = parts.put_part
        self._where = (path, upload_id, number)
        self._size = size
        self._running = hasher(parts.algorithm)
        self._content = SpooledTemporaryFile(_MOST_OF_PART)  # noqa: SIM115, `discard` closes it

    @property
    def digest(self) -> str | None:
        value: str = self._running.hexdigest()
        return value

    def write(self, piece: bytes) -> None:
        self._running.update(piece)
        self._content.write(piece)

    def finish(self) -> None:
        digest: str = self._running.hexdigest()
        self._send(*self._where, self._pieces, self._size, digest)

    def _pieces(self) -> Iterator[bytes]:
        self._content.seek(0)
        while piece := self._content.read(PIECE):
            yield piece

    def discard(self) -> None:
        self._content.close()


class Archive:
    """A tar archive, whose files are kept together.

    Args:
        place, folder: where they go.
        expected: what the archive must give, None when the client does not say.
    """

    def __init__(self, place: Place, folder: str, expected: Digest | None) -> None:
        self._place = place
        self._folder = folder
        self._expected = expected
        self._body = bytearray()

    def write(self, piece: bytes) -> None:
        """Add to the end."""
        self._body += piece

    def finish(self) -> None:
        """Keep all of its files.

        Raises:
            Damaged: what arrived gives another digest; nothing was kept.
            MlflowException: it is no archive of files; nothing was kept.
        """
        body, self._body = self._body, bytearray()
        if self._expected is not None:
            found = of(self._expected.algorithm, [body])
            _check_digest("the archive", self._expected, found)
        below = f"{self._folder}/" if self._folder else ""
        files = [(f"{below}{path}", content) for path, content in files_of(body)]
        if files and isinstance(self._place, Folder):
            self._place.put_batch(files)
        elif files:
            self._place.put_batch([(path, bytes(content)) for path, content in files])

    def discard(self) -> None:
        """Let go of it."""
        self._body = bytearray()


def _check_digest(name: str, expected: Digest, found: str) -> None:
    if expected.part_size or expected.value != found:
        raise Damaged(
            f"What arrived as {name} is not what was sent: it gives {expected.algorithm}:{found}, "
            f"not {expected}. It was not kept; send it again."
        )


def _check_plain(headers: Mapping[bytes, bytes]) -> None:
    encoding = headers.get(b"content-encoding", b"identity")
    if encoding.lower() != b"identity" or b"content-range" in headers:
        raise Refused(415, "Send the file as it is, whole, without a Content-Encoding.")


def _write(sink: Sink, pieces: list[bytes]) -> None:
    # Each step that gives up the interpreter waits for the event loop to give it back: many small
    # pieces are faster as one, few large ones are not worth the copy.
    for piece in pieces if len(pieces) <= _FEW else (b"".join(pieces),):
        sink.write(piece)
