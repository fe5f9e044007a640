"""Connections: shared by more threads than there are, and replaced when the server cuts them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psycopg
import pymysql
import pytest

from mlflow import store
from mlflow.exceptions import MlflowException
from mlflow.store.db import ATTEMPTS, Connection, Database, Passing, Pool

WAIT = 30.0


class Thing:
    """Something to lend."""

    def __init__(self) -> None:
        self.closed = 0


def make_pool(size: int) -> tuple[Pool, list[Thing]]:
    made: list[Thing] = []

    def connect() -> Thing:
        made.append(Thing())
        return made[-1]

    def close(thing: Thing) -> None:
        thing.closed += 1

    return Pool(size, connect, close), made


def test_more_threads_than_connections_are_all_served() -> None:
    pool, made = make_pool(3)
    lent: set[int] = set()
    most = 0
    lock = threading.Lock()

    def use(number: int) -> int:
        nonlocal most
        thing = pool.borrow()
        with lock:
            assert id(thing) not in lent
            lent.add(id(thing))
            most = max(most, len(lent))
        with lock:
            lent.remove(id(thing))
        pool.give_back(thing)
        return number

    with ThreadPoolExecutor(24) as threads:
        assert list(threads.map(use, range(600))) == list(range(600))
    assert most <= 3
    assert len(made) <= 3
    pool.close()
    assert [thing.closed for thing in made] == [1] * len(made)


def test_a_failed_connect_gives_its_place_to_the_next() -> None:
    def fail() -> Thing:
        raise Passing("not now")

    pool = Pool(1, fail, lambda thing: None)
    for _ in range(3):
        with pytest.raises(Passing):
            pool.borrow()


def test_what_is_broken_is_closed_and_makes_room() -> None:
    pool, made = make_pool(1)
    pool.discard(pool.borrow())
    assert made[0].closed == 1
    pool.give_back(pool.borrow())
    assert [thing.closed for thing in made] == [1, 0]
    pool.forget_idle()
    assert [thing.closed for thing in made] == [1, 1]


def test_what_comes_back_after_the_end_is_closed() -> None:
    pool, made = make_pool(2)
    one, other = pool.borrow(), pool.borrow()
    pool.give_back(one)
    pool.close()
    assert [one.closed, other.closed] == [1, 0]
    pool.give_back(other)
    assert [thing.closed for thing in made] == [1, 1]


def warm(database: Database, threads: int) -> None:
    """Make the database hold that many connections, by using them at the same time."""
    together = threading.Barrier(threads)

    def work(connection: Connection) -> None:
        connection.all("SELECT 1")
        together.wait(WAIT)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: database.read(work), range(threads)))


def test_a_store_serves_more_threads_than_connections(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", "2")
    opened = store.open_store(database_url)
    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(lambda n: opened.experiments.create(f"e{n}", None, {}), range(64)))
        assert None not in made
        found = list(threads.map(lambda n: opened.experiments.by_number(n or 0), made))
    assert [row.name for row in found if row] == [f"e{number}" for number in range(64)]
    opened.close()


def cut_postgresql(url: str) -> int:
    name = urlsplit(url).path.strip("/")
    with psycopg.connect(url, autocommit=True) as connection:
        cut = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            (name,),
        ).fetchone()
    assert cut is not None
    return int(cut[0])


def cut_mariadb(url: str) -> int:
    parts = urlsplit(url)
    connection = pymysql.connect(host="127.0.0.1", port=parts.port or 3306, user="root")
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE db = %s", (parts.path.strip("/"),)
        )
        numbers = [row[0] for row in cursor.fetchall()]
        for number in numbers:
            cursor.execute(f"KILL CONNECTION {number}")
    return len(numbers)


@pytest.mark.parametrize(
    ("kind", "cut"), [("postgresql_url", cut_postgresql), ("mariadb_url", cut_mariadb)]
)
@pytest.mark.parametrize("when", ["at work", "over night"])
def test_cut_connections_are_replaced_and_nobody_notices(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    cut: Callable[[str], int],
    when: str,
) -> None:
    """The database was started anew, or a firewall forgot connections that nobody used."""
    connections = ATTEMPTS + 4
    monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", str(connections))
    url = request.getfixturevalue(kind)
    opened = store.open_store(url)
    if when == "over night":
        for module in (store.postgresql, store.mysql):
            monkeypatch.setattr(module, "IDLE_SECONDS", -1.0)
    for number in range(3):
        warm(opened.database, connections)
        assert cut(url) >= connections  # and the one for what is done at once
        assert opened.experiments.create(f"after cut {number}", None, {}) is not None
    opened.close()


def test_what_passes_is_tried_again_and_then_said(database_url: str) -> None:
    opened = store.open_database(database_url)
    tries = 0

    def fail(connection: Connection) -> str:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise Passing("someone was in the way")
        return connection.dialect

    assert opened.write(fail) == opened.dialect
    assert tries == 3

    def always(connection: Connection) -> None:
        nonlocal tries
        tries += 1
        raise Passing("someone is in the way")

    with pytest.raises(MlflowException, match="someone is in the way") as caught:
        opened.read(always)
    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"
    assert tries == 3 + ATTEMPTS
    opened.close()


def test_an_error_leaves_nothing_behind_and_the_connection_usable(database_url: str) -> None:
    opened = store.open_store(database_url)

    def work(connection: Connection) -> None:
        connection.put("names", ("name",), [("left behind",)])
        raise KeyError("in the middle")

    for _ in range(20):  # more often than there are connections
        with pytest.raises(KeyError):
            opened.database.write(work)
    assert opened.database.read(lambda c: opened.names.number(c, "left behind")) is None
    assert opened.experiments.create("after", None, {}) is not None
    opened.close()
