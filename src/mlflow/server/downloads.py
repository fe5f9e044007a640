"""Files on their way to a client: whole or in part, known already, or read ahead while they go."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from email.utils import formatdate, parsedate_to_datetime
from itertools import chain
from typing import Any, NamedTuple

from mlflow.blobs import Folder, Place
from mlflow.blobs.digests import Digest
from mlflow.blobs.place import Changed, Found
from mlflow.blobs.served import tar
from mlflow.blobs.uri import joined, safe_path
from mlflow.exceptions import (
    INVALID_PARAMETER_VALUE,
    RESOURCE_DOES_NOT_EXIST,
    MlflowException,
    MlflowNotImplementedException,
    invalid,
    missing,
)
from mlflow.server import digest_headers
from mlflow.server.kinds import Look, saved
from mlflow.server.limits import Gone, Receive, Share
from mlflow.server.replies import Header, Reply, Send
from mlflow.server.routes import Request, Work
from mlflow.wire.artifacts import MOST_ARCHIVE

_log = logging.getLogger("mlflow.server")
#: bytes that are read at a time; one transfer holds two of these
_PIECE = 512 * 1024
#: files up to this size are sent at once
_SMALL = 64 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
#: what a request has that wants to know about the file first
_CONDITIONS = (b"range", b"if-match", b"if-none-match", b"if-modified-since")
_ALWAYS: tuple[Header, ...] = (
    (b"accept-ranges", b"bytes"),
    (b"cache-control", b"private, no-cache"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class _File(NamedTuple):
    """A file that can be sent.

    Args:
        pieces: gives its content from a byte on, for a number of bytes.
        modified: seconds since the epoch, None when the place does not say.
    """

    size: int
    tag: str
    digest: Digest | None
    modified: float | None
    pieces: Callable[[int, int], Iterator[bytes]]


class Downloads:
    """Answers with the content of files.

    Args:
        work: where files are read.
        timeout: seconds that a client may take to take a piece.
    """

    def __init__(self, work: Work, timeout: float) -> None:
        self._work = work
        self._timeout = timeout
        self._share = Share(_PIECE)

    def reply(self, request: Request, place: Place, path: str, look: Look = saved) -> Reply:
        """The answer to a request for a file; called in a thread.

        Args:
            look: what a browser is told about it.

        Raises:
            MlflowException: there is no such file, or it has another tag than the client asks for.
        """
        held = ExitStack()
        try:
            file = _opened(request, place, path, held, self._share)
            reply = self._negotiated(request, file, path, held, look)
        except BaseException:
            held.close()
            raise
        if not isinstance(reply.stream, _Sending):
            held.close()
        return reply

    def _negotiated(
        self, request: Request, file: _File, path: str, held: ExitStack, look: Look
    ) -> Reply:
        """The whole file, a part of it, or that the client has it already."""
        tag = f'"{file.tag}"' if file.tag else ""
        kind, told = look(path.rpartition("/")[2])
        headers = (*_ALWAYS, *told, *digest_headers.headers_of(file.digest))
        if tag:
            headers += ((b"etag", tag.encode("latin-1", "replace")),)
        if file.modified is not None:
            headers += ((b"last-modified", formatdate(file.modified, usegmt=True).encode()),)
        if not _matches(request.headers, tag):
            raise Changed(path)
        if _is_known(request.headers, tag, file.modified):
            return Reply(304, kind, b"", headers)
        start, length, status = 0, file.size, 200
        if (wanted := _range(request.headers, tag, file.size)) is not None:
            start, length = wanted
            if not length:
                return Reply(416, kind, b"", (*headers, _part(f"*/{file.size}")))
            status = 206
            headers = (*headers, _part(f"{start}-{start + length - 1}/{file.size}"))
        if request.method == "HEAD":
            return Reply(status, kind, b"", headers, _Nothing(length))
        pieces = file.pieces(start, length)
        if length <= _SMALL:
            return Reply(status, kind, b"".join(pieces), headers)
        # What is wrong shows with the first piece, while it can still be said.
        pieces = chain([next(pieces, b"")], pieces)
        sending = _Sending(
            pieces, length, held, self._work, self._timeout, self._share, request.receive
        )
        return Reply(status, kind, b"", headers, sending)


def _opened(request: Request, place: Place, path: str, held: ExitStack, share: Share) -> _File:
    """A file, with as few questions to its place as there can be."""
    wanted = digest_headers.is_wanted(request.headers)
    if isinstance(place, Folder):
        opened = place.open(path)
        held.callback(opened.close)

        def read(start: int, length: int) -> Iterator[bytes]:
            end = start + length
            while start < end:
                piece = opened.read(start, min(share.piece, end - start))
                start += len(piece)
                yield piece

        # A client that is to leave a file as it is asks what is on the disk by now.
        anew = wanted and b"no-cache" in request.headers.get(b"cache-control", b"")
        digest = opened.reread() if anew else opened.digest(compute=wanted)
        return _File(opened.size, opened.tag, digest, opened.modified, read)
    if request.method == "GET" and not any(name in request.headers for name in _CONDITIONS):
        try:
            reading = held.enter_context(place.get(path))
        except MlflowException as error:
            if error.error_code != RESOURCE_DOES_NOT_EXIST:
                raise
            raise _absent(place, path) from None
        found = reading.found or Found(path, -1)
        size = found.size if reading.size is None else reading.size
        if size < 0:
            raise MlflowNotImplementedException(f"The size of the artifact {path!r} is not known.")
        return _File(size, _plain(found.tag), found.digest, None, lambda *_: reading.pieces())
    looked = place.look(path)
    if looked is None:
        raise _absent(place, path)
    at = looked.tag

    def fetch(start: int, length: int) -> Iterator[bytes]:
        if length:
            yield from held.enter_context(place.get(path, start, length, at)).pieces()

    return _File(looked.size, _plain(at), looked.digest, None, fetch)


def _absent(place: Place, path: str) -> MlflowException:
    """The error for a path at which no file is."""
    if place.list(path):
        return invalid(f"The artifact {path!r} is a folder; only files have content.")
    return missing(f"There is no artifact {path!r}.")


def _plain(tag: str) -> str:
    return tag.strip('"')


def archive_reply(place: Place, folder: str, names: Sequence[str]) -> Reply:
    """Small files as an archive; called in a thread.

    Args:
        names: paths below the folder; those that are no files are left out.

    Raises:
        MlflowException: a path is refused, the files are too large, or the place is none where
            many small files are read at once.
    """
    safe_path(folder, root=True)
    if not isinstance(place, Folder):
        raise MlflowNotImplementedException("This server packs no files: ask for each of them.")
    files: list[tuple[str, bytes]] = []
    left = MOST_ARCHIVE
    for name in names:
        path = joined(folder, safe_path(name))
        with ExitStack() as held, suppress(OSError):
            try:
                opened = place.open(path)
            except MlflowException as error:
                if error.error_code in (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE):
                    continue  # there is nothing, or a folder
                raise
            held.callback(opened.close)
            left -= opened.size
            if left < 0:
                raise invalid(f"The files are too large for an archive of {MOST_ARCHIVE} bytes.")
            files.append((name, b"".join(opened.pieces())))
    return Reply(200, b"application/x-tar", b"".join(tar.archive(files)), _ALWAYS[1:])


class _Nothing:
    """The body that a HEAD request is not sent."""

    def __init__(self, size: int) -> None:
        self.size = size

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.body", "body": b""})


class _Sending:
    """A file on its way to a client: the next piece is read while the one before is sent.

    Args:
        pieces: the content.
        size: its bytes.
        held: what is closed at the end.
        work: where it is read.
        timeout: seconds that a client may take to take a piece.
        share: says how large pieces may be.
        receive: tells when the client has gone.
    """

    def __init__(
        self,
        pieces: Iterator[bytes],
        size: int,
        held: ExitStack,
        work: Work,
        timeout: float,
        share: Share,
        receive: Receive,
    ) -> None:
        self.size = size
        self._pieces = pieces
        self._held = held
        self._work = work
        self._timeout = timeout
        self._share = share
        self._receive = receive

    async def send(self, send: Send) -> None:
        """Send it; when it ends early the connection does, so that the client sees it."""
        # What is sent to a client that has gone is taken in silence.
        gone = asyncio.create_task(until_gone(self._receive))
        try:
            with self._share.taken():
                await self._send(send, gone)
        finally:
            gone.cancel()
            await over(gone)

    async def _send(self, send: Send, gone: "asyncio.Task[None]") -> None:
        left = self.size
        ahead: asyncio.Task[bytes] | None = None
        try:
            ahead = self._read()
            while left:
                piece = await asyncio.shield(ahead)
                if not piece:
                    raise OSError("it ended early")
                left -= len(piece)
                if left:
                    ahead = self._read()
                if gone.done():
                    raise Gone
                for start in range(0, len(piece), at_once := self._share.piece):
                    part = piece[start : start + at_once]
                    more = left > 0 or start + at_once < len(piece)
                    message = {"type": "http.response.body", "body": part, "more_body": more}
                    await asyncio.wait_for(send(message), self._timeout)
        except asyncio.TimeoutError:
            raise Gone from None
        except (OSError, MlflowException) as error:
            _log.error("a file cannot be read to its end: %s", error)
            raise Gone from None
        finally:
            await over(ahead)
            await asyncio.shield(self._work.surely(self._held.close))

    def _read(self) -> "asyncio.Task[bytes]":
        return asyncio.create_task(self._work.in_thread(next, self._pieces, b""))


async def until_gone(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def over(task: "asyncio.Task[Any] | None") -> None:
    """Wait until a task has ended, however: no file is closed under a thread that uses it."""
    if task is not None:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # it was told already, or something else was


def _matches(headers: Mapping[bytes, bytes], tag: str) -> bool:
    """Whether the file is one that the client asks for by its tag, if it does."""
    tags = headers.get(b"if-match")
    if tags is None:
        return True
    given = [text.strip() for text in tags.decode("latin-1").split(",")]
    return "*" in given or (tag != "" and tag in given)


def _is_known(headers: Mapping[bytes, bytes], tag: str, modified: float | None) -> bool:
    """Whether the client says that it has this very file."""
    if (tags := headers.get(b"if-none-match")) is not None:
        given = [text.strip() for text in tags.decode("latin-1").split(",")]
        return "*" in given or tag in [text.removeprefix("W/") for text in given if text]
    since = _time(headers.get(b"if-modified-since"))
    return since is not None and modified is not None and int(modified) <= since


def _range(headers: Mapping[bytes, bytes], tag: str, size: int) -> tuple[int, int] | None:
    """Start and length of the part that is asked for, None for the whole, (0, 0) for none."""
    match = _RANGE.fullmatch(headers.get(b"range", b"").decode("latin-1").replace(" ", ""))
    only_if = headers.get(b"if-range")
    if match is None or match.group() == "bytes=-":
        return None  # several parts at once, or none of ours: the whole is a right answer too
    if only_if is not None and only_if.decode("latin-1") != tag:
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return size - length, length
    if last and int(last) < int(first):
        return None
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    return (start, end - start + 1) if start <= end else (0, 0)


def _part(text: str) -> Header:
    return (b"content-range", f"bytes {text}".encode())


def _time(header: bytes | None) -> float | None:
    if header is None:
        return None
    try:
        return parsedate_to_datetime(header.decode("latin-1")).timestamp()
    except (ValueError, OverflowError):
        return None
