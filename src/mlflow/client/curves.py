"""Curves for charts: the methods of `MlflowClient` that give metrics as arrays."""

import sys
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from mlflow import wire
from mlflow.client._calls import Calls, texts
from mlflow.wire.curves import Curve, GetCurves


class MetricCurve(NamedTuple):
    """One metric of one run, by x.

    The columns are `array('d')`, which numpy, pandas and plots take without a copy.

    Args:
        run_id, metric_key: whose and which.
        points: how many points there are in the range; fewer may be given.
        exact: whether all of them are given.
        x, y, step: of each point; empty when a grid was asked for.
        smoothed: None unless it was asked for; with a grid its mean in each part.
        mean, low, high: of each part of the grid, NaN where it has no point; None without a grid.
        grid: the centres of the parts; None without a grid.
    """

    run_id: str
    metric_key: str
    points: int
    exact: bool
    x: "array[float]"
    y: "array[float]"
    step: "array[float]"
    smoothed: "array[float] | None"
    mean: "array[float] | None"
    low: "array[float] | None"
    high: "array[float] | None"
    grid: "array[float] | None"


class Curves(Calls):
    """Read metrics of many runs for a chart."""

    def metric_curves(
        self,
        run_ids: Sequence[str] | str,
        metric_keys: Sequence[str] | str,
        x: str = "step",
        start: float | None = None,
        end: float | None = None,
        points: int = 1000,
        log_x: bool = False,
        smoothing: float = 0.0,
        grid: bool = False,
    ) -> list[MetricCurve]:
        """Points of metrics of some runs, no more of each than a chart can show.

        Where a curve has more points, the range is cut into equal parts and the smallest and the
        largest value of each are given, so that no extreme is left out, and the first and the last
        point.

        Args:
            run_ids: up to 1000 runs.
            metric_keys: up to 100 metrics; 10,000 curves in all.
            x: `step`, `time` (milliseconds since the epoch), `relative` (seconds since the start
                of the run) or `metrics.NAME`, the value of that metric at the same step.
            start, end: range of x; one point beyond each is given, too.
            points: of each curve, 10 to 10,000; fewer where an answer would have more than
                2,000,000.
            log_x: parts are equal in the logarithm of x, and points with x <= 0 are left out.
            smoothing: weight of an exponential moving average over all points, 0 to below 1; 0
                for none.
            grid: give mean, smallest and largest value of each of `points` equal parts that all
                curves share, instead of points.

        Returns:
            The curves by run and metric as asked for; those without points are empty.
        """
        question = GetCurves(
            run_ids=texts(run_ids),
            metric_keys=texts(metric_keys),
            x=x,
            start=start,
            end=end,
            points=points,
            log_x=log_x,
            smoothing=smoothing,
            grid=grid,
        )
        run_id = question.run_ids[0] if len(question.run_ids) == 1 else None
        answer = self._read(wire.curves.get_curves, question, run_id)
        shared = _numbers(answer.grid)
        return [_curve(curve, shared) for curve in answer.curves]


def _curve(curve: Curve, grid: "array[float] | None") -> MetricCurve:
    return MetricCurve(
        run_id=curve.run_id,
        metric_key=curve.metric_key,
        points=curve.count,
        exact=curve.exact,
        x=_doubles(curve.x),
        y=_doubles(curve.y),
        step=_doubles(curve.step),
        smoothed=_numbers(curve.smoothed),
        mean=_numbers(curve.mean),
        low=_numbers(curve.low),
        high=_numbers(curve.high),
        grid=grid,
    )


def _numbers(data: bytes | None) -> "array[float] | None":
    return None if data is None else _doubles(data)


def _doubles(data: bytes) -> "array[float]":
    numbers = array("d", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
