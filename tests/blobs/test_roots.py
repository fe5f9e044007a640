"""Where a server may look: below its own roots and what is allowed, compared name by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlflow.blobs import Folder
from mlflow.blobs.roots import Root, Roots
from mlflow.exceptions import MlflowException
from tests.blobs.spellings import ALLOWED, REFUSED

ALLOWED_PLACES = ("s3://team-bucket/models", "wasbs://c@account.blob.core.windows.net")


def test_a_server_looks_below_its_roots_only(tmp_path: Path) -> None:
    roots = Roots(tmp_path / "served", (tmp_path / "local").as_uri())
    for uri, root, below in (
        ("mlflow-artifacts:/0/run/artifacts", "served", "0/run/artifacts"),
        (f"file://{tmp_path}/local/0/run", "local", "0/run"),
        (f"{tmp_path}/served", "served", ""),
    ):
        place, path = roots.find(uri)
        assert isinstance(place, Folder)
        assert (place.root, path) == (tmp_path / root, below)
    for uri in ("file:///etc", "/etc", f"{tmp_path}/served-not", str(tmp_path), "s3://bucket/0"):
        with pytest.raises(MlflowException, match="--allowed-artifact-locations") as caught:
            roots.find(uri)
        assert caught.value.error_code == "PERMISSION_DENIED"
    for uri in (f"{tmp_path}/served/../x", "mlflow-artifacts:/../x", f"{tmp_path}/local/../../etc"):
        with pytest.raises(MlflowException, match="Invalid artifact path"):
            roots.find(uri)
    with pytest.raises(MlflowException, match="on another server"):
        roots.find("mlflow-artifacts://other/0")
    with pytest.raises(MlflowException, match="serves no artifacts"):
        Roots(None, "s3://bucket").find("mlflow-artifacts:/0")


def test_more_places_can_be_allowed(tmp_path: Path) -> None:
    nfs = tmp_path / "nfs"
    roots = Roots(tmp_path / "served", "mlflow-artifacts:/", [nfs.as_uri()])
    place, path = roots.find(f"{nfs}/team/model")
    assert isinstance(place, Folder)
    assert (place.root, path) == (nfs, "team/model")
    assert [root.uri for root in roots.own] == [str(tmp_path / "served")]
    with pytest.raises(MlflowException, match="--allowed-artifact-locations"):
        roots.find(str(tmp_path / "nfs-of-others"))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("s3://team-bucket/models", ""),
        ("s3://team-bucket/models/", ""),
        ("S3://team-bucket/models/a/b", "a/b"),
        ("s3://team-bucket/models-of-others", None),
        ("s3://team-bucket/", None),
        ("s3://team-bucket", None),
        ("s3://team-bucket-evil/models", None),
        ("s3://team-bucket.evil/models", None),
        ("s3://team-bucket@evil/models", None),
        ("s3://user:pw@team-bucket/models", None),
        ("s3a://team-bucket/models", None),
        ("gs://team-bucket/models", None),
        ("s3:/team-bucket/models", None),
        ("s3:team-bucket/models", None),
        ("s3:///team-bucket/models", None),
        ("s3://team-bucket//models", None),
        ("s3://team-bucket/x/../models", None),
        ("s3://evil/s3://team-bucket/models", None),
        ("file:///team-bucket/models", None),
    ],
)
def test_locations_are_compared_name_by_name(uri: str, path: str | None) -> None:
    assert Root("s3://team-bucket/models").path_of(uri) == path


@pytest.mark.parametrize("uri", ["s3://team-bucket/models/a?x=1", "s3://team-bucket/models/a#x"])
def test_a_location_has_no_query(uri: str) -> None:
    with pytest.raises(MlflowException, match="a query, a fragment"):
        Root("s3://team-bucket/models").path_of(uri)


@pytest.mark.parametrize("place", ALLOWED_PLACES)
@pytest.mark.parametrize("path", [path for path in REFUSED if path[-1:] != "/"], ids=ascii)
def test_no_path_leads_out_of_an_allowed_place(place: str, path: str) -> None:
    with pytest.raises(MlflowException) as caught:
        Root(place).path_of(f"{place}/{path}")
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("path", ALLOWED, ids=ascii)
def test_other_names_are_names(path: str) -> None:
    assert Root("s3://team-bucket/models").path_of(f"s3://team-bucket/models/{path}") == path
