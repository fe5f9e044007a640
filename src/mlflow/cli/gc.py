"""`mlflow gc`: empty the bin."""

import sys
import time
from functools import partial

import click

from mlflow import environment_variables as env
from mlflow._addresses import hidden
from mlflow._clock import now_ms
from mlflow.blobs.roots import default_folder
from mlflow.blobs.schemes import scheme_of
from mlflow.cli import options
from mlflow.cli.tables import Column, counted, plain, print_json, show, size
from mlflow.client import uri as client_uri
from mlflow.client.transport import session_of
from mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
from mlflow.service.gc import PARTS_AGE, Choice, Collector, Report
from mlflow.service.places import Places
from mlflow.store import uri as store_uri

_DAY = 86_400.0  # seconds
_SHOWN_EVERY = 0.2  # seconds
_QUIET = 0.8  # seconds more before anything is shown
_SERVERS = ("http", "https", "mlflow-artifacts")


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
    mlflow gc --dry-run                          what would go, and what room it takes
    mlflow gc --older-than 30d                   what was deleted more than 30 days ago
    mlflow gc --run-ids 2f1c...,77ab...
    mlflow gc --experiment-ids 3 --backend-store-uri postgresql://mlflow@db.example.org/mlflow
    mlflow gc --backend-store-uri sqlite:///mlflow.db --artifacts-destination s3://models/mlflow
    mlflow gc --backend-store-uri sqlite:///mlflow.db --tracking-uri http://localhost:5000

Exit code 0 when all went that was to go, 1 when something had to stay, 2 for wrong usage.
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
@click.option("--logged-model-ids", metavar="LIST", help="Still to come; refused when given.")
@click.option(
    "--parts-older-than",
    type=options.Span(),
    metavar="SPAN",
    help="Left-over parts of files that never arrived whole go after this silence; by default "
    "after --older-than, but at least 1d, or else after 7d.",
)
@options.backend_store_uri
@click.option(
    "--artifacts-destination",
    envvar=env.MLFLOW_ARTIFACTS_DESTINATION.name,
    show_envvar=True,
    metavar="URI",
    help="Where the server of this store keeps artifacts: a folder, s3://..., or any other place.",
)
@click.option(
    "--tracking-uri",
    metavar="URI",
    help="The server of this store, to remove through it what only it can reach; or the store.",
)
@click.option(
    "--leave-unreachable",
    is_flag=True,
    help="Forget runs also when their artifacts cannot be removed; those stay where they are.",
)
@click.option("--dry-run", is_flag=True, help="Remove nothing, only report.")
@options.as_json
def gc(
    older_than: tuple[int, str] | None,
    run_ids: str | None,
    experiment_ids: str | None,
    logged_model_ids: str | None,
    parts_older_than: int | None,
    backend_store_uri: str | None,
    artifacts_destination: str | None,
    tracking_uri: str | None,
    leave_unreachable: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove deleted runs and experiments for good, with what they logged and their artifacts.

    Without --run-ids and --experiment-ids all that is in the bin goes, and so do left-over parts of
    files in all places of the store; with either, only what is named. What is active is never
    removed. The default experiment goes only when it is named.

    Artifacts go wherever they are: in the folder of an embedded store by itself, otherwise where
    --artifacts-destination says or through the server at --tracking-uri, and in the places that
    experiments name, with the credentials of this machine. What is gone already is no error. When a
    place cannot be reached that is said once, and the runs with artifacts there stay in the bin.

    Artifacts go first, then the run, so this can be stopped and called again at any time.
    """
    if logged_model_ids is not None:
        raise click.UsageError(
            "There are no logged models in this version yet, so none can be removed: leave out "
            "--logged-model-ids."
        )
    options.somebody_waits()
    address = options.backend(backend_store_uri, tracking_uri)
    span, written = older_than or (0, "")
    choice = Choice(now_ms() - span, _ids(run_ids), _ids(experiment_ids))
    places = _places(address, artifacts_destination, tracking_uri)
    store = options.open_backend(address)
    try:
        collector = Collector(
            store,
            choice,
            places,
            parts_older_than=_parts_age(older_than, parts_older_than),
            leave=leave_unreachable,
            age=written,
        )
        with _Voice(as_json) as voice:
            report = collector.survey(voice) if dry_run else collector.collect(voice)
    finally:
        store.close()
    if as_json:
        print_json(_dictionary(report, dry_run))
    else:
        _show(report, dry_run)
    if not report.complete:
        sys.exit(1)


def _ids(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    ids = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not ids:  # an empty variable in a script must not empty the whole bin
        raise click.UsageError("An empty list of ids was given.")
    return ids


def _parts_age(older_than: tuple[int, str] | None, parts: int | None) -> float:
    """The seconds after which parts are left behind: a running transfer is not taken for one."""
    if parts is not None:
        return parts / 1000
    return max(older_than[0] / 1000, _DAY) if older_than else PARTS_AGE


def _is_server(uri: str | None) -> bool:
    return uri is not None and uri.lower().startswith(("http://", "https://"))


def _places(address: str, destination: str | None, tracking: str | None) -> Places:
    """Where the artifacts of the store are."""
    folder = store_uri.parse(address).folder
    server = tracking if _is_server(tracking) else None
    if server is None and folder is None and _is_server(found := client_uri.get_tracking_uri()):
        server = found  # that of a folder is named if it is meant: the folder tells enough
    session = session_of(client_uri.transport_for(server)) if server else None
    if destination:
        if scheme_of(destination) in _SERVERS:
            raise click.UsageError(
                "--artifacts-destination is where a server keeps artifacts. Give the address of "
                "the server itself by --tracking-uri."
            )
        return Places(destination, destination, session)
    if server:
        return Places(partial(_as_server_sees, server), None, session)
    root = default_folder(folder)
    if folder is None and not root.is_dir():
        return Places(_unknown)
    return Places(root.as_uri(), root.as_uri(), must_exist=False)


def _as_server_sees(server: str, run_id: str) -> str:
    """The artifact URI of a run."""
    try:
        return options.client(server).get_run(run_id).info.artifact_uri or ""
    except MlflowException as error:
        if error.error_code != RESOURCE_DOES_NOT_EXIST:
            raise
        raise MlflowException(
            f"{hidden(server)} does not know run {run_id}, so it is not the server of this store.",
            RESOURCE_DOES_NOT_EXIST,
        ) from None


def _unknown(run_id: str) -> str:
    raise MlflowException(
        "Nobody said where the artifacts of this store are, and there is no ./mlartifacts here. "
        "Give the --artifacts-destination of its server, or its address by --tracking-uri; "
        "--leave-unreachable removes the runs alone."
    )


class _Voice:
    """Says what is gone, a line each, and on a terminal how far the work has come."""

    def __init__(self, as_json: bool) -> None:
        self._lines = not as_json
        self._shows = sys.stderr.isatty()
        self._counts: dict[str, int] = {}
        self._shown = time.monotonic() + _QUIET
        self._visible = False

    def __enter__(self) -> "_Voice":
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def gone(self, sentence: str) -> None:
        if self._lines:
            self._clear()
            click.echo(sentence)

    def step(self, what: str) -> None:
        self._counts[what] = self._counts.get(what, 0) + 1
        now = time.monotonic()
        if self._shows and now - self._shown >= _SHOWN_EVERY:
            self._shown = now
            self._clear()
            click.echo(f"{counted(self._counts[what], what)} looked at", nl=False, err=True)
            self._visible = True

    def _clear(self) -> None:
        if self._visible:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._visible = False


def _dictionary(report: Report, dry_run: bool) -> dict[str, object]:
    tallies = report.experiments
    return {
        "dry_run": dry_run,
        "complete": report.complete,
        "runs": len(report.run_ids),
        "points": sum(tally.points for tally in tallies),
        "bytes": sum(tally.bytes for tally in tallies),
        "files": sum(tally.files for tally in tallies),
        "artifact_bytes": sum(tally.artifact_bytes for tally in tallies),
        "parts": report.parts,
        "part_bytes": report.part_bytes,
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
            Column("In Database", right=True),
            Column("Files", right=True),
            Column("Artifacts", right=True),
        )
        rows = [
            (
                tally.experiment_id,
                tally.name,
                "yes" if tally.removed else "only runs",
                f"{tally.runs:,}",
                f"{tally.points:,}",
                size(tally.bytes),
                f"{tally.files:,}",
                size(tally.artifact_bytes),
            )
            for tally in report.experiments
        ]
        show(columns, rows)
    click.echo(_total(report, dry_run))
    for sentence in report.left:
        click.echo(plain(sentence))


def _total(report: Report, dry_run: bool) -> str:
    experiments = sum(tally.removed for tally in report.experiments)
    goes = []
    if experiments:
        goes.append(counted(experiments, "experiment"))
    if experiments or report.run_ids:
        points = sum(tally.points for tally in report.experiments)
        in_database = size(sum(tally.bytes for tally in report.experiments))
        goes += [
            counted(len(report.run_ids), "run"),
            counted(points, "point"),
            f"about {in_database} of the database",
        ]
    if files := sum(tally.files for tally in report.experiments):
        in_files = size(sum(tally.artifact_bytes for tally in report.experiments))
        goes.append(f"{counted(files, 'artifact file')} of {in_files}")
    if report.parts:
        goes.append(f"{counted(report.parts, 'unfinished file')} of {size(report.part_bytes)}")
    if not goes:
        return "Nothing can be removed." if report.artifacts_left else "There is nothing to remove."
    return f"{'Would remove' if dry_run else 'Removed'} {', '.join(goes)}."
