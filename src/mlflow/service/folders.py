"""Artifacts of removed runs on this machine's disk.

Only what lies below the root of an embedded store is touched, and only a folder that is named
after its run: `<location>/<run id>/artifacts`. A symbolic link is neither followed nor removed.
"""

import contextlib
import shutil
import stat
from pathlib import Path

from mlflow.store.experiments import RELATIVE


def remove_of_run(root: Path, artifact_uri: str, run_id: str) -> bool:
    """Remove the artifacts of a run from the folder that holds those of its store.

    Args:
        root: what relative artifact locations are relative to.
        artifact_uri: as the store keeps it, relative.

    Returns:
        Whether there was a folder and it is gone.

    Raises:
        OSError: something in it cannot be removed, or a link leads elsewhere.
    """
    parts = _parts(artifact_uri)
    if parts[-2:] != [run_id, "artifacts"]:
        raise OSError(f"{artifact_uri!r} is not a folder of the run {run_id}")
    folder = _below(root, parts)
    if folder is None:
        return False
    shutil.rmtree(folder)
    with contextlib.suppress(OSError):  # something else may be kept there
        folder.parent.rmdir()
    return True


def remove_of_experiment(root: Path, artifact_location: str, number: int) -> bool:
    """Remove the folder of an experiment from the root, when nothing is left in it."""
    if _parts(artifact_location) != [str(number)]:
        return False
    try:
        folder = _below(root, [str(number)])
        if folder is not None:
            folder.rmdir()
    except OSError:
        return False
    return folder is not None


def _parts(location: str) -> list[str]:
    return [part for part in location.removeprefix(RELATIVE).split("/") if part not in ("", ".")]


def _below(root: Path, parts: list[str]) -> Path | None:
    """The folder under `root`, None when there is none."""
    if not parts or ".." in parts:
        raise OSError(f"{'/'.join(parts)!r} is no place below {str(root)!r}")
    place = root
    for part in parts:
        place = place / part
        try:
            mode = place.lstat().st_mode
        except FileNotFoundError:
            return None
        if not stat.S_ISDIR(mode):  # a symbolic link is none either
            raise OSError(f"{str(place)!r} is a link or a file, not a folder")
    return place
