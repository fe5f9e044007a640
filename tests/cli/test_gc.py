"""`mlflow gc`, on each database: what goes, what stays, and what becomes of the artifacts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mlflow._clock import now_ms
from mlflow.cli.options import Span
from mlflow.client import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.service.gc import Choice, Collector
from mlflow.store import Store, open_store, schema
from mlflow.store.gc import BELONGINGS, Bin
from tests.cli.conftest import Command

Ask = Callable[..., Any]
DAY = 86_400_000
TABLES = ("runs", "experiments", "experiment_tags", "datasets", *BELONGINGS)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = open_store(database_url)
    yield store
    store.close()


@pytest.fixture
def client(database_url: str, store: Store) -> MlflowClient:
    return MlflowClient(database_url)


@pytest.fixture
def gc(mlflow: Command, database_url: str) -> Command:
    """`mlflow gc` on the database of the test."""
    return lambda *arguments, code=0: mlflow(
        "gc", "--backend-store-uri", database_url, *arguments, code=code
    )


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
    assert re.fullmatch(r"Removed 1 run, 6 points, about \d.*B\.", said[1])
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
    goes = sorted(full_run(client, number) for _ in range(2))
    client.delete_experiment(number)
    said = gc().stdout.splitlines()
    assert sorted(said[:2]) == [f"Run with ID {run} has been permanently deleted." for run in goes]
    assert said[2] == f"Experiment with ID {number} has been permanently deleted."
    assert said[3].startswith("Removed 1 experiment, 2 runs, 12 points, ")
    assert rows(store) == before
    assert client.create_experiment("digits") != number


def test_a_dry_run_counts_and_changes_nothing(
    gc: Command, client: MlflowClient, store: Store
) -> None:
    number = client.create_experiment("digits", "s3://bucket/digits")
    full_run(client, number)
    client.delete_experiment(number)
    client.delete_run(full_run(client, points=10))
    before = rows(store)
    lines = gc("--dry-run").stdout.splitlines()
    sizes = re.compile(r"\d+(\.\d)? k?B")
    assert [sizes.sub("SIZE", line).split() for line in lines[2:4]] == [
        ["0", "Default", "only", "runs", "1", "20", "SIZE"],
        [number, "digits", "yes", "1", "6", "SIZE"],
    ]
    assert lines[4].startswith("Would remove 1 experiment, 2 runs, 26 points, about ")
    assert lines[5:] == [
        "Artifacts of 1 run would stay where they are: ./0 (of the artifact root)",
        "Artifacts of 1 run would stay where they are: s3://bucket/digits",
    ]
    assert rows(store) == before


def test_for_programs(ask: Ask, client: MlflowClient, database_url: str) -> None:
    number = client.create_experiment("digits", "s3://bucket/digits")
    run_id = full_run(client, number)
    client.delete_experiment(number)
    there = ("gc", "--backend-store-uri", database_url)
    planned, done = ask(*there, "--dry-run"), ask(*there)
    assert (planned.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert planned == done
    assert done["run_ids"] == [run_id]
    assert done["experiment_ids"] == [number]
    assert (done["runs"], done["points"], done["folders"]) == (1, 6, 0)
    assert done["bytes"] > 0
    assert done["artifacts_left"] == {"s3://bucket/digits": 1}
    assert done["left"] == []


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


def test_writers_go_on(client: MlflowClient, store: Store) -> None:
    doomed = [full_run(client) for _ in range(40)]
    alive = [full_run(client) for _ in range(4)]

    def write(run_id: str) -> None:
        for step in range(3, 33):
            client.log_batch(run_id, [Metric(key, 1.0, step, step) for key in "ab"])

    def collect() -> list[str]:
        return Collector(store, Choice(now_ms())).collect(lambda sentence: None).run_ids

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


def test_many_runs(gc: Command, client: MlflowClient, store: Store) -> None:
    number = client.create_experiment("many")
    for step in range(1_201):
        client.create_run(number, start_time=step)
    client.delete_experiment(number)
    said = gc().stdout.splitlines()
    assert len(said) == 1_201 + 1 + 1 + 1
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
    assert ", 1 artifact folder." in said
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
    said = mlflow("gc").stdout
    assert f"The artifacts of run {run_id} stay: " in said
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


def test_the_folder_of_a_server_is_named(mlflow: Command, sqlite_url: str, tmp_path: Path) -> None:
    run_id = binned_run(MlflowClient(sqlite_url), tmp_path / "served")
    said = mlflow(
        "gc", "--backend-store-uri", sqlite_url, "--artifacts-destination", str(tmp_path / "served")
    )
    assert ", 1 artifact folder." in said.stdout
    assert not (tmp_path / "served" / "0" / run_id).exists()


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
        ("--run-ids", ""),
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
