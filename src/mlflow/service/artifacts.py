"""Artifacts of runs: their lists, and where on this machine a run has its files."""

from mlflow import wire
from mlflow.blobs import Folder
from mlflow.blobs.uri import joined, safe_path
from mlflow.exceptions import missing
from mlflow.service._engine import Engine, serves
from mlflow.store.runs import placed
from mlflow.wire.artifacts import FileMessage, ListArtifacts, ListedArtifacts


@serves(wire.artifacts.list_artifacts)
def list_artifacts(engine: Engine, ask: ListArtifacts) -> ListedArtifacts:
    """List a folder of a run's artifacts."""
    path = ask.path.rstrip("/")
    folder, base = of_run(engine, ask.run_id, path, root=True)
    files = [
        FileMessage(joined(path, blob.name), blob.is_dir, blob.size) for blob in folder.list(base)
    ]
    return ListedArtifacts(_uri(engine, ask.run_id), sorted(files, key=lambda file: file.path))


def of_run(engine: Engine, run_id: str, path: str, *, root: bool = False) -> tuple[Folder, str]:
    """The folder that holds a run's artifacts, and where in it one of them is.

    Args:
        path: of the artifact, relative to the run's root.
        root: whether the path may be empty.

    Raises:
        MlflowException: there is no such run, the path is refused, or the run's artifacts are not
            kept where this server may look.
    """
    safe_path(path, root=root)
    folder, base = engine.roots.find(_uri(engine, run_id))
    return folder, joined(base, path)


def _uri(engine: Engine, run_id: str) -> str:
    row = engine.store.runs.row(run_id)
    if row is None:
        raise missing(f"Run with id={run_id} not found")
    return placed(row.artifact_uri, engine.artifact_root)
