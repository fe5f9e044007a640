"""`mlflow server`, also known as `mlflow ui`."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from mlflow import environment_variables as env
from mlflow._addresses import hidden
from mlflow.exceptions import MlflowException
from mlflow.server.settings import DEFAULT_STORE, Settings, listed
from mlflow.version import MILLSTREAM_VERSION, VERSION

F = TypeVar("F", bound=Callable[..., Any])


class CannotStart(click.ClickException):
    """The server cannot be started: one sentence, exit code 2."""

    exit_code = 2


def _option(*names: str, setting: "env.Setting[Any]", **more: Any) -> Callable[[F], F]:
    """An option with its environment variable and, unless given, the variable's text as help."""
    more.setdefault("default", setting.default)
    more.setdefault("help", setting.about)
    shown = more["default"] not in (None, "") and not isinstance(more["default"], bool)
    return click.option(*names, envvar=setting.name, show_envvar=True, show_default=shown, **more)


def _without_effect(name: str, setting: "env.Setting[Any] | None" = None) -> Callable[[F], F]:
    return click.option(
        name,
        envvar=setting.name if setting else None,
        metavar="TEXT",
        help="Accepted and without effect, so that existing commands run.",
    )


@click.command()
@_option(
    "--backend-store-uri",
    setting=env.MLFLOW_BACKEND_STORE_URI,
    default=DEFAULT_STORE,
    metavar="URI",
    help="sqlite:///FILE, postgresql://..., mysql://..., or a folder.",
)
@_option("--registry-store-uri", setting=env.MLFLOW_REGISTRY_STORE_URI, metavar="URI")
@_option(
    "--default-artifact-root",
    setting=env.MLFLOW_DEFAULT_ARTIFACT_ROOT,
    metavar="URI",
    help="Where new experiments keep artifacts; mlflow-artifacts:/ when they are served.",
)
@_option("--serve-artifacts/--no-serve-artifacts", setting=env.MLFLOW_SERVE_ARTIFACTS)
@_option("--artifacts-only", setting=env.MLFLOW_ARTIFACTS_ONLY, is_flag=True)
@_option(
    "--artifacts-destination",
    setting=env.MLFLOW_ARTIFACTS_DESTINATION,
    metavar="URI",
    help="Where the artifacts are kept that are served: a folder or s3://..., gs://..., "
    "wasbs://...; by default `artifacts` in the folder of an embedded store, else ./mlartifacts.",
)
@_option(
    "--allowed-artifact-locations",
    setting=env.MLFLOW_SERVER_ALLOWED_ARTIFACT_LOCATIONS,
    metavar="LIST",
    help="Where else experiments may have artifacts that the server shows, as "
    "s3://team-bucket/,file:///nfs/models.",
)
@_option("--host", "-h", setting=env.MLFLOW_HOST)
@_option("--port", "-p", setting=env.MLFLOW_PORT, type=int, help="0 takes any free port.")
@_option("--workers", "-w", setting=env.MLFLOW_WORKERS, type=int)
@_option(
    "--static-prefix",
    setting=env.MLFLOW_STATIC_PREFIX,
    metavar="PATH",
    help="Path in front of every route, such as /mlflow.",
)
@_option(
    "--allow-remote",
    setting=env.MLFLOW_SERVER_ALLOW_REMOTE,
    is_flag=True,
    help="Serve other machines although there is no login; needed for any --host but this one.",
)
@_option(
    "--allowed-hosts",
    setting=env.MLFLOW_SERVER_ALLOWED_HOSTS,
    metavar="LIST",
    help="Names under which clients reach the server, as mlflow.example.com,*.example.com.",
)
@_option(
    "--cors-allowed-origins",
    setting=env.MLFLOW_SERVER_CORS_ALLOWED_ORIGINS,
    metavar="LIST",
    help="Web pages that may use the API, as https://app.example.com.",
)
@_option(
    "--disable-security-middleware",
    setting=env.MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE,
    is_flag=True,
    help="Do not check the Host and Origin of requests. Any web page can then use the server.",
)
@_option(
    "--x-frame-options",
    setting=env.MLFLOW_SERVER_X_FRAME_OPTIONS,
    help="Who may show the pages in a frame: SAMEORIGIN, DENY or NONE (anybody).",
)
@_option("--app-name", setting=env.MLFLOW_APP_NAME, help="An application with a login.")
@_option("--access-log/--no-access-log", setting=env.MLFLOW_SERVER_ACCESS_LOG)
@_option(
    "--client-timeout",
    setting=env.MLFLOW_SERVER_CLIENT_TIMEOUT,
    type=float,
    metavar="SECONDS",
    help="How long the server waits for a client that sends nothing.",
)
@_option(
    "--stop-timeout",
    setting=env.MLFLOW_SERVER_STOP_TIMEOUT,
    type=float,
    metavar="SECONDS",
    help="How long requests in flight may take when the server stops.",
)
@_option(
    "--max-body-size",
    setting=env.MLFLOW_SERVER_MAX_BODY_SIZE,
    type=int,
    metavar="BYTES",
    help="Largest JSON body that is accepted.",
)
@_option(
    "--fail-lost-runs-after",
    setting=env.MLFLOW_SERVER_FAIL_LOST_RUNS_AFTER,
    type=float,
    metavar="SECONDS",
    help="Set running runs FAILED that nobody was heard of for so long (their process was "
    "killed). 0 never does; official clients are silent while they log nothing.",
)
@_option(
    "--expose-prometheus",
    setting=env.MLFLOW_EXPOSE_PROMETHEUS,
    metavar="FOLDER",
    help="Accepted and without effect: /metrics is always there.",
)
@_without_effect("--uvicorn-opts", env.MLFLOW_UVICORN_OPTS)
@_without_effect("--gunicorn-opts", env.MLFLOW_GUNICORN_OPTS)
@_without_effect("--waitress-opts")
@click.option("--dev", is_flag=True, help="One worker, and more in the log.")
def server(
    *,
    backend_store_uri: str,
    static_prefix: str | None,
    allowed_artifact_locations: str | None,
    allowed_hosts: str | None,
    cors_allowed_origins: str | None,
    disable_security_middleware: bool,
    expose_prometheus: str | None,
    uvicorn_opts: str | None,
    gunicorn_opts: str | None,
    waitress_opts: str | None,
    dev: bool,
    **same: Any,
) -> None:
    """Start the tracking server, its REST API (/docs) and its page.

    It stops with Ctrl-C or SIGTERM, after finishing the requests in flight.

    \b
    Examples:
      mlflow server
      mlflow server --port 8080 --backend-store-uri sqlite:///runs.db
      mlflow server --workers 4 --backend-store-uri postgresql://user@host/mlflow \\
          --host 0.0.0.0 --allow-remote --allowed-hosts mlflow.example.com
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("mlflow").setLevel(logging.DEBUG if dev else logging.INFO)
    for name, given in (
        ("--uvicorn-opts", uvicorn_opts),
        ("--gunicorn-opts", gunicorn_opts),
        ("--waitress-opts", waitress_opts),
    ):
        if given:
            click.echo(f"Warning: {name} has no effect: the server is another one.", err=True)
    settings = Settings(
        backend_store_uri=backend_store_uri or DEFAULT_STORE,
        static_prefix=static_prefix or "",
        allowed_artifact_locations=listed(allowed_artifact_locations),
        allowed_hosts=listed(allowed_hosts),
        cors_allowed_origins=listed(cors_allowed_origins),
        check_hosts=not disable_security_middleware,
        **same,
    )
    if dev:
        settings = msgspec.structs.replace(settings, workers=1)
    _serve(settings)


def _artifacts(settings: Settings) -> str:
    """Where new experiments keep artifacts, and where what is served lies."""
    root = hidden(settings.artifact_root)
    if not settings.serve_artifacts:
        return root
    kept = hidden(settings.artifacts_place)
    if root.startswith("mlflow-artifacts:"):
        return f"{root} in {kept}"
    return f"{root}; mlflow-artifacts:/ is {kept}"


def _serve(settings: Settings) -> None:
    # Everything that a server needs is imported here, so that `--help` and mistakes are quick.
    from mlflow.server.run import serve

    def announce(address: str) -> None:
        store = settings.backend_store_uri
        kept = hidden(store) if ":" in store else str(Path(store).expanduser().absolute())
        lines = [
            f"Millstream {MILLSTREAM_VERSION} (MLflow API {VERSION}) on {address}",
            f"  store      {'none, artifacts only' if settings.artifacts_only else kept}",
            f"  artifacts  {_artifacts(settings)}",
            f"  workers    {settings.workers} (process {os.getpid()}; Ctrl-C stops)",
        ]
        if settings.registry_store_uri not in (None, settings.backend_store_uri):
            lines.append("  --registry-store-uri has no effect yet: there is no registry.")
        if not settings.is_local:
            lines.append("  Without a login: whoever reaches this address can change everything.")
        if not settings.check_hosts:
            lines.append("  Without checks of Host and Origin: any web page can use this server.")
        click.echo("\n".join(lines), err=True)

    try:
        serve(settings, announce)
    except MlflowException as error:
        raise CannotStart(error.message) from None
    except OSError as error:
        where = f" with {error.filename}" if error.filename else ""
        raise CannotStart(f"Cannot start{where}: {error.strerror or error}.") from None
