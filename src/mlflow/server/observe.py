"""What the server tells about its work: counters for Prometheus and the access log.

Counting costs a request less than a microsecond. The numbers of all worker processes lie side by
side in one piece of shared memory, so that any worker can answer for all of them.
"""

import asyncio
import itertools
import mmap
import os
import re
import sys
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timezone
from urllib.parse import quote

import msgspec

from mlflow.version import MILLSTREAM_VERSION, VERSION

#: upper bounds of the histogram of durations, in seconds
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
Noted = tuple[float, str, str, str, int, float, int, str]
_STATUSES = 5
_WHOLE = 4096  # bytes that a pipe takes at once
_LONGEST_PATH = 1000  # characters of a path that are logged
_WIDTH = _STATUSES + len(BUCKETS) + 1 + 1  # answers by class, durations, seconds in all


class Tally:
    """Counters of requests by endpoint, shared by all workers.

    Args:
        names: what requests are counted under; a request is counted by its index here.
        workers: how many processes count.

    Make it before the processes part; each calls `work_as` with its own number.
    """

    def __init__(self, names: Sequence[str], workers: int = 1) -> None:
        self.names = list(names)
        self._workers = workers
        self._stride = 1 + len(self.names) * _WIDTH  # the first number: requests in flight
        self._numbers = memoryview(mmap.mmap(-1, 8 * self._stride * workers)).cast("d")
        self._base = 0
        self._started = time.time()

    def work_as(self, worker: int) -> None:
        """Count for the worker with this number, which has nothing in flight yet."""
        self._base = worker * self._stride
        self._numbers[self._base] = 0

    def begin(self) -> None:
        """A request came."""
        self._numbers[self._base] += 1

    def end(self, name: int, status: int, seconds: float) -> None:
        """It was answered."""
        numbers = self._numbers
        at = self._base
        numbers[at] -= 1
        at += 1 + name * _WIDTH
        numbers[at + status // 100 - 1] += 1
        numbers[at + _STATUSES + bisect_left(BUCKETS, seconds)] += 1
        numbers[at + _WIDTH - 1] += seconds

    def _sum(self, offset: int) -> float:
        return sum(self._numbers[offset + self._stride * index] for index in range(self._workers))

    def render(self) -> bytes:
        """All numbers in the text format of Prometheus."""
        return ("\n".join(self._lines()) + "\n").encode()

    def _lines(self) -> Iterator[str]:
        yield "# HELP mlflow_server_info The versions of this server."
        yield "# TYPE mlflow_server_info gauge"
        yield f'mlflow_server_info{{version="{VERSION}",millstream="{MILLSTREAM_VERSION}"}} 1'
        yield "# HELP mlflow_server_start_time_seconds When the server started (Unix time)."
        yield "# TYPE mlflow_server_start_time_seconds gauge"
        yield f"mlflow_server_start_time_seconds {self._started:.3f}"
        yield "# HELP mlflow_server_workers Worker processes."
        yield "# TYPE mlflow_server_workers gauge"
        yield f"mlflow_server_workers {self._workers}"
        yield "# HELP mlflow_http_requests_in_flight Requests that are being answered."
        yield "# TYPE mlflow_http_requests_in_flight gauge"
        yield f"mlflow_http_requests_in_flight {self._sum(0):.0f}"
        yield "# HELP mlflow_http_requests_total Answered requests by endpoint and status."
        yield "# TYPE mlflow_http_requests_total counter"
        for name, at in self._rows():
            for status in range(_STATUSES):
                if count := self._sum(at + status):
                    labels = f'endpoint="{name}",status="{status + 1}xx"'
                    yield f"mlflow_http_requests_total{{{labels}}} {count:.0f}"
        yield "# HELP mlflow_http_request_duration_seconds Time from request to answer."
        yield "# TYPE mlflow_http_request_duration_seconds histogram"
        for name, at in self._rows():
            counts = [self._sum(at + _STATUSES + i) for i in range(len(BUCKETS) + 1)]
            if not any(counts):
                continue
            metric = "mlflow_http_request_duration_seconds"
            for bound, total in zip(
                (*(f"{bound:g}" for bound in BUCKETS), "+Inf"),
                itertools.accumulate(counts),
                strict=True,
            ):
                yield f'{metric}_bucket{{endpoint="{name}",le="{bound}"}} {total:.0f}'
            yield f'{metric}_sum{{endpoint="{name}"}} {self._sum(at + _WIDTH - 1):.6f}'
            yield f'{metric}_count{{endpoint="{name}"}} {sum(counts):.0f}'

    def _rows(self) -> Iterator[tuple[str, int]]:
        for index, name in enumerate(self.names):
            yield name, 1 + index * _WIDTH


class Line(msgspec.Struct):
    """One line of the access log."""

    at: str
    client: str
    method: str
    path: str
    status: int
    ms: float
    bytes: int
    request: str


class AccessLog:
    """One JSON line per request, written a few times a second and never by the event loop.

    Args:
        descriptor: where it is written to; standard output unless told otherwise.
        most: lines that wait at most; when the reader is slower than that, lines are dropped
            and a line tells how many.
    """

    INTERVAL = 0.2

    def __init__(self, descriptor: int | None = None, most: int = 20_000) -> None:
        self._descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        self._most = most
        self._waiting: list[Noted] = []
        self._dropped = 0
        self._due = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="access-log")

    def add(
        self,
        client: str,
        method: str,
        path: str,
        status: int,
        seconds: float,
        size: int,
        request_id: str,
    ) -> None:
        """Note an answered request."""
        if len(self._waiting) >= self._most:
            self._dropped += 1
            return
        self._waiting.append((time.time(), client, method, path, status, seconds, size, request_id))
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(self.INTERVAL, self._flush)

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        lines, self._waiting = self._waiting, []
        dropped, self._dropped = self._dropped, 0
        loop.run_in_executor(self._writer, self._write, lines, dropped).add_done_callback(
            lambda _: self._rest(loop)
        )

    def _rest(self, loop: asyncio.AbstractEventLoop) -> None:
        """After a write: the next one, if lines came meanwhile."""
        self._due = bool(self._waiting)
        if self._due:
            loop.call_later(self.INTERVAL, self._flush)

    def _write(self, lines: list[Noted], dropped: int) -> None:
        encode = msgspec.json.Encoder().encode
        texts = [
            encode(
                Line(
                    _clock(at),
                    client,
                    method,
                    _shown(path),
                    status,
                    round(took * 1e3, 3),
                    size,
                    name,
                )
            )
            for at, client, method, path, status, took, size, name in lines
        ]
        if dropped:
            texts.append(encode({"at": _clock(time.time()), "lines_dropped": dropped}))
        # Nobody reads it any more, or the disk is full: the server is worth more than its log.
        with suppress(OSError):
            for text in _pieces(texts):
                os.write(self._descriptor, text)

    def close(self) -> None:
        """Write the rest; nothing is added after this."""
        self._writer.submit(self._write, self._waiting, self._dropped)
        self._waiting = []
        self._writer.shutdown(wait=True)


def _pieces(texts: Iterable[bytes]) -> Iterator[bytes]:
    """Lines in pieces that a pipe takes whole, so that lines of several workers never mix."""
    piece = b""
    for text in texts:
        if len(piece) + len(text) >= _WHOLE:
            yield piece
            piece = b""
        piece += text + b"\n"
    yield piece


def _shown(path: str) -> str:
    """A path that does nothing to a terminal: some characters above 127 are orders, too."""
    path = path[:_LONGEST_PATH]
    return path if path.isprintable() else quote(path, errors="replace")


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class RequestIds:
    """A name for each request, by which its line in the log is found."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._start = os.urandom(4).hex()

    def name(self, given: bytes | None) -> str:
        """The name that a proxy gave if it is a decent one, else a new one."""
        if given is not None and _DECENT.fullmatch(given):
            return given.decode("ascii")
        return f"{self._start}-{next(self._count):x}"


_DECENT = re.compile(rb"[A-Za-z0-9._:+/=-]{1,100}")
