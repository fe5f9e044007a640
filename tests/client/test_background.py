"""Work that nobody waits for: it is done, counted, bounded, and never ends anything."""

from __future__ import annotations

import logging
import os
import threading

import pytest

from mlflow.client import background
from mlflow.client.background import Background
from mlflow.exceptions import TEMPORARILY_UNAVAILABLE, MlflowException


def refuse() -> None:
    raise MlflowException("no room")


def test_all_is_done_when_it_is_flushed() -> None:
    queue, done = Background(), list[int]()
    for number in range(100):
        queue.submit("run", "x", 1, lambda number=number: done.append(number))  # type: ignore[misc]
    queue.flush()
    assert sorted(done) == list(range(100))
    queue.flush()


def test_a_run_waits_for_its_own_work_only() -> None:
    queue, gate, done = Background(), threading.Event(), list[str]()
    queue.submit("slow", "x", 1, lambda: done.append("slow" if gate.wait() else ""))
    queue.submit("fast", "x", 1, lambda: done.append("fast"))
    queue.flush("fast")
    queue.flush("none")
    assert done == ["fast"]
    gate.set()
    queue.flush("slow")
    assert done == ["fast", "slow"]


def test_what_fails_is_told_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    queue = Background()
    for number in range(3):
        queue.submit("run", f"The image {number}", 1, refuse)
    queue.flush()
    first, last = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert first.getMessage().endswith("could not be logged: no room")
    assert last.getMessage() == (
        "3 images of run run could not be logged, the last because: no room"
    )
    caplog.clear()
    queue.submit("run", "The image 4", 1, refuse)
    queue.flush("run")
    assert [record.getMessage() for record in caplog.records] == [
        "The image 4 could not be logged: no room"
    ]


def test_a_server_that_is_away_is_not_waited_for_again_and_again() -> None:
    queue, tried, gate = Background(), list[int](), threading.Event()

    def away(number: int) -> None:
        gate.wait()
        tried.append(number)
        raise MlflowException("away", TEMPORARILY_UNAVAILABLE)

    for number in range(100):
        queue.submit("run", "x", 1, lambda number=number: away(number))  # type: ignore[misc]
    flushing = threading.Thread(target=queue.flush)
    flushing.start()
    while not queue._flushing:
        os.sched_yield()
    gate.set()
    flushing.join()
    assert len(tried) <= 8


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_MOST_WAITING", 10)
    queue, gate, waiting = Background(), threading.Event(), list[int]()
    most = 0

    def work() -> None:
        gate.wait()
        waiting.append(-1)

    def submit() -> None:
        for _ in range(20):
            queue.submit("run", "x", 5, work)
            waiting.append(1)

    thread = threading.Thread(target=submit)
    thread.start()
    while len(waiting) < 2:
        os.sched_yield()
    assert waiting == [1, 1]
    gate.set()
    thread.join()
    queue.flush()
    assert sum(waiting) == 0
    # Something larger than all that may wait goes alone, instead of never.
    queue.submit("run", "x", 100, lambda: waiting.append(most))
    queue.flush()
    assert waiting[-1] == most


def test_a_program_is_not_held_back_by_a_server_that_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "_MOST_WAITING", 2)
    queue, gate = Background(), threading.Event()

    def away() -> None:
        raise MlflowException("away", TEMPORARILY_UNAVAILABLE)

    queue.submit("run", "x", 1, away)
    while not caplog.records:
        os.sched_yield()
    done: list[bool] = []
    queue.submit("other", "x", 2, lambda: done.append(gate.wait()))
    for _ in range(8):
        queue.submit("run", "x", 2, away)
    gate.set()
    queue.flush()
    assert "9 images of run run could not be logged" in caplog.text


def test_a_forked_child_begins_anew() -> None:
    gate, done = threading.Event(), list[str]()
    background.submit("run", "x", 1, lambda: done.append("parent" if gate.wait() else ""))
    child = os.fork()
    if not child:
        background.flush()
        background.submit("run", "x", 1, lambda: done.append("child"))
        background.flush()
        os._exit(0 if done == ["child"] else 1)
    gate.set()
    background.flush()
    assert os.waitpid(child, 0)[1] == 0
    assert done == ["parent"]
