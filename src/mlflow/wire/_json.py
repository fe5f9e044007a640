"""JSON and query strings as the API writes them, both ways.

Input is read leniently where the original is lenient (numbers as text, "NaN" and "Infinity",
unknown fields) and refused with the place and the value where it is not.
"""

import math
import re
from typing import Any, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl, urlencode

import msgspec

from mlflow.exceptions import MlflowException, invalid
from mlflow.wire._endpoint import AnyEndpoint, Question
from mlflow.wire._fields import absent

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_MISSING = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_WRONG = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?")


def _decoder(kind: type[Any]) -> "msgspec.json.Decoder[Any]":
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind, strict=False)
    return decoder


def encode(message: object) -> bytes:
    """A question or an answer as JSON; NaN and infinities are written as text."""
    body = _encoder.encode(message)
    # The encoder writes all three as null. A quote inside of text is escaped, so this is no text.
    if b'"value":null' not in body:
        return body
    if isinstance(message, Question):
        return _encoder.encode(_spelled(msgspec.to_builtins(message)))
    return body.replace(b'"value":null', b'"value":"NaN"')  # stores hold no infinities


def _spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _spelled(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_spelled(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def decode_answer(endpoint: AnyEndpoint, body: bytes) -> Any:
    """The answer that a server sent."""
    return _decoder(endpoint.answer).decode(body or b"{}")


def decode_body(endpoint: AnyEndpoint, body: bytes, rest: str = "") -> Question:
    """The question in the body of a request, checked.

    Args:
        rest: what follows the endpoint's route in the address, for one that takes it.
    """
    kind = endpoint.question
    body = body.strip() or b"{}"
    try:
        if body[:1] == b'"':  # legacy clients send JSON inside a JSON string
            body = msgspec.json.decode(body, type=str).encode()
        try:
            question: Question = _decoder(kind).decode(body)
        except msgspec.ValidationError as error:
            question = _without_nulls(kind, body, error)
    except msgspec.ValidationError as error:  # of the JSON string
        raise _explained(error, body) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise invalid(f"The body of the request is not valid JSON: {error}.") from None
    except RecursionError:
        raise invalid("The body of the request is nested too deeply.") from None
    return _checked(endpoint, question, rest)


def _checked(endpoint: AnyEndpoint, question: Question, rest: str) -> Question:
    if endpoint.rest is not None:
        setattr(question, endpoint.rest, rest)
    question.check()
    return question


def _without_nulls(kind: type[Question], body: bytes, error: msgspec.ValidationError) -> Question:
    """Read a body once more, with fields that are null taken as not given."""
    if "`null`" not in str(error):
        raise _explained(error, body) from None
    try:
        return msgspec.convert(_filled(msgspec.json.decode(body)), kind, strict=False)
    except msgspec.ValidationError as second:
        raise _explained(second, body) from None


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item) for name, item in value.items() if item is not None}
    return [_filled(item) for item in value] if isinstance(value, list) else value


def decode_query(endpoint: AnyEndpoint, query: bytes, rest: str = "") -> Question:
    """The question in the query string of a request, checked; see `decode_body`."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise invalid(f"The query string cannot be read: {error}.") from None
    lists = _list_fields(endpoint.question)
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in lists:
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = value
    try:
        question: Question = msgspec.convert(fields, endpoint.question, strict=False)
    except msgspec.ValidationError as error:
        raise _explained(error, _encoder.encode(fields)) from None
    return _checked(endpoint, question, rest)


def encode_query(question: Question) -> str:
    """A question as a query string; lists become repeated parameters."""
    fields = msgspec.to_builtins(question)
    return urlencode(
        {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in fields.items()
            if value is not None
        },
        doseq=True,
    )


def _list_fields(kind: type[Question]) -> frozenset[str]:
    return frozenset(
        field.encode_name for field in msgspec.structs.fields(kind) if _is_list(field.type)
    )


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is list or any(_is_list(part) for part in get_args(kind))


def _explained(error: msgspec.ValidationError, body: bytes) -> MlflowException:
    """The decoder's complaint with the field's path and the value that stands there."""
    text = str(error)
    if match := _MISSING.fullmatch(text):
        name, place = match.groups()
        return absent(f"{place}.{name}" if place else name)
    match = _WRONG.fullmatch(text)
    expected, place = match.groups() if match else (text, None)
    if not place:
        return invalid(f"The body of the request must be a JSON object: {expected}.")
    value = _value_at(body, place)
    if value is None:
        return absent(place)
    expected = expected.replace("`", "")
    return invalid(f"Invalid value {_brief(value)} for parameter {place!r} supplied: {expected}.")


def _value_at(body: bytes, place: str) -> Any:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return "..."
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", place):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return "..."
    return value


def _brief(value: Any) -> str:
    text = _encoder.encode(value).decode()
    return text if len(text) <= 100 else f"{text[:100]}…"
