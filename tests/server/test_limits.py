"""Bodies that are too large, too slow or packed; clients that say nothing."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from typing import Any

import pytest

from tests.server.raw import Conversation, exchange, request
from tests.servers.millstream import RunningServer
from tests.servers.processes import wait_until

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
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 700_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 200,
    ],
    ids=["long", "longer", "many"],
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


def test_an_answer_is_not_kept_for_a_client_that_stops_reading(server: RunningServer) -> None:
    def post(path: str, **fields: object) -> dict[str, Any]:
        body = json.dumps(fields).encode()
        status, answer = server.request(
            "POST", f"/api/2.0/mlflow/{path}", body, {"Content-Type": "application/json"}
        )
        assert status == 200
        found: dict[str, Any] = json.loads(answer)
        return found

    run_id = post("runs/create", experiment_id="0")["run"]["info"]["run_id"]
    key = "m" * 100
    for start in range(0, 130_000, 500):
        steps = range(start, start + 500)
        metrics = [{"key": key, "value": 0.1, "timestamp": step, "step": step} for step in steps]
        post("runs/log-batch", run_id=run_id, metrics=metrics)
    path = f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key={key}"
    with Conversation(server.url) as conversation:
        conversation.send(request("GET", path))
        whole = len(conversation.answer().body)
        assert whole > 18_000_000  # more than the network holds for a client
        conversation.send(request("HEAD", path) + request("GET", "/version"))
        data = conversation.socket.recv(1 << 16)
        while b"3.17" not in data:  # the answer without a body, and then the next one
            data += conversation.socket.recv(1 << 16)
        assert data.count(b"HTTP/1.1 200") == 2
        assert data.count(b"content-length: %d" % whole) == 1
    with Conversation(server.url) as conversation:
        conversation.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        conversation.send(request("GET", path))

        def let_go() -> bool:
            lines = server.log.read_text().splitlines()
            return any("get-history" in line and '"status":499' in line for line in lines)

        wait_until(let_go, server.process, "letting go of a client", server.log)
        assert b"in_flight 1\n" in server.request("GET", "/metrics")[1]
