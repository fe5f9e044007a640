"""Text to tokens, in one pass and linear time.

An identifier is cut at its first dot, as in the official language: what is before names the
entity, the rest is the key, bare or in backticks or quotes.

Strings stand in single or double quotes. The official language has no escapes, so a backslash
must keep its meaning wherever one may stand in an official text: `'C:\\data'`, `LIKE 'a\\_b'` and
`'\\\\server'` mean every character as written. Only directly before the quote that encloses the
string a backslash does something, as on a Windows command line: `\\'` is a quote, `\\\\'` is one
backslash and the end, `\\\\\\'` is one backslash and a quote. A doubled quote `''` is a quote too.
If a string would have no end, its last escaped quote ends it and all of it is as written, so that
`'C:\\'` stays what it was.
The one difference to the official meaning: there `'it''s'` and `'it\\'s'` find only values with
two quotes, or with a backslash, in them.
"""

import re
from dataclasses import dataclass
from enum import Enum

from mlflow.search.errors import quoted, refuse

MAX_TEXT = 100_000  # characters

COMPARATORS = ("=", "!=", "<", "<=", ">", ">=")
_INSTEAD = {"==": "=", "<>": "!=", "=>": ">=", "=<": "<=", "!": "!="}
_OPERATOR = re.compile(r"[=<>!]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.])")
_SPACE = re.compile(r"\s+")
_BARE = re.compile(r"[\w$#]+")
_REST = re.compile(r"[\w$#.]+")
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


class Kind(Enum):
    """What a token is."""

    WORD = "a word"
    STRING = "a string"
    NUMBER = "a number"
    COMPARATOR = "a comparator"
    OPEN = "'('"
    CLOSE = "')'"
    COMMA = "','"
    END = "the end of the text"


_SINGLE = {"(": Kind.OPEN, ")": Kind.CLOSE, ",": Kind.COMMA}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text.

    Words have `entity` (None without a dot) and `key`; strings have their content in `key`.
    """

    kind: Kind
    text: str
    place: int
    entity: str | None = None
    key: str = ""

    @property
    def keyword(self) -> str:
        """A bare word in upper case, nothing for all else."""
        bare = self.kind is Kind.WORD and self.entity is None and self.text == self.key
        return self.text.upper() if bare else ""

    def __str__(self) -> str:
        return "end of the text" if self.kind is Kind.END else quoted(self.text)


def tokenize(text: str, what: str = "filter") -> list[Token]:
    """The tokens of a text, with one END at the end.

    Args:
        text: a filter, or one item of an order.
        what: "filter" or "order_by", for messages.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE for a character or string that cannot be read.
    """
    if len(text) > MAX_TEXT:
        raise refuse(
            text, MAX_TEXT, f"the text is too long ({len(text):,} characters)",
            f"at most {MAX_TEXT:,} characters", what,
        )  # fmt: skip
    if bad := _UNSENDABLE.search(text):
        raise refuse(
            text, bad.start(), f"the character U+{ord(bad.group()):04X} cannot be searched",
            "text without it", what,
        )  # fmt: skip
    return _Scanner(text, what).tokens()


class _Scanner:
    def __init__(self, text: str, what: str) -> None:
        self.text = text
        self.what = what
        self.place = 0

    def tokens(self) -> list[Token]:
        found = []
        while True:
            if space := _SPACE.match(self.text, self.place):
                self.place = space.end()
            if self.place >= len(self.text):
                found.append(Token(Kind.END, "", self.place))
                return found
            found.append(self._next())

    def _next(self) -> Token:
        start, first = self.place, self.text[self.place]
        if first in _SINGLE:
            self.place += 1
            return Token(_SINGLE[first], first, start)
        if number := _NUMBER.match(self.text, start):
            self.place = number.end()
            return Token(Kind.NUMBER, number.group(), start)
        if operator := _OPERATOR.match(self.text, start):
            return self._comparator(operator.group())
        if first == "'":
            content = self._string("'")
            return Token(Kind.STRING, self.text[start : self.place], start, key=content)
        if first in '`"' or _BARE.match(first):
            return self._word()
        raise self._stray()

    def _comparator(self, operator: str) -> Token:
        start = self.place
        if operator not in COMPARATORS:
            use = _INSTEAD.get(operator)
            expected = f"'{use}' instead" if use else "one of " + ", ".join(COMPARATORS)
            raise refuse(
                self.text, start, f"{quoted(operator)} is no comparator", expected, self.what
            )
        self.place += len(operator)
        return Token(Kind.COMPARATOR, operator, start)

    def _word(self) -> Token:
        """A bare or quoted name, and what follows its first dot."""
        start = self.place
        first = self._name(_BARE)
        if not self.text.startswith(".", self.place):
            # a quoted name alone may be an identifier or, in double quotes, a value
            kind = Kind.STRING if self.text[start] == '"' else Kind.WORD
            self._no_more()
            return Token(kind, self.text[start : self.place], start, key=first)
        self.place += 1
        if self.place >= len(self.text) or not (
            self.text[self.place] in "`\"'" or _REST.match(self.text, self.place)
        ):
            raise refuse(
                self.text, self.place, f"no key after {quoted(self.text[start : self.place])}",
                "a key, in backticks if it is more than letters, digits, '_' and '.'", self.what,
            )  # fmt: skip
        key = self._name(_REST)
        self._no_more()
        return Token(Kind.WORD, self.text[start : self.place], start, entity=first, key=key)

    def _name(self, bare: "re.Pattern[str]") -> str:
        quote = self.text[self.place]
        if quote in "`\"'":
            return self._string(quote)
        name = bare.match(self.text, self.place)
        assert name, "the caller has looked"
        self.place = name.end()
        return name.group()

    def _no_more(self) -> None:
        """Refuse what sticks to a name: `metrics.a/b`, `params.a-b`, "tags.`a`b"."""
        after = self.text[self.place : self.place + 1]
        if after and not after.isspace() and after not in "=<>!(),'" and after != ";":
            raise refuse(
                self.text, self.place, f"unexpected {quoted(after)} in a name",
                "the whole key in backticks, as in metrics.`val/loss`", self.what,
            )  # fmt: skip

    def _string(self, quote: str) -> str:
        """The content of the string that opens here; the module's docstring has the rules."""
        start = self.place
        content: list[str] = []
        escaped = -1  # place of the last escaped quote
        place = piece = start + 1
        while (place := self.text.find(quote, place)) >= 0:
            slashes = 0
            if quote != "`":
                while place - slashes > piece and self.text[place - slashes - 1] == "\\":
                    slashes += 1
            content.append(self.text[piece : place - slashes] + "\\" * (slashes // 2))
            if slashes % 2:
                escaped = place
                place += 1
            elif self.text.startswith(quote, place + 1):
                place += 2
            else:
                self.place = place + 1
                return "".join(content)
            content.append(quote)
            piece = place
        if escaped < 0:
            raise refuse(
                self.text, start, "the string that starts here has no end", f"a closing {quote}",
                self.what,
            )  # fmt: skip
        self.place = escaped + 1
        return self.text[start + 1 : escaped]

    def _stray(self) -> Exception:
        character = self.text[self.place]
        expected = ""
        if character == ";":
            expected = "one filter, without ';'"
        elif character in "+-.":
            expected = "a number such as -1, 0.5 or 1e-3"
        elif character in "/:@":
            expected = "a key with such a character in backticks, as in metrics.`val/loss`"
        return refuse(
            self.text, self.place, f"unexpected character {quoted(character)}", expected, self.what
        )
