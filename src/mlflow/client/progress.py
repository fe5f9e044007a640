"""How far a transfer is: a bar for people who look, for what takes longer than a second."""

import sys
import threading
import time
from types import TracebackType
from typing import Any

from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR

#: seconds before anything is shown
_PATIENCE = 1.0


class Progress:
    """Bytes that have arrived, of how many; a context manager.

    Args:
        words: what is done, such as `Sending model.bin`.
        total: bytes.
    """

    def __init__(self, words: str, total: int) -> None:
        self.total = total
        #: bytes that are there, and those of them that were there before
        self.done = 0
        self.before = 0
        self._words = words
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._bar: Any = None
        self._shows = _is_watched() and MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.get()

    def add(self, count: int, *, before: bool = False) -> None:
        """Say that so many more bytes are there.

        Args:
            before: whether they were there already, and say nothing about the speed.
        """
        with self._lock:
            self.done += count
            if before:
                self.before += count
            if self._shows:
                self._show(count)

    def again(self) -> None:
        """Begin anew: nothing is there."""
        self.add(-self.done)
        self.before = 0

    def _show(self, count: int) -> None:
        if self._bar is not None:
            self._bar.update(count)
        elif time.monotonic() - self._began > _PATIENCE:
            self._bar = _bar(self._words, self.total, self.before)
            self._bar.start_t -= time.monotonic() - self._began
            self._bar.update(self.done - self.before)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shows = False
        if self._bar is not None:
            self._bar.close()


def _is_watched() -> bool:
    """Whether somebody looks at what is printed: a terminal, or a notebook."""
    return "ipykernel" in sys.modules or bool(sys.stderr and sys.stderr.isatty())


def _bar(words: str, total: int, initial: int) -> Any:
    from tqdm import tqdm

    return tqdm(
        total=total,
        initial=initial,
        desc=words,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        file=sys.stderr,
        dynamic_ncols=True,
        leave=False,
    )


def amount(count: float) -> str:
    """Bytes as people read them: `9.2 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
