"""Dumps of databases with every schema there was, to upgrade from.

`python -m tests.store.dumps KIND URL` fills an empty database of the newest schema and writes its
dump to `tests/store/schemas/NUMBER.KIND.sql`, once per schema, before the schema is released. With
a NUMBER as well it is that schema, made from the dump of the one before. It needs `pg_dump` or
`mariadb-dump` in the PATH. A dump of a released schema is never written again.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pymysql
from pymysql.constants import CLIENT

from mlflow import store
from mlflow.entities import Dataset, DatasetInput, Param, RunTag
from mlflow.entities.datasets import InputTag
from mlflow.store import schema
from mlflow.wire.metrics import LogBatch, Point

FOLDER = Path(__file__).parent / "schemas"
DUMPS = sorted(FOLDER.glob("*.sql"))


def fill(opened: store.Store) -> None:
    """Write something into every table, awkward characters included."""
    number = opened.experiments.create("größe 損失 'x' \\ %s ?", None, {"team": "vision"})
    assert number is not None
    run = opened.runs.create(
        run_id="0123456789abcdef" * 2,
        chosen=True,
        experiment=number,
        name="one",
        user_id="ann",
        start_time=5,
        tags={"mlflow.runName": "one", "größe": "損失"},
    )
    assert run is not None
    for start in range(0, 200, 2):
        points = [
            Point(
                "loss",
                0.0 if step == 199 else float("nan") if step % 10 == 9 else step / 8,
                1000 + step,
                step,
            )
            for step in range(start, start + 2)
        ]
        batch = LogBatch(run_id=run.run_id, metrics=points)
        if start == 0:
            batch.params = [Param("lr", "'0.1' \\"), Param("empty", "")]
            batch.tags = [RunTag("note", "two\nlines")]
        opened.log(batch).result()
    dataset = Dataset("iris", "abc", "local", '{"uri": "a"}', None, "{}")
    given = DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])
    opened.datasets.add_inputs(run.id, number, [given], [])
    opened.runs.update(run.run_id, 3, 9, None)
    opened.views.create(number, "größe 損失", '{"columns": ["\\\'"]}')


def load(dump: Path, url: str) -> None:
    """Make the database of a dump in the empty database at `url`."""
    text = dump.read_text()
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        raw = sqlite3.connect(parts.path[1:])
        raw.executescript(text)
        raw.close()
    elif parts.scheme == "postgresql":
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(text)
    else:
        server = pymysql.connect(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 3306,
            user="root",
            database=parts.path[1:],
            client_flag=CLIENT.MULTI_STATEMENTS,
            autocommit=True,
        )
        with server, server.cursor() as cursor:
            cursor.execute(text)
            while cursor.nextset():
                pass


def write(kind: str, url: str, number: int | None = None) -> Path:
    """Fill the empty database at `url`, or make schema `number` there, and write its dump."""
    if number is None:
        number = schema.scripts()[-1][0]
        opened = store.open_store(url)
        fill(opened)
        opened.close()
    else:
        load(FOLDER / f"{number - 1:04}.{kind}.sql", url)
        known = [script for script in schema.scripts() if script[0] <= number]
        schema.scripts = lambda: known
        database = store.open_database(url)
        schema.upgrade(database, url)
        database.close()
    parts = urlsplit(url)
    if kind == "sqlite":
        raw = sqlite3.connect(parts.path[1:])
        text = "\n".join(raw.iterdump()) + "\n"
        raw.close()
    elif kind == "postgresql":
        text = _output("pg_dump", "--inserts", "--no-owner", "--no-privileges", url)
        # What only other versions of the server, or psql, understand.
        text = re.sub(
            r"^(\\|SET |SELECT pg_catalog.set_config|--).*\n", "", text, flags=re.MULTILINE
        )
    else:
        text = _output(
            "mariadb-dump",
            f"--host={parts.hostname}",
            f"--port={parts.port or 3306}",
            "--user=root",
            "--compact",
            "--hex-blob",
            "--skip-extended-insert",
            parts.path[1:],
        )
        text = re.sub(r"^/\*.*\n", "", text, flags=re.MULTILINE)
        text = "SET NAMES utf8mb4;\nSET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';\n" + text
    file = FOLDER / f"{number:04}.{kind}.sql"
    FOLDER.mkdir(exist_ok=True)
    file.write_text(re.sub(r"\n{3,}", "\n\n", text))
    return file


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    print(write(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None))
