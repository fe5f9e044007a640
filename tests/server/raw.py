"""HTTP as bytes on a socket: what no well-behaved client would send, and what comes back."""

from __future__ import annotations

import http.client
import socket
from typing import NamedTuple
from urllib.parse import urlsplit


class Answer(NamedTuple):
    """One answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Conversation:
    """One connection to the server at `url`."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        assert where.hostname
        assert where.port
        self.socket = socket.create_connection((where.hostname, where.port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> Answer:
        """The next answer, read completely."""
        read = http.client.HTTPResponse(self.socket)
        read.begin()
        body = read.read()
        read.close()
        return Answer(read.status, {k.lower(): v for k, v in read.getheaders()}, body)

    def ended(self) -> bool:
        """Whether the server closes the connection without another byte."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def exchange(url: str, data: bytes) -> Answer:
    """The answer to `data` on a new connection."""
    with Conversation(url) as conversation:
        conversation.send(data)
        return conversation.answer()


def request(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    host: str = "localhost",
    kind: str | None = "application/json",
    **headers: str,
) -> bytes:
    """The bytes of a request; `x_request_id=...` becomes the header `x-request-id`."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if kind is not None and method != "GET":
        lines.append(f"Content-Type: {kind}")
    if method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
