"""What killed processes left on disk, and when it goes."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from mlflow.blobs.disk.handles import FOLDER, throw_away
from mlflow.blobs.disk.locks import let_go, lock
from mlflow.blobs.disk.uploads import info_of
from mlflow.blobs.uri import PARTIAL, below

#: seconds after which what nobody writes to counts as left behind; until then it can be gone on
#: with
STALE = 7 * 24 * 3600.0


def sweep(top: int, older_than: float, *, dry: bool = False, deep: bool = True) -> tuple[int, int]:
    """Remove what lies in the PARTIAL of a folder.

    Args:
        top: the handle of the folder.
        older_than: seconds since anything of it was written.
        dry: only count.
        deep: whether folders below are swept too: each may have been the root of somebody.

    Returns:
        How many there were, and their bytes.
    """
    before = time.time() - older_than
    count, size = sweep_aside(top, before, dry=dry)
    for name in _folders(top) if deep else ():
        with suppress(OSError):  # it went while we looked
            inner = os.open(name, FOLDER, dir_fd=top)
            try:
                more = sweep(inner, older_than, dry=dry)
            finally:
                os.close(inner)
            count, size = count + more[0], size + more[1]
    return count, size


def sweep_aside(top: int, before: float, *, dry: bool = False, path: str = "") -> tuple[int, int]:
    """Remove what lies in the PARTIAL of one folder.

    Args:
        top: the handle of the folder.
        before: seconds since the epoch.
        path: only parts of files below this folder.
    """
    try:
        aside = os.open(PARTIAL, FOLDER, dir_fd=top)
    except OSError:
        return 0, 0
    count = size = 0
    try:
        for name in os.listdir(aside):
            if path and ((info := info_of(name, aside)) is None or not below(info.path, path)):
                continue
            with suppress(OSError):  # another process sweeps too
                newest, there = _age(name, aside)
                if newest <= before and (dry or _removed(name, aside)):
                    count, size = count + 1, size + there
    finally:
        os.close(aside)
    if not dry:
        with suppress(OSError):
            os.rmdir(PARTIAL, dir_fd=top)
    return count, size


def _age(name: str, parent: int) -> tuple[float, int]:
    """When something was written to last, in seconds since the epoch, and its bytes on disk."""
    found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    newest, size = found.st_mtime, found.st_blocks * 512
    if stat.S_ISDIR(found.st_mode):
        handle = os.open(name, FOLDER, dir_fd=parent)
        try:
            inner = [_age(each, handle) for each in os.listdir(handle)]
        finally:
            os.close(handle)
        return max([newest, *(age for age, _ in inner)]), size + sum(each for _, each in inner)
    return newest, size


def _removed(name: str, aside: int) -> bool:
    """Remove something unless it is in use; whether it is gone."""
    handles: list[int] = []
    try:
        for each in _lockable(name, aside):
            handles.append(os.open(each, FOLDER, dir_fd=aside))
            with suppress(OSError):
                if not lock(handles[-1], fcntl.LOCK_EX):
                    return False
        throw_away(name, aside)
        return True
    finally:
        for handle in handles:
            let_go(handle)


def _lockable(name: str, aside: int) -> Sequence[str]:
    """The folders that those who use an entry of PARTIAL lock."""
    found = os.stat(name, dir_fd=aside, follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode):
        return ()
    inner = os.path.join(name, "tree")
    try:
        os.stat(inner, dir_fd=aside, follow_symlinks=False)
    except OSError:
        return (name,)
    return (name, inner)


def _folders(top: int) -> Iterator[str]:
    with os.scandir(top) as entries:
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    yield from (name for name in names if name != PARTIAL)
