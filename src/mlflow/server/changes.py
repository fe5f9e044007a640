"""The stream of changes: each client is told which runs were changed, as it happens.

One task per set of experiments asks the store once a second, whatever the number of clients, and
only while there are any. Nothing is kept for a client but what it has not taken yet; who falls
behind, or was cut off, goes on from its cursor. A run is named when a change of it is first seen
and once more when no further change can come with the same second; see `store/changes.py`.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from weakref import WeakSet

import msgspec

from mlflow.exceptions import MlflowException
from mlflow.server.downloads import over, until_gone
from mlflow.server.limits import Gone, Receive, Refused
from mlflow.server.replies import Header, Reply, Send
from mlflow.server.routes import Request, Work
from mlflow.service import Engine
from mlflow.service.changes import cursor, get_changed
from mlflow.store.changes import Page, Place
from mlflow.wire._fields import experiment_number
from mlflow.wire._json import decode_query
from mlflow.wire.changes import MOST_RUNS, ChangedRuns, WatchChanges, watch_changes

_log = logging.getLogger("mlflow.server")
_KIND = b"text/event-stream; charset=utf-8"
_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events until there are some kilobytes
)
#: seconds between two looks at the store
_PAUSE = 1.0
#: seconds without an event after which a comment is sent, so that proxies keep the connection
_QUIET = 15.0
_COMMENT = b": no change\n\n"
#: events that wait for a client before it is left to ask for them itself
_MOST_WAITING = 64
MOST_LISTENERS = 500  # of one process


class Changes:
    """The streams of this process.

    Args:
        engine: whose runs are watched.
        work: where the store is asked.
        timeout: seconds that a client may take to take an event.
    """

    def __init__(self, engine: Engine, work: Work, timeout: float) -> None:
        self._engine = engine
        self._work = work
        self._timeout = timeout
        self._feeds: dict[frozenset[int], _Feed] = {}
        self._listeners: set[_Listener] = set()
        #: all that were promised a stream, from the first moment on
        self._streams: WeakSet[_Stream] = WeakSet()
        self._ended = False

    async def answer(self, request: Request) -> Reply:
        """The stream that a request asks for."""
        question = decode_query(watch_changes, request.query)
        assert isinstance(question, WatchChanges)
        if last := request.headers.get(b"last-event-id"):  # some clients send an empty one
            question.since = last.decode("latin-1")
            question.check()
        if self._ended:
            raise _refused("The server is being stopped.")
        if len(self._streams) >= MOST_LISTENERS:
            raise _refused(
                f"Too many clients watch runs: the server serves {MOST_LISTENERS} at once. "
                "Ask runs/changed from time to time instead, or try again later."
            )
        if request.method == "HEAD":
            return Reply(200, _KIND, b"", _HEADERS)
        stream = _Stream(self, question.experiment_ids, request.receive)
        self._streams.add(stream)
        # What is wrong with the store is told now, while there can be an answer.
        stream.first = await self._work.in_thread(get_changed, self._engine, question)
        return Reply(200, _KIND, b"", _HEADERS, stream)

    def end(self) -> None:
        """End all streams, for the server stops; clients will ask another one."""
        self._ended = True
        for listener in self._listeners:
            listener.end()

    def forget(self, stream: "_Stream") -> None:
        """Let another client have the place of a stream that has ended."""
        self._streams.discard(stream)

    async def events(
        self, experiments: Sequence[str], first: ChangedRuns
    ) -> AsyncGenerator[bytes, None]:
        """Events, and comments while there are none; without end."""
        numbers = frozenset(experiment_number(text) for text in experiments)
        yield _event(first)
        listener = _Listener()
        self._listeners.add(listener)
        feed = self._feeds.get(numbers)
        if feed is None:
            feed = self._feeds[numbers] = _Feed(self._changed, sorted(numbers))
        feed.listeners.add(listener)
        try:
            if self._ended:
                return
            last = first.cursor
            # From here on nothing is missed; what came before is asked for.
            while not (feed.begun or listener.has_ended):
                await listener.woken(_PAUSE)
            listener.is_behind = True
            listener.waiting.clear()
            while not listener.has_ended:
                if listener.is_behind:
                    listener.is_behind = False
                    question = WatchChanges(experiment_ids=[*experiments], since=last)
                    found = await self._work.in_thread(get_changed, self._engine, question)
                    last = found.cursor
                    listener.is_behind = listener.is_behind or found.more
                    if found.run_ids:
                        yield _event(found)
                elif listener.waiting:
                    last, event = listener.waiting.pop(0)
                    yield event
                elif not await listener.woken(_QUIET):
                    yield _COMMENT
        finally:
            self._listeners.discard(listener)
            feed.listeners.discard(listener)
            if not feed.listeners and self._feeds.get(numbers) is feed:
                del self._feeds[numbers]
                feed.task.cancel()

    async def _changed(self, experiments: Sequence[int], place: Place | None) -> Page:
        changes = self._engine.store.changes
        if place is None:
            return Page([], await self._work.in_thread(changes.now), False)
        return await self._work.in_thread(changes.since, experiments, place, MOST_RUNS)

    @property
    def timeout(self) -> float:
        """Seconds that a client may take to take an event."""
        return self._timeout


class _Listener:
    """What waits for one client: cursors and events."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, bytes]] = []
        #: whether it is to ask for what it has not seen
        self.is_behind = False
        self.has_ended = False
        self._wake = asyncio.Event()

    def tell(self, last: str, event: bytes) -> None:
        """Have an event wait for the client."""
        if self.is_behind:
            return
        if len(self.waiting) >= _MOST_WAITING:
            self.waiting.clear()
            self.is_behind = True
        else:
            self.waiting.append((last, event))
        self._wake.set()

    def end(self) -> None:
        """Have the stream end."""
        self.has_ended = True
        self.wake()

    def wake(self) -> None:
        """Have the stream look what there is."""
        self._wake.set()

    async def woken(self, seconds: float) -> bool:
        """Whether there was something within some seconds."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        was_set = self._wake.is_set()
        self._wake.clear()
        return was_set


class _Feed:
    """Looks at the store for all who watch the same experiments."""

    def __init__(
        self,
        changed: Callable[[Sequence[int], Place | None], Awaitable[Page]],
        experiments: Sequence[int],
    ) -> None:
        self.listeners: set[_Listener] = set()
        #: it looks: what is changed from now on is told
        self.begun = False
        self._changed = changed
        self._experiments = experiments
        #: the second of the change that was told of each run, until no more can come with it
        self._told: dict[str, int] = {}
        self.task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        place: Place | None = None
        failed = False
        while True:
            try:
                page = await self._changed(self._experiments, place)
            except Exception as error:  # the database is away: it may come back
                if not failed:  # said once, and not every second
                    _complain(error)
                failed = True
                await asyncio.sleep(_PAUSE)
                continue
            failed = False
            self._begin()
            if place is not None:
                self._tell(page)
            place = page.next
            if not page.more:
                await asyncio.sleep(_PAUSE)

    def _begin(self) -> None:
        if not self.begun:
            self.begun = True
            for listener in self.listeners:
                listener.wake()

    def _tell(self, page: Page) -> None:
        final = page.next.second if page.next.then is None else page.next.then
        names = []
        for run_id, second in page.changes:
            if second < final:
                self._told.pop(run_id, None)
            elif self._told.get(run_id) == second:
                continue
            else:
                self._told[run_id] = second
            names.append(run_id)
        if not page.more:
            self._told = {run: second for run, second in self._told.items() if second >= final}
        if names:
            last = cursor(page.next)
            event = _event(ChangedRuns(names, page.more, last))
            for listener in self.listeners:
                listener.tell(last, event)


class _Stream:
    """The events for one client as the body of an answer."""

    size: int | None = None

    def __init__(self, changes: Changes, experiments: Sequence[str], receive: Receive) -> None:
        self._changes = changes
        self._experiments = experiments
        self._receive = receive
        #: what is told at once
        self.first = ChangedRuns([], False, "")

    async def send(self, send: Send) -> None:
        """Send events until the client goes away, or the server stops."""
        # What is sent to a client that has gone is taken in silence.
        gone = asyncio.create_task(until_gone(self._receive))
        sending = asyncio.create_task(self._send(send))
        try:
            await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (gone, sending):
                task.cancel()
                await over(task)
            self._changes.forget(self)

    async def _send(self, send: Send) -> None:
        events = self._changes.events(self._experiments, self.first)
        try:
            async for event in events:
                message = {"type": "http.response.body", "body": event, "more_body": True}
                await asyncio.wait_for(send(message), self._changes.timeout)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.TimeoutError:
            raise Gone from None
        except MlflowException as error:
            _log.warning("a stream of changes ends: %s", error.message)
            raise Gone from None
        finally:
            await events.aclose()


def _complain(error: Exception) -> None:
    if isinstance(error, MlflowException):
        _log.warning("changes of runs could not be looked for: %s", error.message)
    else:
        _log.error("changes of runs could not be looked for", exc_info=error)


def _event(found: ChangedRuns) -> bytes:
    return b"id: %b\nevent: runs\ndata: %b\n\n" % (
        found.cursor.encode("ascii"),
        msgspec.json.encode(found),
    )


def _refused(sentence: str) -> Refused:
    return Refused(503, sentence, "TEMPORARILY_UNAVAILABLE", ((b"retry-after", b"5"),))
