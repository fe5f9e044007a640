"""Small files as one tar archive, as servers take them.

A header that a short plain name needs is put together here: `tarfile` takes ten times as long.
"""

import tarfile
from collections.abc import Iterable

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
