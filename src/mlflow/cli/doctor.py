"""`mlflow doctor`: what there is to know when something does not work."""

import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from mlflow.cli import options
from mlflow.cli.tables import counted, plain, print_json
from mlflow.client.spool import Unreadable, inspect, left_over, outbox_folder, outbox_root
from mlflow.client.transport import Http
from mlflow.client.uri import get_registry_uri, get_tracking_uri, transport_for
from mlflow.environment_variables import SETTINGS
from mlflow.exceptions import ENDPOINT_NOT_FOUND, MlflowException
from mlflow.store import open_database, schema, uri as store_uri
from mlflow.version import MILLSTREAM_VERSION, VERSION
from mlflow.wire import experiments, server

_PACKAGES = (
    "catboost",
    "click",
    "google-re2",
    "granian",
    "jax",
    "keras",
    "lightgbm",
    "lightning",
    "matplotlib",
    "mlflow",
    "mlflow-skinny",
    "msgspec",
    "numpy",
    "optuna",
    "pandas",
    "polars",
    "psutil",
    "psycopg",
    "pymysql",
    "pynvml",
    "pyspark",
    "pytorch-lightning",
    "ray",
    "scikit-learn",
    "scipy",
    "starlette",
    "tensorflow",
    "torch",
    "transformers",
    "urllib3",
    "xgboost",
)
_SECRET = re.compile(r"PASSWORD|TOKEN|SECRET|CREDENTIAL|(?:^|_)KEY(?:$|_)")
_SECRET_QUERY = re.compile(r"(?i)([?&;][^=&;]*(?:password|token|secret|key)[^=&;]*=)[^&;]*")
_HIDDEN = "***"


@click.command(
    epilog="""
\b
Examples:
    mlflow doctor                 to read it
    mlflow doctor --mask-envs     to send it to others
    mlflow doctor --json
"""
)
@click.option("--mask-envs", is_flag=True, help="Hide the values of all MLFLOW_ variables.")
@options.tracking_uri
@options.as_json
def doctor(mask_envs: bool, tracking_uri: str | None, as_json: bool) -> None:
    """Show versions, settings, whether the tracking store answers, and what is unsent.

    Passwords and tokens are never shown.
    """
    found = examine(tracking_uri, mask_envs=mask_envs)
    if as_json:
        print_json(found)
        return
    for title, fields in found.items():
        click.echo(f"{title.capitalize()}")
        for name, value in fields.items():
            click.echo(
                f"  {name.replace('_', ' ') if title != 'environment' else name}: {plain(value)}"
            )
        if not fields:
            click.echo("  none")


def examine(tracking: str | None = None, *, mask_envs: bool = False) -> dict[str, dict[str, Any]]:
    """What is known about this installation, by theme and name.

    Args:
        tracking: the tracking URI to look at; the current one by default.
        mask_envs: hide the values of all environment variables.
    """
    address = tracking or get_tracking_uri()
    return {
        "versions": {
            "millstream": MILLSTREAM_VERSION,
            "api_level": VERSION,
            "python": f"{platform.python_version()} ({sys.executable})",
            "system": platform.platform(),
            "module": str(Path(__file__).parents[1]),
        },
        "tracking": {
            "uri": without_secrets(address),
            "registry_uri": without_secrets(tracking or get_registry_uri()),
            **_store(address),
        },
        "outbox": _outbox(address),
        "environment": _environment(mask_envs),
        "packages": _packages(),
    }


def without_secrets(text: str) -> str:
    """A value without the password of a URL in it, and without secrets in its query."""
    head, mark, rest = text.partition("://")
    if mark and "@" in rest:
        login, _, host = rest.rpartition("@")
        user, colon, _ = login.partition(":")
        text = f"{head}{mark}{user}{f':{_HIDDEN}' if colon else ''}@{host}"
    return _SECRET_QUERY.sub(rf"\g<1>{_HIDDEN}", text)


def _environment(mask: bool) -> dict[str, str]:
    found = {}
    for name in sorted(os.environ):
        if not name.startswith("MLFLOW_"):
            continue
        value = os.environ[name]
        shown = _HIDDEN if mask or _SECRET.search(name) else without_secrets(value)
        found[name] = shown + _remark(name)
    return found


def _remark(name: str) -> str:
    setting = SETTINGS.get(name)
    if setting is None:
        return "  (not known, and without effect)"
    try:
        setting.get()
    except ValueError:
        return "  (cannot be read)"
    return ""


def _packages() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    for name in ("mlflow", "mlflow-skinny"):
        if name in found:
            found[name] += "  (the official package: one of the two must go)"
    return found


# -- the store ---------------------------------------------------------------


def _store(address: str) -> dict[str, Any]:
    try:
        if address.lower().startswith(("http://", "https://")):
            return {"answers": True, **_server(address)}
        return _database(address)
    except MlflowException as error:
        return {"answers": False, "problem": without_secrets(error.message)}


def _server(address: str) -> dict[str, Any]:
    transport = transport_for(address)
    assert isinstance(transport, Http)
    transport.send(experiments.search, experiments.SearchExperiments(max_results=1), retry=False)
    try:
        about = transport.send(server.info, server.AskServerInfo(), retry=False)
    except MlflowException as error:
        if error.error_code != ENDPOINT_NOT_FOUND:
            raise
        return {"kind": "a server that is not Millstream"}  # older official ones have no such page
    if about.millstream_version:
        return {"kind": "a Millstream server", "version": about.millstream_version}
    return {"kind": "a server that is not Millstream"}


def _database(address: str) -> dict[str, Any]:
    """The state of a database; looking at it creates nothing."""
    parsed = store_uri.parse(address)
    kind = "an embedded folder" if parsed.folder else f"a database ({parsed.dialect})"
    found = {"kind": f"{kind}, opened in this process"}
    if parsed.dialect == "sqlite" and not Path(parsed.address).exists():
        return {"answers": True, **found, "schema": "none yet; the first run creates it"}
    database = open_database(address)
    try:
        number, newest = schema.version(database), schema.scripts()[-1][0]
    finally:
        database.close()
    state = "up to date" if number == newest else f"this version needs {newest}"
    return {"answers": True, **found, "schema": f"{number} ({state})"}


def _outbox(address: str) -> dict[str, Any]:
    """What is unsent, by folder of the outbox."""
    folders = {outbox_folder(address)}
    if outbox_root().is_dir():
        folders.update(path for path in outbox_root().iterdir() if path.is_dir())
    found: dict[str, Any] = {}
    for folder in sorted(folders):
        values = files = 0
        for path in left_over(folder):
            try:
                content = inspect(path)
            except (Unreadable, OSError):
                files += 1
                continue
            if content is not None and content.values:
                files += 1
                values += content.values
        if files:
            found[str(folder)] = (
                f"{counted(values, 'value')} unsent in {counted(files, 'file')}; send: mlflow sync"
            )
    return found
