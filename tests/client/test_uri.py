"""What the tracking URI may be, and where it leads."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

import mlflow
from mlflow.client.transport import Http, Local
from mlflow.client.uri import transport_for
from mlflow.exceptions import MlflowException
from mlflow.wire import experiments
from mlflow.wire.experiments import SearchExperiments


@pytest.fixture(autouse=True)
def _unset() -> None:
    mlflow.set_tracking_uri("")


def test_unset_is_the_folder_mlruns(tmp_path: Path) -> None:
    assert not mlflow.is_tracking_uri_set()
    assert mlflow.get_tracking_uri() == (tmp_path / "mlruns").as_uri()
    assert transport_for().uri == str(tmp_path / "mlruns")


def test_setting_goes_before_the_environment_and_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://one")
    assert mlflow.is_tracking_uri_set()
    assert mlflow.get_tracking_uri() == "http://one"
    mlflow.set_tracking_uri("http://two")
    assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == "http://two"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://three")
    assert mlflow.get_tracking_uri() == "http://two"


def test_a_path_becomes_a_file_uri(tmp_path: Path) -> None:
    mlflow.set_tracking_uri(tmp_path / "with space")
    assert mlflow.get_tracking_uri() == (tmp_path / "with space").as_uri()
    assert transport_for().uri == str(tmp_path / "with space")


@pytest.mark.parametrize(
    ("uri", "leads_to"),
    [
        ("runs", "{here}/runs"),
        ("./runs", "{here}/runs"),
        ("file:runs", "{here}/runs"),
        ("file:///data/runs", "/data/runs"),
        ("/data/my%20runs", "/data/my%20runs"),
        ("sqlite:///a.db", "sqlite:///{here}/a.db"),
        ("sqlite:////data/a.db", "sqlite:////data/a.db"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql+psycopg2://u@h/d", "postgresql+psycopg2://u@h/d"),
        ("postgres://u@h/d", "postgres://u@h/d"),
        ("mysql+pymysql://u@h/d", "mysql+pymysql://u@h/d"),
    ],
)
def test_stores_open_in_this_process(uri: str, leads_to: str, tmp_path: Path) -> None:
    transport = transport_for(uri)
    assert isinstance(transport, Local)
    assert transport.uri == leads_to.format(here=tmp_path)
    assert transport_for(uri) is transport


def test_servers_are_asked() -> None:
    transport = transport_for("https://ada:secret@host:8443/below/")
    assert isinstance(transport, Http)
    assert transport.uri == "https://host:8443/below"
    assert transport_for("https://ada:secret@host:8443/below/") is transport
    assert transport_for(transport.uri) is transport


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("databricks", "Databricks is not supported"),
        ("databricks://profile", "Databricks is not supported"),
        ("s3://bucket/runs", "is no tracking URI"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql:db", "is no database URI"),
        ("file://elsewhere/runs", "names another machine"),
    ],
)
def test_what_leads_nowhere_is_refused_at_once(uri: str, says: str) -> None:
    with pytest.raises(MlflowException, match=says) as caught:
        mlflow.set_tracking_uri(uri)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert not mlflow.is_tracking_uri_set()


@pytest.mark.parametrize(
    "text",
    [
        "http://ada:s3cret@host:99999999",
        "http://ada:s3cret@host:port",
        "http://ada:s3cret@",
        "https://ada:s3cr/s3cret@127.0.0.1:1",
        "https://ada:s3cret/@[127.0.0.1:1",
        "http://ada:s3cret@127.0.0.1:1",
        "ftp://ada:s3cret@host/",
        "file://ada:s3cret@host/folder",
        "databricks://ada:s3cret@host",
        "postgresql:ada:s3cret@host/db",
        "sqlite://ada:s3cret@host/db",
    ],
)
def test_no_message_shows_the_password(text: str) -> None:
    with pytest.raises(MlflowException) as caught:
        transport_for(text).send(experiments.search, SearchExperiments(max_results=1), retry=False)
    said = "".join(traceback.format_exception_only(caught.value))
    assert "s3cret" not in said


def test_the_registry_is_where_runs_are_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow.set_tracking_uri("http://runs")
    assert mlflow.get_registry_uri() == "http://runs"
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://models")
    assert mlflow.get_registry_uri() == "http://models"
    mlflow.set_registry_uri("http://others")
    assert mlflow.get_registry_uri() == "http://others"
    mlflow.set_registry_uri("")
