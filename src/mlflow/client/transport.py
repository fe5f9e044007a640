"""The caller does not know the wire: `send(endpoint, question)` gives the answer.

    Http     over the network to a server
    Local    to the engine in this process, over a database or folder

Both check the question before it leaves, and both give the same answers: `Local` calls what the
server calls, and reads its answer back from the JSON that the server would have written.
"""

import atexit
import os
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from mlflow._http import Answer, Session, Unanswered, may_pass
from mlflow.exceptions import (
    HTTP_STATUS,
    INTERNAL_ERROR,
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
    RestException,
)
from mlflow.wire import Empty, Endpoint, Question
from mlflow.wire._json import decode_answer, encode, encode_query

if TYPE_CHECKING:
    from mlflow.service import Engine

Q = TypeVar("Q", bound=Question)
A = TypeVar("A")
_AWAY = frozenset({408, 429, 502, 503, 504})


class ServerAway(MlflowException):
    """The server cannot be reached or cannot answer now; the same question may work later.

    Args:
        wait: seconds after which the server asks to be asked again, None when it does not say.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message, error_code=TEMPORARILY_UNAVAILABLE)
        self.wait = wait


class Transport(Protocol):
    """A way to ask the endpoints of one tracking URI."""

    @property
    def uri(self) -> str:
        """The tracking URI; that of a server without a password, that of a database as given."""
        ...

    def send(self, endpoint: Endpoint[Q, A], question: Q, *, retry: bool = True) -> A:
        """The answer to a question, which is checked first.

        Args:
            retry: whether what fails in passing is tried again, which can take minutes.

        Raises:
            ServerAway: there was no answer, after the retries.
            MlflowException: the question is wrong or cannot be answered; a `RestException` when
                a server says so.
        """
        ...


class Http:
    """Questions to a server.

    Args:
        uri: its address.
    """

    def __init__(self, uri: str) -> None:
        self.session = Session(uri)
        self.uri = self.session.base

    def send(self, endpoint: Endpoint[Q, A], question: Q, *, retry: bool = True) -> A:
        """The answer of the server; see `Transport.send`."""
        question.check()
        path, body = endpoint.route, None
        if endpoint.method == "GET":
            query = _with_both_ids(question, encode_query)
            path = f"{path}?{query}" if query else path
        else:
            body = _with_both_ids(question, encode)
        try:
            answer = self.session.ask(endpoint.method, path, body, retry=retry)
        except Unanswered as error:
            raise ServerAway(
                f"The tracking server {self.uri} cannot be reached: {error}. "
                "Check that it is running and that the tracking URI is right."
            ) from None
        if answer.status != 200:
            raise _refused(self.uri, endpoint, answer)
        try:
            found: A = decode_answer(endpoint, answer.body)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise MlflowException(
                f"The answer of {self.uri} to {endpoint.route} cannot be read: {error}. It is "
                f"{answer.kind or 'of no kind'}; is this the address of a tracking server?"
            ) from None
        return found


class Local:
    """Questions to the engine in this process; it opens at the first one.

    Args:
        store_uri: the database or folder.
        artifact_root: where experiments without a location of their own keep artifacts.
    """

    def __init__(self, store_uri: str, artifact_root: str) -> None:
        self.uri = store_uri
        self._artifact_root = artifact_root
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        _local.append(self)

    def send(self, endpoint: Endpoint[Q, A], question: Q, *, retry: bool = True) -> A:
        """The answer of the engine; see `Transport.send`."""
        from mlflow import service

        question.check()
        answer: A = service.answer(self._open(), endpoint, question)
        if endpoint.answer is Empty:
            return answer
        found: A = decode_answer(endpoint, encode(answer))
        return found

    def _open(self) -> "Engine":
        from mlflow import service

        engine = self._engine
        if engine is None:
            with self._lock:
                engine = self._engine
                if engine is None:
                    engine = self._engine = service.open_engine(self.uri, self._artifact_root)
        return engine

    def close(self) -> None:
        """Finish what is queued and close the database; the next question opens it again."""
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def forget(self) -> None:
        """Start anew in a forked child: connections and threads are the parent's."""
        self._lock = threading.Lock()
        self._engine = None


def session_of(transport: Transport) -> Session | None:
    """The connections to the server that a transport asks, None when it asks none."""
    return transport.session if isinstance(transport, Http) else None


_local: list[Local] = []


@atexit.register
def _close_local() -> None:
    # Registered before any outbox or run exists, so it runs after all that they still send.
    for transport in _local:
        transport.close()


def _forget_after_fork() -> None:
    for transport in _local:
        transport.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)


def _with_both_ids(question: Question, encoded: Any) -> Any:
    """A question encoded with `run_uuid` beside `run_id`, for servers that know only the former."""
    if "run_uuid" not in question.__struct_fields__:
        return encoded(question)
    question.run_uuid = question.run_id  # type: ignore[attr-defined]
    try:
        return encoded(question)
    finally:
        question.run_uuid = ""  # type: ignore[attr-defined]


def _refused(uri: str, endpoint: Endpoint[Q, A], answer: Answer) -> MlflowException:
    """The error that an answer other than 200 stands for."""
    try:
        body = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        body = None
    if answer.status in _AWAY:
        text = body.get("message") if isinstance(body, dict) else None
        if not text and answer.kind.startswith("text/") and not may_pass(answer):
            text = answer.body[:500].decode("utf-8", "replace").strip().rstrip(".")
        return ServerAway(
            f"The tracking server {uri} cannot answer now (status {answer.status}"
            f"{f': {text}' if text else ''}). Try again later.",
            answer.wait,
        )
    if isinstance(body, dict) and "error_code" in body:
        return RestException(body)
    text = answer.body[:500].decode("utf-8", "replace").strip()
    codes = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "ENDPOINT_NOT_FOUND"}
    code = codes.get(answer.status, "BAD_REQUEST" if answer.status < 500 else INTERNAL_ERROR)
    assert code in HTTP_STATUS
    advice = {
        401: " Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or a token.",
        404: " Is this the address of a tracking server?",
    }.get(answer.status, "")
    return MlflowException(
        f"{uri} answered {endpoint.method} {endpoint.route} with status {answer.status}: "
        f"{text or 'nothing'}.{advice}",
        error_code=code,
    )
