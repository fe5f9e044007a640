"""Metrics, params and tags on the wire: logging, and reading metric histories."""

import msgspec

from mlflow.entities.metrics import Metric, Param, RunTag
from mlflow.exceptions import invalid
from mlflow.wire import _fields as rules
from mlflow.wire._endpoint import Empty, Endpoint, Question, may


class Point(msgspec.Struct, omit_defaults=True, gc=False):
    """One point of a metric as a client sends it; `timestamp` in milliseconds since the epoch."""

    key: str
    value: float | bool
    timestamp: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class AboutRun(Question, kw_only=True, omit_defaults=True):
    """A question about one run, named by `run_id` or, by old clients, `run_uuid`."""

    run_id: str = ""
    run_uuid: str = ""

    def check(self) -> None:
        self.run_id = self.run_id or self.run_uuid
        self.run_uuid = ""
        rules.check_run_id(self.run_id)


class LogMetric(AboutRun, kw_only=True, omit_defaults=True):
    """Log one point of a metric. A point that is there already changes nothing."""

    key: str
    value: float | bool
    timestamp: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None

    def check(self) -> None:
        super().check()
        rules.check_key("key", self.key)
        rules.check_integer("timestamp", self.timestamp, least=0)
        rules.check_integer("step", self.step)

    def batch(self) -> "LogBatch":
        """The same as a batch of one."""
        point = Point(key=self.key, value=self.value, timestamp=self.timestamp, step=self.step)
        return LogBatch(run_id=self.run_id, metrics=[point])


class LogParam(AboutRun, kw_only=True, omit_defaults=True):
    """Log a param. Its value never changes: another value for the same key is refused."""

    key: str
    value: str = ""

    def check(self) -> None:
        super().check()
        rules.check_key("key", self.key)
        self.value = rules.shortened("value", self.value, rules.MAX_PARAM_VALUE)

    def batch(self) -> "LogBatch":
        """The same as a batch of one."""
        return LogBatch(run_id=self.run_id, params=[Param(self.key, self.value)])


class SetTag(AboutRun, kw_only=True, omit_defaults=True):
    """Set a tag of a run; `mlflow.runName` renames the run."""

    key: str
    value: str = ""

    def check(self) -> None:
        super().check()
        rules.check_key("key", self.key)
        self.value = rules.shortened("value", self.value, rules.MAX_RUN_TAG_VALUE)

    def batch(self) -> "LogBatch":
        """The same as a batch of one."""
        return LogBatch(run_id=self.run_id, tags=[RunTag(self.key, self.value)])


class DeleteTag(AboutRun, kw_only=True, omit_defaults=True):
    """Delete a tag of a run."""

    key: str

    def check(self) -> None:
        super().check()
        rules.require("key", self.key)


class LogBatch(AboutRun, kw_only=True, omit_defaults=True):
    """Log metrics, params and tags of one run at once: all of them or, on an error, none."""

    metrics: list[Point] = []  # noqa: RUF012 - msgspec copies it for each object
    params: list[Param] = []  # noqa: RUF012
    tags: list[RunTag] = []  # noqa: RUF012

    def check(self) -> None:
        super().check()
        rules.check_count("metrics", len(self.metrics), rules.MAX_METRICS_PER_BATCH)
        rules.check_count("params", len(self.params), rules.MAX_PARAMS_PER_BATCH)
        rules.check_count("tags", len(self.tags), rules.MAX_TAGS_PER_BATCH)
        items = len(self.metrics) + len(self.params) + len(self.tags)
        rules.check_count("metrics, params and tags", items, rules.MAX_ITEMS_PER_BATCH)
        self._check_metrics()
        for index, param in enumerate(self.params):
            rules.check_key(f"params[{index}].key", param.key)
            param.value = rules.shortened(
                f"params[{index}].value", param.value, rules.MAX_PARAM_VALUE
            )
        for index, tag in enumerate(self.tags):
            rules.check_key(f"tags[{index}].key", tag.key)
            tag.value = rules.shortened(f"tags[{index}].value", tag.value, rules.MAX_RUN_TAG_VALUE)
        if twice := rules.repeated(param.key for param in self.params):
            raise invalid(f"Duplicate parameter keys have been submitted: {', '.join(twice)}.")

    def _check_metrics(self) -> None:
        checked: set[str] = set()
        for index, point in enumerate(self.metrics):
            if point.key not in checked:
                rules.check_key(f"metrics[{index}].key", point.key)
                checked.add(point.key)
            if not 0 <= point.timestamp <= rules.MAX_INTEGER:
                rules.check_integer(f"metrics[{index}].timestamp", point.timestamp, least=0)
            if not -rules.MAX_INTEGER - 1 <= point.step <= rules.MAX_INTEGER:
                rules.check_integer(f"metrics[{index}].step", point.step)


class GetHistory(AboutRun, kw_only=True, omit_defaults=True):
    """The points of a metric, ordered by timestamp, step and value.

    An answer has at most a million points, also when `max_results` is larger or absent.
    """

    metric_key: str
    max_results: int | None = None
    page_token: str | None = None

    def check(self) -> None:
        super().check()
        rules.require("metric_key", self.metric_key)
        if self.max_results is not None:
            rules.check_max_results(self.max_results, rules.MAX_INTEGER)


class History(msgspec.Struct, omit_defaults=True):
    """A page of points."""

    metrics: list[Metric] = []
    next_page_token: str | None = None


class GetHistorySample(Question, kw_only=True, omit_defaults=True):
    """Points of one metric for a chart, for up to 100 runs, ordered by step.

    Of each run at most `max_results` points are given, evenly spread, with the first and the last.
    """

    run_ids: list[str] = []  # noqa: RUF012
    metric_key: str
    start_step: int | None = None
    end_step: int | None = None
    max_results: int = 2500

    def check(self) -> None:
        rules.require("metric_key", self.metric_key)
        _check_runs("run_ids", self.run_ids)
        if (self.start_step is None) != (self.end_step is None):
            raise invalid("Give both of start_step and end_step, or neither.")
        if self.start_step is not None and self.end_step is not None:
            rules.check_integer("start_step", self.start_step)
            rules.check_integer("end_step", self.end_step)
            if self.start_step > self.end_step:
                raise invalid(
                    f"end_step must be at least start_step; got start_step={self.start_step} "
                    f"and end_step={self.end_step}."
                )
        rules.check_max_results(self.max_results, 2500)


class GetHistoryBulk(Question, kw_only=True, omit_defaults=True):
    """Points of one metric of several runs, ordered by run, timestamp, step and value."""

    run_id: list[str] = []  # noqa: RUF012
    metric_key: str
    max_results: int = 25_000

    def check(self) -> None:
        rules.require("metric_key", self.metric_key)
        _check_runs("run_id", self.run_id)
        self.max_results = min(self.max_results, 25_000)
        rules.check_max_results(self.max_results, 25_000)


def _check_runs(name: str, run_ids: list[str]) -> None:
    if not run_ids:
        raise rules.absent(name)
    if len(run_ids) > 100:
        raise invalid(f"Invalid value for parameter {name!r}: at most 100 runs can be asked for.")
    for run_id in run_ids:
        rules.check_run_id(run_id)


_RUN = may.edit("run_id")
log_metric = Endpoint(
    "POST", "/mlflow/runs/log-metric", LogMetric, Empty, needs=_RUN, queued=True, brief=True
)
log_param = Endpoint(
    "POST", "/mlflow/runs/log-parameter", LogParam, Empty, needs=_RUN, queued=True, brief=True
)
log_batch = Endpoint(
    "POST", "/mlflow/runs/log-batch", LogBatch, Empty, needs=_RUN, queued=True, brief=True
)
set_tag = Endpoint(
    "POST", "/mlflow/runs/set-tag", SetTag, Empty, needs=_RUN, queued=True, brief=True
)
delete_tag = Endpoint("POST", "/mlflow/runs/delete-tag", DeleteTag, Empty, needs=_RUN, brief=True)
get_history = Endpoint(
    "GET", "/mlflow/metrics/get-history", GetHistory, History, needs=may.read("run_id")
)
get_history_sample = Endpoint(
    "GET",
    "/mlflow/metrics/get-history-bulk-interval",
    GetHistorySample,
    History,
    needs=may.read("run_ids"),
)
get_history_bulk = Endpoint(
    "GET",
    "/mlflow/metrics/get-history-bulk",
    GetHistoryBulk,
    History,
    needs=may.read("run_id"),
    ajax_only=True,
)
