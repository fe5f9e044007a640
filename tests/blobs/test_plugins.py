"""Plug-ins for artifacts: a real distribution with entry points, in a folder of its own."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest

from mlflow._http import Session
from mlflow.blobs import Folder, Place, open_place
from mlflow.blobs.digests import Digest
from mlflow.blobs.plugins import Plugged
from mlflow.exceptions import MlflowException
from tests.blobs.contract import Contract, content, paths, put

_MODULE = '''
import os, shutil
from urllib.parse import urlsplit
from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import ArtifactRepository


class Shelf(ArtifactRepository):
    """Keeps artifacts in the folder that the path of its URI names."""

    def __init__(self, artifact_uri, tracking_uri=None, registry_uri=None):
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        self.root = urlsplit(artifact_uri).path

    def log_artifact(self, local_file, artifact_path=None):
        folder = os.path.join(self.root, artifact_path or "")
        os.makedirs(folder, exist_ok=True)
        shutil.copy(local_file, folder)

    def log_artifacts(self, local_dir, artifact_path=None):
        folder = os.path.join(self.root, artifact_path or "")
        shutil.copytree(local_dir, folder, dirs_exist_ok=True)

    def list_artifacts(self, path=None):
        folder = os.path.join(self.root, path or "")
        if not os.path.isdir(folder):
            return []
        found = []
        for entry in os.scandir(folder):
            name = os.path.join(path, entry.name) if path else entry.name
            size = None if entry.is_dir() else entry.stat().st_size
            found.append(FileInfo(name, entry.is_dir(), size))
        return found

    def _download_file(self, remote_file_path, local_path):
        shutil.copy(os.path.join(self.root, remote_file_path), local_path)

    def delete_artifacts(self, artifact_path=None):
        whole = os.path.join(self.root, artifact_path or "")
        shutil.rmtree(whole) if os.path.isdir(whole) else os.remove(whole)


class Modest(Shelf):
    """Cannot remove anything."""

    delete_artifacts = ArtifactRepository.delete_artifacts


class Hostile(Shelf):
    """Lists what it should not."""

    def list_artifacts(self, path=None):
        return [FileInfo("../../etc/passwd", False, 1)]


def broken(artifact_uri, tracking_uri=None, registry_uri=None):
    raise ValueError(f"cannot reach {artifact_uri}")
'''
_ENTRIES = """[mlflow.artifact_repository]
shelf = shelf_of_tests:Shelf
s3 = shelf_of_tests:Shelf
file = shelf_of_tests:Shelf
modest = shelf_of_tests:Modest
hostile = shelf_of_tests:Hostile
broken = shelf_of_tests:broken
lost = shelf_of_tests:Nothing
"""


@pytest.fixture(autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The distribution `shelf`, on `sys.path` as a folder of site packages is."""
    site = tmp_path_factory.mktemp("site")
    information = site / "shelf-1.0.dist-info"
    information.mkdir()
    (site / "shelf_of_tests.py").write_text(_MODULE)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(_ENTRIES)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "shelf_of_tests", raising=False)


class TestContract(Contract):
    has_parts = False
    has_staging = False
    has_tags = False
    knows_digests = False

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return open_place(f"shelf://host{tmp_path}/kept")


def test_the_scheme_finds_the_plug_in(tmp_path: Path) -> None:
    place = open_place(f"SHELF://host{tmp_path}", Session("http://ada:secret@host:5000"))
    assert isinstance(place, Plugged)
    repository = place._repository
    assert repository.artifact_uri == f"SHELF://host{tmp_path}"  # type: ignore[attr-defined]
    assert repository.tracking_uri == "http://host:5000"  # type: ignore[attr-defined]


def test_plug_ins_replace_stores_but_neither_folders_nor_servers(tmp_path: Path) -> None:
    assert isinstance(open_place(f"s3://bucket{tmp_path}"), Plugged)
    assert isinstance(open_place(tmp_path.as_uri()), Folder)


def test_a_file_is_sent_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = open_place(f"shelf://host{tmp_path}/kept")
    local = tmp_path / "model.bin"
    local.write_bytes(b"weights")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no such folder"))  # no copy is made
    digest = Digest("sha256", 0, hashlib.sha256(b"weights").hexdigest())
    with local.open("rb") as file:
        place.put("a/model.bin", file, digest)
    assert (tmp_path / "kept/a/model.bin").read_bytes() == b"weights"
    with local.open("rb") as file, pytest.raises(MlflowException, match="digest differs"):
        place.put("b/model.bin", file, Digest("sha256", 0, "0" * 64))
    assert not (tmp_path / "kept/b").exists()


def test_who_reads_at_the_same_time_reads_one_copy(tmp_path: Path) -> None:
    place = open_place(f"shelf://host{tmp_path}/kept")
    put(place, "a", b"0123456789")
    with place.get("a") as first:
        (tmp_path / "kept/a").write_bytes(b"other")
        with place.get("a", 2, 3) as second:
            assert b"".join(second.pieces()) == b"234"
        assert b"".join(first.pieces()) == b"0123456789"
    assert content(place, "a") == b"other"


def test_a_folder_appears_file_by_file(tmp_path: Path) -> None:
    place = open_place(f"shelf://host{tmp_path}/kept")
    put(place, "m/old")
    staging = place.staging("m", "attempt")
    put(staging.place, "new")
    assert sorted(staging.there()) == ["new", "old"]
    staging.publish()
    assert paths(place, "m") == ["new", "old"]


def test_what_a_plug_in_cannot_do_is_said(tmp_path: Path) -> None:
    place = open_place(f"modest://host{tmp_path}/kept")
    put(place, "a")
    with pytest.raises(MlflowException, match=r"shelf \(modest:\) cannot remove 'a'") as caught:
        place.delete("a")
    assert caught.value.error_code == "NOT_IMPLEMENTED"


def test_its_errors_name_it_and_no_password(tmp_path: Path) -> None:
    for uri in ("broken://ada:secret@host/a", "broken://host/a?sig=secret"):
        with pytest.raises(MlflowException, match=r"shelf \(broken:\) could not open") as caught:
            open_place(uri)
        assert "secret" not in str(caught.value)
    with pytest.raises(MlflowException, match=r"shelf \(lost:\) could not open"):
        open_place("lost://host/a")
    place = open_place(f"shelf://host{tmp_path}/kept")
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(MlflowException, match=r"shelf \(shelf:\) could not keep 'a/b'"):
        place.put("a/b", BytesIO(b""))


def test_its_listings_are_not_trusted(tmp_path: Path) -> None:
    place = open_place(f"hostile://host{tmp_path}")
    with pytest.raises(MlflowException, match="Invalid artifact path"):
        place.list()
    repository = place._repository  # type: ignore[attr-defined]
    with pytest.raises(MlflowException, match="Invalid artifact path"):
        repository.download_artifacts("", str(tmp_path))


def test_plug_ins_are_not_looked_for_without_need(tmp_path: Path) -> None:
    program = (
        "import sys; from mlflow.blobs import open_place\n"
        f"open_place({str(tmp_path)!r}); open_place({tmp_path.as_uri()!r})\n"
        "print('importlib.metadata' in sys.modules, 'mlflow.blobs.plugins' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["False", "False"]
