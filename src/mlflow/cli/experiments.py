"""`mlflow experiments`: create, find and change experiments, and write their runs as CSV."""

import csv as comma_separated
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from copy import copy
from datetime import datetime, timedelta, timezone
from typing import TextIO

import click

from mlflow.cli import options
from mlflow.cli.tables import Column, moment, plain, print_json, show
from mlflow.client import MlflowClient
from mlflow.entities import Experiment, Run, ViewType
from mlflow.exceptions import missing

_PAGE = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_BY_ID = click.option("-x", "--experiment-id", required=True, metavar="ID")
_COLUMNS = (
    Column("Experiment Id", whole=True),
    Column("Name"),
    Column("Artifact Location"),
)
_INFO = ("run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time")


@click.group(
    epilog="""
\b
Examples:
    mlflow experiments create -n digits
    mlflow experiments search --filter "name LIKE 'team/%'"
    mlflow experiments csv -x 1 -o runs.csv
"""
)
def experiments() -> None:
    """Create, find and change experiments."""


@experiments.command(epilog="Example:  mlflow experiments create -n digits -t stage=draft")
@click.option("-n", "--experiment-name", required=True, metavar="NAME")
@click.option(
    "-l",
    "--artifact-location",
    metavar="URI",
    help="Where its runs keep artifacts; the server chooses by default.",
)
@click.option("-t", "--tags", multiple=True, metavar="KEY=VALUE", help="May be repeated.")
@options.tracking_uri
@options.as_json
def create(
    experiment_name: str,
    artifact_location: str | None,
    tags: tuple[str, ...],
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Create an experiment."""
    client = options.client(tracking_uri)
    number = client.create_experiment(experiment_name, artifact_location, tags_of(tags))
    if as_json:
        print_json(_dictionary(client.get_experiment(number)))
    else:
        click.echo(f"Created experiment '{plain(experiment_name)}' with id {number}")


@experiments.command(
    epilog="""
\b
Examples:
    mlflow experiments search --view all
    mlflow experiments search --filter "tags.stage = 'final'" --order-by "name ASC" --json
"""
)
@options.view
@click.option("--max-results", type=click.IntRange(min=1), metavar="N", help="All by default.")
@click.option("--filter", "filter_string", metavar="TEXT", help="Such as: name LIKE 'team/%'")
@click.option("--order-by", multiple=True, metavar="KEY", help="Such as: name DESC; repeatable.")
@options.tracking_uri
@options.as_json
def search(
    view: ViewType,
    max_results: int | None,
    filter_string: str | None,
    order_by: tuple[str, ...],
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """List experiments; without --order-by in the order of their ids."""
    client = options.client(tracking_uri)
    found = _found(client, view, filter_string, order_by or ("experiment_id ASC",), max_results)
    if as_json:
        print_json([_dictionary(each) for each in found])
    else:
        show(_COLUMNS, [(each.experiment_id, each.name, each.artifact_location) for each in found])


_list = copy(search)
_list.short_help = "The same as search."
experiments.add_command(_list, "list")


@experiments.command(
    epilog="""
\b
Examples:
    mlflow experiments get -x 1
    mlflow experiments get -n digits --output json
"""
)
@click.option("-x", "--experiment-id", metavar="ID")
@click.option("-n", "--experiment-name", metavar="NAME")
@click.option("--output", type=click.Choice(["json", "table"]), default="table", show_default=True)
@options.tracking_uri
@options.as_json
def get(
    experiment_id: str | None,
    experiment_name: str | None,
    output: str,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Show one experiment."""
    if (experiment_id is None) == (experiment_name is None):
        raise click.UsageError("Give either --experiment-id or --experiment-name.")
    found = one(options.client(tracking_uri), experiment_id, experiment_name)
    if as_json or output == "json":
        print_json(_dictionary(found))
        return
    lines = {
        "Experiment ID": found.experiment_id,
        "Name": found.name,
        "Artifact Location": found.artifact_location,
        "Lifecycle Stage": found.lifecycle_stage,
        "Creation Time": moment(found.creation_time),
        "Last Update Time": moment(found.last_update_time),
        "Tags": ", ".join(f"{key}={value}" for key, value in sorted(found.tags.items())),
    }
    for name, value in lines.items():
        click.echo(f"{name:<19}: {plain(value)}".rstrip())


@experiments.command(epilog="Example:  mlflow experiments delete -x 1")
@_BY_ID
@options.tracking_uri
@options.as_json
def delete(experiment_id: str, tracking_uri: str | None, as_json: bool) -> None:
    """Move an experiment and its runs to the bin."""
    client = options.client(tracking_uri)
    client.delete_experiment(experiment_id)
    _say(client, experiment_id, f"Experiment with ID {experiment_id} has been deleted.", as_json)


@experiments.command(epilog="Example:  mlflow experiments restore -x 1")
@_BY_ID
@options.tracking_uri
@options.as_json
def restore(experiment_id: str, tracking_uri: str | None, as_json: bool) -> None:
    """Take an experiment and its runs out of the bin."""
    client = options.client(tracking_uri)
    client.restore_experiment(experiment_id)
    _say(client, experiment_id, f"Experiment with id {experiment_id} has been restored.", as_json)


@experiments.command(epilog="Example:  mlflow experiments rename -x 1 --new-name digits-2")
@_BY_ID
@click.option("--new-name", required=True, metavar="NAME")
@options.tracking_uri
@options.as_json
def rename(experiment_id: str, new_name: str, tracking_uri: str | None, as_json: bool) -> None:
    """Give an active experiment another name."""
    client = options.client(tracking_uri)
    client.rename_experiment(experiment_id, new_name)
    sentence = f"Experiment with id {experiment_id} has been renamed to '{plain(new_name)}'."
    _say(client, experiment_id, sentence, as_json)


@experiments.command(epilog="Example:  mlflow experiments csv -x 1 -o runs.csv")
@_BY_ID
@click.option("-o", "--filename", metavar="FILE", help="Standard output by default.")
@options.tracking_uri
def csv(experiment_id: str, filename: str | None, tracking_uri: str | None) -> None:
    """Write all active runs of an experiment as CSV."""
    client = options.client(tracking_uri)
    client.get_experiment(experiment_id)
    runs = list(_counting(_runs(client, experiment_id)))
    with ExitStack() as stack:
        output: TextIO = sys.stdout
        if filename:
            try:
                output = stack.enter_context(open(filename, "w", encoding="utf-8", newline=""))
            except OSError as error:
                raise click.ClickException(f"{filename} cannot be written: {error}.") from None
        _write(runs, output)
    if filename:
        click.echo(f"Experiment with ID {experiment_id} has been exported as a CSV to {filename}.")


def one(client: MlflowClient, experiment_id: str | None, name: str | None) -> Experiment:
    """The experiment with an id, else that with a name; MlflowException when there is none."""
    if experiment_id is not None:
        return client.get_experiment(experiment_id)
    found = client.get_experiment_by_name(name or "")
    if found is None:
        raise missing(f"Could not find experiment with name {name!r}.")
    return found


def tags_of(pairs: Iterable[str]) -> dict[str, object]:
    """Tags from `key=value` texts; UsageError for what is none."""
    tags: dict[str, object] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{pair!r} is no key=value pair.", param_hint="--tags")
        if key in tags:
            raise click.BadParameter(f"the key {key!r} is given twice.", param_hint="--tags")
        tags[key] = value
    return tags


def _found(
    client: MlflowClient,
    view: ViewType,
    filter_string: str | None,
    order_by: tuple[str, ...],
    limit: int | None,
) -> list[Experiment]:
    found: list[Experiment] = []
    token = None
    while limit is None or len(found) < limit:
        page = client.search_experiments(
            view_type=view,
            max_results=_PAGE if limit is None else min(_PAGE, limit - len(found)),
            filter_string=filter_string,
            order_by=order_by,
            page_token=token,
        )
        found += page
        token = page.token
        if not token:
            break
    return found


def _dictionary(experiment: Experiment) -> dict[str, object]:
    return dict(sorted(dict(experiment).items()))


def _say(client: MlflowClient, experiment_id: str, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(_dictionary(client.get_experiment(experiment_id)))
    else:
        click.echo(sentence)


# -- CSV ---------------------------------------------------------------------


def _runs(client: MlflowClient, experiment_id: str) -> Iterator[Run]:
    token = None
    while True:
        page = client.search_runs([experiment_id], max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _counting(runs: Iterator[Run]) -> Iterator[Run]:
    """The runs; a terminal sees how many there are already."""
    counts = sys.stderr.isatty()
    number = 0
    for number, run in enumerate(runs, start=1):
        if counts and number % _PAGE == 0:
            click.echo(f"\r{number:,} runs read", nl=False, err=True)
        yield run
    if counts and number >= _PAGE:
        click.echo("\r\033[K", nl=False, err=True)


def _write(runs: list[Run], output: TextIO) -> None:
    columns: dict[str, list[str]] = {}
    for kind in ("metrics", "params", "tags"):  # in the order of their first appearance
        kinds = dict.fromkeys(name for run in runs for name in getattr(run.data, kind))
        columns[kind] = list(kinds)
    writer = comma_separated.writer(output, lineterminator="\n")
    writer.writerow([*_INFO, *(f"{kind}.{name}" for kind in columns for name in columns[kind])])
    for run in runs:
        info = run.info
        start, end = _stamp(info.start_time), _stamp(info.end_time)
        row: list[object] = [
            info.run_id,
            info.experiment_id,
            info.status,
            info.artifact_uri,
            start,
            end,
        ]
        for kind, names in columns.items():
            values = getattr(run.data, kind)
            row += [_cell(values.get(name)) for name in names]
        writer.writerow(row)


def _stamp(milliseconds: int | None) -> str:
    """A time as pandas writes it into CSV, always with milliseconds; nothing for None."""
    if milliseconds is None:
        return ""
    try:
        time = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return str(milliseconds)
    return time.isoformat(" ", "milliseconds")


def _cell(value: object) -> object:
    return "" if value is None or value != value else value  # NaN: a gap, as pandas writes it
