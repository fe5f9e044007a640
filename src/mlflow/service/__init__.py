"""What each endpoint does: one function per endpoint, (engine, question) → answer."""

from mlflow.service import (
    artifacts,
    changes,
    curves,
    datasets,
    experiments,
    logged_models,
    metrics,
    run_tables,
    runs,
    server,
    uploads,
    views,
)
from mlflow.service._engine import (
    HANDLERS,
    ArtifactEngine,
    Engine,
    answer,
    answer_at_once,
    open_engine,
)

__all__ = [
    "HANDLERS",
    "ArtifactEngine",
    "Engine",
    "answer",
    "answer_at_once",
    "artifacts",
    "changes",
    "curves",
    "datasets",
    "experiments",
    "logged_models",
    "metrics",
    "open_engine",
    "run_tables",
    "runs",
    "server",
    "uploads",
    "views",
]
