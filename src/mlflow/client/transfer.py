"""Whole files and folders between this machine and a place for artifacts."""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

from mlflow.blobs import BrokenOff, Folder, Place, Reading
from mlflow.blobs.uri import joined, safe_path
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES
from mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException, missing

_logger = logging.getLogger(__name__)
#: files that are on their way at the same time
_AT_ONCE = 8


def send_file(place: Place, local: Path, folder: str) -> None:
    """Send a file into a folder of a place, under its own name.

    Raises:
        OSError: the file cannot be read.
        MlflowException: the place refuses it.
    """
    path = safe_path(joined(folder, local.name))
    with local.open("rb") as file:
        place.put(path, file)


def send_folder(place: Place, local: Path, folder: str) -> None:
    """Send what is in a folder, with all that is below, into a folder of a place.

    Nothing is sent when one of the names cannot be kept.

    Raises:
        MlflowException: what went wrong first, and how many files were sent by then.
    """
    files = list(_files(local))
    targets = [safe_path(joined(folder, file.relative_to(local).as_posix())) for file in files]

    def send(number: int) -> None:
        with files[number].open("rb") as file:
            place.put(targets[number], file)

    _each(send, len(files), f"of {local} were sent")


def fetch(place: Place, path: str, target: Path, *, name: str | None = None) -> Path:
    """Fetch a file, or a folder with all that is below, into a folder of this machine.

    A file is there when all of it is. Names that a server lists are trusted with nothing.

    Args:
        path: what to fetch; the root of the place when empty.
        target: where to; made if need be.
        name: what it is called there, by default the last name of `path`; empty for the folder
            `target` itself.

    Returns:
        The file or folder.

    Raises:
        MlflowException: RESOURCE_DOES_NOT_EXIST, or why it cannot be fetched.
    """
    target.mkdir(parents=True, exist_ok=True)
    base = path.rpartition("/")[2] if name is None else name
    into = Folder(target, durable=False, passing=True)
    found = list(_below(place, path)) if place.list(path) else None
    if found is None:
        if not path:
            return target
        _fetch_file(place, path, into, base or path.rpartition("/")[2])
        return target / (base or path.rpartition("/")[2])

    def one(number: int) -> None:
        _fetch_file(place, joined(path, found[number]), into, joined(base, found[number]))

    _each(one, len(found), f"of {path or 'the artifacts'} were fetched")
    return target / base if base else target


def new_folder() -> Path:
    """A folder for what is fetched without saying where to; the caller removes it."""
    return Path(tempfile.mkdtemp(prefix="mlflow-"))


def _fetch_file(place: Place, path: str, into: Folder, name: str) -> None:
    most = MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()
    for attempt in range(most + 1):
        try:
            with place.get(path) as reading:
                into.put(name, cast("BinaryIO", _Pieces(reading)))
            return
        except BrokenOff:
            if attempt == most:
                raise
        except MlflowException as error:
            if error.error_code == RESOURCE_DOES_NOT_EXIST:
                raise missing(f"There is no artifact {path!r}.") from None
            raise
        _logger.warning("Fetching %s broke off; it is begun again.", path)


class _Pieces(RawIOBase):
    """What is being read, as a stream."""

    def __init__(self, reading: Reading) -> None:
        self._pieces = reading.pieces()

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")


def _files(local: Path) -> Iterator[Path]:
    """All files below a folder, sorted; links to files count, links to folders do not."""
    if not local.is_dir():
        _logger.warning("There is no folder %s, so nothing of it was logged.", local)
        return
    for here, folders, names in os.walk(local):
        folders.sort()
        for name in folders:
            if os.path.islink(os.path.join(here, name)):
                _logger.warning("The link %s is left out: links to folders are not followed.", name)
        yield from (Path(here, name) for name in sorted(names))


def _below(place: Place, path: str, depth: int = 100) -> Iterator[str]:
    """The paths of all files below a folder, relative to it."""
    for blob in place.list(path):
        if not blob.is_dir:
            yield blob.name
        elif depth:
            for inner in _below(place, joined(path, blob.name), depth - 1):
                yield f"{blob.name}/{inner}"
        else:
            raise MlflowException(f"The folders below {path!r} have no end.")


def _each(work: Callable[[int], None], count: int, done_words: str) -> None:
    """Call `work` with each number below `count`, several at once; the first error ends it."""
    if count < 2:
        for number in range(count):
            work(number)
        return
    with ThreadPoolExecutor(min(_AT_ONCE, count), thread_name_prefix="artifacts") as pool:
        futures = [pool.submit(work, number) for number in range(count)]
        done = 0
        try:
            for future in futures:
                future.result()
                done += 1
        except BaseException as error:
            for future in futures:
                future.cancel()
            if isinstance(error, MlflowException):
                raise MlflowException(
                    f"{error.message} ({done} of {count} files {done_words}.)", error.error_code
                ) from None
            raise
