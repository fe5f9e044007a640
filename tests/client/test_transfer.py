"""Files between this machine and a server: in parts, gone on with, compared with their digests."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mlflow._http import Session
from mlflow.blobs import Folder, open_place
from mlflow.blobs.digests import Digesting
from mlflow.blobs.disk.files import Reading
from mlflow.blobs.disk.kept_digests import keep
from mlflow.blobs.place import Damaged
from mlflow.blobs.served.place import Served
from mlflow.client import transfer
from mlflow.exceptions import MlflowException
from tests.servers.fault_proxy import DOWN, FaultProxy, call, cut, flip, stall
from tests.servers.millstream import RunningServer

MIB = 1024 * 1024
#: parts of the files here, whose size is no multiple of it
PART = 256 * 1024
SIZE = 20 * PART + 12345
#: what a request needs beside its body
HEADS = 3000

SEND = """
import sys
from pathlib import Path
from mlflow._http import Session
from mlflow.blobs import open_place
from mlflow.client import transfer
place = open_place("mlflow-artifacts:/x", Session(sys.argv[1]))
if sys.argv[2] == "send":
    transfer.send_file(place, Path(sys.argv[3]), "to")
elif sys.argv[2] == "folder":
    transfer.send_folder(place, Path(sys.argv[3]), "to")
else:
    transfer.fetch(place, sys.argv[2], Path(sys.argv[3]))
"""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of some MiB are large here."""
    for name in ("UPLOAD", "DOWNLOAD"):
        monkeypatch.setenv(f"MLFLOW_MULTIPART_{name}_MINIMUM_FILE_SIZE", str(2 * PART))
        monkeypatch.setenv(f"MLFLOW_MULTIPART_{name}_CHUNK_SIZE", str(PART))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0.01")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0.01")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of many parts."""
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.fixture
def proxy(running_server: RunningServer) -> Any:
    with FaultProxy(running_server.url) as proxy:
        yield proxy


def place_at(url: str) -> Served:
    place = open_place("mlflow-artifacts:/x", Session(url))
    assert isinstance(place, Served)
    return place


def kept(server: RunningServer) -> Path:
    """Where the server keeps what the tests send."""
    return server.folder / "mlruns/artifacts/x"


def damage(path: Path) -> None:
    """Change a byte behind everybody's back, as a disk does."""
    status = path.stat()
    with path.open("r+b") as file:
        byte = file.read(1)
        file.seek(0)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def child(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SEND, *map(str, arguments)], stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> str:
    """What a child said until its end."""
    with process:
        return process.communicate(timeout=60)[1]


def killed_after(
    proxy: FaultProxy, count: int, *arguments: object, down: bool = False, at: str | None = None
) -> None:
    """Run a child that talks to `at`, by default the proxy; kill it when so many bytes passed."""
    may_begin = threading.Event()
    begun: list[subprocess.Popen[str]] = []

    def kill() -> None:
        may_begin.wait()
        begun[0].kill()
        begun[0].wait()

    proxy.when(count, kill, *([DOWN] if down else []))
    begun.append(child(at or proxy.url, *arguments))
    may_begin.set()
    ended(begun[0])
    assert begun[0].returncode == -signal.SIGKILL


# -- sending ---------------------------------------------------------------------------


def test_a_file_in_parts(running_server: RunningServer, large: Path, tmp_path: Path) -> None:
    place = place_at(running_server.url)
    transfer.send_file(place, large, "to")
    found = place.look("to/large.bin")
    assert found is not None
    assert found.size == SIZE
    digests = [large.read_bytes()[at : at + PART] for at in range(0, SIZE, PART)]
    whole = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in digests))
    assert str(found.digest) == f"sha256/{PART}:{whole.hexdigest()}"
    fetched = transfer.fetch(place, "to/large.bin", tmp_path / "got")
    assert fetched.read_bytes() == large.read_bytes()
    assert os.listdir(tmp_path / "got") == ["large.bin"]


@pytest.mark.parametrize("size", [0, 1, 2 * PART - 1, 2 * PART, 2 * PART + 1, 3 * PART])
def test_every_size(running_server: RunningServer, tmp_path: Path, size: int) -> None:
    place = place_at(running_server.url)
    file = tmp_path / "file"
    file.write_bytes(os.urandom(size))
    transfer.send_file(place, file, "")
    assert transfer.fetch(place, "file", tmp_path / "got").read_bytes() == file.read_bytes()


def test_what_a_killed_process_sent_is_not_sent_again(proxy: FaultProxy, large: Path) -> None:
    killed_after(proxy, SIZE * 9 // 10, "send", large)
    place = place_at(proxy.url)
    assert place.list("to") == []
    proxy.forget()
    transfer.send_file(place, large, "to")
    # What each of the four threads was sending is lost, and the tenth that was not sent yet.
    assert proxy.up < SIZE // 10 + 5 * PART + 30 * HEADS
    with place.get("to/large.bin") as reading:
        assert b"".join(reading.pieces()) == large.read_bytes()
    proxy.forget()
    transfer.send_file(place, large, "to")
    assert proxy.up < 10 * HEADS


def test_what_has_changed_meanwhile_is_sent_anew(proxy: FaultProxy, large: Path) -> None:
    killed_after(proxy, SIZE // 2, "send", large)
    content = bytearray(large.read_bytes())
    content[3 * PART] ^= 1
    large.write_bytes(content)
    place = place_at(proxy.url)
    transfer.send_file(place, large, "to")
    with place.get("to/large.bin") as reading:
        assert b"".join(reading.pieces()) == content


def test_another_file_is_not_mixed_in(proxy: FaultProxy, large: Path) -> None:
    killed_after(proxy, SIZE // 2, "send", large)
    large.write_bytes(os.urandom(SIZE))
    place = place_at(proxy.url)
    transfer.send_file(place, large, "to")
    with place.get("to/large.bin") as reading:
        assert b"".join(reading.pieces()) == large.read_bytes()


def test_a_server_that_is_killed_and_comes_back(
    running_server: RunningServer, proxy: FaultProxy, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Half a minute in all: the machine may be busy while the server starts.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0.05")

    def restart() -> None:
        running_server.kill()
        running_server.start()

    proxy.when(SIZE // 2, restart)
    place = place_at(proxy.url)
    transfer.send_file(place, large, "to")
    assert proxy.up < SIZE + 10 * PART
    with place.get("to/large.bin") as reading:
        assert b"".join(reading.pieces()) == large.read_bytes()


def test_a_file_that_is_written_to_is_refused(proxy: FaultProxy, large: Path) -> None:
    def write() -> None:
        with large.open("r+b") as file:
            file.seek(SIZE - 1)
            file.write(b"x")

    proxy.when(SIZE // 2, write)
    place = place_at(proxy.url)
    with pytest.raises(MlflowException, match=r"large\.bin changed while it was sent"):
        transfer.send_file(place, large, "to")
    assert place.list("to") == []


def test_a_file_that_becomes_shorter_is_refused(proxy: FaultProxy, large: Path) -> None:
    proxy.when(SIZE // 2, lambda: os.truncate(large, 100))
    with pytest.raises(MlflowException, match="changed while it was sent"):
        transfer.send_file(place_at(proxy.url), large, "to")


def test_damage_on_the_way_is_mended(proxy: FaultProxy, large: Path) -> None:
    place = place_at(proxy.url)
    proxy.add(flip(1000, request=b"PUT ", in_body=True, times=3))
    transfer.send_file(place, large, "to")
    with place.get("to/large.bin") as reading:
        assert b"".join(reading.pieces()) == large.read_bytes()


def test_lasting_damage_is_an_error(proxy: FaultProxy, large: Path) -> None:
    place = place_at(proxy.url)
    proxy.add(flip(1000, request=b"PUT ", in_body=True, times=1000))
    with pytest.raises(MlflowException, match=r"0 B of 5.0 MiB of .*large.bin are there"):
        transfer.send_file(place, large, "to")
    assert place.list("to") == []


@pytest.mark.parametrize("at", [0, 10, 100_000, PART + 100])
def test_cut_connections(proxy: FaultProxy, large: Path, at: int) -> None:
    place = place_at(proxy.url)
    proxy.add(*[cut(at, request=b"PUT ") for _ in range(3)])
    proxy.add(cut(0, DOWN, request=b"POST /api/2.0/mlflow-artifacts/mpu/create"))
    transfer.send_file(place, large, "to")
    with place.get("to/large.bin") as reading:
        assert b"".join(reading.pieces()) == large.read_bytes()


def test_a_proxy_that_ends_connections_with_large_bodies(
    proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(2 * MIB))
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(7 * MIB))
    proxy.add(cut(1_010_000, request=b"PUT ", times=1000))
    place = place_at(proxy.url)
    transfer.send_file(place, large, "to")
    assert place.most_in_body == 1_000_000
    with place.get("to/large.bin") as reading:
        assert b"".join(reading.pieces()) == large.read_bytes()


def test_a_lost_answer_at_the_end(proxy: FaultProxy, large: Path) -> None:
    place = place_at(proxy.url)
    proxy.add(cut(0, DOWN, request=b"POST /api/2.0/mlflow-artifacts/mpu/complete", times=1))
    transfer.send_file(place, large, "to")
    assert proxy.up < SIZE + 60 * HEADS
    assert [blob.name for blob in place.list("to")] == ["large.bin"]


def test_how_far_it_is_is_said(
    proxy: FaultProxy, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    place = place_at(proxy.url)
    proxy.when(SIZE * 3 // 4, threading.Thread(target=proxy.away).start)
    with pytest.raises(MlflowException, match=r"of 5\.0 MiB of .* are there; call it again"):
        transfer.send_file(place, large, "to")
    proxy.back()
    proxy.forget()
    transfer.send_file(place, large, "to")
    assert proxy.up < SIZE // 2


def test_nobody_is_told_to_repeat_what_is_refused(tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept")
    (tmp_path / "kept/name").mkdir(parents=True)
    with pytest.raises(MlflowException, match="there is a folder of that name") as caught:
        transfer.put_bytes(place, "name", b"text")
    with pytest.raises(MlflowException, match="There is no artifact") as missed:
        transfer.fetch(place, "nothing", tmp_path / "got")
    for error in (caught, missed):
        assert "call it again" not in str(error.value)


def test_an_interrupt_ends_it_at_once_and_says_how_to_go_on(proxy: FaultProxy, large: Path) -> None:
    proxy.add(*[stall(100_000, request=b"PUT ", in_body=True) for _ in range(4)])
    process = child(proxy.url, "send", large)
    while proxy.pending():
        assert process.poll() is None
        threading.Event().wait(0.01)
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in said
    assert "Interrupted: " in said
    assert "are there; call it again for the rest" in said


def test_streams(running_server: RunningServer, tmp_path: Path, large: Path) -> None:
    place = place_at(running_server.url)
    huge = tmp_path / "huge"
    huge.write_bytes(os.urandom(MIB) * 20)
    for path in (large, huge):
        with path.open("rb") as stream:
            transfer.send_stream(place, "streamed", stream)
        with place.get("streamed") as reading:
            assert b"".join(reading.pieces()) == path.read_bytes()


def test_a_stream_that_fails_leaves_nothing(running_server: RunningServer) -> None:
    class Failing:
        count = 0

        def read(self, size: int) -> bytes:
            self.count += 1
            if self.count > 20:
                raise ZeroDivisionError
            return bytes(MIB)

    place = place_at(running_server.url)
    with pytest.raises(ZeroDivisionError):
        transfer.send_stream(place, "streamed", Failing())
    assert place.list() == []
    assert list(kept(running_server).parent.rglob("data")) == []


def test_bytes(running_server: RunningServer) -> None:
    place = place_at(running_server.url)
    for content in (b"", b"abc", os.urandom(SIZE)):
        transfer.put_bytes(place, "a/b", content)
        with place.get("a/b") as reading:
            assert b"".join(reading.pieces()) == content


MEMORY = """
import resource, sys
from pathlib import Path
from mlflow._http import Session
from mlflow.blobs import open_place
from mlflow.client import transfer

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

place = open_place("mlflow-artifacts:/x", Session(sys.argv[1]))
file = Path(sys.argv[2])
transfer.put_bytes(place, "first", b"first")
before = most()
transfer.send_file(place, file, "")
transfer.fetch(place, file.name, file.parent / "got")
with file.open("rb") as stream:
    transfer.send_stream(place, "streamed", stream)
print(most() - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(
    running_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UPLOAD", "DOWNLOAD"):
        for what in ("MINIMUM_FILE_SIZE", "CHUNK_SIZE"):
            monkeypatch.delenv(f"MLFLOW_MULTIPART_{name}_{what}")
    file = tmp_path / "file"
    with file.open("wb") as writing:
        for _ in range(300):
            writing.write(os.urandom(MIB))
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, running_server.url, str(file)],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert int(done.stdout) < 60 * 1024  # KiB


# -- fetching ----------------------------------------------------------------------------


def test_what_a_killed_process_fetched_is_not_fetched_again(
    proxy: FaultProxy, large: Path, tmp_path: Path
) -> None:
    place = place_at(proxy.url)
    transfer.send_file(place, large, "")
    proxy.forget()
    killed_after(proxy, SIZE * 3 // 4, "large.bin", tmp_path / "got", down=True)
    assert not (tmp_path / "got/large.bin").exists()
    proxy.forget()
    transfer.fetch(place, "large.bin", tmp_path / "got")
    assert proxy.down < SIZE // 4 + 6 * PART
    assert (tmp_path / "got/large.bin").read_bytes() == large.read_bytes()
    assert os.listdir(tmp_path / "got") == ["large.bin"]


def test_what_was_fetched_of_an_older_version_is_not_mixed_in(
    proxy: FaultProxy, large: Path, tmp_path: Path
) -> None:
    place = place_at(proxy.url)
    transfer.send_file(place, large, "")
    proxy.forget()
    killed_after(proxy, SIZE * 3 // 4, "large.bin", tmp_path / "got", down=True)
    large.write_bytes(os.urandom(SIZE))
    transfer.send_file(place, large, "")
    transfer.fetch(place, "large.bin", tmp_path / "got")
    assert (tmp_path / "got/large.bin").read_bytes() == large.read_bytes()


@pytest.mark.parametrize("small", [False, True])
def test_damage_at_the_server_is_found_and_named(
    running_server: RunningServer, large: Path, tmp_path: Path, small: bool
) -> None:
    if small:
        large.write_bytes(b"some text")
    place = place_at(running_server.url)
    transfer.send_file(place, large, "")
    damage(kept(running_server) / "large.bin")
    with pytest.raises(Damaged, match=r"'large\.bin' is damaged") as caught:
        transfer.fetch(place, "large.bin", tmp_path / "got")
    assert "call it again" not in str(caught.value)  # that would not help
    assert os.listdir(tmp_path / "got") == []


@pytest.mark.parametrize("served", [True, False])
def test_what_was_damaged_is_mended_by_sending_it_again(
    running_server: RunningServer, large: Path, tmp_path: Path, served: bool
) -> None:
    place = place_at(running_server.url) if served else Folder(tmp_path / "kept")
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in ("one", "two", "middle", "large"):
        (folder / name).write_bytes(large.read_bytes()[: 1000 if len(name) < 4 else None])
    transfer.send_file(place, large, "")
    transfer.send_folder(place, folder, "tree")
    root = kept(running_server) if served else tmp_path / "kept"
    for name in ("large.bin", "tree/one", "tree/middle"):
        damage(root / name)
    transfer.send_file(place, large, "")
    transfer.send_folder(place, folder, "tree")
    transfer.fetch(place, "", tmp_path / "got", name="")
    assert (tmp_path / "got/large.bin").read_bytes() == large.read_bytes()
    for file in folder.iterdir():
        assert (tmp_path / "got/tree" / file.name).read_bytes() == file.read_bytes()


def test_damage_on_the_way_is_fetched_once_more(
    proxy: FaultProxy, large: Path, tmp_path: Path
) -> None:
    place = place_at(proxy.url)
    transfer.send_file(place, large, "")
    proxy.add(flip(1000, DOWN, request=b"GET /api/2.0/mlflow-artifacts/artifacts/", in_body=True))
    transfer.fetch(place, "large.bin", tmp_path / "got")
    assert (tmp_path / "got/large.bin").read_bytes() == large.read_bytes()


@pytest.mark.parametrize("at", [0, 100, 100_000])
def test_cut_downloads(proxy: FaultProxy, large: Path, tmp_path: Path, at: int) -> None:
    place = place_at(proxy.url)
    transfer.send_file(place, large, "")
    proxy.add(*[cut(at, DOWN, request=b"GET /api/2.0/mlflow-artifacts/art") for _ in range(3)])
    transfer.fetch(place, "large.bin", tmp_path / "got")
    assert (tmp_path / "got/large.bin").read_bytes() == large.read_bytes()


def test_a_file_that_is_replaced_meanwhile_is_begun_anew(
    proxy: FaultProxy, running_server: RunningServer, large: Path, tmp_path: Path
) -> None:
    place = place_at(proxy.url)
    transfer.send_file(place, large, "")
    other = tmp_path / "other/large.bin"
    other.parent.mkdir()
    other.write_bytes(os.urandom(SIZE))
    straight = place_at(running_server.url)
    # The first range is asked for with the tag of the old version.
    request = b"GET /api/2.0/mlflow-artifacts/artifacts/"
    proxy.add(call(lambda: transfer.send_file(straight, other, ""), 0, request=request))
    transfer.fetch(place, "large.bin", tmp_path / "got")
    assert (tmp_path / "got/large.bin").read_bytes() == other.read_bytes()


def test_between_folders(tmp_path: Path, large: Path) -> None:
    place = Folder(tmp_path / "place")
    transfer.send_file(place, large, "a")
    transfer.fetch(place, "a", tmp_path / "got")
    assert (tmp_path / "got/a/large.bin").read_bytes() == large.read_bytes()


def test_a_digest_of_tiny_parts_does_not_make_a_request_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(100_000)
    (tmp_path / "there").mkdir()
    digesting = Digesting(1)
    digesting.update(content)
    with (tmp_path / "there/x").open("wb", buffering=0) as file:
        file.write(content)
        keep(file.fileno(), digesting.digest())
    monkeypatch.setenv("MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE", "1")
    got = transfer.fetch(_Asked(tmp_path / "there"), "x", tmp_path / "got")
    assert got.read_bytes() == content
    assert _Asked.times < 10


class _Asked(Folder):
    """A folder that counts how often it is read from."""

    times = 0

    @contextmanager
    def get(
        self, path: str, start: int = 0, length: int | None = None, tag: str = ""
    ) -> Iterator[Reading]:
        _Asked.times += 1
        with super().get(path, start, length, tag) as reading:
            yield reading
