"""Parts of a file whose size nobody says: each is kept by itself, hidden, until the end.

Official clients say how many parts will come, not how large they are, and send several at once; the
last one may be the first to arrive. So the file is written from its parts at the end: one copy,
which those who say the size are spared.
"""

import re
import secrets
from collections.abc import Sequence
from io import BytesIO

from mlflow.blobs.digests import SHA256, hasher
from mlflow.blobs.place import Damaged, Part, Place, Vanished, Writing
from mlflow.blobs.uri import safe_path

_ID = re.compile(r"loose([0-9a-f]{32})")
_BEGUN = "begun"


def is_loose(upload_id: str) -> bool:
    """Whether an upload was begun here."""
    return _ID.fullmatch(upload_id) is not None


class LooseParts:
    """Files put together from parts of unknown sizes.

    Args:
        place: where they are kept.
    """

    algorithm = SHA256

    def __init__(self, place: Place) -> None:
        self._place = place

    def begin(self, path: str) -> str:
        """Begin a file; its `upload_id`. Nothing is visible."""
        upload_id = f"loose{secrets.token_hex(16)}"
        self._hidden(upload_id, path).put(_BEGUN, BytesIO(path.encode()))
        return upload_id

    def writing(self, path: str, upload_id: str, number: int) -> "LoosePart":
        """A part to be written piece by piece.

        Raises:
            Vanished: there is no such unfinished file (any more).
        """
        return LoosePart(self._begun(upload_id, path).writing(str(number)))

    def finish(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the file visible: exactly these parts, in order, all checked.

        Raises:
            Damaged: a part that is there is another one, or is missing.
            Vanished: there is no such unfinished file (any more).
        """
        hidden = self._begun(upload_id, path)
        writing = self._place.writing(path)
        try:
            for number, part in enumerate(parts, 1):
                if hidden.look(str(number)) is None:
                    raise Damaged(f"Part {number} of {path!r} is missing. Send it again.")
                running = hasher(SHA256)
                with hidden.get(str(number)) as reading:
                    for piece in reading.pieces():
                        running.update(piece)
                        writing.write(piece)
                if running.hexdigest() != part.digest:
                    raise Damaged(
                        f"Part {number} of {path!r} is not the one that was sent. Send it again."
                    )
            writing.finish()
        finally:
            writing.discard()
        self.abort(path, upload_id)

    def abort(self, path: str, upload_id: str) -> None:
        """Throw the parts away; nothing happens when there are none."""
        found = _ID.fullmatch(upload_id)
        if found is not None:
            self._place.staging(f"mpu-{found[1]}", found[1]).abort()

    def _begun(self, upload_id: str, path: str) -> Place:
        """Where the parts are; Vanished when nothing has begun there."""
        hidden = self._hidden(upload_id, path)
        if hidden.look(_BEGUN) is None:
            raise Vanished(path)
        with hidden.get(_BEGUN) as reading:
            if b"".join(reading.pieces()) != path.encode():
                raise Vanished(path)
        return hidden

    def _hidden(self, upload_id: str, path: str) -> Place:
        found = _ID.fullmatch(upload_id)
        if found is None:
            raise Vanished(path)
        safe_path(path)
        # A folder that nobody publishes: what is in it is never visible, and is swept by age.
        return self._place.staging(f"mpu-{found[1]}", found[1]).place


class LoosePart:
    """A part that is being written.

    Args:
        writing: the hidden file; taken over.
    """

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._running = hasher(SHA256)

    @property
    def digest(self) -> str:
        """The SHA-256 of what was written, in hexadecimal."""
        value: str = self._running.hexdigest()
        return value

    def write(self, piece: "bytes | memoryview") -> None:
        """Add to the end."""
        self._running.update(piece)
        self._writing.write(piece)

    def finish(self) -> None:
        """Keep the part."""
        self._writing.finish()

    def discard(self) -> None:
        """Let go of it; see `Writing.discard`."""
        self._writing.discard()
