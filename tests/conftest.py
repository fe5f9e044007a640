"""What every test can ask for; the servers are in tests/servers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from mlflow.client import uri
from mlflow.fluent import experiments

# Neither chance nor the speed of the machine decides how a test ends.
settings.register_profile(
    "tests",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tests")

pytest_plugins = ["tests.neighbours", "tests.places", "tests.servers.fixtures"]


def pytest_configure(config: pytest.Config) -> None:
    """Processes of tests heed signals also where `nohup`, or a shell's `&`, has us ignore them."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return  # the workers run the tests, and would be the first not to ignore them
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # which only we do: programs begin without it


@pytest.fixture(autouse=True)
def _a_place_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A test sees no settings of whoever runs it, and what it writes by default is thrown away."""
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "MILLSTREAM_"))]:
        if not name.startswith("MILLSTREAM_TEST_"):
            monkeypatch.delenv(name)
    for name in ("COLUMNS", "LINES"):  # the size of somebody else's terminal
        monkeypatch.delenv(name, raising=False)
    for module, name in ((uri, "_tracking_uri"), (uri, "_registry_uri"), (experiments, "_active")):
        monkeypatch.setattr(module, name, None)  # and nothing of the test before
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # where the outbox is kept
    monkeypatch.chdir(tmp_path)
