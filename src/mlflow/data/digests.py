"""What tells data from others: a short hash of their beginning and their shape.

Equal data have equal digests in every version, here and in MLflow, so a run that reads a data
set again is linked to the same one. That fixes what goes into the hash: of a table the numeric
and the text columns of the first 10,000 rows, the number of rows and the names of all columns;
of an array the first 10,000 elements and the shape.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import invalid

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_ROWS = 10_000
_LENGTH = 8


def short_md5(parts: Iterable[bytes]) -> str:
    """Eight hexadecimal digits of the parts' MD5; it guards against nothing but mix-ups.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE, there is no part.
    """
    md5 = hashlib.md5(usedforsecurity=False)
    count = 0
    for part in parts:
        md5.update(part)
        count += 1
    if not count:
        raise invalid("No hashable elements were provided for md5 digest creation")
    return md5.hexdigest()[:_LENGTH]


def integer(number: int) -> bytes:
    """A number as hashes take it."""
    return number.to_bytes(8, "little", signed=True)


def frame_digest(frame: pd.DataFrame) -> str:
    """The digest of a pandas frame."""
    from pandas.util import hash_pandas_object

    head = frame.head(_ROWS)
    numbers = head.select_dtypes(include=["number"]).columns
    texts = [at for at in range(frame.shape[1]) if _all_text(frame.iloc[:, at])]
    rows = hash_pandas_object(head[numbers.union(frame.columns[texts])])
    names = (str(name).encode() for name in frame.columns)
    return short_md5([rows.to_numpy().tobytes(), integer(len(frame)), *names])


def arrays_digest(*arrays: np.ndarray[Any, Any] | dict[str, np.ndarray[Any, Any]] | None) -> str:
    """The digest of arrays or dictionaries of arrays, one after the other; None is left out."""
    return short_md5(
        part
        for each in arrays
        if each is not None
        for array in ([each[name] for name in sorted(each)] if isinstance(each, dict) else [each])
        for part in (elements(array), *map(integer, array.shape))
    )


def elements(array: np.ndarray[Any, Any]) -> bytes:
    """The hashes of an array's first elements; their number when they cannot be hashed."""
    from pandas.util import hash_array

    flat = array.flatten()[:_ROWS]
    try:
        return hash_array(flat).tobytes()
    except TypeError:
        return integer(flat.size)


def _all_text(column: pd.Series[Any]) -> bool:
    """Whether every value is a plain str; then a column counts as text, whatever its type."""
    from pandas.api.types import is_numeric_dtype, is_object_dtype, is_string_dtype

    kind = column.dtype
    if is_numeric_dtype(kind):
        return False
    if is_string_dtype(kind) and not is_object_dtype(kind):
        return not column.isna().any()
    return all(type(value) is str for value in column)
