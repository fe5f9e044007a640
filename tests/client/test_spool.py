"""The spool file: what was appended is there again, whatever happened to process or tail."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from mlflow.client import spool
from mlflow.client.spool import Spool, Unreadable, inspect, left_over, outbox_folder

URI = "http://127.0.0.1:5000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


def make(folder: Path, payloads: list[bytes], run_id: str = "r1") -> Path:
    """A file with these records, closed as if its process had ended."""
    file = Spool.create(folder, URI, run_id)
    for payload in payloads:
        file.append(payload)
    file.close()
    return file.path


def adopted(path: Path) -> Spool:
    file = Spool.adopt(path)
    assert file is not None
    return file


def payloads(file: Spool) -> list[bytes]:
    return [frame.payload for frame in file.read(file.delivered, file.end)]


def test_records_are_there_after_the_process(folder: Path) -> None:
    path = make(folder, [b"one", b"two" * 100_000, b"three"])
    file = adopted(path)
    assert payloads(file) == [b"one", b"two" * 100_000, b"three"]
    assert (file.records, file.values) == (3, 3)
    assert (file.about.uri, file.about.run_id, file.about.pid) == (URI, "r1", os.getpid())


def test_the_delivered_position_is_kept(folder: Path) -> None:
    file = adopted(make(folder, [b"one", b"two", b"three"]))
    first = next(file.read(file.begin, file.end))
    file.mark(first.end)
    file.close()
    again = adopted(file.path)
    assert payloads(again) == [b"two", b"three"]
    again.append(b"four")
    assert payloads(again) == [b"two", b"three", b"four"]


def test_rewinding_gives_the_space_back(folder: Path) -> None:
    file = Spool.create(folder, URI, "r1")
    for _ in range(100):
        file.append(b"x" * 1000)
    file.mark(file.end)
    file.rewind()
    file.append(b"new")
    assert payloads(file) == [b"new"]
    assert file.path.stat().st_size < 1000


def test_killed_while_rewinding(folder: Path) -> None:
    file = Spool.create(folder, URI, "r1")
    file.append(b"x" * 1000)
    file.mark(file.end)
    file.close()
    os.truncate(file.path, file.begin)  # the first of the two steps
    again = adopted(file.path)
    assert payloads(again) == []
    again.append(b"new")
    again.close()
    assert payloads(adopted(file.path)) == [b"new"]


def test_a_tail_torn_at_any_byte_is_cut(folder: Path) -> None:
    path = make(folder, [b"first", b"second"])
    whole = path.read_bytes()
    second = len(whole) - len(b"second") - 12
    for size in range(second, len(whole)):
        path.write_bytes(whole[:size])
        file = adopted(path)
        assert payloads(file) == [b"first"], size
        assert path.stat().st_size == second
        file.append(b"third")
        assert payloads(file) == [b"first", b"third"]
        file.close()


@given(st.binary(min_size=1, max_size=200))
def test_garbage_behind_the_records_is_cut(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes
) -> None:
    path = make(tmp_path_factory.mktemp("outbox"), [b"first"])
    with path.open("ab") as file:
        file.write(garbage)
    left = adopted(path)
    assert payloads(left) == [b"first"]
    left.close()


def test_zeros_behind_the_records_are_cut(folder: Path) -> None:
    path = make(folder, [b"first"])
    with path.open("ab") as file:
        file.write(bytes(4096))
    assert payloads(adopted(path)) == [b"first"]


def test_a_damaged_record_is_not_read(folder: Path) -> None:
    path = make(folder, [b"first", b"second"])
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(bytes(whole))
    assert payloads(adopted(path)) == [b"first"]


def test_a_file_in_use_is_left_alone(folder: Path) -> None:
    file = Spool.create(folder, URI, "r1")
    file.append(b"mine")
    assert Spool.adopt(file.path) is None
    contents = inspect(file.path)
    assert contents is not None
    assert contents.in_use
    assert contents.values == 1
    file.close()
    contents = inspect(file.path)
    assert contents is not None
    assert not contents.in_use


def test_a_file_of_another_live_process_is_left_alone(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from mlflow.client.spool import Spool\n"
        "file = Spool.create(Path(sys.argv[1]), 'http://h', 'r1'); file.append(b'theirs')\n"
        "print(file.path, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().decode().strip())
        assert Spool.adopt(path) is None
        process.kill()
        process.wait()
        assert payloads(adopted(path)) == [b"theirs"]


def test_a_fork_does_not_free_the_file(folder: Path) -> None:
    file = Spool.create(folder, URI, "r1")
    child = os.fork()
    if child == 0:
        file.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert Spool.adopt(file.path) is None


def test_removed_and_missing_files(folder: Path) -> None:
    file = adopted(make(folder, [b"one"]))
    file.remove()
    assert Spool.adopt(file.path) is None
    assert inspect(file.path) is None
    assert left_over(folder) == []


@pytest.mark.parametrize("content", [b"", b"mlspool1", b"something else entirely", bytes(100)])
def test_what_is_no_spool_file_is_said_to_be_none(folder: Path, content: bytes) -> None:
    folder.mkdir()
    path = folder / "r1.1.1.aabbccdd.spool"
    path.write_bytes(content)
    with pytest.raises(Unreadable):
        Spool.adopt(path)
    with pytest.raises(Unreadable):
        inspect(path)


def described(text: bytes) -> bytes:
    """The beginning of a file with this description."""
    begin = 24 + len(text)
    return b"mlspool1" + struct.pack("<QII", begin, len(text), zlib.crc32(text)) + text


@pytest.mark.parametrize(
    "text",
    [
        b"no JSON",
        b'{"uri": 1}',
        b'{"uri": "u", "run_id": "../../x", "created": 1, "pid": 1}',
        b'{"uri": "u", "run_id": "", "created": 1, "pid": 1}',
        b'{"uri": ' + b"[" * 60_000,
    ],
)
def test_a_forged_description_is_refused(folder: Path, text: bytes) -> None:
    folder.mkdir()
    path = folder / "r1.1.1.aabbccdd.spool"
    path.write_bytes(described(text))
    with pytest.raises(Unreadable):
        Spool.adopt(path)
    with pytest.raises(Unreadable):
        inspect(path)


def test_links_and_pipes_are_left_alone(folder: Path, tmp_path: Path) -> None:
    real = make(tmp_path / "elsewhere", [b"one"])
    before = real.read_bytes()
    folder.mkdir()
    link, pipe = folder / "r1.1.1.aabbccdd.spool", folder / "r1.1.2.aabbccdd.spool"
    link.symlink_to(real)
    os.mkfifo(pipe)
    for look in (Spool.adopt, inspect):
        with pytest.raises(OSError, match="symbolic links"):
            look(link)
        with pytest.raises(Unreadable):
            look(pipe)
    assert real.read_bytes() == before


def test_nobody_else_may_read_it_and_no_password_is_in_it(folder: Path) -> None:
    file = Spool.create(folder, "https://ada:s3cret@host:443/p", "r1")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert b"s3cret" not in file.path.read_bytes()
    assert file.about.uri == "https://host:443/p"


def test_files_keep_their_order_when_the_clock_is_set_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = make(folder, [b"one"])
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 3_600 * 10**9)
    later = make(folder, [b"two"])
    other = make(folder, [b"three"], "r2")
    assert left_over(folder, "r1") == [earlier, later]
    assert left_over(folder, "r2") == [other]


def test_run_ids_may_be_long(folder: Path) -> None:
    path = make(folder, [b"one"], "r" * 256)
    assert adopted(path).about.run_id == "r" * 256
    assert left_over(folder, "r" * 256) == [path]


def test_each_server_has_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = spool.outbox_root()
    assert root == tmp_path / "state" / "mlflow" / "outbox"
    server = outbox_folder("http://ada:pw@host:5000/")
    assert server.parent == root
    assert server.name.startswith("host-5000-")
    assert server == outbox_folder("http://host:5000")
    assert server != outbox_folder("http://host:5001")
    assert outbox_folder("sqlite:///a.db") == outbox_folder(f"sqlite:///{tmp_path}/a.db")
    assert outbox_folder("sqlite:///a.db") != outbox_folder("sqlite:////elsewhere/a.db")
    assert outbox_folder("mlruns") == tmp_path / "mlruns" / "outbox"
    assert outbox_folder(f"file://{tmp_path}/ml%20runs") == tmp_path / "ml runs" / "outbox"
    monkeypatch.setenv("MLFLOW_OUTBOX_DIR", str(tmp_path / "chosen"))
    assert outbox_folder("http://host:5000").parent == tmp_path / "chosen"
    assert outbox_folder("mlruns").parent == tmp_path / "chosen"
