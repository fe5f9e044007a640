"""Folders on disk that appear as a whole, while others write to the same ones."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from mlflow.blobs import Folder
from mlflow.blobs.disk import staging
from mlflow.blobs.place import Vanished
from mlflow.blobs.uri import PARTIAL
from mlflow.exceptions import MlflowException
from tests.blobs.contract import content, digest_of, paths, put, send
from tests.together import together


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "root")


def publish(folder: Folder, path: str, name: str, *files: str, there: bytes = b"new") -> None:
    staging = folder.staging(path, name)
    staging.place.put_batch([(file, there) for file in files])
    staging.publish()


def partials(folder: Folder) -> list[Path]:
    return [path for place in folder.root.parent.rglob(PARTIAL) for path in place.iterdir()]


def test_parts_of_a_staged_file_go_on_after_a_kill(folder: Folder) -> None:
    put(folder, "m/old", b"old")
    staging = folder.staging("m", "attempt")
    parts = staging.place.parts
    assert parts is not None
    upload = parts.begin("in/big", 2007, 1000)
    send(parts, "in/big", upload, 2, b"b" * 1000)
    again = Folder(folder.root).staging("m", "attempt")
    parts = again.place.parts
    assert parts is not None
    [one] = parts.unfinished("in/big")
    assert (one.upload_id, set(one.parts)) == (upload, {2})
    sent = [
        send(parts, "in/big", upload, 1, b"a" * 1000),
        one.parts[2],
        send(parts, "in/big", upload, 3, b"c" * 7),
    ]
    parts.finish("in/big", upload, sent)
    assert paths(folder) == ["m/old"]
    again.publish()
    assert content(folder, "m/in/big") == b"a" * 1000 + b"b" * 1000 + b"c" * 7
    assert partials(folder) == []
    with pytest.raises(Vanished):
        parts.begin("in/big", 10, 10)


def test_unfinished_parts_are_swept_with_the_attempt(folder: Folder) -> None:
    staging = folder.staging("m", "attempt")
    assert staging.place.parts is not None
    staging.place.parts.begin("big", 100, 10)
    put(staging.place, "small")
    assert folder.sweep(-60)[0] == 1
    assert partials(folder) == []
    with pytest.raises(Vanished):
        put(staging.place, "small")
    with pytest.raises(Vanished):
        staging.publish()


def test_digests_are_there_after_publishing(folder: Folder) -> None:
    put(folder, "m/a", b"old")
    put(folder, "m/kept", b"old")
    publish(folder, "m", "attempt", "a", "b")
    there = {found.path: found.digest for found in folder.walk("m")}
    assert there == {"a": digest_of(b"new"), "b": digest_of(b"new"), "kept": digest_of(b"old")}
    assert folder.staging("m", "attempt2").there()["kept"].digest == digest_of(b"old")


def test_what_is_staged_is_read_after_a_reboot(folder: Folder) -> None:
    staging = folder.staging("m", "attempt")
    for file in ("whole", "torn"):
        put(staging.place, file, b"content")
    [place] = partials(folder)
    (place / "info").write_text("an earlier start")
    torn = place / "tree/torn"
    before = torn.stat()
    torn.write_bytes(b"\0" * 7)
    os.utime(torn, ns=(before.st_atime_ns, before.st_mtime_ns))
    there = folder.staging("m", "attempt").there()
    assert {path: found.digest for path, found in there.items()} == {"whole": digest_of(b"content")}
    assert (place / "info").read_text() != "an earlier start"


def test_the_same_publication_again(folder: Folder) -> None:
    staging = folder.staging("m", "attempt")
    put(staging.place, "a")
    staging.publish()
    with pytest.raises(Vanished):
        staging.publish()
    with pytest.raises(Vanished):
        put(staging.place, "late")
    with pytest.raises(Vanished):
        folder.staging("m", "attempt", begun=True)
    assert paths(folder) == ["m/a"]
    assert partials(folder) == []


def test_files_and_folders_do_not_take_each_others_place(folder: Folder) -> None:
    put(folder, "m/file")
    put(folder, "m/in/file")
    for staged, words in (("file/x", "is a file or a link"), ("in", "there is a folder")):
        staging = folder.staging("m", "attempt")
        put(staging.place, staged)
        put(staging.place, "other")
        with pytest.raises(MlflowException, match=words):
            staging.publish()
        assert paths(folder) == ["m/file", "m/in/file"]
        staging.abort()
    staging = folder.staging("m/file", "attempt")
    staging.place.put_batch([("a", b""), ("b", b"")])
    with pytest.raises(MlflowException, match="is a file or a link"):
        staging.publish()
    staging.abort()
    assert partials(folder) == []


def test_links_stay_and_are_not_followed(tmp_path: Path, folder: Folder) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    put(folder, "m/a", b"old")
    (folder.root / "m/link").symlink_to(outside)
    (folder.root / "m/taken").symlink_to(outside / "secret")
    (folder.root / "elsewhere").symlink_to(outside)
    publish(folder, "m", "attempt", "a", "taken")
    assert (folder.root / "m/link").is_symlink()
    assert not (folder.root / "m/taken").is_symlink()
    for path in ("elsewhere", "m/link", "elsewhere/in"):
        staging = folder.staging(path, "attempt")
        staging.place.put_batch([("a", b"x"), ("b", b"x")])
        with pytest.raises(MlflowException, match="links are not followed"):
            staging.publish()
        staging.abort()
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "secret"


def test_a_root_that_is_a_link_is_published(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    folder = Folder(tmp_path / "root", passing=True)
    put(folder, "old")
    publish(folder, "", "attempt", "a", "b")
    assert (tmp_path / "root").is_symlink()
    assert sorted(os.listdir(tmp_path / "real")) == ["a", "b", "old"]
    assert sorted(os.listdir(tmp_path)) == ["real", "root"]


def test_permissions_of_a_folder_stay(folder: Folder) -> None:
    put(folder, "m/in/a", b"old")
    (folder.root / "m").chmod(0o2770)
    (folder.root / "m/in").chmod(0o711)
    publish(folder, "m", "attempt", "in/a", "b")
    assert (folder.root / "m").stat().st_mode & 0o7777 == 0o2770
    assert (folder.root / "m/in").stat().st_mode & 0o7777 == 0o711


def test_unfinished_files_in_a_replaced_folder_go_on(tmp_path: Path) -> None:
    server = Folder(tmp_path / "root")
    run = Folder(tmp_path / "root/run/artifacts")
    put(run, "old", b"old")
    upload = run.parts.begin("big", 10, 5)
    first = send(run.parts, "big", upload, 1, b"01234")
    staged = run.staging("model", "attempt")
    put(staged.place, "weights")
    with run.writing("late") as writing:
        writing.write(b"la")
        publish(server, "run", "attempt", "artifacts/a", "artifacts/b", "c")
        writing.write(b"te")
        writing.finish()
    run.parts.finish("big", upload, [first, send(run.parts, "big", upload, 2, b"56789")])
    staged.publish()
    assert content(run, "big") == b"0123456789"
    assert content(run, "late") == b"late"
    assert paths(server) == [
        *(f"run/artifacts/{name}" for name in ("a", "b", "big", "late", "model/weights", "old")),
        "run/c",
    ]
    assert partials(server) == []


def test_where_folders_cannot_be_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(staging, "exchange", refused)
    server = Folder(tmp_path / "root")
    run = Folder(tmp_path / "root/run/artifacts")
    put(run, "old", b"old")
    upload = run.parts.begin("big", 10, 5)
    sent = [send(run.parts, "big", upload, 1, b"01234")]
    publish(server, "run", "attempt", "artifacts/a", "artifacts/b", "c")
    assert paths(server) == ["run/artifacts/a", "run/artifacts/b", "run/artifacts/old", "run/c"]
    sent.append(send(run.parts, "big", upload, 2, b"56789"))
    run.parts.finish("big", upload, sent)
    assert content(run, "big") == b"0123456789"


# -- many at once --------------------------------------------------------------------


def test_nothing_is_lost_among_threads(tmp_path: Path) -> None:
    server = Folder(tmp_path / "root", durable=False)
    run = Folder(tmp_path / "root/run/artifacts", durable=False)
    put(run, "m/first")
    over = threading.Event()

    def write(folder: Folder, base: str) -> list[str]:
        kept: list[str] = []
        while not kept or not over.is_set():
            name = f"{base}{len(kept)}"
            put(folder, name)
            put(folder, f"{name}.removed")
            assert folder.delete(f"{name}.removed")
            kept.append(name)
        return kept

    def look() -> int:
        looks = 0
        while not looks or not over.is_set():
            there = paths(server, "run/artifacts/m")
            for base in ("", "in/"):
                mine = [path[len(base) :] for path in there if path.startswith(f"{base}set")]
                halves = [
                    {path[:-2] for path in mine if path.endswith(end)} for end in (".1", ".2")
                ]
                assert halves[0] == halves[1]
            blobs = server.list("run/artifacts/m")
            assert len([blob for blob in blobs if blob.name.startswith("set")]) % 2 == 0
            assert content(server, "run/artifacts/m/first") == b"content"
            looks += 1
        return looks

    def publishing(folder: Folder, path: str, base: str) -> list[str]:
        kept = []
        for number in range(25):
            files = [f"{base}set{number}.{half}" for half in (1, 2)]
            publish(folder, path, f"attempt{number}", *files)
            kept += files
        return kept

    with ThreadPoolExecutor(8) as pool:
        writers = [
            pool.submit(write, run, "m/run"),
            pool.submit(write, server, "run/artifacts/m/server"),
            pool.submit(write, run, "m/in/deep/x"),
        ]
        reader = pool.submit(look)
        publishers: list[tuple[str, Callable[[], list[str]]]] = [
            ("run/artifacts/m/", lambda: publishing(server, "run/artifacts/m", "")),
            ("run/artifacts/m/", lambda: publishing(run, "m", "in/")),
            ("run/artifacts/", lambda: publishing(run, "", "top")),
        ]
        submitted = [(base, pool.submit(work)) for base, work in publishers]
        try:
            wanted = {f"{base}{path}" for base, future in submitted for path in future.result()}
        finally:
            over.set()
        for base, writer in zip(("run/artifacts/", "", "run/artifacts/"), writers, strict=True):
            kept = writer.result()
            wanted |= {f"{base}{path}" for path in kept}
        reader.result()
    assert set(paths(server)) == wanted | {"run/artifacts/m/first"}
    assert partials(server) == []


_PROGRAM = """
from io import BytesIO
from mlflow.blobs import Folder

root, who, kind = sys.argv[1:]
server = Folder(root)
run = Folder(root + "/run/artifacts", passing=True)
start()
kept = []
for number in range(40):
    name = f"{who}x{number}"
    if kind == "publish":
        staging = run.staging("m", name)
        staging.place.put_batch([(name, b"x"), (f"in/{name}", b"x")])
        staging.publish()
        kept += [f"m/{name}", f"m/in/{name}"]
    elif kind == "server":
        server.put(f"run/artifacts/m/{name}", BytesIO(b"x"))
        kept.append(f"m/{name}")
    else:
        run.put(f"m/in/{name}", BytesIO(b"x"))
        kept.append(f"m/in/{name}")
tell(kept)
"""


def test_nothing_is_lost_among_processes(tmp_path: Path) -> None:
    kinds = ("publish", "publish", "server", "run")
    told = together(
        _PROGRAM, [[str(tmp_path / "root"), f"w{n}", kind] for n, kind in enumerate(kinds)]
    )
    run = Folder(tmp_path / "root/run/artifacts")
    assert set(paths(run)) == {path for kept in told for path in kept}
    assert partials(Folder(tmp_path / "root")) == []


def test_batches_and_files_at_once(folder: Folder) -> None:
    def work(number: int) -> None:
        folder.put_batch([(f"d{n}/{number}", b"x" * n) for n in range(10)])
        folder.put("same", BytesIO(b"%d" % number * 1000))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(20)))
    assert len(paths(folder)) == 201
    same = content(folder, "same")
    assert same in [b"%d" % number * 1000 for number in range(20)]
    assert partials(folder) == []


def test_a_folder_is_removed_once(folder: Folder) -> None:
    for number in range(10):
        put(folder, f"m{number}/in/a")
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: folder.delete(f"m{number}"), range(4)))  # noqa: B023
        assert sorted(done) == [False, False, False, True]
    assert folder.list() == []
