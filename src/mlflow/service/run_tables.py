"""Runs as tables: windows of columns, the names in use, groups."""

from mlflow import wire
from mlflow.entities.run_tables import GroupRows, RunRows, UsedColumns
from mlflow.search.columns import (
    parse_columns,
    parse_group_by,
    parse_group_columns,
    parse_group_order,
)
from mlflow.search.fields import RUNS
from mlflow.search.order import parse_order
from mlflow.search.parse import parse_filter
from mlflow.service._engine import Engine, serves
from mlflow.service.experiments import VIEWS
from mlflow.store import Scope
from mlflow.wire._fields import experiment_number, view_name
from mlflow.wire.run_tables import AboutRuns, RunColumns, RunGroups, RunTable


@serves(wire.run_tables.table)
def table(engine: Engine, ask: RunTable) -> RunRows:
    """Rows of the table of runs, newest first unless ordered otherwise."""
    columns = parse_columns(ask.columns)
    found = engine.store.run_tables.window(
        _scope(engine, ask),
        parse_order(ask.order_by, RUNS),
        list(columns.values()),
        offset=ask.offset,
        limit=ask.max_results,
        count=ask.count,
    )
    return RunRows(found.run_ids, dict(zip(columns, found.columns, strict=True)), found.total)


@serves(wire.run_tables.columns)
def columns(engine: Engine, ask: RunColumns) -> UsedColumns:
    """The names of metrics, params and tags that runs have, or in which they differ."""
    found = engine.store.run_tables.used(_scope(engine, ask), differing=ask.differing)
    return UsedColumns(*found)


@serves(wire.run_tables.groups)
def groups(engine: Engine, ask: RunGroups) -> GroupRows:
    """Runs in groups, the largest first unless ordered otherwise, with statistics of each."""
    keys = parse_group_by(ask.group_by)
    columns = parse_group_columns(ask.columns)
    found = engine.store.run_tables.groups(
        _scope(engine, ask),
        list(keys.values()),
        list(columns.values()),
        parse_group_order(ask.order_by, list(keys.values()), list(columns.values())),
        offset=ask.offset,
        limit=ask.max_results,
    )
    values = {text: [key[place] for key in found.keys] for place, text in enumerate(keys)}
    statistics = dict(zip(columns, found.columns, strict=True))
    return GroupRows(values, found.runs, statistics, found.total)


def _scope(engine: Engine, ask: AboutRuns) -> Scope:
    """Which runs a question is about."""
    return Scope(
        parse_filter(ask.filter, RUNS),
        [experiment_number(text, "experiment_ids") for text in dict.fromkeys(ask.experiment_ids)],
        VIEWS[view_name(ask.run_view_type)],
        engine.artifact_root,
    )
