"""Data sets and models that runs read and make: the methods of `MlflowClient`."""

from collections.abc import Sequence

from mlflow import wire
from mlflow.client._calls import Calls
from mlflow.entities import DatasetInput, LoggedModelInput, LoggedModelOutput
from mlflow.wire.datasets import LogInputs, LogOutputs


class Datasets(Calls):
    """Note what runs read and make."""

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[LoggedModelInput] | None = None,
    ) -> None:
        """Note data sets and models that a run reads.

        A data set that is noted already for the run stays as it is.
        """
        question = LogInputs(
            run_id=run_id, datasets=list(datasets or ()), models=list(models or ())
        )
        self._read(wire.datasets.log_inputs, question, run_id)

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        """Note models that a run makes, and at which step."""
        question = LogOutputs(run_id=run_id, models=list(models))
        self._read(wire.datasets.log_outputs, question, run_id)
