"""A filter to a tree, by recursive descent over its tokens.

    filter      := either
    either      := all ( OR all )*
    all         := clause ( AND clause )*
    clause      := NOT clause | "(" either ")" | comparison
    comparison  := identifier comparator value
                 | identifier [NOT] LIKE | ILIKE | RLIKE string
                 | identifier [NOT] IN "(" value ( "," value )* ")"
                 | identifier [NOT] BETWEEN value AND value
                 | identifier IS [NOT] NULL
    identifier  := [entity "."] key | function "(" identifier [ "," step ] ")"

The official language is the part of it with AND alone and fewer comparators for some fields. Its
server overlooks an AND that is missing, doubled or at an end; so do we, as long as the filter says
nothing that only we understand (OR, NOT, parentheses), where it would be a guess.
"""

from typing import NoReturn

from mlflow.search import patterns
from mlflow.search.errors import one_of, quoted, refuse
from mlflow.search.fields import FUNCTIONS, TIME, Group, Kind as ValueKind, Noun
from mlflow.search.times import milliseconds
from mlflow.search.tokens import Kind, Token, tokenize
from mlflow.search.tree import And, Comparison, Field, Node, Not, Or, Scalar, Value

MAX_DEPTH = 100
MAX_COMPARISONS = 1_000
MAX_VALUES = 10_000
MAX_LIKE = 10_000  # characters; SQLite refuses patterns of more than 50,000 bytes
LARGEST_INTEGER = 2**63 - 1

_WORDS = {"AND", "OR", "NOT", "IS", "NULL", "IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE"}


def parse_filter(text: str | None, noun: Noun) -> Node | None:
    """The tree of a filter.

    Args:
        text: the filter; None and the empty text mean no filter.
        noun: what is searched.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE with the place of the mistake.
    """
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise refuse(str(text), 0, f"a {type(text).__name__} is no text", "a string")
    reader = Reader(text, noun)
    if not text.strip():
        raise refuse(text, len(text), "it is blank", "a comparison, or no filter at all")
    return reader.filter()


class Reader:
    """Reads one text token by token. Also used for orders, which have the same identifiers."""

    def __init__(self, text: str, noun: Noun, what: str = "filter") -> None:
        self.text = text
        self.noun = noun
        self.what = what
        self._tokens = tokenize(text, what)
        self._next = 0
        self._depth = 0
        self._comparisons = 0
        self._values = 0
        self._loose: Token | None = None  # where an AND is missing or too many
        self._strict = False

    def ahead(self, kind: Kind) -> bool:
        """Whether the next token is of that kind."""
        return self.token.kind is kind

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._next]

    def take(self) -> Token:
        """The next token, which is then behind us."""
        token = self.token
        if token.kind is not Kind.END:
            self._next += 1
        return token

    def takes(self, keyword: str) -> bool:
        """Whether the next token is this keyword; if so it is behind us."""
        if self.token.keyword != keyword:
            return False
        self._next += 1
        return True

    def fail(self, wrong: str, expected: str = "", token: Token | None = None) -> NoReturn:
        """Refuse the text at a token, by default the next one."""
        raise refuse(self.text, (token or self.token).place, wrong, expected, self.what)

    def expect(self, kind: Kind, expected: str) -> Token:
        """The next token if it is of that kind, else an error."""
        if self.token.kind is not kind:
            self.fail(f"unexpected {self.token}", expected)
        return self.take()

    # ---- clauses

    def filter(self) -> Node | None:
        """The whole text as clauses; None if it says nothing but AND."""
        self._overlook()
        if self.ahead(Kind.END):
            return None
        tree = self._either()
        if not self.ahead(Kind.END):
            self.fail(f"unexpected {self.token}", "AND, OR or the end")
        if self._strict and self._loose:
            expected = "AND or OR" if not self._loose.keyword else self._identifiers()
            self.fail(f"unexpected {self._loose}", expected, self._loose)
        return tree

    def _overlook(self) -> None:
        """Pass by an AND that joins nothing."""
        while self.token.keyword == "AND":
            token = self.take()
            self._loose = self._loose or token

    def _either(self) -> Node:
        """Clauses joined by OR."""
        parts = [self._all()]
        while self.takes("OR"):
            self._strict = True
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Node:
        parts = [self._clause()]
        while self.token.keyword == "AND" or self._starts():
            if not self.takes("AND"):
                self._loose = self._loose or self.token
            self._overlook()
            if self.ahead(Kind.END) and not self._strict:
                break
            parts.append(self._clause())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _clause(self) -> Node:
        negated = False
        while self.takes("NOT"):
            negated, self._strict = not negated, True
        if self.token.kind is Kind.OPEN:
            self._depth += 1
            self._strict = True
            if self._depth > MAX_DEPTH:
                self.fail("the parentheses are nested too deep", f"at most {MAX_DEPTH} levels")
            self.take()
            part = self._either()
            self.expect(Kind.CLOSE, "AND, OR or ')'")
            self._depth -= 1
        else:
            part = self._comparison()
        return Not(part) if negated else part

    def _comparison(self) -> Comparison:
        start = self.token
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            self.fail("there are too many comparisons", f"at most {MAX_COMPARISONS:,}")
        field, kind = self.identifier()
        operator = self.token
        comparator = self._comparator(field, kind)
        if comparator not in kind.comparators:
            name = quoted(self.text[start.place : operator.place].strip())
            self.fail(
                f"{comparator} cannot be used on {name}",
                one_of(kind.comparators),
                operator,
            )
        return Comparison(field, comparator, self._value(kind, comparator), start.place)

    def _comparator(self, field: Field, kind: ValueKind) -> str:
        token = self.token
        if token.kind is Kind.COMPARATOR:
            return self.take().text
        if self.takes("IS"):
            negated = self.takes("NOT")
            if not self.takes("NULL"):
                self.fail(f"unexpected {self.token}", "NULL" if negated else "NULL or NOT NULL")
            return "IS NOT NULL" if negated else "IS NULL"
        prefix = "NOT " if self.takes("NOT") else ""
        for word in ("BETWEEN", "ILIKE", "IN", "LIKE", "RLIKE"):
            if self.takes(word):
                return prefix + word
        self.fail(f"unexpected {self.token}", "a comparator: " + one_of(kind.comparators))

    # ---- identifiers

    def _starts(self) -> bool:
        """Whether an identifier comes next."""
        token = self.token
        if token.kind is Kind.WORD:
            return token.keyword not in _WORDS
        return token.kind is Kind.STRING and token.text[0] == '"'

    def identifier(self) -> tuple[Field, ValueKind]:
        """A field of the noun and the kind of its values."""
        token = self.token
        if not self._starts():
            self.fail(f"unexpected {token}", self._identifiers())
        self.take()
        if token.keyword and self.token.kind is Kind.OPEN:
            return self._function(token)
        return self._field(token)

    def _identifiers(self) -> str:
        return f"an identifier of {self.noun.name}, such as " + one_of(
            [
                f"{group.words[-1]}.<key>" if not group.attributes else group.attributes[-1].name
                for group in self.noun.groups
            ]
        )

    def _function(self, name: Token) -> tuple[Field, ValueKind]:
        """`min(metrics.loss)` or `at(metrics.loss, 100)`."""
        function = next((known for known in FUNCTIONS if known == name.text.lower()), None)
        metrics = self.noun.group("metrics")
        if function is None or metrics is None:
            known = one_of(FUNCTIONS) if metrics else "an identifier"
            self.fail(f"there is no function {quoted(name.text)} of {self.noun.name}", known, name)
        self.take()
        place = self.token
        if place.kind is not Kind.WORD:
            self.fail(f"unexpected {place}", "a metric, as in min(metrics.loss)")
        asked = self.noun.group(place.entity)
        if place.entity is None or (asked and asked is not metrics):
            self.fail(f"{function}() is a function of metrics", "metrics.<key>", place)
        field, kind = self._field(self.take())
        step = 0
        if function == "at":
            self.expect(Kind.COMMA, "a comma and a step, as in at(metrics.loss, 100)")
            number = self.expect(Kind.NUMBER, "a step, as in at(metrics.loss, 100)")
            value = _number(number.text)
            if not isinstance(value, int):
                self.fail(f"{number} is no step", "an integer of 64 bits", number)
            step = value
        self.expect(Kind.CLOSE, "')'")
        return Field("metric", field.key, function, step), kind

    def _field(self, token: Token) -> tuple[Field, ValueKind]:
        group = self.noun.group(token.entity)
        if group is None:
            known = one_of([word for group in self.noun.groups for word in group.words])
            self.fail(f"invalid entity type {quoted(token.entity or '')}", known, token)
        if not group.attributes:
            if not token.key:
                self.fail("the key is empty", f"{group.words[-1]}.<key>", token)
            return Field(group.entity, token.key), group.kind
        attribute = group.attribute(token.key)
        if attribute is None:
            self._unknown_attribute(group, token)
        return Field(group.entity, attribute.name), attribute.kind

    def _unknown_attribute(self, group: Group, token: Token) -> NoReturn:
        known = one_of([attribute.name for attribute in group.attributes])
        if token.entity is None and self.noun.group(token.key.partition(".")[0]):
            word, _, key = token.key.partition(".")
            self.fail(
                f"{quoted(token.text)} lacks a key",
                f"{word}.`{key or 'key'}`",
                token,
            )
        self.fail(
            f"invalid {group.entity} key {quoted(token.key)} for {self.noun.name}",
            f"{known}; other names need a word in front, such as "
            f"{one_of([other.words[-1] + '.' for other in self.noun.groups if other is not group])}"
            if group is self.noun.groups[0]
            else known,
            token,
        )

    # ---- values

    def _value(self, kind: ValueKind, comparator: str) -> Value:
        if comparator.endswith("NULL"):
            return None
        if comparator.endswith("BETWEEN"):
            low = self._scalar(kind)
            if not self.takes("AND"):
                self.fail(f"unexpected {self.token}", "AND and the upper bound")
            return low, self._scalar(kind)
        if comparator.endswith("IN"):
            self.expect(Kind.OPEN, "values in parentheses, as in ('a', 'b')")
            values = [self._scalar(kind)]
            while self.ahead(Kind.COMMA):
                self.take()
                if self.ahead(Kind.CLOSE):  # ('a',) is officially a list
                    break
                values.append(self._scalar(kind))
            self.expect(Kind.CLOSE, "',' or ')'")
            return tuple(values)
        token = self.token
        value = self._scalar(kind)
        if comparator.endswith("LIKE") and isinstance(value, str):
            self._pattern(comparator, value, token)
        return value

    def _scalar(self, kind: ValueKind) -> Scalar:
        token = self.token
        in_words = kind is TIME and token.kind is Kind.STRING
        wanted = Kind.STRING if kind.quoted or in_words else Kind.NUMBER
        if token.kind is not wanted:
            self.fail(f"unexpected {token}", kind.written)
        self._values += 1
        if self._values > MAX_VALUES:
            self.fail("there are too many values", f"at most {MAX_VALUES:,}")
        self.take()
        if in_words:
            if (moment := milliseconds(token.key)) is None:
                self.fail(f"{quoted(token.key)} is not a time", kind.written, token)
            return moment
        if not kind.quoted:
            return _number(token.text)
        return token.key

    def _pattern(self, comparator: str, pattern: str, token: Token) -> None:
        if comparator.endswith("RLIKE"):
            if wrong := patterns.mistake(pattern):
                reason, place = wrong
                # the place is exact unless the string has escapes before it
                raise refuse(
                    self.text, token.place + 1 + place,
                    f"the pattern cannot be used: {reason}", "a regular expression", self.what,
                )  # fmt: skip
        elif len(pattern) > MAX_LIKE:
            self.fail("the pattern is too long", f"at most {MAX_LIKE:,} characters", token)


def _number(text: str) -> int | float:
    """An integer if it has 64 bits, else the nearest float, which may be infinite."""
    if len(text) <= 20 and text.lstrip("+-").isdigit():
        value = int(text)
        if -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER:
            return value
    return float(text)
