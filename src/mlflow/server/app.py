"""The application: what each request passes, from its first byte to its line in the log.

It is plain ASGI. `mlflow server` runs it under Granian; for another server there is
`uvicorn --factory mlflow.server.app:create_app`, which reads the same environment variables.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from mlflow import service
from mlflow.exceptions import INTERNAL_ERROR, MlflowException
from mlflow.server.artifacts import Artifacts, with_addresses
from mlflow.server.changes import Changes
from mlflow.server.hosts import SAFE_METHODS, Hosts
from mlflow.server.limits import Gone, Limits, Receive, Refused
from mlflow.server.observe import AccessLog, RequestIds, Tally
from mlflow.server.openapi import describe
from mlflow.server.replies import (
    JSON,
    PIECE,
    TEXT,
    Header,
    Large,
    Reply,
    Send,
    Stream,
    failed,
    refused,
    text,
)
from mlflow.server.routes import Finish, Handler, Request, Route, Work
from mlflow.server.settings import Settings, from_environment
from mlflow.server.ui import Pages
from mlflow.service import ArtifactEngine, Engine
from mlflow.service.runs import fail_lost
from mlflow.version import VERSION
from mlflow.wire import ENDPOINTS, STREAMED, AnyEndpoint
from mlflow.wire.artifacts import create_upload, get_file

Scope = MutableMapping[str, Any]
Answerer = Callable[[Request], Awaitable[Reply]]

_log = logging.getLogger("mlflow.server")
#: bytes of the headers of one request
_LARGEST_HEAD = 64 * 1024
#: answered whatever the Host header says: probes name machines as they like
_OPEN_PATHS = ("/health", "/version")
_SERVED = "/mlflow-artifacts/"
_LISTED = "/mlflow/artifacts/"
_ARTIFACTS = ("/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/")
_OF_RUN = "/get-artifact"
_API = ("/api/", "/ajax-api/")
_WITHOUT_BODY = (204, 304)
#: bytes of large answers that may wait for clients that are slow before no more are begun
_MOST_HELD = 128 * 1024 * 1024
_METRICS_KIND = b"text/plain; version=0.0.4; charset=utf-8"


def endpoint_name(endpoint: AnyEndpoint) -> str:
    """The name under which requests of an endpoint are counted."""
    return endpoint.path.removeprefix("/mlflow/").lstrip("/")


def counted_names() -> list[str]:
    """All names under which requests are counted; the first is for all that has none."""
    pages = [path.strip("/") for path in (*_OPEN_PATHS, "/metrics", "/openapi.json", _OF_RUN)]
    endpoints = [endpoint_name(endpoint) for endpoint in (*ENDPOINTS, *STREAMED)]
    return [*dict.fromkeys(["other", "page", *pages, *endpoints])]


class _Below(NamedTuple):
    """Routes that take the rest of the path.

    Args:
        start, raw: what the path begins with, as text and as it is sent.
        answers: method → the number of its name, and what answers.
    """

    start: str
    raw: bytes
    answers: dict[str, tuple[int, Answerer]]


class App:
    """The server as an ASGI application.

    Args:
        engine: what handlers work with; one without runs with `artifacts_only`. `close` closes it.
        settings: limits, hosts, prefix and the like.
        handlers: endpoint → function.
        tally: counters, when several processes share them.
        access_log: None writes none.
    """

    def __init__(
        self,
        engine: ArtifactEngine,
        settings: Settings,
        *,
        handlers: Mapping[AnyEndpoint, Handler] = service.HANDLERS,
        tally: Tally | None = None,
        access_log: AccessLog | None = None,
    ) -> None:
        self._engine = engine
        self._has_runs = isinstance(engine, Engine)
        self._settings = settings
        self._tally = tally or Tally(counted_names())
        self._access_log = access_log
        self._hosts = Hosts(
            settings.allowed_hosts,
            settings.cors_allowed_origins,
            bound=settings.host,
            enabled=settings.check_hosts,
        )
        self._work = Work()
        self._changes = (
            Changes(engine, self._work, settings.client_timeout)
            if isinstance(engine, Engine)
            else None
        )
        self._ids = RequestIds()
        limits = Limits(settings.max_body_size, settings.client_timeout)
        self._artifacts = Artifacts(engine, limits, settings.x_frame_options)
        self._pages = Pages(settings.x_frame_options)
        self._headers: list[Header] = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
        ]
        if settings.x_frame_options.upper() not in ("", "NONE"):
            self._headers.append((b"x-frame-options", settings.x_frame_options.encode("ascii")))
        self._openapi: bytes | None = None
        #: bytes of large answers that clients have not taken yet
        self._held = 0
        self._open_paths = {path for path in _OPEN_PATHS} | {
            settings.static_prefix + path for path in _OPEN_PATHS
        }
        self._table: dict[tuple[str, str], tuple[int, Answerer]] = {}
        self._methods: dict[str, list[str]] = {}
        self._below: dict[str, _Below] = {}
        self._fill(handlers, limits)

    # -- the table of routes ---------------------------------------------------

    def _fill(self, handlers: Mapping[AnyEndpoint, Handler], limits: Limits) -> None:
        prefix = self._settings.static_prefix
        for path in {"", prefix}:
            self._add("GET", f"{path}/health", "health", self._health)
            self._add("GET", f"{path}/version", "version", self._version)
            self._add("GET", f"{path}/metrics", "metrics", self._metrics)
        self._add("GET", f"{prefix}/openapi.json", "openapi.json", self._describe)
        for path in self._pages.paths:
            self._add("GET", prefix + path, "page", self._page)
        if prefix:
            self._add("GET", prefix, "page", self._to_first_page)
        of_run = self._artifacts.of_run if self._has_runs else self._only_artifacts
        self._add("GET", prefix + _OF_RUN, _OF_RUN.strip("/"), of_run)
        for endpoint in ENDPOINTS:
            answers = self._answers(endpoint, handlers, limits)
            for path in endpoint.routes:
                for method in endpoint.methods:
                    self._place(endpoint, method, prefix + path, answers[method != "GET"])
        for endpoint in STREAMED:
            answer = self._refusal(endpoint)
            if answer is None and endpoint.events:
                assert self._changes is not None
                answer = self._changes.answer
            answer = answer or self._artifacts.answerer(endpoint)
            for path in endpoint.routes:
                for method in endpoint.methods:
                    self._place(endpoint, method, prefix + path, answer)

    def _answers(
        self, endpoint: AnyEndpoint, handlers: Mapping[AnyEndpoint, Handler], limits: Limits
    ) -> tuple[Answerer, Answerer]:
        """What answers questions in the query, and in the body."""
        if (refusal := self._refusal(endpoint)) is not None:
            return refusal, refusal
        if endpoint not in handlers:
            return self._not_yet, self._not_yet
        finish: Finish | None = None
        if endpoint is create_upload:
            finish = partial(with_addresses, prefix=self._settings.static_prefix)
        # A store that hangs must not take the threads that metrics are logged in.
        asks_place = endpoint.path.startswith((_SERVED, _LISTED))
        work = self._artifacts.work if asks_place else self._work
        route = Route(endpoint, handlers[endpoint], self._engine, limits, work, finish)
        return route.from_query, route.from_body

    def _refusal(self, endpoint: AnyEndpoint) -> Answerer | None:
        """What answers in place of an endpoint that this server does not offer."""
        if endpoint.path.startswith(_SERVED):
            return None if self._settings.serve_artifacts else self._no_artifacts
        return None if self._has_runs or endpoint.storeless else self._only_artifacts

    def _place(self, endpoint: AnyEndpoint, method: str, path: str, answer: Answerer) -> None:
        """Put an endpoint into the table, and there where the rest of the path is taken."""
        name = endpoint_name(endpoint)
        if endpoint.rest is not None:
            start = f"{path}/"
            below = self._below.setdefault(start, _Below(start, start.encode("ascii"), {}))
            below.answers[method] = (self._tally.names.index(name), answer)
        if not endpoint.streamed or endpoint.path != get_file.path:
            self._add(method, path, name, answer)

    def _add(self, method: str, path: str, name: str, answer: Answerer) -> None:
        self._table[method, path] = (self._tally.names.index(name), answer)
        self._methods.setdefault(path, []).append(method)

    # -- one request -------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._not_http(scope, receive, send)
            return
        started = perf_counter()
        self._tally.begin()
        method: str = scope["method"]
        path: str = scope["path"]
        pairs = scope["headers"]
        headers: dict[bytes, bytes] = dict(pairs)
        request_id = self._ids.name(headers.get(b"x-request-id"))
        rest = b""
        if (found := self._table.get((method, path))) is not None:
            name, answer = found
        else:
            name, answer, rest = self._elsewhere(method, path, scope)
        status = 500
        held = 0
        size: int | None = 0
        try:
            origin = headers.get(b"origin")
            stopped = self._stop_at_door(method, path, headers, pairs, origin)
            if stopped is None:
                host, port = scope.get("client") or ("", 0)
                query = scope["query_string"]
                request = Request(method, path, query, headers, host, port, receive, rest)
                reply = await self._answer(answer, request, request_id)
            else:
                reply = stopped
            held = len(reply.body) if len(reply.body) > PIECE else 0
            if held and self._held > _MOST_HELD:
                held, reply = 0, refused(_busy())
            self._held += held
            status = reply.status
            stream: Stream | None = reply.stream
            if stream is None and len(reply.body) > PIECE and method != "HEAD":
                stream = Large(reply.body, self._settings.client_timeout)
            size = len(reply.body) if stream is None else stream.size
            out = [
                (b"content-type", reply.kind),
                (b"x-request-id", request_id.encode("ascii")),
                *self._headers,
                *reply.headers,
            ]
            if status not in _WITHOUT_BODY and size is not None:
                out.append((b"content-length", b"%d" % size))
            if origin is not None and stopped is None:
                out += self._shared_with(origin, headers)
            await send({"type": "http.response.start", "status": status, "headers": out})
            if stream is None:
                await send({"type": "http.response.body", "body": reply.body})
            else:
                await stream.send(send)
        except Gone:
            status = 499
        finally:
            self._held -= held
            seconds = perf_counter() - started
            self._tally.end(name, status, seconds)
            if self._access_log is not None:
                client = scope.get("client") or ("", 0)
                sent = 0 if method == "HEAD" or size is None else size
                self._access_log.add(client[0], method, path, status, seconds, sent, request_id)

    def _stop_at_door(
        self,
        method: str,
        path: str,
        headers: Mapping[bytes, bytes],
        pairs: "list[tuple[bytes, bytes]]",
        origin: bytes | None,
    ) -> Reply | None:
        """The refusal of a request with too large a head, or with the wrong host or origin."""
        if sum([len(name) + len(value) for name, value in pairs]) > _LARGEST_HEAD:
            return text(431, f"The head of the request is larger than {_LARGEST_HEAD} bytes.\n")
        if path in self._open_paths:
            return None
        host = headers.get(b"host", b"")
        if not self._hosts.allows_host(host) or (
            len(headers) != len(pairs) and _given_twice(b"host", pairs)
        ):
            return text(
                403,
                "Invalid Host header: this server does not answer to that name. Start it with "
                "--allowed-hosts to add names.\n",
            )
        if (
            origin is not None
            and method not in SAFE_METHODS
            and not self._hosts.allows_origin(origin, host)
        ):
            return text(
                403,
                "Cross-origin request blocked: pages of that origin may not change things here. "
                "Start the server with --cors-allowed-origins to add origins.\n",
            )
        return None

    async def _answer(self, answer: Answerer, request: Request, request_id: str) -> Reply:
        """The edge: whatever is raised becomes an answer."""
        try:
            return await answer(request)
        except MlflowException as error:
            if error.error_code == INTERNAL_ERROR:
                _log.error("request %s: %s", request_id, error.message)
            return failed(error)
        except Refused as error:
            return refused(error)
        except Gone:
            raise
        except Exception:
            _log.exception("request %s: %s %r failed", request_id, request.method, request.path)
            return failed(
                MlflowException(
                    f"The server failed. Its log has more about request {request_id}.",
                    INTERNAL_ERROR,
                )
            )

    def _shared_with(self, origin: bytes, headers: Mapping[bytes, bytes]) -> list[Header]:
        """The headers that let a page of a trusted origin read the answer."""
        if not self._hosts.allows_origin(origin, headers.get(b"host", b"")):
            return [(b"vary", b"Origin")]
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", b"X-Request-Id"),
            (b"vary", b"Origin"),
        ]

    # -- what has no endpoint ------------------------------------------------------

    async def _health(self, request: Request) -> Reply:
        return Reply(200, TEXT, b"OK")

    async def _version(self, request: Request) -> Reply:
        return Reply(200, TEXT, VERSION.encode())

    async def _metrics(self, request: Request) -> Reply:
        return Reply(200, _METRICS_KIND, self._tally.render())

    async def _describe(self, request: Request) -> Reply:
        if self._openapi is None:
            document = describe(self._settings.static_prefix, self._settings.max_body_size)
            self._openapi = msgspec.json.encode(document)
        return Reply(200, JSON, self._openapi)

    async def _page(self, request: Request) -> Reply:
        path = request.path.removeprefix(self._settings.static_prefix)
        headers = request.headers
        return self._pages.reply(
            path, headers.get(b"if-none-match"), headers.get(b"accept-encoding", b"")
        )

    async def _to_first_page(self, request: Request) -> Reply:
        return text(308, "", (b"location", f"{self._settings.static_prefix}/".encode("ascii")))

    async def _only_artifacts(self, request: Request) -> Reply:
        return text(
            503, "Endpoint disabled: this server runs with --artifacts-only and serves no runs.\n"
        )

    async def _not_yet(self, request: Request) -> Reply:
        raise MlflowException(f"This server cannot do {request.path} yet.", "NOT_IMPLEMENTED")

    async def _no_artifacts(self, request: Request) -> Reply:
        return text(503, "Endpoint disabled: this server runs with --no-serve-artifacts.\n")

    def _elsewhere(self, method: str, path: str, scope: Scope) -> tuple[int, Answerer, bytes]:
        """What answers a path that is in no table: an endpoint above it, or that there is none."""
        for start, raw, answers in self._below.values():
            if path.startswith(start):
                sent: bytes = scope.get("raw_path") or quote(path).encode("ascii")
                before, found, rest = sent.partition(raw)
                if not found or before:
                    break
                if (answer := answers.get(method)) is not None:
                    return *answer, rest
                return 0, partial(self._other_method, sorted({*answers, "OPTIONS"})), rest
        return 0, self._unknown, b""

    async def _other_method(self, allowed: "list[str]", request: Request) -> Reply:
        listed = ", ".join(allowed)
        if request.method == "OPTIONS":
            return self._preflight(request, listed.encode("ascii"))
        return self._wrong_method(request, listed)

    def _wrong_method(self, request: Request, allowed: str) -> Reply:
        error = MlflowException(
            f"The method {request.method} is not allowed for {request.path}: use {allowed}.",
            "BAD_REQUEST",
        )
        headers = ((b"allow", allowed.encode("ascii")),)
        return Reply(405, JSON, error.serialize_as_json().encode(), headers)

    async def _unknown(self, request: Request) -> Reply:
        """What is in no table: the wrong method, a preflight, or an unknown path."""
        method, path = request.method, request.path
        allowed = self._methods.get(path)
        if allowed:
            if method == "HEAD" and "GET" in allowed:
                return await self._table["GET", path][1](request)
            listed = ", ".join(sorted({*allowed, "OPTIONS"}))
            if method == "OPTIONS":
                return self._preflight(request, listed.encode("ascii"))
            return self._wrong_method(request, listed)
        local = path.removeprefix(self._settings.static_prefix)
        if local.startswith(_ARTIFACTS) and path.startswith(self._settings.static_prefix):
            if not self._settings.serve_artifacts:
                return await self._no_artifacts(request)
            raise MlflowException(
                f"This server has no {path}: send and fetch files at {get_file.route}/PATH.",
                "NOT_IMPLEMENTED",
            )
        if local.startswith(_API):
            raise MlflowException(
                f"There is no endpoint {path}; {self._settings.static_prefix}/docs lists all.",
                "ENDPOINT_NOT_FOUND",
            )
        return text(404, "There is nothing here.\n")

    def _preflight(self, request: Request, methods: bytes) -> Reply:
        """The answer to a browser that asks what a page of another origin may do."""
        origin = request.headers.get(b"origin")
        if origin is None or b"access-control-request-method" not in request.headers:
            return text(204, "", (b"allow", methods))
        if not self._hosts.allows_origin(origin, request.headers.get(b"host", b"")):
            return text(403, "Pages of that origin may not use this server.\n")
        wanted = request.headers.get(b"access-control-request-headers", b"")
        return text(
            204,
            "",
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", wanted or b"content-type"),
            (b"access-control-max-age", b"600"),
        )

    # -- beginning and end -----------------------------------------------------------

    async def _not_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":  # a websocket, of which there are none
            await send({"type": "websocket.close", "code": 1000})
            return
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                self.close()
                return

    async def watch_runs(self) -> None:
        """Set runs FAILED whose client was killed, if the settings say so; runs until cancelled."""
        silence = self._settings.fail_lost_runs_after
        while silence and self._has_runs:
            try:
                lost = await self._work.in_thread(fail_lost, self._engine, int(silence * 1000))
            except MlflowException as error:
                _log.warning("lost runs could not be looked for: %s", error.message)
            else:
                for run_id in lost:
                    _log.info("run %s set FAILED: not heard of for %g s", run_id, silence)
            await asyncio.sleep(silence / 4)

    def begin_sweep(self) -> None:
        """Begin to remove what was left unfinished long ago; one worker does so."""
        self._artifacts.begin_sweep()

    def end_streams(self) -> None:
        """End what would go on for as long as clients listen."""
        if self._changes is not None:
            self._changes.end()

    def close(self, *, wait: bool = True) -> None:
        """Finish what was begun: handlers, the store's queue, the log.

        Args:
            wait: False leaves handlers behind that still run, for they had their time.
        """
        self.end_streams()
        self._work.close(wait)
        self._artifacts.close(wait)
        self._engine.close()
        if self._access_log is not None:
            self._access_log.close()


def _busy() -> Refused:
    return Refused(
        503,
        "The server is busy: other clients have not taken their large answers yet. Try again.",
        "TEMPORARILY_UNAVAILABLE",
        ((b"retry-after", b"1"),),
    )


def _given_twice(name: bytes, pairs: "list[tuple[bytes, bytes]]") -> bool:
    return sum(given == name for given, _ in pairs) > 1


def open_app(settings: Settings, tally: Tally | None = None) -> App:
    """The application with its engine; MlflowException when the database cannot be opened."""
    roots = settings.roots()
    engine = (
        ArtifactEngine(roots)
        if settings.artifacts_only
        else service.open_engine(settings.backend_store_uri, settings.artifact_root, roots=roots)
    )
    # Without a standard output its number may be that of any file, the database included.
    logged = settings.access_log and sys.stdout is not None
    return App(engine, settings, tally=tally, access_log=AccessLog() if logged else None)


def create_app() -> App:
    """The application as the environment variables describe it, for any ASGI server."""
    settings = from_environment()
    settings.check()
    app = open_app(settings)
    app.begin_sweep()
    return app
