"""`mlflow sync`: send what is still unsent, and show what stays so."""

import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from mlflow.cli.tables import Column, counted, moment, print_json, show
from mlflow.client.outbox import Outbox
from mlflow.client.spool import (
    Contents,
    Unreadable,
    inspect,
    left_over,
    outbox_folder,
    outbox_root,
    without_credentials,
)
from mlflow.client.uri import get_tracking_uri, transport_for
from mlflow.exceptions import MlflowException

_COLUMNS = (
    Column("Server"),
    Column("Run Id", whole=True),
    Column("Values", right=True),
    Column("Since"),
    Column("State"),
)
_EXAMPLES = """
\b
Examples:
    mlflow sync                       send everything, for all servers
    mlflow sync --dry-run             only show what is unsent
    mlflow sync --watch               keep sending, until Ctrl-C
    mlflow sync --uri http://host:5000 --json

The exit code is 1 when something stays unsent.
"""


class Unsent(msgspec.Struct):
    """A row of the table: what one process logged into one run and is not delivered.

    `since` is when it began, in milliseconds since the epoch.
    """

    server: str
    run_id: str
    values: int
    since: int
    state: str
    file: str


class Box(msgspec.Struct):
    """The outbox of one server: its folder, and the URI with the credentials that were given."""

    uri: str
    folder: Path


@click.command("sync", epilog=_EXAMPLES)
@click.option("--uri", "uris", multiple=True, help="Only this tracking URI; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Send nothing.")
@click.option("--watch", is_flag=True, help="Look again from time to time, until Ctrl-C.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How often --watch looks.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sync(uris: tuple[str, ...], dry_run: bool, watch: bool, every: float, as_json: bool) -> None:
    """Send what was logged while a server was away, offline, or before a process was killed.

    Programs send it themselves when they log to the same server again; this command is for what
    is left when none does. What a live process is still logging is left to that process.
    """
    # Its warnings are for programs that go on; here the table says what happened.
    logging.getLogger("mlflow.client.outbox").setLevel(logging.ERROR)
    try:
        while True:
            sent, errors = (0, {}) if dry_run else _send(uris, quiet=as_json)
            unsent = list(_unsent(uris, errors))
            if not watch or sent or errors:
                _show(sent, unsent, _refused(uris), as_json=as_json, quiet=watch and not sent)
            if not watch:
                break
            time.sleep(every)
    except KeyboardInterrupt:
        unsent = list(_unsent(uris, {}))
    sys.exit(1 if unsent else 0)


def _boxes(uris: tuple[str, ...]) -> list[Box]:
    """The outboxes that are there: of the given URIs, or all under the root and the current one."""
    if uris:
        return [Box(uri, outbox_folder(uri)) for uri in uris]
    found = [Box(get_tracking_uri(), outbox_folder(get_tracking_uri()))]
    root = outbox_root()
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if folder == found[0].folder:
            continue
        uri = next((content.about.uri for content in _contents(folder)), None)
        if uri is not None:
            found.append(Box(uri, folder))
    return found


def _contents(folder: Path) -> Iterator[Contents]:
    for path in left_over(folder):
        try:
            content = inspect(path)
        except (Unreadable, OSError) as error:
            click.echo(f"{path} is left as it is: {error}.", err=True)
            continue
        if content is not None and (content.values or not content.in_use):
            yield content


def _send(uris: tuple[str, ...], *, quiet: bool) -> tuple[int, dict[str, str]]:
    """Send everything; returns the number of values sent, and errors by server."""
    sent = 0
    errors: dict[str, str] = {}
    for box in _boxes(uris):
        waiting = [content for content in _contents(box.folder) if not content.in_use]
        if not waiting:
            continue
        total = sum(content.values for content in waiting)
        server = without_credentials(box.uri)
        try:
            outbox = Outbox(box.uri, transport_for(box.uri), folder=box.folder)
            left = _send_one(outbox, total, server, quiet=quiet)
        except MlflowException as error:
            errors[server] = error.message
            continue
        sent += total - left[0]
        if left[1] is not None:
            errors[server] = left[1].message
    return sent, errors


def _send_one(
    outbox: Outbox, total: int, server: str, *, quiet: bool
) -> tuple[int, MlflowException | None]:
    shown = open("/dev/null", "w") if quiet else sys.stderr  # noqa: SIM115
    with click.progressbar(length=total, label=f"Sending to {server}", file=shown) as progress:
        done = 0

        def report(waiting: int) -> None:
            nonlocal done
            progress.update(total - waiting - done)
            done = total - waiting

        error = outbox.send_left_over(report)
    return outbox.close(timeout=0), error


def _unsent(uris: tuple[str, ...], errors: dict[str, str]) -> Iterator[Unsent]:
    for box in _boxes(uris):
        server = without_credentials(box.uri)
        for content in _contents(box.folder):
            if not content.values:
                continue
            about = content.about
            state = f"process {about.pid} is logging" if content.in_use else "left over"
            if not content.in_use and server in errors:
                state = errors[server].split(". ")[0].rstrip(".")
            yield Unsent(
                server=server,
                run_id=about.run_id,
                values=content.values,
                since=about.created,
                state=state,
                file=str(content.path),
            )


def _refused(uris: tuple[str, ...]) -> list[str]:
    folders = {box.folder for box in _boxes(uris)}
    if not uris and outbox_root().is_dir():
        folders |= set(outbox_root().iterdir())
    return sorted(str(path) for folder in folders for path in folder.glob("*.refused"))


def _show(
    sent: int, unsent: list[Unsent], refused: list[str], *, as_json: bool, quiet: bool
) -> None:
    if as_json:
        print_json({"sent": sent, "unsent": msgspec.to_builtins(unsent), "refused": refused})
        return
    if sent:
        click.echo(f"{counted(sent, 'value')} sent.")
    if unsent:
        rows = [
            (row.server, row.run_id, f"{row.values:,}", moment(row.since), row.state)
            for row in unsent
        ]
        show(_COLUMNS, rows)
    elif not quiet:
        click.echo("Nothing is unsent.")
    for path in refused:
        click.echo(f"Refused by the server, with the reasons: {path}")
