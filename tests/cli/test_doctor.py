"""`mlflow doctor`: it says what is, shows no secret, and changes nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlflow.cli.doctor import without_secrets
from mlflow.client.outbox import Outbox
from mlflow.client.spool import outbox_folder
from mlflow.client.transport import Http
from mlflow.version import MILLSTREAM_VERSION, VERSION
from mlflow.wire.metrics import Point
from tests.cli.conftest import Command
from tests.servers.millstream import RunningServer
from tests.servers.processes import free_port

Ask = Callable[..., Any]


def test_what_it_says(mlflow: Command, tmp_path: Path) -> None:
    text = mlflow("doctor").stdout
    titles = [line for line in text.splitlines() if not line.startswith(" ")]
    assert titles == ["Versions", "Tracking", "Outbox", "Environment", "Packages"]
    assert f"  millstream: {MILLSTREAM_VERSION}\n  api level: {VERSION}\n" in text
    assert f"({sys.executable})" in text
    assert f"  uri: {tmp_path.as_uri()}/mlruns\n" in text
    assert "  msgspec: " in text
    assert list(tmp_path.iterdir()) == []  # looking creates nothing


def test_a_folder(mlflow: Command, ask: Ask) -> None:
    before = ask("doctor")["tracking"]
    assert (before["answers"], before["schema"]) == (True, "none yet; the first run creates it")
    mlflow("experiments", "create", "-n", "a")
    after = ask("doctor")["tracking"]
    assert after["kind"] == "an embedded folder, opened in this process"
    assert after["schema"].endswith("(up to date)")


def test_a_database(ask: Ask, database_url: str) -> None:
    found = ask("doctor", "--tracking-uri", database_url)["tracking"]
    assert found["answers"] is True
    if not database_url.startswith("sqlite"):
        assert found["schema"].startswith("0 (this version needs ")


def test_a_server(ask: Ask, running_server: RunningServer) -> None:
    found = ask("doctor", "--tracking-uri", running_server.url)["tracking"]
    assert found["answers"] is True
    assert (found["kind"], found["version"]) == ("a Millstream server", MILLSTREAM_VERSION)


def test_a_server_that_is_away(ask: Ask) -> None:
    url = f"http://somebody:hush@127.0.0.1:{free_port()}"
    found = ask("doctor", "--tracking-uri", url)
    assert found["tracking"]["answers"] is False
    assert "cannot be reached" in found["tracking"]["problem"]
    assert "hush" not in json.dumps(found)


def test_what_is_unsent(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_OFFLINE", "1")
    url = f"http://127.0.0.1:{free_port()}"
    outbox = Outbox(url, Http(url), folder=outbox_folder(url))
    outbox.log_metrics("a" * 32, [Point("loss", 0.5, 1, 0), Point("loss", 0.4, 2, 1)])
    outbox.close()
    found = ask("doctor", "--tracking-uri", url)["outbox"]
    assert found == {
        str(outbox_folder(url)): "2 values unsent in 1 file; send: mlflow sync",
    }


def test_the_environment(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "MLFLOW_TRACKING_URI": "sqlite:///here.db",
        "MLFLOW_TRACKING_PASSWORD": "hush",
        "MLFLOW_TRACKING_TOKEN": "hush",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": "hush",
        "MLFLOW_BACKEND_STORE_URI": "postgresql://me:hu/sh@host/name?sslpassword=hush&a=b",
        "MLFLOW_WORKERS": "many",
        "MLFLOW_TRACKING_URL": "http://host",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = ask("doctor")
    assert "hush" not in json.dumps(found)
    assert "hu/sh" not in json.dumps(found)
    environment = found["environment"]
    assert environment["MLFLOW_TRACKING_URI"] == "sqlite:///here.db"
    assert environment["MLFLOW_BACKEND_STORE_URI"] == (
        "postgresql://me:***@host/name?sslpassword=***&a=b"
    )
    assert environment["MLFLOW_WORKERS"] == "many  (cannot be read)"
    assert environment["MLFLOW_TRACKING_URL"] == "http://host  (not known, and without effect)"
    masked = ask("doctor", "--mask-envs")["environment"]
    assert set(masked) == set(given)
    assert {value.partition(" ")[0] for value in masked.values()} == {"***"}
    assert os.environ["MLFLOW_TRACKING_TOKEN"] == "hush"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://host:5000", "http://host:5000"),
        ("http://me@host", "http://me@host"),
        ("http://me:p@ss@host", "http://me:***@host"),
        ("mysql://h/d?ssl_key=/etc/key.pem&x=1", "mysql://h/d?ssl_key=***&x=1"),
        ("./mlruns", "./mlruns"),
    ],
)
def test_without_secrets(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
