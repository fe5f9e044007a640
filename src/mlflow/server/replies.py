"""What goes back to a client."""

import json
from typing import NamedTuple

from mlflow.exceptions import MlflowException
from mlflow.server.limits import Refused

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"
Header = tuple[bytes, bytes]


class Reply(NamedTuple):
    """One answer: status, kind of content, content, further headers."""

    status: int
    kind: bytes
    body: bytes
    headers: tuple[Header, ...] = ()


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
