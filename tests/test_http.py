"""The HTTP session against a small real server whose answers are laid down in each test."""

from __future__ import annotations

import base64
import email.utils
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlflow._http import Session, Unanswered
from mlflow.exceptions import InvalidUrlException, MlflowException
from mlflow.version import VERSION
from tests.servers.processes import free_port

Laid = tuple[int, dict[str, str], bytes]
OK: Laid = (200, {"Content-Type": "application/json"}, b"{}")


class Scripted(ThreadingHTTPServer):
    """Gives the answers that are laid down, the last one again and again, and keeps what it got."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Laid] = [OK]
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Scripted

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        answers = self.server.answers
        status, headers, text = answers.pop(0) if len(answers) > 1 else answers[0]
        if status == 0:  # breaks the connection
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Scripted]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    monkeypatch.setenv("HOME", str(tmp_path))
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_request_says_who_asks_and_what(scripted: Scripted) -> None:
    answer = Session(f"{scripted.url}/below/").ask("POST", "/api?a=b", b'{"x":1}')
    assert (answer.status, answer.body, answer.kind) == (200, b"{}", "application/json")
    method, path, headers, body = scripted.requests[0]
    assert (method, path, body) == ("POST", "/below/api?a=b", b'{"x":1}')
    assert headers["User-Agent"] == f"mlflow-python-client/{VERSION}"
    assert headers["X-MLflow-Client-Version"] == VERSION
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_again(scripted: Scripted, status: int) -> None:
    scripted.answers = [(status, {}, b""), (status, {}, b""), OK]
    assert Session(scripted.url).ask("GET", "/").status == 200
    assert len(scripted.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 501])
def test_what_will_not_pass_is_not(scripted: Scripted, status: int) -> None:
    scripted.answers = [(status, {}, b"")]
    assert Session(scripted.url).ask("GET", "/").status == status
    assert len(scripted.requests) == 1


def test_an_invalid_state_does_not_pass_although_its_status_is_500(scripted: Scripted) -> None:
    scripted.answers = [(500, {}, b'{"error_code": "INVALID_STATE"}')]
    assert Session(scripted.url).ask("GET", "/").status == 500
    assert len(scripted.requests) == 1


@pytest.mark.parametrize(
    "said",
    [
        b"Endpoint disabled: this server runs with --no-serve-artifacts.\n",
        b"Endpoint: /api/2.0/mlflow/runs/get disabled due to the mlflow server running in",
    ],
)
def test_what_a_server_is_not_to_do_does_not_pass(scripted: Scripted, said: bytes) -> None:
    scripted.answers = [(503, {}, said)]
    assert Session(scripted.url).ask("GET", "/").status == 503
    assert len(scripted.requests) == 1


def test_retries_end(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    scripted.answers = [(503, {}, b"busy")]
    assert Session(scripted.url).ask("GET", "/").body == b"busy"
    assert len(scripted.requests) == 3


def test_an_impatient_request_is_sent_once(scripted: Scripted) -> None:
    scripted.answers = [(503, {"Retry-After": "7"}, b"")]
    answer = Session(scripted.url).ask("GET", "/", retry=False)
    assert (answer.status, answer.wait) == (503, 7.0)
    assert len(scripted.requests) == 1


def test_the_server_may_say_how_long_to_wait(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "60")
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    past = email.utils.formatdate(0)
    scripted.answers = [
        (429, {"Retry-After": "3"}, b""),
        (503, {"Retry-After": past}, b""),
        (503, {"Retry-After": "soon"}, b""),
        (503, {}, b""),
        OK,
    ]
    assert Session(scripted.url).ask("GET", "/").status == 200
    assert waits == [3.0, 0.0, 120.0, 120.0]


def test_a_connection_that_broke_is_made_anew(scripted: Scripted) -> None:
    session = Session(scripted.url)
    session.ask("GET", "/")
    scripted.answers = [(0, {}, b""), OK]
    assert session.ask("POST", "/", b"{}", retry=False).status == 200
    scripted.answers = [(0, {}, b"")]
    with pytest.raises(Unanswered):
        session.ask("GET", "/", retry=False)


def test_nobody_listens() -> None:
    with pytest.raises(Unanswered, match="connection refused"):
        Session(f"http://127.0.0.1:{free_port()}").ask("GET", "/", retry=False)


def test_redirects_keep_method_and_body_but_not_the_login(scripted: Scripted) -> None:
    other = Scripted()
    thread = threading.Thread(target=other.serve_forever, args=(0.01,))
    thread.start()
    try:
        here = (308, {"Location": "/moved?x=1"}, b"")
        away = (307, {"Location": f"{other.url}/there"}, b"")
        scripted.answers = [here, away]
        url = scripted.url.replace("://", "://ada:secret@")
        assert Session(url).ask("POST", "/", b"{}").status == 200
    finally:
        other.shutdown()
        thread.join()
        other.server_close()
    assert [request[:2] for request in scripted.requests] == [("POST", "/"), ("POST", "/moved?x=1")]
    assert "Authorization" in scripted.requests[1][2]
    assert other.requests[0][1] == "/there"
    assert other.requests[0][3] == b"{}"
    assert "Authorization" not in other.requests[0][2]


def test_redirects_end(scripted: Scripted) -> None:
    scripted.answers = [(302, {"Location": "/again"}, b"")]
    with pytest.raises(InvalidUrlException, match="redirects more than 5 times"):
        Session(scripted.url).ask("GET", "/")


@pytest.mark.parametrize("away", ["ftp://store/x", "file:///x"])
def test_a_redirect_that_is_refused_tells_no_signature(scripted: Scripted, away: str) -> None:
    scripted.answers = [(307, {"Location": f"{away}?X-Amz-Signature=secret"}, b"")]
    with pytest.raises(InvalidUrlException, match="is not followed") as caught:
        Session(scripted.url).ask("GET", "/")
    assert away in caught.value.message
    assert "secret" not in caught.value.message


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def login_sent(scripted: Scripted, url: str | None = None) -> str | None:
    Session(url or scripted.url).ask("GET", "/")
    return scripted.requests[-1][2].get("Authorization")


def test_the_login_comes_from_the_environment(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    assert login_sent(scripted) is None
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "gehéim")
    assert login_sent(scripted) == basic("ada", "gehéim")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    assert login_sent(scripted) == "Bearer t0ken"
    url = scripted.url.replace("://", "://bob:p%40ss@")
    assert login_sent(scripted, url) == basic("bob", "p@ss")


def test_the_login_comes_from_the_credentials_file(scripted: Scripted, tmp_path: Path) -> None:
    (tmp_path / ".mlflow").mkdir()
    text = "[mlflow]\nmlflow_tracking_username = eve\nmlflow_tracking_password = 100%\n"
    (tmp_path / ".mlflow/credentials").write_text(text)
    assert login_sent(scripted) == basic("eve", "100%")


def test_a_proxy_of_the_environment_is_used(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", scripted.url)
    assert Session("http://tracking.example").ask("GET", "/a").status == 200
    assert scripted.requests[0][1] == "http://tracking.example/a"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert Session(scripted.url).ask("GET", "/b").status == 200
    assert scripted.requests[1][1] == "/b"


def test_settings_that_contradict_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/some.pem")
    with pytest.raises(MlflowException, match="are both set"):
        Session("https://localhost").ask("GET", "/")


@pytest.mark.parametrize("base", ["ftp://host", "http://", "http://host:port", "host:5000"])
def test_what_is_no_address_is_refused(base: str) -> None:
    with pytest.raises(InvalidUrlException):
        Session(base)


def test_many_threads_share_a_session(scripted: Scripted) -> None:
    session = Session(scripted.url)
    answers: list[int] = []

    def ask() -> None:
        answers.extend(session.ask("GET", "/").status for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 320


def test_a_server_without_tls_is_told_from_a_wrong_certificate(scripted: Scripted) -> None:
    with pytest.raises(MlflowException, match="perhaps its address begins with http://"):
        Session(scripted.url.replace("http:", "https:")).ask("GET", "/")
