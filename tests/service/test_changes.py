"""Which runs were changed since a cursor: every kind of change is seen, and none is skipped."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from mlflow import wire
from mlflow.exceptions import MlflowException
from mlflow.service import Engine
from mlflow.service.runs import fail_lost
from mlflow.store import lost, open_store
from mlflow.store.changes import AGAIN, OVERLAP, Place, telling
from mlflow.store.db import Connection
from mlflow.wire.changes import GetChanged
from mlflow.wire.metrics import LogBatch, Point
from tests.service.conftest import Ask, new_run

Change = Callable[[Ask, str], object]
INPUT = {"dataset": {"name": "d", "digest": "x", "source_type": "local", "source": "{}"}}
CHANGES: dict[str, Change] = {
    "metric": lambda ask, run: ask(
        wire.metrics.log_metric, run_id=run, key="m", value=1, timestamp=1
    ),
    "param": lambda ask, run: ask(wire.metrics.log_param, run_id=run, key="p", value="1"),
    "tag": lambda ask, run: ask(wire.metrics.set_tag, run_id=run, key="t", value="1"),
    "tag deleted": lambda ask, run: ask(wire.metrics.delete_tag, run_id=run, key="there"),
    "batch": lambda ask, run: ask(
        wire.metrics.log_batch, run_id=run, params=[{"key": "q", "value": "1"}]
    ),
    "renamed": lambda ask, run: ask(wire.runs.update, run_id=run, run_name="another"),
    "renamed by tag": lambda ask, run: ask(
        wire.metrics.set_tag, run_id=run, key="mlflow.runName", value="a third"
    ),
    "ended": lambda ask, run: ask(wire.runs.update, run_id=run, status="FINISHED", end_time=5),
    "deleted": lambda ask, run: ask(wire.runs.delete, run_id=run),
    "model": lambda ask, run: ask(
        wire.runs.log_model,
        run_id=run,
        model_json='{"run_id": "r", "artifact_path": "a", "utc_time_created": "t", "flavors": {}}',
    ),
    "input": lambda ask, run: ask(wire.datasets.log_inputs, run_id=run, datasets=[INPUT]),
    "output": lambda ask, run: ask(
        wire.datasets.log_outputs, run_id=run, models=[{"model_id": "m-1", "step": 1}]
    ),
    "experiment deleted": lambda ask, run: (
        ask(wire.experiments.delete, experiment_id="0") if run else None
    ),
}


def long_ago(engine: Engine) -> None:
    """Have all runs be changed a minute ago, as the database's clock sees it."""
    engine.store.database.write(
        lambda connection: connection.run(f"UPDATE runs SET changed = {connection.second} - 60")
    )


def changed(ask: Ask, since: str, *experiments: str) -> list[str]:
    answer = ask(wire.changes.get_changed, experiment_ids=experiments or ["0"], since=since)
    names: list[str] = answer["run_ids"]
    return names


def now(ask: Ask) -> str:
    answer = ask(wire.changes.get_changed, experiment_ids=["0"])
    assert (answer["run_ids"], answer["more"]) == ([], False)
    cursor: str = answer["cursor"]
    return cursor


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_seen(engine: Engine, ask: Ask, change: Change) -> None:
    experiment = ask(wire.experiments.create, name="e")["experiment_id"]
    other = new_run(ask, experiment_id=experiment)
    run = new_run(ask, tags=[{"key": "there", "value": "x"}])
    assert run in changed(ask, now(ask))
    long_ago(engine)
    since = now(ask)
    assert changed(ask, since, "0", experiment) == []
    change(ask, run)
    assert changed(ask, since) == [run]
    assert changed(ask, since, experiment) == []
    assert changed(ask, since, "0", experiment) == [run]
    assert other not in changed(ask, since, "0")


def test_restored_and_lost_runs_are_seen(engine: Engine, ask: Ask) -> None:
    run, silent = new_run(ask), new_run(ask)
    ask(wire.runs.delete, run_id=run)
    long_ago(engine)
    since = now(ask)
    ask(wire.runs.restore, run_id=run)
    assert changed(ask, since) == [run]
    long_ago(engine)
    before = lost.find(engine.store.database, 2**62)
    assert silent in {each.run_id for each in before}
    assert set(fail_lost(engine, -(10**6))) == {run, silent}
    assert set(changed(ask, since)) == {run, silent}


def test_heartbeats_and_replays_that_change_nothing(engine: Engine, ask: Ask) -> None:
    run = new_run(ask)
    long_ago(engine)
    since = now(ask)
    ask(wire.runs.heartbeat, run_ids=[run])
    assert changed(ask, since) == []
    with pytest.raises(MlflowException):
        ask(wire.metrics.log_metric, run_id="none", key="m", value=1, timestamp=1)
    assert changed(ask, since) == []


def test_the_next_cursor_names_the_last_seconds_again(engine: Engine, ask: Ask) -> None:
    run = new_run(ask)
    answer = ask(wire.changes.get_changed, experiment_ids=["0"], since="0")
    assert answer["run_ids"] == [run]
    assert changed(ask, answer["cursor"]) == [run]
    long_ago(engine)
    assert changed(ask, answer["cursor"]) == []


def test_a_cursor_from_the_future_skips_nothing(engine: Engine, ask: Ask) -> None:
    """It was given before the clock was set back."""
    run = new_run(ask)
    later = str(int(now(ask)) + 3600)
    assert changed(ask, later) == [run]
    answer = ask(wire.changes.get_changed, experiment_ids=["0"], since=f"{later}-{later}-0")
    assert answer["run_ids"] == []
    assert changed(ask, answer["cursor"]) == [run]


def test_pages_name_each_run_once_and_end_where_they_began(engine: Engine, ask: Ask) -> None:
    runs = [new_run(ask) for _ in range(7)]
    changes = engine.store.changes
    place = Place(None, 0, 0)
    seen: list[str] = []
    for number in range(4):
        page = changes.since([0], place, 2)
        seen += [change.run_id for change in page.changes]
        assert page.more == (number < 3)
        if page.more:
            # Read as what a client sends back.
            text = f"{page.next.then}-{page.next.second}-{page.next.run}"
            question = GetChanged(experiment_ids=["0"], since=text)
            assert Place(*(question.place() or ())) == page.next
        place = page.next
    assert seen == runs
    assert place.then is None
    assert place.second <= int(now(ask))
    # A change while pages are read is named afterwards, though the run was named before.
    first = changes.since([0], Place(None, 0, 0), 2)
    long_ago(engine)
    ask(wire.metrics.set_tag, run_id=runs[0], key="t", value="1")
    rest = changes.since([0], first.next, 10)
    after = changes.since([0], rest.next, 10)
    assert [change.run_id for change in after.changes] == [runs[0]]


def test_more_than_a_page(engine: Engine, ask: Ask) -> None:
    def add(connection: Connection) -> None:
        columns = "run_id, experiment_id, name, user_id, status, start_time, artifact_uri, heard"
        names = [*columns.split(", "), "changed"]
        rows = [(f"r{n:04}", 0, "n", "u", 1, 1, "a", 1, 1000 + n // 700) for n in range(1500)]
        connection.put("runs", names, rows)

    engine.store.database.write(add)
    first = ask(wire.changes.get_changed, experiment_ids=["0"], since="5")
    assert (len(first["run_ids"]), first["more"]) == (1000, True)
    second = ask(wire.changes.get_changed, experiment_ids=["0"], since=first["cursor"])
    assert (len(second["run_ids"]), second["more"]) == (500, False)
    assert first["run_ids"] + second["run_ids"] == [f"r{number:04}" for number in range(1500)]


def test_a_change_that_becomes_visible_late_is_not_skipped(database_url: str) -> None:
    """Another process began first and commits last; its change is in a second that was read."""
    store, other = open_store(database_url), open_store(database_url)
    try:
        runs = [
            store.runs.create(
                run_id=name * 32,
                chosen=True,
                experiment=0,
                name="n",
                user_id="",
                start_time=1,
                tags={},
            )
            for name in "ab"
        ]
        store.database.write(lambda connection: connection.run("UPDATE runs SET changed = 5"))
        written, may_commit = threading.Event(), threading.Event()

        def work(connection: Connection) -> None:
            connection.run(
                f"UPDATE runs SET changed = {connection.second} WHERE run_id = ?", ("a" * 32,)
            )
            connection.one("SELECT 1")  # sends what is held back
            written.set()
            assert may_commit.wait(60)

        writer = threading.Thread(target=lambda: other.database.write(work))
        writer.start()
        assert written.wait(60)
        assert all(run is not None for run in runs)
        if store.database.dialect != "sqlite":  # where there is one writer at a time
            store.log(LogBatch(run_id="b" * 32, metrics=[Point("m", 1.0, 1)])).result()
        early = store.changes.since([0], Place(None, 100, 0), 10)
        assert "a" * 32 not in [change.run_id for change in early.changes]
        may_commit.set()
        writer.join(60)
        late = store.changes.since([0], early.next, 10)
        assert "a" * 32 in [change.run_id for change in late.changes]
    finally:
        store.close()
        other.close()


def test_a_change_that_took_too_long_is_noted_again(
    engine: Engine, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second that is still to come is written, so that readers which were too fast see it."""
    run = new_run(ask)
    long_ago(engine)
    database = engine.store.database
    since = int(now(ask)) + OVERLAP

    def seconds() -> int:
        return int(
            database.read(
                lambda connection: connection.value(
                    "SELECT changed FROM runs WHERE run_id = ?", (run,)
                )
            )
        )

    monkeypatch.setattr("mlflow.store.changes.SLOW", 0.0)
    with telling(database, "run_id", [run]):
        pass
    for thread in threading.enumerate():
        if thread.name == AGAIN:
            thread.join(60)
    assert seconds() > since


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"experiment_ids": []}, "experiment_ids"),
        ({"experiment_ids": ["x"]}, "experiment_ids"),
        ({"experiment_ids": ["1"] * 1001}, "at most 1000"),
        ({"since": ""}, "not a cursor"),
        ({"since": "1-2"}, "not a cursor"),
        ({"since": "-1"}, "not a cursor"),
        ({"since": "1" * 16}, "not a cursor"),
        ({"since": "٣"}, "not a cursor"),
    ],
)
def test_wrong_questions(fields: dict[str, object], text: str) -> None:
    question = GetChanged(**({"experiment_ids": ["0"]} | fields))  # type: ignore[arg-type]
    with pytest.raises(MlflowException, match=text):
        question.check()
