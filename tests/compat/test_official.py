"""Official clients against our server, our client against the official server, field by field.

The reference is what the official 3.17 server answers to the same client (to our client: what it
answers to the official client of 3.17). All play the scenario on fresh servers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.compat.comparison import differences
from tests.compat.programs import Answers, interpreter, official_server, play
from tests.servers.millstream import RunningServer

pytestmark = pytest.mark.compat

OURS = Path(sys.executable)


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    """What the official server answers to the official clients."""
    answers = {}
    for version in ("official-3.17", "official-2.9"):
        folder = tmp_path_factory.mktemp(version)
        with official_server(folder) as url:
            answers[version] = play(interpreter(version), url, folder)
    return answers


def test_the_scenario_is_large(references: dict[str, Answers]) -> None:
    assert len(references["official-3.17"]) > 600
    assert len(references["official-2.9"]) > 600


@pytest.mark.parametrize("version", ["official-3.17", "official-2.9"])
def test_official_client_on_our_server(
    references: dict[str, Answers], version: str, running_server: RunningServer, tmp_path: Path
) -> None:
    answers = play(interpreter(version), running_server.url, tmp_path)
    assert differences(references[version], answers) == []


def test_our_client_on_the_official_server(references: dict[str, Answers], tmp_path: Path) -> None:
    with official_server(tmp_path) as url:
        answers = play(OURS, url, tmp_path, "python")
    reference = references["official-3.17"]
    expected = {name: reference[name] for name in reference if not name.startswith("rest:")}
    assert differences(expected, answers) == []


def test_our_client_on_our_server(
    references: dict[str, Answers], running_server: RunningServer, tmp_path: Path
) -> None:
    answers = play(OURS, running_server.url, tmp_path)
    assert differences(references["official-3.17"], answers) == []
