"""Runs in the interpreter whose `mlflow` is the client to measure; its last line is JSON.

    import URL                      what `import mlflow` takes
    log URL CALLS                   what a call of `log_metric` takes
    artifacts URL FILE FOLDER PASSES  a large file and a folder of small ones, there and back
    send URL FILE RUN               one file into a run, and back to compare
    store URL FILE PASSES           the file to an object store and back by `obstore`

What is imported here before `mlflow` would make its import look faster than it is; so that is next
to nothing.
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


def digest_of(path: str) -> str:
    """Of the content of a file, or of the names and contents of all files below a folder."""
    import hashlib
    import os

    digest = hashlib.sha256()
    names = [""]
    if os.path.isdir(path):
        found = [os.path.join(here, name) for here, _, some in os.walk(path) for name in some]
        names = sorted(os.path.relpath(each, path) for each in found)
    for name in names:
        digest.update(name.encode())
        with open(os.path.join(path, name) if name else path, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()


def fetched(run: str, path: str, wanted: str) -> float:
    """The seconds to fetch an artifact, which must have this digest."""
    import shutil
    import tempfile

    import mlflow

    into = tempfile.mkdtemp(dir=".")
    try:
        begin = time.perf_counter()
        there = mlflow.artifacts.download_artifacts(run_id=run, artifact_path=path, dst_path=into)
        seconds = time.perf_counter() - begin
        if digest_of(there) != wanted:
            raise SystemExit(f"{path} came back with another content")
        return seconds
    finally:
        shutil.rmtree(into)


def middle(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2]


def measure_artifacts(url: str, file: str, folder: str, passes: int) -> dict[str, object]:
    """What `log_artifact`, `log_artifacts` and `download_artifacts` take."""
    import os
    import resource

    import mlflow

    mlflow.set_tracking_uri(url)
    mlflow.set_experiment("artifacts")
    run = mlflow.start_run().info.run_id
    mlflow.log_text("warm-up", "warm-up.txt")
    idle, wanted = resident_mib(), digest_of(file)
    name, mib = os.path.basename(file), os.path.getsize(file) / 2**20
    up, down = [], []
    for number in range(passes):
        begin = time.perf_counter()
        mlflow.log_artifact(file, f"large-{number}")
        up.append(time.perf_counter() - begin)
    for number in range(passes):
        down.append(fetched(run, f"large-{number}/{name}", wanted))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begin = time.perf_counter()
    mlflow.log_artifacts(folder, "small")
    small_up = time.perf_counter() - begin
    small_down = fetched(run, "small", digest_of(folder))
    mlflow.end_run()
    count = sum(len(names) for *_, names in os.walk(folder))
    told = {
        "log_artifact, MiB/s": mib / middle(up),
        "download_artifacts, MiB/s": mib / middle(down),
        "client above idle, MiB": max(peak - idle, 0.1),
        "log_artifacts, files/s": count / small_up,
        "download_artifacts, files/s": count / small_down,
    }
    return {"measures": told}


def send_file(url: str, file: str, run: str) -> dict[str, object]:
    """Send a file into a run, and compare what comes back."""
    import os

    import mlflow

    mlflow.set_tracking_uri(url)
    mlflow.MlflowClient().log_artifact(run, file)
    fetched(run, os.path.basename(file), digest_of(file))
    return {}


def measure_store(url: str, file: str, passes: int) -> dict[str, object]:
    """What `obstore` takes for the same file, with its defaults."""
    import os
    import pathlib

    import obstore

    if "MLFLOW_S3_ENDPOINT_URL" in os.environ:
        os.environ.setdefault("AWS_ENDPOINT_URL", os.environ["MLFLOW_S3_ENDPOINT_URL"])
    # The rest is in AWS_ACCESS_KEY_ID and its like; a test server may be without TLS.
    store = obstore.store.from_url(url, client_options={"allow_http": True})
    mib = os.path.getsize(file) / 2**20
    up, down = [], []
    for number in range(passes):
        begin = time.perf_counter()
        obstore.put(store, f"plain-{number}", pathlib.Path(file))
        up.append(time.perf_counter() - begin)
    for number in range(passes):
        begin = time.perf_counter()
        with open("fetched", "wb") as into:
            for piece in obstore.get(store, f"plain-{number}").stream(1 << 20):
                into.write(piece)
        down.append(time.perf_counter() - begin)
        obstore.delete(store, f"plain-{number}")
    if digest_of("fetched") != digest_of(file):
        raise SystemExit("the file came back from the store with another content")
    told = {"obstore up, MiB/s": mib / middle(up), "obstore down, MiB/s": mib / middle(down)}
    return {"measures": told}


def main(question: str, url: str, *rest: str) -> dict[str, object]:
    if question == "import":
        return measure_import(url)
    if question == "log":
        return measure_calls(url, int(rest[0]))
    if question == "artifacts":
        return measure_artifacts(url, rest[0], rest[1], int(rest[2]))
    if question == "send":
        return send_file(url, rest[0], rest[1])
    return measure_store(url, rest[0], int(rest[1]))


if __name__ == "__main__":
    answer = main(*sys.argv[1:])
    import json

    print(json.dumps(answer))
