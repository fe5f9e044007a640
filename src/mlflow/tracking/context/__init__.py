"""Façade: what a new run is told about where it was started."""

from mlflow.tracking.context.registry import resolve_tags

__all__ = ["resolve_tags"]
