"""Curves: points of many metrics of many runs, thinned for a chart."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, floor, sqrt
from typing import NamedTuple

from mlflow import wire
from mlflow.service import _sampling as sampling
from mlflow.service._engine import Engine, serves
from mlflow.service._sampling import Numbers
from mlflow.store.curves import Range, Series
from mlflow.store.points import doubles
from mlflow.wire.curves import Curve, Curves, GetCurves

MOST_ANSWERED = 2_000_000  # points in one answer
FEWEST_POINTS = 10  # of a curve, however many curves there are
#: points that are given besides the extremes of parts: the first, the last, one beyond each end
_ENDS = 4
_FAR = 2.0**65  # beyond all steps, and all times since any start


@serves(wire.curves.get_curves)
def get_curves(engine: Engine, ask: GetCurves) -> Curves:
    """Give points of metrics of runs for a chart."""
    points = _points(engine, ask)
    if ask.grid:
        return _on_grid(engine, ask, points)
    parts = (points - _ENDS) // 2
    thins = not ask.smoothing and not ask.x_metric()
    found = _each(
        engine, ask, lambda line: _sampled(line, ask, points), parts=parts if thins else 0
    )
    return Curves(_in_order(ask, found))


def _points(engine: Engine, ask: GetCurves) -> int:
    """How many points of a curve are given at the most."""
    most = len(ask.run_ids) * len(ask.metric_keys)
    if most * ask.points <= MOST_ANSWERED:
        return ask.points
    there = engine.store.curves.counts(ask.run_ids, ask.metric_keys)
    # Who asks for one twice is given it twice.
    curves = sum((run_id, key) in there for run_id in ask.run_ids for key in ask.metric_keys)
    return max(FEWEST_POINTS, min(ask.points, MOST_ANSWERED // max(curves, 1)))


def _in_order(ask: GetCurves, found: Sequence[Curve]) -> list[Curve]:
    by_name = {(curve.run_id, curve.metric_key): curve for curve in found}
    return [
        by_name.get((run_id, key)) or Curve(run_id, key, 0, True, b"", b"", b"")
        for run_id in ask.run_ids
        for key in ask.metric_keys
    ]


class _Line(NamedTuple):
    """A series by x.

    Args:
        xs: ascending; steps, milliseconds since the epoch, or values of a metric.
        zero: what x is 0 at, in these numbers.
        low, high: bounds in these numbers, None where there is none.
        smooth: empty when it was not asked for.
    """

    series: Series
    xs: Numbers
    ys: list[float]
    steps: list[int]
    smooth: list[float]
    zero: int
    low: float | None
    high: float | None

    def given(self, xs: Numbers, relative: bool) -> Numbers:
        """Numbers of xs as they are given: relative ones are seconds."""
        return [(x - self.zero) / 1000 for x in xs] if relative else xs


def _each(
    engine: Engine, ask: GetCurves, do: Callable[[_Line], Curve], parts: int = 0
) -> list[Curve]:
    """What `do` makes of each curve that has points."""
    x_metric = ask.x_metric()
    by_time = ask.x in ("time", "relative")
    at_step: dict[int, float] = {}

    def wanted(start_time: int) -> Range:
        low, high = _bounds(ask, start_time)
        if ask.smoothing:  # which is an average of all that was before
            low, high = None, None if by_time else high
        zero = start_time if ask.x == "relative" else 0
        return Range(low, high, by_time, by_time, parts, ask.log_x, zero)

    def made(series: Series) -> Curve | None:
        nonlocal at_step
        if series.key == x_metric:
            # Of points with the same step the last one stays.
            at_step = dict(zip(series.points.steps, series.points.values, strict=True))
            if series.key not in ask.metric_keys:
                return None
        return do(_line(series, ask, at_step))

    found = engine.store.curves.each(ask.run_ids, ask.metric_keys, wanted, made, x_metric)
    return [curve for curve in found if curve is not None]


def _bounds(ask: GetCurves, start_time: int) -> tuple[int | None, int | None]:
    """The range as steps, or milliseconds since the epoch."""
    zero, unit = (start_time, 1000) if ask.x == "relative" else (0, 1)

    def rounded(bound: float) -> float:
        # 0.29 s are 290 ms and not a little less; beyond all integers there is nothing to round
        return max(-_FAR, min(round(bound * unit, 6), _FAR))

    low = None if ask.start is None else zero + ceil(rounded(ask.start))
    high = None if ask.end is None else zero + floor(rounded(ask.end))
    if ask.log_x:
        low = zero + 1 if low is None else max(low, zero + 1)
    return low, high


def _line(series: Series, ask: GetCurves, at_step: dict[int, float]) -> _Line:
    steps, times, ys = series.points
    smooth = sampling.smoothed(ys, ask.smoothing) if ask.smoothing else []
    xs: Numbers
    if ask.x_metric():
        places = _joined(steps, at_step, ask.log_x)
        places.sort(key=lambda place: at_step[steps[place]])
        xs = [at_step[steps[place]] for place in places]
        low, high = ask.start, ask.end
        zero = 0
    else:
        zero = series.start_time if ask.x == "relative" else 0
        low, high = _bounds(ask, series.start_time)
        xs = steps if ask.x == "step" else times
        if ask.x == "step" or sorted(times) == times:
            return _Line(series, xs, ys, steps, smooth, zero, low, high)
        places = sorted(range(len(times)), key=times.__getitem__)
        xs = [times[place] for place in places]
    ys = [ys[place] for place in places]
    if smooth:
        smooth = [smooth[place] for place in places]
    return _Line(series, xs, ys, [steps[place] for place in places], smooth, zero, low, high)


def _joined(steps: list[int], at_step: dict[int, float], log: bool) -> list[int]:
    """The places of the points that have an x; of those with the same step the last one."""
    last = {step: place for place, step in enumerate(steps)}
    found = []
    for step, place in last.items():
        x = at_step.get(step)
        if x is not None and x == x and (not log or x > 0):
            found.append(place)
    return found


def _within(line: _Line) -> tuple[int, int]:
    """Between which places the points in range are."""
    first = 0 if line.low is None else bisect_left(line.xs, line.low)
    last = len(line.xs) if line.high is None else bisect_right(line.xs, line.high, first)
    return first, last


def _sampled(line: _Line, ask: GetCurves, points: int) -> Curve:
    xs, ys = line.xs, line.ys
    first, last = _within(line)
    begin = first - 1 if first and not (ask.log_x and xs[first - 1] <= line.zero) else first
    end = last + 1 if last < len(xs) else last
    left_out = line.series.left_out
    exact = not left_out and end - begin <= points
    if exact:
        places: Sequence[int] = range(begin, end)
    else:
        bounds = [first, last]
        if xs[first] < xs[last - 1]:
            parts = sampling.edges(
                xs[first], xs[last - 1], (points - _ENDS) // 2, ask.log_x, line.zero
            )
            bounds = sampling.cuts(xs, parts, first, last)
        ends = (begin, first, last - 1, end - 1)
        places = sorted({*sampling.extremes(ys, bounds), *ends})
    relative = ask.x == "relative"
    return Curve(
        run_id=line.series.run_id,
        metric_key=line.series.key,
        count=last - first + left_out,
        exact=exact,
        x=doubles(line.given(_at(xs, places), relative)),
        y=doubles(_at(ys, places)),
        step=doubles(_at(line.steps, places)),
        smoothed=doubles(_at(line.smooth, places)) if ask.smoothing else None,
    )


def _at(values: Numbers, places: Sequence[int]) -> Numbers:
    if isinstance(places, range):
        return values[places.start : places.stop]
    return [values[place] for place in places]


# -- grids ---------------------------------------------------------------------


def _on_grid(engine: Engine, ask: GetCurves, points: int) -> Curves:
    """Averages of all curves in the same parts of x."""
    extent = _extent(engine, ask)
    if extent is None:
        return Curves(_in_order(ask, []), b"")
    bounds = sampling.edges(*extent, points, ask.log_x)
    relative = ask.x == "relative"

    def averaged(line: _Line) -> Curve:
        xs = line.given(line.xs, relative)
        cuts = sampling.cuts(xs, bounds, 0, len(xs))
        band = sampling.band(line.ys, cuts)
        return Curve(
            run_id=line.series.run_id,
            metric_key=line.series.key,
            count=cuts[-1] - cuts[0],
            exact=False,
            x=b"",
            y=b"",
            step=b"",
            smoothed=doubles(sampling.band(line.smooth, cuts).mean) if ask.smoothing else None,
            mean=doubles(band.mean),
            low=doubles(band.low),
            high=doubles(band.high),
        )

    centres = [
        sqrt(one) * sqrt(two) if ask.log_x else (one + two) / 2 for one, two in pairwise(bounds)
    ]
    return Curves(_in_order(ask, _each(engine, ask, averaged)), doubles(centres))


def _extent(engine: Engine, ask: GetCurves) -> tuple[float, float] | None:
    """The bounds of x that the curves share, None when they have no points in range."""
    if ask.start is not None and ask.end is not None and (not ask.log_x or ask.start > 0):
        return ask.start, ask.end
    extents: list[tuple[float, float]] = []
    if ask.log_x or ask.x_metric():
        relative = ask.x == "relative"

        def noted(line: _Line) -> Curve:
            first, last = _within(line)
            if first < last:
                low, high = line.given([line.xs[first], line.xs[last - 1]], relative)
                extents.append((low, high))
            return Curve(line.series.run_id, line.series.key, 0, True, b"", b"", b"")

        _each(engine, ask, noted)
    else:
        for run in engine.store.curves.extents(ask.run_ids, ask.metric_keys):
            if ask.x == "step":
                extents.append((run.low_step, run.high_step))
            else:
                zero, unit = (run.start_time, 1000) if ask.x == "relative" else (0, 1)
                extents.append(((run.low_time - zero) / unit, (run.high_time - zero) / unit))
    if not extents:
        return None
    low = min(low for low, _ in extents) if ask.start is None or ask.log_x else ask.start
    high = max(high for _, high in extents) if ask.end is None else ask.end
    return (low, high) if low <= high else None
