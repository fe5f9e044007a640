"""A folder on its way to a place: looked at once, the small files in batches, shown as a whole."""

import hashlib
import logging
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from mlflow.blobs.place import LARGE, REREAD, Damaged, Found, Place, Staging, Vanished
from mlflow.blobs.served.place import Served
from mlflow.blobs.served.server import TooLarge
from mlflow.blobs.uri import joined, safe_path
from mlflow.client import uploads
from mlflow.client.crew import Stop, each
from mlflow.client.progress import Progress
from mlflow.client.sources import BytesSource, FileSource, digest_of

_logger = logging.getLogger(__name__)
#: bytes of the largest file that goes into a batch, and of a batch
SMALL = 256 * 1024
BATCH = 2 * 1024 * 1024
#: what a file needs in a batch besides its content
_OVERHEAD = 1024
#: batches, or files, that are on their way at the same time
AT_ONCE = 4


class Entry(NamedTuple):
    """A file to send: where it is, its path below the folder, its bytes as they were listed."""

    local: str
    path: str
    size: int


class Count:
    """Files that are there; threads add to it."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self._lock = threading.Lock()

    def add(self, files: int) -> None:
        """Say that so many more files are there."""
        with self._lock:
            self.done += files

    def restart(self, total: int) -> None:
        """Begin anew, with so many files."""
        self.total, self.done = total, 0


def entries(local: Path, folder: str) -> list[Entry]:
    """All files below a folder, sorted; links to files count, links to folders do not.

    Args:
        folder: where they go; each name is checked with it.

    Raises:
        OSError: a folder or file cannot be looked at.
        MlflowException: a name cannot be kept.
    """
    if not local.is_dir():
        _logger.warning("There is no folder %s, so nothing of it was logged.", local)
        return []
    return list(_below(os.fspath(local), "", folder))


def _below(here: str, path: str, folder: str) -> Iterator[Entry]:
    with os.scandir(here) as found:
        inside = sorted(found, key=lambda entry: entry.name)
    for entry in inside:
        below = joined(path, entry.name)
        if entry.is_dir():
            if entry.is_symlink():
                _logger.warning(
                    "The link %s is left out: links to folders are not followed.", entry.name
                )
            else:
                yield from _below(entry.path, below, folder)
            continue
        safe_path(joined(folder, below))
        status = entry.stat()
        if stat.S_ISREG(status.st_mode):
            yield Entry(entry.path, below, status.st_size)
        else:
            _logger.warning("%s is left out: it is no file.", entry.path)


def attempt_of(local: Path, target: str) -> str:
    """What names the attempt to send a folder to a place, on whatever day it is made again."""
    words = f"{socket.gethostname()}\n{local.absolute()}\n{target}"
    return hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def send(
    place: Place,
    local: Path,
    folder: str,
    files: list[Entry],
    count: Count,
    progress: Progress,
    stop: Stop,
) -> None:
    """Send files to a folder of a place, where they become visible together.

    Args:
        local: what they are below.
        files: see `entries`.
        count, progress: are told what has arrived.
        stop: set when it is to be given up.
    """

    def sound(file: Entry, there: Found) -> bool:
        return file.size <= REREAD or uploads.still_gives(place, joined(folder, file.path), there)

    for again in (True, False):
        staging = place.staging(folder, attempt_of(local, folder))
        try:
            _fill(staging, files, sound, count, progress, stop)
            staging.publish()
            return
        except Vanished:
            # Only the answer was lost, or somebody has removed what was sent.
            if _is_there(place, folder, files):
                return
            if not again:
                raise
        progress.again()
        count.add(-count.done)


def _fill(
    staging: Staging,
    files: list[Entry],
    sound: Callable[[Entry, Found], bool],
    count: Count,
    progress: Progress,
    stop: Stop,
) -> None:
    there = staging.there()
    sender = _Sender(staging.place, there, sound, count, progress)
    small = [file for file in files if file.size <= SMALL]
    middle = [file for file in files if SMALL < file.size < LARGE]
    large = [file for file in files if file.size >= LARGE]
    batches = list(sender.batches(small))
    each(sender.batch, batches, min(AT_ONCE, len(batches)), stop)
    each(sender.file, middle, min(AT_ONCE, len(middle)), stop)
    for file in large:
        sender.file(file, stop)


def _is_there(place: Place, folder: str, files: list[Entry]) -> bool:
    """Whether a folder shows all of the files, with the right sizes and digests."""
    found = {one.path: one for one in place.walk(folder)}
    stop = Stop()
    return all(
        (there := found.get(file.path)) is not None and _same(FileSource(file.local), there, stop)
        for file in files
    )


def _same(source: "FileSource | BytesSource", there: Found, stop: Stop) -> bool:
    if there.size != source.size or there.digest is None:
        return False
    return digest_of(source, there.digest, stop) == there.digest


class _Sender:
    """Sends files, except those that are there with the right digest.

    Args:
        sound: whether what is there of a file was not damaged since.
    """

    def __init__(
        self,
        place: Place,
        there: Mapping[str, Found],
        sound: Callable[[Entry, Found], bool],
        count: Count,
        progress: Progress,
    ) -> None:
        self._place = place
        self._there = there
        self._sound = sound
        self._count = count
        self._progress = progress

    def batches(self, files: list[Entry]) -> Iterator[list[Entry]]:
        """Small files in groups that fit into one body."""
        most = self._place.most_in_batch
        limit = BATCH
        if isinstance(self._place, Served) and self._place.most_in_body is not None:
            limit = min(limit, self._place.most_in_body - 4096)
        batch: list[Entry] = []
        size = 0
        for file in files:
            needs = file.size + _OVERHEAD + 3 * len(file.path)
            if batch and (len(batch) >= most or size + needs > limit):
                yield batch
                batch, size = [], 0
            batch.append(file)
            size += needs
        if batch:
            yield batch

    def batch(self, files: list[Entry], stop: Stop) -> None:
        """Send small files together."""
        if len(files) < 2:
            for file in files:
                self.file(file, stop)
            return
        contents: list[tuple[str, bytes]] = []
        missing: list[Entry] = []
        for file in files:
            stop.check()
            with open(file.local, "rb", buffering=0) as opened:
                content = opened.read(SMALL + 1)
            if len(content) > SMALL:  # it has grown
                self.file(file, stop)
                continue
            there = self._there.get(file.path)
            if there is not None and _same(BytesSource(file.local, content), there, stop):
                self._arrived(file, before=True)
                continue
            contents.append((file.path, content))
            missing.append(file)
        if contents:
            self._put(contents, missing, stop)

    def _put(self, contents: list[tuple[str, bytes]], files: list[Entry], stop: Stop) -> None:
        damaged = 0
        while True:
            stop.check()
            try:
                self._place.put_batch(contents)
                break
            except Damaged:
                damaged += 1
                if damaged > 3:
                    raise
            except TooLarge:
                # Now it is known what passes.
                fewer = list(self.batches(files))
                if len(fewer) < 2:
                    half = len(files) // 2
                    fewer = [files[:half], files[half:]]
                for part in fewer:
                    self.batch(part, stop)
                return
        for file in files:
            self._arrived(file)

    def file(self, file: Entry, stop: Stop) -> None:
        """Send one file."""
        source = FileSource(file.local)
        there = self._there.get(file.path)
        if there is not None and _same(source, there, stop) and self._sound(file, there):
            self._arrived(file, before=True)
            return
        uploads.send(self._place, file.path, source, self._progress, stop)
        self._count.add(1)

    def _arrived(self, file: Entry, *, before: bool = False) -> None:
        self._count.add(1)
        self._progress.add(file.size, before=before)
