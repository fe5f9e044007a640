"""What the server can do."""

from mlflow import wire
from mlflow.service._engine import ArtifactEngine, serves
from mlflow.service.uploads import can_sign
from mlflow.version import MILLSTREAM_VERSION
from mlflow.wire.server import AskServerInfo, ServerInfo


@serves(wire.server.info)
def info(engine: ArtifactEngine, ask: AskServerInfo) -> ServerInfo:
    """Say what the server can do."""
    signs = can_sign(engine)
    return ServerInfo(
        multipart_uploads_enabled=signs,
        multipart_downloads_enabled=signs,
        presigned_upload_run_id_supported=signs,
        millstream_version=MILLSTREAM_VERSION,
    )
