"""Tags that a new run gets from where it was started, each seen from a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, sys
from mlflow.fluent.context import context_tags, git_diff
print(json.dumps({"tags": context_tags(), "diff": git_diff()}))
"""
USER = {"LOGNAME": "ada", "USER": "ada"}
SETTINGS = ("MLFLOW_RUN_CONTEXT", "MLFLOW_TRACKING_USERNAME", "JPY_SESSION_NAME")


def started(
    command: list[str], folder: Path, typed: str | None = None, **environment: str
) -> dict[str, dict[str, str]]:
    """What `context_tags` and `git_diff` say in a Python process started in `folder`."""
    plain = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        input=typed,
        env=plain | USER | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, dict[str, str]] = json.loads(done.stdout)
    return answer


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    command = ["git", *who, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is no repository, with a script."""
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


@pytest.fixture
def repository(folder: Path) -> Path:
    """A repository on branch `main` with the script committed."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "train.py")
    git(folder, "commit", "--quiet", "--message", "Train")
    return folder


def test_script(folder: Path) -> None:
    assert started(["train.py"], folder)["tags"] == {
        "mlflow.user": "ada",
        "mlflow.source.name": "train.py",
        "mlflow.source.type": "LOCAL",
    }


def test_source_is_as_typed(folder: Path) -> None:
    path = str(folder / "train.py")
    assert started([path], folder)["tags"]["mlflow.source.name"] == path
    assert started(["./train.py"], folder)["tags"]["mlflow.source.name"] == "./train.py"
    assert started(["-c", SCRIPT], folder)["tags"]["mlflow.source.name"] == "-c"


def test_console(folder: Path) -> None:
    typed = SCRIPT.replace("import json, sys", "import json, sys; sys.argv[0] = ''")
    tags = started(["-"], folder, typed)["tags"]
    assert tags["mlflow.source.name"] == "<console>"


def test_login_name_wins_over_system_user(folder: Path) -> None:
    tags = started(["train.py"], folder, MLFLOW_TRACKING_USERNAME="bob")["tags"]
    assert tags["mlflow.user"] == "bob"


def test_repository(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert started(["train.py"], repository)["tags"] == {
        "mlflow.user": "ada",
        "mlflow.source.name": "train.py",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": commit,
        "mlflow.source.git.branch": "main",
    }


def test_repository_is_the_scripts_not_the_working_folders(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    commit = git(repository, "rev-parse", "HEAD")
    tags = started([str(repository / "train.py")], elsewhere)["tags"]
    assert tags["mlflow.source.git.commit"] == commit
    outside = elsewhere / "other.py"
    outside.write_text(SCRIPT)
    assert "mlflow.source.git.commit" not in started([str(outside)], repository)["tags"]


def test_console_in_repository_has_no_commit(repository: Path) -> None:
    assert "mlflow.source.git.commit" not in started(["-c", SCRIPT], repository)["tags"]


def test_detached(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    tags = started(["train.py"], repository)["tags"]
    assert "mlflow.source.git.commit" in tags
    assert "mlflow.source.git.branch" not in tags


def test_repository_without_commit(folder: Path) -> None:
    git(folder, "init", "--quiet")
    assert "mlflow.source.git.commit" not in started(["train.py"], folder)["tags"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ada:secret@example.org/a.git", "https://example.org/a.git"),
        ("https://token@example.org:8443/a.git", "https://example.org:8443/a.git"),
        ("https://example.org/a.git", "https://example.org/a.git"),
        ("git@example.org:ada/a.git", "git@example.org:ada/a.git"),
        ("ssh://git@example.org/a.git", "ssh://git@example.org/a.git"),
        ("/srv/a.git", "/srv/a.git"),
    ],
)
def test_address_shows_no_password(repository: Path, address: str, shown: str) -> None:
    git(repository, "remote", "add", "origin", address)
    assert started(["train.py"], repository)["tags"]["mlflow.source.git.repoURL"] == shown


def test_origin_wins_over_other_remotes(repository: Path) -> None:
    git(repository, "remote", "add", "fork", "https://example.org/fork.git")
    tags = started(["train.py"], repository)["tags"]
    assert tags["mlflow.source.git.repoURL"] == "https://example.org/fork.git"
    git(repository, "remote", "add", "origin", "https://example.org/a.git")
    tags = started(["train.py"], repository)["tags"]
    assert tags["mlflow.source.git.repoURL"] == "https://example.org/a.git"


def test_machine_without_git(repository: Path) -> None:
    tags = started(["train.py"], repository, PATH="")["tags"]
    assert set(tags) == {"mlflow.user", "mlflow.source.name", "mlflow.source.type"}


def test_environment_wins(folder: Path) -> None:
    context = json.dumps({"team": 7, "mlflow.user": "eve"})
    tags = started(["train.py"], folder, MLFLOW_RUN_CONTEXT=context)["tags"]
    assert tags["team"] == "7"
    assert tags["mlflow.user"] == "eve"


@pytest.mark.parametrize("context", ["no JSON", "[1]", '"a"'])
def test_bad_environment_is_left_out(folder: Path, context: str) -> None:
    tags = started(["train.py"], folder, MLFLOW_RUN_CONTEXT=context)["tags"]
    assert set(tags) == {"mlflow.user", "mlflow.source.name", "mlflow.source.type"}


def test_notebook(folder: Path) -> None:
    kernel = folder / "ipykernel"
    kernel.mkdir()
    (kernel / "__init__.py").touch()
    (kernel / "kernelapp.py").write_text(
        "class IPKernelApp:\n    initialized = staticmethod(lambda: True)\n"
    )
    (folder / "train.py").write_text("import ipykernel.kernelapp\n" + SCRIPT)
    tags = started(["train.py"], folder)["tags"]
    assert tags["mlflow.source.type"] == "NOTEBOOK"
    assert tags["mlflow.source.name"] == "train.py"
    tags = started(["train.py"], folder, JPY_SESSION_NAME="/notebooks/Explore.ipynb")["tags"]
    assert tags["mlflow.source.name"] == "Explore.ipynb"


def test_plugins_win_and_broken_ones_are_left_out(folder: Path) -> None:
    information = folder / "plugins-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: plugins\nVersion: 1\n")
    (information / "entry_points.txt").write_text(
        "[mlflow.run_context_provider]\nabsent=nowhere:Nothing\nbroken=plugins:Broken\n"
        "cluster=plugins:Cluster\nelsewhere=plugins:Elsewhere\n"
    )
    (folder / "plugins.py").write_text(
        "from mlflow.fluent.context import RunContextProvider\n"
        "class Cluster(RunContextProvider):\n"
        "    def in_context(self): return True\n"
        "    def tags(self): return {'queue': 'night', 'mlflow.user': 'cluster'}\n"
        "class Elsewhere(Cluster):\n"
        "    def in_context(self): return False\n"
        "    def tags(self): return {'queue': 'never'}\n"
        "class Broken(Cluster):\n"
        "    def tags(self): raise RuntimeError('no cluster')\n"
    )
    tags = started(["train.py"], folder, MLFLOW_RUN_CONTEXT='{"mlflow.user": "eve"}')["tags"]
    assert tags["queue"] == "night"
    assert tags["mlflow.user"] == "cluster"


def test_diff(repository: Path) -> None:
    assert started(["train.py"], repository)["diff"] is None
    with (repository / "train.py").open("a") as script:
        script.write("# one more line\n")
    (repository / "new.py").touch()
    diff = str(started(["train.py"], repository)["diff"])
    assert "+# one more line" in diff
    assert "new.py" not in diff


def test_diff_runs_no_command_of_the_repository(repository: Path) -> None:
    git(repository, "config", "diff.external", "touch intruder")
    with (repository / "train.py").open("a") as script:
        script.write("# one more line\n")
    assert "+# one more line" in str(started(["train.py"], repository)["diff"])
    assert not (repository / "intruder").exists()


def test_no_diff_outside_a_repository(folder: Path) -> None:
    assert started(["train.py"], folder)["diff"] is None
