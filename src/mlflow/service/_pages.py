"""Page tokens: where a page ended, so that the next one starts behind it.

A token is opaque to clients. It names the query that it belongs to by a checksum, so that a token
of another query is refused instead of giving a wrong page.
"""

import base64
import binascii
import zlib
from typing import Any

import msgspec

from mlflow.exceptions import MlflowException, invalid


def write(place: list[Any], query: object) -> str:
    """The token for a page that ended at `place`."""
    data = msgspec.json.encode([_checksum(query), [_spelled(item) for item in place]])
    return base64.urlsafe_b64encode(data).decode()


def read(token: str, query: object) -> list[Any]:
    """The place where the page before ended.

    Raises:
        MlflowException: the token is not one of ours or belongs to another query.
    """
    try:
        checksum, place = msgspec.json.decode(
            base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True),
            type=tuple[int, list[Any]],
        )
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError):
        raise _refused(token, "it is not one that this server gave") from None
    if checksum != _checksum(query):
        raise _refused(token, "it belongs to another query")
    try:
        return [_value(item) for item in place]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise _refused(token, "it is not one that this server gave") from None


def _refused(token: str, why: str) -> MlflowException:
    return invalid(
        f"Invalid page token {token[:100]!r}: {why}. Repeat the query without page_token to start "
        "at the first page."
    )


def _checksum(query: object) -> int:
    return zlib.crc32(msgspec.json.encode(query))


def _spelled(item: Any) -> Any:
    # Doubles as hexadecimal text: exact, and no database or JSON reader rounds them.
    return {"f": item.hex()} if isinstance(item, float) else item


def _value(item: Any) -> Any:
    return float.fromhex(item["f"]) if isinstance(item, dict) else item
