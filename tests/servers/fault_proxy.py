"""A relay in front of a server on which the network's faults happen at chosen bytes.

    with FaultProxy(server.url) as proxy:
        proxy.add(cut(5_000_000))                                   # the first connection's upload
        proxy.add(flip(0, request=b"PUT /part", in_body=True))      # the first byte of that body
        proxy.add(cut(0, DOWN, request=b"POST /complete"))          # the answer is lost
        ...  # a client that talks to proxy.url

A fault happens once (or `times`) on the first connection that gets there. Where that is depends on
bytes alone, never on the clock, so the same client meets the same faults in every run; `drawn`
makes cuts from a seed. Everything may be set, and read, while connections are open.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from tests.servers.processes import free_port

#: from client to server, and back
UP: Literal["up"] = "up"
DOWN: Literal["down"] = "down"
Side = Literal["up", "down"]

_PIECE = 128 * 1024
_HEAD_END = b"\r\n\r\n"
_LONGEST_REQUEST = 512
_FOR_EVER = 3600.0
_SLOW_BUFFER = 16 * 1024
_NETWORK_SEGMENT = 1448


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong; made by `cut`, `flip`, `delay`, `stall` and `call`.

    Args:
        kind: what happens.
        at: how many bytes pass before it does, counted from where the request begins (on the way
            down: from the first byte of its answer).
        side: the way that it happens on.
        request: how the request begins, such as `PUT /a`; the connection's first byte when empty.
        in_body: count from the first byte after the head instead.
        times: how many requests it happens to.
        seconds: how long a delay takes.
        action: what is called.
    """

    kind: Literal["cut", "flip", "delay", "call"]
    at: int
    side: Side
    request: bytes
    in_body: bool
    times: int
    seconds: float = 0.0
    action: Callable[[], object] | None = None


def cut(
    at: int, side: Side = UP, request: bytes = b"", *, in_body: bool = False, times: int = 1
) -> Fault:
    """Both ways of the connection end, after `at` bytes have passed."""
    return Fault("cut", at, side, request, in_body, times)


def flip(
    at: int, side: Side = UP, request: bytes = b"", *, in_body: bool = False, times: int = 1
) -> Fault:
    """All bits of byte `at`, counted from 0, arrive as their opposites."""
    return Fault("flip", at, side, request, in_body, times)


def delay(
    seconds: float,
    at: int = 0,
    side: Side = UP,
    request: bytes = b"",
    *,
    in_body: bool = False,
    times: int = 1,
) -> Fault:
    """Byte `at` and all after it come `seconds` later; ends early with the proxy."""
    return Fault("delay", at, side, request, in_body, times, seconds)


def stall(
    at: int = 0, side: Side = UP, request: bytes = b"", *, in_body: bool = False, times: int = 1
) -> Fault:
    """Nothing more passes that way, and nobody is told."""
    return Fault("delay", at, side, request, in_body, times, _FOR_EVER)


def call(
    action: Callable[[], object],
    at: int,
    side: Side = UP,
    request: bytes = b"",
    *,
    in_body: bool = False,
    times: int = 1,
) -> Fault:
    """`action()` is called when `at` bytes have passed; what comes after waits for it."""
    return Fault("call", at, side, request, in_body, times, action=action)


def drawn(seed: int, count: int, most: int, sides: Sequence[Side] = (UP, DOWN)) -> list[Fault]:
    """Cuts at places between 0 and `most`, the same ones for the same seed."""
    dice = random.Random(seed)
    return [cut(dice.randrange(most), dice.choice(list(sides))) for _ in range(count)]


class FaultProxy:
    """Passes everything on between clients and the server at `target`; a context manager.

    Attributes:
        url: the server's address, through here.

    Args:
        target: address of the server, with its port.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        #: what has passed, or is about to: who has received a byte finds it counted here
        self._totals: dict[Side, int] = {UP: 0, DOWN: 0}
        self._passed: dict[Side, int] = {UP: 0, DOWN: 0}
        self._moments: list[tuple[Side, int, Callable[[], object]]] = []
        self._open: set[_Connection] = set()
        self._made = 0
        self._is_away = False
        self._rate: float | None = None
        self.closed = threading.Event()
        self.port = free_port()  # nobody else is given it while it is away
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.url = parts._replace(netloc=f"127.0.0.1:{self.port}").geturl()
        self._listen()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what goes wrong -----------------------------------------------------

    @property
    def rate(self) -> float | None:
        """Bytes per second that each way of a connection lets through; None: all it can.

        It is set before connections are made: theirs have the small buffers of a slow line.
        """
        return self._rate

    @rate.setter
    def rate(self, rate: float | None) -> None:
        self._rate = rate
        if rate is not None:
            # Segments as on a network: the buffers of a sender begin with ten of them.
            self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _NETWORK_SEGMENT)

    def add(self, *faults: Fault) -> None:
        """Let these happen, too."""
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        """Let nothing more happen but what a connection has begun to count for."""
        with self._lock:
            self._faults.clear()
            self._moments.clear()

    def pending(self) -> list[Fault]:
        """What has not found its request yet."""
        with self._lock:
            return [*self._faults]

    def when(self, total: int, action: Callable[[], object], side: Side = UP) -> None:
        """Call `action()` once when `total` bytes have passed that way, on all connections.

        It is called by the connection that is there first. Others may be a little further by then.
        """
        with self._lock:
            self._moments.append((side, total, action))

    def away(self) -> None:
        """Refuse new connections and end the open ones."""
        # Closing alone does not wake the thread that waits for the next connection.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listening.join()
        with self._lock:
            self._is_away = True
        self.cut()

    def back(self) -> None:
        """Take connections again, at the same address."""
        with self._lock:
            self._is_away = False
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._listen()

    def cut(self) -> None:
        """End all open connections."""
        with self._lock:
            connections = [*self._open]
        for connection in connections:
            connection.end()

    def close(self) -> None:
        """End everything."""
        self.closed.set()
        self.away()

    # -- what has passed -----------------------------------------------------

    @property
    def up(self) -> int:
        """Bytes that clients have sent to the server."""
        with self._lock:
            return self._totals[UP]

    @property
    def down(self) -> int:
        """Bytes that the server has sent to clients."""
        with self._lock:
            return self._totals[DOWN]

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        with self._lock:
            return self._made

    def forget(self) -> None:
        """Count bytes and connections from 0 again."""
        with self._lock:
            self._totals = {UP: 0, DOWN: 0}
            self._passed = {UP: 0, DOWN: 0}
            self._made = 0

    # -- used by connections -------------------------------------------------

    def _listen(self) -> None:
        listener = self._listener
        self._listening = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        self._listening.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target, timeout=10)
        except OSError:  # as if the server itself had refused
            _reset(client)
            return
        server.settimeout(None)
        connection = _Connection(self, client, server)
        with self._lock:
            self._open.add(connection)
            self._made += 1
            is_away = self._is_away  # since this one was accepted
        if is_away:
            connection.end()
        connection.run()
        with self._lock:
            self._open.discard(connection)

    def taken(self, begins: Callable[[bytes], int]) -> list[tuple[Fault, int]]:
        """The faults whose request begins in what `begins` looks at, and where; they count down."""
        found = []
        with self._lock:
            for index, fault in reversed([*enumerate(self._faults)]):
                if (position := begins(fault.request)) < 0:
                    continue
                found.append((fault, position))
                if fault.times == 1:
                    del self._faults[index]
                else:
                    self._faults[index] = replace(fault, times=fault.times - 1)
        return found

    def count(self, side: Side, count: int) -> None:
        """Count bytes that are about to pass."""
        with self._lock:
            self._totals[side] += count

    def passed(self, side: Side, count: int) -> list[Callable[[], object]]:
        """Note that bytes have passed; what is to be called now."""
        with self._lock:
            self._passed[side] += count
            total = self._passed[side]
            due = [moment for moment in self._moments if moment[0] == side and moment[1] <= total]
            self._moments = [moment for moment in self._moments if moment not in due]
        return [action for _, _, action in due]

    def until_moment(self, side: Side) -> int:
        """How many bytes may pass before something is to be called."""
        with self._lock:
            left = [at - self._passed[side] for of, at, _ in self._moments if of == side]
        return max(1, min(left, default=_PIECE))


class _Armed:
    """A fault that waits for its byte on one way of a connection."""

    def __init__(self, fault: Fault, begin: int) -> None:
        self.fault = fault
        self.begin = begin
        #: the byte it happens at; None until the head has ended
        self.at = None if fault.in_body else begin + fault.at


class _Way:
    """What has passed in one direction of a connection."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.count = 0
        self.tail = b""
        self.armed: list[_Armed] = []

    def take(self, data: bytes) -> list[_Armed]:
        """The faults that happen within `data`, which passes now, in order."""
        seen = self.tail + data
        base = self.count - len(self.tail)
        for armed in self.armed:
            if armed.at is None:
                end = seen.find(_HEAD_END, max(0, armed.begin - base))
                if end >= 0:
                    armed.at = base + end + len(_HEAD_END) + armed.fault.at
        until = self.count + len(data)
        due = [armed for armed in self.armed if armed.at is not None and _is_due(armed, until)]
        self.armed = [armed for armed in self.armed if armed not in due]
        return sorted(due, key=lambda armed: armed.at or 0)

    def passing(self, data: bytes) -> None:
        """`data` has been dealt with."""
        self.count += len(data)
        self.tail = (self.tail + data)[-_LONGEST_REQUEST:]


def _is_due(armed: _Armed, until: int) -> bool:
    # A cut comes after its last byte; what changes or holds up a byte waits for that byte.
    assert armed.at is not None
    return armed.at <= until if armed.fault.kind in ("cut", "call") else armed.at < until


class _Connection:
    """One client's connection and the one to the server that belongs to it."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._sockets = (client, server)
        self._lock = threading.Lock()
        self._ways: dict[Side, _Way] = {UP: _Way(UP), DOWN: _Way(DOWN)}
        self._ended = False
        for each in self._sockets:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if proxy.rate is not None:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_BUFFER)
                each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SLOW_BUFFER)

    def run(self) -> None:
        """Pass on until both ways have ended."""
        client, server = self._sockets
        back = threading.Thread(target=self._pass_on, args=(server, client, DOWN), daemon=True)
        back.start()
        self._pass_on(client, server, UP)
        back.join()
        with self._lock:
            self._ended = True
        for each in self._sockets:
            each.close()

    def end(self) -> None:
        """Break off both ways."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            for each in self._sockets:
                _abort(each)

    def _pass_on(self, source: socket.socket, sink: socket.socket, side: Side) -> None:
        try:
            while data := source.recv(min(_PIECE, self._proxy.until_moment(side))):
                if not self._pass(data, sink, side):
                    self.end()
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            self.end()

    def _pass(self, data: bytes, sink: socket.socket, side: Side) -> bool:
        """Pass `data` on with what happens to it; whether the connection lives."""
        way = self._ways[side]
        with self._lock:
            begin = way.count
            if side == UP:
                self._arm(data)
            due = way.take(data)
            way.passing(data)
        done = 0
        changed = bytearray(data)
        for armed in due:
            fault = armed.fault
            at = max(done, (armed.at or 0) - begin)
            if fault.kind == "flip":
                changed[at] ^= 0xFF
                continue
            self._send(changed[done:at], sink, side)
            done = at
            if fault.kind == "cut":
                return False
            if fault.kind == "call":
                assert fault.action is not None
                fault.action()
            else:
                self._proxy.closed.wait(fault.seconds)
        self._send(changed[done:], sink, side)
        return True

    def _arm(self, data: bytes) -> None:
        """Take the faults whose request begins in `data`; the lock is held."""
        up, down = self._ways[UP], self._ways[DOWN]
        seen = up.tail + data
        base = up.count - len(up.tail)

        def begins(request: bytes) -> int:
            if not request:
                return 0 if up.count == 0 else -1
            # What ended before was looked at before.
            return seen.find(request, max(0, len(up.tail) - len(request) + 1))

        for fault, position in self._proxy.taken(begins):
            if fault.side == UP:
                up.armed.append(_Armed(fault, base + position))
            else:
                down.armed.append(_Armed(fault, down.count))

    def _send(self, data: bytearray, sink: socket.socket, side: Side) -> None:
        if not data:
            return
        self._proxy.count(side, len(data))
        rate = self._proxy.rate
        if rate is None:
            sink.sendall(data)
        else:
            for start in range(0, len(data), 4096):
                piece = data[start : start + 4096]
                began = time.monotonic()
                sink.sendall(piece)
                self._proxy.closed.wait(max(0.0, len(piece) / rate - (time.monotonic() - began)))
        for action in self._proxy.passed(side, len(data)):
            action()


def _abort(connection: socket.socket) -> None:
    """End a connection, whoever reads from it at the moment; what was sent still arrives."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    """End a connection with a reset, as a closed port does."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
