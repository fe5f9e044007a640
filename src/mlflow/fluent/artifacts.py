"""Artifacts of the active run: `mlflow.log_artifact`, `log_text` and their neighbours.

A call without an active run starts one. Each returns when the file has arrived whole.
"""

import posixpath
from pathlib import Path
from typing import Any

from mlflow.client import MlflowClient
from mlflow.client.artifacts import remember
from mlflow.client.transport import ServerAway
from mlflow.exceptions import invalid
from mlflow.fluent import active
from mlflow.fluent.runs import start_run


def log_artifact(
    local_path: str | Path, artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """Log a file, or a folder with all that is in it.

    Args:
        local_path: the file; a folder keeps its name.
        artifact_path: folder of the run that it goes into; the root by default.
        run_id: log into this run instead of the active one.

    Raises:
        FileNotFoundError: there is no such file.
        MlflowException: the path is refused, or it could not be kept; then no part of the file is.
    """
    client, run = _client_and_run(run_id)
    client.log_artifact(run, local_path, artifact_path)


def log_artifacts(
    local_dir: str | Path, artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """Log what is in a folder, with all that is below, several files at once.

    Args:
        local_dir: the folder; its own name is not kept. Links to folders are left out.
        artifact_path, run_id: see `log_artifact`.
    """
    client, run = _client_and_run(run_id)
    client.log_artifacts(run, local_dir, artifact_path)


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Log a text as a file in UTF-8.

    Args:
        artifact_file: path of the file, such as `notes/first.txt`.
        run_id: log into this run instead of the active one.
    """
    client, run = _client_and_run(run_id)
    client.log_text(run, text, artifact_file)


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Log a dictionary or list as JSON, or as YAML for a name that ends in .yaml or .yml.

    Args:
        dictionary: what JSON has no form for is written as its text.
        artifact_file, run_id: see `log_text`.
    """
    client, run = _client_and_run(run_id)
    client.log_dict(run, dictionary, artifact_file)


def log_figure(
    figure: Any, artifact_file: str, *, save_kwargs: dict[str, Any] | None = None
) -> None:
    """Log a figure of matplotlib or plotly.

    Args:
        artifact_file: path of the file; its end says the format, such as .png or .html.
        save_kwargs: options for the library's own saving.
    """
    client, run = _client_and_run(None)
    client.log_figure(run, figure, artifact_file, save_kwargs=save_kwargs)


def log_image(
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = False,
) -> None:
    """Log an image, either as a file or as a step of a series.

    Args:
        image: of PIL, or an array of height by width (by 1, 3 or 4): whole numbers from 0 to 255,
            fractions from 0 to 1, or truth values.
        artifact_file: path of the file; its end says the format.
        key: name of the series, when there is no `artifact_file`.
        step: position in the series; 0 by default.
        timestamp: milliseconds since the epoch; now by default.
        synchronous: without effect: the image is there when the call returns.
    """
    client, run = _client_and_run(None)
    client.log_image(run, image, artifact_file, key, step, timestamp, synchronous)


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """The URI of an artifact of the active run, which is started if need be.

    Args:
        artifact_path: path below the run's artifacts; their root by default.
    """
    opened = active.top()
    run = opened.run if opened else start_run()
    if run.info.artifact_uri is None:
        opened = active.top()
        assert opened is not None
        found = MlflowClient(opened.logbook.transport.uri).get_run(run.info.run_id)
        run.info.artifact_uri = found.info.artifact_uri
    if run.info.artifact_uri is None:
        raise ServerAway("Where the artifacts are is not known before the server is back.")
    if not artifact_path:
        return run.info.artifact_uri
    path = posixpath.normpath(artifact_path)
    if path.startswith(("/", "..")):
        raise invalid(f"{artifact_path!r} does not lie below the run's artifacts.")
    return posixpath.join(run.info.artifact_uri, path)


def _client_and_run(run_id: str | None) -> tuple[MlflowClient, str]:
    """The client and the run to log into, of which it is known where its artifacts are."""
    if run_id is not None:
        opened = active.opened_here(run_id)
    else:
        opened = active.top()
        if opened is None:
            start_run()
            opened = active.top()
    if opened is None:
        assert run_id is not None
        return MlflowClient(), run_id
    remember(opened.logbook.transport, opened.run_id, opened.run.info.artifact_uri)
    return MlflowClient(opened.logbook.transport.uri), opened.run_id
