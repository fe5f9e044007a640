"""Changes of runs through MlflowClient, in a folder and on a server."""

from __future__ import annotations

import pytest

from mlflow import MlflowClient
from mlflow.client.transport import ServerAway
from mlflow.exceptions import MlflowException
from tests.servers.fixtures import StartServer


@pytest.fixture
def client(place: str) -> MlflowClient:
    return MlflowClient()


def test_changed_runs(client: MlflowClient, experiment: str) -> None:
    start = client.changed_runs([experiment])
    assert (start.run_ids, start.more) == ([], False)
    run_id = client.create_run(experiment).info.run_id
    assert client.changed_runs([experiment], start.cursor).run_ids == [run_id]
    other = client.create_experiment(f"{experiment} beside")
    assert client.changed_runs([other], start.cursor).run_ids == []
    for _ in range(10):  # so that its number has several digits
        other = client.create_experiment(f"{experiment} {other}")
    run_id = client.create_run(other).info.run_id
    assert client.changed_runs(other, start.cursor).run_ids == [run_id]
    assert next(client.watch_runs(other, start.cursor)).run_ids == [run_id]


def test_what_is_still_to_be_sent_is_a_change(client: MlflowClient, experiment: str) -> None:
    run_id = client.create_run(experiment).info.run_id
    client.log_metric(run_id, "m", 1.0, synchronous=False)
    assert client.changed_runs([experiment], "0").run_ids == [run_id]
    assert client.get_run(run_id).data.metrics == {"m": 1.0}


def test_watching(client: MlflowClient, experiment: str) -> None:
    watched = client.watch_runs([experiment])
    first = next(watched)
    assert first.run_ids == []
    run_id = client.create_run(experiment).info.run_id
    assert next(watched).run_ids == [run_id]
    again = client.watch_runs([experiment], first.cursor)
    assert next(again).run_ids == [run_id]


def test_wrong_questions(client: MlflowClient) -> None:
    with pytest.raises(MlflowException, match="experiment_ids"):
        client.changed_runs([])
    with pytest.raises(MlflowException, match="not a cursor"):
        client.watch_runs(["0"], "x")


def test_watching_goes_on_after_the_server_was_away(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(None)
    client = MlflowClient(server.url)
    watched = client.watch_runs(["0"])
    assert next(watched).run_ids == []
    server.stop()
    server.start()
    run_id = client.create_run("0").info.run_id
    named: set[str] = set()
    while run_id not in named:
        named |= set(next(watched).run_ids)
    server.stop()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ServerAway, match="cannot be reached"):
        next(client.watch_runs(["0"]))
