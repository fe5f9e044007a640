"""Clients that log or fetch artifacts in processes of their own, which may be killed at any byte.

They are forked from a process that has imported all there is to import, so that hundreds of them
cost little, and each begins with nothing of another one.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

#: small parts, so that small files have many; impatient, so that a round is short
SETTINGS = {
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "262144",
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "262144",
    "MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE": "262144",
    "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": "262144",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "9",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0.05",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0.05",
}
PART = 262_144
PATIENCE = 60.0

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    [
        "mlflow.client",
        "mlflow.client.transfer",
        "mlflow.blobs.served.place",
        "urllib3",
        "http.client",
    ]
)


class Outcome(NamedTuple):
    """How a call ended.

    Args:
        answer: what it returned, None when it failed or was killed.
        error: its error's text, empty unless it failed.
        code: its error code.
        killed: whether it was killed before its end.
    """

    answer: str | None = None
    error: str = ""
    code: str = ""
    killed: bool = False


class Client:
    """One call of an `MlflowClient` in a process of its own.

    Args:
        url: the tracking server.
        folder: where it runs.
        verb: the name of the method.
        arguments: what it is called with.
        settings: variables on top of SETTINGS.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        verb: str,
        *arguments: str,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._heard, told = _processes.Pipe(duplex=False)
        environment = {**os.environ, **SETTINGS, **(settings or {})}
        self._process = _processes.Process(
            target=_run, args=(told, url, str(folder), environment, verb, arguments), daemon=True
        )
        self._process.start()
        told.close()
        self._outcome: Outcome | None = None
        #: set when the process has ended
        self.ended = threading.Event()
        threading.Thread(target=self._wait, daemon=True).start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self._process.kill()

    def outcome(self) -> Outcome:
        """How it ended, once it has."""
        if not self.ended.wait(PATIENCE):
            self.kill()
            raise AssertionError(f"the client did not end within {PATIENCE:.0f} s")
        assert self._outcome is not None
        return self._outcome

    def _wait(self) -> None:
        try:
            self._outcome = Outcome(*self._heard.recv())
        except EOFError:
            self._outcome = Outcome(killed=True)
        self._process.join()
        self._heard.close()
        self.ended.set()


def done(
    url: str,
    folder: Path,
    verb: str,
    *arguments: str,
    settings: Mapping[str, str] | None = None,
) -> str:
    """What a call in a process of its own returned; it must not fail."""
    outcome = Client(url, folder, verb, *arguments, settings=settings).outcome()
    assert outcome.answer is not None, outcome
    return outcome.answer


def _run(
    told: Connection,
    url: str,
    folder: str,
    environment: dict[str, str],
    verb: str,
    arguments: tuple[str, ...],
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    errors = os.open("client.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(errors, 2)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        told.send((str(getattr(MlflowClient(url), verb)(*arguments)),))
    except MlflowException as error:
        told.send((None, error.message, error.error_code))
    except Exception as error:
        told.send((None, repr(error), "unexpected"))
