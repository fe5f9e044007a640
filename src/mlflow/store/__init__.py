"""The SQL floor: experiments, runs and what they log, in SQLite, PostgreSQL or MySQL."""

from concurrent.futures import Future

from mlflow.store import schema, uri
from mlflow.store.batches import Batches
from mlflow.store.changes import Changes
from mlflow.store.curves import Curves
from mlflow.store.datasets import Datasets
from mlflow.store.db import Database, WouldBlock
from mlflow.store.experiments import ExperimentRow, Experiments
from mlflow.store.metrics import Metrics
from mlflow.store.mysql import MysqlDatabase
from mlflow.store.names import Names, UsedNames
from mlflow.store.postgresql import PostgresqlDatabase
from mlflow.store.run_tables import RunTables, Scope
from mlflow.store.runs import Columns, RunRow, Runs
from mlflow.store.sqlite import SqliteDatabase
from mlflow.store.views import Views
from mlflow.store.writer import Writer
from mlflow.wire import Empty
from mlflow.wire.metrics import LogBatch

_LARGEST_GROUP = 20_000  # metrics, params and tags in one transaction


class Store:
    """An open database, noun by noun."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.names = Names(database)
        used = UsedNames()
        self.changes = Changes(database)
        self.curves = Curves(database, self.names)
        self.datasets = Datasets(database)
        self.experiments = Experiments(database, self.names)
        self.metrics = Metrics(database, self.names)
        self.run_tables = RunTables(database, self.names)
        self.runs = Runs(database, self.names, used)
        self.views = Views(database)
        self._writer: Writer[LogBatch] = Writer(
            Batches(database, self.names, used).commit,
            lambda batch: len(batch.metrics) + len(batch.params) + len(batch.tags),
            _LARGEST_GROUP,
            lambda: database.hurried,
        )

    def log(self, batch: LogBatch) -> "Future[Empty]":
        """Log a checked batch: all or nothing; done when it is committed."""
        return self._writer.submit(batch)

    def close(self) -> None:
        """Commit what is queued and close the connections."""
        self._writer.close()
        self.database.close()


def open_database(address: str) -> Database:
    """The database at a store URI, whatever its schema.

    Raises:
        MlflowException: it cannot be opened.
    """
    parsed = uri.parse(address)
    if parsed.dialect == "postgresql":
        return PostgresqlDatabase(parsed.address)
    if parsed.dialect == "mysql":
        return MysqlDatabase(parsed.address)
    return SqliteDatabase(parsed.address)


def open_store(address: str, *, upgrade: bool = True) -> Store:
    """The store at a URI; an empty database gets its tables.

    Args:
        address: `sqlite:///…`, `postgresql://…`, `mysql://…` or the path of a folder.
        upgrade: whether an empty database gets its tables; an old schema is refused either way.

    Raises:
        MlflowException: the database cannot be opened or its schema is another one.
    """
    database = open_database(address)
    try:
        if upgrade and schema.version(database) == 0:
            schema.upgrade(database, uri.hidden(address))
        schema.check(database, uri.hidden(address))
        if isinstance(database, PostgresqlDatabase):
            database.forget_types()
    except BaseException:
        database.close()
        raise
    return Store(database)


__all__ = [
    "Columns",
    "ExperimentRow",
    "RunRow",
    "Scope",
    "Store",
    "WouldBlock",
    "open_database",
    "open_store",
]
