"""Curves for charts, compared with what a plain reading of all points says."""

from __future__ import annotations

import base64
import json
import math
import random
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from mlflow import wire
from mlflow.exceptions import MlflowException
from mlflow.service import Engine
from mlflow.service.curves import MOST_ANSWERED
from mlflow.store.batches import LONG
from mlflow.wire._json import decode_body
from mlflow.wire.metrics import LogBatch, Point
from tests.service.conftest import Ask, new_run

START = 1_700_000_000_000


@dataclass
class Line:
    """A curve as lists."""

    x: list[float]
    y: list[float]
    step: list[float]
    count: int
    exact: bool
    smoothed: list[float]
    mean: list[float]
    low: list[float]
    high: list[float]


def numbers(text: str | None) -> list[float]:
    return array("d", base64.b64decode(text or "")).tolist()


def lines(ask: Ask, run_ids: Sequence[str], keys: Sequence[str], **more: Any) -> list[Line]:
    answer = ask(wire.curves.get_curves, run_ids=run_ids, metric_keys=keys, **more)
    named = [(curve["run_id"], curve["metric_key"]) for curve in answer["curves"]]
    assert named == [(run_id, key) for run_id in run_ids for key in keys]
    return [
        Line(
            x=numbers(curve["x"]),
            y=numbers(curve["y"]),
            step=numbers(curve["step"]),
            count=curve["count"],
            exact=curve["exact"],
            smoothed=numbers(curve.get("smoothed")),
            mean=numbers(curve.get("mean")),
            low=numbers(curve.get("low")),
            high=numbers(curve.get("high")),
        )
        for curve in answer["curves"]
    ]


def line(ask: Ask, run: str, key: str = "m", **more: Any) -> Line:
    return lines(ask, [run], [key], **more)[0]


def log(engine: Engine, run: str, points: Sequence[Point]) -> None:
    for start in range(0, len(points), 1000):
        engine.store.log(LogBatch(run_id=run, metrics=[*points[start : start + 1000]])).result()


def wave(count: int, key: str = "m", every: int = 1, seed: int = 1) -> list[Point]:
    """A noisy curve with rare peaks; time goes on by 1 to 5 ms."""
    dice = random.Random(seed)
    time = START
    points = []
    for number in range(count):
        time += dice.randint(1, 5)
        value = math.sin(number / 70) + dice.random() / 10
        if dice.random() < 0.002:
            value += dice.choice((-9, 9)) * dice.random()
        points.append(Point(key, value, time, number * every))
    return points


@pytest.fixture
def started(ask: Ask) -> str:
    """A run that started at START."""
    return new_run(ask, start_time=START)


def test_few_points_are_given_as_they_are(engine: Engine, ask: Ask, started: str) -> None:
    points = [Point("m", 1.5, START + 500, 3), Point("m", float("nan"), START + 900, 7)]
    log(engine, started, points)
    found = line(ask, started)
    assert (found.x, found.step, found.count, found.exact) == ([3.0, 7.0], [3.0, 7.0], 2, True)
    assert found.y[0] == 1.5
    assert math.isnan(found.y[1])
    assert line(ask, started, x="time").x == [START + 500, START + 900]
    assert line(ask, started, x="relative").x == [0.5, 0.9]
    assert line(ask, started, x="relative").step == [3.0, 7.0]


def test_what_has_no_points_is_there_and_empty(engine: Engine, ask: Ask, started: str) -> None:
    other = new_run(ask)
    log(engine, other, [Point("m", 1.0, START, 1)])
    found = lines(ask, [started, "unknown", other], ["m", "none"])
    assert [each.count for each in found] == [0, 0, 0, 0, 1, 0]
    assert [each.exact for each in found] == [True] * 6
    assert found[0].x == found[0].y == found[0].step == []


def in_range(
    points: Sequence[Point], x: Callable[[Point], float], start: float, end: float
) -> list[Point]:
    return [point for point in points if start <= x(point) <= end]


AXES: dict[str, Callable[[Point], float]] = {
    "step": lambda point: point.step,
    "time": lambda point: point.timestamp,
    "relative": lambda point: (point.timestamp - START) / 1000,
}


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("log_x", [False, True])
def test_every_part_keeps_its_extremes(
    engine: Engine, ask: Ask, started: str, axis: str, log_x: bool
) -> None:
    x = AXES[axis]
    points = wave(9000, every=3)
    log(engine, started, points)
    shown = [point for point in points if not log_x or x(point) > 0]
    for start, end in ((None, None), (x(points[2000]), x(points[7000])), (None, x(points[5000]))):
        inside = in_range(
            shown, x, -math.inf if start is None else start, math.inf if end is None else end
        )
        found = line(ask, started, x=axis, log_x=log_x, start=start, end=end, points=300)
        assert found.count == len(inside)
        assert not found.exact
        assert len(found.x) <= 300
        assert found.x == sorted(found.x)
        given = set(zip(found.x, found.y, found.step, strict=True))
        known = {(float(x(point)), point.value, float(point.step)) for point in shown}
        assert given <= known
        for edge in (inside[0], inside[-1]):
            assert (x(edge), edge.value, edge.step) in given
        parts = (300 - 4) // 2
        low, high = x(inside[0]), x(inside[-1])
        for part in range(parts):
            if log_x:
                bounds = [low * (high / low) ** ((part + at) / parts) for at in (0, 1)]
            else:
                bounds = [low + (high - low) * (part + at) / parts for at in (0, 1)]
            # well inside, so that rounding of the bounds decides nothing
            margin = (bounds[1] - bounds[0]) / 1000
            values = [
                point.value
                for point in inside
                if bounds[0] + margin < x(point) < bounds[1] - margin
            ]
            if values:
                there = [y for at, y, _ in given if bounds[0] - margin <= at <= bounds[1] + margin]
                assert min(there) <= min(values)
                assert max(there) >= max(values)


def test_one_point_beyond_each_end(engine: Engine, ask: Ask, started: str) -> None:
    log(
        engine, started, [Point("m", float(step), START + step, step) for step in range(0, 100, 10)]
    )
    found = line(ask, started, start=25, end=55)
    assert found.x == [20.0, 30.0, 40.0, 50.0, 60.0]
    assert (found.count, found.exact) == (3, True)
    assert line(ask, started, start=41, end=49).x == [40.0, 50.0]
    assert line(ask, started, start=41, end=49).count == 0
    assert line(ask, started, start=-50, end=-1).x == [0.0]
    assert line(ask, started, start=500).x == [90.0]
    assert line(ask, started, start=-5, end=15, log_x=True).x == [10.0, 20.0]
    assert line(ask, started, x="time", start=START + 10, end=START + 10).step == [0.0, 10.0, 20.0]
    assert line(ask, started, x="relative", start=0.01, end=0.01).step == [0.0, 10.0, 20.0]


def test_points_beyond_the_range_are_the_nearest_though_they_came_late(
    engine: Engine, ask: Ask, started: str
) -> None:
    for steps in ((0, 20, 90), (30, 80), (10, 50), (60, 70)):  # blocks that overlap
        log(engine, started, [Point("m", float(step), START + step, step) for step in steps])
    for axis, zero in (("step", 0), ("time", START)):
        found = line(ask, started, x=axis, start=zero + 45, end=zero + 55)
        assert found.step == [30.0, 50.0, 60.0]
        found = line(ask, started, x=axis, start=zero + 71, end=zero + 79)
        assert found.step == [70.0, 80.0]


def test_a_zoom_that_is_near_enough_is_exact(engine: Engine, ask: Ask, started: str) -> None:
    points = wave(20_000)
    log(engine, started, points)
    found = line(ask, started, start=10_000, end=10_400, points=1000)
    assert (found.count, found.exact) == (401, True)
    assert found.y == [point.value for point in points[9999:10_402]]


@pytest.mark.parametrize("batch", [1, 40, 1000])
def test_a_long_series_shows_every_extreme(
    engine: Engine, ask: Ask, started: str, batch: int
) -> None:
    """However it was logged; where blocks keep their extremes only those are read."""
    count = LONG + 30_000
    points = wave(count)
    fast = count if batch == 1000 else count - 200 * batch
    # Merging is the same after any number of points, so all but the last ones come fast.
    log(engine, started, points[:fast])
    for start in range(fast, count, batch):
        log(engine, started, points[start : start + batch])
    for axis, x in AXES.items():
        found = line(ask, started, x=axis, points=100)
        assert (found.count, found.exact) == (count, False)
        assert len(found.x) <= 100
        given = set(zip(found.x, found.y, strict=True))
        assert (x(points[0]), points[0].value) in given
        assert (x(points[-1]), points[-1].value) in given
        # What a part shows is the extreme of its points, but for 64 at each of its ends.
        parts = 48
        for part in range(parts):
            at = [part * count // parts + 150, (part + 1) * count // parts - 150]
            if axis != "step":  # times are spread by chance
                at = [at[0] + 700, at[1] - 700]
            values = [point.value for point in points[at[0] : at[1]]]
            assert min(values) >= min(found.y)
            near = [
                y
                for where, y in given
                if x(points[max(at[0] - 2000, 0)])
                <= where
                <= x(points[min(at[1] + 2000, count - 1)])
            ]
            assert min(near) <= min(values)
            assert max(near) >= max(values)
    # Parts that are narrow, as those at the start of a logarithmic axis, are exact.
    found = line(ask, started, points=1000, log_x=True)
    assert found.step[:20] == [float(step) for step in range(1, 21)]
    found = line(ask, started, points=1000, log_x=True, start=count - 20_000, end=10**12)
    assert len(found.x) > 900
    # Near enough, everything is exact.
    found = line(ask, started, start=count - 500, end=count, points=1000)
    assert found.y == [point.value for point in points[-501:]]
    assert found.exact


def test_a_part_with_nothing_but_nan_keeps_one(engine: Engine, ask: Ask, started: str) -> None:
    points = [
        Point("m", float("nan") if 400 <= step < 600 or step % 7 == 0 else step / 3, START, step)
        for step in range(1000)
    ]
    log(engine, started, points)
    found = line(ask, started, points=50)
    holes = [x for x, y in zip(found.x, found.y, strict=True) if math.isnan(y)]
    assert len([x for x in holes if 430 <= x < 570]) >= 2
    assert all(400 <= x < 600 or x in (0.0, 999.0) for x in holes)
    reals = [y for y in found.y if not math.isnan(y)]
    assert (min(reals), max(reals)) == (1 / 3, 333.0)


def test_constant_and_single_x(engine: Engine, ask: Ask, started: str) -> None:
    log(engine, started, [Point("m", 2.0, START, step) for step in range(1000)])
    log(engine, started, [Point("n", float(value % 10), START + value, 5) for value in range(1000)])
    found = line(ask, started, points=20)
    assert set(found.y) == {2.0}
    assert (found.x[0], found.x[-1]) == (0.0, 999.0)
    found = line(ask, started, "n", points=20)
    assert (min(found.y), max(found.y), found.count) == (0.0, 9.0, 1000)


def averaged(values: Sequence[float], weight: float) -> list[float]:
    """Weighted means of all that was before, written down as such."""
    found = []
    for end in range(1, len(values) + 1):
        weights = [weight ** (end - 1 - place) for place in range(end)]
        total = sum(w * value for w, value in zip(weights, values, strict=False))
        found.append(total / sum(weights))
    return found


def test_smoothing_is_over_all_points(engine: Engine, ask: Ask, started: str) -> None:
    points = wave(300)
    log(engine, started, points)
    wanted = averaged([point.value for point in points], 0.8)
    for axis in AXES:
        found = line(ask, started, x=axis, smoothing=0.8)
        assert found.smoothed == pytest.approx(wanted)
        assert found.y == [point.value for point in points]
    found = line(ask, started, smoothing=0.8, points=40)
    assert found.smoothed == pytest.approx([wanted[int(step)] for step in found.step])
    found = line(ask, started, smoothing=0.8, start=200, end=210)
    assert found.smoothed == pytest.approx(wanted[199:212])
    found = line(ask, started, smoothing=0.8, x="relative", start=0.3, end=0.4)
    assert found.smoothed == pytest.approx([wanted[int(step)] for step in found.step])


def test_smoothing_leaves_nan_out(engine: Engine, ask: Ask, started: str) -> None:
    values = [1.0, float("nan"), 3.0]
    log(engine, started, [Point("m", value, START, step) for step, value in enumerate(values)])
    found = line(ask, started, smoothing=0.5).smoothed
    assert found[0] == 1.0
    assert math.isnan(found[1])
    assert found[2] == pytest.approx((1.0 * 0.5 + 3.0) / 1.5)


def test_a_metric_as_x_is_joined_by_step(engine: Engine, ask: Ask, started: str) -> None:
    log(
        engine,
        started,
        [
            Point("loss", 5.0, START, 1),
            Point("loss", 4.0, START, 2),
            Point("loss", 3.5, START + 1, 2),  # the last one counts
            Point("loss", 3.0, START, 3),
            Point("loss", 2.0, START, 4),
            Point("my epoch", 9.0, START, 1),
            Point("my epoch", 0.5, START, 2),
            Point("my epoch", 0.25, START + 1, 2),
            Point("my epoch", float("nan"), START, 3),
            Point("my epoch", -1.0, START, 4),
        ],
    )
    for name in ("metrics.my epoch", "metrics.`my epoch`", 'metrics."my epoch"'):
        found = line(ask, started, "loss", x=name)
        assert (found.x, found.y, found.step) == ([-1.0, 0.25, 9.0], [2.0, 3.5, 5.0], [4, 2, 1])
    found = line(ask, started, "loss", x="metrics.my epoch", start=0, end=1)
    assert (found.x, found.count) == ([-1.0, 0.25, 9.0], 1)
    found = line(ask, started, "loss", x="metrics.my epoch", log_x=True)
    assert found.x == [0.25, 9.0]
    both = lines(ask, [started, new_run(ask)], ["my epoch", "loss"], x="metrics.my epoch")
    assert both[0].x == both[0].y == [-1.0, 0.25, 9.0]
    assert both[1].y == [2.0, 3.5, 5.0]
    assert (both[2].count, both[3].count) == (0, 0)
    assert line(ask, started, "loss", x="metrics.none").count == 0


def test_a_metric_as_x_is_sampled(engine: Engine, ask: Ask, started: str) -> None:
    points = wave(5000)
    log(engine, started, points)
    log(engine, started, [Point("e", point.step / 100, START, point.step) for point in points])
    found = line(ask, started, x="metrics.e", points=100)
    assert (found.count, found.exact) == (5000, False)
    assert max(found.y) == max(point.value for point in points)
    assert min(found.y) == min(point.value for point in points)
    found = line(ask, started, x="metrics.e", points=100, smoothing=0.5)
    assert len(found.smoothed) == len(found.y)


def test_a_grid_is_shared(engine: Engine, ask: Ask, started: str) -> None:
    other = new_run(ask, start_time=START)
    log(engine, started, [Point("m", float(step % 10), START, step) for step in range(100)])
    log(engine, other, [Point("m", 5.0, START, step) for step in range(50, 200)])
    answer = ask(
        wire.curves.get_curves,
        run_ids=[started, other, "none"],
        metric_keys=["m"],
        points=20,
        grid=True,
    )
    centres = numbers(answer["grid"])
    assert centres == pytest.approx([199 / 20 * (part + 0.5) for part in range(20)])
    first, second, none = lines(
        ask, [started, other, "none"], ["m"], points=20, grid=True, smoothing=0.5
    )
    assert first.x == first.y == first.step == []
    assert (first.count, second.count, none.count) == (100, 150, 0)
    for part in range(20):
        steps = [
            s
            for s in range(200)
            if 9.95 * part <= s < 9.95 * (part + 1) or s == 199 == 9.95 * (part + 1)
        ]
        mine = [float(s % 10) for s in steps if s < 100]
        if mine:
            assert first.mean[part] == pytest.approx(sum(mine) / len(mine))
            assert (first.low[part], first.high[part]) == (min(mine), max(mine))
            assert min(mine) <= first.smoothed[part] <= max(mine)
        else:
            assert math.isnan(first.mean[part])
        there = any(s >= 50 for s in steps)
        assert math.isnan(second.mean[part]) is not there
    assert len(none.mean) == 0


def test_grids_by_other_axes(engine: Engine, ask: Ask, started: str) -> None:
    points = wave(1000)
    log(engine, started, points)
    log(engine, started, [Point("e", point.step + 1.0, START, point.step) for point in points])
    for axis, log_x in [(a, b) for a in (*AXES, "metrics.e") for b in (False, True)]:
        answer = ask(
            wire.curves.get_curves,
            run_ids=[started],
            metric_keys=["m"],
            points=50,
            grid=True,
            x=axis,
            log_x=log_x,
        )
        centres, curve = numbers(answer["grid"]), answer["curves"][0]
        assert len(centres) == 50
        assert centres == sorted(centres)
        assert curve["count"] == (999 if axis == "step" and log_x else 1000)
        reals = [value for value in numbers(curve["high"]) if not math.isnan(value)]
        assert max(reals) == max(point.value for point in points[1:] if point.value)
    answer = ask(
        wire.curves.get_curves,
        run_ids=[started],
        metric_keys=["m"],
        points=10,
        grid=True,
        start=100,
        end=200,
    )
    assert numbers(answer["grid"]) == pytest.approx([105.0 + 10 * part for part in range(10)])
    assert answer["curves"][0]["count"] == 101
    assert ask(wire.curves.get_curves, run_ids=["none"], metric_keys=["m"], grid=True)["grid"] == ""


def test_many_curves_get_fewer_points_each(engine: Engine, ask: Ask) -> None:
    runs = [new_run(ask) for _ in range(3)]
    keys = [f"m{number}" for number in range(80)]
    points = [Point(key, float(step % 9), START, step) for step in range(12) for key in keys]
    for run in runs:
        log(engine, run, points)
    found = lines(ask, runs, keys, points=10_000)
    assert MOST_ANSWERED // len(found) >= 12
    assert all(each.exact and each.count == 12 for each in found)
    few = lines(ask, runs, keys, points=10)
    assert all(len(each.x) <= 10 and not each.exact for each in few)
    assert {max(each.y) for each in few} == {8.0}


def test_a_curve_that_is_asked_for_again_counts_again(ask: Ask) -> None:
    """Or a small question would have an answer of gigabytes."""
    run = new_run(ask, start_time=START)
    points = [Point("m", float(step % 7), START, step) for step in range(1000)]
    ask(wire.metrics.log_batch, run_id=run, metrics=msgspec.to_builtins(points))
    for grid in (False, True):
        found = lines(ask, [run] * 100, ["m"] * 100, points=10_000, grid=grid)
        given = sum(len(line.y) + len(line.mean) for line in found)
        assert 100_000 <= given <= MOST_ANSWERED


@pytest.mark.parametrize("x", ["step", "time", "relative", "metrics.m"])
@pytest.mark.parametrize("more", [{}, {"grid": True}, {"log_x": True}, {"smoothing": 0.5}])
def test_bounds_beyond_all_points(ask: Ask, x: str, more: dict[str, Any]) -> None:
    run = new_run(ask, start_time=START)
    points = [Point("m", float(step), START + step, step) for step in range(1, 5)]
    ask(wire.metrics.log_batch, run_id=run, metrics=msgspec.to_builtins(points))
    huge = 1.7e308
    for start, end, count in ((-huge, huge, 4), (huge / 2, huge, 0), (-huge, -huge / 2, 0)):
        [line] = lines(ask, [run], ["m"], x=x, start=start, end=end, **more)
        assert line.count == count


def test_runs_are_asked_for_in_portions(engine: Engine, ask: Ask) -> None:
    runs = [new_run(ask) for _ in range(3)]
    for number, run in enumerate(runs):
        log(engine, run, wave(30_000, seed=number))  # more than are read in one query together
    found = lines(ask, [*runs, *(f"unknown{number}" for number in range(600))], ["m"], points=100)
    assert [each.count for each in found[:4]] == [30_000] * 3 + [0]
    for number in range(3):
        assert max(found[number].y) == max(point.value for point in wave(30_000, seed=number))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"run_ids": []}, "run_ids"),
        ({"metric_keys": []}, "metric_keys"),
        ({"run_ids": ["r"] * 1001}, "at most 1000"),
        ({"run_ids": ["r"] * 200, "metric_keys": ["m"] * 51}, "At most 10000 curves"),
        ({"metric_keys": ["m"] * 101}, "at most 100"),
        ({"metric_keys": ["m" * 501]}, "maximum length of 500"),
        ({"run_ids": ["-"]}, "run id"),
        ({"x": "epoch"}, "metrics.NAME"),
        ({"x": "metrics."}, "metrics.NAME"),
        ({"start": 3, "end": 2}, "end must be at least start"),
        ({"start": "NaN"}, "finite"),
        ({"points": 9}, "10 to 10000"),
        ({"points": 10_001}, "10 to 10000"),
        ({"smoothing": 1}, "from 0 to below 1"),
        ({"smoothing": "NaN"}, "from 0 to below 1"),
    ],
)
def test_wrong_questions(fields: dict[str, Any], text: str) -> None:
    body = json.dumps({"run_ids": ["r"], "metric_keys": ["m"]} | fields).encode()
    with pytest.raises(MlflowException, match=text):
        decode_body(wire.curves.get_curves, body)
