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
from typing import Any
from urllib.parse import quote

import msgspec

from mlflow import service
from mlflow.blobs import Folder
from mlflow.exceptions import INTERNAL_ERROR, MlflowException
from mlflow.server import ui
from mlflow.server.artifacts import METHODS as ARTIFACT_METHODS, ROUTE as ARTIFACTS, Artifacts
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
    failed,
    refused,
    text,
)
from mlflow.server.routes import Handler, Request, Route, Work
from mlflow.server.settings import Settings, from_environment
from mlflow.service import Engine
from mlflow.service.runs import fail_lost
from mlflow.version import VERSION
from mlflow.wire import ENDPOINTS, AnyEndpoint

Scope = MutableMapping[str, Any]
Answerer = Callable[[Request], Awaitable[Reply]]

_log = logging.getLogger("mlflow.server")
#: answered whatever the Host header says: probes name machines as they like
_OPEN_PATHS = ("/health", "/version")
_ARTIFACTS = ("/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/")
_CONTENT = tuple(f"{base}/2.0{ARTIFACTS}/" for base in ("/api", "/ajax-api"))
_OF_RUN = "/get-artifact"
_API = ("/api/", "/ajax-api/")
_WITHOUT_BODY = (204, 304)
_METRICS_KIND = b"text/plain; version=0.0.4; charset=utf-8"


def endpoint_name(endpoint: AnyEndpoint) -> str:
    """The name under which requests of an endpoint are counted."""
    return endpoint.path.removeprefix("/mlflow/").lstrip("/")


def counted_names() -> list[str]:
    """All names under which requests are counted; the first is for all that has none."""
    places = (*_OPEN_PATHS, "/metrics", "/openapi.json", ARTIFACTS, _OF_RUN)
    pages = [path.strip("/") for path in places]
    return ["other", "page", *pages, *(endpoint_name(endpoint) for endpoint in ENDPOINTS)]


class App:
    """The server as an ASGI application.

    Args:
        engine: what handlers work with; None with `artifacts_only`. `close` closes it.
        settings: limits, hosts, prefix and the like.
        handlers: endpoint → function.
        tally: counters, when several processes share them.
        access_log: None writes none.
    """

    def __init__(
        self,
        engine: Engine | None,
        settings: Settings,
        *,
        handlers: Mapping[AnyEndpoint, Handler] = service.HANDLERS,
        tally: Tally | None = None,
        access_log: AccessLog | None = None,
    ) -> None:
        self._engine = engine
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
        self._ids = RequestIds()
        limits = Limits(settings.max_body_size, settings.client_timeout)
        served = Folder(settings.artifacts_folder) if settings.serve_artifacts else None
        self._artifacts = Artifacts(served, engine, limits)
        self._policy = ui.content_policy(settings.x_frame_options)
        self._headers: list[Header] = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
        ]
        if settings.x_frame_options.upper() not in ("", "NONE"):
            self._headers.append((b"x-frame-options", settings.x_frame_options.encode("ascii")))
        self._openapi: bytes | None = None
        self._open_paths = {path for path in _OPEN_PATHS} | {
            settings.static_prefix + path for path in _OPEN_PATHS
        }
        self._table: dict[tuple[str, str], tuple[int, Answerer]] = {}
        self._methods: dict[str, list[str]] = {}
        self._fill(handlers, limits)

    # -- the table of routes ---------------------------------------------------

    def _fill(self, handlers: Mapping[AnyEndpoint, Handler], limits: Limits) -> None:
        prefix = self._settings.static_prefix
        for path in {"", prefix}:
            self._add("GET", f"{path}/health", "health", self._health)
            self._add("GET", f"{path}/version", "version", self._version)
            self._add("GET", f"{path}/metrics", "metrics", self._metrics)
        self._add("GET", f"{prefix}/openapi.json", "openapi.json", self._describe)
        for path in ui.PAGES:
            self._add("GET", prefix + path, "page", self._page)
        if prefix:
            self._add("GET", prefix, "page", self._to_first_page)
        if self._settings.serve_artifacts:
            for path in _CONTENT:
                place = prefix + path.rstrip("/")
                self._add("GET", place, ARTIFACTS.strip("/"), self._artifacts.listing)
        of_run = self._only_artifacts if self._engine is None else self._artifacts.of_run
        self._add("GET", prefix + _OF_RUN, _OF_RUN.strip("/"), of_run)
        for endpoint in ENDPOINTS:
            name = endpoint_name(endpoint)
            if self._engine is None:
                answers: list[Answerer] = [self._only_artifacts] * 2
            elif endpoint not in handlers:
                answers = [self._not_yet] * 2
            else:
                route = Route(endpoint, handlers[endpoint], self._engine, limits, self._work)
                answers = [route.from_query, route.from_body]
            for path in endpoint.routes:
                for method in endpoint.methods:
                    self._add(method, prefix + path, name, answers[method != "GET"])

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
        name, answer = self._table.get((method, path)) or self._elsewhere(scope)
        status = 500
        size = 0
        try:
            origin = headers.get(b"origin")
            stopped = self._stop_at_door(method, path, headers, pairs, origin)
            if stopped is None:
                client = scope.get("client") or ("", 0)
                request = Request(
                    method, path, scope["query_string"], headers, client[0], client[1], receive
                )
                reply = await self._answer(answer, request, request_id)
            else:
                reply = stopped
            status = reply.status
            stream = reply.stream
            if stream is None and len(reply.body) > PIECE and method != "HEAD":
                stream = Large(reply.body, self._settings.client_timeout)
            size = len(reply.body) if stream is None else stream.size
            out = [
                (b"content-type", reply.kind),
                (b"x-request-id", request_id.encode("ascii")),
                *self._headers,
                *reply.headers,
            ]
            if status not in _WITHOUT_BODY:
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
            seconds = perf_counter() - started
            self._tally.end(name, status, seconds)
            if self._access_log is not None:
                client = scope.get("client") or ("", 0)
                self._access_log.add(client[0], method, path, status, seconds, size, request_id)

    def _stop_at_door(
        self,
        method: str,
        path: str,
        headers: Mapping[bytes, bytes],
        pairs: "list[tuple[bytes, bytes]]",
        origin: bytes | None,
    ) -> Reply | None:
        """The refusal of a request that names the wrong host or origin."""
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
        return ui.page(path, self._policy, request.headers.get(b"if-none-match"))

    async def _to_first_page(self, request: Request) -> Reply:
        return text(308, "", (b"location", f"{self._settings.static_prefix}/".encode("ascii")))

    async def _only_artifacts(self, request: Request) -> Reply:
        return text(
            503, "Endpoint disabled: this server runs with --artifacts-only and serves no runs.\n"
        )

    async def _not_yet(self, request: Request) -> Reply:
        raise MlflowException(f"This server cannot do {request.path} yet.", "NOT_IMPLEMENTED")

    def _elsewhere(self, scope: Scope) -> tuple[int, Answerer]:
        """What answers a path that is in no table: the content of artifacts, or that it is not."""
        prefix = self._settings.static_prefix
        path: str = scope["path"]
        if self._settings.serve_artifacts:
            for start in _CONTENT:
                if path.startswith(prefix + start):
                    raw = scope.get("raw_path") or quote(path).encode("ascii")
                    before, found, rest = raw.partition((prefix + start).encode("ascii"))
                    if found and not before:
                        name = self._tally.names.index(ARTIFACTS.strip("/"))
                        return name, partial(self._content, rest)
        return 0, self._unknown

    async def _content(self, raw: bytes, request: Request) -> Reply:
        """The content of an artifact."""
        if request.method == "OPTIONS":
            return self._preflight(request, ARTIFACT_METHODS.encode("ascii"))
        if request.method not in ARTIFACT_METHODS.split(", "):
            return self._wrong_method(request, ARTIFACT_METHODS)
        return await self._artifacts.content(request, raw)

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
                return text(503, "Endpoint disabled: this server runs with --no-serve-artifacts.\n")
            raise MlflowException(
                f"This server has no {path}: send and fetch whole files at {_CONTENT[0]}PATH.",
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
        while silence and self._engine is not None:
            try:
                lost = await self._work.in_thread(fail_lost, self._engine, int(silence * 1000))
            except MlflowException as error:
                _log.warning("lost runs could not be looked for: %s", error.message)
            else:
                for run_id in lost:
                    _log.info("run %s set FAILED: not heard of for %g s", run_id, silence)
            await asyncio.sleep(silence / 4)

    def close(self, *, wait: bool = True) -> None:
        """Finish what was begun: handlers, the store's queue, the log.

        Args:
            wait: False leaves handlers behind that still run, for they had their time.
        """
        self._work.close(wait)
        self._artifacts.close(wait)
        if self._engine is not None:
            self._engine.close()
        if self._access_log is not None:
            self._access_log.close()


def _given_twice(name: bytes, pairs: "list[tuple[bytes, bytes]]") -> bool:
    return sum(given == name for given, _ in pairs) > 1


def open_app(settings: Settings, tally: Tally | None = None) -> App:
    """The application with its engine; MlflowException when the database cannot be opened."""
    engine = None
    served = settings.artifacts_folder if settings.serve_artifacts else None
    if not settings.artifacts_only:
        engine = service.open_engine(
            settings.backend_store_uri, settings.artifact_root, served=served
        )
    if served is not None:
        Folder(served).sweep_own()
    # Without a standard output its number may be that of any file, the database included.
    logged = settings.access_log and sys.stdout is not None
    return App(engine, settings, tally=tally, access_log=AccessLog() if logged else None)


def create_app() -> App:
    """The application as the environment variables describe it, for any ASGI server."""
    settings = from_environment()
    settings.check()
    return open_app(settings)
