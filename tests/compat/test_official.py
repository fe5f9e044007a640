"""Official clients against our server, our client against the official server, field by field.

The reference is what the official 3.17 server answers to the same client (to our client: what it
answers to the official client of 3.17). Each plays the scenario on a fresh server or store.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.compat.comparison import ALLOWED, CLIENT, IN_PROCESS, SERVER, Allowed, differences
from tests.compat.programs import Answers, interpreter, official_server, play
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer

pytestmark = pytest.mark.compat

NEW, OLD = "official-3.17", "official-2.9"


class Recordings:
    """What a client is answered by a server; each pair plays once, when it is first asked for."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._played: dict[tuple[str, str], Answers] = {}

    def of(self, client: str, server: str) -> Answers:
        """The answers; `client` and `server` are NEW, OLD, CLIENT, SERVER and IN_PROCESS."""
        if (client, server) not in self._played:
            python = Path(sys.executable) if client == CLIENT else interpreter(client)
            folder = self._folders.mktemp("scenario")
            if server == SERVER:
                running = RunningServer(folder)
                try:
                    answers = play(python, running.url, folder)
                finally:
                    running.kill()
            elif server == IN_PROCESS:
                answers = play(python, f"sqlite:///{folder}/store.db", folder, "python")
            else:
                with official_server(folder) as url:
                    answers = play(python, url, folder)
            self._played[client, server] = answers
        return self._played[client, server]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    return Recordings(tmp_path_factory)


def of_client(answers: Answers, server: str) -> Answers:
    """What can be played without a server: no raw requests."""
    if server != IN_PROCESS:
        return answers
    return {name: answers[name] for name in answers if not name.startswith(("rest:", "sloppy:"))}


PAIRS = {
    "our server, official client 3.17": (NEW, NEW, SERVER, {SERVER}),
    "our server, official client 2.9": (OLD, OLD, SERVER, {SERVER}),
    "our client, official server": (NEW, CLIENT, NEW, {CLIENT}),
    "our client, our server": (NEW, CLIENT, SERVER, {CLIENT, SERVER}),
    "our client, a database": (NEW, CLIENT, IN_PROCESS, {CLIENT, SERVER, IN_PROCESS}),
}


@pytest.mark.parametrize(("reference", "client", "server", "sides"), PAIRS.values(), ids=PAIRS)
def test_same_answers(
    recordings: Recordings, reference: str, client: str, server: str, sides: set[str]
) -> None:
    expected = recordings.of(reference, NEW)
    assert len(expected) > 600
    found = differences(of_client(expected, server), recordings.of(client, server), sides)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("database", ["postgresql", "mariadb"])
def test_same_answers_from_every_database(
    recordings: Recordings,
    database: str,
    request: pytest.FixtureRequest,
    start_server: StartServer,
    tmp_path: Path,
) -> None:
    server = start_server(request.getfixturevalue(f"{database}_url"))
    answers = play(interpreter(NEW), server.url, tmp_path)
    found = differences(recordings.of(NEW, NEW), answers, {SERVER})
    assert not found, "\n".join(found)


def test_no_difference_is_allowed_for_nothing(recordings: Recordings) -> None:
    used: set[Allowed] = set()
    for reference, client, server, sides in PAIRS.values():
        expected = of_client(recordings.of(reference, NEW), server)
        differences(expected, recordings.of(client, server), sides, used)
    assert [allowed for allowed in ALLOWED if allowed not in used] == []
