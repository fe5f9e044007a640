"""Settings that cannot be read: one sentence, whoever reads them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_OFFLINE
from mlflow.exceptions import MlflowException


@pytest.mark.parametrize("kind", [ValueError, MlflowException])
def test_the_error_names_variable_and_value(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    monkeypatch.setenv("MLFLOW_OFFLINE", "maybe")
    with pytest.raises(kind, match="MLFLOW_OFFLINE='maybe' cannot be read: allowed are true"):
        MLFLOW_OFFLINE.get()


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_OFFLINE", "")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    assert MLFLOW_OFFLINE.get() is False
    assert MLFLOW_HTTP_REQUEST_MAX_RETRIES.get() == 3


def test_the_command_line_says_it_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    script = "import mlflow.cli; mlflow.cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "runs", "search"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "Error: MLFLOW_HTTP_REQUEST_TIMEOUT='soon' cannot be read: "
        "could not convert string to float: 'soon'.\n"
    )
