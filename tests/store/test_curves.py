"""Which blocks are read for a chart."""

from __future__ import annotations

import pytest

from mlflow.exceptions import MlflowException
from mlflow.store import Store, curves, points as packing
from mlflow.store.curves import Curves, Range, Series
from mlflow.store.db import Row
from mlflow.store.points import THINNED, Points
from tests.store.test_metrics import RUN, Watched, log, opened  # noqa: F401 - a fixture


def blocks_read(rows: list[Row]) -> int:
    return sum(len(row) == 2 and isinstance(row[1], bytes) for row in rows)


@pytest.mark.parametrize(
    ("wanted", "most", "steps"),
    [
        (Range(), 10, (0, 9990)),
        (Range(3500, 3600), 1, (3000, 3990)),
        (Range(3995, 3996), 2, (3000, 4990)),  # between two blocks: one point of each
        (Range(4500, 4600, by_time=True), 1, (3000, 3990)),
        (Range(None, 5), 1, (0, 990)),
        (Range(20_000), 1, (9000, 9990)),
    ],
)
def test_only_blocks_in_range_are_read(
    opened: Store,  # noqa: F811
    wanted: Range,
    most: int,
    steps: tuple[int, int],
) -> None:
    for start in range(0, 10_000, 1000):  # 100 points each, at the time 1000 + step
        log(opened, *range(start, start + 1000, 10))
    read: list[Row] = []
    watched = Curves(Watched(opened.database, read.extend), opened.names)
    found = watched.each([RUN], ["m"], lambda start_time: wanted, lambda series: series)
    assert blocks_read(read) <= most
    assert (found[0].points.steps[0], found[0].points.steps[-1]) == steps


def test_no_series_takes_all_memory(
    opened: Store,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Long series are thinned while they are read, also those from before extremes were kept."""
    monkeypatch.setattr(curves, "MOST_READ", 8000)
    for start in range(0, 10_000, 1000):
        log(opened, *range(start, start + 1000))

    def each(wanted: Range, first: str = "") -> Series:
        [found] = opened.curves.each([RUN], ["m"], lambda _: wanted, lambda one: one, first)
        return found

    whole = each(Range(0, 6999))  # and the block behind it
    assert (len(whole.points), whole.left_out) == (8000, 0)
    thinned = each(Range(parts=4))
    assert len(thinned.points) < 1000
    assert len(thinned.points) + thinned.left_out == 10_000
    assert (thinned.points.steps[0], thinned.points.steps[-1]) == (0, 9999)
    for wanted, first in ((Range(), ""), (Range(parts=4), "m")):
        with pytest.raises(MlflowException, match=r"'m' .* has more than 8,000 points") as caught:
            each(wanted, first)
        assert caught.value.error_code == "RESOURCE_EXHAUSTED"


def test_extremes_of_points() -> None:
    values = [float((step * 7919) % 1000) for step in range(300)]
    values[70] = values[71] = float("nan")
    points = Points(list(range(300)), list(range(300)), values)
    thinned = packing.extremes(points)
    assert thinned is not None
    assert thinned.steps == sorted(set(thinned.steps))
    assert {0, 299} <= set(thinned.steps)
    assert len(thinned) <= 2 * -(-300 // THINNED) + 2
    for start in range(0, 300, THINNED):
        part = [value for value in values[start : start + THINNED] if value == value]
        assert {min(part), max(part)} <= set(thinned.values)
    # Where time goes back it cannot be told from these when the others were.
    assert packing.extremes(Points([1, 2], [2, 1], [0.0, 0.0])) is None
    hole = packing.extremes(Points(list(range(128)), [0] * 128, [float("nan")] * 128))
    assert hole is not None
    assert hole.steps == [0, 64, 127]


def test_a_block_without_times() -> None:
    steps = [1, 2, 5, 100_000]
    for times in ([5] * 4, [1, 2, 4, 8], [1, 10**3, 10**6, 10**12], [0, 2**62, 2**63 - 1, 1]):
        for squeeze in (False, True):
            packed = packing.pack(Points(steps, times, [1.0, 2.0, 3.0, 4.0]), squeeze=squeeze)
            assert packing.unpack_without_times(packed) == (steps, [1.0, 2.0, 3.0, 4.0])


def test_nothing_is_read_of_what_is_not_there(opened: Store) -> None:  # noqa: F811
    log(opened, 1)
    found: list[Series] = opened.curves.each([RUN, "x"], ["n"], lambda _: Range(), lambda s: s)
    assert found == []
    assert opened.curves.counts([RUN, "x"], ["m", "n"]) == {(RUN, "m"): 1}
    assert opened.curves.extents(["x"], ["m"]) == []
    assert opened.curves.extents([RUN], ["m", "n"]) == [(1, 1, 1001, 1001, 1)]
