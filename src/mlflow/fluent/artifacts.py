"""Artifacts of the active run: `mlflow.log_artifact`, `log_text` and their neighbours.

A call without an active run starts one. Each returns when the file has arrived whole; images of a
series alone are sent in the background.
"""

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.client import MlflowClient, background
from mlflow.client.places import remember
from mlflow.client.transport import ServerAway
from mlflow.exceptions import invalid
from mlflow.fluent import active
from mlflow.fluent.experiments import chosen_experiment
from mlflow.fluent.runs import start_run

if TYPE_CHECKING:
    from pandas import DataFrame


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

    With a `key` and Pillow, a small preview is kept beside it.

    Args:
        image: of Pillow, an `mlflow.Image`, or an array of height by width (by 1, 3 or 4): whole
            numbers from 0 to 255, fractions from 0 to 1, or truth values.
        artifact_file: path of the file; its end says the format.
        key: name of the series, when there is no `artifact_file`.
        step: position in the series; 0 by default.
        timestamp: milliseconds since the epoch; now by default.
        synchronous: whether an image with a `key` is there when the call returns. Otherwise it is
            sent in the background: what goes wrong then is told by a warning, and the end of the
            run and `flush_artifact_async_logging` wait for it.

    Raises:
        TypeError: it is no image, or the arguments do not go together.
        MlflowException: its form, the name or the key is refused.
    """
    client, run = _client_and_run(None)
    client.log_image(run, image, artifact_file, key, step, timestamp, synchronous)


def log_table(
    data: "Mapping[str, Any] | DataFrame", artifact_file: str, run_id: str | None = None
) -> None:
    """Log a table, or add its rows to one that the run has; see `MlflowClient.log_table`.

    Args:
        data: a DataFrame, or columns by name: lists of one length, and values that stand in every
            row. Images (`mlflow.Image`, or of Pillow) are kept as files of their own.
        artifact_file: path of the file, with .json or .parquet at its end.
        run_id: log into this run instead of the active one.
    """
    client, run = _client_and_run(run_id)
    client.log_table(run, data, artifact_file)


def load_table(
    artifact_file: str,
    run_ids: Sequence[str] | None = None,
    extra_columns: Sequence[str] | None = None,
) -> "DataFrame":
    """The rows that the runs of the active experiment have in a table, the newest run first.

    Args:
        artifact_file: path of the table in each run.
        run_ids: only these runs; those that have no such table are left out, with a warning.
        extra_columns: columns to add that say what is known of the run of each row: run_id,
            experiment_id, status, artifact_uri, start_time, end_time, metrics.NAME, params.NAME
            and tags.NAME.

    Raises:
        MlflowException: RESOURCE_DOES_NOT_EXIST when no run has such a table.
    """
    chosen = chosen_experiment()
    client = MlflowClient()
    experiment_id = chosen.experiment_id
    if experiment_id is None and chosen.name is not None:
        found = client.get_experiment_by_name(chosen.name)
        experiment_id = found.experiment_id if found else None
    return client.load_table(experiment_id or "0", artifact_file, run_ids, extra_columns)


def log_stream(stream: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Log data as a file while they are produced, without a copy of them anywhere.

    Nothing of it is visible before its end, and nothing is left when the stream fails.

    Args:
        stream: an object with `read(size)`, from where it stands, or an iterable of bytes; text
            becomes UTF-8. It is not closed.
        artifact_file: path of the file.
        run_id: log into this run instead of the active one.

    Raises:
        TypeError: it is no stream, or gives something else than bytes and text.
    """
    client, run = _client_and_run(run_id)
    client.log_stream(run, stream, artifact_file)


def flush_artifact_async_logging() -> None:
    """Wait until what this process logs in the background, such as images of a series, is there.

    What could not be logged is told by a warning.
    """
    background.flush()


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
    info = opened.run.info
    remember(opened.logbook.transport, opened.run_id, info.experiment_id, info.artifact_uri)
    return MlflowClient(opened.logbook.transport.uri), opened.run_id
