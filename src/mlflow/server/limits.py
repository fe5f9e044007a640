"""Reading bodies within limits of size and time, before anything looks into them."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

#: bytes per second that a client must send on average, once its first `timeout` seconds are over
SLOWEST_CLIENT = 16 * 1024
#: a body that is too large is read and thrown away up to this much, so that the client, which
#: mostly listens only after it has sent all, sees the answer instead of a broken connection
MOST_THROWN_AWAY = 256 * 1024 * 1024
#: bodies of the largest size that may be half received at the same time
MOST_HELD = 8
#: bytes of all pieces of files that are on their way, and the fewest of one
_SHARED = 8 * 1024 * 1024
_LEAST_PIECE = 16 * 1024


class Refused(Exception):
    """A request that is answered with an HTTP status of its own.

    Args:
        status: the HTTP status.
        message: what is wrong and what is allowed.
        code: the error code of the JSON body.
        headers: further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "INVALID_PARAMETER_VALUE",
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers


class Gone(Exception):
    """The client went away before it had sent its request."""


class Share:
    """How large the pieces of transfers are: the smaller, the more transfers there are.

    Clients that are slow have pieces wait, ten or so of each in the buffers of the connection.

    Args:
        most: bytes of a piece while there are few.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._transfers = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Count one more transfer meanwhile."""
        self._transfers += 1
        try:
            yield
        finally:
            self._transfers -= 1

    @property
    def piece(self) -> int:
        """Bytes of the next piece of each."""
        return max(_LEAST_PIECE, min(self._most, _SHARED // max(self._transfers, 1)))


class Limits:
    """How much a client may send and how long it may take.

    Args:
        body: largest body in bytes, as sent and unpacked.
        timeout: seconds of silence, or of sending too slowly, after which a client is refused.
    """

    def __init__(self, body: int, timeout: float) -> None:
        self.body = body
        self.timeout = timeout
        self._held = 0

    async def read(self, receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
        """The body of a request; Refused when it is too large or comes too slowly."""
        announced = headers.get(b"content-length")
        if announced is not None and int(announced) > self.body:
            if b"expect" in headers:  # the client asked before sending
                raise self._too_large()
            raise await self._too_large_after(receive)
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        whole = bytearray()
        started = loop.time()
        watch = loop.call_at(started + self.timeout, task.cancel)
        try:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            body: bytes = message["body"]
            if not message.get("more_body"):
                return body
            whole += body
            self._held += len(body)
            while True:
                watch.cancel()
                grace = self.timeout + len(whole) / SLOWEST_CLIENT
                watch = loop.call_at(min(started + grace, loop.time() + self.timeout), task.cancel)
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                whole += message["body"]
                self._held += len(message["body"])
                if self._held > MOST_HELD * self.body:
                    raise Refused(
                        503,
                        "The server is busy with large requests. Try again shortly.",
                        "TEMPORARILY_UNAVAILABLE",
                        ((b"connection", b"close"), (b"retry-after", b"1")),
                    )
                if len(whole) > self.body:
                    watch.cancel()
                    raise await self._too_large_after(receive, len(whole))
                if not message.get("more_body"):
                    return bytes(whole)
        except asyncio.CancelledError:
            if loop.time() < watch.when():
                raise  # the server stops
            raise Refused(
                408,
                f"The body of the request did not arrive in time: the server waits "
                f"{self.timeout:g} seconds for a client that sends nothing.",
                "DEADLINE_EXCEEDED",
                ((b"connection", b"close"),),
            ) from None
        finally:
            watch.cancel()
            self._held -= len(whole)

    async def _too_large_after(self, receive: Receive, read: int = 0) -> Refused:
        """The refusal of a body that is too large, after reading what is left of it."""
        await self.throw_away(receive, {}, read)
        return self._too_large()

    async def throw_away(
        self, receive: Receive, headers: Mapping[bytes, bytes], read: int = 0
    ) -> None:
        """Read what is left of a body that is not wanted, up to a point, so that the client hears
        why; a client that asked before sending is told at once."""
        if b"expect" in headers:
            return
        loop = asyncio.get_running_loop()
        end = loop.time() + self.timeout
        more = True
        while more and read <= MOST_THROWN_AWAY and (left := end - loop.time()) > 0:
            try:
                message = await asyncio.wait_for(receive(), left)
            except asyncio.TimeoutError:
                break
            if message["type"] == "http.disconnect":
                raise Gone
            read += len(message["body"])
            more = message.get("more_body", False)

    def _too_large(self, how: str = "") -> Refused:
        return Refused(
            413,
            f"The body of the request is too large: the server accepts {self.body} bytes{how}. "
            "Send smaller batches, or start the server with a larger --max-body-size.",
            headers=((b"connection", b"close"),),
        )

    def unpack(self, body: bytes, encoding: bytes) -> bytes:
        """The body without its Content-Encoding; Refused when it is unknown or hides too much."""
        if encoding.lower() not in (b"gzip", b"x-gzip"):
            raise Refused(415, "Content-Encoding must be gzip, or absent.")
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            plain = unpacker.decompress(body, self.body + 1)
        except zlib.error as error:
            raise Refused(400, f"The body of the request is not gzip: {error}.") from None
        if len(plain) > self.body:
            raise self._too_large(" after unpacking")
        if not unpacker.eof or unpacker.unused_data:
            raise Refused(400, "The body of the request is not one whole gzip stream.")
        return plain
