"""Logged models, of which there are none yet."""

from mlflow import wire
from mlflow.service._engine import Engine, serves
from mlflow.wire.logged_models import FoundLoggedModels, SearchLoggedModels


@serves(wire.logged_models.search)
def search(engine: Engine, ask: SearchLoggedModels) -> FoundLoggedModels:
    """Find none."""
    return FoundLoggedModels()
