"""Compares two recordings of the scenario, and says which differences we stand by and why.

Words of messages are ours to choose; what programs look at (statuses, error codes, kinds of
exceptions, fields, values, types, order) is not. Every other difference needs a line in ALLOWED.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

Answers = dict[str, dict[str, Any]]


ACCEPTED = "we accept it"
REFUSED = "we refuse it"


class Allowed(NamedTuple):
    """A difference we stand by.

    `steps` is a pattern of names of steps; `what` is ACCEPTED (the official answer is an error,
    ours is not), REFUSED (ours is an INVALID_PARAMETER_VALUE and the official answer is none, or
    an internal error) or a pattern of the difference's line.
    """

    steps: str
    what: str
    why: str


_MORE_SEARCH = "our search is the official one and more: OR, IN, BETWEEN on every field and others"
_READ_OVER = "the official server stores a default in place of what it cannot read, or answers 500"

ALLOWED: tuple[Allowed, ...] = (Allowed("sloppy: *", REFUSED, _READ_OVER),)


def differences(reference: Answers, answers: Answers) -> list[str]:
    """One line for each place where `answers` differ from `reference` and should not."""
    lines = [f"{name}: not answered" for name in reference if name not in answers]
    lines += [f"{name}: not in the reference" for name in answers if name not in reference]
    for name, expected in reference.items():
        if name in answers:
            lines += [
                f"{name}: {line}"
                for line in _outcome(expected, answers[name])
                if not any(
                    _covers(allowed, name, expected, answers[name], line) for allowed in ALLOWED
                )
            ]
    return lines


def _covers(
    allowed: Allowed, name: str, expected: dict[str, Any], found: dict[str, Any], line: str
) -> bool:
    if not fnmatchcase(name, allowed.steps):
        return False
    if allowed.what == ACCEPTED:
        return _failed(expected) and not _failed(found)
    if allowed.what == REFUSED:
        crashed = expected.get("status") == 500
        return (crashed or not _failed(expected)) and _code(found) == "INVALID_PARAMETER_VALUE"
    return fnmatchcase(line, allowed.what)


def _failed(answer: dict[str, Any]) -> bool:
    return "raised" in answer or answer.get("status", 200) != 200


def _code(answer: dict[str, Any]) -> str | None:
    error = answer.get("raised") or (answer.get("body") if _failed(answer) else None)
    code: str | None = error.get("error_code") if isinstance(error, dict) else None
    return code


def _outcome(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    if "status" in expected:
        yield from _response(expected, found)
    elif "raised" in expected and "raised" in found:
        yield from _differ("error_code", expected["raised"], found["raised"])
        yield from _kinds(expected["raised"]["kind"], found["raised"]["kind"])
    elif "returned" in expected and "returned" in found:
        yield from _values("returned", expected["returned"], found["returned"])
    else:
        yield f"expected {_short(expected)}, found {_short(found)}"


def _response(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    yield from _differ("status", expected, found)
    if expected["status"] != found["status"]:
        yield f"expected {_short(expected['body'])}, found {_short(found['body'])}"
    elif expected["status"] == 200:
        yield from _differ("type", expected, found)
        yield from _values("body", expected["body"], found["body"])
    elif isinstance(expected["body"], dict):
        # Errors that the official server answers with a page have no error code to compare.
        code = found["body"].get("error_code") if isinstance(found["body"], dict) else None
        if code != expected["body"]["error_code"]:
            yield f"error code {expected['body']['error_code']}, found {_short(found['body'])}"


def _kinds(expected: list[str], found: list[str]) -> Iterator[str]:
    """An exception is caught by its kind: MlflowException, or the built-in one."""
    for kind in ("MlflowException", "TypeError", "ValueError"):
        if kind in expected and kind not in found:
            yield f"expected a {kind}, found {found}"


def _values(place: str, expected: Any, found: Any) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in expected.keys() | found.keys():
            if name not in found:
                yield f"{place}.{name} is missing, expected {_short(expected[name])}"
            elif name not in expected:
                yield f"{place}.{name} is too much: {_short(found[name])}"
            else:
                yield from _values(f"{place}.{name}", expected[name], found[name])
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _values(f"{place}[{index}]", one, other)
    elif type(expected) is not type(found) or expected != found:
        yield f"{place}: expected {_short(expected)}, found {_short(found)}"


def _differ(name: str, expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    if expected[name] != found[name]:
        yield f"{name}: expected {expected[name]}, found {found[name]} {found.get('message', '')}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}…"
