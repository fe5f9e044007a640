"""What a new run is told about where it was started: user, source, git, notebook, environment.

Later providers win over earlier ones: default, git, notebook, environment, then plug-ins of the
entry point group `mlflow.run_context_provider`. A provider that fails is left out with a warning;
no run fails because of its tags.
"""

import functools
import getpass
import json
import logging
import os
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mlflow import environment_variables as settings

USER = "mlflow.user"
SOURCE_NAME = "mlflow.source.name"
SOURCE_TYPE = "mlflow.source.type"
GIT_COMMIT = "mlflow.source.git.commit"
GIT_BRANCH = "mlflow.source.git.branch"
GIT_REPO_URL = "mlflow.source.git.repoURL"

#: seconds that one call of git may take; a repository on a sleeping network disk is left out
_GIT_SECONDS = 5.0
#: longest diff that is kept, in characters
_LONGEST_DIFF = 5_000_000

_logger = logging.getLogger(__name__)


class RunContextProvider(ABC):
    """Tags for new runs that hold in some circumstances; the shape of a plug-in."""

    @abstractmethod
    def in_context(self) -> bool:
        """Whether the circumstances hold in this process."""

    @abstractmethod
    def tags(self) -> dict[str, Any]:
        """Tags of a run that is started now."""


class DefaultRunContext(RunContextProvider):
    """The user, and the script as it was typed."""

    def in_context(self) -> bool:
        """Always."""
        return True

    def tags(self) -> dict[str, Any]:
        """User, source name and source type."""
        return {USER: user_name(), SOURCE_NAME: source_name(), SOURCE_TYPE: "LOCAL"}


class GitRunContext(RunContextProvider):
    """Commit, branch and address of the repository that the main file stands in."""

    def in_context(self) -> bool:
        """Whether the main file stands in a git repository with a commit."""
        return bool(self.tags())

    def tags(self) -> dict[str, Any]:
        """Commit, branch (unless detached) and address (if there is a remote)."""
        script = main_file()
        return dict(_git_tags(script)) if script else {}


class NotebookRunContext(RunContextProvider):
    """The Jupyter notebook that this process is the kernel of."""

    def in_context(self) -> bool:
        """Whether this process is a Jupyter kernel."""
        kernel = sys.modules.get("ipykernel.kernelapp")
        return kernel is not None and bool(kernel.IPKernelApp.initialized())

    def tags(self) -> dict[str, Any]:
        """Source type NOTEBOOK, and the notebook's file name when the front end tells it."""
        tags = {SOURCE_TYPE: "NOTEBOOK"}
        path = _notebook_path()
        if path:
            tags[SOURCE_NAME] = os.path.basename(path)
        return tags


class EnvironmentRunContext(RunContextProvider):
    """The JSON map in MLFLOW_RUN_CONTEXT."""

    def in_context(self) -> bool:
        """Whether the variable is set."""
        return bool(settings.MLFLOW_RUN_CONTEXT.get())

    def tags(self) -> dict[str, Any]:
        """The map."""
        tags = json.loads(settings.MLFLOW_RUN_CONTEXT.get() or "{}")
        if not isinstance(tags, dict):
            raise ValueError("MLFLOW_RUN_CONTEXT must be a JSON object of tags.")
        return tags


_PROVIDERS: tuple[RunContextProvider, ...] = (
    DefaultRunContext(),
    GitRunContext(),
    NotebookRunContext(),
    EnvironmentRunContext(),
)


def context_tags() -> dict[str, str]:
    """Tags of a run that is started now by this process; never raises."""
    tags: dict[str, str] = {}
    for provider in (*_PROVIDERS, *_plugins()):
        try:
            if provider.in_context():
                found = provider.tags()
                tags.update({str(key): str(value) for key, value in found.items()})
        except Exception as error:
            _logger.warning("Tags of %s are left out: %s", type(provider).__name__, error)
    return tags


@functools.cache
def _plugins() -> tuple[RunContextProvider, ...]:
    from importlib.metadata import entry_points  # 10 ms that only the first run should pay

    found = []
    for entry in entry_points(group="mlflow.run_context_provider"):
        try:
            found.append(entry.load()())
        except Exception as error:
            _logger.warning("The run context provider %s cannot be loaded: %s", entry.name, error)
    return tuple(found)


def user_name() -> str:
    """The name that this process logs in to the tracking server with, else the system's user."""
    name = settings.MLFLOW_TRACKING_USERNAME.get()
    if name:
        return name
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container's user id often has no name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def source_name() -> str:
    """The script as it was typed, `<console>` when there is none."""
    return sys.argv[0] if sys.argv and sys.argv[0] else "<console>"


def main_file() -> str | None:
    """Path of the file that this process runs, None for a console, `-c` or standard input."""
    path = sys.argv[0] if sys.argv else ""
    return os.path.abspath(path) if path and os.path.isfile(path) else None


def _notebook_path() -> str | None:
    path = os.environ.get("JPY_SESSION_NAME")
    if path:
        return path
    main = sys.modules.get("__main__")
    return getattr(main, "__vsc_ipynb_file__", None)


# -- git ---------------------------------------------------------------------


def _git(folder: str, *arguments: str) -> str | None:
    """What git prints when it is asked in `folder`, None when it cannot say."""
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
            # nothing may be asked of the user, and reading must not write to the index
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


@functools.cache
def _git_tags(script: str) -> tuple[tuple[str, str], ...]:
    # Asked once for each script: what runs is the code that was loaded, whatever is
    # committed meanwhile; and a sweep of a thousand runs asks git once.
    folder = os.path.dirname(script)
    head = _git(folder, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD")
    if head is None:
        return ()
    commit, _, reference = head.strip().partition("\n")
    tags = [(GIT_COMMIT, commit)]
    if reference.startswith("refs/heads/"):
        tags.append((GIT_BRANCH, reference.removeprefix("refs/heads/")))
    address = _remote_address(folder)
    if address:
        tags.append((GIT_REPO_URL, address))
    return tuple(tags)


def _remote_address(folder: str) -> str | None:
    """The address of `origin`, else of the first remote, without a password."""
    listed = _git(folder, "config", "--get-regexp", r"^remote\..*\.url$") or ""
    remotes = dict(line.split(" ", 1) for line in listed.splitlines() if " " in line)
    if not remotes:
        return None
    address = remotes.get("remote.origin.url") or next(iter(remotes.values()))
    if not re.match(r"[a-z+]+://", address):
        return address  # user@host:path and folders hold no password
    parts = urlsplit(address)
    if parts.scheme == "ssh":
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def git_diff() -> str | None:
    """Uncommitted changes of tracked files in the main file's repository.

    None when there is no repository, no change, or more than five million characters of them.
    """
    script = main_file()
    if script is None:
        return None
    root = _git(str(Path(script).parent), "rev-parse", "--show-toplevel")
    if root is None:
        return None
    # no external diff programs or text conversions: both are commands from the repository
    diff = _git(root.rstrip("\n"), "diff", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD")
    return diff if diff and len(diff) <= _LONGEST_DIFF else None
