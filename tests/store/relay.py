"""A relay in front of a database server that loses the answer to a COMMIT when told to."""

from __future__ import annotations

import re
import select
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Relay:
    """Passes everything on between clients and the database server at `url`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        default = 3306 if parts.scheme == "mysql" else 5432
        self._server = (parts.hostname or "127.0.0.1", parts.port or default)
        self._listener = socket.create_server(("127.0.0.1", 0))
        user = f"{parts.username}@" if parts.username else ""
        port = self._listener.getsockname()[1]
        #: the same database, through here
        self.url = parts._replace(netloc=f"{user}127.0.0.1:{port}").geturl()
        self._wanted: re.Pattern[bytes] | None = None
        #: how many answers were lost
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_commit_after(self, statement: str) -> None:
        """Cut the next connection that sends `statement` (a pattern), once its COMMIT is done."""
        self._wanted = re.compile(statement.encode())

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        marked = False
        with client, socket.create_connection(self._server) as server, suppress(OSError):
            while True:
                ready = select.select([client, server], [], [])[0]
                if client in ready:
                    data = client.recv(1 << 16)
                    if not data:
                        return
                    if self._wanted is not None and self._wanted.search(data):
                        self._wanted = None
                        marked = True
                    server.sendall(data)
                    if marked and b"COMMIT" in data:
                        server.recv(1 << 16)  # so it is done
                        self.lost += 1
                        return
                if server in ready:
                    data = server.recv(1 << 16)
                    if not data:
                        return
                    client.sendall(data)
