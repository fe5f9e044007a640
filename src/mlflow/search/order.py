"""The items of `order_by` to keys.

An item is one key, or several with commas between: `metrics.loss DESC, start_time`. A field that
was named before is left out: it cannot change the order any more.
"""

from collections.abc import Sequence

from mlflow.search.errors import at_item, refuse
from mlflow.search.fields import Noun
from mlflow.search.parse import Reader
from mlflow.search.tokens import MAX_TEXT, Kind
from mlflow.search.tree import Field, Order

MAX_ORDERS = 32  # each may be a join; SQLite allows 64


def parse_order(items: Sequence[str] | None, noun: Noun) -> list[Order]:
    """The keys of an order, as asked; `noun.ordered()` adds what makes the order total.

    Args:
        items: texts such as `metrics.loss DESC`; the direction is ASC unless given.
        noun: what is searched.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE with the place of the mistake.
    """
    keys: dict[Field, Order] = {}
    length = 0
    for number, item in enumerate(items or ()):
        with at_item(number):
            if not isinstance(item, str):
                raise refuse(str(item), 0, "not a string", "text", "order_by")
            length += len(item)
            if length > MAX_TEXT:
                raise refuse(
                    item, 0, "the text is too long", f"at most {MAX_TEXT:,} characters", "order_by"
                )
            for order in _item(Reader(item, noun, "order_by")):
                keys.setdefault(order.field, order)
                if len(keys) > MAX_ORDERS:
                    raise refuse(item, 0, "too many keys", f"at most {MAX_ORDERS}", "order_by")
    return list(keys.values())


def _item(reader: Reader) -> list[Order]:
    orders = [_order(reader)]
    while reader.token.kind is Kind.COMMA:
        reader.take()
        orders.append(_order(reader))
    if reader.token.kind is not Kind.END:
        reader.fail(f"unexpected {reader.token}", "ASC, DESC, ',' or the end")
    return orders


def _order(reader: Reader) -> Order:
    start = reader.token
    field, _ = reader.identifier()
    if not any(group.sortable and group.entity == field.entity for group in reader.noun.groups):
        sortable = [group.words[-1] for group in reader.noun.groups if group.sortable]
        reader.fail(
            f"{reader.noun.name} cannot be ordered by {field.entity}", " or ".join(sortable), start
        )
    descending = reader.takes("DESC")
    if not descending:
        reader.takes("ASC")
    return Order(field, descending)
