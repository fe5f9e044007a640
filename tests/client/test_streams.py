"""`log_stream`: data that are produced while they are sent."""

from __future__ import annotations

import io
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlflow import MlflowClient
from mlflow.client.streams import Stream
from mlflow.exceptions import MlflowException


class Growing:
    """An object with `read` that gives less than it is asked for."""

    def __init__(self, *pieces: bytes | str | None) -> None:
        self.pieces = list(pieces)

    def read(self, size: int) -> bytes | str | None:
        assert size > 0
        return self.pieces.pop(0) if self.pieces else b""


@pytest.fixture
def client(place: str) -> MlflowClient:
    return MlflowClient()


def read(client: MlflowClient, run_id: str, path: str) -> bytes:
    return Path(client.download_artifacts(run_id, path)).read_bytes()


def test_what_is_a_stream(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    begun = io.BytesIO(b"abcdef")
    begun.read(2)
    (tmp_path / "file").write_bytes(b"file")
    with (tmp_path / "file").open("rb") as file, (tmp_path / "file").open() as text:
        for number, (source, expected) in enumerate(
            (
                (begun, b"cdef"),
                (io.BytesIO(b""), b""),
                (io.StringIO("tëxt"), "tëxt".encode()),
                (file, b"file"),
                (text, b"file"),
                (Growing(b"a", b"bc", "ü"), "abcü".encode()),
                (iter([b"a", b"", b"b"]), b"ab"),
                ([bytearray(b"a"), memoryview(b"b"), "c"], b"abc"),
                ((str(n) for n in range(3)), b"012"),
            )
        ):
            client.log_stream(run_id, source, f"folder/{number}")
            assert read(client, run_id, f"folder/{number}") == expected
        assert not file.closed
    client.log_stream(run_id, io.BytesIO(b"new"), "folder/0")
    assert read(client, run_id, "folder/0") == b"new"


def test_what_is_no_stream(client: MlflowClient, run_id: str) -> None:
    for wrong in (b"bytes", "text", 3, None):
        with pytest.raises(TypeError, match="is no stream"):
            client.log_stream(run_id, wrong, "a")
    with pytest.raises(TypeError, match=r"gave a builtins\.int"):
        client.log_stream(run_id, [b"a", 1], "a")
    with pytest.raises(MlflowException, match="does not wait"):
        client.log_stream(run_id, Growing(b"a", None), "a")
    with pytest.raises(MlflowException, match="Invalid artifact path"):
        client.log_stream(run_id, io.BytesIO(), "../a")
    assert client.list_artifacts(run_id) == []


def test_nothing_is_visible_before_the_end(client: MlflowClient, run_id: str) -> None:
    seen: list[object] = []

    def slowly(fail: bool) -> Iterator[bytes]:
        for _ in range(20):
            yield bytes(1024 * 1024)
        seen.append(client.list_artifacts(run_id))
        if fail:
            raise RuntimeError("the sensor is gone")

    with pytest.raises(RuntimeError, match="the sensor is gone"):
        client.log_stream(run_id, slowly(fail=True), "data.bin")
    assert client.list_artifacts(run_id) == []
    client.log_stream(run_id, slowly(fail=False), "data.bin")
    assert seen == [[], []]
    assert [file.file_size for file in client.list_artifacts(run_id)] == [20 * 1024 * 1024]


def test_memory_is_bounded(client: MlflowClient, run_id: str) -> None:
    piece = os.urandom(1024 * 1024)
    client.log_stream(run_id, [piece], "warm.bin")
    tracemalloc.start()
    try:
        client.log_stream(run_id, (piece for _ in range(150)), "data.bin")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 50 * 1024 * 1024
    assert len(read(client, run_id, "data.bin")) == 150 * 1024 * 1024


def test_pieces_of_the_size_that_is_asked_for() -> None:
    stream = Stream([b"abc", b"def"])
    assert [stream.read(size) for size in (4, 1, 9, 1)] == [b"abcd", b"e", b"f", b""]
