"""Artifact URIs and the places they name; what a server may serve."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from mlflow._addresses import hidden
from mlflow._http import Session
from mlflow.blobs import Folder, open_place
from mlflow.blobs.roots import Roots, default_folder
from mlflow.blobs.schemes import SCHEMES
from mlflow.blobs.served.place import Served
from mlflow.exceptions import MlflowException


def test_the_table_is_sorted() -> None:
    assert list(SCHEMES) == sorted(SCHEMES)


def test_folders(tmp_path: Path) -> None:
    for uri in (
        str(tmp_path),
        tmp_path.as_uri(),
        f"file:{tmp_path}",
        f"file://localhost{tmp_path}",
    ):
        place = open_place(uri)
        assert isinstance(place, Folder)
        assert place.root == tmp_path
    spaced = open_place("file:///a%20b/c")
    assert isinstance(spaced, Folder)
    assert spaced.root == Path("/a b/c")
    with pytest.raises(MlflowException, match="names another machine"):
        open_place("file://other/place")
    with pytest.raises(MlflowException, match="names no folder"):
        open_place("file:///a%00b")


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("dbfs:/a", "install a plug-in"),
        ("models:/name/1", r"use mlflow\.artifacts"),
        ("runs:/1/a", r"use mlflow\.artifacts"),
        ("magnet:?xt=1", "known are folders and abfs:, abfss:"),
    ],
)
def test_what_cannot_be_opened_is_said(uri: str, sentence: str) -> None:
    with pytest.raises(MlflowException, match=sentence) as caught:
        open_place(uri)
    assert caught.value.error_code == "NOT_IMPLEMENTED"


def test_every_kind_in_the_table_is_there() -> None:
    for kind in SCHEMES.values():
        if kind.module:
            assert callable(getattr(importlib.import_module(kind.module), kind.opener))
        else:
            assert kind.advice


def test_nothing_is_loaded_before_its_use() -> None:
    program = (
        "import sys, mlflow, mlflow.blobs\n"
        "heavy = ('fsspec', 'obstore', 'paramiko', 'urllib3', 'importlib.metadata')\n"
        "ours = tuple(f'mlflow.blobs.{name}' for name in ('azure', 'gcs', 'http', 's3'))\n"
        "print([name for name in (*heavy, *ours) if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("sftp://ada:secret@host/a", "sftp://ada:***@host/a"),
        ("https://host/a?sv=1&sig=secret&se=2", "https://host/a?sv=1&sig=***&se=2"),
        ("https://host/a?X-Amz-Signature=secret", "https://host/a?X-Amz-Signature=***"),
        ("https://host/a?x-amz-security-token=secret", "https://host/a?x-amz-security-token=***"),
        ("AccountName=ada;AccountKey=secret;X=1", "AccountName=ada;AccountKey=***;X=1"),
    ],
)
def test_secrets_are_hidden(uri: str, shown: str) -> None:
    assert hidden(uri) == shown


def test_served_places_need_a_server() -> None:
    session = Session("http://ada:secret@host:5000/prefix")
    assert isinstance(open_place("mlflow-artifacts:/0/run", session), Served)
    with pytest.raises(MlflowException, match="set it to the address of the server"):
        open_place("mlflow-artifacts:/0/run")
    with pytest.raises(MlflowException, match="a query or a fragment"):
        open_place("mlflow-artifacts:/0?x=1", session)
    with pytest.raises(MlflowException, match="Invalid artifact path"):
        open_place("mlflow-artifacts:/0/../x", session)


def test_another_server_is_not_told_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    session = Session("http://host:5000")
    same = open_place("mlflow-artifacts://host:5000/0", session)
    other = open_place("mlflow-artifacts://other:5000/0", session)
    assert isinstance(same, Served)
    assert isinstance(other, Served)
    assert same._session._headers()["Authorization"] == "Bearer secret"
    assert "Authorization" not in other._session._headers()


def test_defaults(tmp_path: Path) -> None:
    assert default_folder(Path("/runs")) == Path("/runs/artifacts")
    assert default_folder(None) == tmp_path / "mlartifacts"


@pytest.mark.parametrize("session", [None, Session("http://host:5000")])
def test_a_password_in_the_address_of_a_server_is_not_told(session: Session | None) -> None:
    uri = "mlflow-artifacts://ada:secret@host/a"
    with pytest.raises(MlflowException) as caught:
        open_place(f"{uri}?x=1", session)
    assert "secret" not in caught.value.message
    with pytest.raises(MlflowException) as caught:
        Roots(None).find(uri)
    assert "secret" not in caught.value.message
