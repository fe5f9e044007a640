"""Options that several commands have, and what they open."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mlflow import environment_variables as env
from mlflow.client import MlflowClient, uri as client_uri
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException, missing
from mlflow.store import Store, open_store, uri as store_uri

F = TypeVar("F", bound=Callable[..., Any])
_SPAN = re.compile(r"(?:(?P<d>[\d.]+)d)?(?:(?P<h>[\d.]+)h)?(?:(?P<m>[\d.]+)m)?(?:(?P<s>[\d.]+)s)?")
_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000}
#: retries of a request while somebody waits in front of the screen
_RETRIES = "1"


class Span(click.ParamType):  # type: ignore[type-arg]  # a generic class only in newer versions
    """A length of time such as `1d2h3m4s`, in milliseconds."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> "int":
        if isinstance(value, int):
            return value
        match = _SPAN.fullmatch(str(value).strip())
        given = {unit: text for unit, text in match.groupdict().items() if text} if match else {}
        try:
            if given:
                return int(sum(float(text) * _MILLISECONDS[unit] for unit, text in given.items()))
        except ValueError:
            pass
        self.fail(f"{value!r} is no length of time; write it as 8h, 30d or 1d2h3m4s.", param, ctx)


class View(click.ParamType):  # type: ignore[type-arg]
    """Which lifecycle stages are shown."""

    name = "view"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> ViewType:
        try:
            return value if isinstance(value, ViewType) else ViewType.from_string(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


class Address(click.ParamType):  # type: ignore[type-arg]
    """The URI of a database or folder."""

    name = "uri"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            store_uri.parse(str(value))
        except MlflowException as error:
            self.fail(error.message, param, ctx)
        return str(value)


def tracking_uri(command: F) -> F:
    """`--tracking-uri`, for what `client` opens."""
    option = click.option(
        "--tracking-uri",
        envvar=env.MLFLOW_TRACKING_URI.name,
        show_envvar=True,
        metavar="URI",
        help="A server, a database or a folder; ./mlruns by default.",
    )
    return option(command)


def as_json(command: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def view(command: F) -> F:
    """`--view`."""
    option = click.option(
        "-v",
        "--view",
        type=View(),
        default="active_only",
        metavar="VIEW",
        help="active_only (default), deleted_only or all.",
    )
    return option(command)


def backend_store_uri(command: F) -> F:
    """`--backend-store-uri`, for what `backend` opens."""
    option = click.option(
        "--backend-store-uri",
        type=Address(),
        envvar=env.MLFLOW_BACKEND_STORE_URI.name,
        show_envvar=True,
        metavar="URI",
        help="The database or folder itself; by default the tracking URI, when it is one.",
    )
    return option(command)


def client(uri: str | None) -> MlflowClient:
    """The client for a tracking URI, the one of the environment when None."""
    somebody_waits()
    return MlflowClient(uri)


def somebody_waits() -> None:
    """Try a server that is away for seconds, not for minutes, unless that was asked for."""
    os.environ.setdefault(env.MLFLOW_HTTP_REQUEST_MAX_RETRIES.name, _RETRIES)


def backend(uri: str | None, tracking: str | None = None) -> str:
    """The URI of a store that a command works on directly.

    Args:
        uri: the one that was given.
        tracking: the tracking URI that was given, to fall back on.

    Raises:
        UsageError: none was given and the tracking URI is that of a server.
    """
    if uri:
        return uri
    found = tracking or client_uri.get_tracking_uri()
    if found.lower().startswith(("http://", "https://")):
        raise click.UsageError(
            "This works on the database itself, not through a server: name it by "
            "--backend-store-uri."
        )
    return found


def open_backend(uri: str) -> Store:
    """The store at a URI, which must be there: nothing is created.

    Raises:
        MlflowException: it cannot be opened, or has another schema.
    """
    require_file(uri)
    return open_store(uri, upgrade=False)


def require_file(uri: str) -> None:
    """Refuse the URI of an SQLite database or folder that is not there."""
    parsed = store_uri.parse(uri)
    if parsed.dialect == "sqlite" and not Path(parsed.address).exists():
        raise missing(f"There is no database at {store_uri.hidden(uri)} ({parsed.address}).")
