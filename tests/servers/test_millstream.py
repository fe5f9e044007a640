"""Our own server starts on every database, ends when asked, and starts again after a kill."""

from __future__ import annotations

import pytest

from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer


def create_experiment(server: RunningServer, name: str) -> str:
    created = server.call("POST", "experiments/create", {"name": name})
    identifier: str = created["experiment_id"]
    return identifier


def names(server: RunningServer) -> list[str]:
    found = server.call("POST", "experiments/search", {"max_results": 10})
    return sorted(each["name"] for each in found["experiments"])


def test_it_serves_each_database_and_ends_when_asked(database_server: RunningServer) -> None:
    create_experiment(database_server, "one")
    assert names(database_server) == ["Default", "one"]
    assert database_server.stop() == 0


@pytest.mark.parametrize("database", ["oldest_postgresql_url", "pgbouncer_url"])
def test_it_serves_the_oldest_postgresql_and_through_pgbouncer(
    request: pytest.FixtureRequest, start_server: StartServer, database: str
) -> None:
    server = start_server(request.getfixturevalue(database))
    create_experiment(server, "one")
    assert names(server) == ["Default", "one"]


def test_it_starts_again_after_a_kill(database_server: RunningServer) -> None:
    create_experiment(database_server, "one")
    database_server.kill()
    assert not database_server.healthy()
    database_server.start()
    create_experiment(database_server, "two")
    assert names(database_server) == ["Default", "one", "two"]
