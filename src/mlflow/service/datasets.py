"""What runs read and made."""

from mlflow import wire
from mlflow.service._engine import Engine, serves
from mlflow.service.runs import active
from mlflow.wire import Empty
from mlflow.wire._fields import experiment_number
from mlflow.wire.datasets import LogInputs, LogOutputs
from mlflow.wire.experiments import FoundDatasets, SearchDatasets


@serves(wire.datasets.log_inputs)
def log_inputs(engine: Engine, ask: LogInputs) -> Empty:
    """Note data sets and models that a run reads."""
    run = active(engine, ask.run_id)
    engine.store.datasets.add_inputs(run.id, run.experiment_id, ask.datasets, ask.models)
    return Empty()


@serves(wire.datasets.log_outputs)
def log_outputs(engine: Engine, ask: LogOutputs) -> Empty:
    """Note models that a run makes."""
    run = active(engine, ask.run_id)
    engine.store.datasets.add_outputs(run.id, ask.models)
    return Empty()


@serves(wire.experiments.search_datasets)
def search_datasets(engine: Engine, ask: SearchDatasets) -> FoundDatasets:
    """List the data sets that runs of some experiments read."""
    numbers = [experiment_number(text, "experiment_ids") for text in ask.experiment_ids]
    return FoundDatasets(engine.store.datasets.summaries(numbers))
