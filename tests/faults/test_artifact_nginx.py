"""Artifacts through a real nginx with its defaults: bodies of 1 MB, 60 seconds, all buffered."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlflow import MlflowClient
from tests.faults.artifacts import (
    content_at,
    fetched,
    listed,
    new_run,
    root_of,
    state_of,
    state_on,
    write,
)
from tests.servers.fixtures import NginxInFront
from tests.servers.millstream import RunningServer
from tests.servers.nginx import Nginx

LIMIT = 1024 * 1024


@pytest.fixture
def nginx(running_server: RunningServer, nginx_in_front: NginxInFront) -> Nginx:
    return nginx_in_front(running_server.url)


@pytest.fixture
def run_id(running_server: RunningServer) -> str:
    return new_run(running_server)


def refused(nginx: Nginx) -> list[int]:
    """The sizes of bodies that were too large."""
    return [length for status, _, length in nginx.answered() if status == 413]


def test_a_large_file(
    running_server: RunningServer, nginx: Nginx, run_id: str, tmp_path: Path
) -> None:
    """The client finds the limit by itself, and keeps to it."""
    content = write(tmp_path / "model.bin", 50_000_000, 1)
    client = MlflowClient(nginx.url)
    client.log_artifact(run_id, str(tmp_path / "model.bin"))
    assert fetched(running_server, f"{root_of(run_id)}/model.bin") == content
    sizes = [length for status, method, length in nginx.answered() if method == "PUT"]
    assert LIMIT // 2 < max(length for length in sizes if length <= LIMIT) <= LIMIT
    tried = len(refused(nginx))
    assert tried <= 8
    target = tmp_path / "fetched"
    client.download_artifacts(run_id, "model.bin", str(target))
    assert content_at(target / "model.bin") == content
    # A second file is not tried with large parts any more.
    write(tmp_path / "second.bin", 20_000_000, 2)
    client.log_artifact(run_id, str(tmp_path / "second.bin"))
    assert len(refused(nginx)) == tried
    assert listed(running_server, root_of(run_id)) == {
        "model.bin": 50_000_000,
        "second.bin": 20_000_000,
    }


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1, 3_000_000])
def test_a_file_about_the_limit(
    running_server: RunningServer, nginx: Nginx, run_id: str, tmp_path: Path, size: int
) -> None:
    content = write(tmp_path / "a", size, size)
    MlflowClient(nginx.url).log_artifact(run_id, str(tmp_path / "a"))
    assert fetched(running_server, f"{root_of(run_id)}/a") == content


@pytest.mark.parametrize("limit", [64, 100, 300])
def test_lower_limits_are_found_too(
    running_server: RunningServer,
    nginx_in_front: NginxInFront,
    run_id: str,
    tmp_path: Path,
    limit: int,
) -> None:
    nginx = nginx_in_front(running_server.url, f"client_max_body_size {limit}k;")
    content = write(tmp_path / "a", 3_000_000, limit)
    client = MlflowClient(nginx.url)
    client.log_artifact(run_id, str(tmp_path / "a"))
    assert fetched(running_server, f"{root_of(run_id)}/a") == content
    state = {f"{number}": write(tmp_path / f"b/{number}", 40_000, number) for number in range(40)}
    client.log_artifacts(run_id, str(tmp_path / "b"), "b")
    assert state_on(running_server, f"{root_of(run_id)}/b") == state


def test_a_folder_of_many_small_files(
    running_server: RunningServer, nginx: Nginx, run_id: str, tmp_path: Path
) -> None:
    local = tmp_path / "many"
    state = {
        f"{number % 7}/{number}.txt": write(local / f"{number % 7}/{number}.txt", number, number)
        for number in range(1999)
    }
    state["large.bin"] = write(local / "large.bin", 5_000_000, 0)
    client = MlflowClient(nginx.url)
    client.log_artifacts(run_id, str(local), "many")
    assert state_on(running_server, f"{root_of(run_id)}/many") == state
    assert len(nginx.answered()) < 200  # they travel together
    client.download_artifacts(run_id, "many", str(tmp_path / "fetched"))
    assert state_of(tmp_path / "fetched/many") == state


def test_text_and_dictionaries(
    running_server: RunningServer, nginx: Nginx, run_id: str, tmp_path: Path
) -> None:
    client = MlflowClient(nginx.url)
    client.log_text(run_id, "x" * 3_000_000, "notes.txt")
    client.log_dict(run_id, {"a": list(range(300_000))}, "numbers.json")
    sizes = listed(running_server, root_of(run_id))
    assert sizes["notes.txt"] == 3_000_000
    assert sizes["numbers.json"] > LIMIT
