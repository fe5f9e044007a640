"""`kill -9` of clients and servers while artifacts are on their way, at bytes drawn from seeds.

After each kill a file is there as a whole, or it is not there; a folder is the old one or the new
one. The same call again completes it and sends only what is missing. A reader looks all the time.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlflow.blobs.uri import PARTIAL
from tests.faults.artifact_clients import PART, done
from tests.faults.artifact_rounds import AT_ONCE, HEADS, Rounds
from tests.faults.artifacts import (
    Content,
    Reader,
    State,
    arrived,
    new_run,
    root_of,
    state_of,
    state_on,
    write,
)
from tests.servers.fault_proxy import DOWN, UP
from tests.servers.fixtures import ProxyInFront, StartServer

pytestmark = pytest.mark.slow


@pytest.fixture
def rounds(
    start_server: StartServer, fault_proxy: ProxyInFront, tmp_path: Path
) -> Callable[[int], Rounds]:
    def begin(seed: int) -> Rounds:
        server = start_server()
        proxy = fault_proxy(server.url)
        return Rounds(server, proxy, proxy.url, tmp_path, seed)

    return begin


def left_over(root: Path) -> list[Path]:
    """What lies in folders for unfinished files."""
    return [path for folder in root.rglob(PARTIAL) for path in folder.iterdir()]


def test_a_file_is_whole_or_absent(rounds: Callable[[int], Rounds], tmp_path: Path) -> None:
    going = rounds(1)
    root = f"{root_of(going.run)}/models"
    local = tmp_path / "model.bin"
    before: State = {}
    with Reader(going.server, root, whole=True) as reader:
        for number in range(40):
            size = going.dice.randrange(8 * PART, 20 * PART)
            after = {"model.bin": write(local, size, number)}
            reader.allow(before, after)
            outcome = going.kill_during(size, UP, "log_artifact", str(local), "models")
            there = arrived(going.server, f"{root}/model.bin")
            seen = state_on(going.server, root)
            assert seen in (before, after)
            if outcome.answer is None:
                there = size if seen == after else there
                assert there >= going.proxy.up - (AT_ONCE + 1) * PART - HEADS
                going.call("log_artifact", str(local), "models")
                assert going.proxy.up <= size - there + HEADS
            assert state_on(going.server, root) == after
            # An attempt of which nothing arrived is begun anew, and swept some day.
            assert arrived(going.server, f"{root}/model.bin") == 0
            before = after
            reader.allow(before)
            reader.check()
        assert reader.looks > 40
        assert reader.reads > 20
    assert going.kills >= 40


def test_a_folder_is_the_old_one_or_the_new_one(
    rounds: Callable[[int], Rounds], tmp_path: Path
) -> None:
    going = rounds(2)
    root = f"{root_of(going.run)}/model"
    local = tmp_path / "model"
    before: State = {}
    with Reader(going.server, root, whole=True) as reader:
        for number in range(36):
            shutil.rmtree(local, ignore_errors=True)
            new = write_folder(local, number, going.dice)
            whole = sum(content.size for content in new.values())
            if number % 4 == 0:  # else the folder before is replaced
                going.run = new_run(going.server)
                root, before = f"{root_of(going.run)}/model", {}
            after = {**before, **new}
            reader.allow(before, after, folder=root)
            outcome = going.kill_during(whole, UP, "log_artifacts", str(local), "model")
            seen = state_on(going.server, root)
            assert seen in (before, after)
            if outcome.answer is None:
                there = whole if seen == after else going.proxy.up
                going.call("log_artifacts", str(local), "model")
                assert going.proxy.up <= whole - there + AT_ONCE * 2 * PART + HEADS
            assert state_on(going.server, root) == after
            assert left_over(going.server.folder) == []
            before = after
            reader.allow(before)
            reader.check()
        assert reader.looks > 36
        assert reader.reads > 20
    assert going.kills >= 36


def write_folder(folder: Path, seed: int, dice: random.Random) -> dict[str, Content]:
    """Small files, files of about a part, and one of several parts."""
    sizes = {f"small/{number}.txt": dice.randrange(1, 20_000) for number in range(20)}
    sizes |= {f"middle/{number}": dice.randrange(PART, PART + 50_000) for number in range(6)}
    sizes["large.bin"] = dice.randrange(4 * PART, 8 * PART)
    return {
        path: write(folder / path, size, seed * 1000 + number)
        for number, (path, size) in enumerate(sizes.items())
    }


def test_a_download_is_whole_or_absent(rounds: Callable[[int], Rounds], tmp_path: Path) -> None:
    going = rounds(3)
    local = tmp_path / "model.bin"
    target = tmp_path / "fetched"
    before: State = {}
    for number in range(36):
        size = going.dice.randrange(8 * PART, 20 * PART)
        after = {"model.bin": write(local, size, number)}
        done(going.server.url, tmp_path, "log_artifact", going.run, str(local))
        target.mkdir(exist_ok=True)
        outcome = going.kill_during(size, DOWN, "download_artifacts", "model.bin", str(target))
        seen = state_of(target)
        assert seen in (before, after)
        if outcome.answer is None:
            there = size if seen == after else going.proxy.down
            going.call("download_artifacts", "model.bin", str(target))
            assert going.proxy.down <= size - there + (AT_ONCE + 1) * PART + HEADS
        assert state_of(target) == after
        assert left_over(target) == []
        before = after
        if number % 3 == 0:  # else the file is replaced
            shutil.rmtree(target)
            before = {}
    assert going.kills >= 36
