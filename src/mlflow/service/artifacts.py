"""Artifacts of runs and below the server's root: their lists, where they are, their addresses."""

from mlflow import wire
from mlflow.blobs import Place
from mlflow.blobs.objects.place import Objects
from mlflow.blobs.uri import joined, safe_path
from mlflow.environment_variables import MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS
from mlflow.exceptions import MlflowNotImplementedException, missing
from mlflow.service._engine import ArtifactEngine, Engine, serves
from mlflow.service.uploads import file_message
from mlflow.store.runs import placed
from mlflow.wire.artifacts import (
    AskAddress,
    AskDownloadAddress,
    AskUploadAddress,
    DownloadAddress,
    FileAddress,
    FileMessage,
    ListArtifacts,
    ListedArtifacts,
    ListedFiles,
    ListFiles,
    UploadAddress,
)


@serves(wire.artifacts.list_artifacts)
def list_artifacts(engine: Engine, ask: ListArtifacts) -> ListedArtifacts:
    """List a folder of a run's artifacts."""
    path = ask.path.rstrip("/")
    place, base = of_run(engine, ask.run_id, path, root=True)
    files = [
        FileMessage(joined(path, blob.name), blob.is_dir, blob.size) for blob in place.list(base)
    ]
    return ListedArtifacts(_uri(engine, ask.run_id), sorted(files, key=lambda file: file.path))


@serves(wire.artifacts.list_files)
def list_files(engine: ArtifactEngine, ask: ListFiles) -> ListedFiles:
    """List a folder below the server's root."""
    path = safe_path(ask.path.rstrip("/"), root=True)
    place = engine.roots.served
    if ask.recursive:
        return ListedFiles(sorted(map(file_message, place.walk(path)), key=lambda file: file.path))
    return ListedFiles(
        [FileMessage(blob.name, blob.is_dir, blob.size) for blob in place.list(path)]
    )


@serves(wire.artifacts.ask_address)
def ask_address(engine: ArtifactEngine, ask: AskAddress) -> FileAddress:
    """Say where a file below the server's root can be read without a login."""
    place = engine.roots.served
    signing = _signing(place)
    size = _size(place, safe_path(ask.path))
    seconds = MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS.get()
    return FileAddress(signing.sign("GET", ask.path, seconds), {}, size)


@serves(wire.artifacts.ask_upload_address)
def ask_upload_address(engine: Engine, ask: AskUploadAddress) -> UploadAddress:
    """Say where a file of a run can be sent without a login."""
    if not ask.run_id:
        raise MlflowNotImplementedException("This server keeps no logged models yet.")
    place, path = of_run(engine, ask.run_id, ask.path)
    signing = _signing(place)
    return UploadAddress(signing.sign("PUT", path, ask.expiration), dict(signing.put_headers))


@serves(wire.artifacts.ask_download_address)
def ask_download_address(engine: Engine, ask: AskDownloadAddress) -> DownloadAddress:
    """Say where a file of a run can be read without a login."""
    place, path = of_run(engine, ask.run_id, ask.path)
    signing = _signing(place)
    size = _size(place, path)
    return DownloadAddress(signing.sign("GET", path, ask.expiration), {}, size)


def of_run(engine: Engine, run_id: str, path: str, *, root: bool = False) -> tuple[Place, str]:
    """The place that holds a run's artifacts, and where in it one of them is.

    Args:
        path: of the artifact, relative to the run's root.
        root: whether the path may be empty.

    Raises:
        MlflowException: there is no such run, the path is refused, or the run's artifacts are not
            kept where this server may look.
    """
    safe_path(path, root=root)
    place, base = engine.roots.find(_uri(engine, run_id))
    return place, joined(base, path)


def _uri(engine: Engine, run_id: str) -> str:
    row = engine.store.runs.row(run_id)
    if row is None:
        raise missing(f"Run with id={run_id} not found")
    return placed(row.artifact_uri, engine.artifact_root)


def _signing(place: Place) -> Objects:
    """A place that gives addresses by which others use it for some time, without a login."""
    if not isinstance(place, Objects):
        raise MlflowNotImplementedException(
            "The store of this server gives no addresses: files go through the server."
        )
    return place


def _size(place: Place, path: str) -> int:
    found = place.look(path)
    if found is None:
        raise missing(f"There is no artifact {path!r}.")
    return found.size
