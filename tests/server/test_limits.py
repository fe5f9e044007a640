"""Bodies that are too large, too slow or packed; clients that say nothing."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from tests.server.raw import Conversation, exchange, request
from tests.servers.millstream import RunningServer

SEARCH = "/api/2.0/mlflow/experiments/search"
LOG = "/api/2.0/mlflow/runs/log-batch"
QUESTION = b'{"max_results": 1}'


def error(body: bytes) -> tuple[str, str]:
    answer = json.loads(body)
    return answer["error_code"], answer["message"]


@pytest.mark.parametrize("path", [SEARCH, LOG])
def test_a_large_body_is_refused_and_the_client_hears_of_it(
    server: RunningServer, path: str
) -> None:
    answer = exchange(server.url, request("POST", path, b" " * 3_000_000))
    code, message = error(answer.body)
    assert (answer.status, code) == (413, "INVALID_PARAMETER_VALUE")
    assert "accepts 100000 bytes" in message
    assert "--max-body-size" in message


def test_a_client_that_asks_first_need_not_send(server: RunningServer) -> None:
    head = request("POST", LOG, b" " * 200_000, Expect="100-continue")[:-200_000]
    with Conversation(server.url) as conversation:
        conversation.send(head)
        answer = conversation.answer()
    assert answer.status == 413


def test_a_large_body_in_chunks(server: RunningServer) -> None:
    head = request("POST", LOG, Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
    chunk = b"fff0\r\n" + b" " * 0xFFF0 + b"\r\n"
    assert exchange(server.url, head + chunk * 2 + b"0\r\n\r\n").status == 413
    small = b"%x\r\n%s\r\n0\r\n\r\n" % (len(QUESTION), QUESTION)
    head = head.replace(LOG.encode(), SEARCH.encode())
    assert exchange(server.url, head + small).status == 200


def test_half_a_body_is_waited_for_but_not_forever(server: RunningServer) -> None:
    data = request("POST", LOG, b"x" * 100)
    with Conversation(server.url) as conversation:
        conversation.send(data[:-50])
        answer = conversation.answer()
        assert (answer.status, error(answer.body)[0]) == (408, "DEADLINE_EXCEEDED")
        assert conversation.ended()


@pytest.mark.parametrize("data", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: local"])
def test_a_client_that_says_nothing_is_dropped(server: RunningServer, data: bytes) -> None:
    with Conversation(server.url) as conversation:
        conversation.send(data)
        assert conversation.ended()


def test_an_idle_connection_is_closed(server: RunningServer) -> None:
    with Conversation(server.url) as conversation:
        conversation.send(request("GET", "/health"))
        assert conversation.answer().status == 200
        assert conversation.ended()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 500_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 200,
    ],
    ids=["long", "many"],
)
def test_large_headers(server: RunningServer, head: bytes) -> None:
    assert exchange(server.url, head + b"\r\n\r\n").status == 431


def test_packed_bodies(server: RunningServer) -> None:
    packed = gzip.compress(QUESTION)
    assert (
        exchange(server.url, request("POST", SEARCH, packed, content_encoding="gzip")).status == 200
    )


def test_what_unpacks_to_too_much(server: RunningServer) -> None:
    packed = gzip.compress(b" " * 50_000_000)
    assert len(packed) < 100_000
    answer = exchange(server.url, request("POST", SEARCH, packed, content_encoding="gzip"))
    assert (answer.status, "after unpacking" in error(answer.body)[1]) == (413, True)


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"no gzip", "gzip", 400),
        (gzip.compress(QUESTION)[:-9], "gzip", 400),
        (gzip.compress(QUESTION) + b"more", "gzip", 400),
        (zlib.compress(QUESTION), "deflate", 415),
        (QUESTION, "br", 415),
        (QUESTION, "identity", 200),
    ],
    ids=["other", "half", "more", "deflate", "br", "identity"],
)
def test_bad_packing(server: RunningServer, body: bytes, encoding: str, status: int) -> None:
    answer = exchange(server.url, request("POST", SEARCH, body, content_encoding=encoding))
    assert answer.status == status


def test_the_server_goes_on_after_a_client_that_left(server: RunningServer) -> None:
    for _ in range(20):
        with Conversation(server.url) as conversation:
            conversation.send(request("POST", LOG, b"x" * 100)[:-50])
    assert exchange(server.url, request("POST", SEARCH, QUESTION)).status == 200
