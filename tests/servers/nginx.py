"""A real nginx with its defaults in front of one of our servers.

Its defaults are what most installations have: bodies of at most 1 MB, time-outs of 60 seconds,
requests and answers buffered, HTTP/1.0 to the server behind.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.processes import free_port, open_folder, stop, unprivileged, wait_until


class Nginx:
    """A running nginx.

    Attributes:
        url: its address.
    """

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log

    def answered(self) -> list[tuple[int, str, int]]:
        """Status, method and bytes of the body's declared length of each request so far."""
        found = []
        for line in self._log.read_text().splitlines():
            status, method, length = line.split()
            found.append((int(status), method, int(length) if length != "-" else 0))
        return found


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
    port = free_port()
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
        yield Nginx(f"http://127.0.0.1:{port}", asked)
    finally:
        stop(process)
        shutil.rmtree(folder)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True
