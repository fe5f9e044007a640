"""Curves on the wire: points of many metrics of many runs, thinned for a chart."""

import math

import msgspec

from mlflow.exceptions import invalid
from mlflow.wire import _fields as rules
from mlflow.wire._endpoint import Endpoint, Question, may

MOST_RUNS = 1000
MOST_KEYS = 100
MOST_CURVES = 10_000
MOST_POINTS = 10_000  # of one curve
MOST_CHARACTERS = 500  # of the name of a metric, which the answer repeats for each run
_METRIC = "metrics."


class GetCurves(Question, kw_only=True, omit_defaults=True):
    """Points of metrics of some runs for a chart, at most `points` of each curve.

    `x` is `step`, `time` (milliseconds since the epoch), `relative` (seconds since the run's
    start) or `metrics.NAME`: the value that this metric has at the same step, the last one where
    it has several. `start` and `end` are bounds of x; one point beyond each is given as well, so
    that lines reach the edge. With `log_x` points with x <= 0 are left out.

    Where a curve has more points than asked for, the range is cut into equal parts (equal in the
    logarithm of x with `log_x`), and of each the points with the smallest and the largest value
    are given: no extreme is ever left out. Of very long curves the parts are cut to within 64
    points. The first and the last point are always given. An answer has at most 2,000,000 points:
    with very many curves each gets fewer than asked for.

    `smoothing` (0 <= s < 1) adds an exponential moving average, without the bias of its start,
    over all points of the run in the order of their steps. With `grid` all curves share `points`
    equal parts, and each gives the mean, the smallest and the largest value in every part. These
    two, and a metric as x, need all points, and are refused for metrics with more than 4,000,000.
    """

    run_ids: list[str] = []  # noqa: RUF012 - msgspec copies it for each object
    metric_keys: list[str] = []  # noqa: RUF012
    x: str = "step"
    start: float | None = None
    end: float | None = None
    points: int = 1000
    log_x: bool = False
    smoothing: float = 0.0
    grid: bool = False

    def check(self) -> None:
        for name, values, most in (
            ("run_ids", self.run_ids, MOST_RUNS),
            ("metric_keys", self.metric_keys, MOST_KEYS),
        ):
            if not values:
                raise rules.absent(name)
            if len(values) > most:
                raise invalid(
                    f"Invalid value for parameter {name!r}: at most {most} can be asked for; "
                    f"got {len(values)}."
                )
        if len(self.run_ids) * len(self.metric_keys) > MOST_CURVES:
            raise invalid(
                f"At most {MOST_CURVES} curves can be asked for at once; got "
                f"{len(self.run_ids)} runs with {len(self.metric_keys)} metrics."
            )
        for run_id in self.run_ids:
            rules.check_run_id(run_id)
        for key in self.metric_keys:
            rules.require("metric_keys", key)
            rules.check_text("metric_keys", key, MOST_CHARACTERS)
        if self.x not in ("step", "time", "relative") and not self.x_metric():
            raise invalid(
                f"Invalid value {self.x[:300]!r} for parameter 'x': write step, time, relative "
                "or metrics.NAME."
            )
        self._check_range()
        if not 10 <= self.points <= MOST_POINTS:
            raise invalid(
                f"Invalid value {self.points} for parameter 'points': allowed are 10 to "
                f"{MOST_POINTS}."
            )
        if not 0 <= self.smoothing < 1:
            raise invalid(
                f"Invalid value {self.smoothing} for parameter 'smoothing': allowed are numbers "
                "from 0 to below 1."
            )

    def _check_range(self) -> None:
        for name, bound in (("start", self.start), ("end", self.end)):
            if bound is not None and not math.isfinite(bound):
                raise invalid(f"Invalid value {bound} for parameter {name!r}: it must be finite.")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise invalid(
                f"end must be at least start; got start={self.start:g} and end={self.end:g}."
            )

    def x_metric(self) -> str:
        """The metric on the x axis; empty when it is not a metric."""
        if not self.x.startswith(_METRIC):
            return ""
        key = self.x[len(_METRIC) :]
        quoted = len(key) > 1 and key[0] == key[-1] and key[0] in '`"'
        return key[1:-1] if quoted else key


class Curve(msgspec.Struct, omit_defaults=True):
    """One metric of one run, by x. Columns are base64 of little-endian doubles.

    `count` says how many points there are in the range, `exact` whether all of them are given.
    `mean`, `low` and `high` (and the mean of `smoothed`) are there instead of points when a grid
    was asked for; they are NaN where a part of it has no point.
    """

    run_id: str
    metric_key: str
    count: int
    exact: bool
    x: bytes
    y: bytes
    step: bytes
    smoothed: bytes | None = None
    mean: bytes | None = None
    low: bytes | None = None
    high: bytes | None = None


class Curves(msgspec.Struct, omit_defaults=True):
    """Curves by run and metric, in the order asked for; those without points have a count of 0.

    `grid` has the centres of the parts that all share, as base64 of little-endian doubles.
    """

    curves: list[Curve]
    grid: bytes | None = None


get_curves = Endpoint(
    "POST", "/mlflow/metrics/curves", GetCurves, Curves, needs=may.read("run_ids")
)
