"""The engine: what all endpoints work with, and the table of their handlers."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from mlflow import store
from mlflow.blobs.roots import Roots
from mlflow.exceptions import MlflowException
from mlflow.store import Store, WouldBlock
from mlflow.store.uri import DATABASE_FILE, parse
from mlflow.wire import AnyEndpoint, Endpoint, Question

Q = TypeVar("Q", bound=Question)
A = TypeVar("A")
E = TypeVar("E", bound="ArtifactEngine")
Handler = Callable[[Any, Any], Any]

_logger = logging.getLogger(__name__)

#: endpoint → the function that does it; filled by `serves`
HANDLERS: dict[AnyEndpoint, Handler] = {}


class ArtifactEngine:
    """What the endpoints need that are about artifacts only.

    Args:
        roots: the places that may be looked into.
    """

    def __init__(self, roots: Roots) -> None:
        self.roots = roots

    def close(self) -> None:
        """Nothing is open that must be closed."""


class Engine(ArtifactEngine):
    """A store and what the endpoints need beside it.

    Args:
        store: the open database.
        artifact_root: where experiments without a location of their own keep artifacts, as
            clients see it: `mlflow-artifacts:/`, a `file:` URI or an object store.
        roots: the places that may be looked into; by default what `artifact_root` names.
    """

    def __init__(self, store: Store, artifact_root: str, roots: Roots | None = None) -> None:
        super().__init__(roots or Roots(None, artifact_root))
        self.store = store
        self.artifact_root = artifact_root.rstrip("/")

    def close(self) -> None:
        """Finish what is queued and close the database."""
        self.store.close()


def open_engine(
    uri: str, artifact_root: str, *, upgrade: bool = True, roots: Roots | None = None
) -> Engine:
    """The engine over the database or folder at `uri`.

    Args:
        uri: `sqlite:///…`, `postgresql://…`, `mysql://…`; a plain path or `file:` URI is a folder.
        artifact_root, roots: see `Engine`.
        upgrade: create the tables of an empty database; an old schema is refused either way.

    Raises:
        MlflowException: the database cannot be opened or has another schema.
    """
    others = _files_of_mlflow(uri)
    engine = Engine(store.open_store(uri, upgrade=upgrade), artifact_root, roots)
    if others is not None:
        _logger.warning(
            "The folder %s holds runs in MLflow's own file format. They are left as they are and "
            "are not shown, as their import is still to come; new runs go into %s beside them.",
            others,
            DATABASE_FILE,
        )
    return engine


def _files_of_mlflow(uri: str) -> Path | None:
    """The folder at a URI when it is new to us and MLflow has kept runs there."""
    parsed = parse(uri)
    if parsed.folder is None or Path(parsed.address).exists():
        return None
    found = next(parsed.folder.glob("*/meta.yaml"), None)
    return parsed.folder if found is not None else None


def serves(endpoint: Endpoint[Q, A]) -> Callable[[Callable[[E, Q], Any]], Callable[[E, Q], Any]]:
    """Make a function the handler of `endpoint`.

    The function returns the answer, or, for a queued endpoint, a Future of it.
    """

    def register(handler: Callable[[E, Q], Any]) -> Callable[[E, Q], Any]:
        if endpoint in HANDLERS:
            raise AssertionError(f"{endpoint} has two handlers")
        HANDLERS[endpoint] = handler
        return handler

    return register


def answer(engine: Engine, endpoint: AnyEndpoint, question: Question) -> Any:
    """The answer to a checked question; waits for queued work.

    Raises:
        MlflowException: the question cannot be answered; the store is as it was.
    """
    if endpoint.brief:
        try:
            return answer_at_once(engine, endpoint, question)
        except WouldBlock:
            pass
    result = handler_of(endpoint)(engine, question)
    return result.result() if isinstance(result, Future) else result


def answer_at_once(engine: Engine, endpoint: AnyEndpoint, question: Question) -> Any:
    """The answer to a checked question, given in this thread without waiting for anything.

    Raises:
        WouldBlock: that cannot be done now; nothing was changed.
        MlflowException: the question cannot be answered; the store is as it was.
    """
    with engine.store.database.at_once():
        result = handler_of(endpoint)(engine, question)
    return result.result() if isinstance(result, Future) else result


def handler_of(endpoint: AnyEndpoint) -> Handler:
    """The function that does what an endpoint is for."""
    handler = HANDLERS.get(endpoint)
    if handler is None:
        raise MlflowException(f"{endpoint} is not served here.", "ENDPOINT_NOT_FOUND")
    return handler
