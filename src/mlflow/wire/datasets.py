"""Data sets and models that a run read or made, on the wire."""

from mlflow.entities.datasets import Dataset, DatasetInput
from mlflow.entities.runs import LoggedModelInput, LoggedModelOutput
from mlflow.wire import _fields as rules
from mlflow.wire._endpoint import Empty, Endpoint, Question, may


class LogInputs(Question, kw_only=True, omit_defaults=True):
    """Note data sets and models that a run reads.

    A data set is known by (name, digest) within an experiment; noting it twice for one run
    changes nothing.
    """

    run_id: str = ""
    run_uuid: str = ""
    datasets: list[DatasetInput] = []  # noqa: RUF012 - msgspec copies it for each object
    models: list[LoggedModelInput] = []  # noqa: RUF012

    def check(self) -> None:
        self.run_id = self.run_id or self.run_uuid
        self.run_uuid = ""
        rules.check_run_id(self.run_id)
        for index, given in enumerate(self.datasets):
            _check_dataset(given.dataset, f"datasets[{index}].dataset.")
            for number, tag in enumerate(given.tags):
                place = f"datasets[{index}].tags[{number}]."
                rules.require(f"{place}key", tag.key)
                rules.check_text(f"{place}key", tag.key, rules.MAX_INPUT_TAG_KEY)
                rules.check_text(f"{place}value", tag.value, rules.MAX_INPUT_TAG_VALUE)
        for index, model in enumerate(self.models):
            _check_model(model.model_id, f"models[{index}].model_id")


class LogOutputs(Question, kw_only=True, omit_defaults=True):
    """Note models that a run makes, and at which step."""

    run_id: str = ""
    run_uuid: str = ""
    models: list[LoggedModelOutput] = []  # noqa: RUF012

    def check(self) -> None:
        self.run_id = self.run_id or self.run_uuid
        self.run_uuid = ""
        rules.check_run_id(self.run_id)
        if not self.models:
            raise rules.absent("models")
        for index, model in enumerate(self.models):
            _check_model(model.model_id, f"models[{index}].model_id")
            rules.check_integer(f"models[{index}].step", model.step)


def _check_model(model_id: str, place: str) -> None:
    rules.require(place, model_id)
    rules.check_text(place, model_id, rules.MAX_MODEL_ID)


def _check_dataset(dataset: Dataset, place: str) -> None:
    for name in ("name", "digest", "source_type", "source"):
        if not getattr(dataset, name):
            raise rules.absent(place + name)
    rules.check_text(f"{place}name", dataset.name, rules.MAX_DATASET_NAME)
    rules.check_text(f"{place}digest", dataset.digest, rules.MAX_DATASET_DIGEST)
    rules.check_text(f"{place}source_type", dataset.source_type, 250)
    rules.check_text(f"{place}source", dataset.source, rules.MAX_DATASET_SOURCE)
    rules.check_text(f"{place}schema", dataset.schema or "", rules.MAX_DATASET_SCHEMA)
    rules.check_text(f"{place}profile", dataset.profile or "", rules.MAX_DATASET_PROFILE)


log_inputs = Endpoint("POST", "/mlflow/runs/log-inputs", LogInputs, Empty, needs=may.edit("run_id"))
log_outputs = Endpoint("POST", "/mlflow/runs/outputs", LogOutputs, Empty, needs=may.edit("run_id"))
