"""What waits to be sent, in order: the lanes of a run.

A lane is what one process logged into one run: its spool file, and the newest part of it in
memory as long as there is room. A run has the lanes that dead processes left over, the oldest
first, and behind them the lane of this process. Nothing here locks; the outbox does.
"""

import time
from collections import deque
from itertools import islice
from pathlib import Path

from mlflow.client.records import Record, decode, values_in
from mlflow.client.spool import Frame, Spool, Unreadable
from mlflow.exceptions import MlflowException

#: most records that are looked at for one request
_MOST_RECORDS = 1000
_MOST_VALUES = 1000
#: bytes of delivered records after which an empty file is cut back
_REWIND_AT = 1 << 20
#: seconds until a file that could not be written is tried again
_RETRY_DISK_AFTER = 1.0


class Stretch:
    """Records that are in the file only."""

    __slots__ = ("end", "records", "start", "values")

    def __init__(self, start: int, end: int, records: int, values: int) -> None:
        self.start = start
        self.end = end
        self.records = records
        self.values = values


class Lane:
    """What one process logged into one run and the server does not have yet.

    Args:
        run_id: the run.
        spool: the file; None until the first record, or when the disk refuses it.
        adopted: left over by a dead process, so nothing is added to it.

    Attributes:
        values: waiting points, params, tags and questions.
        held: those of them in memory.
        unkept: those of them in memory only, because the disk refused them.
        closed: the file was given up, by `close`.
    """

    def __init__(self, run_id: str, spool: Spool | None = None, *, adopted: bool = False) -> None:
        self.run_id = run_id
        self.spool = spool
        self.adopted = adopted
        self.values = self.held = self.unkept = 0
        self.closed = False
        self._entries: deque[tuple[Record, int] | Stretch] = deque()
        self._disk_again = 0.0
        self.records = 0
        if spool is not None and spool.records:
            self.records, self.values = spool.records, spool.values
            rest = Stretch(spool.delivered, spool.end, self.records, self.values)
            self._entries.append(rest)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def keep(self, folder: Path, uri: str, payload: bytes, values: int) -> tuple[int, int]:
        """Write a record into the file; returns its offsets there, zeros while the disk refuses.

        Raises:
            OSError: the disk refuses from now on.
        """
        if self._disk_again and time.monotonic() < self._disk_again:
            return 0, 0
        try:
            if self.spool is None:
                self.spool = Spool.create(folder, uri, self.run_id)
            start = self.spool.end
            end = self.spool.append(payload, values)
        except OSError:
            self._disk_again = time.monotonic() + _RETRY_DISK_AFTER
            raise
        self._disk_again = 0.0
        return start, end

    def push(self, record: Record, start: int, end: int, values: int, *, in_memory: bool) -> None:
        """Line a record up; `start` and `end` tell where it is in the file."""
        self.values += values
        self.records += 1
        if in_memory:
            self._entries.append((record, end))
            self.held += values
            if not end:
                self.unkept += values
            return
        last = self._entries[-1] if self._entries else None
        if isinstance(last, Stretch) and last.end == start:
            last.end = end
            last.records += 1
            last.values += values
        else:
            self._entries.append(Stretch(start, end, 1, values))

    def first(self) -> "Stretch | list[tuple[Record, int]]":
        """The records at the head: those in memory, or where they are in the file."""
        head = self._entries[0]
        if isinstance(head, Stretch):
            return head
        found: list[tuple[Record, int]] = []
        for entry in islice(self._entries, _MOST_RECORDS):
            if isinstance(entry, Stretch):
                break
            found.append(entry)
        return found

    def read(self, stretch: Stretch) -> list[tuple[Record, int]]:
        """The first records of a stretch, enough for a request.

        Raises:
            Unreadable: the file was damaged, or written by a newer version.
        """
        assert self.spool is not None
        found: list[tuple[Record, int]] = []
        values = 0
        try:
            for frame in self.spool.read(stretch.start, stretch.end):
                try:
                    record = _decoded(frame)
                except Unreadable:
                    if found:  # first those before it
                        break
                    raise
                found.append((record, frame.end))
                values += frame.values
                if values >= _MOST_VALUES or len(found) >= _MOST_RECORDS:
                    break
        except OSError as error:
            raise Unreadable(str(error)) from error
        if not found:
            raise Unreadable(f"there is no record at byte {stretch.start}")
        return found

    def delivered(self, records: list[tuple[Record, int]]) -> None:
        """Take the first records out: the server has them."""
        head = self._entries[0]
        values = sum(values_in(record) for record, _ in records)
        position = max(end for _, end in records)
        self.values -= values
        self.records -= len(records)
        if isinstance(head, Stretch):
            head.start = position
            head.records -= len(records)
            head.values -= values
            if head.start >= head.end:
                self._entries.popleft()
        else:
            for _ in records:
                self._entries.popleft()
            self.held -= values
            self.unkept -= sum(values_in(record) for record, end in records if not end)
        if self.spool is None:
            return
        if position:
            self.spool.mark(position)
        if not self._entries and self.spool.end - self.spool.begin > _REWIND_AT:
            self.spool.rewind()

    def shelve(self) -> None:
        """Remove the file of a lane in which nothing waits; a new record makes a new one."""
        if self.spool is not None and not self._entries:
            self.spool.remove()
            self.spool = None

    def close(self) -> None:
        """Give the file up: delete it when all is delivered, else leave it for the next one."""
        self.closed = True
        spool, self.spool = self.spool, None
        if spool is None:
            return
        if self.records == self._unkept_records():
            spool.remove()
            return
        try:
            spool.sync()
        finally:
            spool.close()

    def forget(self) -> None:
        """Let go of the file in a forked child; it stays the parent's."""
        self.closed = True
        if self.spool is not None:
            self.spool.close()

    def _unkept_records(self) -> int:
        return sum(1 for entry in self._entries if not isinstance(entry, Stretch) and not entry[1])


class RunBox:
    """All that waits for one run.

    Attributes:
        put, done: records that were put in and that are through, ever.
        put_before: what `put` was when the outbox last looked around.
        searched: left-over files of the run were looked for.
        tries, not_before: attempts that failed in a row, and when to try again (monotonic).
        failure, failed_from: the last failure, and when that attempt began (monotonic).
        refused: the first error that the server gave since the last flush.
        ended: the run is over; its file goes when it is empty.
    """

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.own: Lane | None = None
        self.left_over: deque[Lane] = deque()
        self.put = self.done = self.put_before = 0
        self.searched = False
        self.tries = 0
        self.not_before = 0.0
        self.failure: MlflowException | None = None
        self.failed_from = 0.0
        self.warned = False
        self.refused: MlflowException | None = None
        self.ended = False

    def lanes(self) -> list[Lane]:
        """The lanes in the order in which they are sent."""
        return [*self.left_over, self.own] if self.own is not None else list(self.left_over)

    def head(self) -> Lane | None:
        """The first lane in which something waits."""
        return next((lane for lane in self.lanes() if lane), None)

    def values(self) -> int:
        """Waiting points, params, tags and questions."""
        return sum(lane.values for lane in self.lanes())

    def tidy(self) -> None:
        """Remove the files of left-over lanes that are empty."""
        while self.left_over and not self.left_over[0]:
            self.left_over.popleft().close()


def _decoded(frame: Frame) -> Record:
    try:
        return decode(frame.payload)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise Unreadable(f"a record cannot be understood: {error}") from error
