"""`mlflow artifacts`: files of runs."""

from pathlib import Path

import click

from mlflow.artifacts import download_artifacts
from mlflow.cli import options
from mlflow.cli.tables import counted, plain, print_json, size

_RUN = click.option("-r", "--run-id", required=True, metavar="ID", help="The run.")
_INTO = click.option(
    "-a", "--artifact-path", metavar="PATH", help="Folder of the run; its root by default."
)


@click.group()
def artifacts() -> None:
    """Log, list and fetch files of runs.

    A file is there when all of it has arrived and its checksum is right. What breaks off goes on
    where it was when the same command is called again.
    """


@artifacts.command(
    "log-artifact",
    epilog="""
\b
Examples:
    mlflow artifacts log-artifact -l model.bin -r 2f1c... -a models
    mlflow artifacts log-artifact -l out -r 2f1c...          the folder, as out/
""",
)
@click.option(
    "-l",
    "--local-file",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="The file; a folder keeps its name.",
)
@_RUN
@_INTO
@options.tracking_uri
def log_artifact(
    local_file: Path, run_id: str, artifact_path: str | None, tracking_uri: str | None
) -> None:
    """Log a file or folder of this machine."""
    options.client(tracking_uri).log_artifact(run_id, local_file, artifact_path)
    click.echo(
        plain(f"Logged artifact from local file {local_file} to artifact_path={_at(artifact_path)}")
    )


@artifacts.command(
    "log-artifacts",
    epilog="""
\b
Example:
    mlflow artifacts log-artifacts -l out -r 2f1c... -a plots
""",
)
@click.option(
    "-l",
    "--local-dir",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder; its own name is not kept.",
)
@_RUN
@_INTO
@options.tracking_uri
def log_artifacts(
    local_dir: Path, run_id: str, artifact_path: str | None, tracking_uri: str | None
) -> None:
    """Log what is in a folder of this machine.

    The files become visible together, and those that are there already are not sent again.
    """
    options.client(tracking_uri).log_artifacts(run_id, local_dir, artifact_path)
    click.echo(plain(f"Logged artifacts of {local_dir} to artifact_path={_at(artifact_path)}"))


@artifacts.command("list", epilog="Example:  mlflow artifacts list -r 2f1c... -a models --table")
@_RUN
@_INTO
@click.option("--table", is_flag=True, help="Print lines for people instead of JSON.")
@options.tracking_uri
def list_artifacts(
    run_id: str, artifact_path: str | None, table: bool, tracking_uri: str | None
) -> None:
    """List a folder of a run; prints JSON."""
    found = options.client(tracking_uri).list_artifacts(run_id, artifact_path)
    if not table:
        print_json(
            [
                {name: value for name, value in file if value is not None or name != "file_size"}
                for file in found
            ]
        )
        return
    for file in found:
        shown = "" if file.file_size is None else size(file.file_size)
        click.echo(f"{shown:>10}  {plain(file.path)}{'/' if file.is_dir else ''}")
    click.echo(counted(len(found), "entry"))


@artifacts.command(
    short_help="Fetch a file or folder.",
    epilog="""
\b
Examples:
    mlflow artifacts download -r 2f1c... -a models -d here
    mlflow artifacts download -u runs:/2f1c.../models/model.bin
    mlflow artifacts download -u models:/flowers@champion -d here
    mlflow artifacts download -u s3://bucket/folder -d here
""",
)
@click.option("-u", "--artifact-uri", metavar="URI", help="What to fetch.")
@click.option("-r", "--run-id", metavar="ID", help="The run, instead of a URI.")
@click.option("-a", "--artifact-path", metavar="PATH", help="What of the run; all by default.")
@click.option(
    "-d",
    "--dst-path",
    metavar="FOLDER",
    help="Where to; by default a new folder, or where it is already on this machine.",
)
@options.tracking_uri
def download(
    artifact_uri: str | None,
    run_id: str | None,
    artifact_path: str | None,
    dst_path: str | None,
    tracking_uri: str | None,
) -> None:
    """Fetch a file or folder; prints where it is on the last line.

    \b
    A URI may be
      runs:/RUN/PATH             of a run
      models:/NAME/VERSION       of a model; also NAME/STAGE, NAME/latest, NAME@ALIAS, m-ID
      mlflow-artifacts:/PATH     on the tracking server
      s3:// gs:// wasbs:// abfss:// https:// sftp:// ftp:// hdfs://, or a path
    """
    if (artifact_uri is None) == (run_id is None):
        raise click.UsageError("Give either --artifact-uri or --run-id.")
    if artifact_uri is not None and artifact_path is not None:
        raise click.UsageError("--artifact-path goes with --run-id, not with --artifact-uri.")
    options.client(tracking_uri)  # with the patience of somebody who waits
    click.echo(download_artifacts(artifact_uri, run_id, artifact_path, dst_path, tracking_uri))


def _at(path: str | None) -> str:
    return path or "the root"
