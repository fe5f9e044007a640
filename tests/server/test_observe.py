"""The access log and the numbers for Prometheus."""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from mlflow.server.observe import AccessLog, Tally
from tests.server.raw import exchange, request
from tests.servers.fixtures import StartServer

SEARCH = "/api/2.0/mlflow/experiments/search"


def samples(text: str) -> dict[str, float]:
    """The samples of an exposition by name and labels; each line must be well-formed."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.fullmatch(r"# (HELP \w+ .+|TYPE \w+ (counter|gauge|histogram))", line)
            continue
        match = re.fullmatch(r'(\w+(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})?) (\S+)', line)
        assert match, line
        found[match[1]] = float(match[2])
    return found


def log_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


def test_requests_are_counted_and_logged(start_server: StartServer) -> None:
    server = start_server()
    first = samples(server.request("GET", "/metrics")[1].decode())
    for question in (b'{"max_results": 1}', b'{"max_results": 1}', b'{"max_results": -1}'):
        exchange(server.url, request("POST", SEARCH, question))
    exchange(server.url, request("GET", "/nothing?secret=1", x_request_id="mine"))
    numbers = samples(server.request("GET", "/metrics")[1].decode())
    total = 'mlflow_http_requests_total{endpoint="%s",status="%s"}'
    assert numbers[total % ("experiments/search", "2xx")] == 2
    assert numbers[total % ("experiments/search", "4xx")] == 1
    assert numbers[total % ("other", "4xx")] == 1
    assert numbers[total % ("metrics", "2xx")] == first.get(total % ("metrics", "2xx"), 0) + 1
    duration = "mlflow_http_request_duration_seconds"
    assert numbers[duration + '_count{endpoint="experiments/search"}'] == 3
    assert numbers[duration + '_bucket{endpoint="experiments/search",le="+Inf"}'] == 3
    assert 0 < numbers[duration + '_sum{endpoint="experiments/search"}'] < 10
    assert numbers["mlflow_http_requests_in_flight"] == 1  # the one that asks
    assert server.stop() == 0
    lines = log_lines(server.log)
    found = [line for line in lines if line["path"] == SEARCH]
    assert [line["status"] for line in found] == [200, 200, 400]
    assert all(line["method"] == "POST" and line["client"] == "127.0.0.1" for line in found)
    assert all(line["ms"] > 0 and line["bytes"] > 0 for line in found)
    mine = next(line for line in lines if line["request"] == "mine")
    assert mine["path"] == "/nothing"  # what is asked for may be private, and stays out


def test_what_was_not_sent_is_not_logged_as_sent(start_server: StartServer) -> None:
    server = start_server()
    path = "/api/2.0/mlflow-artifacts/artifacts/a.bin"
    assert server.request("PUT", path, bytes(1000))[0] == 200
    assert server.request("HEAD", path) == (200, b"")
    assert server.request("GET", path)[0] == 200
    assert server.stop() == 0
    found = [line for line in log_lines(server.log) if line["path"] == path]
    assert [(line["method"], line["bytes"]) for line in found[1:]] == [("HEAD", 0), ("GET", 1000)]


def test_the_log_cannot_be_forged(start_server: StartServer) -> None:
    server = start_server()
    exchange(server.url, request("GET", '/a%0a{"status":200}'))
    assert server.stop() == 0
    assert [line["status"] for line in log_lines(server.log) if line["path"] != "/health"] == [404]


def test_the_log_gives_no_orders_to_a_terminal(start_server: StartServer) -> None:
    server = start_server()
    orders = ("%1b[2J", "%7f", "%c2%9b2J", "%e2%80%ae")  # the last two: CSI, and right to left
    for order in orders:
        exchange(server.url, request("GET", f"/gr%c3%b6%c3%9fe{order}"))
    exchange(server.url, request("GET", "/gr%c3%b6%c3%9fe/" + "x" * 20_000))
    assert server.stop() == 0
    assert server.log.read_text().replace("\n", "").isprintable()
    paths = [line["path"] for line in log_lines(server.log) if "gr" in line["path"]]
    assert paths[:-1] == [
        f"/gr%C3%B6%C3%9Fe{order}" for order in ("%1B%5B2J", "%7F", "%C2%9B2J", "%E2%80%AE")
    ]
    assert paths[-1] == "/größe/" + "x" * 993


def test_no_access_log(start_server: StartServer) -> None:
    server = start_server(None, "--no-access-log")
    server.request("GET", "/version")
    assert server.stop() == 0
    assert log_lines(server.log) == []


def test_workers_count_together() -> None:
    tally = Tally(["other", "a"], workers=2)
    for worker in (0, 1):
        tally.work_as(worker)
        tally.begin()
        tally.begin()
        tally.end(1, 200, 0.002)
    numbers = samples(tally.render().decode())
    assert numbers['mlflow_http_requests_total{endpoint="a",status="2xx"}'] == 2
    assert numbers["mlflow_http_requests_in_flight"] == 2
    buckets = 'mlflow_http_request_duration_seconds_bucket{endpoint="a",le="%s"}'
    assert [numbers[buckets % bound] for bound in ("0.001", "0.0025", "10", "+Inf")] == [0, 2, 2, 2]
    tally.work_as(1)  # a worker that replaces a dead one has nothing in flight
    assert samples(tally.render().decode())["mlflow_http_requests_in_flight"] == 1


def test_a_reader_that_stands_still_costs_lines_but_no_requests() -> None:
    reading, writing = os.pipe()
    received: list[bytes] = []

    async def fill() -> None:
        log = AccessLog(writing, most=3000)
        log.INTERVAL = 0
        for number in range(2000):
            log.add("127.0.0.1", "GET", f"/{number}", 200, 0.001, 2, "x")
        while log._waiting:  # the first lines are handed over, and fill the pipe
            await asyncio.sleep(0)
        for number in range(2000, 6000):
            log.add("127.0.0.1", "GET", f"/{number}", 200, 0.001, 2, "x")
        reader = threading.Thread(target=read)
        reader.start()
        log.close()  # as the server does once nothing runs on the loop any more
        os.close(writing)
        reader.join()

    def read() -> None:
        while piece := os.read(reading, 65536):
            received.append(piece)

    asyncio.run(fill())
    os.close(reading)
    lines = [json.loads(line) for line in b"".join(received).splitlines()]
    kept = [line["path"] for line in lines if "path" in line]
    assert kept == [f"/{number}" for number in range(5000)]
    assert [line["lines_dropped"] for line in lines if "lines_dropped" in line] == [1000]


def test_a_log_that_nobody_reads_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    async def fill() -> None:
        log = AccessLog(writing)
        log.add("127.0.0.1", "GET", "/", 200, 0.001, 2, "x")
        log.close()

    asyncio.run(fill())
    os.close(writing)
    assert capfd.readouterr().err == ""
