"""A process that forks while it works in a folder: its children hold nobody up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from mlflow.blobs import Folder
from mlflow.blobs.disk.handles import Disk
from tests.blobs.contract import content, send


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "root")


@contextmanager
def child() -> Iterator[None]:
    """A child that has all handles of this process, and does nothing until the end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    try:
        yield
    finally:
        os.close(writing)
        os.close(reading)
        os.waitpid(pid, 0)


def test_a_part_that_was_written_meanwhile(folder: Folder) -> None:
    upload = folder.parts.begin("m/big", 4, 4)
    with folder.parts.writing_part("m/big", upload, 1, 4) as writing, child():
        writing.write(b"lost")
        writing.discard()
        sent = send(folder.parts, "m/big", upload, 1, b"kept")
        folder.parts.finish("m/big", upload, [sent])
    assert content(folder, "m/big") == b"kept"


@pytest.mark.parametrize("exclusive", [False, True])
def test_a_folder_that_was_locked_meanwhile(folder: Folder, exclusive: bool) -> None:
    folder.put("m/old", BytesIO(b"old"))
    disk = Disk(folder.root)
    with disk.hold(["m"], exclusive=exclusive):
        living = child()
        living.__enter__()
    try:
        folder.put("m/new", BytesIO(b"new"))
        with disk.hold(["m"], exclusive=True):
            pass
    finally:
        living.__exit__(None, None, None)
    assert content(folder, "m/new") == b"new"
