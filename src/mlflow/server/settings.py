"""What can be set on the server, from options or from the environment, and whether it can be so."""

import os
import re
from ipaddress import ip_address
from pathlib import Path

import msgspec

from mlflow import environment_variables as env
from mlflow.blobs import local_folder
from mlflow.blobs.roots import Roots, default_folder
from mlflow.blobs.schemes import SCHEMES, open_place, scheme_of
from mlflow.exceptions import invalid
from mlflow.store.uri import parse

#: where the embedded store lives when nothing else is said
DEFAULT_STORE = "mlruns"
_SERVED = "mlflow-artifacts:"
#: what has to be looked up, or leads back to a server
_NO_PLACES = frozenset({"mlflow-artifacts", "models", "runs"})
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")

LEAST_SILENCE = 90  # seconds: three heartbeats


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of a server; `mlflow server --help` tells what each means."""

    backend_store_uri: str = DEFAULT_STORE
    registry_store_uri: str | None = None
    default_artifact_root: str | None = None
    serve_artifacts: bool = True
    artifacts_only: bool = False
    artifacts_destination: str | None = None
    allowed_artifact_locations: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 1
    static_prefix: str = ""
    allowed_hosts: tuple[str, ...] = ()
    cors_allowed_origins: tuple[str, ...] = ()
    check_hosts: bool = True
    x_frame_options: str = "SAMEORIGIN"
    allow_remote: bool = False
    app_name: str | None = None
    access_log: bool = True
    client_timeout: float = 30
    stop_timeout: float = 30
    max_body_size: int = 32 * 1024 * 1024
    fail_lost_runs_after: float = 0

    def check(self) -> None:
        """Raise MlflowException for what no server can be started with."""
        if self.app_name:
            raise invalid(
                f"There is no server application named {self.app_name!r} in this version: "
                "start the server without --app-name, on 127.0.0.1 or behind a proxy with a login."
            )
        if not self.allow_remote and not self.is_local:
            raise invalid(
                f"Refusing to listen on {self.host} without a login, because anyone who reaches "
                "this machine could read and delete everything: bind to 127.0.0.1, or add "
                "--allow-remote (MLFLOW_SERVER_ALLOW_REMOTE=true) if a firewall or a proxy "
                "with a login stands in front."
            )
        if self.static_prefix and not _PREFIX.fullmatch(self.static_prefix):
            raise invalid(
                f"The static prefix {self.static_prefix!r} cannot be used: it must start with '/', "
                "must not end with '/', and may hold letters, digits and '._~-' between slashes."
            )
        if not 0 <= self.port <= 65535:
            raise invalid(f"The port {self.port} does not exist: allowed are 0 to 65535.")
        if not 1 <= self.workers <= 256:
            raise invalid(f"{self.workers} workers cannot be started: allowed are 1 to 256.")
        if self.max_body_size < 1024:
            raise invalid("The largest body must be at least 1024 bytes.")
        if self.client_timeout <= 0 or self.stop_timeout < 0:
            raise invalid("Time-outs are seconds and must not be negative; clients need some.")
        if self.fail_lost_runs_after and self.fail_lost_runs_after < LEAST_SILENCE:
            raise invalid(
                f"Runs cannot be called lost after {self.fail_lost_runs_after:g} s: clients say "
                f"every 30 s that they are alive, so allowed are {LEAST_SILENCE} s and more, or 0."
            )
        if self.serve_artifacts:
            _check_place(self.artifacts_place)
        if self.default_artifact_root and not self.default_artifact_root.startswith(_SERVED):
            _check_place(self.default_artifact_root)
        for location in self.allowed_artifact_locations:
            _check_place(location)
        if self.artifacts_only and not self.serve_artifacts:
            raise invalid("--artifacts-only with --no-serve-artifacts would serve nothing.")
        if not re.fullmatch(r"[\w\-:/., ]*", self.x_frame_options, re.ASCII):
            raise invalid(f"{self.x_frame_options!r} is no value for X-Frame-Options.")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the address the server binds to."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def artifact_root(self) -> str:
        """Where new experiments keep artifacts, as clients see it."""
        if self.default_artifact_root:
            return self.default_artifact_root
        if self.serve_artifacts:
            return f"{_SERVED}/"
        place = self.artifacts_place
        return Path(place).as_uri() if scheme_of(place) == "file" else place

    @property
    def artifacts_place(self) -> str:
        """Where the server keeps the artifacts that it serves: an absolute path, or a URI.

        Raises:
            MlflowException: it names another machine's folder.
        """
        if self.artifacts_destination:
            if scheme_of(self.artifacts_destination) != "file":
                return self.artifacts_destination
            return str(local_folder(self.artifacts_destination))
        store = None if self.artifacts_only else parse(self.backend_store_uri).folder
        return str(default_folder(store))

    def roots(self) -> Roots:
        """The places that the server may look into; none of them is opened."""
        served = self.artifacts_place if self.serve_artifacts else None
        root = "" if self.artifacts_only else self.artifact_root
        return Roots(served, root, self.allowed_artifact_locations)


def _check_place(uri: str) -> None:
    """Refuse what names no place that a server can look into; nothing is opened."""
    scheme = scheme_of(uri)
    if scheme == "file":
        local_folder(uri)
    elif scheme in _NO_PLACES:
        raise invalid(f"{uri!r} cannot be served: give a folder or an object store.")
    elif scheme not in SCHEMES:
        open_place(uri)  # a plug-in's, or the error that says what there is


def listed(text: str | None) -> tuple[str, ...]:
    """The parts of a comma separated list."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def from_environment() -> Settings:
    """The settings that the environment variables say; ValueError when one cannot be read."""
    return Settings(
        backend_store_uri=env.MLFLOW_BACKEND_STORE_URI.get() or DEFAULT_STORE,
        registry_store_uri=env.MLFLOW_REGISTRY_STORE_URI.get(),
        default_artifact_root=env.MLFLOW_DEFAULT_ARTIFACT_ROOT.get(),
        serve_artifacts=env.MLFLOW_SERVE_ARTIFACTS.get(),
        artifacts_only=env.MLFLOW_ARTIFACTS_ONLY.get(),
        artifacts_destination=env.MLFLOW_ARTIFACTS_DESTINATION.get(),
        allowed_artifact_locations=listed(env.MLFLOW_SERVER_ALLOWED_ARTIFACT_LOCATIONS.get()),
        host=env.MLFLOW_HOST.get() or "127.0.0.1",
        port=env.MLFLOW_PORT.get(),
        workers=env.MLFLOW_WORKERS.get(),
        static_prefix=env.MLFLOW_STATIC_PREFIX.get() or "",
        allowed_hosts=listed(env.MLFLOW_SERVER_ALLOWED_HOSTS.get()),
        cors_allowed_origins=listed(env.MLFLOW_SERVER_CORS_ALLOWED_ORIGINS.get()),
        check_hosts=not env.MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE.get(),
        x_frame_options=os.environ.get("MLFLOW_SERVER_X_FRAME_OPTIONS", "SAMEORIGIN"),
        allow_remote=env.MLFLOW_SERVER_ALLOW_REMOTE.get(),
        app_name=env.MLFLOW_APP_NAME.get(),
        access_log=env.MLFLOW_SERVER_ACCESS_LOG.get(),
        client_timeout=env.MLFLOW_SERVER_CLIENT_TIMEOUT.get(),
        stop_timeout=env.MLFLOW_SERVER_STOP_TIMEOUT.get(),
        max_body_size=env.MLFLOW_SERVER_MAX_BODY_SIZE.get(),
        fail_lost_runs_after=env.MLFLOW_SERVER_FAIL_LOST_RUNS_AFTER.get(),
    )
