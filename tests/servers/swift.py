"""OpenStack Swift with its S3 API: another real store, with other habits than Ceph."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow.blobs.s3.credentials import Keys
from tests.servers.object_stores import S3Server
from tests.servers.processes import free_port, open_folder, stop, wait_until

PYTHON = "/usr/bin/python3"
_PROGRAMS = (
    *("swift-proxy-server", "swift-account-server"),
    *("swift-container-server", "swift-object-server"),
)


def missing_programs() -> list[str]:
    """What is not installed of what it needs."""
    return [program for program in (PYTHON, *_PROGRAMS) if shutil.which(program) is None]


@contextmanager
def run_swift() -> Iterator[S3Server]:
    """All of Swift, in one process of the system's Python."""
    folder = open_folder("swift")
    log = folder / "log"
    port = free_port()
    program = Path(__file__).with_name("swift_program.py")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PYTHON, "-P", program, folder, str(port)],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: b"ready" in log.read_bytes(), process, "Swift", log)
        yield S3Server(
            f"http://127.0.0.1:{port}", Keys("test:tester", "testing"), folder, [process]
        )
    finally:
        stop(process)
        shutil.rmtree(folder)
