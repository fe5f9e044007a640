"""Runs in the interpreter whose `mlflow` is the client to measure; its last line is JSON.

`import URL` or `log URL CALLS`. What is imported here before `mlflow` would make its import look
faster than it is; so that is next to nothing.
"""

import sys
import time


def resident_mib() -> float:
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def measure_import(url: str) -> dict[str, object]:
    """What `import mlflow` takes by itself, and until a run is there to log to."""
    begin = time.perf_counter()
    import mlflow

    seconds, memory = time.perf_counter() - begin, resident_mib()
    mlflow.set_tracking_uri(url)
    mlflow.start_run()
    told = {
        "import, s": seconds,
        "import, MiB": memory,
        "import to first run, s": time.perf_counter() - begin,
        "import to first run, MiB": resident_mib(),
    }
    mlflow.end_run()
    return {"measures": told}


def measure_calls(url: str, calls: int) -> dict[str, object]:
    """What a call of `log_metric` takes, as scripts write it and with synchronous=True."""
    import mlflow

    mlflow.set_tracking_uri(url)
    mlflow.set_experiment("client")

    def log(key: str, synchronous: bool | None = None) -> tuple[str, float, float]:
        """The run, the milliseconds of a call, and the seconds until the run has ended."""
        with mlflow.start_run() as run:
            mlflow.log_metric("warm-up", 0.0)
            seconds = []
            first = time.perf_counter()
            for step in range(calls):
                begin = time.perf_counter()
                mlflow.log_metric(key, float(step), step=step, synchronous=synchronous)
                seconds.append(time.perf_counter() - begin)
        middle = sorted(seconds)[calls // 2]
        return run.info.run_id, middle * 1e3, time.perf_counter() - first

    default, milliseconds, until_ended = log("default")
    synchronous, milliseconds_synchronous, _ = log("synchronous", True)
    told = {
        "log_metric, ms": milliseconds,
        "log_metric synchronous, ms": milliseconds_synchronous,
        "until the run ended, points/s": calls / until_ended,
    }
    return {"measures": told, "runs": {"default": default, "synchronous": synchronous}}


if __name__ == "__main__":
    question, url, *rest = sys.argv[1:]
    answer = measure_import(url) if question == "import" else measure_calls(url, int(rest[0]))
    import json

    print(json.dumps(answer))
