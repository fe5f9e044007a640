"""Façade: pages of results under their older import path."""

from mlflow.entities.pages import PagedList

__all__ = ["PagedList"]
