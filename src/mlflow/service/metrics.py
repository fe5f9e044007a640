"""Metrics, params and tags: logging them, and reading histories."""

from concurrent.futures import Future
from math import isfinite
from typing import Any

from mlflow import wire
from mlflow.entities.metrics import Metric
from mlflow.exceptions import invalid, missing
from mlflow.service import _pages
from mlflow.service._engine import Engine, serves
from mlflow.service.runs import active
from mlflow.store.metrics import Place
from mlflow.wire import Empty
from mlflow.wire._fields import MAX_INTEGER, MAX_RESULTS_HISTORY
from mlflow.wire.metrics import (
    DeleteTag,
    GetHistory,
    GetHistoryBulk,
    GetHistorySample,
    History,
    LogBatch,
    LogMetric,
    LogParam,
    SetTag,
)


@serves(wire.metrics.log_batch)
def log_batch(engine: Engine, ask: LogBatch) -> "Future[Empty]":
    """Log metrics, params and tags: all of them or none."""
    return engine.store.log(ask)


@serves(wire.metrics.log_metric)
def log_metric(engine: Engine, ask: LogMetric) -> "Future[Empty]":
    """Log one point of a metric."""
    return engine.store.log(ask.batch())


@serves(wire.metrics.log_param)
def log_param(engine: Engine, ask: LogParam) -> "Future[Empty]":
    """Log a param."""
    return engine.store.log(ask.batch())


@serves(wire.metrics.set_tag)
def set_tag(engine: Engine, ask: SetTag) -> "Future[Empty]":
    """Set a tag of a run."""
    return engine.store.log(ask.batch())


@serves(wire.metrics.delete_tag)
def delete_tag(engine: Engine, ask: DeleteTag) -> Empty:
    """Delete a tag of a run."""
    run = active(engine, ask.run_id)
    if not engine.store.runs.delete_tag(run.id, ask.key):
        raise missing(f"No tag with name: {ask.key} in run with id {ask.run_id}")
    return Empty()


@serves(wire.metrics.get_history)
def get_history(engine: Engine, ask: GetHistory) -> History:
    """Give a page of a metric's points by timestamp, step and value."""
    scope = (ask.run_id, ask.metric_key)
    after = _place(_pages.read(ask.page_token, scope)) if ask.page_token else None
    limit = min(ask.max_results or MAX_RESULTS_HISTORY, MAX_RESULTS_HISTORY)
    places, more = engine.store.metrics.history(ask.run_id, ask.metric_key, limit, after)
    key = ask.metric_key
    page = History(
        [
            Metric(key, "NaN" if nan else value, time, step)  # type: ignore[arg-type]
            for time, step, value, nan in places
        ]
    )
    if more:
        page.next_page_token = _pages.write(list(places[-1]), scope)
    return page


@serves(wire.metrics.get_history_sample)
def get_history_sample(engine: Engine, ask: GetHistorySample) -> History:
    """Give points of some runs for a chart."""
    steps = None
    if ask.start_step is not None and ask.end_step is not None:
        steps = (ask.start_step, ask.end_step)
    found = engine.store.metrics.sample(ask.run_ids, ask.metric_key, steps, ask.max_results)
    key = ask.metric_key
    return History(
        [
            Metric(key, value if value == value else "NaN", time, step, run_id=run_id)  # type: ignore[arg-type]
            for run_id, points in found
            for step, time, value in zip(points.steps, points.times, points.values, strict=True)
        ]
    )


@serves(wire.metrics.get_history_bulk)
def get_history_bulk(engine: Engine, ask: GetHistoryBulk) -> History:
    """Give the points of some runs by run, timestamp, step and value."""
    page = History()
    for run_id in sorted(set(ask.run_id)):
        room = ask.max_results - len(page.metrics)
        if room <= 0:
            break
        places, _ = engine.store.metrics.history(run_id, ask.metric_key, room, None)
        page.metrics += [
            Metric(ask.metric_key, "NaN" if nan else value, time, step, run_id=run_id)  # type: ignore[arg-type]
            for time, step, value, nan in places
        ]
    return page


def _place(values: list[Any]) -> Place:
    """What a page token says, if it can be the place of a point."""
    if [type(value) for value in values] == [int, int, float, bool]:
        time, step, value, nan = values
        whole = 0 <= time <= MAX_INTEGER and -MAX_INTEGER - 1 <= step <= MAX_INTEGER
        if whole and isfinite(value):
            return time, step, value, nan
    raise invalid("Invalid page token: it is not one that this server gave.")
