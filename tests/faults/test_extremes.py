"""What is just allowed is stored as it was sent, on every database; clocks may go backwards."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.faults.places import Place

LARGEST = 1.7976931348623157e308
#: letters of one to four bytes, quotes, escapes, placeholders, line ends, and trailing spaces
AWKWARD = "aß損💥'\"`\\%_?:$1 %s {} ;--/*\t\r\n\u2028\ufffe\x7f é é  "


def stretched(count: int, text: str = AWKWARD) -> str:
    """Text of so many characters."""
    return (text * (count // len(text) + 1))[:count]


def data(place: Place, run: str) -> dict[str, Any]:
    status, answer = place.ask("GET", f"runs/get?run_id={run}")
    assert status == 200
    found: dict[str, Any] = answer["run"]["data"]
    return found


def pairs(items: list[dict[str, str]]) -> dict[str, str]:
    return {item["key"]: item["value"] for item in items}


def points(place: Place, run: str, key: str) -> list[tuple[int, int, Any]]:
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        path = f"metrics/get-history?run_id={run}&metric_key={quote(key)}&max_results=400"
        status, answer = place.ask("GET", path + (f"&page_token={token}" if token else ""))
        assert status == 200
        found += answer.get("metrics", [])
        token = answer.get("next_page_token", "")
        if not token:
            return [(point["timestamp"], point["step"], point["value"]) for point in found]


@pytest.mark.parametrize(
    "letters", [AWKWARD, "💥", "x", " "], ids=["awkward", "wide", "x", "spaces"]
)
def test_the_longest_texts(place: Place, letters: str) -> None:
    run = place.new_run()
    params = {f"p{n}": stretched(6000, letters) for n in range(20)}
    tags = {f"t{n}": stretched(8000, letters) for n in range(20)}
    place.call(
        "runs/log-batch",
        run_id=run,
        params=[{"key": key, "value": value} for key, value in params.items()],
        tags=[{"key": key, "value": value} for key, value in tags.items()],
    )
    found = data(place, run)
    assert pairs(found["params"]) == params
    assert {key: value for key, value in pairs(found["tags"]).items() if key in tags} == tags
    # Again: the same is no change, one letter more is one.
    place.call("runs/log-parameter", run_id=run, key="p0", value=params["p0"])
    body = {"run_id": run, "key": "p0", "value": params["p0"][:-1] + "y"}
    assert place.ask("POST", "runs/log-parameter", json.dumps(body).encode())[0] == 400


def test_the_longest_names(place: Place) -> None:
    name, description = "n" + stretched(498, "💥") + "!", stretched(20_000, "損💥")
    made = place.call(
        "experiments/create",
        name=name,
        artifact_location="s3://b/" + stretched(2000, "äx"),
        tags=[{"key": "k" * 250, "value": description}],
    )["experiment_id"]
    found = place.ask("GET", f"experiments/get-by-name?experiment_name={quote(name)}")[1]
    assert found["experiment"]["experiment_id"] == made
    assert pairs(found["experiment"]["tags"]) == {"k" * 250: description}
    run = place.call(
        "runs/create",
        experiment_id=made,
        run_name=stretched(8000),
        user_id="ü" * 256,
        run_id="r" * 256,
        start_time=2**63 - 1,
    )["run"]["info"]
    assert run["run_name"] == stretched(8000)
    assert run["artifact_uri"].endswith("r" * 256 + "/artifacts")
    assert place.ask("GET", f"runs/get?run_id={'r' * 256}")[1]["run"]["info"] == run
    place.call("runs/update", run_id=run["run_id"], end_time=2**63 - 1, status="KILLED")
    found = place.call("runs/search", experiment_ids=[made], order_by=["end_time DESC"])
    assert [each["info"]["end_time"] for each in found["runs"]] == [2**63 - 1]


def test_the_largest_data_set(place: Place) -> None:
    run = place.new_run()
    dataset = {
        "name": stretched(500, "損💥"),
        "digest": stretched(36, "💥"),
        "source_type": stretched(250, "ä"),
        "source": stretched(65_535),
        "schema": stretched(1_048_575, "損ab"),
        "profile": stretched(2_000_000, "abc損"),
    }
    given = {"dataset": dataset, "tags": [{"key": "k" * 255, "value": stretched(500, "💥")}]}
    for _ in range(2):
        place.call("runs/log-inputs", run_id=run, datasets=[given])
    status, answer = place.ask("GET", f"runs/get?run_id={run}")
    assert status == 200
    assert answer["run"]["inputs"]["dataset_inputs"] == [given]


def test_keys_that_differ_little_are_different(place: Place) -> None:
    run = place.new_run()
    keys = [
        "loss",
        "Loss",
        "LOSS",
        "lös",
        "los",
        "los ",
        "l.o/s",
        "l-o_s",
        "l:o s",
        "損失",
        "k" * 250,
    ]
    for kind, path in [("params", "runs/log-parameter"), ("tags", "runs/set-tag")]:
        for number, key in enumerate(keys):
            place.call(path, run_id=run, key=key, value=str(number))
        found = pairs(data(place, run)[kind])
        assert {key: found[key] for key in keys} == {key: str(n) for n, key in enumerate(keys)}
    for number, key in enumerate(keys):
        place.call("runs/log-metric", run_id=run, key=key, value=number, timestamp=1, step=number)
    for number, key in enumerate(keys):
        assert points(place, run, key) == [(1, number, number)]


def test_values_at_the_edges(place: Place) -> None:
    run = place.new_run()
    sent = [
        "NaN",
        "Infinity",
        "-Infinity",
        LARGEST,
        -LARGEST,
        5e-324,
        -5e-324,
        0.1,
        2**53 + 1,
        True,
    ]
    kept = ["NaN", LARGEST, -LARGEST, LARGEST, -LARGEST, 5e-324, -5e-324, 0.1, 2.0**53, 1.0]
    steps = [-(2**63), -1, 0, 1, 2**31, 2**32, 2**53 + 1, 2**62, 2**63 - 2, 2**63 - 1]
    place.call(
        "runs/log-batch",
        run_id=run,
        metrics=[
            {"key": "edge", "value": value, "timestamp": at, "step": step}
            for at, (value, step) in enumerate(zip(sent, steps, strict=True))
        ],
    )
    wanted = [(at, step, value) for at, (step, value) in enumerate(zip(steps, kept, strict=True))]
    assert points(place, run, "edge") == wanted
    (last,) = data(place, run)["metrics"]
    assert (last["step"], last["value"]) == (2**63 - 1, 1.0)
    found = place.call(
        "runs/search",
        experiment_ids=[place.experiment],
        filter=f"run_id = '{run}' AND count(metrics.edge) = 10 AND max(metrics.edge) = {LARGEST}"
        f" AND min(metrics.edge) = {-LARGEST}",
    )
    assert len(found["runs"]) == 1


def test_a_thousand_metrics_and_a_megabyte(place: Place) -> None:
    run = place.new_run()
    metrics = [
        {"key": f"{'k' * 240}{n:05}", "value": n / 7, "timestamp": 2**62 + n, "step": -n}
        for n in range(1000)
    ]
    question = {"run_id": run, "metrics": metrics, "unknown": "x" * 1_000_000}
    body = json.dumps(question).encode()
    assert len(body) > 1_200_000
    for _ in range(2):
        assert place.ask("POST", "runs/log-batch", body) == (200, {})
    found = {m["key"]: (m["value"], m["timestamp"], m["step"]) for m in data(place, run)["metrics"]}
    assert found == {m["key"]: (m["value"], m["timestamp"], m["step"]) for m in metrics}


ORDERS: dict[str, Callable[[int], int]] = {
    "forwards": lambda step: 10_000 + step,
    "backwards": lambda step: 10_000 - step,
    "stopped": lambda step: 10_000,
    "jumping": lambda step: 10_000 + random.Random(step).randrange(5000),
    "set back once": lambda step: 10_000 + step - (3000 if step > 400 else 0),
    "from the far future": lambda step: 2**63 - 1 - step,
}


@pytest.mark.parametrize("clock", ORDERS)
@pytest.mark.parametrize("steps", ["up", "down"])
@pytest.mark.parametrize("size", [1, 90])
def test_clocks(place: Place, clock: str, steps: str, size: int) -> None:
    """Whatever the clock does: all points are there, by time, and the last is that of the last
    step."""
    run = place.new_run()
    count = 150 if size == 1 else 900
    rows = [(ORDERS[clock](step), step, float(step % 97)) for step in range(count)]
    if steps == "down":
        rows.reverse()
    batches = [rows[at : at + size] for at in range(0, count, size)]
    for batch in [*batches, batches[0], batches[-1]]:  # two of them twice
        place.call(
            "runs/log-batch",
            run_id=run,
            metrics=[
                {"key": "c", "timestamp": time, "step": step, "value": value}
                for time, step, value in batch
            ],
        )
    assert points(place, run, "c") == sorted(rows)
    (last,) = data(place, run)["metrics"]
    assert (last["timestamp"], last["step"], last["value"]) == max(rows, key=lambda row: row[1])
    found = place.call(
        "runs/search",
        experiment_ids=[place.experiment],
        filter=f"run_id = '{run}' AND count(metrics.c) = {count} AND min(metrics.c) = 0"
        " AND max(metrics.c) = 96 AND first(metrics.c) = 0",
    )
    assert len(found["runs"]) == 1


def test_a_run_may_end_before_it_begins(place: Place) -> None:
    run = place.call("runs/create", experiment_id=place.experiment, start_time=5000)["run"]["info"]
    place.call("runs/update", run_id=run["run_id"], status="FINISHED", end_time=3000)
    found = place.call(
        "runs/search",
        experiment_ids=[place.experiment],
        filter=f"run_id = '{run['run_id']}'",
        order_by=["duration"],
    )
    assert [each["info"]["end_time"] for each in found["runs"]] == [3000]
