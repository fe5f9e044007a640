"""Requests about artifacts, and what is below the root of a server that answers them."""

from __future__ import annotations

import time
from pathlib import Path

from mlflow.blobs.uri import PARTIAL
from tests.server.raw import Answer, Conversation, exchange, request
from tests.servers.millstream import RunningServer

ROOT = "/api/2.0/mlflow-artifacts"
API = f"{ROOT}/artifacts"
DEADLINE = 10.0


def send(
    server: RunningServer, method: str, path: str, body: bytes = b"", **headers: str
) -> Answer:
    headers.setdefault("connection", "close")
    if method == "HEAD":  # the reader of answers must know that there is no body
        with Conversation(server.url) as conversation:
            conversation.send(request(method, path, b"", kind=None, **headers))
            received = b""
            while data := conversation.socket.recv(65536):
                received += data
        head, _, rest = received.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        found = dict(line.lower().split(": ", 1) for line in lines[1:])
        return Answer(int(lines[0].split()[1]), found, rest)
    return exchange(server.url, request(method, path, body, kind=None, **headers))


def get(server: RunningServer, path: str, **headers: str) -> Answer:
    return send(server, "GET", path, b"", **headers)


def put(server: RunningServer, path: str, body: bytes) -> None:
    answer = send(server, "PUT", f"{API}/{path}", body)
    assert (answer.status, answer.body) == (200, b"{}")


def names(root: Path) -> list[str]:
    """All files below the root, those that are not complete included."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def until_nothing_is_left(root: Path) -> list[str]:
    """Wait until the server has noticed that a client went away; what is then below the root."""
    end = time.monotonic() + DEADLINE
    while True:
        found = names(root)
        if not any(PARTIAL in name for name in found) or time.monotonic() > end:
            return found
        time.sleep(0.01)
