"""Runs as tables, on each kind of database: windows, cells, names in use, groups, overviews."""

from __future__ import annotations

import itertools
import math
import statistics
from typing import Any

import msgspec
import pytest

from mlflow import service, wire
from mlflow.exceptions import MlflowException
from mlflow.service import Engine
from mlflow.store import run_tables
from mlflow.store.gc import Bin
from mlflow.wire import AnyEndpoint, _json
from tests.service.conftest import Ask, new_run, sender

TABLE, COLUMNS, GROUPS = wire.run_tables.table, wire.run_tables.columns, wire.run_tables.groups
OPTIMIZERS = ("adam", "sgd", "lion")
COUNT = 23


def log(ask: Ask, run: str, **values: Any) -> None:
    """Log metrics (a number or a list of them), params and tags of a run."""
    metrics = []
    for key, points in values.get("metrics", {}).items():
        points = points if isinstance(points, list) else [points]
        metrics += [
            {"key": key, "value": value, "timestamp": 1000 + step, "step": step}
            for step, value in enumerate(points)
        ]
    pairs = {
        name: [{"key": key, "value": value} for key, value in values.get(name, {}).items()]
        for name in ("params", "tags")
    }
    ask(wire.metrics.log_batch, run_id=run, metrics=metrics, **pairs)


@pytest.fixture
def experiment(ask: Ask) -> str:
    created = ask(wire.experiments.create, name="table")
    return str(created["experiment_id"])


@pytest.fixture
def runs(ask: Ask, experiment: str) -> list[str]:
    """Runs that differ in all that can be asked; the newest comes last."""
    made = []
    for number in range(COUNT):
        run = new_run(
            ask, experiment_id=experiment, start_time=1000 + number // 2, run_name=f"run {number}"
        )
        metrics: dict[str, Any] = {"acc": [0.5, number % 7 / 7]}
        if number % 5 == 0:
            metrics["loss"] = "NaN"
        elif number % 5 != 1:
            metrics["loss"] = [1.0, (number * 7 % COUNT) / COUNT]
        params = {"lr": str(10.0 ** -(number % 4))}
        if number % 3:
            params["optimizer"] = OPTIMIZERS[number % 3]
        log(ask, run, metrics=metrics, params=params, tags={"note": f"n{number % 2}"})
        if number % 4 == 0:
            ask(wire.runs.update, run_id=run, status="FINISHED", end_time=5000 - number)
        if number % 11 == 5:
            ask(wire.runs.delete, run_id=run)
        made.append(run)
    return made


def search(ask: Ask, experiment: str, **fields: Any) -> list[str]:
    found = ask(wire.runs.search, experiment_ids=[experiment], **fields)
    return [each["info"]["run_id"] for each in found.get("runs", [])]


FILTERS = (
    None,
    "metrics.loss > 0.3",
    "metrics.loss > 0.1 AND params.optimizer = 'sgd'",
    "params.optimizer != 'sgd' OR metrics.acc < 0.5",
    "at(metrics.loss, 1) < 0.5",
    "tags.note = 'nothing'",
    "dataset.name = 'nothing' OR attributes.status = 'RUNNING'",
)
ORDERS: tuple[list[str], ...] = (
    [],
    ["metrics.loss DESC"],
    ["metrics.loss"],
    ["params.optimizer DESC", "metrics.acc"],
    ["duration"],
    ["min(metrics.loss)"],
    ["metrics.nobody"],
)


def test_a_window_is_a_part_of_what_search_finds(
    ask: Ask, experiment: str, runs: list[str]
) -> None:
    for text, order, view in itertools.product(FILTERS, ORDERS, ("ACTIVE_ONLY", "ALL")):
        scope = {"filter": text, "order_by": order, "run_view_type": view}
        whole = search(ask, experiment, **scope)
        for offset, size in ((0, 1000), (0, 4), (3, 5), (7, 9), (COUNT, 2), (COUNT - 4, 10)):
            rows = ask(
                TABLE, experiment_ids=[experiment], offset=offset, max_results=size, count=True,
                **scope,
            )  # fmt: skip
            assert rows["run_ids"] == whole[offset : offset + size], (scope, offset, size)
            assert rows["total"] == len(whole)


def test_windows_over_several_experiments(ask: Ask, experiment: str, runs: list[str]) -> None:
    other = str(ask(wire.experiments.create, name="other")["experiment_id"])
    for number in range(5):
        log(ask, new_run(ask, experiment_id=other, start_time=1003), metrics={"loss": number / 5})
    both = [experiment, other, experiment]
    for order in ORDERS:
        found = ask(wire.runs.search, experiment_ids=both, order_by=order)
        whole = [each["info"]["run_id"] for each in found["runs"]]
        for offset in range(0, len(whole) + 2, 3):
            rows = ask(
                TABLE, experiment_ids=both, order_by=order, offset=offset, max_results=4, count=True
            )
            assert rows["run_ids"] == whole[offset : offset + 4]
            assert rows["total"] == len(whole)


def test_cells(ask: Ask, engine: Engine, experiment: str) -> None:
    parent = new_run(ask, experiment_id=experiment, start_time=10, run_name="parent", user_id="ann")
    bare = new_run(ask, experiment_id=experiment, start_time=5, run_name="bare")
    log(
        ask, parent, metrics={"val/loss": [3.0, 1.0, 2.0], "bad": [1.0, "NaN"], "none": "NaN"},
        params={"lr rate": "0.1", "nan": "NaN"}, tags={"a.b": "tag"},
    )  # fmt: skip
    ask(wire.runs.update, run_id=parent, status="FAILED", end_time=25)
    for number in range(3):
        child = new_run(
            ask, experiment_id="0", tags=[{"key": "mlflow.parentRunId", "value": parent}]
        )
        if number == 2:
            ask(wire.runs.delete, run_id=child)
    dataset = {"name": "iris", "digest": "abc", "source_type": "local", "source": "{}"}
    context = [{"key": "mlflow.data.context", "value": "train"}]
    other = dataset | {"name": "wine"}
    ask(
        wire.datasets.log_inputs,
        run_id=parent,
        datasets=[{"dataset": dataset, "tags": context}, {"dataset": other}],
    )
    ask(wire.datasets.log_outputs, run_id=parent, models=[{"model_id": "m-1", "step": 0}])
    wanted: dict[str, list[Any]] = {
        "attributes.run_id": [parent, bare],
        "run_name": ["parent", "bare"],
        "attributes.status": ["FAILED", "RUNNING"],
        "attributes.start_time": [10, 5],
        "attributes.end_time": [25, None],
        "attributes.duration": [15, None],
        "attributes.user_id": ["ann", ""],
        "attributes.experiment_id": [experiment, experiment],
        "attributes.lifecycle_stage": ["active", "active"],
        "attributes.artifact_uri": [
            f"mlflow-artifacts:/{experiment}/{run}/artifacts" for run in (parent, bare)
        ],
        "params.`lr rate`": ["0.1", None],
        'params."nan"': ["NaN", None],
        "params.nobody": [None, None],
        "tags.a.b": ["tag", None],
        "tags.mlflow.runName": ["parent", "bare"],
        "metrics.`val/loss`": [2.0, None],
        "last(metrics.`val/loss`)": [2.0, None],
        "min(metrics.`val/loss`)": [1.0, None],
        "max(metrics.`val/loss`)": [3.0, None],
        "mean(metrics.`val/loss`)": [2.0, None],
        "count(metrics.`val/loss`)": [3, None],
        "first(metrics.`val/loss`)": [3.0, None],
        "metrics.bad": ["NaN", None],
        "max(metrics.bad)": [1.0, None],
        "mean(metrics.none)": ["NaN", None],
        "metrics.nobody": [None, None],
        "children": [2, 0],
        "datasets": [
            [
                {"name": "iris", "digest": "abc", "context": "train"},
                {"name": "wine", "digest": "abc", "context": None},
            ],
            [],
        ],
        "models": [["m-1"], []],
    }
    rows = ask(TABLE, experiment_ids=[experiment], columns=list(wanted))
    assert rows["run_ids"] == [parent, bare]
    assert rows["columns"] == wanted
    assert list(rows["columns"]) == list(wanted)
    assert rows["total"] is None
    assert isinstance(rows["columns"]["count(metrics.`val/loss`)"][0], int)


def test_a_table_of_nothing(ask: Ask, experiment: str) -> None:
    nothing = {"run_ids": [], "columns": {"metrics.a": [], "children": []}}
    columns = list(nothing["columns"])
    for experiments in ([], [experiment], ["987654"]):
        for offset in (0, 5):
            rows = ask(
                TABLE, experiment_ids=experiments, columns=columns, count=True, offset=offset
            )
            assert rows == nothing | {"total": 0}
    names = ask(COLUMNS, experiment_ids=[experiment])
    assert names == {"metrics": [], "params": [], "tags": [], "looked_at": None}
    groups = ask(GROUPS, experiment_ids=[], group_by=["params.lr"], columns=["metrics.a"])
    empty: dict[str, list[float]] = {key: [] for key in ("mean", "std", "min", "max", "count")}
    assert groups == {
        "groups": {"params.lr": []}, "runs": [], "columns": {"metrics.a": empty}, "total": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("endpoint", "fields", "message", "place"),
    [
        (TABLE, {"columns": ["metrics.a", "metrcs.b"]}, "invalid entity type", ("columns", 1, 0)),
        (TABLE, {"columns": ["datasets.name"]}, "is no column", ("columns", 0, 0)),
        (TABLE, {"columns": ["at(metrics.a, 3)"]}, "is no column", ("columns", 0, 0)),
        (TABLE, {"columns": ["metrics.a DESC"]}, "unexpected 'DESC'", ("columns", 0, 10)),
        (TABLE, {"columns": ["params.a-b"]}, "whole key in backticks", ("columns", 0, 8)),
        (TABLE, {"order_by": ["start_time", "metrics.a UP"]}, "unexpected", ("order_by", 1, 10)),
        (TABLE, {"filter": "metrics.a > "}, "end of the text", ("filter", None, 12)),
        (COLUMNS, {"filter": "metrics.a ~ 1"}, "unexpected character", ("filter", None, 10)),
        (GROUPS, {"group_by": ["metrics.a"]}, "grouped by metrics", ("group_by", 0, 0)),
        (
            GROUPS,
            {"group_by": ["params.a"], "columns": ["tags.x"]},
            "no statistics",
            ("columns", 0, 0),
        ),
        (
            GROUPS,
            {"group_by": ["params.a"], "order_by": ["runs", "metrics.loss"]},
            "no such column",
            ("order_by", 1, 0),
        ),
    ],
)
def test_mistakes_in_texts_are_placed(
    sqlite_url: str,
    endpoint: AnyEndpoint,
    fields: dict[str, Any],
    message: str,
    place: tuple[str, int | None, int],
) -> None:
    engine = service.open_engine(sqlite_url, "mlflow-artifacts:/")
    with pytest.raises(MlflowException, match=message) as caught:
        sender(engine)(endpoint, experiment_ids=["0"], **fields)
    engine.close()
    found = caught.value.json_kwargs
    assert (found["source"], found.get("item"), found["position"]) == place
    assert f'"position": {place[2]}' in caught.value.serialize_as_json()


@pytest.mark.parametrize(
    ("endpoint", "fields"),
    [
        (TABLE, {"max_results": 1001}),
        (TABLE, {"max_results": 0}),
        (TABLE, {"offset": -1}),
        (TABLE, {"columns": ["metrics.a"] * 1001}),
        (TABLE, {"experiment_ids": ["x"]}),
        (COLUMNS, {"experiment_ids": ["1"] * 1001}),
        (GROUPS, {"group_by": []}),
        (GROUPS, {"group_by": ["params.a", "params.b", "params.c", "params.d", "params.e"]}),
        (wire.experiments.overview, {"experiment_ids": []}),
        (wire.experiments.overview, {"experiment_ids": ["1"] * 1001}),
        (wire.experiments.overview, {"experiment_ids": ["-1"]}),
    ],
)
def test_what_is_out_of_range_is_refused(endpoint: AnyEndpoint, fields: dict[str, Any]) -> None:
    with pytest.raises(MlflowException) as caught:
        _json.decode_body(endpoint, msgspec.json.encode(fields))
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


# ---- names in use


def names(ask: Ask, experiments: list[str], **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = ask(COLUMNS, experiment_ids=experiments, **fields)
    found["tags"] = [tag for tag in found["tags"] if not tag.startswith("mlflow.")]
    return found


def test_names_in_use(ask: Ask, experiment: str, runs: list[str]) -> None:
    every = {"metrics": ["acc", "loss"], "params": ["lr", "optimizer"], "tags": ["note"]}
    assert names(ask, [experiment]) == every | {"looked_at": None}
    found = names(ask, [experiment], filter="metrics.loss IS NULL AND params.optimizer IS NULL")
    assert found == {"metrics": ["acc"], "params": ["lr"], "tags": ["note"], "looked_at": None}
    log(ask, runs[0], metrics={"Zeta": 1, "alpha/1": 1}, params={"b": "1", "B": "1"})
    found = names(ask, [experiment])
    assert found["metrics"] == ["Zeta", "acc", "alpha/1", "loss"]
    assert found["params"] == ["B", "b", "lr", "optimizer"]


def test_names_that_only_old_runs_have(
    ask: Ask, engine: Engine, experiment: str, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_tables, "LOOKED_AT", 3)
    log(ask, runs[0], metrics={"old": 1}, params={"old": "1"}, tags={"old": "1"})
    log(ask, runs[1], metrics={"gone": 1}, params={"gone": "1"}, tags={"gone": "1"})
    ask(wire.runs.delete, run_id=runs[1])
    other = str(ask(wire.experiments.create, name="other")["experiment_id"])
    log(ask, new_run(ask, experiment_id=other), params={"elsewhere": "1"}, metrics={"else": 1})
    assert names(ask, [experiment]) == {
        "metrics": ["acc", "loss", "old"], "params": ["lr", "old", "optimizer"],
        "tags": ["note", "old"], "looked_at": None,
    }  # fmt: skip
    found = names(ask, [experiment], run_view_type="ALL")
    assert found["params"] == ["gone", "lr", "old", "optimizer"]
    assert found["metrics"] == ["acc", "gone", "loss", "old"]
    assert found["tags"] == ["gone", "note", "old"]
    assert "old" not in names(ask, [experiment], filter="params.lr != '1.0'")["params"]
    found = names(ask, [experiment], filter="params.lr = '1.0'")
    assert "old" in found["params"]
    assert "old" in found["metrics"]
    assert names(ask, [other])["params"] == ["elsewhere"]
    assert "elsewhere" in names(ask, [experiment, other])["params"]
    ask(wire.runs.restore, run_id=runs[1])
    assert "gone" in names(ask, [experiment])["tags"]


def test_names_of_runs_that_were_removed_for_good(
    ask: Ask, engine: Engine, experiment: str, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_tables, "LOOKED_AT", 3)
    log(ask, runs[1], metrics={"gone": 1}, params={"gone": "1"}, tags={"gone": "1"})
    ask(wire.runs.delete, run_id=runs[1])
    numbers = [engine.store.runs.row(runs[1]).id]  # type: ignore[union-attr]
    assert Bin(engine.store.database).remove_runs(numbers, 2**62) == set(numbers)
    found = names(ask, [experiment], run_view_type="ALL")
    assert found["params"] == ["lr", "optimizer"]
    ask(wire.experiments.delete, experiment_id=experiment)
    for page in Bin(engine.store.database).pages(2**62, experiments=[int(experiment)]):
        Bin(engine.store.database).remove_runs([each.id for each in page], 2**62)
    assert Bin(engine.store.database).remove_experiment(int(experiment), 2**62)
    left = engine.store.database.read(
        lambda connection: connection.all(
            "SELECT * FROM used_names WHERE experiment_id = ?", (int(experiment),)
        )
    )
    assert left == []


def test_names_that_a_batch_noted_that_was_refused(
    ask: Ask, experiment: str, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_tables, "LOOKED_AT", 3)
    with pytest.raises(MlflowException, match="Changing param values"):
        log(ask, runs[0], params={"fresh": "1", "lr": "other"})
    assert "fresh" not in names(ask, [experiment])["params"]
    log(ask, runs[0], params={"fresh": "1"})
    assert "fresh" in names(ask, [experiment])["params"]


def test_names_that_two_processes_note(
    ask: Ask, database_url: str, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_tables, "LOOKED_AT", 1)
    other = service.open_engine(database_url, "mlflow-artifacts:/")
    askers = (ask, sender(other))
    for asker, value in zip(askers, "ab", strict=True):
        run = new_run(asker, experiment_id=experiment)
        log(asker, run, metrics={"m": 1}, params={"p": value, value: "1"}, tags={"t": "1"})
    new_run(ask, experiment_id=experiment, start_time=9)
    for asker in askers:
        found = names(asker, [experiment])
        assert (found["metrics"], found["params"]) == (["m"], ["a", "b", "p"])
    other.close()


def test_names_that_differ(ask: Ask, experiment: str) -> None:
    assert names(ask, [experiment], differing=True)["looked_at"] == 0
    same = {"metrics": {"same": 1.5, "nan": "NaN"}, "params": {"same": "1"}, "tags": {"same": "x"}}
    first = new_run(ask, experiment_id=experiment, run_name="one")
    log(ask, first, **same)
    nothing: dict[str, Any] = {"metrics": [], "params": [], "tags": []}
    assert names(ask, [experiment], differing=True) == nothing | {"looked_at": 1}
    second = new_run(ask, experiment_id=experiment, run_name="one")
    log(ask, second, **same)
    assert names(ask, [experiment], differing=True) == nothing | {"looked_at": 2}
    log(ask, first, metrics={"m": 1, "half": "NaN"}, params={"p": "1", "q": "x"}, tags={"t": "y"})
    log(ask, second, metrics={"m": 2, "half": 1}, params={"p": "1", "r": "x"}, tags={"t": "Y"})
    found = names(ask, [experiment], differing=True)
    assert found == {
        "metrics": ["half", "m"], "params": ["q", "r"], "tags": ["t"], "looked_at": 2,
    }  # fmt: skip
    found = names(ask, [experiment], differing=True, filter="params.q = 'x'")
    assert found == nothing | {"looked_at": 1}


def test_only_the_newest_runs_are_compared(
    ask: Ask, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_tables, "COMPARED", 2)
    for start, value in ((1, "a"), (2, "b"), (3, "b")):
        run = new_run(ask, experiment_id=experiment, start_time=start)
        log(ask, run, params={"p": value})
    found = names(ask, [experiment], differing=True)
    assert (found["params"], found["looked_at"]) == ([], 2)


# ---- groups


def test_groups_are_what_python_says(
    ask: Ask, experiment: str, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_tables, "PORTION", 4)
    shown = ["params.optimizer", "attributes.status", "metrics.loss", "max(metrics.acc)"]
    rows = ask(TABLE, experiment_ids=[experiment], columns=[*shown, "params.lr"], max_results=1000)
    columns = rows["columns"]
    wanted: dict[tuple[str | None, str], list[tuple[Any, ...]]] = {}
    for optimizer, status, *values in zip(*columns.values(), strict=True):
        wanted.setdefault((optimizer, status), []).append(tuple(values))
    found = ask(
        GROUPS,
        experiment_ids=[experiment],
        group_by=shown[:2],
        columns=[*shown[2:], "params.lr"],
        max_results=1000,
    )
    assert found["total"] == len(wanted)
    assert found["runs"] == sorted(found["runs"], reverse=True)
    keys = list(zip(*found["groups"].values(), strict=True))
    assert set(keys) == set(wanted)
    for place, key in enumerate(keys):
        members = wanted[key]
        assert found["runs"][place] == len(members)
        for number, name in enumerate(found["columns"]):
            cells = [float(member[number]) for member in members if member[number] is not None]
            numbers = [cell for cell in cells if not math.isnan(cell)]
            got = {what: found["columns"][name][what][place] for what in found["columns"][name]}
            assert got["count"] == len(numbers)
            if not numbers:
                assert {got[what] for what in ("mean", "std", "min", "max")} == {None}
                continue
            assert got["mean"] == pytest.approx(statistics.fmean(numbers))
            assert (got["min"], got["max"]) == (min(numbers), max(numbers))
            if len(numbers) < 2:
                assert got["std"] is None
            else:
                assert got["std"] == pytest.approx(statistics.stdev(numbers), abs=1e-12)


def test_groups_in_order_and_by_the_window(ask: Ask, experiment: str) -> None:
    for lr, losses in (("10", [3.0]), ("9", [1.0, 2.0]), ("warm", [9.0]), (None, [0.0, 5.0, 4.0])):
        for loss in losses:
            run = new_run(ask, experiment_id=experiment)
            log(ask, run, metrics={"loss": loss}, params={"lr": lr} if lr else {})
    new_run(ask, experiment_id=experiment)  # has no loss, and no lr

    def grouped(*order: str, **fields: Any) -> list[str | None]:
        found = ask(
            GROUPS,
            experiment_ids=[experiment],
            group_by=["params.lr"],
            columns=["metrics.loss"],
            order_by=list(order),
            **fields,
        )
        assert found["total"] == 4
        keys: list[str | None] = found["groups"]["params.lr"]
        return keys

    assert grouped() == [None, "9", "10", "warm"]
    assert grouped("runs") == ["10", "warm", "9", None]
    assert grouped("RUNS asc", "params.lr DESC") == ["warm", "10", "9", None]
    assert grouped("params.lr") == ["9", "10", "warm", None]
    assert grouped("params.lr DESC") == ["warm", "10", "9", None]
    assert grouped("metrics.loss") == ["9", "10", None, "warm"]
    assert grouped("metrics.loss DESC") == ["warm", "10", None, "9"]
    assert grouped("params.lr", offset=1, max_results=2) == ["10", "warm"]
    assert grouped("params.lr", offset=9) == []


def test_numbers_in_params_and_extreme_metrics(ask: Ask, experiment: str) -> None:
    for text, value in (
        ("1e3", 1e300),
        ("0x10", -1e300),
        ("1_0", "Infinity"),
        ("nan", "NaN"),
        ("inf", 1e300),
        (" 2 ", 1e300),
    ):
        run = new_run(ask, experiment_id=experiment)
        log(ask, run, metrics={"m": value}, params={"p": text})
    found = ask(
        GROUPS,
        experiment_ids=[experiment],
        group_by=["attributes.status"],
        columns=["params.p", "metrics.m"],
    )
    numbers = found["columns"]["params.p"]
    assert (numbers["count"], numbers["mean"], numbers["max"]) == ([2], [501.0], [1000.0])
    numbers = found["columns"]["metrics.m"]
    assert numbers["count"] == [5]
    assert numbers["std"] == [None]  # beyond all numbers
    assert numbers["min"] == [-1e300]


@pytest.mark.parametrize(
    "values", [["-Infinity", "Infinity"], ["Infinity", "-Infinity"], [1e308, -1e308, 1e308]]
)
def test_a_spread_beyond_all_numbers(ask: Ask, experiment: str, values: list[Any]) -> None:
    for value in values:
        log(ask, new_run(ask, experiment_id=experiment), metrics={"m": value})
    about = {"experiment_ids": [experiment], "group_by": ["attributes.status"]}
    numbers = ask(GROUPS, columns=["metrics.m"], **about)["columns"]["metrics.m"]
    assert (numbers["count"], numbers["std"]) == ([len(values)], [None])


def test_no_answer_takes_all_memory(
    ask: Ask, experiment: str, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, run in enumerate(runs):
        if number % 11 != 5:
            log(ask, run, tags={"long": f"{number:05} " + "x" * 1000})
    monkeypatch.setattr(run_tables, "LARGEST_TEXT", 5000)
    monkeypatch.setattr(run_tables, "CELLS", 3)
    monkeypatch.setattr(run_tables, "PORTION", 4)
    whole = ask(TABLE, experiment_ids=[experiment], columns=["metrics.loss", "params.lr"])
    assert len(whole["run_ids"]) == len(whole["columns"]["params.lr"]) == len(runs) - 2
    for endpoint, fields in (
        (TABLE, {"columns": ["tags.long"]}),
        (GROUPS, {"group_by": ["tags.long"]}),
    ):
        with pytest.raises(MlflowException, match="more than 5,000 characters") as caught:
            ask(endpoint, experiment_ids=[experiment], **fields)
        assert caught.value.error_code == "RESOURCE_EXHAUSTED"
    rows = ask(TABLE, experiment_ids=[experiment], columns=["tags.long"], max_results=4)
    assert len(rows["run_ids"]) == 4


@pytest.mark.parametrize("endpoint", [TABLE, COLUMNS, GROUPS])
def test_no_filter_takes_all_time(
    ask: Ask,
    experiment: str,
    runs: list[str],
    monkeypatch: pytest.MonkeyPatch,
    endpoint: AnyEndpoint,
) -> None:
    names = ("acc", "loss", "mlflow.none")
    heavy = " OR ".join(
        f"metrics.{names[n % 2]} > {n + 9} OR tags.t LIKE '%{n}'" for n in range(450)
    )
    about: dict[str, Any] = {"experiment_ids": [experiment], "filter": heavy}
    if endpoint is GROUPS:
        about["group_by"] = ["attributes.status"]
    with monkeypatch.context() as patch:
        patch.setattr(run_tables, "PATIENCE", 0.0005)
        with pytest.raises(MlflowException, match="took too long") as caught:
            ask(endpoint, **about)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    ask(endpoint, **about)  # the connection is as good as before


def test_no_statistics_take_all_memory(
    ask: Ask, experiment: str, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_tables, "MOST_STATISTICS", 2 * (COUNT - 2))
    monkeypatch.setattr(run_tables, "PORTION", 4)
    about = {"experiment_ids": [experiment], "group_by": ["attributes.run_id"]}
    columns = ["metrics.loss", "metrics.acc", "params.lr"]
    assert ask(GROUPS, columns=columns[:2], **about)["total"] == COUNT - 2
    with pytest.raises(MlflowException, match="fewer columns") as caught:
        ask(GROUPS, columns=columns, **about)
    assert caught.value.error_code == "RESOURCE_EXHAUSTED"
    assert ask(GROUPS, columns=columns, **about | {"group_by": ["params.lr"]})["total"]


def test_no_lists_of_data_sets_or_models_take_all_memory(
    ask: Ask, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(ask, experiment_id=experiment)
    data = {"name": "d" * 90, "digest": "1" * 10, "source_type": "local", "source": "s"}
    ask(wire.datasets.log_inputs, run_id=run, datasets=[{"dataset": data}])
    again = [" " * count + "datasets" for count in range(50)]
    monkeypatch.setattr(run_tables, "LARGEST_TEXT", 5000)
    whole = ask(TABLE, experiment_ids=[experiment], columns=again)
    assert {len(cells[0]) for cells in whole["columns"].values()} == {1}
    with pytest.raises(MlflowException, match="more than 5,000 characters"):
        ask(TABLE, experiment_ids=[experiment], columns=[*again, "datasets "])


# ---- overviews


def test_overviews(ask: Ask, experiment: str, runs: list[str]) -> None:
    empty = str(ask(wire.experiments.create, name="empty")["experiment_id"])
    ask(wire.experiments.delete, experiment_id=empty)
    asked = [empty, "987654", experiment, empty, "0"]
    found = ask(wire.experiments.overview, experiment_ids=asked)["experiments"]
    assert [each["experiment_id"] for each in found] == [empty, experiment, "0"]
    nothing = {"runs": 0, "running": 0, "deleted_runs": 0, "last_activity": None}
    assert found[0] == {"experiment_id": empty} | nothing
    table = found[1]
    deleted = len([number for number in range(COUNT) if number % 11 == 5])
    assert (table["runs"], table["deleted_runs"]) == (COUNT - deleted, deleted)
    running = search(ask, experiment, filter="attributes.status = 'RUNNING'")
    assert table["running"] == len(running) > 0
    assert table["last_activity"] > 1_700_000_000_000  # just now
    for run in running:
        ask(wire.runs.update, run_id=run, status="FINISHED", end_time=2**50)
    [table] = ask(wire.experiments.overview, experiment_ids=[experiment])["experiments"]
    assert (table["running"], table["last_activity"]) == (0, 2**50)
