"""The headers of HTTP that say what a content must give when it is hashed."""

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping

from mlflow.blobs.digests import LEAST_HASHED, MD5, SHA256, Digest, parse
from mlflow.exceptions import invalid
from mlflow.server.replies import Header

_OURS = b"x-millstream-digest"
_MD5 = b"content-md5"
#: those of RFC 9530; a body that is sent as it is has one digest by both
_FIELDS = (b"repr-digest", b"content-digest")
_SHA256 = re.compile(r"(?:^|[,\s])sha-256=:([A-Za-z0-9+/=]*):")
_WANTED = re.compile(r"(?:^|[,\s])sha-256(?:=(\d+))?")


def expected(headers: Mapping[bytes, bytes]) -> Digest | None:
    """What the body of a request must give, None when the client does not say.

    Raises:
        MlflowException: it says so in a way that cannot be read; algorithms that are not known
            are no such way.
    """
    if (value := headers.get(_OURS)) is not None:
        digest = parse(value.decode("latin-1"))
        if digest is None or 0 < digest.part_size < LEAST_HASHED:
            raise invalid(
                f"Invalid value {value[:100].decode('latin-1')!r} of the header "
                "X-Millstream-Digest: it must be as sha256:HEX, sha256/BYTES:HEX or md5:HEX, with "
                f"parts of at least {LEAST_HASHED} bytes."
            )
        return digest
    for name in _FIELDS:
        if found := _SHA256.search(headers.get(name, b"").decode("latin-1")):
            return Digest(SHA256, 0, _hex(name, found[1], 32))
    if (value := headers.get(_MD5)) is not None:
        return Digest(MD5, 0, _hex(_MD5, value.decode("latin-1"), 16))
    return None


def is_wanted(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the client would like a digest that is not known to be found out."""
    found = _WANTED.search(headers.get(b"want-repr-digest", b"").decode("latin-1"))
    return found is not None and found[1] != "0"


def headers_of(digest: Digest | None) -> tuple[Header, ...]:
    """The headers that tell the digest of a whole file."""
    if digest is None:
        return ()
    ours = (_OURS, str(digest).encode("ascii"))
    if digest.algorithm != SHA256 or digest.part_size:
        return (ours,)
    return (ours, (b"repr-digest", b"sha-256=:" + b64encode(bytes.fromhex(digest.value)) + b":"))


def _hex(name: bytes, text: str, size: int) -> str:
    try:
        raw = b64decode(text.strip(), validate=True)
    except (Error, ValueError):
        raw = b""
    if len(raw) != size:
        raise invalid(
            f"Invalid value {text[:100]!r} of the header {name.decode()}: it must be the base64 "
            f"form of {size} bytes."
        )
    return raw.hex()
