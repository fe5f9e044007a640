"""Several Python processes that do something at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

_START = """\
import json
import sys


def start():
    print("ready", flush=True)
    sys.stdin.readline()


def tell(what):
    print(json.dumps(what), flush=True)


"""


def together(program: str, arguments: Sequence[Sequence[str]]) -> list[Any]:
    """Run `program` in one process per list of arguments; what each of them told.

    The program prepares, calls `start()`, which returns in all of them at once, does its work and
    calls `tell(...)` with its result, once. Its arguments are in `sys.argv`.
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _START + program, *each],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for each in arguments
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdin is not None
            line = process.stdout.readline()
            assert line == "ready\n", _said(process)
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        told = []
        for process in processes:
            output, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            told.append(json.loads(output))
        return told
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _said(process: subprocess.Popen[str]) -> str:
    process.kill()
    output, errors = process.communicate()
    return output + errors
