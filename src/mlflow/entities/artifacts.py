"""Artifacts: files that belong to a run."""

from mlflow.entities._base import Entity


class FileInfo(Entity):
    """A file or folder of a run; the size is in bytes and None for folders."""

    path: str
    is_dir: bool
    file_size: int | None = None
