"""The regular expressions of RLIKE: a subset that means the same in every database.

`.` matches any character, line ends included; a pattern may match anywhere in the value. What
google-re2 cannot run in linear time (backreferences, looking around) is refused, and so is what
PostgreSQL, MySQL and MariaDB read differently.
"""

from functools import lru_cache
from typing import Any

MAX_PATTERN = 500  # characters
_MAX_REPEAT = 255  # PostgreSQL's limit
_CLASSES = "dDsSwW"
_EDGES = "bB"
_CONTROLS = "fnrtv"


@lru_cache(maxsize=256)
def mistake(pattern: str) -> tuple[str, int] | None:
    """What is wrong with a pattern and at which character, or None if it can be used."""
    import re2  # type: ignore[import-untyped]

    if len(pattern) > MAX_PATTERN:
        return f"longer than {MAX_PATTERN} characters", MAX_PATTERN
    if wrong := _unportable(pattern):
        return wrong
    try:
        compiled(pattern)
    except re2.error as error:
        reason = error.args[0]
        return (reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)), 0
    return None


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """The pattern for google-re2; its search() takes linear time."""
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile("(?s)" + pattern, options)


def _unportable(pattern: str) -> tuple[str, int] | None:
    """The first thing that some database would refuse or read in another way."""
    place, inside, repeatable = 0, -1, False
    if pattern.startswith("(?i)"):
        place = 4
    while place < len(pattern):
        character = pattern[place]
        following = pattern[place + 1 : place + 2]
        if character == "\\":
            known = _CLASSES if inside >= 0 else _CLASSES + _EDGES
            if not following or (following.isalnum() and following not in known + _CONTROLS):
                return f"'\\{following}' is not supported", place
            if inside >= 0 and following in _CLASSES.upper() and following.isupper():
                return f"'\\{following}' inside brackets is not supported", place
            repeatable = following not in _EDGES
            place += 2
            continue
        if inside >= 0:
            if character == "[" and following in (":", ".", "="):
                end = pattern.find(":]", place + 2)
                if following != ":" or end < 0:
                    return "only classes such as [:alpha:] may stand inside brackets", place
                place = end + 2
                continue
            if character == "[" or (character == "&" and following == "&"):
                return f"'{character}' inside brackets needs a backslash", place
            # a bracket right after the opening one stands for itself: not alike everywhere
            if character == "]":
                if place == inside:
                    return "']' right after '[' needs a backslash", place
                inside, repeatable = -1, True
        elif character == "[":
            inside = place + (2 if following == "^" else 1)
            if following == "^":
                place += 1
        elif character == "(" and following == "?":
            if pattern[place + 2 : place + 3] != ":":
                return "of the groups that start with '(?' only '(?:' is supported", place
            place += 2
            repeatable = False
        elif character in "*+?{":
            if not repeatable:
                return f"nothing to repeat before '{character}'", place
            if character == "{":
                end = pattern.find("}", place)
                bounds = pattern[place + 1 : end].split(",") if end >= 0 else []
                if not _bounds(bounds):
                    return f"'{{' needs bounds up to {_MAX_REPEAT}, or a backslash", place
                place = end
            if pattern[place + 1 : place + 2] == "?":
                place += 1
            repeatable = False
        else:
            repeatable = character not in "^$(|"
        place += 1
    return None


def _bounds(bounds: list[str]) -> bool:
    if not 1 <= len(bounds) <= 2 or not _bound(bounds[0]):
        return False
    if len(bounds) == 1 or not bounds[1]:
        return True
    return _bound(bounds[1]) and int(bounds[0]) <= int(bounds[1])


def _bound(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= _MAX_REPEAT
