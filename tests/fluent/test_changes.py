"""MLFLOW_LOG_GIT_DIFF: the uncommitted changes of the source stay with the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlflow import MlflowClient

SCRIPT = """
import mlflow
with mlflow.start_run() as run:
    pass
with mlflow.start_run(run_id=run.info.run_id):
    print("run", run.info.run_id)
"""


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, check=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository with a committed script."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def train(source: Path, tracking_uri: str, setting: str | None = "true") -> tuple[str, str]:
    """The id of the run that the script made, and what it said on standard error."""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking_uri}
    environment["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    if setting is not None:
        environment["MLFLOW_LOG_GIT_DIFF"] = setting
    done = subprocess.run(
        [sys.executable, "train.py"],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("run ")]
    return line.removeprefix("run "), done.stderr


def kept(tracking_uri: str, run_id: str) -> list[str]:
    """The artifacts in the folder of the diff."""
    return [file.path for file in MlflowClient(tracking_uri).list_artifacts(run_id, "git")]


def test_the_diff_is_kept_and_can_be_applied(source: Path, place: str) -> None:
    (source / "train.py").write_text(SCRIPT + "# changed: ü\n")
    run_id, _ = train(source, place)
    assert kept(place, run_id) == ["git/diff.patch"]
    found = MlflowClient(place).download_artifacts(run_id, "git/diff.patch")
    git(source, "checkout", "-q", "train.py")
    git(source, "apply", found)
    assert (source / "train.py").read_text() == SCRIPT + "# changed: ü\n"


def test_a_clean_source_keeps_nothing(source: Path, folder: str) -> None:
    run_id, said = train(source, folder)
    assert kept(folder, run_id) == []
    assert "changes" not in said


@pytest.mark.parametrize("setting", [None, "false"])
def test_only_when_asked_for(source: Path, folder: str, setting: str | None) -> None:
    (source / "train.py").write_text(SCRIPT + "# changed\n")
    run_id, _ = train(source, folder, setting)
    assert kept(folder, run_id) == []


def test_what_cannot_be_kept_fails_no_run(source: Path, folder: str) -> None:
    (source / "train.py").write_text(SCRIPT + "# changed\n")
    (Path(folder)).mkdir()
    (Path(folder) / "artifacts").write_text("in the way")
    run_id, said = train(source, folder)
    assert "The uncommitted changes are not kept: " in said
    assert MlflowClient(folder).get_run(run_id).info.status == "FINISHED"


def test_without_a_server_the_run_goes_on(source: Path, tmp_path: Path) -> None:
    (source / "train.py").write_text(SCRIPT + "# changed\n")
    _, said = train(source, "http://127.0.0.1:1")
    assert "The uncommitted changes are not kept: there is no server now." in said
