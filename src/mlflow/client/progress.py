"""How far a transfer is: a bar for people who look, for what takes longer than a second."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
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
        self._on_the_way = 0
        self._words = words
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._bar: Any = None
        self._shows = _is_watched() and MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.get()

    def add(self, count: int, *, before: bool = False, passed: int = 0) -> None:
        """Say that so many more bytes are there.

        Args:
            before: whether they were there already, and say nothing about the speed.
            passed: how many of them were shown as on their way.
        """
        with self._lock:
            self.done += count
            self._on_the_way -= passed
            if before:
                self.before += count
            self._show()

    def move(self, count: int) -> None:
        """Show so many more bytes that are on their way, and not there yet; see `Passing`."""
        with self._lock:
            self._on_the_way += count
            self._show()

    def again(self) -> None:
        """Begin anew: nothing is there."""
        self.add(-self.done)
        self.before = 0

    def _show(self) -> None:
        if not self._shows:
            return
        if self._bar is None:
            if time.monotonic() - self._began <= _PATIENCE:
                return
            self._bar = _bar(self._words, self.total, self.before)
            self._bar.start_t -= time.monotonic() - self._began
        self._bar.update(self.done + self._on_the_way - self._bar.n)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        self._shows = False
        if self._bar is not None:
            self._bar.close()


class Passing:
    """A body that is on its way: shown while it goes, and taken back unless it arrives.

    A context manager.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._sent = 0

    def at(self, sent: int) -> None:
        """Say that so many of its bytes have gone; fewer than before when it is sent again."""
        self._progress.move(sent - self._sent)
        self._sent = sent

    def arrived(self, count: int) -> None:
        """Say that it is there, with so many bytes."""
        self._progress.add(count, passed=self._sent)
        self._sent = 0

    def watched(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Its pieces, from its start."""
        sent = 0
        for piece in pieces:
            self.at(sent)
            yield piece
            sent += len(piece)
        self.at(sent)

    def __enter__(self) -> "Passing":
        return self

    def __exit__(self, *error: object) -> None:
        self.at(0)


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
