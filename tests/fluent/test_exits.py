"""What becomes of open runs when their process or thread ends; each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import mlflow
from tests.servers.millstream import RunningServer

START = """
import os, signal, sys, threading, multiprocessing, mlflow
mlflow.set_experiment("exits")
run = mlflow.start_run(run_name="outer")
mlflow.log_metric("m", 1)
"""


def play(script: str, uri: str, start: str = START) -> subprocess.CompletedProcess[str]:
    """Run a program that logs to `uri`."""
    return subprocess.run(
        [sys.executable, "-c", start + script],
        env={**os.environ, "MLFLOW_TRACKING_URI": uri},
        capture_output=True,
        text=True,
        timeout=60,
    )


def statuses(uri: str) -> dict[str, str]:
    """The states of all runs of the program, by name."""
    mlflow.set_tracking_uri(uri)
    runs = mlflow.search_runs(experiment_names=["exits"], output_format="list")
    assert all(run.info.end_time for run in runs if run.info.status != "RUNNING")
    assert all(run.data.metrics == {"m": 1.0} for run in runs if run.info.run_name == "outer")
    return {str(run.info.run_name): run.info.status for run in runs}


NESTED = 'mlflow.start_run(run_name="inner", nested=True)\n'
EXITS = {
    "end of the program": ("", 0, "FINISHED"),
    "sys.exit()": ("sys.exit()", 0, "FINISHED"),
    "sys.exit(0)": ("sys.exit(0)", 0, "FINISHED"),
    "sys.exit(3)": ("sys.exit(3)", 3, "FAILED"),
    "sys.exit with a message": ("sys.exit('no')", 1, "FAILED"),
    "an exit that was caught": (
        "try: sys.exit(3)\nexcept SystemExit: mlflow.log_metric('m', 1)",
        0,
        "FINISHED",
    ),
    "uncaught exception": ("1 / 0", 1, "FAILED"),
    "Ctrl-C": ("os.kill(os.getpid(), signal.SIGINT)", -2, "KILLED"),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); signal.pause()", -15, "KILLED"),
    "SIGHUP": ("os.kill(os.getpid(), signal.SIGHUP); signal.pause()", -1, "KILLED"),
    "SIGTERM with a busy thread": (
        "threading.Thread(target=threading.Event().wait).start()\n"
        "os.kill(os.getpid(), signal.SIGTERM); signal.pause()",
        -15,
        "KILLED",
    ),
    "SIGTERM in the middle of logging": (
        "threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
        "while True: mlflow.log_metric('m', 1)",
        -15,
        "KILLED",
    ),
    "a handler of the program's own": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "os.kill(os.getpid(), signal.SIGTERM); signal.pause()",
        5,
        "FAILED",
    ),
}


@pytest.mark.parametrize("how", EXITS)
def test_no_run_stays_running(folder: str, how: str) -> None:
    script, code, status = EXITS[how]
    done = play(NESTED + script, folder)
    assert done.returncode == code, done.stderr
    assert statuses(folder) == {"outer": status, "inner": status}


def test_it_works_with_a_server(shared_server: object, tmp_path: Path) -> None:
    url = shared_server.url  # type: ignore[attr-defined]
    done = play("os.kill(os.getpid(), signal.SIGTERM); signal.pause()", url)
    assert done.returncode == -signal.SIGTERM
    assert statuses(url) == {"outer": "KILLED"}
    mlflow.set_tracking_uri("")


def test_sigterm_ends_a_run_that_only_a_thread_has(folder: str) -> None:
    script = """
begun = threading.Event()
def work():
    mlflow.start_run(run_name="threaded")
    begun.set()
    threading.Event().wait()
threading.Thread(target=work).start()
begun.wait()
os.kill(os.getpid(), signal.SIGTERM)
signal.pause()
"""
    done = play(script, folder, START.partition("run =")[0])
    assert done.returncode == -signal.SIGTERM, done.stderr
    assert statuses(folder) == {"threaded": "KILLED"}


def test_what_is_logged_at_the_exit_arrives(folder: str) -> None:
    script = """
import atexit
atexit.register(lambda: mlflow.log_metric("late", 1))
mlflow.start_run(run_name="outer again")
"""
    done = play("mlflow.end_run()" + script, folder)
    assert done.returncode == 0, done.stderr
    assert statuses(folder) == {"outer": "FINISHED", "outer again": "FINISHED"}
    late = mlflow.search_runs(filter_string="metrics.late = 1", experiment_names=["exits"])
    assert len(late) == 1


def test_an_exit_handler_may_ask_the_server(shared_server: object) -> None:
    url = shared_server.url  # type: ignore[attr-defined]
    script = f"""
import atexit, mlflow
atexit.register(lambda: print(mlflow.MlflowClient().get_run(run_id).info.status))
mlflow.set_tracking_uri({url!r})
client = mlflow.MlflowClient()
run_id = client.create_run("0").info.run_id
client.log_metric(run_id, "m", 1, synchronous=False)
"""
    done = play("", "", script)
    assert (done.stdout, done.stderr) == ("RUNNING\n", "")


def test_the_end_of_a_thread(folder: str) -> None:
    script = """
def work(name, error):
    mlflow.start_run(run_name=name, nested=True)
    if error:
        raise ValueError
for name, error in (("good", False), ("bad", True)):
    thread = threading.Thread(target=work, args=(name, error))
    thread.start()
    thread.join()
bad = mlflow.search_runs(filter_string="run_name = 'bad'", output_format="list")
print(bad[0].info.status)
"""
    done = play(script, folder)
    assert done.returncode == 0
    assert done.stdout == "FAILED\n"
    assert statuses(folder) == {"outer": "FINISHED", "good": "FINISHED", "bad": "FAILED"}


def test_a_forked_child_does_not_end_the_run_of_its_parent(folder: str) -> None:
    script = """
child = os.fork()
if not child:
    mlflow.log_metric("child", 1)
    mlflow.end_run()
    assert mlflow.active_run() is None
    sys.exit(1)
os.waitpid(child, 0)
print(mlflow.get_run(run.info.run_id).info.status)
"""
    done = play(script.replace('"child", 1', '"m", 1'), folder)
    assert (done.returncode, done.stdout) == (0, "RUNNING\n"), done.stderr
    assert statuses(folder) == {"outer": "FINISHED"}


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes_end_their_runs(folder: str, tmp_path: Path, method: str) -> None:
    script = """
import multiprocessing, sys, mlflow

def work(name, error):
    mlflow.start_run(run_name=name, nested=True)
    mlflow.log_metric("w", 1)
    if error:
        raise ValueError

if __name__ == "__main__":
    mlflow.set_experiment("exits")
    with mlflow.start_run(run_name="outer"):
        mlflow.log_metric("m", 1)
        context = multiprocessing.get_context(sys.argv[1])
        for name, error in (("good", False), ("bad", True)):
            worker = context.Process(target=work, args=(name, error))
            worker.start()
            worker.join()
"""
    (tmp_path / "workers.py").write_text(script)
    subprocess.run(
        [sys.executable, tmp_path / "workers.py", method],
        env={**os.environ, "MLFLOW_TRACKING_URI": folder},
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert statuses(folder) == {"outer": "FINISHED", "good": "FINISHED", "bad": "FAILED"}
    found = mlflow.search_runs(
        filter_string="run_name = 'bad'", experiment_names=["exits"], output_format="list"
    )
    assert found[0].data.metrics == {"w": 1.0}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_hangs_hears_of_the_end_later(
    running_server: RunningServer, number: signal.Signals
) -> None:
    script = """
import mlflow, signal, sys
from mlflow.fluent import exits
exits._GRACE = 0.5
mlflow.set_experiment("exits")
with mlflow.start_run(run_name="outer"):
    print("open", flush=True)
    sys.stdin.readline()
    mlflow.log_metric("m", 1)
    print("logged", flush=True)
    while True:
        signal.pause()
"""
    program = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "MLFLOW_TRACKING_URI": running_server.url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert program.stdin
    assert program.stdout
    with program:
        assert program.stdout.readline() == "open\n"
        os.kill(running_server.pid, signal.SIGSTOP)
        try:
            print(file=program.stdin, flush=True)
            assert program.stdout.readline() == "logged\n"
            while program.poll() is None:  # an impatient user presses Ctrl-C again and again
                program.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    program.wait(1 if number == signal.SIGINT else 20)
        finally:
            os.kill(running_server.pid, signal.SIGCONT)
            program.kill()
    assert program.returncode == -number
    subprocess.run([sys.executable, "-m", "mlflow", "sync"], check=True, timeout=60)
    assert statuses(running_server.url) == {"outer": "KILLED"}
    mlflow.set_tracking_uri("")
