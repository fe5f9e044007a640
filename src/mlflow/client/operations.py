"""Logging that does not wait: what it hands back."""

from collections.abc import Callable, Iterable


class RunOperations:
    """Things on their way to the server.

    Args:
        waits: functions that return when a part has arrived, and raise when it was refused.
    """

    def __init__(self, waits: Iterable[Callable[[], object]] = ()) -> None:
        self._waits = list(waits)

    def wait(self) -> None:
        """Wait until the server has everything.

        Raises:
            MlflowException: the server refused a part, or is away.
        """
        while self._waits:
            self._waits.pop(0)()
