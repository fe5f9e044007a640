"""Runs on the wire."""

from typing import Any

import msgspec

from mlflow.entities.datasets import DatasetInput
from mlflow.entities.metrics import Metric, Param, RunTag
from mlflow.entities.runs import (
    LoggedModelInput,
    LoggedModelOutput,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    RunStatus,
)
from mlflow.exceptions import MlflowException, invalid, missing
from mlflow.wire import _fields as rules
from mlflow.wire._endpoint import Empty, Endpoint, Question, may
from mlflow.wire.metrics import AboutRun


class InfoMessage(msgspec.Struct, omit_defaults=True):
    """What is known about a run; times in milliseconds since the epoch."""

    run_uuid: str
    experiment_id: str
    run_name: str
    user_id: str
    status: str
    start_time: int
    artifact_uri: str
    lifecycle_stage: str
    run_id: str
    end_time: int | None = None

    def entity(self) -> RunInfo:
        """The information as users of the Python API see it."""
        return RunInfo(
            run_id=self.run_id,
            experiment_id=self.experiment_id,
            user_id=self.user_id,
            status=self.status,
            start_time=self.start_time,
            end_time=self.end_time,
            lifecycle_stage=self.lifecycle_stage,
            artifact_uri=self.artifact_uri,
            run_name=self.run_name,
        )


class DataMessage(msgspec.Struct, omit_defaults=True):
    """What a run logged: the latest point of each metric, params and tags."""

    metrics: list[Metric] = []
    params: list[Param] = []
    tags: list[RunTag] = []

    def entity(self) -> RunData:
        """The data as users of the Python API see them."""
        return RunData(
            metrics={metric.key: metric.value for metric in self.metrics},
            params={param.key: param.value for param in self.params},
            tags={tag.key: tag.value for tag in self.tags},
            _metric_objs=self.metrics,
        )


class InputsMessage(msgspec.Struct, omit_defaults=True):
    """What a run read."""

    dataset_inputs: list[DatasetInput] = []
    model_inputs: list[LoggedModelInput] = []


class OutputsMessage(msgspec.Struct, omit_defaults=True):
    """What a run made."""

    model_outputs: list[LoggedModelOutput] = []


class RunMessage(msgspec.Struct, omit_defaults=True):
    """A run as the API writes it."""

    info: InfoMessage
    data: DataMessage
    inputs: InputsMessage | None = None
    outputs: OutputsMessage | None = None

    def entity(self) -> Run:
        """The run as users of the Python API see it."""
        run = Run(info=self.info.entity(), data=self.data.entity())
        if self.inputs:
            run.inputs = RunInputs(self.inputs.dataset_inputs, self.inputs.model_inputs)
        if self.outputs:
            run.outputs = RunOutputs(self.outputs.model_outputs)
        return run


class PackedData(msgspec.Struct, omit_defaults=True):
    """A `DataMessage` whose params and tags are JSON already; the store keeps them so."""

    metrics: list[Metric] = []
    params: Any = None
    tags: Any = None


class PackedRun(msgspec.Struct, omit_defaults=True):
    """A `RunMessage` with packed data: the form in which searches answer."""

    info: InfoMessage
    data: PackedData
    inputs: InputsMessage | None = None
    outputs: OutputsMessage | None = None


class CreateRun(Question, kw_only=True, omit_defaults=True):
    """Start a run.

    `run_id` lets a client that was offline choose the id (32 hexadecimal characters); asking
    again with the same id gives the run that is there.
    """

    experiment_id: str
    user_id: str | None = None
    run_name: str | None = None
    start_time: int = 0
    tags: list[RunTag] = []  # noqa: RUF012
    run_id: str | None = None

    def check(self) -> None:
        rules.experiment_number(self.experiment_id)
        rules.check_integer("start_time", self.start_time, least=0)
        rules.check_text("user_id", self.user_id or "", 256)
        rules.check_text("run_name", self.run_name or "", rules.MAX_RUN_TAG_VALUE)
        if self.run_id:
            rules.check_run_id(self.run_id)
        names = {tag.value for tag in self.tags if tag.key == "mlflow.runName"}
        if self.run_name and names - {self.run_name}:
            raise invalid(
                f"Both run_name={self.run_name!r} and the tag mlflow.runName={names.pop()!r} are "
                "given, and they differ. Give one of them."
            )
        for index, tag in enumerate(self.tags):
            rules.check_key(f"tags[{index}].key", tag.key)
            tag.value = rules.shortened(f"tags[{index}].value", tag.value, rules.MAX_RUN_TAG_VALUE)


class GetRun(AboutRun, kw_only=True, omit_defaults=True):
    """Get a run with its latest metrics, params, tags, inputs and outputs."""

    def check(self) -> None:
        rules.require("run_id", self.run_id or self.run_uuid)
        try:
            super().check()
        except MlflowException:
            raise missing(f"Run with id={self.run_id[:300]} not found") from None


class FoundRun(msgspec.Struct):
    """One run."""

    run: RunMessage


class UpdateRun(AboutRun, kw_only=True, omit_defaults=True):
    """Change a run's status, end time or name."""

    status: str | int | None = None
    end_time: int | None = None
    run_name: str | None = None

    def check(self) -> None:
        super().check()
        if self.end_time is not None:
            rules.check_integer("end_time", self.end_time, least=0)
        rules.check_text("run_name", self.run_name or "", rules.MAX_RUN_TAG_VALUE)

    def status_number(self) -> int | None:
        """The status as a number; what is no status counts as not given, as in the original."""
        if isinstance(self.status, int):
            return self.status if 1 <= self.status <= 5 else None
        try:
            return RunStatus.from_string(self.status or "")
        except Exception:
            return None


class UpdatedRun(msgspec.Struct):
    """What is known about the run after the change."""

    run_info: InfoMessage


class DeleteRun(AboutRun, kw_only=True, omit_defaults=True):
    """Move a run to the bin."""


class RestoreRun(AboutRun, kw_only=True, omit_defaults=True):
    """Take a run out of the bin."""


class SearchRuns(Question, kw_only=True, omit_defaults=True):
    """Search runs of some experiments.

    `columns` limits what is given of each run, such as `["metrics.loss", "params.lr"]`, and
    `count` asks for the total number of matches as well.
    """

    experiment_ids: list[str] = []  # noqa: RUF012
    filter: str | None = None
    run_view_type: str | int | None = None
    max_results: int = 1000
    order_by: list[str] = []  # noqa: RUF012
    page_token: str | None = None
    columns: list[str] | None = None
    count: bool = False

    def check(self) -> None:
        for experiment_id in self.experiment_ids:
            rules.experiment_number(experiment_id, "experiment_ids")
        rules.check_max_results(self.max_results, rules.MAX_RESULTS_RUNS)


class FoundRuns(msgspec.Struct, omit_defaults=True):
    """A page of runs."""

    runs: list[RunMessage] = []
    next_page_token: str | None = None
    total: int | None = None


class PackedRuns(msgspec.Struct, omit_defaults=True):
    """A `FoundRuns` of packed runs."""

    runs: list[PackedRun] = []
    next_page_token: str | None = None
    total: int | None = None


class LogModel(AboutRun, kw_only=True, omit_defaults=True):
    """Note a model that a run logged; clients of MLflow 2 do.

    `model_json` is the MLmodel file as JSON. It is added to the tag `mlflow.log-model.history`.
    """

    model_json: str

    def check(self) -> None:
        super().check()
        rules.require("model_json", self.model_json)
        self.model()

    def model(self) -> dict[str, Any]:
        """What is noted of the model."""
        try:
            model = msgspec.json.decode(self.model_json, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError):
            raise invalid(
                "Invalid value for parameter 'model_json': it must be a JSON object."
            ) from None
        wanted = ("run_id", "artifact_path", "utc_time_created", "flavors")
        if absent := [name for name in wanted if name not in model]:
            raise invalid(f"Model json is missing mandatory fields: {', '.join(absent)}.")
        return {name: model.get(name) for name in (*wanted[:3], "model_uuid", "flavors")}


class Heartbeat(Question, kw_only=True, omit_defaults=True):
    """Say that the processes that log into these runs are alive."""

    run_ids: list[str]

    def check(self) -> None:
        if not 1 <= len(self.run_ids) <= 1000:
            raise invalid("Invalid value for parameter 'run_ids': allowed are 1 to 1000 runs.")
        for run_id in self.run_ids:
            rules.check_run_id(run_id)


_AT = "/mlflow/runs"
create = Endpoint(
    "POST", f"{_AT}/create", CreateRun, FoundRun, needs=may.edit("experiment_id"), brief=True
)
get = Endpoint("GET", f"{_AT}/get", GetRun, FoundRun, needs=may.read("run_id"), brief=True)
update = Endpoint(
    "POST", f"{_AT}/update", UpdateRun, UpdatedRun, needs=may.edit("run_id"), brief=True
)
delete = Endpoint("POST", f"{_AT}/delete", DeleteRun, Empty, needs=may.manage("run_id"), brief=True)
restore = Endpoint(
    "POST", f"{_AT}/restore", RestoreRun, Empty, needs=may.manage("run_id"), brief=True
)
search = Endpoint("POST", f"{_AT}/search", SearchRuns, FoundRuns, needs=may.read("experiment_ids"))
log_model = Endpoint("POST", f"{_AT}/log-model", LogModel, Empty, needs=may.edit("run_id"))
heartbeat = Endpoint(
    "POST", f"{_AT}/heartbeat", Heartbeat, Empty, needs=may.edit("run_ids"), brief=True
)
