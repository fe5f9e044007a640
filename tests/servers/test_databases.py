"""The servers of the tests are there, are what they say, and give every test a fresh database."""

from __future__ import annotations

from urllib.parse import urlsplit

import psycopg
import pymysql
import pytest

from tests.servers.databases import Mariadb, Postgresql


@pytest.mark.parametrize("server", ["postgresql_server", "oldest_postgresql_server"])
def test_a_postgresql_database_is_empty_and_goes_away(
    request: pytest.FixtureRequest, server: str
) -> None:
    postgresql: Postgresql = request.getfixturevalue(server)
    with postgresql.fresh() as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE mark (number INT)")
        with postgresql.fresh() as other, psycopg.connect(other) as connection:
            assert connection.execute("SELECT to_regclass('mark')").fetchone() == (None,)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_pgbouncer_hands_one_connection_to_many(pgbouncer_url: str) -> None:
    """In transaction mode what a session set is gone: that is what our own code must bear."""
    connections = [psycopg.connect(pgbouncer_url, autocommit=True) for _ in range(12)]
    backends = {c.execute("SELECT pg_backend_pid()").fetchone() for c in connections}
    for connection in connections:
        connection.close()
    assert len(backends) <= 4


def test_a_mariadb_database_is_empty_and_goes_away(mariadb_server: Mariadb) -> None:
    with mariadb_server.fresh() as url:
        parts = urlsplit(url)
        with pymysql.connect(
            host="127.0.0.1", port=parts.port or 3306, user="root", database=parts.path[1:]
        ) as connection:
            cursor = connection.cursor()
            cursor.execute("SHOW TABLES")
            assert cursor.fetchall() == ()
            cursor.execute("SELECT VERSION()")
            row = cursor.fetchone()
            assert row is not None
            assert "MariaDB" in row[0]
