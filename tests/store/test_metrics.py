"""Reading histories, while others write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mlflow import store
from mlflow.store import Store
from mlflow.store.batches import MERGE
from mlflow.store.db import Connection, Database
from mlflow.store.metrics import Metrics
from mlflow.store.names import Names
from mlflow.wire.metrics import LogBatch, Point

RUN = "a" * 32


@pytest.fixture
def opened(database_url: str) -> Iterator[Store]:
    """A store of each kind with one run."""
    opened = store.open_store(database_url)
    opened.runs.create(
        run_id=RUN, chosen=True, experiment=0, name="run", user_id="", start_time=1, tags={}
    )
    yield opened
    opened.close()


def log(opened: Store, *steps: int) -> None:
    """Log points as one block."""
    points = [Point("m", float(step), 1000 + step, step) for step in steps]
    opened.log(LogBatch(run_id=RUN, metrics=points)).result()


class Interrupted(Database):
    """A database whose readers are interrupted once they have read their first blocks."""

    def __init__(self, database: Database, interrupt: Callable[[], None]) -> None:
        self.dialect = database.dialect
        self._database = database
        self._interrupt = interrupt

    def _reading(self, work: Callable[[Any], Any]) -> Any:
        return self._database.read(lambda connection: work(self._watched(connection)))

    def _reading_one_state(self, work: Callable[[Any], Any]) -> Any:
        return self._database.read(
            lambda connection: work(self._watched(connection)), one_state=True
        )

    def _writing(self, work: Callable[[Any], Any]) -> Any:
        return self._database.write(work)

    def close(self) -> None:
        self._database.close()

    def _watched(self, connection: Connection) -> Any:
        database = self

        class Watched:
            dialect = connection.dialect
            interrupted = False

            def __getattr__(self, name: str) -> Any:
                return getattr(connection, name)

            def all(self, sql: str, parameters: Any = ()) -> Any:
                rows = connection.all(sql, parameters)
                if "FROM points" in sql and not self.interrupted:
                    self.interrupted = True
                    database._interrupt()
                return rows

        return Watched()


def test_blocks_merged_while_a_history_is_read(opened: Store) -> None:
    for step in range(MERGE - 1):
        log(opened, step)
    database = Interrupted(opened.database, lambda: log(opened, MERGE - 1))
    places, more = Metrics(database, Names(opened.database)).history(RUN, "m", None, None)
    assert [step for _, step, _, _ in places] == list(range(MERGE - 1))
    assert not more
    places, _ = opened.metrics.history(RUN, "m", None, None)
    assert [step for _, step, _, _ in places] == list(range(MERGE))
