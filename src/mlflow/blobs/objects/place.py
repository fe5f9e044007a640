"""Artifacts in a bucket of an object store: what S3, Google and Azure have in common.

A file is one object; its key is the prefix and the path. A folder is what is in front of a slash.
Stores show an object when all of it is there, so a single file needs no care of ours; folders that
must appear as a whole are in `markers`. What a kind of store has to offer is in `buckets`.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

from mlflow.blobs.digests import MD5, PART, SHA256, Digest, Digesting
from mlflow.blobs.objects.buckets import Bucket, Item, Large, Opened
from mlflow.blobs.objects.markers import Marked, Staged, is_file, levels_in
from mlflow.blobs.place import (
    PIECE,
    Blob,
    Body,
    Damaged,
    Found,
    Part,
    Parts,
    Reading,
    Unfinished,
)
from mlflow.blobs.uri import PARTIAL, joined, safe_path
from mlflow.exceptions import MlflowNotImplementedException, missing

#: objects that one request may delete
_MOST_DELETED = 1000
#: a `part_size` that no file reaches: it is hashed in one go
_WHOLE = 1 << 62
#: part of an unknown number of parts after which parts grow, so that they never become too many
_GROWS_AFTER = 4096
_IN_BATCH = 64
#: how often a listing is made while folders are published; something that broke off may lie there
_LOOKS = 3


class Objects:
    """Artifacts in a bucket.

    Args:
        bucket: where.
        prefix: what all keys begin with; no slash at either end.
        parts: how large files are put together, with paths as here; None where they cannot be.
        staged: of the folder at `prefix`, which is being logged: its files are announced, and are
            not hidden here.
    """

    most_in_batch = _IN_BATCH

    def __init__(
        self,
        bucket: Bucket,
        prefix: str = "",
        *,
        parts: Parts | None = None,
        staged: Staged | None = None,
    ) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self._staged = staged
        self._parts = parts
        self._marked = Marked(bucket, self.prefix)

    @property
    def parts(self) -> Parts | None:
        """See `Place.parts`."""
        return None if self._parts is None else _Announced(self, self._parts)

    # -- writing -----------------------------------------------------------------------

    def put(self, path: str, stream: BinaryIO, digest: Digest | None = None) -> None:
        """Keep a stream; see `Place.put`. Up to 8 MiB go by one request, more by parts."""
        writing = self.writing(path, digest)
        try:
            while piece := stream.read(PIECE):
                writing.write(piece)
            writing.finish(digest)
        finally:
            writing.discard()

    def put_batch(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Keep small files; see `Place.put_batch`. Each is one request; eight go at once."""
        self.announce([safe_path(path) for path, _ in files])
        with ThreadPoolExecutor(max_workers=8) as pool:
            for _ in pool.map(lambda file: self.bucket.put(self.key(file[0]), file[1]), files):
                pass
        self.show([path for path, _ in files])

    def writing(self, path: str, digest: Digest | None = None) -> "ObjectWriting":
        """A file to be written piece by piece; see `Place.writing`.

        Args:
            digest: what its content will have to give, where that is known already: then nothing
                else needs to be computed.
        """
        return ObjectWriting(self, safe_path(path), digest)

    def delete(self, path: str) -> bool:
        """Remove a file, or all below a folder; see `Place.delete`."""
        key = joined(self.prefix, safe_path(path))
        found = [item.key for item in self.bucket.list(f"{key}/", flat=True)]
        whether = any(is_file(each, f"{key}/") for each in found)
        if self.bucket.look(key) is not None:
            found.append(key)
            whether = True
        self._delete(found)
        return whether

    def _delete(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _MOST_DELETED):
            self.bucket.delete(keys[start : start + _MOST_DELETED])

    # -- reading -----------------------------------------------------------------------

    @contextmanager
    def get(
        self, path: str, start: int = 0, length: int | None = None, tag: str = ""
    ) -> "Iterator[Reading]":
        """Read a file; see `Place.get`. Who has a tag has seen the file: nothing else is asked."""
        key = self.key(safe_path(path))
        with self.bucket.get(key, start, length, tag) as opened:
            if opened is None or (not tag and self._hides(key)):
                raise missing(f"There is no artifact {path!r}.")
            yield _Reading(path, opened)

    def look(self, path: str) -> Found | None:
        """What a file is; see `Place.look`."""
        key = self.key(safe_path(path))
        item = self.bucket.look(key)
        if item is None or self._hides(key):
            return None
        return Found(path, item.size, item.digest, item.tag)

    def list(self, path: str = "") -> list[Blob]:
        """What is in a folder; see `Place.list`."""
        base = self._base(safe_path(path, root=True))
        items, hidden = self._listed(base, flat=False)
        found = []
        for item in items:
            name = item.key[len(base) :]
            if name.endswith("/"):
                if name != f"{PARTIAL}/" and self._shows(item.key, hidden):
                    found.append(Blob(name[:-1], True))
            elif name and item.key not in hidden:
                found.append(Blob(name, False, item.size))
        return sorted(found)

    def walk(self, path: str = "") -> Iterator[Found]:
        """All files below a folder; see `Place.walk`."""
        base = self._base(safe_path(path, root=True))
        items, hidden = self._listed(base, flat=True)
        for item in items:
            if item.key not in hidden and is_file(item.key, base):
                yield Found(item.key[len(base) :], item.size, item.digest, item.tag)

    # -- folders as a whole ----------------------------------------------------------------

    def staging(self, path: str, name: str, *, begun: bool = False) -> "ObjectStaging":
        """See `Place.staging` and `markers`.

        Args:
            begun: whether it must be there already.

        Raises:
            Vanished: it is not there, though it must be.
        """
        return ObjectStaging(self, safe_path(path, root=True), name, begun)

    def sweep(self, older_than: float, path: str = "", *, dry: bool = False) -> tuple[int, int]:
        """Remove what was never finished; see `Place.sweep`."""
        base = self._base(safe_path(path, root=True))
        count, size = self.bucket.sweep(base, older_than, dry=dry)
        for staged in self._marked.staged_below(base):
            left = staged.left_behind()
            if left.age >= older_than:
                count += 1
                size += left.size
                if not dry:
                    self._delete(left.keys)
                    staged.remove()
        return count, size

    def sign(
        self,
        method: str,
        path: str,
        seconds: float,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """A URL with which anybody can make one request about a file for some time.

        Args:
            seconds: how long it is good for.
            query: such as the part of an upload.
            headers: those that must be sent exactly so.

        Raises:
            MlflowException: NOT_IMPLEMENTED where the store has no such URLs.
        """
        key = self.key(safe_path(path))
        return self.bucket.sign(method, key, seconds, query or {}, headers or {})

    @property
    def put_headers(self) -> Mapping[str, str]:
        """What a whole file that is sent to a signed address must be sent with."""
        headers: Mapping[str, str] = getattr(self.bucket, "put_headers", {})
        return headers

    def sign_part(self, path: str, upload_id: str, number: int, seconds: float) -> str:
        """A URL to which anybody can send a part of an unfinished file for some time.

        Raises:
            MlflowException: NOT_IMPLEMENTED where the store has no such URLs.
        """
        if self.parts is None:
            raise MlflowNotImplementedException("This store takes no parts.")
        return _signed(self.parts, path, upload_id, number, seconds)

    # -- inside --------------------------------------------------------------------------

    def key(self, path: str) -> str:
        """The key of a path."""
        return joined(self.prefix, path) if self._staged is None else self._staged.key(path)

    def announce(self, paths: Sequence[str]) -> None:
        """Say that these files are about to appear, where that must be said."""
        if self._staged is not None:
            self._staged.announce(paths)

    def show(self, paths: Sequence[str], but: str = "") -> None:
        """Say that these files are whole, should something that broke off still hide them.

        Args:
            but: the name of a staging that goes on hiding them.
        """
        if self._staged is None:
            self._marked.show([self.key(path) for path in paths], but)

    def _base(self, path: str) -> str:
        key = joined(self.prefix, path)
        return f"{key}/" if key else ""

    def _listed(self, base: str, *, flat: bool) -> tuple[Sequence[Item], set[str]]:
        """What the store has below a folder, and the keys of it that may not be seen."""
        for _ in range(_LOOKS):
            items = [*self.bucket.list(base, flat=flat)]
            if self._staged is not None:
                return items, set()
            hidden, settled = self._marked.settled(base, [item.key for item in items])
            if settled:
                break
        return items, hidden

    def _hides(self, key: str) -> bool:
        return key in self._hidden(key, set())

    def _hidden(self, base: str, levels: set[str]) -> set[str]:
        return set() if self._staged is not None else self._marked.hidden(base, levels)

    def _shows(self, folder: str, hidden: set[str]) -> bool:
        """Whether a folder has a file that may be seen. Only asked while some are hidden in it, or
        where a folder of nothing but notes may be left."""
        if not any(key.startswith(folder) for key in hidden):
            return True
        items = self.bucket.list(folder, flat=True)
        return any(i.key not in hidden and is_file(i.key, folder) for i in items)


class ObjectWriting:
    """A file of which at most one part is held in memory.

    Args:
        digest: what it is expected to give, None when that is said at the end, if at all.
    """

    def __init__(self, place: Objects, path: str, digest: Digest | None) -> None:
        self._place = place
        self._path = path
        self._held = bytearray()
        self._large: Large | None = None
        self._sent = 0
        self._part_size = PART
        wanted = (
            [digest]
            if digest is not None
            else [Digest(SHA256, 0, ""), Digest(MD5, 0, ""), Digest(SHA256, PART, "")]
        )
        self._running = {
            (each.algorithm, each.part_size): Digesting(each.part_size or _WHOLE, each.algorithm)
            for each in wanted
        }

    def write(self, piece: "bytes | memoryview") -> None:
        """Add to the end."""
        view = memoryview(piece)
        for running in self._running.values():
            running.update(view)
        while len(view):
            if len(self._held) == self._part_size:
                self._send()
            room = self._part_size - len(self._held)
            self._held += view[:room]
            view = view[room:]

    def _send(self) -> None:
        if self._large is None:
            self._large = self._place.bucket.large(self._place.key(self._path), self._part_size)
        self._large.add(bytes(self._held))
        self._held.clear()
        self._sent += 1
        if self._sent % _GROWS_AFTER == 0:
            self._part_size *= 8

    def finish(self, expected: Digest | None = None) -> None:
        """Make the file visible; see `Writing.finish`."""
        if expected is not None:
            self._check(expected)
        self._place.announce([self._path])
        if self._large is None:
            self._place.bucket.put(self._place.key(self._path), bytes(self._held))
        else:
            if self._held:
                self._send()
            self._large.finish()
            self._large = None
        self._held.clear()
        self._place.show([self._path])

    def _check(self, expected: Digest) -> None:
        running = self._running.get((expected.algorithm, expected.part_size))
        found = running.digest() if running is not None else None
        if found is None and self._large is None:  # all of it is still here
            hashing = Digesting(expected.part_size or _WHOLE, expected.algorithm)
            hashing.update(memoryview(self._held))
            found = hashing.digest()
        # A file of no more than one part has the plain digest, whatever the size of its parts.
        if found is None or (found.algorithm, found.value) != (expected.algorithm, expected.value):
            self.discard()
            raise Damaged(
                f"What arrived of the artifact {self._path!r} gives the digest {found}, not "
                f"{expected}: nothing of it was kept. Send it again."
            )

    def discard(self) -> None:
        """Let go of it; see `Writing.discard`."""
        self._held.clear()
        if self._large is not None:
            large, self._large = self._large, None
            large.abort()


class ObjectStaging:
    """A folder that becomes visible as a whole; see `Staging` and `markers`."""

    def __init__(self, place: Objects, path: str, name: str, begun: bool) -> None:
        self._place = place
        self._path = path
        self._staged = Staged.opened(place.bucket, place.prefix, path, name, begun=begun)
        parts = None if place._parts is None else _Below(place._parts, path, self._staged)
        self._inside = Objects(place.bucket, place.key(path), parts=parts, staged=self._staged)

    @property
    def place(self) -> Objects:
        """See `Staging.place`."""
        return self._inside

    def there(self) -> Mapping[str, Found]:
        """See `Staging.there`."""
        base = self._inside._base("")
        items = list(self._place.bucket.list(base, flat=True))
        levels = levels_in(item.key for item in items)
        hidden = self._place._marked.hidden(base, levels, but=self._staged.name)
        visible = [
            (item.key[len(base) :], item)
            for item in items
            if item.key not in hidden and is_file(item.key, base)
        ]
        aside = self._staged.aside
        new = [(i.key[len(aside) :], i) for i in items if i.key.startswith(aside)]
        return {
            name: Found(name, item.size, item.digest or item.likely, item.tag)
            for name, item in [*visible, *new]
        }

    def publish(self) -> None:
        """See `Staging.publish`."""
        added = [joined(self._path, name) for name in self._staged.added()]
        self._place.show(added, but=self._staged.name)
        self._staged.publish()

    def abort(self) -> None:
        """See `Staging.abort`."""
        self._place._delete(self._staged.left_behind().keys)
        self._staged.remove()


class _Reading:
    """See `Reading`."""

    def __init__(self, path: str, opened: Opened) -> None:
        self._opened = opened
        item = opened.item
        self.size: int | None = opened.size
        self.found: Found | None = Found(path, item.size, item.digest, item.tag)

    def pieces(self) -> Iterator[bytes]:
        """The content."""
        return self._opened.pieces()


class _Announced:
    """Parts of a place: a file is announced before it appears, and shown when it is there."""

    def __init__(self, place: Objects, parts: Parts) -> None:
        self._place = place
        self._parts = parts
        self.algorithm = parts.algorithm
        self.least_part = parts.least_part

    def unfinished(self, path: str) -> "list[Unfinished]":
        """See `Parts.unfinished`."""
        return self._parts.unfinished(safe_path(path))

    def begin(self, path: str, size: int, part_size: int) -> str:
        """See `Parts.begin`."""
        return self._parts.begin(safe_path(path), size, part_size)

    def put_part(
        self, path: str, upload_id: str, number: int, body: Body, size: int, digest: str
    ) -> None:
        """See `Parts.put_part`."""
        self._parts.put_part(safe_path(path), upload_id, number, body, size, digest)

    def finish(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """See `Parts.finish`."""
        self._place.announce([safe_path(path)])
        self._parts.finish(path, upload_id, parts)
        self._place.show([path])

    def abort(self, path: str, upload_id: str) -> None:
        """See `Parts.abort`."""
        self._parts.abort(safe_path(path), upload_id)

    def sign_part(self, path: str, upload_id: str, number: int, seconds: float) -> str:
        """See `Objects.sign_part`."""
        return _signed(self._parts, safe_path(path), upload_id, number, seconds)


class _Below:
    """The parts of a place for a folder of it that is being logged."""

    def __init__(self, parts: Parts, folder: str, staged: Staged) -> None:
        self._parts = parts
        self._folder = folder
        self._staged = staged
        self.algorithm = parts.algorithm
        self.least_part = parts.least_part

    def unfinished(self, path: str) -> "list[Unfinished]":
        """See `Parts.unfinished`."""
        return self._parts.unfinished(self._path(path))

    def begin(self, path: str, size: int, part_size: int) -> str:
        """See `Parts.begin`."""
        return self._parts.begin(self._path(path), size, part_size)

    def put_part(
        self, path: str, upload_id: str, number: int, body: Body, size: int, digest: str
    ) -> None:
        """See `Parts.put_part`."""
        self._parts.put_part(self._path(path), upload_id, number, body, size, digest)

    def finish(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """See `Parts.finish`."""
        self._parts.finish(self._path(path), upload_id, parts)

    def abort(self, path: str, upload_id: str) -> None:
        """See `Parts.abort`."""
        self._parts.abort(self._path(path), upload_id)

    def sign_part(self, path: str, upload_id: str, number: int, seconds: float) -> str:
        """See `Objects.sign_part`."""
        return _signed(self._parts, self._path(path), upload_id, number, seconds)

    def _path(self, path: str) -> str:
        return joined(self._folder, self._staged.key(path)[len(self._staged.folder) :])


def _signed(parts: Parts, path: str, upload_id: str, number: int, seconds: float) -> str:
    sign = getattr(parts, "sign_part", None)
    if sign is None:
        raise MlflowNotImplementedException("This store has no addresses for parts.")
    address: str = sign(path, upload_id, number, seconds)
    return address
