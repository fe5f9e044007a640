"""The benchmark command: every workload on our own server, and a server that loses points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers.object_stores import Bucket

BENCH = Path(__file__).parents[1] / "bench" / "run.py"
#: Every workload, as small as it can be, and what it measures on a server that we start.
SMALL = {
    "log-metric:calls=20": ["requests/s", "p50, ms", "p99, ms"],
    "log-batch:calls=2,size=20": ["metrics/s", "p50, ms", "p99, ms"],
    "concurrent:calls=2,size=20": ["metrics/s", "p50, ms", "p99, ms"],
    "run-lifecycle:runs=2": ["runs/s", "p50, ms", "p99, ms"],
    "search:runs=120,repeats=1,clients=2": [
        "load, runs/s",
        "newest 100, ms",
        "filter, ms",
        "all pages, s",
    ],
    "history:points=500,size=100,sample=50,repeats=1": [
        "load, points/s",
        "bytes/point",
        "read all, s",
        "sampled, ms",
    ],
    "start-up:starts=1": ["first /health, s", "idle RSS, MiB", "idle PSS, MiB"],
    "client:imports=1,calls=20": [
        "import, s",
        "import, MiB",
        "import to first run, s",
        "import to first run, MiB",
        "log_metric, ms",
        "log_metric synchronous, ms",
        "until the run ended, points/s",
    ],
    "artifacts:mib=2,passes=1": [
        "PUT, MiB/s",
        "GET, MiB/s",
        "server above idle, MiB",
        "server at most, MiB",
    ],
    "artifacts-client:mib=2,passes=1,files=20,size=100": [
        "log_artifact, MiB/s",
        "download_artifacts, MiB/s",
        "client above idle, MiB",
        "log_artifacts, files/s",
        "download_artifacts, files/s",
        "server above idle, MiB",
    ],
    "artifacts-resume:mib=32": ["sent again, %"],
    "pages:runs=40,compared=3,points=2000,repeats=1,clients=2": [
        "load, runs/s",
        "experiments, s",
        "experiments, kB",
        "runs, s",
        "runs, kB",
        "compared, s",
        "compared, kB",
        "chart, s",
        "chart, kB",
    ],
    "pages-work:runs=120,curves=2,points=500,repeats=1,clients=2": [
        "sort, s",
        "filter, s",
        "filter and count, s",
        "scroll, frames/s",
        "overlay, s",
        "zoom, s",
    ],
}


def bench(*arguments: str, part_size: int = 1 << 20) -> subprocess.CompletedProcess[str]:
    """Run the command for one round, with parts of a size that fits small files."""
    return subprocess.run(
        [sys.executable, str(BENCH), "--rounds", "1", "--quiet", "0.05", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(part_size)},
    )


def row(table: str, measure: str) -> list[str]:
    """The cells of the only row of a measure, without the workload and the measure."""
    (line,) = [line for line in table.splitlines() if f"  {measure}  " in line]
    return line.partition(f"  {measure}  ")[2].split()


def test_every_workload_gives_a_table_and_json(tmp_path: Path) -> None:
    told = bench(
        *SMALL,
        *("--server", f"ours={sys.executable} -m mlflow server --port {{port}}"),
        *("--python", f"ours={sys.executable}"),
        *("--json", str(tmp_path / "told.json")),
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "FAILED" not in told.stdout
    results = json.loads((tmp_path / "told.json").read_text())["results"]
    measured = {result["workload"]: sorted(result["measures"]) for result in results}
    assert measured == {name.partition(":")[0]: sorted(SMALL[name]) for name in SMALL}
    numbers = {name: n for result in results for name, n in result["measures"].items()}
    assert all(number > 0 for number in numbers.values())
    assert numbers["runs, kB"] < 250
    assert numbers["sent again, %"] < 50
    for names in SMALL.values():
        for name in names:
            assert name in told.stdout


def test_a_bucket_behind_the_server_beside_plain_obstore(
    ceph_bucket: Bucket, tmp_path: Path
) -> None:
    serve = f"{sys.executable} -m mlflow server --port {{port}}"
    told = bench(
        "artifacts-direct:mib=20,passes=1",
        *("--server", f"ours={serve} --artifacts-destination {ceph_bucket.url}"),
        *("--python", f"ours={sys.executable}", "--bucket", f"ours={ceph_bucket.url}"),
        *("--json", str(tmp_path / "told.json")),
        part_size=5 << 20,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    (result,) = json.loads((tmp_path / "told.json").read_text())["results"]
    assert sorted(result["measures"]) == [
        "download_artifacts, MiB/s",
        "log_artifact, MiB/s",
        "obstore down, MiB/s",
        "obstore up, MiB/s",
        "through the server, %",
    ]
    assert 0 < result["measures"]["through the server, %"] < 1


class LosesPoints(BaseHTTPRequestHandler):
    """Somebody else's server, which acknowledges every point and loses the eleventh of each run."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    points: dict[str, list[Any]]

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("experiments/create"):
            self._answer({"experiment_id": "1"})
        elif self.path.endswith("runs/create"):
            run = f"run{len(self.points)}"
            self.points[run] = []
            self._answer({"run": {"info": {"run_id": run}}})
        else:
            self.points[question["run_id"]] += question.get("metrics", [question])
            self._answer({})

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        points = self.points[query["run_id"][0]]
        del points[10:11]
        (key,) = query["metric_key"]
        self._answer({"metrics": [point for point in points if point["key"] == key]})

    def _answer(self, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def losing_url() -> Iterator[str]:
    handler = type("Handler", (LosesPoints,), {"points": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_that_loses_points_gets_no_number(losing_url: str, tmp_path: Path) -> None:
    told = bench(
        *(
            "log-metric:calls=20",
            "log-batch:calls=2,size=20",
            "concurrent:clients=2,calls=2,size=20",
        ),
        *("--url", f"losing={losing_url}"),
        *("--json", str(tmp_path / "told.json")),
    )
    assert told.returncode == 1, told.stdout + told.stderr
    assert row(told.stdout, "requests/s") == ["FAILED"]
    assert "Wrong: 1 of 40 points of loss lost, 39 are there" in told.stdout
    for result in json.loads((tmp_path / "told.json").read_text())["results"]:
        assert result["measures"] == {}
        assert len(result["failed"]) == 3


def test_servers_are_held_against_the_first() -> None:
    told = bench(
        "run-lifecycle:runs=1",
        *("--server", f"ours={sys.executable} -m mlflow server --port {{port}}"),
        *("--server", f"again={sys.executable} -m mlflow server --port {{port}}"),
        *("--server", "absent=false"),
    )
    assert told.returncode == 1
    assert told.stdout.splitlines()[0].split() == (
        ["workload", "measure", "ours", "again", "to", "ours", "absent", "to", "ours"]
    )
    ours, again, ratio, absent = row(told.stdout.replace(",", ""), "runs/s")
    assert float(ratio.removesuffix("x")) == pytest.approx(float(again) / float(ours), rel=0.02)
    assert absent == "-"
    assert row(told.stdout, "start") == ["-", "-", "FAILED"]
    assert "FAILED: absent, run-lifecycle, start, round 1: NotStarted" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["log-metric"], "--server and --url need names"),
        (["swim", "--url", "a=http://127.0.0.1:1"], "swim is none of log-metric"),
        (["search:walks=1", "--url", "a=http://127.0.0.1:1"], "search has no option walks=1"),
        (["--url", "a=http://127.0.0.1:1", "--size", "b=du"], "there is no server b"),
    ],
)
def test_mistakes_of_the_command_line_are_told(arguments: list[str], sentence: str) -> None:
    told = bench(*arguments)
    assert told.returncode == 2
    assert sentence in told.stderr
