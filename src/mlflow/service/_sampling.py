"""Curves made small enough to draw: which points of a line to keep, and averages along it."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import nan
from typing import NamedTuple

Numbers = Sequence[int] | Sequence[float]


class Band(NamedTuple):
    """Mean, least and greatest value of each part of a grid; NaN where there is none."""

    mean: list[float]
    low: list[float]
    high: list[float]


def edges(low: float, high: float, parts: int, log: bool, zero: float = 0.0) -> list[float]:
    """The `parts` + 1 bounds of parts that are equally wide, or equally wide in the logarithm.

    Args:
        zero: where x is 0, for logarithms.
    """
    if log:
        ratio = (high - zero) / (low - zero)
        inner = [zero + (low - zero) * ratio ** (part / parts) for part in range(1, parts)]
    else:
        width = (high - low) / parts
        inner = [low + width * part for part in range(1, parts)]
    return [low, *inner, high]


def cuts(xs: Numbers, bounds: Sequence[float], first: int, last: int) -> list[int]:
    """Where the parts between bounds begin among xs[first:last]; the last part has its end, too."""
    found = [bisect_left(xs, bounds[0], first, last)]
    at = found[0]
    for bound in bounds[1:-1]:
        at = bisect_left(xs, bound, at, last)
        found.append(at)
    found.append(bisect_right(xs, bounds[-1], at, last))
    return found


def extremes(ys: list[float], bounds: Sequence[int]) -> list[int]:
    """The places of the least and the greatest value between each two bounds, in order.

    Where there is nothing but NaN, one of those.
    """
    places: list[int] = []
    total = sum(ys[bounds[0] : bounds[-1]])
    clean = total == total
    index = ys.index
    start = bounds[0]
    for end in bounds[1:]:
        if end - start < 2 or (clean and end - start == 2):
            places += range(start, end)
            start = end
            continue
        part = ys[start:end]
        if not clean and (total := sum(part)) != total:
            reals = [value for value in part if value == value]
            if not reals:
                places.append(start)
                start = end
                continue
            low, high = min(reals), max(reals)
        else:
            low, high = min(part), max(part)
        if low == high:
            places.append(index(low, start, end))
        else:
            one, other = index(low, start, end), index(high, start, end)
            places += (one, other) if one < other else (other, one)
        start = end
    return places


def band(ys: list[float], bounds: Sequence[int]) -> Band:
    """Mean, least and greatest value between each two bounds, NaN left out."""
    found = Band([], [], [])
    start = bounds[0]
    for end in bounds[1:]:
        part = ys[start:end]
        start = end
        total = sum(part)
        if total != total:
            part = [value for value in part if value == value]
            total = sum(part)
        if part:
            low, high = min(part), max(part)
            # rounding, or a sum beyond the largest double, must not take the mean out of the band
            found.mean.append(min(max(total / len(part), low), high))
            found.low.append(low)
            found.high.append(high)
        else:
            for column in found:
                column.append(nan)
    return found


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """The exponential moving average, without the bias of its start; NaN stays and counts not.

    Args:
        weight: of what was before, 0 <= weight < 1.
    """
    found: list[float] = []
    add = found.append
    rest = 1.0 - weight
    average, unseen = 0.0, 1.0
    for value in values:
        if value == value:
            average = average * weight + value * rest
            unseen *= weight
            add(average / (1.0 - unseen))
        else:
            add(value)
    return found
