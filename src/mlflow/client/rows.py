"""Tables: what `log_table` takes, the files it makes, and what `load_table` gives.

A table of `.json` has the form that pandas calls split, `{"columns": [...], "data": [[...]]}`, and
is written and joined without pandas: whole numbers stay whole, text stays text. A table of
`.parquet` needs pandas with pyarrow.
"""

import datetime
import json
import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from importlib import import_module
from io import BytesIO
from typing import Any, NamedTuple

from mlflow.client.images import is_image
from mlflow.exceptions import invalid

#: stands for an image in a cell: what is written in its place
Keep = Callable[[Any], Any]
_PLAIN = frozenset({str, int, bool, type(None)})


class Table(NamedTuple):
    """Names of columns, and rows of plain cells."""

    columns: list[Any]
    rows: list[list[Any]]


def check(data: Any, path: str) -> None:
    """Refuse what is no table, and names that say no format.

    Raises:
        TypeError: the data are no dictionary and no DataFrame.
        MlflowException: the name ends neither in .json nor in .parquet.
    """
    if not (isinstance(data, Mapping) or _is_frame(data)):
        raise TypeError(
            f"A {type(data).__module__}.{type(data).__qualname__} is no table: pass a dictionary "
            "of columns or a DataFrame."
        )
    check_name(path)


def check_name(path: str) -> None:
    """Refuse names that say no format of a table."""
    if not path.endswith((".json", ".parquet")):
        raise invalid(f"The name of a table ends in .json or .parquet, not as {path!r} does.")


def written(data: Any, path: str, keep: Keep) -> Any:
    """The data in the form of the file, its images kept; to be added to what is there already.

    Args:
        keep: keeps an image, and gives what stands in the cell instead of it.
    """
    if path.endswith(".json"):
        return _table(data, keep)
    pandas = _pandas("A table of .parquet needs")
    if not _is_frame(data):
        columns, rows = _columns(data)
        data = pandas.DataFrame(rows, columns=columns)
    if not data.columns.is_unique:
        raise invalid(f"{path!r} cannot be written: two columns have the same name.")
    kept = {
        name: data[name].map(lambda cell: keep(cell) if is_image(cell) else cell)
        for name in data.columns
        if data[name].dtype == object and any(map(is_image, data[name]))
    }
    return data.assign(**kept)


def appended(before: bytes | None, table: Any, path: str) -> bytes:
    """The content of a file to which a table is added.

    Args:
        before: what the file has now, None when there is none.
        table: as `written` gives it.

    Raises:
        MlflowException: what is there is no table, or does not go with the new rows.
    """
    if path.endswith(".json"):
        if before is not None:
            table = joined([read(before, path), table], path)
        body = {"columns": table.columns, "data": table.rows}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
    pandas = _pandas("A table of .parquet needs")
    try:
        if before is not None:
            table = _joined_frames(pandas, [read_frame(before, path), table])
        target = BytesIO()
        table.to_parquet(target, index=False)
    except ImportError:
        raise invalid("A table of .parquet needs pyarrow: install it.") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise invalid(f"{path!r} cannot be written: {_sentence(error)}") from None
    return target.getvalue()


def loaded(contents: Sequence[tuple[bytes, Mapping[str, Any]]], path: str) -> Any:
    """A DataFrame of all rows of several files.

    Args:
        contents: the content of each, with the same values of further columns for all its rows.
    """
    pandas = _pandas("load_table needs")
    if path.endswith(".json"):
        tables = []
        for content, more in contents:
            table = read(content, path)
            columns = [name for name in table.columns if name not in more]
            keep = [index for index, name in enumerate(table.columns) if name not in more]
            rows = [[row[index] for index in keep] + list(more.values()) for row in table.rows]
            tables.append(Table([*columns, *more], rows))
        columns, rows = joined(tables, path)
        return pandas.DataFrame(rows, columns=columns)
    frames = []
    for content, more in contents:
        frame = read_frame(content, path)
        for name, value in more.items():
            frame[name] = value
        frames.append(frame)
    return _joined_frames(pandas, frames)


def read(content: bytes, path: str) -> Table:
    """The table of a file of .json.

    Raises:
        MlflowException: it is none.
    """
    try:
        found = json.loads(content)
        columns, rows = found["columns"], found["data"]
        if not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
            raise ValueError("its rows differ in length")
        return Table(list(columns), rows)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise invalid(f"{path!r} is there and is no table: {_sentence(error)}") from None


def read_frame(content: bytes, path: str) -> Any:
    """The table of a file of .parquet as a DataFrame; see `read`."""
    pandas = _pandas("A table of .parquet needs")
    try:
        return pandas.read_parquet(BytesIO(content))
    except ImportError:
        raise invalid("A table of .parquet needs pyarrow: install it.") from None
    except (OSError, ValueError) as error:
        raise invalid(f"{path!r} is there and is no table: {_sentence(error)}") from None


def joined(tables: Sequence[Table], path: str) -> Table:
    """All rows one after the other; a column that one of them lacks is empty there."""
    columns = list(tables[0].columns)
    for table in tables[1:]:
        if table.columns == columns:
            continue
        if len({*map(str, columns)}) < len(columns):
            raise invalid(f"{path!r} has columns of the same name: no others can be added to it.")
        columns += [name for name in table.columns if name not in columns]
    rows: list[list[Any]] = []
    for table in tables:
        if table.columns == columns:
            rows += table.rows
            continue
        places = {name: index for index, name in enumerate(table.columns)}
        order = [places.get(name) for name in columns]
        rows += [[None if at is None else row[at] for at in order] for row in table.rows]
    return Table(columns, rows)


def _joined_frames(pandas: Any, frames: Sequence[Any]) -> Any:
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return filled[0] if len(filled) == 1 else pandas.concat(filled, ignore_index=True)


def _table(data: Any, keep: Keep) -> Table:
    columns, rows = _columns(data)
    return Table(
        [name if type(name) in _PLAIN else str(name) for name in columns],
        [[_plain(cell, keep) for cell in row] for row in rows],
    )


def _columns(data: Any) -> tuple[list[Any], list[list[Any]]]:
    """The names and the rows of a dictionary or DataFrame.

    Lists of one length are columns; then the rest stands in every row. Otherwise all of it is one
    row, lists and all.
    """
    if _is_frame(data):
        values = [data.iloc[:, index].tolist() for index in range(len(data.columns))]
        return data.columns.tolist(), [list(row) for row in zip(*values, strict=True)]
    names = list(data)
    lists = {name: list(value) for name, value in data.items() if _is_column(value)}
    lengths = {len(value) for value in lists.values()}
    if len(lengths) != 1 or any(isinstance(value, Mapping) for value in data.values()):
        return names, [[data[name] for name in names]] if names else []
    columns = [lists.get(name, [data[name]] * min(lengths)) for name in names]
    return names, [list(row) for row in zip(*columns, strict=True)]


def _is_column(value: Any) -> bool:
    """Whether a value of a dictionary is a column rather than a cell."""
    if isinstance(value, str | bytes | Mapping) or is_image(value):
        return False
    return isinstance(value, Sequence) or getattr(value, "ndim", 0) > 0


def _plain(value: Any, keep: Keep) -> Any:
    """A cell as JSON has it; numbers that are none, and what is missing, become null."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(item, keep) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, keep) for item in value]
    if is_image(value):
        return keep(value)
    if isinstance(value, datetime.date | datetime.time):
        return None if str(value) == "NaT" else value.isoformat()
    if isinstance(value, Enum):
        return _plain(value.value, keep)
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "backslashreplace")
    if hasattr(value, "tolist"):  # arrays, and scalars of numpy
        return _plain(value.tolist(), keep)
    text = str(value)
    return None if text in ("<NA>", "NaT") else text


def _is_frame(value: Any) -> bool:
    return hasattr(value, "iloc") and hasattr(value, "columns") and hasattr(value, "to_parquet")


def _pandas(words: str) -> Any:
    try:
        return import_module("pandas")
    except ImportError:
        raise invalid(f"{words} pandas: install it.") from None


def _sentence(error: Exception) -> str:
    text = f"no {error}" if isinstance(error, KeyError) else str(error)
    return f"{text.rstrip('.') or type(error).__name__}."
