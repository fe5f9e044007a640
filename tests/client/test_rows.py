"""Tables as files: what may be in a cell, and how rows are added."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlflow.client import rows
from mlflow.exceptions import MlflowException


def no_images(image: object) -> object:
    raise AssertionError(image)


def made(data: Any, before: bytes | None = None, path: str = "t.json") -> bytes:
    return rows.appended(before, rows.written(data, path, no_images), path)


@pytest.mark.parametrize(
    ("data", "columns", "cells"),
    [
        ({"a": [1, 2], "b": ("x", None)}, ["a", "b"], [[1, "x"], [2, None]]),
        ({"a": 1, "b": "x"}, ["a", "b"], [[1, "x"]]),
        ({"a": [1, 2], "b": "x"}, ["a", "b"], [[1, "x"], [2, "x"]]),
        ({"a": [1, 2], "b": [1]}, ["a", "b"], [[[1, 2], [1]]]),
        ({"a": [1, 2], "b": {"k": [1.5]}}, ["a", "b"], [[[1, 2], {"k": [1.5]}]]),
        ({"a": []}, ["a"], []),
        ({}, [], []),
        ({"a": np.arange(2), "b": [np.float64(0.5), np.bool_(True)]}, ["a", "b"],
         [[0, 0.5], [1, True]]),
        ({"a": [float("nan"), float("inf"), 2**60]}, ["a"], [[None], [None], [2**60]]),
        ({"a": [1 / 3, 1e-20]}, ["a"], [[1 / 3], [1e-20]]),
        ({"a": [Path("x/y"), Decimal("1.50"), b"\xff", datetime.date(2026, 1, 2)]}, ["a"],
         [["x/y"], ["1.50"], ["\\xff"], ["2026-01-02"]]),
        ({"a": [pd.Timestamp("2026-01-01T10:00:00.123456"), pd.NaT, pd.NA]}, ["a"],
         [["2026-01-01T10:00:00.123456"], [None], [None]]),
        ({1: ["ü"], None: ["\ud800"]}, [1, None], [["ü", "\ud800"]]),
        (pd.DataFrame({"a": [1, 2]}, index=["p", "q"]), ["a"], [[1], [2]]),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ["a", "a"], [[1, 2]]),
        (pd.DataFrame({"c": pd.Categorical(["x", "y"])}), ["c"], [["x"], ["y"]]),
    ],
    ids=str,
)  # fmt: skip
def test_cells(data: Any, columns: list[object], cells: list[object]) -> None:
    found = json.loads(made(data).decode("utf-8", "surrogatepass"))
    assert found == {"columns": columns, "data": cells}


def test_rows_are_added() -> None:
    first = made({"a": [1], "b": ["x"]})
    assert made({"a": [2], "b": ["y"]}, first) == (
        b'{"columns":["a","b"],"data":[[1,"x"],[2,"y"]]}'
    )
    assert json.loads(made({"c": [0.5], "b": ["z"]}, first)) == {
        "columns": ["a", "b", "c"],
        "data": [[1, "x", None], [None, "z", 0.5]],
    }


def test_what_pandas_writes_and_reads() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    by_pandas = frame.to_json(orient="split").encode()
    both = rows.loaded([(made(frame, by_pandas), {})], "t.json")
    assert both.to_dict("list") == {"a": [1, 2, 1, 2], "b": ["x", "y", "x", "y"]}
    assert list(both.index) == [0, 1, 2, 3]


@pytest.mark.parametrize("path", ["t.json", "t.parquet"])
def test_several_files_are_one_table(path: str) -> None:
    first, second = made({"a": [1, 2]}, path=path), made({"b": ["x"], "run": ["own"]}, path=path)
    found = rows.loaded([(first, {"run": "1"}), (second, {"run": "2"})], path)
    assert found["run"].tolist() == ["1", "1", "2"]
    assert sorted(found.columns) == ["a", "b", "run"]
    assert found["a"].tolist()[:2] == [1, 2]
    assert found["a"].isna().tolist() == [False, False, True]


def test_parquet_keeps_types() -> None:
    frame = pd.DataFrame({"when": pd.to_datetime(["2026-01-01"]), "n": np.array([1], np.int8)})
    found = rows.loaded([(made(frame, path="t.parquet"), {})], "t.parquet")
    assert found.dtypes["n"] == np.int8
    assert found["when"].tolist() == [pd.Timestamp("2026-01-01")]
    longer = made({"n": [2]}, made(frame, path="t.parquet"), "t.parquet")
    assert rows.loaded([(longer, {})], "t.parquet")["n"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("path", "before", "data"),
    [
        ("t.json", b"garbage", {"a": [1]}),
        ("t.json", b'{"a": 1}', {"a": [1]}),
        ("t.json", b"[]", {"a": [1]}),
        ("t.json", b'{"columns": ["a"], "data": [[1, 2]]}', {"a": [1]}),
        ("t.json", b'{"columns": ["a", "a"], "data": [[1, 2]]}', {"b": [1]}),
        ("t.parquet", b"garbage", {"a": [1]}),
        ("t.parquet", None, {"a": ["x", 1, {"k": 2}]}),
        ("t.parquet", None, pd.DataFrame([[1, 2]], columns=["a", "a"])),
    ],
)
def test_what_does_not_go_together_is_a_sentence(
    path: str, before: bytes | None, data: Any
) -> None:
    with pytest.raises(MlflowException, match=r"^'t\.\w+' .*\.$"):
        made(data, before, path)


def test_what_is_no_table() -> None:
    for data in (3, "text", [1], None):
        with pytest.raises(TypeError, match="is no table"):
            rows.check(data, "t.json")
    for path in ("t.csv", "t", "t.JSON", "json"):
        with pytest.raises(MlflowException, match=r"ends in \.json or \.parquet"):
            rows.check({}, path)
