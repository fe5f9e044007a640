"""`mlflow runs`, on an embedded folder, through a server, and on each database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlflow._clock import now_ms
from mlflow.client import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.store import open_store
from tests.cli.conftest import Command
from tests.servers.millstream import RunningServer
from tests.servers.processes import free_port

Ask = Callable[..., Any]
HOUR = 3_600_000


@pytest.fixture
def client(tmp_path: Path) -> MlflowClient:
    return MlflowClient(str(tmp_path / "mlruns"))


@pytest.fixture
def sweep(client: MlflowClient) -> list[str]:
    """The ids of three runs: rates 0.1, 0.2, 0.3 with losses 0.9, 0.8, NaN; the last is FAILED."""
    found = []
    for number, loss in enumerate((0.9, 0.8, float("nan")), start=1):
        start = 1_700_000_000_000 + number * 60_000
        run = client.create_run("0", start_time=start, run_name=f"run {number}")
        client.log_batch(
            run.info.run_id,
            metrics=[Metric("loss", loss, start, 0), Metric("epochs", 10.0 * number, start, 0)],
            params=[Param("rate", f"0.{number}")],
            tags=[RunTag("team", "mill")],
        )
        status = "FAILED" if number == 3 else "FINISHED"
        client.set_terminated(run.info.run_id, status, start + number * 45_000)
        found.append(run.info.run_id)
    return found


def test_the_list(mlflow: Command, sweep: list[str]) -> None:
    first, second, third = sweep
    assert mlflow("runs", "list", "--experiment-id", "0").stdout.splitlines() == [
        "Date                     Name   ID",
        "-----------------------  -----  --------------------------------",
        f"2023-11-14 22:16:20 UTC  run 3  {third}",
        f"2023-11-14 22:15:20 UTC  run 2  {second}",
        f"2023-11-14 22:14:20 UTC  run 1  {first}",
    ]


def test_the_list_of_an_experiment_that_is_not_there(mlflow: Command) -> None:
    result = mlflow("runs", "list", "--experiment-id", "9", code=1)
    assert result.stderr == "Error: No Experiment with id=9 exists\n"


def test_the_bin(mlflow: Command, ask: Ask, sweep: list[str]) -> None:
    said = mlflow("runs", "delete", "--run-id", sweep[0])
    assert said.stdout == f"Run with ID {sweep[0]} has been deleted.\n"
    binned = ask("runs", "list", "-x", "0", "-v", "deleted_only")
    assert [run["info"]["run_id"] for run in binned] == [sweep[0]]
    assert len(ask("runs", "list", "-x", "0")) == 2
    assert len(ask("runs", "list", "-x", "0", "-v", "all")) == 3
    said = mlflow("runs", "restore", "--run-id", sweep[0])
    assert said.stdout == f"Run with id {sweep[0]} has been restored.\n"
    assert ask("runs", "delete", "--run-id", sweep[0])["info"]["lifecycle_stage"] == "deleted"


def test_a_search_shows_what_it_is_about(mlflow: Command, sweep: list[str]) -> None:
    found = mlflow(
        "runs", "search", "--filter", "metrics.loss < 1", "--order-by", "params.rate ASC"
    )
    assert found.stdout.splitlines() == [
        "Run ID                            Name   Status    Started                  Duration"
        "  params.rate  metrics.loss",
        "--------------------------------  -----  --------  -----------------------  --------"
        "  -----------  ------------",
        f"{sweep[0]}  run 1  FINISHED  2023-11-14 22:14:20 UTC     45.0s"
        "  0.1                   0.9",
        f"{sweep[1]}  run 2  FINISHED  2023-11-14 22:15:20 UTC     1m30s"
        "  0.2                   0.8",
    ]


def test_a_search_about_nothing_shows_metrics(mlflow: Command, sweep: list[str]) -> None:
    lines = mlflow("runs", "search").stdout.splitlines()
    assert lines[0].split()[-2:] == ["metrics.epochs", "metrics.loss"]
    assert lines[2].split()[-2:] == ["30", "nan"]


def test_columns(mlflow: Command, sweep: list[str]) -> None:
    columns = "status, params.rate,tags.team,attributes.experiment_id"
    found = mlflow("runs", "search", "-c", columns, "--max-results", "1")
    assert found.stdout.splitlines() == [
        "Run ID                            Name   Status  params.rate  tags.team  Experiment Id",
        "--------------------------------  -----  ------  -----------  ---------  -------------",
        f"{sweep[2]}  run 3  FAILED  0.3          mill       0",
    ]


def test_columns_for_programs(ask: Ask, sweep: list[str]) -> None:
    found = ask("runs", "search", "--columns", "metrics.loss,params.`rate`")
    assert [run["data"] for run in found] == [
        {"metrics": {"loss": loss}, "params": {"rate": rate}, "tags": {}}
        for loss, rate in (("NaN", "0.3"), (0.8, "0.2"), (0.9, "0.1"))
    ]


def test_experiments_by_id_and_by_name(ask: Ask, client: MlflowClient, sweep: list[str]) -> None:
    other = client.create_run(client.create_experiment("other, one")).info.run_id
    assert len(ask("runs", "search")) == 4
    by_name = ask("runs", "search", "-n", "other, one")
    assert [run["info"]["run_id"] for run in by_name] == [other]
    assert len(ask("runs", "search", "-n", "other, one", "-x", "0")) == 4


def test_the_mark_in_a_wrong_filter(mlflow: Command, sweep: list[str]) -> None:
    result = mlflow("runs", "search", "--filter", "metrics.loss < 'x'", code=1)
    assert result.stderr.startswith("Error: Invalid filter: ")
    assert result.stderr.splitlines()[1:] == ["  metrics.loss < 'x'", "                 ^"]


def test_a_description_is_json(mlflow: Command, sweep: list[str]) -> None:
    text = mlflow("runs", "describe", "--run-id", sweep[2]).stdout
    assert text.startswith('{\n    "info": {\n        "artifact_uri": ')
    run = json.loads(text)
    assert list(run) == ["info", "data", "inputs", "outputs"]
    assert run["info"]["status"] == "FAILED"
    assert run["data"]["metrics"] == {"loss": "NaN", "epochs": 30.0}
    assert run["data"]["params"] == {"rate": "0.3"}


def test_a_run_is_recorded(mlflow: Command, client: MlflowClient, sweep: list[str]) -> None:
    said = mlflow(
        "runs",
        "create",
        *("--experiment-name", "new"),
        *("--run-name", "by hand"),
        *("-t", "env=prod=1"),
        *("--description", "no reason"),
        *("--status", "failed"),
        *("--parent-run-id", sweep[0]),
    )
    answer = json.loads(said.stdout)
    run = client.get_run(answer["run_id"])
    assert answer == {
        "run_id": run.info.run_id,
        "experiment_id": "1",
        "status": "FAILED",
        "run_name": "by hand",
    }
    assert run.info.status == "FAILED"
    assert run.info.end_time is not None
    wanted = {
        "env": "prod=1",
        "mlflow.note.content": "no reason",
        "mlflow.parentRunId": sweep[0],
        "mlflow.runName": "by hand",
        "mlflow.source.type": "LOCAL",
    }
    assert wanted.items() <= run.data.tags.items()


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("create",),
        ("create", "--experiment-id", "0", "--experiment-name", "a"),
        ("create", "--experiment-id", "0", "--status", "RUNNING"),
        ("search", "--columns", "colour"),
        ("search", "--columns", "metrics."),
        ("search", "--columns", "datasets.name"),
        ("lost", "--older-than", "soon"),
        ("lost", "--backend-store-uri", "oracle://host/name"),
        ("lost", "--backend-store-uri", "http://host"),
    ],
)
def test_wrong_usage_is_exit_code_2(mlflow: Command, arguments: tuple[str, ...]) -> None:
    assert "Usage: mlflow runs" in mlflow("runs", *arguments, code=2).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("describe", "--run-id", "nobody"),
        ("delete", "--run-id", "nobody"),
        ("restore", "--run-id", "nobody"),
        ("create", "-x", "0", "--parent-run-id", "nobody"),
    ],
)
def test_an_unknown_run(mlflow: Command, arguments: tuple[str, ...]) -> None:
    assert mlflow("runs", *arguments, code=1).stderr == "Error: Run with id=nobody not found\n"


@pytest.mark.parametrize(
    "name", ["create", "delete", "describe", "list", "lost", "restore", "search"]
)
def test_help_has_an_example(mlflow: Command, name: str) -> None:
    assert f"mlflow runs {name} " in mlflow("runs", name, "--help").stdout


def test_through_a_server(running_server: RunningServer, mlflow: Command, ask: Ask) -> None:
    there = ("--tracking-uri", running_server.url)
    created = json.loads(mlflow("runs", "create", "-x", "0", "--run-name", "far", *there).stdout)
    found = ask("runs", "search", "--filter", "run_name = 'far'", *there)
    assert [run["info"]["run_id"] for run in found] == [created["run_id"]]


def test_a_server_that_is_away(mlflow: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    url = f"http://127.0.0.1:{free_port()}"
    result = mlflow("runs", "describe", "--run-id", "a", "--tracking-uri", url, code=1)
    assert result.stderr.startswith(f"Error: The tracking server {url} cannot be reached: ")
    assert len(result.stderr.splitlines()) == 1


# -- lost runs ---------------------------------------------------------------


def test_lost_runs(mlflow: Command, ask: Ask, database_url: str) -> None:
    client = MlflowClient(database_url)
    names = ("silent", "alive", "ended", "binned")
    runs = {name: client.create_run("0", run_name=name).info.run_id for name in names}
    client.set_terminated(runs["ended"])
    client.delete_run(runs["binned"])
    heard = now_ms() - 2 * HOUR
    store = open_store(database_url)
    silent = [run_id for name, run_id in runs.items() if name != "alive"]

    def fall_silent(connection: Any) -> None:
        for run_id in silent:
            connection.run("UPDATE runs SET heard = ? WHERE run_id = ?", (heard, run_id))

    store.database.write(fall_silent)
    store.close()
    there = ("--backend-store-uri", database_url)

    assert mlflow("runs", "lost", "--older-than", "1d", *there).stdout == "No run is lost.\n"
    listed = mlflow("runs", "lost", *there).stdout.splitlines()
    assert listed[0] == (
        "Run ID                            Experiment Id  Name    Started                "
        "  Silent for"
    )
    assert listed[2].split()[:3] == [runs["silent"], "0", "silent"]
    assert listed[2].split()[-1] == "2h00m"
    assert listed[3:] == ["Set them FAILED: --fail"]

    (failed,) = ask("runs", "lost", "--fail", *there)
    assert (failed["run_id"], failed["heard"]) == (runs["silent"], heard)
    info = client.get_run(runs["silent"]).info
    assert (info.status, info.end_time) == ("FAILED", heard)
    assert client.get_run(runs["alive"]).info.status == "RUNNING"
    assert client.get_run(runs["ended"]).info.status == "FINISHED"
    assert mlflow("runs", "lost", *there).stdout == "No run is lost.\n"


def test_looking_for_lost_runs_creates_nothing(mlflow: Command, tmp_path: Path) -> None:
    result = mlflow("runs", "lost", "--backend-store-uri", "nowhere", code=1)
    assert result.stderr.startswith("Error: There is no database at nowhere ")
    assert list(tmp_path.iterdir()) == []
