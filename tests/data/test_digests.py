"""Digests: equal data have the digests that MLflow gives them, so they are found again.

The expected values were printed by mlflow 3.17.2, run on the same data with pandas 2.2 and 3.1.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlflow.data
from mlflow.exceptions import MlflowException

SOURCE = "https://example.org/data.csv"
GRID = np.arange(6).reshape(3, 2)
FRAMES: list[tuple[str, Callable[[], pd.DataFrame], str]] = [
    ("one column", lambda: pd.DataFrame({"a": [1, 2, 3]}), "c247459b"),
    (
        "missing values",
        lambda: pd.DataFrame({"a": [1, 2, 3], "b": [1.0, 2.5, np.nan], "c": ["x", "y", None]}),
        "506dab98",
    ),
    ("columns in no order", lambda: pd.DataFrame({"b": [1], "a": ["x"], "0": [2.5]}), "75fec786"),
    (
        "25,000 rows",
        lambda: pd.DataFrame({"i": range(25_000), "s": [str(at) for at in range(25_000)]}),
        "0372feda",
    ),
    (
        "text missing in row 10,001",
        lambda: pd.DataFrame({"s": [*["x"] * 10_000, None]}),
        "05ae18bc",
    ),
    ("booleans", lambda: pd.DataFrame({"v": [True, False]}), "ee01f8f9"),
    (
        "dates",
        lambda: pd.DataFrame({"v": pd.to_datetime(["2020-01-01", "2020-01-02"])}),
        "ee01f8f9",
    ),
    (
        "durations",
        lambda: pd.DataFrame({"v": pd.to_timedelta([1, 2], unit="s").as_unit("ns")}),
        "8f64487c",
    ),
    ("text categories", lambda: pd.DataFrame({"v": pd.Categorical(["a", "b"])}), "4d8d7304"),
    ("number categories", lambda: pd.DataFrame({"v": pd.Categorical([3, 4])}), "ee01f8f9"),
    (
        "nullable integers",
        lambda: pd.DataFrame({"v": pd.array([1, None], dtype="Int64")}),
        "b9d6bcf2",
    ),
    ("complex numbers", lambda: pd.DataFrame({"v": [1j, 2]}), "efd18ded"),
    ("small floats", lambda: pd.DataFrame({"v": np.array([1, 2], dtype="float32")}), "252d9b96"),
    ("text objects", lambda: pd.DataFrame({"v": pd.Series(["x", "y"], dtype=object)}), "b610b8ad"),
    (
        "subclasses of text",
        lambda: pd.DataFrame({"v": pd.Series([np.str_("a")], dtype=object)}),
        "2b48abf5",
    ),
    ("bytes", lambda: pd.DataFrame({"v": [b"a", b"b"]}), "ee01f8f9"),
    ("lists", lambda: pd.DataFrame({"v": [[1], [2]], "w": [1, 2]}), "d6bb5ff6"),
    ("text index", lambda: pd.DataFrame({"v": [1, 2]}, index=["a", "b"]), "e307e813"),
    (
        "index of two levels",
        lambda: pd.DataFrame({"v": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")])),
        "8c210ba5",
    ),
    (
        "columns of two levels",
        lambda: pd.DataFrame(
            [[1, 2], [3, 4]], columns=pd.MultiIndex.from_tuples([("x", "a"), ("x", "b")])
        ),
        "02a7cf58",
    ),
    ("numbers as names", lambda: pd.DataFrame([[1, 2, "x"]], columns=[3, 2, 1]), "06fb7a82"),
    (
        "numbers and text as names",
        lambda: pd.DataFrame([[1, 2, "x", 3.0]], columns=[3, "a", "b", 1]),
        "5aba7363",
    ),
    ("a name twice", lambda: pd.DataFrame([[1, 2, "x"]], columns=["a", "a", "b"]), "9d2de46c"),
    ("names beyond ASCII", lambda: pd.DataFrame({"žluť": [1]}), "d867b572"),
    ("no rows", lambda: pd.DataFrame({"a": pd.Series([], dtype="int64")}), "c90e33b7"),
    ("no columns", lambda: pd.DataFrame(index=[0, 1, 2]), "e8085cd1"),
    ("nothing", lambda: pd.DataFrame(), "7dea362b"),
    ("2,000 columns", lambda: pd.DataFrame(np.arange(4000).reshape(2, 2000)), "cc860f09"),
]
ARRAYS: list[tuple[str, Any, Any, str]] = [
    ("integers", GRID, None, "92a7ac9c"),
    ("floats", GRID.astype("float64"), None, "3efaaf32"),
    ("small floats", GRID.astype("float32"), None, "e731696e"),
    ("column order", np.asfortranarray(GRID), None, "92a7ac9c"),
    ("one dimension", np.array([1.0, 2.0]), None, "829d62c1"),
    ("no dimension", np.array(1.0), None, "ba511fca"),
    ("three dimensions", np.zeros((2, 3, 4)), None, "96a0cdaa"),
    ("30,000 elements", np.arange(30_000.0).reshape(15_000, 2), None, "fbabc241"),
    ("text", np.array(["a", "bb"]), None, "929c878a"),
    ("bytes", np.array([b"a", b"bb"]), None, "929c878a"),
    ("objects", np.array(["a", 1], dtype=object), None, "97f8b5a6"),
    ("lists", np.array([[1], "x"], dtype=object), None, "9d310509"),
    ("booleans", np.array([True, False]), None, "c3712814"),
    ("dates", np.array(["2020-01-01"], dtype="M8[s]"), None, "2e8de5a4"),
    ("complex numbers", np.array([1j]), None, "ae4ee70e"),
    ("big-endian", np.array([1, 2], dtype=">i4"), None, "e96eecab"),
    ("nothing", np.array([]), None, "7dea362b"),
    ("with targets", GRID, np.array([1, 2, 3]), "4831968a"),
    ("one by name", {"x": GRID}, None, "92a7ac9c"),
    ("two by name", {"y": GRID.astype("float64"), "x": GRID}, None, "4dc5770a"),
    (
        "named with targets",
        {"x": GRID, "y": GRID.astype("float64")},
        {"t": np.array([1, 2, 3])},
        "b3d7d87a",
    ),
]


@pytest.mark.parametrize(
    ("make", "digest"), [each[1:] for each in FRAMES], ids=[each[0] for each in FRAMES]
)
def test_frames(make: Callable[[], pd.DataFrame], digest: str) -> None:
    assert mlflow.data.from_pandas(make(), source=SOURCE).digest == digest


@pytest.mark.parametrize(
    ("features", "targets", "digest"),
    [each[1:] for each in ARRAYS],
    ids=[each[0] for each in ARRAYS],
)
def test_arrays(features: Any, targets: Any, digest: str) -> None:
    data = mlflow.data.from_numpy(features, source=SOURCE, targets=targets)
    assert data.digest == digest


def test_rows_after_the_first_10_000_count_by_their_number_only() -> None:
    frame = pd.DataFrame({"a": range(20_000)})
    other = frame.copy()
    other.loc[15_000, "a"] = -1
    shorter = frame.head(19_999)
    digests = [
        mlflow.data.from_pandas(each, source=SOURCE).digest for each in (frame, other, shorter)
    ]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_frame_is_not_changed() -> None:
    frame = pd.DataFrame({"a": [1], "b": ["x"]})
    before = frame.copy()
    mlflow.data.from_pandas(frame, source=SOURCE)
    pd.testing.assert_frame_equal(frame, before)


def test_own_digest_wins() -> None:
    frame = pd.DataFrame({"a": [1]})
    assert mlflow.data.from_pandas(frame, source=SOURCE, digest="mine").digest == "mine"
    assert mlflow.data.from_numpy(GRID, source=SOURCE, digest="mine").digest == "mine"


def test_no_arrays_have_no_digest() -> None:
    with pytest.raises(MlflowException, match="No hashable elements"):
        mlflow.data.from_numpy({}, source=SOURCE)
