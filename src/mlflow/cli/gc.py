"""`mlflow gc`: empty the bin."""

import sys
from pathlib import Path

import click

from mlflow import environment_variables as env
from mlflow._clock import now_ms
from mlflow.blobs.roots import default_folder
from mlflow.blobs.schemes import local_folder, scheme_of
from mlflow.cli import options
from mlflow.cli.tables import Column, counted, plain, print_json, show, size
from mlflow.service.gc import Choice, Collector, Report
from mlflow.store import uri as store_uri


class _Age(options.Span):
    """A length of time, and how it was written."""

    def convert(  # type: ignore[override]
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, str]:
        if isinstance(value, tuple):
            return value
        return super().convert(value, param, ctx), str(value)


@click.command(
    epilog="""
\b
Examples:
    mlflow gc --dry-run                          what would go
    mlflow gc --older-than 30d                   what was deleted more than 30 days ago
    mlflow gc --run-ids 2f1c...,77ab...
    mlflow gc --experiment-ids 3 --backend-store-uri postgresql://mlflow@db.example.org/mlflow
"""
)
@click.option(
    "--older-than",
    type=_Age(),
    metavar="SPAN",
    help="Only what was deleted longer ago than this, such as 30d or 1d2h3m4s.",
)
@click.option("--run-ids", metavar="LIST", help="Only these runs, comma separated.")
@click.option(
    "--experiment-ids", metavar="LIST", help="Only these experiments with all their runs."
)
@options.backend_store_uri
@click.option(
    "--artifacts-destination",
    envvar=env.MLFLOW_ARTIFACTS_DESTINATION.name,
    show_envvar=True,
    metavar="URI",
    help="The folder in which the server of this store keeps artifacts.",
)
@click.option(
    "--tracking-uri",
    metavar="URI",
    help="Used when no backend store is given and this is a database or folder.",
)
@click.option("--dry-run", is_flag=True, help="Remove nothing, only report.")
@options.as_json
def gc(
    older_than: tuple[int, str] | None,
    run_ids: str | None,
    experiment_ids: str | None,
    backend_store_uri: str | None,
    artifacts_destination: str | None,
    tracking_uri: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove deleted runs and experiments for good, with what they logged.

    Without --run-ids and --experiment-ids all that is in the bin goes; with either, only what is
    named. What is active is never removed. The default experiment goes only when it is named.

    Artifacts go when they are kept in the folder of an embedded store, or in a folder that is
    given by --artifacts-destination; what is kept elsewhere stays, and is reported.
    """
    address = options.backend(backend_store_uri, tracking_uri)
    root = _root(address, artifacts_destination)
    choice = Choice(now_ms() - (older_than or (0, ""))[0], _ids(run_ids), _ids(experiment_ids))
    store = options.open_backend(address)
    try:
        collector = Collector(store, choice, root, (older_than or (0, ""))[1])
        if dry_run:
            report = collector.survey()
        else:
            with _Voice(as_json) as voice:
                report = collector.collect(voice.say)
    finally:
        store.close()
    if as_json:
        print_json(_dictionary(report, dry_run))
    else:
        _show(report, dry_run)


def _ids(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    ids = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not ids:  # an empty variable in a script must not empty the whole bin
        raise click.UsageError("An empty list of ids was given.")
    return ids


def _root(address: str, destination: str | None) -> Path | None:
    """The folder on this machine that relative artifact locations begin at."""
    if destination:
        return local_folder(destination) if scheme_of(destination) == "file" else None
    folder = store_uri.parse(address).folder
    return None if folder is None else default_folder(folder)


class _Voice:
    """Says what is gone: a line each; where no terminal shows those, a running number."""

    def __init__(self, as_json: bool) -> None:
        self._lines = not as_json
        self._counts = sys.stderr.isatty() and (as_json or not sys.stdout.isatty())
        self._number = 0

    def __enter__(self) -> "_Voice":
        return self

    def __exit__(self, *_: object) -> None:
        if self._counts and self._number:
            click.echo("", err=True)

    def say(self, sentence: str) -> None:
        self._number += 1
        if self._lines:
            click.echo(sentence)
        if self._counts:
            click.echo(f"\r{self._number:,} removed", nl=False, err=True)


def _dictionary(report: Report, dry_run: bool) -> dict[str, object]:
    tallies = report.experiments
    return {
        "dry_run": dry_run,
        "runs": len(report.run_ids),
        "points": sum(tally.points for tally in tallies),
        "bytes": sum(tally.bytes for tally in tallies),
        "folders": report.folders,
        "run_ids": report.run_ids,
        "experiment_ids": [tally.experiment_id for tally in tallies if tally.removed],
        "by_experiment": [
            {field: getattr(tally, field) for field in tally.__struct_fields__} for tally in tallies
        ],
        "artifacts_left": report.artifacts_left,
        "left": report.left,
    }


def _show(report: Report, dry_run: bool) -> None:
    if dry_run and report.experiments:
        columns = (
            Column("Experiment Id", whole=True),
            Column("Name"),
            Column("Goes"),
            Column("Runs", right=True),
            Column("Points", right=True),
            Column("About", right=True),
        )
        rows = [
            (
                tally.experiment_id,
                tally.name,
                "yes" if tally.removed else "only runs",
                f"{tally.runs:,}",
                f"{tally.points:,}",
                size(tally.bytes),
            )
            for tally in report.experiments
        ]
        show(columns, rows)
    click.echo(_total(report, dry_run))
    for location, runs in sorted(report.artifacts_left.items()):
        verb = "would stay" if dry_run else "stay"
        place = location if not location.startswith("./") else f"{location} (of the artifact root)"
        click.echo(f"Artifacts of {counted(runs, 'run')} {verb} where they are: {plain(place)}")
    for sentence in report.left:
        click.echo(plain(sentence))


def _total(report: Report, dry_run: bool) -> str:
    experiments = sum(tally.removed for tally in report.experiments)
    if not experiments and not report.run_ids:
        return "There is nothing to remove."
    points = sum(tally.points for tally in report.experiments)
    size_of_all = size(sum(tally.bytes for tally in report.experiments))
    parts = [counted(len(report.run_ids), "run"), counted(points, "point"), f"about {size_of_all}"]
    if experiments:
        parts.insert(0, counted(experiments, "experiment"))
    if report.folders:
        parts.append(counted(report.folders, "artifact folder"))
    return f"{'Would remove' if dry_run else 'Removed'} {', '.join(parts)}."
