"""Both transports: the same answers, the same errors, and what each does when it cannot answer."""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from mlflow import wire
from mlflow.client.transport import Http, Local, ServerAway, Transport
from mlflow.client.uri import transport_for
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException, RestException
from mlflow.wire.experiments import CreateExperiment, GetExperiment, SearchExperiments
from mlflow.wire.metrics import GetHistory, LogBatch, Point, SetTag
from mlflow.wire.runs import CreateRun, GetRun, SearchRuns
from tests.servers.fixtures import StartServer
from tests.servers.processes import free_port


@pytest.fixture
def transport(place: str) -> Transport:
    return transport_for(place)


def new_run(transport: Transport, name: str) -> str:
    experiment = transport.send(wire.experiments.create, CreateExperiment(name=name))
    question = CreateRun(experiment_id=experiment.experiment_id, start_time=5, run_name="r")
    return transport.send(wire.runs.create, question).run.info.run_id


def test_questions_are_answered(transport: Transport, request: pytest.FixtureRequest) -> None:
    run_id = new_run(transport, request.node.name)
    batch = LogBatch(
        run_id=run_id,
        metrics=[Point("loss", 0.5, 1, 2), Point("bad", float("nan"), 1), Point("far", True, 1)],
        params=[Param("Ärger", 'it\'s "quoted"\n')],
    )
    transport.send(wire.metrics.log_batch, batch)
    run = transport.send(wire.runs.get, GetRun(run_id=run_id)).run.entity()
    assert {name: str(value) for name, value in run.data.metrics.items()} == {
        "bad": "nan",
        "far": "1.0",
        "loss": "0.5",
    }
    assert run.data.params == {"Ärger": 'it\'s "quoted"\n'}
    history = transport.send(wire.metrics.get_history, GetHistory(run_id=run_id, metric_key="loss"))
    assert history.metrics == [Metric("loss", 0.5, 1, 2)]


def test_infinity_is_the_largest_number(
    transport: Transport, request: pytest.FixtureRequest
) -> None:
    run_id = new_run(transport, request.node.name)
    points = [Point("up", float("inf"), 1), Point("down", float("-inf"), 1)]
    transport.send(wire.metrics.log_batch, LogBatch(run_id=run_id, metrics=points))
    metrics = transport.send(wire.runs.get, GetRun(run_id=run_id)).run.entity().data.metrics
    assert metrics == {"up": 1.7976931348623157e308, "down": -1.7976931348623157e308}


def test_both_give_equal_answers(shared_server: object, folder: str) -> None:
    local, http = transport_for(folder), transport_for(shared_server.url)  # type: ignore[attr-defined]
    found = []
    for transport in (local, http):
        run_id = new_run(transport, "test_both_give_equal_answers")
        batch = LogBatch(run_id=run_id, metrics=[Point("m", 1.5, 7, 3)])
        transport.send(wire.metrics.log_batch, batch)
        run = transport.send(wire.runs.get, GetRun(run_id=run_id)).run
        question = SearchRuns(experiment_ids=[run.info.experiment_id])
        assert [run.entity()] == [
            message.entity() for message in transport.send(wire.runs.search, question).runs
        ]
        run.info.run_id = run.info.run_uuid = run.info.experiment_id = run.info.artifact_uri = ""
        found.append(run)
    assert found[0] == found[1]


def test_a_wrong_question_is_not_sent(transport: Transport) -> None:
    with pytest.raises(MlflowException, match="'key'") as caught:
        transport.send(wire.metrics.set_tag, SetTag(run_id="r1", key="a//b"))
    assert not isinstance(caught.value, RestException)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


def test_what_is_refused_has_the_code_of_the_service(transport: Transport) -> None:
    question = GetExperiment(experiment_id="987654321")
    with pytest.raises(MlflowException) as caught:
        transport.send(wire.experiments.get, question)
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    if isinstance(transport, Http):
        assert isinstance(caught.value, RestException)
        assert caught.value.message.startswith("RESOURCE_DOES_NOT_EXIST: ")
    else:
        assert type(caught.value) is MlflowException


def test_a_forked_child_asks_on_its_own(
    transport: Transport, request: pytest.FixtureRequest
) -> None:
    run_id = new_run(transport, request.node.name)

    def child() -> None:
        points = [Point("child", 1.0, 1)]
        transport.send(wire.metrics.log_batch, LogBatch(run_id=run_id, metrics=points))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == 0
    run = transport.send(wire.runs.get, GetRun(run_id=run_id)).run.entity()
    assert run.data.metrics == {"child": 1.0}


def test_a_local_store_opens_again_after_it_was_closed(folder: str) -> None:
    transport = transport_for(folder)
    assert isinstance(transport, Local)
    run_id = new_run(transport, "again")
    transport.close()
    assert transport.send(wire.runs.get, GetRun(run_id=run_id)).run.info.run_id == run_id


# -- servers that are not ours ---------------------------------------------------------------


class OneAnswer(HTTPServer):
    """Gives the same answer to everything."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = (200, "application/json", b"{}")
        self.asked: list[tuple[str, bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: OneAnswer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.path, body))
        status, kind, text = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def strange() -> Iterator[OneAnswer]:
    server = OneAnswer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_old_servers_are_given_run_uuid_as_well(strange: OneAnswer) -> None:
    question = LogBatch(run_id="r1", metrics=[Point("m", float("nan"), 1)])
    Http(strange.url).send(wire.metrics.log_batch, question)
    sent = json.loads(strange.asked[0][1])
    assert (sent["run_id"], sent["run_uuid"]) == ("r1", "r1")
    assert sent["metrics"] == [{"key": "m", "value": "NaN", "timestamp": 1}]
    assert question.run_uuid == ""
    strange.answer = (200, "application/json", b'{"metrics": []}')
    Http(strange.url).send(wire.metrics.get_history, GetHistory(run_id="r1", metric_key="m"))
    query = parse_qs(urlsplit(strange.asked[1][0]).query)
    assert query == {"run_id": ["r1"], "run_uuid": ["r1"], "metric_key": ["m"]}


def test_numbers_may_come_as_text(strange: OneAnswer) -> None:
    text = b'{"metrics":[{"key":"m","value":"NaN","timestamp":"17","step":"-3","extra":1}]}'
    strange.answer = (200, "application/json", text)
    question = GetHistory(run_id="r1", metric_key="m")
    found = Http(strange.url).send(wire.metrics.get_history, question).metrics[0]
    assert (found.timestamp, found.step, str(found.value)) == (17, -3, "nan")


def test_a_page_that_is_not_the_api_is_told(strange: OneAnswer) -> None:
    strange.answer = (200, "text/html", b"<html>Welcome</html>")
    with pytest.raises(MlflowException, match="text/html; is this the address of a tracking"):
        Http(strange.url).send(wire.experiments.search, SearchExperiments(max_results=1))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "ENDPOINT_NOT_FOUND"),
        (413, "BAD_REQUEST"),
        (501, "INTERNAL_ERROR"),
    ],
)
def test_an_error_without_a_code_gets_one(strange: OneAnswer, status: int, code: str) -> None:
    strange.answer = (status, "text/plain", b"no")
    with pytest.raises(MlflowException, match=f"with status {status}: no") as caught:
        Http(strange.url).send(wire.experiments.search, SearchExperiments(max_results=1))
    assert caught.value.error_code == code


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_server_that_cannot_answer_now_is_away(strange: OneAnswer, status: int) -> None:
    strange.answer = (status, "application/json", b'{"message": "come back"}')
    question = SearchExperiments(max_results=1)
    with pytest.raises(ServerAway, match="come back") as caught:
        Http(strange.url).send(wire.experiments.search, question, retry=False)
    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"


def test_a_server_that_is_not_there_is_away() -> None:
    url = f"http://ada:secret@127.0.0.1:{free_port()}"
    question = SearchExperiments(max_results=1)
    with pytest.raises(ServerAway, match="cannot be reached: connection refused") as caught:
        Http(url).send(wire.experiments.search, question, retry=False)
    assert "secret" not in caught.value.message


UNREADABLE = [
    b"null",
    b"[]",
    b'"text"',
    b"{" * 50,
    b'{"a":' * 200_000,
    b'{"experiments":' + b"[" * 200_000,
    b'{"experiments": [{"experiment_id": {}}]}',
    b"\xff\xfe\x00",
]
STRANGE_ERRORS = [
    b"",
    b'{"message": 17}',
    b'{"error_code": 5, "message": {"a": [1]}}',
    b'{"error_code": ["x"], "message": null}',
    b'{"error_code": {"a": 1}}',
    b'{"error_code": "NO_SUCH_CODE", "message": 7, "sqlstate": 5}',
]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((200, body) for body in UNREADABLE),
        *((status, body) for status in (400, 500, 503) for body in UNREADABLE + STRANGE_ERRORS),
    ],
    ids=lambda value: str(value)[:40],
)
def test_whatever_a_server_says_instead_of_an_answer_is_an_error(
    strange: OneAnswer, status: int, body: bytes
) -> None:
    strange.answer = (status, "application/json", body)
    question = SearchExperiments(max_results=1)
    with pytest.raises(MlflowException) as caught:
        Http(strange.url).send(wire.experiments.search, question, retry=False)
    assert caught.value.error_code
    assert len(str(caught.value)) < 2000


def test_a_server_without_runs_says_so_at_once(start_server: StartServer) -> None:
    server = start_server(None, "--artifacts-only")
    with pytest.raises(ServerAway, match="--artifacts-only and serves no runs"):
        Http(server.url).send(wire.experiments.search, SearchExperiments(max_results=1))
