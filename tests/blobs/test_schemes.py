"""Artifact URIs and the places they name; what a server may serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlflow._http import Session
from mlflow.blobs import Folder, open_place
from mlflow.blobs.roots import Roots, default_folder
from mlflow.blobs.schemes import SCHEMES
from mlflow.blobs.served import Served
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
    "uri", ["s3://b/x", "gs://b/x", "abfss://c@a/x", "http://h/x", "runs:/1/a"]
)
def test_what_is_to_come_is_said(uri: str) -> None:
    with pytest.raises(MlflowException, match="are still to come") as caught:
        open_place(uri)
    assert caught.value.error_code == "NOT_IMPLEMENTED"


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


def test_a_server_looks_below_its_roots_only(tmp_path: Path) -> None:
    roots = Roots(tmp_path / "served", (tmp_path / "local").as_uri())
    folder, path = roots.find("mlflow-artifacts:/0/run/artifacts")
    assert (folder.root, path) == (tmp_path / "served", "0/run/artifacts")
    folder, path = roots.find(f"file://{tmp_path}/local/0/run")
    assert (folder.root, path) == (tmp_path / "local", "0/run")
    folder, path = roots.find(f"{tmp_path}/served")
    assert (folder.root, path) == (tmp_path / "served", "")
    for uri in ("file:///etc", "/etc", f"{tmp_path}/served-not", str(tmp_path)):
        with pytest.raises(MlflowException, match="does not serve") as caught:
            roots.find(uri)
        assert caught.value.error_code == "PERMISSION_DENIED"
    for uri in (f"{tmp_path}/served/../x", "mlflow-artifacts:/../x", f"{tmp_path}/local/../../etc"):
        with pytest.raises(MlflowException, match="Invalid artifact path"):
            roots.find(uri)
    with pytest.raises(MlflowException, match="to come"):
        roots.find("s3://bucket/0")
    with pytest.raises(MlflowException, match="on another server"):
        roots.find("mlflow-artifacts://other/0")
    with pytest.raises(MlflowException, match="serves no artifacts"):
        Roots(None, "s3://bucket").find("mlflow-artifacts:/0")
