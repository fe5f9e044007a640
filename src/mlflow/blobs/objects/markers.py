"""Folders that appear as a whole in an object store, where nothing can be renamed.

Files go straight to their keys. Before the first one, notes in folders named PARTIAL say that a
folder is being logged and which new files are still to be hidden; deleting one note shows them all.

    <level>/PARTIAL/<name>/here                 <level> is being logged by the staging <name>
    <level>/PARTIAL/<name>/below/<rel>/here     so is <rel>, further down
    <folder>/PARTIAL/<name>/names/<writer>      new files of it (JSON, relative to the folder)
    <folder>/PARTIAL/<name>/shown/<writer>      those of them that somebody else has finished since
    <folder>/PARTIAL/<name>/new/<path>          what is to replace a file that was there before

There is a note at every level from the root of the writing place down to the folder, so that places
with other roots see one as well. Notes are written from the root down and deleted the other way
round: as long as the uppermost is there, all is hidden for whoever stands there.

Readers look for notes after they have looked for files. A file that they saw was announced before
it appeared: either its note is still there, or the whole folder is. Then what they saw of it may be
older than that, so they look again when a note has gone meanwhile.

What this cannot do: who reads the store without us sees keys as they come. Files that were there
before are replaced one by one, by copies within the store, right before the others are shown. A
place whose root is above that of the writer's does not find its
notes when it is asked for something inside the folder, only for the folder itself or above.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from mlflow.blobs.objects.buckets import Bucket, Item
from mlflow.blobs.place import Vanished
from mlflow.blobs.uri import PARTIAL, joined
from mlflow.exceptions import invalid

#: names in one note, which is written anew when names are added
_IN_NOTE = 2000
_HERE = "here"


def is_file(key: str, base: str) -> bool:
    """Whether a key below `base` is that of an artifact, not of a note or an empty folder."""
    name = key[len(base) :]
    return bool(name) and not name.endswith("/") and PARTIAL not in name.split("/")


def levels_in(keys: Iterable[str]) -> set[str]:
    """The folders of which these keys show that there are notes; each ends with a slash."""
    found = set()
    for key in keys:
        before, partial, _ = f"/{key}".partition(f"/{PARTIAL}/")
        if partial:
            found.add(f"{before[1:]}/" if before else "")
    return found


class LeftBehind(NamedTuple):
    """What an unfinished folder consists of.

    Args:
        age: seconds since the last thing was written.
        keys: its hidden files.
        size: bytes of them.
    """

    age: float
    keys: list[str]
    size: int


class Marked:
    """The notes that a place finds.

    Args:
        prefix: the root of the place.
    """

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._root = f"{prefix}/" if prefix else ""

    def hidden(self, base: str, levels: set[str], but: str = "") -> set[str]:
        """Keys that may not be seen.

        Args:
            base: the key of a file, or what the keys of a folder begin with.
            levels: folders where notes were seen; the root is always looked at.
            but: the name of a staging that hides nothing.
        """
        found: set[str] = set()
        for staged in self._around(base, levels):
            if staged.name != but:
                found.update(staged.folder + name for name in staged.added())
        return found

    def settled(self, base: str, seen: Sequence[str]) -> tuple[set[str], bool]:
        """Keys of a listing that may not be seen, and whether no folder was published meanwhile.

        Args:
            base: see `hidden`.
            seen: the keys that were listed.
        """
        levels = levels_in(seen)
        before = self._marks(levels)
        if not levels and not before:
            return set(), True
        hidden = self.hidden(base, levels)
        noted = {key for key in seen if _is_mark(key)}
        # Where only the folder of notes was listed, there must be one in it.
        there = levels <= levels_in(before)
        return hidden, there and noted <= before <= self._marks(levels)

    def show(self, keys: Sequence[str], but: str = "") -> None:
        """Hide these files no longer; they are whole by another way.

        Args:
            but: the name of a staging that goes on hiding them.
        """
        wanted = set(keys)
        for staged in self._around("", set()):
            if staged.name != but and any(key.startswith(staged.folder) for key in wanted):
                names = [name for name in staged.added() if staged.folder + name in wanted]
                if names:
                    staged.show(names)

    def staged_below(self, base: str) -> "list[Staged]":
        """Folders that are being logged, or were when something broke off."""
        return [s for s in self._around(base, {base}) if s.folder.startswith(base)]

    def _marks(self, levels: set[str]) -> set[str]:
        """The notes that say of a folder that it is being logged."""
        starts = [f"{level}{PARTIAL}/" for level in {self._root, *levels}]
        return {
            item.key
            for start in starts
            for item in self._bucket.list(start, flat=True)
            if _is_mark(item.key)
        }

    def _around(self, base: str, levels: set[str]) -> "list[Staged]":
        """Stagings of a folder above, at or below `base`."""
        found: dict[tuple[str, str], Staged] = {}
        for level in {self._root, *levels}:
            start = f"{level}{PARTIAL}/"
            for item in self._bucket.list(start, flat=True):
                name, _, rest = item.key[len(start) :].partition("/")
                folder = _folder_of(level, rest)
                if folder is not None and (base.startswith(folder) or folder.startswith(base)):
                    found[folder, name] = Staged(self._bucket, self._prefix, folder, name)
        return list(found.values())


def _is_mark(key: str) -> bool:
    """Whether a key is that of a note which says of a folder that it is being logged."""
    _, partial, after = f"/{key}".rpartition(f"/{PARTIAL}/")
    rest = after.partition("/")[2]
    return bool(partial) and (
        rest == _HERE or (rest.startswith("below/") and rest.endswith(f"/{_HERE}"))
    )


def _folder_of(level: str, rest: str) -> str | None:
    """The folder that a note is about, None when it is another kind of note."""
    if rest == _HERE:
        return level
    if rest.startswith("below/") and rest.endswith(f"/{_HERE}"):
        return f"{level}{rest[len('below/') : -len(_HERE)]}"
    return None


class Staged:
    """The notes of one staging.

    Args:
        prefix: the root of the place.
        folder: what the keys of its files begin with.
        name: of the staging.
    """

    def __init__(self, bucket: Bucket, prefix: str, folder: str, name: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self.folder = folder
        self.name = name
        self._notes = f"{folder}{PARTIAL}/{name}/"
        self._lock = threading.Lock()
        self._before: set[str] = set()
        self._known: set[str] = set()
        self._noted: list[str] = []
        self._writer = secrets.token_hex(8)

    @classmethod
    def opened(
        cls, bucket: Bucket, prefix: str, path: str, name: str, *, begun: bool = False
    ) -> "Staged":
        """Begin, or go on with what an attempt of the same name left.

        Raises:
            Vanished: it is not there, though it must have begun.
        """
        if not (name.isascii() and name.isalnum() and len(name) <= 128):
            raise invalid("The name of a staging is up to 128 letters and digits.")
        key = joined(prefix, path)
        staged = cls(bucket, prefix, f"{key}/" if key else "", name)
        staged._open(path, begun)
        return staged

    def _open(self, path: str, begun: bool) -> None:
        *above, here = self._marks()
        note = _read(self._bucket, here)
        if note is None and begun:
            raise Vanished(path)
        if note is None:
            marked = Marked(self._bucket, self._prefix)
            items = list(self._bucket.list(self.folder, flat=True))
            hidden = marked.hidden(self.folder, levels_in(item.key for item in items))
            before = [
                item.key[len(self.folder) :]
                for item in items
                if item.key not in hidden and is_file(item.key, self.folder)
            ]
            for mark in above:
                self._bucket.put(mark, b"{}")
            note = {"before": before}
            self._bucket.put(here, json.dumps(note).encode())
        self._before = set(note.get("before", ()))
        self._known = set(self._before)

    def _marks(self) -> list[str]:
        """The notes that say it is being logged, from the root down."""
        root = f"{self._prefix}/" if self._prefix else ""
        found = []
        level, names = root, self.folder[len(root) :].split("/")[:-1]
        for position, name in enumerate(names):
            rest = "/".join(names[position:])
            found.append(f"{level}{PARTIAL}/{self.name}/below/{rest}/{_HERE}")
            level += f"{name}/"
        return [*found, self._notes + _HERE]

    def key(self, name: str) -> str:
        """Where a file of it goes until it is published."""
        return self.aside + name if name in self._before else self.folder + name

    @property
    def aside(self) -> str:
        """What the keys begin with of what is to replace others."""
        return f"{self._notes}new/"

    def announce(self, names: Sequence[str]) -> None:
        """Hide these files, which are about to appear, unless they were there before.

        To call it once for all files of a folder saves a request for each batch of them.
        """
        with self._lock:
            new = [name for name in names if name not in self._known]
            if not new:
                return
            if len(self._noted) + len(new) > _IN_NOTE:
                self._writer, self._noted = secrets.token_hex(8), []
            self._noted += new
            note = f"{self._notes}names/{self._writer}"
            self._bucket.put(note, json.dumps(self._noted).encode())
            self._known.update(new)

    def added(self) -> list[str]:
        """The files that are hidden, relative to the folder; none when it was published."""
        names: set[str] = set()
        shown: set[str] = set()
        for item in self._bucket.list(self._notes, flat=True):
            kind = item.key[len(self._notes) :].partition("/")[0]
            if kind in ("names", "shown"):
                found = _read(self._bucket, item.key) or []
                (names if kind == "names" else shown).update(map(str, found))
        return sorted(names - shown)

    def show(self, names: Sequence[str]) -> None:
        """Hide these files no longer."""
        note = f"{self._notes}shown/{secrets.token_hex(8)}"
        self._bucket.put(note, json.dumps(list(names)).encode())

    def publish(self) -> None:
        """Show all its files at once.

        Raises:
            Vanished: it was published or removed.
        """
        if self._bucket.look(self._marks()[0]) is None:
            raise Vanished(self.folder.rstrip("/"))
        new = [item.key for item in self._bucket.list(self.aside, flat=True)]
        with ThreadPoolExecutor(max_workers=8) as pool:
            for _ in pool.map(self._replace, new):
                pass
        self.remove()

    def _replace(self, new: str) -> None:
        self._bucket.copy(new, self.folder + new[len(self.aside) :])

    def remove(self) -> None:
        """Delete the notes: from the folder up to the root, one after the other, then the rest."""
        for mark in reversed(self._marks()):
            self._bucket.delete([mark])
        rest = [item.key for item in self._bucket.list(self._notes, flat=True)]
        for start in range(0, len(rest), 1000):
            self._bucket.delete(
                [k for k in rest[start : start + 1000] if not _is_below(k, self._notes)]
            )

    def left_behind(self) -> LeftBehind:
        """What it consists of, should nobody go on with it."""
        hidden = {self.folder + name for name in self.added()}
        items: Iterator[Item] = self._bucket.list(self.folder, flat=True)
        mine = [item for item in items if item.key in hidden or item.key.startswith(self._notes)]
        top = self._bucket.look(self._marks()[0])
        newest = max((item.changed for item in [*mine, *([top] if top else [])]), default=0.0)
        files = [item for item in mine if item.key in hidden or item.key.startswith(self.aside)]
        age = max(0.0, time.time() - newest)  # some stores round times up
        return LeftBehind(age, [item.key for item in files], sum(item.size for item in files))


def _is_below(key: str, notes: str) -> bool:
    """Whether a note is about a folder further down, which another staging of the name logs."""
    return key[len(notes) :].startswith("below/")


def _read(bucket: Bucket, key: str) -> Any:
    """What is in a note, None when there is none."""
    with bucket.get(key, 0, None, "") as opened:
        if opened is None:
            return None
        text = b"".join(bytes(piece) for piece in opened.pieces())
    try:
        return json.loads(text)
    except ValueError:  # a stranger's object
        return None
