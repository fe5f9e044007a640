"""Metric histories: reading the points of series, page by page, or a sample of them.

Blocks of one series may overlap, when points came late or from several writers. So blocks are read
in the order of their first point and held until no later block can hold an earlier point.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mlflow.store import points as packing
from mlflow.store.db import Connection, Database, Row
from mlflow.store.names import Names
from mlflow.store.points import Points

#: timestamp, step, value, whether the value is NaN: the order of histories
Place = tuple[int, int, float, bool]
FEWEST_BLOCKS, MOST_BLOCKS = 16, 256  # read in one query
RUNS_AT_ONCE = 500  # of which blocks are read in one query


class Metrics:
    """Reads metric histories."""

    def __init__(self, database: Database, names: Names) -> None:
        self._database = database
        self._names = names

    def history(
        self, run_id: str, key: str, limit: int, after: Place | None
    ) -> tuple[list[Place], bool]:
        """Points behind `after`, ordered by timestamp, step and value.

        Returns:
            At most `limit` points, and whether there are more behind them.
        """

        def work(connection: Connection) -> tuple[list[Place], bool]:
            key_id = self._names.number(connection, key)
            if key_id is None:
                return [], False
            run = connection.value("SELECT id FROM runs WHERE run_id = ?", (run_id,))
            if run is None:
                return [], False
            return _page(_blocks(connection, run, key_id, after), limit, after)

        # In one state: blocks that are merged between two queries would be missed, or read twice.
        return self._database.read(work, one_state=True)

    def sample(
        self, run_ids: Sequence[str], key: str, steps: tuple[int, int] | None, most: int
    ) -> list[tuple[str, Points]]:
        """Points of each run for a chart, by step, at most `most` of each, evenly spread."""

        def work(connection: Connection) -> list[tuple[str, Points]]:
            key_id = self._names.number(connection, key)
            if key_id is None:
                return []
            condition, parameters = connection.among("run_id", run_ids)
            runs = connection.all(f"SELECT run_id, id FROM runs WHERE {condition}", parameters)
            numbers: dict[str, int] = {run_id: number for run_id, number in runs}
            return [
                (run_id, _sample(connection, numbers[run_id], key_id, steps, most))
                for run_id in dict.fromkeys(run_ids)
                if run_id in numbers
            ]

        return self._database.read(work)


def values_at(
    connection: Connection, key_id: int | None, step: int, experiments: Sequence[int]
) -> dict[int, float | None]:
    """The value of a metric at a step, by number of the run; NaN is None.

    Where several points have that step, the one with the latest timestamp counts.
    """
    if key_id is None or not experiments:
        return {}
    condition, parameters = connection.among("experiment_id", experiments)
    runs = [
        row[0]
        for row in connection.all(
            f"SELECT run_id FROM series WHERE {condition} AND key_id = ?", [*parameters, key_id]
        )
    ]
    best: dict[int, tuple[int, float, bool]] = {}
    for start in range(0, len(runs), RUNS_AT_ONCE):
        condition, parameters = connection.among("run_id", runs[start : start + RUNS_AT_ONCE])
        rows = connection.all(
            f"SELECT run_id, data FROM points WHERE {condition} AND key_id = ?"
            " AND low_step <= ? AND high_step >= ?",
            [*parameters, key_id, step, step],
        )
        for run, data in rows:
            found = packing.at(data, step)
            if len(found):
                value = found.values[-1]
                rank = (found.times[-1], value if value == value else 0.0, value != value)
                best[run] = max(best.get(run, rank), rank)
    return {run: None if rank[2] else rank[1] for run, rank in best.items()}


def _blocks(
    connection: Connection, run: int, key_id: int, after: Place | None
) -> Iterator[tuple[tuple[int, int], Points]]:
    """Blocks that may hold points behind `after`, as ((lowest timestamp, step), points), in order.

    Many series have one timestamp for all points, so the steps must help to tell blocks apart.
    """
    time, step = after[:2] if after else (0, -(2**63))
    low, seen, portion = (-1, 0), 0, FEWEST_BLOCKS
    while True:
        # Read in portions: who asks for one page of a million points gets few blocks.
        rows = connection.all(
            "SELECT id, low_time, low_step, data FROM points WHERE run_id = ? AND key_id = ?"
            " AND high_time >= ? AND (high_time > ? OR high_step >= ?) AND low_time >= ?"
            " AND (low_time > ? OR low_step > ? OR (low_step = ? AND id > ?))"
            f" ORDER BY low_time, low_step, id LIMIT {portion}",
            (run, key_id, time, time, step, low[0], low[0], low[1], low[1], seen),
        )
        for number, low_time, low_step, data in rows:
            low, seen = (low_time, low_step), number
            yield low, packing.unpack(data)
        if len(rows) < portion:
            return
        portion = min(2 * portion, MOST_BLOCKS)


def _page(
    blocks: Iterator[tuple[tuple[int, int], Points]], limit: int, after: Place | None
) -> tuple[list[Place], bool]:
    page: list[Place] = []
    waiting: list[Place] = []
    for lowest, points in blocks:
        if waiting and waiting[0] < lowest:
            if len(page) > limit:
                return page[:limit], True
            cut = bisect_left(waiting, lowest)
            page += waiting[:cut]
            del waiting[:cut]
        waiting = _joined(waiting, _places(points, after))
    page += waiting
    if len(page) > limit:
        return page[:limit], True
    return page, False


def _joined(one: list[Place], other: list[Place]) -> list[Place]:
    if not one or not other or one[-1] <= other[0]:
        return one + other if one else other
    return list(heapq.merge(one, other))


def _places(points: Points, after: Place | None) -> list[Place]:
    values = points.values
    total = sum(values)
    if total == total:
        places = [
            (time, step, value, False)
            for step, time, value in zip(points.steps, points.times, values, strict=True)
        ]
    else:
        places = [
            (time, step, value, False) if value == value else (time, step, 0.0, True)
            for step, time, value in zip(points.steps, points.times, values, strict=True)
        ]
    places.sort()  # by timestamp: nothing to do where steps and clock agree
    if after is not None and places[0] <= after:
        return places[bisect_right(places, after) :]
    return places


def _sample(
    connection: Connection, run: int, key_id: int, steps: tuple[int, int] | None, most: int
) -> Points:
    sql = "SELECT count, low_step, high_step, data FROM points WHERE run_id = ? AND key_id = ?"
    parameters: list[int] = [run, key_id]
    if steps:
        sql += " AND high_step >= ? AND low_step <= ?"
        parameters += steps
    rows = connection.all(f"{sql} ORDER BY low_step, low_time", parameters)
    if steps is None and _in_order(rows):
        return _picked_from_blocks(rows, most)
    parts = [packing.unpack(row[3]) for row in rows]
    if steps:
        parts = [part for part in (packing.between(part, *steps) for part in parts) if part.steps]
    if not parts:
        return Points([], [], [])
    return _picked(packing.merged(parts), most)


def _in_order(rows: Sequence[Row]) -> bool:
    return all(one[2] < other[1] for one, other in pairwise(rows))


def _picked_from_blocks(rows: Sequence[Row], most: int) -> Points:
    """As `_picked` on all points, but only blocks that hold a picked one are unpacked."""
    total = sum(row[0] for row in rows)
    picks = _spread(total, most)
    steps: list[int] = []
    times: list[int] = []
    values: list[float] = []
    start, at = 0, 0
    for count, _, _, data in rows:
        end = start + count
        stop = at
        while stop < len(picks) and picks[stop] < end:
            stop += 1
        if stop > at:
            part = packing.pick(data, [index - start for index in picks[at:stop]])
            steps += part.steps
            times += part.times
            values += part.values
        start, at = end, stop
    return Points(steps, times, values)


def _picked(points: Points, most: int) -> Points:
    picks = _spread(len(points), most)
    return packing.taken(points, picks)


def _spread(count: int, most: int) -> Sequence[int]:
    """At most `most` of `count` positions, evenly spread, with the first and the last."""
    if count <= most:
        return range(count)
    if most == 1:
        return [count - 1]
    return [index * (count - 1) // (most - 1) for index in range(most)]
