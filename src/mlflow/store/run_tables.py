"""Tables of runs: a window of rows as columns, the names in use, groups and their statistics.

Which rows stand in a window is found in SQL, without a look at what they show; only then the cells
of these rows are read. Groups are put together here, a portion of runs at a time, so that what is
in memory grows with the number of groups and not with that of values.
"""

import itertools
import math
import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from mlflow.entities.run_tables import Cell, GroupNumbers
from mlflow.exceptions import RESOURCE_EXHAUSTED, MlflowException
from mlflow.search.columns import Column
from mlflow.search.tree import Field, Node, Order
from mlflow.store.conditions import STATUSES, RunConditions, metric_value
from mlflow.store.datasets import CONTEXT
from mlflow.store.db import Connection, Database
from mlflow.store.metrics import values_at
from mlflow.store.names import METRIC, PARAM, TAG, Names
from mlflow.store.runs import placed
from mlflow.store.where import View, at_refs, names_of_runs, run_count, run_ids, run_search

PARENT = "mlflow.parentRunId"
COMPARED = 2000  # newest runs that are compared for names that differ
LOOKED_AT = 200  # newest runs that show which names are in use at once
PORTION = 5000  # runs whose values are read at once for groups
CELLS = 10_000  # that are read at once for a window
LARGEST_TEXT = 100_000_000  # characters in one answer, or in what groups are told apart by
PATIENCE = 60.0  # seconds for one query: one that takes longer keeps a thread from all others
MOST_STATISTICS = 3_000_000  # groups times columns, of 40 bytes each
_PAIR = struct.Struct(">qd")
_ATTRIBUTES = {
    "artifact_uri": "artifact_uri",
    "duration": "end_time - start_time",
    "end_time": "end_time",
    "experiment_id": "experiment_id",
    "lifecycle_stage": "deleted IS NULL",
    "run_id": "run_id",
    "run_name": "name",
    "start_time": "start_time",
    "status": "status",
    "user_id": "user_id",
}
_TABLES = {"metric": (METRIC, "series"), "param": (PARAM, "params"), "tag": (TAG, "tags")}
_START = 64  # characters of a tag that are in its index
#: the key of a group
GroupKey: TypeAlias = tuple[str | None, ...]


class Scope(NamedTuple):
    """Which runs: the parsed filter, the numbers of the experiments, and the view.

    `root` is where relative artifact locations begin.
    """

    node: Node | None
    experiments: Sequence[int]
    view: View
    root: str


class Window(NamedTuple):
    """Rows of a table: run ids, columns in the order asked for, and the count if asked."""

    run_ids: list[str]
    columns: list[list[Cell]]
    total: int | None


class Used(NamedTuple):
    """Names in use, and how many runs were compared if any were."""

    metrics: list[str]
    params: list[str]
    tags: list[str]
    looked_at: int | None


class Groups(NamedTuple):
    """Groups: their keys, sizes and columns, and how many there are in all."""

    keys: list[GroupKey]
    runs: list[int]
    columns: list[GroupNumbers]
    total: int


class RunTables:
    """Reads runs as tables."""

    def __init__(self, database: Database, names: Names) -> None:
        self._database = database
        self._names = names

    # -- windows -------------------------------------------------------------

    def window(
        self,
        scope: Scope,
        orders: Sequence[Order],
        columns: Sequence[Column],
        *,
        offset: int,
        limit: int,
        count: bool,
    ) -> Window:
        """Rows of the table from row `offset` on.

        Args:
            orders: newest first unless something is asked for.
            limit: most rows.
            count: whether to count all matches as well.
        """

        if not scope.experiments:
            return Window([], [[] for _ in columns], 0 if count else None)

        def counted(connection: Connection, asked: dict[str, Any]) -> int:
            select = run_count(connection.dialect, scope.node, **asked)
            return int(connection.value(select.sql, select.params))

        def work(connection: Connection) -> Window:
            asked = self._asked(connection, scope, orders)
            total = counted(connection, asked) if count and offset else None
            if total is not None and total <= offset:
                return Window([], [[] for _ in columns], total)
            search = run_search(
                connection.dialect, scope.node, orders, limit=offset + limit, **asked
            )
            numbers = search.window(connection.all, offset, limit)
            if count and total is None:
                few = len(numbers) < limit
                total = len(numbers) if few else counted(connection, asked)
            window = Window([], [[] for _ in columns], total)
            text = 0
            size = max(1, CELLS // (len(columns) or 1))
            for start in range(0, len(numbers), size):
                portion = numbers[start : start + size]
                run_ids, cells = self._cells(connection, portion, columns, scope.root)
                window.run_ids.extend(run_ids)
                for column, more in zip(window.columns, cells, strict=True):
                    column += more
                    text += sum([_length(cell) for cell in more if isinstance(cell, (str, list))])
                if text > LARGEST_TEXT:
                    raise _too_much("rows", "rows or columns")
            return window

        return self._database.read(work, seconds=PATIENCE)

    def _asked(
        self, connection: Connection, scope: Scope, orders: Sequence[Order] = ()
    ) -> dict[str, Any]:
        """What all searches in a scope are told."""

        def number(name: str) -> int | None:
            return self._names.number(connection, name)

        return {
            "experiment_ids": scope.experiments,
            "key_ids": number,
            "view": scope.view,
            "artifact_root": scope.root,
            "ask": connection.all,
            "at_values": {
                ref: values_at(connection, number(ref.key), ref.step, scope.experiments)
                for ref in at_refs(scope.node, orders)
            },
        }

    def _cells(
        self, connection: Connection, numbers: list[int], columns: Sequence[Column], root: str
    ) -> tuple[list[str], list[list[Cell]]]:
        """The ids of runs, and the columns of these rows."""
        if not numbers:
            return [], [[] for _ in columns]
        ids = Field("attribute", "run_id")
        fields = [each for each in columns if isinstance(each, Field)]
        attributes = [each for each in fields if each.entity == "attribute"]
        found: dict[Column, Mapping[int, Cell]] = {}
        found |= self._attributes(connection, numbers, [ids, *attributes], root)
        run_ids = [str(found[ids].get(number, "")) for number in numbers]
        for entity in ("param", "tag"):
            texts = [each for each in fields if each.entity == entity]
            found |= self._texts(connection, numbers, texts)
        for field, values in self._metrics(connection, numbers, fields):
            whole = field.function == "count"
            found[field] = {
                run: "NaN" if value is None or value != value else int(value) if whole else value
                for run, value in values
            }
        if "children" in columns:
            found["children"] = self._children(connection, dict(zip(run_ids, numbers, strict=True)))
        if "datasets" in columns:
            found["datasets"] = self._datasets(connection, numbers)
        if "models" in columns:
            found["models"] = self._models(connection, numbers)
        extra: dict[Column, Cell] = {"children": 0, "datasets": [], "models": []}
        nothing: dict[int, Cell] = {}
        cells = []
        for column in columns:
            values_of, absent = found.get(column, nothing), extra.get(column)
            cells.append([values_of.get(number, absent) for number in numbers])
        return run_ids, cells

    @staticmethod
    def _attributes(
        connection: Connection, numbers: Sequence[int], fields: Sequence[Field], root: str
    ) -> dict[Column, dict[int, Cell]]:
        fields = list(dict.fromkeys(fields))
        if not fields:
            return {}
        condition, parameters = connection.among("id", numbers)
        columns = ", ".join(_ATTRIBUTES[field.key] for field in fields)
        rows = connection.all(f"SELECT id, {columns} FROM runs WHERE {condition}", parameters)
        return {
            field: {row[0]: _attribute(field.key, row[place], root) for row in rows}
            for place, field in enumerate(fields, 1)
        }

    def _texts(
        self, connection: Connection, numbers: Sequence[int], fields: Iterable[Field]
    ) -> dict[Column, dict[int, Cell]]:
        """Params, or tags, of runs."""
        keys = self._keys(connection, fields)
        if not keys:
            return {}
        found: dict[Column, dict[int, Cell]] = {}
        by_key: dict[int, dict[int, Cell]] = {}
        for key, [field] in keys.items():
            found[field] = by_key[key] = {}
        runs, runs_are = connection.among("run_id", numbers)
        keyed, keys_are = connection.among("key_id", list(keys))
        table = _TABLES[field.entity][1]
        for run, key, value in connection.all(
            f"SELECT run_id, key_id, value FROM {table} WHERE {runs} AND {keyed}",
            [*runs_are, *keys_are],
        ):
            by_key[key][run] = value
        return found

    def _keys(self, connection: Connection, fields: Iterable[Field]) -> dict[int, list[Field]]:
        """Fields by the number of their name; those whose name nobody has used are left out."""
        keys: dict[int, list[Field]] = {}
        for field in dict.fromkeys(fields):
            if (number := self._names.number(connection, field.key)) is not None:
                keys.setdefault(number, []).append(field)
        return keys

    def _metrics(
        self, connection: Connection, numbers: Sequence[int], fields: Iterable[Field]
    ) -> Iterator[tuple[Field, Iterable[tuple[int, float | None]]]]:
        """Each metric with the runs that have it and their values; None, or NaN, is NaN."""
        fields = [field for field in fields if field.entity == "metric"]
        for function in dict.fromkeys(field.function for field in fields):
            keys = self._keys(connection, (each for each in fields if each.function == function))
            if not keys:
                continue
            runs, runs_are = connection.among("s.run_id", numbers)
            keyed, keys_are = connection.among("s.key_id", list(keys))
            value = metric_value(connection.dialect, "s", function)
            tail = f" FROM series s WHERE {runs} AND {keyed}"
            parameters = [*runs_are, *keys_are]
            if connection.dialect == "postgresql":
                # One row per metric instead of one per value: rows are what costs time.
                rows = connection.all(
                    "SELECT s.key_id, string_agg(int8send(s.run_id) || float8send("
                    f"coalesce(({value})::double precision, 'NaN')), ''::bytea){tail}"
                    " GROUP BY s.key_id",
                    parameters,
                )
                for key, data in rows:
                    yield keys[key][0], list(_PAIR.iter_unpack(data))
                continue
            found: dict[int, list[tuple[int, float | None]]] = {key: [] for key in keys}
            for key, run, number in connection.all(
                f"SELECT s.key_id, s.run_id, {value}{tail}", parameters
            ):
                found[key].append((run, number))
            for key, values in found.items():
                yield keys[key][0], values

    def _children(self, connection: Connection, numbers: Mapping[str, int]) -> dict[int, Cell]:
        """How many active runs say that a run is their parent."""
        key_id = self._names.number(connection, PARENT)
        if key_id is None:
            return {}
        if connection.dialect == "mysql":
            condition, parameters = connection.among("t.value", list(numbers))
        else:  # as the index has it
            starts = list(dict.fromkeys(run_id[:_START] for run_id in numbers))
            condition, parameters = connection.among(f"substr(t.value, 1, {_START})", starts)
        rows = connection.all(
            "SELECT t.value, count(*) FROM tags t JOIN runs c ON c.id = t.run_id"
            f" WHERE t.key_id = ? AND {condition} AND c.deleted IS NULL GROUP BY t.value",
            [key_id, *parameters],
        )
        return {numbers[parent]: count for parent, count in rows if parent in numbers}

    @staticmethod
    def _datasets(connection: Connection, numbers: Sequence[int]) -> dict[int, Cell]:
        condition, parameters = connection.among("i.run_id", numbers)
        found: dict[int, list[Any]] = {}
        for run, name, digest, context in connection.all(
            "SELECT i.run_id, d.name, d.digest, g.value FROM inputs i"
            " JOIN datasets d ON d.id = i.dataset_id"
            " LEFT JOIN input_tags g ON g.run_id = i.run_id AND g.dataset_id = d.id"
            f" AND g.name = '{CONTEXT}' WHERE {condition} ORDER BY i.run_id, d.id",
            parameters,
        ):
            found.setdefault(run, []).append({"name": name, "digest": digest, "context": context})
        return {**found}

    @staticmethod
    def _models(connection: Connection, numbers: Sequence[int]) -> dict[int, Cell]:
        condition, parameters = connection.among("run_id", numbers)
        found: dict[int, list[Any]] = {}
        for run, model in connection.all(
            f"SELECT run_id, model_id FROM run_models WHERE {condition} AND made = 1"
            " ORDER BY run_id, step, model_id",
            parameters,
        ):
            found.setdefault(run, []).append(model)
        return {**found}

    # -- names in use --------------------------------------------------------

    def used(self, scope: Scope, *, differing: bool) -> Used:
        """The names of the metrics, params and tags of runs.

        Args:
            differing: only those whose value is not the same in all of the newest runs.
        """

        if not scope.experiments:
            return Used([], [], [], 0 if differing else None)

        def work(connection: Connection) -> Used:
            asked = self._asked(connection, scope)
            limit = COMPARED if differing else LOOKED_AT
            search = run_search(connection.dialect, scope.node, (), limit=limit, **asked)
            numbers = [row[0] for row in search.fetch(connection.all)]
            names: list[list[str]] = []
            for kind, table in _TABLES.values():
                if differing:
                    keys = self._differing(connection, table, numbers)
                else:
                    keys = self._having(connection, table, numbers)
                    if len(numbers) == limit:
                        keys |= self._had(connection, kind, table, keys, scope, asked)
                texts = self._names.texts(connection, keys)
                names.append(sorted(texts[key] for key in keys))
            metrics, params, tags = names
            return Used(metrics, params, tags, len(numbers) if differing else None)

        return self._database.read(work, seconds=PATIENCE)

    @staticmethod
    def _having(connection: Connection, table: str, numbers: Sequence[int]) -> set[int]:
        """The names that some of these runs have."""
        if not numbers:
            return set()
        condition, parameters = connection.among("run_id", numbers)
        rows = connection.all(f"SELECT DISTINCT key_id FROM {table} WHERE {condition}", parameters)
        return {row[0] for row in rows}

    @staticmethod
    def _had(
        connection: Connection,
        kind: int,
        table: str,
        known: set[int],
        scope: Scope,
        asked: Mapping[str, Any],
    ) -> set[int]:
        """The names that runs have of which the experiments know, but those known already."""
        noted, parameters = connection.among("experiment_id", scope.experiments)
        rows = connection.all(
            f"SELECT DISTINCT key_id FROM used_names WHERE {noted} AND kind = ?",
            [*parameters, kind],
        )
        left = {row[0] for row in rows} - known
        if not left:
            return set()
        # A run may be deleted or gone, so each of the few that are left is looked for.
        conditions = RunConditions(
            connection.dialect,
            asked["key_ids"],
            artifact_root=scope.root,
            at_values=asked["at_values"],
        )
        select = names_of_runs(
            conditions, scope.node, scope.experiments, scope.view, table, sorted(left)
        )
        return {row[0] for row in connection.all(select.sql, select.params)}

    @staticmethod
    def _differing(connection: Connection, table: str, numbers: Sequence[int]) -> set[int]:
        """The names whose value is not the same in all of these runs."""
        if not numbers:
            return set()
        condition, parameters = connection.among("run_id", numbers)
        value = "last_value" if table == "series" else "value"
        rows = connection.all(
            f"SELECT key_id, count(*), count({value}),"
            f" CASE WHEN min({value}) = max({value}) THEN 1 ELSE 0 END"
            f" FROM {table} WHERE {condition} GROUP BY key_id",
            parameters,
        )
        return {
            key
            for key, there, real, same in rows
            if there < len(numbers) or (real and (real < there or not same))
        }

    # -- groups --------------------------------------------------------------

    def groups(
        self,
        scope: Scope,
        keys: Sequence[Field],
        columns: Sequence[Field],
        orders: Sequence[tuple[Field | None, bool]],
        *,
        offset: int,
        limit: int,
    ) -> Groups:
        """Runs in groups with the same values, and statistics of columns.

        Args:
            keys: what to group by.
            columns: metrics, and params that hold numbers.
            orders: a key, a column (by its mean) or None for the size, and whether it descends.
        """

        def work(connection: Connection) -> Groups:
            select = run_ids(connection.dialect, scope.node, **self._asked(connection, scope))
            numbers = sorted(row[0] for row in connection.all(select.sql, select.params))
            places: dict[GroupKey, int] = {}
            sizes = array("q")
            text = 0
            statistics = {field: _Statistics() for field in columns}
            for start in range(0, len(numbers), PORTION):
                portion = numbers[start : start + PORTION]
                groups = self._grouped(connection, portion, keys, scope.root, places)
                text += sum(
                    len(part or "")
                    for key in itertools.islice(places, len(sizes), None)
                    for part in key
                )
                if text > LARGEST_TEXT:
                    raise _too_much("groups", "runs, by a filter")
                if len(places) * len(columns) > MOST_STATISTICS:
                    raise MlflowException(
                        f"The {len(columns)} columns of more than {len(places) - 1:,} groups take "
                        "too much memory. Ask for fewer columns, or group by what more runs share.",
                        RESOURCE_EXHAUSTED,
                    )
                sizes.extend([0] * (len(places) - len(sizes)))
                for group in groups.values():
                    sizes[group] += 1
                for each in statistics.values():
                    each.reach(len(places))
                for field, values in self._numbers(connection, portion, columns):
                    statistics[field].add(groups, values)
            found = list(places)
            order = _ordered(found, sizes, statistics, keys, orders)
            shown = order[offset : offset + limit]
            return Groups(
                [found[place] for place in shown],
                [sizes[place] for place in shown],
                [statistics[field].shown(shown) for field in columns],
                len(found),
            )

        return self._database.read(work, seconds=PATIENCE)

    def _grouped(
        self,
        connection: Connection,
        numbers: Sequence[int],
        keys: Sequence[Field],
        root: str,
        places: dict[GroupKey, int],
    ) -> dict[int, int]:
        """The place of the group of each run; new groups get new places."""
        found = self._attributes(
            connection, numbers, [each for each in keys if each.entity == "attribute"], root
        )
        for entity in ("param", "tag"):
            found |= self._texts(connection, numbers, [e for e in keys if e.entity == entity])
        nothing: dict[int, Cell] = {}
        columns = [found.get(key, nothing) for key in keys]
        groups = {}
        for number in numbers:
            key = tuple([_spelled(column.get(number)) for column in columns])
            groups[number] = places.setdefault(key, len(places))
        return groups

    def _numbers(
        self, connection: Connection, numbers: Sequence[int], columns: Sequence[Field]
    ) -> Iterator[tuple[Field, Iterable[tuple[int, float | None]]]]:
        """Each column with the runs that have something there, and their numbers."""
        yield from self._metrics(connection, numbers, columns)
        params = [each for each in columns if each.entity == "param"]
        for column, texts in self._texts(connection, numbers, params).items():
            assert isinstance(column, Field)
            yield column, [(run, number_of(str(text))) for run, text in texts.items()]


class _Statistics:
    """Count, mean, spread, least and greatest of the numbers of each group, as they come."""

    def __init__(self) -> None:
        self.counts = array("q")
        self.means = array("d")
        self.squares = array("d")  # sums of squared distances from the mean
        self.least = array("d")
        self.greatest = array("d")

    def reach(self, groups: int) -> None:
        """Make room for so many groups."""
        if more := groups - len(self.counts):
            self.counts.extend([0] * more)
            self.means.extend([0.0] * more)
            self.squares.extend([0.0] * more)
            self.least.extend([math.inf] * more)
            self.greatest.extend([-math.inf] * more)

    def add(self, groups: Mapping[int, int], numbers: Iterable[tuple[int, float | None]]) -> None:
        """Count the numbers of runs in, by Welford's method, which loses no digits."""
        counts, means, squares = self.counts, self.means, self.squares
        least, greatest = self.least, self.greatest
        for run, number in numbers:
            if number is None or number != number:
                continue
            group = groups[run]
            counts[group] = count = counts[group] + 1
            mean = means[group]
            distance = number - mean
            means[group] = mean = mean + distance / count
            squares[group] += distance * (number - mean)
            if number < least[group]:
                least[group] = number
            if number > greatest[group]:
                greatest[group] = number

    def shown(self, groups: Sequence[int]) -> GroupNumbers:
        """The statistics of some groups, in this order."""
        counts = [self.counts[group] for group in groups]
        return GroupNumbers(
            mean=[self.mean(group) for group in groups],
            std=[self.deviation(group) for group in groups],
            min=[_finite(self.least[group]) for group in groups],
            max=[_finite(self.greatest[group]) for group in groups],
            count=counts,
        )

    def mean(self, group: int) -> float | None:
        """The mean of a group; None without numbers, or if it is beyond all numbers."""
        return _finite(self.means[group]) if self.counts[group] else None

    def deviation(self, group: int) -> float | None:
        """The sample standard deviation; None below two numbers, or if it is beyond all numbers."""
        count, squares = self.counts[group], self.squares[group]
        return math.sqrt(squares / (count - 1)) if count > 1 and math.isfinite(squares) else None


def _length(cell: str | list[Any]) -> int:
    """The characters of a text, or of all that a list holds."""
    if isinstance(cell, str):
        return len(cell)
    texts = (item.values() if isinstance(item, dict) else (item,) for item in cell)
    return sum(len(text or "") for text in itertools.chain.from_iterable(texts))


def _too_much(what: str, fewer: str) -> MlflowException:
    return MlflowException(
        f"The {what} that were asked for hold more than {LARGEST_TEXT:,} characters. "
        f"Ask for fewer {fewer}.",
        RESOURCE_EXHAUSTED,
    )


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def number_of(text: str) -> float | None:
    """The finite number that a text is, None if it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _attribute(name: str, value: Any, root: str) -> Cell:
    """An attribute as the API writes it."""
    if name == "status":
        return STATUSES.get(value, "")
    if name == "lifecycle_stage":
        return "active" if value else "deleted"
    if name == "experiment_id":
        return str(value)
    if name == "artifact_uri":
        return placed(value, root)
    found: Cell = value
    return found


def _spelled(value: Cell) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def _ordered(
    keys: Sequence[GroupKey],
    sizes: Sequence[int],
    statistics: Mapping[Field, _Statistics],
    fields: Sequence[Field],
    orders: Sequence[tuple[Field | None, bool]],
) -> list[int]:
    """The places of groups in order; what is missing comes last, and ties go by the keys."""
    places = list(range(len(keys)))
    full = [*(orders or [(None, True)]), *((field, False) for field in fields)]
    for field, descending in reversed(full):
        values: list[tuple[Any, ...] | None]
        if field is None:
            values = [(size,) for size in sizes]
        elif field in fields:
            column = list(fields).index(field)
            values = [_rank(key[column]) for key in keys]
        else:
            means = [statistics[field].mean(place) for place in range(len(keys))]
            values = [None if mean is None else (mean,) for mean in means]
        there = [place for place in places if values[place] is not None]
        absent = [place for place in places if values[place] is None]
        there.sort(key=values.__getitem__, reverse=descending)  # type: ignore[arg-type]
        places = there + absent
    return places


def _rank(text: str | None) -> tuple[int, float, str] | None:
    """Numbers before other texts, by their size."""
    if text is None:
        return None
    number = number_of(text)
    return (1, 0.0, text) if number is None else (0, number, text)
