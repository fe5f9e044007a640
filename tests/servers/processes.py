"""What every server of the tests needs: a free port, a folder, a wait with a deadline, an end."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

READY_SECONDS = 30.0
STOP_SECONDS = 20.0


class _Ports:
    """Ports that nobody else is given before they are listened on, and again between restarts.

    A port that the system chooses may be that of somebody's connection a moment later. These are
    below those that it chooses from, each process of the tests has a block of its own, which it
    holds by listening on the block's first port, and takes them in turn.
    """

    _LOWEST, _END, _BLOCK = 16_000, 32_000, 500

    def __init__(self) -> None:
        self._process = 0
        self._turn: Iterator[int] = iter(())
        self._held: list[socket.socket] = []
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            if self._process != os.getpid():  # a child of a fork needs a block of its own
                self._process = os.getpid()
                self._claim()
            for _ in range(self._BLOCK):
                port = next(self._turn)
                with socket.socket() as probe, suppress(OSError):
                    probe.bind(("127.0.0.1", port))
                    return port
        raise RuntimeError("Every port that is kept for the tests is taken.")

    def _claim(self) -> None:
        for first in range(self._LOWEST, self._END, self._BLOCK):
            mark = socket.socket()
            try:
                mark.bind(("127.0.0.1", first))
                mark.listen()
            except OSError:
                mark.close()
                continue
            self._held.append(mark)
            self._turn = itertools.cycle(range(first + 1, first + self._BLOCK))
            return
        raise RuntimeError("Every block of ports is held by another run of the tests.")


_PORTS = _Ports()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, nor will unless it is told of it."""
    return _PORTS.next()


def open_folder(name: str) -> Path:
    """A new folder that another system user may enter (pytest's own folders are private)."""
    folder = Path(tempfile.mkdtemp(prefix=f"millstream-{name}-"))
    folder.chmod(0o755)
    return folder


def wait_until(
    ready: Callable[[], bool],
    process: subprocess.Popen[bytes],
    what: str,
    log: Path,
    seconds: float = READY_SECONDS,
) -> None:
    """Return when `ready()`; fail with the log's end when `process` ends or time is up."""
    deadline = time.monotonic() + seconds
    while not ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            stop(process, signal.SIGKILL)
            reason = f"ended with {process.returncode}" if ended else f"took {seconds:.0f} s"
            text = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise RuntimeError(f"{what} did not start: it {reason}.\n{text}")
        time.sleep(0.01)


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """End `process` and its group (it must lead its own session), at the latest by force."""
    if process.poll() is None:
        process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def unprivileged() -> str | None:
    """The user to run a server as which refuses to run as root; None: we are not root."""
    return "nobody" if os.geteuid() == 0 else None
