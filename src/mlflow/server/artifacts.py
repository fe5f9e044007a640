"""Artifacts over HTTP: streams in and out, never a whole file in memory.

    GET, HEAD, PUT, DELETE  /api/2.0/mlflow-artifacts/artifacts/PATH
    PUT                     /api/2.0/mlflow-artifacts/mpu/part/PATH?upload_id=…&part_number=…
    PUT                     /api/2.0/mlflow-artifacts/archive/FOLDER
    GET                     /api/2.0/mlflow-artifacts/archive/FOLDER?names=…&names=…
    POST                    /ajax-api/2.0/mlflow/upload-artifact?run_uuid=…&path=…
    GET, HEAD               /get-artifact?run_id=…&path=…
    GET, HEAD               /api/2.0/mlflow/artifacts/preview?run_id=…&path=…

All but previews are files to be saved; `kinds.py` says what a browser may do with either.
"""

import logging
import re
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from mlflow.blobs.disk.folder import STALE
from mlflow.blobs.uri import path_of_request, safe_path
from mlflow.exceptions import MlflowException, invalid
from mlflow.server import digest_headers
from mlflow.server.downloads import Downloads, archive_reply
from mlflow.server.kinds import Look, saved, shown
from mlflow.server.limits import SLOWEST_CLIENT, Limits
from mlflow.server.replies import JSON, Reply
from mlflow.server.routes import Request, Work
from mlflow.server.uploads import Archive, PartSink, Sink, Uploads, WholeFile, part_sink
from mlflow.service import ArtifactEngine, Engine
from mlflow.service.artifacts import of_run
from mlflow.service.uploads import folder_of, place_of
from mlflow.wire import AnyEndpoint
from mlflow.wire._fields import absent
from mlflow.wire._json import decode_query
from mlflow.wire.artifacts import (
    MOST_ARCHIVE,
    MOST_UPLOAD,
    CreatedUpload,
    CreateUpload,
    DeleteFile,
    GetArchive,
    GetFile,
    PreviewArtifact,
    PutArchive,
    PutFile,
    PutPart,
    UploadToRun,
    delete_file,
    get_archive,
    get_file,
    preview,
    put_archive,
    put_file,
    put_part,
    upload_to_run,
)

_log = logging.getLogger("mlflow.server")
_THREADS = 8
_DONE = Reply(200, JSON, b"{}")
_HOST = re.compile(rb"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
Answerer = Callable[[Request], Awaitable[Reply]]


class Artifacts:
    """The routes.

    Args:
        engine: what knows the places, and the runs unless the server has artifacts only.
        limits: how long clients may take.
        x_frame_options: who may frame pages of this server.
    """

    def __init__(self, engine: ArtifactEngine, limits: Limits, x_frame_options: str) -> None:
        self._engine = engine
        self._limits = limits
        #: threads of their own: a slow disk must not hold up the logging of metrics
        self.work = Work(_THREADS)
        self._uploads = Uploads(limits, self.work)
        self._framed = shown(x_frame_options, scripts=True)
        self._alone = shown(x_frame_options, scripts=False)
        self._downloads = Downloads(self.work, limits.timeout)

    def close(self, wait: bool) -> None:
        """Let the threads finish what they do if `wait`."""
        self.work.close(wait)

    def answerer(self, endpoint: AnyEndpoint) -> Answerer:
        """What answers a streamed endpoint."""
        handlers: dict[AnyEndpoint, Callable[[Request, Any], Awaitable[Reply]]] = {
            get_file: self._get,
            put_file: self._put,
            delete_file: self._delete,
            put_part: self._put_part,
            put_archive: self._put_archive,
            get_archive: self._get_archive,
            upload_to_run: self._upload_to_run,
            preview: self._preview,
        }
        handler = handlers[endpoint]

        async def answer(request: Request) -> Reply:
            try:
                rest = path_of_request(request.rest, root=True) if request.rest else ""
                question = decode_query(endpoint, request.query, rest)
            except MlflowException:
                if endpoint.method in ("PUT", "POST"):
                    await self._limits.throw_away(request.receive, request.headers)
                raise
            return await handler(request, question)

        return answer

    async def of_run(self, request: Request) -> Reply:
        """An artifact of a run."""
        fields = _fields(request)
        run_id = fields.get("run_id") or fields.get("run_uuid") or ""
        for name, value in (("run_id", run_id), ("path", fields.get("path"))):
            if not value:
                raise absent(name)
        return await self._send(request, run_id, fields["path"], saved)

    async def _send(self, request: Request, run_id: str, path: str, look: Look) -> Reply:
        path = safe_path(path)

        def reply() -> Reply:
            place, below = of_run(self._with_runs(), run_id, path)
            return self._downloads.reply(request, place, below, look)

        return await self.work.in_thread(reply)

    def begin_sweep(self) -> None:
        """Remove what was left unfinished long ago below the server's own roots, in a thread.

        Nobody waits for it, not even the end of the server: the next one goes on.
        """
        threading.Thread(target=self._sweep, name="sweep", daemon=True).start()

    def _sweep(self) -> None:
        for root in self._engine.roots.own:
            try:
                count, size = root.place.sweep(STALE)
            except (MlflowException, OSError) as error:
                _log.warning("unfinished uploads could not be looked for: %s", error)
            else:
                if count:
                    _log.info("removed %d unfinished uploads with %d bytes", count, size)

    # -- the routes ------------------------------------------------------------------

    async def _get(self, request: Request, ask: GetFile) -> Reply:
        path = safe_path(ask.path)
        return await self.work.in_thread(
            lambda: self._downloads.reply(request, self._engine.roots.served, path)
        )

    async def _preview(self, request: Request, ask: PreviewArtifact) -> Reply:
        alone = request.headers.get(b"sec-fetch-dest") == b"document"
        return await self._send(
            request, ask.run_id, ask.path, self._alone if alone else self._framed
        )

    async def _put(self, request: Request, ask: PutFile) -> Reply:
        def open_sink() -> Sink:
            place, path = place_of(self._engine, ask.path, ask.staging)
            return WholeFile(place, path, digest_headers.expected(request.headers))

        async with self._uploads.turn(free=self._engine.roots.serves_folder):
            await self._uploads.keep(request, open_sink)
        return _DONE

    async def _delete(self, request: Request, ask: DeleteFile) -> Reply:
        path = safe_path(ask.path)
        await self.work.in_thread(lambda: self._engine.roots.served.delete(path))
        return _DONE

    async def _put_part(self, request: Request, ask: PutPart) -> Reply:
        sinks: list[PartSink] = []

        def open_sink() -> Sink:
            place, path = place_of(self._engine, ask.path, ask.staging)
            length = request.headers.get(b"content-length")
            size = None if length is None else int(length)
            expected = digest_headers.expected(request.headers)
            sinks.append(part_sink(place, path, ask.upload_id, ask.part_number, size, expected))
            return sinks[0]

        async with self._uploads.turn(free=self._engine.roots.serves_folder):
            await self._uploads.keep(request, open_sink)
        tag = f'"{sinks[0].digest}"'
        return Reply(200, JSON, b"{}", ((b"etag", tag.encode("ascii")),))

    async def _put_archive(self, request: Request, ask: PutArchive) -> Reply:
        def open_sink() -> Sink:
            place, folder = folder_of(self._engine, ask.folder, ask.staging)
            return Archive(place, folder, digest_headers.expected(request.headers))

        async with self._uploads.turn():
            await self._uploads.keep(request, open_sink, MOST_ARCHIVE, SLOWEST_CLIENT)
        return _DONE

    async def _get_archive(self, request: Request, ask: GetArchive) -> Reply:
        async with self._uploads.turn():
            return await self.work.in_thread(
                archive_reply, self._engine.roots.served, ask.folder, ask.names
            )

    async def _upload_to_run(self, request: Request, ask: UploadToRun) -> Reply:
        def open_sink() -> Sink:
            place, path = of_run(self._with_runs(), ask.run_uuid, ask.path)
            return WholeFile(place, path, digest_headers.expected(request.headers))

        async with self._uploads.turn(free=self._engine.roots.only_folders):
            await self._uploads.keep(request, open_sink, MOST_UPLOAD)
        return _DONE

    def _with_runs(self) -> Engine:
        assert isinstance(self._engine, Engine)
        return self._engine


def with_addresses(
    request: Request, ask: CreateUpload, answer: CreatedUpload, prefix: str = ""
) -> CreatedUpload:
    """An answer whose addresses on this server are absolute, for clients that do not know it.

    Args:
        prefix: path in front of every route.
    """
    host = request.headers.get(b"host", b"")
    if ask.size is not None or not _HOST.fullmatch(host):
        return answer
    # Whoever sends a wrong header of a proxy sends only itself astray.
    scheme = "https" if request.headers.get(b"x-forwarded-proto") == b"https" else "http"
    base = f"{scheme}://{host.decode('ascii')}{prefix}"
    for one in answer.credentials:
        if one.url.startswith("/"):
            one.url = base + one.url
    return answer


def _fields(request: Request) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(request.query.decode("ascii"), True, errors="strict"))
    except ValueError as error:
        raise invalid(f"The query string cannot be read: {error}.") from None
