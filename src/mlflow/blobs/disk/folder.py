"""A folder of this machine as a place for artifacts.

Written is into a file beside, in a folder named PARTIAL at the root, which is then synced and
renamed: a reader sees the old file or the new one, whatever happens in between. What killed
processes leave there can be gone on with, and is removed by age.

No symbolic link below the root is followed (`handles`).
"""

import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mlflow.blobs.digests import Digest
from mlflow.blobs.disk import kept_digests, staging as disk_staging, sweep as disk_sweep
from mlflow.blobs.disk.files import Opened, Reading, Writing, write_all
from mlflow.blobs.disk.handles import FILE, NEW, NOT_A_FOLDER, Disk, failure, remove
from mlflow.blobs.disk.kernel import sync_file_system
from mlflow.blobs.disk.listing import blob_of, walk
from mlflow.blobs.disk.parts import DiskParts
from mlflow.blobs.disk.staging import DiskStaging
from mlflow.blobs.disk.sweep import STALE
from mlflow.blobs.place import PIECE, REREAD, Blob, Changed, Found, Vanished
from mlflow.blobs.uri import safe_path
from mlflow.exceptions import (
    INVALID_PARAMETER_VALUE,
    RESOURCE_DOES_NOT_EXIST,
    MlflowException,
    invalid,
    missing,
)

__all__ = ["STALE", "Folder", "Opened", "Writing", "failure"]

_ATTEMPT = re.compile(r"[0-9A-Za-z]{1,128}")
#: files of a batch that are synced one by one; more are synced with all else on the file system
_FEW = 8


class Folder:
    """Artifacts in a folder.

    Args:
        root: the folder, which is made when something is put into it. It may be a link itself.
        durable: whether a file is on the disk, not only on its way there, before it is visible.
        passing: whether this object lives shortly, so that no empty PARTIAL may stay behind.
    """

    #: files that are put together, so that they are synced together
    most_in_batch = 64

    def __init__(self, root: "str | Path", *, durable: bool = True, passing: bool = False) -> None:
        self.root = Path(root).absolute()
        self._disk = Disk(self.root, durable=durable, passing=passing)

    @classmethod
    def _on(cls, disk: Disk) -> "Folder":
        folder = cls(disk.root)
        folder._disk = disk
        return folder

    # -- in --------------------------------------------------------------------------

    def put(self, path: str, stream: BinaryIO, digest: Digest | None = None) -> None:
        """Keep a stream; see `Place.put`.

        Raises:
            MlflowException: the path is refused, or a `NoRoom` or another reason of the disk.
        """
        with self.writing(path, digest) as writing:
            while piece := stream.read(PIECE):
                writing.write(piece)
            writing.finish(digest)

    def writing(self, path: str, digest: Digest | None = None) -> Writing:
        """A file to write to, which becomes visible by `finish` and vanishes by `discard`.

        Args:
            digest: a digest like the one that `finish` will be given; without, the file may have
                to be read again.
        """
        return Writing(self._disk, path, digest)

    def put_batch(self, files: Sequence[tuple[str, "bytes | memoryview"]]) -> None:
        """Keep small files; see `Place.put_batch`. They are brought to the disk together."""
        for path, _ in files:
            safe_path(path)
        if not files:
            return
        path = ""
        few = len(files) <= _FEW
        first = secrets.token_hex(16)
        try:
            # The first one is made as `aside` is: others remove that while nothing is in it.
            aside, _ = self._disk.making(
                lambda aside: self._write_aside(first, aside, files[0][1], few)
            )
            written = [first]
            try:
                for _, content in files[1:]:
                    written.append(secrets.token_hex(16))
                    self._write_aside(written[-1], aside, content, few)
                if self._disk.durable and not few:
                    sync_file_system(aside)
                for name, (path, _) in zip(tuple(written), files, strict=True):
                    *folders, target = path.split("/")
                    self._disk.settle(name, aside, folders, target)
                    written.remove(name)
            finally:
                for name in written:
                    with suppress(OSError):
                        os.unlink(name, dir_fd=aside)
                self._disk.leave(aside)
        except OSError as error:
            raise failure(error, path) from None

    @property
    def parts(self) -> DiskParts:
        """How files are put together from parts."""
        return DiskParts(self._disk)

    def staging(self, path: str, name: str, *, begun: bool = False) -> DiskStaging:
        """A folder that is to become visible as a whole; see `Place.staging`.

        Args:
            path, name: the folder and the attempt.
            begun: whether it must be there already.

        Raises:
            Vanished: it is not there, though it must be.
        """
        names = safe_path(path, root=True).split("/") if path else []
        if not _ATTEMPT.fullmatch(name):
            raise invalid(f"An attempt is named by letters and digits, not {name[:100]!r}.")
        try:
            disk = self._disk
            if not names and (beside := _beside(disk)) is not None:
                disk, names = beside
            key = disk_staging.key_of(names, name)
            if not begun:
                disk_staging.begin(disk, key)
        except OSError as error:
            raise failure(error, path) from None
        own = disk.aside / key
        tree = Disk(
            own / disk_staging.TREE,
            aside=own / disk_staging.ASIDE,
            durable=False,  # it is brought to the disk when it is published
            staged=path,
        )
        if begun and not tree.root.is_dir():
            raise Vanished(path)
        return DiskStaging(
            disk, path, names, key, Folder._on(tree), lambda: self._walk(path, REREAD)
        )

    # -- out -------------------------------------------------------------------------

    @contextmanager
    def get(
        self, path: str, start: int = 0, length: int | None = None, tag: str = ""
    ) -> "Iterator[Reading]":
        """Read a file; see `Place.get`. What is asked for beyond the end is left out."""
        if start < 0 or (length is not None and length < 0):
            raise invalid(f"A file has no {length} bytes from {start} on.")
        opened = self.open(path)
        try:
            if tag and opened.tag != tag:
                raise Changed(path)
            yield Reading(opened, start, length)
        finally:
            opened.close()

    def open(self, path: str) -> Opened:
        """A file, to be closed by the caller.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST, or INVALID_PARAMETER_VALUE for a folder.
        """
        *folders, name = safe_path(path).split("/")
        try:
            handle = self._open(folders, name)
        except OSError as error:
            if error.errno in (*NOT_A_FOLDER, errno.ENOENT, errno.ENXIO):
                raise missing(f"There is no artifact {path!r}.") from None
            raise failure(error, path) from None
        found = os.fstat(handle)
        if stat.S_ISREG(found.st_mode):
            return Opened(path, handle, found)
        os.close(handle)
        if stat.S_ISDIR(found.st_mode):
            raise invalid(f"The artifact {path!r} is a folder; only files have content.")
        raise missing(f"There is no artifact {path!r}.")

    def look(self, path: str) -> Found | None:
        """What a file is; see `Place.look`."""
        safe_path(path)
        try:
            opened = self.open(path)
        except MlflowException as error:
            if error.error_code in (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE):
                return None  # there is nothing, or a folder
            raise
        try:
            return opened.found
        finally:
            opened.close()

    def digest(self, path: str) -> Digest:
        """The digest of a file, which is read for it unless it is known already.

        Raises:
            MlflowException: there is no such file.
        """
        opened = self.open(path)
        try:
            digest = opened.digest(compute=True)
            assert digest is not None
            return digest
        except OSError as error:
            raise failure(error, path) from None
        finally:
            opened.close()

    def still_gives(self, path: str, found: Found) -> bool:
        """Whether a file that was found, read once more, gives its digest: disks do damage.

        What is there as another version, or not at all, is not read, and nothing is wrong with it.
        """
        try:
            opened = self.open(path)
        except MlflowException as error:
            if error.error_code == RESOURCE_DOES_NOT_EXIST:
                return True
            raise
        try:
            return opened.tag != found.tag or opened.reread() == found.digest
        except OSError:
            return False
        finally:
            opened.close()

    def list(self, path: str = "") -> list[Blob]:
        """What is in a folder; see `Place.list`. Links and special files are left out."""
        names = safe_path(path, root=True).split("/") if path else []
        try:
            with self._disk.hold(names) as folder, os.scandir(folder) as entries:
                found = []
                for entry in entries:
                    with suppress(FileNotFoundError):  # it went while we looked
                        if (blob := blob_of(entry)) is not None:
                            found.append(blob)
        except OSError as error:
            if error.errno in (*NOT_A_FOLDER, errno.ENOENT):
                return []
            raise failure(error, path) from None
        return sorted(found)

    def walk(self, path: str = "") -> Iterator[Found]:
        """All files below a folder, sorted; see `Place.walk`. Links are not followed."""
        return self._walk(path)

    def _walk(self, path: str, reread: int = -1) -> Iterator[Found]:
        names = safe_path(path, root=True).split("/") if path else []
        found: list[Found] = []
        try:
            with self._disk.hold(names) as folder:
                walk(folder, "", found, reread)
        except OSError as error:
            if error.errno not in (*NOT_A_FOLDER, errno.ENOENT):
                raise failure(error, path) from None
        yield from found

    def path_of(self, path: str) -> Path | None:
        """Where a file or folder is on this machine, None when it is not there."""
        names = safe_path(path, root=True).split("/") if path else []
        try:
            os.close(self._disk.descend(names))
        except OSError:
            try:
                self.open(path).close()
            except MlflowException:
                return None
        return self.root.joinpath(*names)

    # -- away ------------------------------------------------------------------------

    def delete(self, path: str) -> bool:
        """Remove a file or folder; see `Place.delete`. It is gone for readers at once."""
        *folders, name = safe_path(path).split("/")
        try:
            with self._disk.hold(folders) as parent:
                mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
                if stat.S_ISLNK(mode):
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                if not stat.S_ISDIR(mode):
                    os.unlink(name, dir_fd=parent)
                    return True
            given = secrets.token_hex(8)

            def move(aside: int) -> bool:
                try:
                    with self._disk.hold(folders) as parent:
                        os.rename(name, given, src_dir_fd=parent, dst_dir_fd=aside)
                except FileNotFoundError:
                    if self.path_of(path) is None:
                        return False  # somebody else was faster
                    raise
                return True

            aside, moved = self._disk.making(move)
            try:
                if moved:
                    remove(given, aside)
            finally:
                self._disk.leave(aside)
            return moved
        except FileNotFoundError:
            return False
        except OSError as error:
            raise failure(error, path) from None

    def delete_empty(self, path: str) -> bool:
        """Remove a folder if nothing is in it; whether there was one and it is gone."""
        *folders, name = safe_path(path).split("/")
        try:
            with self._disk.hold(folders) as parent:
                os.rmdir(name, dir_fd=parent)
        except OSError:
            return False
        return True

    def sweep(
        self, older_than: float = STALE, path: str = "", *, dry: bool = False
    ) -> tuple[int, int]:
        """Remove what killed processes left; see `Place.sweep`."""
        names = safe_path(path, root=True).split("/") if path else []
        count = size = 0
        with suppress(FileNotFoundError, NotADirectoryError):
            if names:
                top = self._disk.descend([])
                try:
                    before = time.time() - older_than
                    count, size = disk_sweep.sweep_aside(top, before, dry=dry, path=path)
                finally:
                    os.close(top)
            top = self._disk.descend(names)
            try:
                more = disk_sweep.sweep(top, older_than, dry=dry)
            finally:
                os.close(top)
            count, size = count + more[0], size + more[1]
        return count, size

    def sweep_own(self, older_than: float = STALE) -> int:
        """Remove what killed processes left that worked at this very root, without looking into
        the folders below; how many there were."""
        try:
            top = self._disk.descend([])
        except OSError:
            return 0
        try:
            return disk_sweep.sweep(top, older_than, deep=False)[0]
        finally:
            os.close(top)

    # -- parts of these --------------------------------------------------------------

    def _open(self, folders: Sequence[str], name: str) -> int:
        try:
            parent = self._disk.descend(folders)
            try:
                return os.open(name, FILE, dir_fd=parent)
            finally:
                os.close(parent)
        except FileNotFoundError:
            # Perhaps the folder was replaced on our way: look again while it stays.
            with self._disk.hold(folders) as parent:
                return os.open(name, FILE, dir_fd=parent)

    def _write_aside(
        self, name: str, aside: int, content: "bytes | memoryview", sync: bool
    ) -> None:
        handle = os.open(name, NEW, 0o666, dir_fd=aside)
        try:
            passing = kept_digests.Passing()
            passing.update(content)
            write_all(handle, content)
            kept_digests.keep(handle, passing.check(name, handle, None))
            if sync and self._disk.durable:
                os.fsync(handle)
        except BaseException:
            with suppress(OSError):
                os.unlink(name, dir_fd=aside)
            raise
        finally:
            os.close(handle)


def _beside(disk: Disk) -> tuple[Disk, list[str]] | None:
    """The folder above a root, and the way from there; None when it cannot be used."""
    root = disk.root.resolve()
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        if root.exists() and root.stat().st_dev != root.parent.stat().st_dev:
            return None
    except OSError:
        return None
    if not root.name or not os.access(root.parent, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
        return None
    return Disk(root.parent, durable=disk.durable, passing=disk.passing), [root.name]
