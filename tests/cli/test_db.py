"""`mlflow db upgrade`, on each database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlflow.store import open_database, open_store, schema
from mlflow.store.db import Connection
from tests.cli.conftest import Command
from tests.servers.processes import free_port

NEWEST = schema.scripts()[-1][0]
ALL = [number for number, _ in schema.scripts()]


def test_an_empty_database_gets_its_tables(mlflow: Command, database_url: str) -> None:
    planned = json.loads(mlflow("db", "upgrade", database_url, "--dry-run", "--json").stdout)
    assert (planned["found"], planned["missing"], planned["done"]) == (0, ALL, [])
    again = json.loads(mlflow("db", "upgrade", database_url, "--dry-run", "--json").stdout)
    assert again == planned

    result = mlflow("db", "upgrade", database_url)
    assert result.stderr.startswith(f"Upgrading {database_url} from schema 0 in ")
    assert result.stdout.startswith(f"{database_url} has schema {NEWEST} now; ")
    store = open_store(database_url, upgrade=False)
    row = store.experiments.by_number(0)
    store.close()
    assert row is not None
    assert row.name == "Default"

    result = mlflow("db", "upgrade", database_url)
    assert result.stdout == f"{database_url} is up to date: it has schema {NEWEST}.\n"
    assert result.stderr == ""


def test_a_database_from_the_future(mlflow: Command, sqlite_url: str) -> None:
    mlflow("db", "upgrade", sqlite_url)
    database = open_database(sqlite_url)
    database.write(lambda c: c.run("INSERT INTO millstream_schema VALUES (9999, 0)"))
    database.close()
    for more in ((), ("--dry-run",)):
        result = mlflow("db", "upgrade", sqlite_url, *more, code=1)
        assert "has schema 9999, made by a newer version" in result.stderr


def test_a_database_of_the_official_server(mlflow: Command, sqlite_url: str) -> None:
    def make(connection: Connection) -> None:
        connection.run("CREATE TABLE alembic_version (version_num TEXT)")
        connection.run("CREATE TABLE experiments (experiment_id INTEGER)")

    database = open_database(sqlite_url)
    database.write(make)
    database.close()
    result = mlflow("db", "upgrade", sqlite_url, code=1)
    assert "belongs to the official MLflow server. It is not changed" in result.stderr


def test_a_dry_run_makes_no_file(mlflow: Command, tmp_path: Path) -> None:
    result = mlflow("db", "upgrade", "new/folder", "--dry-run")
    assert result.stdout.startswith("new/folder has schema 0; ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["oracle://host/name", "sqlite://", ""])
def test_what_names_no_database_is_wrong_usage(mlflow: Command, url: str) -> None:
    assert "Usage: mlflow db upgrade" in mlflow("db", "upgrade", url, code=2).stderr


@pytest.mark.parametrize("scheme", ["mysql", "postgresql"])
def test_a_database_that_is_away(
    mlflow: Command, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{scheme}://somebody:hush@127.0.0.1:{free_port()}/name"
    result = mlflow("db", "upgrade", url, code=1)
    assert result.stderr.startswith("Error: The database ")
    assert "cannot be opened" in result.stderr
    assert "hush" not in result.output
    assert len(result.stderr.splitlines()) == 1


def test_help_has_an_example(mlflow: Command) -> None:
    assert "mlflow db upgrade postgresql://" in mlflow("db", "upgrade", "--help").stdout
