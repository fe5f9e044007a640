"""`mlflow.doctor`: what there is to know when something does not work."""

import importlib.metadata
import os
import platform
import sys

from mlflow import wire
from mlflow._addresses import hidden
from mlflow.client.transport import Http, Transport
from mlflow.client.uri import get_registry_uri, get_tracking_uri, transport_for
from mlflow.environment_variables import SETTINGS
from mlflow.exceptions import MlflowException
from mlflow.version import MILLSTREAM_VERSION, VERSION
from mlflow.wire.experiments import SearchExperiments
from mlflow.wire.server import AskServerInfo

_PACKAGES = ("granian", "msgspec", "numpy", "pandas", "psycopg", "pymysql", "urllib3")


def report(mask_envs: bool = False) -> dict[str, str]:
    """What is known about this installation, by name.

    Args:
        mask_envs: hide the values of environment variables.
    """
    found = {
        "System": platform.platform(),
        "Python": f"{platform.python_version()} ({sys.executable})",
        "Millstream": f"{MILLSTREAM_VERSION}, API level {VERSION}",
        "Tracking URI": hidden(get_tracking_uri()),
        "Registry URI": hidden(get_registry_uri()),
        "Tracking store": _state(),
    }
    for name in _PACKAGES:
        try:
            found[f"Package {name}"] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[f"Package {name}"] = "not installed"
    for name in sorted(SETTINGS):
        if name in os.environ:
            secret = mask_envs or any(word in name for word in ("PASSWORD", "TOKEN", "SECRET"))
            value = "***" if secret else hidden(os.environ[name])
            found[f"Environment {name}"] = value
    return found


def doctor(mask_envs: bool = False) -> None:
    """Print what there is to know when something does not work.

    Args:
        mask_envs: hide the values of environment variables.
    """
    for name, value in report(mask_envs).items():
        print(f"{name}: {value}")


def _state() -> str:
    try:
        transport = transport_for()
        question = SearchExperiments(max_results=1)
        transport.send(wire.experiments.search, question, retry=False)
        return f"answers, {_kind(transport)}"
    except MlflowException as error:
        return error.message


def _kind(transport: Transport) -> str:
    if not isinstance(transport, Http):
        return "opened in this process"
    try:
        info = transport.send(wire.server.info, AskServerInfo(), retry=False)
    except MlflowException:  # servers before 3.x have no such endpoint
        return "a server"
    return f"Millstream {info.millstream_version}" if info.millstream_version else "a server"
