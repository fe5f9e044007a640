"""The writer: groups what waits, answers each, and leaves nobody waiting at the end."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from mlflow.exceptions import MlflowException
from mlflow.store.writer import LARGEST_GROUP, Writer
from mlflow.wire import Empty

WAIT = 30.0


class Desk:
    """A commit that can be held up, and remembers its groups."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def commit(self, group: list[int]) -> list[Exception | None]:
        self.groups.append(group)
        self.entered.release()
        assert self.gate.wait(WAIT)
        if any(number < -100 for number in group):
            raise RuntimeError(f"cannot do {group}")
        return [ValueError(str(number)) if number < 0 else None for number in group]


def hold(desk: Desk, writer: Writer[int]) -> Future[Empty]:
    """The writer is busy with a first request until the gate opens."""
    desk.gate.clear()
    first = writer.submit(0)
    assert desk.entered.acquire(timeout=WAIT)
    return first


def test_what_gathers_while_it_is_busy_goes_together() -> None:
    desk = Desk()
    writer = Writer(desk.commit, lambda number: 1, 1000, lambda: False)
    futures = [hold(desk, writer)] + [writer.submit(number) for number in range(1, 51)]
    assert not any(future.done() for future in futures)
    desk.gate.set()
    for future in futures:
        future.result(WAIT)
    assert desk.groups == [[0], list(range(1, 51))]
    writer.close()


@pytest.mark.parametrize(("weight", "size"), [(1, LARGEST_GROUP), (100, 10)])
def test_groups_are_bounded_and_keep_their_order(weight: int, size: int) -> None:
    desk = Desk()
    writer = Writer(desk.commit, lambda number: weight, 1000, lambda: False)
    hold(desk, writer)
    futures = [writer.submit(number) for number in range(1, 301)]
    desk.gate.set()
    for future in futures:
        future.result(WAIT)
    assert [number for group in desk.groups for number in group] == list(range(301))
    assert max(map(len, desk.groups)) == size
    writer.close()


def test_an_error_fails_only_its_own_request() -> None:
    desk = Desk()
    writer = Writer(desk.commit, lambda number: 1, 1000, lambda: False)
    hold(desk, writer)
    futures = {number: writer.submit(number) for number in (1, -2, 3, -4, 5)}
    desk.gate.set()
    failed = {number: str(future.exception(WAIT)) for number, future in futures.items()}
    assert failed == {1: "None", -2: "-2", 3: "None", -4: "-4", 5: "None"}
    writer.close()


def test_a_group_that_fails_as_a_whole_is_done_one_by_one() -> None:
    desk = Desk()
    writer = Writer(desk.commit, lambda number: 1, 1000, lambda: False)
    hold(desk, writer)
    futures = {number: writer.submit(number) for number in (1, -200, 3)}
    desk.gate.set()
    assert [type(futures[n].exception(WAIT)) for n in (1, -200, 3)] == [
        type(None), RuntimeError, type(None)
    ]  # fmt: skip
    assert desk.groups == [[0], [1, -200, 3], [1], [-200], [3]]
    writer.close()


def test_when_the_database_is_away_it_is_not_asked_once_for_each() -> None:
    """Each try takes seconds then; the clients of a whole group would wait for minutes."""
    asked: list[int] = []
    gate = threading.Event()

    def commit(group: list[int]) -> list[Exception | None]:
        asked.append(len(group))
        assert gate.wait(WAIT)
        raise MlflowException("away", "TEMPORARILY_UNAVAILABLE")

    writer: Writer[int] = Writer(commit, lambda number: 1, 1000, lambda: False)
    futures = [writer.submit(number) for number in range(101)]
    gate.set()
    for future in futures:
        error = future.exception(WAIT)
        assert isinstance(error, MlflowException)
        assert error.error_code == "TEMPORARILY_UNAVAILABLE"
    assert len(asked) < 8
    writer.close()


def test_closing_commits_what_waits() -> None:
    desk = Desk()
    writer = Writer(desk.commit, lambda number: 1, 10, lambda: False)
    futures = [hold(desk, writer)] + [writer.submit(number) for number in range(1, 100)]
    closing = threading.Thread(target=writer.close)
    closing.start()
    desk.gate.set()
    closing.join(WAIT)
    assert not closing.is_alive()
    assert all(future.result(0) == Empty() for future in futures)
    assert sum(map(len, desk.groups)) == 100


def test_closed_it_takes_nothing_and_closes_again() -> None:
    desk = Desk()
    writer = Writer(desk.commit, lambda number: 1, 10, lambda: False)
    writer.submit(1).result(WAIT)
    writer.close()
    with pytest.raises(MlflowException) as caught:
        writer.submit(2)
    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"
    writer.close()
    unused = Writer(desk.commit, lambda number: 1, 10, lambda: False)
    unused.close()
    with pytest.raises(MlflowException):
        unused.submit(1)


def test_nobody_waits_for_ever_when_it_closes_while_busy() -> None:
    """Every request is either refused at once or answered, whoever comes first."""
    for _ in range(20):
        desk = Desk()
        writer = Writer(desk.commit, lambda number: 1, 10, lambda: False)
        begin = threading.Barrier(5)

        def submit(
            writer: Writer[int] = writer, begin: threading.Barrier = begin
        ) -> list[Future[Empty]]:
            taken = []
            begin.wait(WAIT)
            for number in range(200):
                try:
                    taken.append(writer.submit(number))
                except MlflowException:
                    break
            return taken

        with ThreadPoolExecutor(4) as threads:
            working = [threads.submit(submit) for _ in range(4)]
            begin.wait(WAIT)
            writer.close()
            taken = [future for each in working for future in each.result(WAIT)]
        for future in taken:
            assert future.result(WAIT) == Empty()
        assert sum(map(len, desk.groups)) == len(taken)
