"""Which Host and Origin headers are believed."""

from __future__ import annotations

from functools import partial

import pytest

from mlflow.exceptions import MlflowException
from mlflow.server.hosts import Hosts, parse_authority
from tests.server.raw import exchange, request
from tests.servers.millstream import RunningServer

SEARCH = "/api/2.0/mlflow/experiments/search"

OWN = [
    "localhost",
    "localhost:5000",
    "LOCALHOST:5000",
    "localhost.",
    "app.localhost:8080",
    "127.0.0.1",
    "127.0.0.1:5000",
    "127.0.0.1.",
    "127.8.9.10",
    "[::1]",
    "[::1]:5000",
    "[0:0:0:0:0:0:0:1]:80",
    "[::ffff:127.0.0.1]",
    "10.1.2.3:5000",
    "172.31.255.255",
    "192.168.0.7",
    "100.64.0.1",
    "[fd00::17]:5000",
]
FOREIGN = [
    "",
    "evil.com",
    "evil.com:5000",
    "127.0.0.1.evil.com",
    "localhost.evil.com",
    "evillocalhost",
    "192.168.0.1.evil.com",
    "localhost:80@evil.com",
    "evil.com@localhost",
    "localhost:80@evil",
    "localhost:",
    "localhost:99999",
    "localhost:0x50",
    "localhost:80:80",
    "localhost/",
    "localhost#",
    "local host",
    "localhost,evil.com",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "127.1",
    "0177.0.0.1",
    "127.0.0.01",
    "8.8.8.8",
    "172.32.0.1",
    "[::ffff:8.8.8.8]",
    "[2001:db8::1]",
    "[::1",
    "::1",
    "[fe80::1%25eth0]",
    "[127.0.0.1]",
    "0.0.0.0",
    "xn--localhost-",
    "..",
    "a..localhost",
    "-.localhost",
    "locälhost",
]


@pytest.mark.parametrize("host", OWN)
def test_own_names_are_allowed(host: str) -> None:
    assert Hosts().allows_host(host.encode())


@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_are_refused(host: str) -> None:
    assert not Hosts().allows_host(host.encode())


@pytest.mark.parametrize(
    ("allowed", "host", "expected"),
    [
        ("mlflow.example.com", "mlflow.example.com", True),
        ("mlflow.example.com", "MLFLOW.example.com:5000", True),
        ("mlflow.example.com", "mlflow.example.com.evil.com", False),
        ("mlflow.example.com", "10.0.0.1", False),
        ("mlflow.example.com", "localhost", True),
        ("mlflow.example.com:5000", "mlflow.example.com:5000", True),
        ("mlflow.example.com:5000", "mlflow.example.com:5001", False),
        ("mlflow.example.com:*", "mlflow.example.com:5001", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "evilexample.com", False),
        ("mlflow-*", "mlflow-7", True),
        ("mlflow-*", "mlflow-7.evil.com", False),
        ("192.168.*", "192.168.3.4", True),
        ("192.168.*", "192.168.evil.com", False),
        ("192.168.*", "10.0.0.1", False),
        ("10.1.0.0/16", "10.1.200.3:80", True),
        ("10.1.0.0/16", "10.2.0.1", False),
        ("[2001:db8::7]", "[2001:db8:0::7]:5000", True),
        ("2001:db8::/32", "[2001:db8:1::7]", True),
        ("8.8.8.8", "8.8.8.8:5000", True),
        ("*", "anything.example.org", True),
        ("*", "local host", False),
    ],
)
def test_allowed_hosts(allowed: str, host: str, expected: bool) -> None:
    assert Hosts([allowed]).allows_host(host.encode()) is expected


@pytest.mark.parametrize("allowed", ["10.0.0.0/99", "http://x", "a b", "[zz]", "1.2.3"])
def test_what_is_no_host_cannot_be_allowed(allowed: str) -> None:
    with pytest.raises(MlflowException, match="is no host"):
        Hosts([allowed])


def test_the_bound_address_is_allowed() -> None:
    assert Hosts(bound="8.8.8.8").allows_host(b"8.8.8.8:5000")
    assert Hosts(bound="0.0.0.0").allows_host(b"0.0.0.0:5000")
    assert Hosts(bound="2001:db8::7").allows_host(b"[2001:db8::7]:5000")
    assert not Hosts(bound="0.0.0.0").allows_host(b"8.8.8.8")


@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        ("http://localhost:5000", "localhost:5000", True),
        ("http://localhost:3000", "localhost:5000", True),
        ("http://127.0.0.1:3000", "localhost:5000", True),
        ("http://10.0.0.5:5000", "10.0.0.5:5000", True),
        ("http://10.0.0.5:5001", "10.0.0.5:5000", False),
        ("https://mlflow.example.com", "mlflow.example.com", True),
        ("https://mlflow.example.com:8443", "mlflow.example.com", False),
        ("https://evil.com", "localhost:5000", False),
        ("https://localhost.evil.com", "localhost:5000", False),
        ("https://evil.com/localhost", "localhost:5000", False),
        ("https://localhost@evil.com", "localhost:5000", False),
        ("null", "localhost:5000", False),
        ("", "localhost:5000", False),
        ("localhost", "localhost", False),
        ("file://", "localhost", False),
        ("chrome-extension://localhost", "localhost", False),
        ("https://app.example.com", "localhost", True),
        ("http://app.example.com", "localhost", False),
        ("https://app.example.com:444", "localhost", False),
        ("https://a.team.example.com", "localhost", True),
        ("http://dev.example.com:81", "localhost", True),
    ],
)
def test_origins(origin: str, host: str, expected: bool) -> None:
    hosts = Hosts(
        origins=[
            "https://app.example.com",
            "https://*.team.example.com",
            "http://dev.example.com:*",
        ]
    )
    assert hosts.allows_origin(origin.encode(), host.encode()) is expected


def test_any_origin_never_means_null() -> None:
    hosts = Hosts(origins=["*"])
    assert hosts.allows_origin(b"https://evil.com", b"localhost")
    assert not hosts.allows_origin(b"null", b"localhost")


def test_an_origin_needs_its_scheme() -> None:
    with pytest.raises(MlflowException, match="is no origin"):
        Hosts(origins=["app.example.com"])


def test_checks_can_be_turned_off() -> None:
    hosts = Hosts(enabled=False)
    assert hosts.allows_host(b"evil.com")
    assert hosts.allows_origin(b"null", b"evil.com")


def test_many_different_names_do_not_fill_the_memory() -> None:
    hosts = Hosts()
    assert not any(hosts.allows_host(b"evil-%d.com" % number) for number in range(3000))
    assert hosts.allows_host(b"localhost")


def test_parts_of_an_authority() -> None:
    parsed = parse_authority("Example.COM:81")
    assert parsed is not None
    assert (parsed.name, parsed.address, parsed.port) == ("example.com", None, 81)


# -- over HTTP -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", SEARCH, "/docs", "/openapi.json", "/metrics", "/nothing"])
def test_a_foreign_host_is_refused_everywhere(server: RunningServer, path: str) -> None:
    answer = exchange(server.url, request("GET", path, host="evil.com"))
    assert answer.status == 403
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body.startswith(b"Invalid Host header")


@pytest.mark.parametrize("path", ["/health", "/version"])
def test_probes_may_use_any_name(server: RunningServer, path: str) -> None:
    assert exchange(server.url, request("GET", path, host="10-0-0-7.pod.cluster")).status == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1.evil.com", "2130706433", "0x7f.1", "localhost:80@evil", "0177.0.0.1", ""]
)
def test_spellings_of_hosts(server: RunningServer, host: str) -> None:
    assert exchange(server.url, request("GET", "/", host=host)).status == 403


def test_an_address_in_brackets(server: RunningServer) -> None:
    assert exchange(server.url, request("GET", "/", host="[::1]:5000")).status == 200


def test_no_host_at_all(server: RunningServer) -> None:
    assert exchange(server.url, b"GET / HTTP/1.1\r\n\r\n").status == 403
    assert exchange(server.url, b"GET / HTTP/1.0\r\n\r\n").status == 403


@pytest.mark.parametrize("hosts", [("localhost", "evil.com"), ("evil.com", "localhost")])
def test_two_hosts(server: RunningServer, hosts: tuple[str, str]) -> None:
    data = f"GET / HTTP/1.1\r\nHost: {hosts[0]}\r\nHost: {hosts[1]}\r\n\r\n".encode()
    assert exchange(server.url, data).status == 403


@pytest.mark.parametrize("origin", ["https://evil.com", "null", "http://localhost.evil.com"])
def test_a_foreign_page_cannot_change_anything(server: RunningServer, origin: str) -> None:
    answer = exchange(server.url, request("POST", SEARCH, b'{"max_results": 1}', Origin=origin))
    assert answer.status == 403
    assert answer.body.startswith(b"Cross-origin request blocked")
    assert "access-control-allow-origin" not in answer.headers


def test_a_foreign_page_cannot_read_either(server: RunningServer) -> None:
    answer = exchange(
        server.url, request("GET", f"{SEARCH}?max_results=1", Origin="https://evil.com")
    )
    assert answer.status == 200  # which the browser keeps from the page, for want of the header
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "Origin"


def test_a_local_page_may(server: RunningServer) -> None:
    origin = "http://localhost:3000"
    answer = exchange(server.url, request("POST", SEARCH, b'{"max_results": 1}', Origin=origin))
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == origin


def test_preflight(server: RunningServer) -> None:
    preflight = partial(
        request,
        "OPTIONS",
        SEARCH,
        access_control_request_method="POST",
        access_control_request_headers="x-a",
    )
    good = exchange(server.url, preflight(Origin="http://localhost:3000"))
    assert good.status == 204
    assert good.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert good.headers["access-control-allow-headers"] == "x-a"
    assert "POST" in good.headers["access-control-allow-methods"]
    bad = exchange(server.url, preflight(Origin="https://evil.com"))
    assert bad.status == 403
    assert "access-control-allow-origin" not in bad.headers
