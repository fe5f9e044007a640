"""What goes back to a client."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from mlflow.exceptions import MlflowException
from mlflow.server.limits import Refused

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"
Header = tuple[bytes, bytes]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Stream(Protocol):
    """A body that is sent piece by piece; `size` is its length in bytes."""

    size: int

    async def send(self, send: Send) -> None:
        """Send all of it."""


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
    without it, and with it they try seven times at that distance and give up.
    """
    return Reply(error.get_http_status_code(), JSON, error.serialize_as_json().encode())


def refused(error: Refused) -> Reply:
    """A refusal with a status of its own."""
    body = json.dumps({"error_code": error.code, "message": error.message}).encode()
    return Reply(error.status, JSON, body, error.headers)
