"""Tables of runs: the methods of `MlflowClient`."""

import re
from collections.abc import Sequence

from mlflow import wire
from mlflow.client._calls import Calls, texts
from mlflow.entities import GroupRows, RunRows, UsedColumns, ViewType
from mlflow.wire._fields import view_name
from mlflow.wire.run_tables import RunColumns, RunGroups, RunTable

_METRIC = re.compile(r"\s*(\w+\s*\(\s*)?[`\"']?metrics?[`\"']?\.", re.IGNORECASE)


class RunTables(Calls):
    """Read runs as tables: columns of any window of rows, without a Python object per value."""

    def run_table(
        self,
        experiment_ids: Sequence[str] | str,
        columns: Sequence[str] = (),
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        offset: int = 0,
        max_results: int = 100,
        run_view_type: int = ViewType.ACTIVE_ONLY,
        count: bool = False,
    ) -> RunRows:
        """Rows of a table of runs, from any row on.

        Args:
            experiment_ids: experiments whose runs are shown.
            columns: `attributes.NAME`, `params.NAME`, `tags.NAME`, `metrics.NAME` (its last
                value), `min(metrics.NAME)` and likewise `max`, `mean`, `count`, `first`, `last`;
                `children` (number of active child runs), `datasets`, `models`. Names that are
                more than letters, digits, `_` and `.` stand in backticks.
            filter_string, order_by: as in `search_runs`; newest first by default.
            offset: how many rows are skipped.
            max_results: most rows, 1 to 1000.
            run_view_type: `ViewType.ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`.
            count: whether to count all matches as well.

        Raises:
            MlflowException: INVALID_PARAMETER_VALUE for a text that cannot be read, with its place.
        """
        question = RunTable(
            experiment_ids=texts(experiment_ids),
            columns=texts(columns),
            filter=filter_string or None,
            order_by=texts(order_by),
            offset=offset,
            max_results=max_results,
            run_view_type=view_name(run_view_type),
            count=count,
        )
        rows = self._read(wire.run_tables.table, question)
        for name, cells in rows.columns.items():
            if _METRIC.match(name):
                rows.columns[name] = [float("nan") if cell == "NaN" else cell for cell in cells]
        return rows

    def run_columns(
        self,
        experiment_ids: Sequence[str] | str,
        *,
        filter_string: str = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        differing: bool = False,
    ) -> UsedColumns:
        """The names of the metrics, params and tags of runs.

        Args:
            experiment_ids: experiments whose runs are looked at.
            filter_string: as in `search_runs`.
            run_view_type: `ViewType.ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`.
            differing: only names whose value is not the same in all of the newest 2,000 runs that
                match; metrics count by their last value, and a run without the name differs from
                one with it.
        """
        question = RunColumns(
            experiment_ids=texts(experiment_ids),
            filter=filter_string or None,
            run_view_type=view_name(run_view_type),
            differing=differing,
        )
        return self._read(wire.run_tables.columns, question)

    def run_groups(
        self,
        experiment_ids: Sequence[str] | str,
        group_by: Sequence[str] | str,
        columns: Sequence[str] = (),
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        offset: int = 0,
        max_results: int = 100,
        run_view_type: int = ViewType.ACTIVE_ONLY,
    ) -> GroupRows:
        """Runs in groups that share params, tags or attributes, with statistics of each group.

        Args:
            experiment_ids: experiments whose runs are grouped.
            group_by: one to four of `params.NAME`, `tags.NAME` and `attributes.NAME`.
            columns: metrics, as in `run_table`, and params that hold numbers.
            filter_string: as in `search_runs`.
            order_by: such as `["metrics.loss DESC"]` (by the mean), `["params.lr"]` or
                `["runs DESC"]`, which is the default.
            offset: how many groups are skipped.
            max_results: most groups, 1 to 1000.
            run_view_type: `ViewType.ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`.

        Raises:
            MlflowException: INVALID_PARAMETER_VALUE for a text that cannot be read, with its place.
        """
        question = RunGroups(
            experiment_ids=texts(experiment_ids),
            group_by=texts(group_by),
            columns=texts(columns),
            filter=filter_string or None,
            order_by=texts(order_by),
            offset=offset,
            max_results=max_results,
            run_view_type=view_name(run_view_type),
        )
        return self._read(wire.run_tables.groups, question)
