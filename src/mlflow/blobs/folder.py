"""A folder of this machine as a place for artifacts.

Written is into a file beside, in a folder named PARTIAL at the root, which is then synced and
renamed: a reader sees the old file or the new one, whatever happens in between. What killed
processes leave there is removed by age.

No symbolic link below the root is followed. Each name of a path is opened relative to the folder
before it and must be a folder itself, so nobody can slip a link in between check and use.
"""

import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mlflow.blobs._place import PIECE, Blob, NoRoom
from mlflow.blobs.uri import PARTIAL, safe_path
from mlflow.exceptions import PERMISSION_DENIED, MlflowException, invalid, missing

#: seconds after which an unfinished file that nobody writes to counts as left behind
STALE = 24 * 3600.0
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# What opening answers for a link where a folder or file is expected.
_NOT_A_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP})


class Folder:
    """Artifacts in a folder.

    Args:
        root: the folder, which is made when something is put into it. It may be a link itself.
        durable: whether a file is on the disk, not only on its way there, before it is visible.
        passing: whether this object lives shortly, so that no empty PARTIAL may stay behind.
    """

    def __init__(self, root: "str | Path", *, durable: bool = True, passing: bool = False) -> None:
        self.root = Path(root).absolute()
        self._durable = durable
        self._passing = passing

    # -- the four things ---------------------------------------------------------

    def put(self, path: str, stream: BinaryIO) -> None:
        """Keep a stream; see `Place.put`.

        Raises:
            MlflowException: the path is refused, or a `NoRoom` or another reason of the disk.
        """
        with self.writing(path) as writing:
            while piece := stream.read(PIECE):
                writing.write(piece)
            writing.finish()

    @contextmanager
    def writing(self, path: str) -> "Iterator[Writing]":
        """A file to write to, which becomes visible by `finish` and vanishes without it."""
        writing = Writing(self, path)
        try:
            yield writing
        finally:
            writing.discard()

    @contextmanager
    def get(self, path: str) -> "Iterator[Opened]":
        """Read a file; see `Place.get`."""
        opened = self.open(path)
        try:
            yield opened
        finally:
            opened.close()

    def open(self, path: str) -> "Opened":
        """A file, to be closed by the caller.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST, or INVALID_PARAMETER_VALUE for a folder.
        """
        *folders, name = safe_path(path).split("/")
        try:
            parent = self._descend(folders)
            try:
                handle = os.open(name, _FILE, dir_fd=parent)
            finally:
                os.close(parent)
        except OSError as error:
            if error.errno in (*_NOT_A_FOLDER, errno.ENOENT, errno.ENXIO):
                raise missing(f"There is no artifact {path!r}.") from None
            raise failure(error, path) from None
        found = os.fstat(handle)
        if stat.S_ISREG(found.st_mode):
            return Opened(handle, found)
        os.close(handle)
        if stat.S_ISDIR(found.st_mode):
            raise invalid(f"The artifact {path!r} is a folder; only files have content.")
        raise missing(f"There is no artifact {path!r}.")

    def list(self, path: str = "") -> list[Blob]:
        """What is in a folder; see `Place.list`. Links and special files are left out."""
        names = safe_path(path, root=True).split("/") if path else []
        try:
            folder = self._descend(names)
        except OSError as error:
            if error.errno in (*_NOT_A_FOLDER, errno.ENOENT):
                return []
            raise failure(error, path) from None
        found = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # it went while we looked
                        if (blob := _blob(entry)) is not None:
                            found.append(blob)
        finally:
            os.close(folder)
        return sorted(found)

    def delete(self, path: str) -> bool:
        """Remove a file or folder; see `Place.delete`. It is gone for readers at once."""
        *folders, name = safe_path(path).split("/")
        try:
            parent = self._descend(folders)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return False
            raise failure(error, path) from None
        try:
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if not stat.S_ISDIR(mode):
                os.unlink(name, dir_fd=parent)
                return True
            aside = self._aside()
            try:
                given = secrets.token_hex(8)
                os.rename(name, given, src_dir_fd=parent, dst_dir_fd=aside)
                _remove(given, aside)
            finally:
                self._leave(aside)
            return True
        except FileNotFoundError:
            return False
        except OSError as error:
            raise failure(error, path) from None
        finally:
            os.close(parent)

    def delete_empty(self, path: str) -> bool:
        """Remove a folder if nothing is in it; whether there was one and it is gone."""
        *folders, name = safe_path(path).split("/")
        try:
            parent = self._descend(folders)
            try:
                os.rmdir(name, dir_fd=parent)
            finally:
                os.close(parent)
        except OSError:
            return False
        return True

    # -- beside the four -----------------------------------------------------------

    def path_of(self, path: str) -> Path | None:
        """Where a file or folder is on this machine, None when it is not there."""
        names = safe_path(path, root=True).split("/") if path else []
        try:
            os.close(self._descend(names))
        except OSError:
            try:
                self.open(path).close()
            except MlflowException:
                return None
        return self.root.joinpath(*names)

    def sweep(self, older_than: float = STALE) -> int:
        """Remove what killed processes left at the root; how many there were.

        Args:
            older_than: seconds since the last byte was written.
        """
        try:
            aside = os.open(self.root / PARTIAL, _FOLDER)
        except OSError:
            return 0
        removed = 0
        before = time.time() - older_than
        try:
            for name in os.listdir(aside):
                with suppress(OSError):  # another process sweeps too
                    if os.stat(name, dir_fd=aside, follow_symlinks=False).st_mtime <= before:
                        _remove(name, aside)
                        removed += 1
        finally:
            os.close(aside)
        with suppress(OSError):
            (self.root / PARTIAL).rmdir()
        return removed

    def sweep_all(self, older_than: float = STALE) -> int:
        """`sweep` in every folder below the root as well: each may have been one for a client."""
        removed = self.sweep(older_than)
        for here, folders, _ in os.walk(self.root):
            if PARTIAL in folders:
                folders.remove(PARTIAL)
                if here != str(self.root):
                    removed += Folder(here).sweep(older_than)
        return removed

    # -- folders by their handles ----------------------------------------------------

    def _descend(self, names: "Sequence[str]", *, make: bool = False) -> int:
        """The handle of a folder below the root; the caller closes it."""
        if make:
            self.root.mkdir(parents=True, exist_ok=True)
        here = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in names:
                below = self._enter(here, name, make)
                os.close(here)
                here = below
        except BaseException:
            os.close(here)
            raise
        return here

    def _enter(self, parent: int, name: str, make: bool) -> int:
        try:
            return os.open(name, _FOLDER, dir_fd=parent)
        except FileNotFoundError:
            if not make:
                raise
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
            if self._durable:
                os.fsync(parent)
        return os.open(name, _FOLDER, dir_fd=parent)

    def _aside(self) -> int:
        """The handle of PARTIAL, which is made if need be."""
        for _ in range(100):  # another process may remove it while it is empty
            with suppress(FileNotFoundError):
                return self._descend([PARTIAL], make=True)
        raise OSError(errno.EBUSY, "it is removed over and over")

    def _leave(self, aside: int) -> None:
        os.close(aside)
        if self._passing:
            with suppress(OSError):
                (self.root / PARTIAL).rmdir()


class Writing:
    """A file that is not visible yet.

    Args:
        folder: where it will be.
        path: what it will be called.
    """

    def __init__(self, folder: Folder, path: str) -> None:
        *self._folders, self._target = safe_path(path).split("/")
        self._folder = folder
        self._path = path
        self._name = secrets.token_hex(16)
        self._file = self._aside = -1
        try:
            self._begin()
        except OSError as error:
            self.discard()
            raise failure(error, path) from None

    def _begin(self) -> None:
        for _ in range(100):  # PARTIAL may be removed between finding it and using it
            self._aside = self._folder._aside()
            try:
                self._file = os.open(self._name, _NEW, 0o666, dir_fd=self._aside)
                return
            except FileNotFoundError:
                os.close(self._aside)
                self._aside = -1
        raise OSError(errno.EBUSY, "it is removed over and over")

    def write(self, piece: "bytes | memoryview") -> None:
        """Add to the end."""
        left = memoryview(piece)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            raise failure(error, self._path) from None

    def finish(self) -> None:
        """Make the file visible in place of whatever had its name."""
        folder = self._folder
        try:
            if folder._durable:
                os.fsync(self._file)
            parent = folder._descend(self._folders, make=True)
            try:
                os.rename(self._name, self._target, src_dir_fd=self._aside, dst_dir_fd=parent)
                if folder._durable:
                    os.fsync(parent)
            finally:
                os.close(parent)
        except OSError as error:
            raise failure(error, self._path) from None
        self._name = ""

    def discard(self) -> None:
        """Close the file, and remove it unless it was finished; may be called again."""
        if self._aside == -1:
            return
        if self._file != -1:
            os.close(self._file)
            self._file = -1
        if self._name:
            with suppress(OSError):
                os.unlink(self._name, dir_fd=self._aside)
        self._folder._leave(self._aside)
        self._aside = -1


class Opened:
    """A file that is open for reading: the same content to the end, whoever replaces it.

    Args:
        handle: taken over.
        found: what `fstat` says about it.
    """

    def __init__(self, handle: int, found: os.stat_result) -> None:
        self._file = os.fdopen(handle, "rb", buffering=0)
        self.size = found.st_size
        self.modified = found.st_mtime
        #: differs whenever the content does: a file is replaced as a whole, never written to
        self.tag = f"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}"

    def pieces(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The content, or a part of it."""
        left = self.size - start if length is None else length
        while left > 0:
            piece = self.read(start, min(PIECE, left))
            start += len(piece)
            left -= len(piece)
            yield piece

    def read(self, start: int, length: int) -> bytes:
        """Up to `length` bytes; OSError when the file has become shorter."""
        piece = os.pread(self._file.fileno(), length, start)
        if not piece:
            raise OSError(errno.EIO, "the file has become shorter while it was read")
        return piece

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


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
    if error.errno in _NOT_A_FOLDER:
        return invalid(
            f"The artifact {path!r} cannot be there: a name before the last one is a file or a "
            "link, and links are not followed."
        )
    if error.errno == errno.ENAMETOOLONG:
        return invalid(f"The artifact {path!r} has a name that is too long for this disk.")
    return MlflowException(f"The artifact {path!r} cannot be kept or read: {reason}.")


def _blob(entry: "os.DirEntry[str]") -> Blob | None:
    if entry.name == PARTIAL:
        return None
    if entry.is_dir(follow_symlinks=False):
        return Blob(entry.name, True)
    if entry.is_file(follow_symlinks=False):
        return Blob(entry.name, False, entry.stat(follow_symlinks=False).st_size)
    return None


def _remove(name: str, parent: int) -> None:
    """Remove a file, or a folder with all that is below; links are removed, not followed."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=parent)
        return
    folder = os.open(name, _FOLDER, dir_fd=parent)
    try:
        for inner in os.listdir(folder):
            _remove(inner, folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=parent)
