"""`mlflow gc`, on each database: what goes, what stays, and what becomes of the artifacts."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from mlflow._clock import now_ms
from mlflow.blobs import Folder, Place, digests, open_place
from mlflow.blobs.uri import PARTIAL
from mlflow.cli.options import Span
from mlflow.client import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelOutput,
    Metric,
    Param,
    ViewType,
)
from mlflow.exceptions import MlflowException
from mlflow.service.gc import Choice, Collector
from mlflow.service.places import Places
from mlflow.store import Store, open_store, schema
from mlflow.store.gc import BELONGINGS, Bin
from tests.cli.conftest import Command
from tests.servers.millstream import RunningServer
from tests.servers.object_stores import Bucket

Ask = Callable[..., Any]
DAY = 86_400_000
DELETED = ViewType.DELETED_ONLY
TABLES = ("runs", "experiments", "experiment_tags", "datasets", "views", *BELONGINGS)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = open_store(database_url)
    yield store
    store.close()


@pytest.fixture
def client(database_url: str, store: Store) -> MlflowClient:
    return MlflowClient(database_url)


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """The folder that artifacts are in, unless an experiment says otherwise."""
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


@pytest.fixture
def gc(mlflow: Command, database_url: str, served: Path) -> Command:
    """`mlflow gc` on the database of the test."""
    there = ("--backend-store-uri", database_url, "--artifacts-destination", str(served))
    return lambda *arguments, code=0: mlflow("gc", *there, *arguments, code=code)


class Silent:
    """Nobody listens."""

    def gone(self, sentence: str) -> None:
        pass

    def step(self, what: str) -> None:
        pass


def logged(place: Path, run_id: str, name: str = "model.bin", size: int = 7) -> Path:
    """An artifact of a run at a location that is a folder."""
    path = place / run_id / "artifacts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return path


def full_run(client: MlflowClient, experiment_id: str = "0", points: int = 3) -> str:
    """The id of a run with something in every table."""
    run_id = client.create_run(experiment_id, tags={"team": "mill"}).info.run_id
    client.log_batch(
        run_id,
        metrics=[Metric(key, 0.5 * step, step, step) for step in range(points) for key in "ab"],
        params=[Param("rate", "0.1")],
    )
    dataset = Dataset("table", "0123", "code", "{}")
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])
    client.log_outputs(run_id, [LoggedModelOutput("m-1", 0)])
    return run_id


def rows(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    return store.database.read(
        lambda c: {table: int(c.value(f"SELECT count(*) FROM {table}")) for table in TABLES}
    )


def age(store: Store, run_id: str, milliseconds: int) -> None:
    """Move the time at which a run was deleted back."""
    store.database.write(
        lambda c: c.run(
            "UPDATE runs SET deleted = deleted - ? WHERE run_id = ?", (milliseconds, run_id)
        )
    )


def test_every_table_of_runs_is_known() -> None:
    text = "".join(text for _, text in schema.scripts())
    tables = re.findall(r"CREATE TABLE (\w+) \(([^;]*?)\n\)", text)
    assert len(tables) > 10
    about_runs = {name for name, columns in tables if re.search(r"^\s+run_id ", columns, re.M)}
    assert about_runs - {"runs"} == set(BELONGINGS)


def test_a_deleted_run_goes_with_all_it_logged(
    gc: Command, client: MlflowClient, store: Store
) -> None:
    before = rows(store)
    stays, goes = full_run(client), full_run(client)
    one_less = {table: (rows(store)[table] + before[table]) // 2 for table in BELONGINGS}
    client.delete_run(goes)
    said = gc().stdout.splitlines()
    assert said[0] == f"Run with ID {goes} has been permanently deleted."
    assert re.fullmatch(r"Removed 1 run, 6 points, about \d.*B of the database\.", said[1])
    after = rows(store)
    assert {table: after[table] for table in BELONGINGS} == one_less
    assert after["runs"] == 1
    assert after["experiments"] == 1
    with pytest.raises(MlflowException, match="not found"):
        client.get_run(goes)
    assert client.get_run(stays).data.metrics == {"a": 1.0, "b": 1.0}
    assert len(client.get_metric_history(stays, "a")) == 3
    assert gc().stdout == "There is nothing to remove.\n"


def test_a_deleted_experiment_goes_with_its_runs(
    gc: Command, client: MlflowClient, store: Store
) -> None:
    before = rows(store)
    number = client.create_experiment("digits", tags={"stage": "draft"})
    client.create_view(number, "best", "{}")
    goes = sorted(full_run(client, number) for _ in range(2))
    client.delete_experiment(number)
    said = gc().stdout.splitlines()
    assert sorted(said[:2]) == [f"Run with ID {run} has been permanently deleted." for run in goes]
    assert said[2] == f"Experiment with ID {number} has been permanently deleted."
    assert said[3].startswith("Removed 1 experiment, 2 runs, 12 points, ")
    assert rows(store) == before
    assert client.create_experiment("digits") != number


def test_a_dry_run_counts_and_changes_nothing(
    gc: Command, client: MlflowClient, store: Store, served: Path, tmp_path: Path
) -> None:
    (tmp_path / "team").mkdir()
    number = client.create_experiment("digits", (tmp_path / "team").as_uri())
    first, second = full_run(client, number), full_run(client, points=10)
    files = [logged(tmp_path / "team", first, name, 2_000_000) for name in ("a", "b/c")]
    files.append(logged(served / "0", second, "d", 500))
    client.delete_experiment(number)
    client.delete_run(second)
    before = rows(store)
    lines = gc("--dry-run").stdout.splitlines()
    in_database = re.compile(r"(\d) +\d+(\.\d)? k?B ")
    assert [in_database.sub(r"\1 SIZE ", line).split() for line in lines[2:4]] == [
        ["0", "Default", "only", "runs", "1", "20", "SIZE", "1", "500", "B"],
        [number, "digits", "yes", "1", "6", "SIZE", "2", "4.0", "MB"],
    ]
    assert lines[4].startswith("Would remove 1 experiment, 2 runs, 26 points, about ")
    assert lines[4].endswith(" of the database, 3 artifact files of 4.0 MB.")
    assert len(lines) == 5
    assert rows(store) == before
    assert all(file.exists() for file in files)


def test_for_programs(
    ask: Ask, client: MlflowClient, database_url: str, served: Path, tmp_path: Path
) -> None:
    (tmp_path / "team").mkdir()
    number = client.create_experiment("digits", str(tmp_path / "team"))
    run_id = full_run(client, number)
    logged(tmp_path / "team", run_id)
    client.delete_experiment(number)
    there = ("--backend-store-uri", database_url, "--artifacts-destination", str(served))
    planned, done = ask("gc", *there, "--dry-run"), ask("gc", *there)
    assert (planned.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert planned == done
    assert done["complete"]
    assert done["run_ids"] == [run_id]
    assert done["experiment_ids"] == [number]
    assert (done["runs"], done["points"]) == (1, 6)
    assert (done["files"], done["artifact_bytes"]) == (1, 7)
    assert done["bytes"] > 0
    assert (done["artifacts_left"], done["left"]) == ({}, [])
    assert list((tmp_path / "team").iterdir()) == []


def test_only_what_is_older(gc: Command, client: MlflowClient, store: Store) -> None:
    old, young = full_run(client), full_run(client)
    for run_id in (old, young):
        client.delete_run(run_id)
    age(store, old, DAY + 60_000)
    said = gc("--older-than", "1d").stdout
    assert old in said
    assert young not in said
    refused = gc("--older-than", "1d", "--run-ids", young, code=1)
    assert refused.stderr == (
        f"Error: Run {young} was deleted too recently: only what is older than 1d goes.\n"
    )
    assert young in gc("--older-than", "0s").stdout


def test_only_what_is_named(gc: Command, client: MlflowClient) -> None:
    number = client.create_experiment("digits")
    inside = full_run(client, number)
    client.delete_experiment(number)
    one, two, three = (full_run(client) for _ in range(3))
    for run_id in (one, two, three):
        client.delete_run(run_id)
    said = gc("--run-ids", f"{one}, {two},{one}").stdout
    assert [run in said for run in (one, two, three, inside)] == [True, True, False, False]
    assert "Experiment with ID" not in said
    said = gc("--experiment-ids", number, "--run-ids", inside).stdout
    assert said.count(inside) == 1
    assert f"Experiment with ID {number} has been permanently deleted." in said
    assert client.get_run(three).info.lifecycle_stage == "deleted"


def test_what_is_active_or_unknown_is_refused_before_anything_goes(
    gc: Command, client: MlflowClient, store: Store
) -> None:
    active, deleted = full_run(client), full_run(client)
    client.delete_run(deleted)
    before = rows(store)
    for arguments, sentence in (
        (("--run-ids", f"{deleted},{active}"), f"Run {active} is not in the 'deleted' lifecycle"),
        (("--run-ids", f"{deleted},nobody"), "Run with id=nobody not found"),
        (("--run-ids", deleted, "--experiment-ids", "0"), "Experiment 0 is not in the 'deleted'"),
        (("--run-ids", deleted, "--experiment-ids", "77"), "No Experiment with id=77 exists"),
        (("--run-ids", deleted, "--experiment-ids", "x"), "Invalid value 'x'"),
    ):
        assert gc(*arguments, code=1).stderr.startswith(f"Error: {sentence}")
    assert rows(store) == before


def test_the_default_experiment_goes_only_when_it_is_named(
    gc: Command, client: MlflowClient, store: Store
) -> None:
    run_id = full_run(client)
    client.delete_experiment("0")
    said = gc().stdout
    assert run_id in said
    assert "Experiment 0 (Default) stays: it is the default one" in said
    assert rows(store)["experiments"] == 1
    assert "Experiment with ID 0 has been" in gc("--experiment-ids", "0").stdout
    assert rows(store)["experiments"] == 0


def test_an_experiment_stays_while_it_has_an_active_run(
    gc: Command, client: MlflowClient, store: Store
) -> None:
    number = client.create_experiment("digits")
    goes, stays = full_run(client, number), full_run(client, number)
    client.delete_experiment(number)
    client.restore_run(stays)
    said = gc().stdout
    assert goes in said
    assert stays not in said
    assert f"Experiment {number} (digits) stays: " in said
    client.restore_experiment(number)
    assert client.get_run(stays).data.params == {"rate": "0.1"}


def test_a_run_that_is_restored_meanwhile_stays(client: MlflowClient, store: Store) -> None:
    runs = [full_run(client) for _ in range(3)]
    for run_id in runs:
        client.delete_run(run_id)
    binned = Bin(store.database)
    (page,) = binned.pages(now_ms())
    client.restore_run(runs[1])
    gone = binned.remove_runs([run.id for run in page], now_ms())
    assert gone == {run.id for run in page if run.run_id != runs[1]}
    assert client.get_run(runs[1]).data.metrics == {"a": 1.0, "b": 1.0}


def test_a_claimed_run_is_not_restored(client: MlflowClient, store: Store) -> None:
    number = client.create_experiment("digits")
    alone, inside, free = full_run(client), full_run(client, number), full_run(client, number)
    client.delete_run(alone)
    client.delete_experiment(number)
    binned = Bin(store.database)
    numbers = {run.run_id: run.id for page in binned.pages(now_ms()) for run in page}
    claimed = [numbers[alone], numbers[inside]]
    assert binned.claim(claimed, now_ms()) == set(claimed)
    with pytest.raises(MlflowException, match="is being removed for good by `mlflow gc`"):
        client.restore_run(alone)
    client.restore_experiment(number)
    stages = [client.get_run(run_id).info.lifecycle_stage for run_id in (alone, inside, free)]
    assert stages == ["deleted", "deleted", "active"]
    binned.release(claimed)
    client.restore_run(alone)
    client.restore_run(inside)
    assert client.get_run(inside).data.metrics == {"a": 1.0, "b": 1.0}


def test_what_an_interrupted_one_claimed_goes(
    gc: Command, client: MlflowClient, store: Store, served: Path
) -> None:
    old, young = full_run(client), full_run(client)
    for run_id in (old, young):
        client.delete_run(run_id)
    age(store, old, DAY + 60_000)
    binned = Bin(store.database)
    numbers = [run.id for page in binned.pages(now_ms()) for run in page]
    logged(served / "0", old)
    binned.claim(numbers, now_ms())
    said = gc("--older-than", "1d").stdout
    assert old in said
    assert young not in said
    assert list(served.rglob("*")) == [served / "0"]
    assert young in gc("--run-ids", young).stdout


def test_writers_go_on(client: MlflowClient, store: Store, served: Path) -> None:
    places = Places(str(served))
    doomed = [full_run(client) for _ in range(40)]
    for run_id in doomed:
        logged(served / "0", run_id)
    alive = [full_run(client) for _ in range(4)]

    def write(run_id: str) -> None:
        for step in range(3, 33):
            client.log_batch(run_id, [Metric(key, 1.0, step, step) for key in "ab"])

    def collect() -> list[str]:
        return Collector(store, Choice(now_ms()), places).collect(Silent()).run_ids

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, run_id) for run_id in alive]
        collectors = []
        for run_id in doomed:
            client.delete_run(run_id)
            collectors.append(pool.submit(collect))
        for writer in writers:
            writer.result()
        gone = [run_id for collector in collectors for run_id in collector.result()]
    assert sorted(gone + collect()) == sorted(doomed)
    for run_id in alive:
        assert len(client.get_metric_history(run_id, "a")) == 33
    assert list(served.iterdir()) == [served / "0"]
    assert list((served / "0").iterdir()) == []


def test_many_runs(gc: Command, client: MlflowClient, store: Store) -> None:
    number = client.create_experiment("many")
    for step in range(1_201):
        client.create_run(number, start_time=step)
    client.delete_experiment(number)
    said = gc().stdout.splitlines()
    assert len(said) == 1_201 + 1 + 1
    assert said[1_202].startswith("Removed 1 experiment, 1,201 runs, 0 points, ")
    assert rows(store)["runs"] == 0


# -- artifacts ---------------------------------------------------------------


@pytest.fixture
def embedded(tmp_path: Path) -> MlflowClient:
    return MlflowClient(str(tmp_path / "mlruns"))


def binned_run(client: MlflowClient, folder: Path, experiment_id: str = "0") -> str:
    """The id of a deleted run with an artifact in the folder of its store."""
    run_id = client.create_run(experiment_id).info.run_id
    place = folder / experiment_id / run_id / "artifacts"
    place.mkdir(parents=True)
    (place / "model.bin").write_bytes(b"weights")
    client.delete_run(run_id)
    return run_id


def test_artifacts_of_an_embedded_store_go(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path
) -> None:
    number = embedded.create_experiment("digits")
    run_id = binned_run(embedded, tmp_path / "mlruns" / "artifacts", number)
    other = embedded.create_run("0").info.run_id
    kept = tmp_path / "mlruns" / "artifacts" / "0" / other / "artifacts"
    kept.mkdir(parents=True)
    embedded.delete_experiment(number)
    said = mlflow("gc").stdout
    assert run_id in said
    assert ", 1 artifact file of 7 B." in said
    assert not (tmp_path / "mlruns" / "artifacts" / number).exists()
    assert kept.exists()


def test_what_else_is_kept_beside_artifacts_stays(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path
) -> None:
    run_id = binned_run(embedded, tmp_path / "mlruns" / "artifacts")
    note = tmp_path / "mlruns" / "artifacts" / "0" / run_id / "note.txt"
    note.write_text("mine")
    mlflow("gc")
    assert note.read_text() == "mine"
    assert not (note.parent / "artifacts").exists()


@pytest.mark.parametrize("link", ["0", "run", "artifacts"])
def test_a_link_is_not_followed(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path, link: str
) -> None:
    run_id = binned_run(embedded, tmp_path / "mlruns" / "artifacts")
    folder = tmp_path / "mlruns" / "artifacts" / "0"
    place = {"0": folder, "run": folder / run_id, "artifacts": folder / run_id / "artifacts"}[link]
    elsewhere = tmp_path / "elsewhere"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    said = mlflow("gc", code=1).stdout
    assert f"The artifacts of run {run_id} cannot be removed, so it stays in the bin: " in said
    assert embedded.get_run(run_id).info.lifecycle_stage == "deleted"
    embedded.restore_run(run_id)
    assert [path.name for path in elsewhere.rglob("*.bin")] == ["model.bin"]


def test_a_link_inside_goes_and_its_target_stays(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path
) -> None:
    run_id = binned_run(embedded, tmp_path / "mlruns" / "artifacts")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("mine")
    (tmp_path / "mlruns" / "artifacts" / "0" / run_id / "artifacts" / "link").symlink_to(elsewhere)
    mlflow("gc")
    assert not (tmp_path / "mlruns" / "artifacts" / "0" / run_id).exists()
    assert (elsewhere / "mine.txt").read_text() == "mine"


def test_what_is_gone_already_is_no_error(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path
) -> None:
    run_id = binned_run(embedded, tmp_path / "mlruns" / "artifacts")
    shutil.rmtree(tmp_path / "mlruns" / "artifacts")
    said = mlflow("gc").stdout
    assert said.startswith(f"Run with ID {run_id} has been permanently deleted.\nRemoved 1 run, ")


def test_a_location_of_its_own_on_the_server(
    mlflow: Command, sqlite_url: str, served: Path
) -> None:
    client = MlflowClient(sqlite_url)
    number = client.create_experiment("digits", "mlflow-artifacts:/team a/digits")
    run_id = client.create_run(number).info.run_id
    logged(served / "team a" / "digits", run_id)
    client.delete_run(run_id)
    there = ("gc", "--backend-store-uri", sqlite_url, "--artifacts-destination", str(served))
    assert ", 1 artifact file of 7 B." in mlflow(*there).stdout
    assert list(served.rglob("*")) == [served / "team a", served / "team a" / "digits"]


def test_the_folder_of_a_server_is_named(mlflow: Command, sqlite_url: str, tmp_path: Path) -> None:
    run_id = binned_run(MlflowClient(sqlite_url), tmp_path / "served")
    said = mlflow(
        "gc", "--backend-store-uri", sqlite_url, "--artifacts-destination", str(tmp_path / "served")
    )
    assert ", 1 artifact file of 7 B." in said.stdout
    assert not (tmp_path / "served" / "0" / run_id).exists()


def test_where_a_database_keeps_artifacts_by_itself(
    mlflow: Command, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = MlflowClient(sqlite_url)
    run_id = client.create_run("0").info.run_id
    client.log_text(run_id, "weights", "model.bin")
    client.delete_run(run_id)
    there = ("gc", "--backend-store-uri", sqlite_url)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    said = mlflow(*there, code=1).stdout
    assert "Nobody said where the artifacts of this store are" in said
    monkeypatch.chdir(tmp_path)
    assert ", 1 artifact file of 7 B." in mlflow(*there).stdout


def test_through_the_server(
    mlflow: Command, start_server: Callable[..., RunningServer], sqlite_url: str, tmp_path: Path
) -> None:
    server = start_server(sqlite_url)
    client = MlflowClient(server.url)
    number = client.create_experiment("digits")
    run_id, stays = (client.create_run(number).info.run_id for _ in range(2))
    for each in (run_id, stays):
        client.log_text(each, "weights", "deep/model.bin")
    client.delete_run(run_id)
    there = ("gc", "--backend-store-uri", sqlite_url, "--tracking-uri", server.url)
    assert ", 1 artifact file of 7 B." in mlflow(*there, "--dry-run").stdout
    assert ", 1 artifact file of 7 B." in mlflow(*there).stdout
    assert client.list_artifacts(stays, "deep")[0].path == "deep/model.bin"
    artifacts = next(tmp_path.rglob(stays)).parent
    assert [path.name for path in artifacts.iterdir()] == [stays]
    client.delete_experiment(number)
    assert f"Experiment with ID {number} has been" in mlflow(*there).stdout
    assert not artifacts.exists()


def test_a_server_of_another_store_removes_nothing(
    mlflow: Command, running_server: RunningServer, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'other.db'}"
    client = MlflowClient(database)
    runs = [client.create_run("0").info.run_id for _ in range(2)]
    for run_id in runs:
        client.delete_run(run_id)
    there = ("gc", "--backend-store-uri", database, "--tracking-uri", running_server.url)
    said = mlflow(*there, code=1).stdout.splitlines()
    assert said[0] == "Nothing can be removed."
    assert said[1] == (
        "The artifacts of 2 runs cannot be removed, so they stay in the bin: "
        f"{running_server.url} does not know run {runs[0]}, so it is not the server of this store."
    )
    assert len(said) == 2


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("file:///nowhere/at/all", "There is no folder /nowhere/at/all on this machine."),
        ("gopher://bucket/x", "gopher"),
        ("https://127.0.0.1:1/x", "can only be read from here"),
        ("mlflow-artifacts://127.0.0.1:1/x", "127.0.0.1:1"),
        ("s3://bucket/x", "The bucket 'bucket' at http://127.0.0.1:1 does not answer"),
    ],
)
def test_what_cannot_be_reached_is_said_once_and_stops_nothing(
    mlflow: Command,
    embedded: MlflowClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    location: str,
    reason: str,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    number = embedded.create_experiment("away", location)
    runs = [embedded.create_run(number).info.run_id for _ in range(3)]
    embedded.delete_experiment(number)
    goes = binned_run(embedded, tmp_path / "mlruns" / "artifacts")
    for arguments in (("--dry-run",), ()):
        *said, left = mlflow("gc", *arguments, code=1).stdout.splitlines()
        assert left.startswith(
            "The artifacts of 3 runs cannot be removed, so they stay in the bin: "
        )
        assert reason in left
        assert "1 run, 0 points" in said[-1]
    assert said[0] == f"Run with ID {goes} has been permanently deleted."
    embedded.restore_experiment(number)
    assert embedded.get_run(runs[0]).info.lifecycle_stage == "active"
    embedded.delete_experiment(number)
    said = mlflow("gc", "--leave-unreachable").stdout.splitlines()
    assert sorted(said[:3]) == sorted(
        f"Run with ID {run} has been permanently deleted." for run in runs
    )
    assert said[3] == f"Experiment with ID {number} has been permanently deleted."
    assert said[-1].startswith("The artifacts of 3 runs stay where they are: ")


def test_passwords_in_locations_are_hidden(mlflow: Command, embedded: MlflowClient) -> None:
    number = embedded.create_experiment("away", "gopher://me:secret@host/x")
    embedded.create_run(number)
    embedded.delete_experiment(number)
    assert "secret" not in mlflow("gc", code=1).output
    assert "secret" not in mlflow("gc", "--json", code=1).output


def test_only_a_folder_that_is_named_after_the_run_goes(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path
) -> None:
    run_id = binned_run(embedded, tmp_path / "mlruns" / "artifacts")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years")
    database = tmp_path / "mlruns" / "mlflow.db"
    for uri in (mine.as_uri(), "./..", "./../../mine", "", f"{mine}/artifacts"):
        with sqlite3.connect(next(iter(database.parent.glob("*.db")))) as connection:
            connection.execute("UPDATE runs SET artifact_uri = ?", (uri,))
        connection.close()
        said = mlflow("gc", code=1).stdout
        assert f"is no folder of the run {run_id}." in said
    assert (mine / "thesis.txt").read_text() == "years"


# -- left-over parts ---------------------------------------------------------


def begin_upload(place: Place, path: str, size: int = 4000) -> str:
    """Begin a file of which the first part arrives, with so many bytes; the upload's id."""
    assert place.parts is not None
    content = bytes(size)
    upload = place.parts.begin(path, 2 * size, size)
    digest = digests.of(place.parts.algorithm, [content])
    place.parts.put_part(path, upload, 1, lambda: [content], size, digest)
    return upload


def begun(place: Folder, path: str, days: float) -> None:
    """Begin a file of which one part arrives, some days ago."""
    upload = begin_upload(place, path)
    then = time.time() - days * 86_400
    for file in (place.root / PARTIAL).rglob("*"):
        if upload in str(file):
            os.utime(file, (then, then))


def uploads(place: Place, *paths: str) -> list[int]:
    """How many unfinished files there are at each path."""
    assert place.parts is not None
    return [len(place.parts.unfinished(path)) for path in paths]


def test_left_over_parts_go_after_a_week(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path
) -> None:
    run_id = embedded.create_run("0").info.run_id
    root = Folder(tmp_path / "mlruns" / "artifacts")
    old, young = (f"0/{run_id}/artifacts/{name}.bin" for name in ("old", "young"))
    begun(root, old, 8)
    begun(root, young, 6)
    assert "Would remove 1 unfinished file of " in mlflow("gc", "--dry-run").stdout
    assert uploads(root, old, young) == [1, 1]
    assert "Removed 1 unfinished file of " in mlflow("gc").stdout
    assert uploads(root, old, young) == [0, 1]
    assert mlflow("gc").stdout == "There is nothing to remove.\n"


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (("--older-than", "9d"), [1, 1, 1]),
        (("--older-than", "7d"), [0, 1, 1]),
        (("--older-than", "0s"), [0, 0, 1]),
        (("--older-than", "30d", "--parts-older-than", "3d"), [0, 1, 1]),
        (("--parts-older-than", "0s"), [0, 0, 0]),
        (("--run-ids", "RUN"), [1, 1, 1]),
    ],
)
def test_how_old_parts_must_be(
    mlflow: Command,
    embedded: MlflowClient,
    tmp_path: Path,
    arguments: tuple[str, ...],
    left: list[int],
) -> None:
    binned = embedded.create_run("0").info.run_id
    embedded.delete_run(binned)
    root = Folder(tmp_path / "mlruns" / "artifacts")
    for name, days in (("a", 8), ("b", 2), ("c", 0.5)):
        begun(root, name, days)
    mlflow("gc", *(binned if each == "RUN" else each for each in arguments))
    assert uploads(root, "a", "b", "c") == left


def test_parts_of_a_removed_run_go_at_once(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path
) -> None:
    goes, stays = (embedded.create_run("0").info.run_id for _ in range(2))
    root = Folder(tmp_path / "mlruns" / "artifacts")
    paths = [f"0/{run_id}/artifacts/model.bin" for run_id in (goes, stays)]
    for path in paths:
        begun(root, path, 8)
    embedded.delete_run(goes)
    assert ", 2 unfinished files of " in mlflow("gc", "--dry-run").stdout
    assert ", 1 unfinished file of " in mlflow("gc", "--run-ids", goes).stdout
    assert uploads(root, *paths) == [0, 1]


def test_parts_at_the_locations_of_active_experiments_go(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path
) -> None:
    team = tmp_path / "team"
    team.mkdir()
    run_id = embedded.create_run(embedded.create_experiment("digits", team.as_uri())).info.run_id
    embedded.create_experiment("more digits", f"{team.as_uri()}/more")
    place = Folder(team / run_id / "artifacts")
    begun(place, "model.bin", 8)
    assert "Removed 1 unfinished file of " in mlflow("gc").stdout
    assert uploads(place, "model.bin") == [0]


def test_killed_in_between_it_goes_on(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path
) -> None:
    number = embedded.create_experiment("digits")
    root = tmp_path / "mlruns" / "artifacts"
    for _ in range(450):
        logged(root / number, embedded.create_run(number).info.run_id)
    embedded.delete_experiment(number)
    command = [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", "mlruns"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        # It waits, for somebody to read on, before it has told of all in its first transaction.
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        assert "has been permanently deleted." in process.stdout.readline()
        process.kill()
    left = {run.info.run_id for run in embedded.search_runs([number], "", DELETED)}
    assert 0 < len(left) < 450
    assert {path.name for path in (root / number).iterdir()} <= left
    said = mlflow("gc").stdout.splitlines()
    assert {line.split()[3] for line in said if line.startswith("Run ")} == left
    assert list(root.iterdir()) == []


# -- in buckets --------------------------------------------------------------


def test_artifacts_in_a_bucket_go(
    mlflow: Command, embedded: MlflowClient, s3_bucket: Bucket
) -> None:
    number = embedded.create_experiment("digits", f"{s3_bucket.url}/team")
    goes, stays = (embedded.create_run(number).info.run_id for _ in range(2))
    for run_id in (goes, stays):
        for name in ("model.bin", "plots/a b.png"):
            embedded.log_text(run_id, "weights", name)
    embedded.delete_run(goes)
    assert ", 2 artifact files of 14 B." in mlflow("gc", "--dry-run").stdout
    assert len(s3_bucket.all_keys()) == 4
    assert ", 2 artifact files of 14 B." in mlflow("gc").stdout
    assert s3_bucket.all_keys() == [
        f"team/{stays}/artifacts/model.bin",
        f"team/{stays}/artifacts/plots/a b.png",
    ]


def test_unfinished_uploads_in_a_bucket_go(
    mlflow: Command, embedded: MlflowClient, s3_bucket: Bucket
) -> None:
    number = embedded.create_experiment("digits", f"{s3_bucket.url}/team")
    goes, stays = (embedded.create_run(number).info.run_id for _ in range(2))
    paths = [f"{run_id}/artifacts/model.bin" for run_id in (goes, stays)]
    place = open_place(f"{s3_bucket.url}/team")
    assert place.parts is not None
    for path in paths:
        begin_upload(place, path, 5 * 1024 * 1024)
    embedded.delete_run(goes)
    assert ", 1 unfinished file of 5.2 MB." in mlflow("gc").stdout
    assert uploads(place, *paths) == [0, 1]
    assert "1 unfinished file of 5.2 MB." in mlflow("gc", "--parts-older-than", "0s").stdout
    assert uploads(place, *paths) == [0, 0]


def test_the_bucket_of_a_server_is_named(
    mlflow: Command, sqlite_url: str, ceph_bucket: Bucket
) -> None:
    client = MlflowClient(sqlite_url)
    run_id = client.create_run("0").info.run_id
    place = open_place(f"{ceph_bucket.url}/all")
    place.put(f"0/{run_id}/artifacts/model.bin", BytesIO(b"weights"))
    client.delete_run(run_id)
    there = ("gc", "--backend-store-uri", sqlite_url, "--artifacts-destination")
    said = mlflow(*there, "s3://no-such-bucket/all", code=1).stdout
    assert "The artifacts of run" in said
    assert "no-such-bucket" in said
    assert ", 1 artifact file of 7 B." in mlflow(*there, f"{ceph_bucket.url}/all").stdout
    assert ceph_bucket.all_keys() == []


# -- where -------------------------------------------------------------------


def test_the_tracking_uri_is_the_store_when_it_is_one(
    mlflow: Command, embedded: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = binned_run(embedded, tmp_path / "mlruns" / "artifacts")
    assert run_id in mlflow("gc", "--tracking-uri", str(tmp_path / "mlruns")).stdout
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    refused = mlflow("gc", code=2)
    assert "name it by --backend-store-uri" in refused.stderr


def test_a_store_that_is_not_there_is_not_made(mlflow: Command, tmp_path: Path) -> None:
    assert "There is no database at" in mlflow("gc", code=1).stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--older-than", "1x"),
        ("--older-than", ""),
        ("--older-than", "1.2.3d"),
        ("--parts-older-than", "soon"),
        ("--run-ids", ""),
        ("--logged-model-ids", "m-1"),
        ("--artifacts-destination", "http://localhost:5000"),
        ("--experiment-ids", " , "),
        ("--backend-store-uri", "oracle://host/name"),
    ],
)
def test_wrong_usage_is_exit_code_2(mlflow: Command, arguments: tuple[str, ...]) -> None:
    assert "Usage: mlflow gc" in mlflow("gc", *arguments, code=2).stderr


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1d2h3m4s", 93_784_000),
        ("1.5h", 5_400_000),
        ("0s", 0),
        ("20m", 1_200_000),
        ("1.2d3h4m5s", 114_725_000),
    ],
)
def test_lengths_of_time(text: str, milliseconds: int) -> None:
    assert Span().convert(text, None, None) == milliseconds
