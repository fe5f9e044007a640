"""MLFLOW_LOG_GIT_DIFF: a new run keeps what its source has beyond the commit that its tags name."""

import logging

from mlflow.client import MlflowClient
from mlflow.client.places import remember
from mlflow.environment_variables import MLFLOW_LOG_GIT_DIFF, MLFLOW_OFFLINE
from mlflow.fluent.active import OpenRun
from mlflow.fluent.context import git_diff

#: the artifact; `git apply` takes it
DIFF = "git/diff.patch"

_logger = logging.getLogger(__name__)


def keep_changes(opened: OpenRun) -> None:
    """Log the uncommitted changes of the source, if the setting says so; never raises."""
    try:
        if not MLFLOW_LOG_GIT_DIFF.get():
            return
        diff = git_diff()
        if not diff:
            return
        if MLFLOW_OFFLINE.get() or opened.logbook.behind:
            _logger.warning("The uncommitted changes are not kept: there is no server now.")
            return
        transport = opened.logbook.transport
        info = opened.run.info
        remember(transport, opened.run_id, info.experiment_id, info.artifact_uri)
        MlflowClient(transport.uri).log_text(opened.run_id, diff, DIFF)
    except Exception as error:
        _logger.warning("The uncommitted changes are not kept: %s", error)
