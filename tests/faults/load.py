"""Load on servers: writers in processes of their own, and whether all they logged is there once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults import writer
from tests.faults.writer import Point
from tests.servers.millstream import RunningServer

ROOT = Path(__file__).parents[2]
WAIT = 120.0


class Load:
    """Running writers.

    Args:
        urls: servers; the writers are spread over them.
        runs: one run for all writers, or one for each.
        folder: where the journals go.
        batches, size: how much each writer logs.
        patient: whether writers go on when their server goes away.
    """

    def __init__(
        self,
        urls: Sequence[str],
        runs: Sequence[str],
        folder: Path,
        *,
        writers: int = 16,
        batches: int = 40,
        size: int = 20,
        patient: bool = False,
    ) -> None:
        self.batches, self.size, self.writers = batches, size, writers
        self.runs = [runs[number % len(runs)] for number in range(writers)]
        folder.mkdir()
        self.journals = [folder / f"{number}" for number in range(writers)]
        self.processes = []
        for number, journal in enumerate(self.journals):
            options = {
                "url": urls[number % len(urls)],
                "run": self.runs[number],
                "number": number,
                "writers": writers,
                "batches": batches,
                "size": size,
                "patient": patient,
            }
            with journal.open("wb") as output:
                self.processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "tests.faults.writer", json.dumps(options)],
                        cwd=ROOT,
                        stdout=output,
                        stderr=output,
                    )
                )

    def lines(self, number: int) -> list[str]:
        """The whole lines of a journal."""
        return self.journals[number].read_text().split("\n")[:-1]

    def done(self) -> set[tuple[int, int]]:
        """(writer, batch) of all that was acknowledged."""
        return {
            (number, int(line.split()[1]))
            for number in range(self.writers)
            for line in self.lines(number)
            if line.startswith("done ")
        }

    def sent(self) -> set[tuple[int, int]]:
        """(writer, batch) of all that was sent, acknowledged or not."""
        return {
            (number, int(line.split()[1]))
            for number in range(self.writers)
            for line in self.lines(number)
            if line.startswith("sent ")
        }

    def wait_for(self, count: int) -> None:
        """Return when that many batches were acknowledged."""
        deadline = time.monotonic() + WAIT
        while len(self.done()) < count:
            assert time.monotonic() < deadline, self.troubles()
            assert any(process.poll() is None for process in self.processes), self.troubles()
            time.sleep(0.005)

    def finish(self) -> None:
        """Wait until all writers have ended; they must have succeeded."""
        for process in self.processes:
            process.wait(WAIT)
        assert [process.returncode for process in self.processes] == [0] * self.writers, (
            self.troubles()
        )

    def troubles(self) -> list[str]:
        """What writers printed beside `sent` and `done`."""
        return [
            line[:400]
            for number in range(self.writers)
            for line in self.lines(number)
            if not line.startswith(("sent ", "done "))
        ]

    def kill(self) -> None:
        """End the writers, wherever they are."""
        for process in self.processes:
            process.kill()
            process.wait()

    def wanted(self, run: str, batches: set[tuple[int, int]]) -> dict[str, list[Point]]:
        """All points of a run by metric, in the order of histories, if these batches are there."""
        found: dict[str, set[Point]] = defaultdict(set)
        for number, batch in batches:
            if self.runs[number] == run:
                for key, logged in self._points(number, batch).items():
                    found[key].update(logged)
        return {key: sorted(logged) for key, logged in found.items()}

    def _points(self, number: int, batch: int) -> dict[str, list[Point]]:
        return writer.points(number, batch, self.size, self.writers)

    def everything(self) -> set[tuple[int, int]]:
        """(writer, batch) of all that there is to log."""
        return {(number, batch) for number in range(self.writers) for batch in range(self.batches)}

    def check(self, server: RunningServer, batches: set[tuple[int, int]] | None = None) -> None:
        """Everything (or these batches) is there exactly once, and the summaries agree."""
        if batches is None:
            batches = self.everything()
        for run in dict.fromkeys(self.runs):
            wanted = self.wanted(run, batches)
            data = server.call("GET", f"runs/get?run_id={run}")["run"]["data"]
            assert {metric["key"] for metric in data.get("metrics", [])} == wanted.keys()
            for key, logged in wanted.items():
                assert history(server, run, key) == logged, key
            assert _last(data) == {
                key: max((step, timestamp, value) for timestamp, step, value in logged)
                for key, logged in wanted.items()
            }
            for key, logged in wanted.items():
                assert _summary_is(server, run, key, [value for _, _, value in logged]), key
            params = sorted((param["key"], param["value"]) for param in data.get("params", []))
            assert params == sorted(
                (f"p.{number}.{batch}", str(batch))
                for number, batch in batches
                if self.runs[number] == run
            )

    def present(self, server: RunningServer) -> set[tuple[int, int]]:
        """(writer, batch) of what is there, by its param; that is all of it or nothing."""
        found = set()
        for run in dict.fromkeys(self.runs):
            data = server.call("GET", f"runs/get?run_id={run}")["run"]["data"]
            for param in data.get("params", []):
                _, number, batch = param["key"].split(".")
                found.add((int(number), int(batch)))
        return found


@contextmanager
def load(*arguments: Any, **options: Any) -> Iterator[Load]:
    """A `Load` whose processes are gone at the end."""
    running = Load(*arguments, **options)
    try:
        yield running
    finally:
        running.kill()


def create_run(server: RunningServer) -> str:
    """The id of a new run in the default experiment."""
    created = server.call("POST", "runs/create", {"experiment_id": "0", "start_time": 1})
    run_id: str = created["run"]["info"]["run_id"]
    return run_id


def history(server: RunningServer, run: str, key: str) -> list[Point]:
    """All points of a metric as the server gives them."""
    path = f"metrics/get-history?run_id={run}&metric_key={key}&max_results=25000"
    answer = server.call("GET", path)
    assert "next_page_token" not in answer
    return [
        (point["timestamp"], point["step"], point["value"]) for point in answer.get("metrics", [])
    ]


def _last(data: dict[str, Any]) -> dict[str, tuple[int, int, float]]:
    return {
        metric["key"]: (metric.get("step", 0), metric["timestamp"], metric["value"])
        for metric in data.get("metrics", [])
    }


def _summary_is(server: RunningServer, run: str, key: str, values: list[float]) -> bool:
    """Whether a search for the exact summary finds the run."""
    name = f"metrics.`{key}`"
    wanted = (
        f"attributes.run_id = '{run}' AND count({name}) = {len(values)} AND"
        f" min({name}) = {min(values)} AND max({name}) = {max(values)} AND"
        f" mean({name}) BETWEEN {sum(values) / len(values) - 1e-9}"
        f" AND {sum(values) / len(values) + 1e-9}"
    )
    answer = server.call("POST", "runs/search", {"experiment_ids": ["0"], "filter": wanted})
    return [found["info"]["run_id"] for found in answer.get("runs", [])] == [run]
