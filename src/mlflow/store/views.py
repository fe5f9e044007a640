"""Views as rows: named states of the UI."""

from typing import NamedTuple

from mlflow._clock import now_ms
from mlflow.exceptions import RESOURCE_EXHAUSTED, MlflowException
from mlflow.store.db import Connection, Database


class ViewRow(NamedTuple):
    """A row of `views`; times in milliseconds since the epoch."""

    id: int
    experiment_id: int
    name: str
    state: str
    created: int
    updated: int


#: of one experiment, which are all listed at once
MOST_VIEWS = 500
_SELECT = "SELECT id, experiment_id, name, state, created, updated FROM views"


class Views:
    """Reads and writes views."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, experiment: int, name: str, state: str) -> ViewRow | None:
        """A new view of an experiment; None when the experiment has one with that name."""
        now = now_ms()
        tried: set[int] = set()  # one may be there, if the answer to its COMMIT was lost

        def work(connection: Connection) -> ViewRow | None:
            there = connection.value(
                "SELECT id FROM views WHERE experiment_id = ? AND name = ?", (experiment, name)
            )
            if there is not None and there not in tried:
                return None
            if there is None and _count(connection, experiment) >= MOST_VIEWS:
                raise MlflowException(
                    f"This experiment has {MOST_VIEWS} views, which is the most. Delete some that "
                    "nobody uses.",
                    RESOURCE_EXHAUSTED,
                )
            row = {"experiment_id": experiment, "name": name, "state": state, "created": now}
            # If another process inserts the same name now, all this is tried again.
            number = there or connection.insert("views", row | {"updated": now})
            tried.add(number)
            return ViewRow(number, experiment, name, state, now, now)

        return self._database.write(work)

    def by_number(self, number: int) -> ViewRow | None:
        """The view with a number."""
        return self._database.read(lambda connection: _one(connection, number))

    def of_experiment(self, experiment: int) -> list[ViewRow]:
        """All views of an experiment, by name."""
        sql = f"{_SELECT} WHERE experiment_id = ? ORDER BY name"
        rows = self._database.read(lambda connection: connection.all(sql, (experiment,)))
        return [ViewRow(*row) for row in rows]

    def update(self, number: int, name: str | None, state: str | None) -> ViewRow | None:
        """Change what is given, and give the view as it is then; None when there is none.

        When another view of the experiment has the name, nothing is changed: the view that is
        given back has its old one.
        """
        now = now_ms()

        def work(connection: Connection) -> ViewRow | None:
            view = _one(connection, number, self._database.for_update)
            if view is None:
                return None
            new = view._replace(
                name=view.name if name is None else name,
                state=view.state if state is None else state,
                updated=now,
            )
            if connection.one(
                "SELECT id FROM views WHERE experiment_id = ? AND name = ? AND id <> ?",
                (view.experiment_id, new.name, number),
            ):
                return view
            connection.run(
                "UPDATE views SET name = ?, state = ?, updated = ? WHERE id = ?",
                (new.name, new.state, now, number),
            )
            return new

        return self._database.write(work)

    def delete(self, number: int) -> bool:
        """Remove a view; False when there is none."""
        was_there = False  # stays true if this is tried again

        def work(connection: Connection) -> bool:
            nonlocal was_there
            gone = connection.count("DELETE FROM views WHERE id = ?", (number,))
            was_there = was_there or bool(gone)
            return was_there

        return self._database.write(work)


def _one(connection: Connection, number: int, lock: str = "") -> ViewRow | None:
    row = connection.one(f"{_SELECT} WHERE id = ?{lock}", (number,))
    return None if row is None else ViewRow(*row)


def _count(connection: Connection, experiment: int) -> int:
    sql = "SELECT count(*) FROM views WHERE experiment_id = ?"
    return int(connection.value(sql, (experiment,)))
