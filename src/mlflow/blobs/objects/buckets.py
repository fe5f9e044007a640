"""What a kind of object store has to offer, so that `objects` can keep artifacts in it.

Keys are whole, every error is an MlflowException of one clear sentence, without secrets.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from mlflow.blobs.digests import Digest

#: stands for the MD5 of a part in an address that leaves it open: who sends the part puts it there
OPEN_MD5 = "AAAAAAAAAAAAAAAAAAAAAA%3D%3D"


class Item(NamedTuple):
    """An object, or a folder of a listing.

    Args:
        key: whole; that of a folder ends with a slash.
        size: bytes.
        tag: its ETag, as the store writes it.
        changed: seconds since the epoch.
        digest: of its content, None where the store does not say it for certain.
        likely: of its content, as far as a listing can tell: good enough to see that something is
            there already, not to call a file damaged.
    """

    key: str
    size: int = 0
    tag: str = ""
    changed: float = 0.0
    digest: Digest | None = None
    likely: Digest | None = None


class Opened(Protocol):
    """An object that is being read."""

    @property
    def item(self) -> Item: ...

    @property
    def size(self) -> int:
        """Bytes of what `pieces` gives."""
        ...

    def pieces(self) -> Iterator[bytes]: ...


class Large(Protocol):
    """An object that is being sent in parts."""

    def add(self, part: bytes) -> None: ...

    def finish(self) -> None: ...

    def abort(self) -> None:
        """May be called again."""
        ...


class Bucket(Protocol):
    """A bucket."""

    def put(self, key: str, body: bytes) -> None:
        """Keep an object by one request that the store checks."""
        ...

    def large(self, key: str, part_size: int) -> Large:
        """Begin an object that comes in parts."""
        ...

    def get(
        self, key: str, start: int, length: int | None, tag: str
    ) -> AbstractContextManager[Opened | None]:
        """Read an object or a part of it; None when there is none.

        Raises:
            Changed: it has another tag.
        """
        ...

    def copy(self, source: str, target: str) -> None:
        """Keep an object under another key as well; its bytes do not leave the store."""
        ...

    def look(self, key: str) -> Item | None:
        """An object; None when there is none."""
        ...

    def list(self, prefix: str, *, flat: bool) -> Iterator[Item]:
        """Objects whose keys begin with `prefix`, in pages behind the scenes.

        Args:
            flat: all of them; else what is behind the next slash is one folder.
        """
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects, up to 1,000; those that are not there are no error."""
        ...

    def sign(
        self,
        method: str,
        key: str,
        seconds: float,
        query: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> str:
        """A URL for one request; a NOT_IMPLEMENTED MlflowException where there is no such."""
        ...

    def sweep(self, prefix: str, older_than: float, *, dry: bool) -> tuple[int, int]:
        """Remove parts of objects that were never finished; how many objects, how many bytes."""
        ...
