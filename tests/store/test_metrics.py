"""Reading histories, while others write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isnan, nan
from random import Random
from typing import Any

import pytest

from mlflow import store
from mlflow.store import Store
from mlflow.store.batches import LARGE, MERGE
from mlflow.store.db import Connection, Database, Row
from mlflow.store.metrics import FEWEST_BLOCKS, Metrics, Place
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
    """Log points, if any, as one block."""
    points = [Point("m", float(step), 1000 + step, step) for step in steps]
    opened.log(LogBatch(run_id=RUN, metrics=points)).result()


class Watched(Database):
    """A database that tells when blocks were read, between two queries of a reader."""

    def __init__(self, database: Database, tell: Callable[[list[Row]], object]) -> None:
        self.dialect = database.dialect
        self._database = database
        self._tell = tell

    def _reading(self, work: Callable[[Any], Any]) -> Any:
        return self._database.read(lambda raw: work(WatchedConnection(raw, self._tell)))

    def _reading_one_state(self, work: Callable[[Any], Any], seconds: float | None) -> Any:
        return self._database.read(
            lambda raw: work(WatchedConnection(raw, self._tell)), one_state=True
        )

    def _writing(self, work: Callable[[Any], Any]) -> Any:
        return self._database.write(work)

    def close(self) -> None:
        self._database.close()


class WatchedConnection:
    """A connection that tells which blocks were read."""

    def __init__(self, raw: Connection, tell: Callable[[list[Row]], object]) -> None:
        self._raw = raw
        self._tell = tell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def all(self, sql: str, parameters: Any = ()) -> list[Row]:
        rows = self._raw.all(sql, parameters)
        if "FROM points" in sql:
            self._tell(rows)
        return rows


def test_blocks_merged_while_a_history_is_read(opened: Store) -> None:
    for step in range(MERGE - 1):
        log(opened, step)
    late = iter([MERGE - 1])  # the block after which all are merged
    database = Watched(opened.database, lambda _: log(opened, *late))
    places, more = Metrics(database, Names(opened.database)).history(RUN, "m", 1000, None)
    assert [step for _, step, _, _ in places] == list(range(MERGE - 1))
    assert not more
    places, _ = opened.metrics.history(RUN, "m", 1000, None)
    assert [step for _, step, _, _ in places] == list(range(MERGE))


def test_pages_are_exact_however_blocks_lie(opened: Store) -> None:
    chance = Random(5)
    logged = set()
    for _ in range(40):
        points = [
            Point("m", chance.choice([nan, 0.5, 1.5]), chance.randrange(6), chance.randrange(-9, 9))
            for _ in range(chance.randrange(1, 30))
        ]
        opened.log(LogBatch(run_id=RUN, metrics=points)).result()
        logged |= {
            (p.timestamp, p.step, 0.0 if isnan(p.value) else p.value, isnan(p.value))
            for p in points
        }
    for limit in (1, 7, 1000):
        found: list[Place] = []
        more = True
        while more:
            page, more = opened.metrics.history(RUN, "m", limit, found[-1] if found else None)
            assert len(page) == limit if more else len(page) <= limit
            found += page
        assert found == sorted(logged)


def test_a_page_reads_few_blocks_when_all_points_have_one_timestamp(opened: Store) -> None:
    """Who logs a history afterwards gives all its points the same time."""
    size = LARGE  # points with which a block is not merged
    for start in range(0, 60 * size, size):
        points = [Point("m", 0.0, 1000, start + number) for number in range(size)]
        opened.log(LogBatch(run_id=RUN, metrics=points)).result()
    read: list[int] = []
    database = Watched(opened.database, lambda rows: read.append(len(rows)))
    history = Metrics(database, Names(opened.database))
    page, more = history.history(RUN, "m", size, (1000, 30 * size - 1, 0.0, False))
    assert [step for _, step, _, _ in page] == list(range(30 * size, 31 * size))
    assert more
    assert sum(read) <= FEWEST_BLOCKS
