"""Tar archives as clients send them: regular files with relative paths, and nothing else.

All of an archive is looked at before any of it is kept. What `tarfile` reads past (links, devices,
sparse files, rubbish at the end, a member that ends early) is refused here.
"""

from collections.abc import Iterator
from itertools import pairwise

from mlflow.blobs.uri import safe_path
from mlflow.exceptions import MlflowException, invalid

#: most files of one archive
MOST_FILES = 10_000
_BLOCK = 512
_LONGEST_HEADER = 64 * 1024
_NOTHING = bytes(_BLOCK)


def files_of(body: "bytes | bytearray") -> list[tuple[str, memoryview]]:
    """The files of an archive: path and content, which is where it was and no copy.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE, when it is no archive or has more than files.
    """
    files: dict[str, memoryview] = {}
    for path, content in _members(memoryview(body)):
        if safe_path(path) in files:
            raise _refused(f"it has the file {path[:200]!r} twice")
        if len(files) == MOST_FILES:
            raise _refused(f"it has more than {MOST_FILES} files")
        files[path] = content
    # No name has the character that is put between names here: what is below one comes right after.
    ways = sorted(path.replace("/", "\0") for path in files)
    for way, after in pairwise(ways):
        if after.startswith(f"{way}\0"):
            path = way.replace("\0", "/")
            raise _refused(f"{path[:200]!r} in it is a file and a folder")
    return [*files.items()]


def _members(body: memoryview) -> Iterator[tuple[str, memoryview]]:
    longer: str | None = None
    at = 0
    while at < len(body):
        header = bytes(body[at : at + _BLOCK])
        if header == _NOTHING:
            if any(body[at:]):
                raise _refused("something comes after its end")
            break
        size = _size_of(header)
        start = at + _BLOCK
        end = start + size
        at = end + -size % _BLOCK
        if end > len(body):
            raise _refused("a file in it is longer than the archive")
        kind = header[156:157]
        if kind == b"x":
            if longer is not None or size > _LONGEST_HEADER:
                raise _refused("it has a header that no file needs")
            longer = _path_of(bytes(body[start:end]))
            continue
        if kind not in (b"0", b"\0"):
            raise _refused(f"it has an entry of kind {kind!r}, which is no regular file")
        yield longer or _plain_path(header), body[start:end]
        longer = None
    if longer is not None:
        raise _refused("it ends after the header of a file")


def _size_of(header: bytes) -> int:
    """Bytes of a member, from its header, which must be whole."""
    if len(header) < _BLOCK:
        raise _refused("it ends in a header")
    kept = _octal(header[148:156])
    if kept != sum(header) - sum(header[148:156]) + 8 * 32 or header[257:262] != b"ustar":
        raise _refused("it is damaged, or no tar archive")
    return _octal(header[124:136])


def _octal(field: bytes) -> int:
    text = field.strip(b" \0")
    if not text or text.strip(b"01234567"):
        raise _refused("it has a number that cannot be read")
    return int(text, 8)


def _plain_path(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    # GNU tar keeps other things where the prefix is.
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _path_of(records: bytes) -> str | None:
    """The path in an extended header: lines of length, a blank, name, `=` and value."""
    path = None
    at = 0
    while at < len(records):
        digits, blank, _ = records[at : at + 8].partition(b" ")
        if not blank or not digits.isdigit() or not digits.isascii():
            raise _refused("it has a header that cannot be read")
        end = at + int(digits)
        record = records[at + len(digits) + 1 : end]
        if end > len(records) or not record.endswith(b"\n"):
            raise _refused("it has a header that cannot be read")
        name, _, value = record[:-1].partition(b"=")
        if name == b"path":
            path = _text(value)
        elif name == b"size" or name.startswith(b"GNU."):
            raise _refused("it has a file of a kind that is not taken")
        at = end
    return path


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused("it has a name that is not UTF-8") from None


def _refused(reason: str) -> MlflowException:
    return invalid(f"The archive is refused, and nothing of it was kept: {reason}.")
