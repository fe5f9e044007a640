"""What the system can do with files that Python has no function for."""

import ctypes
import errno
import os
from functools import cache
from typing import Any

_EXCHANGE = 2  # RENAME_EXCHANGE of Linux
_BEGIN = 2  # SYNC_FILE_RANGE_WRITE of Linux


@cache
def boot() -> str:
    """What is another one after each start of the machine; empty where nobody says."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def exchange(first: str, first_folder: int, second: str, second_folder: int) -> None:
    """Let two entries of folders take each other's place, at one moment.

    Raises:
        OSError: ENOSYS or EINVAL where the system or the file system cannot.
    """
    call = getattr(_library(), "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(first_folder, os.fsencode(first), second_folder, os.fsencode(second), _EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def sync_file_system(handle: int) -> None:
    """Bring all that was written to the file system of an open file to the disk."""
    call = getattr(_library(), "syncfs", None)
    if call is None:
        os.sync()
    elif call(handle):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def begin_to_sync(handle: int, start: int, length: int) -> None:
    """Let the system begin to bring a part of a file to the disk, so that a later sync is short;
    nothing where it cannot."""
    call = getattr(_library(), "sync_file_range", None)
    if call is not None:
        call(handle, ctypes.c_int64(start), ctypes.c_int64(length), _BEGIN)


@cache
def _library() -> Any:
    return ctypes.CDLL(None, use_errno=True)
