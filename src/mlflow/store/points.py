"""Points of one series, packed into a block of bytes.

A block holds three columns (steps, timestamps, values), each on its own:

    byte 0       how the columns are kept: bits 0-1 steps, bits 2-3 timestamps, bit 4 values
    bytes 1-4    number of points
    steps        EVEN: first and distance (2 times 8 bytes);
                 DELTAS: first (8 bytes), array code (1 byte), differences
    timestamps   likewise
    values       doubles; or, when bit 4 is set, zlib over the doubles' bytes, sorted by
                 their place (all first bytes, all second bytes, …), which packs better

All numbers are little-endian. Evenly spaced steps, the usual case, cost nothing per point.
"""

import struct
import sys
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, islice
from math import isnan
from operator import lt, sub
from typing import NamedTuple

EVEN, DELTAS = 0, 1
SHUFFLED = 16
MAX_DOUBLE = sys.float_info.max
#: points of which a series' extremes keep two, the least and the greatest
THINNED = 64
WORTH = 0.75  # compressed values must be this much smaller, for reading them takes longer
_HEAD = struct.Struct("<BI")
_PAIR = struct.Struct("<qq")
_ONE = struct.Struct("<q")
_DOUBLE = struct.Struct("<d")
_CODES = (("b", 2**7), ("h", 2**15), ("i", 2**31), ("q", 2**63))
_WIDTHS = {ord(code): array(code.lower()).itemsize for code in "bhiqQ"}
_SWAPPED = sys.byteorder == "big"


class Points(NamedTuple):
    """Points of one series, ordered by step, timestamp and value, no two the same.

    Args:
        steps: integers.
        times: milliseconds since the epoch.
        values: doubles; NaN is allowed, infinities are not.
    """

    steps: list[int]
    times: list[int]
    values: list[float]

    def __len__(self) -> int:  # number of points, not of columns
        return len(self.steps)


def ordered(steps: list[int], times: list[int], values: list[float]) -> Points:
    """Points in order, without repetitions, infinities replaced by the largest double."""
    total = sum(values)
    if total - total != 0:  # NaN, or infinite
        values = [clamped(value) for value in values]
    if len(steps) == 1 or all(map(lt, steps, islice(steps, 1, None))):
        return Points(steps, times, values)
    rows = sorted(zip(steps, times, map(_sortable, values), strict=True))
    unique = [rows[0]]
    for row in rows:
        if row != unique[-1]:
            unique.append(row)
    return Points(
        [row[0] for row in unique], [row[1] for row in unique], [_value(row[2]) for row in unique]
    )


def clamped(value: float) -> float:
    """The value, with infinities replaced by the largest double, as databases keep them."""
    if value == float("inf"):
        return MAX_DOUBLE
    if value == float("-inf"):
        return -MAX_DOUBLE
    return value


def merged(parts: list[Points]) -> Points:
    """Points of several blocks as one; blocks that follow each other are simply joined."""
    parts = sorted(parts, key=lambda part: (part.steps[0], part.times[0]))
    steps = [step for part in parts for step in part.steps]
    times = [time for part in parts for time in part.times]
    values = [value for part in parts for value in part.values]
    return ordered(steps, times, values)


def without(points: Points, known: Points) -> Points:
    """The points that are not among the known ones."""
    there = set(zip(known.steps, known.times, map(_sortable, known.values), strict=True))
    fresh = [
        row
        for row in zip(points.steps, points.times, points.values, strict=True)
        if (row[0], row[1], _sortable(row[2])) not in there
    ]
    return Points([row[0] for row in fresh], [row[1] for row in fresh], [row[2] for row in fresh])


def _sortable(value: float) -> tuple[float, bool]:
    # NaN takes the place of 0, after it: comparisons with NaN itself give no order
    return (0.0, True) if isnan(value) else (float(value), False)


def _value(key: tuple[float, bool]) -> float:
    return float("nan") if key[1] else key[0]


def pack(points: Points, *, squeeze: bool = False) -> bytes:
    """The block of points; `squeeze` takes the time to compress the values."""
    count = len(points.steps)
    step_mode, steps = _pack_integers(points.steps)
    time_mode, times = _pack_integers(points.times)
    raw = _bytes(array("d", points.values))
    flags = step_mode | time_mode << 2
    if squeeze and count > 32:
        small = zlib.compress(b"".join(raw[place::8] for place in range(8)), 6)
        if len(small) < WORTH * len(raw):
            flags, raw = flags | SHUFFLED, small
    return b"".join((_HEAD.pack(flags, count), steps, times, raw))


def unpack(data: bytes) -> Points:
    """The points of a block."""
    flags, count = _HEAD.unpack_from(data)
    steps, at = _unpack_integers(data, _HEAD.size, flags & 3, count)
    times, at = _unpack_integers(data, at, flags >> 2 & 3, count)
    return Points(steps, times, _unpack_values(data, at, flags, count))


def unpack_without_times(data: bytes) -> tuple[list[int], list[float]]:
    """The steps and values of a block."""
    flags, count = _HEAD.unpack_from(data)
    steps, at = _unpack_integers(data, _HEAD.size, flags & 3, count)
    at = _end_of_integers(data, at, flags >> 2 & 3, count)
    return steps, _unpack_values(data, at, flags, count)


def _unpack_values(data: bytes, at: int, flags: int, count: int) -> list[float]:
    raw = data[at:]
    if flags & SHUFFLED:
        sorted_bytes = zlib.decompress(raw)
        whole = bytearray(8 * count)
        for place in range(8):
            whole[place::8] = sorted_bytes[place * count : (place + 1) * count]
        raw = bytes(whole)
    return [*_array("d", raw)]


def pick(data: bytes, places: Sequence[int]) -> Points:
    """The points at some places of a block, without making all the others."""
    flags, count = _HEAD.unpack_from(data)
    if len(places) * 4 > count or flags & (DELTAS | DELTAS << 2):
        return taken(unpack(data), places)
    step, step_distance = _PAIR.unpack_from(data, _HEAD.size)
    time, time_distance = _PAIR.unpack_from(data, _HEAD.size + _PAIR.size)
    values = _HEAD.size + 2 * _PAIR.size
    if flags & SHUFFLED:
        shuffled = zlib.decompress(data[values:])
        found = [_DOUBLE.unpack(shuffled[place::count])[0] for place in places]
    else:
        found = [_DOUBLE.unpack_from(data, values + 8 * place)[0] for place in places]
    return Points(
        [step + step_distance * place for place in places],
        [time + time_distance * place for place in places],
        found,
    )


def at(data: bytes, step: int) -> Points:
    """The points of a block that have this step."""
    flags, count = _HEAD.unpack_from(data)
    if flags & 3 == EVEN:
        first, distance = _PAIR.unpack_from(data, _HEAD.size)
        if distance > 0:  # so there is one such point at most
            place, rest = divmod(step - first, distance)
            return pick(data, [place] if not rest and 0 <= place < count else [])
    return between(unpack(data), step, step)


def extremes(points: Points) -> Points | None:
    """The first and the last point, and the least and the greatest of each `THINNED` points.

    None where time does not go with the steps: then it cannot be told from these points when the
    others were.
    """
    if sorted(points.times) != points.times:
        return None
    values = points.values
    has_nan = isnan(sum(values))
    places = [0]
    for start in range(0, len(values), THINNED):
        part = values[start : start + THINNED]
        if has_nan:
            reals = [value for value in part if value == value]
            if not reals:
                places.append(start)
                continue
            low, high = part.index(min(reals)), part.index(max(reals))
        else:
            low, high = part.index(min(part)), part.index(max(part))
        places += (start + low, start + high) if low < high else (start + high, start + low)
    places.append(len(values) - 1)
    return taken(points, list(dict.fromkeys(places)))


def taken(points: Points, places: Sequence[int]) -> Points:
    """The points at some places."""
    return Points(
        [points.steps[place] for place in places],
        [points.times[place] for place in places],
        [points.values[place] for place in places],
    )


def between(points: Points, low: int, high: int) -> Points:
    """The points with low <= step <= high."""
    start, end = bisect_left(points.steps, low), bisect_right(points.steps, high)
    return Points(points.steps[start:end], points.times[start:end], points.values[start:end])


def _pack_integers(numbers: list[int]) -> tuple[int, bytes]:
    first = numbers[0]
    if len(numbers) == 1:
        return EVEN, _PAIR.pack(first, 0)
    distance = numbers[1] - first
    end = first + distance * len(numbers)
    if -(2**63) <= distance < 2**63 and (
        numbers.count(first) == len(numbers)
        if distance == 0
        else numbers == list(range(first, end, distance))
    ):
        return EVEN, _PAIR.pack(first, distance)
    deltas = list(map(sub, islice(numbers, 1, None), numbers))
    widest = max(max(deltas), -1 - min(deltas))
    for code, limit in _CODES:
        if widest < limit:
            packed = _bytes(array(code, deltas))
            return DELTAS, b"".join((_ONE.pack(first), code.encode(), packed))
    # A difference of more than 63 bits: steps from one end of the range to the other.
    return DELTAS, b"".join((_ONE.pack(first), b"Q", _bytes(array("q", numbers[1:]))))


def _unpack_integers(data: bytes, at: int, mode: int, count: int) -> tuple[list[int], int]:
    if mode == EVEN:
        first, distance = _PAIR.unpack_from(data, at)
        at += _PAIR.size
        if distance == 0:
            return [first] * count, at
        return list(range(first, first + distance * count, distance)), at
    end = _end_of_integers(data, at, mode, count)
    (first,) = _ONE.unpack_from(data, at)
    at += _ONE.size
    code = chr(data[at])
    at += 1
    if code == "Q":
        return [first, *_array("q", data[at:end])], end
    return list(accumulate(_array(code, data[at:end]), initial=first)), end


def _end_of_integers(data: bytes, at: int, mode: int, count: int) -> int:
    if mode == EVEN:
        return at + _PAIR.size
    at += _ONE.size
    return at + 1 + _WIDTHS[data[at]] * (count - 1)


def doubles(numbers: "Sequence[float]") -> bytes:
    """Numbers as little-endian doubles."""
    return _bytes(array("d", numbers))


def _bytes(numbers: "array[int] | array[float]") -> bytes:
    if _SWAPPED:
        numbers.byteswap()
    return numbers.tobytes()


def _array(code: str, data: bytes) -> "array[int] | array[float]":
    numbers = array(code, data)
    if _SWAPPED:
        numbers.byteswap()
    return numbers
