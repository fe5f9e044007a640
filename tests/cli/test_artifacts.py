"""`mlflow artifacts`, in a folder and through a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlflow import MlflowClient
from tests.cli.conftest import Command


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub/b.txt").write_text("bb")
    return folder


def test_log_list_download(
    mlflow: Command, place: str, run_id: str, tree: Path, tmp_path: Path
) -> None:
    def run(*arguments: str) -> str:
        return mlflow("artifacts", *arguments, "--tracking-uri", place).stdout

    said = run("log-artifact", "-l", str(tree / "a.txt"), "-r", run_id, "-a", "x")
    assert said == f"Logged artifact from local file {tree}/a.txt to artifact_path=x\n"
    assert "artifact_path=the root" in run("log-artifacts", "-l", str(tree), "-r", run_id)
    assert json.loads(run("list", "-r", run_id)) == [
        {"path": "a.txt", "is_dir": False, "file_size": 1},
        {"path": "sub", "is_dir": True},
        {"path": "x", "is_dir": True},
    ]
    table = run("list", "--run-id", run_id, "--table").splitlines()
    assert table == ["       1 B  a.txt", "            sub/", "            x/", "3 entries"]
    assert [file["path"] for file in json.loads(run("list", "-r", run_id, "-a", "x"))] == [
        "x/a.txt"
    ]
    target = tmp_path / "to"
    found = run("download", "-r", run_id, "-a", "sub", "-d", str(target)).splitlines()[-1]
    assert found == str(target / "sub")
    assert (target / "sub/b.txt").read_text() == "bb"
    found = run("download", "-u", f"runs:/{run_id}/x/a.txt").splitlines()[-1]
    assert Path(found).read_text() == "a"


def test_mistakes_are_sentences(mlflow: Command, folder: str, tree: Path) -> None:
    run_id = MlflowClient().create_run("0").info.run_id
    there = ("--tracking-uri", folder)
    missing = mlflow("artifacts", "download", "-r", run_id, "-a", "none", *there, code=1)
    assert missing.stderr == "Error: There is no artifact 'none'.\n"
    upward = mlflow("artifacts", "list", "-r", run_id, "-a", "../x", *there, code=1)
    assert "Error: Invalid artifact path '../x'" in upward.stderr
    mlflow("artifacts", "download", *there, code=2)
    mlflow("artifacts", "download", "-u", "runs:/a/b", "-r", "a", *there, code=2)
    mlflow("artifacts", "log-artifact", "-l", str(tree / "none"), "-r", run_id, *there, code=2)
    mlflow("artifacts", "download", "-u", "runs:/a/b", "-a", "c", *there, code=2)
    unknown = mlflow("artifacts", "list", "-r", "0" * 32, *there, code=1)
    assert "not found" in unknown.stderr
    none = mlflow("artifacts", "download", "-u", "models:/a/1", *there, code=1)
    assert none.stderr.startswith("Error: 'models:/a/1' cannot be looked up: ")
    strange = mlflow("artifacts", "download", "-u", "strange://a/b", *there, code=1)
    assert strange.stderr.startswith("Error: Artifacts at strange: cannot be opened")
    taken = mlflow("artifacts", "download", "-u", str(tree), "-d", str(tree / "a.txt"), code=1)
    assert taken.stderr == f"Error: {tree / 'a.txt'}: File exists.\n"
    for one in (missing, upward, unknown, none, strange, taken):
        assert len(one.stderr.splitlines()) == 1


def test_by_any_uri(mlflow: Command, place: str, run_id: str, tree: Path, tmp_path: Path) -> None:
    client = MlflowClient(place)
    client.log_artifacts(run_id, tree, "x")
    root = client.get_run(run_id).info.artifact_uri
    uris = (f"runs:/{run_id}/x", f"{root}/x", str(tree), tree.as_uri())
    for number, uri in enumerate(uris):
        target = tmp_path / str(number)
        said = mlflow(
            *("artifacts", "download", "-u", uri, "-d", str(target), "--tracking-uri", place)
        )
        found = Path(said.stdout.splitlines()[-1])
        assert found.parent == target
        assert (found / "sub/b.txt").read_text() == "bb"


@pytest.mark.parametrize("command", ["log-artifact", "log-artifacts", "list", "download"])
def test_help_teaches(mlflow: Command, command: str) -> None:
    said = mlflow("artifacts", command, "--help").stdout
    assert f"mlflow artifacts {command} -" in said
    assert all(len(line) <= 100 for line in said.splitlines())
    commands = mlflow("artifacts", "--help").stdout.partition("Commands:")[2]
    assert command in commands
    assert "..." not in commands  # nothing is cut off
