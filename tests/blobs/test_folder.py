"""A folder as a place for artifacts: whole or not at all, and nothing outside of it."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from mlflow.blobs import Blob, Folder, NoRoom
from mlflow.blobs.disk import locks
from mlflow.blobs.disk.folder import failure
from mlflow.blobs.place import BrokenOff, Place
from mlflow.blobs.uri import PARTIAL
from mlflow.exceptions import MlflowException
from tests.blobs.contract import Contract, PartsContract, StagingContract
from tests.blobs.spellings import ALLOWED, REFUSED


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "root")


class TestContract(Contract, PartsContract, StagingContract):
    @pytest.fixture
    def place(self, folder: Folder) -> Place:
        return folder


def put(folder: Folder, path: str, content: bytes = b"content") -> None:
    folder.put(path, BytesIO(content))


def content(folder: Folder, path: str) -> bytes:
    with folder.get(path) as reading:
        pieces = b"".join(reading.pieces())
        assert reading.size == len(pieces)
        return pieces


def leftovers(folder: Folder) -> list[str]:
    place = folder.root / PARTIAL
    return os.listdir(place) if place.exists() else []


class Failing(BytesIO):
    """A stream that breaks after its first piece."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise ConnectionResetError
        self.seek(10)
        return b"first part"


def test_put_get_list_delete(folder: Folder) -> None:
    assert folder.list() == []
    big = os.urandom(3 * 1024 * 1024 + 17)
    put(folder, "b.bin", big)
    put(folder, "a/x.txt", b"x")
    put(folder, "a/empty", b"")
    assert content(folder, "b.bin") == big
    assert content(folder, "a/empty") == b""
    assert folder.list() == [Blob("a", True), Blob("b.bin", False, len(big))]
    assert folder.list("a") == [Blob("empty", False, 0), Blob("x.txt", False, 1)]
    assert folder.list("b.bin") == folder.list("nothing") == folder.list("a/x.txt/y") == []
    put(folder, "b.bin", b"new")
    assert content(folder, "b.bin") == b"new"
    assert folder.delete("a")
    assert not folder.delete("a")
    assert not folder.delete("x/y/z")
    assert folder.list() == [Blob("b.bin", False, 3)]
    assert leftovers(folder) == []


@pytest.mark.parametrize("path", ALLOWED, ids=ascii)
def test_any_allowed_name_is_kept(folder: Folder, path: str) -> None:
    put(folder, path)
    assert content(folder, path) == b"content"
    parent, _, name = path.rpartition("/")
    assert Blob(name, False, 7) in folder.list(parent)
    assert folder.delete(path)


@pytest.mark.parametrize("path", REFUSED, ids=ascii)
def test_nothing_outside_is_touched(tmp_path: Path, folder: Folder, path: str) -> None:
    put(folder, "inside")
    before = sorted(tmp_path.rglob("*"))
    for work in (folder.list, folder.delete, folder.open, folder.path_of, folder.delete_empty):
        with pytest.raises(MlflowException, match="Invalid artifact path"):
            work(path)
    with pytest.raises(MlflowException, match="Invalid artifact path"):
        put(folder, path)
    assert sorted(tmp_path.rglob("*")) == before


def test_links_are_not_followed(tmp_path: Path, folder: Folder) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    put(folder, "a/real")
    (folder.root / "link").symlink_to(outside)
    (folder.root / "a/file").symlink_to(outside / "secret")
    (folder.root / "dangling").symlink_to(tmp_path / "new")
    os.mkfifo(folder.root / "pipe")
    assert folder.list() == [Blob("a", True)]
    assert folder.list("a") == [Blob("real", False, 7)]
    assert folder.list("link") == []
    for path in ("link/secret", "a/file", "dangling", "pipe"):
        with pytest.raises(MlflowException, match="There is no artifact"):
            folder.open(path)
        assert folder.path_of(path) is None
    with pytest.raises(MlflowException, match="links are not followed"):
        put(folder, "link/new")
    with pytest.raises(MlflowException, match="links are not followed"):
        folder.delete("link/secret")
    with pytest.raises(MlflowException, match="links are not followed"):
        folder.delete("link")
    put(folder, "a/file", b"mine")  # takes the link's place
    put(folder, "dangling", b"mine")
    assert not (folder.root / "a/file").is_symlink()
    assert not (tmp_path / "new").exists()
    (folder.root / "a/loop").symlink_to(folder.root)
    assert folder.delete("a")  # with the links in it, and nothing behind them
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "secret"


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    put(Folder(tmp_path / "root"), "a")
    assert (tmp_path / "real/a").read_text() == "content"


def test_a_broken_stream_leaves_nothing(folder: Folder) -> None:
    put(folder, "there", b"old")
    for path in ("there", "new/one"):
        with pytest.raises(ConnectionResetError):
            folder.put(path, cast("BinaryIO", Failing()))
    assert content(folder, "there") == b"old"
    assert folder.list() == [Blob("there", False, 3)]
    assert leftovers(folder) == []


def test_a_part_is_seen_by_nobody(folder: Folder) -> None:
    with folder.writing("a/b") as writing:
        writing.write(b"half")
        assert folder.list() == []
        assert len(leftovers(folder)) == 1
        with pytest.raises(MlflowException, match="There is no artifact"):
            folder.open("a/b")
        writing.write(b" and half")
        writing.finish()
    assert content(folder, "a/b") == b"half and half"
    assert leftovers(folder) == []


def test_a_reader_has_the_old_file_to_its_end(folder: Folder) -> None:
    put(folder, "a", b"old" * 1000)
    with folder.get("a") as reading:
        put(folder, "a", b"new")
        assert b"".join(reading.pieces()) == b"old" * 1000
    assert content(folder, "a") == b"new"


def test_a_file_that_is_cut_while_it_is_read_is_told(folder: Folder) -> None:
    put(folder, "a", b"x" * 100)
    with folder.get("a") as reading:
        os.truncate(folder.root / "a", 50)
        with pytest.raises(BrokenOff, match="shorter"):
            b"".join(reading.pieces())


def test_files_and_folders_do_not_take_each_others_place(folder: Folder) -> None:
    put(folder, "a/b")
    with pytest.raises(MlflowException, match="there is a folder of that name"):
        put(folder, "a")
    with pytest.raises(MlflowException, match="is a file or a link"):
        put(folder, "a/b/c")
    with pytest.raises(MlflowException, match="is a folder; only files"):
        folder.open("a")
    assert leftovers(folder) == []
    assert folder.path_of("a") == folder.root / "a"
    assert folder.path_of("") == folder.root
    assert folder.path_of("a/none") is None


def test_what_killed_processes_left_goes_by_age(folder: Folder) -> None:
    put(folder, "a/b")
    aside = folder.root / PARTIAL
    (aside / "tree/inner").mkdir(parents=True)
    for name in ("old", "young", "tree/inner/file"):
        (aside / name).write_text("part")
    before = time.time() - 8 * 24 * 3600
    for name in ("old", "tree", "tree/inner"):
        os.utime(aside / name, (before, before))
    assert folder.list() == [Blob("a", True)]
    assert folder.sweep(dry=True)[0] == 1
    assert folder.sweep()[0] == 1  # a file in `tree` was written to
    os.utime(aside / "tree/inner/file", (before, before))
    assert folder.sweep_own() == 1
    assert leftovers(folder) == ["young"]
    below = folder.root / "a" / PARTIAL
    below.mkdir()
    (below / "x").write_text("part")
    os.utime(below / "x", (before, before))
    assert folder.list("a") == [Blob("b", False, 7)]
    assert folder.sweep_own() == 0
    count, size = folder.sweep(3600)
    assert count == 1
    assert size >= 4
    assert folder.sweep(-60)[0] == 1
    assert not aside.exists()
    assert not below.exists()
    assert content(folder, "a/b") == b"content"


def test_a_passing_folder_leaves_no_trace(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "root", passing=True)
    put(folder, "a/b/c")
    assert [path.name for path in folder.root.iterdir()] == ["a"]
    folder.delete("a/b")
    assert folder.delete_empty("a")
    assert not folder.delete_empty("a")
    assert list(folder.root.iterdir()) == []


def test_tags_tell_contents_apart(folder: Folder) -> None:
    put(folder, "a", b"one")
    with folder.get("a") as first:
        put(folder, "a", b"two")
        with folder.get("a") as second:
            assert first.found.tag != second.found.tag


@pytest.mark.parametrize(
    ("number", "kind", "code", "words"),
    [
        (errno.ENOSPC, NoRoom, "RESOURCE_EXHAUSTED", "There is no room"),
        (errno.EDQUOT, NoRoom, "RESOURCE_EXHAUSTED", "Nothing was kept"),
        (errno.EACCES, MlflowException, "PERMISSION_DENIED", "Permission denied"),
        (errno.EROFS, MlflowException, "PERMISSION_DENIED", "Read-only"),
        (errno.ENAMETOOLONG, MlflowException, "INVALID_PARAMETER_VALUE", "too long"),
        (errno.EIO, MlflowException, "INTERNAL_ERROR", "cannot be kept or read"),
    ],
)
def test_what_the_disk_refuses(
    number: int, kind: type[MlflowException], code: str, words: str
) -> None:
    error = failure(OSError(number, os.strerror(number), "/a/secret/folder"), "a/b")
    assert type(error) is kind
    assert error.error_code == code
    assert words in error.message
    assert "secret" not in error.message


def test_a_full_disk_keeps_nothing(folder: Folder) -> None:
    with folder.writing("a") as writing:
        real = writing._file
        writing._file = os.open("/dev/full", os.O_WRONLY)
        os.close(real)
        with pytest.raises(NoRoom, match="There is no room"):
            writing.write(b"x" * 100_000)
    assert folder.list() == []
    assert leftovers(folder) == []


def test_a_folder_above_that_others_keep_locked_is_waited_for_once(
    tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_PATIENCE_ABOVE", 0.5)
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        began = time.monotonic()
        for number in range(40):
            put(folder, f"a/{number}", b"x")
        assert time.monotonic() - began < 10  # not 40 times 0.5 s
    finally:
        os.close(handle)
    assert len(folder.list("a")) == 40


def test_folders_on_the_way_to_the_root_reach_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync = os.fsync

    def watched(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        sync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    put(Folder(tmp_path / "x/y/root"), "a", b"x")
    assert {str(tmp_path), f"{tmp_path}/x", f"{tmp_path}/x/y", f"{tmp_path}/x/y/root"} <= {*synced}


def test_batches_of_several_threads_that_leave_no_trace(tmp_path: Path) -> None:
    """Who is done removes the folder for unfinished files, in which others are about to begin."""
    folder = Folder(tmp_path / "root", passing=True)

    def batches(thread: int) -> None:
        for number in range(100):
            folder.put_batch([(f"{thread}/{number}", b"x"), (f"{thread}/{number}b", b"y")])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(batches, range(4)))
    assert len(list(folder.walk())) == 800
    assert not (tmp_path / "root" / PARTIAL).exists()
