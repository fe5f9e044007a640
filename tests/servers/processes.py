"""What every server of the tests needs: a free port, a folder, a wait with a deadline, an end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

READY_SECONDS = 30.0
STOP_SECONDS = 20.0


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
