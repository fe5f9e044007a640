"""Faults, with real processes: killed clients, servers that go and come back, full disks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mlflow._ids import new_run_id
from mlflow.client.spool import inspect, left_over, outbox_folder, outbox_root
from mlflow.client.uri import outbox_for, transport_for
from mlflow.entities.metrics import RunTag
from mlflow.wire import metrics, runs
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer
from tests.servers.processes import free_port

#: what every client program begins with; its arguments are the tracking URI and the run
BEGIN = """
import os, sys
from mlflow.client.uri import outbox_for, transport_for
from mlflow.entities.metrics import Param, RunTag
from mlflow.wire import runs
from mlflow.wire.metrics import Point
transport = transport_for(sys.argv[1])
run_id = sys.argv[2]
outbox = outbox_for(transport)

def log(step, key="loss"):
    outbox.log_metrics(run_id, [Point(key, step / 8, 1_700_000_000_000 + step, step)])

def say(word):
    os.write(1, f"{word}\\n".encode())

"""
#: logs without end and tells each step after the call for it returned
ENDLESS = """
step = 0
while True:
    log(step)
    say(step)
    step += 1
"""


@pytest.fixture
def run_id(running_server: RunningServer) -> str:
    return new_run(running_server.url)


def new_run(url: str) -> str:
    created = transport_for(url).send(runs.create, runs.CreateRun(experiment_id="0", start_time=1))
    return created.run.info.run_id


def client(
    code: str, url: str, run_id: str, environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + code, url, run_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )


def run_client(code: str, url: str, run_id: str) -> subprocess.CompletedProcess[str]:
    with client(code, url, run_id) as process:
        out, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def killed_while_logging(
    url: str, run_id: str, after: int, environment: dict[str, str] | None = None
) -> int:
    """Kill a client that has logged at least `after` steps; returns the last it told of."""
    with client(ENDLESS, url, run_id, environment) as process:
        assert process.stdout is not None
        last = -1
        for line in process.stdout:
            last = int(line)
            if last == after:
                process.send_signal(signal.SIGKILL)
        process.wait()
        return last


def sync(*options: str) -> subprocess.CompletedProcess[str]:
    """`mlflow sync`, as a user runs it."""
    return subprocess.run(
        [sys.executable, "-m", "mlflow", "sync", *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def steps(url: str, run_id: str, key: str = "loss") -> list[int]:
    question = metrics.GetHistory(run_id=run_id, metric_key=key)
    found = transport_for(url).send(metrics.get_history, question)
    return sorted(point.step for point in found.metrics)


def files() -> list[Path]:
    return [path for folder in outbox_root().iterdir() for path in left_over(folder)]


# -- the client dies ---------------------------------------------------------


def test_a_killed_client_loses_nothing_and_sync_delivers_it(
    running_server: RunningServer, run_id: str
) -> None:
    running_server.stop()  # or all might be delivered at the moment of the kill
    last = killed_while_logging(running_server.url, run_id, after=5000)
    running_server.start()
    shown = sync("--dry-run", "--json")
    assert shown.returncode == 1
    (unsent,) = json.loads(shown.stdout)["unsent"]
    assert unsent["server"] == running_server.url
    assert unsent["run_id"] == run_id
    assert unsent["state"] == "left over"
    sent = sync()
    assert sent.returncode == 0, sent.stderr
    found = steps(running_server.url, run_id)
    assert found == list(range(len(found)))
    assert len(found) > last
    assert files() == []
    assert sync().stdout == "Nothing is unsent.\n"


def test_the_next_start_delivers_what_a_killed_client_left(
    running_server: RunningServer, run_id: str
) -> None:
    lasts = [killed_while_logging(running_server.url, run_id, after=300) for _ in range(2)]
    finished = run_client("outbox.flush(run_id)", running_server.url, run_id)
    assert (finished.returncode, finished.stderr) == (0, "")
    found = steps(running_server.url, run_id)
    assert found == list(range(len(found)))
    assert len(found) > max(lasts)
    assert files() == []


def test_what_another_run_left_goes_out_in_the_background(
    running_server: RunningServer, run_id: str
) -> None:
    last = killed_while_logging(running_server.url, run_id, after=300)
    other = new_run(running_server.url)
    run_client("log(1)", running_server.url, other)
    assert steps(running_server.url, other) == [1]
    assert len(steps(running_server.url, run_id)) > last
    assert files() == []


def test_killed_in_the_middle_of_a_write(running_server: RunningServer, run_id: str) -> None:
    code = "os.environ['MLFLOW_OFFLINE'] = '1'\nfor step in range(100): log(step)\nos._exit(9)"
    assert run_client(code, running_server.url, run_id).returncode == 9
    (path,) = files()
    os.truncate(path, path.stat().st_size - 5)
    assert sync().returncode == 0
    assert steps(running_server.url, run_id) == list(range(99))


def test_values_logged_by_a_worker_process_arrive(
    running_server: RunningServer, run_id: str
) -> None:
    code = """
import multiprocessing
def work(number):
    for step in range(50):
        log(step, f"worker{number}")
log(0)
workers = [multiprocessing.get_context("fork").Process(target=work, args=(n,)) for n in range(3)]
for worker in workers: worker.start()
for worker in workers: worker.join()
"""
    finished = run_client(code, running_server.url, run_id)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert steps(running_server.url, run_id) == [0]
    for number in range(3):
        assert steps(running_server.url, run_id, f"worker{number}") == list(range(50))
    assert files() == []


def test_a_child_that_leaves_in_a_hurry_loses_nothing(
    running_server: RunningServer, run_id: str
) -> None:
    code = """
log(0)
child = os.fork()
if child == 0:
    log(1)
    os._exit(0)
os.waitpid(child, 0)
outbox.flush(run_id)
"""
    assert run_client(code, running_server.url, run_id).returncode == 0
    assert steps(running_server.url, run_id) == [0, 1]


# -- the server goes away ----------------------------------------------------


def test_a_server_that_is_killed_and_comes_back(start_server: StartServer) -> None:
    server = start_server()
    run_id = new_run(server.url)
    code = """
import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
for step in range(2000): log(step)
say("logged")
sys.stdin.readline()  # the server is gone now
for step in range(2000, 4000): log(step)
try:
    outbox.flush()
except Exception as error:
    say(type(error).__name__)
sys.stdin.readline()  # the server is back
outbox.flush(timeout=60)
say(outbox.pending())
"""
    with client(code, server.url, run_id) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "logged\n"
        server.kill()
        process.stdin.write("gone\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ServerAway\n"
        server.start()
        out, errors = process.communicate("back\n", timeout=120)
    assert (process.returncode, out) == (0, "0\n")
    assert steps(server.url, run_id) == list(range(4000))
    ours = Counter(line.split()[0] for line in errors.splitlines() if "client.outbox" in line)
    assert ours == {"WARNING": 1, "INFO": 1}, errors
    assert files() == []


def test_one_line_at_the_end_about_what_is_unsent() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    code = """
outbox.create_run(runs.CreateRun(experiment_id="0", run_id=run_id, start_time=1))
log(1)
log(2)
"""
    finished = run_client(code, url, new_run_id())
    assert finished.returncode == 0
    *warnings, line = finished.stderr.splitlines()
    assert line.startswith(f"mlflow: 3 values of 1 run are not sent to {url} yet: ")
    assert str(outbox_folder(url)) in line
    assert line.endswith("send them with: mlflow sync")
    assert len(warnings) == 1
    still = sync()
    assert still.returncode == 1
    assert "cannot be reached" in still.stdout
    assert sync("--uri", "http://127.0.0.1:1").returncode == 0


def test_an_offline_run_is_sent_later(start_server: StartServer) -> None:
    server = start_server()
    server.stop()
    run_id = new_run_id()
    code = """
start = runs.CreateRun(experiment_id="0", run_id=run_id, run_name="at sea", start_time=1)
outbox.create_run(start, "voyage")
outbox.log_params(run_id, [Param("lr", "0.1")])
for step in range(100): log(step)
outbox.log_tags(run_id, [RunTag("state", "done")])
outbox.update_run(runs.UpdateRun(run_id=run_id, status="FINISHED", end_time=2))
outbox.flush()
"""
    with client(code, server.url, run_id, {"MLFLOW_OFFLINE": "1"}) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 0
    assert errors.count("\n") == 1
    assert "104 values of 1 run" in errors
    assert "MLFLOW_OFFLINE is set" in errors
    server.start()
    sent = sync("--json")
    assert sent.returncode == 0, sent.stderr
    assert json.loads(sent.stdout) == {"sent": 104, "unsent": [], "refused": []}
    run = transport_for(server.url).send(runs.get, runs.GetRun(run_id=run_id)).run.entity()
    assert (run.info.run_name, run.info.status, run.info.end_time) == ("at sea", "FINISHED", 2)
    assert run.data.params == {"lr": "0.1"}
    assert steps(server.url, run_id) == list(range(100))


def test_sync_watch_sends_what_comes(start_server: StartServer) -> None:
    server = start_server()
    run_id = new_run(server.url)
    command = [sys.executable, "-m", "mlflow", "sync", "--watch", "--every", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        killed_while_logging(server.url, run_id, 100, {"MLFLOW_OFFLINE": "1"})
        assert "values sent" in watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        assert watch.wait(30) == 0
    found = steps(server.url, run_id)
    assert found == list(range(len(found)))
    assert len(found) > 100


# -- the disk, other processes, the clock ------------------------------------


def test_a_full_disk_does_not_stop_the_training(running_server: RunningServer, run_id: str) -> None:
    code = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
for step in range(3000): log(step)
outbox.flush()
say(outbox.pending())
"""
    finished = run_client(code, running_server.url, run_id)
    assert (finished.returncode, finished.stdout) == (0, "0\n")
    assert steps(running_server.url, run_id) == list(range(3000))
    assert finished.stderr.count("\n") == 1
    assert "cannot be written: File too large" in finished.stderr


def test_a_full_disk_with_the_server_away_says_what_is_lost() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    code = """
import resource
log(0)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
for step in range(1, 50): log(step)
"""
    finished = run_client(code, url, "r1")
    assert finished.returncode == 0
    contents = inspect(files()[0])
    assert contents is not None
    last = finished.stderr.splitlines()[-1]
    assert "50 values of 1 run" in last
    assert last.endswith("mlflow sync")
    assert f"{50 - contents.values} of them are lost" in last


def test_an_outbox_that_cannot_be_made(running_server: RunningServer, run_id: str) -> None:
    code = "for step in range(100): log(step)"
    nowhere = {"MLFLOW_OUTBOX_DIR": "/proc/nowhere"}
    with client(code, running_server.url, run_id, nowhere) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 0
    assert errors.count("\n") == 1
    assert "/proc/nowhere" in errors
    assert steps(running_server.url, run_id) == list(range(100))


def test_two_processes_on_one_run(running_server: RunningServer, run_id: str) -> None:
    code = """
say("ready")
key = sys.stdin.readline().strip()
for step in range(3000): log(step, key)
"""
    processes = [client(code, running_server.url, run_id) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for number, process in enumerate(processes):
        with process:
            assert process.stdin is not None
            process.stdin.write(f"rank{number}\n")
            process.stdin.flush()
            _, errors = process.communicate(timeout=120)
            assert (process.returncode, errors) == (0, "")
    for number in range(2):
        assert steps(running_server.url, run_id, f"rank{number}") == list(range(3000))
    assert files() == []


def test_a_clock_that_goes_backwards(running_server: RunningServer, run_id: str) -> None:
    turn = """
import time
os.environ["MLFLOW_OFFLINE"] = "1"
now = time.time_ns()
time.time_ns = lambda: now - {hours} * 3600 * 10**9
time.time = lambda: time.time_ns() / 1e9
outbox.log_tags(run_id, [RunTag("state", "{state}")])
outbox.log_metrics(run_id, [Point("loss", 1.0, time.time_ns() // 10**6, {step})])
"""
    for hours, state, step in ((0, "first", 0), (5, "second", 1), (2, "third", 2)):
        code = turn.format(hours=hours, state=state, step=step)
        assert run_client(code, running_server.url, run_id).returncode == 0
    assert sync().returncode == 0
    assert steps(running_server.url, run_id) == [0, 1, 2]
    run = transport_for(running_server.url).send(runs.get, runs.GetRun(run_id=run_id)).run.entity()
    assert run.data.tags["state"] == "third"


def test_a_newer_tag_is_not_replaced_by_an_older_one(
    running_server: RunningServer, run_id: str
) -> None:
    code = "os.environ['MLFLOW_OFFLINE'] = '1'\noutbox.log_tags(run_id, [RunTag('state', 'old')])"
    assert run_client(code, running_server.url, run_id).returncode == 0
    transport = transport_for(running_server.url)
    outbox = outbox_for(transport)
    outbox.log_tags(run_id, [RunTag("state", "new")])
    outbox.flush(run_id)
    outbox.close()
    run = transport.send(runs.get, runs.GetRun(run_id=run_id)).run.entity()
    assert run.data.tags["state"] == "new"


def test_a_continued_run_first_gets_what_a_dead_process_left(
    running_server: RunningServer, run_id: str
) -> None:
    code = """
os.environ["MLFLOW_OFFLINE"] = "1"
outbox.log_tags(run_id, [RunTag("state", "old"), RunTag("only", "old")])
outbox.log_params(run_id, [Param("lr", "1")])
os._exit(9)
"""
    assert run_client(code, running_server.url, run_id).returncode == 9
    code = """
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
with mlflow.start_run(run_id=run_id) as run:
    mlflow.set_tag("state", "new")
    say(run.data.params)
"""
    finished = run_client(code, running_server.url, run_id)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("{'lr': '1'}")
    transport = transport_for(running_server.url)
    run = transport.send(runs.get, runs.GetRun(run_id=run_id)).run.entity()
    assert (run.data.tags["state"], run.data.tags["only"]) == ("new", "old")
