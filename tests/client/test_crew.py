"""Threads that work through a list and can be left."""

from __future__ import annotations

import itertools
import threading

import pytest

from mlflow.client.crew import Stop, Stopped, each


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_each_thing_is_done_once(threads: int) -> None:
    done: list[int] = []
    each(lambda number, stop: done.append(number), range(100), threads, Stop())
    assert sorted(done) == [*range(100)]


def test_the_first_error_ends_it_and_the_same_can_be_done_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mlflow.client.crew._GRACE_AFTER_ERROR", 1e6)  # all of them must end
    outer = Stop()

    def work(number: int, stop: Stop) -> None:
        if number == 3:
            raise ZeroDivisionError
        stop.check()

    with pytest.raises(ZeroDivisionError):
        each(work, itertools.count(), 4, outer)  # there would always be more to do
    each(lambda number, stop: stop.check(), range(10), 4, outer)


def test_what_stops_outside_stops_inside() -> None:
    outer = Stop()
    inner = Stop(outer)
    inner.check()
    outer.set()
    with pytest.raises(Stopped):
        inner.check()


def test_nobody_waits_for_a_thread_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlflow.client.crew._GRACE_AFTER_ERROR", 0.05)
    hangs = threading.Event()

    def work(number: int, stop: Stop) -> None:
        if number == 0:
            hangs.wait(60)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        each(work, range(2), 2, Stop())
    hangs.set()
