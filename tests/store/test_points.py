"""Packing: what goes in comes out, in order and without repetitions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as some

from mlflow.store import points
from mlflow.store.points import MAX_DOUBLE, Points

INTEGERS = some.integers(-(2**63), 2**63 - 1)
ROWS = some.lists(
    some.tuples(
        some.one_of(some.integers(-3, 3), INTEGERS),
        some.integers(0, 2**63 - 1),
        some.floats(allow_nan=True, allow_infinity=True),
    ),
    min_size=1,
    max_size=60,
)


def columns(rows: list[tuple[int, int, float]]) -> tuple[list[int], list[int], list[float]]:
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def comparable(some_points: Points) -> list[tuple[int, int, str]]:
    return [
        (step, time, repr(value) if value else "0.0")
        for step, time, value in zip(
            some_points.steps, some_points.times, some_points.values, strict=True
        )
    ]


@given(ROWS, some.booleans())
def test_a_packed_block_comes_back_as_it_was(
    rows: list[tuple[int, int, float]], squeeze: bool
) -> None:
    ready = points.ordered(*columns(rows))
    assert comparable(points.unpack(points.pack(ready, squeeze=squeeze))) == comparable(ready)


@given(ROWS)
def test_points_are_ordered_and_none_is_there_twice(rows: list[tuple[int, int, float]]) -> None:
    ready = points.ordered(*columns([*rows, *rows]))
    places = list(zip(ready.steps, ready.times, strict=True))
    assert places == sorted(places)
    assert len(set(comparable(ready))) == len(ready)
    assert {place[:2] for place in comparable(ready)} == {row[:2] for row in rows}
    assert not any(math.isinf(value) for value in ready.values)


@given(ROWS, ROWS)
def test_what_is_known_is_left_out(
    known: list[tuple[int, int, float]], new: list[tuple[int, int, float]]
) -> None:
    there, coming = points.ordered(*columns(known)), points.ordered(*columns([*known, *new]))
    fresh = points.without(coming, there)
    assert set(comparable(fresh)) == set(comparable(coming)) - set(comparable(there))


@given(ROWS, ROWS)
def test_merged_blocks_hold_the_points_of_both(
    one: list[tuple[int, int, float]], other: list[tuple[int, int, float]]
) -> None:
    parts = [points.ordered(*columns(one)), points.ordered(*columns(other))]
    assert comparable(points.merged(parts)) == comparable(points.ordered(*columns(one + other)))


@pytest.mark.parametrize("count", [1, 5, 1000])
@pytest.mark.parametrize("distance", [1, -3, 0])
def test_picking_gives_what_unpacking_gives(count: int, distance: int) -> None:
    whole = Points(
        [distance * index for index in range(count)],
        [10**12 + 7 * index for index in range(count)],
        [index / 7 for index in range(count)],
    )
    places = sorted({0, count // 2, count - 1})
    picked = points.pick(points.pack(whole), places)
    assert picked.steps == [whole.steps[place] for place in places]
    assert picked.times == [whole.times[place] for place in places]
    assert picked.values == [whole.values[place] for place in places]


def test_evenly_spaced_points_cost_little_more_than_their_values() -> None:
    even = Points(list(range(1000)), [10**12 + index for index in range(1000)], [0.1] * 1000)
    assert len(points.pack(even)) < 8 * 1000 + 50
    assert len(points.pack(even, squeeze=True)) < 200


def test_infinities_become_the_largest_doubles() -> None:
    ready = points.ordered([0, 1], [1, 1], [float("inf"), float("-inf")])
    assert ready.values == [MAX_DOUBLE, -MAX_DOUBLE]
