"""Signed addresses of Azure's blobs (service SAS), made with the key of an account.

The library signs as well, but a name with a space or an umlaut makes its signatures wrong.
"""

import hashlib
import hmac
import time
from base64 import b64decode, b64encode
from urllib.parse import quote, urlencode

_VERSION = "2021-12-02"
#: what may be done, by the method of the request
_MAY = {"DELETE": "d", "GET": "r", "HEAD": "r", "PUT": "cw"}
#: seconds for which an address is good already: clocks differ
_SLACK = 300


def signed_query(
    account: str, key: str, container: str, blob: str, method: str, seconds: float
) -> str:
    """The query with which anybody can make requests about a blob for some time.

    Args:
        key: of the account, in base64.
        method: GET, HEAD, PUT or DELETE; a PUT may also be of a block or of the list of blocks.
    """
    now = time.time()
    start, end = _moment(now - _SLACK), _moment(now + seconds)
    may = _MAY[method]
    fields = [may, start, end, f"/blob/{account}/{container}/{blob}", "", "", "", _VERSION, "b"]
    fields += [""] * 7  # snapshot, encryption scope, headers of the answer
    signature = hmac.new(b64decode(key), "\n".join(fields).encode(), hashlib.sha256).digest()
    return urlencode(
        {"sv": _VERSION, "sr": "b", "sp": may, "st": start, "se": end}
        | {"sig": b64encode(signature).decode()}
    )


def address_of(endpoint: str, container: str, blob: str) -> str:
    """The address of a blob, without a query."""
    return f"{endpoint}/{quote(container)}/{quote(blob, safe='/')}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
