"""`mlflow runs`: find and describe runs, record finished ones, empty and fill the bin."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import click

from mlflow._clock import now_ms
from mlflow.cli import options
from mlflow.cli.experiments import one, tags_of
from mlflow.cli.tables import (
    Column,
    counted,
    moment,
    number,
    plain,
    print_json,
    show,
    span,
    spelled,
)
from mlflow.client import MlflowClient
from mlflow.entities import Experiment, Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.fluent.context import context_tags
from mlflow.search.fields import RUNS
from mlflow.search.order import parse_order
from mlflow.search.parse import parse_filter
from mlflow.search.tree import Field, comparisons
from mlflow.store import lost as lost_runs

_PAGE = 1000
_MOST_METRICS = 6  # columns of metrics that nobody asked for
_BY_ID = click.option("--run-id", required=True, metavar="ID")
_PARENT, _NOTE = "mlflow.parentRunId", "mlflow.note.content"
_HINT = "--columns"


class Wanted(NamedTuple):
    """A column of a run: `attribute`, `metrics`, `params` or `tags`, and the key."""

    kind: str
    key: str

    @property
    def name(self) -> str:
        """The column as it is written."""
        return self.key if self.kind == "attribute" else f"{self.kind}.{self.key}"


_ATTRIBUTES = {
    "artifact_uri": Column("Artifact URI"),
    "duration": Column("Duration", right=True),
    "end_time": Column("Ended"),
    "experiment_id": Column("Experiment Id", whole=True),
    "lifecycle_stage": Column("Lifecycle Stage"),
    "run_id": Column("Run ID", whole=True),
    "run_name": Column("Name"),
    "start_time": Column("Started"),
    "status": Column("Status"),
    "user_id": Column("User"),
}
_ALWAYS = (Wanted("attribute", "run_id"), Wanted("attribute", "run_name"))
_USUAL = (
    *_ALWAYS,
    Wanted("attribute", "status"),
    Wanted("attribute", "start_time"),
    Wanted("attribute", "duration"),
)


@click.group(
    epilog="""
\b
Examples:
    mlflow runs list --experiment-id 1
    mlflow runs search -n digits --filter "metrics.loss < 0.3" --order-by "metrics.loss ASC"
    mlflow runs describe --run-id 2f1c...
"""
)
def runs() -> None:
    """Find, create and change runs."""


@runs.command("list", epilog="Example:  mlflow runs list --experiment-id 1 --view all")
@click.option("-x", "--experiment-id", required=True, metavar="ID")
@options.view
@options.tracking_uri
@options.as_json
def list_(experiment_id: str, view: ViewType, tracking_uri: str | None, as_json: bool) -> None:
    """List the runs of an experiment, newest first."""
    client = options.client(tracking_uri)
    client.get_experiment(experiment_id)
    found = _found(client, [experiment_id], view=view, columns=None if as_json else ())
    if as_json:
        print_json([_dictionary(run) for run in found])
        return
    columns = (Column("Date"), Column("Name"), Column("ID", whole=True))
    show(
        columns,
        [(moment(run.info.start_time), run.info.run_name, run.info.run_id) for run in found],
    )


@runs.command(
    epilog="""
\b
Examples:
    mlflow runs search -n digits --order-by "metrics.accuracy DESC" --max-results 10
    mlflow runs search -x 1 -x 2 --filter "params.model = 'tree' AND min(metrics.loss) < 0.3"
    mlflow runs search --columns metrics.loss,params.rate --json

Without --columns a table shows what the filter and the order are about, else some metrics.
"""
)
@click.option("-x", "--experiment-id", "experiment_ids", multiple=True, metavar="ID")
@click.option("-n", "--experiment-name", "experiment_names", multiple=True, metavar="NAME")
@click.option("-f", "--filter", "filter_string", default="", metavar="TEXT")
@click.option("-o", "--order-by", multiple=True, metavar="KEY", help="May be repeated.")
@click.option(
    "-c",
    "--columns",
    "column_lists",
    multiple=True,
    metavar="LIST",
    help="metrics.NAME, params.NAME, tags.NAME or an attribute such as status; comma separated.",
)
@click.option(
    "--max-results", type=click.IntRange(min=1), default=100, show_default=True, metavar="N"
)
@options.view
@options.tracking_uri
@options.as_json
def search(
    experiment_ids: tuple[str, ...],
    experiment_names: tuple[str, ...],
    filter_string: str,
    order_by: tuple[str, ...],
    column_lists: tuple[str, ...],
    max_results: int,
    view: ViewType,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Search runs, in all active experiments unless some are named."""
    asked = [_wanted(name) for text in column_lists for name in _split(text)]
    client = options.client(tracking_uri)
    numbers = [
        *experiment_ids,
        *(one(client, None, name).experiment_id for name in experiment_names),
    ] or [found.experiment_id for found in _all_experiments(client)]
    found = _found(
        client,
        numbers,
        filter_string=filter_string,
        order_by=order_by,
        view=view,
        columns=[each.name for each in asked if each.kind != "attribute"] if asked else None,
        limit=max_results,
    )
    if as_json:
        show_only = frozenset(asked)
        print_json([_dictionary(run, show_only) for run in found])
        return
    if asked:
        wanted = list(dict.fromkeys([*_ALWAYS, *asked]))
    else:
        wanted = [*_USUAL, *(_mentioned(filter_string, order_by) or _some_metrics(found))]
    rows = [[_value(run, column) for column in wanted] for run in found]
    show([_heading(column) for column in wanted], rows)


@runs.command(epilog="Example:  mlflow runs describe --run-id 2f1c...")
@_BY_ID
@options.tracking_uri
@options.as_json
def describe(run_id: str, tracking_uri: str | None, as_json: bool) -> None:
    """Print all that is known about a run as JSON, with --json or without."""
    run = options.client(tracking_uri).get_run(run_id)
    click.echo(json.dumps(spelled(_dictionary(run)), indent=4, ensure_ascii=False))


@runs.command(
    epilog="""
\b
Examples:
    mlflow runs create --experiment-id 1 --run-name baseline -t env=prod
    mlflow runs create --experiment-name digits --status failed
"""
)
@click.option("-x", "--experiment-id", metavar="ID")
@click.option("-n", "--experiment-name", metavar="NAME", help="Created when there is none.")
@click.option("--run-name", metavar="NAME")
@click.option("--description", metavar="TEXT")
@click.option("-t", "--tags", multiple=True, metavar="KEY=VALUE", help="May be repeated.")
@click.option(
    "--status",
    type=click.Choice(["FINISHED", "FAILED", "KILLED"], case_sensitive=False),
    default="FINISHED",
    show_default=True,
)
@click.option("--parent-run-id", metavar="ID", help="The run that the new one is nested in.")
@options.tracking_uri
@options.as_json
def create(
    experiment_id: str | None,
    experiment_name: str | None,
    run_name: str | None,
    description: str | None,
    tags: tuple[str, ...],
    status: str,
    parent_run_id: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Record a run that has ended; prints it as JSON, with --json or without."""
    if (experiment_id is None) == (experiment_name is None):
        raise click.UsageError("Give either --experiment-id or --experiment-name.")
    given = tags_of(tags)
    client = options.client(tracking_uri)
    if parent_run_id is not None:
        client.get_run(parent_run_id)
        given[_PARENT] = parent_run_id
    if description is not None:
        given[_NOTE] = description
    if experiment_id is None:
        experiment_id = _experiment_named(client, experiment_name or "")
    run = client.create_run(experiment_id, tags=context_tags() | given, run_name=run_name)
    client.set_terminated(run.info.run_id, status.upper())
    print_json(
        {
            "run_id": run.info.run_id,
            "experiment_id": run.info.experiment_id,
            "status": status.upper(),
            "run_name": run.info.run_name,
        }
    )


@runs.command(epilog="Example:  mlflow runs delete --run-id 2f1c...")
@_BY_ID
@options.tracking_uri
@options.as_json
def delete(run_id: str, tracking_uri: str | None, as_json: bool) -> None:
    """Move a run to the bin."""
    client = options.client(tracking_uri)
    client.delete_run(run_id)
    _say(client, run_id, f"Run with ID {run_id} has been deleted.", as_json)


@runs.command(epilog="Example:  mlflow runs restore --run-id 2f1c...")
@_BY_ID
@options.tracking_uri
@options.as_json
def restore(run_id: str, tracking_uri: str | None, as_json: bool) -> None:
    """Take a run out of the bin."""
    client = options.client(tracking_uri)
    client.restore_run(run_id)
    _say(client, run_id, f"Run with id {run_id} has been restored.", as_json)


@runs.command(
    epilog="""
\b
Examples:
    mlflow runs lost                                 runs that nobody heard of for 30 minutes
    mlflow runs lost --older-than 1d --fail
    mlflow runs lost --backend-store-uri postgresql://mlflow@db.example.org/mlflow --json
"""
)
@click.option("--older-than", type=options.Span(), default="30m", show_default=True, metavar="SPAN")
@click.option("--fail", is_flag=True, help="Set them FAILED, ended when they were last heard of.")
@options.backend_store_uri
@options.as_json
def lost(older_than: int, fail: bool, backend_store_uri: str | None, as_json: bool) -> None:
    """List runs that are said to be running, but whose process has fallen silent.

    A process that logs is heard of every half a minute, also when there is nothing to log. This
    works on the database itself, not through a server.
    """
    now = now_ms()
    store = options.open_backend(options.backend(backend_store_uri))
    try:
        found = lost_runs.find(store.database, now - older_than)
        if fail:
            found = lost_runs.fail(store.database, found, now - older_than)
    finally:
        store.close()
    if as_json:
        print_json([{**run._asdict(), "failed": fail} for run in found])
        return
    columns = (
        Column("Run ID", whole=True),
        Column("Experiment Id", right=True, whole=True),
        Column("Name"),
        Column("Started"),
        Column("Silent for", right=True),
    )
    rows = [
        (run.run_id, run.experiment_id, run.name, moment(run.start_time), span(now - run.heard))
        for run in found
    ]
    if not found:
        click.echo("No run is lost.")
        return
    show(columns, rows)
    click.echo(f"{counted(len(found), 'run')} set FAILED." if fail else "Set them FAILED: --fail")


# -- finding -----------------------------------------------------------------


def _found(
    client: MlflowClient,
    experiment_ids: Sequence[str],
    *,
    filter_string: str = "",
    order_by: Sequence[str] = (),
    view: ViewType = ViewType.ACTIVE_ONLY,
    columns: Sequence[str] | None = None,
    limit: int | None = None,
) -> list[Run]:
    found: list[Run] = []
    token = None
    while limit is None or len(found) < limit:
        page = client.search_runs(
            experiment_ids,
            filter_string,
            view,
            _PAGE if limit is None else min(_PAGE, limit - len(found)),
            order_by,
            token,
            columns,
        )
        found += page
        token = page.token
        if not token:
            break
    return found


def _all_experiments(client: MlflowClient) -> Iterable[Experiment]:
    token = None
    while True:
        page = client.search_experiments(page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _experiment_named(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return found.experiment_id if found else client.create_experiment(name)


# -- columns -----------------------------------------------------------------


def _split(text: str) -> list[str]:
    """The parts of a comma separated list; commas between quotes separate nothing."""
    parts = re.findall(r"""((?:[^,`"]|`[^`]*`|"[^"]*")+)""", text)
    return [part.strip() for part in parts if part.strip()]


def _wanted(text: str) -> Wanted:
    word, dot, key = text.partition(".")
    if not dot:
        word, key = "attribute", text
    group = RUNS.group(word)
    if len(key) > 1 and key[0] == key[-1] and key[0] in '`"':
        key = key[1:-1]
    if group is None or group.entity == "dataset" or not key:
        raise click.BadParameter(
            f"{text!r} is no column; write metrics.NAME, params.NAME, tags.NAME or an attribute.",
            param_hint=_HINT,
        )
    if group.entity != "attribute":
        return Wanted(f"{group.entity}s", key)
    attribute = group.attribute(key)
    if attribute is None:
        allowed = ", ".join(_ATTRIBUTES)
        raise click.BadParameter(
            f"{key!r} is no attribute of runs; there are {allowed}.", param_hint=_HINT
        )
    return Wanted("attribute", attribute.name)


def _mentioned(filter_string: str, order_by: Sequence[str]) -> list[Wanted]:
    """The columns that a search is about, the keys of its order first."""
    try:
        fields: list[Field] = [order.field for order in parse_order(order_by, RUNS)]
        fields += [each.field for each in comparisons(parse_filter(filter_string, RUNS))]
    except MlflowException:  # an official server may know more than we do
        return []
    columns = [
        Wanted("attribute" if field.entity == "attribute" else f"{field.entity}s", field.key)
        for field in fields
        if field.entity != "dataset"
    ]
    return [column for column in dict.fromkeys(columns) if column not in _USUAL]


def _some_metrics(found: Iterable[Run]) -> list[Wanted]:
    names = sorted({name for run in found for name in run.data.metrics})
    mine = [name for name in names if not name.startswith("system/")]
    return [Wanted("metrics", name) for name in mine[:_MOST_METRICS]]


def _heading(column: Wanted) -> Column:
    if column.kind == "attribute":
        return _ATTRIBUTES[column.key]
    return Column(column.name, right=column.kind == "metrics")


def _value(run: Run, column: Wanted) -> object:
    info = run.info
    if column.kind == "metrics":
        return number(run.data.metrics.get(column.key))
    if column.kind != "attribute":
        return getattr(run.data, column.kind).get(column.key)
    if column.key == "duration":
        ended = info.end_time is not None and info.start_time is not None
        return span((info.end_time or 0) - (info.start_time or 0)) if ended else ""
    value = getattr(info, column.key)
    return moment(value) if column.key in ("start_time", "end_time") else value


# -- saying ------------------------------------------------------------------


def _dictionary(run: Run, only: frozenset[Wanted] = frozenset()) -> dict[str, object]:
    """A run by name; of its data only some columns when there are any in `only`."""
    fields = run.to_dictionary()
    fields["info"] = dict(sorted(fields["info"].items()))
    if only:
        fields["data"] = {
            kind: {key: value for key, value in data.items() if Wanted(kind, key) in only}
            for kind, data in fields["data"].items()
        }
    return fields


def _say(client: MlflowClient, run_id: str, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(_dictionary(client.get_run(run_id)))
    else:
        click.echo(plain(sentence))
