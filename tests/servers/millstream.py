"""Our own server, run as a user runs it: `python -m mlflow server` in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.servers.processes import free_port, stop, wait_until


class RunningServer:
    """A server process with its own session, on a free port of 127.0.0.1.

    Attributes: `url` to reach it, `pid` of its main process, `folder` it was started in,
    `store` (the `--backend-store-uri`, or None for the embedded default in `folder`) and
    `log`, the file with what it printed. It may be stopped or killed, and started again on the
    same port and store.

    Args:
        folder: where it runs, and where its log goes.
        store: `--backend-store-uri`; None: the embedded default in `folder`.
        options: further options of `mlflow server`.
        environment: variables on top of this process's own.
        python: the interpreter; another one than ours has our package installed.
        prefix: what `--static-prefix` in `options` puts in front of every route.
        command: `server`, or its other name `ui`.
    """

    def __init__(
        self,
        folder: Path,
        store: str | None = None,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        python: Path = Path(sys.executable),
        prefix: str = "",
        command: str = "server",
    ) -> None:
        self.folder = folder
        self.store = store
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{prefix}"
        self.log = folder / f"server-{self.port}.log"
        self._options = [*options]
        self._command = [str(python), "-m", "mlflow", command]
        self._environment = {**os.environ, **(environment or {})}
        self.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def start(self) -> None:
        """Start the process and wait until `/health` answers 200."""
        command = [*self._command, "--port", str(self.port)]
        if self.store is not None:
            command += ["--backend-store-uri", self.store]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, *self._options],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self.healthy, self.process, "mlflow server", self.log)

    def stop(self) -> int:
        """Ask the server to end (SIGTERM), wait for it, return its exit code."""
        stop(self.process)
        return self.process.returncode

    def kill(self) -> None:
        """End all its processes at once, as a power cut would (SIGKILL)."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def healthy(self) -> bool:
        """Whether `/health` answers 200."""
        try:
            return self.request("GET", "/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of one request to `path` below `url`, on a connection of its own."""
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.netloc, timeout=30)
        try:
            connection.request(method, where.path + path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def call(self, method: str, path: str, question: object = None) -> Any:
        """The JSON answer of `/api/2.0/mlflow/{path}`; any status but 200 is an error."""
        body = None if question is None else json.dumps(question).encode()
        status, answer = self.request(
            method, f"/api/2.0/mlflow/{path}", body, {"Content-Type": "application/json"}
        )
        assert status == 200, f"{method} {path}: {status} {answer.decode()}"
        return json.loads(answer)
