"""Files of web servers that are read: whole, in ranges, with what they say about them."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import NamedTuple

import pytest

from mlflow.blobs import Blob, Place, open_place
from mlflow.blobs.digests import Digest
from mlflow.exceptions import MlflowException
from tests.blobs.contract import content
from tests.blobs.spellings import REFUSED

WHOLE = bytes(range(256)) * 4096


class _Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]


class _Web(ThreadingHTTPServer):
    """A server that answers as it is told, and notes what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[_Asked] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.tag = '"one"'
        self.ranges = True
        self.head = True
        self.length = True
        self.more: dict[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    server: _Web
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *told: object) -> None:
        """Nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        web = self.server
        web.asked.append(_Asked(self.command, self.path, dict(self.headers)))
        if self.command == "HEAD" and not web.head:
            self._answer(405, b"", {})
            return
        if not self.path.startswith("/files/a%20b.bin"):
            self._answer(404, b"", {})
            return
        headers = {"ETag": web.tag, **web.more}
        wanted = self.headers.get("Range")
        if wanted and web.ranges and self.headers.get("If-Range", web.tag) == web.tag:
            start, _, end = wanted.removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or len(WHOLE)), len(WHOLE) - 1)
            if first >= len(WHOLE):
                self._answer(416, b"", headers | {"Content-Range": f"bytes */{len(WHOLE)}"})
                return
            headers["Content-Range"] = f"bytes {first}-{last}/{len(WHOLE)}"
            self._answer(206, WHOLE[first : last + 1], headers)
            return
        self._answer(200, WHOLE, headers)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.server.length or status != 200:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture
def web() -> Iterator[_Web]:
    with _Web() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def place(web: _Web) -> Place:
    return open_place(f"{web.url}/files")


def _part(place: Place, start: int, length: int | None, tag: str = "") -> bytes:
    with place.get("a b.bin", start, length, tag) as reading:
        part = b"".join(reading.pieces())
        assert reading.size in (None, len(part))
        assert reading.found is None or reading.found.size == len(WHOLE)
        return part


def test_a_file_is_read(place: Place, web: _Web) -> None:
    assert content(place, "a b.bin") == WHOLE
    found = place.look("a b.bin")
    assert found is not None
    assert (found.path, found.size, found.tag) == ("a b.bin", len(WHOLE), '"one"')
    assert place.look("other") is None
    assert place.list() == []
    with pytest.raises(MlflowException, match="There is no artifact 'other'") as caught:
        content(place, "other")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert all(asked.headers["Accept-Encoding"] == "identity" for asked in web.asked)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 10), (5, 300_000), (len(WHOLE) - 5, 100), (7, None), (len(WHOLE), 5), (3, 0)],
)
def test_ranges(place: Place, web: _Web, ranges: bool, start: int, length: int | None) -> None:
    web.ranges = ranges
    assert _part(place, start, length) == WHOLE[start:][:length]
    assert _part(place, start, length, '"one"') == WHOLE[start:][:length]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_was_replaced(place: Place, web: _Web, ranges: bool) -> None:
    web.ranges = ranges
    web.tag = '"two"'
    for start, length in ((0, None), (5, 10), (len(WHOLE), 1), (0, 0)):
        with pytest.raises(MlflowException, match="was replaced"):
            _part(place, start, length, '"one"')


def test_a_server_that_says_little(place: Place, web: _Web) -> None:
    web.head = web.length = web.ranges = False
    found = place.look("a b.bin")
    assert found is not None
    assert found.size == len(WHOLE)
    assert content(place, "a b.bin") == WHOLE
    with place.get("a b.bin", 5, 10) as reading:
        assert b"".join(reading.pieces()) == WHOLE[5:15]


def _encoded(algorithm: str) -> str:
    return b64encode(hashlib.new(algorithm, WHOLE, usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize(
    ("headers", "digest"),
    [
        ({}, None),
        ({"X-Millstream-Digest": f"sha256/8:{'a' * 64}"}, Digest("sha256", 8, "a" * 64)),
        (
            {"Repr-Digest": f"md5=:x:, sha-256=:{_encoded('sha256')}:"},
            Digest("sha256", 0, hashlib.sha256(WHOLE).hexdigest()),
        ),
        (
            {"Content-MD5": _encoded("md5")},
            Digest("md5", 0, hashlib.md5(WHOLE, usedforsecurity=False).hexdigest()),
        ),
        ({"Content-MD5": "nonsense"}, None),
        ({"Repr-Digest": "sha-256=:nonsense:"}, None),
    ],
)
def test_digests(place: Place, web: _Web, headers: dict[str, str], digest: Digest | None) -> None:
    web.more = headers
    found = place.look("a b.bin")
    assert found is not None
    assert found.digest == digest


def test_an_address_with_a_query_is_one_file(web: _Web) -> None:
    place = open_place(f"{web.url}/files/a%20b.bin?sig=secret&x=1")
    assert place.list() == [Blob("a b.bin", False, len(WHOLE))]
    assert [found.path for found in place.walk()] == ["a b.bin"]
    assert content(place, "a b.bin") == WHOLE
    assert {asked.path for asked in web.asked} == {"/files/a%20b.bin?sig=secret&x=1"}
    with pytest.raises(MlflowException, match="There is no artifact"):
        content(place, "other")


def test_our_login_is_not_told(web: _Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    content(open_place(f"{web.url}/files"), "a b.bin")
    assert "Authorization" not in web.asked[-1].headers
    content(open_place(f"{web.url}/files".replace("//", "//ada:pass%20word@")), "a b.bin")
    told = b64encode(b"ada:pass word").decode()
    assert web.asked[-1].headers["Authorization"] == f"Basic {told}"


def test_nothing_can_be_written(place: Place, web: _Web) -> None:
    works: list[Callable[[], object]] = [
        lambda: place.put("a", BytesIO(b"")),
        lambda: place.put_batch([("a", b"")]),
        lambda: place.writing("a"),
        lambda: place.delete("a"),
        lambda: place.staging("a", "attempt"),
    ]
    for work in works:
        with pytest.raises(MlflowException, match="only read from") as caught:
            work()
        assert caught.value.error_code == "NOT_IMPLEMENTED"
    assert place.parts is None
    assert place.sweep(0) == (0, 0)
    assert web.asked == []


def test_refused_spellings(place: Place, web: _Web) -> None:
    for path in REFUSED:
        works: list[Callable[[str], object]] = [content_of(place), place.look, place.delete]
        for work in works:
            with pytest.raises(MlflowException) as caught:
                work(path)
            assert caught.value.error_code == "INVALID_PARAMETER_VALUE", path
    assert web.asked == []


def content_of(place: Place) -> Callable[[str], object]:
    """Reads a path of the place."""
    return lambda path: content(place, path)


def test_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    place = open_place("http://ada:secret@127.0.0.1:1/files")
    with pytest.raises(MlflowException, match="cannot be reached") as caught:
        place.look("a")
    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"
    assert "secret" not in str(caught.value)
