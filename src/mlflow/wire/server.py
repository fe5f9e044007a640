"""What a client may ask about the server itself."""

import msgspec

from mlflow.wire._endpoint import Endpoint, Question, may


class AskServerInfo(Question, kw_only=True, omit_defaults=True):
    """What the server can do."""


class ServerInfo(msgspec.Struct):
    """What the server can do; `millstream_version` is ours, the rest as official clients know."""

    store_type: str = "SqlStore"
    workspaces_enabled: bool = False
    trace_archival_enabled: bool = False
    multipart_uploads_enabled: bool = False
    multipart_downloads_enabled: bool = False
    presigned_upload_run_id_supported: bool = False
    presigned_upload_model_id_supported: bool = False
    features_enabled: dict[str, bool] = {}
    millstream_version: str = ""


info = Endpoint(
    "GET",
    "/mlflow/server-info",
    AskServerInfo,
    ServerInfo,
    needs=may.anyone,
    version="3.0",
    storeless=True,
)
