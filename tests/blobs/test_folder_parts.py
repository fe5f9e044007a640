"""Files on disk that are put together from parts: locks, reboots, many at once, a full disk."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mlflow.blobs import Folder, NoRoom, digests
from mlflow.blobs.place import Busy, Damaged, Part, Vanished
from mlflow.blobs.uri import PARTIAL
from mlflow.exceptions import MlflowException
from tests.blobs.contract import content, paths, put, send

_PIECES = [b"a" * 1000, b"b" * 1000, b"c" * 7]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "root")


def begin(folder: Folder, path: str = "m/big") -> str:
    return folder.parts.begin(path, 2007, 1000)


def send_all(folder: Folder, upload: str, path: str = "m/big") -> list[Part]:
    return [send(folder.parts, path, upload, n, piece) for n, piece in enumerate(_PIECES, 1)]


def test_a_part_of_two_clients(folder: Folder) -> None:
    upload = begin(folder)
    first = folder.parts.writing_part("m/big", upload, 1, 1000)
    first.write(b"x" * 1000)
    with pytest.raises(Busy):
        send(folder.parts, "m/big", upload, 1, _PIECES[0])
    send(folder.parts, "m/big", upload, 2, _PIECES[1])
    first.discard()
    assert set(folder.parts.unfinished("m/big")[0].parts) == {2}
    sent = send_all(folder, upload)
    folder.parts.finish("m/big", upload, sent)
    assert content(folder, "m/big") == b"".join(_PIECES)


def test_a_duplicate_that_is_late_changes_nothing(folder: Folder) -> None:
    upload = begin(folder)
    sent = send_all(folder, upload)
    late = folder.parts.writing_part("m/big", upload, 1, 1000)
    late.write(b"x" * 500)
    with pytest.raises(Busy):  # it may still write into the file
        folder.parts.finish("m/big", upload, sent)
    assert paths(folder) == []
    late.discard()
    with pytest.raises(Damaged, match=r"another content: 1\."):
        folder.parts.finish("m/big", upload, sent)
    send(folder.parts, "m/big", upload, 1, _PIECES[0])
    folder.parts.finish("m/big", upload, sent)
    with pytest.raises(Vanished):
        folder.parts.writing_part("m/big", upload, 1, 1000)
    assert content(folder, "m/big") == b"".join(_PIECES)


def test_a_digest_is_computed(folder: Folder) -> None:
    upload = begin(folder)
    with folder.parts.writing_part("m/big", upload, 3, 7) as writing:
        writing.write(_PIECES[2])
        writing.finish()
    value = digests.of("sha256", [_PIECES[2]])
    assert writing.digest == value
    assert folder.parts.unfinished("m/big")[0].parts == {3: Part(value, 7)}


def test_sizes_must_be_right(folder: Folder) -> None:
    upload = begin(folder)
    for number, size in ((0, 1000), (4, 1000), (1, 7), (3, 1000), (-1, 1000)):
        with pytest.raises(MlflowException) as caught:
            folder.parts.writing_part("m/big", upload, number, size)
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    for there in (b"x" * 999, b"x" * 1001):
        value = digests.of("sha256", [there])
        with pytest.raises(Damaged):
            folder.parts.put_part("m/big", upload, 1, lambda: [there], 1000, value)  # noqa: B023
    for size, part_size in ((-1, 10), (10, 0), (10, -1)):
        with pytest.raises(MlflowException):
            folder.parts.begin("x", size, part_size)
    assert folder.parts.unfinished("m/big")[0].parts == {}


def test_another_path_is_another_file(folder: Folder) -> None:
    upload = begin(folder)
    sent = send_all(folder, upload)
    with pytest.raises(Vanished):
        folder.parts.finish("m/other", upload, sent)
    folder.parts.abort("m/other", upload)
    folder.parts.finish("m/big", upload, sent)


def test_what_cannot_become_visible_is_refused_at_once(folder: Folder) -> None:
    put(folder, "a/b")
    for path, words in (("a", "there is a folder"), ("a/b/c", "is a file or a link")):
        with pytest.raises(MlflowException, match=words):
            folder.parts.begin(path, 10, 10)


def test_the_newest_comes_first(folder: Folder) -> None:
    first, second = begin(folder), begin(folder)
    begin(folder, "m/other")
    assert [one.upload_id for one in folder.parts.unfinished("m/big")] == [second, first]


def test_the_digest_of_parts_is_kept(folder: Folder) -> None:
    upload = begin(folder)
    sent = send_all(folder, upload)
    folder.parts.finish("m/big", upload, sent)
    wanted = digests.of_parts("sha256", 1000, [part.digest for part in sent])
    found = folder.look("m/big")
    assert found is not None
    assert found.digest == folder.digest("m/big") == wanted
    (folder.root / "m/big").write_bytes(b"edited")
    found = folder.look("m/big")
    assert found is not None
    assert found.digest is None
    assert str(folder.digest("m/big")) == f"sha256:{digests.of('sha256', [b'edited'])}"
    found = folder.look("m/big")
    assert found is not None
    assert found.digest == folder.digest("m/big")


def reboot(folder: Folder, upload: str) -> Path:
    """Let the records seem to be of an earlier start of the machine."""
    place = folder.root / PARTIAL / upload
    for record in place.iterdir():
        if record.name.isdecimal():
            there = json.loads(record.read_text())
            record.write_text(json.dumps({**there, "boot": "an earlier one"}))
    return place


def test_after_a_reboot_the_data_decides(folder: Folder) -> None:
    upload = begin(folder)
    sent = send_all(folder, upload)
    place = reboot(folder, upload)
    with (place / "data").open("r+b") as data:
        data.seek(1500)
        data.write(b"\0" * 10)  # never reached the disk
    [one] = folder.parts.unfinished("m/big")
    assert one.parts == {1: sent[0], 3: sent[2]}
    send(folder.parts, "m/big", upload, 2, _PIECES[1])
    folder.parts.finish("m/big", upload, sent)
    assert content(folder, "m/big") == b"".join(_PIECES)


def test_finishing_after_a_reboot_looks_too(folder: Folder) -> None:
    upload = begin(folder)
    sent = send_all(folder, upload)
    place = reboot(folder, upload)
    (place / "data").write_bytes(b"".join(_PIECES[:2]))
    with pytest.raises(Damaged, match=r"content: 3\."):
        folder.parts.finish("m/big", upload, sent)
    assert paths(folder) == []


@pytest.mark.parametrize("name", ["info", "1", "data"])
def test_links_among_the_parts_are_not_followed(tmp_path: Path, folder: Folder, name: str) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"outside")
    upload = begin(folder)
    there = folder.root / PARTIAL / upload / name
    there.unlink(missing_ok=True)
    there.symlink_to(outside)
    with pytest.raises(MlflowException):
        send(folder.parts, "m/big", upload, 1, _PIECES[0])
    assert outside.read_bytes() == b"outside"
    # An upload id leads nowhere else either.
    (folder.root / PARTIAL / ("f" * 32)).symlink_to(tmp_path)
    with pytest.raises(MlflowException):
        send(folder.parts, "m/big", "f" * 32, 1, _PIECES[0])
    assert outside.read_bytes() == b"outside"


def test_many_threads_and_processes_worth_of_folders(folder: Folder) -> None:
    upload = folder.parts.begin("big", 100_000, 1000)
    pieces = [os.urandom(1000) for _ in range(100)]
    with ThreadPoolExecutor(8) as pool:
        sent = list(
            pool.map(
                lambda n: send(Folder(folder.root).parts, "big", upload, n, pieces[n - 1]),
                range(1, 101),
            )
        )
    folder.parts.finish("big", upload, sent)
    assert content(folder, "big") == b"".join(pieces)


def test_two_finish_at_once(folder: Folder) -> None:
    upload = begin(folder)
    sent = send_all(folder, upload)

    def finish(_: int) -> str:
        try:
            folder.parts.finish("m/big", upload, sent)
        except Vanished:
            return "vanished"
        return "done"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(finish, range(4))) == ["done", *["vanished"] * 3]
    assert content(folder, "m/big") == b"".join(_PIECES)


def test_a_passing_folder_keeps_what_is_unfinished(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "root", passing=True)
    upload = begin(folder)
    put(folder, "a")
    again = Folder(tmp_path / "root", passing=True)
    assert [one.upload_id for one in again.parts.unfinished("m/big")] == [upload]
    again.parts.finish("m/big", upload, send_all(again, upload))
    assert sorted(os.listdir(folder.root)) == ["a", "m"]


# -- a disk that is full -------------------------------------------------------------


def test_more_than_any_disk_has(folder: Folder) -> None:
    with pytest.raises(NoRoom, match="are free"):
        folder.parts.begin("big", 1 << 60, 1 << 40)
    assert paths(folder) == []
    assert folder.sweep(-60) == (0, 0)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB; where none can be mounted, files may not be larger."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)]
    if os.geteuid() == 0 and not subprocess.run(command, capture_output=True).returncode:
        try:
            yield disk
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)
        return
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * digests.MIB, hard))
    try:
        yield disk
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))


def test_a_full_disk_is_said_and_got_over(small: Path) -> None:
    folder = Folder(small / "root")
    put(folder, "old", b"old")
    ballast = small / "ballast"
    piece = os.urandom(digests.MIB)
    with pytest.raises(NoRoom):
        folder.parts.begin("big", 4 * digests.MIB, digests.MIB)
    upload = folder.parts.begin("big", 2 * digests.MIB, digests.MIB)
    sent = [send(folder.parts, "big", upload, 1, piece)]
    full = True
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    try:
        sent.append(send(folder.parts, "big", upload, 2, piece))
        full = False  # only single files are limited
    except NoRoom:
        assert set(folder.parts.unfinished("big")[0].parts) == {1}
    with pytest.raises(NoRoom):
        put(folder, "new", b"x" * 4 * digests.MIB)
    with pytest.raises(NoRoom):
        folder.put_batch([("new", b"x" * 4 * digests.MIB)])
    assert paths(folder) == ["old"]
    ballast.unlink()
    if full:
        sent.append(send(folder.parts, "big", upload, 2, piece))
    folder.parts.finish("big", upload, sent)
    assert content(folder, "big") == piece * 2
    assert content(folder, "old") == b"old"


# -- a folder of somebody else -------------------------------------------------------


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root, which has all."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody can get to."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def test_without_permission(shared: Path) -> None:
    folder = Folder(shared / "root")
    put(folder, "a/b", b"old")
    upload = begin(folder)
    places = [folder.root, folder.root / "a", folder.root / PARTIAL]
    for place in places:
        place.chmod(0o555)
    try:
        with nobody():
            refused: list[Callable[[], object]] = [
                lambda: put(folder, "a/b", b"new"),
                lambda: folder.put_batch([("c", b"new")]),
                lambda: begin(folder),
                lambda: send(folder.parts, "m/big", upload, 1, _PIECES[0]),
                lambda: folder.delete("a/b"),
                lambda: folder.delete("a"),
                lambda: folder.staging("a", "attempt"),
                lambda: folder.staging("", "attempt"),
            ]
            for work in refused:
                with pytest.raises(MlflowException) as caught:
                    work()
                assert caught.value.error_code == "PERMISSION_DENIED"
                assert str(shared) not in caught.value.message
            assert content(folder, "a/b") == b"old"
            assert folder.digest("a/b") == folder.look("a/b").digest  # type: ignore[union-attr]
    finally:
        for place in places:
            place.chmod(0o755)
    assert paths(folder) == ["a/b"]


def test_folders_keep_their_owner(shared: Path) -> None:
    root = shared / "root"
    folder = Folder(root)
    put(folder, "m/a", b"old")
    put(folder, "m/in/c", b"old")
    for place in (root, root / PARTIAL, root / "m", root / "m/in"):
        place.chmod(0o777)
    owner = (root / "m").stat().st_uid
    with nobody():
        staging = folder.staging("m", "attempt")
        staging.place.put_batch([("a", b"new"), ("in/d", b"new")])
        staging.publish()
        assert paths(folder) == ["m/a", "m/in/c", "m/in/d"]
        assert content(folder, "m/a") == b"new"
    for place in (root / "m", root / "m/in"):
        assert place.stat().st_uid == owner
        assert place.stat().st_mode & 0o777 == 0o777


def test_a_root_that_is_a_disk_of_its_own(small: Path) -> None:
    folder = Folder(small)
    put(folder, "m/a", b"old")
    put(folder, "kept", b"old")
    staging = folder.staging("", "attempt")
    staging.place.put_batch([("m/a", b"new"), ("m/b", b"new"), ("c", b"new")])
    assert paths(folder) == ["kept", "m/a"]
    staging.publish()
    assert paths(folder) == ["c", "kept", "m/a", "m/b"]
    assert content(folder, "m/a") == b"new"
    folder.sweep(-60)
    assert sorted(os.listdir(small)) == ["c", "kept", "m"]
