"""Artifacts: the methods of `MlflowClient`."""

import os
import re
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

from mlflow import wire
from mlflow._clock import now_ms
from mlflow.blobs import Folder, Place, open_place
from mlflow.blobs.uri import joined, safe_path
from mlflow.client import documents, transfer
from mlflow.client._calls import Calls
from mlflow.client.transport import Transport, session_of
from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException, invalid, missing
from mlflow.wire.metrics import SetTag
from mlflow.wire.runs import GetRun

_IMAGES_LOGGED = "mlflow.loggedImages"
#: (tracking URI, run) → where its artifacts are, which never changes
_known: dict[tuple[str, str], str] = {}
_MOST_KNOWN = 1000


class Artifacts(Calls):
    """Log, list and fetch files of runs.

    A file is visible when all of it has arrived, or not at all. Paths are relative to the run's
    artifacts, with `/` between the names.
    """

    def log_artifact(
        self, run_id: str, local_path: str | Path, artifact_path: str | None = None
    ) -> None:
        """Log a file, or a folder with all that is in it.

        Args:
            local_path: the file; a folder keeps its name.
            artifact_path: folder of the run that it goes into; the root by default.

        Raises:
            FileNotFoundError: there is no such file.
            MlflowException: the path is refused, or it could not be kept; then no part of the
                file is.
        """
        log_file(self._artifacts(run_id), local_path, artifact_path)

    def log_artifacts(
        self, run_id: str, local_dir: str | Path, artifact_path: str | None = None
    ) -> None:
        """Log what is in a folder, with all that is below, several files at once.

        Args:
            local_dir: the folder; its own name is not kept. Links to folders are left out.
            artifact_path: see `log_artifact`.
        """
        folder = checked_folder(artifact_path)
        transfer.send_folder(self._artifacts(run_id), Path(local_dir), folder)

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Log a text as a file in UTF-8.

        Args:
            artifact_file: path of the file, such as `notes/first.txt`.
        """
        self._put(run_id, artifact_file, text.encode())

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str) -> None:
        """Log a dictionary or list as JSON, or as YAML for a name that ends in .yaml or .yml.

        Args:
            dictionary: what JSON has no form for is written as its text.
            artifact_file: path of the file.
        """
        self._put(run_id, artifact_file, documents.from_dictionary(dictionary, artifact_file))

    def log_figure(
        self,
        run_id: str,
        figure: Any,
        artifact_file: str,
        *,
        save_kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Log a figure of matplotlib or plotly.

        Args:
            artifact_file: path of the file; its end says the format, such as .png or .html.
            save_kwargs: options for the library's own saving.
        """
        path = checked_file(artifact_file)
        self._put(run_id, path, documents.from_figure(figure, path, save_kwargs))

    def log_image(
        self,
        run_id: str,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
    ) -> None:
        """Log an image, either as a file or as a step of a series.

        Args:
            image: of PIL, or an array of height by width (by 1, 3 or 4): whole numbers from 0 to
                255, fractions from 0 to 1, or truth values.
            artifact_file: path of the file; its end says the format.
            key: name of the series, when there is no `artifact_file`.
            step: position in the series; 0 by default.
            timestamp: milliseconds since the epoch; now by default.
            synchronous: without effect: the image is there when the call returns.
        """
        if (artifact_file is None) == (key is None):
            raise invalid("Give either artifact_file, or key with an optional step.")
        if artifact_file is not None:
            if step is not None or timestamp is not None:
                raise invalid("A step and a timestamp belong to a key, not to an artifact_file.")
            path = checked_file(artifact_file)
            self._put(run_id, path, documents.from_image(image, path))
            return
        assert key is not None
        if not re.fullmatch(r"[\w./ \-]+", key):
            raise invalid(
                f"Invalid key {key!r}: names may contain letters, digits, underscores (_), dashes "
                "(-), periods (.), spaces ( ) and slashes (/)."
            )
        when = now_ms() if timestamp is None else timestamp
        name = f"{key.replace('/', '~')}+step+{step or 0}+timestamp+{when}+{uuid.uuid4()}.png"
        self._put(run_id, f"images/{name}", documents.from_image(image, name))
        tag = SetTag(run_id=run_id, key=_IMAGES_LOGGED, value="True")
        self._send(wire.metrics.set_tag, tag)

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """What is in a folder of a run, sorted; nothing for a file or a folder that is not there.

        Args:
            path: the folder; the root by default.
        """
        return listed(self._artifacts(run_id), checked_folder(path))

    def download_artifacts(self, run_id: str, path: str, dst_path: str | None = None) -> str:
        """Fetch a file or folder, and say where it is on this machine.

        Args:
            path: what to fetch; everything when empty.
            dst_path: the folder that it goes into, under its own name; by default a new folder, or
                where it is already when the run's artifacts are on this machine.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST when there is no such file or folder.
        """
        return downloaded(self._artifacts(run_id), path, dst_path)

    def _put(self, run_id: str, path: str, content: bytes) -> None:
        checked = checked_file(path)
        self._artifacts(run_id).put(checked, BytesIO(content))

    def _artifacts(self, run_id: str) -> Place:
        """The place of a run's artifacts; the server is asked once for each run."""
        key = (self._transport.uri, run_id)
        uri = _known.get(key)
        if uri is None:
            found = self._read(wire.runs.get, GetRun(run_id=run_id), run_id).run.info
            remember(self._transport, run_id, found.artifact_uri)
            uri = found.artifact_uri
        return open_place(uri, session_of(self._transport))


def remember(transport: Transport, run_id: str, uri: str | None) -> None:
    """Note where the artifacts of a run are."""
    if uri:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[transport.uri, run_id] = uri


def log_file(place: Place, local_path: str | Path, artifact_path: str | None) -> None:
    """Send a file or folder; see `Artifacts.log_artifact`."""
    folder = checked_folder(artifact_path)
    local = Path(local_path)
    if local.is_dir():
        transfer.send_folder(place, local, joined(folder, local.absolute().name))
    else:
        transfer.send_file(place, local, folder)


def listed(place: Place, folder: str) -> list[FileInfo]:
    """What is in a folder of a place; paths are relative to its root."""
    found = place.list(folder)
    return [FileInfo(joined(folder, blob.name), blob.is_dir, blob.size) for blob in found]


def downloaded(place: Place, path: str, target: str | Path | None) -> str:
    """Fetch from a place; see `Artifacts.download_artifacts`."""
    whole = safe_path(path.rstrip("/"), root=True)
    # `folder/` is what is in the folder, as programs that copy files have it.
    name = "" if path.endswith("/") else None
    if target is None and isinstance(place, Folder):
        there = place.path_of(whole)
        if there is None:
            raise missing(f"There is no artifact {path!r}.")
        return str(there)
    into = transfer.new_folder() if target is None else Path(target)
    try:
        return str(transfer.fetch(place, whole, into.absolute(), name=name))
    except MlflowException:
        if target is None:
            os.rmdir(into) if not any(into.iterdir()) else None
        raise


def checked_folder(path: str | None) -> str:
    """The path of a folder, the root when empty or None."""
    return safe_path(str(path or "").rstrip("/"), root=True)


def checked_file(path: str) -> str:
    """The path of a file; several slashes in a row count as one."""
    text = str(path)
    return safe_path(text if text.startswith("/") else re.sub("//+", "/", text))
