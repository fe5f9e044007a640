"""Runs as tables on the wire: columns by row number, the names in use, groups.

What search gives run by run is given here column by column, and from any row on, as programs need
it that show a window of a long table.
"""

from mlflow.entities.run_tables import GroupRows, RunRows, UsedColumns
from mlflow.exceptions import invalid
from mlflow.wire import _fields as rules
from mlflow.wire._endpoint import Endpoint, Question, may

MAX_ROWS = 1000
MAX_COLUMNS = 1000
MAX_EXPERIMENTS = 1000
MAX_GROUP_KEYS = 4
MAX_GROUP_COLUMNS = 100
MAX_OFFSET = 2**31


class AboutRuns(Question, kw_only=True, omit_defaults=True):
    """A question about the runs of some experiments that a filter describes."""

    experiment_ids: list[str] = []  # noqa: RUF012 - msgspec copies it for each object
    filter: str | None = None
    run_view_type: str | int | None = None

    def check(self) -> None:
        if len(self.experiment_ids) > MAX_EXPERIMENTS:
            raise invalid(
                "Invalid value for parameter 'experiment_ids': at most "
                f"{MAX_EXPERIMENTS} experiments can be asked for."
            )
        for experiment_id in self.experiment_ids:
            rules.experiment_number(experiment_id, "experiment_ids")


class RunTable(AboutRuns, kw_only=True, omit_defaults=True):
    """Rows of the table of runs, from row `offset` on, as columns.

    Columns are `attributes.NAME`, `params.NAME`, `tags.NAME`, `metrics.NAME` (its last value),
    `min(metrics.NAME)` and `last`, `max`, `mean`, `count`, `first` alike, `children` (the number
    of active runs that name the run as their parent), `datasets` and `models`. `count` asks for
    the total number of matches as well.
    """

    order_by: list[str] = []  # noqa: RUF012
    columns: list[str] = []  # noqa: RUF012
    offset: int = 0
    max_results: int = 100
    count: bool = False

    def check(self) -> None:
        super().check()
        _check_window(self.offset, self.max_results)
        check_length("columns", self.columns, 0, MAX_COLUMNS)


class RunColumns(AboutRuns, kw_only=True, omit_defaults=True):
    """The names of the metrics, params and tags of the runs that match.

    With `differing`, only those whose value is not the same in all of the newest 2,000 of them; a
    run without the name has another value than one with it, and metrics count by their last value.
    """

    differing: bool = False


class RunGroups(AboutRuns, kw_only=True, omit_defaults=True):
    """Runs in groups that have the same params, tags or attributes, with statistics of each.

    `columns` are metrics as in the table of runs, or params that are read as numbers. `order_by`
    has items such as `runs DESC`, `params.lr` (of `group_by`) or `metrics.loss DESC` (of
    `columns`: by the mean of the group); large groups come first unless ordered otherwise.
    """

    group_by: list[str] = []  # noqa: RUF012
    columns: list[str] = []  # noqa: RUF012
    order_by: list[str] = []  # noqa: RUF012
    offset: int = 0
    max_results: int = 100

    def check(self) -> None:
        super().check()
        _check_window(self.offset, self.max_results)
        check_length("group_by", self.group_by, 1, MAX_GROUP_KEYS)
        check_length("columns", self.columns, 0, MAX_GROUP_COLUMNS)


def check_length(name: str, items: list[str], least: int, most: int) -> None:
    """Refuse lists with too few or too many items."""
    if not least <= len(items) <= most:
        raise invalid(
            f"Invalid value for parameter {name!r}: it has {len(items)} items; allowed are "
            f"{least} to {most}."
        )


def _check_window(offset: int, max_results: int) -> None:
    if not 0 <= offset <= MAX_OFFSET:
        raise invalid(
            f"Invalid value {offset} for parameter 'offset': allowed are 0 to {MAX_OFFSET}."
        )
    rules.check_max_results(max_results, MAX_ROWS)


_AT = "/mlflow/runs"
_NEEDS = may.read("experiment_ids")
table = Endpoint("POST", f"{_AT}/table", RunTable, RunRows, needs=_NEEDS)
columns = Endpoint("POST", f"{_AT}/columns", RunColumns, UsedColumns, needs=_NEEDS)
groups = Endpoint("POST", f"{_AT}/groups", RunGroups, GroupRows, needs=_NEEDS)
