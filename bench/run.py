"""Does the same work on servers that speak the MLflow REST API, side by side, and compares them.

    python bench/run.py --server 'a=some-server --port {port} --data {dir}' --url b=http://host:5000

Each workload runs on each server in turn, A B A B, and each server that is given by its command
starts on an empty folder for it. All answers are checked: a server that loses points or gives runs
in the wrong order gets FAILED and a reason, not a number, and the exit code is 1. Ratios are to the
first server, above 1 is better. docs/performance.md says how to read the numbers. Linux only.
"""

from __future__ import annotations

import argparse
import inspect
import itertools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import artifacts
import pages
import programs
import reading
import report
import writing
from measures import Failure, Measures
from servers import Server

WORKLOADS: dict[str, Callable[..., None]] = {
    "log-metric": writing.log_metric,
    "log-batch": writing.log_batch,
    "concurrent": writing.concurrent,
    "run-lifecycle": writing.run_lifecycle,
    "search": reading.search,
    "history": reading.history,
    "start-up": programs.start_up,
    "client": programs.client,
    "artifacts": artifacts.plain,
    "artifacts-client": artifacts.client,
    "artifacts-resume": artifacts.resume,
    "artifacts-direct": artifacts.direct,
    "pages": pages.pages,
    "pages-work": pages.work,
}


def defaults(work: Callable[..., None]) -> dict[str, int]:
    """The options of a workload."""
    parameters = inspect.signature(work).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}


def chosen(text: str) -> tuple[str, dict[str, int]]:
    """A workload's name and options: `search:runs=1000,repeats=5`."""
    name, _, tail = text.partition(":")
    if name not in WORKLOADS:
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(WORKLOADS)}")
    options = {}
    for setting in filter(None, tail.split(",")):
        key, _, value = setting.partition("=")
        if key not in defaults(WORKLOADS[name]) or not value.isdecimal() or int(value) < 1:
            raise argparse.ArgumentTypeError(f"{name} has no option {setting}")
        options[key] = int(value)
    return name, options


def named(text: str) -> tuple[str, str]:
    """The two sides of NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not name or not equals or not value:
        raise argparse.ArgumentTypeError(f"NAME=VALUE is expected, not {text}")
    return name, value


def arguments() -> argparse.Namespace:
    """The command line; its mistakes end the program."""
    listed = "\n".join(
        f"  {name}:{','.join(f'{key}={value}' for key, value in defaults(work).items())}\n"
        f"      {inspect.getdoc(work)}"
        for name, work in WORKLOADS.items()
    )
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"workloads, with their options:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def option(name: str, meaning: str, metavar: str) -> None:
        parser.add_argument(
            name, action="append", type=named, default=[], metavar=metavar, help=meaning
        )

    parser.add_argument("workloads", nargs="*", type=chosen, help="all, when none is named")
    option("--server", "start command; {port} and {dir} are filled in", "NAME=COMMAND")
    option("--url", "a server that runs already", "NAME=URL")
    option("--python", "interpreter with the `mlflow` that is its client", "NAME=PATH")
    option("--bucket", "s3://… where it keeps artifacts, for `artifacts-direct`", "NAME=URL")
    option("--prepare", "shell command before every start on an empty folder", "NAME=COMMAND")
    option("--size", "shell command that prints the bytes stored outside {dir}", "NAME=COMMAND")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="3 unless given")
    parser.add_argument(
        "--quiet", type=float, default=1.0, metavar="SECONDS", help="idle this long"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write every result of every round"
    )
    parsed = parser.parse_args()
    names = [name for name, _ in parsed.server + parsed.url]
    if not names or len(names) != len(set(names)):
        parser.error("--server and --url need names, each its own")
    for name, _ in parsed.python + parsed.bucket + parsed.prepare + parsed.size:
        if name not in names:
            parser.error(f"there is no server {name}")
    return parsed


def measure(server: Server, name: str, options: dict[str, int], number: int) -> report.Result:
    """One run of a workload, and what came of it."""
    load, measures = os.getloadavg()[0], Measures()
    try:
        with server.fresh():
            WORKLOADS[name](server, measures, **options)
    except Exception as error:
        measures["start"] = Failure(f"{type(error).__name__}: {error}")
    return report.Result(server.name, name, number, load, measures)


def main() -> int:
    """Measure, print, write; 1 when something failed."""
    asked = arguments()
    python, prepare, size = dict(asked.python), dict(asked.prepare), dict(asked.size)
    commands, bucket = dict(asked.server), dict(asked.bucket)
    servers = [
        Server(
            name,
            command=commands.get(name, ""),
            url=where,
            prepare=prepare.get(name, ""),
            size=size.get(name, ""),
            python=python.get(name, ""),
            bucket=bucket.get(name, ""),
            quiet=asked.quiet,
        )
        for name, where in asked.server + asked.url
    ]
    document: dict[str, Any] = {"machine": report.machine(), "arguments": sys.argv[1:]}
    results: list[report.Result] = []
    workloads = asked.workloads or [(name, {}) for name in WORKLOADS]
    turns = itertools.product(range(1, asked.rounds + 1), workloads, servers)
    try:
        for number, (name, options), server in turns:
            print(f"round {number}: {name} on {server.name}", file=sys.stderr, flush=True)
            results.append(measure(server, name, options, number))
    except KeyboardInterrupt:
        print("interrupted; this is what there is", file=sys.stderr)
    if asked.json:
        document["results"] = [result.as_json() for result in results]
        asked.json.write_text(json.dumps(document, indent=2) + "\n")
    if results:
        print(report.table(results))
    return int(not results or any(result.as_json()["failed"] for result in results))


if __name__ == "__main__":
    sys.exit(main())
