"""The points of many series for charts: no more of them than a chart needs, few series at a time.

Blocks outside of the range of x are not read, but for the neighbours of the range. Of very long
series not all points are read but the extremes of each block, where those are kept; the others
are as many and lie between them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

from mlflow.exceptions import RESOURCE_EXHAUSTED, MlflowException
from mlflow.store import points as packing
from mlflow.store.batches import LARGE
from mlflow.store.db import Connection, Database
from mlflow.store.names import Names
from mlflow.store.points import Points

T = TypeVar("T")
RUNS_AT_ONCE = 500  # of which rows are looked for in one query
POINTS_AT_ONCE = 50_000  # that are read in one query, unless one series alone has more
SERIES_AT_ONCE = 500
BLOCKS_AT_ONCE = 500
MOST_READ = 4_000_000  # points of one series, some hundred megabytes
#: times as many as THINNED, that points of a part of the chart must be before extremes will do
ENOUGH = 4


class Series(NamedTuple):
    """One metric of one run, as far as a chart needs it.

    Args:
        run_id, key: whose and which.
        start_time: of the run, in milliseconds since the epoch.
        points: by step, in range and at least one beyond each of its ends, where there is one.
            Times are left out (empty) when they were not asked for.
        left_out: points in range that are not among them; smaller and greater ones are.
    """

    run_id: str
    key: str
    start_time: int
    points: Points
    left_out: int = 0


class Range(NamedTuple):
    """What is wanted of a series.

    Args:
        low, high: bounds of step or time, None where there is none.
        by_time: whether the bounds are of time, in milliseconds since the epoch.
        needs_times: whether the times of points are wanted.
        parts: of the chart, if a smallest and a greatest value of each will do; 0 when all points
            in range are wanted.
        log: whether the parts are equally wide in the logarithm.
        zero: where x is 0, for logarithms.
    """

    low: int | None = None
    high: int | None = None
    by_time: bool = False
    needs_times: bool = True
    parts: int = 0
    log: bool = False
    zero: int = 0


class _Block(NamedTuple):
    id: int
    size: int
    low: int
    high: int
    low_step: int
    high_step: int


class Extent(NamedTuple):
    """The bounds of all points of a run's series."""

    low_step: int
    high_step: int
    low_time: int
    high_time: int
    start_time: int


class Curves:
    """Reads series for charts."""

    def __init__(self, database: Database, names: Names) -> None:
        self._database = database
        self._names = names

    def counts(self, run_ids: Sequence[str], keys: Sequence[str]) -> dict[tuple[str, str], int]:
        """How many points each series has; without those that have none."""

        def work(connection: Connection) -> dict[tuple[str, str], int]:
            return {
                (run.run_id, key): count
                for run, key, _, count in self._series(connection, run_ids, keys)
            }

        return self._database.read(work)

    def extents(self, run_ids: Sequence[str], keys: Sequence[str]) -> list[Extent]:
        """The bounds of each run's points."""

        def work(connection: Connection) -> list[Extent]:
            found = []
            numbers = self._numbers(connection, keys)
            if not numbers:
                return []
            key_is, keys_are = connection.among("p.key_id", numbers.values())
            for start in range(0, len(run_ids), RUNS_AT_ONCE):
                run_is, runs_are = connection.among(
                    "r.run_id", run_ids[start : start + RUNS_AT_ONCE]
                )
                found += connection.all(
                    "SELECT min(p.low_step), max(p.high_step), min(p.low_time), max(p.high_time),"
                    " min(r.start_time) FROM runs r JOIN points p ON p.run_id = r.id"
                    f" WHERE {run_is} AND {key_is} GROUP BY p.run_id",
                    [*runs_are, *keys_are],
                )
            return [Extent(*row) for row in found]

        return self._database.read(work)

    def each(
        self,
        run_ids: Sequence[str],
        keys: Sequence[str],
        wanted: Callable[[int], Range],
        do: Callable[[Series], T],
        first: str = "",
    ) -> list[T]:
        """What `do` makes of each series that has points, by run and then by key as given.

        Args:
            wanted: what is wanted of the series of a run that started then.
            do: called with one series at a time; it must not keep it.
            first: a metric of which each run's series is given in full before its others.
        """

        def work(connection: Connection) -> list[T]:
            done: list[T] = []
            order = list(dict.fromkeys((first, *keys))) if first else list(dict.fromkeys(keys))
            group: list[_Wanted] = []
            size = 0
            for run, key, key_id, count in self._series(connection, run_ids, order, first):
                limits = Range(needs_times=False) if first else wanted(run.start_time)
                if group and (size + count > POINTS_AT_ONCE or len(group) == SERIES_AT_ONCE):
                    done += [do(series) for series in _read(connection, group)]
                    group, size = [], 0
                group.append(_Wanted(run, key, key_id, limits))
                size += count
            if group:
                done += [do(series) for series in _read(connection, group)]
            return done

        # In one state: blocks that are merged between two queries would be missed, or read twice.
        return self._database.read(work, one_state=True)

    def _series(
        self,
        connection: Connection,
        run_ids: Sequence[str],
        keys: Sequence[str],
        first: str = "",
    ) -> "Iterator[tuple[_Run, str, int, int]]":
        """Run, key, number of the key and number of points of each series that there is."""
        numbers = self._numbers(connection, keys)
        if not numbers or (first and first not in numbers):
            return
        run_ids = list(dict.fromkeys(run_ids))
        for start in range(0, len(run_ids), RUNS_AT_ONCE):
            portion = run_ids[start : start + RUNS_AT_ONCE]
            run_is, runs_are = connection.among("r.run_id", portion)
            key_is, keys_are = connection.among("s.key_id", numbers.values())
            runs: dict[str, _Run] = {}
            counts: dict[str, dict[int, int]] = defaultdict(dict)
            for number, run_id, start_time, key_id, count in connection.all(
                "SELECT r.id, r.run_id, r.start_time, s.key_id, s.count FROM runs r"
                f" JOIN series s ON s.run_id = r.id WHERE {run_is} AND {key_is}",
                [*runs_are, *keys_are],
            ):
                runs[run_id] = _Run(number, run_id, start_time)
                counts[run_id][key_id] = count
            for run_id in portion:
                there = counts.get(run_id)
                if there is None or (first and numbers[first] not in there):
                    continue
                for key, key_id in numbers.items():
                    if (count := there.get(key_id)) is not None:
                        yield runs[run_id], key, key_id, count

    def _numbers(self, connection: Connection, keys: Sequence[str]) -> dict[str, int]:
        numbers = ((key, self._names.number(connection, key)) for key in keys)
        return {key: number for key, number in numbers if number is not None}


class _Run(NamedTuple):
    id: int
    run_id: str
    start_time: int


class _Wanted(NamedTuple):
    run: _Run
    key: str
    key_id: int
    limits: Range


def _read(connection: Connection, group: "list[_Wanted]") -> Iterator[Series]:
    """The series of a group; their blocks are read together."""
    blocks = _blocks(connection, group)
    #: blocks, those of which extremes will do, and those that are thinned here if need be
    chosen: list[tuple[list[_Block], set[int], set[int]]] = []
    for want in group:
        found, thinned = _chosen(blocks.pop((want.run.id, want.key_id), []), want.limits)
        if sum(block.size for block in found) <= MOST_READ:
            late = set()
        elif sum(block.size for block in found if block.id not in thinned) <= MOST_READ:
            late = thinned
        else:
            raise _too_many(want)
        chosen.append((found, thinned, late))
    thin = [number for _, thinned, _ in chosen for number in thinned]
    extremes = _column(connection, "extremes", thin)
    whole = [
        block.id for found, _, _ in chosen for block in found if extremes.get(block.id) is None
    ]
    data = _column(connection, "data", whole)
    for want, (found, _, late) in zip(group, chosen, strict=True):
        yield _series_of(want, found, late, extremes, data)


def _too_many(want: _Wanted) -> MlflowException:
    return MlflowException(
        f"The metric {want.key!r} of the run {want.run.run_id} has more than {MOST_READ:,} points: "
        "too many for smoothing, for averages in a grid, or for a metric as x. Ask without them, "
        "or for averages of a smaller range.",
        RESOURCE_EXHAUSTED,
    )


def _blocks(connection: Connection, group: "list[_Wanted]") -> dict[tuple[int, int], list[_Block]]:
    """All blocks of the series of a group, without their points."""
    run_is, runs_are = connection.among("run_id", {want.run.id for want in group})
    key_is, keys_are = connection.among("key_id", {want.key_id for want in group})
    by_time = group[0].limits.by_time
    found: dict[tuple[int, int], list[_Block]] = defaultdict(list)
    for run, key, number, count, low_step, high_step, low_time, high_time in connection.all(
        "SELECT run_id, key_id, id, count, low_step, high_step, low_time, high_time FROM points"
        f" WHERE {run_is} AND {key_is} ORDER BY low_step, low_time",
        [*runs_are, *keys_are],
    ):
        low, high = (low_time, high_time) if by_time else (low_step, high_step)
        found[run, key].append(_Block(number, count, low, high, low_step, high_step))
    return found


def _chosen(blocks: list[_Block], limits: Range) -> tuple[list[_Block], set[int]]:
    """The blocks to read, and which of them only the extremes are wanted of, if they are kept."""
    low, high = limits.low, limits.high
    found = [
        block
        for block in blocks
        if (low is None or block.high >= low) and (high is None or block.low <= high)
    ]
    if len(found) < len(blocks):
        numbers = {block.id for block in found}
        numbers |= {block.id for block in _neighbours(blocks, found, low, high)}
        found = [block for block in blocks if block.id in numbers]
    if not limits.parts:
        return found, set()
    inside = [
        block
        for block in found
        if block.size >= LARGE
        and (low is None or block.low >= low)
        and (high is None or block.high <= high)
    ]
    if not inside:
        return found, set()
    # The parts are made of what there is, however wide the range.
    ends = min(block.low for block in found), max(block.high for block in found)
    low = ends[0] if low is None else max(low, ends[0])
    high = ends[1] if high is None else min(high, ends[1])
    return found, {block.id for block in inside if _is_dense(block, low, high, limits)}


def _is_dense(block: _Block, low: int, high: int, limits: Range) -> bool:
    """Whether a part of the chart has so many points of a block that its extremes will do."""
    if low == high:
        return True
    width = (high - low) / limits.parts
    if limits.log:
        ratio = (high - limits.zero) / (low - limits.zero)
        width = (block.low - limits.zero) * (ratio ** (1 / limits.parts) - 1)
    span = block.high - block.low + 1
    return span <= width or block.size * width >= span * ENOUGH * packing.THINNED


def _neighbours(
    blocks: list[_Block], found: list[_Block], low: int | None, high: int | None
) -> Iterator[_Block]:
    """The blocks that hold the nearest points beyond the range, unless those are in `found`."""
    if low is not None:
        nearest = max((block.low for block in found if block.low < low), default=None)
        below = max((b for b in blocks if b.high < low), key=lambda b: b.high, default=None)
        if below is not None and (nearest is None or below.high > nearest):
            yield below
    if high is not None:
        nearest = min((block.high for block in found if block.high > high), default=None)
        above = min((b for b in blocks if b.low > high), key=lambda b: b.low, default=None)
        if above is not None and (nearest is None or above.low < nearest):
            yield above


def _column(connection: Connection, column: str, numbers: list[int]) -> dict[int, bytes | None]:
    found: dict[int, bytes | None] = {}
    for start in range(0, len(numbers), BLOCKS_AT_ONCE):
        condition, parameters = connection.among("id", numbers[start : start + BLOCKS_AT_ONCE])
        found.update(
            connection.all(f"SELECT id, {column} FROM points WHERE {condition}", parameters)
        )
    return found


def _series_of(
    want: _Wanted,
    blocks: list[_Block],
    late: set[int],
    extremes: dict[int, bytes | None],
    data: dict[int, bytes | None],
) -> Series:
    """A series from its blocks, which are taken out of what was read.

    Args:
        late: blocks of which only the extremes are taken, though all was read.
    """
    in_order = all(one.high_step < other.low_step for one, other in pairwise(blocks))
    left_out = 0
    parts: list[Points] = []
    for block in blocks:
        packed = extremes.pop(block.id, None)
        if packed is None:
            packed = data.pop(block.id)
            assert packed is not None
            if block.id in late:  # written before extremes were kept
                whole = packing.unpack(packed)
                parts.append(packing.extremes(whole) or whole)
                left_out += block.size - len(parts[-1])
                continue
        if in_order and not want.limits.needs_times:
            steps, values = packing.unpack_without_times(packed)
            parts.append(Points(steps, [], values))
        else:
            parts.append(packing.unpack(packed))
        left_out += block.size - len(parts[-1])
    run = want.run
    if not in_order:
        return Series(run.run_id, want.key, run.start_time, packing.merged(parts), left_out)
    if len(parts) == 1:
        return Series(run.run_id, want.key, run.start_time, parts[0], left_out)
    steps, times, values = [], [], []
    for part in parts:
        steps += part.steps
        times += part.times
        values += part.values
    return Series(run.run_id, want.key, run.start_time, Points(steps, times, values), left_out)
