"""What a file's content must give when it is hashed, part by part or as a whole.

A file up to the size of a part is hashed as it is. A larger one is hashed in parts, and the digests
of the parts, one after the other, are hashed again: parts can then be sent, fetched and checked in
any order, by several threads. Object stores name files that came in parts in the same way.

    sha256:9f86d08…             the SHA-256 of the content
    sha256/16777216:5e88489…    the SHA-256 of the SHA-256s of parts of 16 MiB
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

MIB = 1024 * 1024
#: what parts are hashed with where nothing else is asked for: 2 GB/s with the instructions that
#: processors have for it
SHA256 = "sha256"
#: what object stores know parts by
MD5 = "md5"
_LENGTHS = {SHA256: 64, MD5: 32}
_FORM = re.compile(r"(sha256|md5)(?:/(\d{1,16}))?:([0-9a-f]{32,64})")
#: most parts of one file: object stores take 10,000
MOST_PARTS = 8192
#: fewest bytes of a part that is hashed for who only names a digest
LEAST_HASHED = 4096
#: bytes of a part, unless the file would have too many
PART = 8 * MIB


class Digest(NamedTuple):
    """What a file's content must give.

    Args:
        algorithm: `sha256` or `md5`.
        part_size: bytes of a part, 0 when the content was hashed in one go.
        value: in hexadecimal.
    """

    algorithm: str
    part_size: int
    value: str

    def __str__(self) -> str:
        parts = f"/{self.part_size}" if self.part_size else ""
        return f"{self.algorithm}{parts}:{self.value}"


def parse(text: str | None) -> Digest | None:
    """The digest in its written form, None when there is none or it is of no kind we know."""
    found = _FORM.fullmatch(text or "")
    if found is None or len(found[3]) != _LENGTHS[found[1]]:
        return None
    return Digest(found[1], int(found[2] or 0), found[3])


def part_size_for(size: int, least: int = PART) -> int:
    """Bytes of a part of a file of `size` bytes; the same for the same size, always."""
    part = least
    while part * MOST_PARTS < size:
        part *= 2
    return part


def count_of(size: int, part_size: int) -> int:
    """How many parts a file has; an empty one has one."""
    return max(1, -(-size // part_size))


def span_of(number: int, size: int, part_size: int) -> tuple[int, int]:
    """Where part `number`, counted from 1, begins, and how many bytes it has."""
    start = (number - 1) * part_size
    return start, min(part_size, size - start)


def hasher(algorithm: str) -> Any:
    """A fresh hash object."""
    return hashlib.new(algorithm, usedforsecurity=False)


def of(algorithm: str, pieces: "Iterable[bytes | bytearray]") -> str:
    """The digest of pieces, one after the other, in hexadecimal."""
    running = hasher(algorithm)
    for piece in pieces:
        running.update(piece)
    value: str = running.hexdigest()
    return value


def of_parts(algorithm: str, part_size: int, parts: Sequence[str]) -> Digest:
    """The digest of a file from those of its parts, in order.

    Args:
        part_size: bytes of all parts but the last.
        parts: in hexadecimal.
    """
    if len(parts) == 1:
        return Digest(algorithm, 0, parts[0])
    whole = of(algorithm, (bytes.fromhex(part) for part in parts))
    return Digest(algorithm, part_size, whole)


class Digesting:
    """The digest of a file whose content passes by in order.

    Args:
        part_size: bytes of a part. A file of no more than one has the plain digest.
        algorithm: `sha256` or `md5`.
    """

    def __init__(self, part_size: int = PART, algorithm: str = SHA256) -> None:
        self._algorithm = algorithm
        self._part_size = part_size
        self._parts = 0
        self._whole = hasher(algorithm)  # of the digests of the parts that are over
        self._running = hasher(algorithm)
        self._left = part_size

    def update(self, piece: "bytes | memoryview") -> None:
        """Take the next bytes."""
        view = memoryview(piece)
        while len(view):
            if not self._left:
                self._whole.update(self._running.digest())
                self._parts += 1
                self._running = hasher(self._algorithm)
                self._left = self._part_size
            here = view[: self._left]
            self._running.update(here)
            self._left -= len(here)
            view = view[len(here) :]

    def digest(self) -> Digest:
        """The digest of all that was taken."""
        if not self._parts:
            return Digest(self._algorithm, 0, self._running.hexdigest())
        whole = self._whole.copy()
        whole.update(self._running.digest())
        return Digest(self._algorithm, self._part_size, whole.hexdigest())
