"""The way of a request through the server: routes, headers, errors."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import statistics
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlflow.server.app import create_app
from mlflow.version import VERSION
from mlflow.wire import ENDPOINTS
from tests.server.raw import Answer, Conversation, exchange, request
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer

API = "/api/2.0/mlflow"


def post(
    server: RunningServer, path: str, question: object, *, host: str = "localhost", **headers: str
) -> Answer:
    body = json.dumps(question).encode()
    data = request("POST", path, body, host=host, kind="application/json", **headers)
    return exchange(server.url, data)


def get(server: RunningServer, path: str, *, host: str = "localhost", **headers: str) -> Answer:
    return exchange(server.url, request("GET", path, b"", host=host, kind=None, **headers))


def code(answer: Answer) -> str:
    assert answer.headers["content-type"] == "application/json"
    found: str = json.loads(answer.body)["error_code"]
    return found


def test_health_and_version(server: RunningServer) -> None:
    assert get(server, "/health").body == b"OK"
    assert get(server, "/version").body == VERSION.encode()
    assert get(server, "/health").headers["content-type"].startswith("text/plain")


def test_both_prefixes_and_both_methods(server: RunningServer) -> None:
    for prefix in ("/api", "/ajax-api"):
        path = f"{prefix}/2.0/mlflow/experiments/search"
        for answer in (
            post(server, path, {"max_results": 5}),
            get(server, f"{path}?max_results=5"),
        ):
            assert answer.status == 200
            assert answer.headers["content-type"] == "application/json"
            names = [found["name"] for found in json.loads(answer.body)["experiments"]]
            assert "Default" in names


def test_every_endpoint_is_there(server: RunningServer) -> None:
    for endpoint in ENDPOINTS:
        for path in endpoint.routes:
            for method in endpoint.methods:
                status = exchange(server.url, request(method, path, b"{}")).status
                assert status in (200, 400, 404), f"{method} {path}: {status}"


def test_ajax_only_endpoints_have_no_twin(server: RunningServer) -> None:
    for endpoint in ENDPOINTS:
        if endpoint.ajax_only:
            path = endpoint.route.replace("/ajax-api", "/api", 1)
            answer = exchange(server.url, request(endpoint.method, path, b"{}"))
            assert (answer.status, code(answer)) == (404, "ENDPOINT_NOT_FOUND")


def test_unknown_endpoint(server: RunningServer) -> None:
    answer = post(server, f"{API}/runs/frobnicate", {})
    assert (answer.status, code(answer)) == (404, "ENDPOINT_NOT_FOUND")


def test_unknown_page(server: RunningServer) -> None:
    answer = get(server, "/nothing")
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/plain")


def test_wrong_method(server: RunningServer) -> None:
    answer = exchange(server.url, request("DELETE", f"{API}/runs/log-metric", b"{}"))
    assert (answer.status, code(answer)) == (405, "BAD_REQUEST")
    assert answer.headers["allow"] == "OPTIONS, POST"


def test_head(server: RunningServer) -> None:
    with Conversation(server.url) as conversation:
        conversation.send(request("HEAD", "/health"))
        conversation.send(request("GET", "/version"))
        assert b"content-length: 2" in conversation.socket.recv(10_000)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("multipart/form-data; boundary=application/json", 400),
        ("text/json", 400),
        ("application/json2", 400),
        (None, 400),
    ],
)
def test_content_type(server: RunningServer, kind: str | None, status: int) -> None:
    data = request("POST", f"{API}/experiments/search", b'{"max_results": 1}', kind=kind)
    answer = exchange(server.url, data)
    assert answer.status == status
    if status == 400:
        assert code(answer) == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("path", ["experiments/create", "runs/log-metric"])
@pytest.mark.parametrize(
    "body",
    [b"{", b"[1]", b"{}", b"", b"\xff\xfe", b'{"name": 3}', b"[" * 50_000, b'{"a":' * 15_000],
    ids=["half", "list", "empty", "nothing", "binary", "type", "deep list", "deep object"],
)
def test_malformed_bodies(server: RunningServer, path: str, body: bytes) -> None:
    answer = exchange(server.url, request("POST", f"{API}/{path}", body))
    assert (answer.status, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


def test_errors_of_handlers(server: RunningServer) -> None:
    answer = get(server, f"{API}/runs/get?run_id=nothing")
    assert (answer.status, code(answer)) == (404, "RESOURCE_DOES_NOT_EXIST")
    metric = {"run_id": "nothing", "key": "a", "value": 1, "timestamp": 1}
    answer = post(server, f"{API}/runs/log-metric", metric)
    assert (answer.status, code(answer)) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_headers_of_every_answer(server: RunningServer) -> None:
    for path in ("/", "/health", f"{API}/runs/get?run_id=nothing", "/nothing"):
        headers = get(server, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-request-id"]


def test_request_ids(server: RunningServer) -> None:
    assert get(server, "/health", x_request_id="abc-1").headers["x-request-id"] == "abc-1"
    made = [get(server, "/health").headers["x-request-id"] for _ in range(2)]
    assert made[0] != made[1]
    for bad in ("a b", "é", "x" * 200, '"'):
        assert re.fullmatch(
            r"[0-9a-f]{8}-[0-9a-f]+",
            get(server, "/health", x_request_id=bad).headers["x-request-id"],
        )


def test_many_requests_on_one_connection(server: RunningServer) -> None:
    with Conversation(server.url) as conversation:
        for number in range(1, 50):
            conversation.send(request("GET", f"{API}/experiments/search?max_results={number}"))
            assert conversation.answer().status == 200


def test_small_answers_do_not_wait_for_the_nagle_timer(server: RunningServer) -> None:
    with Conversation(server.url) as conversation:
        data = request("POST", f"{API}/runs/log-metric", b"{}")
        head, body = data[:-2], data[-2:]
        taken = []
        for _ in range(51):
            started = time.perf_counter()
            conversation.send(head)
            conversation.send(body)
            assert conversation.answer().status == 400
            taken.append(time.perf_counter() - started)
        assert statistics.median(taken) < 0.02  # with the timer: 0.04 s


def test_a_logged_metric_is_found(server: RunningServer) -> None:
    run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    for step in range(3):
        server.call(
            "POST",
            "runs/log-metric",
            {"run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": step},
        )
    history = server.call("GET", f"metrics/get-history?run_id={run}&metric_key=loss")
    assert [point["step"] for point in history["metrics"]] == [0, 1, 2]


def test_openapi(server: RunningServer) -> None:
    answer = get(server, "/openapi.json")
    document: dict[str, Any] = json.loads(answer.body)
    assert document["openapi"].startswith("3.1")
    for endpoint in ENDPOINTS:
        operations = document["paths"][endpoint.template]
        assert {method.lower() for method in endpoint.methods} == set(operations)


# -- settings ------------------------------------------------------------------------------


def test_static_prefix(start_server: StartServer) -> None:
    server = start_server(None, "--static-prefix", "/tracking/v1")
    assert get(server, "/health").status == 200
    assert get(server, "/tracking/v1/health").status == 200
    assert get(server, "/tracking/v1/").status == 200
    moved = get(server, "/tracking/v1")
    assert (moved.status, moved.headers["location"]) == (308, "/tracking/v1/")
    search = f"{API}/experiments/search?max_results=1"
    assert get(server, f"/tracking/v1{search}").status == 200
    assert get(server, search).status == 404
    document = json.loads(get(server, "/tracking/v1/openapi.json").body)
    assert document["servers"] == [{"url": "/tracking/v1"}]


def test_artifacts_only(start_server: StartServer) -> None:
    server = start_server(None, "--artifacts-only")
    assert get(server, "/health").status == 200
    answer = get(server, f"{API}/experiments/search?max_results=1")
    assert answer.status == 503
    assert answer.headers["content-type"].startswith("text/plain")
    assert not (server.folder / "mlruns").exists()


def test_artifacts_are_not_served(start_server: StartServer) -> None:
    path = "/api/2.0/mlflow-artifacts/artifacts/a/b"
    answer = get(start_server(None, "--no-serve-artifacts"), path)
    assert (answer.status, answer.headers["content-type"][:10]) == (503, "text/plain")
    answer = get(start_server(None), path)
    assert (answer.status, code(answer)) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_hosts_and_origins_from_options(start_server: StartServer) -> None:
    server = start_server(
        None,
        "--allowed-hosts",
        "mlflow.example.com, *.team.example.com",
        "--cors-allowed-origins",
        "https://app.example.com",
    )
    search = f"{API}/experiments/search"
    assert get(server, "/", host="mlflow.example.com").status == 200
    assert get(server, "/", host="a.team.example.com:8000").status == 200
    assert get(server, "/", host="other.example.com").status == 403
    answer = post(server, search, {"max_results": 1}, Origin="https://app.example.com")
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"


def test_checks_turned_off(start_server: StartServer) -> None:
    server = start_server(None, "--disable-security-middleware")
    search = f"{API}/experiments/search"
    question = {"max_results": 1}
    assert post(server, search, question, host="x.com", Origin="https://evil.com").status == 200


def test_large_answers_are_packed_for_others_only(start_server: StartServer) -> None:
    """On this machine packing costs time and saves nothing; the address tells."""
    server = start_server(None, "--host", "0.0.0.0", "--allow-remote", "--allowed-hosts", "*")
    run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    points = [{"key": "m", "value": n, "timestamp": 1, "step": n} for n in range(1000)]
    server.call("POST", "runs/log-batch", {"run_id": run, "metrics": points})
    path = f"{API}/metrics/get-history?run_id={run}&metric_key=m"
    plain = get(server, path, accept_encoding="gzip")
    assert "content-encoding" not in plain.headers
    others = [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family.name == "AF_INET" and not address.address.startswith("127.")
    ]
    for address in others[:1]:  # a machine without a network has none
        url = server.url.replace("127.0.0.1", address)
        packed = exchange(url, request("GET", path, accept_encoding="gzip, deflate"))
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert exchange(url, request("GET", path)).body == plain.body


def test_as_an_application_of_another_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`uvicorn --factory mlflow.server.app:create_app`, by the words of ASGI."""
    monkeypatch.setenv("MLFLOW_BACKEND_STORE_URI", f"sqlite:///{tmp_path / 'a.db'}")
    monkeypatch.setenv("MLFLOW_SERVER_ACCESS_LOG", "false")
    app = create_app()
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def talk(scope: dict[str, Any], *messages: dict[str, Any]) -> None:
        waiting = list(messages)

        async def receive() -> dict[str, Any]:
            return waiting.pop(0)

        await app(scope, receive, send)

    async def live() -> None:
        question = {
            "type": "http",
            "method": "POST",
            "path": f"{API}/experiments/search",
            "query_string": b"",
            "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
            "client": None,
        }
        body = b'{"max_results": 1}'
        await talk(
            question,
            {"type": "http.request", "body": body[:5], "more_body": True},
            {"type": "http.request", "body": body[5:], "more_body": False},
        )
        await talk({"type": "websocket"})
        await talk(
            {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}
        )

    asyncio.run(live())
    assert [message["type"] for message in sent] == [
        "http.response.start",
        "http.response.body",
        "websocket.close",
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"])["experiments"][0]["name"] == "Default"
