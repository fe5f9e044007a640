"""SQLite: what opens, what does not and how it says so; several processes on one file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mlflow import store
from mlflow.exceptions import MlflowException
from mlflow.wire.metrics import LogBatch, Point

UNPRIVILEGED = """
import os, sys, tempfile
from mlflow import store
from mlflow.exceptions import MlflowException
with tempfile.TemporaryDirectory() as folder:  # so that all modules are there
    store.open_store(folder).close()
if os.getuid() == 0:
    os.setuid(65534)
try:
    opened = store.open_store(sys.argv[1])
    opened.experiments.create("x", None, {})
except MlflowException as error:
    print(error.error_code, error.message)
"""


def refused(uri: str) -> MlflowException:
    with pytest.raises(MlflowException) as caught:
        store.open_store(uri)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert "\n" not in caught.value.message
    return caught.value


def new_run(opened: store.Store) -> str:
    row = opened.runs.create(
        run_id="a" * 32,
        chosen=True,
        experiment=0,
        name="one",
        user_id="",
        start_time=1,
        tags={},
    )
    assert row is not None
    return row.run_id


def test_a_folder_is_opened_and_made_where_it_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "runs"
    store.open_store(str(folder)).close()
    assert (folder / "mlflow.db").exists()
    opened = store.open_store(folder.as_uri())
    found = opened.experiments.by_name("Default")
    assert found is not None
    assert found.id == 0
    opened.close()


def test_the_file_is_in_wal_mode_and_whole_after_closing(sqlite_url: str, tmp_path: Path) -> None:
    store.open_store(sqlite_url).close()
    with sqlite3.connect(tmp_path / "mlflow.db") as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    assert "cannot be opened" in refused(str(tmp_path / "file")).message
    assert "cannot be opened" in refused(f"sqlite:///{tmp_path}").message


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("These are my notes, and they are longer than a header of a database. " * 30)
    before = file.read_bytes()
    assert "not a database" in refused(f"sqlite:///{file}").message
    assert file.read_bytes() == before


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    store.open_store(str(tmp_path)).close()
    store.open_store(str(tmp_path)).close()


def filled(folder: Path) -> str:
    """Make a store of some pages in a folder; the id of its run."""
    opened = store.open_store(str(folder))
    run = new_run(opened)
    for start in range(0, 3000, 100):
        points = [Point("m", step / 3, step, step) for step in range(start, start + 100)]
        opened.log(LogBatch(run_id=run, metrics=points)).result()
    opened.close()
    return run


def test_a_corrupt_file_is_refused_and_not_changed(tmp_path: Path) -> None:
    filled(tmp_path)
    file = tmp_path / "mlflow.db"
    data = bytearray(file.read_bytes())
    data[200:] = b"\xaa" * (len(data) - 200)
    file.write_bytes(data)
    assert str(file) in refused(str(tmp_path)).message
    assert file.read_bytes() == data


def test_a_damaged_table_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    run = filled(tmp_path)
    file = tmp_path / "mlflow.db"
    raw = sqlite3.connect(file)
    (size,) = raw.execute("PRAGMA page_size").fetchone()
    sql = "SELECT rootpage FROM sqlite_master WHERE name = 'points'"
    start = size * (raw.execute(sql).fetchone()[0] - 1)
    raw.close()
    data = bytearray(file.read_bytes())
    data[start : start + size] = b"\xaa" * size
    file.write_bytes(data)
    opened = store.open_store(str(tmp_path))
    for _ in range(2):
        with pytest.raises(MlflowException, match="damaged") as caught:
            opened.metrics.history(run, "m", 10, None)
        assert caught.value.error_code == "DATA_LOSS"
        assert str(file) in caught.value.message
        found = opened.runs.row(run)
        assert found is not None
    opened.close()


@pytest.mark.parametrize("what", ["folder", "file", "new"])
def test_what_cannot_be_written_is_said_so(tmp_path: Path, what: str) -> None:
    """As another user, for nothing is closed to root."""
    for folder in (*tmp_path.parents[:3], tmp_path):
        if folder.owner() == "root" and folder != Path("/tmp"):
            folder.chmod(0o755)
    uri = str(tmp_path / "new") if what == "new" else str(tmp_path / "runs")
    if what != "new":
        store.open_store(uri).close()
        (tmp_path / "runs").chmod(0o755 if what == "folder" else 0o777)
        (tmp_path / "runs" / "mlflow.db").chmod(0o444)
    said = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, uri], capture_output=True, text=True, check=False
    )
    assert said.stderr == ""
    assert said.stdout.startswith("INVALID_PARAMETER_VALUE The database ")
    assert len(said.stdout.splitlines()) == 1


def test_a_moved_folder_opens_with_all_in_it(tmp_path: Path) -> None:
    opened = store.open_store(str(tmp_path / "here"))
    run = new_run(opened)
    opened.log(LogBatch(run_id=run, metrics=[Point("m", 1.5, 1, 1)])).result()
    opened.close()
    (tmp_path / "here").rename(tmp_path / "there")
    opened = store.open_store(str(tmp_path / "there"))
    assert opened.metrics.history(run, "m", 10, None) == ([(1, 1, 1.5, False)], False)
    opened.close()


def test_a_reader_sees_one_moment(tmp_path: Path) -> None:
    """What another writes while we read does not show in the middle of our reading."""
    opened = store.open_store(str(tmp_path))
    other = store.open_store(str(tmp_path))

    def count(connection: store.db.Connection) -> tuple[int, int]:
        before = connection.value("SELECT count(*) FROM experiments")
        assert other.experiments.create(f"new {before}", None, {}) is not None
        return before, connection.value("SELECT count(*) FROM experiments")

    assert opened.database.read(count) == (1, 1)
    assert opened.database.read(count) == (2, 2)
    opened.close()
    other.close()
