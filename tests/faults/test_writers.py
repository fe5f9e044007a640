"""Sixteen writers at once, into runs of their own and into one: nothing is lost, nobody refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.load import create_run, load
from tests.servers.fixtures import StartServer

WRITERS = 16
#: database, number of servers, workers of each
PLACES = {
    "sqlite, one server": ("sqlite_url", 1, 1),
    "sqlite, three servers": ("sqlite_url", 3, 1),
    "postgresql, two servers of two workers": ("postgresql_url", 2, 2),
    "pgbouncer, two servers": ("pgbouncer_url", 2, 1),
    "mariadb, two servers": ("mariadb_url", 2, 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("runs", [1, WRITERS], ids=["one run", "own runs"])
@pytest.mark.parametrize("place", PLACES)
def test_sixteen_writers(
    request: pytest.FixtureRequest,
    start_server: StartServer,
    tmp_path: Path,
    place: str,
    runs: int,
) -> None:
    database, servers, workers = PLACES[place]
    url = request.getfixturevalue(database)
    started = [start_server(url, "--workers", str(workers)) for _ in range(servers)]
    logged_to = [create_run(started[0]) for _ in range(runs)]
    urls = [server.url for server in started]
    with load(urls, logged_to, tmp_path / "journals", writers=WRITERS) as writing:
        writing.finish()
        assert writing.troubles() == []
        for server in started[-1:]:
            writing.check(server)
    for server in started:
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()
