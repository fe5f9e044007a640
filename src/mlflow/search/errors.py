"""The one form of a search error: what is wrong, what was expected, and where in the text."""

import contextlib
from collections.abc import Iterator

from mlflow.exceptions import MlflowException

_BEFORE = 60  # characters shown before the place
_AFTER = 40


def refuse(
    text: str, place: int, wrong: str, expected: str = "", what: str = "filter"
) -> MlflowException:
    """An INVALID_PARAMETER_VALUE error that points at `text[place]`.

    Programs find the place in two more fields of its JSON: `position` and `source`.

    Args:
        text: the whole text of the filter or of the order.
        place: offset of the mistake; the length of the text stands for its end.
        wrong: what is wrong, without a full stop.
        expected: what would have been right, without a full stop.
        what: "filter", or the list that the text is an item of, such as "order_by".
    """
    start, end = max(0, place - _BEFORE), place + _AFTER
    before = _line(("…" if start else "") + text[start:place])
    after = _line(text[place:end] + ("…" if end < len(text) else ""))
    sentences = f"Invalid {what}: {wrong}."
    if expected:
        sentences += f" Expected {expected}."
    return MlflowException.invalid_parameter_value(
        f"{sentences}\n  {before}{after}\n  {' ' * len(before)}^", position=place, source=what
    )


@contextlib.contextmanager
def at_item(number: int) -> Iterator[None]:
    """Errors of what is done within are about this item, from 0, of the list: the field `item`."""
    try:
        yield
    except MlflowException as error:
        error.json_kwargs["item"] = number
        raise


def quoted(text: str, limit: int = 40) -> str:
    """A piece of user text inside a message, shortened."""
    return "'" + _line(text if len(text) <= limit else text[: limit - 1] + "…") + "'"


def one_of(words: "list[str] | tuple[str, ...]") -> str:
    """`a, b or c`."""
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _line(text: str) -> str:
    """The text on one line and printable, each character one wide: the caret must fit."""
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "\ufffd"
        for character in text
    )
