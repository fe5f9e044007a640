"""Each endpoint with its handler as a route, and the edge where errors become answers.

Work that a handler hands to the store's writer is begun on the event loop, which then waits for
its Future; all else is done in threads, decoding and encoding included. A lone small request to an
embedded database is done on the event loop: it takes less time than a change of threads would.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from time import perf_counter
from typing import Any, TypeVar

from mlflow.blobs.uri import path_of_request
from mlflow.exceptions import MlflowException, invalid
from mlflow.server.limits import Limits, Receive
from mlflow.server.replies import JSON, Reply
from mlflow.service import ArtifactEngine, Engine, answer_at_once
from mlflow.store import WouldBlock
from mlflow.wire import AnyEndpoint, Question
from mlflow.wire._json import decode_body, decode_query, encode

T = TypeVar("T")
Handler = Callable[[Any, Any], Any]
#: changes an answer with what only the request knows
Finish = Callable[["Request", Any, Any], Any]

#: bodies above this size are decoded in a thread, so that the event loop stays free
DECODED_ON_LOOP = 256 * 1024
#: answers above this size are compressed for clients on other machines that can read it
COMPRESSED_ABOVE = 32 * 1024
#: seconds for which requests on several connections count as coming at the same time
COMPANY = 0.05


class Request:
    """One request as the server hands it around.

    Args:
        query: the raw text after the `?`.
        client, port: address of the client's end of the connection.
        rest: what follows the route in the path, as it was sent; empty when nothing does.
    """

    __slots__ = ("client", "headers", "method", "path", "port", "query", "receive", "rest")

    def __init__(
        self,
        method: str,
        path: str,
        query: bytes,
        headers: Mapping[bytes, bytes],
        client: str,
        port: int,
        receive: Receive,
        rest: bytes = b"",
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.client = client
        self.port = port
        self.receive = receive
        self.rest = rest


class Work:
    """The threads in which handlers run, and the way back from there to the event loop.

    Args:
        threads: how many handlers run at once.
        waiting: how many may wait for a thread before clients are told to come back later.
    """

    def __init__(self, threads: int = 16, waiting: int = 1000) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="handler")
        self._most = threads + waiting
        self._taken = 0
        #: requests that are being answered
        self.active = 0
        self._port = -1
        self._seen = self._shared_until = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._finished: deque[tuple[Future[Any], asyncio.Future[Any]]] = deque()
        self._called = False

    def is_alone(self, port: int) -> bool:
        """Whether the client on this connection has the server for itself at the moment.

        While a request is done at once nothing else is seen to come, so the number of requests
        alone does not tell: many clients would be served one by one, and never by one commit.
        """
        now = perf_counter()
        if port != self._port:
            if now - self._seen < COMPANY:
                self._shared_until = now + COMPANY
            self._port = port
        self._seen = now
        return self.active == 1 and now >= self._shared_until

    async def in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        """What `function` returns, run in a thread."""
        if self._taken >= self._most:
            raise MlflowException(
                "The server is busy: too many requests wait for their turn. Try again shortly.",
                "TEMPORARILY_UNAVAILABLE",
            )
        return await self.surely(function, *arguments)

    async def surely(self, function: Callable[..., T], *arguments: object) -> T:
        """The same, however many wait: for what ends something that was begun."""
        self._taken += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, function, *arguments)
        finally:
            self._taken -= 1

    def result(self, future: "Future[T]") -> "asyncio.Future[T]":
        """What another thread will set, for the event loop to await.

        The writer finishes many requests with one commit; the loop is woken once for all of them.
        """
        self._loop = loop = asyncio.get_running_loop()
        waiter: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(lambda done: self._hand_over(done, waiter))
        return waiter

    def _hand_over(self, done: "Future[Any]", waiter: "asyncio.Future[Any]") -> None:
        self._finished.append((done, waiter))
        if not self._called:
            self._called = True
            assert self._loop is not None
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._called = False  # first of all: what is added from here on calls again
        while self._finished:
            done, waiter = self._finished.popleft()
            if waiter.done():
                continue
            if done.cancelled():
                waiter.cancel()
            elif error := done.exception():
                waiter.set_exception(error)
            else:
                waiter.set_result(done.result())

    def close(self, wait: bool) -> None:
        """Take no more work, and let the threads finish what they do if `wait`."""
        self._pool.shutdown(wait=wait, cancel_futures=True)


class Route:
    """An endpoint with its handler.

    Args:
        endpoint: what is asked and answered.
        handler: the function that does it.
        engine: what handlers work with.
        limits: for bodies.
        work: where handlers run.
        finish: what is done to the answer, given request and question.
    """

    def __init__(
        self,
        endpoint: AnyEndpoint,
        handler: Handler,
        engine: ArtifactEngine,
        limits: Limits,
        work: Work,
        finish: Finish | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._handler = handler
        self._engine = engine
        self._limits = limits
        self._work = work
        self._finish = finish

    async def from_query(self, request: Request) -> Reply:
        """The answer to a question in the query string."""
        work = self._work
        work.active += 1
        try:
            if self.endpoint.brief and work.is_alone(request.port):
                with suppress(WouldBlock):
                    return self._at_once(decode_query(self.endpoint, request.query))
            body = await work.in_thread(self._read_and_do, decode_query, request.query, request)
            return await self._reply(request, body)
        finally:
            work.active -= 1

    async def from_body(self, request: Request) -> Reply:
        """The answer to a question in the body."""
        headers = request.headers
        check_content_type(headers.get(b"content-type"))
        body = await self._limits.read(request.receive, headers)
        encoding = headers.get(b"content-encoding")
        if encoding is not None and encoding.lower() != b"identity":
            body = await self._work.in_thread(self._limits.unpack, body, encoding)
        work = self._work
        work.active += 1
        try:
            return await self._from_bytes(request, body)
        finally:
            work.active -= 1

    async def _from_bytes(self, request: Request, body: bytes) -> Reply:
        work, endpoint = self._work, self.endpoint
        if not endpoint.brief:
            answer = await work.in_thread(self._read_and_do, decode_body, body, request)
            return await self._reply(request, answer)
        if len(body) > DECODED_ON_LOOP:
            question = await work.in_thread(decode_body, endpoint, body)
        else:
            question = decode_body(endpoint, body)
            if work.is_alone(request.port):
                with suppress(WouldBlock):
                    return self._at_once(question)
        if endpoint.queued:
            result = await work.result(self._handler(self._engine, question))
        else:
            result = await work.in_thread(self._handler, self._engine, question)
        return Reply(200, JSON, encode(result))

    def _at_once(self, question: Question) -> Reply:
        """The answer to the only request there is: changing threads would take longer."""
        engine = self._engine
        assert isinstance(engine, Engine)  # what is brief is about runs
        return Reply(200, JSON, encode(answer_at_once(engine, self.endpoint, question)))

    def _read_and_do(
        self, decode: Callable[[AnyEndpoint, bytes, str], Question], data: bytes, request: Request
    ) -> bytes:
        rest = path_of_request(request.rest, root=True) if request.rest else ""
        question = decode(self.endpoint, data, rest)
        answer = self._handler(self._engine, question)
        if isinstance(answer, Future):
            answer = answer.result()
        if self._finish is not None:
            answer = self._finish(request, question, answer)
        return encode(answer)

    async def _reply(self, request: Request, body: bytes) -> Reply:
        if len(body) <= COMPRESSED_ABOVE or not _wants_gzip(request):
            return Reply(200, JSON, body)
        packed = await self._work.in_thread(_pack, body)
        return Reply(
            200, JSON, packed, ((b"content-encoding", b"gzip"), (b"vary", b"accept-encoding"))
        )


def check_content_type(value: bytes | None) -> None:
    """Refuse bodies that do not say that they are JSON.

    A form on a foreign web page cannot say so, which is the point.
    """
    if value == JSON:
        return
    if value is None or value.partition(b";")[0].strip().lower() != JSON:
        shown = "none" if value is None else repr(value[:100].decode("latin-1"))
        raise invalid(
            f"Bad Request. Content-Type must be 'application/json', and the request has {shown}."
        )


def _wants_gzip(request: Request) -> bool:
    """Whether compressing pays: never on the same machine, where it only costs time."""
    accepted = request.headers.get(b"accept-encoding", b"")
    return b"gzip" in accepted and request.client not in ("127.0.0.1", "::1")


def _pack(body: bytes) -> bytes:
    packer = zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()
