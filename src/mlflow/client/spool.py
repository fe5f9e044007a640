"""The outbox on disk: append-only files that lose nothing when their process is killed.

There is one file per run and process, in one folder per tracking server:

    <run id>.<created, ms>.<process id>.<four random bytes>.spool

    8 bytes   magic, with the version of the format
    8 bytes   delivered: offset up to which the server has everything
    8 bytes   length and CRC-32 of the description
    n bytes   description (JSON): tracking URI without credentials, run id, time of creation
    then      records: length, CRC-32, number of values, payload

A record is one `pwrite` into the page cache, which outlives the process; what `append` returned
for is lost only if the machine itself goes down. A tail that was torn in the middle of a write is
recognised by its checksum and cut. A live process holds a lock on each of its files, so a file
whose lock is free was left over and may be adopted by anyone.
"""

import fcntl
import hashlib
import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from mlflow import environment_variables as settings
from mlflow._clock import now_ms

SUFFIX = ".spool"

_MAGIC = b"mlspool1"
_POSITION = struct.Struct("<Q")
_POSITION_AT = len(_MAGIC)
_DESCRIPTION = struct.Struct("<II")
_DESCRIPTION_AT = _POSITION_AT + _POSITION.size
_FRAME = struct.Struct("<III")
_MAX_PAYLOAD = 1 << 28
_READ_AHEAD = 1 << 18
#: a link may lead to a file that is none of ours, and opening a pipe may take for ever
_PLAIN = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_RUN_ID = re.compile(r"\w[\w-]*")


class Description(msgspec.Struct):
    """What a file says about itself; `created` in milliseconds since the epoch."""

    uri: str
    run_id: str
    created: int
    pid: int


class Frame(msgspec.Struct, gc=False):
    """A record in the file: its payload, its number of values and the offset behind it."""

    payload: bytes
    values: int
    end: int


class Contents(msgspec.Struct):
    """What waits in a file: values, the size in bytes, and whether a live process holds it."""

    path: Path
    about: Description
    values: int
    size: int
    in_use: bool


class Unreadable(Exception):
    """The file is not a spool file, or its beginning is damaged."""


class Spool:
    """An open and locked spool file; made by `create` and `adopt`.

    Attributes:
        end: offset behind the last record.
        delivered: offset up to which the server has everything.
        begin: offset of the first record.
        records, values: what was not delivered when the file was adopted.
    """

    def __init__(self, path: Path, fd: int, about: Description, begin: int) -> None:
        self.path = path
        self.about = about
        self.begin = self.end = self.delivered = begin
        self.records = self.values = 0
        self._fd = fd

    @classmethod
    def create(cls, folder: Path, uri: str, run_id: str) -> "Spool":
        """A new, empty file for what this process logs into a run.

        Args:
            folder: the outbox of the server; made when it is not there.
            uri: the tracking URI; credentials in it are not written.
            run_id: the run.

        Raises:
            OSError: the folder or the file cannot be written.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Left-over files of a run go out in order of creation, also when the clock was set back.
        created = max([now_ms(), *(_created(path) + 1 for path in left_over(folder, run_id))])
        about = Description(without_credentials(uri), run_id, created, os.getpid())
        name = f"{run_id[:64]}.{created}.{os.getpid()}.{os.urandom(4).hex()}{SUFFIX}"
        path = folder / name
        text = msgspec.json.encode(about)
        begin = _DESCRIPTION_AT + _DESCRIPTION.size + len(text)
        start = _MAGIC + _POSITION.pack(begin) + _DESCRIPTION.pack(len(text), zlib.crc32(text))
        # Under its final name the file is seen by others, so it must be locked before it has it.
        hidden = path.with_suffix(".new")
        fd = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(fd, start + text, 0)
            os.rename(hidden, path)
        except BaseException:
            os.close(fd)
            hidden.unlink(missing_ok=True)
            raise
        return cls(path, fd, about, begin)

    @classmethod
    def adopt(cls, path: Path) -> "Spool | None":
        """The file at `path`, locked, its torn tail cut; None when it is in use or gone.

        Raises:
            Unreadable: it is not a spool file.
            OSError: it cannot be opened.
        """
        try:
            fd = os.open(path, os.O_RDWR | _PLAIN)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_nlink == 0:  # delivered and removed before we had the lock
                os.close(fd)
                return None
            about, begin = _describe(fd)
            spool = cls(path, fd, about, begin)
            spool._restore()
        except BlockingIOError:
            os.close(fd)
            return None
        except BaseException:
            os.close(fd)
            raise
        return spool

    def append(self, payload: bytes, values: int = 1) -> int:
        """Add a record; returns the offset behind it. Safe from `kill -9` when it returns.

        Raises:
            OSError: it could not be written (disk full, quota); the file is as it was.
        """
        frame = _FRAME.pack(len(payload), zlib.crc32(payload, values), values) + payload
        if os.pwrite(self._fd, frame, self.end) != len(frame):
            try:  # the second attempt tells why the first was cut short
                _write(self._fd, frame, self.end)
            except OSError:
                os.ftruncate(self._fd, self.end)
                raise
        self.end += len(frame)
        return self.end

    def read(self, start: int, end: int) -> Iterator[Frame]:
        """The records between two offsets."""
        block, at = b"", start
        while at < end:
            head = _FRAME.size
            if len(block) < head:
                block = os.pread(self._fd, _READ_AHEAD, at)
            if len(block) < head:
                return
            length, checksum, values = _FRAME.unpack_from(block)
            if not 0 < length <= _MAX_PAYLOAD:
                return
            if len(block) < head + length:
                block = os.pread(self._fd, max(_READ_AHEAD, head + length), at)
            payload = block[head : head + length]
            if len(payload) < length or zlib.crc32(payload, values) != checksum:
                return
            at += head + length
            block = block[head + length :]
            yield Frame(payload, values, at)

    def mark(self, position: int) -> None:
        """Remember that the server has everything up to `position`."""
        self.delivered = position
        _write(self._fd, _POSITION.pack(position), _POSITION_AT)

    def rewind(self) -> None:
        """Give the space of delivered records back; only when all are delivered."""
        # Killed between the two steps, the position lies behind the end, which means the same.
        os.ftruncate(self._fd, self.begin)
        self.end = self.begin
        self.mark(self.begin)

    def sync(self) -> None:
        """Make what was appended safe from a loss of power, too."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Close the file and give up its lock. In a forked child, the parent keeps the lock."""
        os.close(self._fd)

    def remove(self) -> None:
        """Delete the file and close it."""
        self.path.unlink(missing_ok=True)
        self.close()

    def _restore(self) -> None:
        size = os.fstat(self._fd).st_size
        delivered = _position(self._fd)
        if not self.begin <= delivered <= size:
            delivered = size
            self.mark(size)  # before it grows, or the position would lie inside a record
        self.delivered = delivered
        self._count(size)
        if self.end < size:
            os.ftruncate(self._fd, self.end)

    def _count(self, size: int) -> None:
        """Find the end of the records and how many are not delivered."""
        self.end = self.delivered
        for frame in self.read(self.delivered, size):
            self.end = frame.end
            self.records += 1
            self.values += frame.values


def outbox_root() -> Path:
    """The folder that holds the outboxes of all tracking servers."""
    if chosen := settings.MLFLOW_OUTBOX_DIR.get():
        return Path(chosen)
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "mlflow" / "outbox"


def outbox_folder(uri: str) -> Path:
    """The outbox of one tracking server; inside the folder when `uri` names a folder."""
    plain = without_credentials(uri).rstrip("/")
    parts = urlsplit(plain)
    embedded = parts.scheme in ("", "file")
    if embedded:
        place = unquote(parts.path) if parts.scheme else plain
        plain = str(Path(place).absolute())
        if not settings.MLFLOW_OUTBOX_DIR.get():
            return Path(plain) / "outbox"
    elif parts.scheme == "sqlite":  # two folders may each have their mlflow.db
        plain = f"sqlite:///{Path(plain.removeprefix('sqlite:///')).absolute()}"
    name = re.sub(r"[^\w.-]+", "-", parts.netloc or Path(parts.path).name).strip("-.") or "server"
    return outbox_root() / f"{name[:64]}-{hashlib.sha256(plain.encode()).hexdigest()[:12]}"


def left_over(folder: Path, run_id: str | None = None) -> list[Path]:
    """The spool files in an outbox, of one run or of all, the oldest first."""
    start = f"{run_id[:64]}." if run_id else ""
    try:
        with os.scandir(folder) as entries:
            found = [
                Path(entry.path)
                for entry in entries
                if entry.name.endswith(SUFFIX) and entry.name.startswith(start)
            ]
    except OSError:
        return []
    return sorted(found, key=lambda path: (_created(path), path.name))


def inspect(path: Path) -> Contents | None:
    """What waits in the file at `path`, which may be in use; None when it is gone.

    Raises:
        Unreadable: it is not a spool file.
        OSError: it cannot be opened.
    """
    try:
        fd = os.open(path, os.O_RDONLY | _PLAIN)
    except FileNotFoundError:
        return None
    try:
        about, begin = _describe(fd)
        spool = Spool(path, fd, about, begin)
        size = os.fstat(fd).st_size
        spool.delivered = min(max(begin, _position(fd)), size)
        spool._count(size)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            in_use = False
        except BlockingIOError:
            in_use = True
        return Contents(path, about, spool.values, size, in_use)
    finally:
        os.close(fd)


def without_credentials(uri: str) -> str:
    """A URI without user name and password."""
    return re.sub(r"^([\w+.-]+://)[^/]*@", r"\1", uri)


def _created(path: Path) -> int:
    parts = path.name.rsplit(".", 4)
    return int(parts[1]) if len(parts) == 5 and parts[1].isdecimal() else 0


def _position(fd: int) -> int:
    (position,) = _POSITION.unpack(os.pread(fd, _POSITION.size, _POSITION_AT))
    return int(position)


def _describe(fd: int) -> tuple[Description, int]:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise Unreadable("it is no file")
    start = os.pread(fd, 1 << 16, 0)
    at = _DESCRIPTION_AT + _DESCRIPTION.size
    if start[: len(_MAGIC)] != _MAGIC or len(start) < at:
        raise Unreadable("it does not begin as a spool file of this version does")
    length, checksum = _DESCRIPTION.unpack_from(start, _DESCRIPTION_AT)
    text = start[at : at + length]
    if len(text) < length or zlib.crc32(text) != checksum:
        raise Unreadable("its description is damaged")
    try:
        about = msgspec.json.decode(text, type=Description)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"its description cannot be read: {error}") from None
    if not _RUN_ID.fullmatch(about.run_id):  # files are named after it
        raise Unreadable(f"{about.run_id!r} is no run id")
    return about, at + length


def _write(fd: int, data: bytes, at: int) -> None:
    while data:
        written = os.pwrite(fd, data, at)
        data, at = data[written:], at + written
