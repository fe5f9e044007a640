"""Files on disk that are put together from parts, in any order, by any number of processes.

Who writes a part holds a shared lock on the folder of the unfinished file (`uploads`) and an
exclusive one on the record of the part. Who finishes holds the folder exclusively: nobody writes
into a file that others see.
"""

import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Any

import msgspec

from mlflow.blobs import digests
from mlflow.blobs.disk import kept_digests
from mlflow.blobs.disk.files import write_all
from mlflow.blobs.disk.handles import NEW, Disk, failure, throw_away
from mlflow.blobs.disk.kernel import begin_to_sync, boot
from mlflow.blobs.disk.locks import let_go, lock
from mlflow.blobs.disk.uploads import (
    DATA,
    INFO,
    Info,
    Record,
    info_of,
    open_in,
    opened,
    part_of,
    upload,
    write_record,
)
from mlflow.blobs.place import Body, Busy, Damaged, NoRoom, Part, Unfinished, Vanished
from mlflow.blobs.uri import safe_path
from mlflow.exceptions import invalid

_NEW_RECORD = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
#: seconds that finishing waits for those who still write a part
_PATIENCE = 2.0


class DiskParts:
    """Unfinished files of a folder; see `Parts`.

    Args:
        disk: where they are.
    """

    algorithm = digests.SHA256
    least_part = 1

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def unfinished(self, path: str) -> list[Unfinished]:
        """What has begun at a path; see `Parts.unfinished`. After the machine has started anew
        the parts are read first, to see what of them has reached the disk."""
        safe_path(path)
        found = []
        try:
            with self._disk.beside() as aside:
                for name in os.listdir(aside):
                    if (info := info_of(name, aside)) is not None and info.path == path:
                        with suppress(Vanished, Busy):
                            found.append(self._unfinished(path, name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise failure(error, path) from None
        return sorted(found, key=lambda one: one.started, reverse=True)

    def begin(self, path: str, size: int, part_size: int) -> str:
        """Begin a file; see `Parts.begin`."""
        safe_path(path)
        if size < 0 or part_size < 1:
            raise invalid(f"A file cannot have {size} bytes in parts of {part_size}.")
        upload_id = secrets.token_hex(16)
        info = Info(path, size, part_size, time.time())

        def make(aside: int) -> None:
            room = os.fstatvfs(aside)
            if room.f_bavail * room.f_frsize < size:
                raise NoRoom(
                    f"There is no room for the artifact {path!r}: it has {size} bytes, and "
                    f"{room.f_bavail * room.f_frsize} are free. Nothing was kept."
                )
            os.mkdir(upload_id, dir_fd=aside)

        try:
            self._check_target(path)
            aside, _ = self._disk.making(make)
            try:
                with opened(upload_id, aside) as folder:
                    data = os.open(DATA, NEW, 0o666, dir_fd=folder)
                    try:
                        os.truncate(data, size)
                    finally:
                        os.close(data)
                    # Last, and by a rename: what has no info is not there.
                    self._write_info(info, folder)
            finally:
                self._disk.leave(aside)
        except OSError as error:
            raise failure(error, path) from None
        return upload_id

    def writing_part(
        self, path: str, upload_id: str, number: int, size: int, digest: str | None = None
    ) -> "WritingPart":
        """A part to be written piece by piece; the caller discards it in the end.

        Args:
            number: from 1.
            size: bytes that it will have.
            digest: SHA-256 in hexadecimal; it is only computed without.

        Raises:
            MlflowException: `Busy`, `Vanished`, or the file has no such part.
        """
        return WritingPart(self._disk, safe_path(path), upload_id, number, size, digest)

    def put_part(
        self, path: str, upload_id: str, number: int, body: Body, size: int, digest: str
    ) -> None:
        """Keep a part; see `Parts.put_part`."""
        with self.writing_part(path, upload_id, number, size, digest) as writing:
            for piece in body():
                writing.write(piece)
            writing.finish()

    def finish(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the file visible; see `Parts.finish`.

        Raises:
            Busy: somebody still writes one of the parts.
        """
        *folders, target = safe_path(path).split("/")
        try:
            with ExitStack() as stack:
                folder, info = stack.enter_context(upload(self._disk, path, upload_id))
                if not lock(folder, fcntl.LOCK_EX, _PATIENCE):
                    raise Busy(f"Parts of the artifact {path!r} are still being written.")
                data = open_in(DATA, os.O_RDWR | os.O_NOFOLLOW, folder, path)
                stack.callback(os.close, data)
                self._check_parts(path, info, parts, folder, data)
                whole = [part.digest for part in parts]
                kept_digests.keep(data, digests.of_parts(self.algorithm, info.part_size, whole))
                if self._disk.durable:
                    os.fsync(data)
                self._disk.settle(DATA, folder, folders, target)
                # Still locked: a part that comes late must not find the folder as it was.
                self._throw_away(upload_id)
        except OSError as error:
            raise failure(error, path) from None

    def claim(self, path: str, upload_id: str) -> ExitStack | None:
        """Let no other process go on with an unfinished file as long as this one does.

        Returns:
            What is closed to let go of it; None when somebody else has it.

        Raises:
            Vanished: there is no such unfinished file (any more).
        """
        with ExitStack() as stack:
            try:
                with upload(self._disk, path, upload_id) as (folder, _):
                    handle = open_in(INFO, os.O_RDWR | os.O_NOFOLLOW, folder, path)
                stack.callback(let_go, handle)
                return stack.pop_all() if lock(handle, fcntl.LOCK_EX) else None
            except OSError as error:
                raise failure(error, path) from None

    def abort(self, path: str, upload_id: str) -> None:
        """Throw the parts away; see `Parts.abort`."""
        safe_path(path)
        try:
            with upload(self._disk, path, upload_id):
                self._throw_away(upload_id)
        except Vanished:
            return
        except OSError as error:
            raise failure(error, path) from None

    def _check_target(self, path: str) -> None:
        """Refuse now what could not become visible in the end."""
        *folders, target = path.split("/")
        with suppress(FileNotFoundError), self._disk.hold(folders) as parent:
            found = os.stat(target, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))

    def _write_info(self, info: Info, folder: int) -> None:
        name = f"{INFO}.new"
        handle = os.open(name, NEW, 0o666, dir_fd=folder)
        try:
            write_all(handle, msgspec.json.encode(info))
            if self._disk.durable:
                os.fsync(handle)
        finally:
            os.close(handle)
        os.rename(name, INFO, src_dir_fd=folder, dst_dir_fd=folder)
        if self._disk.durable:
            os.fsync(folder)

    def _unfinished(self, path: str, upload_id: str) -> Unfinished:
        with upload(self._disk, path, upload_id) as (folder, info):
            data = open_in(DATA, os.O_RDONLY | os.O_NOFOLLOW, folder, path)
            try:
                parts = {}
                numbers = sorted(int(name) for name in os.listdir(folder) if name.isdecimal())
                for number in numbers:
                    if (part := part_of(folder, data, info, number)) is not None:
                        parts[number] = part
            finally:
                os.close(data)
        return Unfinished(upload_id, info.part_size, info.size, info.started, parts)

    def _check_parts(
        self, path: str, info: Info, parts: Sequence[Part], folder: int, data: int
    ) -> None:
        count = digests.count_of(info.size, info.part_size)
        wrong = list(range(count + 1, len(parts) + 1))
        for number in range(1, count + 1):
            given = parts[number - 1].digest if number <= len(parts) else None
            there = part_of(folder, data, info, number)
            if there is None or there.digest != given:
                wrong.append(number)
        if wrong:
            shown = ", ".join(map(str, sorted(wrong)[:20])) + (", …" if len(wrong) > 20 else "")
            raise Damaged(
                f"The artifact {path!r} is not complete: of {count} parts these are missing or "
                f"have another content: {shown}. Send them again."
            )

    def _throw_away(self, upload_id: str) -> None:
        with suppress(FileNotFoundError), self._disk.beside() as aside:
            throw_away(upload_id, aside)


class WritingPart:
    """A part that is on its way. It may be used in a `with`.

    The arguments are those of `DiskParts.writing_part`.
    """

    def __init__(
        self, disk: Disk, path: str, upload_id: str, number: int, size: int, digest: str | None
    ) -> None:
        self._path = path
        self._number = number
        self._expected = digest
        self._left = size
        self._size = size
        self._hash = digests.hasher(digests.SHA256)
        self._over = ExitStack()
        self._record = self._data = -1
        self._durable = disk.durable
        #: SHA-256 of the part in hexadecimal, once it is finished
        self.digest: str | None = None
        try:
            self._open(disk, upload_id)
        except OSError as error:
            self.discard()
            raise failure(error, path) from None
        except BaseException:
            self.discard()
            raise

    def _open(self, disk: Disk, upload_id: str) -> None:
        folder, info = self._over.enter_context(upload(disk, self._path, upload_id))
        count = digests.count_of(info.size, info.part_size)
        if not 1 <= self._number <= count:
            raise invalid(f"The artifact {self._path!r} has {count} parts, not {self._number}.")
        self._at, right = digests.span_of(self._number, info.size, info.part_size)
        if self._size != right:
            raise invalid(
                f"Part {self._number} of the artifact {self._path!r} has {right} bytes, "
                f"not {self._size}."
            )
        if not lock(folder, fcntl.LOCK_SH):
            raise Busy(f"The artifact {self._path!r} is being finished at this moment.")
        self._record = open_in(str(self._number), _NEW_RECORD, folder, self._path)
        self._over.callback(let_go, self._record)
        if not lock(self._record, fcntl.LOCK_EX):
            raise Busy(f"Part {self._number} of {self._path!r} is being sent by somebody else.")
        os.truncate(self._record, 0)
        self._data = open_in(DATA, os.O_WRONLY | os.O_NOFOLLOW, folder, self._path)
        self._over.callback(os.close, self._data)

    def write(self, piece: "bytes | memoryview") -> None:
        """Add to the end; Damaged when it is more than was said."""
        view = memoryview(piece)
        if len(view) > self._left:
            raise self._wrong("it is longer than was said")
        self._hash.update(view)
        self._left -= len(view)
        try:
            while view:
                written = os.pwrite(self._data, view, self._at)
                self._at += written
                view = view[written:]
        except OSError as error:
            raise failure(error, self._path) from None

    def finish(self) -> None:
        """Keep the part.

        Raises:
            Damaged: it is another one than was said; it is not kept.
        """
        if self._left:
            raise self._wrong(f"{self._left} bytes are missing")
        digest: str = self._hash.hexdigest()
        if self._expected not in (None, digest):
            raise self._wrong(f"it has the digest {digest}")
        try:
            write_record(self._record, Record(digest, self._size, boot()))
        except OSError as error:
            raise failure(error, self._path) from None
        if self._durable:
            begin_to_sync(self._data, self._at - self._size, self._size)
        self.digest = digest

    def discard(self) -> None:
        """Let go of it, also when it was not finished; may be called again."""
        self._over.close()

    def __enter__(self) -> "WritingPart":
        return self

    def __exit__(self, *error: Any) -> None:
        self.discard()

    def _wrong(self, reason: str) -> Damaged:
        return Damaged(
            f"What arrived as part {self._number} of the artifact {self._path!r} is not what was "
            f"sent: {reason}. It was not kept; send it again."
        )
