"""Lost runs: those that are said to be running, and nobody has heard of for a while.

A client that logs says so from time to time, also when there is nothing to log. A run that falls
silent belongs to a process that is dead or cut off.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mlflow.entities.runs import RunStatus
from mlflow.store.changes import telling
from mlflow.store.db import Connection, Database

_BATCH = 500
_LOST = f"status = {RunStatus.RUNNING} AND deleted IS NULL AND heard <= ?"


class LostRun(NamedTuple):
    """A silent run; its start, and when it was last heard of, in milliseconds since the epoch."""

    id: int
    run_id: str
    experiment_id: int
    name: str
    start_time: int
    heard: int


def find(database: Database, before: int) -> list[LostRun]:
    """The running runs that were last heard of at `before` (milliseconds) or earlier, by number."""
    sql = (
        "SELECT id, run_id, experiment_id, name, start_time, heard FROM runs"
        f" WHERE {_LOST} ORDER BY id"
    )
    rows = database.read(lambda connection: connection.all(sql, (before,)))
    return [LostRun(*row) for row in rows]


def fail(database: Database, runs: Sequence[LostRun], before: int) -> list[LostRun]:
    """Set runs FAILED, ended when they were last heard of.

    Returns:
        The runs that were set; not those that were heard of meanwhile.
    """
    failed: set[int] = set()
    for start in range(0, len(runs), _BATCH):
        numbers = sorted(run.id for run in runs[start : start + _BATCH])

        def work(connection: Connection, numbers: Sequence[int] = numbers) -> list[int]:
            condition, parameters = connection.among("id", numbers)
            rows = connection.all(
                f"SELECT id FROM runs WHERE {condition} AND {_LOST}"
                f" ORDER BY id{database.for_update}",
                [*parameters, before],
            )
            silent = [int(row[0]) for row in rows]
            if silent:
                condition, parameters = connection.among("id", silent)
                connection.run(
                    f"UPDATE runs SET status = {RunStatus.FAILED}, end_time = heard,"
                    f" changed = {connection.second} WHERE {condition}",
                    parameters,
                )
            return silent

        with telling(database, "id", numbers):
            failed.update(database.write(work))
    return [run for run in runs if run.id in failed]
