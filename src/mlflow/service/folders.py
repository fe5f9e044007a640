"""Artifacts of removed runs on this machine's disk.

Only what lies below the root of a store is touched, and only a folder that is named after its
run: `<location>/<run id>/artifacts`. A symbolic link is neither followed nor removed.
"""

from pathlib import Path

from mlflow.blobs import Folder
from mlflow.blobs.uri import joined
from mlflow.exceptions import MlflowException
from mlflow.store.experiments import RELATIVE


def remove_of_run(root: Path, artifact_uri: str, run_id: str) -> bool:
    """Remove the artifacts of a run from the folder that holds those of its store.

    Args:
        root: what relative artifact locations are relative to.
        artifact_uri: as the store keeps it, relative.

    Returns:
        Whether there was a folder and it is gone.

    Raises:
        MlflowException: something in it cannot be removed, or it is no folder of the run.
    """
    parts = _parts(artifact_uri)
    if parts[-2:] != [run_id, "artifacts"]:
        raise MlflowException(f"{artifact_uri!r} is not a folder of the run {run_id}")
    folder = Folder(root, passing=True)
    removed = folder.delete(joined(*parts))
    folder.delete_empty(joined(*parts[:-1]))  # something else may be kept there
    return removed


def remove_of_experiment(root: Path, artifact_location: str, number: int) -> bool:
    """Remove the folder of an experiment from the root, when nothing is left in it."""
    if _parts(artifact_location) != [str(number)]:
        return False
    return Folder(root, passing=True).delete_empty(str(number))


def sweep(root: Path) -> int:
    """Remove what killed processes left unfinished long ago; how many files there were."""
    return Folder(root).sweep_all()


def _parts(location: str) -> list[str]:
    return [part for part in location.removeprefix(RELATIVE).split("/") if part not in ("", ".")]
