"""What the parts of `MlflowClient` share: the way to the store."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from mlflow.client import uri
from mlflow.client.operations import RunOperations
from mlflow.client.transport import ServerAway, Transport
from mlflow.environment_variables import MLFLOW_ENABLE_ASYNC_LOGGING
from mlflow.exceptions import MlflowException
from mlflow.wire import Endpoint, Question

Q = TypeVar("Q", bound=Question)
A = TypeVar("A")


class Calls:
    """A client of one tracking URI.

    Args:
        tracking_uri: address of a server, database URI or folder; by default the one that is
            set when the client is made.
        registry_uri: where models are registered; by default the tracking URI.

    Raises:
        MlflowException: the URI names no store that there is.
    """

    def __init__(
        self, tracking_uri: str | Path | None = None, registry_uri: str | None = None
    ) -> None:
        self._transport = uri.transport_for(tracking_uri)
        self._tracking_uri = str(tracking_uri or uri.get_tracking_uri())
        self._registry_uri = registry_uri or (
            self._tracking_uri if tracking_uri else uri.get_registry_uri()
        )

    @property
    def tracking_uri(self) -> str:
        """Where this client logs to."""
        return self._tracking_uri

    def _send(self, endpoint: Endpoint[Q, A], question: Q) -> A:
        """Ask the store."""
        return self._transport.send(endpoint, question)

    def _read(self, endpoint: Endpoint[Q, A], question: Q, run_id: str | None = None) -> A:
        """Ask the store after what this process still has to send has arrived there.

        Args:
            run_id: the run that is read; None is any.
        """
        settle(self._transport, run_id)
        return self._transport.send(endpoint, question)

    def _operations(self, run_id: str) -> RunOperations:
        outbox = uri.outbox_for(self._transport)
        return RunOperations([lambda: outbox.flush(run_id)])


def settle(transport: Transport, run_id: str | None = None) -> bool:
    """Let what this process still has to send arrive, as far as the server takes it.

    What was refused has been reported by the outbox; a server that is away is reported by the
    question that follows.

    Returns:
        Whether the server could be reached, as far as is known.
    """
    outbox = uri.open_outbox(transport)
    if outbox is not None and outbox.pending(run_id):
        try:
            outbox.flush(run_id)
        except ServerAway:
            return False
        except MlflowException:
            return True
    return True


def is_synchronous(asked: bool | None) -> bool:
    """Whether a call of `MlflowClient` waits for the server: as asked, else as the setting says."""
    return asked if asked is not None else MLFLOW_ENABLE_ASYNC_LOGGING.get() is not True


def texts(items: Sequence[str] | str) -> list[str]:
    """A list, also of a single item."""
    if isinstance(items, (str, int)):
        items = [items]
    return [str(item) for item in items]
