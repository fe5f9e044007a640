"""What the server can do."""

from mlflow import wire
from mlflow.service._engine import Engine, serves
from mlflow.version import MILLSTREAM_VERSION
from mlflow.wire.server import AskServerInfo, ServerInfo


@serves(wire.server.info)
def info(engine: Engine, ask: AskServerInfo) -> ServerInfo:
    """Say what the server can do."""
    return ServerInfo(millstream_version=MILLSTREAM_VERSION)
