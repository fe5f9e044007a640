"""Where the artifacts of the active run are."""

import posixpath

from mlflow.client import MlflowClient
from mlflow.client.transport import ServerAway
from mlflow.exceptions import invalid
from mlflow.fluent import active
from mlflow.fluent.runs import start_run


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """The URI of an artifact of the active run, which is started if need be.

    Args:
        artifact_path: path below the run's artifacts; their root by default.
    """
    opened = active.top()
    run = opened.run if opened else start_run()
    if run.info.artifact_uri is None:
        opened = active.top()
        assert opened is not None
        found = MlflowClient(opened.logbook.transport.uri).get_run(run.info.run_id)
        run.info.artifact_uri = found.info.artifact_uri
    if run.info.artifact_uri is None:
        raise ServerAway("Where the artifacts are is not known before the server is back.")
    if not artifact_path:
        return run.info.artifact_uri
    path = posixpath.normpath(artifact_path)
    if path.startswith(("/", "..")):
        raise invalid(f"{artifact_path!r} does not lie below the run's artifacts.")
    return posixpath.join(run.info.artifact_uri, path)
