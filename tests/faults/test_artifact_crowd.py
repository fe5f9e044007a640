"""Several processes with the same artifact at the same moment, as the ranks of a training are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlflow import MlflowClient
from mlflow.blobs.uri import PARTIAL
from tests.faults.artifact_clients import PART, SETTINGS, Client
from tests.faults.artifacts import new_run, root_of, state_of, state_on, write
from tests.servers.millstream import RunningServer

CROWD = 4
Crowd = Callable[..., None]


@pytest.fixture
def crowd(running_server: RunningServer, tmp_path: Path) -> Crowd:
    """Call the same several times at once; none may fail."""

    def call(verb: str, *arguments: str) -> None:
        clients = [Client(running_server.url, tmp_path, verb, *arguments) for _ in range(CROWD)]
        for outcome in [client.outcome() for client in clients]:
            assert outcome.answer is not None, outcome

    return call


@pytest.mark.parametrize("size", [1000, 40 * PART + 7])
def test_all_fetch_the_same_file(
    running_server: RunningServer,
    crowd: Crowd,
    tmp_path: Path,
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    run = new_run(running_server)
    content = write(tmp_path / "model.bin", size, 1)
    MlflowClient(running_server.url).log_artifact(run, str(tmp_path / "model.bin"))
    for number in range(3):
        target = tmp_path / f"fetched {number}"
        crowd("download_artifacts", run, "model.bin", str(target))
        assert state_of(target) == {"model.bin": content}
        assert not (target / PARTIAL).exists()


@pytest.mark.parametrize("size", [1000, 40 * PART + 7])
def test_all_log_the_same_file(
    running_server: RunningServer, crowd: Crowd, tmp_path: Path, size: int
) -> None:
    run = new_run(running_server)
    for number in range(3):
        content = write(tmp_path / "model.bin", size, number)
        crowd("log_artifact", run, str(tmp_path / "model.bin"))
        assert state_on(running_server, root_of(run)) == {"model.bin": content}


def test_all_log_the_same_folder(
    running_server: RunningServer, crowd: Crowd, tmp_path: Path
) -> None:
    run = new_run(running_server)
    local = tmp_path / "model"
    for number in range(3):
        state = {
            "large": write(local / "large", 20 * PART, number),
            **{f"{each}": write(local / f"{each}", 5000, each + number) for each in range(50)},
        }
        crowd("log_artifacts", run, str(local), "model")
        assert state_on(running_server, f"{root_of(run)}/model") == state


def test_all_log_files_into_one_folder(running_server: RunningServer, tmp_path: Path) -> None:
    """Each rank has a folder of its own on its machine; all of them go to one."""
    run = new_run(running_server)
    state = {}
    clients = []
    for rank in range(CROWD):
        local = tmp_path / f"rank {rank}/checkpoint"
        state[f"{rank}.bin"] = write(local / f"{rank}.bin", 10 * PART, rank)
        state[f"shared/{rank}.txt"] = write(local / f"shared/{rank}.txt", 1000, rank)
    for rank in range(CROWD):
        local = tmp_path / f"rank {rank}/checkpoint"
        clients.append(
            Client(running_server.url, tmp_path, "log_artifacts", run, str(local), "checkpoint")
        )
    for outcome in [client.outcome() for client in clients]:
        assert outcome.answer is not None, outcome
    assert state_on(running_server, f"{root_of(run)}/checkpoint") == state
