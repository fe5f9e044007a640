"""A file on a web server."""

import os
import re
import tempfile
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from mlflow import environment_variables as settings
from mlflow.data.dataset_source import DatasetSource, needed
from mlflow.exceptions import MlflowException

_CHUNK = 1 << 20
_UNNAMED = "dataset_source"


class HTTPDatasetSource(DatasetSource):
    """A file at an `http://` or `https://` address.

    Args:
        url: the address, kept as it is.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def url(self) -> str:
        """The address as it was given."""
        return self._url

    def load(self, dst_path: str | None = None) -> str:
        """Download the file and give the path of the copy.

        The copy has the name that the server gives, else the last part of the address; it
        appears only when it is complete. No login of the tracking server is sent.

        Args:
            dst_path: folder for the copy; None: a new temporary one.

        Raises:
            MlflowException: the server cannot be reached or does not give the file.
        """
        urllib3 = import_module("urllib3")
        wait = urllib3.Timeout(settings.MLFLOW_HTTP_REQUEST_TIMEOUT.get())
        try:
            with (
                urllib3.PoolManager() as pool,
                pool.request("GET", self._url, preload_content=False, timeout=wait) as answer,
            ):
                if answer.status >= 400:
                    raise MlflowException(f"{self._url} answered with HTTP status {answer.status}.")
                name = _file_name(answer.headers.get("Content-Disposition"), answer.geturl())
                folder = dst_path or tempfile.mkdtemp(prefix="mlflow-dataset-")
                os.makedirs(folder, exist_ok=True)
                return _write(answer.stream(_CHUNK), os.path.join(folder, name or _UNNAMED))
        except urllib3.exceptions.HTTPError as error:
            raise MlflowException(f"{self._url} cannot be downloaded: {error}") from error

    @staticmethod
    def _get_source_type() -> str:
        return "http"

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return isinstance(raw_source, str) and urlsplit(raw_source).scheme in ("http", "https")

    @classmethod
    def _resolve(cls, raw_source: Any) -> "HTTPDatasetSource":
        return cls(raw_source)

    def to_dict(self) -> dict[str, Any]:
        """The address."""
        return {"url": self._url}

    @classmethod
    def from_dict(cls, source_dict: dict[str, Any]) -> "HTTPDatasetSource":
        """The source at `url`."""
        return cls(needed(cls, source_dict, "url"))


def _file_name(disposition: str | None, address: str | None) -> str:
    """The name that the server gives the file; never a path, empty when there is none."""
    given = re.search(r'filename="?([^";]+)"?', disposition or "")
    name = given[1].strip() if given else unquote(urlsplit(address or "").path)
    return _plain(name.replace("\\", "/"))


def _plain(path: str) -> str:
    name = PurePosixPath(path).name
    return "" if name in (".", "..") or "\0" in name else name


def _write(chunks: Any, path: str) -> str:
    """Write the chunks to `path`, which appears when all are there."""
    handle, part = tempfile.mkstemp(dir=os.path.dirname(path), suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise
    return path
