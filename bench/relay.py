"""Stands between a client and a server, counts what the client sends, and can hang up on it."""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import urlsplit, urlunsplit

PIECE = 1 << 20


class Relay:
    """A relay on a port of its own, in threads; a context manager.

    Args:
        url: of the server.

    Attributes: `url` to reach the server through it, `sent` and `received`, the bytes that the
    client has sent and was sent, and `cut`, which is set when it has hung up.
    """

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._server = (where.hostname or "", where.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = urlunsplit(where._replace(netloc=f"127.0.0.1:{port}"))
        self.sent = self.received = 0
        self.cut = threading.Event()
        self._most: int | None = None
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._hang_up()
        self._thread.join()

    def cut_after(self, count: int) -> None:
        """Hang up, on all and for good, when the client has sent so many bytes."""
        self._most = count

    def begin_anew(self) -> None:
        """Let clients through again, and count from 0."""
        self._most, self.sent, self.received = None, 0, 0
        self.cut.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.cut.is_set():
                client.close()
                continue
            server = socket.create_connection(self._server)
            with self._lock:
                self._open |= {client, server}
            for source, target, up in ((client, server, True), (server, client, False)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass_on, args=(source, target, up)).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        room = memoryview(bytearray(PIECE))
        with contextlib.suppress(OSError):
            while count := source.recv_into(room):
                if self._counted(count, up):
                    self._hang_up()
                target.sendall(room[:count])
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(source)
        source.close()

    def _counted(self, count: int, up: bool) -> bool:
        """Whether it is time to hang up."""
        with self._lock:
            if not up:
                self.received += count
                return False
            self.sent += count
            if self._most is None or self.sent < self._most:
                return False
            self.cut.set()
            return True

    def _hang_up(self) -> None:
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
