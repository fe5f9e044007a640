"""The columns of a table of runs: texts such as `params.lr` or `min(metrics.loss)` to fields.

The same identifiers as in filters, and a few words for what no filter asks.
"""

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

from mlflow.search.errors import at_item
from mlflow.search.fields import RUNS
from mlflow.search.order import parse_order
from mlflow.search.parse import Reader
from mlflow.search.tokens import Kind
from mlflow.search.tree import Field

Extra = Literal["children", "datasets", "models"]
Column: TypeAlias = Field | Extra
EXTRAS: tuple[Extra, ...] = get_args(Extra)
_SIZE = re.compile(r"\s*runs(?:\s+(asc|desc))?\s*", re.IGNORECASE)


def parse_columns(items: Sequence[str]) -> dict[str, Column]:
    """What each text stands for.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE with the place of the mistake.
    """
    found: dict[str, Column] = {}
    for number, item in enumerate(items):
        extra = next((word for word in EXTRAS if word == item.strip()), None)
        with at_item(number):
            found[item] = extra or _field(Reader(item, RUNS, "columns"))
    return found


def parse_group_by(items: Sequence[str]) -> dict[str, Field]:
    """What each text stands for: a param, tag or attribute.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE with the place of the mistake.
    """
    found: dict[str, Field] = {}
    for number, item in enumerate(items):
        with at_item(number):
            reader = Reader(item, RUNS, "group_by")
            start, field = reader.token, _field(reader)
            if field.entity == "metric":
                reader.fail("runs cannot be grouped by metrics", _GROUPING, start)
            found[item] = field
    return found


def parse_group_columns(items: Sequence[str]) -> dict[str, Field]:
    """What each text stands for: a metric, or a param that holds numbers.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE with the place of the mistake.
    """
    found: dict[str, Field] = {}
    for number, item in enumerate(items):
        with at_item(number):
            reader = Reader(item, RUNS, "columns")
            start, field = reader.token, _field(reader)
            if field.entity not in ("metric", "param"):
                reader.fail(f"a {field.entity} has no statistics", "metrics or params", start)
            found[item] = field
    return found


def parse_group_order(
    items: Sequence[str], keys: Sequence[Field], columns: Sequence[Field]
) -> list[tuple[Field | None, bool]]:
    """The keys of an order of groups: a field, None for the size, and whether it descends.

    Args:
        items: texts such as `runs DESC` or `metrics.loss`.
        keys, columns: the fields that there are to choose from.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE with the place of the mistake.
    """
    found: list[tuple[Field | None, bool]] = []
    for number, item in enumerate(items):
        if size := _SIZE.fullmatch(item):
            found.append((None, (size[1] or "").upper() == "DESC"))
            continue
        with at_item(number):
            for order in parse_order([item], RUNS):
                if order.field not in (*keys, *columns):
                    reader = Reader(item, RUNS, "order_by")
                    reader.fail("groups have no such column", "runs, or one of group_by or columns")
                found.append((order.field, order.descending))
    return found


_GROUPING = "params.<key>, tags.<key> or an attribute"


def _field(reader: Reader) -> Field:
    start = reader.token
    field, _ = reader.identifier()
    if field.function == "at" or field.entity == "dataset":
        what = "at()" if field.function == "at" else "an attribute of datasets"
        reader.fail(f"{what} is no column", "a metric, param, tag or attribute", start)
    if reader.token.kind is not Kind.END:
        reader.fail(f"unexpected {reader.token}", "the end")
    return field
