"""Columns of rows as PostgreSQL's binary arrays.

psycopg packs a list value by value, looking at the type of each. Our columns have one type, so
each is packed in one go, which takes a tenth of the time. The format is that of PostgreSQL's
`array_recv`: dimensions, whether there are NULLs, type of the elements, length, lower bound, and
then each element behind its length.
"""

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = struct.Struct(">iiiii")
_LENGTH = struct.Struct(">i")
_NULL = _LENGTH.pack(-1)
_INT8, _FLOAT8, _TEXT, _BYTEA = 20, 701, 25, 17


class _Packed(bytes):
    """An array that is packed already."""


class _Integers(_Packed):
    """A bigint[]."""


class _Doubles(_Packed):
    """A float8[]."""


class _Texts(_Packed):
    """A text[]."""


class _Blocks(_Packed):
    """A bytea[]."""


def packed(kind: str, values: Sequence[Any]) -> tuple[str, _Packed]:
    """A column as the type that it is passed as, and its bytes.

    Args:
        kind: type of the column, as `format_type` spells it.
        values: one for each row; None is NULL.
    """
    return _PACKERS[kind](values)


def register(context: AdaptContext) -> None:
    """Let a connection pass what `packed` gives."""
    adapters = context.adapters
    assert adapters is not None
    for kind, dumper in _DUMPERS:
        adapters.register_dumper(kind, dumper)


def _integers(values: Sequence[int | None]) -> tuple[str, _Packed]:
    return "bigint[]", _Integers(_fixed(_INT8, "q", values))


def _doubles(values: Sequence[float | None]) -> tuple[str, _Packed]:
    return "float8[]", _Doubles(_fixed(_FLOAT8, "d", values))


def _texts(values: Sequence[str | None]) -> tuple[str, _Packed]:
    raw = [None if value is None else value.encode() for value in values]
    return "text[]", _Texts(_varying(_TEXT, raw))


def _blocks(values: Sequence[bytes | None]) -> tuple[str, _Packed]:
    return "bytea[]", _Blocks(_varying(_BYTEA, values))


def _fixed(oid: int, code: str, values: Sequence[Any]) -> bytes:
    count = len(values)
    if None not in values:
        elements: list[Any] = [8] * (2 * count)
        elements[1::2] = values
        return _HEAD.pack(1, 0, oid, count, 1) + _row(code, count).pack(*elements)
    one = struct.Struct(f">i{code}")
    parts = [_NULL if value is None else one.pack(8, value) for value in values]
    return b"".join((_HEAD.pack(1, 1, oid, count, 1), *parts))


def _varying(oid: int, values: Sequence[bytes | None]) -> bytes:
    parts = [_HEAD.pack(1, None in values, oid, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            parts += (_LENGTH.pack(len(value)), value)
    return b"".join(parts)


@lru_cache(maxsize=256)
def _row(code: str, count: int) -> struct.Struct:
    return struct.Struct(">" + f"i{code}" * count)


class _IntegersDumper(Dumper):
    format = Format.BINARY
    oid = 1016

    def dump(self, obj: bytes) -> bytes:
        return obj


class _DoublesDumper(_IntegersDumper):
    oid = 1022


class _TextsDumper(_IntegersDumper):
    oid = 1009


class _BlocksDumper(_IntegersDumper):
    oid = 1001


_DUMPERS: tuple[tuple[type[_Packed], type[Dumper]], ...] = (
    (_Blocks, _BlocksDumper),
    (_Doubles, _DoublesDumper),
    (_Integers, _IntegersDumper),
    (_Texts, _TextsDumper),
)
_PACKERS: dict[str, Callable[[Sequence[Any]], tuple[str, _Packed]]] = {
    "bigint": _integers,
    "bytea": _blocks,
    "double precision": _doubles,
    "integer": _integers,
    "smallint": _integers,
    "text": _texts,
}
