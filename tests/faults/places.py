"""One server per kind of database, shared by tests that only try to break it."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mlflow import store
from mlflow.store.db import Database
from tests.servers.fixtures import DATABASES
from tests.servers.millstream import RunningServer

#: all that users can see; names that nothing has may stay behind
TABLES = [
    "experiments",
    "experiment_tags",
    "runs",
    "documents",
    "params",
    "tags",
    "series",
    "points",
    "datasets",
    "inputs",
    "input_tags",
    "run_models",
    "views",
]


class Place:
    """A server, and what is in it.

    Attributes: `server`; `run` (active, with param `lr` = 1, metric `m`, tag `t`),
    `deleted_run`, `experiment` and `deleted_experiment`: ids.
    """

    def __init__(self, server: RunningServer, database: Database) -> None:
        self.server = server
        self._database = database
        self._read = 0
        self._connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        self.experiment = self.call("experiments/create", name="here")["experiment_id"]
        self.deleted_experiment = self.call("experiments/create", name="gone")["experiment_id"]
        self.run = self.new_run()
        self.deleted_run = self.new_run()
        metrics = [{"key": "m", "value": n, "timestamp": n, "step": n} for n in range(10)]
        self.call(
            "runs/log-batch",
            run_id=self.run,
            metrics=metrics,
            params=[{"key": "lr", "value": "1"}],
            tags=[{"key": "t", "value": "1"}],
        )
        self.call("runs/delete", run_id=self.deleted_run)
        self.call("experiments/delete", experiment_id=self.deleted_experiment)

    def new_run(self) -> str:
        """The id of a new run in `experiment`."""
        created = self.call("runs/create", experiment_id=self.experiment, start_time=1)
        run_id: str = created["run"]["info"]["run_id"]
        return run_id

    def call(self, path: str, **question: Any) -> Any:
        """The answer to a POST that must succeed."""
        return self.server.call("POST", path, question)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON answer of any request below `/api/2.0/mlflow/`."""
        headers = {"Content-Type": "application/json"} if headers is None else headers
        if not path.startswith("/"):
            path = f"/api/2.0/mlflow/{path}"
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        except (BrokenPipeError, ConnectionResetError):  # closed after the request before
            self._connection.close()
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def close(self) -> None:
        """Let go of server and database."""
        self._connection.close()
        self._database.close()

    def contents(self) -> str:
        """A fingerprint of the whole store."""
        digest = hashlib.sha256()
        for table in TABLES:
            rows = self._database.read(
                lambda connection, table=table: connection.all(f"SELECT * FROM {table}")  # type: ignore[misc]
            )
            for row in sorted(map(repr, rows)):
                digest.update(row.encode())
        return digest.hexdigest()

    def faults(self) -> str:
        """What the server's log says about failures since it was asked last."""
        text = self.server.log.read_text()[self._read :]
        self._read += len(text)
        return text[text.find("Traceback") :][-3000:] if "Traceback" in text else ""


@contextmanager
def open_place(request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    """A server on a fresh database of the kind that `request.param` says."""
    if request.param == "sqlite":
        yield from _place(f"sqlite:///{folder / 'mlflow.db'}", folder)
    else:
        with request.getfixturevalue(f"{request.param}_server").fresh() as url:
            yield from _place(url, folder)


def _place(url: str, folder: Path) -> Iterator[Place]:
    server = RunningServer(folder, url)
    place = Place(server, store.open_database(url))
    try:
        yield place
    finally:
        place.close()
        server.stop()
        server.kill()


@pytest.fixture(scope="module", params=DATABASES)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A server with a few things in it, on each kind of database, for all tests of a module."""
    with open_place(request, tmp_path_factory.mktemp("place")) as opened:
        yield opened
