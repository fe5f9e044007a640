"""Artifacts and disks: full, closed, or with something else in the way, at either end.

One sentence says what is wrong; nothing half done is visible; with the cause gone the same call
goes on where it stopped.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from tests.faults.artifact_clients import PART, SETTINGS, Client
from tests.faults.artifacts import new_run, root_of, state_of, state_on, write
from tests.servers.fixtures import ProxyInFront, StartServer

MIB = 1024 * 1024
DISK = 12 * MIB
SIZE = 8 * MIB
HEADS = 64 * 1024


class Disk:
    """A folder that can be full; a file system of its own where one can be mounted.

    Elsewhere whoever writes to it is limited, by `RLIMIT_FSIZE`.
    """

    def __init__(self, folder: Path, mounted: bool) -> None:
        self.folder = folder
        self.mounted = mounted
        self._ballast = folder / "ballast"

    def fill(self, pid: int, left: int = 0) -> None:
        """Leave room for `left` bytes; `pid` is the process that writes."""
        if not self.mounted:
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (left, hard))
            return
        with self._ballast.open("wb", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(4096))
        os.truncate(self._ballast, max(0, self._ballast.stat().st_size - left))

    def make_room(self, pid: int) -> None:
        """Give the room back."""
        if self.mounted:
            self._ballast.unlink()
        else:
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)]
    mounted = (
        os.geteuid() == 0
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )
    try:
        yield Disk(folder, mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")


def test_the_servers_disk_is_full_from_the_beginning(
    start_server: StartServer, disk: Disk, tmp_path: Path
) -> None:
    server = start_server(None, "--artifacts-destination", str(disk.folder / "kept"))
    run = new_run(server)
    client = MlflowClient(server.url)
    disk.fill(server.pid)
    for size in (SIZE, 100_000):
        content = write(tmp_path / "model.bin", size, size)
        with pytest.raises(MlflowException) as caught:
            client.log_artifact(run, str(tmp_path / "model.bin"))
        assert caught.value.error_code == "RESOURCE_EXHAUSTED"
        assert state_on(server, root_of(run)) == {}
    disk.make_room(server.pid)
    client.log_artifact(run, str(tmp_path / "model.bin"))
    assert state_on(server, root_of(run)) == {"model.bin": content}
    assert "Traceback" not in server.log.read_text()


def test_the_servers_disk_gets_full_on_the_way(
    start_server: StartServer, fault_proxy: ProxyInFront, disk: Disk, tmp_path: Path
) -> None:
    server = start_server(None, "--artifacts-destination", str(disk.folder / "kept"))
    proxy = fault_proxy(server.url)
    run = new_run(server)
    client = MlflowClient(proxy.url)
    content = write(tmp_path / "model.bin", SIZE, 1)
    proxy.when(SIZE // 2, lambda: disk.fill(server.pid))
    with pytest.raises(MlflowException) as caught:
        client.log_artifact(run, str(tmp_path / "model.bin"))
    assert caught.value.error_code == "RESOURCE_EXHAUSTED"
    assert "model.bin" in caught.value.message
    assert "\n" not in caught.value.message
    assert state_on(server, root_of(run)) == {}
    disk.make_room(server.pid)
    proxy.forget()
    client.log_artifact(run, str(tmp_path / "model.bin"))
    assert state_on(server, root_of(run)) == {"model.bin": content}
    assert proxy.up <= SIZE - SIZE // 2 + 9 * PART + HEADS


def test_the_servers_disk_gets_full_during_a_folder(
    start_server: StartServer, disk: Disk, tmp_path: Path
) -> None:
    server = start_server(None, "--artifacts-destination", str(disk.folder / "kept"))
    run = new_run(server)
    client = MlflowClient(server.url)
    local = tmp_path / "model"
    old = {"a": write(local / "a", 1000, 1)}
    client.log_artifacts(run, str(local), "model")
    new = {f"{number}": write(local / f"{number}", 150_000, number) for number in range(30)}
    disk.fill(server.pid, 2 * MIB if disk.mounted else 100_000)
    with pytest.raises(MlflowException) as caught:
        client.log_artifacts(run, str(local), "model")
    assert caught.value.error_code == "RESOURCE_EXHAUSTED"
    assert state_on(server, f"{root_of(run)}/model") == old
    disk.make_room(server.pid)
    client.log_artifacts(run, str(local), "model")
    assert state_on(server, f"{root_of(run)}/model") == {**old, **new}


@pytest.mark.parametrize("size", [SIZE, 100_000])
def test_the_clients_disk_gets_full(
    start_server: StartServer,
    fault_proxy: ProxyInFront,
    disk: Disk,
    tmp_path: Path,
    size: int,
) -> None:
    server = start_server()
    run = new_run(server)
    content = write(tmp_path / "model.bin", size, 1)
    MlflowClient(server.url).log_artifact(run, str(tmp_path / "model.bin"))
    target = disk.folder / "fetched"
    proxy = fault_proxy(server.url)
    begun = threading.Event()

    def fill() -> None:
        begun.wait()
        disk.fill(client.pid)

    proxy.when(size // 2, fill, side="down")
    client = Client(proxy.url, tmp_path, "download_artifacts", run, "model.bin", str(target))
    begun.set()
    outcome = client.outcome()
    assert outcome.code == "RESOURCE_EXHAUSTED", outcome
    assert "\n" not in outcome.error
    assert state_of(target) == {}
    disk.make_room(os.getpid())
    proxy.clear()
    proxy.forget()
    MlflowClient(proxy.url).download_artifacts(run, "model.bin", str(target))
    assert state_of(target) == {"model.bin": content}
    assert proxy.down <= size // 2 + 9 * PART + HEADS


class Closed:
    """A folder that may not be written to, and then may."""

    def __init__(self, folder: Path, mounted: bool) -> None:
        self.folder = folder
        self._mounted = mounted

    def open(self) -> None:
        if self._mounted:
            subprocess.run(["mount", "-o", "remount,rw", str(self.folder)], check=True)
        else:
            self.folder.chmod(0o755)

    def close(self) -> None:
        if self._mounted:
            subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)
        else:
            self.folder.chmod(0o555)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Closed]:
    """A folder without write permission; to root, to whom all is permitted, a read-only disk."""
    folder = tmp_path / "closed"
    folder.mkdir()
    is_root = os.geteuid() == 0
    if is_root:
        subprocess.run(["mount", "-t", "tmpfs", "none", str(folder)], check=True)
    closed = Closed(folder, is_root)
    closed.close()
    try:
        yield closed
    finally:
        closed.open()
        if is_root:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def test_the_server_may_not_write(
    start_server: StartServer, closed: Closed, tmp_path: Path
) -> None:
    closed.open()
    (closed.folder / "kept").mkdir()
    server = start_server(None, "--artifacts-destination", str(closed.folder))
    run = new_run(server)
    client = MlflowClient(server.url)
    closed.close()
    local = tmp_path / "model"
    state = {
        "small": write(local / "small", 1000, 1),
        "large": write(local / "large", 5 * PART, 2),
    }
    for name in ("small", "large", ""):  # the folder itself is the last
        with pytest.raises(MlflowException) as caught:
            client.log_artifact(run, str(local / name))
        assert "\n" not in caught.value.message
        assert str(closed.folder) not in caught.value.message
        assert state_on(server, root_of(run)) == {}
    closed.open()
    client.log_artifact(run, str(local))
    assert state_on(server, f"{root_of(run)}/model") == state


def test_the_client_may_not_write(
    start_server: StartServer, closed: Closed, tmp_path: Path
) -> None:
    server = start_server()
    run = new_run(server)
    content = write(tmp_path / "model.bin", 5 * PART, 2)
    client = MlflowClient(server.url)
    client.log_artifact(run, str(tmp_path / "model.bin"))
    with pytest.raises((MlflowException, OSError)) as caught:
        client.download_artifacts(run, "model.bin", str(closed.folder))
    assert str(closed.folder) in str(caught.value)
    closed.open()
    client.download_artifacts(run, "model.bin", str(closed.folder))
    assert state_of(closed.folder) == {"model.bin": content}


def test_something_else_is_in_the_way(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    run = new_run(server)
    client = MlflowClient(server.url)
    local = tmp_path / "model"
    state = {"a/b": write(local / "a/b", 1000, 1), "c": write(local / "c", 5 * PART, 2)}
    client.log_text(run, "text", "model")
    client.log_text(run, "text", "other/a")
    before = state_on(server, root_of(run))
    for folder in ("model", "other"):
        with pytest.raises(MlflowException) as caught:
            client.log_artifacts(run, str(local), folder)
        assert caught.value.error_code in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST")
        assert state_on(server, root_of(run)) == before
    client.log_artifacts(run, str(local), "third")
    assert state_on(server, f"{root_of(run)}/third") == state
