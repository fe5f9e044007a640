"""The first run of the readme does what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.servers.millstream import RunningServer

README = Path(__file__).parents[1] / "README.md"


def test_the_first_run_works_as_it_is_written(running_server: RunningServer) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert "http://127.0.0.1:5000" in script
    told = subprocess.run(
        [sys.executable, "-c", script.replace("http://127.0.0.1:5000", running_server.url)],
        capture_output=True,
        text=True,
        check=True,
    )
    *_, last = told.stdout.splitlines()
    assert last.startswith("rate 0.4 0.0168")
