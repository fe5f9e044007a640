"""Compares two recordings of the scenario, and says which differences we stand by and why.

Words of messages are ours to choose; what programs look at (statuses, error codes, kinds of
exceptions, fields, values, types, order) is not. Every other difference needs a line in ALLOWED.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

Answers = dict[str, dict[str, Any]]

CLIENT = "our client"
SERVER = "our server"
IN_PROCESS = "our client without a server"
ACCEPTED = "we accept it"
REFUSED = "we refuse it"


class Allowed(NamedTuple):
    """A difference we stand by.

    `side` is whose difference it is: CLIENT, SERVER, IN_PROCESS. `steps` is a pattern of names.
    `what` is ACCEPTED (the official answer is an error, ours is none), REFUSED (ours is an
    INVALID_PARAMETER_VALUE, the official answer is none or a crash) or a pattern of the line.
    """

    side: str
    steps: str
    what: str
    why: str


_MORE = "our search takes all that the official one takes, and more"
_DROPS = "the official server stores a default in place of what it cannot read, or crashes"
_SAYS = "the official server has an error of its database here; ours says what is missing"
_INFO = "server-info names what a server can do, and its version"
_SAMPLE = "points in even distances, first and last among them; which ones is ours to choose"
_NAN = "the official server writes NaN as it stands, which is no JSON and breaks browsers"
_NUMBER = "a built-in TypeError by the official client's serialisation; ours names the metric"
_WHOLE = "steps and times become integers; with the official client it depends on the call"

ALLOWED: tuple[Allowed, ...] = (
    Allowed(SERVER, 'searches: "params.model IN*', ACCEPTED, _MORE),
    Allowed(SERVER, 'searches: "params.model BETWEEN*', ACCEPTED, _MORE),
    Allowed(SERVER, 'searches: "status IN*', ACCEPTED, _MORE),
    Allowed(SERVER, 'searches: "experiment_id =*', ACCEPTED, _MORE),
    Allowed(SERVER, 'searches: "lifecycle_stage =*', ACCEPTED, _MORE),
    Allowed(SERVER, "searches: order by [[]'attributes.`run name` DESC']", ACCEPTED, _MORE),
    Allowed(SERVER, "rest: version", "type: expected text/html*", "it is plain text"),
    Allowed(SERVER, "rest: server-info*", "body.*", _INFO),
    Allowed(SERVER, "rest: bulk-interval limit 4*", "body.metrics*", _SAMPLE),
    Allowed(SERVER, "rest: get-history-bulk", "body.metrics*.value: *found 'NaN'", _NAN),
    Allowed(SERVER, "sloppy: log-batch metrics null", ACCEPTED, "null is nothing everywhere"),
    Allowed(SERVER, "sloppy: runs/search limit null", ACCEPTED, "null is nothing everywhere"),
    Allowed(SERVER, "sloppy: runs/create nothing", "error code BAD_REQUEST*", _SAYS),
    Allowed(SERVER, "sloppy: *", REFUSED, _DROPS),
    Allowed(
        CLIENT,
        "experiments: rename a deleted one",
        "error_code: expected INTERNAL_ERROR, found INVALID_STATE*",
        "the official client tells of its retries only, ours of the server's answer",
    ),
    Allowed(
        CLIENT,
        "runs: get a strange id",
        "error_code: *found RESOURCE_DOES_NOT_EXIST*",
        "the official client and the official server disagree; ours both answer as the server",
    ),
    Allowed(
        CLIENT,
        "runs: terminate with a bad status",
        "error_code: expected None*",
        "the official client raises a bare Exception; ours is one too, and has a code",
    ),
    Allowed(CLIENT, "metrics: *'words' = high*", "*TypeError*", _NUMBER),
    Allowed(CLIENT, "metrics: *'words' = high*", "error_code: expected None*", _NUMBER),
    Allowed(CLIENT, "fluent: log_metric of words", "*TypeError*", _NUMBER),
    Allowed(CLIENT, "fluent: log_metric of words", "error_code: expected None*", _NUMBER),
    Allowed(CLIENT, "metrics: *'step as *", ACCEPTED, _WHOLE),
    Allowed(CLIENT, "metrics: *'time as *", ACCEPTED, _WHOLE),
    Allowed(CLIENT, "metrics: back", "returned.step as * is too much*", _WHOLE),
    Allowed(CLIENT, "metrics: back", "returned.time as * is too much*", _WHOLE),
    Allowed(
        CLIENT,
        "searches: bad format",
        "*",
        "an MlflowException as for every other wrong argument",
    ),
    Allowed(
        CLIENT,
        "fluent: a tag that is a number",
        ACCEPTED,
        "values of tags become text, as they do in set_tag",
    ),
    Allowed(
        CLIENT,
        "fluent: resume a deleted run",
        "error_code: expected INTERNAL_ERROR, found INVALID_PARAMETER_VALUE*",
        "nothing internal is wrong",
    ),
    Allowed(
        IN_PROCESS,
        "*",
        "*: expected 'mlflow-artifacts:/*, found 'file:///*",
        "without a server, artifacts lie in a folder",
    ),
)


def differences(
    reference: Answers, answers: Answers, sides: Collection[str], used: set[Allowed] | None = None
) -> list[str]:
    """One line for each place where `answers` differ from `reference` and should not.

    `sides` says what of ours made the answers; lines of ALLOWED that were needed go into `used`.
    """
    lines = [f"{name}: not answered" for name in reference if name not in answers]
    lines += [f"{name}: not in the reference" for name in answers if name not in reference]
    for name, expected in reference.items():
        if name not in answers:
            continue
        for line in _outcome(expected, answers[name]):
            covering = [
                allowed
                for allowed in ALLOWED
                if allowed.side in sides
                and fnmatchcase(name, allowed.steps)
                and _covers(allowed.what, expected, answers[name], line)
            ]
            if used is not None:
                used.update(covering)
            if not covering:
                lines.append(f"{name}: {line}")
    return lines


def _covers(what: str, expected: dict[str, Any], found: dict[str, Any], line: str) -> bool:
    if what == ACCEPTED:
        return _failed(expected) and not _failed(found)
    if what == REFUSED:
        crashed = expected.get("status") == 500
        return (crashed or not _failed(expected)) and _code(found) == "INVALID_PARAMETER_VALUE"
    return fnmatchcase(line, what)


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
    if expected["status"] != found["status"]:
        yield f"status: expected {expected['status']}, found {found['status']} {found['body']}"
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
        for name in sorted(expected.keys() | found.keys()):
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
