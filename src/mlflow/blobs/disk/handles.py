"""Folders of this machine by their handles: no link is followed, nothing is lost in an exchange.

Each name of a path is opened relative to the folder before it and must be a folder itself, so
nobody can slip a link in between check and use.

A folder that is published takes the place of the one that was there (`staging`). Whoever does
that holds an exclusive lock on the old one. Whoever puts, lists or removes something holds shared
locks on all folders of its path, also above its own root, and has checked that they are still what
the path names. So nothing is put into, or listed from, a folder that is on its way out.
"""

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from mlflow.blobs.disk.locks import let_go, lock_way, share
from mlflow.blobs.place import NoRoom, Vanished
from mlflow.blobs.uri import PARTIAL
from mlflow.exceptions import PERMISSION_DENIED, MlflowException, invalid

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: what opening answers for a link where a folder or file is expected
NOT_A_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_ATTEMPTS = 1000

T = TypeVar("T")


class Disk:
    """A root and what all that work below it need.

    Args:
        root: the folder; it may be a link itself.
        aside: where files lie until they are complete; by default PARTIAL in the root.
        durable: whether what is made is brought to the disk.
        passing: whether an empty `aside` is removed after use.
        staged: the folder that this root is staged for: it is not made again when it is gone.
    """

    def __init__(
        self,
        root: Path,
        *,
        aside: Path | None = None,
        durable: bool = True,
        passing: bool = False,
        staged: str | None = None,
    ) -> None:
        self.root = root
        self.aside = aside or root / PARTIAL
        self.durable = durable
        self.passing = passing
        self._staged = staged

    def descend(self, names: Sequence[str]) -> int:
        """The handle of a folder below the root; the caller closes it."""
        here = self._open_root(False)
        for name in names:
            try:
                below = os.open(name, FOLDER, dir_fd=here)
            finally:
                os.close(here)
            here = below
        return here

    @contextmanager
    def hold(
        self, names: Sequence[str], *, make: bool = False, exclusive: bool = False
    ) -> Iterator[int]:
        """The handle of a folder below the root that stays where it is meanwhile.

        Args:
            make: whether it is made when it is not there.
            exclusive: keep out all others who hold it or something below it.

        Raises:
            OSError: it is not there; an `Unlockable`.
            Busy: somebody else holds it for long.
        """
        for _ in range(_ATTEMPTS):
            above, below, lacking = self._chain(names, make)
            try:
                lock_way(above, below, exclusive=exclusive and lacking is None)
                if not self._in_place(names, below):
                    continue
                if lacking is None:
                    yield below[-1]
                    return
                if not make and not _exists(names[len(below) - 1], below[-1]):
                    raise lacking
            finally:
                for handle in (*below, *above):
                    let_go(handle)
        raise OSError(errno.EBUSY, "it is replaced over and over")

    def settle(self, name: str, source: int, folders: Sequence[str], target: str) -> None:
        """Make a file that is complete visible, in place of whatever has its name.

        Args:
            name, source: the file, in the folder with this handle.
            folders: where to, made if need be.
            target: its name there.
        """
        for _ in range(_ATTEMPTS):
            with self.hold(folders, make=True) as parent:
                try:
                    os.rename(name, target, src_dir_fd=source, dst_dir_fd=parent)
                except FileNotFoundError:  # the folder was removed while it was empty
                    os.stat(name, dir_fd=source, follow_symlinks=False)
                    continue
                # Not a copy of the handle, which would keep the lock while the disk works.
                parent = os.open(".", FOLDER, dir_fd=parent) if self.durable else -1
            if parent != -1:
                try:
                    os.fsync(parent)
                finally:
                    os.close(parent)
            return
        raise OSError(errno.EBUSY, "its folder is removed over and over")

    # -- aside -----------------------------------------------------------------------

    @contextmanager
    def beside(self) -> Iterator[int]:
        """The handle of the folder `aside`.

        Raises:
            FileNotFoundError: there is none.
        """
        with self.hold(()):
            handle = os.open(self.aside, FOLDER)
        try:
            yield handle
        finally:
            self.leave(handle)

    def making(self, make: Callable[[int], T]) -> tuple[int, T]:
        """Make something in `aside`, which is made if need be; its handle, and what was made.

        The caller gives the handle to `leave`.
        """
        for _ in range(_ATTEMPTS):  # another process may remove it while it is empty
            with suppress(FileNotFoundError):
                with self.hold((), make=True):
                    parent = os.open(self.aside.parent, os.O_RDONLY | os.O_DIRECTORY)
                    try:
                        handle = self._enter(parent, self.aside.name, True)
                    finally:
                        os.close(parent)
                try:
                    return handle, make(handle)
                except BaseException:
                    os.close(handle)
                    raise
        raise OSError(errno.EBUSY, "it is removed over and over")

    def leave(self, aside: int) -> None:
        """Close the handle of `aside`, and leave no trace where that is wished."""
        os.close(aside)
        if self.passing:
            with suppress(OSError):
                os.rmdir(self.aside)

    # -- the way down ------------------------------------------------------------------

    def _open_root(self, make: bool) -> int:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        try:
            return os.open(self.root, flags)
        except FileNotFoundError:
            if self._staged is not None:
                raise Vanished(self._staged) from None
            if not make:
                raise
        lacking = [each for each in (self.root, *self.root.parents) if not each.exists()]
        self.root.mkdir(parents=True, exist_ok=True)
        for each in lacking if self.durable else ():
            with suppress(PermissionError):  # to make something in it is not to read it
                above = os.open(each.parent, flags)
                try:
                    os.fsync(above)
                finally:
                    os.close(above)
        return os.open(self.root, flags)

    def _enter(self, parent: int, name: str, make: bool) -> int:
        try:
            return os.open(name, FOLDER, dir_fd=parent)
        except FileNotFoundError:
            if not make:
                raise
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
            if self.durable:
                os.fsync(parent)
        return os.open(name, FOLDER, dir_fd=parent)

    def _chain(
        self, names: Sequence[str], make: bool
    ) -> tuple[list[int], list[int], FileNotFoundError | None]:
        """The handles above the root, topmost first; from the root down; what is not there."""
        below = [self._open_root(make)]
        above: list[int] = []
        lacking = None
        try:
            for name in names:
                try:
                    below.append(self._enter(below[-1], name, make))
                except FileNotFoundError as error:
                    lacking = error
                    break
            _above(below[0], above)
        except BaseException:
            for handle in (*below, *above):
                os.close(handle)
            raise
        return above[::-1], below, lacking

    def _in_place(self, names: Sequence[str], handles: Sequence[int]) -> bool:
        """Whether the path still leads to these folders."""
        try:
            if not os.path.samestat(os.stat(self.root), os.fstat(handles[0])):
                return False
            for name, parent, handle in zip(names, handles, handles[1:], strict=False):
                found = os.stat(name, dir_fd=parent, follow_symlinks=False)
                if not os.path.samestat(found, os.fstat(handle)):
                    return False
        except FileNotFoundError:
            return False
        return True


@contextmanager
def held(name: str, parent: int) -> Iterator[int]:
    """The handle of a folder in one that is held; it too stays where it is meanwhile."""
    for _ in range(_ATTEMPTS):
        handle = os.open(name, FOLDER, dir_fd=parent)
        try:
            share(handle)
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if os.path.samestat(found, os.fstat(handle)):
                yield handle
                return
        finally:
            let_go(handle)
    raise OSError(errno.EBUSY, "it is replaced over and over")


def remove(name: str, parent: int) -> None:
    """Remove a file, or a folder with all that is below; links are removed, not followed."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=parent)
        return
    folder = os.open(name, FOLDER, dir_fd=parent)
    try:
        for inner in os.listdir(folder):
            remove(inner, folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=parent)


def throw_away(name: str, parent: int) -> None:
    """Remove an entry of `aside`; for all others it is gone at one moment.

    What cannot be removed, as somebody still writes into it, is left to a sweep.
    """
    given = secrets.token_hex(8)
    os.rename(name, given, src_dir_fd=parent, dst_dir_fd=parent)
    with suppress(OSError):
        remove(given, parent)


def failure(error: OSError, path: str) -> MlflowException:
    """What a disk's refusal means for an artifact; no folder of this machine is named."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL:
        return NoRoom(f"There is no room for the artifact {path!r}: {reason}. Nothing was kept.")
    if error.errno in _FORBIDDEN:
        return MlflowException(
            f"The artifact {path!r} cannot be kept, changed or read: {reason}. Check who may use "
            "the folder of the artifacts.",
            PERMISSION_DENIED,
        )
    if error.errno in (errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY):
        return invalid(f"The artifact {path!r} cannot be a file: there is a folder of that name.")
    if error.errno in NOT_A_FOLDER:
        return invalid(
            f"The artifact {path!r} cannot be there: a name before the last one is a file or a "
            "link, and links are not followed."
        )
    if error.errno == errno.ENAMETOOLONG:
        return invalid(f"The artifact {path!r} has a name that is too long for this disk.")
    return MlflowException(f"The artifact {path!r} cannot be kept or read: {reason}.")


def _above(root: int, found: list[int]) -> None:
    """Add the handles of the folders above, as far as they are on the same file system."""
    here, one = root, os.fstat(root)
    while True:
        try:
            here = os.open("..", FOLDER, dir_fd=here)
        except OSError:  # who may not read it cannot replace it either
            return
        up = os.fstat(here)
        if up.st_dev != one.st_dev or up.st_ino == one.st_ino:
            os.close(here)
            return
        found.append(here)
        one = up


def _exists(name: str, parent: int) -> bool:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
