"""The same thing done twice at the same moment, by two servers and by eight threads."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.faults.load import create_run, history
from tests.faults.writer import HEADERS
from tests.servers.databases import DatabaseServer
from tests.servers.fixtures import DATABASES
from tests.servers.millstream import RunningServer

THREADS = 8
ROUNDS = 12
Answer = tuple[int, dict[str, Any]]


@pytest.fixture(scope="module", params=DATABASES)
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[RunningServer]]:
    """Two servers on one database of each kind; tests use runs and experiments of their own."""
    folder = tmp_path_factory.mktemp("races")
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'mlflow.db'}"
        if request.param != "sqlite":
            database: DatabaseServer = request.getfixturevalue(f"{request.param}_server")
            url = stack.enter_context(database.fresh())
        started = []
        for _ in range(2):
            started.append(RunningServer(folder, url))
            stack.callback(started[-1].stop)
        yield started


def post(server: RunningServer, path: str, question: dict[str, Any]) -> Answer:
    status, body = server.request(
        "POST", f"/api/2.0/mlflow/{path}", json.dumps(question).encode(), HEADERS
    )
    return status, json.loads(body)


def at_once(*work: Callable[[], Answer]) -> list[Answer]:
    """The answers of requests that start at the same moment."""
    begin = threading.Barrier(len(work))

    def one(each: Callable[[], Answer]) -> Answer:
        begin.wait(30)
        return each()

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(one, work))


def race(
    servers: list[RunningServer], path: str, question: Callable[[int], dict[str, Any]]
) -> list[Answer]:
    """Ask the same of both servers in turn, from all threads."""

    def ask(number: int) -> Callable[[], Answer]:
        return lambda: post(servers[number % len(servers)], path, question(number))

    return at_once(*(ask(number) for number in range(THREADS)))


def codes(answers: list[Answer]) -> Counter[Any]:
    return Counter(answer.get("error_code", status) for status, answer in answers)


def test_of_those_who_create_an_experiment_one_wins(servers: list[RunningServer]) -> None:
    for number in range(ROUNDS):
        question = {
            "name": f"race {number}",
            "artifact_location": "s3://bucket/same",
            "tags": [{"key": f"k{number}", "value": "v"}],
        }
        answers = race(servers, "experiments/create", lambda _, question=question: question)  # type: ignore[misc]
        assert codes(answers) == {200: 1, "RESOURCE_ALREADY_EXISTS": THREADS - 1}
        (won,) = [answer["experiment_id"] for status, answer in answers if status == 200]
        path = f"experiments/get-by-name?experiment_name=race%20{number}"
        for server in servers:
            found = server.call("GET", path)["experiment"]
            assert found["experiment_id"] == won
            assert found["tags"] == [{"key": f"k{number}", "value": "v"}]


def test_of_those_who_rename_to_one_name_one_wins(servers: list[RunningServer]) -> None:
    for number in range(ROUNDS // 2):
        ids = [
            servers[0].call("POST", "experiments/create", {"name": f"{number} {thread}"})[
                "experiment_id"
            ]
            for thread in range(THREADS)
        ]
        answers = race(
            servers,
            "experiments/update",
            lambda thread, ids=ids, number=number: {  # type: ignore[misc]
                "experiment_id": ids[thread],
                "new_name": f"new {number}",
            },
        )
        assert codes(answers)[200] == 1
        assert all(400 <= status < 500 for status, _ in answers if status != 200)


def test_a_run_that_is_created_twice_is_one_run(servers: list[RunningServer]) -> None:
    """A client that was offline chooses the id, and sends again when it saw no answer."""
    created = servers[0].call("POST", "experiments/create", {"name": "created twice"})
    experiment = created["experiment_id"]
    for number in range(ROUNDS):
        question = {
            "run_id": f"{number:032x}",
            "experiment_id": experiment,
            "run_name": "one",
            "start_time": 5,
            "tags": [{"key": f"k{number}", "value": "v"}],
        }
        answers = race(servers, "runs/create", lambda _, question=question: question)  # type: ignore[misc]
        assert codes(answers) == {200: THREADS}
        assert {answer["run"]["info"]["run_id"] for _, answer in answers} == {f"{number:032x}"}
    for server in servers:
        found = server.call("POST", "runs/search", {"experiment_ids": [experiment], "count": True})
        assert found["total"] == ROUNDS
        for run in found["runs"]:
            assert len(run["data"]["tags"]) == 2


def test_one_value_of_a_raced_param_stays(servers: list[RunningServer]) -> None:
    run = create_run(servers[0])
    for number in range(ROUNDS):
        answers = race(
            servers,
            "runs/log-parameter",
            lambda thread, number=number: {  # type: ignore[misc]
                "run_id": run,
                "key": f"p{number}",
                "value": str(thread),
            },
        )
        assert codes(answers) == {200: 1, "INVALID_PARAMETER_VALUE": THREADS - 1}
        (won,) = [at for at, (status, _) in enumerate(answers) if status == 200]
        for server in servers:
            found = server.call("GET", f"runs/get?run_id={run}")["run"]["data"]["params"]
            assert {"key": f"p{number}", "value": str(won)} in found
            assert len(found) == number + 1


def test_a_raced_param_takes_its_whole_batch_with_it(servers: list[RunningServer]) -> None:
    run = create_run(servers[0])
    for number in range(ROUNDS):
        answers = race(
            servers,
            "runs/log-batch",
            lambda thread, number=number: {  # type: ignore[misc]
                "run_id": run,
                "metrics": [{"key": f"m{number}", "value": thread, "timestamp": 1, "step": 0}],
                "params": [{"key": f"p{number}", "value": str(thread)}],
                "tags": [{"key": f"t{number}.{thread}", "value": "x"}],
            },
        )
        assert codes(answers) == {200: 1, "INVALID_PARAMETER_VALUE": THREADS - 1}
        (won,) = [at for at, (status, _) in enumerate(answers) if status == 200]
        assert history(servers[1], run, f"m{number}") == [(1, 0, float(won))]
        tags = servers[0].call("GET", f"runs/get?run_id={run}")["run"]["data"]["tags"]
        assert [tag["key"] for tag in tags if tag["key"].startswith(f"t{number}.")] == [
            f"t{number}.{won}"
        ]


def test_raced_tags_end_with_one_of_the_values(servers: list[RunningServer]) -> None:
    run = create_run(servers[0])
    for _ in range(ROUNDS):
        answers = race(
            servers, "runs/set-tag", lambda n: {"run_id": run, "key": "state", "value": str(n)}
        )
        assert codes(answers) == {200: THREADS}
        tags = [
            server.call("GET", f"runs/get?run_id={run}")["run"]["data"]["tags"]
            for server in servers
        ]
        (state,) = [tag["value"] for tag in tags[0] if tag["key"] == "state"]
        assert tags[0] == tags[1]
        found = servers[0].call(
            "POST", "runs/search", {"experiment_ids": ["0"], "filter": f"tags.state = '{state}'"}
        )
        assert len(found["runs"]) == 1  # the row for filters agrees with what is shown


def test_tags_that_are_set_and_deleted_at_once_are_there_or_not(
    servers: list[RunningServer],
) -> None:
    run = create_run(servers[0])
    for _ in range(ROUNDS):
        answers = at_once(
            *[lambda: post(servers[0], "runs/set-tag", {"run_id": run, "key": "x", "value": "1"})]
            * 4,
            *[lambda: post(servers[1], "runs/delete-tag", {"run_id": run, "key": "x"})] * 4,
        )
        assert set(codes(answers)) <= {200, "RESOURCE_DOES_NOT_EXIST"}
        tags = servers[0].call("GET", f"runs/get?run_id={run}")["run"]["data"]["tags"]
        shown = sum(tag["key"] == "x" for tag in tags)
        found = servers[1].call(
            "POST", "runs/search", {"experiment_ids": ["0"], "filter": "tags.x = '1'"}
        )
        assert shown in (0, 1)
        assert len(found.get("runs", [])) == shown


@pytest.mark.parametrize("what", ["runs", "experiments"])
def test_what_is_deleted_while_it_is_logged_to(servers: list[RunningServer], what: str) -> None:
    """Each point is acknowledged and there, or refused and not there."""
    created = servers[0].call("POST", "experiments/create", {"name": f"raced {what}"})
    experiment = created["experiment_id"]
    run = servers[0].call("POST", "runs/create", {"experiment_id": experiment, "start_time": 1})
    run_id = run["run"]["info"]["run_id"]
    named = {"run_id": run_id} if what == "runs" else {"experiment_id": experiment}

    def log(thread: int) -> list[tuple[int, Answer]]:
        return [
            (
                step,
                post(
                    servers[thread % 2],
                    "runs/log-metric",
                    {"run_id": run_id, "key": "m", "value": step, "timestamp": 1, "step": step},
                ),
            )
            for step in range(thread * 1000, thread * 1000 + 40)
        ]

    def move(thread: int) -> list[tuple[int, Answer]]:
        return [
            (-1, post(servers[thread % 2], f"{what}/{verb}", named))
            for _ in range(15)
            for verb in ("delete", "restore")
        ]

    with ThreadPoolExecutor(THREADS) as threads:
        logging = [threads.submit(log, thread) for thread in range(5)]
        moving = [threads.submit(move, thread) for thread in range(3)]
        logged = [item for future in logging for item in future.result()]
        moved = [answer for future in moving for _, answer in future.result()]
    assert set(codes([answer for _, answer in logged])) <= {200, "INVALID_PARAMETER_VALUE"}
    assert set(codes(moved)) <= {200, "RESOURCE_DOES_NOT_EXIST"}
    post(servers[0], f"{what}/restore", named)
    wanted = sorted((1, step, float(step)) for step, (status, _) in logged if status == 200)
    assert history(servers[1], run_id, "m") == wanted
    found = servers[1].call("GET", f"experiments/get?experiment_id={experiment}")["experiment"]
    assert found["lifecycle_stage"] == "active"


def test_a_run_is_not_created_in_an_experiment_that_is_being_deleted(
    servers: list[RunningServer],
) -> None:
    """Whatever comes first: no active run is left in a deleted experiment."""
    for number in range(ROUNDS):
        created = servers[0].call("POST", "experiments/create", {"name": f"going {number}"})
        named = {"experiment_id": created["experiment_id"]}
        answers = at_once(
            *[lambda named=named: post(servers[0], "runs/create", named)] * 6,
            lambda named=named: post(servers[1], "experiments/delete", named),  # type: ignore[misc]
        )
        assert set(codes(answers[:6])) <= {200, "INVALID_PARAMETER_VALUE"}
        assert answers[6][0] == 200
        found = servers[1].call(
            "POST",
            "runs/search",
            {"experiment_ids": [created["experiment_id"]], "run_view_type": "ALL"},
        )
        stages = Counter(run["info"]["lifecycle_stage"] for run in found.get("runs", []))
        assert stages == Counter({"deleted": codes(answers[:6])[200]})


def test_the_same_data_set_is_noted_at_once(servers: list[RunningServer]) -> None:
    run = create_run(servers[0])
    sets = [
        {
            "dataset": {"name": f"d{n}", "digest": "1", "source_type": "s", "source": "{}"},
            "tags": [{"key": "mlflow.data.context", "value": "train"}],
        }
        for n in range(6)
    ]
    for _ in range(ROUNDS // 2):
        answers = race(
            servers,
            "runs/log-inputs",
            lambda thread: {"run_id": run, "datasets": sets[thread % 6 :] + sets[: thread % 6]},
        )
        assert codes(answers) == {200: THREADS}
    found = servers[1].call("GET", f"runs/get?run_id={run}")["run"]["inputs"]["dataset_inputs"]
    assert sorted(each["dataset"]["name"] for each in found) == [f"d{n}" for n in range(6)]
    assert all(len(each["tags"]) == 1 for each in found)
