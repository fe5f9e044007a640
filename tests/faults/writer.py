"""A client of its own process that logs batches and notes what was acknowledged.

`python -m tests.faults.writer JSON` with `url`, `run`, `number` (of this writer), `writers` (how
many there are), `batches`, `size` (points per batch) and `patient` (go on when the server goes
away). It prints a line for each event: `sent 3`, `done 3` or `refused 3 400 {…}`. It uses nothing
of ours, so that what it says is what an outsider sees.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 60.0
BUSY = (429, 503)
HEADERS = {"Content-Type": "application/json"}

Point = tuple[int, int, float]  # timestamp, step, value


def value_at(step: int) -> float:
    """The value that is logged at a step: sums of them are exact, whatever the order."""
    return (step * 7919 % 1009) / 8


def points(number: int, batch: int, size: int, writers: int) -> dict[str, list[Point]]:
    """What a writer logs in a batch: points of its own, of a metric of all, and the same as all."""
    places = range(batch * size // 2, (batch + 1) * size // 2)
    own = [(1000 + place, place, value_at(place)) for place in places]
    shared = [(5000 + place, place * writers + number, value_at(place * 3)) for place in places]
    return {f"own.{number}": own, "shared": shared, "same": [(batch, batch, batch / 2)]}


def question(run: str, number: int, batch: int, size: int, writers: int) -> dict[str, Any]:
    """The `log-batch` request of a batch."""
    return {
        "run_id": run,
        "metrics": [
            {"key": key, "value": value, "timestamp": timestamp, "step": step}
            for key, found in points(number, batch, size, writers).items()
            for timestamp, step, value in found
        ],
        "params": [{"key": f"p.{number}.{batch}", "value": str(batch)}],
        "tags": [{"key": f"at.{number}", "value": str(batch)}, {"key": "who", "value": "all"}],
    }


def tell(text: str) -> None:
    """Write a line that is there even if this process is killed."""
    print(text, flush=True)


def log(options: dict[str, Any]) -> int:
    """Log all batches; the exit code."""
    where = urlsplit(options["url"]).netloc
    connection = http.client.HTTPConnection(where, timeout=PATIENCE)
    sizes = options["size"], options["writers"]
    for batch in range(options["batches"]):
        body = json.dumps(question(options["run"], options["number"], batch, *sizes))
        deadline = time.monotonic() + PATIENCE
        while True:
            tell(f"sent {batch}")
            try:
                connection.request("POST", "/api/2.0/mlflow/runs/log-batch", body, HEADERS)
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if not options["patient"] or time.monotonic() > deadline:
                    tell(f"refused {batch} 0 {error!r}")
                    return 1
                time.sleep(0.02)
                continue
            if answer.status == 200:
                tell(f"done {batch}")
                break
            tell(f"refused {batch} {answer.status} {text.decode()}")
            if not options["patient"] or answer.status not in BUSY or time.monotonic() > deadline:
                return 1
            time.sleep(0.02)
    return 0


if __name__ == "__main__":
    sys.exit(log(json.loads(sys.argv[1])))
