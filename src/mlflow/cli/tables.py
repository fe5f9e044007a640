"""Tables for people, JSON for programs.

A table fits the terminal: long cells are cut with an ellipsis, and columns that find no room are
named below it. Into a file or a pipe everything is written in full.
"""

import json
import math
import re
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

import click

_GAP = "  "
_LEAST = 8  # columns of the screen that a column of a table keeps
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class Column(NamedTuple):
    """A column of a table.

    Args:
        head: its heading.
        right: numbers stand on the right.
        whole: its cells are useless when cut, such as ids.
    """

    head: str
    right: bool = False
    whole: bool = False


def show(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on standard output."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(table(columns, rows, width))


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[object]], width: int | None = None
) -> str:
    """Rows of cells as lines of text.

    Args:
        width: of the screen; None is without limit.
    """
    cells = [[plain(cell) for cell in row] for row in [[c.head for c in columns], *rows]]
    natural = [max(measure(row[index]) for row in cells) for index in range(len(columns))]
    shown, widths = _fitted(columns, natural, width)
    rule = ["-" * widths[index] for index in range(len(columns))]
    lines = []
    for row in [cells[0], rule, *cells[1:]]:
        line = [_aligned(row[index], widths[index], columns[index].right) for index in shown]
        lines.append(_GAP.join(line).rstrip())
    dropped = [cells[0][index] for index in range(len(columns)) if index not in shown]
    if dropped:
        lines.append(f"No room for {', '.join(dropped)}: widen the window, or use --json.")
    return "\n".join(lines)


def _fitted(
    columns: Sequence[Column], natural: Sequence[int], width: int | None
) -> tuple[list[int], dict[int, int]]:
    """Which columns are shown, and how wide each is."""
    shown = list(range(len(columns)))
    widths = dict(enumerate(natural))
    if width is None:
        return shown, widths
    least = {
        index: natural[index] if column.whole else min(natural[index], _LEAST)
        for index, column in enumerate(columns)
    }

    def room(sizes: dict[int, int]) -> int:
        return width - sum(sizes[index] for index in shown) - len(_GAP) * (len(shown) - 1)

    while len(shown) > 1 and room(least) < 0:
        shown.remove(next((i for i in reversed(shown) if not columns[i].whole), shown[-1]))
    while room(widths) < 0:
        cuttable = [index for index in shown if widths[index] > least[index]]
        if not cuttable:
            break
        widths[max(cuttable, key=lambda index: widths[index])] -= 1
    return shown, widths


def _aligned(cell: str, width: int, right: bool) -> str:
    if measure(cell) > width:
        while cell and measure(cell) > width - 1:
            cell = cell[:-1]
        cell += "…" if width else ""
    padding = " " * (width - measure(cell))
    return padding + cell if right else cell + padding


def plain(value: object) -> str:
    """A value as one line of text that cannot steer a terminal."""
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " for letter in text)


def measure(text: str) -> int:
    """The columns of the screen that a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(letter)
        else 2
        if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in text
    )


def print_json(value: object) -> None:
    """Print a value as JSON; NaN and infinities as text, the way the API writes them."""
    click.echo(json.dumps(spelled(value), indent=2, ensure_ascii=False))


def spelled(value: Any) -> Any:
    """A value with NaN and infinities as text: JSON has none."""
    if isinstance(value, dict):
        return {str(name): spelled(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [spelled(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def moment(milliseconds: int | None) -> str:
    """A time as the tables show it; nothing for None."""
    if milliseconds is None:
        return ""
    try:
        time = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    except (OverflowError, OSError, ValueError):  # clients may send any number
        return f"{milliseconds} ms"
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")


def span(milliseconds: int | None) -> str:
    """A length of time with its two largest units, such as `2h05m`; nothing for None."""
    if milliseconds is None:
        return ""
    seconds = max(0, milliseconds) / 1000
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, second = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{second:02}s"
    hours, minute = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minute:02}m"
    return f"{hours // 24}d{hours % 24:02}h"


def number(value: float | None) -> str:
    """A metric with the digits that a reader compares; nothing for None."""
    return "" if value is None else f"{value:.6g}"


def size(count: int) -> str:
    """A number of bytes, rounded."""
    value = float(count)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 run`, `2,000 runs`."""
    plural = noun if count == 1 else re.sub(r"(?<=[^aeiou])y$", "ie", noun) + "s"
    return f"{count:,} {plural}"
