"""Façade: import paths that other packages rely on, also as attributes of `mlflow.utils`."""

from mlflow.utils import mlflow_tags, validation

__all__ = ["mlflow_tags", "validation"]
