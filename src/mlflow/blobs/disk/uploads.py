"""Unfinished files on disk: what lies in PARTIAL until all parts are there.

Each is a folder, named by its upload id:

    info    which file it is, its size, the size of its parts
    data    the file itself; a part is written where it belongs, so finishing is a rename
    1, 2 …  a record for each part: digest, size and the start of the machine in which it came

A record is written when its part is whole, so one that is empty stands for a part that never
arrived. After the machine has started anew nobody knows what of the data reached the disk; then a
record counts when the data gives its digest.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec

from mlflow.blobs import digests
from mlflow.blobs.disk import kept_digests
from mlflow.blobs.disk.handles import FILE, FOLDER, Disk
from mlflow.blobs.disk.kernel import boot
from mlflow.blobs.disk.locks import let_go, lock
from mlflow.blobs.place import Part, Vanished

INFO = "info"
DATA = "data"
_ID = re.compile(r"[0-9a-f]{32}")


class Info(msgspec.Struct):
    """Which file is unfinished. Sizes in bytes, the time in seconds since the epoch."""

    path: str
    size: int
    part_size: int
    started: float


class Record(msgspec.Struct):
    """A part that is whole."""

    digest: str
    size: int
    boot: str


def info_of(name: str, aside: int) -> Info | None:
    """Which file an entry of PARTIAL is for, None when it is no unfinished file of parts."""
    if not _ID.fullmatch(name):
        return None
    try:
        handle = os.open(f"{name}/{INFO}", FILE, dir_fd=aside)
    except OSError:
        return None
    try:
        return msgspec.json.decode(os.read(handle, 65536), type=Info)
    except (OSError, msgspec.MsgspecError):
        return None
    finally:
        os.close(handle)


@contextmanager
def upload(disk: Disk, path: str, upload_id: str) -> Iterator[tuple[int, Info]]:
    """The folder of an unfinished file, and what it is for; Vanished when it is not there."""
    if not _ID.fullmatch(upload_id):
        raise Vanished(path)
    with ExitStack() as stack:
        try:
            with disk.beside() as aside:
                info = info_of(upload_id, aside)
                folder = stack.enter_context(opened(upload_id, aside))
        except (FileNotFoundError, NotADirectoryError):
            raise Vanished(path) from None
        if info is None or info.path != path:
            raise Vanished(path)
        yield folder, info


@contextmanager
def opened(name: str, parent: int) -> Iterator[int]:
    """The handle of a folder."""
    handle = os.open(name, FOLDER, dir_fd=parent)
    try:
        yield handle
    finally:
        let_go(handle)


def open_in(name: str, flags: int, folder: int, path: str) -> int:
    """Open a file of an unfinished one; Vanished when it was finished or removed meanwhile."""
    try:
        return os.open(name, flags | os.O_CLOEXEC, 0o666, dir_fd=folder)
    except FileNotFoundError:
        raise Vanished(path) from None


def part_of(folder: int, data: int, info: Info, number: int) -> Part | None:
    """A part that is there and whole.

    Args:
        folder, data: the handles of the unfinished file and of its content.
    """
    try:
        handle = os.open(str(number), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        record = _read_record(handle)
        if record is None:
            return None
        start, size = digests.span_of(number, info.size, info.part_size)
        if record.boot and record.boot == boot():
            return Part(record.digest, record.size) if record.size == size else None
        if not lock(handle, fcntl.LOCK_EX):  # somebody sends it anew
            return None
        there = digests.of(digests.SHA256, kept_digests.pieces_of(data, start, size))
        if there != record.digest or record.size != size:
            os.truncate(handle, 0)
            return None
        record.boot = boot()
        write_record(handle, record)
        return Part(record.digest, record.size)
    finally:
        let_go(handle)


def _read_record(handle: int) -> Record | None:
    try:
        return msgspec.json.decode(os.pread(handle, 4096, 0), type=Record)
    except msgspec.MsgspecError:
        return None


def write_record(handle: int, record: Record) -> None:
    """Note in an empty record that its part is whole."""
    text = msgspec.json.encode(record)
    os.pwrite(handle, text, 0)
    os.truncate(handle, len(text))
