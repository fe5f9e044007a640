"""Workloads that log: single metrics, batches, many clients at once, whole runs."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from typing import Any, TypeVar

from api import Api, Wrong
from measures import Measures
from servers import Server

T = TypeVar("T")
EPOCH = 1_700_000_000_000  # milliseconds since 1970; the first point of every metric
WARM_UP = 20


def value_at(step: int) -> float:
    """The value that is logged at a step; whoever reads it back knows it, too."""
    return (step * 7919 % 1_000_003) / 1_000_003


def point(key: str, step: int) -> dict[str, Any]:
    """A metric as it is logged."""
    return {"key": key, "value": value_at(step), "timestamp": EPOCH + step, "step": step}


def batch(run: str, number: int, size: int, keys: int) -> bytes:
    """Call `number` of `log-batch`: the next `size // keys` points of each of `keys` metrics."""
    steps = range(number * (size // keys), (number + 1) * (size // keys))
    metrics = [point(f"metric_{key}", step) for step in steps for key in range(keys)]
    return json.dumps({"run_id": run, "metrics": metrics}).encode()


def check_points(found: Iterable[Any], wanted: Iterable[int], key: str) -> None:
    """Points came back as they were logged: all of them, once, unchanged, in order of steps."""
    points = list(found)
    steps = [int(each.get("step", 0)) for each in points]
    expected = list(wanted)
    if steps != expected:
        lost = len(set(expected).difference(steps))
        if lost or len(steps) != len(expected):
            raise Wrong(f"{lost} of {len(expected)} points of {key} lost, {len(steps)} are there")
        raise Wrong(f"the points of {key} are not in order of steps")
    for step, each in zip(steps, points, strict=True):
        if each["value"] != value_at(step) or int(each["timestamp"]) != EPOCH + step:
            raise Wrong(f"{key} at step {step} has changed: {each}")


def check_history(api: Api, run: str, key: str, steps: int) -> None:
    """The metric's history is that of `steps` steps."""
    pages = api.history(run, key)
    check_points((each for _, page in pages for each in page), range(steps), key)


_everybody: Callable[[], object]


def _meet(barrier: Barrier) -> None:
    global _everybody
    _everybody = barrier.wait


def together(work: Callable[..., T], arguments: Sequence[Sequence[Any]]) -> list[T]:
    """What `work(*each)` gives for each of `arguments`, each in a process of its own.

    Work that calls `_everybody()` once waits there for all the others.
    """
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(arguments), timeout=60)
    with ProcessPoolExecutor(len(arguments), context, _meet, (barrier,)) as processes:
        waiting = [processes.submit(work, *each) for each in arguments]
        return [each.result() for each in waiting]


def log_metric(server: Server, measures: Measures, *, calls: int = 2000) -> None:
    """One client logs single metrics, one after the other."""
    with measures.checked("requests/s", "p50, ms", "p99, ms"), Api(server.url) as api:
        run = api.create_run(api.create_experiment("log-metric"), EPOCH)
        bodies = [
            json.dumps({"run_id": run, **point("loss", step)}).encode()
            for step in range(WARM_UP + calls)
        ]
        for body in bodies[:WARM_UP]:
            api.post("runs/log-metric", body)
        begin = time.perf_counter()
        seconds = [api.post("runs/log-metric", body)[0] for body in bodies[WARM_UP:]]
        measures["requests/s"] = calls / (time.perf_counter() - begin)
        measures.latency(seconds)
        check_history(api, run, "loss", len(bodies))


def log_batch(
    server: Server, measures: Measures, *, calls: int = 100, size: int = 1000, keys: int = 10
) -> None:
    """One client logs many metrics per call."""
    with measures.checked("metrics/s", "p50, ms", "p99, ms"), Api(server.url) as api:
        run = api.create_run(api.create_experiment("log-batch"), EPOCH)
        bodies = [batch(run, number, size, keys) for number in range(1 + calls)]
        api.post("runs/log-batch", bodies[0])
        begin = time.perf_counter()
        seconds = [api.post("runs/log-batch", body)[0] for body in bodies[1:]]
        measures["metrics/s"] = calls * size / (time.perf_counter() - begin)
        measures.latency(seconds)
        for key in range(keys):
            check_history(api, run, f"metric_{key}", len(bodies) * (size // keys))


def _write(url: str, run: str, bodies: list[bytes]) -> tuple[float, float, list[float]]:
    """Begin and end of sending all `bodies`, and what each took. Nothing is sent twice."""
    with Api(url) as api:
        api.post("runs/log-metric", {"run_id": run, **point("warm-up", 0)})
        _everybody()
        begin = time.monotonic()  # one clock for all processes
        seconds = [api.post("runs/log-batch", body)[0] for body in bodies]
        return begin, time.monotonic(), seconds


def concurrent(
    server: Server,
    measures: Measures,
    *,
    clients: int = 16,
    calls: int = 40,
    size: int = 100,
    keys: int = 10,
) -> None:
    """Many client processes log batches at once, each to a run of its own."""
    with measures.checked("metrics/s", "p50, ms", "p99, ms"):
        with Api(server.url) as api:
            experiment = api.create_experiment("concurrent")
            runs = [api.create_run(experiment, EPOCH) for _ in range(clients)]
        work = [
            (server.url, run, [batch(run, number, size, keys) for number in range(calls)])
            for run in runs
        ]
        begins, ends, seconds = zip(*together(_write, work), strict=True)
        measures["metrics/s"] = clients * calls * size / (max(ends) - min(begins))
        measures.latency([each for took in seconds for each in took])
        with Api(server.url) as api:
            for run in runs:
                for key in range(keys):
                    check_history(api, run, f"metric_{key}", calls * (size // keys))


def run_lifecycle(server: Server, measures: Measures, *, runs: int = 200) -> None:
    """Create a run, log 20 params, 10 metrics and 5 tags in one batch, finish the run."""
    content = {
        "params": [{"key": f"param_{i}", "value": f"value {i}"} for i in range(20)],
        "metrics": [point(f"metric_{i}", i) for i in range(10)],
        "tags": [{"key": f"tag_{i}", "value": f"value {i}"} for i in range(5)],
    }
    with measures.checked("runs/s", "p50, ms", "p99, ms"), Api(server.url) as api:
        experiment = api.create_experiment("run-lifecycle")
        made, seconds = [], []
        for number in range(WARM_UP + runs):
            begin = time.perf_counter()
            run = api.create_run(experiment, EPOCH + number)
            api.post("runs/log-batch", {"run_id": run, **content})
            end = {"run_id": run, "status": "FINISHED", "end_time": EPOCH + number + 1000}
            api.post("runs/update", end)
            seconds.append(time.perf_counter() - begin)
            made.append(run)
        measures["runs/s"] = runs / sum(seconds[WARM_UP:])
        measures.latency(seconds[WARM_UP:])
        for number, run in enumerate(made):
            found = api.get("runs/get", run_id=run)[1]["run"]
            told = (found["info"]["status"], int(found["info"]["end_time"]))
            if told != ("FINISHED", EPOCH + number + 1000):
                raise Wrong(f"run {number} did not finish: {found['info']}")
            check_content(found, content)


def check_content(run: Any, wanted: dict[str, list[dict[str, Any]]]) -> None:
    """The run has exactly these params and metrics, and these tags beside those of the server."""
    for part, items in wanted.items():
        expected = {each["key"]: each["value"] for each in items}
        found = {each["key"]: each["value"] for each in run["data"].get(part, [])}
        if part == "tags":
            found = {key: value for key, value in found.items() if key in expected}
        if found != expected:
            raise Wrong(f"the {part} of a run have changed: {found}, not {expected}")
