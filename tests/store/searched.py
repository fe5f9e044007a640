"""A tiny database to search in, as plain Python values and as rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mlflow.store import open_store
from mlflow.store.db import Connection, Database

FIRST_TIME = 1_000
LARGEST = 1.7976931348623157e308


@dataclass
class Metric:
    """The points of a metric by step; NaN is NaN."""

    points: dict[int, float]

    def value(self, function: str, step: int = 0) -> float | None:
        """What a search function gives; None if there is nothing at that step."""
        values = [self.points[key] for key in sorted(self.points)]
        reals = [value for value in values if not math.isnan(value)]
        if function == "at":
            return self.points.get(step)
        if function == "count":
            return float(len(values))
        if function in ("first", "last"):
            return values[0 if function == "first" else -1]
        if not reals:
            return math.nan
        if function == "mean":
            return clamped(sum(reals)) / len(reals)
        return min(reals) if function == "min" else max(reals)


def clamped(value: float) -> float:
    """The nearest number that every database can hold."""
    return max(-LARGEST, min(LARGEST, float(value)))


@dataclass
class Run:
    """A run; its number in the database is its place in the list, from 1."""

    run_id: str
    experiment: int = 1
    status: int = 3
    start: int = FIRST_TIME
    end: int | None = None
    deleted: bool = False
    uri: str = "./1/artifacts"
    user: str = "ann"
    metrics: dict[str, Metric] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: list[tuple[str, str, str | None]] = field(default_factory=list)


@dataclass
class Experiment:
    """An experiment with its number."""

    number: int
    name: str
    created: int = 1
    updated: int = 1
    deleted: bool = False
    tags: dict[str, str] = field(default_factory=dict)


class Names:
    """Numbers of names, in the order of their first use."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def make(self, name: str) -> int:
        """The number of a name, new if need be."""
        return self.numbers.setdefault(name, len(self.numbers) + 1)


@contextmanager
def database(
    url: str, runs: list[Run], experiments: list[Experiment] | None = None
) -> Iterator[tuple[Database, Callable[[str], int | None]]]:
    """A database with these rows, and the function that numbers its names."""
    store, names = open_store(url), Names()
    try:
        store.database.write(lambda connection: _fill(connection, names, runs, experiments or []))
        yield store.database, names.numbers.get
    finally:
        store.close()


_SERIES = (
    *("run_id", "key_id", "experiment_id", "count", "reals", "total"),
    *("first_step", "first_time", "first_value", "last_step", "last_time", "last_value"),
    *("min_value", "min_step", "max_value", "max_step", "latest", "young", "middling"),
)
_RUNS = (
    *("id", "run_id", "experiment_id", "name", "user_id", "status", "start_time", "end_time"),
    *("deleted", "artifact_uri", "heard"),
)


def _fill(
    connection: Connection, names: Names, runs: list[Run], experiments: list[Experiment]
) -> None:
    connection.run("DELETE FROM experiments")
    for experiment in experiments:
        row = (experiment.number, experiment.name, "./x", experiment.created, experiment.updated)
        columns = ("id", "name", "artifact_location", "created", "updated", "deleted")
        connection.put("experiments", columns, [(*row, 5 if experiment.deleted else None)])
        tags = [(experiment.number, names.make(k), v) for k, v in experiment.tags.items()]
        connection.put("experiment_tags", ("experiment_id", "key_id", "value"), tags)
    found: dict[tuple[int, str, str], int] = {}
    for number, run in enumerate(runs, 1):
        name = run.tags.get("mlflow.runName", "")
        first = (number, run.run_id, run.experiment, name, run.user)
        row_of = (*first, run.status, run.start, run.end)
        connection.put("runs", _RUNS, [(*row_of, 7 if run.deleted else None, run.uri, 0)])
        for table, texts in (("params", run.params), ("tags", run.tags)):
            rows = [(number, names.make(key), value) for key, value in texts.items()]
            connection.put(table, ("run_id", "key_id", "value"), rows)
        for key, metric in run.metrics.items():
            summary = _summary(metric)
            ids = (number, names.make(key), run.experiment)
            connection.put("series", _SERIES, [(*ids, *summary)])
        for dataset_name, digest, context in run.datasets:
            key_of = (run.experiment, dataset_name, digest)
            dataset = found.get(key_of)
            if dataset is None:
                columns_of = {"experiment_id": key_of[0], "name": key_of[1], "digest": key_of[2]}
                texts_of = {"source_type": "local", "source": "{}"}
                dataset = found[key_of] = connection.insert("datasets", columns_of | texts_of)
            connection.put("inputs", ("run_id", "dataset_id"), [(number, dataset)])
            if context is not None:
                tag = (number, dataset, "mlflow.data.context", context)
                connection.put("input_tags", ("run_id", "dataset_id", "name", "value"), [tag])


def _summary(metric: Metric) -> tuple[int | float | None, ...]:
    def real(function: str) -> float | None:
        value = metric.value(function)
        return None if value is None or math.isnan(value) else value

    reals = [value for value in metric.points.values() if not math.isnan(value)]
    steps = sorted(metric.points)
    least, most = real("min"), real("max")
    return (
        len(steps), len(reals), clamped(sum(reals)), steps[0], 0, real("first"), steps[-1], 0,
        real("last"), least, None if least is None else 0, most, None if most is None else 0,
        0, 0, 0,
    )  # fmt: skip
