"""What goes back to a client."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from mlflow.blobs.place import Busy, Changed, Damaged, NoRoom
from mlflow.exceptions import MlflowException
from mlflow.server.limits import Gone, Refused

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"
#: bytes of a large body that are handed to the network at a time
PIECE = 1024 * 1024
Header = tuple[bytes, bytes]
Send = Callable[[dict[str, Any]], Awaitable[None]]
#: what has another status than its code, in the words of HTTP
_STATUS: dict[type[MlflowException], int] = {Changed: 412, Damaged: 400, NoRoom: 507}


class Stream(Protocol):
    """A body that is sent piece by piece; `size` is None when it is not known before."""

    @property
    def size(self) -> int | None:
        """Length in bytes."""

    async def send(self, send: Send) -> None:
        """Send all of it."""


class Large:
    """A large body that is there as a whole.

    It goes out piece by piece, so that it is not kept for a client that stops reading.

    Args:
        body: the bytes.
        timeout: seconds that a client may take for a piece.
    """

    def __init__(self, body: bytes, timeout: float) -> None:
        self.size = len(body)
        self._body = body
        self._timeout = timeout

    async def send(self, send: Send) -> None:
        """Send all of it."""
        view = memoryview(self._body)
        for start in range(0, self.size, PIECE):
            end = start + PIECE
            part = {
                "type": "http.response.body",
                "body": bytes(view[start:end]),
                "more_body": end < self.size,
            }
            try:
                await asyncio.wait_for(send(part), self._timeout)
            except asyncio.TimeoutError:
                raise Gone from None


class Reply(NamedTuple):
    """One answer: status, kind of content, content, further headers, content that is streamed."""

    status: int
    kind: bytes
    body: bytes
    headers: tuple[Header, ...] = ()
    stream: Stream | None = None


def text(status: int, sentence: str, *headers: Header) -> Reply:
    """A sentence for a person."""
    return Reply(status, TEXT, sentence.encode(), headers)


def failed(error: MlflowException) -> Reply:
    """An error in the form that clients know.

    There is no Retry-After, on purpose: official clients pause longer and longer for minutes
    without it, and with it they try seven times at that distance and give up. Only what is over in
    a moment has one.
    """
    status = _STATUS.get(type(error)) or error.get_http_status_code()
    headers = ((b"retry-after", b"1"),) if isinstance(error, Busy) else ()
    return Reply(status, JSON, error.serialize_as_json().encode(), headers)


def refused(error: Refused) -> Reply:
    """A refusal with a status of its own."""
    body = json.dumps({"error_code": error.code, "message": error.message}).encode()
    return Reply(error.status, JSON, body, error.headers)
