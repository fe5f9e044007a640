"""Artifacts on file systems that fsspec opens: one in memory, FTP and SFTP on real servers."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from mlflow.blobs import Place, open_place
from mlflow.blobs.digests import Digest
from mlflow.blobs.filesystems.connections import Connections, connections
from mlflow.blobs.filesystems.place import FileSystem
from mlflow.blobs.uri import PARTIAL
from mlflow.exceptions import MlflowException
from tests.blobs.contract import Contract, content, paths, put
from tests.servers.file_servers import FileServer

_counter = itertools.count()


class _FileSystemContract(Contract):
    has_parts = False
    resumes_staging = True
    knows_digests = False


class TestMemory(_FileSystemContract):
    @pytest.fixture
    def place(self) -> Place:
        return FileSystem(Connections(MemoryFileSystem), f"/{next(_counter)}")


class TestFtp(_FileSystemContract):
    @pytest.fixture
    def place(self, ftp_server: FileServer) -> Place:
        return open_place(f"{ftp_server.url}/{next(_counter)}")


class TestSftp(_FileSystemContract):
    has_tags = False  # its times are in whole seconds

    @pytest.fixture
    def place(self, sftp_server: FileServer) -> Place:
        return open_place(f"{sftp_server.url}/{next(_counter)}")


@pytest.fixture
def served(ftp_server: FileServer) -> tuple[Place, Path]:
    """A place on the FTP server, and its folder on this machine."""
    name = f"own-{next(_counter)}"
    return open_place(f"{ftp_server.url}/{name}"), ftp_server.folder / name


def test_what_is_unfinished_is_aside(served: tuple[Place, Path]) -> None:
    place, folder = served
    writing = place.writing("a/b")
    writing.write(b"x" * 10_000_000)
    assert [entry.name for entry in folder.iterdir()] == [PARTIAL]
    assert place.list() == []
    writing.finish()
    writing.discard()
    assert (folder / "a/b").stat().st_size == 10_000_000
    assert list((folder / PARTIAL).iterdir()) == []


def test_a_wrong_digest_keeps_nothing(served: tuple[Place, Path]) -> None:
    place, folder = served
    with pytest.raises(MlflowException, match="digest differs"):
        place.put("a", BytesIO(b"content"), Digest("sha256", 0, "0" * 64))
    writing = place.writing("a")
    writing.write(b"content")
    with pytest.raises(MlflowException, match="digest differs"):
        writing.finish(Digest("md5", 0, "0" * 32))
    writing.discard()
    assert paths(place) == []
    assert list((folder / PARTIAL).iterdir()) == []


def test_names_are_no_patterns(served: tuple[Place, Path]) -> None:
    place, _ = served
    for name in ("*", "ab", "[ab]", "a?".replace("?", "b2"), "**/x"):
        put(place, name)
    assert place.delete("*")
    assert place.delete("[ab]")
    assert place.delete("**")
    assert paths(place) == ["ab", "ab2"]


def test_links_are_not_listed(sftp_server: FileServer) -> None:
    name = f"own-{next(_counter)}"
    place, folder = open_place(f"{sftp_server.url}/{name}"), sftp_server.folder / name
    put(place, "file")
    (folder / "link").symlink_to("file")
    assert [blob.name for blob in place.list()] == ["file"]
    assert paths(place) == ["file"]
    assert place.look("link") is None
    assert not place.delete("link")


@pytest.mark.parametrize("kind", ["ftp", "sftp"])
def test_what_a_link_leads_to_is_never_removed(
    ftp_server: FileServer, sftp_server: FileServer, kind: str
) -> None:
    server = ftp_server if kind == "ftp" else sftp_server
    name = f"own-{next(_counter)}"
    other = server.folder / f"other-{name}"
    (other / "below").mkdir(parents=True)
    (other / "kept").write_text("kept")
    (other / "below" / "kept").write_text("kept")
    place, folder = open_place(f"{server.url}/{name}"), server.folder / name
    put(place, "a/b/c")
    (folder / "link").symlink_to(other)
    (folder / "a" / "link").symlink_to(other)
    (folder / "a" / "b" / "link").symlink_to(other / "kept")
    place.delete("link")
    assert place.delete("a")
    put(place.staging("s", "attempt").place, "file")
    [left] = (folder / PARTIAL).iterdir()
    (left / "tree" / "link").symlink_to(other)
    assert place.sweep(-3600)[0] == 1
    assert list((folder / PARTIAL).iterdir()) == []
    assert not (folder / "a").exists()
    assert (other / "kept").read_text() == (other / "below" / "kept").read_text() == "kept"


def test_a_file_that_is_replaced_while_it_is_read(served: tuple[Place, Path]) -> None:
    place, _ = served
    put(place, "a", b"old" * 3_000_000)
    with place.get("a") as reading:
        pieces = reading.pieces()
        next(pieces)
        put(place, "a", b"newer" * 3_000_000)
        with pytest.raises(MlflowException, match="replaced while it was read"):
            list(pieces)


def test_a_connection_that_the_server_closed_is_made_anew(ftp_server: FileServer) -> None:
    place = open_place(f"{ftp_server.url}/own-{next(_counter)}")
    put(place, "a")
    assert isinstance(place, FileSystem)
    connected = place._connections.take()
    connected.ftp.sock.shutdown(2)
    place._connections.give_back(connected)
    assert content(place, "a") == b"content"


def test_a_child_of_a_fork_has_connections_of_its_own(ftp_server: FileServer) -> None:
    place = open_place(f"{ftp_server.url}/own-{next(_counter)}")
    put(place, "a")
    child = os.fork()
    if child == 0:
        put(place, "b")
        os._exit(0 if content(place, "a") == b"content" else 1)
    assert content(place, "a") == b"content"
    assert os.waitpid(child, 0)[1] == 0
    assert paths(place) == ["a", "b"]


@pytest.mark.parametrize("kind", ["ftp", "sftp"])
def test_a_server_that_is_away_or_refuses(kind: str, ftp_server: FileServer) -> None:
    with pytest.raises(MlflowException, match="The artifacts cannot be kept or read") as caught:
        open_place(f"{kind}://ada:secret@127.0.0.1:1/a").list()
    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"
    assert "secret" not in str(caught.value)
    if kind == "ftp":
        wrong = ftp_server.url.replace("pass%20word", "guessed")
        with pytest.raises(MlflowException, match="Check the user") as caught:
            open_place(f"{wrong}/a").list()
        assert caught.value.error_code == "PERMISSION_DENIED"
        assert "guessed" not in str(caught.value)


def test_a_host_that_nobody_knows_is_not_told_anything(sftp_server: FileServer) -> None:
    known = Path.home() / ".ssh" / "known_hosts"
    kept = known.read_text()
    known.write_text("")
    connections.cache_clear()
    try:
        with pytest.raises(MlflowException, match="ssh-keyscan") as caught:
            open_place(f"{sftp_server.url}/x").list()
        assert caught.value.error_code == "PERMISSION_DENIED"
    finally:
        known.write_text(kept)


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("ftp:///a", "names no host"),
        ("sftp:/a", "names no host"),
        ("ftp://host:port/a", "its port is no number"),
        ("ftp://host/a?x=1", "a query or a fragment"),
    ],
)
def test_uris_that_name_nothing(uri: str, sentence: str) -> None:
    with pytest.raises(MlflowException, match=sentence):
        open_place(uri)


@pytest.mark.parametrize(
    ("uri", "lacking", "advice"),
    [
        ("ftp://host/a", "fsspec", 'pip install "millstream[filesystems]"'),
        ("sftp://host/a", "paramiko", 'pip install "millstream[filesystems]" paramiko'),
        ("hdfs://host/a", "pyarrow", 'pip install "millstream[filesystems]" pyarrow'),
        ("viewfs://name/a", "fsspec", "the Hadoop client"),
    ],
)
def test_what_is_not_installed_is_said(uri: str, lacking: str, advice: str) -> None:
    program = (
        f"import sys; sys.modules[{lacking!r}] = None\n"
        "from mlflow.blobs import open_place\n"
        "from mlflow.exceptions import MlflowException\n"
        f"try: open_place({uri!r})\n"
        "except MlflowException as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert "need a package that is not installed" in done.stdout
    assert advice in done.stdout


@pytest.fixture(autouse=True)
def _fresh_memory() -> Iterator[None]:
    yield
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
