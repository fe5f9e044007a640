"""Which runs were changed since a time: `runs.changed` is the second in which each last was.

Whoever changes a run writes that second in the same transaction, unless it is there already; so a
run that logs a thousand points a second has it written once. Seconds are those of the database's
clock, which all replicas share, whatever their own clocks say.

A reader asks for all runs from a second on and goes on from `OVERLAP` seconds before now. What is
changed in that overlap is named again, so that nothing is skipped: neither the second change in
one second, nor a transaction that others become visible before. That holds for all that is
committed within the overlap; who takes longer (a disk that stalls) notes his change once more,
with a second that is still to come.
"""

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from mlflow.store.db import Connection, Database

OVERLAP = 3  # seconds
#: seconds that a change may take before it is noted once more; well below the overlap
SLOW = 1.0
AGAIN = "change noted again"  # name of the threads that do so


class Place(NamedTuple):
    """Where a page of changes begins.

    Args:
        then: the second from which to go on when the last page is read; None on the first page.
        second, run: the page begins behind the run with this number, changed in this second.
    """

    then: int | None
    second: int
    run: int


class Change(NamedTuple):
    """A run that was changed, and the second in which it was."""

    run_id: str
    second: int


class Page(NamedTuple):
    """Some changes, where to go on, and whether there is more behind them already."""

    changes: list[Change]
    next: Place
    more: bool


class Changes:
    """Reads which runs were changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> Place:
        """The place behind all that was changed, but for the overlap."""
        second = self._database.read(_second)
        return Place(None, second - OVERLAP, 0)

    def since(self, experiments: Sequence[int], place: Place, limit: int) -> Page:
        """Runs of experiments that were changed since a place, in the order of their changes."""

        def work(connection: Connection) -> Page:
            # The clock is read first: what becomes visible in between is seen, and seen again.
            horizon = _second(connection) - OVERLAP
            then, second, run = place
            if then is None:
                # A place in the future was given before the clock was set back.
                then, second = horizon, min(second, horizon)
            then = min(then, horizon)
            condition, parameters = connection.among("experiment_id", experiments)
            rows = connection.all(
                f"SELECT run_id, changed, id FROM runs WHERE {condition} AND changed >= ?"
                " AND (changed > ? OR id > ?) ORDER BY changed, id LIMIT ?",
                [*parameters, second, second, run, limit + 1],
            )
            found = [Change(row[0], row[1]) for row in rows[:limit]]
            if len(rows) > limit:
                return Page(found, Place(then, *rows[limit - 1][1:]), True)
            return Page(found, Place(None, then, 0), False)

        return self._database.read(work)


def note(connection: Connection, run: int) -> None:
    """Note that a run is changed by the transaction; see `telling`."""
    connection.run(f"UPDATE runs SET changed = {connection.second} WHERE id = ?", (run,))


@contextmanager
def telling(database: Database, column: str, values: Sequence[Any]) -> Iterator[None]:
    """Around a transaction that notes when runs were changed: if it takes long, note it again.

    Args:
        column, values: which runs.
    """
    begun = time.monotonic()
    yield
    if time.monotonic() - begun > SLOW:
        tell_again(database, column, values, begun)


def tell_again(database: Database, column: str, values: Sequence[Any], begun: float) -> None:
    """Note once more that runs are changed, after a transaction that began long ago.

    Whoever made the change need not wait, nor be told what goes wrong: it is made.
    """
    taken = time.monotonic() - begun
    again = threading.Thread(
        target=_tell_again, args=(database, column, values, taken), name=AGAIN, daemon=True
    )
    again.start()


def _tell_again(database: Database, column: str, values: Sequence[Any], taken: float) -> None:
    margin = taken
    with suppress(Exception):
        while taken >= margin:
            margin = 2 * taken + SLOW
            begun = time.monotonic()
            ahead = math.ceil(margin)

            def work(connection: Connection, ahead: int = ahead) -> None:
                condition, parameters = connection.among(column, values)
                locked = connection.all(  # in the order in which writers lock them
                    f"SELECT id FROM runs WHERE {condition} ORDER BY id{database.for_update}",
                    parameters,
                )
                if locked:
                    condition, parameters = connection.among("id", [row[0] for row in locked])
                    connection.run(
                        f"UPDATE runs SET changed = {connection.second} + {ahead}"
                        f" WHERE {condition}",
                        parameters,
                    )

            database.write(work)
            taken = time.monotonic() - begun


def _second(connection: Connection) -> int:
    return int(connection.value(f"SELECT {connection.second}"))
