"""What may be asked of which noun: entities, their spellings, keys, kinds and comparators.

A new noun is one more `Noun` at the end; nothing else in this package names one.
"""

from dataclasses import dataclass

from mlflow.search.tree import Entity, Field, Function, Order

FUNCTIONS: tuple[Function, ...] = ("at", "count", "first", "last", "max", "mean", "min")

_LISTS = ("IN", "NOT IN", "BETWEEN", "NOT BETWEEN", "IS NULL", "IS NOT NULL")
_PATTERNS = ("LIKE", "ILIKE", "RLIKE", "NOT LIKE", "NOT ILIKE", "NOT RLIKE")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of values: how they are written and how they may be compared."""

    written: str
    comparators: tuple[str, ...]
    quoted: bool  # values stand in quotes


NUMBER = Kind("a number without quotes", ("=", "!=", "<", "<=", ">", ">=", *_LISTS), quoted=False)
TIME = Kind(
    "a number without quotes (milliseconds since the epoch), or a time in quotes such as "
    "'2026-11-20', '2026-11-20 14:30' or '7 days ago'",
    NUMBER.comparators,
    quoted=False,
)
TEXT = Kind("a string in quotes", ("=", "!=", *_PATTERNS, *_LISTS), quoted=True)
IDENTIFIER = Kind("an id in quotes", ("=", "!=", *_LISTS), quoted=True)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A key with a fixed meaning."""

    name: str
    kind: Kind
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that are asked with the same word in front.

    Either `attributes` lists the keys, or any key may follow and its values are of `kind`.
    """

    entity: Entity
    words: tuple[str, ...]
    kind: Kind = TEXT
    attributes: tuple[Attribute, ...] = ()
    sortable: bool = True

    def attribute(self, key: str) -> Attribute | None:
        """The attribute of that name or alias."""
        for attribute in self.attributes:
            if key == attribute.name or key in attribute.aliases:
                return attribute
        return None


@dataclass(frozen=True, slots=True)
class Noun:
    """What is searched. The first group needs no word in front.

    `order` is the order when none is asked, `ties` is appended to one that is asked; `unique` is
    the attribute after which no further key can matter.
    """

    name: str
    groups: tuple[Group, ...]
    order: tuple[Order, ...]
    ties: tuple[Order, ...]
    unique: Field

    def group(self, word: str | None) -> Group | None:
        """The group that a word in front of a key stands for."""
        if word is None:
            return self.groups[0]
        return next((group for group in self.groups if word in group.words), None)

    def ordered(self, orders: "list[Order]") -> tuple[Order, ...]:
        """The full order: the asked keys, each once, and the ties that make it total."""
        keys = [*orders, *self.ties] if orders else list(self.order)
        full: dict[Field, Order] = {}
        for order in keys:
            full.setdefault(order.field, order)
            if order.field == self.unique:
                break
        return tuple(full.values())


def attribute(name: str) -> Field:
    """The field of an attribute."""
    return Field("attribute", name)


RUNS = Noun(
    "runs",
    groups=(
        Group(
            "attribute",
            ("attr", "attribute", "run", "attributes"),
            attributes=(
                Attribute("artifact_uri", TEXT),
                Attribute("duration", NUMBER),
                Attribute("end_time", TIME),
                Attribute("experiment_id", IDENTIFIER),
                Attribute("lifecycle_stage", TEXT),
                Attribute("run_id", TEXT),
                Attribute("run_name", TEXT, ("run name", "Run name", "Run Name")),
                Attribute("start_time", TIME, ("created", "Created")),
                Attribute("status", TEXT),
                Attribute("user_id", TEXT),
            ),
        ),
        Group(
            "dataset",
            ("dataset", "datasets"),
            attributes=(
                Attribute("context", TEXT),
                Attribute("digest", TEXT),
                Attribute("name", TEXT),
            ),
            sortable=False,
        ),
        Group("metric", ("metric", "metrics"), NUMBER),
        Group("param", ("param", "parameter", "parameters", "params")),
        Group("tag", ("tag", "tags")),
    ),
    order=(Order(attribute("start_time"), descending=True), Order(attribute("run_id"))),
    ties=(Order(attribute("start_time"), descending=True), Order(attribute("run_id"))),
    unique=attribute("run_id"),
)

EXPERIMENTS = Noun(
    "experiments",
    groups=(
        Group(
            "attribute",
            ("attribute",),
            attributes=(
                Attribute("creation_time", TIME),
                Attribute("experiment_id", IDENTIFIER),
                Attribute("last_update_time", TIME),
                Attribute("name", TEXT),
            ),
        ),
        Group("tag", ("tag", "tags"), sortable=False),
    ),
    order=(Order(attribute("creation_time"), descending=True), Order(attribute("experiment_id"))),
    ties=(Order(attribute("experiment_id"), descending=True),),
    unique=attribute("experiment_id"),
)
