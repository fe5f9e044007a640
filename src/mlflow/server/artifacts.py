"""Artifacts over HTTP: streams in and out, never a whole file in memory.

    GET, HEAD, PUT, DELETE  /api/2.0/mlflow-artifacts/artifacts/PATH
    GET                     /api/2.0/mlflow-artifacts/artifacts?path=FOLDER
    GET, HEAD               /get-artifact?run_id=…&path=…

What is sent to a browser is a file to be saved: it is never shown, and could do nothing if it was.
"""

import asyncio
import logging
import mimetypes
import re
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, quote

from mlflow.blobs import Folder, NoRoom
from mlflow.blobs.folder import Opened, Writing
from mlflow.blobs.uri import path_of_request, safe_path
from mlflow.exceptions import MlflowException, invalid
from mlflow.server.limits import Gone, Limits, Refused
from mlflow.server.replies import JSON, Header, Reply, Send
from mlflow.server.routes import Request, Work
from mlflow.service import Engine
from mlflow.service.artifacts import of_run
from mlflow.wire._fields import absent
from mlflow.wire._json import encode
from mlflow.wire.artifacts import FileMessage, ListedFiles

_log = logging.getLogger("mlflow.server")
#: the route of content, and below it what else clients may ask for
ROUTE = "/mlflow-artifacts/artifacts"
METHODS = "DELETE, GET, HEAD, OPTIONS, PUT"
#: bytes that are read or written at a time; one transfer holds two of these
_PIECE = 512 * 1024
#: files up to this size are sent at once
_SMALL = 64 * 1024
#: bytes per second that a client must move on average, once its first time-out is over
_SLOWEST = 1024
_THREADS = 8
#: what is shown as text, whatever the system's table of types says
_TEXT = frozenset(
    {"cf", "cfg", "cnf", "conf", "csv", "err", "hocon", "ini", "ipynb", "js", "json", "log", "md"}
    | {"prop", "properties", "py", "py3", "rst", "toml", "tsv", "txt", "xml", "yaml", "yml"}
)
_TEXT_NAMES = frozenset({"MLmodel", "MLproject"})
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_ALWAYS: tuple[Header, ...] = (
    (b"accept-ranges", b"bytes"),
    (b"cache-control", b"private, no-cache"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Artifacts:
    """The routes.

    Args:
        served: the folder behind `mlflow-artifacts:`, None when it is not served.
        engine: what knows the runs, None when the server has artifacts only.
        limits: how long clients may take.
    """

    def __init__(self, served: Folder | None, engine: Engine | None, limits: Limits) -> None:
        self._served = served
        self._engine = engine
        self._limits = limits
        # Threads of their own: a slow disk must not hold up the logging of metrics.
        self._work = Work(_THREADS)

    def close(self, wait: bool) -> None:
        """Let the threads finish what they do if `wait`."""
        self._work.close(wait)

    async def content(self, request: Request, raw: bytes) -> Reply:
        """Read, write or remove the artifact at the path `raw`, as it was sent."""
        assert self._served is not None
        method = request.method
        try:
            path = path_of_request(raw)
        except MlflowException:
            if method == "PUT":
                await self._limits.throw_away(request.receive, request.headers)
            raise
        if method == "PUT":
            return await self._receive(request, self._served, path)
        if method == "DELETE":
            await self._work.in_thread(self._served.delete, path)
            return Reply(200, JSON, b"{}")
        return await self._work.in_thread(self._reading, request, self._served, path)

    async def listing(self, request: Request) -> Reply:
        """List a folder."""
        assert self._served is not None
        path = _fields(request).get("path", "").rstrip("/")
        blobs = await self._work.in_thread(self._served.list, path)
        files = [FileMessage(blob.name, blob.is_dir, blob.size) for blob in blobs]
        return Reply(200, JSON, encode(ListedFiles(files)))

    async def of_run(self, request: Request) -> Reply:
        """An artifact of a run."""
        fields = _fields(request)
        run_id = fields.get("run_id") or fields.get("run_uuid") or ""
        for name, value in (("run_id", run_id), ("path", fields.get("path"))):
            if not value:
                raise absent(name)
        path = safe_path(fields["path"])
        assert self._engine is not None
        folder, place = await self._work.in_thread(of_run, self._engine, run_id, path)
        return await self._work.in_thread(self._reading, request, folder, place)

    # -- out -------------------------------------------------------------------------

    def _reading(self, request: Request, folder: Folder, path: str) -> Reply:
        """The answer to a request for a file."""
        opened = folder.open(path)
        try:
            reply = self._negotiated(request, opened, path)
        except BaseException:
            opened.close()
            raise
        if reply.stream is None:
            opened.close()
        return reply

    def _negotiated(self, request: Request, opened: Opened, path: str) -> Reply:
        """The whole file, a part of it, or that the client has it already."""
        tag = f'"{opened.tag}"'
        name = path.rpartition("/")[2]
        kind = _kind(name)
        headers = (
            *_ALWAYS,
            (b"content-disposition", _disposition(name)),
            (b"etag", tag.encode()),
            (b"last-modified", formatdate(opened.modified, usegmt=True).encode()),
        )
        if _is_known(request.headers, tag, opened.modified):
            return Reply(304, kind, b"", headers)
        start, length, status = 0, opened.size, 200
        if (wanted := _range(request.headers, tag, opened.size)) is not None:
            start, length = wanted
            if not length:
                return Reply(416, kind, b"", (*headers, _part(f"*/{opened.size}")))
            status = 206
            headers = (*headers, _part(f"{start}-{start + length - 1}/{opened.size}"))
        if request.method == "HEAD":
            return Reply(status, kind, b"", headers, _Nothing(length))
        if length <= _SMALL:
            return Reply(status, kind, b"".join(opened.pieces(start, length)), headers)
        stream = _Sending(opened, start, length, self._work, self._limits.timeout)
        return Reply(status, kind, b"", headers, stream)

    # -- in --------------------------------------------------------------------------

    async def _receive(self, request: Request, folder: Folder, path: str) -> Reply:
        """Keep the body as an artifact."""
        encoding = request.headers.get(b"content-encoding", b"identity")
        if encoding.lower() != b"identity" or b"content-range" in request.headers:
            await self._limits.throw_away(request.receive, request.headers)
            raise Refused(415, "Send the file as it is, whole, without a Content-Encoding.")
        work = self._work
        body = _Body(request, self._limits.timeout)
        writing: Writing | None = None
        try:
            writing = await work.in_thread(Writing, folder, path)
            await self._pour(body, writing)
            await work.in_thread(writing.finish)
        except MlflowException as error:
            if body.more:
                await self._limits.throw_away(request.receive, request.headers)
            if isinstance(error, NoRoom):
                raise Refused(507, error.message, error.error_code) from None
            raise
        finally:
            if writing is not None:
                await asyncio.shield(work.in_thread(writing.discard))
        return Reply(200, JSON, b"{}")

    async def _pour(self, body: "_Body", writing: Writing) -> None:
        """Write the body; the next piece comes in while the one before is written."""
        held: list[bytes] = []
        size = 0
        before: asyncio.Task[None] | None = None
        try:
            while body.more:
                piece = await body.next()
                size += len(piece)
                held.append(piece)
                if size < _PIECE and body.more:
                    continue
                if before is not None:
                    await asyncio.shield(before)
                before = asyncio.create_task(self._work.in_thread(_write, writing, held))
                held, size = [], 0
            if before is not None:
                await asyncio.shield(before)
        finally:
            await _over(before)


class _Body:
    """The body of a request, as long as the client makes progress.

    Args:
        request: whose body it is.
        timeout: seconds of silence that are borne, and that a client has before its speed counts.
    """

    def __init__(self, request: Request, timeout: float) -> None:
        self._receive = request.receive
        announced = request.headers.get(b"content-length")
        self._announced = None if announced is None else int(announced)
        self._timeout = timeout
        self._received = 0
        self._waited = 0.0
        #: whether there is something left to receive
        self.more = True

    async def next(self) -> bytes:
        """The next part; Refused when it does not come in time, Gone when it never will."""
        message = await self._message()
        if message["type"] == "http.disconnect":
            self.more = False
            raise Gone
        piece: bytes = message.get("body", b"")
        self._received += len(piece)
        self.more = message.get("more_body", False)
        if not self.more and self._announced not in (None, self._received):
            raise Gone
        return piece

    async def _message(self) -> Mapping[str, Any]:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        began = loop.time()
        left = self._timeout + self._received / _SLOWEST - self._waited
        watch = loop.call_at(began + min(self._timeout, left), task.cancel)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if loop.time() < watch.when():
                raise  # the server stops
            raise Refused(
                408,
                f"The file did not arrive in time: the server waits {self._timeout:g} seconds for "
                "a client that sends nothing. Nothing was kept.",
                "DEADLINE_EXCEEDED",
                ((b"connection", b"close"),),
            ) from None
        finally:
            watch.cancel()
            self._waited += loop.time() - began


class _Nothing:
    """The body that a HEAD request is not sent."""

    def __init__(self, size: int) -> None:
        self.size = size

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.body", "body": b""})


class _Sending:
    """A file on its way to a client: the next piece is read while the one before is sent.

    Args:
        opened: the file; closed at the end.
        start, size: which part of it.
        work: where it is read.
        timeout: seconds that a client may take to take a piece.
    """

    def __init__(self, opened: Opened, start: int, size: int, work: Work, timeout: float) -> None:
        self.size = size
        self._opened = opened
        self._start = start
        self._work = work
        self._timeout = timeout

    async def send(self, send: Send) -> None:
        """Send it; when it ends early the connection does, so that the client sees it."""
        at, end = self._start, self._start + self.size
        ahead: asyncio.Task[bytes] | None = None
        try:
            ahead = self._read(at, end)
            while at < end:
                piece = await asyncio.shield(ahead)
                at += len(piece)
                if at < end:
                    ahead = self._read(at, end)
                part = {"type": "http.response.body", "body": piece, "more_body": at < end}
                await asyncio.wait_for(send(part), self._timeout)
        except asyncio.TimeoutError:
            raise Gone from None
        except OSError as error:
            _log.error("a file cannot be read to its end: %s", error)
            raise Gone from None
        finally:
            await _over(ahead)
            self._opened.close()

    def _read(self, at: int, end: int) -> "asyncio.Task[bytes]":
        length = min(_PIECE, end - at)
        return asyncio.create_task(self._work.in_thread(self._opened.read, at, length))


async def _over(task: "asyncio.Task[Any] | None") -> None:
    """Wait until a task has ended, however: no file is closed under a thread that uses it."""
    if task is not None:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # it was told already, or something else was


def _write(writing: Writing, pieces: list[bytes]) -> None:
    for piece in pieces:
        writing.write(piece)


def _fields(request: Request) -> dict[str, str]:
    try:
        return dict(parse_qsl(request.query.decode("ascii"), True, errors="strict"))
    except ValueError as error:
        raise invalid(f"The query string cannot be read: {error}.") from None


def _kind(name: str) -> bytes:
    if name in _TEXT_NAMES or name.rpartition(".")[2].lower() in _TEXT:
        return b"text/plain; charset=utf-8"
    return (mimetypes.guess_type(name)[0] or "application/octet-stream").encode("ascii")


def _disposition(name: str) -> bytes:
    """The header by which a browser saves a file under its name."""
    plain = re.sub(r"[^\w .()+,=@-]", "_", name, flags=re.ASCII)
    header = f'attachment; filename="{plain}"'
    if plain != name:
        header += f"; filename*=UTF-8''{quote(name, safe='')}"
    return header.encode("ascii")


def _is_known(headers: Mapping[bytes, bytes], tag: str, modified: float) -> bool:
    """Whether the client says that it has this very file."""
    if (tags := headers.get(b"if-none-match")) is not None:
        given = [text.strip() for text in tags.decode("latin-1").split(",")]
        return "*" in given or tag in [text.removeprefix("W/") for text in given]
    since = _time(headers.get(b"if-modified-since"))
    return since is not None and int(modified) <= since


def _range(headers: Mapping[bytes, bytes], tag: str, size: int) -> tuple[int, int] | None:
    """Start and length of the part that is asked for, None for the whole, (0, 0) for none."""
    match = _RANGE.fullmatch(headers.get(b"range", b"").decode("latin-1").replace(" ", ""))
    only_if = headers.get(b"if-range")
    if match is None or match.group() == "bytes=-" or (only_if and only_if.decode() != tag):
        return None  # several parts at once, or none of ours: the whole is a right answer too
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
