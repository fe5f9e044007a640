"""An engine over each kind of database, and a short way to ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from mlflow import service, wire
from mlflow.service import Engine
from mlflow.wire import AnyEndpoint, _json

Ask = Callable[..., Any]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine over a fresh database of each kind."""
    opened = service.open_engine(database_url, "mlflow-artifacts:/")
    yield opened
    opened.close()


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """Ask an endpoint as HTTP would: JSON in, JSON out, as Python objects."""
    return sender(engine)


@pytest.fixture
def run(ask: Ask) -> str:
    """A fresh run in the default experiment."""
    return new_run(ask)


def sender(engine: Engine) -> Ask:
    def send(endpoint: AnyEndpoint, **fields: Any) -> Any:
        question = _json.decode_body(endpoint, msgspec.json.encode(fields))
        return msgspec.json.decode(_json.encode(service.answer(engine, endpoint, question)))

    return send


def new_run(ask: Ask, **fields: Any) -> str:
    answer = ask(wire.runs.create, **({"experiment_id": "0", "start_time": 1} | fields))
    run_id: str = answer["run"]["info"]["run_id"]
    return run_id
