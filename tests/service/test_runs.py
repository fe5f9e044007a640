"""The life of runs, their inputs and outputs, and searching them, on every database."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mlflow import store, wire
from mlflow.exceptions import MlflowException
from mlflow.service import Engine
from mlflow.service.runs import fail_lost
from tests.service.conftest import Ask, new_run


def refused(ask: Ask, endpoint: wire.AnyEndpoint, code: str, **fields: Any) -> str:
    with pytest.raises(MlflowException) as caught:
        ask(endpoint, **fields)
    assert caught.value.error_code == code
    return caught.value.message


def search(ask: Ask, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token: str | None = None
    while token is None or token:
        page = {"page_token": token} if token else {}
        answer = ask(wire.runs.search, **({"experiment_ids": ["0"]} | fields | page))
        found += answer.get("runs", [])
        token = answer.get("next_page_token", "")
    return found


def names(runs: list[dict[str, Any]]) -> list[str]:
    return [run["info"]["run_name"] for run in runs]


def test_a_new_run(ask: Ask) -> None:
    run = ask(
        wire.runs.create,
        experiment_id="0",
        user_id="ada",
        run_name="first",
        start_time=17,
        tags=[{"key": "a", "value": "b"}],
    )["run"]
    run_id = run["info"]["run_id"]
    assert re.fullmatch("[0-9a-f]{32}", run_id)
    assert run["info"] == {
        "run_id": run_id,
        "run_uuid": run_id,
        "experiment_id": "0",
        "run_name": "first",
        "user_id": "ada",
        "status": "RUNNING",
        "start_time": 17,
        "artifact_uri": f"mlflow-artifacts:/0/{run_id}/artifacts",
        "lifecycle_stage": "active",
    }
    assert {tag["key"]: tag["value"] for tag in run["data"]["tags"]} == {
        "a": "b",
        "mlflow.runName": "first",
    }
    assert run["inputs"] == {}
    assert "outputs" not in run


def test_a_run_without_a_name_is_given_one(ask: Ask) -> None:
    run = ask(wire.runs.create, experiment_id="0")["run"]
    name = run["info"]["run_name"]
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", name)
    assert run["data"]["tags"] == [{"key": "mlflow.runName", "value": name}]


def test_the_name_may_come_as_a_tag(ask: Ask) -> None:
    tags = [{"key": "mlflow.runName", "value": "tagged"}]
    run = ask(wire.runs.create, experiment_id="0", tags=tags)["run"]
    assert run["info"]["run_name"] == "tagged"
    message = refused(
        ask,
        wire.runs.create,
        "INVALID_PARAMETER_VALUE",
        experiment_id="0",
        run_name="other",
        tags=tags,
    )
    assert "tagged" in message


def test_a_client_may_choose_the_id_and_ask_twice(ask: Ask) -> None:
    question = {"experiment_id": "0", "run_id": "a" * 32, "run_name": "mine"}
    first = ask(wire.runs.create, **question)["run"]["info"]
    assert ask(wire.runs.create, **question)["run"]["info"] == first
    other = ask(wire.experiments.create, name="other")["experiment_id"]
    refused(ask, wire.runs.create, "RESOURCE_ALREADY_EXISTS", **question | {"experiment_id": other})


def test_updating(ask: Ask, run: str) -> None:
    info = ask(wire.runs.update, run_id=run, status="FINISHED", end_time=99)["run_info"]
    assert (info["status"], info["end_time"]) == ("FINISHED", 99)
    info = ask(wire.runs.update, run_id=run, run_name="renamed", status=4)["run_info"]
    assert (info["status"], info["end_time"], info["run_name"]) == ("FAILED", 99, "renamed")
    info = ask(wire.runs.update, run_id=run, run_name="", status="BOGUS")["run_info"]
    assert (info["status"], info["run_name"]) == ("FAILED", "renamed")
    tags = ask(wire.runs.get, run_id=run)["run"]["data"]["tags"]
    assert tags == [{"key": "mlflow.runName", "value": "renamed"}]
    refused(ask, wire.runs.update, "RESOURCE_DOES_NOT_EXIST", run_id="0" * 32)


def test_the_bin(ask: Ask, run: str) -> None:
    for _ in range(2):
        ask(wire.runs.delete, run_id=run)
    assert ask(wire.runs.get, run_id=run)["run"]["info"]["lifecycle_stage"] == "deleted"
    assert search(ask) == []
    assert len(search(ask, run_view_type="DELETED_ONLY")) == 1
    assert len(search(ask, run_view_type="ALL")) == 1
    assert search(ask, run_view_type="NO SUCH VIEW") == []
    for _ in range(2):
        ask(wire.runs.restore, run_id=run)
    assert len(search(ask)) == 1
    for endpoint in (wire.runs.delete, wire.runs.restore, wire.runs.get):
        refused(ask, endpoint, "RESOURCE_DOES_NOT_EXIST", run_id="0" * 32)


def dataset(name: str, *tags: tuple[str, str], **fields: str) -> dict[str, Any]:
    known = {"name": name, "digest": "d1", "source_type": "code", "source": "{}"}
    return {
        "dataset": known | fields,
        "tags": [{"key": key, "value": value} for key, value in tags],
    }


def test_inputs_and_outputs(ask: Ask, run: str) -> None:
    train = dataset("digits", ("mlflow.data.context", "training"), schema="{}", profile="{}")
    plain = dataset("plain")
    models = [{"model_id": "m-1"}]
    ask(wire.datasets.log_inputs, run_id=run, datasets=[train, plain], models=models)
    again = dataset("digits", ("mlflow.data.context", "changed"))
    ask(wire.datasets.log_inputs, run_id=run, datasets=[again], models=models)
    ask(wire.datasets.log_outputs, run_id=run, models=[{"model_id": "m-2", "step": "3"}])
    found = ask(wire.runs.get, run_id=run)["run"]
    assert found["inputs"]["dataset_inputs"] == [train, {"dataset": plain["dataset"]}]
    assert found["inputs"]["model_inputs"] == models
    assert found["outputs"] == {"model_outputs": [{"model_id": "m-2", "step": 3}]}
    (run_found,) = search(ask)
    assert run_found["inputs"]["dataset_inputs"] == found["inputs"]["dataset_inputs"]
    assert run_found["outputs"] == found["outputs"]
    other = new_run(ask)
    ask(wire.datasets.log_inputs, run_id=other, datasets=[dataset("plain")])
    summaries = ask(wire.experiments.search_datasets, experiment_ids=["0"])["dataset_summaries"]
    assert summaries == [
        {"experiment_id": "0", "name": "digits", "digest": "d1", "context": "training"},
        {"experiment_id": "0", "name": "plain", "digest": "d1"},
    ]
    assert names(search(ask, filter="dataset.context = 'training'")) == [found["info"]["run_name"]]


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "n" * 501), ("digest", "d" * 37), ("source", "s" * 65_536), ("name", "")],
)
def test_bad_data_sets_are_refused(ask: Ask, run: str, field: str, value: str) -> None:
    question = {"run_id": run, "datasets": [dataset("fine"), dataset("bad") | {}]}
    question["datasets"][1]["dataset"][field] = value  # type: ignore[index]
    message = refused(ask, wire.datasets.log_inputs, "INVALID_PARAMETER_VALUE", **question)
    assert f"datasets[1].dataset.{field}" in message
    assert ask(wire.runs.get, run_id=run)["run"]["inputs"] == {}


def sweep(ask: Ask, count: int = 12) -> list[str]:
    runs = []
    for number in range(count):
        run = new_run(ask, start_time=number, run_name=f"r{number}")
        ask(
            wire.metrics.log_batch,
            run_id=run,
            params=[{"key": "lr", "value": str(number % 3)}],
            tags=[{"key": "parity", "value": "even" if number % 2 == 0 else "odd"}],
            metrics=[
                {"key": "loss", "value": abs(step - number), "timestamp": step, "step": step}
                for step in range(10)
            ],
        )
        runs.append(run)
    return runs


def test_searching(ask: Ask) -> None:
    sweep(ask)
    assert names(search(ask)) == [f"r{number}" for number in range(11, -1, -1)]
    assert names(search(ask, max_results=5)) == names(search(ask))
    best = search(ask, filter="metrics.loss < 4", order_by=["metrics.loss ASC", "params.lr DESC"])
    assert names(best) == ["r9", "r8", "r10", "r11", "r7", "r6"]
    found = search(
        ask,
        filter="(params.lr = '0' OR tags.parity = 'odd') AND min(metrics.loss) = 0"
        " AND NOT run_name = 'r3'",
        order_by=["at(metrics.loss, 2) DESC", "run_name"],
    )
    assert names(found) == ["r9", "r7", "r6", "r5", "r0", "r1"]
    assert search(ask, experiment_ids=[]) == []
    assert search(ask, experiment_ids=["4711"]) == []


def test_counting_and_columns(ask: Ask) -> None:
    sweep(ask)
    answer = ask(
        wire.runs.search,
        experiment_ids=["0"],
        filter="tags.parity = 'even'",
        max_results=2,
        count=True,
        columns=["metrics.loss", "params.lr", "tags.`parity`", "attributes.run_name"],
    )
    assert answer["total"] == 6
    first = answer["runs"][0]
    assert first["data"]["params"] == [{"key": "lr", "value": "1"}]
    assert first["data"]["tags"] == [{"key": "parity", "value": "even"}]
    assert [metric["key"] for metric in first["data"]["metrics"]] == ["loss"]
    only = ask(wire.runs.search, experiment_ids=["0"], columns=[], max_results=1)["runs"][0]
    assert only["data"] == {}
    message = refused(
        ask,
        wire.runs.search,
        "INVALID_PARAMETER_VALUE",
        experiment_ids=["0"],
        columns=["loss"],
    )
    assert "metrics.NAME" in message


def test_page_tokens_survive_new_runs_and_are_checked(ask: Ask) -> None:
    sweep(ask, 6)
    first = ask(wire.runs.search, experiment_ids=["0"], max_results=3)
    new_run(ask, start_time=100, run_name="late")
    rest = ask(
        wire.runs.search,
        experiment_ids=["0"],
        max_results=10,
        page_token=first["next_page_token"],
    )
    assert names(first["runs"]) + names(rest["runs"]) == ["r5", "r4", "r3", "r2", "r1", "r0"]
    for change in ({"filter": "params.lr = '1'"}, {"order_by": ["run_name"]}):
        refused(
            ask,
            wire.runs.search,
            "INVALID_PARAMETER_VALUE",
            experiment_ids=["0"],
            page_token=first["next_page_token"],
            **change,
        )


def test_runs_that_nobody_hears_of_are_failed(ask: Ask, engine: Engine) -> None:
    silent, alive, finished = new_run(ask), new_run(ask), new_run(ask)
    ask(wire.runs.update, run_id=finished, status="FINISHED", end_time=5)
    engine.store.database.write(
        lambda connection: connection.run("UPDATE runs SET heard = heard - 600000")
    )
    ask(wire.runs.heartbeat, run_ids=[alive])
    assert fail_lost(engine, 300_000) == [silent]
    assert fail_lost(engine, 300_000) == []
    states = {run["info"]["run_id"]: run["info"]["status"] for run in search(ask)}
    assert states == {silent: "FAILED", alive: "RUNNING", finished: "FINISHED"}
    assert ask(wire.runs.get, run_id=silent)["run"]["info"]["end_time"] > 0


def test_models_of_old_clients_are_noted_in_a_tag(ask: Ask, run: str) -> None:
    model = {
        "run_id": run,
        "artifact_path": "größe",
        "utc_time_created": "2026-11-21",
        "flavors": {"sklearn": {}},
    }
    for path in ("one", "two"):
        text = json.dumps(model | {"artifact_path": path, "more": 1})
        ask(wire.runs.log_model, run_id=run, model_json=text)
    tags = ask(wire.runs.get, run_id=run)["run"]["data"]["tags"]
    (history,) = [tag["value"] for tag in tags if tag["key"] == "mlflow.log-model.history"]
    assert json.loads(history) == [
        model | {"artifact_path": path, "model_uuid": None} for path in ("one", "two")
    ]
    for bad in ("", "nonsense", "[]", json.dumps({"run_id": run})):
        refused(ask, wire.runs.log_model, "INVALID_PARAMETER_VALUE", run_id=run, model_json=bad)
    long = json.dumps(model | {"flavors": {"f": "x" * 61_000}})
    refused(ask, wire.runs.log_model, "INVALID_PARAMETER_VALUE", run_id=run, model_json=long)
    assert [tag["value"] for tag in tags if "history" in tag["key"]] == [history]


def test_a_page_ends_early_rather_than_take_all_memory(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.runs, "PORTION", 2)
    monkeypatch.setattr(store.runs, "LARGEST_ANSWER", 10)
    for number in range(6):
        run_id = new_run(ask, run_name=f"{number}", start_time=number)
        metrics = [{"key": f"m{key}", "value": 1, "timestamp": 1} for key in range(2 * number)]
        ask(wire.metrics.log_batch, run_id=run_id, metrics=metrics)
    page = ask(wire.runs.search, experiment_ids=["0"], max_results=6, count=True)
    assert names(page["runs"]) == ["5", "4"]
    assert page["total"] == 6
    assert names(search(ask, max_results=6)) == ["5", "4", "3", "2", "1", "0"]
    assert names(search(ask, max_results=3)) == ["5", "4", "3", "2", "1", "0"]


def test_a_metric_at_a_step_is_found_in_every_kind_of_block(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.metrics, "RUNS_AT_ONCE", 2)
    logged: dict[str, list[tuple[int, Any]]] = {
        "even": [(0, 1.0), (5, 2.0), (10, 3.0)],
        "odd": [(0, 1.0), (5, 2.0), (9, 3.0)],
        "between": [(0, 1.0), (10, 2.0)],
        "twice": [(5, 1.0), (5, 2.0)],
        "nan": [(4, 1.0), (5, "NaN")],
        "later": [(6, 2.0)],
    }
    for name, points in logged.items():
        run_id = new_run(ask, run_name=name)
        metrics = [
            {"key": "m", "value": value, "timestamp": time, "step": step}
            for time, (step, value) in enumerate(points)
        ]
        ask(wire.metrics.log_batch, run_id=run_id, metrics=metrics)
    found = search(ask, filter="at(metrics.m, 5) = 2")
    assert sorted(names(found)) == ["even", "odd", "twice"]
    found = search(ask, filter="at(metrics.m, 5) IS NULL")
    assert {"between", "later"} <= set(names(found))
