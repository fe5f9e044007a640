"""Artifacts on the wire: their lists. Their content is no JSON; `server/artifacts.py` has it."""

import msgspec

from mlflow.entities.artifacts import FileInfo
from mlflow.wire._endpoint import Endpoint, may
from mlflow.wire.metrics import AboutRun


class FileMessage(msgspec.Struct, omit_defaults=True):
    """A file or folder; the size is in bytes and absent for folders."""

    path: str
    is_dir: bool
    file_size: int | None = None

    def entity(self) -> FileInfo:
        """The file as users of the Python API see it."""
        return FileInfo(self.path, self.is_dir, self.file_size)


class ListArtifacts(AboutRun, kw_only=True, omit_defaults=True):
    """List a folder of a run's artifacts; paths are relative to the run's root.

    `path` is the folder, the root by default. The list is not paged: `page_token` has no effect.
    """

    path: str = ""
    page_token: str | None = None


class ListedArtifacts(msgspec.Struct, omit_defaults=True):
    """What is in the folder, sorted by path; nothing for a file or a folder that is not there."""

    root_uri: str
    files: list[FileMessage] = []


class ListedFiles(msgspec.Struct, omit_defaults=True):
    """What is in a folder that the server keeps, sorted by name; `path` is the name only."""

    files: list[FileMessage] = []


list_artifacts = Endpoint(
    "GET", "/mlflow/artifacts/list", ListArtifacts, ListedArtifacts, needs=may.read("run_id")
)
