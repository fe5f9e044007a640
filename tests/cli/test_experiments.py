"""`mlflow experiments`, on an embedded folder and through a server."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import struct
import subprocess
import sys
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any

import pytest

from mlflow.client import MlflowClient
from mlflow.entities import Metric, Param
from tests.cli.conftest import Command
from tests.servers.millstream import RunningServer

Ask = Callable[..., Any]


def test_the_life_of_an_experiment(mlflow: Command, ask: Ask) -> None:
    created = mlflow("experiments", "create", "-n", "digits", "-t", "stage=draft")
    assert created.stdout == "Created experiment 'digits' with id 1\n"
    found = ask("experiments", "get", "-n", "digits")
    assert found["experiment_id"] == "1"
    assert found["tags"] == {"stage": "draft"}
    assert json.loads(mlflow("experiments", "get", "-x", "1", "--output", "json").stdout) == found

    renamed = mlflow("experiments", "rename", "-x", "1", "--new-name", "numbers")
    assert renamed.stdout == "Experiment with id 1 has been renamed to 'numbers'.\n"
    deleted = mlflow("experiments", "delete", "-x", "1")
    assert deleted.stdout == "Experiment with ID 1 has been deleted.\n"
    assert ask("experiments", "get", "-x", "1")["lifecycle_stage"] == "deleted"
    restored = mlflow("experiments", "restore", "-x", "1")
    assert restored.stdout == "Experiment with id 1 has been restored.\n"
    assert ask("experiments", "get", "-n", "numbers")["lifecycle_stage"] == "active"


def test_changes_answer_programs_too(ask: Ask) -> None:
    assert ask("experiments", "create", "-n", "a")["name"] == "a"
    assert ask("experiments", "rename", "-x", "1", "--new-name", "b")["name"] == "b"
    assert ask("experiments", "delete", "-x", "1")["lifecycle_stage"] == "deleted"
    assert ask("experiments", "restore", "-x", "1")["lifecycle_stage"] == "active"


def test_the_list(mlflow: Command) -> None:
    for name, location in (("first", "s3://bucket/first"), ("second", "s3://bucket/second")):
        mlflow("experiments", "create", "-n", name, "-l", location)
    mlflow("experiments", "delete", "-x", "2")
    named = ("--filter", "name != 'Default'")
    head = ["Experiment Id  Name    Artifact Location", "-------------  ------  ------------------"]
    second = "2              second  s3://bucket/second"
    everything = mlflow("experiments", "search", "--view", "all", *named)
    assert everything.stdout.splitlines() == [
        *head,
        "1              first   s3://bucket/first",
        second,
    ]
    binned = mlflow("experiments", "list", "-v", "deleted_only", *named)
    assert binned.stdout.splitlines() == [*head, second]


def test_order_and_limit(mlflow: Command, ask: Ask) -> None:
    for name in ("b", "c", "a"):
        mlflow("experiments", "create", "-n", name)
    found = ask("experiments", "search", "--order-by", "name DESC", "--max-results", "2")
    assert [each["name"] for each in found] == ["c", "b"]
    ids = [each["experiment_id"] for each in ask("experiments", "search")]
    assert ids == ["0", "1", "2", "3"]


def test_one_experiment_for_people(mlflow: Command) -> None:
    mlflow("experiments", "create", "-n", "digits", "-l", "s3://bucket", "-t", "b=2", "-t", "a=1")
    lines = mlflow("experiments", "get", "-x", "1").stdout.splitlines()
    assert [*lines[:4], lines[6]] == [
        "Experiment ID      : 1",
        "Name               : digits",
        "Artifact Location  : s3://bucket",
        "Lifecycle Stage    : active",
        "Tags               : a=1, b=2",
    ]
    assert [line[:19].rstrip() for line in lines[4:6]] == ["Creation Time", "Last Update Time"]


def test_a_csv_of_all_runs(mlflow: Command, tmp_path: Path) -> None:
    mlflow("experiments", "create", "-n", "digits", "-l", "s3://bucket")
    client = MlflowClient(str(tmp_path / "mlruns"))
    second = client.create_run("1", start_time=2_000, run_name="second")
    first = client.create_run("1", start_time=1_000, run_name="first")
    client.log_batch(
        first.info.run_id,
        metrics=[Metric("loss", 0.5, 1, 0), Metric("bad", float("nan"), 1, 0)],
        params=[Param("text", 'a,"b"\nc')],
    )
    client.set_terminated(first.info.run_id, "FAILED", end_time=61_500)
    written = mlflow("experiments", "csv", "-x", "1").stdout
    head, *rows = csv.reader(io.StringIO(written))
    assert head[:6] == [
        "run_id",
        "experiment_id",
        "status",
        "artifact_uri",
        "start_time",
        "end_time",
    ]
    assert sorted(head[6:8]) == ["metrics.bad", "metrics.loss"]
    assert head[8:] == ["params.text", "tags.mlflow.runName"]
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert [row["run_id"] for row in found] == [second.info.run_id, first.info.run_id]
    assert found[0]["metrics.loss"] == ""
    assert found[1]["metrics.loss"] == "0.5"
    assert found[1]["metrics.bad"] == ""
    assert found[1]["params.text"] == 'a,"b"\nc'
    assert found[1]["start_time"] == "1970-01-01 00:00:01.000+00:00"
    assert found[1]["end_time"] == "1970-01-01 00:01:01.500+00:00"

    said = mlflow("experiments", "csv", "-x", "1", "-o", "runs.csv").stdout
    assert said == "Experiment with ID 1 has been exported as a CSV to runs.csv.\n"
    assert (tmp_path / "runs.csv").read_text() == written
    refused = mlflow("experiments", "csv", "-x", "1", "-o", "no/such/folder.csv", code=1)
    assert refused.stderr.startswith("Error: no/such/folder.csv cannot be written: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("get", "-x", "77"), "No Experiment with id=77 exists"),
        (("get", "-n", "nobody"), "Could not find experiment with name 'nobody'."),
        (("create", "-n", "Default"), "Experiment(name=Default) already exists."),
        (("search", "--filter", "colour = 'red'"), "colour"),
        (("csv", "-x", "77"), "No Experiment with id=77 exists"),
        (("search", "--tracking-uri", "ftp://host"), "'ftp://host' is no tracking URI."),
    ],
)
def test_errors_are_sentences(mlflow: Command, arguments: tuple[str, ...], sentence: str) -> None:
    result = mlflow("experiments", *arguments, code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert sentence in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("get",),
        ("get", "-x", "1", "-n", "a"),
        ("create",),
        ("create", "-n", "a", "-t", "no pair"),
        ("create", "-n", "a", "-t", "k=1", "-t", "k=2"),
        ("search", "--view", "sometimes"),
        ("search", "--max-results", "0"),
        ("get", "-x", "1", "--output", "yaml"),
    ],
)
def test_wrong_usage_is_exit_code_2(mlflow: Command, arguments: tuple[str, ...]) -> None:
    assert "Usage: mlflow experiments" in mlflow("experiments", *arguments, code=2).stderr


@pytest.mark.parametrize("name", ["create", "csv", "delete", "get", "rename", "restore", "search"])
def test_help_has_an_example(mlflow: Command, name: str) -> None:
    assert f"mlflow experiments {name} " in mlflow("experiments", name, "--help").stdout


def test_through_a_server(running_server: RunningServer, mlflow: Command) -> None:
    there = ("--tracking-uri", running_server.url)
    mlflow("experiments", "create", "-n", "digits", *there)
    listed = mlflow("experiments", "search", *there).stdout
    assert "mlflow-artifacts:/1" in listed
    assert mlflow("experiments", "get", "-x", "9", *there, code=1).stderr == (
        "Error: RESOURCE_DOES_NOT_EXIST: No Experiment with id=9 exists\n"
    )


def test_a_table_fits_the_terminal(tmp_path: Path) -> None:
    MlflowClient(str(tmp_path / "mlruns")).create_experiment("n" * 300)
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    command = [sys.executable, "-m", "mlflow", "experiments", "search"]
    # Without `env` the child has COLUMNS too, which readline puts behind Python's back.
    subprocess.run(command, stdout=theirs, cwd=tmp_path, env={**os.environ}, check=True)
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    lines = shown.splitlines()
    assert len(lines) == 4
    assert [line for line in lines if len(line) > 60] == []
    assert "nnnn…" in lines[3]
