"""Artifacts on tracking servers: ours does what every place does; others get what they know."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from mlflow._http import Session
from mlflow.blobs import open_place
from mlflow.blobs.digests import Digest
from mlflow.blobs.place import Place
from mlflow.blobs.served.place import Served
from mlflow.client import transfer
from mlflow.exceptions import InvalidUrlException
from tests.blobs.contract import Contract, PartsContract, StagingContract, put, send
from tests.servers.millstream import RunningServer

ROOT = "/api/2.0/mlflow-artifacts"


class TestServed(Contract, PartsContract, StagingContract):
    tells_deleted = False

    @pytest.fixture
    def place(self, shared_server: RunningServer) -> Place:
        """A folder of its own on our server."""
        return open_place(f"mlflow-artifacts:/{uuid.uuid4().hex}", Session(shared_server.url))

    def test_what_is_left_behind_is_swept(self, place: Place) -> None:
        """By the server, and by nobody else."""
        pieces = self.pieces(2)
        parts, upload = self.begin(place, "a/big", pieces)
        send(parts, "a/big", upload, 1, pieces[0])
        assert place.sweep(-3600) == (0, 0)
        assert [one.upload_id for one in parts.unfinished("a/big")] == [upload]

    def test_left_attempts_are_swept(self, place: Place) -> None:
        """By the server, and by nobody else."""
        staging = self.stage(place, "m", a=b"1")
        assert place.sweep(-3600) == (0, 0)
        staging.publish()


# -- an official server ------------------------------------------------------------------


class Official:
    """A server that knows whole files, listings and, if `signs`, parts that a store takes.

    Attributes:
        files: content by path.
        asked: method and path of each request, in order.
        parts: what its store was sent, by number.
        ours: whether it lists parts, as our servers do, and takes them itself.
        store: where its store is said to be, if not here.
        expired: how many requests to its store come too late.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.parts: dict[int, bytes] = {}
        self.signs = False
        self.ours = False
        self.store = ""
        self.expired = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Official:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(target)
        path = unquote(parts.path)
        self.asked.append((method, path))
        if path == "/api/3.0/mlflow/server-info":
            told = {"multipart_uploads_enabled": self.signs, "multipart_downloads_enabled": False}
            return 200, {}, json.dumps(told).encode()
        if self.ours and path.startswith(f"{ROOT}/mpu/list"):
            return 200, {}, b'{"uploads": [], "algorithm": "md5", "least_part": 5000000}'
        if self.ours and path.startswith(f"{ROOT}/mpu/part/"):
            number = int(parse_qs(parts.query)["part_number"][0])
            self.parts[number] = body
            return 200, {"ETag": f'"tag {number}"'}, b""
        if path.startswith("/store/"):
            if self.expired:
                self.expired -= 1
                return 403, {}, b"<Error><Code>AccessDenied</Code></Error>"
            number = int(path.rpartition("/")[2])
            self.parts[number] = body
            return 200, {"ETag": f'"tag {number}"'}, b""
        if path.startswith(f"{ROOT}/mpu/create/") and self.signs:
            told = json.loads(body)
            numbers = told.get("part_numbers") or range(1, told["num_parts"] + 1)
            store = self.store or f"{self.url}/store"
            where = [{"url": f"{store}/{n}", "part_number": n} for n in numbers]
            return 200, {}, json.dumps({"upload_id": "u", "credentials": where}).encode()
        if path.startswith(f"{ROOT}/mpu/complete/") and self.signs:
            told = json.loads(body)
            folder = path.removeprefix(f"{ROOT}/mpu/complete/")
            assert [part["etag"] for part in told["parts"]] == [
                f"tag {part['part_number']}" for part in told["parts"]
            ]
            whole = b"".join(self.parts[part["part_number"]] for part in told["parts"])
            self.files[f"{folder}/{told['path']}"] = whole
            return 200, {}, b"{}"
        if method == "HEAD":
            return 404, {}, b""
        name = path.removeprefix(f"{ROOT}/artifacts").strip("/")
        if path == f"{ROOT}/artifacts":
            return 200, {}, json.dumps({"files": self._listed(parts.query)}).encode()
        if path.startswith(f"{ROOT}/artifacts/"):
            if method == "PUT":
                self.files[name] = body
                return 200, {}, b"{}"
            if method == "GET" and name in self.files:
                return 200, {}, self.files[name]
        return 404, {}, b"{}"

    def _listed(self, query: str) -> list[dict[str, object]]:
        folder = parse_qs(query).get("path", [""])[0]
        found: dict[str, dict[str, object]] = {}
        for path, content in self.files.items():
            if path.startswith(f"{folder}/"):
                name, deeper, _ = path.removeprefix(f"{folder}/").partition("/")
                found[name] = {"path": name, "is_dir": bool(deeper)}
                if not deeper:
                    found[name]["file_size"] = len(content)
        return list(found.values())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        official = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do(self) -> None:
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, answer = official.answer(self.command, self.path, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_HEAD = do_POST = do_PUT = do

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def official() -> Iterator[Official]:
    with Official() as server:
        yield server


def place_at(url: str) -> Served:
    place = open_place("mlflow-artifacts:/x", Session(url))
    assert isinstance(place, Served)
    return place


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of three parts that are as small as stores take them."""
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1000000")
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(17_000_000))
    return path


def test_files_to_an_official_server(official: Official, large: Path, tmp_path: Path) -> None:
    place = place_at(official.url)
    transfer.send_file(place, large, "to")
    assert official.files["x/to/large.bin"] == large.read_bytes()
    assert place.parts is None
    got = transfer.fetch(place, "to/large.bin", tmp_path / "got")
    assert got.read_bytes() == large.read_bytes()
    with large.open("rb") as stream:
        transfer.send_stream(place, "streamed", stream)
    assert official.files["x/streamed"] == large.read_bytes()
    transfer.put_bytes(place, "small", b"small")
    assert official.files["x/small"] == b"small"
    # That it is not ours was found out once.
    assert len([path for _, path in official.asked if "mpu/list" in path]) == 1


def test_folders_to_an_official_server(official: Official, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    (folder / "sub/deep").mkdir(parents=True)
    for path in ("a", "sub/b", "sub/deep/ü"):
        (folder / path).write_bytes(path.encode())
    place = place_at(official.url)
    transfer.send_folder(place, folder, "to")
    assert official.files == {
        f"x/to/{path}": path.encode() for path in ("a", "sub/b", "sub/deep/ü")
    }
    got = transfer.fetch(place, "to", tmp_path / "got")
    assert (got / "sub/deep/ü").read_text() == "sub/deep/ü"


def test_parts_to_the_store_behind_an_official_server(official: Official, large: Path) -> None:
    official.signs = True
    place = place_at(official.url)
    transfer.send_file(place, large, "to")
    assert sorted(official.parts) == [1, 2, 3]
    assert official.files["x/to/large.bin"] == large.read_bytes()
    assert ("PUT", f"{ROOT}/artifacts/x/to/large.bin") not in official.asked


def test_parts_go_through_our_server_when_its_store_is_out_of_reach(
    official: Official, large: Path
) -> None:
    official.ours = official.signs = True
    official.store = "http://127.0.0.1:1/store"
    place = place_at(official.url)
    transfer.send_file(place, large, "to")
    assert official.files["x/to/large.bin"] == large.read_bytes()
    assert len([path for _, path in official.asked if "mpu/part" in path]) == 3
    # That is remembered, also for other places on the server.
    official.store = ""
    other = open_place("mlflow-artifacts:/y", place._session)
    transfer.send_file(other, large, "to")
    assert len([path for _, path in official.asked if "mpu/part" in path]) == 6


@pytest.mark.parametrize(
    "store",
    ["file:///etc", "ftp://127.0.0.1/x", "http://[::1", "http://127.0.0.1:99999", "http://"],
)
def test_addresses_that_are_none_are_refused(official: Official, large: Path, store: str) -> None:
    official.ours = official.signs = True
    official.store = store
    with pytest.raises(InvalidUrlException):
        transfer.send_file(place_at(official.url), large, "to")
    assert official.files == {}


def test_addresses_that_have_expired_are_asked_for_again(official: Official, large: Path) -> None:
    official.ours = official.signs = True
    official.expired = 1
    transfer.send_file(place_at(official.url), large, "to")
    assert official.files["x/to/large.bin"] == large.read_bytes()
    assert len([path for _, path in official.asked if "mpu/create" in path]) > 1
    assert not [path for _, path in official.asked if "mpu/part" in path]


def test_parts_are_sent_whole_where_that_is_not_asked_for(
    official: Official, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    official.signs = True
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "")
    transfer.send_file(place_at(official.url), large, "to")
    assert official.parts == {}
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1000000")
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "false")
    transfer.send_file(place_at(official.url), large, "to")
    assert official.parts == {}
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_ENABLE_MULTIPART_UPLOAD", "false")
    transfer.send_file(place_at(official.url), large, "to")
    assert official.parts == {}


def test_a_digest_header_does_not_disturb_an_official_server(official: Official) -> None:
    place = place_at(official.url)
    place.put("a", BytesIO(b"abc"), Digest("md5", 0, "900150983cd24fb0d6963f7d28e17f72"))
    assert official.files["x/a"] == b"abc"


def test_a_child_after_a_fork_has_connections_of_its_own(
    running_server: RunningServer, tmp_path: Path
) -> None:
    place = place_at(running_server.url)
    file = tmp_path / "file"
    file.write_bytes(os.urandom(20_000_000))
    transfer.send_file(place, file, "parent")
    child = os.fork()
    if not child:
        status = 1
        try:
            transfer.send_file(place, file, "child")
            status = 0
        finally:
            os._exit(status)
    transfer.send_file(place, file, "again")
    assert os.waitpid(child, 0)[1] == 0
    for folder in ("parent", "child", "again"):
        put(place, f"{folder}/beside")
        assert [found.path for found in place.walk(folder)] == ["beside", "file"]
        with place.get(f"{folder}/file") as reading:
            assert b"".join(reading.pieces()) == file.read_bytes()
