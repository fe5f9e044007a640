"""Whole files and folders between this machine and a place for artifacts.

    uploads.py     one file, in parts when it is large
    folders.py     a folder, which becomes visible as a whole
    downloads.py   one file, in ranges when it is large
    batches.py     small files on their way here, many at once
    sources.py     what is sent
    crew.py        the threads that do it
    progress.py    what is shown meanwhile

What is interrupted goes on when it is asked for again, from any process. Errors say how far it is.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.blobs import Folder, Place
from mlflow.blobs.place import LARGE, Changed, Found
from mlflow.blobs.served.place import Served
from mlflow.blobs.uri import joined, safe_path
from mlflow.client import batches, downloads, folders, uploads
from mlflow.client.crew import Stop, each, pause
from mlflow.client.folders import Count
from mlflow.client.progress import Progress, amount
from mlflow.client.sources import PIECE, BytesSource, FileSource
from mlflow.exceptions import (
    INVALID_PARAMETER_VALUE,
    NOT_IMPLEMENTED,
    RESOURCE_DOES_NOT_EXIST,
    MlflowException,
)

_logger = logging.getLogger(__name__)
#: files that are fetched at the same time
_AT_ONCE = 8
#: how often a folder that is replaced while it is fetched is listed
_LISTINGS = 10
#: errors that another call does not change
_LASTING = (INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, NOT_IMPLEMENTED)


def send_file(place: Place, local: Path, folder: str) -> None:
    """Send a file into a folder of a place, under its own name.

    Raises:
        OSError: the file cannot be read.
        MlflowException: it changed meanwhile, or the place refuses it; the message says how much
            has arrived.
    """
    path = safe_path(joined(folder, local.name))
    source = FileSource(local)
    if not source.is_regular:  # a pipe: nobody knows its size
        with local.open("rb") as stream:
            send_stream(place, path, stream)
        return
    stop = Stop()
    with _progress(f"Sending {local.name}", source.size, f"of {local} are there", stop) as progress:
        uploads.send(place, path, source, progress, stop)


def put_bytes(place: Place, path: str, content: bytes) -> None:
    """Send bytes as a file; see `send_file`."""
    path = safe_path(path)
    stop = Stop()
    with _progress(f"Sending {path}", len(content), f"of {path} are there", stop) as progress:
        uploads.send(place, path, BytesSource(path, content), progress, stop)


def send_stream(place: Place, path: str, stream: Any) -> None:
    """Send what a stream gives as a file, while it is produced. Nothing is visible before its end.

    Args:
        stream: has `read(size)`, which gives no bytes at the end only.

    Raises:
        MlflowException: the place refuses it, or it could not be sent; nothing of it is kept.
    """
    writing = place.writing(safe_path(path))
    try:
        while piece := stream.read(PIECE):
            writing.write(piece)
        writing.finish()
    finally:
        writing.discard()


def send_folder(place: Place, local: Path, folder: str) -> None:
    """Send what is in a folder, with all that is below, into a folder of a place.

    Nothing is sent when one of the names cannot be kept. Files that are there with the same digest
    are not sent. All of it becomes visible at once, where the place can do that.

    Raises:
        OSError: a file cannot be read.
        MlflowException: what went wrong first; the message says how much has arrived.
    """
    files = folders.entries(local, folder)
    if not files:
        return
    count, stop = Count(len(files)), Stop()
    total = sum(file.size for file in files)
    title = f"Sending {local.name or local}"
    with _progress(title, total, f"of {local} were sent", stop, count) as progress:
        folders.send(place, local, folder, files, count, progress, stop)


def fetch(place: Place, path: str, target: Path, *, name: str | None = None) -> Path:
    """Fetch a file, or a folder with all that is below, into a folder of this machine.

    A file is there when all of it is, and when it has the digest that its place knows. Names that a
    server lists are trusted with nothing.

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
    stop = Stop()
    found = place.look(path) if path else None
    if found is None:
        files = sorted(place.walk(path))
        if files or not path:
            _fetch_files(place, path, files, into, base, stop)
            return target / base if base else target
    called = base or path.rpartition("/")[2]
    size = found.size if found else 0
    words = f"of {path} were fetched to {target}"
    with _progress(f"Fetching {called}", size, words, stop) as progress:
        downloads.receive(place, path, _known(place, path, found), into, called, progress, stop)
    return target / called


def new_folder() -> Path:
    """A folder for what is fetched without saying where to; the caller removes it."""
    return Path(tempfile.mkdtemp(prefix="mlflow-"))


def _fetch_files(
    place: Place, path: str, files: list[Found], into: Folder, base: str, stop: Stop
) -> None:
    """Fetch the files of a folder, all as one listing shows them.

    A folder that is replaced meanwhile is listed anew, and what has changed is fetched again.
    """
    count = Count(len(files))
    words = f"of {path or 'the artifacts'} were fetched to {into.root}"
    #: path and tag of what has been fetched
    fetched: set[tuple[str, str]] = set()

    def one(file: Found, stop: Stop) -> None:
        if file.tag and (file.path, file.tag) in fetched:
            progress.add(file.size, before=True)
        else:
            whole, name = joined(path, file.path), joined(base, file.path)
            if file.size >= LARGE and file.digest is None:
                file = file._replace(digest=_digest(place, whole))
            downloads.receive_version(place, whole, file, into, name, progress, stop)
            fetched.add((file.path, file.tag))
        count.add(1)

    total = sum(file.size for file in files)
    title = f"Fetching {base or path or 'artifacts'}"
    with _progress(title, total, words, stop, count) as progress:
        for attempt in range(_LISTINGS):
            small = [file for file in files if file.size < LARGE]
            large = [file for file in files if file.size >= LARGE]
            try:
                new = [file for file in small if (file.path, file.tag) not in fetched]
                came = batches.receive(place, path, new, into, base, progress, count, stop)
                fetched |= {(file.path, file.tag) for file in came}
                alone = [file for file in small if file not in came]
                each(one, alone, min(_AT_ONCE, len(alone)), stop)
                each(one, large, 1, stop)
                return
            except Changed:
                if attempt == _LISTINGS - 1:
                    raise
            pause(attempt / 10, stop)
            files = sorted(place.walk(path))
            progress.again()
            count.restart(len(files))


def _known(place: Place, path: str, found: Found | None) -> Found | None:
    if found is None or found.digest is not None:
        return found
    return found._replace(digest=_digest(place, path))


def _digest(place: Place, path: str) -> Any:
    """The digest of a file that a place can work out, or tells of a single file only."""
    if isinstance(place, Folder | Served):
        return place.digest(path)
    found = place.look(path)  # the listing of an object store does not tell for certain
    return found.digest if found else None


@contextmanager
def _progress(
    title: str, total: int, words: str, stop: Stop, count: Count | None = None
) -> Iterator[Progress]:
    """Show how far it is, say it in errors together with how to go on, and end all threads.

    Args:
        words: what follows the numbers, such as `of model.bin are there`.
        count: counts files, for folders.
    """
    with Progress(title, total) as progress:
        try:
            yield progress
        except downloads.DamagedThere:
            raise  # what came is of no use, and neither is another call
        except MlflowException as error:
            if progress.done or error.error_code not in _LASTING:
                advice = "call it again for the rest" if progress.done else "call it again"
                error.message = f"{error.message} ({_how_far(progress, words, count)}; {advice}.)"
                error.args = (error.message,)
            raise
        except KeyboardInterrupt:
            how_far = _how_far(progress, words, count)
            _logger.warning("Interrupted: %s; call it again for the rest.", how_far)
            raise
        finally:
            stop.set()


def _how_far(progress: Progress, words: str, count: Count | None) -> str:
    if count is not None:
        return f"{count.done} of {count.total} files {words}"
    return f"{amount(progress.done)} of {amount(progress.total)} {words}"
