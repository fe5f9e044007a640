"""A real nginx with its defaults in front of one of our servers.

Its defaults are what most installations have: bodies of at most 1 MB, time-outs of 60 seconds,
requests and answers buffered, HTTP/1.0 to the server behind.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.processes import (
    READY_SECONDS,
    free_port,
    open_folder,
    stop,
    unprivileged,
    wait_until,
)


class Nginx:
    """A running nginx.

    Attributes:
        url: its address.
    """

    def __init__(self, url: str, log: Path, status: str) -> None:
        self.url = url
        self._log = log
        self._status = status

    def answered(self) -> list[tuple[int, str, int]]:
        """Status, method and bytes of the body's declared length of each request so far.

        Clients must have read their answers, and ended the connections on which they were refused.
        """
        end = time.monotonic() + READY_SECONDS
        # A request is noted when its connection is done with it, which clients do not see.
        while self._at_work() > 1:  # the one that asks
            assert time.monotonic() < end, "nginx still waits for a client"
            time.sleep(0.005)
        found = []
        for line in self._log.read_text().splitlines():
            status, method, length = line.split()
            found.append((int(status), method, int(length) if length != "-" else 0))
        return found

    def _at_work(self) -> int:
        """How many connections are in the middle of a request."""
        with urllib.request.urlopen(self._status, timeout=READY_SECONDS) as answer:
            words = answer.read().decode().split()
        return int(words[words.index("Reading:") + 1]) + int(words[words.index("Writing:") + 1])


@contextmanager
def run_nginx(behind: str, settings: str = "") -> Iterator[Nginx]:
    """An nginx in front of the server at the address `behind`.

    Args:
        settings: further directives of its `server` block.
    """
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert program is not None, "nginx is not installed: run scripts/servers."
    folder = open_folder("nginx")
    user = unprivileged()
    port, status_port = free_port(), free_port()
    kept = "\n".join(
        f"    {name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""\
daemon off;
pid {folder}/pid;
events {{ }}
http {{
{kept}
    log_format asked '$status $request_method $http_content_length';
    access_log {folder}/asked asked;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass {behind}; }}
        {settings}
    }}
    server {{
        listen 127.0.0.1:{status_port};
        access_log off;
        location / {{ stub_status; }}
    }}
}}
"""
    )
    log, asked = folder / "log", folder / "asked"
    asked.touch()
    if user is not None:
        shutil.chown(folder, user)
        shutil.chown(asked, user)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "-e", "stderr", "-p", folder, "-c", configuration],
            stdout=output,
            stderr=output,
            cwd=folder,
            user=user,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _listens(port), process, "nginx", log)
        asked.write_text("")  # without what waiting for it has asked
        yield Nginx(f"http://127.0.0.1:{port}", asked, f"http://127.0.0.1:{status_port}/")
    finally:
        stop(process)
        shutil.rmtree(folder)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True
