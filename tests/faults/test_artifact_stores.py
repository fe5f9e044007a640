"""An object store behind the server: bytes go straight there, and everything may go wrong.

The store is a real one; a proxy stands in front of it, and another one in front of the server.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from tests.faults.artifact_clients import SETTINGS
from tests.faults.artifact_rounds import Rounds
from tests.faults.artifacts import (
    Reader,
    State,
    arrived,
    listed,
    new_run,
    root_of,
    state_of,
    state_on,
    write,
)
from tests.servers.fault_proxy import DOWN, UP, FaultProxy, cut, delay, flip
from tests.servers.fixtures import ProxyInFront, StartServer
from tests.servers.millstream import RunningServer
from tests.servers.object_stores import Bucket

#: stores take no smaller ones
PART = 5 * 1024 * 1024
AT_ONCE = 4
HEADS = 128 * 1024


class Behind(NamedTuple):
    """A server with a store behind it; `store` and `front` are the proxies before each."""

    server: RunningServer
    store: FaultProxy
    front: FaultProxy


@pytest.fixture
def behind(
    ceph_bucket: Bucket,
    start_server: StartServer,
    fault_proxy: ProxyInFront,
    monkeypatch: pytest.MonkeyPatch,
) -> Behind:
    store = fault_proxy(ceph_bucket.server.url)
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", store.url)
    at_once = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}  # the server does not wait for its store
    options = ("--artifacts-destination", f"{ceph_bucket.url}/kept")
    server = start_server(None, *options, environment=at_once)
    for name in ceph_bucket.server.environment:
        monkeypatch.delenv(name)  # clients know nothing of the store
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    return Behind(server, store, fault_proxy(server.url))


@pytest.mark.slow
def test_killed_uploads(behind: Behind, tmp_path: Path) -> None:
    server, store, front = behind
    going = Rounds(server, store, front.url, tmp_path, seed=4)
    root = f"{root_of(going.run)}/models"
    local = tmp_path / "model.bin"
    before: State = {}
    with Reader(server, root, whole=True) as reader:
        for number in range(8):
            size = going.dice.randrange(3 * PART, 6 * PART)
            after = {"model.bin": write(local, size, number)}
            reader.allow(before, after)
            outcome = going.kill_during(size, UP, "log_artifact", str(local), "models")
            there = arrived(server, f"{root}/model.bin")
            seen = state_on(server, root)
            assert seen in (before, after)
            if outcome.answer is None:
                there = size if seen == after else there
                assert there >= store.up - (AT_ONCE + 1) * PART - HEADS
                front.forget()
                going.call("log_artifact", str(local), "models")
                assert store.up <= size - there + HEADS
                assert front.up <= HEADS
            assert state_on(server, root) == after
            assert arrived(server, f"{root}/model.bin") == 0
            before = after
            reader.allow(before)
            reader.check()
        assert reader.reads > 4
    assert going.kills >= 8


@pytest.mark.slow
def test_killed_folders(behind: Behind, tmp_path: Path) -> None:
    """A folder that is new appears as a whole."""
    server, store, front = behind
    going = Rounds(server, store, front.url, tmp_path, seed=5)
    local = tmp_path / "model"
    state = {
        f"small/{number}": write(local / f"small/{number}", 9000, number) for number in range(9)
    }
    state["large.bin"] = write(local / "large.bin", 2 * PART + 7, 1)
    whole = sum(content.size for content in state.values())
    with Reader(server, f"{root_of(going.run)}/model", whole=True) as reader:
        for _ in range(8):
            going.run = new_run(server)
            root = f"{root_of(going.run)}/model"
            reader.allow({}, state, folder=root)
            outcome = going.kill_during(whole, UP, "log_artifacts", str(local), "model")
            assert state_on(server, root) in ({}, state)
            if outcome.answer is None:
                going.call("log_artifacts", str(local), "model")
            assert state_on(server, root) == state
            reader.check()
        assert reader.looks > 8
    assert going.kills >= 8


@pytest.mark.slow
def test_killed_downloads(behind: Behind, tmp_path: Path) -> None:
    server, store, front = behind
    going = Rounds(server, store, front.url, tmp_path, seed=6)
    local = tmp_path / "model.bin"
    target = tmp_path / "fetched"
    content = write(local, 5 * PART + 1, 1)
    going.call("log_artifact", str(local))
    for number in range(6):
        target = tmp_path / f"fetched {number}"
        target.mkdir()
        outcome = going.kill_during(
            content.size, DOWN, "download_artifacts", "model.bin", str(target)
        )
        assert state_of(target) in ({}, {"model.bin": content})
        if outcome.answer is None:
            going.call("download_artifacts", "model.bin", str(target))
        assert state_of(target) == {"model.bin": content}
    assert going.kills >= 6


def test_the_line_to_the_store(behind: Behind, tmp_path: Path) -> None:
    """Cuts, damage and lost answers between client and store."""
    server, store, front = behind
    run = new_run(server)
    client = MlflowClient(front.url)
    path = tmp_path / "model.bin"
    for number, fault in enumerate(
        (
            cut(PART // 2, UP, b"partNumber=2", in_body=True),
            cut(0, DOWN, b"partNumber=2"),
            flip(PART // 2, UP, b"partNumber=2", in_body=True),
        )
    ):
        content = write(path, 2 * PART + 100_000, number)
        store.add(fault)
        client.log_artifact(run, str(path))
        assert store.pending() == [], fault
        assert state_on(server, root_of(run)) == {"model.bin": content}
    for number, fault in enumerate(
        (
            cut(PART // 2, DOWN, b"GET /", in_body=True),
            flip(PART // 2, DOWN, b"GET /", in_body=True),
        )
    ):
        target = tmp_path / f"fetched {number}"
        client.list_artifacts(run)
        store.add(fault)
        client.download_artifacts(run, "model.bin", str(target))
        assert store.pending() == [], fault
        assert state_of(target) == {"model.bin": content}
    assert front.up + front.down < HEADS + 2 * PART  # what is fetched anew may come through it


def test_the_store_is_away_for_a_while(
    behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, store, front = behind
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    run = new_run(server)
    client = MlflowClient(front.url)
    path = tmp_path / "model.bin"
    content = write(path, 5 * PART, 1)
    store.when(3 * PART, store.away)
    with pytest.raises(MlflowException) as caught:
        client.log_artifact(run, str(path))
    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE", caught.value
    assert "\n" not in caught.value.message
    assert "again" in caught.value.message
    store.back()
    assert listed(server, root_of(run)) == {}
    store.forget()
    MlflowClient(front.url).log_artifact(run, str(path))
    assert state_on(server, root_of(run)) == {"model.bin": content}


def test_a_store_that_only_the_server_reaches(
    behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts go through the server when the line from the client to the store is cut."""
    server, store, front = behind
    run = new_run(server)
    client = MlflowClient(front.url)
    path = tmp_path / "model.bin"
    content = write(path, 2 * PART + 5, 1)
    # The server sends no part number before it has a part; every connection of ours is cut.
    store.add(cut(0, UP, b"X-Amz-Signature=", times=1000))
    client.log_artifact(run, str(path))
    assert state_on(server, root_of(run)) == {"model.bin": content}
    assert front.up >= content.size
    client.download_artifacts(run, "model.bin", str(tmp_path / "fetched"))
    assert state_of(tmp_path / "fetched") == {"model.bin": content}


@pytest.mark.parametrize("wrong", ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "bucket"])
def test_the_server_is_not_let_in(
    ceph_bucket: Bucket,
    start_server: StartServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
) -> None:
    bucket = f"{ceph_bucket.url}-missing" if wrong == "bucket" else ceph_bucket.url
    given = {} if wrong == "bucket" else {wrong: "not-the-right-one"}
    server = start_server(None, "--artifacts-destination", f"{bucket}/kept", environment=given)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    run = new_run(server)
    client = MlflowClient(server.url)
    local = tmp_path / "model"
    write(local / "small", 1000, 1)
    write(local / "large", 20 * 1024 * 1024, 2)
    for name in ("small", "large", ""):  # the folder itself is the last
        with pytest.raises(MlflowException) as caught:
            client.log_artifact(run, str(local / name))
        message = caught.value.message
        assert "\n" not in message
        assert "Traceback" not in message
        assert "not-the-right-one" not in message
        assert ceph_bucket.server.keys.secret not in message
        assert caught.value.error_code in (
            "PERMISSION_DENIED",
            "RESOURCE_DOES_NOT_EXIST",
            "INVALID_PARAMETER_VALUE",
            "INVALID_STATE",
        ), caught.value


def test_a_slow_store(behind: Behind, tmp_path: Path) -> None:
    server, store, front = behind
    run = new_run(server)
    content = write(tmp_path / "model.bin", 2 * PART, 1)
    store.add(delay(1.5, PART // 2, UP, b"partNumber=1", in_body=True))
    MlflowClient(front.url).log_artifact(run, str(tmp_path / "model.bin"))
    assert state_on(server, root_of(run)) == {"model.bin": content}
    assert store.up < 2 * PART + HEADS
