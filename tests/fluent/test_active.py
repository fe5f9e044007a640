"""The active run and threads: each has its own, and nested ones find their parent."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import pytest

import mlflow


def parent_of_nested() -> str | None:
    """The parent of a run that is nested in this thread."""
    with mlflow.start_run(nested=True) as run:
        return run.data.tags.get("mlflow.parentRunId")


def in_thread(work: object) -> object:
    """What a function gives in a thread of its own that is started here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _somewhere(folder: str) -> None:
    mlflow.set_experiment("threads")


def test_a_thread_has_no_active_run_of_its_own() -> None:
    with mlflow.start_run():
        assert in_thread(mlflow.active_run) is None
        assert mlflow.active_run() is not None


def test_a_sweep_in_worker_threads_is_one_parent_with_all_its_children() -> None:
    with mlflow.start_run() as parent, ThreadPoolExecutor(4) as pool:
        parents = list(pool.map(lambda _: parent_of_nested(), range(100)))
    assert parents == [parent.info.run_id] * 100
    children = mlflow.search_runs(
        filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list"
    )
    assert len(children) == 100
    assert {child.info.status for child in children} == {"FINISHED"}


def test_the_parent_is_that_of_the_starting_thread_where_several_are_open() -> None:
    """Two sweeps at once do not mix, whatever starts the threads."""
    ready = threading.Barrier(2)

    def sweep(_: int) -> tuple[str, list[str | None]]:
        with mlflow.start_run() as run:
            ready.wait()
            with ThreadPool(2) as pool:
                found = pool.map(lambda _: parent_of_nested(), range(4))
            ready.wait()
        return run.info.run_id, found

    with ThreadPoolExecutor(2) as pool:
        sweeps = list(pool.map(sweep, range(2)))
    assert sweeps[0][0] != sweeps[1][0]
    for run_id, parents in sweeps:
        assert parents == [run_id] * 4


def test_a_thread_of_a_thread_finds_it_as_well() -> None:
    with mlflow.start_run() as parent:
        assert in_thread(lambda: in_thread(parent_of_nested)) == parent.info.run_id


def test_a_thread_that_was_there_before_gets_the_only_open_run() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with mlflow.start_run() as parent, mlflow.start_run(nested=True):
            assert pool.submit(parent_of_nested).result() == parent.info.run_id


def test_a_pool_that_outlives_its_first_run_gets_the_next_one() -> None:
    with ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            with mlflow.start_run() as parent:
                assert pool.submit(parent_of_nested).result() == parent.info.run_id
        assert pool.submit(parent_of_nested).result() is None


def test_without_nested_a_thread_starts_a_run_of_its_own() -> None:
    def start() -> str | None:
        with mlflow.start_run() as run:
            return run.data.tags.get("mlflow.parentRunId")

    with mlflow.start_run():
        assert in_thread(start) is None


def test_a_thread_does_not_end_the_run_of_another() -> None:
    with mlflow.start_run() as run:
        in_thread(mlflow.end_run)
        assert mlflow.get_run(run.info.run_id).info.status == "RUNNING"


def test_a_block_may_end_in_another_thread() -> None:
    run = mlflow.start_run()
    in_thread(lambda: run.__exit__(None, None, None))
    assert mlflow.active_run() is None
    assert mlflow.get_run(run.info.run_id).info.status == "FINISHED"
