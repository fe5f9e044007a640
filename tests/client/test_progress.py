"""What is shown while a transfer takes its time: on terminals only, and after a second."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from mlflow.client.progress import amount
from tests.client.test_transfer import SEND
from tests.servers.fault_proxy import FaultProxy
from tests.servers.millstream import RunningServer

PATIENCE = "from mlflow.client import progress\nprogress._PATIENCE = "


def sent(url: str, file: Path, *, terminal: bool, patience: str = "1", **settings: str) -> str:
    """What a process that sends a file shows on standard error, if it takes so many seconds."""
    reader, writer = pty.openpty() if terminal else os.pipe()
    if terminal:
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", f"{PATIENCE}{patience}\n{SEND}", url, "send", str(file)],
        stderr=writer,
        env={**os.environ, "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "300000", **settings},
    )
    os.close(writer)
    shown = b""
    while True:
        try:
            piece = os.read(reader, 65536)
        except OSError:  # so a terminal ends
            break
        if not piece:
            break
        shown += piece
    os.close(reader)
    assert process.wait(60) == 0
    return shown.decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(20_000_000))
    return path


def test_on_a_terminal(running_server: RunningServer, file: Path) -> None:
    with FaultProxy(running_server.url) as proxy:
        proxy.rate = 2_000_000  # of each of the four connections
        shown = sent(proxy.url, file, terminal=True)
    assert "Sending large.bin" in shown
    assert "%|" in shown
    assert "B/s" in shown


@pytest.mark.parametrize("part", ["20000000", "50000000"])
def test_a_part_is_seen_on_its_way(running_server: RunningServer, file: Path, part: str) -> None:
    """Also the only one, and also a body that is the whole file."""
    with FaultProxy(running_server.url) as proxy:
        proxy.rate = 5_000_000
        shown = sent(
            proxy.url,
            file,
            terminal=True,
            MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE=part,
            MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE=part,
        )
    seen = [int(number) for number in re.findall(r"(\d+)%\|", shown)]
    assert len({number for number in seen if 0 < number < 100}) > 5
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("terminal", "settings"),
    [(False, {}), (True, {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"})],
)
def test_nowhere_else(
    running_server: RunningServer, file: Path, terminal: bool, settings: dict[str, str]
) -> None:
    with FaultProxy(running_server.url) as proxy:
        proxy.rate = 2_000_000
        assert sent(proxy.url, file, terminal=terminal, **settings) == ""


def test_not_for_what_is_quick(running_server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"small")
    # However long it takes on this machine: it is less than what counts as long here.
    assert sent(running_server.url, tmp_path / "small", terminal=True, patience="60") == ""


def test_amounts() -> None:
    assert [amount(count) for count in (0, 1023, 1536, 5 * 1024**2, 9.2 * 1024**3, 2**41)] == [
        *("0 B", "1023 B", "1.5 KiB", "5.0 MiB", "9.2 GiB", "2.0 TiB"),
    ]
