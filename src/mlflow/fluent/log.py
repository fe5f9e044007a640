"""Logging into the active run: `mlflow.log_metric`, `log_params`, `set_tag` and their neighbours.

A call without an active run starts one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, SupportsFloat

from mlflow import wire
from mlflow._clock import now_ms
from mlflow.client.operations import RunOperations
from mlflow.client.uri import open_outbox, transport_for
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Param,
    RunTag,
)
from mlflow.exceptions import invalid
from mlflow.fluent import active, exits
from mlflow.fluent.logbook import Logbook
from mlflow.fluent.runs import start_run
from mlflow.scalars import to_float, to_step
from mlflow.wire.datasets import LogInputs, LogOutputs
from mlflow.wire.metrics import DeleteTag, Point

_CONTEXT = "mlflow.data.context"
_NAME = "mlflow.runName"
#: logbooks of runs that were named by id and are not open here
_others: dict[tuple[str, str], Logbook] = {}
_MOST_OTHERS = 1000


class LoggableDataset(Protocol):
    """What `mlflow.data` makes: a data set that can be noted with a run."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    def _to_mlflow_entity(self) -> Dataset: ...


def log_metric(
    key: str,
    value: SupportsFloat,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: LoggableDataset | None = None,
) -> RunOperations | None:
    """Log one point of a metric. It goes out in the background; the call takes microseconds.

    Args:
        key: name of the metric.
        value: a number, or a scalar of numpy, torch, tensorflow or jax.
        step: position on the training axis; 0 by default.
        synchronous: True waits for the server; False returns what can be waited for; None does
            what MLFLOW_ENABLE_ASYNC_LOGGING says, and when that is unset neither.
        timestamp: milliseconds since the epoch; now by default.
        run_id: a run other than the active one.
        model_id: the logged model that the metric is about.
        dataset: the data set that it was computed on.

    Returns:
        The operations to wait for, when they were asked for.

    Raises:
        MlflowException: the name or the value is not allowed.
    """
    logbook = _logbook(run_id)
    number = to_float(key, value)
    point = logbook.point(
        key, number, now_ms() if timestamp is None else int(timestamp), to_step(key, step)
    )
    if model_id is not None or dataset is not None:
        _attribute([point], model_id, dataset)
    return logbook.metrics([point], synchronous)


def log_metrics(
    metrics: Mapping[str, SupportsFloat],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: LoggableDataset | None = None,
) -> RunOperations | None:
    """Log one point of each of several metrics; see `log_metric`.

    Args:
        metrics: values by name.
    """
    logbook = _logbook(run_id)
    when = now_ms() if timestamp is None else int(timestamp)
    at = to_step(next(iter(metrics), ""), step)
    points = [logbook.point(key, to_float(key, value), when, at) for key, value in metrics.items()]
    if model_id is not None or dataset is not None:
        _attribute(points, model_id, dataset)
    return logbook.metrics(points, synchronous)


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Log a param of the active run, kept as text.

    Args:
        synchronous: as for `log_metric`; by default it is sent at once when the server is there.

    Returns:
        The value, or the operations to wait for when they were asked for.

    Raises:
        MlflowException: the run has another value for this key; a param never changes.
    """
    return _logbook(None).params([Param(key, str(value))], synchronous) or value


def log_params(
    params: Mapping[str, Any], synchronous: bool | None = None, run_id: str | None = None
) -> RunOperations | None:
    """Log params, kept as text; see `log_param`.

    Args:
        params: values by name.
        run_id: a run other than the active one.
    """
    return _logbook(run_id).params(
        [Param(key, str(value)) for key, value in params.items()], synchronous
    )


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> RunOperations | None:
    """Set a tag of the active run, kept as text; `mlflow.runName` renames the run."""
    return set_tags({key: value}, synchronous)


def set_tags(tags: Mapping[str, Any], synchronous: bool | None = None) -> RunOperations | None:
    """Set tags of the active run, kept as text; see `set_tag`.

    Args:
        tags: values by name.
    """
    logbook = _logbook(None)
    operations = logbook.tags([RunTag(key, str(value)) for key, value in tags.items()], synchronous)
    opened = active.top()
    if opened is not None and tags.get(_NAME):
        opened.run.info.run_name = str(tags[_NAME])
    return operations


def delete_tag(key: str) -> None:
    """Delete a tag of the active run.

    Raises:
        MlflowException: RESOURCE_DOES_NOT_EXIST when there is no such tag.
    """
    logbook = _logbook(None)
    logbook.ask(wire.metrics.delete_tag, DeleteTag(run_id=logbook.run_id, key=key))


def log_input(
    dataset: LoggableDataset | None = None,
    context: str | None = None,
    tags: Mapping[str, str] | None = None,
    model: Any = None,
) -> None:
    """Note a data set or a model that the active run reads.

    Args:
        dataset: made by `mlflow.data`.
        context: what it is read for, such as `training`.
        tags: tags of this use of the data set.
        model: a logged model, or an object with its `model_id`.
    """
    log_inputs(
        None if dataset is None else [dataset],
        [context],
        [dict(tags or {})],
        None if model is None else [model],
    )


def log_inputs(
    datasets: Sequence[LoggableDataset] | None = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[Mapping[str, str] | None] | None = None,
    models: Sequence[Any] | None = None,
) -> None:
    """Note data sets and models that the active run reads; see `log_input`.

    Args:
        contexts, tags_list: one for each data set.
    """
    given = list(datasets or ())
    uses = list(contexts) if contexts is not None else [None] * len(given)
    marks = list(tags_list) if tags_list is not None else [None] * len(given)
    if given and not len(given) == len(uses) == len(marks):
        raise invalid(
            f"contexts and tags_list need one item for each of the {len(given)} data sets; got "
            f"{len(uses)} and {len(marks)}."
        )
    inputs = []
    for dataset, use, mark in zip(given, uses, marks, strict=False):
        if not hasattr(dataset, "_to_mlflow_entity"):
            raise invalid(
                f"A {type(dataset).__name__} is no data set that can be logged: make one with "
                "mlflow.data, such as mlflow.data.from_pandas(frame)."
            )
        tags = [InputTag(key, str(value)) for key, value in (mark or {}).items()]
        if use:
            tags.append(InputTag(_CONTEXT, use))
        inputs.append(DatasetInput(dataset._to_mlflow_entity(), tags))
    logbook = _logbook(None)
    question = LogInputs(
        run_id=logbook.run_id,
        datasets=inputs,
        models=[LoggedModelInput(model.model_id) for model in models or ()],
    )
    logbook.ask(wire.datasets.log_inputs, question)


def log_outputs(models: Sequence[LoggedModelOutput] | None = None) -> None:
    """Note models that the active run makes, and at which step."""
    logbook = _logbook(None)
    question = LogOutputs(run_id=logbook.run_id, models=list(models or ()))
    logbook.ask(wire.datasets.log_outputs, question)


def flush_async_logging() -> None:
    """Wait until the server has everything that this process logged.

    Raises:
        MlflowException: the server refused a part, or is away.
    """
    transports = {opened.logbook.transport.uri: opened.logbook.transport for opened in _opened()}
    current = transport_for()
    for transport in {current.uri: current, **transports}.values():
        outbox = open_outbox(transport)
        if outbox is not None:
            outbox.flush()


def _opened() -> list[active.OpenRun]:
    return [*active.stack(), *active.all_open()]


def _logbook(run_id: str | None) -> Logbook:
    """Where to log: the active run, which is started if need be, or the run with an id."""
    if run_id is not None:
        return _logbook_of(run_id)
    exits.carry_on()
    opened = active.top()
    if opened is None:
        start_run()
        opened = active.top()
        assert opened is not None
    return opened.logbook


def _logbook_of(run_id: str) -> Logbook:
    opened = active.opened_here(run_id)
    if opened is not None:
        return opened.logbook
    transport = transport_for()
    found = _others.get((transport.uri, run_id))
    if found is None:
        if len(_others) >= _MOST_OTHERS:
            _others.clear()
        found = _others[transport.uri, run_id] = Logbook(run_id, transport)
    return found


def _attribute(points: list[Point], model_id: str | None, dataset: LoggableDataset | None) -> None:
    for point in points:
        point.model_id = model_id
        if dataset is not None:
            point.dataset_name, point.dataset_digest = dataset.name, dataset.digest
