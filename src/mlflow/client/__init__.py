"""The client: every call of the tracking API, by noun."""

from mlflow._logging import configure
from mlflow.client.artifacts import Artifacts
from mlflow.client.changes import Changes
from mlflow.client.curves import Curves
from mlflow.client.datasets import Datasets
from mlflow.client.experiments import Experiments
from mlflow.client.metrics import Metrics
from mlflow.client.run_tables import RunTables
from mlflow.client.runs import Runs
from mlflow.client.tables import Tables
from mlflow.client.views import Views


class MlflowClient(
    Experiments, Runs, RunTables, Changes, Metrics, Curves, Datasets, Artifacts, Tables, Views
):
    """All calls of the tracking API, for one tracking URI.

    The calls wait for the server unless told otherwise, and know no active run: every one names
    the run or experiment that it is about.

    Args:
        tracking_uri: address of a server, database URI or folder; by default the one that is
            set when the client is made.
        registry_uri: where models are registered; by default the tracking URI.
    """


configure()

__all__ = ["MlflowClient"]
