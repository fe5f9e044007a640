"""Signatures of Amazon's version 4, which every S3-compatible store checks: of requests, by
headers, and of URLs, which let whoever holds them make one request for some time.

The body is not part of a signature (`UNSIGNED-PAYLOAD`): it is checked by its MD5, which is cheaper
than the SHA-256 of it and stays with the object.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from mlflow.blobs.s3.credentials import Keys
from mlflow.exceptions import invalid

#: seconds that a signed URL is good for at most
LONGEST = 7 * 24 * 3600
_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"


def quoted(path: str) -> str:
    """A path as it stands in an address and under a signature: one encoding, slashes kept."""
    return quote(path, safe="/-_.~")


def query_of(fields: Mapping[str, str]) -> str:
    """The fields of a query, sorted and encoded as signatures want it."""
    return "&".join(
        f"{name}={value}"
        for name, value in sorted(
            (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in fields.items()
        )
    )


def signed_headers(
    keys: Keys,
    region: str,
    method: str,
    address: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    *,
    service: str = "s3",
    payload: str = _UNSIGNED,
    now: float | None = None,
) -> dict[str, str]:
    """All headers of a request, with those that sign it.

    Args:
        address: without the query; its path is encoded already.
        headers: to be signed; `Host` is added.
        payload: SHA-256 of the body in hexadecimal, where a service does not do without.
        now: seconds since the epoch; the present by default.
    """
    stamp = _stamp(now)
    parts = urlsplit(address)
    given = {name.lower(): value for name, value in headers.items()}
    given |= {"host": parts.netloc, "x-amz-date": stamp, "x-amz-content-sha256": payload}
    if keys.token:
        given["x-amz-security-token"] = keys.token
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    names = ";".join(sorted(given))
    request = _canonical(method, parts.path, query_of(query), given, payload)
    signature = _signature(keys.secret, scope, stamp, request)
    given["authorization"] = (
        f"{_ALGORITHM} Credential={keys.key_id}/{scope}, SignedHeaders={names}, "
        f"Signature={signature}"
    )
    return given


def signed_url(
    keys: Keys,
    region: str,
    method: str,
    address: str,
    seconds: float,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    *,
    now: float | None = None,
) -> str:
    """A URL for one request, good for some time, without any credentials.

    Args:
        address: without the query; its path is encoded already.
        seconds: how long it is good for. Keys that expire end it earlier.
        headers: those that must be sent with exactly these values.
        now: seconds since the epoch; the present by default.

    Raises:
        MlflowException: it would be good for longer than stores allow.
    """
    if not 1 <= seconds <= LONGEST:
        raise invalid(f"A signed URL is good for 1 second to 7 days, not for {seconds:g} seconds.")
    stamp = _stamp(now)
    parts = urlsplit(address)
    given = {name.lower(): value for name, value in headers.items()} | {"host": parts.netloc}
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    fields = dict(query) | {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{keys.key_id}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(int(seconds)),
        "X-Amz-SignedHeaders": ";".join(sorted(given)),
    }
    if keys.token:
        fields["X-Amz-Security-Token"] = keys.token
    text = query_of(fields)
    request = _canonical(method, parts.path, text, given, _UNSIGNED)
    return f"{address}?{text}&X-Amz-Signature={_signature(keys.secret, scope, stamp, request)}"


def _stamp(now: float | None) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


def _canonical(method: str, path: str, query: str, headers: Mapping[str, str], payload: str) -> str:
    """The one spelling of a request that both sides sign."""
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)]
    return "\n".join([method, path or "/", query, *lines, "", ";".join(sorted(headers)), payload])


def _signature(secret: str, scope: str, stamp: str, request: str) -> str:
    key = f"AWS4{secret}".encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    text = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
