"""Tables fit, cut where that does no harm, and cannot steer a terminal."""

from __future__ import annotations

import pytest

from mlflow.cli.tables import Column, counted, measure, moment, number, size, span, table

COLUMNS = (
    Column("Run ID", whole=True),
    Column("Name"),
    Column("metrics.loss", right=True),
)
ROWS = [
    ("2f1c77ab", "a quiet badger in the reeds", "0.25"),
    ("90aa03de", "swan", "1.5e-07"),
]


def test_without_a_terminal_nothing_is_cut() -> None:
    assert table(COLUMNS, ROWS).splitlines() == [
        "Run ID    Name                         metrics.loss",
        "--------  ---------------------------  ------------",
        "2f1c77ab  a quiet badger in the reeds          0.25",
        "90aa03de  swan                              1.5e-07",
    ]


def test_long_cells_are_cut_and_ids_are_not() -> None:
    assert table(COLUMNS, ROWS, 38).splitlines() == [
        "Run ID    Name            metrics.loss",
        "--------  --------------  ------------",
        "2f1c77ab  a quiet badge…          0.25",
        "90aa03de  swan                 1.5e-07",
    ]


def test_columns_without_room_are_named() -> None:
    assert table(COLUMNS, ROWS, 20).splitlines() == [
        "Run ID    Name",
        "--------  ----------",
        "2f1c77ab  a quiet b…",
        "90aa03de  swan",
        "No room for metrics.loss: widen the window, or use --json.",
    ]


def test_no_rows_is_a_heading() -> None:
    assert table(COLUMNS, []).splitlines() == [
        "Run ID  Name  metrics.loss",
        "------  ----  ------------",
    ]


def test_wide_letters_take_two_columns() -> None:
    rows = [("实验", "1"), ("é", "2")]
    assert table((Column("Name"), Column("N")), rows).splitlines()[2:] == ["实验  1", "é     2"]
    assert measure("实验") == 4
    cut = table((Column("Name"), Column("N")), [("实验" * 10, "1")], 12).splitlines()[2]
    assert measure(cut) <= 12


@pytest.mark.parametrize("text", ["\x1b[2Jgone", "two\nlines", "a\u202eb", "tab\there", "\x9b31m"])
def test_what_steers_a_terminal_is_taken_out(text: str) -> None:
    shown = table((Column("Name"),), [(text,)]).splitlines()
    assert len(shown) == 3
    assert shown[2].isprintable()


def test_times_and_numbers() -> None:
    assert moment(1_700_000_000_123) == "2023-11-14 22:13:20 UTC"
    assert moment(None) == ""
    assert moment(2**62) == "4611686018427387904 ms"
    assert [span(value) for value in (0, 1_500, 61_000, 7_500_000, 90_000_000, None)] == [
        "0.0s",
        "1.5s",
        "1m01s",
        "2h05m",
        "1d01h",
        "",
    ]
    assert [number(value) for value in (0.1 + 0.2, 3.0, float("nan"), None)] == [
        "0.3",
        "3",
        "nan",
        "",
    ]
    assert [size(value) for value in (0, 999, 1_000, 2_550_000, 7 * 10**15)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "2.5 MB",
        "7.0 PB",
    ]
    assert [counted(1, "run"), counted(2_000, "run")] == ["1 run", "2,000 runs"]
