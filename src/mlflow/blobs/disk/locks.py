"""Locks on folders of this machine, which all processes respect that work on the same ones.

Who replaces a folder locks it exclusively, all others share. The system prefers those who share:
one after the other they could hold a folder without end. So whoever wants to share waits until
those of the same process who want a folder for themselves have had it; between processes chance
decides.

A lock lasts until the last copy of its handle is closed, and a fork copies all handles. So locks
are taken off before handles are closed (`let_go`): no child holds a folder for as long as it lives.
"""

import errno
import fcntl
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from mlflow.blobs.place import Busy

#: seconds that somebody else may hold a folder
PATIENCE = 30.0
# Others may lock folders above ours for reasons of their own; that must not stop us for long.
_PATIENCE_ABOVE = 10.0
# Who lets others go first, and holds what they wait for, must go on at last.
_COURTESY = 1.0
#: seconds for which a folder above is not waited for again that was locked for so long
_LEFT_ALONE = 60.0
_PAUSE = 0.001
_HELD = frozenset({errno.EWOULDBLOCK, errno.EACCES})

# The folders that somebody in this process wants for himself, by device and inode.
_wanted: Counter[tuple[int, int]] = Counter()
# Folders above ours that others keep locked, and until when nobody waits for them.
_kept: dict[tuple[int, int], float] = {}
_changed = threading.Condition()


class Unlockable(OSError):
    """The file system has no exclusive locks on folders."""


def lock(handle: int, kind: int, patience: float = 0.0) -> bool:
    """Lock an open file or folder; whether it could be done in time.

    Args:
        kind: LOCK_SH or LOCK_EX of `fcntl`.
        patience: seconds to wait for others.

    Raises:
        OSError: it cannot be locked at all.
    """
    end = None
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in _HELD:
                raise
        now = time.monotonic()
        end = now + patience if end is None else end
        if now >= end:
            return False
        time.sleep(_PAUSE)


def let_go(handle: int) -> None:
    """Close an open file or folder that may be locked, and take the lock off for children too."""
    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def lock_way(above: Sequence[int], below: Sequence[int], *, exclusive: bool = False) -> None:
    """Lock the folders that lead to one, from the top down.

    Args:
        above: the handles of folders that are not ours.
        below: of those that are; the last one is where the way leads.
        exclusive: whether the last one is wanted for oneself.

    Raises:
        Busy: somebody else holds one for long.
        Unlockable: if `exclusive`.
    """
    *upper, last = below
    _let_pass((*above, *(upper if exclusive else below)))
    for handle in above:
        with suppress(OSError):
            _share_above(handle)
    for handle in upper:
        share(handle)
    if not exclusive:
        share(last)
        return
    with _wanting(last):
        try:
            done = lock(last, fcntl.LOCK_EX, PATIENCE)
        except OSError as error:
            raise Unlockable(error.errno, error.strerror) from None
    if not done:
        raise _busy()


def _share_above(handle: int) -> None:
    """Lock a folder that is not ours; whoever may read `/tmp` may keep it locked for ever."""
    if lock(handle, fcntl.LOCK_SH):
        return
    key = _key(handle)
    now = time.monotonic()
    if _kept.get(key, 0.0) < now and not lock(handle, fcntl.LOCK_SH, _PATIENCE_ABOVE):
        _kept[key] = now + _LEFT_ALONE


def share(handle: int) -> None:
    """Lock a folder of ours so that nobody replaces it; Busy when somebody does it for long."""
    try:
        done = lock(handle, fcntl.LOCK_SH, PATIENCE)
    except OSError:
        return  # then nobody can replace it at one moment either
    if not done:
        raise _busy()


def _busy() -> Busy:
    return Busy("Somebody else changes this folder of artifacts at the moment. Try again.")


def _let_pass(handles: Sequence[int]) -> None:
    if not _wanted:
        return
    keys = [_key(handle) for handle in handles]
    with _changed:
        _changed.wait_for(lambda: not any(key in _wanted for key in keys), _COURTESY)


@contextmanager
def _wanting(handle: int) -> Iterator[None]:
    key = _key(handle)
    with _changed:
        _wanted[key] += 1
    try:
        yield
    finally:
        with _changed:
            _wanted[key] -= 1
            if not _wanted[key]:
                del _wanted[key]
            _changed.notify_all()


def _key(handle: int) -> tuple[int, int]:
    found = os.fstat(handle)
    return found.st_dev, found.st_ino


def _forget_after_fork() -> None:
    """The threads that wanted something are not in the child, nor who would release the lock."""
    global _changed
    _wanted.clear()
    _changed = threading.Condition()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
