"""Experiments and their tags, as rows."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mlflow._clock import now_ms
from mlflow.entities.runs import RunStatus
from mlflow.search.tree import Node, Order
from mlflow.store.changes import telling
from mlflow.store.db import Connection, Database
from mlflow.store.names import Names
from mlflow.store.where import View, experiment_count, experiment_search


class ExperimentRow(NamedTuple):
    """A row of `experiments` with its tags; times in milliseconds since the epoch."""

    id: int
    name: str
    artifact_location: str
    deleted: int | None
    created: int
    updated: int
    tags: dict[str, str]


class Figures(NamedTuple):
    """How many runs an experiment has, and when something last happened in it (milliseconds)."""

    runs: int = 0
    running: int = 0
    deleted: int = 0
    last_activity: int | None = None


_COLUMNS = "id, name, artifact_location, deleted, created, updated"
#: artifact locations below the store's own root are kept relative to it, so that it can be moved
RELATIVE = "./"


class Experiments:
    """Reads and writes experiments."""

    def __init__(self, database: Database, names: Names) -> None:
        self._database = database
        self._names = names

    def create(self, name: str, location: str | None, tags: dict[str, str]) -> int | None:
        """The number of a new experiment; None when one with that name exists."""
        numbers = self._names.make(tags)
        now = now_ms()
        tried: set[int] = set()  # one may be there, if the answer to its COMMIT was lost

        def work(connection: Connection) -> int | None:
            there = connection.value("SELECT id FROM experiments WHERE name = ?", (name,))
            if there is not None:
                return there if there in tried else None
            row = {"name": name, "artifact_location": location or "", "created": now}
            # If another process inserts the same name now, all this is tried again.
            number = connection.insert("experiments", row | {"updated": now})
            if not location:
                connection.run(
                    "UPDATE experiments SET artifact_location = ? WHERE id = ?",
                    (f"{RELATIVE}{number}", number),
                )
            rows = [(number, numbers[key], value) for key, value in tags.items()]
            connection.put("experiment_tags", ("experiment_id", "key_id", "value"), rows)
            tried.add(number)
            return number

        return self._database.write(work)

    def by_number(self, number: int) -> ExperimentRow | None:
        """The experiment with a number, deleted or not."""
        return self._one("id = ?", number)

    def by_name(self, name: str) -> ExperimentRow | None:
        """The experiment with a name, deleted or not."""
        return None if "\0" in name else self._one("name = ?", name)

    def _one(self, condition: str, value: object) -> ExperimentRow | None:
        columns = ", ".join(f"e.{column}" for column in _COLUMNS.split(", "))
        rows = self._database.read(
            lambda connection: connection.all(
                f"SELECT {columns}, n.name, t.value FROM experiments e"
                " LEFT JOIN experiment_tags t ON t.experiment_id = e.id"
                f" LEFT JOIN names n ON n.id = t.key_id WHERE e.{condition} ORDER BY n.name",
                (value,),
            )
        )
        if not rows:
            return None
        tags = {key: text for *_, key, text in rows if key is not None}
        return ExperimentRow._make((*rows[0][:-2], tags))

    def figures(self, numbers: Sequence[int]) -> dict[int, Figures]:
        """The figures of the experiments with these numbers that are there, in this order."""

        def work(connection: Connection) -> dict[int, Figures]:
            condition, parameters = connection.among("e.id", numbers)
            changes = connection.all(  # each found at the end of the index `runs_changed`
                "SELECT e.id, (SELECT max(r.changed) FROM runs r WHERE r.experiment_id = e.id)"
                f" FROM experiments e WHERE {condition}",
                parameters,
            )
            changed = {number: 1000 * (second or 0) for number, second in changes}
            found = {number: Figures() for number in numbers if number in changed}
            # All of this is in the index `runs_listed`.
            condition, parameters = connection.among("experiment_id", list(found))
            active = f"deleted IS NULL AND status = {RunStatus.RUNNING}"
            for number, runs, deleted, running, started, ended in (
                connection.all(
                    "SELECT experiment_id, count(*), count(deleted),"
                    f" count(CASE WHEN {active} THEN 1 END), max(start_time), max(end_time)"
                    f" FROM runs WHERE {condition} GROUP BY experiment_id",
                    parameters,
                )
                if found
                else ()
            ):
                last = max(started, ended or 0, changed[number])
                found[number] = Figures(runs - deleted, running, deleted, last)
            return found

        return self._database.read(work)

    def _by_numbers(self, connection: Connection, numbers: Sequence[int]) -> list[ExperimentRow]:
        if not numbers:
            return []
        condition, parameters = connection.among("id", numbers)
        rows = connection.all(f"SELECT {_COLUMNS} FROM experiments WHERE {condition}", parameters)
        found = {row.id: row for row in self._with_tags(connection, rows)}
        return [found[number] for number in numbers if number in found]

    def _with_tags(
        self, connection: Connection, rows: Iterable[Sequence[Any]]
    ) -> list[ExperimentRow]:
        rows = list(rows)
        tags: dict[int, dict[str, str]] = {row[0]: {} for row in rows}
        if rows:
            condition, parameters = connection.among("t.experiment_id", list(tags))
            for number, key, value in connection.all(
                "SELECT t.experiment_id, n.name, t.value FROM experiment_tags t"
                f" JOIN names n ON n.id = t.key_id WHERE {condition} ORDER BY n.name",
                parameters,
            ):
                tags[number][key] = value
        return [ExperimentRow._make((*row, tags[row[0]])) for row in rows]

    def rename(self, number: int, name: str) -> bool:
        """Give a new name; False when another experiment has it."""

        def work(connection: Connection) -> bool:
            taken = connection.one(
                "SELECT id FROM experiments WHERE name = ? AND id <> ?", (name, number)
            )
            if not taken:
                connection.run(
                    "UPDATE experiments SET name = ?, updated = ? WHERE id = ?",
                    (name, now_ms(), number),
                )
            return not taken

        return self._database.write(work)

    def set_deleted(self, number: int, deleted: bool) -> bool:
        """Move an experiment with its runs to the bin or back; False when it is there already."""
        now = now_ms()
        was_moved = False  # stays true if this is tried again

        def work(connection: Connection) -> bool:
            nonlocal was_moved
            changed = connection.count(
                "UPDATE experiments SET deleted = ?, updated = ? WHERE id = ?"
                f" AND deleted IS {'NULL' if deleted else 'NOT NULL'}",
                (now if deleted else None, now, number),
            )
            if not changed:
                return was_moved
            connection.run(
                f"UPDATE runs SET deleted = ?, changed = {connection.second}"
                " WHERE experiment_id = ?"
                # One that is being removed for good (negative) stays where it is.
                f" AND deleted {'IS NULL' if deleted else '>= 0'}",
                (now if deleted else None, number),
            )
            was_moved = True
            return True

        with telling(self._database, "experiment_id", [number]):
            return self._database.write(work)

    def set_tag(self, number: int, key: str, value: str) -> None:
        """Set a tag."""
        key_id = self._names.make([key])[key]

        def work(connection: Connection) -> None:
            connection.put(
                "experiment_tags",
                ("experiment_id", "key_id", "value"),
                [(number, key_id, value)],
                keys=("experiment_id", "key_id"),
                update=("value",),
            )
            connection.run("UPDATE experiments SET updated = ? WHERE id = ?", (now_ms(), number))

        self._database.write(work)

    def delete_tag(self, number: int, key: str) -> bool:
        """Delete a tag; False when there is none."""
        was_there = False  # stays true if this is tried again

        def work(connection: Connection) -> bool:
            nonlocal was_there
            key_id = self._names.number(connection, key)
            gone = connection.count(
                "DELETE FROM experiment_tags WHERE experiment_id = ? AND key_id = ?",
                (number, key_id),
            )
            was_there = was_there or bool(gone)
            return was_there

        return self._database.write(work)

    def search(
        self,
        node: Node | None,
        orders: Sequence[Order],
        *,
        view: View,
        limit: int,
        after: Sequence[Any] | None,
        count: bool,
    ) -> tuple[list[ExperimentRow], list[Any] | None, int | None]:
        """A page of experiments, where it ends if another follows, and the count if asked."""

        def work(
            connection: Connection,
        ) -> tuple[list[ExperimentRow], list[Any] | None, int | None]:
            def number(name: str) -> int | None:
                return self._names.number(connection, name)

            dialect = connection.dialect
            search = experiment_search(
                dialect, node, orders, key_ids=number, limit=limit + 1, view=view, after=after
            )
            rows = search.fetch(connection.all)
            end = list(rows[limit - 1][1:]) if len(rows) > limit else None
            total = None
            if count:
                select = experiment_count(dialect, node, key_ids=number, view=view)
                total = connection.value(select.sql, select.params)
            return self._by_numbers(connection, [row[0] for row in rows[:limit]]), end, total

        return self._database.read(work)
