"""The `mlflow` command, called in this process; what it opened is closed after the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mlflow.cli import cli
from mlflow.client import uri
from mlflow.client.transport import Local

Command = Callable[..., Result]


@pytest.fixture
def mlflow() -> Iterator[Command]:
    """`mlflow("runs", "list")` is the result: `.exit_code`, `.stdout`, `.stderr`.

    An exit code other than `code` (0 by default) fails the test.
    """
    before = set(uri._transports)

    def run(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, [*arguments], prog_name="mlflow")
        assert result.exit_code == code, f"{result.output}{result.exception!r}"
        return result

    yield run
    for key in set(uri._transports) - before:
        transport = uri._transports.pop(key)
        if isinstance(transport, Local):
            transport.close()


@pytest.fixture
def ask(mlflow: Command) -> Callable[..., Any]:
    """What a command with `--json` answers."""
    return lambda *arguments: json.loads(mlflow(*arguments, "--json").stdout)
