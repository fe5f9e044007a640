"""Workloads that read: search among many runs, and the history of a very long metric."""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

from api import AJAX, Api, Wrong
from measures import Measures
from servers import Server
from writing import EPOCH, batch, check_content, check_points, together

DATASETS = ("birds-1", "birds-2", "cars-1", "cars-2", "flowers-1")
STATES = ("done", "failed", "diverged", "stopped")
FILTER = "metrics.accuracy > 0.88 AND params.dataset = 'cars-2' AND tags.state = 'done'"
PAGE = 1000


def trial(number: int) -> dict[str, list[dict[str, Any]]]:
    """What run `number` of the search holds: 20 params, 20 metrics, 5 tags; always the same."""
    dice = random.Random(number)
    params = {"trial": str(number), "dataset": dice.choice(DATASETS)}
    params |= {f"param_{i:02}": f"{dice.random():.12g}" for i in range(18)}
    metrics = {"accuracy": 0.5 + dice.random() * 0.45}
    metrics |= {f"metric_{i:02}": dice.random() for i in range(19)}
    tags = {"state": dice.choice(STATES), "team": dice.choice("abcdef")}
    tags |= {"commit": f"{dice.getrandbits(160):040x}", "node": f"node-{dice.randrange(64)}"}
    tags |= {"note": "as before, with a longer warm-up and smoother labels"}
    return {
        "params": [{"key": key, "value": value} for key, value in params.items()],
        "metrics": [
            {"key": key, "value": value, "timestamp": EPOCH + number, "step": 1}
            for key, value in metrics.items()
        ],
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }


def _best(runs: int, most: int) -> list[int]:
    """The numbers of the runs that FILTER finds, the most accurate first."""
    found = []
    for number in range(runs):
        content = trial(number)
        accuracy = float(content["metrics"][0]["value"])
        dataset, state = content["params"][1]["value"], content["tags"][0]["value"]
        if accuracy > 0.88 and dataset == "cars-2" and state == "done":
            found.append((-accuracy, number))
    return [number for _, number in sorted(found)][:most]


def load(url: str, experiment: str, numbers: range) -> None:
    """Create the runs of these numbers, with all that `trial` says of them."""
    with Api(url) as api:
        for number in numbers:
            content = trial(number)
            start = EPOCH + number * 1000
            run = api.create_run(
                experiment, start, run_name=f"trial {number}", tags=content["tags"]
            )
            ask = {"run_id": run, "params": content["params"], "metrics": content["metrics"]}
            api.post("runs/log-batch", ask)


def _number(run: Any) -> int:
    return int(next(each["value"] for each in run["data"]["params"] if each["key"] == "trial"))


def _check_runs(found: list[Any], wanted: list[int]) -> None:
    """Search gave these runs in this order, each with all that was logged to it."""
    numbers = [_number(run) for run in found]
    if numbers != wanted:
        lost = len(set(wanted).difference(numbers))
        raise Wrong(f"{len(numbers)} runs, {lost} of {len(wanted)} missing, or in wrong order")
    for number, run in zip(numbers, found, strict=True):
        check_content(run, trial(number))
        if int(run["info"]["start_time"]) != EPOCH + number * 1000:
            raise Wrong(f"the start of run {number} has changed: {run['info']}")


def _repeated(
    api: Api, repeats: int, experiment: str, wanted: list[int], **question: object
) -> float:
    """The milliseconds of the first page of a search: the median, without the first time."""
    seconds = []
    for _ in range(1 + repeats):
        took, runs = next(api.search(experiment, **question))
        seconds.append(took)
        _check_runs(runs, wanted)
    return statistics.median(seconds[1:]) * 1e3


def search(
    server: Server, measures: Measures, *, runs: int = 10_000, repeats: int = 15, clients: int = 4
) -> None:
    """Load runs; find the newest 100, and the best 20 of a filter of three parts; read all."""
    names = ("load, runs/s", "newest 100, ms", "filter, ms", "all pages, s")
    newest = list(range(runs - 1, -1, -1))
    by_start, by_accuracy = ["attributes.start_time DESC"], ["metrics.accuracy DESC"]
    best = _best(runs, 20)
    with measures.checked(*names):
        with Api(server.url) as api:
            experiment = api.create_experiment("search")
        begin = time.perf_counter()
        together(load, [(server.url, experiment, range(i, runs, clients)) for i in range(clients)])
        measures["load, runs/s"] = runs / (time.perf_counter() - begin)
        with measures.checked("newest 100, ms"), Api(server.url) as api:
            measures["newest 100, ms"] = _repeated(
                api, repeats, experiment, newest[:100], max_results=100, order_by=by_start
            )
        with measures.checked("filter, ms"), Api(server.url) as api:
            measures["filter, ms"] = _repeated(
                api, repeats, experiment, best, max_results=20, filter=FILTER, order_by=by_accuracy
            )
        with measures.checked("all pages, s"), Api(server.url) as api:
            pages = list(api.search(experiment, max_results=PAGE, order_by=by_start))
            measures["all pages, s"] = sum(seconds for seconds, _ in pages)
            _check_runs([run for _, page in pages for run in page], newest)


def history(
    server: Server,
    measures: Measures,
    *,
    points: int = 1_000_000,
    size: int = 1000,
    sample: int = 2500,
    repeats: int = 10,
) -> None:
    """Log very many points of one metric; read all of them, and a chart's sample."""
    calls, key = points // size, "metric_0"
    with measures.checked("load, points/s", "bytes/point", "read all, s", "sampled, ms"):
        with Api(server.url) as api:
            run = api.create_run(api.create_experiment("history"), EPOCH)
            before = server.stored()
            seconds = [
                api.post("runs/log-batch", batch(run, number, size, 1))[0]
                for number in range(calls)
            ]
            measures["load, points/s"] = calls * size / sum(seconds)
            after = server.stored()
            if before is not None and after is not None:
                measures["bytes/point"] = (after - before) / (calls * size)
        with measures.checked("read all, s"), Api(server.url) as api:
            pages = list(api.history(run, key))
            measures["read all, s"] = took = sum(seconds for seconds, _ in pages)
            try:
                check_points((each for _, page in pages for each in page), range(calls * size), key)
            except Wrong as wrong:
                raise Wrong(f"{wrong} (read in {took:.3g} s)") from None
        with measures.checked("sampled, ms"), Api(server.url) as api:
            seconds = []
            for _ in range(1 + repeats):
                took, answer = api.get(
                    "metrics/get-history-bulk-interval",
                    base=AJAX,
                    run_ids=run,
                    metric_key=key,
                    max_results=sample,
                )
                seconds.append(took)
                _check_sample(answer["metrics"], calls * size, sample, key)
            measures["sampled, ms"] = statistics.median(seconds[1:]) * 1e3


def _check_sample(found: list[Any], points: int, most: int, key: str) -> None:
    """A sample has the first and the last point, as many others as it may, all of them real."""
    steps = [int(each.get("step", 0)) for each in found]
    if steps != sorted(set(steps)) or not steps or (steps[0], steps[-1]) != (0, points - 1):
        raise Wrong("the sample is out of order, or lacks the first or the last point")
    if not min(points, most) // 2 <= len(steps) <= most + 1:
        raise Wrong(f"the sample has {len(steps)} points; {most} were asked for")
    check_points(found, steps, key)
