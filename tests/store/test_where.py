"""Searches run on a tiny database, and compared with what plain Python says."""

import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException
from mlflow.search.fields import EXPERIMENTS, RUNS
from mlflow.search.order import parse_order
from mlflow.search.parse import parse_filter
from mlflow.search.tree import And, Comparison, Entity, Field, Function, Node, Not, Or, Order
from mlflow.store.db import Database
from mlflow.store.where import (
    AtRef,
    Search,
    View,
    at_refs,
    experiment_count,
    experiment_search,
    run_count,
    run_search,
)
from tests.search.test_fuzz import mutated, sequences
from tests.store.searched import LARGEST, Experiment, Metric, Run, database

NAN = math.nan

RUNS_STORED = [
    Run(
        "a1", start=1_000, end=1_500, uri="./1/a1/artifacts",
        metrics={"loss": Metric({0: 1.0, 1: 0.25}), "val/auc": Metric({0: 0.9})},
        params={"lr": "0.1", "it's": "x", "note": "it's \\ 50%"}, tags={"mlflow.runName": "Ünder"},
        datasets=[("iris", "d1", "train"), ("wine", "d2", "test")],
    ),
    Run(
        "b2", start=2_000, end=4_000, status=4, uri="s3://bucket/b2", user="bob",
        metrics={"loss": Metric({0: 0.5, 5: NAN}), "val/auc": Metric({0: 0.8, 100: 0.95})},
        params={"lr": "0.01", "note": "A_b"}, tags={"mlflow.runName": "beta", "owner": "Ann"},
        datasets=[("iris", "d3", None)],
    ),
    Run(
        "c3", start=3_000, status=1, uri="./1/c3/artifacts",
        metrics={"loss": Metric({-1: LARGEST}), "count_me": Metric(dict.fromkeys(range(5), 1.0))},
        params={"lr": "0.01", "note": "axb"}, tags={"mlflow.runName": "gamma", "owner": "ann"},
    ),
    Run(
        "d4", start=3_000, end=3_000, status=5, params={"note": "line\nend"},
        metrics={"loss": Metric({0: NAN})}, tags={"mlflow.runName": "delta"},
    ),
    Run("e5", experiment=2, start=500, tags={"mlflow.runName": "eps", "owner": "ann"},
        metrics={"loss": Metric({0: -1.0})}),
    Run("f6", start=100, deleted=True, metrics={"loss": Metric({0: 0.0})}),
]  # fmt: skip
EXPERIMENTS_STORED = [
    Experiment(1, "One", 10, 100, tags={"team": "red", "a b": "x"}),
    Experiment(2, "one", 10, 50, tags={"team": "blue"}),
    Experiment(3, "Two", 5, 70),
    Experiment(4, "gone", 1, 1, deleted=True, tags={"team": "red"}),
]
ROOT = "file:///root/"


def at_values(refs: set[AtRef], runs: list[Run]) -> dict[AtRef, dict[int, float | None]]:
    found: dict[AtRef, dict[int, float | None]] = {ref: {} for ref in refs}
    for ref in refs:
        for number, run in enumerate(runs, 1):
            metric = run.metrics.get(ref.key)
            if metric is not None and ref.step in metric.points:
                found[ref][number] = metric.points[ref.step]
    return found


class Searcher:
    """The rows of one database, found by SQL."""

    def __init__(self, database: Database, numbers: Any, runs: list[Run]) -> None:
        self.database = database
        self.numbers = numbers
        self.runs = runs

    def page(
        self,
        node: Node | None,
        orders: list[Order],
        *,
        view: View = "active",
        experiments: Sequence[int] = (1,),
        limit: int = 100,
        after: Sequence[Any] | None = None,
        probing: bool = True,
    ) -> list[Sequence[Any]]:
        values = at_values(at_refs(node, orders), self.runs)

        def work(connection: Any) -> list[Sequence[Any]]:
            ask = connection.all if probing else None
            search: Search = run_search(
                connection.dialect, node, orders, experiment_ids=experiments,
                key_ids=self.numbers, limit=limit, view=view, after=after, artifact_root=ROOT,
                at_values=values, ask=ask,
            )  # fmt: skip
            return search.fetch(connection.all)

        return self.database.read(work)

    def find(self, text: str | None, orders: Sequence[str] = (), **scope: Any) -> list[str]:
        node, keys = parse_filter(text, RUNS), parse_order(orders, RUNS)
        found = [self.runs[row[0] - 1].run_id for row in self.page(node, keys, **scope)]
        scope.pop("probing", None)
        assert self.count(node, **scope) == len(found)
        return found

    def count(
        self, node: Node | None, view: View = "active", experiments: Sequence[int] = (1,)
    ) -> int:
        values = at_values(at_refs(node), self.runs)

        def work(connection: Any) -> int:
            select = run_count(
                connection.dialect, node, experiment_ids=experiments, key_ids=self.numbers,
                view=view, artifact_root=ROOT, at_values=values, ask=connection.all,
            )  # fmt: skip
            return cast(int, connection.all(select.sql, select.params)[0][0])

        return self.database.read(work)

    def pages(self, node: Node | None, orders: list[Order], limit: int, **scope: Any) -> list[str]:
        """All rows, page by page."""
        found: list[str] = []
        after = None
        while True:
            rows = self.page(node, orders, limit=limit, after=after, **scope)
            found += [self.runs[row[0] - 1].run_id for row in rows]
            if len(rows) < limit:
                return found
            after = tuple(rows[-1][1:])


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    file = tmp_path_factory.mktemp("search") / "mlflow.db"
    with database(f"sqlite:///{file}", RUNS_STORED, EXPERIMENTS_STORED) as (found, numbers):
        yield Searcher(found, numbers, RUNS_STORED)


FILTERS = [
    # metrics: the latest value; NaN is only unequal, missing is nothing
    (None, "a1 b2 c3 d4"),
    ("metrics.loss > 0", "a1 c3"),
    ("metrics.loss >= 0.25", "a1 c3"),
    ("metrics.loss = 0.25", "a1"),
    ("metrics.loss != 0.25", "b2 c3 d4"),
    ("metrics.loss < 1", "a1"),
    ("metrics.loss <= 0.25", "a1"),
    ("metric.`val/auc` > 0.9", "b2"),
    ("metrics.val != 1", ""),
    ("metrics.loss > 1e300", "c3"),
    ("metrics.loss < 1e999", "a1 c3"),
    ("metrics.loss <= 1e999", "a1 c3"),
    ("metrics.loss = 1e999", ""),
    ("metrics.loss != 1e999", "a1 b2 c3 d4"),
    ("metrics.loss > -1e999", "a1 c3"),
    ("metrics.loss = -1e999", ""),
    ("metrics.loss >= 1e999", ""),
    ("metrics.loss < 99999999999999999999999999", "a1"),
    ("metrics.loss > 5e-324", "a1 c3"),
    ("metrics.loss > 0 AND metrics.loss < 1 AND metrics.`val/auc` > 0", "a1"),
    ("metrics.loss IN (0.25, 7)", "a1"),
    ("metrics.loss IN (1e999)", ""),
    ("metrics.loss NOT IN (0.25, 7, 1e999)", "b2 c3 d4"),
    ("metrics.loss BETWEEN 0.25 AND 1", "a1"),
    ("metrics.loss NOT BETWEEN 0 AND 1", "c3"),
    ("metrics.`val/auc` IS NULL", "c3 d4"),
    ("metrics.`val/auc` IS NOT NULL", "a1 b2"),
    ("metrics.nothing IS NULL", "a1 b2 c3 d4"),
    ("metrics.nothing IS NOT NULL", ""),
    ("metrics.loss IS NOT NULL", "a1 b2 c3 d4"),
    # functions
    ("min(metrics.loss) < 0.3", "a1"),
    ("max(metrics.loss) = 1", "a1"),
    ("mean(metrics.loss) = 0.625", "a1"),
    ("mean(metrics.loss) = 0.5", "b2"),
    ("min(metrics.loss) != 0", "a1 b2 c3 d4"),
    ("first(metrics.loss) <= 1", "a1 b2"),
    ("last(metrics.loss) <= 1", "a1"),
    ("count(metrics.loss) = 2", "a1 b2"),
    ("count(metrics.count_me) BETWEEN 4.5 AND 5.5", "c3"),
    ("count(metrics.loss) > 1.5", "a1 b2"),
    ("count(metrics.loss) < 99999999999999999999", "a1 b2 c3 d4"),
    ("max(metrics.`val/auc`) > 0.9", "b2"),
    ("min(metrics.`val/auc`) < 0.9", "b2"),
    ("at(metrics.loss, 0) >= 0.5", "a1 b2"),
    ("at(metrics.loss, 0) != 1", "b2 d4"),
    ("at(metrics.loss, -1) > 1", "c3"),
    ("at(metrics.loss, 0) IS NULL", "c3"),
    ("at(metrics.loss, 0) IS NOT NULL", "a1 b2 d4"),
    ("at(metrics.`val/auc`, 100) = 0.95", "b2"),
    ("at(metrics.nothing, 1) IS NULL", "a1 b2 c3 d4"),
    ("NOT at(metrics.loss, 0) >= 0.5", "c3 d4"),
    # params and tags
    ("params.lr = '0.01'", "b2 c3"),
    ("params.lr != '0.01'", "a1"),
    ("params.lr LIKE '0.0%'", "b2 c3"),
    ("params.lr NOT LIKE '0.0%'", "a1"),
    ("params.lr IN ('0.1', '0.5')", "a1"),
    ("params.lr NOT IN ('0.1', '0.5')", "b2 c3"),
    ("params.lr BETWEEN '0.01' AND '0.05'", "b2 c3"),
    ("params.lr NOT BETWEEN '0.01' AND '0.05'", "a1"),
    ("params.lr IS NULL", "d4"),
    ("params.lr IS NOT NULL", "a1 b2 c3"),
    ("params.nothing = 'x'", ""),
    ("params.nothing != 'x'", ""),
    ("params.note LIKE 'A_b'", "b2"),
    ("params.note LIKE '_x_'", "c3"),
    ("params.note ILIKE 'a_B'", "b2 c3"),
    ("params.note LIKE 'a\\_b'", ""),
    ("params.note LIKE '%\\ 50\\%'", ""),
    ("params.note LIKE '%\\ 50%'", "a1"),
    ("params.note = 'it\\'s \\ 50%'", "a1"),
    ("params.note = 'it''s \\ 50%'", "a1"),
    ('params."it\'s" = "x"', "a1"),
    ("params.note RLIKE '^a.b$'", "c3"),
    ("params.note RLIKE '(?i)^a.b$'", "b2 c3"),
    ("params.note NOT RLIKE '^a.b$'", "a1 b2 d4"),
    ("params.note RLIKE 'e.e'", "d4"),
    ("params.note RLIKE '\\bend\\b'", "d4"),
    ("params.note RLIKE '^[[:alpha:]_]{3}$'", "b2 c3"),
    ("tags.owner = 'ann'", "c3"),
    ("tags.owner ILIKE 'ANN'", "b2 c3"),
    ("tags.owner ILIKE '%N_'", "b2 c3"),
    ("tags.mlflow.runName LIKE '%eta'", "b2"),
    ("parameters.lr = '0.1' AND tag.owner IS NULL", "a1"),
    # attributes
    ("run_id = 'a1'", "a1"),
    ("run_id != 'a1'", "b2 c3 d4"),
    ("run_id IN ('a1', 'c3', 'e5', 'f6')", "a1 c3"),
    ("run_id NOT IN ('a1', 'c3')", "b2 d4"),
    ("run_id LIKE '%3'", "c3"),
    ("run_name = 'beta'", "b2"),
    ("run_name LIKE '%a'", "b2 c3 d4"),
    ("attributes.run_name IN ('beta', 'gamma')", "b2 c3"),
    ("`Run name` != 'beta'", "a1 c3 d4"),
    ("status = 'FINISHED'", "a1"),
    ("status = 'finished'", ""),
    ("status != 'FINISHED'", "b2 c3 d4"),
    ("status ILIKE 'f%'", "a1 b2"),
    ("status LIKE 'F%L_'", ""),
    ("status LIKE 'F%E_'", "a1 b2"),
    ("status IN ('FAILED', 'RUNNING')", "b2 c3"),
    ("status NOT IN ('FAILED', 'RUNNING')", "a1 d4"),
    ("status BETWEEN 'FAILED' AND 'FINISHED'", "a1 b2"),
    ("status RLIKE 'I'", "a1 b2 c3 d4"),
    ("status NOT RLIKE '^F'", "c3 d4"),
    ("status IS NULL", ""),
    ("status IS NOT NULL", "a1 b2 c3 d4"),
    ("artifact_uri = 'file:///root/1/a1/artifacts'", "a1"),
    ("artifact_uri LIKE 's3:%'", "b2"),
    ("artifact_uri LIKE './%'", ""),
    ("user_id = 'bob'", "b2"),
    ("user_id != 'bob'", "a1 c3 d4"),
    ("start_time > 1999", "b2 c3 d4"),
    ("attribute.start_time >= 2000.5", "c3 d4"),
    ("start_time < 2000.5", "a1 b2"),
    ("start_time = 1000.5", ""),
    ("start_time != 1000.5", "a1 b2 c3 d4"),
    ("start_time < 1e30", "a1 b2 c3 d4"),
    ("start_time > 99999999999999999999", ""),
    ("start_time = -99999999999999999999", ""),
    ("start_time != 99999999999999999999", "a1 b2 c3 d4"),
    ("created <= 2000", "a1 b2"),
    ("end_time != 1500", "b2 d4"),
    ("end_time IS NULL", "c3"),
    ("end_time BETWEEN 1500 AND 3000", "a1 d4"),
    ("duration > 400", "a1 b2"),
    ("duration = 0", "d4"),
    ("duration != 0", "a1 b2"),
    ("duration IS NULL", "c3"),
    ("lifecycle_stage = 'active'", "a1 b2 c3 d4"),
    ("lifecycle_stage = 'deleted'", ""),
    ("experiment_id = '1'", "a1 b2 c3 d4"),
    ("experiment_id = '01'", ""),
    ("experiment_id != '2'", "a1 b2 c3 d4"),
    ("experiment_id IN ('2', '3', 'x')", ""),
    ("experiment_id NOT IN ('2', 'x')", "a1 b2 c3 d4"),
    ("experiment_id BETWEEN '0' AND '5'", "a1 b2 c3 d4"),
    # datasets: each clause finds its own
    ("dataset.name = 'iris'", "a1 b2"),
    ("dataset.name = 'iris' AND dataset.name = 'wine'", "a1"),
    ("dataset.name != 'iris'", "a1"),
    ("dataset.name IN ('wine', 'x')", "a1"),
    ("dataset.name NOT IN ('iris', 'x')", "a1"),
    ("datasets.digest LIKE 'd_'", "a1 b2"),
    ("datasets.digest ILIKE 'D3'", "b2"),
    ("dataset.context = 'train'", "a1"),
    ("dataset.context = 'train' AND dataset.name = 'wine'", "a1"),
    ("dataset.context IS NULL", "b2 c3 d4"),
    ("dataset.name IS NULL", "c3 d4"),
    ("dataset.name IS NOT NULL", "a1 b2"),
    # joined
    ("params.lr = '0.1' OR tags.owner = 'ann'", "a1 c3"),
    ("NOT params.lr = '0.1'", "b2 c3 d4"),
    ("NOT params.lr != '0.1'", "a1 d4"),
    ("NOT (params.lr = '0.1' OR tags.owner = 'ann')", "b2 d4"),
    ("NOT metrics.loss > 0", "b2 d4"),
    ("NOT end_time > 0", "c3"),
    ("(status = 'FAILED' OR status = 'KILLED') AND metrics.loss != 0", "b2 d4"),
    ("params.nothing = 'x' OR metrics.loss = 0.25", "a1"),
    ("NOT params.nothing = 'x' AND metrics.loss = 0.25", "a1"),
]


@pytest.mark.parametrize(("text", "found"), FILTERS)
def test_filters(sqlite: Searcher, text: str | None, found: str) -> None:
    assert sqlite.find(text, ["run_id"]) == found.split()
    assert sqlite.find(text, ["run_id"], probing=False) == found.split()


def test_filters_elsewhere(database_url: str) -> None:
    with database(database_url, RUNS_STORED) as (opened, numbers):
        searcher = Searcher(opened, numbers, RUNS_STORED)
        wrong = {
            text: found
            for text, expected in FILTERS
            if (found := searcher.find(text, ["run_id"])) != expected.split()
        }
        wrong |= {
            str(items): found
            for items, expected in ORDERS
            if (found := searcher.find(None, items)) != expected.split()
        }
    assert wrong == {}


@pytest.mark.parametrize(
    ("view", "found"),
    [("active", "a1 b2 c3 d4"), ("deleted", "f6"), ("all", "a1 b2 c3 d4 f6")],
)
def test_views(sqlite: Searcher, view: View, found: str) -> None:
    assert sqlite.find(None, ["run_id"], view=view) == found.split()


@pytest.mark.parametrize(
    ("experiments", "found"),
    [([], ""), ([2], "e5"), ([2, 1, 2], "a1 b2 c3 d4 e5"), (list(range(1, 300)), "a1 b2 c3 d4 e5")],
)
def test_experiments_are_searched(sqlite: Searcher, experiments: list[int], found: str) -> None:
    assert sqlite.find(None, ["run_id"], experiments=experiments) == found.split()
    by_metric = sqlite.find(None, ["metrics.loss"], experiments=experiments)
    assert sorted(by_metric) == found.split()
    assert by_metric[:2] == [run for run in ("e5", "a1") if run in found][:2]


ORDERS = [
    ([], "c3 d4 b2 a1"),
    (["start_time"], "a1 b2 c3 d4"),
    (["start_time DESC"], "c3 d4 b2 a1"),
    (["start_time DESC", "run_id DESC"], "d4 c3 b2 a1"),
    (["created DESC", "start_time"], "c3 d4 b2 a1"),
    # numbers, then NaN, then missing, in both directions
    (["metrics.loss"], "a1 c3 d4 b2"),
    (["metrics.loss DESC"], "c3 a1 d4 b2"),
    (["metrics.`val/auc`"], "a1 b2 c3 d4"),
    (["metrics.`val/auc` DESC"], "b2 a1 c3 d4"),
    (["min(metrics.loss)"], "a1 b2 c3 d4"),
    (["max(metrics.loss) DESC"], "c3 a1 b2 d4"),
    (["mean(metrics.loss) DESC"], "c3 a1 b2 d4"),
    (["first(metrics.loss)"], "b2 a1 c3 d4"),
    (["count(metrics.loss) DESC"], "b2 a1 c3 d4"),
    (["at(metrics.loss, 0)"], "b2 a1 d4 c3"),
    (["at(metrics.loss, 0) DESC"], "a1 b2 d4 c3"),
    (["at(metrics.loss, 77) DESC"], "c3 d4 b2 a1"),
    (["metrics.nothing"], "c3 d4 b2 a1"),
    # missing texts last in both directions
    (["params.lr"], "c3 b2 a1 d4"),
    (["params.lr DESC"], "a1 c3 b2 d4"),
    (["params.nothing DESC"], "c3 d4 b2 a1"),
    (["tags.owner"], "b2 c3 d4 a1"),
    (["tags.owner DESC"], "c3 b2 d4 a1"),
    (["params.lr", "metrics.loss"], "c3 b2 a1 d4"),
    (["params.lr, start_time, run_id"], "b2 c3 a1 d4"),
    (["run_id DESC"], "d4 c3 b2 a1"),
    (["run_name"], "b2 d4 c3 a1"),
    (["status"], "b2 a1 d4 c3"),
    (["artifact_uri DESC"], "b2 c3 d4 a1"),
    (["user_id DESC"], "b2 c3 d4 a1"),
    (["end_time"], "a1 d4 b2 c3"),
    (["end_time DESC"], "b2 d4 a1 c3"),
    (["duration"], "d4 a1 b2 c3"),
    (["duration DESC"], "b2 a1 d4 c3"),
    (["lifecycle_stage", "experiment_id", "start_time"], "a1 b2 c3 d4"),
]


@pytest.mark.parametrize(("items", "found"), ORDERS)
def test_orders(sqlite: Searcher, items: list[str], found: str) -> None:
    assert sqlite.find(None, items) == found.split()
    for limit in (1, 2, 3):
        assert sqlite.pages(None, parse_order(items, RUNS), limit) == found.split()


def test_a_metric_in_filter_and_order(sqlite: Searcher) -> None:
    order = ["metrics.loss DESC"]
    assert sqlite.find("metrics.loss > 0.1", order) == ["c3", "a1"]
    assert sqlite.find("metrics.loss != 0.25", order) == ["c3", "d4", "b2"]
    assert sqlite.find("metrics.loss IS NOT NULL", order) == ["c3", "a1", "d4", "b2"]
    assert sqlite.find("metrics.`val/auc` IS NULL", ["metrics.`val/auc`"]) == ["c3", "d4"]
    assert sqlite.find("metrics.loss > 0.1 OR status = 'KILLED'", order) == ["c3", "a1", "d4"]
    assert sqlite.find("metrics.loss > 0.1 AND min(metrics.loss) < 1", order) == ["a1"]


def test_every_comparator_of_rlike_is_checked(sqlite: Searcher) -> None:
    with pytest.raises(MlflowException, match="the pattern cannot be used"):
        sqlite.find("params.note RLIKE '(a'")


# ---- statements stay within what the databases can take


def deep(levels: int) -> str:
    text = "metrics.loss > 0"
    for level in range(levels):
        if level % 2:
            text = f"params.lr = '{level}' OR NOT ({text}) OR status = 'KILLED'"
        else:
            text = f"({text}) AND metrics.loss != 7 AND start_time > 5"
    return text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" AND ".join(["metrics.loss > 0"] * 1000), "a1 c3"),
        (" OR ".join(["params.lr = '0.1'"] * 1000), "a1"),
        (" AND ".join(f"params.lr != '{n}'" for n in range(1000)), "a1 b2 c3"),
        ("metrics.loss IN (" + ",".join(map(str, range(9999))) + ", 0.25)", "a1"),
        ("run_id IN (" + ",".join(f"'x{n}'" for n in range(9000)) + ", 'a1')", "a1"),
        ("NOT (" * 100 + "metrics.loss > 0" + ")" * 100, "a1 c3"),
    ],
    ids=["and", "or", "not", "numbers", "texts", "nots"],
)
def test_large_filters(database_url: str, text: str, found: str) -> None:
    with database(database_url, RUNS_STORED) as (opened, numbers):
        searcher = Searcher(opened, numbers, RUNS_STORED)
        assert searcher.find(text, ["run_id"]) == found.split()
        assert sorted(searcher.find(text, ["metrics.loss"])) == found.split()
        every = searcher.find(text, experiments=[1, 2])
        assert sorted(set(every) - {"e5"}) == found.split()


def test_deep_filters(database_url: str) -> None:
    with database(database_url, RUNS_STORED) as (opened, numbers):
        searcher = Searcher(opened, numbers, RUNS_STORED)
        for levels in (5, 6, 20, 60, 98):
            node = parse_filter(deep(levels), RUNS)
            assert node is not None
            expected = [run.run_id for run in RUNS_STORED[:4] if holds(node, run)]
            assert searcher.find(deep(levels), ["run_id"]) == expected
            assert sorted(searcher.find(deep(levels), ["metrics.loss"])) == expected


def test_many_orders(sqlite: Searcher) -> None:
    items = [f"min(metrics.m{number})" for number in range(15)] + [
        f"{word}.k{number} DESC" for word in ("params", "tags") for number in range(6)
    ]
    items += ["metrics.loss", "params.lr", "tags.owner"]
    keys = parse_order(items, RUNS)
    assert sqlite.pages(None, keys, 1) == ["a1", "c3", "b2", "d4"]


# ---- page tokens


@pytest.mark.parametrize(
    ("items", "after"),
    [
        ([], ()),
        ([], (1,)),
        ([], (1, "a", 2)),
        ([], ("1", "a")),
        ([], (1.5, "a")),
        ([], (True, "a")),
        ([], (2**70, "a")),
        ([], (1, 2)),
        ([], (1, "a\0")),
        ([], (None, "a")),
        (["metrics.loss"], (0, None, 1, "a")),
        (["metrics.loss"], (1, 0.5, 1, "a")),
        (["metrics.loss"], (3, None, 1, "a")),
        (["metrics.loss"], (0, "x", 1, "a")),
        (["metrics.loss"], (0, NAN, 1, "a")),
        (["metrics.loss"], (0, math.inf, 1, "a")),
        (["params.lr"], (0, 1, 1, "a")),
        (["params.lr"], (2, None, 1, "a")),
    ],
)
def test_foreign_page_tokens(sqlite: Searcher, items: list[str], after: tuple[Any, ...]) -> None:
    with pytest.raises(MlflowException, match="Invalid page token") as caught:
        sqlite.page(None, parse_order(items, RUNS), after=after)
    assert caught.value.error_code == INVALID_PARAMETER_VALUE


# ---- plans


class Plans:
    """What SQLite says it would do."""

    def __init__(self, folder: Path) -> None:
        many = [
            Run(
                f"r{number:05}", experiment=1 + number % 3, start=number, end=number + 5,
                metrics={"auc": Metric({0: number / 3000})},
                params={"set": "xy"[number % 2]}, tags={"owner": f"o{number}"},
            )
            for number in range(3000)
        ]  # fmt: skip
        self.opened = database(f"sqlite:///{folder / 'mlflow.db'}", many)

    def of(self, text: str | None, items: Sequence[str], experiments: Sequence[int]) -> list[str]:
        with self.opened as (opened, numbers):

            def work(connection: Any) -> list[str]:
                search = run_search(
                    "sqlite", parse_filter(text, RUNS), parse_order(items, RUNS), limit=20,
                    experiment_ids=experiments, key_ids=numbers, ask=connection.all,
                )  # fmt: skip
                first = search.statements[0]
                rows = connection.all("EXPLAIN QUERY PLAN " + first.sql, first.params)
                return [row[3] for row in rows]

            return opened.read(work)


@pytest.mark.parametrize(
    ("text", "items", "experiments", "first"),
    [
        (None, [], [1], "SEARCH r USING COVERING INDEX runs_listed (experiment_id=?)"),
        (None, [], [1, 2], "SEARCH r USING COVERING INDEX runs_listed (experiment_id=?)"),
        (
            "metrics.auc > 0.1 AND params.set = 'x'",
            ["metrics.auc DESC"],
            [1],
            "SEARCH s USING COVERING INDEX series_last"
            " (experiment_id=? AND key_id=? AND last_value>?)",
        ),
        (
            None,
            ["metrics.auc"],
            [1, 2],
            "SEARCH s USING COVERING INDEX series_last (experiment_id=? AND key_id=? AND"
            " last_value>?)",
        ),
        (
            "metrics.auc > 0.1 AND tags.owner = 'o7'",
            ["metrics.auc DESC"],
            [1],
            "SEARCH d USING INDEX tags_value (key_id=? AND <expr>=?)",
        ),
        ("run_id = 'r00001'", ["metrics.auc"], [1], "SEARCH r USING INDEX sqlite_autoindex_runs_1"),
    ],
)
def test_plans(
    tmp_path: Path, text: str | None, items: list[str], experiments: list[int], first: str
) -> None:
    plan = Plans(tmp_path).of(text, items, experiments)
    searches = [line for line in plan if line.startswith(("SEARCH", "SCAN"))]
    assert searches[0].startswith(first)
    if len(experiments) > 1:
        assert sum(line.startswith(first) for line in searches) == len(experiments)
    elif "series" in first or "runs_listed" in first:
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan


# ---- experiments


def found_experiments(
    sqlite: Searcher, text: str | None, items: Sequence[str] = (), view: View = "active"
) -> list[int]:
    node, keys = parse_filter(text, EXPERIMENTS), parse_order(items, EXPERIMENTS)

    def work(connection: Any) -> list[int]:
        found: list[int] = []
        after = None
        while True:
            search = experiment_search(
                "sqlite", node, keys, key_ids=sqlite.numbers, limit=2, view=view, after=after
            )
            rows = search.fetch(connection.all)
            found += [row[0] for row in rows]
            if len(rows) < 2:
                break
            after = tuple(rows[-1][1:])
        select = experiment_count("sqlite", node, key_ids=sqlite.numbers, view=view)
        assert connection.all(select.sql, select.params) == [(len(found),)]
        return found

    return sqlite.database.read(work)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, [1, 2, 3]),
        ("name = 'One'", [1]),
        ("attribute.name != 'One'", [2, 3]),
        ("name LIKE 'O%'", [1]),
        ("name ILIKE 'O%'", [1, 2]),
        ("name IN ('One', 'Two')", [1, 3]),
        ("name RLIKE '^.n'", [1, 2]),
        ("experiment_id = '2'", [2]),
        ("experiment_id != '2'", [1, 3]),
        ("experiment_id IN ('1', '3')", [1, 3]),
        ("experiment_id NOT IN ('1', '3')", [2]),
        ("creation_time < 10", [3]),
        ("creation_time >= 10", [1, 2]),
        ("last_update_time = 70", [3]),
        ("last_update_time != 70", [1, 2]),
        ("last_update_time BETWEEN 60 AND 100", [1, 3]),
        ("tags.team = 'red'", [1]),
        ("tag.team != 'red'", [2]),
        ("tags.team LIKE '%e%'", [1, 2]),
        ("tags.team ILIKE 'R%'", [1]),
        ("tags.`a b` = 'x'", [1]),
        ("tags.team IS NULL", [3]),
        ("tags.team IS NOT NULL", [1, 2]),
        ("NOT tags.team = 'red' OR name = 'One'", [1, 2, 3]),
    ],
)
def test_filters_of_experiments(sqlite: Searcher, text: str | None, found: list[int]) -> None:
    assert found_experiments(sqlite, text) == found


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([], [1, 2, 3]),
        (["creation_time DESC"], [2, 1, 3]),
        (["creation_time"], [3, 2, 1]),
        (["last_update_time"], [2, 3, 1]),
        (["name"], [1, 3, 2]),
        (["attribute.name DESC"], [2, 3, 1]),
        (["experiment_id"], [1, 2, 3]),
        (["creation_time", "experiment_id"], [3, 1, 2]),
    ],
)
def test_orders_of_experiments(sqlite: Searcher, items: list[str], found: list[int]) -> None:
    assert found_experiments(sqlite, None, items) == found


def test_views_of_experiments(sqlite: Searcher) -> None:
    assert found_experiments(sqlite, None, view="deleted") == [4]
    assert found_experiments(sqlite, "tags.team = 'red'", view="all") == [1, 4]


# ---- the same, said in Python


STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}


def values_of(field: Field, run: Run) -> list[float | str]:
    """The values that a run has of a field; none if it is missing."""
    value: float | str | None
    if field.entity == "dataset":
        place = ("name", "digest", "context").index(field.key)
        return [text for dataset in run.datasets if (text := dataset[place]) is not None]
    if field.entity == "metric":
        metric = run.metrics.get(field.key)
        value = metric.value(field.function, field.step) if metric else None
    elif field.entity == "param":
        value = run.params.get(field.key)
    elif field.entity == "tag":
        value = run.tags.get(field.key)
    else:
        value = {
            "artifact_uri": run.uri.replace("./", ROOT, 1) if run.uri[0] == "." else run.uri,
            "duration": None if run.end is None else run.end - run.start,
            "end_time": run.end,
            "experiment_id": str(run.experiment),
            "lifecycle_stage": "deleted" if run.deleted else "active",
            "run_id": run.run_id,
            "run_name": run.tags.get("mlflow.runName"),
            "start_time": run.start,
            "status": STATUS[run.status],
            "user_id": run.user,
        }[field.key]
    return [] if value is None else [value]


def like(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return like(text, pattern[1:]) or (bool(text) and like(text[1:], pattern))
    return bool(text) and pattern[0] in ("_", text[0]) and like(text[1:], pattern[1:])


def passes(value: Any, comparator: str, operand: Any) -> bool:
    if comparator == "!=":
        return bool(value != operand)
    if comparator == "NOT BETWEEN":
        return bool(value < operand[0] or value > operand[1])
    negated, _, word = comparator.rpartition(" ")
    if word == "IN":
        found = any(value == one for one in operand)
    elif word == "BETWEEN":
        found = operand[0] <= value <= operand[1]
    elif word == "LIKE":
        found = like(value, operand)
    elif word == "ILIKE":
        found = like(value.lower(), operand.lower())
    else:
        found = {
            "=": lambda: value == operand,
            "<": lambda: value < operand,
            "<=": lambda: value <= operand,
            ">": lambda: value > operand,
            ">=": lambda: value >= operand,
        }[comparator]()
    return bool(found) is not bool(negated)


def holds(node: Node, run: Run) -> bool:
    if isinstance(node, Not):
        return not holds(node.part, run)
    if isinstance(node, And):
        return all(holds(part, run) for part in node.parts)
    if isinstance(node, Or):
        return any(holds(part, run) for part in node.parts)
    values = values_of(node.field, run)
    if node.comparator in ("IS NULL", "IS NOT NULL"):
        return bool(values) is (node.comparator == "IS NOT NULL")
    return any(passes(value, node.comparator, node.value) for value in values)


def ranked(order: Order, run: Run) -> tuple[int, Any]:
    values = values_of(order.field, run)
    if order.field == Field("attribute", "run_name"):
        values = values or [""]
    if order.field == Field("attribute", "experiment_id"):
        values = [run.experiment]
    if not values:
        return 2, None
    value = values[0]
    return (1, None) if isinstance(value, float) and math.isnan(value) else (0, value)


def in_order(runs: list[Run], orders: Sequence[Order]) -> list[str]:
    """Sorted by the last key first, as stable sorting wants it."""
    runs = list(runs)
    for order in reversed(orders):
        kinds: dict[int, list[tuple[Any, Run]]] = {0: [], 1: [], 2: []}
        for run in runs:
            rank, value = ranked(order, run)
            kinds[rank].append((value, run))
        kinds[0].sort(key=lambda pair: pair[0], reverse=order.descending)
        runs = [run for rank in (0, 1, 2) for _, run in kinds[rank]]
    return [run.run_id for run in runs]


# ---- differential tests

KEYS = ("a", "b", "c d", "nobody")
TEXT_VALUES = ("", "|", "x", "X", "xy", "x%", "x_", "\\", "ü", "Ü", "it's", "10", "9", "x" * 70)
NUMBER_VALUES = (-1.5, -1, 0, 0.5, 1, 2, 3.0, 1e999, -1e999, LARGEST, 10**19, 7)
POINTS = (-1.5, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, NAN, LARGEST, -LARGEST)


def some_runs(seed: int, number: int = 40) -> list[Run]:
    chance = random.Random(seed)

    def some(keys: Sequence[str], values: Sequence[str]) -> dict[str, str]:
        return {key: chance.choice(values) for key in keys if chance.random() < 0.6}

    runs = []
    for place in range(number):
        start = chance.choice((0, 1, 2, 3, 7, 1000))
        metrics = {
            key: Metric({step: chance.choice(POINTS) for step in range(chance.randint(1, 3))})
            for key in KEYS[:3]
            if chance.random() < 0.6
        }
        tags = some(KEYS[:3], TEXT_VALUES) | some(["mlflow.runName"], TEXT_VALUES)
        datasets = {
            (chance.choice("xX"), chance.choice("xy"), chance.choice(("x", "y", None)))[:2]:
                chance.choice(("x", "y", None))
            for _ in range(chance.randint(0, 2))
        }  # fmt: skip
        runs.append(
            Run(
                f"{chance.getrandbits(32):08x}{place}",
                experiment=chance.choice((1, 1, 1, 2, 3)),
                status=chance.randint(1, 5),
                start=start,
                end=chance.choice((None, start, start + 3, start + 1000)),
                deleted=chance.random() < 0.2,
                uri=chance.choice(("./x", "s3://x", "./xy")),
                user=chance.choice(TEXT_VALUES),
                metrics=metrics,
                params=some(KEYS[:3], TEXT_VALUES),
                tags=tags,
                datasets=[(name, digest, text) for (name, digest), text in datasets.items()],
            )
        )
    return runs


RANDOM_RUNS = some_runs(1)
IDS = [run.run_id for run in RANDOM_RUNS]
FUNCTIONS: tuple[Function, ...] = ("last", "last", "min", "max", "mean", "first", "count", "at")

keys = st.sampled_from(KEYS)
metric_fields = st.builds(
    lambda key, function, step: Field("metric", key, function, step if function == "at" else 0),
    keys,
    st.sampled_from(FUNCTIONS),
    st.integers(0, 3),
)
number_fields = st.one_of(
    metric_fields,
    st.sampled_from([Field("attribute", key) for key in ("start_time", "end_time", "duration")]),
)
TEXT_ATTRIBUTES = ["artifact_uri", "lifecycle_stage", "run_id", "run_name", "status", "user_id"]
text_fields = st.one_of(
    st.builds(Field, st.sampled_from(cast(list[Entity], ["param", "tag"])), keys),
    st.sampled_from([Field("attribute", key) for key in TEXT_ATTRIBUTES]),
)
dataset_fields = st.sampled_from([Field("dataset", key) for key in ("name", "digest", "context")])
texts = st.sampled_from((*TEXT_VALUES, *STATUS.values(), "active", *IDS[:3], "%x%", "_"))
numbers = st.sampled_from(NUMBER_VALUES)


def comparisons_of(fields: Any, values: Any, plain: Sequence[str]) -> Any:
    some_values: Any = st.lists(values, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Comparison, fields, st.sampled_from(plain), values),
        st.builds(Comparison, fields, st.sampled_from(("IN", "NOT IN")), some_values),
        st.builds(
            Comparison, fields, st.sampled_from(("BETWEEN", "NOT BETWEEN")),
            st.tuples(values, values),
        ),
        st.builds(Comparison, fields, st.sampled_from(("IS NULL", "IS NOT NULL"))),
    )  # fmt: skip


leaves = st.one_of(
    comparisons_of(number_fields, numbers, ("=", "!=", "<", "<=", ">", ">=")),
    comparisons_of(
        st.one_of(text_fields, dataset_fields),
        texts,
        ("=", "!=", "LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"),
    ),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=8,
)
sort_keys = st.builds(
    Order,
    st.one_of(number_fields, text_fields, st.just(Field("attribute", "experiment_id"))),
    st.booleans(),
)
sorts = st.lists(sort_keys, max_size=3, unique_by=lambda order: order.field)
views = st.sampled_from(cast(list[View], ["active", "deleted", "all"]))
scopes = st.sampled_from([(1,), (2,), (1, 2), (3, 1, 2), (4,)])


def check(
    searcher: Searcher,
    node: Node | None,
    orders: list[Order],
    view: View,
    scope: Sequence[int],
    limit: int,
    probing: bool,
) -> None:
    matching = [
        run
        for run in searcher.runs
        if run.experiment in scope
        and (view == "all" or run.deleted is (view == "deleted"))
        and (node is None or holds(node, run))
    ]
    expected = in_order(matching, RUNS.ordered(orders))
    found = searcher.pages(node, orders, limit, view=view, experiments=scope, probing=probing)
    assert found == expected
    assert searcher.count(node, view, scope) == len(expected)


@pytest.fixture(scope="module")
def random_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    file = tmp_path_factory.mktemp("search") / "mlflow.db"
    with database(f"sqlite:///{file}", RANDOM_RUNS) as (opened, numbers):
        yield Searcher(opened, numbers, RANDOM_RUNS)


@settings(
    max_examples=400, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    node=st.none() | trees, orders=sorts, view=views, scope=scopes, limit=st.integers(1, 50),
    probing=st.booleans(),
)  # fmt: skip
def test_same_as_python(
    random_sqlite: Searcher,
    node: Node | None,
    orders: list[Order],
    view: View,
    scope: tuple[int, ...],
    limit: int,
    probing: bool,
) -> None:
    check(random_sqlite, node, orders, view, scope, limit, probing)


@settings(
    max_examples=100, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(node=st.none() | trees, orders=sorts, scope=scopes, limit=st.integers(3, 50))
def _same_on_server(
    searcher: Searcher,
    node: Node | None,
    orders: list[Order],
    scope: tuple[int, ...],
    limit: int,
) -> None:
    check(searcher, node, orders, "all", scope, limit, True)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_same_as_python_on_servers(kind: str, request: pytest.FixtureRequest) -> None:
    url = cast(str, request.getfixturevalue(f"{kind}_url"))
    with database(url, RANDOM_RUNS) as (opened, numbers):
        _same_on_server(Searcher(opened, numbers, RANDOM_RUNS))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.one_of(sequences, mutated()), items=st.lists(mutated(), max_size=1))
def test_whatever_parses_can_be_run(sqlite: Searcher, text: str, items: list[str]) -> None:
    try:
        node, orders = parse_filter(text, RUNS), parse_order(items, RUNS)
    except MlflowException:
        return
    sqlite.page(node, orders)
    sqlite.count(node)
