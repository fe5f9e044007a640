"""A parsed search as statements of SQL, for SQLite, PostgreSQL and MySQL.

A search is answered page by page; a page starts behind the order keys of the last row of the page
before, so page 500 costs what page 1 costs. The aim is never to look at many more rows than are
shown, so the rows are driven from one of three places:

* a few rows: when some comparison that must hold is met by few rows (`ask` counts up to `FEW`),
  from its index, and the result is sorted;
* in order of a metric: from the index `series_last`, best first, checking the rest of the filter
  row by row until the page is full. Rows whose metric is NaN or missing come last in both
  directions, so they have statements of their own, which are run only if the page has room left;
* in order of time: from the index `runs_listed`, the same way.

Only orders without an index (params, tags, `min(metrics.loss)`) sort all rows that match. With
several experiments each has its own walk, and the pages are merged.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from mlflow.exceptions import invalid
from mlflow.search.fields import EXPERIMENTS, RUNS
from mlflow.search.tree import And, Comparison, Field, Node, Order, comparisons
from mlflow.store.conditions import (
    RUN_NAME,
    SQLITE_FUNCTIONS,
    AtRef,
    AtValues,
    Condition,
    ExperimentConditions,
    RunConditions,
    Sql,
    among,
    as_list,
    glued,
    joined,
    metric_test,
    metric_value,
    text_test,
)

__all__ = [
    "SQLITE_FUNCTIONS",
    "AtRef",
    "Search",
    "Select",
    "at_refs",
    "experiment_count",
    "experiment_search",
    "names_of_runs",
    "run_count",
    "run_ids",
    "run_search",
]

View: TypeAlias = Literal["active", "deleted", "all"]
Ask: TypeAlias = Callable[[str, Sequence[Any]], Sequence[Sequence[Any]]]
KeyIds: TypeAlias = Callable[[str], "int | None"]

FEW = 1_000  # rows that may be sorted without a thought
_MERGED = 50  # experiments that get a walk each
_MERGED_PARAMS = 10_000  # bound values of all walks together; SQLite allows 32,766
_START = 64  # characters of a param or tag that are in its index
_JOIN = {"sqlite": "CROSS JOIN", "postgresql": "JOIN", "mysql": "STRAIGHT_JOIN"}  # left one first
_VIEWS = {"active": "deleted IS NULL", "deleted": "deleted IS NOT NULL"}
_REAL = {"=", "<", "<=", ">", ">=", "IN", "BETWEEN", "NOT BETWEEN"}  # never true of NaN


@dataclass(frozen=True, slots=True)
class Select:
    """One statement. Its rows are the number (id) of a run or experiment and `cursor_columns`
    columns that say where in the order it stands; its last parameter is the limit."""

    sql: str
    params: tuple[Any, ...]
    cursor_columns: int


@dataclass(frozen=True, slots=True)
class Search:
    """The statements of a search, best rows first. Each is needed only if those before it left
    room on the page."""

    statements: tuple[Select, ...]
    limit: int

    def fetch(self, ask: Ask) -> list[Sequence[Any]]:
        """The rows of the page, at most `limit`: `row[0]` is the id and `tuple(row[1:])` is the
        `after` of a page that starts behind the row."""
        rows: list[Sequence[Any]] = []
        for select in self.statements:
            rows.extend(ask(select.sql, (*select.params[:-1], self.limit - len(rows))))
            if len(rows) >= self.limit:
                break
        return rows

    def window(self, ask: Ask, offset: int, size: int) -> list[int]:
        """The ids of `size` rows from row `offset` on; the limit must be the sum of both."""
        found: list[int] = []
        for number, select in enumerate(self.statements, 1):
            start = select.params[:-1]
            rows = ask(f"{select.sql} OFFSET ?", (*start, size - len(found), offset))
            found += [row[0] for row in rows]
            if len(found) >= size or number == len(self.statements):
                break
            if rows:
                offset = 0
            elif offset:  # the window begins behind all rows of this statement
                passed = ask(f"SELECT count(*) FROM ({select.sql}) passed", (*start, offset))
                offset -= int(passed[0][0])
        return found


def at_refs(node: Node | None, orders: Sequence[Order] = ()) -> set[AtRef]:
    """All `at(metrics.key, step)` of a search; their values must be looked up before it."""
    fields = [comparison.field for comparison in comparisons(node)]
    fields += [order.field for order in orders]
    return {AtRef(field.key, field.step) for field in fields if field.function == "at"}


def run_search(
    dialect: str,
    node: Node | None,
    orders: Sequence[Order],
    *,
    experiment_ids: Sequence[int],
    key_ids: KeyIds,
    limit: int,
    view: View = "active",
    after: Sequence[Any] | None = None,
    artifact_root: str | None = None,
    at_values: AtValues | None = None,
    ask: Ask | None = None,
) -> Search:
    """The statements that find runs.

    Args:
        dialect: "sqlite", "postgresql" or "mysql".
        node: the filter's tree, None for all runs.
        orders: the keys asked for; what makes the order total is added here.
        experiment_ids: where to look; none finds nothing.
        key_ids: the number of a metric's, param's or tag's name, None when nobody has used it.
        limit: how many rows; ask for one more than is shown to know whether a page follows.
        view: "active", "deleted" or "all".
        after: `tuple(row[1:])` of the last row of the page before; None for the first page.
        artifact_root: what artifact locations that are kept as `./…` are relative to.
        at_values: the values of all `at_refs(node, orders)`.
        ask: runs a query; lets the search count candidates to choose where to start.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE when `after` is not one of this search.
    """
    conditions = RunConditions(dialect, key_ids, artifact_root=artifact_root, at_values=at_values)
    search = _Runs(conditions, RUNS.ordered(list(orders)), view, limit, after)
    scope = list(dict.fromkeys(experiment_ids))
    return Search(tuple(search.statements(node, scope, ask)), limit)


def run_count(
    dialect: str,
    node: Node | None,
    *,
    experiment_ids: Sequence[int],
    key_ids: KeyIds,
    view: View = "active",
    artifact_root: str | None = None,
    at_values: AtValues | None = None,
    ask: Ask | None = None,
) -> Select:
    """The statement that counts the runs that `run_search` would find: one row, one column."""
    conditions = RunConditions(
        dialect, key_ids, probing=False, artifact_root=artifact_root, at_values=at_values
    )
    search = _Runs(conditions, (), view, 0)
    return search.every("count(*)", node, list(dict.fromkeys(experiment_ids)), ask)


def run_ids(
    dialect: str,
    node: Node | None,
    *,
    experiment_ids: Sequence[int],
    key_ids: KeyIds,
    view: View = "active",
    artifact_root: str | None = None,
    at_values: AtValues | None = None,
    ask: Ask | None = None,
) -> Select:
    """The statement that gives the ids of all runs that `run_search` would find, in no order."""
    conditions = RunConditions(
        dialect, key_ids, probing=False, artifact_root=artifact_root, at_values=at_values
    )
    search = _Runs(conditions, (), view, 0)
    return search.every("r.id", node, list(dict.fromkeys(experiment_ids)), ask)


def names_of_runs(
    conditions: RunConditions,
    node: Node | None,
    experiment_ids: Sequence[int],
    view: View,
    table: str,
    names: Sequence[int],
) -> Select:
    """The statement that gives those of some names that the runs have in "series", "params" or
    "tags".

    It goes from the rows of each name to their runs until it finds one, as is best for names that
    few runs have.
    """
    search = _Runs(conditions, (), view, 0)
    # As subqueries, or PostgreSQL walks all runs for each name, hoping for an early end.
    wheres = [Sql("r.id = d.run_id"), among(search.dialect, "r.experiment_id", experiment_ids)]
    rest = [conditions.condition(node)] if node is not None else []
    run = search.every_of(Sql("runs r"), [*wheres, *rest], "1")
    rows = Sql(f"SELECT 1 FROM {table} d WHERE d.key_id = n.id")
    if table == "series":
        rows += Sql(" AND ") + among(search.dialect, "d.experiment_id", experiment_ids)
    rows += Sql(f" AND ({run.sql}) = 1", run.params)
    if search.dialect == "postgresql":  # and by the index
        rows += " ORDER BY d.key_id" + (
            "" if table == "series" else f", substr(d.value, 1, {_START})"
        )
    named = Sql("SELECT n.id FROM names n WHERE ") + among(search.dialect, "n.id", names)
    whole = named + " AND (" + rows + " LIMIT 1) = 1"
    return Select(whole.text, whole.params, 0)


def experiment_search(
    dialect: str,
    node: Node | None,
    orders: Sequence[Order],
    *,
    key_ids: KeyIds,
    limit: int,
    view: View = "active",
    after: Sequence[Any] | None = None,
) -> Search:
    """The statements that find experiments; see `run_search`."""
    conditions = ExperimentConditions(dialect, key_ids)
    full = EXPERIMENTS.ordered(list(orders))
    search = _Ordered(conditions, full, view, limit, after)
    condition = conditions.condition(node) if node is not None else True
    return Search(tuple(search.select(Sql("experiments e"), [condition])), limit)


def experiment_count(
    dialect: str, node: Node | None, *, key_ids: KeyIds, view: View = "active"
) -> Select:
    """The statement that counts experiments: one row, one column."""
    search = _Ordered(ExperimentConditions(dialect, key_ids, probing=False), (), view, 0)
    condition = search.conditions.condition(node) if node is not None else True
    return search.every_of(Sql("experiments e"), [condition], "count(*)")


# ---- order


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of an order as columns of a statement.

    `rank` is 0 for values, above it for what comes last: 1 for NaN and 2 for missing metrics, 1
    for all else that is missing. It is an integer if all rows of the statement have the same, and
    None if there always is a value. `value` is None if there never is one.
    """

    value: Sql | None
    descending: bool
    rank: Sql | int | None = None
    join: Sql | None = None

    def compared(self, rank: int, value: Any) -> tuple[Condition, Condition]:
        """The conditions that a row's key is behind a rank and value, and that it is the same."""
        if isinstance(self.rank, int) and self.rank != rank:
            return self.rank > rank, False
        beyond: Condition = False
        same: Condition = True
        if rank == 0:
            assert self.value is not None
            beyond = self.value + Sql(" < ?" if self.descending else " > ?", (value,))
            same = self.value + Sql(" = ?", (value,))
        if isinstance(self.rank, Sql):
            beyond = joined("OR", [Sql("(") + self.rank + Sql(") > ?", (rank,)), beyond])
            if rank > 0:
                same = Sql("(") + self.rank + Sql(") = ?", (rank,))
        return beyond, same

    def start(self, rank: int, value: Any) -> Condition:
        """What also holds for all rows from there on, in words that an index understands."""
        if rank or self.value is None or isinstance(self.rank, Sql):
            return True
        return self.value + Sql(" <= ?" if self.descending else " >= ?", (value,))


def _may_miss(field: Field) -> bool:
    return field.entity != "attribute" or field.key in ("end_time", "duration")


def _fits(field: Field, rank: Any, value: Any) -> bool:
    """Whether a rank and value can be those of a field; pages are named by strangers."""
    if type(rank) is not int or not 0 <= rank <= (2 if field.entity == "metric" else 1):
        return False
    if rank or value is None:
        return bool(rank) and value is None
    if field.entity in ("param", "tag") or (field.entity == "attribute" and field.key in _TEXTS):
        return isinstance(value, str) and "\0" not in value
    if type(value) is int:
        return abs(value) < 2**63
    return field.entity == "metric" and type(value) is float and math.isfinite(value)


_TEXTS = {"artifact_uri", "lifecycle_stage", "name", "run_id", "run_name", "status", "user_id"}


class _Ordered:
    """Statements over one table with an order, a page size and a start."""

    def __init__(
        self,
        conditions: RunConditions | ExperimentConditions,
        orders: Sequence[Order],
        view: View,
        limit: int,
        after: Sequence[Any] | None = None,
    ) -> None:
        self.conditions = conditions
        self.dialect = conditions.dialect
        self.row = conditions.alias
        self.orders = orders
        self.view = view
        self.limit = limit
        self.after = self._start(after) if after is not None else None

    def _start(self, after: Sequence[Any]) -> list[tuple[int, Any]]:
        """Rank and value of each key of the row to start behind."""
        values = list(after)
        start = []
        for order in self.orders:
            rank = values.pop(0) if values and _may_miss(order.field) else 0
            value = values.pop(0) if values else None
            if not _fits(order.field, rank, value):
                raise invalid("Invalid page token: it belongs to another search.")
            start.append((rank, value))
        if values:
            raise invalid("Invalid page token: it belongs to another search.")
        return start

    # -- keys

    def keys(self) -> list[_Key]:
        """The columns of the whole order."""
        return [self._key(number, order) for number, order in enumerate(self.orders)]

    def _key(self, number: int, order: Order) -> _Key:
        field, descending, alias = order.field, order.descending, f"o{number}"
        if field.entity == "attribute":
            value = self.conditions.attribute(field.key)
            missing = f"CASE WHEN {self.row}.end_time IS NULL THEN 1 ELSE 0 END"
            return _Key(value, descending, Sql(missing) if _may_miss(field) else None)
        if field.function == "at":
            assert isinstance(self.conditions, RunConditions)
            values = self.conditions.at_values.get(AtRef(field.key, field.step))
            if not values:
                return _Key(None, descending, 2)
            return _metric_key(f"{alias}.value", alias, descending, self._at_join(alias, values))
        metric = field.entity == "metric"
        key_id = self.conditions.key_ids(field.key)
        if key_id is None:
            return _Key(None, descending, 2 if metric else 1)
        table = "series" if metric else f"{field.entity}s"
        join = Sql(
            f" LEFT JOIN {table} {alias} ON {alias}.run_id = {self.row}.id AND {alias}.key_id = ?",
            (key_id,),
        )
        if metric:
            value_of = metric_value(self.dialect, alias, field.function)
            return _metric_key(value_of, alias, descending, join)
        missing = f"CASE WHEN {alias}.run_id IS NULL THEN 1 ELSE 0 END"
        return _Key(Sql(f"{alias}.value"), descending, Sql(missing), join)

    def _at_join(self, alias: str, values: Mapping[int, float | None]) -> Sql:
        """A table of run numbers and values."""
        rows = [
            (number, None if value is None or math.isnan(value) else float(value))
            for number, value in values.items()
        ]
        on = f"ON {alias}.run_id = {self.row}.id"
        if self.dialect == "postgresql":
            arrays = [number for number, _ in rows], [value for _, value in rows]
            table = f"unnest(?::bigint[], ?::double precision[]) AS {alias}(run_id, value)"
            return Sql(f" LEFT JOIN {table} {on}", arrays)
        text = json.dumps(rows)
        if self.dialect == "mysql":
            columns = "run_id BIGINT PATH '$[0]', value DOUBLE PATH '$[1]'"
            return Sql(
                f" LEFT JOIN JSON_TABLE(?, '$[*]' COLUMNS ({columns})) {alias} {on}", (text,)
            )
        columns = "json_extract(value, '$[0]') AS run_id, json_extract(value, '$[1]') AS value"
        return Sql(f" LEFT JOIN (SELECT {columns} FROM json_each(?)) {alias} {on}", (text,))

    # -- statements

    def select(
        self,
        source: Sql,
        wheres: Sequence[Condition],
        keys: Sequence[_Key] | None = None,
        scopes: Sequence[Condition] = (True,),
    ) -> list[Select]:
        """One statement of the search, or none if it can't find anything.

        Args:
            source: the tables, without those that only the order needs.
            wheres: what must hold.
            keys: the columns of the order.
            scopes: one condition, or several that exclude each other: then the rows of each are
                taken in order, and merged.
        """
        keys = self.keys() if keys is None else keys
        names, terms, columns = ["id"], [], [Sql(f"{self.row}.id AS id")]
        for number, key in enumerate(keys):
            rank, value = f"k{number}", f"v{number}"
            if key.rank is not None:
                columns.append(
                    (Sql(str(key.rank)) if isinstance(key.rank, int) else key.rank) + f" AS {rank}"
                )
                names.append(rank)
                if isinstance(key.rank, Sql):
                    terms.append(rank)
            columns.append((key.value or Sql("NULL")) + f" AS {value}")
            names.append(value)
            if key.value is not None:
                terms.append(f"{value} DESC" if key.descending else value)
        head = Sql("SELECT ") + glued(columns, ", ") + " FROM " + source
        for key in keys:
            head += key.join or Sql("")
        tail = Sql(f" ORDER BY {', '.join(terms)} LIMIT ?", (self.limit,))
        self.conditions.withs.clear()
        parts = []
        for scope in scopes:
            where = joined("AND", [scope, self._viewed(), *wheres, *self._behind(keys)])
            if where is not False:
                parts.append(self._where(head, where) + tail)
        if not parts:
            return []
        body = parts[0]
        if len(parts) > 1:
            merged = [
                Sql(f"SELECT {', '.join(names)} FROM (") + part + f") walk{number}"
                for number, part in enumerate(parts)
            ]
            body = glued(merged, " UNION ALL ") + tail
        whole = self._with() + body
        return [Select(whole.text, whole.params, len(names) - 1)]

    def every_of(self, source: Sql, wheres: Sequence[Condition], column: str) -> Select:
        """The statement that gives a column, or a count, of all rows."""
        self.conditions.withs.clear()
        where = joined("AND", [self._viewed(), *wheres])
        body = self._where(Sql(f"SELECT {column} FROM ") + source, where)
        whole = self._with() + body
        return Select(whole.text, whole.params, 0)

    def _behind(self, keys: Sequence[_Key]) -> list[Condition]:
        """What holds for the rows behind `after`."""
        if self.after is None:
            return []
        same: list[Condition] = []
        choices: list[Condition] = []
        for key, (rank, value) in zip(keys, self.after, strict=True):
            beyond, equal = key.compared(rank, value)
            choices.append(joined("AND", [*same, beyond]))
            same.append(equal)
        behind = joined("OR", choices)
        if isinstance(behind, bool):
            return [behind]
        return [keys[0].start(*self.after[0]), behind]

    def _viewed(self) -> Condition:
        return Sql(f"{self.row}.{_VIEWS[self.view]}") if self.view in _VIEWS else True

    def _where(self, head: Sql, where: Condition) -> Sql:
        return head if where is True else head + " WHERE " + self.conditions.rendered(where)

    def _with(self) -> Sql:
        withs = self.conditions.withs
        return Sql("WITH ") + glued(withs, ", ") + " " if withs else Sql("")


def _metric_key(value: str, alias: str, descending: bool, join: Sql) -> _Key:
    rank = f"CASE WHEN {alias}.run_id IS NULL THEN 2 WHEN {value} IS NULL THEN 1 ELSE 0 END"
    return _Key(Sql(value), descending, Sql(rank), join)


# ---- runs


def _required(node: Node | None) -> list[Node]:
    """The parts of a filter that must all hold."""
    if node is None:
        return []
    if isinstance(node, And):
        return [required for part in node.parts for required in _required(part)]
    return [node]


class _Runs(_Ordered):
    """Statements over runs, and where to drive them from."""

    def statements(
        self, node: Node | None, experiment_ids: Sequence[int], ask: Ask | None
    ) -> list[Select]:
        """The statements of a search, best rows first."""
        if not experiment_ids:
            return []
        required = _required(node)
        lead = self.orders[0].field
        walked = lead.entity == "metric" and lead.function == "last"
        if driver := self._few(required, experiment_ids, ask, lead if walked else None):
            source, where, driving = driver
            wheres = self._conditions(part for part in required if part is not driving)
            scope = among(self.dialect, "r.experiment_id", experiment_ids)
            return self.select(source, [scope, where, *wheres])
        key_id = self.conditions.key_ids(lead.key) if walked else None
        merged = (
            len(experiment_ids) <= _MERGED and len(experiment_ids) * _size(node) <= _MERGED_PARAMS
        )
        if key_id is not None:
            return self._by_metric(required, key_id, experiment_ids, merged)
        merged = merged and (walked or lead.key == "start_time")
        scopes = self._scopes("r.experiment_id", experiment_ids, merged)
        return self.select(Sql("runs r"), self._conditions(required), scopes=scopes)

    def every(
        self, column: str, node: Node | None, experiment_ids: Sequence[int], ask: Ask | None
    ) -> Select:
        """The statement that gives a column, or a count, of all runs."""
        required = _required(node)
        ask = ask if experiment_ids else None  # no need to look for what is nowhere
        source, where, driving = (
            self._few(required, experiment_ids, ask, None)
            or (self._metric_range(required, experiment_ids) if len(required) == 1 else None)
            or (Sql("runs r"), True, None)
        )
        wheres = self._conditions(part for part in required if part is not driving)
        scope: Condition = False
        if experiment_ids:
            scope = among(self.dialect, "r.experiment_id", experiment_ids)
        return self.every_of(source, [scope, where, *wheres], column)

    def _metric_range(
        self, required: Sequence[Node], experiment_ids: Sequence[int]
    ) -> "tuple[Sql, Condition, Comparison] | None":
        """The tables and condition of a comparison that a part of a metric's index meets.

        It gives runs in no order that they are kept in, so it is for filters without more to look
        up for each of them.
        """
        for part in required:
            if isinstance(part, Comparison) and part.field.entity == "metric":
                if (indexed := self._indexed(part, experiment_ids)) is None:
                    continue
                table, where = indexed
                source = Sql(f"{table} d {_JOIN[self.dialect]} runs r ON r.id = d.run_id")
                return source, where, part
        return None

    def _by_metric(
        self, required: Sequence[Node], key_id: int, experiment_ids: Sequence[int], merged: bool
    ) -> list[Select]:
        """Three walks: real numbers, NaN, runs without the metric."""
        lead = self.orders[0]
        later = self.keys()[1:]
        own = [
            part
            for part in required
            if isinstance(part, Comparison) and part.field == lead.field
            and part.comparator != "IS NULL"
        ]  # fmt: skip
        rest = self._conditions(part for part in required if part not in own)
        tests = [Sql("s.key_id = ?", (key_id,))]
        tests += [metric_test(self.dialect, "s", part) for part in own]
        source = Sql(f"series s {_JOIN[self.dialect]} runs r ON r.id = s.run_id")
        scopes = self._scopes("s.experiment_id", experiment_ids, merged)
        found: list[Select] = []
        for rank, value in ((0, Sql("s.last_value")), (1, None)):
            if rank and any(part.comparator in _REAL for part in own):
                return found
            kind = Sql("s.last_value IS NULL" if rank else "s.last_value IS NOT NULL")
            keys = [_Key(value, lead.descending, rank), *later]
            found += self.select(source, [*tests, kind, *rest], keys, scopes)
        if not own:
            without = self.conditions.looked_up("series", "run_id", lead.field.key, None)
            keys = [_Key(None, lead.descending, 2), *later]
            scopes = self._scopes("r.experiment_id", experiment_ids, merged)
            found += self.select(Sql("runs r"), [without, *rest], keys, scopes)
        return found

    def _few(
        self,
        required: Sequence[Node],
        experiment_ids: Sequence[int],
        ask: Ask | None,
        walked: Field | None,
    ) -> "tuple[Sql, Condition, Comparison | None] | None":
        """The tables and condition of a comparison that few runs meet, and that comparison.

        Args:
            walked: the field whose index gives the order, which needs no other driver.
        """
        best, fewest = None, FEW + 1
        for part in required:
            if not isinstance(part, Comparison) or fewest < FEW // 10:
                continue
            field = part.field
            if field.key == "run_id" and field.entity == "attribute":
                if part.comparator in ("=", "IN"):  # the index of run ids is found by itself
                    return Sql("runs r"), True, None
                continue
            if ask is None or field == walked:
                continue
            if (indexed := self._indexed(part, experiment_ids)) is None:
                continue
            table, where = indexed
            probe = Sql(f"SELECT count(*) FROM (SELECT 1 FROM {table} d WHERE ") + where
            probe += Sql(" LIMIT ?) few", (fewest,))
            number = int(ask(probe.text, probe.params)[0][0])
            if number < fewest:
                source = Sql(f"{table} d {_JOIN[self.dialect]} runs r ON r.id = d.run_id")
                best, fewest = (source, where, part), number
        return best

    def _indexed(
        self, comparison: Comparison, experiment_ids: Sequence[int]
    ) -> tuple[str, Sql] | None:
        """The table whose index finds the rows of a comparison, and the condition on `d`."""
        field, comparator = comparison.field, comparison.comparator
        table = {"param": "params", "tag": "tags", "metric": "series"}.get(field.entity)
        key = field.key
        if field.entity == "attribute" and field.key == "run_name":
            table, key = "tags", RUN_NAME
        if table is None or (key_id := self.conditions.key_ids(key)) is None:
            return None
        keyed = Sql("d.key_id = ?", (key_id,))
        if table == "series":
            if field.function != "last" or comparator not in _REAL or len(experiment_ids) > _MERGED:
                return None
            scope = among(self.dialect, "d.experiment_id", experiment_ids)
            return table, glued((scope, keyed, metric_test(self.dialect, "d", comparison)), " AND ")
        values = as_list(comparison.value)
        if comparator not in ("=", "IN") or len(values) > 20:
            return None
        if self.dialect == "mysql":
            test = text_test(self.dialect, Sql("d.value"), comparison)
            return table, glued((keyed, test), " AND ")
        # the index is on the start of the text
        starts = tuple(str(value)[:_START] for value in values)
        word = f" IN ({', '.join('?' * len(starts))})" if len(starts) > 1 else " = ?"
        tests = [Sql(f"substr(d.value, 1, {_START})" + word, starts)]
        if any(len(start) == _START for start in starts):
            # the || keeps SQLite from putting the value into the expression above
            tests.append(text_test(self.dialect, Sql("d.value || ''"), comparison))
        return table, glued((keyed, *tests), " AND ")

    def _conditions(self, parts: Iterable[Node]) -> list[Condition]:
        return [self.conditions.condition(part) for part in parts]

    def _scopes(self, column: str, experiment_ids: Sequence[int], merged: bool) -> list[Condition]:
        if merged:
            return [Sql(f"{column} = ?", (number,)) for number in experiment_ids]
        return [among(self.dialect, column, experiment_ids)]


def _size(node: Node | None) -> int:
    """About how many values the statement of a filter binds."""
    return 10 + sum(3 + len(as_list(part.value)) for part in comparisons(node))
