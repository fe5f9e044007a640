"""`mlflow db`: the schema of a database."""

from pathlib import Path

import click

from mlflow.cli import options
from mlflow.cli.tables import counted, print_json
from mlflow.store import open_database, schema, uri


@click.group(epilog="Example:  mlflow db upgrade postgresql://mlflow@db.example.org/mlflow")
def db() -> None:
    """Manage the schema of a database."""


@db.command(
    epilog="""
\b
Examples:
    mlflow db upgrade sqlite:///mlruns/mlflow.db --dry-run
    mlflow db upgrade postgresql://mlflow@db.example.org/mlflow
"""
)
@click.argument("url", type=options.Address())
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@options.as_json
def upgrade(url: str, dry_run: bool, as_json: bool) -> None:
    """Bring the schema of the database at URL up to date; an empty database gets its tables.

    It goes forward only, so make a backup first. Several processes may start it at the same time.
    """
    shown = uri.hidden(url)
    parsed = uri.parse(url)
    known = [number for number, _ in schema.scripts()]
    found = 0
    done: list[int] = []
    if dry_run and parsed.dialect == "sqlite" and not Path(parsed.address).exists():
        missing = known
    else:
        database = open_database(url)
        try:
            found = schema.version(database)
            missing = [number for number in known if number > found]
            if found > known[-1]:
                schema.check(database, shown)
            elif missing and not dry_run:
                steps = counted(len(missing), "step")
                click.echo(f"Upgrading {shown} from schema {found} in {steps} ...", err=True)
                done = schema.upgrade(database, shown)
        finally:
            database.close()
    if as_json:
        print_json(
            {"url": shown, "found": found, "newest": known[-1], "missing": missing}
            | {"done": done, "dry_run": dry_run}
        )
    elif not missing:
        click.echo(f"{shown} is up to date: it has schema {found}.")
    elif dry_run:
        click.echo(f"{shown} has schema {found}; {_listed(missing)} would be run.")
    elif done:
        click.echo(f"{shown} has schema {known[-1]} now; {_listed(done)} was run.")
    else:
        click.echo(f"{shown} has schema {known[-1]} now; another process has upgraded it.")


def _listed(numbers: list[int]) -> str:
    names = ", ".join(f"{number:04}" for number in numbers)
    return f"script {names}" if len(numbers) == 1 else f"each of the scripts {names}"
