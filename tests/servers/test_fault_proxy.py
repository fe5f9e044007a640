"""The fault proxy does what it is told, at the byte it is told."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from tests.servers.fault_proxy import DOWN, UP, FaultProxy, call, cut, delay, drawn, flip, stall
from tests.servers.nginx import run_nginx

DEADLINE = 20.0


class Echo:
    """An HTTP server that answers a body with itself; `received` is what came of each."""

    def __init__(self) -> None:
        received: list[bytes] = []
        self.received = received

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_PUT(self) -> None:
                with suppress(ConnectionError):
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    received.append(body)
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def echo() -> Iterator[Echo]:
    with closing(Echo()) as server:
        yield server


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    with FaultProxy(echo.url) as proxy:
        yield proxy


class Client:
    """One connection that puts bodies."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=DEADLINE)

    def put(self, body: bytes, path: str = "/a") -> bytes:
        self._connection.request("PUT", path, body)
        return self._connection.getresponse().read()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[Client]:
    with closing(Client(proxy.url)) as client:
        yield client


BODY = bytes(range(256)) * 8192  # 2 MiB


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_without_faults_all_passes_and_is_counted(proxy: FaultProxy, client: Client) -> None:
    assert client.put(BODY) == BODY
    assert client.put(BODY) == BODY
    assert proxy.connections == 1
    assert 2 * len(BODY) < proxy.up < 2 * len(BODY) + 1000
    assert 2 * len(BODY) < proxy.down < 2 * len(BODY) + 1000
    proxy.forget()
    assert (proxy.up, proxy.down, proxy.connections) == (0, 0, 0)


@pytest.mark.parametrize("at", [0, 1, 30, 200_000])
def test_a_cut_on_the_way_up(proxy: FaultProxy, client: Client, echo: Echo, at: int) -> None:
    proxy.add(cut(at))
    with pytest.raises((OSError, http.client.HTTPException)):
        client.put(BODY)
    assert proxy.up == at
    assert all(len(body) < len(BODY) for body in echo.received)
    client.close()
    assert client.put(BODY) == BODY  # it happens once


def test_a_cut_in_an_answer(proxy: FaultProxy, client: Client, echo: Echo) -> None:
    proxy.add(cut(100_000, DOWN, b"PUT /b", in_body=True), cut(0, DOWN, b"PUT /c"))
    assert client.put(BODY) == BODY
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.put(BODY, "/b")
    assert len(caught.value.partial) == 100_000
    client.close()
    with pytest.raises(http.client.RemoteDisconnected):
        client.put(BODY, "/c")
    assert echo.received == [BODY] * 3
    assert proxy.pending() == []


@pytest.mark.parametrize("at", [0, 1_000_000, len(BODY) - 1])
def test_a_flipped_byte(proxy: FaultProxy, client: Client, echo: Echo, at: int) -> None:
    client.put(b"first")
    proxy.add(flip(at, UP, b"PUT /a", in_body=True))
    wrong = bytearray(BODY)
    wrong[at] ^= 0xFF
    assert client.put(BODY) == bytes(wrong)
    assert client.put(BODY) == BODY
    proxy.add(flip(at, DOWN, b"PUT /a", in_body=True, times=2))
    assert [client.put(BODY) for _ in range(3)] == [wrong, wrong, BODY]
    assert echo.received == [b"first", bytes(wrong), BODY, BODY, BODY, BODY]


def test_calls_at_a_byte(proxy: FaultProxy, client: Client, echo: Echo) -> None:
    seen: list[int] = []
    proxy.add(call(lambda: seen.append(proxy.up), 5000))
    proxy.when(1_000_000, lambda: seen.append(proxy.up))
    proxy.when(10_000_000, lambda: seen.append(proxy.up))
    proxy.when(100_000, lambda: seen.append(proxy.down), DOWN)
    client.put(BODY)
    assert seen == [5000, 1_000_000, 100_000]


def test_delays_and_stalls(proxy: FaultProxy, client: Client, echo: Echo) -> None:
    proxy.add(delay(0.2, 1000))
    began = time.monotonic()
    assert client.put(BODY) == BODY
    assert time.monotonic() - began >= 0.2
    proxy.add(stall(1000, UP, b"PUT /b"))
    with closing(Client(proxy.url)) as other:

        def put() -> None:
            with pytest.raises((OSError, http.client.HTTPException)):
                other.put(BODY, "/b")

        waiting = threading.Thread(target=put)
        waiting.start()
        wait_for(lambda: not proxy.pending())
        assert client.put(b"x") == b"x"  # others pass
        assert len(echo.received) == 2
        proxy.cut()
        waiting.join(DEADLINE)
        assert not waiting.is_alive()


def test_a_slow_line(proxy: FaultProxy, client: Client) -> None:
    proxy.rate = 200_000
    began = time.monotonic()
    assert client.put(BODY[:50_000]) == BODY[:50_000]
    assert time.monotonic() - began >= 0.4


def test_going_away_and_coming_back(proxy: FaultProxy, client: Client, echo: Echo) -> None:
    client.put(b"x")
    proxy.away()
    with pytest.raises((OSError, http.client.HTTPException)):
        client.put(b"x")
    client.close()
    with pytest.raises(ConnectionRefusedError):
        client.put(b"x")
    client.close()
    proxy.back()
    assert client.put(b"x") == b"x"
    echo.close()
    echo.close = lambda: None  # type: ignore[method-assign]
    proxy.cut()
    client.close()
    with pytest.raises((OSError, http.client.HTTPException)):
        client.put(b"x")


def test_a_seed_gives_the_same_faults() -> None:
    assert drawn(7, 20, 1_000_000) == drawn(7, 20, 1_000_000)
    assert drawn(7, 20, 1_000_000) != drawn(8, 20, 1_000_000)


def test_nginx_refuses_bodies_above_its_limit(echo: Echo) -> None:
    with run_nginx(echo.url) as nginx, closing(Client(nginx.url)) as client:
        assert client.put(BODY[: 1024 * 1024]) == BODY[: 1024 * 1024]
        assert b"413 Request Entity Too Large" in client.put(BODY)
        client.close()  # until then nginx takes what may still come
        assert nginx.answered() == [(200, "PUT", 1024 * 1024), (413, "PUT", len(BODY))]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(nginx.url).port or 0))


def test_nginx_takes_further_settings(echo: Echo) -> None:
    with (
        run_nginx(echo.url, "client_max_body_size 4m;") as nginx,
        closing(Client(nginx.url)) as client,
    ):
        assert client.put(BODY) == BODY
