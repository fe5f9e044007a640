"""Names of metrics, params and tags as small numbers, and which experiment uses which."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from mlflow.store.db import Connection, Database

METRIC, PARAM, TAG = 1, 2, 3
#: experiment, METRIC, PARAM or TAG, number of the name
Use: TypeAlias = tuple[int, int, int]
_REMEMBERED = 100_000  # uses, about 20 MB


class Names:
    """The names that a database knows, and their numbers; both directions are cached.

    Names are only ever added, so what is cached stays true.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def make(self, names: Iterable[str]) -> dict[str, int]:
        """The numbers of names; those not known yet are added, in a transaction of their own."""
        known = self._numbers
        missing = {name for name in names if name not in known}
        if missing:
            self._find(missing)
            missing = missing.difference(known)
        if missing:
            rows = [(name,) for name in sorted(missing)]  # in one order, so nobody deadlocks
            self._database.write(
                lambda connection: connection.put("names", ("name",), rows, keys=("name",))
            )
            self._find(missing)
        return self._numbers

    def number(self, connection: Connection, name: str) -> int | None:
        """The number of a name, None when nothing ever had it."""
        if name not in self._numbers and "\0" not in name:  # PostgreSQL takes no NUL, even to ask
            self._load(connection, "name", [name])
        return self._numbers.get(name)

    def texts(self, connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
        """All cached names by number, at least those asked for."""
        missing = [number for number in numbers if number not in self._texts]
        if missing:
            self._load(connection, "id", missing)
        return self._texts

    def _find(self, names: set[str]) -> None:
        self._database.read(lambda connection: self._load(connection, "name", list(names)))

    def _load(self, connection: Connection, column: str, values: Sequence[object]) -> None:
        for start in range(0, len(values), 500):
            condition, parameters = connection.among(column, values[start : start + 500])
            for number, name in connection.all(
                f"SELECT id, name FROM names WHERE {condition}", parameters
            ):
                self._numbers[name] = number
                self._texts[number] = name


class UsedNames:
    """The names that runs of an experiment have, or had: they are only ever added.

    They are noted with the first row of a run that needs them. What is noted is remembered, so
    that nearly always there is nothing to write.
    """

    def __init__(self) -> None:
        self._noted: set[Use] = set()

    def note(self, connection: Connection, uses: Iterable[Use]) -> set[Use]:
        """Write down uses that are not known to be noted; give them to `remember` on commit."""
        fresh = set(uses).difference(self._noted)
        if fresh:
            columns = ("experiment_id", "kind", "key_id")
            # in one order, so that nobody deadlocks
            connection.put("used_names", columns, sorted(fresh), keys=columns)
        return fresh

    def remember(self, uses: set[Use]) -> None:
        """Take uses, whose transaction was committed, as noted."""
        if uses:
            if len(self._noted) > _REMEMBERED:
                self._noted = set()
            self._noted |= uses
