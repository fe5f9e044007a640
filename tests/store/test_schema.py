"""The schema: from nothing, from every earlier one, by many at once; and what it refuses."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from mlflow import store
from mlflow.exceptions import MlflowException
from mlflow.store import schema
from mlflow.store.db import Connection, Database
from tests.store.dumps import DUMPS, load
from tests.together import together

NEWEST = schema.scripts()[-1][0]
TABLES = sorted(
    {"millstream_schema"}.union(
        *(re.findall(r"^CREATE TABLE (\w+)", text, re.MULTILINE) for _, text in schema.scripts())
    )
)

UPGRADE = """
from mlflow import store
from mlflow.store import schema
start()
database = store.open_database(sys.argv[1])
done = schema.upgrade(database, "URL")
schema.check(database, "URL")
database.close()
tell(done)
"""
OPEN = """
from mlflow import store
start()
opened = store.open_store(sys.argv[1])
row = opened.experiments.by_number(0)
opened.close()
tell(row.name)
"""


def run(database: Database, *statements: str) -> None:
    def work(connection: Connection) -> None:
        for statement in statements:
            connection.run(statement)

    database.write(work)


def refused(url: str) -> str:
    with pytest.raises(MlflowException) as caught:
        store.open_store(url)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert "\n" not in caught.value.message
    return caught.value.message


def tables(database: Database) -> list[str]:
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        "postgresql": "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'",
        "mysql": (
            "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
        ),
    }[database.dialect]
    return sorted(row[0] for row in database.read(lambda connection: connection.all(sql)))


def shape(database: Database) -> list[Any]:
    """All columns and indexes, as the database tells them."""
    queries = {
        "sqlite": ["SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"],
        "postgresql": [
            "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text,"
            " collation_name::text, is_identity::text FROM information_schema.columns"
            " WHERE table_schema = 'public'",
            "SELECT indexname::text, '', indexdef::text FROM pg_indexes"
            " WHERE schemaname = 'public'",
        ],
        "mysql": [
            "SELECT table_name, column_name, column_type, is_nullable, collation_name, extra"
            " FROM information_schema.columns WHERE table_schema = database()",
            "SELECT table_name, index_name, seq_in_index, column_name, sub_part, non_unique,"
            " collation, index_type FROM information_schema.statistics"
            " WHERE table_schema = database()",
        ],
    }[database.dialect]
    rows = [
        row
        for query in queries
        for row in database.read(lambda connection, query=query: connection.all(query))  # type: ignore[misc]
    ]
    return sorted(rows, key=repr)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql"])
def test_scripts_are_numbered_and_speak_each_dialect(dialect: str) -> None:
    numbers = [number for number, _ in schema.scripts()]
    assert numbers == list(range(1, len(numbers) + 1))
    for _, text in schema.scripts():
        found = schema.statements(text, dialect)
        assert found
        for statement in found:
            assert statement.split()[0] in {"ALTER", "CREATE", "DROP", "INSERT", "UPDATE", "DELETE"}
            assert "$" not in statement.replace("$COLLATION", "")  # put in when it is run
            assert "--" not in statement
            assert ";" not in statement


def test_an_empty_database_gets_all_tables_once(database_url: str) -> None:
    database = store.open_database(database_url)
    assert schema.version(database) == 0
    with pytest.raises(MlflowException, match=f"schema 0; this version needs {NEWEST}"):
        schema.check(database, "URL")
    assert schema.upgrade(database, "URL") == list(range(1, NEWEST + 1))
    assert schema.upgrade(database, "URL") == []
    schema.check(database, "URL")
    assert tables(database) == TABLES
    database.close()


def test_a_store_that_shall_not_be_upgraded_is_not(database_url: str) -> None:
    with pytest.raises(MlflowException, match="mlflow db upgrade"):
        store.open_store(database_url, upgrade=False)
    database = store.open_database(database_url)
    assert tables(database) == []
    database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "pgbouncer", "mariadb"])
def test_of_six_at_once_one_runs_each_script(request: pytest.FixtureRequest, kind: str) -> None:
    url: str = request.getfixturevalue(f"{kind}_url")
    told = together(UPGRADE, [(url,)] * 6)
    assert sorted(told, key=len) == [[]] * 5 + [list(range(1, NEWEST + 1))]
    opened = store.open_store(url)
    rows = opened.database.read(lambda c: c.all("SELECT version FROM millstream_schema"))
    assert sorted(rows) == [(number,) for number in range(1, NEWEST + 1)]
    opened.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "pgbouncer", "mariadb"])
def test_six_servers_open_an_empty_database_at_once(
    request: pytest.FixtureRequest, kind: str
) -> None:
    url: str = request.getfixturevalue(f"{kind}_url")
    assert together(OPEN, [(url,)] * 6) == ["Default"] * 6


def test_the_first_experiment_has_number_0_and_the_next_comes_behind(database_url: str) -> None:
    opened = store.open_store(database_url)
    found = opened.experiments.by_number(0)
    assert found is not None
    assert (found.name, found.artifact_location) == ("Default", "./0")
    assert (opened.experiments.create("next", None, {}) or 0) > 0
    opened.close()


def test_a_schema_from_the_future_is_refused_and_left_alone(database_url: str) -> None:
    store.open_store(database_url).close()
    database = store.open_database(database_url)
    run(database, "INSERT INTO millstream_schema (version, applied) VALUES (9999, 1)")
    before = shape(database)
    assert "schema 9999, made by a newer version" in refused(database_url)
    with pytest.raises(MlflowException, match="schema 9999"):
        schema.upgrade(database, "URL")
    assert shape(database) == before
    database.close()


def test_an_official_database_is_refused_and_left_alone(database_url: str) -> None:
    database = store.open_database(database_url)
    run(
        database,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        "CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256))",
        "INSERT INTO alembic_version VALUES ('867495a8f9d4')",
    )
    before = shape(database)
    assert "official MLflow server" in refused(database_url)
    assert shape(database) == before
    database.close()


@pytest.mark.parametrize("table", ["experiments", "runs", "tags", "points", "run_models"])
def test_tables_of_another_program_are_refused_and_left_alone(
    database_url: str, table: str
) -> None:
    database = store.open_database(database_url)
    run(database, f"CREATE TABLE {table} (a INTEGER)", f"INSERT INTO {table} VALUES (5)")
    before = shape(database)
    assert table in refused(database_url)
    assert shape(database) == before
    assert database.read(lambda c: c.all(f"SELECT a FROM {table}")) == [(5,)]
    database.close()


def test_tables_that_are_in_nobodys_way_stay(database_url: str) -> None:
    database = store.open_database(database_url)
    run(database, "CREATE TABLE holidays (a INTEGER)")
    database.close()
    opened = store.open_store(database_url)
    assert tables(opened.database) == sorted([*TABLES, "holidays"])
    opened.close()


def test_an_upgrade_that_was_interrupted_goes_on(mariadb_url: str) -> None:
    """MariaDB commits with every CREATE: a process that is killed leaves half a schema."""
    reference = store.open_database(mariadb_url)
    schema.upgrade(reference, "URL")
    wanted = shape(reference)
    first, *parts = (
        statement.replace("$COLLATION", "utf8mb4_nopad_bin")
        for statement in (
            "CREATE TABLE millstream_schema"
            " (version BIGINT NOT NULL PRIMARY KEY, applied BIGINT NOT NULL)"
            + schema.WORDS["mysql"]["OPTIONS"],
            *schema.statements(schema.scripts()[0][1], "mysql"),
        )
    )
    experiment = (
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')",
        "INSERT INTO experiments (id, name, artifact_location, created, updated)"
        " VALUES (0, 'Default', './0', 1, 1)",
    )
    for done in (0, 1, 2, len(parts) // 2, len(parts), None):
        run(reference, *(f"DROP TABLE {name}" for name in TABLES if name in tables(reference)))
        run(reference, first, *(parts if done is None else parts[:done]))
        if done is None:
            run(reference, *experiment)
        database = store.open_database(mariadb_url)
        assert schema.upgrade(database, "URL") == list(range(1, NEWEST + 1))
        schema.check(database, "URL")
        assert shape(database) == wanted
        found = database.read(lambda c: c.all("SELECT id, name FROM experiments"))
        assert found == [(0, "Default")]
        database.close()
    reference.close()


def test_an_upgrade_that_fails_leaves_nothing(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "CREATE TABLE one (a BIGINT); CREATE TABLE two (a BIGINT"
    for kind in ("sqlite", "postgresql"):
        url: str = request.getfixturevalue(f"{kind}_url")
        with monkeypatch.context() as patch:
            patch.setattr(schema, "scripts", lambda: [(1, broken)])
            database = store.open_database(url)
            with pytest.raises(Exception, match=r"syntax|incomplete|end of input"):
                schema.upgrade(database, "URL")
            assert tables(database) == []
            database.close()
        store.open_store(url).close()


def test_a_database_that_cannot_hold_all_letters_is_refused(
    postgresql_server: Any, postgresql_url: str
) -> None:
    import psycopg

    name = f"{postgresql_url.rpartition('/')[2]}_latin"
    with psycopg.connect(postgresql_server.url, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
            " TEMPLATE template0"
        )
    try:
        message = refused(postgresql_server.address(name))
        assert "LATIN1" in message
        assert "UTF8" in message
    finally:
        postgresql_server.drop(name)


def test_a_user_without_rights_is_told(postgresql_server: Any, postgresql_url: str) -> None:
    import psycopg

    name = f"reader_{postgresql_url.rpartition('_')[2]}"
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN")
        try:
            message = refused(postgresql_url.replace("postgres@", f"{name}@"))
            assert "permission denied" in message
        finally:
            connection.execute(f"DROP ROLE {name}")


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.name)
def test_every_earlier_schema_is_brought_up_to_date(
    request: pytest.FixtureRequest, tmp_path: Path, dump: Path
) -> None:
    kind = dump.name.split(".")[1]
    url: str = request.getfixturevalue(f"{kind}_url")
    load(dump, url)
    database = store.open_database(url)
    schema.upgrade(database, "URL")
    database.close()
    opened = store.open_store(url, upgrade=False)
    fresh = store.open_database(_another(request, kind, tmp_path))
    schema.upgrade(fresh, "URL")
    assert shape(opened.database) == shape(fresh)
    fresh.close()
    _check_contents(opened)
    opened.close()


def _another(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    context = request.getfixturevalue(f"{kind}_server").fresh()
    url: str = context.__enter__()
    request.addfinalizer(lambda: context.__exit__(None, None, None))
    return url


def _check_contents(opened: store.Store) -> None:
    """What `dumps.fill` wrote is there."""
    found = opened.experiments.by_name("größe 損失 'x' \\ %s ?")
    assert found is not None
    assert found.tags == {"team": "vision"}
    run_id = "0123456789abcdef" * 2
    packed = opened.runs.get(run_id, "root:")
    assert packed is not None
    info = packed.info
    assert (info.run_name, info.status, info.start_time, info.end_time) == ("one", "FINISHED", 5, 9)
    assert packed.inputs is not None
    assert [each.dataset.name for each in packed.inputs.dataset_inputs] == ["iris"]
    assert b"'0.1' \\\\" in bytes(packed.data.params)
    assert [(m.key, m.value, m.step) for m in packed.data.metrics] == [("loss", 0.0, 199)]
    points, more = opened.metrics.history(run_id, "loss", 100_000, None)
    assert not more
    assert points == [
        (1000 + step, step, 0.0 if step % 10 == 9 else step / 8, step % 10 == 9 and step < 190)
        for step in range(200)
    ]


def test_a_dump_of_the_newest_schema_is_kept() -> None:
    kinds = {path.name for path in DUMPS}
    for number in range(1, NEWEST + 1):
        for kind in ("sqlite", "postgresql", "mariadb"):
            assert f"{number:04}.{kind}.sql" in kinds


def test_sqlite_is_what_the_standard_library_has() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35)
