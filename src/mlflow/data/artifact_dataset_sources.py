"""Files on the local disk and in object stores, one class for each kind of URI."""

import os
import shutil
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlflow.data.dataset_source import needed
from mlflow.data.filesystem_dataset_source import FileSystemDatasetSource
from mlflow.exceptions import MlflowNotImplementedException, missing


class ArtifactDatasetSource(FileSystemDatasetSource):
    """Files at a URI; what the classes below have in common.

    Args:
        uri: address or path, kept as it is.
    """

    #: scheme of the URIs of this kind, and the name of the kind
    scheme: ClassVar[str]

    def __init__(self, uri: str) -> None:
        self._uri = uri

    @property
    def uri(self) -> str:
        """The URI as it was given."""
        return self._uri

    def load(self, dst_path: str | None = None) -> str:
        """The path of a local copy.

        Args:
            dst_path: folder for the copy; None: a new temporary one.

        Raises:
            MlflowException: NOT_IMPLEMENTED, this version cannot read the store.
        """
        raise MlflowNotImplementedException(
            f"Data at {self._uri} cannot be loaded by this version: copy them to the local disk "
            "with a tool of their store."
        )

    @classmethod
    def _get_source_type(cls) -> str:
        return cls.scheme

    @classmethod
    def _can_resolve(cls, raw_source: Any) -> bool:
        return isinstance(raw_source, str | Path) and urlsplit(str(raw_source)).scheme == cls.scheme

    @classmethod
    def _resolve(cls, raw_source: Any) -> "ArtifactDatasetSource":
        return cls(str(raw_source))

    def to_dict(self) -> dict[str, Any]:
        """The URI."""
        return {"uri": self._uri}

    @classmethod
    def from_dict(cls, source_dict: dict[str, Any]) -> "ArtifactDatasetSource":
        """The source at `uri`."""
        return cls(needed(cls, source_dict, "uri"))


class LocalArtifactDatasetSource(ArtifactDatasetSource):
    """A file or folder on a disk of this machine."""

    scheme = "local"

    def load(self, dst_path: str | None = None) -> str:
        """The absolute path of the file or folder, or of its copy.

        Args:
            dst_path: folder to copy into; None: no copy is made.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST, there is nothing.
        """
        parts = urlsplit(self._uri)
        path = url2pathname(parts.path) if parts.scheme == "file" else self._uri
        if not os.path.exists(path):
            raise missing(f"There is no file or folder {path!r}.")
        if dst_path is None:
            return os.path.abspath(path)
        copy = os.path.join(dst_path, os.path.basename(os.path.abspath(path)))
        if os.path.isdir(path):
            shutil.copytree(path, copy, dirs_exist_ok=True)
        else:
            os.makedirs(dst_path, exist_ok=True)
            shutil.copy2(path, copy)
        return os.path.abspath(copy)

    @classmethod
    def _can_resolve(cls, raw_source: Any) -> bool:
        if isinstance(raw_source, Path):
            return True
        return isinstance(raw_source, str) and urlsplit(raw_source).scheme in ("", "file")


class AzureBlobArtifactDatasetSource(ArtifactDatasetSource):
    """Objects in Azure Blob Storage."""

    scheme = "wasbs"


class AzureDataLakeArtifactDatasetSource(ArtifactDatasetSource):
    """Objects in Azure Data Lake Storage."""

    scheme = "abfss"


class B2ArtifactDatasetSource(ArtifactDatasetSource):
    """Objects in Backblaze B2."""

    scheme = "b2"


class FTPArtifactDatasetSource(ArtifactDatasetSource):
    """Files on an FTP server."""

    scheme = "ftp"


class GCSArtifactDatasetSource(ArtifactDatasetSource):
    """Objects in Google Cloud Storage."""

    scheme = "gs"


class HdfsArtifactDatasetSource(ArtifactDatasetSource):
    """Files in HDFS."""

    scheme = "hdfs"


class ViewfsArtifactDatasetSource(HdfsArtifactDatasetSource):
    """Files in HDFS through a view."""

    scheme = "viewfs"


class R2ArtifactDatasetSource(ArtifactDatasetSource):
    """Objects in Cloudflare R2."""

    scheme = "r2"


class S3ArtifactDatasetSource(ArtifactDatasetSource):
    """Objects in S3 or a store that speaks its language."""

    scheme = "s3"


class SFTPArtifactDatasetSource(ArtifactDatasetSource):
    """Files on an SFTP server."""

    scheme = "sftp"
