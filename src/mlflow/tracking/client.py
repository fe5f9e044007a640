"""Façade: the client under its older import path."""

from mlflow.client import MlflowClient

__all__ = ["MlflowClient"]
