"""Small files as one tar archive, as servers take and give them.

A header that a short plain name needs is put together here: `tarfile` takes ten times as long.
"""

import tarfile
from collections.abc import Iterable, Iterator

_BLOCK = 512
_LONGEST_PLAIN = 100
#: of a regular file: what comes between the name and the size, and after the checksum
_BEFORE = b"0000644\x000000000\x000000000\x00"
_AFTER = b"0" + b"\0" * 100 + b"ustar\x0000" + b"\0" * 64 + b"0000000\x000000000\x00"
_AFTER += b"\0" * (_BLOCK - 156 - len(_AFTER))
_CONSTANT = sum(_BEFORE) + sum(b"00000000000\0") + sum(b" " * 8) + sum(_AFTER)


def archive(files: "Iterable[tuple[str, bytes]]") -> list[bytes]:
    """The pieces of an archive of files: relative path and content."""
    body: list[bytes] = []
    for path, content in files:
        body.append(_header(path, len(content)))
        if content:
            body.append(content)
            if rest := -len(content) % _BLOCK:
                body.append(bytes(rest))
    body.append(bytes(2 * _BLOCK))
    return body


def contents(body: bytes, files: Iterable[tuple[str, int]]) -> Iterator[tuple[str, memoryview]]:
    """The files of an archive that were asked for: relative path and content.

    Args:
        files: path and bytes, in the order of the archive. One that it does not have, or not with
            that size, is left out, and nothing else is ever taken from it.
    """
    view = memoryview(body)
    at = 0
    for path, size in files:
        header = _header(path, size)
        start = at + len(header)
        end = start + size
        if view[at:start] == header and end <= len(view):
            yield path, view[start:end]
            at = end + -size % _BLOCK


def _header(path: str, size: int) -> bytes:
    if len(path) > _LONGEST_PLAIN or not path.isascii():
        entry = tarfile.TarInfo(path)
        entry.size = size
        return entry.tobuf(tarfile.PAX_FORMAT)
    name, octal = path.encode("ascii"), b"%011o\0" % size
    check = _CONSTANT + sum(name) + sum(octal)
    return b"%s%s%s00000000000\0%06o\0 %s" % (
        name.ljust(_LONGEST_PLAIN, b"\0"),
        _BEFORE,
        octal,
        check,
        _AFTER,
    )
