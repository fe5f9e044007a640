"""The bin, emptied: runs and experiments that were deleted are removed for good.

A transaction removes whole runs, and never many rows at once. It locks the rows of the runs first,
in the order of their numbers, as everything does that writes into runs; so nothing deadlocks, and
a run that was restored meanwhile is seen to be active and stays.

The artifacts of a run go before its rows do. Meanwhile the run is claimed: the time at which it was
deleted is negative, and it cannot be restored. Whoever is interrupted leaves it claimed in the bin,
where the next one finds it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mlflow.store.db import Connection, Database
from mlflow.store.experiments import RELATIVE

#: the tables whose rows belong to one run, by the column `run_id`
BELONGINGS = (
    "points",
    "series",
    "params",
    "tags",
    "documents",
    "input_tags",
    "inputs",
    "run_models",
)
_PAGE = 500
_COLUMNS = "id, run_id, experiment_id, artifact_uri, abs(deleted)"
_SUMMARY_BYTES = 150  # of a row of `series` with its indexes, roughly


class BinnedRun(NamedTuple):
    """A run, and when it was deleted: milliseconds since the epoch, None for an active one."""

    id: int
    run_id: str
    experiment_id: int
    artifact_uri: str
    deleted: int | None


class BinnedExperiment(NamedTuple):
    """An experiment, and when it was deleted: milliseconds, None for an active one."""

    id: int
    name: str
    artifact_location: str
    deleted: int | None


class Size(NamedTuple):
    """What a run takes: points of metrics, rows in tables, bytes (roughly)."""

    points: int = 0
    rows: int = 1
    bytes: int = 0


class Bin:
    """The deleted runs and experiments of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- what is in it -------------------------------------------------------

    def pages(
        self,
        before: int,
        *,
        run_ids: Sequence[str] | None = None,
        experiments: Sequence[int] | None = None,
    ) -> Iterator[list[BinnedRun]]:
        """The runs that were deleted up to a time, a few hundred at a time, by number.

        Args:
            before: milliseconds since the epoch.
            run_ids, experiments: only these runs and the runs of these experiments; when both
                are None, all.
        """
        if run_ids is None and experiments is None:
            yield from self._pages(before, None, ())
        for column, values in (("run_id", run_ids), ("experiment_id", experiments)):
            for start in range(0, len(values or ()), _PAGE):
                yield from self._pages(before, column, (values or ())[start : start + _PAGE])

    def _pages(
        self, before: int, column: str | None, values: Sequence[Any]
    ) -> Iterator[list[BinnedRun]]:
        last = -1
        while True:

            def work(connection: Connection, after: int = last) -> list[BinnedRun]:
                condition, parameters = (
                    connection.among(column, values) if column else ("1 = 1", [])
                )
                rows = connection.all(
                    f"SELECT {_COLUMNS} FROM runs WHERE abs(deleted) <= ? AND id > ?"
                    f" AND {condition} ORDER BY id LIMIT {_PAGE}",
                    [before, after, *parameters],
                )
                return [BinnedRun(*row) for row in rows]

            page = self._database.read(work)
            if page:
                yield page
            if len(page) < _PAGE:
                return
            last = page[-1].id

    def runs(self, run_ids: Sequence[str]) -> dict[str, BinnedRun]:
        """The runs with these ids by id, active ones too."""
        found: dict[str, BinnedRun] = {}
        for start in range(0, len(run_ids), _PAGE):
            for row in self._among("runs", _COLUMNS, "run_id", run_ids[start : start + _PAGE]):
                run = BinnedRun(*row)
                found[run.run_id] = run
        return found

    def experiments(self, numbers: Sequence[int] | None = None) -> list[BinnedExperiment]:
        """The experiments with these numbers, active ones too; all deleted ones without numbers."""
        columns = "id, name, artifact_location, deleted"
        if numbers is not None:
            rows = self._among("experiments", columns, "id", numbers) if numbers else []
        else:
            sql = f"SELECT {columns} FROM experiments WHERE deleted IS NOT NULL"
            rows = self._database.read(lambda connection: connection.all(sql))
        return sorted(BinnedExperiment(*row) for row in rows)

    def locations(self) -> list[str]:
        """Where experiments, active ones too, keep artifacts away from the store's own root."""
        sql = (
            "SELECT DISTINCT artifact_location FROM experiments"
            f" WHERE artifact_location NOT LIKE '{RELATIVE}%' ORDER BY artifact_location"
        )
        rows = self._database.read(lambda connection: connection.all(sql))
        return [row[0] for row in rows]

    def _among(
        self, table: str, columns: str, column: str, values: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        def work(connection: Connection) -> list[tuple[Any, ...]]:
            condition, parameters = connection.among(column, values)
            return connection.all(f"SELECT {columns} FROM {table} WHERE {condition}", parameters)

        return self._database.read(work)

    def sizes(self, runs: Sequence[int]) -> dict[int, Size]:
        """What each of these runs takes."""

        def work(connection: Connection) -> dict[int, Size]:
            condition, parameters = connection.among("run_id", runs)
            where = f"WHERE {condition} GROUP BY run_id"
            sizes = dict.fromkeys(runs, Size())
            for sql in (
                f"SELECT run_id, sum(count), count(*), count(*) * {_SUMMARY_BYTES} FROM series",
                "SELECT run_id, 0, count(*), sum(length(data)) FROM points",
                "SELECT run_id, 0, 1, 2 * sum(length(params) + length(tags)) FROM documents",
            ):
                for run, points, rows, size in connection.all(f"{sql} {where}", parameters):
                    known = sizes[run]
                    sizes[run] = Size(
                        known.points + int(points), known.rows + rows, known.bytes + int(size)
                    )
            return sizes

        return self._database.read(work)

    # -- emptying it ---------------------------------------------------------

    def claim(self, runs: Sequence[int], before: int) -> set[int]:
        """Keep runs from being restored, but those that are not deleted since `before` or longer.

        Returns:
            The numbers of the runs that are claimed.
        """

        def work(connection: Connection) -> set[int]:
            claimed = self._locked(connection, runs, before)
            if claimed:
                condition, parameters = connection.among("id", claimed)
                connection.run(
                    f"UPDATE runs SET deleted = -abs(deleted) WHERE {condition}", parameters
                )
            return set(claimed)

        return self._database.write(work)

    def release(self, runs: Sequence[int]) -> None:
        """Let claimed runs be restored again."""

        def work(connection: Connection) -> None:
            condition, parameters = connection.among("id", sorted(runs))
            connection.run(
                f"UPDATE runs SET deleted = abs(deleted) WHERE {condition} AND deleted < 0",
                parameters,
            )

        if runs:
            self._database.write(work)

    def _locked(self, connection: Connection, runs: Sequence[int], before: int) -> list[int]:
        condition, parameters = connection.among("id", sorted(runs))
        rows = connection.all(
            f"SELECT id FROM runs WHERE {condition} AND abs(deleted) <= ? ORDER BY id"
            f"{self._database.for_update}",
            [*parameters, before],
        )
        return [row[0] for row in rows]

    def remove_runs(self, runs: Sequence[int], before: int) -> set[int]:
        """Remove runs in one transaction, but those that are not deleted since `before` or longer.

        Returns:
            The numbers of the runs that were removed.
        """

        def work(connection: Connection) -> set[int]:
            gone = self._locked(connection, runs, before)
            if gone:
                condition, parameters = connection.among("run_id", gone)
                for table in BELONGINGS:
                    connection.run(f"DELETE FROM {table} WHERE {condition}", parameters)
                condition, parameters = connection.among("id", gone)
                connection.run(f"DELETE FROM runs WHERE {condition}", parameters)
            return set(gone)

        return self._database.write(work)

    def remove_experiment(self, number: int, before: int) -> bool:
        """Remove an experiment with all that is its own, if it is deleted and has no runs.

        Returns:
            Whether it was removed.
        """

        def work(connection: Connection) -> bool:
            lock = self._database.for_update
            found = connection.one(
                f"SELECT id FROM experiments WHERE id = ? AND deleted <= ?{lock}", (number, before)
            )
            if found is None:
                return False
            if connection.one("SELECT id FROM runs WHERE experiment_id = ? LIMIT 1", (number,)):
                return False
            for table in ("datasets", "experiment_tags", "used_names", "views"):
                connection.run(f"DELETE FROM {table} WHERE experiment_id = ?", (number,))
            connection.run("DELETE FROM experiments WHERE id = ?", (number,))
            return True

        return self._database.write(work)
