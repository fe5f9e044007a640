"""What every test can ask for; the servers are in tests/servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = ["tests.servers.fixtures"]


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """No test sees the settings of whoever runs it, nor writes into their folders."""
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "MILLSTREAM_"))]:
        if not name.startswith("MILLSTREAM_TEST_"):
            monkeypatch.delenv(name)
    before = Path.cwd()
    yield
    assert Path.cwd() == before, "A test must leave the working directory as it found it."
