"""Times in filters: as numbers, as dates, and as how long ago."""

from __future__ import annotations

import time

import pytest

from mlflow.exceptions import MlflowException
from mlflow.search.fields import EXPERIMENTS, RUNS
from mlflow.search.parse import parse_filter
from mlflow.search.tree import Comparison

DAY = 86_400_000


def value(text: str) -> object:
    tree = parse_filter(f"attributes.start_time > {text}", RUNS)
    assert isinstance(tree, Comparison)
    return tree.value


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1700000000000", 1_700_000_000_000),
        ("'2026-11-20'", 1_795_132_800_000),
        ("'2026-11-20 14:30'", 1_795_185_000_000),
        ("'2026-11-20T14:30:05Z'", 1_795_185_005_000),
        ("'2026-11-20 14:30:05.25'", 1_795_185_005_250),
        ("'2026-11-20 16:30+02:00'", 1_795_185_000_000),
        ("'1969-12-31'", -DAY),
    ],
)
def test_a_moment(text: str, milliseconds: int) -> None:
    assert value(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1 second ago", 1000),
        ("90 minutes ago", 5_400_000),
        ("24 Hours Ago", DAY),
        ("7 days ago", 7 * DAY),
        ("2 weeks ago", 14 * DAY),
    ],
)
def test_how_long_ago(text: str, milliseconds: int) -> None:
    before = time.time_ns() // 1_000_000
    found = value(f"'{text}'")
    after = time.time_ns() // 1_000_000
    assert isinstance(found, int)
    assert before - milliseconds <= found <= after - milliseconds


@pytest.mark.parametrize(
    "text",
    ["1001", "yesterday", "2026-02-30", "2026-11-20 25:00", "7 fortnights ago"],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(MlflowException, match="is not a time") as caught:
        value(f"'{text}'")
    assert "'7 days ago'" in caught.value.message


def test_times_in_lists_and_of_experiments() -> None:
    tree = parse_filter("end_time BETWEEN '2026-11-20' AND 1795219200000", RUNS)
    assert isinstance(tree, Comparison)
    assert tree.value == (1_795_132_800_000, 1_795_219_200_000)
    assert parse_filter("last_update_time > '3 days ago'", EXPERIMENTS) is not None


def test_metrics_are_no_times() -> None:
    with pytest.raises(MlflowException, match="Expected a number without quotes"):
        parse_filter("metrics.loss > '7 days ago'", RUNS)
