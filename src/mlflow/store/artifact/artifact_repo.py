"""Façade: the base class that plug-ins for artifacts build on."""

import os
from abc import ABC, abstractmethod

from mlflow.blobs.uri import safe_path
from mlflow.client import transfer
from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException, missing

__all__ = ["ArtifactRepository", "verify_artifact_path"]


class ArtifactRepository(ABC):
    """Artifacts at a URI, as a plug-in for its scheme keeps them.

    A plug-in names its class as an entry point of the group `mlflow.artifact_repository`.

    Args:
        artifact_uri: the root.
        tracking_uri, registry_uri: the servers in use, None where there is none.
    """

    def __init__(
        self,
        artifact_uri: str,
        tracking_uri: str | None = None,
        registry_uri: str | None = None,
    ) -> None:
        self.artifact_uri = artifact_uri
        self.tracking_uri = tracking_uri
        self.registry_uri = registry_uri

    @abstractmethod
    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Keep a file of this machine under its own name.

        Args:
            artifact_path: folder below the root; the root by default.
        """

    @abstractmethod
    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Keep what is in a folder of this machine, with all that is below; see `log_artifact`."""

    @abstractmethod
    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """What is in a folder, with paths relative to the root; nothing for a file."""

    @abstractmethod
    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        """Fetch one file.

        Args:
            remote_file_path: relative to the root.
            local_path: where it goes; its folder is there.
        """

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Remove a file or folder with all that is in it; all by default."""
        raise NotImplementedError

    def download_artifacts(self, artifact_path: str, dst_path: str | None = None) -> str:
        """Fetch a file or folder.

        Args:
            artifact_path: relative to the root; everything when empty.
            dst_path: a folder of this machine; a new one by default.

        Returns:
            Where it is now.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST, or a listing names what is no artifact.
        """
        path = safe_path((artifact_path or "").rstrip("/"), root=True)
        if dst_path is not None and not os.path.isdir(dst_path):
            raise missing(f"There is no folder {dst_path!r} to fetch into.")
        target = os.path.abspath(dst_path) if dst_path else str(transfer.new_folder())
        if not self._is_directory(path):
            self._fetch(path, target)
        else:
            for file in self._files(path):
                self._fetch(file, target)
        return os.path.join(target, *path.split("/")) if path else target

    def _fetch(self, path: str, target: str) -> None:
        local = os.path.join(target, *path.split("/"))
        os.makedirs(os.path.dirname(local), exist_ok=True)
        self._download_file(path, local)

    def _is_directory(self, artifact_path: str) -> bool:
        """Whether a path is a folder: something is listed in it."""
        listed = self.list_artifacts(artifact_path or None)
        return not artifact_path or any(info.path != artifact_path for info in listed)

    def _files(self, path: str, depth: int = 100) -> list[str]:
        found = []
        for info in self.list_artifacts(path or None):
            # What a plug-in lists comes from elsewhere: it must stay below what was asked for.
            inner = safe_path(info.path.rstrip("/"))
            if path and not inner.startswith(f"{path}/"):
                raise MlflowException(f"The listing of {path!r} names {info.path!r}.")
            if not info.is_dir:
                found.append(inner)
            elif depth:
                found += self._files(inner, depth - 1)
            else:
                raise MlflowException(f"The folders below {path!r} have no end.")
        return found


def verify_artifact_path(artifact_path: str | None) -> None:
    """Raise an MlflowException if a path may not name an artifact."""
    if artifact_path:
        safe_path(artifact_path)
