"""Files between this machine and S3, with what goes wrong on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlflow.blobs.objects.place import Objects
from mlflow.blobs.s3.place import s3_at
from mlflow.client import transfer
from mlflow.exceptions import MlflowException
from tests.servers.fault_proxy import DOWN, FaultProxy, cut, flip
from tests.servers.object_stores import Bucket

SIZE = 20 * 1024 * 1024


@pytest.fixture
def proxy(s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    with FaultProxy(s3_bucket.server.url) as proxy:
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", proxy.url)
        yield proxy


@pytest.fixture
def place(proxy: FaultProxy, s3_bucket: Bucket) -> Objects:
    return s3_at(f"{s3_bucket.url}/run")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    file = tmp_path / "local" / "weights.bin"
    file.parent.mkdir()
    file.write_bytes(os.urandom(SIZE))
    return file


def test_there_and_back(place: Objects, large: Path, tmp_path: Path) -> None:
    (large.parent / "in").mkdir()
    for number in range(100):
        (large.parent / "in" / f"{number}.txt").write_text(str(number))
    transfer.send_folder(place, large.parent, "model")
    transfer.fetch(place, "model", tmp_path / "back")
    there = tmp_path / "back" / "model"
    assert (there / "weights.bin").read_bytes() == large.read_bytes()
    assert [(there / f"in/{n}.txt").read_text() for n in range(100)] == [str(n) for n in range(100)]


def test_damage_and_cuts_on_the_way_there(
    place: Objects, proxy: FaultProxy, large: Path, tmp_path: Path
) -> None:
    proxy.add(flip(5_000_000, request=b"PUT", in_body=True))
    proxy.add(cut(3_000_000, request=b"PUT", times=2))
    proxy.add(cut(0, DOWN, request=b"PUT"))
    transfer.send_file(place, large, "a")
    back = transfer.fetch(place, "a/weights.bin", tmp_path / "back")
    assert back.read_bytes() == large.read_bytes()


@pytest.mark.parametrize("path", ["a/weights.bin", "a"])
def test_damage_on_the_way_back_is_found(
    place: Objects,
    proxy: FaultProxy,
    s3_bucket: Bucket,
    large: Path,
    tmp_path: Path,
    path: str,
) -> None:
    transfer.send_file(place, large, "a")
    proxy.add(flip(4_000_000, DOWN, request=b"GET", in_body=True))
    transfer.fetch(place, path, tmp_path / "back", name="a" if path == "a" else None)
    [there] = (tmp_path / "back").rglob("weights.bin")
    assert there.read_bytes() == large.read_bytes()
    all_of_it = f"GET /{s3_bucket.name}/run/a/weights.bin".encode()
    proxy.add(flip(4_000_000, DOWN, request=all_of_it, in_body=True, times=100))
    with pytest.raises(MlflowException, match="damaged"):
        transfer.fetch(place, path, tmp_path / "again", name="a" if path == "a" else None)
    assert list((tmp_path / "again").rglob("weights.bin")) == []


def test_going_on_sends_what_is_missing(
    place: Objects,
    proxy: FaultProxy,
    s3_bucket: Bucket,
    large: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(5 * 1024 * 1024))
    size = 9 * 5 * 1024 * 1024
    large.write_bytes(os.urandom(size))
    last = f"PUT /{s3_bucket.name}/run/a/weights.bin?partNumber=9".encode()
    proxy.add(cut(1_000_000, request=last, times=2))  # a cut connection is made again once
    with pytest.raises(MlflowException):
        transfer.send_file(place, large, "a")
    assert list(place.walk()) == []
    before = proxy.up
    transfer.send_file(place, large, "a")
    assert proxy.up - before < size * 2 // 3
    found = place.look("a/weights.bin")
    assert found is not None
    assert found.size == size
