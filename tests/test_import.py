"""Importing costs little: what is heavy is loaded when it is used."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = (
    *("asyncio", "granian", "http.client", "numpy", "pandas", "psutil", "psycopg", "pymysql"),
    *("re2", "sqlite3", "starlette", "urllib3"),
    *("mlflow.server", "mlflow.service", "mlflow.store"),
)
MOST_MEGABYTES = 35


@pytest.mark.parametrize("module", ["mlflow", "mlflow.client", "mlflow.entities", "mlflow.fluent"])
def test_an_import_loads_nothing_heavy(module: str) -> None:
    text = f"import sys, {module}; print(*(name for name in {HEAVY} if name in sys.modules))"
    told = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []


def test_an_import_takes_little_memory() -> None:
    """Resident memory with the interpreter itself, as Linux counts it."""
    text = "import os, mlflow\nprint(open('/proc/self/statm').read().split()[1])"
    told = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert int(told.stdout) * os.sysconf("SC_PAGE_SIZE") / 2**20 <= MOST_MEGABYTES
