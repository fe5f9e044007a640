"""The servers that are measured: started on an empty folder, watched through /proc, stopped."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api import Api, Refused

READY_SECONDS = 120.0
STOP_SECONDS = 20.0
PEAK_SECONDS = 0.02
MIB = 1 << 20


class NotStarted(Exception):
    """The server ended, or gave no 200 on /health in time."""


def environment() -> dict[str, str]:
    """This process's environment; programs may keep their bytecode, as they do for users."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


@dataclass
class Server:
    """A server by the name it has in the table.

    Attributes:
        command: starts it; `{port}` and `{dir}` (also its working folder) are filled in. Empty
            for one that somebody else runs.
        url: where it is; set anew at every start of `command`.
        prepare: shell command before a start on an empty folder, say to empty a database.
        size: shell command that prints the bytes it stores; by default those below `{dir}`.
        python: interpreter in whose environment `import mlflow` is the client to measure.
        bucket: URL of the object store behind it, such as `s3://bucket`.
        quiet: seconds that it must use less than a third of a core to count as idle.
    """

    name: str
    command: str = ""
    url: str = ""
    prepare: str = ""
    size: str = ""
    python: str = ""
    bucket: str = ""
    quiet: float = 1.0

    @contextlib.contextmanager
    def fresh(self) -> Iterator[None]:
        """Run on an empty folder, idle at first; a server of somebody else is left as it is."""
        if not self.command:
            yield
            return
        with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
            self._folder = Path(folder)
            if self.prepare:
                command = self.prepare.replace("{dir}", folder)
                subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)
            try:
                self.start()
                self.settle()
                yield
            finally:
                self.stop()

    def start(self) -> float:
        """The seconds from the start of the process to the first 200 on /health."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        filled = self.command.replace("{port}", str(port)).replace("{dir}", str(self._folder))
        program, *arguments = shlex.split(filled)
        if "/" in program:  # relative to where we are, not to the folder it runs in
            program = str(Path(program).absolute())
        self.url = f"http://127.0.0.1:{port}"
        log = self._folder / "server.log"
        begin = time.perf_counter()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [program, *arguments],
                cwd=self._folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        while time.perf_counter() - begin < READY_SECONDS and self._process.poll() is None:
            with contextlib.suppress(OSError, Refused), Api(self.url) as api:
                api.exchange("GET", "/health")
                return time.perf_counter() - begin
            time.sleep(0.002)
        raise NotStarted(f"{self.name} did not start: {log.read_text(errors='replace')[-1000:]}")

    def stop(self) -> None:
        """End the process and all that it has started."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def settle(self) -> None:
        """Wait until the work that follows a start is over, for a minute at most."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            before = self._processor_seconds()
            time.sleep(self.quiet)
            if self._processor_seconds() - before < self.quiet / 3:
                return

    def resident_mib(self) -> float:
        """Resident memory of all its processes; pages that n of them share count n times."""
        pages = sum(int(fields[21]) for _, fields in self._processes())
        return pages * os.sysconf("SC_PAGE_SIZE") / MIB

    @contextlib.contextmanager
    def peak(self) -> Iterator[list[float]]:
        """A list that gets the largest resident memory, in MiB, when the work inside is done."""
        told, ended = [self.resident_mib()], threading.Event()

        def watch() -> None:
            while not ended.wait(PEAK_SECONDS):
                told[0] = max(told[0], self.resident_mib())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield told
        finally:
            ended.set()
            watcher.join()

    def proportional_mib(self) -> float:
        """Memory of all its processes; a page that n of them share counts once."""
        kib = 0
        for pid, _ in self._processes():
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                kib += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return kib / 1024

    def stored(self) -> int | None:
        """The bytes it keeps on disk; None when nobody said how to find out."""
        if self.size:
            told = subprocess.run(self.size, shell=True, check=True, capture_output=True)
            return int(told.stdout)
        if not self.command:
            return None
        files = [path for path in self._folder.rglob("*") if path.name != "server.log"]
        return sum(path.stat().st_size for path in files if path.is_file())

    def _processor_seconds(self) -> float:
        ticks = sum(int(fields[11]) + int(fields[12]) for _, fields in self._processes())
        return ticks / os.sysconf("SC_CLK_TCK")

    def _processes(self) -> list[tuple[str, list[str]]]:
        """Id and `stat` (from the state on) of every process in the session of our process."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = path.read_text().rpartition(")")[2].split()
                if fields[3] == str(self._process.pid):
                    found.append((path.parent.name, fields))
        return found
