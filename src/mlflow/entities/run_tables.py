"""Tables of runs: columns by row number, the names in use, groups and their statistics."""

from typing import Any, TypeAlias

from mlflow.entities._base import Entity

#: A cell: text, a number, a list of objects, or None for what is missing. In JSON NaN is text.
Cell: TypeAlias = str | int | float | list[Any] | None


class RunRows(Entity):
    """Rows of a table of runs: `columns["metrics.loss"][i]` belongs to `run_ids[i]`.

    Times are milliseconds since the epoch, durations milliseconds.

    Args:
        run_ids: the runs, in order.
        columns: the columns that were asked for.
        total: how many runs match in all; None unless it was asked for.
    """

    run_ids: list[str]
    columns: dict[str, list[Cell]]
    total: int | None


class UsedColumns(Entity):
    """Names of metrics, params and tags that runs have, sorted.

    Args:
        looked_at: how many runs were compared; None if none needed to be.
    """

    metrics: list[str]
    params: list[str]
    tags: list[str]
    looked_at: int | None


class GroupNumbers(Entity):
    """Statistics of a column, an item per group; None where no number is.

    NaN and what is no number are left out.

    Args:
        std: the standard deviation of a sample; None below two numbers.
        count: how many numbers there were.
    """

    mean: list[float | None]
    std: list[float | None]
    min: list[float | None]
    max: list[float | None]
    count: list[int]


class GroupRows(Entity):
    """Groups of runs: all `runs[i]` runs of group i share the value `groups["params.lr"][i]`.

    Args:
        groups: what runs were grouped by; None for runs that lack it.
        runs: the sizes of the groups.
        columns: statistics of the columns that were asked for.
        total: how many groups there are in all.
    """

    groups: dict[str, list[str | None]]
    runs: list[int]
    columns: dict[str, GroupNumbers]
    total: int
