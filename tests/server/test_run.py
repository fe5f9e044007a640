"""The server as processes: start, several workers, death of one, and the end."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.server.raw import Conversation, exchange, request
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer

LOG = "/api/2.0/mlflow/runs/log-metric"
VERSION = "/version"


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds that must come to hold by itself."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def refuses(server: RunningServer) -> bool:
    """Whether new connections are refused."""
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def workers(server: RunningServer) -> list[psutil.Process]:
    return psutil.Process(server.pid).children()


@pytest.mark.parametrize("count", ["1", "3"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_requests_in_flight_are_finished(
    start_server: StartServer, count: str, how: signal.Signals
) -> None:
    server = start_server(None, "--workers", count)
    run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    body = b'{"run_id": "%s", "key": "a", "value": 1, "timestamp": 1}' % run.encode()
    data = request("POST", LOG, body)
    with Conversation(server.url) as begun, Conversation(server.url) as idle:
        idle.send(request("GET", VERSION))
        assert idle.answer().status == 200
        begun.send(data[:-10])
        # The server has taken the connection when the next one is answered on each worker.
        for _ in range(20):
            assert exchange(server.url, request("GET", VERSION)).status == 200
        os.kill(server.pid, how)
        eventually(lambda: refuses(server))
        begun.send(data[-10:])
        assert begun.answer().status == 200
        assert idle.ended()
    assert server.process.wait(20) == 0
    server.start()
    history = server.call("GET", f"metrics/get-history?run_id={run}&metric_key=a")
    assert len(history["metrics"]) == 1


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_request_that_never_ends_does_not_hold_the_server(
    start_server: StartServer, count: str
) -> None:
    server = start_server(None, "--workers", count, "--stop-timeout", "0.2")
    with Conversation(server.url) as begun:
        begun.send(request("POST", LOG, b" " * 100)[:-10])
        for _ in range(10):
            assert exchange(server.url, request("GET", VERSION)).status == 200
        assert server.stop() == 0  # not killed for taking the half minute that it has by default


def test_a_worker_that_dies_is_replaced(start_server: StartServer) -> None:
    server = start_server(None, "--workers", "2")
    eventually(lambda: len(workers(server)) == 2)
    before = {process.pid for process in workers(server)}
    for process in workers(server):
        process.kill()
    eventually(lambda: len({process.pid for process in workers(server)} - before) == 2)
    eventually(server.healthy)
    for _ in range(20):
        assert exchange(server.url, request("GET", VERSION)).status == 200
    assert server.stop() == 0
    assert "ended: signal 9" in server.log.read_text()


def test_workers_end_with_their_supervisor(start_server: StartServer) -> None:
    server = start_server(None, "--workers", "2")
    eventually(lambda: len(workers(server)) == 2)
    left = workers(server)
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    psutil.wait_procs(left, timeout=20)
    assert not [process for process in left if process.is_running()]
    assert refuses(server)


def test_all_workers_work_on_one_store(start_server: StartServer) -> None:
    server = start_server(None, "--workers", "3", "--no-access-log")
    run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]

    def log(writer: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        for step in range(25):
            body = (
                f'{{"run_id": "{run}", "key": "m{writer}", "value": {step}, '
                f'"timestamp": 1, "step": {step}}}'
            )
            connection.request("POST", LOG, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"{}")
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(log, range(8)))
    for writer in range(8):
        path = f"metrics/get-history?run_id={run}&metric_key=m{writer}"
        found = server.call("GET", path)
        assert [point["step"] for point in found["metrics"]] == list(range(25))
    numbers = server.request("GET", "/metrics")[1].decode()
    assert 'mlflow_http_requests_total{endpoint="runs/log-metric",status="2xx"} 200' in numbers
    assert "mlflow_server_workers 3" in numbers


def ended_by(server: RunningServer, how: signal.Signals) -> bool:
    """Whether the server has ended; if not, it is told once more."""
    if server.process.poll() is None:
        os.kill(server.pid, how)
    return server.process.poll() is not None


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_second_ctrl_c_ends_at_once(start_server: StartServer, count: str) -> None:
    server = start_server(None, "--stop-timeout", "600", "--workers", count)
    with Conversation(server.url) as begun:
        begun.send(request("POST", LOG, b" " * 100)[:-10])
        for _ in range(10):
            assert exchange(server.url, request("GET", VERSION)).status == 200
        os.kill(server.pid, signal.SIGINT)
        eventually(lambda: refuses(server))
        eventually(lambda: ended_by(server, signal.SIGINT))
    assert server.process.returncode == 0


@pytest.mark.parametrize("count", ["1", "2"])
def test_signals_that_come_twice_are_one(start_server: StartServer, count: str) -> None:
    """A terminal sends Ctrl-C to all processes, and `timeout` sends SIGTERM twice."""
    server = start_server(None, "--workers", count)
    with Conversation(server.url) as begun:
        data = request("POST", LOG, b"{}")
        begun.send(data[:-1])
        for _ in range(10):
            assert exchange(server.url, request("GET", VERSION)).status == 200
        for how in (signal.SIGTERM, signal.SIGINT):
            os.killpg(server.pid, how)
        eventually(lambda: refuses(server))
        begun.send(data[-1:])
        assert begun.answer().status == 400
    assert server.process.wait(20) == 0
    assert "stopped before" not in server.log.read_text()
