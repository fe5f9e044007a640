"""Façade: the tags that describe where a run was started."""

from mlflow.fluent.context import context_tags

__all__ = ["resolve_tags"]


def resolve_tags(tags: dict[str, str] | None = None) -> dict[str, str]:
    """The tags of the context, overlaid with the given ones."""
    return context_tags() | (tags or {})
