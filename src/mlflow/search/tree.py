"""What a search says, as a tree: fields, comparisons, and how they are joined."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Entity = Literal["attribute", "dataset", "metric", "param", "tag"]
Function = Literal["at", "count", "first", "last", "max", "mean", "min"]
Scalar: TypeAlias = int | float | str
Value: TypeAlias = Scalar | tuple[Scalar, ...] | None
"""One value; the values of IN and the two of BETWEEN; None for IS NULL and IS NOT NULL."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a search may ask of a row: an attribute, a tag, the least value of a metric."""

    entity: Entity
    key: str
    function: Function = "last"  # of metrics only
    step: int = 0  # of at() only


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field, a comparator in upper case, and what it is compared with."""

    field: Field
    comparator: str
    value: Value = None
    place: int = dataclasses.field(default=0, compare=False)  # offset in the text, for messages


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold. A comparison with something missing does not hold either, so
    `NOT (params.a = 'x')` finds the runs without `a` too, and `params.a != 'x'` does not."""

    part: "Node"


Node: TypeAlias = Comparison | And | Or | Not


@dataclass(frozen=True, slots=True)
class Order:
    """One key of an order."""

    field: Field
    descending: bool = False


def comparisons(node: Node | None) -> Iterator[Comparison]:
    """Every comparison of a tree, from left to right."""
    waiting = [node] if node is not None else []
    while waiting:
        part = waiting.pop()
        if isinstance(part, Comparison):
            yield part
        elif isinstance(part, Not):
            waiting.append(part.part)
        else:
            waiting.extend(reversed(part.parts))
