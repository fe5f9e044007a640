"""Logging: atomic batches, repetitions, summaries, merged blocks; on every database."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from mlflow import service, wire
from mlflow.entities import Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.service import Engine
from mlflow.wire.metrics import LogBatch, Point
from tests.service.conftest import Ask, new_run


def data(ask: Ask, run: str) -> dict[str, Any]:
    found: dict[str, Any] = ask(wire.runs.get, run_id=run)["run"]["data"]
    return found


def pairs(items: list[dict[str, str]]) -> dict[str, str]:
    assert len({item["key"] for item in items}) == len(items)
    return {item["key"]: item["value"] for item in items}


def history(ask: Ask, run: str, key: str, **more: Any) -> list[tuple[int, int, Any]]:
    points: list[dict[str, Any]] = []
    token: str | None = None
    while token is None or token:
        page: dict[str, Any] = {"page_token": token} if token else {}
        answer = ask(wire.metrics.get_history, run_id=run, metric_key=key, **page, **more)
        points += answer.get("metrics", [])
        token = answer.get("next_page_token", "")
    return [(point["timestamp"], point["step"], point["value"]) for point in points]


def metric(key: str, value: Any, timestamp: int = 1, step: int = 0) -> dict[str, Any]:
    return {"key": key, "value": value, "timestamp": timestamp, "step": step}


def summary(engine: Engine, run: str, key: str) -> dict[str, Any]:
    columns = [
        "count",
        "reals",
        "total",
        "first_step",
        "first_value",
        "last_step",
        "last_value",
        "min_value",
        "min_step",
        "max_value",
        "max_step",
    ]

    def work(connection: Any) -> dict[str, Any]:
        row = connection.one(
            f"SELECT {', '.join('s.' + name for name in columns)} FROM series s"
            " JOIN runs r ON r.id = s.run_id JOIN names n ON n.id = s.key_id"
            " WHERE r.run_id = ? AND n.name = ?",
            (run, key),
        )
        return dict(zip(columns, row, strict=True))

    return engine.store.database.read(work)


def test_a_batch_is_all_there(ask: Ask, run: str) -> None:
    ask(
        wire.metrics.log_batch,
        run_id=run,
        metrics=[metric("loss", 0.5, 3, 1), metric("loss", 0.25, 4, 2), metric("acc", 1, 4, 2)],
        params=[{"key": "lr", "value": "0.1"}, {"key": "empty", "value": ""}],
        tags=[{"key": "größe", "value": "損失 \"'\\"}],
    )
    found = data(ask, run)
    assert pairs(found["params"]) == {"lr": "0.1", "empty": ""}
    assert pairs(found["tags"])["größe"] == "損失 \"'\\"
    assert {item["key"]: item["value"] for item in found["metrics"]} == {"loss": 0.25, "acc": 1.0}
    assert history(ask, run, "loss") == [(3, 1, 0.5), (4, 2, 0.25)]


def test_a_batch_that_is_refused_leaves_nothing(ask: Ask, run: str) -> None:
    ask(wire.metrics.log_param, run_id=run, key="lr", value="1")
    with pytest.raises(MlflowException, match=r"'lr'.*'1'.*'2'") as caught:
        ask(
            wire.metrics.log_batch,
            run_id=run,
            metrics=[metric("loss", 1)],
            params=[{"key": "new", "value": "1"}, {"key": "lr", "value": "2"}],
            tags=[{"key": "tag", "value": "1"}],
        )
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    found = data(ask, run)
    assert pairs(found["params"]) == {"lr": "1"}
    assert "tag" not in pairs(found["tags"])
    assert "metrics" not in found
    assert history(ask, run, "loss") == []


def test_a_batch_again_changes_nothing(ask: Ask, engine: Engine, run: str) -> None:
    batch = {
        "metrics": [metric("loss", value, 10 + value, value) for value in range(100)],
        "params": [{"key": "lr", "value": "0.1"}],
        "tags": [{"key": "t", "value": "1"}],
    }
    ask(wire.metrics.log_batch, run_id=run, **batch)
    before, counted = data(ask, run), summary(engine, run, "loss")
    for _ in range(3):
        ask(wire.metrics.log_batch, run_id=run, **batch)
    assert data(ask, run) == before
    assert summary(engine, run, "loss") == counted
    assert len(history(ask, run, "loss")) == 100


def test_the_same_param_value_may_be_logged_again(ask: Ask, run: str) -> None:
    for _ in range(2):
        ask(wire.metrics.log_param, run_id=run, key="lr", value="1")
    assert pairs(data(ask, run)["params"]) == {"lr": "1"}


def test_tags_change_and_go(ask: Ask, run: str) -> None:
    for value in ("1", "2", "2", "3"):
        ask(wire.metrics.set_tag, run_id=run, key="state", value=value)
    ask(wire.metrics.set_tag, run_id=run, key="other", value="x")
    assert pairs(data(ask, run)["tags"])["state"] == "3"
    ask(wire.metrics.delete_tag, run_id=run, key="state")
    assert "state" not in pairs(data(ask, run)["tags"])
    with pytest.raises(MlflowException) as caught:
        ask(wire.metrics.delete_tag, run_id=run, key="state")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_the_name_tag_renames_the_run(ask: Ask, run: str) -> None:
    ask(wire.metrics.set_tag, run_id=run, key="mlflow.runName", value="winner")
    assert ask(wire.runs.get, run_id=run)["run"]["info"]["run_name"] == "winner"
    ask(wire.metrics.set_tag, run_id=run, key="mlflow.runName", value="")
    found = ask(wire.runs.get, run_id=run)["run"]
    assert found["info"]["run_name"] == "winner"
    assert pairs(found["data"]["tags"])["mlflow.runName"] == "winner"


def test_the_latest_point_is_that_of_the_highest_step(ask: Ask, run: str) -> None:
    for value, timestamp, step in [(1.0, 5, 9), (2.0, 9, 3), (3.0, 4, 9), (0.5, 5, 9)]:
        ask(wire.metrics.log_metric, run_id=run, **metric("m", value, timestamp, step))
    assert data(ask, run)["metrics"] == [metric("m", 1.0, 5, 9)]
    assert history(ask, run, "m") == [(4, 9, 3.0), (5, 9, 0.5), (5, 9, 1.0), (9, 3, 2.0)]


def test_extreme_numbers(ask: Ask, engine: Engine, run: str) -> None:
    values = ["NaN", "Infinity", "-Infinity", 5e-324, -0.0, 1.7976931348623157e308, 0.1]
    for step, value in enumerate(values, start=-3):
        ask(wire.metrics.log_metric, run_id=run, **metric("m", value, 2**63 - 1, step))
    largest = 1.7976931348623157e308
    assert [point[2] for point in history(ask, run, "m")] == [
        "NaN", largest, -largest, 5e-324, -0.0, largest, 0.1,
    ]  # fmt: skip
    found = summary(engine, run, "m")
    assert (found["count"], found["reals"]) == (7, 6)
    assert (found["min_value"], found["max_value"]) == (-largest, largest)
    assert (found["first_step"], found["first_value"]) == (-3, None)


def test_only_nan(ask: Ask, engine: Engine, run: str) -> None:
    for _ in range(2):
        ask(wire.metrics.log_metric, run_id=run, **metric("m", "NaN"))
    found = summary(engine, run, "m")
    assert (found["count"], found["reals"], found["min_value"]) == (1, 0, None)
    assert data(ask, run)["metrics"] == [metric("m", "NaN")]


@pytest.mark.parametrize("order", ["forwards", "backwards", "shuffled", "one clock tick"])
def test_many_points_one_by_one(ask: Ask, engine: Engine, run: str, order: str) -> None:
    """More than two levels of blocks, whatever the order in which points come."""
    count = 700
    rows = [(step, 1000 + (0 if order == "one clock tick" else step)) for step in range(count)]
    if order == "backwards":
        rows.reverse()
    elif order == "shuffled":
        random.Random(3).shuffle(rows)
    waiting = [
        engine.store.log(LogBatch(run_id=run, metrics=[Point("m", math.sin(step), time, step)]))
        for step, time in rows + rows[::7]
    ]
    for future in waiting:
        future.result()
    wanted = [(time, step, math.sin(step)) for step, time in sorted(rows)]
    assert history(ask, run, "m") == wanted
    assert history(ask, run, "m", max_results=97) == wanted
    found = summary(engine, run, "m")
    values = [value for _, _, value in wanted]
    assert found["count"] == count
    assert (found["first_step"], found["last_step"]) == (0, count - 1)
    assert (found["first_value"], found["last_value"]) == (values[0], values[-1])
    assert (found["min_value"], found["min_step"]) == (min(values), values.index(min(values)))
    assert (found["max_value"], found["max_step"]) == (max(values), values.index(max(values)))
    assert math.isclose(found["total"], math.fsum(values), abs_tol=1e-9)


def test_many_batches_are_merged_into_few_blocks(ask: Ask, engine: Engine, run: str) -> None:
    for number in range(130):
        points = [
            Point("m", step / 7, 10 + step, step) for step in range(number * 90, number * 90 + 90)
        ]
        engine.store.log(LogBatch(run_id=run, metrics=points)).result()
    wanted = [(10 + step, step, step / 7) for step in range(130 * 90)]
    assert history(ask, run, "m", max_results=5000) == wanted
    blocks = engine.store.database.read(
        lambda connection: connection.value("SELECT count(*) FROM points")
    )
    assert blocks < 70


def test_a_page_token_of_another_query_is_refused(ask: Ask, run: str) -> None:
    points = [metric("m", step, step, step) for step in range(10)]
    ask(wire.metrics.log_batch, run_id=run, metrics=points)
    token = ask(wire.metrics.get_history, run_id=run, metric_key="m", max_results=3)[
        "next_page_token"
    ]
    for key, given in [
        ("n", token),
        ("m", "nonsense"),
        ("m", "eyJvZmZzZXQiOjF9"),
        ("m", token[:-4]),
    ]:
        with pytest.raises(MlflowException, match="page token"):
            ask(wire.metrics.get_history, run_id=run, metric_key=key, page_token=given)


def test_samples_keep_the_first_and_the_last_point(ask: Ask, run: str) -> None:
    points = [metric("m", step * step, 5, step) for step in range(1000)]
    ask(wire.metrics.log_batch, run_id=run, metrics=points)

    def sample(**more: Any) -> list[int]:
        answer = ask(wire.metrics.get_history_sample, run_ids=[run], metric_key="m", **more)
        assert all(item["value"] == item["step"] ** 2 for item in answer.get("metrics", []))
        assert all(item["run_id"] == run for item in answer.get("metrics", []))
        return [item["step"] for item in answer.get("metrics", [])]

    assert sample() == list(range(1000))
    some = sample(max_results=10)
    assert (some[0], some[-1], len(some)) == (0, 999, 10)
    assert sample(start_step=10, end_step=12) == [10, 11, 12]
    assert sample(start_step=2000, end_step=3000) == []
    some = sample(start_step=100, end_step=899, max_results=5)
    assert (some[0], some[-1], len(some)) == (100, 899, 5)


def test_unknown_things_have_no_history(ask: Ask, run: str) -> None:
    assert ask(wire.metrics.get_history, run_id="f" * 32, metric_key="m") == {}
    assert ask(wire.metrics.get_history, run_id=run, metric_key="never logged") == {}


def test_a_deleted_run_takes_nothing(ask: Ask, run: str) -> None:
    ask(wire.runs.delete, run_id=run)
    questions: list[Callable[[], Any]] = [
        lambda: ask(wire.metrics.log_metric, run_id=run, **metric("m", 1)),
        lambda: ask(wire.metrics.log_param, run_id=run, key="p", value="1"),
        lambda: ask(wire.metrics.set_tag, run_id=run, key="t", value="1"),
        lambda: ask(wire.metrics.log_batch, run_id=run),
        lambda: ask(wire.metrics.delete_tag, run_id=run, key="t"),
        lambda: ask(wire.runs.update, run_id=run, status="FINISHED"),
    ]
    for question in questions:
        with pytest.raises(MlflowException, match="active") as caught:
            question()
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    ask(wire.runs.restore, run_id=run)
    ask(wire.metrics.log_metric, run_id=run, **metric("m", 1))


def test_an_unknown_run_takes_nothing(ask: Ask) -> None:
    with pytest.raises(MlflowException) as caught:
        ask(wire.metrics.log_metric, run_id="0" * 32, **metric("m", 1))
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_bad_request_does_not_hurt_its_neighbours(ask: Ask, engine: Engine, run: str) -> None:
    ask(wire.metrics.log_param, run_id=run, key="lr", value="1")
    waiting = []
    for step in range(200):
        batch = LogBatch(run_id=run, metrics=[Point("m", step, step, step)])
        batch.params = [Param(f"p{step // 2}", "same")]
        batch.tags = [RunTag(f"t{step % 5}", str(step))]
        if step % 10 == 3:
            batch.params = [Param("lr", "2")]
        if step % 10 == 7:
            batch.run_id = "0" * 32
        waiting.append(engine.store.log(batch))
    failed = [step for step, future in enumerate(waiting) if future.exception()]
    assert failed == [step for step in range(200) if step % 10 in (3, 7)]
    assert [point[1] for point in history(ask, run, "m")] == [
        step for step in range(200) if step not in failed
    ]
    found = data(ask, run)
    assert pairs(found["params"]) == {"lr": "1"} | {f"p{step}": "same" for step in range(100)}
    assert pairs(found["tags"])["t4"] == "199"


def test_many_writers_into_one_run(ask: Ask, database_url: str, run: str) -> None:
    """Several engines, as of several servers, log the same and different points at once."""
    engines = [service.open_engine(database_url, "mlflow-artifacts:/") for _ in range(4)]
    problems: list[BaseException] = []

    def write(engine: Engine, writer: int) -> None:
        try:
            for step in range(0, 200, 10):
                metrics = [Point("own", writer, 1000 + writer, i) for i in range(step, step + 10)]
                metrics += [Point("shared", i / 3, 5000 + i, i) for i in range(step, step + 10)]
                batch = LogBatch(run_id=run, metrics=metrics)
                batch.params = [Param(f"p{step}", "same")]
                batch.tags = [RunTag("last", str(writer))]
                engine.store.log(batch).result()
        except BaseException as problem:
            problems.append(problem)

    threads = [
        threading.Thread(target=write, args=(engines[number % 4], number)) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.close()
    assert problems == []
    assert history(ask, run, "shared") == [(5000 + i, i, i / 3) for i in range(200)]
    assert sorted(history(ask, run, "own")) == sorted(
        (1000 + writer, i, float(writer)) for writer in range(8) for i in range(200)
    )
    assert pairs(data(ask, run)["params"]) == {f"p{step}": "same" for step in range(0, 200, 10)}


def test_runs_are_logged_at_once(ask: Ask, engine: Engine) -> None:
    runs = [new_run(ask) for _ in range(10)]
    waiting = [
        engine.store.log(LogBatch(run_id=run, metrics=[Point("m", step, step, step)]))
        for step in range(30)
        for run in runs
    ]
    for future in waiting:
        future.result()
    for run in runs:
        assert [point[1] for point in history(ask, run, "m")] == list(range(30))
