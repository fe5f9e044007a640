"""Every setting that is read from the environment: name, type, default, one line.

A setting is read when it is used, not when this module is imported, so a change made by
`os.environ[...] = ...` or a test counts at once.
"""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException

T = TypeVar("T")
#: all settings by name, filled below
SETTINGS: "dict[str, Setting[object]]" = {}


class SettingError(MlflowException, ValueError):
    """An environment variable that cannot be read."""

    def __init__(self, message: str) -> None:
        super().__init__(message, INVALID_PARAMETER_VALUE)


class Setting(Generic[T]):
    """One environment variable.

    Args:
        name: the variable.
        read: turns its text into a value; a ValueError becomes a clear sentence.
        default: the value while the variable is unset or empty.
        about: one line for the documentation and `mlflow doctor`.
    """

    def __init__(self, name: str, read: Callable[[str], T], default: T, about: str) -> None:
        self.name = name
        self.read = read
        self.default = default
        self.about = about
        SETTINGS[name] = self  # type: ignore[assignment]

    def get_raw(self) -> "str | None":
        """The text of the variable, None when it is unset."""
        return os.environ.get(self.name)

    def is_set(self) -> bool:
        """Whether the variable is in the environment."""
        return self.name in os.environ

    def get(self) -> T:
        """The value: the default when unset or empty, SettingError when it cannot be read."""
        text = os.environ.get(self.name, "")
        if not text:
            return self.default
        try:
            return self.read(text)
        except ValueError as error:
            raise SettingError(f"{self.name}={text!r} cannot be read: {error}.") from None

    def set(self, value: object) -> None:
        """Put the value into the environment of this process and its children."""
        os.environ[self.name] = str(value)

    def unset(self) -> None:
        """Take the variable out of the environment."""
        os.environ.pop(self.name, None)

    def __repr__(self) -> str:
        return f"{self.name} ({self.default!r}): {self.about}"


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in ("true", "1"):
        return True
    if lowered in ("false", "0"):
        return False
    raise ValueError("allowed are true, false, 1 and 0")


def _text(name: str, about: str, default: "str | None" = None) -> "Setting[str | None]":
    return Setting(name, str, default, about)


def _flag(name: str, default: bool, about: str) -> "Setting[bool]":
    return Setting(name, _boolean, default, about)


def _number(name: str, default: int, about: str) -> "Setting[int]":
    return Setting(name, int, default, about)


def _seconds(name: str, default: float, about: str) -> "Setting[float]":
    return Setting(name, float, default, about)


# -- which server ------------------------------------------------------------
MLFLOW_TRACKING_URI = _text("MLFLOW_TRACKING_URI", "Where runs are logged to; unset: ./mlruns.")
MLFLOW_REGISTRY_URI = _text("MLFLOW_REGISTRY_URI", "Where models are registered; unset: as runs.")
MLFLOW_TRACKING_USERNAME = _text("MLFLOW_TRACKING_USERNAME", "User name for the server.")
MLFLOW_TRACKING_PASSWORD = _text("MLFLOW_TRACKING_PASSWORD", "Password for the server.")
MLFLOW_TRACKING_TOKEN = _text("MLFLOW_TRACKING_TOKEN", "Bearer token for the server.")
MLFLOW_TRACKING_INSECURE_TLS = _flag(
    "MLFLOW_TRACKING_INSECURE_TLS", False, "Do not verify the server's certificate."
)
MLFLOW_TRACKING_SERVER_CERT_PATH = _text(
    "MLFLOW_TRACKING_SERVER_CERT_PATH", "CA bundle that the server's certificate is held against."
)
MLFLOW_TRACKING_CLIENT_CERT_PATH = _text(
    "MLFLOW_TRACKING_CLIENT_CERT_PATH", "Client certificate and key (PEM)."
)
MLFLOW_HTTP_REQUEST_TIMEOUT = _seconds(
    "MLFLOW_HTTP_REQUEST_TIMEOUT", 120, "Seconds that one request may take."
)
MLFLOW_HTTP_REQUEST_MAX_RETRIES = _number(
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES", 7, "Retries of a request that failed in passing (< 10)."
)
MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR = _seconds(
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", 2, "Each retry waits this times longer."
)
MLFLOW_HTTP_REQUEST_BACKOFF_JITTER = _seconds(
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", 1.0, "Random seconds added to each wait."
)
MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER = _flag(
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", True, "Wait as long as the server asks for."
)
MLFLOW_HTTP_POOL_MAXSIZE = _number(
    "MLFLOW_HTTP_POOL_MAXSIZE", 10, "Connections that are kept open to one server."
)

# -- runs and logging --------------------------------------------------------
MLFLOW_EXPERIMENT_NAME = _text("MLFLOW_EXPERIMENT_NAME", "Experiment of new runs, by name.")
MLFLOW_EXPERIMENT_ID = _text("MLFLOW_EXPERIMENT_ID", "Experiment of new runs, by id.")
MLFLOW_RUN_ID = _text("MLFLOW_RUN_ID", "Run that the next start_run continues.")
MLFLOW_RUN_CONTEXT = _text("MLFLOW_RUN_CONTEXT", "JSON map of tags for every new run.")
MLFLOW_TRUNCATE_LONG_VALUES = _flag(
    "MLFLOW_TRUNCATE_LONG_VALUES", True, "Cut param and tag values that are too long."
)
MLFLOW_ENABLE_ASYNC_LOGGING = Setting[bool | None](
    "MLFLOW_ENABLE_ASYNC_LOGGING",
    _boolean,
    None,
    "Fluent logging: true returns RunOperations, false waits for the server; unset: the outbox.",
)
MLFLOW_OFFLINE = _flag("MLFLOW_OFFLINE", False, "Keep everything in the outbox; never try to send.")
MLFLOW_OUTBOX_DIR = _text(
    "MLFLOW_OUTBOX_DIR", "Folder of the outbox; unset: the user's state folder."
)
MLFLOW_ASYNC_LOGGING_BUFFERING_SECONDS = _seconds(
    "MLFLOW_ASYNC_LOGGING_BUFFERING_SECONDS", 0, "Seconds to gather a batch before it is sent."
)
MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING = _flag(
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", False, "Log CPU, memory, disk, network and GPU use."
)
MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL = _seconds(
    "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", 10, "Seconds between two samples."
)
MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING = _number(
    "MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", 1, "Samples that are averaged to one point."
)
MLFLOW_SYSTEM_METRICS_NODE_ID = _text(
    "MLFLOW_SYSTEM_METRICS_NODE_ID", "Name of this machine in the names of system metrics."
)
MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT = _flag(
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", False, "Do not print where a run can be seen."
)
MLFLOW_LOG_GIT_DIFF = _flag(
    "MLFLOW_LOG_GIT_DIFF", False, "Keep uncommitted changes of the source as git/diff.patch."
)
MLFLOW_LOGGING_LEVEL = _text("MLFLOW_LOGGING_LEVEL", "Level of the `mlflow` logger.", "INFO")
MLFLOW_CONFIGURE_LOGGING = _flag(
    "MLFLOW_CONFIGURE_LOGGING", True, "Show on standard error what the `mlflow` logger is given."
)
MLFLOW_ENABLE_MULTIPART_UPLOAD = _flag(
    "MLFLOW_ENABLE_MULTIPART_UPLOAD", True, "Send large files in parts, several at once."
)
MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE = Setting[int | None](
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE",
    int,
    None,
    "Bytes from which a file is sent in parts; unset: 16 MiB, 500 MiB to official servers.",
)
MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE = Setting[int | None](
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", int, None, "Bytes of a sent part; unset: by file size."
)
MLFLOW_ENABLE_MULTIPART_DOWNLOAD = _flag(
    "MLFLOW_ENABLE_MULTIPART_DOWNLOAD", True, "Fetch large files in parts, several at once."
)
MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE = _number(
    "MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE",
    16 * 1024 * 1024,
    "Bytes from which a file is fetched in parts.",
)
MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE = Setting[int | None](
    "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE",
    int,
    None,
    "Bytes of a fetched part where the checksum does not ask for another; unset: by file size.",
)
MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD = Setting[bool | None](
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD",
    _boolean,
    None,
    "Send parts to the store behind the server; unset: the server says whether it can.",
)
MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD = Setting[bool | None](
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD",
    _boolean,
    None,
    "Fetch parts from the store behind the server; unset: the server says whether it can.",
)
MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT = Setting[float | None](
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT",
    float,
    None,
    "Seconds without progress after which a part is sent again; unset: as for requests.",
)
MLFLOW_DOWNLOAD_CHUNK_TIMEOUT = _seconds(
    "MLFLOW_DOWNLOAD_CHUNK_TIMEOUT",
    300,
    "Seconds without progress after which a part is fetched again; never above the other one.",
)
MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR = _flag(
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR",
    True,
    "Show progress on terminals and in notebooks, for what takes longer than a second.",
)
MLFLOW_S3_ENDPOINT_URL = _text(
    "MLFLOW_S3_ENDPOINT_URL", "Address of an S3 store that is not Amazon's."
)
MLFLOW_S3_IGNORE_TLS = _flag(
    "MLFLOW_S3_IGNORE_TLS", False, "Do not look at the certificate of the S3 store."
)
MLFLOW_S3_UPLOAD_EXTRA_ARGS = _text(
    "MLFLOW_S3_UPLOAD_EXTRA_ARGS", "JSON map of what new S3 objects get, such as encryption."
)
MLFLOW_S3_EXPECTED_BUCKET_OWNER = _text(
    "MLFLOW_S3_EXPECTED_BUCKET_OWNER", "Account that S3 buckets must belong to."
)
MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE = _text(
    "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE",
    "Where an S3 bucket's name goes: auto, path or virtual.",
    "auto",
)
MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH = _number(
    "MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH", 2048, "Longest artifact location in characters."
)
MLFLOW_KERBEROS_TICKET_CACHE = _text(
    "MLFLOW_KERBEROS_TICKET_CACHE", "Kerberos ticket cache for hdfs: and viewfs:."
)
MLFLOW_KERBEROS_USER = _text("MLFLOW_KERBEROS_USER", "Kerberos user for hdfs: and viewfs:.")
MLFLOW_PYARROW_EXTRA_CONF = _text(
    "MLFLOW_PYARROW_EXTRA_CONF", "Settings of the Hadoop client, as name=value,name=value."
)

# -- server ------------------------------------------------------------------
MLFLOW_BACKEND_STORE_URI = _text("MLFLOW_BACKEND_STORE_URI", "Database or folder of the server.")
MLFLOW_REGISTRY_STORE_URI = _text("MLFLOW_REGISTRY_STORE_URI", "Database of the model registry.")
MLFLOW_DEFAULT_ARTIFACT_ROOT = _text(
    "MLFLOW_DEFAULT_ARTIFACT_ROOT", "Where new experiments keep artifacts."
)
MLFLOW_SERVE_ARTIFACTS = _flag("MLFLOW_SERVE_ARTIFACTS", True, "Serve artifacts to clients.")
MLFLOW_ARTIFACTS_ONLY = _flag("MLFLOW_ARTIFACTS_ONLY", False, "Serve artifacts and nothing else.")
MLFLOW_ARTIFACTS_DESTINATION = _text(
    "MLFLOW_ARTIFACTS_DESTINATION", "Where the server keeps the artifacts that it serves."
)
MLFLOW_HOST = _text("MLFLOW_HOST", "Address that the server binds to.", "127.0.0.1")
MLFLOW_PORT = _number("MLFLOW_PORT", 5000, "Port that the server binds to.")
MLFLOW_WORKERS = _number("MLFLOW_WORKERS", 1, "Server processes.")
MLFLOW_STATIC_PREFIX = _text("MLFLOW_STATIC_PREFIX", "Path in front of every route.")
MLFLOW_SERVER_ALLOWED_ARTIFACT_LOCATIONS = _text(
    "MLFLOW_SERVER_ALLOWED_ARTIFACT_LOCATIONS",
    "Where else experiments may have artifacts that the server shows, comma separated.",
)
MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS = _number(
    "MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS",
    300,
    "Seconds for which an address of a store is good that a client is given to read a file.",
)
MLFLOW_SERVER_ALLOWED_HOSTS = _text(
    "MLFLOW_SERVER_ALLOWED_HOSTS", "Host names that requests may name, comma separated."
)
MLFLOW_SERVER_CORS_ALLOWED_ORIGINS = _text(
    "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", "Origins whose pages may call the API, comma separated."
)
MLFLOW_SERVER_X_FRAME_OPTIONS = _text(
    "MLFLOW_SERVER_X_FRAME_OPTIONS", "Value of the X-Frame-Options header.", "SAMEORIGIN"
)
MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE = _flag(
    "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", False, "Do not check Host and Origin."
)
MLFLOW_SERVER_ALLOW_REMOTE = _flag(
    "MLFLOW_SERVER_ALLOW_REMOTE", False, "Serve other machines although there is no login."
)
MLFLOW_SERVER_ACCESS_LOG = _flag(
    "MLFLOW_SERVER_ACCESS_LOG", True, "Write one JSON line per request to standard output."
)
MLFLOW_SERVER_CLIENT_TIMEOUT = _seconds(
    "MLFLOW_SERVER_CLIENT_TIMEOUT", 30, "Seconds that the server waits for a silent client."
)
MLFLOW_SERVER_STOP_TIMEOUT = _seconds(
    "MLFLOW_SERVER_STOP_TIMEOUT", 30, "Seconds for requests in flight when the server stops."
)
MLFLOW_SERVER_FAIL_LOST_RUNS_AFTER = _seconds(
    "MLFLOW_SERVER_FAIL_LOST_RUNS_AFTER",
    0,
    "Seconds of silence after which a running run is set FAILED; 0 never does.",
)
MLFLOW_SERVER_MAX_BODY_SIZE = _number(
    "MLFLOW_SERVER_MAX_BODY_SIZE", 32 * 1024 * 1024, "Largest JSON body in bytes."
)
MLFLOW_APP_NAME = _text("MLFLOW_APP_NAME", "Name of the server application; unset: no login.")
MLFLOW_EXPOSE_PROMETHEUS = _text(
    "MLFLOW_EXPOSE_PROMETHEUS", "No effect: /metrics is always there and needs no folder."
)
MLFLOW_UVICORN_OPTS = _text("MLFLOW_UVICORN_OPTS", "No effect: the server is another one.")
MLFLOW_GUNICORN_OPTS = _text("MLFLOW_GUNICORN_OPTS", "No effect: the server is another one.")
MLFLOW_SQLITE_SYNC_EVERY_COMMIT = _flag(
    "MLFLOW_SQLITE_SYNC_EVERY_COMMIT", False, "Let no commit be lost when the power fails; slower."
)
MLFLOW_DATABASE_POOL_SIZE = _number(
    "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", 8, "Database connections of one server process."
)
