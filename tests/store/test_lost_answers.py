"""The connection breaks after a COMMIT, before its answer: what was done is not done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mlflow import service, wire
from mlflow.service import Engine
from tests.service.conftest import sender
from tests.store.relay import Relay

Ask = Callable[..., Any]


@pytest.fixture(params=["postgresql", "mariadb"])
def relay(request: pytest.FixtureRequest) -> Iterator[Relay]:
    """A relay in front of a fresh database of each kind that is reached over a network."""
    relay = Relay(request.getfixturevalue(f"{request.param}_url"))
    yield relay
    relay.close()


@pytest.fixture
def engine(relay: Relay) -> Iterator[Engine]:
    """An engine that reaches its database through the relay."""
    opened = service.open_engine(relay.url, "mlflow-artifacts:/")
    yield opened
    opened.close()


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """Ask an endpoint as HTTP would."""
    return sender(engine)


@pytest.fixture
def experiment(ask: Ask) -> str:
    number: str = ask(wire.experiments.create, name="one", tags=[{"key": "a", "value": "b"}])[
        "experiment_id"
    ]
    return number


@pytest.fixture
def run(ask: Ask, experiment: str) -> str:
    run_id: str = ask(wire.runs.create, experiment_id=experiment, start_time=1)["run"]["info"][
        "run_id"
    ]
    return run_id


def test_an_experiment_is_created_once(relay: Relay, ask: Ask) -> None:
    relay.lose_commit_after('INTO "?experiments')
    answer = ask(wire.experiments.create, name="new", tags=[{"key": "a", "value": "b"}])
    assert relay.lost == 1
    found = ask(wire.experiments.get_by_name, experiment_name="new")["experiment"]
    assert found["experiment_id"] == answer["experiment_id"]
    assert found["tags"] == [{"key": "a", "value": "b"}]


def test_a_run_is_created_once(relay: Relay, ask: Ask, run: str, experiment: str) -> None:
    relay.lose_commit_after('INTO "?runs')
    answer = ask(wire.runs.create, experiment_id=experiment, start_time=2)
    assert relay.lost == 1
    found = ask(wire.runs.search, experiment_ids=[experiment])["runs"]
    assert [each["info"]["run_id"] for each in found] == [answer["run"]["info"]["run_id"], run]


def test_an_experiment_is_deleted_and_restored(relay: Relay, ask: Ask, experiment: str) -> None:
    for endpoint, stage in (
        (wire.experiments.delete, "deleted"),
        (wire.experiments.restore, "active"),
    ):
        relay.lose_commit_after("UPDATE experiments SET deleted")
        ask(endpoint, experiment_id=experiment)
        found = ask(wire.experiments.get, experiment_id=experiment)["experiment"]
        assert found["lifecycle_stage"] == stage
    assert relay.lost == 2


def test_tags_are_deleted(relay: Relay, ask: Ask, experiment: str, run: str) -> None:
    ask(wire.metrics.set_tag, run_id=run, key="a", value="b")
    relay.lose_commit_after("DELETE FROM tags")
    ask(wire.metrics.delete_tag, run_id=run, key="a")
    relay.lose_commit_after("DELETE FROM experiment_tags")
    ask(wire.experiments.delete_tag, experiment_id=experiment, key="a")
    assert relay.lost == 2
    tags = ask(wire.runs.get, run_id=run)["run"]["data"]["tags"]
    assert [tag["key"] for tag in tags] == ["mlflow.runName"]


def test_what_is_logged_is_there_once(relay: Relay, ask: Ask, run: str) -> None:
    batch = {
        "metrics": [{"key": "m", "value": 1.5, "timestamp": 7, "step": step} for step in range(3)],
        "params": [{"key": "p", "value": "q"}],
        "tags": [{"key": "a", "value": "b"}],
    }
    relay.lose_commit_after('INTO "?series')
    ask(wire.metrics.log_batch, run_id=run, **batch)
    assert relay.lost == 1
    points = ask(wire.metrics.get_history, run_id=run, metric_key="m")["metrics"]
    assert [point["step"] for point in points] == [0, 1, 2]
    data = ask(wire.runs.get, run_id=run)["run"]["data"]
    assert data["params"] == batch["params"]
    assert [tag for tag in data["tags"] if tag["key"] == "a"] == batch["tags"]
