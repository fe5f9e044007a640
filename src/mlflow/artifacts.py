"""Artifacts by their URIs: of runs, of models, on servers, in object stores, on this machine.

runs:/RUN/PATH                  of a run
models:/NAME/VERSION, …         of a model, where the server has models
mlflow-artifacts:/PATH          on a tracking server
s3://…, https://…, /path, …     what `mlflow.blobs.schemes` opens
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

from mlflow.blobs import Place
from mlflow.blobs.schemes import local_folder, scheme_of
from mlflow.blobs.uri import joined
from mlflow.client import MlflowClient, documents, images, models
from mlflow.client.artifacts import downloaded, listed
from mlflow.client.places import checked_folder, place_at
from mlflow.client.transport import session_of
from mlflow.client.uri import get_registry_uri, transport_for
from mlflow.entities import FileInfo
from mlflow.exceptions import BAD_REQUEST, MlflowException, invalid, missing

__all__ = ["download_artifacts", "list_artifacts", "load_dict", "load_image", "load_text"]

#: a version of a model may be a copy of another one
_MOST_STEPS = 5


def download_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: str | None = None,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
) -> str:
    """Fetch a file or folder, and say where it is on this machine.

    Args:
        artifact_uri: what to fetch; a `/` at the end means what is in the folder.
        run_id: a run to fetch from, instead of the URI.
        artifact_path: what of the run; everything by default.
        dst_path: the folder that it goes into, made if need be; by default a new folder, or where
            it is already when it is on this machine.
        tracking_uri: the store that knows the run; the current one by default.
        registry_uri: the store that knows the model; by default the tracking URI that is given,
            else the current one.

    Raises:
        MlflowException: RESOURCE_DOES_NOT_EXIST when there is no such file or folder.
    """
    uri = _one_of(artifact_uri, run_id, artifact_path)
    if uri is None:
        client = MlflowClient(tracking_uri)
        return client.download_artifacts(run_id or "", artifact_path or "", dst_path)
    if (named := _of_run(uri)) is not None:
        return MlflowClient(tracking_uri).download_artifacts(*named, dst_path)
    place, path = _place_of(uri, tracking_uri, registry_uri)
    return downloaded(place, path, dst_path)


def list_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    tracking_uri: str | None = None,
) -> list[FileInfo]:
    """What is in a folder, sorted; nothing for a file or a folder that is not there.

    Args:
        artifact_uri: the folder.
        run_id: a run, instead of the URI.
        artifact_path: folder of the run; its root by default.
        tracking_uri: the store that knows the run; the current one by default.
    """
    uri = _one_of(artifact_uri, run_id, artifact_path)
    if uri is None:
        return MlflowClient(tracking_uri).list_artifacts(run_id or "", artifact_path)
    if (named := _of_run(uri)) is not None:
        return MlflowClient(tracking_uri).list_artifacts(*named)
    place, path = _place_of(uri.rstrip("/"), tracking_uri)
    folder = checked_folder(path)
    return listed(place, folder)


def load_text(artifact_uri: str) -> str:
    """The content of a text file in UTF-8.

    Raises:
        MlflowException: BAD_REQUEST when it is not UTF-8.
    """
    try:
        return _content(artifact_uri).decode("utf-8")
    except UnicodeDecodeError:
        raise MlflowException(
            f"{artifact_uri} is no text in UTF-8. Fetch it with download_artifacts and read it as "
            "what it is.",
            BAD_REQUEST,
        ) from None


def load_dict(artifact_uri: str) -> Any:
    """What a file of JSON, or of YAML where PyYAML is installed, stands for."""
    return documents.to_dictionary(load_text(artifact_uri), artifact_uri)


def load_image(artifact_uri: str) -> Any:
    """An image, by Pillow."""
    return images.to_image(_content(artifact_uri), artifact_uri)


def _content(uri: str) -> bytes:
    """All of a file; what was fetched for it is removed again."""
    with TemporaryDirectory(prefix="mlflow-") as folder:
        path = Path(download_artifacts(uri, dst_path=folder))
        if not path.is_file():
            raise invalid(f"{uri} is a folder, not a file.")
        return path.read_bytes()


def _one_of(uri: str | None, run_id: str | None, path: str | None) -> str | None:
    """The URI; None when a run is named instead of it."""
    if (uri is None) == (run_id is None):
        raise invalid("Give either artifact_uri or run_id, and not both.")
    if uri == "":
        raise invalid("The artifact_uri is empty.")
    if uri is not None and path:
        raise invalid("artifact_path goes with run_id, not with artifact_uri.")
    return None if uri is None else str(uri)


def _of_run(uri: str) -> tuple[str, str] | None:
    """Run and path that a `runs:` URI names, None for other URIs."""
    if scheme_of(uri) != "runs":
        return None
    rest = uri[len("runs:") :]
    run_id, _, path = rest.lstrip("/").partition("/")
    if not run_id or rest.startswith("//"):
        raise invalid(f"{uri!r} names no run: write runs:/RUN/PATH.")
    return run_id, path


def _place_of(
    uri: str, tracking_uri: str | None, registry_uri: str | None = None
) -> tuple[Place, str]:
    """The place that has what a URI names, and its path there."""
    scheme = scheme_of(uri)
    if scheme == "models":
        return _place_of_model(uri, tracking_uri, registry_uri)
    if scheme == "file":
        local = local_folder(uri)
        if not local.exists():
            raise missing(f"There is no {uri}.")
        ends = "/" if uri.endswith("/") and local.is_dir() else ""
        return place_at(local.parent.as_uri(), None), local.name + ends
    session = session_of(transport_for(tracking_uri))
    web = scheme in ("http", "https")
    if web and urlsplit(uri).query:  # one file, such as a signed address
        return place_at(uri, session), unquote(urlsplit(uri).path.rpartition("/")[2])
    head, slash, name = uri.rstrip("/").rpartition("/")
    if not slash or head.endswith("/"):  # the root itself
        return place_at(uri, session), ""
    head += "/" if head.endswith(":") else ""
    name = unquote(name) if web else name
    return place_at(head, session), name + ("/" if uri.endswith("/") else "")


def _place_of_model(
    uri: str, tracking_uri: str | None, registry_uri: str | None
) -> tuple[Place, str]:
    """The place of a model, and the path in it that a `models:/` URI names."""
    transport = transport_for(registry_uri or tracking_uri or get_registry_uri())
    path = ""
    for _ in range(_MOST_STEPS):
        uri, below = models.location(transport, uri)
        path = joined(below, path)
        if scheme_of(uri) != "models":
            break
    if (named := _of_run(uri)) is not None:
        run_id, folder = named
        uri = MlflowClient(transport.uri).get_run(run_id).info.artifact_uri or ""
        path = joined(folder, path)
    return place_at(uri, session_of(transport)), path
