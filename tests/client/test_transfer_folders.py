"""Folders between this machine and a server: as a whole, in batches, without what is there."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from mlflow.blobs.place import Damaged
from mlflow.client import transfer
from mlflow.exceptions import MlflowException
from tests.client.test_transfer import HEADS, child, ended, kept, killed_after, place_at
from tests.servers.fault_proxy import DOWN, UP, FaultProxy, call, cut, flip, stall
from tests.servers.millstream import RunningServer

#: small files and their bytes, and those of one that comes in parts
FILES, BYTES, LARGE = 300, 30_000, 17_000_000
ALL = FILES * BYTES + LARGE
PART = 1024 * 1024


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with many small files, a middle one, and a large one."""
    folder = tmp_path / "tree"
    for number in range(FILES):
        below = folder / f"sub {number % 7}"
        below.mkdir(parents=True, exist_ok=True)
        (below / f"ü{number}.bin").write_bytes(os.urandom(BYTES))
    (folder / "empty").write_bytes(b"")
    (folder / ("long" * 50)).write_bytes(os.urandom(300_000))
    (folder / "large.bin").write_bytes(os.urandom(LARGE))
    return folder


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(PART))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0.01")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0.01")


@pytest.fixture
def proxy(running_server: RunningServer) -> Any:
    with FaultProxy(running_server.url) as proxy:
        yield proxy


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def fetched(proxy: FaultProxy, to: Path) -> dict[str, bytes]:
    return contents(transfer.fetch(place_at(proxy.url), "to", to))


def test_a_folder_there_and_back(proxy: FaultProxy, tree: Path, tmp_path: Path) -> None:
    place = place_at(proxy.url)
    transfer.send_folder(place, tree, "to")
    assert proxy.up < ALL * 1.1
    assert fetched(proxy, tmp_path / "got") == contents(tree)
    assert {one.path for one in place.walk("to")} == set(contents(tree))


def test_small_files_come_together(proxy: FaultProxy, tree: Path, tmp_path: Path) -> None:
    (tree / "large.bin").unlink()
    place = place_at(proxy.url)
    transfer.send_folder(place, tree, "to")
    proxy.forget()
    assert fetched(proxy, tmp_path / "got") == contents(tree)
    assert FILES * BYTES < proxy.down < FILES * BYTES * 1.2
    # Their names are asked for: a request for each of them would be many times that.
    assert proxy.up < FILES * 40 + 20 * HEADS


def test_a_small_file_that_is_damaged_at_the_server_is_named(
    running_server: RunningServer, tree: Path, tmp_path: Path
) -> None:
    (tree / "large.bin").unlink()
    place = place_at(running_server.url)
    transfer.send_folder(place, tree, "to")
    there = kept(running_server) / "to/sub 3/ü3.bin"
    status = there.stat()
    with there.open("r+b") as file:
        file.write(b"damaged")
    os.utime(there, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(Damaged, match=r"'to/sub 3/ü3\.bin' is damaged"):
        transfer.fetch(place, "to", tmp_path / "got")
    assert not (tmp_path / "got/to/sub 3/ü3.bin").exists()


def test_what_is_there_is_not_sent_again(proxy: FaultProxy, tree: Path, tmp_path: Path) -> None:
    place = place_at(proxy.url)
    transfer.send_folder(place, tree, "to")
    proxy.forget()
    transfer.send_folder(place, tree, "to")
    assert proxy.up < 10 * HEADS
    (tree / "sub 0/ü0.bin").write_bytes(os.urandom(BYTES))
    (tree / "new").write_bytes(b"new")
    proxy.forget()
    transfer.send_folder(place, tree, "to")
    assert proxy.up < BYTES + 20 * HEADS
    assert fetched(proxy, tmp_path / "got") == contents(tree)


def test_a_folder_appears_as_a_whole(proxy: FaultProxy, tree: Path, tmp_path: Path) -> None:
    killed_after(proxy, ALL * 2 // 3, "folder", tree)
    place = place_at(proxy.url)
    assert place.list() == []
    assert [*place.walk()] == []
    proxy.forget()
    transfer.send_folder(place, tree, "to")
    # What each of the four threads was sending is lost, and the third that was not sent yet.
    assert proxy.up < ALL // 3 + 6 * PART
    assert fetched(proxy, tmp_path / "got") == contents(tree)


@pytest.mark.parametrize("size", [200_000, LARGE])
def test_who_fetches_a_folder_gets_the_old_one_or_the_new_one(
    proxy: FaultProxy, running_server: RunningServer, tmp_path: Path, size: int
) -> None:
    count = 20 if size < LARGE else 2
    folder = tmp_path / "model"
    folder.mkdir()

    def write(content: bytes) -> None:
        for number in range(count):
            (folder / f"{number:02}").write_bytes(content * size)
        (folder / "same").write_bytes(b"same")

    def replace() -> None:
        write(b"2")
        transfer.send_folder(place_at(running_server.url), folder, "to")

    write(b"1")
    transfer.send_folder(place_at(proxy.url), folder, "to")
    last = "archive/x/to?names=10" if size < LARGE else "artifacts/x/to/01"
    proxy.add(call(replace, 0, request=f"GET /api/2.0/mlflow-artifacts/{last}".encode()))
    assert fetched(proxy, tmp_path / "got") == contents(folder)
    assert not proxy.pending()
    assert set((tmp_path / "got/to/00").read_bytes()) == set(b"2")


def test_a_folder_that_is_there_keeps_its_other_files(
    running_server: RunningServer, tree: Path, tmp_path: Path
) -> None:
    place = place_at(running_server.url)
    transfer.put_bytes(place, "to/other", b"other")
    transfer.put_bytes(place, "to/empty", b"not empty")
    transfer.send_folder(place, tree, "to")
    got = contents(transfer.fetch(place, "to", tmp_path / "got"))
    assert got == contents(tree) | {"other": b"other"}


@pytest.mark.parametrize(
    ("request_line", "side"),
    [
        (b"PUT /api/2.0/mlflow-artifacts/archive", UP),
        (b"PUT /api/2.0/mlflow-artifacts/archive", DOWN),
        (b"POST /api/2.0/mlflow-artifacts/staging/create", DOWN),
        (b"POST /api/2.0/mlflow-artifacts/staging/complete", DOWN),
        (b"POST /api/2.0/mlflow-artifacts/mpu/complete", DOWN),
    ],
)
def test_lost_answers(
    proxy: FaultProxy, tree: Path, tmp_path: Path, request_line: bytes, side: Any
) -> None:
    proxy.add(cut(0 if side == DOWN else 5000, side, request_line))
    transfer.send_folder(place_at(proxy.url), tree, "to")
    assert not proxy.pending()
    assert fetched(proxy, tmp_path / "got") == contents(tree)


def test_damage_on_the_way_is_mended(proxy: FaultProxy, tree: Path, tmp_path: Path) -> None:
    request = b"PUT /api/2.0/mlflow-artifacts/archive"
    proxy.add(flip(100_000, request=request, in_body=True, times=2))
    proxy.add(flip(10, DOWN, request=b"GET /api/2.0/mlflow-artifacts/artifacts/", in_body=True))
    # In a header of an archive, and in a content.
    proxy.add(flip(10, DOWN, request=b"GET /api/2.0/mlflow-artifacts/archive/", in_body=True))
    proxy.add(flip(100_000, DOWN, request=b"GET /api/2.0/mlflow-artifacts/archive/", in_body=True))
    transfer.send_folder(place_at(proxy.url), tree, "to")
    assert fetched(proxy, tmp_path / "got") == contents(tree)


def test_an_interrupt_leaves_it_to_be_gone_on_with(
    proxy: FaultProxy, tree: Path, tmp_path: Path
) -> None:
    proxy.add(*[stall(100_000, request=b"PUT ", in_body=True) for _ in range(3)])
    process = child(proxy.url, "folder", tree)
    while proxy.pending():
        assert process.poll() is None
        threading.Event().wait(0.01)
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert "Interrupted: " in said
    assert f"files of {tree} were sent; call it again for the rest" in said
    proxy.cut()
    transfer.send_folder(place_at(proxy.url), tree, "to")
    assert fetched(proxy, tmp_path / "got") == contents(tree)


def test_nothing_is_sent_of_a_folder_with_a_name_that_cannot_be_kept(
    proxy: FaultProxy, tree: Path
) -> None:
    (tree / "sub 6/what?").write_bytes(b"")
    with pytest.raises(MlflowException, match=r"what\?"):
        transfer.send_folder(place_at(proxy.url), tree, "to")
    assert proxy.up == 0


def test_what_is_no_file_is_left_out(
    running_server: RunningServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "file").write_bytes(b"x")
    place = place_at(running_server.url)
    with caplog.at_level(logging.WARNING):
        transfer.send_folder(place, folder, "")
    assert "pipe is left out: it is no file" in caplog.text
    assert [blob.name for blob in place.list()] == ["file"]


def test_behind_a_proxy_that_takes_small_bodies_only(
    running_server: RunningServer, nginx_in_front: Any, tree: Path, tmp_path: Path
) -> None:
    nginx = nginx_in_front(running_server.url)
    place = place_at(nginx.url)
    transfer.send_folder(place, tree, "to")
    refused = [size for status, _, size in nginx.answered() if status == 413]
    assert 0 < len(refused) <= 8  # what was on its way when the first was refused
    transfer.send_file(place, tree / "large.bin", "")
    with (tree / "large.bin").open("rb") as stream:
        transfer.send_stream(place, "streamed", stream)
    assert len([1 for status, *_ in nginx.answered() if status == 413]) == len(refused)
    straight = place_at(running_server.url)
    got = transfer.fetch(straight, "", tmp_path / "got", name="")
    assert contents(got / "to") == contents(tree)
    assert (got / "large.bin").read_bytes() == (got / "streamed").read_bytes()
    assert (got / "large.bin").read_bytes() == (tree / "large.bin").read_bytes()


def test_a_proxy_that_takes_even_less(
    running_server: RunningServer, nginx_in_front: Any, tree: Path, tmp_path: Path
) -> None:
    place = place_at(nginx_in_front(running_server.url, "client_max_body_size 100k;").url)
    transfer.send_folder(place, tree, "to")
    got = transfer.fetch(place, "to", tmp_path / "got")
    assert contents(got) == contents(tree)


def test_a_proxy_that_takes_nothing(
    running_server: RunningServer, nginx_in_front: Any, tree: Path
) -> None:
    place = place_at(nginx_in_front(running_server.url, "client_max_body_size 10k;").url)
    with pytest.raises(MlflowException, match="client_max_body_size"):
        transfer.send_file(place, tree / "large.bin", "")
