"""Artifacts: the methods of `MlflowClient`."""

import errno
import re
import uuid
from pathlib import Path
from typing import Any

from mlflow import wire
from mlflow._clock import now_ms
from mlflow.blobs import Folder, Place
from mlflow.blobs.uri import joined, safe_path
from mlflow.client import background, documents, images, models, transfer
from mlflow.client._calls import is_synchronous
from mlflow.client.places import Places, checked_file, checked_folder, place_at
from mlflow.client.streams import Stream
from mlflow.client.transport import session_of
from mlflow.entities import FileInfo
from mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException, invalid, missing
from mlflow.wire.metrics import SetTag

_IMAGES_LOGGED = "mlflow.loggedImages"
_KEY = re.compile(r"[\w./ \-]+")
#: (tracking URI, run) that are known to have the tag
_tagged: set[tuple[str, str]] = set()
_MOST_TAGGED = 10_000


class Artifacts(Places):
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
        if local_dir == "":
            raise FileNotFoundError(errno.ENOENT, "No folder is named", "")
        transfer.send_folder(self._artifacts(run_id), Path(local_dir), folder)

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Log a text as a file in UTF-8.

        Args:
            artifact_file: path of the file, such as `notes/first.txt`.
        """
        self._put(run_id, checked_file(artifact_file), text.encode())

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str) -> None:
        """Log a dictionary or list as JSON, or as YAML for a name that ends in .yaml or .yml.

        Args:
            dictionary: what JSON has no form for is written as its text.
            artifact_file: path of the file.
        """
        path = checked_file(artifact_file)
        self._put(run_id, path, documents.from_dictionary(dictionary, path))

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

        With a `key` and Pillow, a small preview is kept beside it.

        Args:
            image: of Pillow, an `mlflow.Image`, or an array of height by width (by 1, 3 or 4):
                whole numbers from 0 to 255, fractions from 0 to 1, or truth values.
            artifact_file: path of the file; its end says the format.
            key: name of the series, when there is no `artifact_file`.
            step: position in the series; 0 by default.
            timestamp: milliseconds since the epoch; now by default.
            synchronous: False sends an image with a `key` in the background: the call returns when
                it has a copy; what goes wrong later is told by a warning, and the end of the run
                or `mlflow.flush_artifact_async_logging` waits for it. By default as
                MLFLOW_ENABLE_ASYNC_LOGGING says.

        Raises:
            TypeError: it is no image, or the arguments do not go together.
            MlflowException: its form, the name or the key is refused.
        """
        if (artifact_file is None) == (key is None):
            raise TypeError("Give either artifact_file, or key with an optional step.")
        if artifact_file is not None:
            if step is not None or timestamp is not None:
                raise TypeError("A step and a timestamp belong to a key, not to an artifact_file.")
            path = checked_file(artifact_file)
            self._put(run_id, path, images.from_image(image, path))
            return
        assert key is not None
        if not _KEY.fullmatch(key):
            raise invalid(
                f"Invalid key {key!r}: names may contain letters, digits, underscores (_), dashes "
                "(-), periods (.), spaces ( ) and slashes (/)."
            )
        when = now_ms() if timestamp is None else int(timestamp)
        name = f"{key.replace('/', '~')}+step+{step or 0}+timestamp+{when}+{uuid.uuid4()}"
        path = safe_path(f"images/{name}")
        if is_synchronous(synchronous):
            self._put_image(run_id, path, image)
            return
        copy = images.settled(image)
        background.submit(
            run_id,
            f"The image {key!r} of run {run_id}",
            images.weight(copy),
            lambda: self._put_image(run_id, path, copy),
        )

    def log_stream(self, run_id: str, stream: Any, artifact_file: str) -> None:
        """Log data as a file while they are produced, without a copy of them anywhere.

        Nothing of it is visible before its end, and nothing is left when the stream fails.

        Args:
            stream: an object with `read(size)`, from where it stands, or an iterable of bytes;
                text becomes UTF-8. It is not closed.
            artifact_file: path of the file.

        Raises:
            TypeError: it is no stream, or gives something else than bytes and text.
        """
        path = checked_file(artifact_file)
        transfer.send_stream(self._artifacts(run_id), path, Stream(stream))

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """What is in a folder of a run, sorted; nothing for a file or a folder that is not there.

        A model that the run logged is the folder of its name, as far as the server has models.

        Args:
            path: the folder; the root by default.
        """
        folder = checked_folder(path)
        found = {file.path: file for file in listed(self._artifacts(run_id), folder)}
        name, _, below = folder.partition("/")
        for place in self._models(run_id, name):
            for file in listed(place, below):
                whole = joined(name, file.path)
                found[whole] = FileInfo(whole, file.is_dir, file.file_size)
        return [found[name] for name in sorted(found)]

    def download_artifacts(self, run_id: str, path: str, dst_path: str | None = None) -> str:
        """Fetch a file or folder, and say where it is on this machine.

        A model that the run logged is the folder of its name, as far as the server has models.

        Args:
            path: what to fetch; everything when empty.
            dst_path: the folder that it goes into, under its own name; by default a new folder, or
                where it is already when the run's artifacts are on this machine.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST when there is no such file or folder.
        """
        place, (name, _, below) = self._artifacts(run_id), path.partition("/")
        found = self._models(run_id, name)
        if not found:
            return downloaded(place, path, dst_path)
        return _downloaded_from_all(place, path, found, below, dst_path)

    def _models(self, run_id: str, name: str) -> list[Place]:
        """The artifacts of the models of a name that a run logged, the newest last."""
        if not name:
            return []
        experiment_id, _ = self._whereabouts(run_id)
        session = session_of(self._transport)
        uris = models.logged_by(self._transport, run_id, experiment_id, name)
        return [place_at(uri, session) for uri in uris]

    def _put_image(self, run_id: str, path: str, image: Any) -> None:
        """Keep an image of a series, its preview, and the tag that says that there are some."""
        self._put(run_id, f"{path}.png", images.from_image(image, ".png"))
        if (small := images.preview(image)) is not None:
            self._put(run_id, f"{path}+compressed.webp", small)
        if (self._transport.uri, run_id) not in _tagged:
            self._send(
                wire.metrics.set_tag, SetTag(run_id=run_id, key=_IMAGES_LOGGED, value="True")
            )
            if len(_tagged) >= _MOST_TAGGED:
                _tagged.clear()
            _tagged.add((self._transport.uri, run_id))


def log_file(place: Place, local_path: str | Path, artifact_path: str | None) -> None:
    """Send a file or folder; see `Artifacts.log_artifact`."""
    folder = checked_folder(artifact_path)
    if local_path == "":  # which Path takes for the working folder, with all that is in it
        raise FileNotFoundError(errno.ENOENT, "No file is named", "")
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
        if target is None and not any(into.iterdir()):
            into.rmdir()
        raise


def _downloaded_from_all(
    place: Place, path: str, found: list[Place], below: str, target: str | Path | None
) -> str:
    """Fetch what a run and its models have under one path; see `downloaded`."""
    whole = safe_path(path.rstrip("/"))
    name = "" if path.endswith("/") else whole.rpartition("/")[2]
    into = (transfer.new_folder() if target is None else Path(target)).absolute()
    fetched = None
    for source, inner in [(place, whole), *((each, below.rstrip("/")) for each in found)]:
        try:
            fetched = transfer.fetch(source, inner, into, name=name)
        except MlflowException as error:
            if error.error_code != RESOURCE_DOES_NOT_EXIST:
                raise
    if fetched is None:
        raise missing(f"There is no artifact {path!r}.")
    return str(fetched)
