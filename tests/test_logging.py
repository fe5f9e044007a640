"""What users see of what the package logs; each in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.servers.processes import free_port

CREATE = 'mlflow.set_experiment("new")\n'


def said(script: str, **environment: str) -> str:
    """What a program prints on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", "import logging, mlflow\n" + script],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stderr


def test_notes_are_shown_with_their_time() -> None:
    time, _, note = said(CREATE).partition(" INFO ")
    assert re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", time)
    assert note == "mlflow.fluent.experiments: Created the experiment 'new'.\n"


def test_a_program_with_handlers_of_its_own_gets_them_once() -> None:
    text = said("logging.basicConfig(format='own %(message)s')\n" + CREATE)
    assert text == "own Created the experiment 'new'.\n"


@pytest.mark.parametrize(
    "setting", [{"MLFLOW_LOGGING_LEVEL": "warning"}, {"MLFLOW_CONFIGURE_LOGGING": "false"}]
)
def test_it_can_be_silenced(setting: dict[str, str]) -> None:
    assert said(CREATE, **setting) == ""


def test_a_level_that_is_none_stops_nothing() -> None:
    assert "no level: use DEBUG, INFO" in said(CREATE, MLFLOW_LOGGING_LEVEL="loud")


def test_a_server_that_is_away_is_warned_of_once_for_each_reason() -> None:
    uri = f"http://127.0.0.1:{free_port()}"
    script = CREATE + "mlflow.start_run(); mlflow.end_run(); mlflow.start_run()\n"
    lines = said(script, MLFLOW_TRACKING_URI=uri).splitlines()
    assert sum("The experiment is looked up once" in line for line in lines) == 1
    assert sum("Training goes on" in line for line in lines) == 1
