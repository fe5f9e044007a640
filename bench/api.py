"""A small client of the MLflow REST API: one connection, one write per request, no retries.

Python's own HTTP client takes longer for a request than a fast server does; that would be much of
what is measured.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from urllib.parse import urlencode, urlsplit

REST = "/api/2.0/mlflow/"
AJAX = "/ajax-api/2.0/mlflow/"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"
PIECE = 1 << 20


class Refused(Exception):
    """The server gave another status than 200."""


class Wrong(Exception):
    """The server gave an answer that cannot be right."""


class Api:
    """One connection to the server at `url` (http only); `timeout` is in seconds per answer.

    Methods give the seconds between the first byte sent and the last byte read, and the answer.
    JSON is decoded after the clock has stopped.
    """

    def __init__(self, url: str, timeout: float = 600.0) -> None:
        where = urlsplit(url)
        self._host = f"Host: {where.netloc}\r\n"
        self._prefix = where.path.rstrip("/")
        self._socket = socket.create_connection((where.hostname or "", where.port or 80), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer = self._socket.makefile("rb")

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._answer.close()
        self._socket.close()

    def post(self, path: str, question: dict[str, Any] | bytes) -> tuple[float, Any]:
        """POST to an endpoint of the API; give bytes to keep the encoding off the clock."""
        body = question if isinstance(question, bytes) else json.dumps(question).encode()
        return self._timed("POST", REST + path, body)

    def get(self, path: str, *, base: str = REST, **query: object) -> tuple[float, Any]:
        """GET an endpoint of the API."""
        return self._timed("GET", f"{base}{path}?{urlencode(query)}", b"")

    def create_experiment(self, label: str) -> str:
        """The id of a new experiment; its name is `label` and something unique."""
        name = f"{label}-{time.time_ns():x}"
        return str(self.post("experiments/create", {"name": name})[1]["experiment_id"])

    def create_run(self, experiment: str, start_time: int, **more: object) -> str:
        """The id of a new run; `start_time` in milliseconds since 1970."""
        question = {"experiment_id": experiment, "start_time": start_time, **more}
        return str(self.post("runs/create", question)[1]["run"]["info"]["run_id"])

    def search(self, experiment: str, **question: object) -> Iterator[tuple[float, list[Any]]]:
        """The pages of a run search."""
        token: str | None = None
        while token != "":
            more = {"page_token": token} if token else {}
            ask = {"experiment_ids": [experiment], **question, **more}
            seconds, answer = self.post("runs/search", ask)
            token = answer.get("next_page_token", "")
            yield seconds, answer.get("runs", [])

    def history(self, run: str, key: str, page: int = 25_000) -> Iterator[tuple[float, list[Any]]]:
        """The pages of a metric's history."""
        token: str | None = None
        while token != "":
            more = {"page_token": token} if token else {}
            seconds, answer = self.get(
                "metrics/get-history", run_id=run, metric_key=key, max_results=page, **more
            )
            token = answer.get("next_page_token", "")
            yield seconds, answer.get("metrics", [])

    def upload(self, path: str, file: BinaryIO, size: int) -> float:
        """The seconds to PUT a file as an artifact, as clients do that know no parts."""
        file.seek(0)
        head = f"PUT {self._prefix}{ARTIFACTS}{path} HTTP/1.1\r\n{self._host}"
        head += f"Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
        begin = time.perf_counter()
        self._socket.sendall(head.encode())
        self._socket.sendfile(file, 0, size)
        b"".join(self._body("PUT", path))
        return time.perf_counter() - begin

    def download(self, path: str, take: Callable[[memoryview], object]) -> float:
        """The seconds to GET an artifact; `take` is called with each piece of it."""
        begin = time.perf_counter()
        self._send("GET", ARTIFACTS + path)
        for piece in self._body("GET", path):
            take(piece)
        return time.perf_counter() - begin

    def exchange(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of the answer to one request; raises Refused unless its status is 200."""
        self._send(method, path, body)
        return b"".join(self._body(method, path))

    def _send(self, method: str, path: str, body: bytes = b"") -> None:
        head = f"{method} {self._prefix}{path} HTTP/1.1\r\n{self._host}"
        if method == "POST":
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._socket.sendall(f"{head}\r\n".encode() + body)

    def _body(self, method: str, path: str) -> Iterator[memoryview]:
        """The pieces of an answer's body; each is good until the next one is asked for."""
        status = int(self._line().split()[1])
        length, chunked = -1, False  # without a length: all until the connection is closed
        while line := self._line():
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                chunked = b"chunked" in value
        pieces = self._chunks() if chunked else self._pieces(length)
        if status != 200:
            text = b"".join(pieces)[:300].decode(errors="replace")
            raise Refused(f"{method} {path.partition('?')[0]} gave {status}: {text}")
        yield from pieces

    def _timed(self, method: str, path: str, body: bytes) -> tuple[float, Any]:
        begin = time.perf_counter()
        answer = self.exchange(method, path, body)
        seconds = time.perf_counter() - begin
        return seconds, json.loads(answer or b"{}")

    def _line(self) -> bytes:
        line = self._answer.readline()
        if not line:
            raise ConnectionResetError("the connection was closed without an answer")
        return line.strip()

    def _pieces(self, length: int) -> Iterator[memoryview]:
        room = memoryview(bytearray(PIECE if length < 0 else min(length, PIECE)))
        left = length
        while left:
            count = self._answer.readinto(room if left < 0 else room[:left])
            if not count and left > 0:
                raise ConnectionResetError("the connection was closed in the middle of an answer")
            if not count:
                return
            left -= count if left > 0 else 0
            yield room[:count]

    def _chunks(self) -> Iterator[memoryview]:
        while size := int(self._line().partition(b";")[0], 16):
            yield from self._pieces(size)
            self._line()
        while self._line():
            pass  # trailers
