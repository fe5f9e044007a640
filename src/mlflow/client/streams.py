"""What `log_stream` takes: data that are produced while they are sent, as one stream of bytes."""

from collections.abc import Iterable, Iterator
from typing import Any

from mlflow.exceptions import invalid

#: bytes that a source is asked for at a time
_PIECE = 1024 * 1024


class Stream:
    """Bytes, as far as they are asked for; text becomes UTF-8.

    Args:
        source: an object with `read`, or an iterable of pieces.

    Raises:
        TypeError: it is neither.
    """

    def __init__(self, source: Any) -> None:
        self._pieces = _pieces(source)
        self._rest = memoryview(b"")

    def read(self, size: int) -> bytes:
        """So many bytes; fewer only at the end."""
        parts: list[memoryview] = []
        while size:
            if not self._rest:
                self._rest = memoryview(next(self._pieces, b""))
                if not self._rest:
                    break
            parts.append(self._rest[:size])
            self._rest = self._rest[size:]
            size -= len(parts[-1])
        return b"".join(parts)


def _pieces(source: Any) -> Iterator[bytes]:
    if hasattr(source, "read"):
        return _bytes(_read(source))
    if isinstance(source, Iterable) and not _is_plain(source):
        return _bytes(iter(source))
    advice = "; open the file, or wrap bytes in io.BytesIO" if _is_plain(source) else ""
    raise TypeError(
        f"A {type(source).__module__}.{type(source).__qualname__} is no stream: pass an object "
        f"with read(), or an iterable of bytes{advice}."
    )


def _is_plain(source: Any) -> bool:
    return isinstance(source, str | bytes | bytearray | memoryview)


def _read(source: Any) -> Iterator[Any]:
    while True:
        piece = source.read(_PIECE)
        if piece is None:  # not the end, though whoever takes it for that would cut the data off
            raise invalid("The stream does not wait for its data: pass one that blocks.")
        if not len(piece):
            return
        yield piece


def _bytes(pieces: Iterator[Any]) -> Iterator[bytes]:
    """The pieces that are not empty, as bytes."""
    for piece in pieces:
        if isinstance(piece, str):
            piece = piece.encode("utf-8", "surrogatepass")
        elif not isinstance(piece, bytes | bytearray | memoryview):
            raise TypeError(
                f"A stream gave a {type(piece).__module__}.{type(piece).__qualname__}, not bytes."
            )
        if len(piece):
            yield bytes(piece)
