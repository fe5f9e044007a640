"""The outbox in one process: order, batches, refusals, servers that are away or not ours."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlflow._ids import new_run_id
from mlflow.client import uri
from mlflow.client.outbox import Outbox
from mlflow.client.records import Ask, Metrics, encode
from mlflow.client.spool import Spool, left_over
from mlflow.client.transport import ServerAway, Transport
from mlflow.entities import Run
from mlflow.entities.metrics import Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.wire import experiments, metrics, runs
from mlflow.wire.metrics import Point
from tests.client.foreign import ForeignServer, error
from tests.servers.processes import free_port

Make = Callable[..., Outbox]


@pytest.fixture
def transport(tmp_path: Path) -> Transport:
    return uri.transport_for(tmp_path / "mlruns")


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes outboxes, and closes them after the test."""
    made: list[Outbox] = []

    def make(transport: Transport, **options: Any) -> Outbox:
        made.append(Outbox(transport.uri, transport, **options))
        return made[-1]

    yield make
    for outbox in made:
        outbox.close(timeout=0)


@pytest.fixture
def foreign() -> Iterator[ForeignServer]:
    with ForeignServer() as server:
        yield server


def new_run(transport: Transport) -> str:
    return transport.send(
        runs.create, runs.CreateRun(experiment_id="0", start_time=1)
    ).run.info.run_id


def points(count: int, key: str = "loss") -> list[Point]:
    return [Point(key, step / 8, 1_700_000_000_000 + step, step) for step in range(count)]


def steps(transport: Transport, run_id: str, key: str = "loss") -> list[int]:
    question = metrics.GetHistory(run_id=run_id, metric_key=key)
    return [point.step for point in transport.send(metrics.get_history, question).metrics]


def run_of(transport: Transport, run_id: str) -> Run:
    return transport.send(runs.get, runs.GetRun(run_id=run_id)).run.entity()


# -- delivery ----------------------------------------------------------------


def test_everything_arrives_in_order(transport: Transport, make: Make) -> None:
    run_id, outbox = new_run(transport), make(transport)
    outbox.log_params(run_id, [Param("lr", "0.1")])
    for point in points(2500):
        outbox.log_metrics(run_id, [point])
    for value in ("first", "last"):
        outbox.log_tags(run_id, [RunTag("state", value)])
    outbox.update_run(runs.UpdateRun(run_id=run_id, status="FINISHED", end_time=5))
    outbox.flush(run_id)
    run = run_of(transport, run_id)
    assert outbox.pending() == 0
    assert steps(transport, run_id) == list(range(2500))
    assert run.data.params == {"lr": "0.1"}
    assert run.data.tags["state"] == "last"
    assert (run.info.status, run.info.end_time) == ("FINISHED", 5)


def test_one_call_may_log_many(transport: Transport, make: Make) -> None:
    run_id, outbox = new_run(transport), make(transport)
    outbox.log_metrics(run_id, points(3456))
    outbox.log_params(run_id, [Param(f"p{index}", "x" * 6000) for index in range(250)])
    outbox.log_tags(run_id, [RunTag(f"t{index}", "x") for index in range(250)])
    outbox.flush()
    assert len(steps(transport, run_id)) == 3456
    assert len(run_of(transport, run_id).data.params) == 250


def test_it_arrives_without_a_flush(foreign: ForeignServer, make: Make) -> None:
    transport = uri.transport_for(foreign.url)
    heard = threading.Event()

    def hear(name: str, question: dict[str, Any]) -> None:
        if name == "runs/log-batch":
            heard.set()

    run_id, outbox = new_run(transport), make(transport)
    foreign.fails = hear
    outbox.log_metrics(run_id, points(1))
    assert heard.wait(30)


def test_what_is_logged_in_quick_succession_goes_together(
    foreign: ForeignServer, make: Make
) -> None:
    transport = uri.transport_for(foreign.url)
    run_id, outbox = new_run(transport), make(transport, linger=60)
    for point in points(500):
        outbox.log_metrics(run_id, [point])
    outbox.log_params(run_id, [Param("lr", "1")])
    outbox.flush()
    (batch,) = foreign.questions("runs/log-batch")
    assert len(batch["metrics"]) == 500
    assert len(batch["params"]) == 1


def test_more_than_fits_into_memory_is_read_from_the_file(transport: Transport, make: Make) -> None:
    run_id, outbox = new_run(transport), make(transport, in_memory=100, linger=60)
    for point in points(950):
        outbox.log_metrics(run_id, [point])
    outbox.log_tags(run_id, [RunTag("state", "last")])
    assert outbox.pending(run_id) == 951
    outbox.flush()
    assert steps(transport, run_id) == list(range(950))
    assert run_of(transport, run_id).data.tags["state"] == "last"


def test_files_go_when_a_run_has_ended(transport: Transport, make: Make) -> None:
    run_id, outbox = new_run(transport), make(transport)
    outbox.attend(run_id)
    outbox.log_metrics(run_id, points(3))
    outbox.flush()
    assert len(left_over(outbox.folder)) == 1
    outbox.leave(run_id)
    assert left_over(outbox.folder) == []
    outbox.log_metrics(run_id, points(5))  # somebody logs on all the same
    outbox.flush()
    assert steps(transport, run_id) == list(range(5))


def test_it_can_be_used_again_after_close(transport: Transport, make: Make) -> None:
    run_id, outbox = new_run(transport), make(transport)
    outbox.log_metrics(run_id, points(3))
    assert outbox.close() == 0
    assert left_over(outbox.folder) == []
    outbox.log_metrics(run_id, points(4))
    outbox.flush()
    assert steps(transport, run_id) == list(range(4))


def test_threads_may_log_into_one_run(transport: Transport, make: Make) -> None:
    run_id, outbox = new_run(transport), make(transport)

    def work(key: str) -> None:
        for point in points(300, key):
            outbox.log_metrics(run_id, [point])

    workers = [threading.Thread(target=work, args=(f"loss{index}",)) for index in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    outbox.flush()
    for index in range(4):
        assert steps(transport, run_id, f"loss{index}") == list(range(300))


def test_a_forked_child_has_an_outbox_of_its_own(transport: Transport, make: Make) -> None:
    run_id, outbox = new_run(transport), make(transport, linger=60)
    outbox.log_metrics(run_id, points(10, "parent"))
    mine = left_over(outbox.folder)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            from mlflow.client.outbox import for_uri

            # The child of a fork has the fixtures' outbox too, but only `for_uri` is told of forks.
            theirs = for_uri(transport.uri, transport)
            theirs.log_metrics(run_id, points(10, "child"))
            code = 0 if theirs.pending() == 10 and left_over(theirs.folder) != mine else 2
            theirs.flush()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    outbox.flush()
    assert steps(transport, run_id, "parent") == list(range(10))
    assert steps(transport, run_id, "child") == list(range(10))


# -- refusals ----------------------------------------------------------------


def test_what_is_refused_does_not_hold_up_the_rest(
    transport: Transport, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    run_id, outbox = new_run(transport), make(transport)
    outbox.log_params(run_id, [Param("lr", "1")])
    outbox.flush()
    outbox.log_metrics(run_id, points(700))
    outbox.log_params(run_id, [Param("a", "1"), Param("lr", "2"), Param("b", "1")])
    outbox.log_metrics(run_id, [Point("bad//name", float("nan"), 1)])
    outbox.log_metrics(run_id, points(10, "accuracy"))
    with caplog.at_level(logging.WARNING), pytest.raises(MlflowException, match="lr"):
        outbox.flush()
    outbox.flush()  # said once
    assert run_of(transport, run_id).data.params == {"lr": "1", "a": "1", "b": "1"}
    assert len(steps(transport, run_id)) == 700
    assert len(steps(transport, run_id, "accuracy")) == 10
    (path,) = outbox.folder.glob("*.refused")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["kind"], line["what"]["key"], line["what"]["value"]) for line in lines] == [
        ("param", "lr", "2"),
        ("metric", "bad//name", "nan"),
    ]
    assert all(line["run_id"] == run_id and line["error"] for line in lines)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(path) in caplog.text


def test_a_param_given_two_values_keeps_the_first(transport: Transport, make: Make) -> None:
    run_id, outbox = new_run(transport), make(transport)
    outbox.log_params(run_id, [Param("lr", "1"), Param("lr", "2")])
    outbox.log_params(run_id, [Param("lr", "1")])
    with pytest.raises(MlflowException, match="lr"):
        outbox.flush()
    assert run_of(transport, run_id).data.params == {"lr": "1"}


def test_a_run_that_is_not_there_is_refused_as_a_whole(
    foreign: ForeignServer, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    transport = uri.transport_for(foreign.url)
    outbox = make(transport, linger=60)
    outbox.log_metrics(new_run_id(), points(800))
    with caplog.at_level(logging.WARNING), pytest.raises(MlflowException, match="no such run"):
        outbox.flush()
    assert len(foreign.questions("runs/log-batch")) == 1
    assert outbox.pending() == 0
    (path,) = outbox.folder.glob("*.refused")
    assert len(path.read_text().splitlines()) == 800


def test_a_run_that_takes_nothing_is_not_asked_for_every_value(
    transport: Transport, make: Make
) -> None:
    run_id, outbox = new_run(transport), make(transport)
    transport.send(runs.delete, runs.DeleteRun(run_id=run_id))
    outbox.log_metrics(run_id, points(1000))
    with pytest.raises(MlflowException, match=r"active|deleted"):
        outbox.flush()
    assert outbox.pending() == 0


def test_a_failure_of_the_server_is_not_the_fault_of_the_values(
    foreign: ForeignServer, make: Make
) -> None:
    transport = uri.transport_for(foreign.url)
    run_id, outbox = new_run(transport), make(transport)
    foreign.fails = lambda name, question: error(500, "INTERNAL_ERROR", "out of order")
    for point in points(12):
        outbox.log_metrics(run_id, [point])
        with pytest.raises(MlflowException, match=r"500|out of order"):
            outbox.flush()
    foreign.fails = lambda name, question: None
    outbox.flush()
    assert len(foreign.questions("runs/log-batch")[-1]["metrics"]) == 12
    assert list(outbox.folder.glob("*.refused")) == []


def test_a_value_that_the_server_fails_on_is_refused_in_the_end(
    foreign: ForeignServer, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    transport = uri.transport_for(foreign.url)
    run_id, outbox = new_run(transport), make(transport)

    def fail(name: str, question: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        poisoned = any(point["key"] == "poison" for point in question.get("metrics", []))
        return error(500, "INTERNAL_ERROR", "choked") if poisoned else None

    foreign.fails = fail
    outbox.log_metrics(run_id, [*points(5), Point("poison", 1.0, 1), *points(5, "other")])
    with caplog.at_level(logging.CRITICAL), pytest.raises(MlflowException, match="choked"):
        outbox.flush(timeout=60)
    assert outbox.pending() == 0
    (path,) = outbox.folder.glob("*.refused")
    assert [json.loads(line)["what"]["key"] for line in path.read_text().splitlines()] == ["poison"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (429, "RESOURCE_EXHAUSTED")],
)
def test_who_may_not_log_now_may_log_later(
    foreign: ForeignServer, make: Make, status: int, code: str
) -> None:
    transport = uri.transport_for(foreign.url)
    run_id, outbox = new_run(transport), make(transport)
    foreign.fails = lambda name, question: error(status, code, "not you")
    outbox.log_metrics(run_id, points(3))
    with pytest.raises(MlflowException):
        outbox.flush()
    assert outbox.pending() == 3
    foreign.fails = lambda name, question: None
    outbox.flush()
    assert outbox.pending() == 0


# -- away --------------------------------------------------------------------


def test_a_server_that_is_away_is_said_once_and_nothing_is_lost(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = make(uri.transport_for(f"http://127.0.0.1:{free_port()}"))
    with caplog.at_level(logging.WARNING):
        for point in points(3):
            outbox.log_metrics("r1", [point])
            with pytest.raises(ServerAway, match="cannot be reached"):
                outbox.flush()
        with pytest.raises(ServerAway):
            outbox.flush(timeout=0.2)
    assert outbox.pending("r1") == 3
    ours = [record for record in caplog.records if record.name == "mlflow.client.outbox"]
    assert len(ours) == 1
    assert "Training goes on" in ours[0].message
    assert outbox.close() == 3
    assert len(left_over(outbox.folder)) == 1


def test_what_a_dead_process_left_goes_out_first(transport: Transport, make: Make) -> None:
    run_id, first = new_run(transport), make(transport, linger=60)
    first.log_tags(run_id, [RunTag("state", "old"), RunTag("only", "old")])
    first.log_metrics(run_id, points(10))
    assert first.close(timeout=0) == 12
    second = make(transport)
    second.log_tags(run_id, [RunTag("state", "new")])
    second.flush(run_id)
    tags = run_of(transport, run_id).data.tags
    assert (tags["state"], tags["only"]) == ("new", "old")
    assert steps(transport, run_id) == list(range(10))
    second.close()
    assert left_over(second.folder) == []


@pytest.mark.parametrize(
    "bad", [b"\x93\xa1m\x90" + b"\x91" * 200_000 + b"\xc0", b"\x92\xa1?\x90", b"\xc1"]
)
def test_what_cannot_be_understood_is_kept_and_holds_nothing_up(
    transport: Transport, make: Make, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    run_id, outbox = new_run(transport), make(transport)
    file = Spool.create(outbox.folder, transport.uri, run_id)
    for payload in (encode(Metrics(points(3))), bad, encode(Metrics(points(5)))):
        file.append(payload)
    file.close()
    outbox.log_metrics(run_id, points(2, "own"))
    outbox.flush(run_id, timeout=20)
    assert steps(transport, run_id) == [0, 1, 2]
    assert steps(transport, run_id, "own") == [0, 1]
    assert left_over(outbox.folder, run_id) == [*outbox._own_files()]
    assert [path.suffix for path in outbox.folder.iterdir() if path.stem == file.path.stem] == [
        ".damaged"
    ]
    assert "It is kept as" in caplog.text


@pytest.mark.parametrize(
    "body", [b"\x81\xa4more" + b"\x91" * 200_000 + b"\xc0", b"\x81\xa6run_id\x01", b"\xc1"]
)
def test_a_question_that_cannot_be_understood_holds_nothing_up(
    transport: Transport, make: Make, body: bytes
) -> None:
    run_id, outbox = new_run(transport), make(transport)
    file = Spool.create(outbox.folder, transport.uri, run_id)
    file.append(encode(Ask(runs.update.route, body)))
    file.append(encode(Metrics(points(3))))
    file.close()
    with pytest.raises(MlflowException, match="does not know"):
        outbox.flush(run_id, timeout=20)
    outbox.flush(run_id, timeout=20)
    assert steps(transport, run_id) == [0, 1, 2]


def test_a_part_that_was_delivered_is_not_sent_again(foreign: ForeignServer, make: Make) -> None:
    transport = uri.transport_for(foreign.url)
    run_id, outbox = new_run(transport), make(transport, linger=60)
    outbox.log_metrics(run_id, points(1000, "first"))
    outbox.flush()
    outbox.log_metrics(run_id, points(10, "second"))
    outbox.close(timeout=0)
    again = make(transport)
    again.flush(run_id)
    first, second = foreign.questions("runs/log-batch")
    assert len(first["metrics"]) == 1000
    assert [point["key"] for point in second["metrics"]] == ["second"] * 10


def test_offline_nothing_is_tried(
    foreign: ForeignServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_OFFLINE", "1")
    outbox = make(uri.transport_for(foreign.url))
    outbox.log_metrics("r1", points(5))
    outbox.flush()
    assert outbox.pending() == 5
    assert outbox.close() == 5
    assert foreign.asked == []


def test_a_whole_run_can_be_made_offline(
    transport: Transport, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_OFFLINE", "1")
    run_id, offline = new_run_id(), make(transport)
    offline.create_run(
        runs.CreateRun(experiment_id="0", run_id=run_id, run_name="away", start_time=7), "sea"
    )
    offline.log_params(run_id, [Param("lr", "1")])
    offline.log_metrics(run_id, points(20))
    offline.update_run(runs.UpdateRun(run_id=run_id, status="FINISHED", end_time=9))
    offline.close()
    monkeypatch.delenv("MLFLOW_OFFLINE")
    make(transport).flush(run_id)
    run = run_of(transport, run_id)
    assert (run.info.run_name, run.info.status, run.info.start_time) == ("away", "FINISHED", 7)
    assert steps(transport, run_id) == list(range(20))
    found = transport.send(
        experiments.get_by_name, experiments.GetExperimentByName(experiment_name="sea")
    )
    assert run.info.experiment_id == found.experiment.experiment_id


def test_any_question_about_a_run_can_wait(transport: Transport, make: Make) -> None:
    run_id, outbox = new_run(transport), make(transport)
    outbox.log_tags(run_id, [RunTag("a", "1"), RunTag("b", "1")])
    outbox.post(metrics.delete_tag, metrics.DeleteTag(run_id=run_id, key="a"))
    outbox.flush()
    tags = run_of(transport, run_id).data.tags
    assert "a" not in tags
    assert tags["b"] == "1"
    with pytest.raises(MlflowException, match="about no run"):
        outbox.post(experiments.create, experiments.CreateExperiment(name="x"))


# -- servers that are not ours -----------------------------------------------


def test_a_server_may_choose_the_id_itself(foreign: ForeignServer, make: Make) -> None:
    transport = uri.transport_for(foreign.url)
    parent, child, outbox = new_run_id(), new_run_id(), make(transport)
    outbox.create_run(runs.CreateRun(experiment_id="0", run_id=parent, start_time=1))
    tags = [RunTag("mlflow.parentRunId", parent)]
    outbox.create_run(runs.CreateRun(experiment_id="0", run_id=child, start_time=1, tags=tags))
    outbox.log_metrics(child, points(3))
    outbox.flush()
    outbox.close()
    theirs, theirs_child = foreign.runs
    assert foreign.questions("runs/log-batch")[0]["run_id"] == theirs_child
    assert foreign.runs[theirs_child]["mlflow.parentRunId"] == theirs
    later = make(transport)
    assert later.server_id(parent) == theirs
    later.update_run(runs.UpdateRun(run_id=parent, status="FINISHED"))
    later.flush()
    assert foreign.questions("runs/update")[0]["run_id"] == theirs


def test_a_lost_answer_makes_no_second_run(foreign: ForeignServer, make: Make) -> None:
    transport = uri.transport_for(foreign.url)
    run_id, outbox = new_run_id(), make(transport)
    foreign.loses = {"runs/create"}
    outbox.create_run(runs.CreateRun(experiment_id="0", run_id=run_id, start_time=1))
    outbox.log_metrics(run_id, points(3))
    outbox.flush(timeout=60)
    assert len(foreign.runs) == 1
    assert [batch["run_id"] for batch in foreign.questions("runs/log-batch")] == [*foreign.runs]


def test_a_silent_run_is_said_to_be_alive(foreign: ForeignServer, make: Make) -> None:
    transport = uri.transport_for(foreign.url)
    heard = threading.Event()

    def hear(name: str, question: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        if name != "runs/heartbeat":
            return None
        if len(foreign.questions(name)) == 3:
            heard.set()
        return 200, {}

    foreign.fails = hear
    outbox = make(transport, heartbeat=0.01)
    outbox.attend("r1")
    assert heard.wait(30)
    assert foreign.questions("runs/heartbeat")[0] == {"run_ids": ["r1"]}
    outbox.leave("r1")


def test_a_server_without_heartbeats_is_asked_once(foreign: ForeignServer, make: Make) -> None:
    transport = uri.transport_for(foreign.url)
    outbox = make(transport, heartbeat=0.01)
    asked = threading.Event()

    def hear(name: str, question: dict[str, Any]) -> None:
        if name == "runs/heartbeat":
            asked.set()

    foreign.fails = hear
    outbox.attend("r1")
    assert asked.wait(30)
    run_id = new_run(transport)
    for _ in range(20):
        outbox.log_metrics(run_id, points(1))
        outbox.flush()
    assert len(foreign.questions("runs/heartbeat")) == 1
