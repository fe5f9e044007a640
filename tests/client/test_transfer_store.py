"""Files between this machine and a store behind the server: the server's own traffic stays flat."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mlflow._http import Session
from mlflow.blobs import open_place
from mlflow.client import transfer
from tests.client.test_transfer import killed_after
from tests.servers.fault_proxy import FaultProxy
from tests.servers.object_stores import Bucket

MIB = 1024 * 1024
PART = 5 * MIB
SIZE = 8 * PART + 1000
#: what questions to the server, and its answers, may take
QUESTIONS = 20_000


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of many parts."""
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(PART))
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(SIZE))
    return path


def test_bytes_go_straight(
    start_server: Any, ceph_bucket: Bucket, large: Path, tmp_path: Path
) -> None:
    server = start_server(None, "--artifacts-destination", ceph_bucket.url)
    with FaultProxy(server.url) as proxy:
        place = open_place("mlflow-artifacts:/x", Session(proxy.url))
        transfer.send_file(place, large, "to")
        got = transfer.fetch(place, "to/large.bin", tmp_path / "got")
        assert got.read_bytes() == large.read_bytes()
        transfer.send_file(place, large, "to")
        assert proxy.up + proxy.down < QUESTIONS
    assert ceph_bucket.all_keys() == ["x/to/large.bin"]


def test_folders_behind_a_server(
    start_server: Any, ceph_bucket: Bucket, large: Path, tmp_path: Path
) -> None:
    server = start_server(None, "--artifacts-destination", ceph_bucket.url)
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(30):
        (tree / str(number)).write_bytes(os.urandom(1000))
    large.rename(tree / "large.bin")
    with FaultProxy(server.url) as proxy:
        place = open_place("mlflow-artifacts:/x", Session(proxy.url))
        transfer.send_folder(place, tree, "to")
        assert proxy.up < 30 * 3000 + QUESTIONS
        tags = {file.path: file.tag for file in place.walk("to")}
        looked = place.look("to/0")
        assert looked is not None
        assert tags["0"] == looked.tag  # or each file would seem to be replaced meanwhile
        got = transfer.fetch(place, "to", tmp_path / "got")
        assert {path.name: path.read_bytes() for path in got.iterdir()} == {
            path.name: path.read_bytes() for path in tree.iterdir()
        }
        proxy.forget()
        transfer.send_folder(place, tree, "to")
        assert proxy.up < QUESTIONS


def test_what_a_killed_process_sent_is_not_sent_again(
    start_server: Any,
    ceph_bucket: Bucket,
    large: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FaultProxy(ceph_bucket.server.url) as store:
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", store.url)
        server = start_server(None, "--artifacts-destination", ceph_bucket.url)
        place = open_place("mlflow-artifacts:/x", Session(server.url))
        killed_after(store, SIZE * 3 // 4, "send", large, at=server.url)
        assert place.list() == []
        store.forget()
        transfer.send_file(place, large, "to")
        assert store.up < SIZE // 4 + 4 * PART + QUESTIONS
    assert ceph_bucket.all_keys() == ["x/to/large.bin"]
