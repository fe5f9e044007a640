"""Metrics, params and tags: the methods of `MlflowClient`."""

from collections.abc import Iterator, Sequence
from typing import Any, SupportsFloat

from mlflow import wire
from mlflow._clock import now_ms
from mlflow.client import uri
from mlflow.client._calls import Calls, is_synchronous
from mlflow.client.operations import RunOperations
from mlflow.entities import Metric, Param, RunTag
from mlflow.entities.pages import PagedList
from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException
from mlflow.scalars import to_float, to_step
from mlflow.wire import _fields as rules
from mlflow.wire.metrics import (
    DeleteTag,
    GetHistory,
    LogBatch,
    LogMetric,
    LogParam,
    Point,
    SetTag,
)

#: points that one page of a history holds
_PAGE = 25_000
_ADVICE = (
    "A param never changes. If one run logs several models or phases, put each into a run of its "
    "own with mlflow.start_run(nested=True), or give the params names of their own. To follow a "
    "value that changes, log it as a metric or a tag."
)


class Metrics(Calls):
    """Log metrics, params and tags, and read the history of a metric."""

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: SupportsFloat,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
    ) -> RunOperations | None:
        """Log one point of a metric.

        Args:
            value: a number, or a scalar of numpy, torch, tensorflow or jax.
            timestamp: milliseconds since the epoch; now by default.
            step: position on the training axis; 0 by default.
            synchronous: False returns at once; None does what MLFLOW_ENABLE_ASYNC_LOGGING says.
            dataset_name, dataset_digest: the data set that the metric was computed on.
            model_id: the logged model that the metric is about.

        Returns:
            None, or the operations to wait for when it did not wait.
        """
        question = LogMetric(
            run_id=run_id,
            key=key,
            value=to_float(key, value),
            timestamp=now_ms() if timestamp is None else int(timestamp),
            step=to_step(key, step),
            model_id=model_id,
            dataset_name=dataset_name,
            dataset_digest=dataset_digest,
        )
        if is_synchronous(synchronous):
            self._send(wire.metrics.log_metric, question)
            return None
        question.check()
        uri.outbox_for(self._transport).log_metrics(run_id, [point_of(question)])
        return self._operations(run_id)

    def log_param(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> Any:
        """Log a param, kept as text.

        Args:
            synchronous: False returns at once; None does what MLFLOW_ENABLE_ASYNC_LOGGING says.

        Returns:
            The value, or the operations to wait for when it did not wait.

        Raises:
            MlflowException: INVALID_PARAMETER_VALUE when the run has another value for the key.
        """
        question = LogParam(run_id=run_id, key=key, value=str(value))
        if is_synchronous(synchronous):
            try:
                self._send(wire.metrics.log_param, question)
            except MlflowException as error:
                raise with_advice(error) from None
            return value
        question.check()
        param = Param(question.key, question.value)
        uri.outbox_for(self._transport).log_params(run_id, [param])
        return self._operations(run_id)

    def set_tag(
        self, run_id: str, key: str, value: Any, synchronous: bool | None = None
    ) -> RunOperations | None:
        """Set a tag, kept as text; `mlflow.runName` renames the run.

        Args:
            synchronous: False returns at once; None does what MLFLOW_ENABLE_ASYNC_LOGGING says.

        Returns:
            None, or the operations to wait for when it did not wait.
        """
        question = SetTag(run_id=run_id, key=key, value=str(value))
        if is_synchronous(synchronous):
            self._send(wire.metrics.set_tag, question)
            return None
        question.check()
        tag = RunTag(question.key, question.value)
        uri.outbox_for(self._transport).log_tags(run_id, [tag])
        return self._operations(run_id)

    def delete_tag(self, run_id: str, key: str) -> None:
        """Delete a tag of a run.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST when there is no such tag.
        """
        self._read(wire.metrics.delete_tag, DeleteTag(run_id=run_id, key=key), run_id)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Log metrics, params and tags of one run: all or, on an error, none.

        A request holds up to 1000 metrics, 100 params and 100 tags, 1000 together. What is more
        goes in several requests, and an error then takes back only the request that it is in.

        Args:
            metrics: points of metrics.
            params: params, each key once.
            tags: tags; of equal keys the last one counts.
            synchronous: False returns at once; None does what MLFLOW_ENABLE_ASYNC_LOGGING says.

        Returns:
            None, or the operations to wait for when it did not wait.
        """
        if not (metrics or params or tags):
            return None
        question = LogBatch(
            run_id=run_id,
            metrics=[point_from(metric) for metric in metrics],
            params=[Param(param.key, str(param.value)) for param in params],
            tags=[RunTag(tag.key, str(tag.value)) for tag in tags],
        )
        if is_synchronous(synchronous):
            try:
                for part in _parts(question):
                    self._send(wire.metrics.log_batch, part)
            except MlflowException as error:
                raise with_advice(error) from None
            return None
        for part in _parts(question):
            part.check()
        outbox = uri.outbox_for(self._transport)
        if question.params:
            outbox.log_params(run_id, question.params)
        if question.metrics:
            outbox.log_metrics(run_id, question.metrics)
        if question.tags:
            outbox.log_tags(run_id, question.tags)
        return self._operations(run_id)

    def get_metric_history(self, run_id: str, key: str) -> PagedList[Metric]:
        """All points of a metric, ordered by timestamp, step and value; none when there is none."""
        points: list[Metric] = []
        token: str | None = None
        while True:
            question = GetHistory(
                run_id=run_id, metric_key=key, max_results=_PAGE, page_token=token
            )
            page = self._read(wire.metrics.get_history, question, run_id)
            points += page.metrics
            token = page.next_page_token
            if not token:
                return PagedList(points)


def _parts(question: LogBatch) -> Iterator[LogBatch]:
    """A batch as batches that each keep to the limits; nearly always one."""
    metrics, params, tags = question.metrics, question.params, question.tags
    while metrics or params or tags:
        few = LogBatch(
            run_id=question.run_id,
            params=params[: rules.MAX_PARAMS_PER_BATCH],
            tags=tags[: rules.MAX_TAGS_PER_BATCH],
        )
        room = rules.MAX_ITEMS_PER_BATCH - len(few.params) - len(few.tags)
        few.metrics = metrics[:room]
        yield few
        metrics, params, tags = metrics[room:], params[len(few.params) :], tags[len(few.tags) :]


def point_from(metric: Metric) -> Point:
    """A metric entity as it is sent."""
    return Point(
        key=metric.key,
        value=to_float(metric.key, metric.value),
        timestamp=int(metric.timestamp),
        step=to_step(metric.key, metric.step),
        model_id=metric.model_id,
        dataset_name=metric.dataset_name,
        dataset_digest=metric.dataset_digest,
    )


def point_of(question: LogMetric) -> Point:
    """The point that a question logs."""
    return Point(
        key=question.key,
        value=question.value,
        timestamp=question.timestamp,
        step=question.step,
        model_id=question.model_id,
        dataset_name=question.dataset_name,
        dataset_digest=question.dataset_digest,
    )


def changed_param(run_id: str, key: str, old: str, new: str) -> MlflowException:
    """The error for a param that is logged again with another value."""
    return MlflowException(
        f"Changing param values is not allowed: run {run_id} has the param {key!r} with the value "
        f"{old!r}, and {new!r} was given. {_ADVICE}",
        error_code=INVALID_PARAMETER_VALUE,
    )


def with_advice(error: MlflowException) -> MlflowException:
    """An error, with advice when it says that a param was changed."""
    if error.error_code != INVALID_PARAMETER_VALUE or "chang" not in error.message.lower():
        return error
    return MlflowException(f"{error.message} {_ADVICE}", error_code=error.error_code)
