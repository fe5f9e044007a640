"""One comparison of a search as a condition of SQL, and how conditions are joined.

Text of the user is bound, never pasted. A condition may come out NULL where something is missing;
that counts as "does not hold", and `NOT` is written `IS NOT TRUE` so that it stays two-valued.
"""

import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from mlflow.search import patterns
from mlflow.search.tree import And, Comparison, Field, Node, Not, Scalar, Value

MAX_INTEGER = 2**63 - 1
_CHAIN = 50  # SQLite allows an expression 1,000 levels deep, and `a AND b AND c` is two levels
_NESTED = 6  # and its parser keeps 100 open rules; deeper conditions go to a WITH of their own

STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
RUN_NAME = "mlflow.runName"
_CONTEXT = "mlflow.data.context"


@dataclass(frozen=True, slots=True)
class AtRef:
    """What `at(metrics.key, step)` stands for."""

    key: str
    step: int


AtValues: TypeAlias = Mapping[AtRef, Mapping[int, float | None]]
"""For each reference, run number (runs.id) → value at that step; None or NaN is NaN."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of a statement and the values of its placeholders."""

    text: str
    params: tuple[Any, ...] = ()

    def __add__(self, other: "Sql | str") -> "Sql":
        if isinstance(other, str):
            return Sql(self.text + other, self.params)
        return Sql(self.text + other.text, self.params + other.params)


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined by AND or OR."""

    word: Literal["AND", "OR"]
    parts: "tuple[Sql | Junction, ...]"


Condition: TypeAlias = bool | Sql | Junction


def joined(word: Literal["AND", "OR"], conditions: Iterable[Condition]) -> Condition:
    """Conditions joined, with what is always or never true worked out."""
    ends = word == "OR"  # the constant that decides the whole
    parts: list[Sql | Junction] = []
    for condition in conditions:
        if isinstance(condition, bool):
            if condition is ends:
                return ends
        elif isinstance(condition, Junction) and condition.word == word:
            parts.extend(condition.parts)
        else:
            parts.append(condition)
    if not parts:
        return not ends
    return parts[0] if len(parts) == 1 else Junction(word, tuple(parts))


def glued(parts: Sequence[Sql], between: str) -> Sql:
    """Pieces with the same text between them."""
    return Sql(between.join(part.text for part in parts), sum((p.params for p in parts), ()))


class Conditions(ABC):
    """Makes the conditions of one search. `alias` is the row that is searched."""

    table: str
    alias: str

    def __init__(
        self, dialect: str, key_ids: Callable[[str], int | None], *, probing: bool = True
    ) -> None:
        self.dialect = dialect
        self.key_ids = key_ids
        # look each row's values up, instead of leaving it to the planner to join
        self.probing = probing
        self.withs: list[Sql] = []

    @abstractmethod
    def comparison(self, comparison: Comparison) -> Condition:
        """The condition of one comparison."""

    def condition(self, node: Node, negated: bool = False) -> Condition:
        """The condition of a tree, with NOT driven down to the comparisons."""
        if isinstance(node, Not):
            return self.condition(node.part, not negated)
        if not isinstance(node, Comparison):
            word: Literal["AND", "OR"] = "AND" if isinstance(node, And) is not negated else "OR"
            return joined(word, [self.condition(part, negated) for part in node.parts])
        condition = self.comparison(node)
        if not negated:
            return condition
        if isinstance(condition, bool):
            return not condition
        return Sql("(") + self.rendered(condition) + ") IS NOT TRUE"

    def rendered(self, condition: Condition, level: int = 0) -> Sql:
        """The text of a condition; what is nested too deep for SQLite goes to `withs`."""
        if isinstance(condition, bool):
            return Sql("1 = 1" if condition else "1 = 0")
        if isinstance(condition, Sql):
            return condition
        parts = [self.rendered(part, level + 1) for part in condition.parts]
        while len(parts) > _CHAIN:
            groups = [parts[start : start + _CHAIN] for start in range(0, len(parts), _CHAIN)]
            parts = [Sql("(") + glued(group, f" {condition.word} ") + ")" for group in groups]
        whole = glued(parts, f" {condition.word} ")
        if level and level % _NESTED == 0:
            name = f"part{len(self.withs)}"
            select = f"{name} AS (SELECT {self.alias}.id FROM {self.table} {self.alias} WHERE "
            self.withs.append(Sql(select) + whole + ")")
            return Sql(f"{self.alias}.id IN (SELECT {name}.id FROM {name})")
        return Sql("(") + whole + ")"

    def looked_up(self, table: str, owner: str, key: str, test: Sql | None) -> Condition:
        """The condition that a row of `table` with that key exists and passes the test.

        Args:
            test: on the alias `t`; None asks that no such row exists.
        """
        key_id = self.key_ids(key)
        if key_id is None:
            return test is None
        rows = Sql(f" FROM {table} t WHERE t.{owner} = {self.alias}.id AND t.key_id = ?", (key_id,))
        if test is None:
            return Sql("NOT EXISTS (SELECT 1") + rows + ")"
        if self.probing:  # a scalar subquery is never turned into a join
            return Sql("(SELECT ") + test + rows + ")"
        return Sql("EXISTS (SELECT 1") + rows + " AND " + test + ")"

    def texts(self, table: str, owner: str, comparison: Comparison) -> Condition:
        """A comparison with a param or tag."""
        test = None
        if comparison.comparator != "IS NULL":
            test = text_test(self.dialect, Sql("t.value"), comparison)
        return self.looked_up(table, owner, comparison.field.key, test)


class RunConditions(Conditions):
    """Conditions on runs, whose row is `r`."""

    table = "runs"
    alias = "r"

    def __init__(
        self,
        dialect: str,
        key_ids: Callable[[str], int | None],
        *,
        probing: bool = True,
        artifact_root: str | None = None,
        at_values: AtValues | None = None,
    ) -> None:
        super().__init__(dialect, key_ids, probing=probing)
        self._artifact_root = artifact_root
        self.at_values = at_values or {}

    def comparison(self, comparison: Comparison) -> Condition:
        field = comparison.field
        if field.entity == "metric":
            return self._metric(comparison)
        if field.entity == "param":
            return self.texts("params", "run_id", comparison)
        if field.entity == "tag":
            return self.texts("tags", "run_id", comparison)
        if field.entity == "dataset":
            return self._dataset(comparison)
        return self._attribute(comparison)

    def _attribute(self, comparison: Comparison) -> Condition:
        name = comparison.field.key
        if name == "run_name":
            named = Comparison(Field("tag", RUN_NAME), comparison.comparator, comparison.value)
            return self.texts("tags", "run_id", named)
        if name == "status":
            found = [n for n, text in STATUSES.items() if text_matches(comparison, text)]
            if not found:
                return False
            return Sql(f"r.status IN ({', '.join(map(str, found))})")
        if name == "lifecycle_stage":
            active, deleted = (text_matches(comparison, text) for text in ("active", "deleted"))
            if active == deleted:
                return active
            return Sql("r.deleted IS NULL" if active else "r.deleted IS NOT NULL")
        if name == "experiment_id":
            return identifier_test("r.experiment_id", comparison)
        if name in ("start_time", "end_time", "duration"):
            expression = self.attribute(name).text
            return number_test(expression, comparison, integer=True)
        return text_test(self.dialect, self.attribute(name), comparison)

    def attribute(self, name: str) -> Sql:
        """The value of an attribute as it is ordered."""
        if name == "status":
            cases = " ".join(f"WHEN {n} THEN '{text}'" for n, text in STATUSES.items())
            return Sql(f"CASE r.status {cases} ELSE '' END")
        if name == "lifecycle_stage":
            return Sql("CASE WHEN r.deleted IS NULL THEN 'active' ELSE 'deleted' END")
        if name == "duration":
            return Sql("(r.end_time - r.start_time)")
        if name == "artifact_uri" and self._artifact_root is not None:
            # kept relative to the root, so that the store can be moved
            return Sql(
                "CASE WHEN substr(r.artifact_uri, 1, 2) = './'"
                " THEN ? || substr(r.artifact_uri, 2) ELSE r.artifact_uri END",
                (self._artifact_root.rstrip("/"),),
            )
        return Sql({"run_name": "r.name"}.get(name, f"r.{name}"))

    def _metric(self, comparison: Comparison) -> Condition:
        field = comparison.field
        if field.function == "at":
            return self._at(comparison)
        test = None
        if comparison.comparator != "IS NULL":
            test = metric_test(self.dialect, "t", comparison)
        return self.looked_up("series", "run_id", field.key, test)

    def _at(self, comparison: Comparison) -> Condition:
        values = self.at_values.get(AtRef(comparison.field.key, comparison.field.step), {})
        absent = comparison.comparator == "IS NULL"
        found = [n for n, v in values.items() if absent or number_matches(comparison, v)]
        if not found:
            return absent
        return Sql("NOT (" if absent else "(") + among(self.dialect, "r.id", found) + ")"

    def _dataset(self, comparison: Comparison) -> Condition:
        column = comparison.field.key
        if column == "context":
            rows = Sql(" FROM input_tags g WHERE g.run_id = r.id AND g.name = ?", (_CONTEXT,))
            value = Sql("g.value")
        else:
            rows = Sql(
                " FROM inputs i JOIN datasets d ON d.id = i.dataset_id WHERE i.run_id = r.id"
            )
            value = Sql(f"d.{column}")
        if comparison.comparator == "IS NULL":
            return Sql("NOT EXISTS (SELECT 1") + rows + ")"
        test = text_test(self.dialect, value, comparison)
        return Sql("EXISTS (SELECT 1") + rows + " AND " + test + ")"


class ExperimentConditions(Conditions):
    """Conditions on experiments, whose row is `e`."""

    table = "experiments"
    alias = "e"
    _columns: Mapping[str, str] = {
        "creation_time": "e.created",
        "experiment_id": "e.id",
        "last_update_time": "e.updated",
        "name": "e.name",
    }

    def comparison(self, comparison: Comparison) -> Condition:
        field = comparison.field
        if field.entity == "tag":
            return self.texts("experiment_tags", "experiment_id", comparison)
        column = self.attribute(field.key)
        if field.key == "experiment_id":
            return identifier_test(column.text, comparison)
        if field.key == "name":
            return text_test(self.dialect, column, comparison)
        return number_test(column.text, comparison, integer=True)

    def attribute(self, name: str) -> Sql:
        """The value of an attribute."""
        return Sql(self._columns[name])


# ---- text


def text_test(dialect: str, expression: Sql, comparison: Comparison) -> Sql:
    """A comparison of a text that may be NULL."""
    comparator, value = comparison.comparator, comparison.value
    if comparator in ("IS NULL", "IS NOT NULL"):
        return expression + f" {comparator}"
    if comparator in ("IN", "NOT IN"):
        values = tuple(dict.fromkeys(as_list(value)))
        return expression + Sql(f" {comparator} ({', '.join('?' * len(values))})", values)
    if comparator.endswith("BETWEEN"):
        return expression + Sql(f" {comparator} ? AND ?", as_list(value))
    negated, _, word = comparator.rpartition(" ")
    if word in ("LIKE", "ILIKE"):
        test = _like_test(dialect, expression, str(value), word == "ILIKE")
    elif word == "RLIKE":
        if dialect == "sqlite":
            test = Sql("matches(") + expression + Sql(", ?)", (value,))
        elif dialect == "postgresql":
            test = expression + Sql(" ~ ?", (_postgresql_pattern(str(value)),))
        else:
            test = expression + Sql(" REGEXP ?", ("(?s)" + str(value),))
    else:
        return expression + Sql(f" {'<>' if comparator == '!=' else comparator} ?", (value,))
    return Sql("NOT (") + test + ")" if negated else test


def _like_test(dialect: str, expression: Sql, pattern: str, lowered: bool) -> Sql:
    if dialect == "sqlite":  # which knows no escape unless told
        if lowered:
            return Sql("lower_text(") + expression + Sql(") LIKE lower_text(?)", (pattern,))
        return expression + Sql(" LIKE ?", (pattern,))
    # The others take a backslash for one, MariaDB even with ESCAPE ''; a backslash is itself.
    pattern = pattern.replace("|", "||")
    if not lowered:
        return expression + Sql(" LIKE ? ESCAPE '|'", (pattern,))
    # the columns have byte order, which knows capitals of ASCII only
    language = ' COLLATE "default"' if dialect == "postgresql" else ""
    pieces = Sql("lower(") + expression + f"{language}) LIKE "
    return pieces + Sql(f"lower(?{language}) ESCAPE '|'", (pattern,))


def text_matches(comparison: Comparison, text: str) -> bool:
    """What `text_test` says of a text, for attributes that have few values."""
    comparator, value = comparison.comparator, comparison.value
    if comparator in ("IS NULL", "IS NOT NULL"):
        return comparator == "IS NOT NULL"
    if comparator == "!=":
        return text != value
    negated, _, word = comparator.rpartition(" ")
    values = as_list(value)
    if word == "IN":
        found = text in values
    elif word == "BETWEEN":
        found = str(values[0]) <= text <= str(values[1])
    elif word == "RLIKE":
        found = patterns.compiled(str(value)).search(text) is not None
    elif word in ("LIKE", "ILIKE"):
        lowered = word == "ILIKE"
        pattern = str(value).lower() if lowered else str(value)
        found = _like(pattern).fullmatch(text.lower() if lowered else text) is not None
    else:
        found = text == value
    return found is not bool(negated)


@lru_cache(maxsize=256)
def _like(pattern: str) -> "re.Pattern[str]":
    pattern = re.sub("%+", "%", pattern)
    pieces = {"%": ".*", "_": "."}
    return re.compile("".join(pieces.get(c) or re.escape(c) for c in pattern), re.DOTALL)


def _postgresql_pattern(pattern: str) -> str:
    r"""The edges of words are `\y` and `\Y` there."""
    return re.sub(r"\\(.)", lambda m: {"b": r"\y", "B": r"\Y"}.get(m[1], m[0]), pattern)


# ---- numbers


def metric_test(dialect: str, alias: str, comparison: Comparison) -> Sql:
    """A comparison with the summary of a metric, which is there: a value of NULL is NaN."""
    function = comparison.field.function
    if comparison.comparator == "IS NOT NULL":
        return Sql("1 = 1")
    expression = metric_value(dialect, alias, function)
    return number_test(expression, comparison, integer=function == "count", nan=function != "count")


def metric_value(dialect: str, alias: str, function: str) -> str:
    """What a function of a metric is in a row of `series`."""
    if function == "mean":
        total = f"{alias}.total"
        if dialect == "postgresql":  # where a quotient too small to be written is an error
            total = f"CASE WHEN abs({total}) < 1e-280 THEN 0 ELSE {total} END"
        return f"({total} / nullif({alias}.reals, 0))"
    return f"{alias}.count" if function == "count" else f"{alias}.{function}_value"


def number_test(
    expression: str, comparison: Comparison, *, integer: bool = False, nan: bool = False
) -> Sql:
    """A comparison of a number.

    Args:
        integer: the column holds integers of 64 bits, else floats.
        nan: NULL stands for NaN, which is unequal to everything, and not for a missing number.
    """
    comparator, value = comparison.comparator, comparison.value
    if comparator in ("IS NULL", "IS NOT NULL"):
        return Sql(f"{expression} {comparator}")
    values = as_list(value)
    if comparator in ("BETWEEN", "NOT BETWEEN"):
        inside = comparator == "BETWEEN"
        low = _compared(expression, ">=" if inside else "<", values[0], integer)
        high = _compared(expression, "<=" if inside else ">", values[1], integer)
        return Sql("(") + glued((low, high), " AND " if inside else " OR ") + ")"
    if comparator in ("IN", "NOT IN"):
        word = "=" if comparator == "IN" else "<>"
        tests = [_compared(expression, word, number, integer) for number in values]
        numbers = tuple(dict.fromkeys(p for test in tests for p in test.params))
        if not numbers:
            test = tests[0]
        else:
            test = Sql(f"{expression} {comparator} ({', '.join('?' * len(numbers))})", numbers)
    else:
        word = "<>" if comparator == "!=" else comparator
        test = _compared(expression, word, values[0], integer)
    if nan and comparator in ("!=", "NOT IN"):
        return Sql(f"({expression} IS NULL OR ") + test + ")"
    return test


def number_matches(comparison: Comparison, number: float | None) -> bool:
    """What `number_test` says of a number that is there; None is NaN."""
    comparator, value = comparison.comparator, comparison.value
    if comparator in ("IS NULL", "IS NOT NULL"):
        return comparator == "IS NOT NULL"
    found = math.nan if number is None else number
    values = [float(v) for v in as_list(value)]
    if comparator == "IN":
        return found in values
    if comparator == "NOT IN":
        return found not in values
    if comparator == "BETWEEN":
        return values[0] <= found <= values[1]
    if comparator == "NOT BETWEEN":
        return found < values[0] or found > values[1]
    return {
        "=": found == values[0],
        "!=": found != values[0],
        "<": found < values[0],
        "<=": found <= values[0],
        ">": found > values[0],
        ">=": found >= values[0],
    }[comparator]


def identifier_test(expression: str, comparison: Comparison) -> Condition:
    """A comparison of an id, an integer that is written as text."""
    comparator = comparison.comparator
    if comparator in ("IS NULL", "IS NOT NULL"):
        return comparator == "IS NOT NULL"
    values = [str(value) for value in as_list(comparison.value)]
    numbers: list[Scalar] = [
        int(text)
        for text in values
        if re.fullmatch("0|[1-9][0-9]{0,18}", text) and int(text) <= MAX_INTEGER
    ]
    if comparator.endswith("BETWEEN"):
        if len(numbers) < 2:
            return False
        return number_test(
            expression, Comparison(comparison.field, comparator, tuple(numbers)), integer=True
        )
    negated = comparator in ("!=", "NOT IN")
    if not numbers:
        return negated
    word = "NOT IN" if negated else "IN"
    return number_test(expression, Comparison(comparison.field, word, tuple(numbers)), integer=True)


def _compared(expression: str, word: str, value: Scalar, integer: bool) -> Sql:
    """`expression word value`, worked out where the column can't hold such a value."""
    number = value if isinstance(value, int) else float(value)
    if integer and isinstance(number, float) and math.isfinite(number):
        whole = math.floor(number)
        if whole != number:  # between two integers
            if word in ("=", "<>"):
                return _constant(expression, word == "<>")
            word = "<=" if word in ("<", "<=") else ">"
        number = whole
    if not integer:
        number = float(number)
    if abs(number) > MAX_INTEGER if integer else math.isinf(number):
        below = number > 0  # every number that the column holds is less
        return _constant(expression, word == "<>" or (word != "=" and (word[0] == "<") is below))
    return Sql(f"{expression} {word} ?", (number,))


def _constant(expression: str, holds: bool) -> Sql:
    return Sql(f"{expression} IS NOT NULL" if holds else "1 = 0")


# ---- lists


def as_list(value: Value) -> tuple[Scalar, ...]:
    """The values of a comparison."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def among(dialect: str, column: str, numbers: Sequence[int]) -> Sql:
    """The condition that an integer is one of some; the list may be long."""
    if len(numbers) == 1:
        return Sql(f"{column} = ?", (numbers[0],))
    if len(numbers) <= 100:
        return Sql(f"{column} IN ({', '.join('?' * len(numbers))})", tuple(numbers))
    if dialect == "postgresql":
        return Sql(f"{column} = ANY(?)", (list(numbers),))
    text = json.dumps(list(numbers))
    if dialect == "sqlite":
        return Sql(f"{column} IN (SELECT value FROM json_each(?))", (text,))
    return Sql(
        f"{column} IN (SELECT j.id FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) j)",
        (text,),
    )


# ---- functions that SQLite lacks


def _lower_text(text: str | None) -> str | None:
    return text.lower() if isinstance(text, str) else None


def _matches(text: str | None, pattern: str) -> bool | None:
    if not isinstance(text, str):
        return None
    return patterns.compiled(pattern).search(text) is not None


SQLITE_FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "lower_text": (1, _lower_text),
    "matches": (2, _matches),
}
"""Name → number of arguments and function. Deterministic; to be registered on each connection."""
