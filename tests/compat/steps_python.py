"""The scenario's calls of `MlflowClient` and of the fluent functions.

Calls that old clients lack are asked for by name, never by version. Values that would differ
between machines (the time of a run) are given, so that orders and filters mean something.
"""

from __future__ import annotations

import inspect
import math
import time
from typing import Any

import mlflow as installed
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from tests.compat.recording import Recording

mlflow: Any = installed  # much is called wrongly on purpose
LONG_AGO = 1_700_000_000_000
NAN, INFINITY = math.nan, math.inf


def next_millisecond() -> None:
    """Wait until the clock shows another millisecond: orders by creation time have no ties."""
    start = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == start:
        pass


def experiments(record: Recording, client: Any) -> None:
    """Create, find, rename, tag, delete, restore and search experiments."""
    step = record.step
    step("experiments: the default one", lambda: client.get_experiment("0"))
    ids: dict[str, Any] = {}
    for name in ("alpha", "beta", "Gamma", "delta é 日本"):
        next_millisecond()
        ids[name] = step(f"experiments: create {name}", client.create_experiment, name)
    next_millisecond()
    ids["tagged"] = step(
        "experiments: create with tags",
        lambda: client.create_experiment(
            "tagged", tags={"team": "vision", "mlflow.note.content": "#"}
        ),
    )
    step("experiments: create twice", lambda: client.create_experiment("alpha"))
    step("experiments: create without a name", lambda: client.create_experiment(""))
    step("experiments: create with None", lambda: client.create_experiment(None))
    next_millisecond()
    step("experiments: name of 500", lambda: bool(client.create_experiment("n" * 500)))
    step("experiments: name of 501", lambda: client.create_experiment("n" * 501))
    step("experiments: get", lambda: client.get_experiment(ids["tagged"]))
    step("experiments: get unknown", lambda: client.get_experiment("987654"))
    step("experiments: get words", lambda: client.get_experiment("not-a-number"))
    step("experiments: get by name", lambda: client.get_experiment_by_name("delta é 日本"))
    step("experiments: get by unknown name", lambda: client.get_experiment_by_name("nobody"))
    step("experiments: set tag", lambda: client.set_experiment_tag(ids["alpha"], "team", "speech"))
    step(
        "experiments: set tag again",
        lambda: client.set_experiment_tag(ids["alpha"], "team", "text"),
    )
    step(
        "experiments: set tag of a number", lambda: client.set_experiment_tag(ids["alpha"], "n", 5)
    )
    step("experiments: tags after setting", lambda: client.get_experiment(ids["alpha"]).tags)
    if hasattr(client, "delete_experiment_tag"):
        step("experiments: delete tag", lambda: client.delete_experiment_tag(ids["alpha"], "n"))
        step(
            "experiments: delete tag twice", lambda: client.delete_experiment_tag(ids["alpha"], "n")
        )
    step("experiments: rename", lambda: client.rename_experiment(ids["beta"], "beta 2"))
    step(
        "experiments: rename to a taken name",
        lambda: client.rename_experiment(ids["beta"], "alpha"),
    )
    step("experiments: renamed", lambda: client.get_experiment(ids["beta"]))
    step("experiments: delete", lambda: client.delete_experiment(ids["beta"]))
    step("experiments: delete twice", lambda: client.delete_experiment(ids["beta"]))
    step("experiments: deleted is found", lambda: client.get_experiment(ids["beta"]))
    step("experiments: deleted by name", lambda: client.get_experiment_by_name("beta 2"))
    step("experiments: create a deleted name", lambda: client.create_experiment("beta 2"))
    step("experiments: rename a deleted one", lambda: client.rename_experiment(ids["beta"], "x"))
    step("experiments: tag a deleted one", lambda: client.set_experiment_tag(ids["beta"], "a", "b"))
    step("experiments: run in a deleted one", lambda: client.create_run(ids["beta"]))
    step("experiments: set a deleted one", lambda: mlflow.set_experiment("beta 2"))

    def names(**kwargs: Any) -> list[str]:
        return [e.name for e in client.search_experiments(**kwargs)]

    step("experiments: search all", lambda: names(view_type=ViewType.ALL))
    step("experiments: search deleted", lambda: names(view_type=ViewType.DELETED_ONLY))
    step("experiments: search", names)
    step("experiments: restore", lambda: client.restore_experiment(ids["beta"]))
    step("experiments: restore twice", lambda: client.restore_experiment(ids["beta"]))
    for question in (
        "name = 'alpha'",
        "name != 'alpha'",
        "name LIKE '%a'",
        "name LIKE 'g%'",
        "name ILIKE 'g%'",
        "attribute.name = 'alpha'",
        "tags.team = 'vision'",
        "tags.team != 'vision'",
        "tag.team ILIKE 'VIS%' AND name = 'tagged'",
        "creation_time > 0",
        "last_update_time < 1000",
        "attributes.name = 'alpha'",
        "name = alpha",
        "lifecycle_stage = 'active'",
        "   ",
        "name >",
    ):
        step(
            f"experiments: search {question!r}",
            names,
            filter_string=question,
            order_by=["name"],
        )
    for order in ("name", "name DESC", "creation_time ASC", "experiment_id DESC", "tags.team", "x"):
        step(f"experiments: order by {order}", names, order_by=[order])
    first = step(
        "experiments: page 1",
        lambda: client.search_experiments(max_results=2, order_by=["name"]),
    )
    token = getattr(first, "token", None)
    step(
        "experiments: page 2",
        lambda: client.search_experiments(max_results=2, order_by=["name"], page_token=token),
    )
    step("experiments: 0 results", lambda: names(max_results=0))
    step("experiments: 50,001 results", lambda: names(max_results=50_001))
    step("experiments: bad token", lambda: names(page_token="rubbish"))


def runs(record: Recording, client: Any) -> None:
    """The life of a run through the client."""
    step = record.step
    home = client.create_experiment("runs")
    made = step(
        "runs: create",
        lambda: client.create_run(home, start_time=LONG_AGO, tags={"a": "b"}, run_name="first"),
    )
    run_id = made.info.run_id
    step(
        "runs: create with a generated name",
        lambda: client.create_run(home, start_time=LONG_AGO + 1),
    )
    step(
        "runs: create with user and name as tags",
        lambda: client.create_run(
            home, LONG_AGO + 2, tags={"mlflow.user": "ada", "mlflow.runName": "by tag"}
        ),
    )
    step(
        "runs: create with two names",
        lambda: client.create_run(home, tags={"mlflow.runName": "one"}, run_name="two"),
    )
    step("runs: create in an unknown experiment", lambda: client.create_run("987654"))
    step("runs: create with time now", lambda: client.create_run(home).info.start_time)
    step("runs: get", lambda: client.get_run(run_id))
    step("runs: get unknown", lambda: client.get_run("f" * 32))
    step("runs: get a strange id", lambda: client.get_run("no such run!"))
    step("runs: update name", lambda: client.update_run(run_id, name="renamed"))
    step("runs: update status", lambda: client.update_run(run_id, status="SCHEDULED"))
    step("runs: updated", lambda: client.get_run(run_id))
    step("runs: set tag runName", lambda: client.set_tag(run_id, "mlflow.runName", "by set_tag"))
    step("runs: renamed by tag", lambda: client.get_run(run_id).info.run_name)
    step("runs: terminate", lambda: client.set_terminated(run_id, "FAILED", LONG_AGO + 5000))
    step("runs: terminated", lambda: client.get_run(run_id).info.status)
    step("runs: terminate with no status", lambda: client.set_terminated(run_id))
    step("runs: terminated again", lambda: client.get_run(run_id))
    step("runs: terminate with a bad status", lambda: client.set_terminated(run_id, "GOOD"))
    step("runs: delete", lambda: client.delete_run(run_id))
    step("runs: delete twice", lambda: client.delete_run(run_id))
    step("runs: deleted is found", lambda: client.get_run(run_id).info.lifecycle_stage)
    step("runs: metric on a deleted one", lambda: client.log_metric(run_id, "m", 1))
    step("runs: param on a deleted one", lambda: client.log_param(run_id, "p", 1))
    step("runs: tag on a deleted one", lambda: client.set_tag(run_id, "t", 1))
    step("runs: update a deleted one", lambda: client.update_run(run_id, name="x"))
    step("runs: restore", lambda: client.restore_run(run_id))
    step("runs: restore twice", lambda: client.restore_run(run_id))
    step("runs: delete unknown", lambda: client.delete_run("f" * 32))
    parent = client.create_run(home, run_name="parent", start_time=LONG_AGO + 10)
    child = client.create_run(
        home, tags={"mlflow.parentRunId": parent.info.run_id}, start_time=LONG_AGO + 11
    )
    if hasattr(client, "get_parent_run"):
        step("runs: parent", lambda: client.get_parent_run(child.info.run_id).info.run_name)
        step("runs: no parent", lambda: client.get_parent_run(parent.info.run_id))
    client.delete_experiment(home)
    step("runs: follow their experiment", lambda: client.get_run(run_id).info.lifecycle_stage)
    step("runs: metric in a deleted experiment", lambda: client.log_metric(run_id, "m", 1))
    client.restore_experiment(home)
    step("runs: come back with it", lambda: client.get_run(run_id).info.lifecycle_stage)


_POINTS: tuple[tuple[Any, Any, Any, Any], ...] = (
    ("m", 1.0, LONG_AGO, 0),
    ("m", 3.0, LONG_AGO + 2, 2),
    ("m", 2.0, LONG_AGO + 1, 1),
    ("m", 3.0, LONG_AGO + 2, 2),
    ("m", 4.0, LONG_AGO + 2, 2),
    ("negative", 1.5, LONG_AGO, -7),
    ("nan", NAN, LONG_AGO, 0),
    ("inf", INFINITY, LONG_AGO, 0),
    ("-inf", -INFINITY, LONG_AGO, 0),
    ("tiny", 5e-324, LONG_AGO, 0),
    ("large", 1.7976931348623157e308, LONG_AGO, 2**53),
    ("int", 7, LONG_AGO, 0),
    ("bool", True, LONG_AGO, 0),
    ("text", "0.5", LONG_AGO, 0),
    ("words", "high", LONG_AGO, 0),
    ("none", None, LONG_AGO, 0),
    ("list", [1], LONG_AGO, 0),
    ("time zero", 1, 0, 0),
    ("time negative", 1, -1, 0),
    ("k" * 251, 1, LONG_AGO, 0),
    ("bad!", 1, LONG_AGO, 0),
    ("", 1, LONG_AGO, 0),
    (None, 1, LONG_AGO, 0),
    ("nested/val loss", 0.25, LONG_AGO, 0),
    ("step as text", 1, LONG_AGO, "3"),
    ("step as float", 1, LONG_AGO, 3.0),
    ("step as half", 1, LONG_AGO, 3.5),
    ("time as float", 1, LONG_AGO + 0.5, 3),
)


def values(record: Recording, client: Any) -> None:
    """Params, metrics and tags: what is stored, what is refused, what comes back."""
    step = record.step
    home = client.create_experiment("values")
    run_id = client.create_run(home, run_name="values", start_time=LONG_AGO).info.run_id

    def back(kind: str) -> Any:
        return getattr(client.get_run(run_id).data, kind)

    for name, value in (
        ("text", "a"),
        ("number", 0.1),
        ("none", None),
        ("empty", ""),
        ("unicode", "naïve 日本 🎉\n\ttab"),
        ("long", "x" * 6000),
        ("too long", "y" * 6001),
        ("k/with.dots - and space", 1),
        ("ключ", "v"),
        ("k" * 250, "v"),
        ("k" * 251, "v"),
        ("../up", "v"),
        ("/rooted", "v"),
        ("a//b", "v"),
        ("bad!", "v"),
        ("", "v"),
        (None, "v"),
        (5, "v"),
    ):
        shown = repr(name if len(str(name)) < 40 else f"{len(str(name))} letters")
        step(f"params: {shown}", client.log_param, run_id, name, value)
        step(f"tags: {shown}", client.set_tag, run_id, name, value)
    step("params: same again", lambda: client.log_param(run_id, "text", "a"))
    step("params: changed", lambda: client.log_param(run_id, "text", "b"))
    step("params: back", lambda: back("params"))
    step("tags: 8,001 letters", lambda: client.set_tag(run_id, "long", "z" * 8001))
    step("tags: again", lambda: client.set_tag(run_id, "text", "b"))
    step("tags: delete", lambda: client.delete_tag(run_id, "number"))
    step("tags: delete twice", lambda: client.delete_tag(run_id, "number"))
    step("tags: back", lambda: back("tags"))

    for n, (name, value, time_, at) in enumerate(_POINTS):
        shown = repr(name if name is None or len(name) < 40 else f"{len(name)} letters")
        step(
            f"metrics: {n}, {shown} = {value} at {time_}, step {at}",
            client.log_metric,
            run_id,
            name,
            value,
            time_,
            at,
        )
    step("metrics: back", lambda: back("metrics"))
    for name in ("m", "nan", "inf", "-inf", "negative", "large", "bool", "nobody"):
        step(f"metrics: history of {name}", client.get_metric_history, run_id, name)
    step("metrics: history of unknown run", lambda: client.get_metric_history("f" * 32, "m"))
    step("metrics: of unknown run", lambda: client.log_metric("f" * 32, "m", 1))


def batches(record: Recording, client: Any) -> None:
    """`log_batch`: what is in one, its limits, and what is left after a refused one."""
    step = record.step
    home = client.create_experiment("batches")
    run_id = client.create_run(home, run_name="batches", start_time=LONG_AGO).info.run_id

    def metrics(count: int, name: str = "m") -> list[Metric]:
        return [Metric(name, i * 0.5, LONG_AGO + i, i) for i in range(count)]

    step(
        "batches: a bit of everything",
        lambda: client.log_batch(
            run_id, metrics(3), [Param("p", "1"), Param("q", "2")], [RunTag("t", "x")]
        ),
    )
    step("batches: nothing", lambda: client.log_batch(run_id))
    step("batches: replayed", lambda: client.log_batch(run_id, metrics(3), [Param("p", "1")]))
    step("batches: history after a replay", lambda: client.get_metric_history(run_id, "m"))
    step("batches: 1,000 metrics", lambda: client.log_batch(run_id, metrics(1000, "many")))
    step("batches: 1,001 metrics", lambda: client.log_batch(run_id, metrics(1001, "more")))
    step("batches: 1,000 back", lambda: len(client.get_metric_history(run_id, "many")))
    step("batches: 1,001 back", lambda: len(client.get_metric_history(run_id, "more")))
    params = [Param(f"p{i}", str(i)) for i in range(101)]
    step("batches: 100 params", lambda: client.log_batch(run_id, params=params[:100]))
    step("batches: 101 params", lambda: client.log_batch(run_id, params=params))
    tags = [RunTag(f"t{i}", str(i)) for i in range(101)]
    step("batches: 100 tags", lambda: client.log_batch(run_id, tags=tags[:100]))
    step("batches: 101 tags", lambda: client.log_batch(run_id, tags=tags))
    step(
        "batches: 901 metrics and 100 params",
        lambda: client.log_batch(run_id, metrics(901, "n"), params[:100]),
    )
    step(
        "batches: a param twice",
        lambda: client.log_batch(run_id, params=[Param("twice", "1"), Param("twice", "1")]),
    )
    step(
        "batches: a param twice, changed",
        lambda: client.log_batch(run_id, params=[Param("thrice", "1"), Param("thrice", "2")]),
    )
    step(
        "batches: a changed param",
        lambda: client.log_batch(
            run_id, metrics(1, "beside"), [Param("p", "9")], [RunTag("b", "1")]
        ),
    )
    step(
        "batches: a tag twice",
        lambda: client.log_batch(run_id, tags=[RunTag("twice", "1"), RunTag("twice", "2")]),
    )
    step("batches: a tag twice, back", lambda: client.get_run(run_id).data.tags.get("twice"))
    step(
        "batches: a bad key",
        lambda: client.log_batch(run_id, [Metric("bad!", 1, LONG_AGO, 0)], [Param("fine", "1")]),
    )
    step("batches: param beside a bad key", lambda: client.get_run(run_id).data.params.get("fine"))
    step(
        "batches: NaN and infinity",
        lambda: client.log_batch(
            run_id,
            [
                Metric(str(v).strip("-"), v, LONG_AGO, i)
                for i, v in enumerate((NAN, INFINITY, -INFINITY))
            ],
        ),
    )
    step(
        "batches: a long param",
        lambda: client.log_batch(run_id, params=[Param("long", "x" * 6001)]),
    )
    step(
        "batches: long param back", lambda: len(client.get_run(run_id).data.params.get("long", ""))
    )
    step("batches: unknown run", lambda: client.log_batch("f" * 32, metrics(1)))
    step(
        "batches: all back",
        lambda: {
            key: value
            for key, value in client.get_run(run_id).data.metrics.items()
            if key not in ("beside",)
        },
    )


def datasets(record: Recording, client: Any) -> None:
    """Inputs of a run."""
    step = record.step
    home = client.create_experiment("datasets")
    run_id = client.create_run(home, run_name="datasets", start_time=LONG_AGO).info.run_id
    other = client.create_run(home, run_name="other", start_time=LONG_AGO + 1).info.run_id
    digits = Dataset("digits", "abc123", "code", '{"tags": {}}', '{"s": 1}', '{"num_rows": 9}')
    step(
        "datasets: log",
        lambda: client.log_inputs(
            run_id, [DatasetInput(digits, [InputTag("mlflow.data.context", "training")])]
        ),
    )
    step(
        "datasets: log the same again with other tags",
        lambda: client.log_inputs(
            run_id, [DatasetInput(digits, [InputTag("mlflow.data.context", "eval")])]
        ),
    )
    step(
        "datasets: two, without tags, schema and profile",
        lambda: client.log_inputs(
            other,
            [
                DatasetInput(digits, []),
                DatasetInput(Dataset("plain", "d1", "local", '{"uri": "/x"}'), []),
            ],
        ),
    )
    step("datasets: back", lambda: client.get_run(run_id).inputs.dataset_inputs)
    step(
        "datasets: back on the other",
        lambda: sorted(
            record.plain(client.get_run(other).inputs.dataset_inputs),
            key=lambda given: str(given["dataset"]["name"]),
        ),
    )
    for question in (
        "dataset.name = 'digits'",
        "datasets.digest = 'd1'",
        "dataset.context = 'training'",
        "dataset.context = 'eval'",
        "dataset.name LIKE 'dig%' AND dataset.context = 'training'",
        "dataset.name IN ('plain', 'other')",
        "dataset.size = 'x'",
    ):
        step(
            f"datasets: search {question!r}",
            lambda: [run.info.run_name for run in client.search_runs([home], question)],  # noqa: B023
        )
    step("datasets: nothing", lambda: client.log_inputs(run_id, []))
    step(
        "datasets: long digest",
        lambda: client.log_inputs(run_id, [DatasetInput(Dataset("n", "d" * 37, "code", "{}"), [])]),
    )
    step(
        "datasets: long name",
        lambda: client.log_inputs(
            run_id, [DatasetInput(Dataset("n" * 501, "d", "code", "{}"), [])]
        ),
    )
    step("datasets: unknown run", lambda: client.log_inputs("f" * 32, [DatasetInput(digits, [])]))


SEARCHES = (
    "",
    "metrics.loss < 0.5",
    "metrics.loss >= 0.5",
    "metric.loss = 0.25",
    "metrics.loss != 0.25",
    "metrics.`val/auc` > 0.5",
    'metrics."val/auc" <= 0.5',
    "metrics.val/auc > 0.5",
    "metrics.loss > -1e-3 and metrics.loss < 1.5",
    "metrics.loss < '0.5'",
    "metrics.loss LIKE '0%'",
    "metrics.nobody != 1",
    "metrics.odd != 1",
    "metrics.odd > 0",
    "params.model = 'net'",
    "params.model != 'net'",
    'params.model = "net"',
    "parameters.model LIKE 'N%'",
    "param.model ILIKE 'N%'",
    "params.model = net",
    "params.depth = 3",
    "params.model IS NULL",
    "params.model IS NOT NULL",
    "params.model IN ('net')",
    "params.`two words` = 'x'",
    "tags.stage = 'done'",
    "tags.stage != 'done'",
    "tag.`mlflow.runName` = 'run 1'",
    "tags.mlflow.runName LIKE '%2'",
    "tags.stage IS NULL",
    "attributes.status = 'FINISHED'",
    "status = 'running'",
    "status != 'RUNNING'",
    "attr.run_name ILIKE 'RUN%'",
    "run.run_name = 'run 3'",
    "run_name LIKE 'run _'",
    "`run name` = 'run 3'",
    "user_id = 'unknown'",
    "artifact_uri LIKE '%artifacts'",
    f"start_time > {LONG_AGO + 2}",
    f"attributes.start_time <= {LONG_AGO + 2}.5",
    f"start_time > '{LONG_AGO}'",
    "end_time > 0",
    "created > 0 AND params.model = 'net' AND metrics.loss < 9",
    "experiment_id = '1'",
    "lifecycle_stage = 'active'",
    "status IN ('FINISHED')",
    "nothing = 'x'",
    "bogus.key = 'x'",
    "1 < metrics.loss",
    "metrics.loss == 1",
    "metrics.loss <> 1",
    "metrics.loss <",
    "metrics.loss < 1 AND",
    "metrics.loss < 1 metrics.loss > 0",
    "metrics.loss < 1; metrics.loss > 0",
    "params.model = 'net",
    "   ",
    "params.quote = 'it''s'",
    "params.model BETWEEN 'a' AND 'z'",
)

ORDERS = (
    ["metrics.loss"],
    ["metrics.loss DESC"],
    ["metrics.odd"],
    ["metrics.odd DESC"],
    ["params.model"],
    ["params.model desc", "metrics.loss ASC"],
    ["tags.stage DESC"],
    ["attributes.start_time ASC"],
    ["start_time DESC"],
    ["run_name"],
    ["attributes.`run name` DESC"],
    ["status", "run_name DESC"],
    ["end_time"],
    ["created ASC"],
    ["metrics.`val/auc` DESC", "start_time ASC"],
    ["nothing"],
    ["metrics.loss UPWARDS"],
    ["dataset.name"],
    [""],
)


def searches(record: Recording, client: Any) -> None:
    """`search_runs` by filter, by order, by page, as a list and as a table."""
    step = record.step
    home = client.create_experiment("searches")
    also = client.create_experiment("searches 2")
    losses = (0.25, 0.5, 0.75, NAN, None, INFINITY)
    for i, loss in enumerate(losses):
        run_id = client.create_run(
            also if i == 4 else home, start_time=LONG_AGO + i, run_name=f"run {i}"
        ).info.run_id
        if loss is not None:
            client.log_batch(run_id, [Metric("odd", loss, LONG_AGO, 0)])
        client.log_batch(
            run_id,
            [Metric("loss", i * 0.25, LONG_AGO, 0), Metric("val/auc", 1 - i / 10, LONG_AGO, 0)]
            if i != 2
            else [],
            [Param("depth", str(i)), Param("two words", "x"), Param("model", "net")]
            if i % 2
            else [Param("model", "Net")]
            if i
            else [],
            [RunTag("stage", "done" if i < 3 else "new")] if i != 1 else [],
        )
        if i in (0, 2, 5):
            client.set_terminated(run_id, "FINISHED" if i else "FAILED", LONG_AGO + 100 - i)
    both = [home, also]

    def names(ids: Any = both, *args: Any, **kwargs: Any) -> list[str]:
        return [run.info.run_name for run in client.search_runs(ids, *args, **kwargs)]

    for question in SEARCHES:
        step(f"searches: {question!r}", names, both, question)
    for order in ORDERS:
        step(f"searches: order by {order}", names, both, order_by=order)
    step("searches: one in full", lambda: client.search_runs(both, "run_name = 'run 0'"))
    step("searches: no experiments", lambda: names([]))
    step("searches: unknown experiment", lambda: names(["987654"]))
    step("searches: words for an experiment", lambda: names(["words"]))
    pages = []
    token = None
    while True:
        page = client.search_runs(both, max_results=4, page_token=token)
        pages.append([run.info.run_name for run in page])
        token = page.token
        if not token or len(pages) > 5:
            break
    step("searches: pages", lambda: pages)
    step("searches: bad token", lambda: names(page_token="%%%"))
    step("searches: 0 results", lambda: names(max_results=0))
    step("searches: 50,001 results", lambda: names(max_results=50_001))
    client.delete_run(client.search_runs(both, "run_name = 'run 3'")[0].info.run_id)
    step("searches: deleted", lambda: names(run_view_type=ViewType.DELETED_ONLY))
    step("searches: all", lambda: names(run_view_type=ViewType.ALL))
    step("searches: active", names)
    step(
        "searches: table",
        lambda: mlflow.search_runs([home], order_by=["start_time"], max_results=4),
    )
    step(
        "searches: empty table",
        lambda: list(mlflow.search_runs([home], "metrics.loss > 1e9").columns),
    )
    step(
        "searches: fluent list by experiment name",
        lambda: [
            run.info.run_name
            for run in mlflow.search_runs(experiment_names=["searches"], output_format="list")
        ],
    )
    step(
        "searches: ids and names",
        lambda: mlflow.search_runs(experiment_ids=[home], experiment_names=["searches"]),
    )
    step("searches: bad format", lambda: mlflow.search_runs([home], output_format="csv"))
    step(
        "searches: all experiments",
        lambda: len(
            mlflow.search_runs(search_all_experiments=True, filter_string="run_name = 'run 0'")
        ),
    )


def fluent(record: Recording, client: Any) -> None:
    """The functions of the `mlflow` module, with a run that is active."""
    step = record.step
    step("fluent: set experiment", lambda: mlflow.set_experiment("fluent"))
    step("fluent: set experiment again", lambda: mlflow.set_experiment("fluent").name)
    step("fluent: set both", lambda: mlflow.set_experiment("fluent", "1"))
    step("fluent: set unknown id", lambda: mlflow.set_experiment(experiment_id="987654"))
    step("fluent: no run", lambda: mlflow.active_run())
    step("fluent: end no run", lambda: mlflow.end_run())
    step("fluent: a tag that is a number", lambda: mlflow.start_run(tags={"a": 1}).info.status)
    mlflow.end_run()
    with mlflow.start_run(run_name="outer", tags={"a": "1"}, description="words") as outer:
        outer_id = outer.info.run_id
        step("fluent: started", lambda: outer)
        step("fluent: active", lambda: mlflow.active_run().info.run_id)
        step("fluent: a second run", lambda: mlflow.start_run())
        step("fluent: log_param", lambda: mlflow.log_param("p", 1.5))
        step("fluent: log_params", lambda: mlflow.log_params({"q": [1, 2], "r": None}))
        step("fluent: changed param", lambda: mlflow.log_param("p", 2.5))
        step("fluent: log_metric", lambda: mlflow.log_metric("m", 1, step=3))
        step("fluent: log_metrics", lambda: mlflow.log_metrics({"m": 2, "n": NAN}, step=4))
        step("fluent: log_metric of words", lambda: mlflow.log_metric("m", "high"))
        step("fluent: log_metric of None", lambda: mlflow.log_metric("m", None))
        step("fluent: log_metric of a list", lambda: mlflow.log_metric("m", [1.0]))
        step("fluent: set_tag", lambda: mlflow.set_tag("t", 1))
        step("fluent: set_tags", lambda: mlflow.set_tags({"u": True, "v": "w"}))
        step("fluent: delete_tag", lambda: mlflow.delete_tag("u"))
        step("fluent: delete_tag unknown", lambda: mlflow.delete_tag("nobody"))
        step("fluent: artifact uri", lambda: mlflow.get_artifact_uri("a/b"))
        if "synchronous" in inspect.signature(mlflow.log_metric).parameters:
            step(
                "fluent: queued metrics",
                lambda: [
                    mlflow.log_metric("queued", i, step=i, synchronous=False) for i in range(3)
                ][-1].wait(),
            )
        try:
            with mlflow.start_run(run_name="inner", nested=True) as inner:
                inner_id = inner.info.run_id
                mlflow.log_metric("m", 5)
                raise KeyError("a mistake of the training")
        except KeyError:
            pass
        step("fluent: back to the outer", lambda: mlflow.active_run().info.run_name)
        step("fluent: set experiment inside", lambda: mlflow.set_experiment("fluent 2").name)
        mlflow.set_experiment("fluent")
    step("fluent: inner", lambda: mlflow.get_run(inner_id))
    step("fluent: outer", lambda: mlflow.get_run(outer_id))
    if hasattr(mlflow, "get_parent_run"):
        step("fluent: parent", lambda: mlflow.get_parent_run(inner_id).info.run_id)
    step("fluent: last", lambda: mlflow.last_active_run().info.run_id)
    step("fluent: history", lambda: len(client.get_metric_history(outer_id, "queued")))
    with mlflow.start_run(outer_id, tags={"resumed": "yes"}):
        step("fluent: resumed", lambda: mlflow.active_run().info.status)
        mlflow.log_metric("m", 9, step=9)
    step("fluent: after resuming", lambda: mlflow.get_run(outer_id))
    step("fluent: start unknown", lambda: mlflow.start_run("f" * 32))
    mlflow.end_run()
    step(
        "fluent: description twice",
        lambda: mlflow.start_run(description="a", tags={"mlflow.note.content": "b"}),
    )
    mlflow.end_run()
    killed = mlflow.start_run(run_name="killed")
    mlflow.end_run("KILLED")
    step("fluent: killed", lambda: mlflow.get_run(killed.info.run_id).info.status)
    mlflow.delete_run(killed.info.run_id)
    step("fluent: resume a deleted run", lambda: mlflow.start_run(killed.info.run_id))
    mlflow.end_run()
    step(
        "fluent: params of 101",
        lambda: _counted(client, lambda: mlflow.log_params({f"p{i}": i for i in range(101)})),
    )
    step(
        "fluent: set experiment tags",
        lambda: [
            mlflow.set_experiment_tags({"x": 1, "y": "z"}),
            mlflow.get_experiment_by_name("fluent"),
        ],
    )
    step("fluent: search", lambda: sorted(mlflow.search_runs().columns))
    step("fluent: dataset", lambda: _dataset(client))


def _counted(client: Any, log: Any) -> int:
    with mlflow.start_run() as run:
        log()
    return len(client.get_run(run.info.run_id).data.params)


def _dataset(client: Any) -> Any:
    import pandas

    table = pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, None], "c": ["x", "y", "z"]})
    dataset = mlflow.data.from_pandas(
        table, source="https://example.org/t.csv", name="t", targets="c"
    )
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training")
    return client.get_run(run.info.run_id).inputs.dataset_inputs
