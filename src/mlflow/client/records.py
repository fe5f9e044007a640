"""What an outbox carries: points, params, tags and other questions about a run.

Records are kept as MessagePack. Adding a kind is safe; the tags of the existing ones stay.
"""

import msgspec

from mlflow.entities.metrics import Param, RunTag
from mlflow.wire import ENDPOINTS, AnyEndpoint, Question
from mlflow.wire.metrics import LogBatch, Point

#: limits of one request; the last is a rough number of characters
MAX_METRICS = 1000
MAX_PARAMS = 100
MAX_TAGS = 100
MAX_ITEMS = 1000
MAX_TEXT = 800_000


class Metrics(msgspec.Struct, array_like=True, tag="m", gc=False):
    """Points of metrics."""

    points: list[Point]


class Params(msgspec.Struct, array_like=True, tag="p", gc=False):
    """Params of the run."""

    params: list[Param]


class Tags(msgspec.Struct, array_like=True, tag="t", gc=False):
    """Tags of the run."""

    tags: list[RunTag]


class Ask(msgspec.Struct, array_like=True, tag="a", gc=False):
    """Any other question about the run, for the endpoint at `route`.

    `experiment` is the name of the experiment that a run is created in, when its id could not be
    asked for because the server was away.
    """

    route: str
    body: bytes
    experiment: str | None = None


Record = Metrics | Params | Tags | Ask

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Record)
_BY_ROUTE: dict[str, AnyEndpoint] = {endpoint.route: endpoint for endpoint in ENDPOINTS}

encode = _encoder.encode


def decode(payload: bytes) -> Record:
    """The record in a payload.

    Raises:
        msgspec.MsgspecError: it is of a kind that this version does not know.
    """
    record: Record = _decoder.decode(payload)
    return record


def ask(endpoint: AnyEndpoint, question: Question, experiment: str | None = None) -> Ask:
    """The record of a question."""
    return Ask(endpoint.route, _encoder.encode(question), experiment)


def asked(record: Ask) -> tuple[AnyEndpoint, Question]:
    """The endpoint and the question of a record.

    Raises:
        KeyError: this version does not know the endpoint.
    """
    endpoint = _BY_ROUTE[record.route]
    question: Question = msgspec.msgpack.decode(record.body, type=endpoint.question)
    return endpoint, question


def values_in(record: Record) -> int:
    """The number of points, params and tags in a record; a question counts as one."""
    if isinstance(record, Metrics):
        return len(record.points)
    if isinstance(record, Params):
        return len(record.params)
    if isinstance(record, Tags):
        return len(record.tags)
    return 1


def gather(run_id: str, records: "list[Record]") -> tuple[LogBatch | Ask, int]:
    """The next request: what of the first records goes together, and how many records that is.

    A batch has the last value of each tag, as if the values had been set one after the other. A
    param that is there with another value begins a new batch: the server has to refuse it.
    """
    first = records[0]
    if isinstance(first, Ask):
        return first, 1
    points: list[Point] = []
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    text = taken = 0
    for record in records:
        if isinstance(record, Ask):
            break
        size = values_in(record)
        if taken and len(points) + len(params) + len(tags) + size > MAX_ITEMS:
            break
        if isinstance(record, Metrics):
            points += record.points
        elif isinstance(record, Params):
            if taken and (len(params) + size > MAX_PARAMS or text > MAX_TEXT):
                break
            if any(params.get(param.key, param.value) != param.value for param in record.params):
                break
            params.update((param.key, param.value) for param in record.params)
            text += sum(len(param.value) for param in record.params)
        else:
            if taken and (len(tags) + size > MAX_TAGS or text > MAX_TEXT):
                break
            tags.update((tag.key, tag.value) for tag in record.tags)
            text += sum(len(tag.value) for tag in record.tags)
        taken += 1
    batch = LogBatch(
        run_id=run_id,
        metrics=points,
        params=[Param(key, value) for key, value in params.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    return batch, taken
