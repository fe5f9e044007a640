"""The `mlflow` command. A subcommand's module is imported when it is used, not before."""

from importlib import import_module
from typing import Any, NamedTuple

import click

from mlflow.cli.dotenv import load_env_file
from mlflow.exceptions import MlflowException
from mlflow.version import MILLSTREAM_VERSION, VERSION


class Lazy(NamedTuple):
    """Where a subcommand is, and its line in the list of all."""

    place: str
    about: str


#: name → where it is; in alphabetical order
COMMANDS = {
    "artifacts": Lazy("mlflow.cli.artifacts:artifacts", "Log, list and fetch files of runs."),
    "db": Lazy("mlflow.cli.db:db", "Manage the schema of a database."),
    "doctor": Lazy("mlflow.cli.doctor:doctor", "Print what helps to find a problem."),
    "experiments": Lazy("mlflow.cli.experiments:experiments", "Create, find, change experiments."),
    "gc": Lazy("mlflow.cli.gc:gc", "Delete for good what is in the bin."),
    "runs": Lazy("mlflow.cli.runs:runs", "Create, find, change runs."),
    "server": Lazy("mlflow.cli.server:server", "Start the tracking server."),
    "sync": Lazy("mlflow.cli.sync:sync", "Send what scripts logged while there was no server."),
    "ui": Lazy("mlflow.cli.server:server", "The same as server."),
}


class LazyGroup(click.Group):
    """A group whose commands are found in `COMMANDS`, and whose errors are sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].place.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.about) for name, lazy in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MlflowException as error:
            raise click.ClickException(error.message) from None
        except OSError as error:
            if error.filename is None or error.strerror is None:  # such as a pipe that was closed
                raise
            raise click.ClickException(f"{error.filename}: {error.strerror}.") from None


def _load(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        load_env_file(value)


@click.group(cls=LazyGroup, context_settings={"max_content_width": 100})
@click.version_option(
    VERSION, message=f"mlflow, version {VERSION} (Millstream {MILLSTREAM_VERSION})"
)
@click.option(
    "--env-file",
    type=click.Path(exists=True, dir_okay=False),
    callback=_load,
    expose_value=False,
    is_eager=True,
    help="Read environment variables from a file first; those that are set already win.",
)
def cli() -> None:
    """Track experiments: log runs, find the best one, serve them to a team.

    \b
    Examples:
      mlflow server                        serve ./mlruns on http://127.0.0.1:5000
      mlflow runs list --experiment-id 1   what was run
    """


def main() -> None:
    """The `mlflow` program."""
    cli(prog_name="mlflow")
