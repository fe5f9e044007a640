"""Files on their way to this machine, and compared with their digests before they are visible.

Large ones come in ranges, several at once, each kept as a part of the file: what is interrupted
goes on where it was when it is asked for again.
"""

import logging
from contextlib import ExitStack, suppress

from mlflow import environment_variables as settings
from mlflow.blobs import Folder, digests
from mlflow.blobs.digests import SHA256, Digest
from mlflow.blobs.place import (
    BrokenOff,
    Busy,
    Changed,
    Damaged,
    Found,
    Part,
    Place,
    Unfinished,
    Vanished,
)
from mlflow.blobs.served.place import Served
from mlflow.client.crew import Stop, each, pause
from mlflow.client.progress import Progress
from mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException, missing
from mlflow.wire.artifacts import MOST_PARTS

_logger = logging.getLogger(__name__)
#: ranges that are on their way at the same time
AT_ONCE = 4
#: how often a file that is replaced while it is fetched is begun anew
_ANEW = 3


class DamagedThere(Damaged):
    """A file whose content is not any more what was logged; logging it again mends it."""


def receive(
    place: Place,
    path: str,
    found: Found | None,
    into: Folder,
    name: str,
    progress: Progress,
    stop: Stop,
) -> None:
    """Fetch a file.

    Args:
        found: what is known of it, None when nothing is.
        into, name: where it goes.
        progress: is told what has arrived.
        stop: set when it is to be given up.

    Raises:
        Damaged: it came twice with a content that does not give its digest.
        MlflowException: there is no such file, or why it cannot be fetched.
    """
    for again in range(_ANEW + 1):
        try:
            receive_version(place, path, found, into, name, progress, stop)
            return
        except Changed:
            if again == _ANEW:
                raise
        progress.again()
        found = place.look(path)
        if found is None:
            raise missing(f"There is no artifact {path!r}.")


def receive_version(
    place: Place,
    path: str,
    found: Found | None,
    into: Folder,
    name: str,
    progress: Progress,
    stop: Stop,
) -> None:
    """Fetch one version of a file, once more as a whole when it does not give its digest.

    Raises:
        Changed: it has another tag than `found` says.
    """
    try:
        if found is not None and _in_ranges(place, found):
            _Ranges(place, path, found, into, name, progress, stop).fetch()
        else:
            _whole(place, path, found, into, name, progress, stop)
        return
    except Damaged as error:
        _logger.warning("%s It is fetched once more.", error.message)
        progress.again()
    _whole(place, path, found, into, name, progress, stop)


def _in_ranges(place: Place, found: Found) -> bool:
    """Whether a file is worth several requests, and its version is known to be one."""
    if not settings.MLFLOW_ENABLE_MULTIPART_DOWNLOAD.get():
        return False
    digest = found.digest
    if digest is not None and not digest.part_size:
        return False  # it was hashed in one go, and so it is again
    if digest is not None and digests.count_of(found.size, digest.part_size) > MOST_PARTS:
        return False  # whoever says so wants to keep us busy
    known = bool(digest or found.tag)
    if isinstance(place, Served) and not known:
        known = place.is_direct
    return known and found.size >= settings.MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE.get()


def _whole(
    place: Place,
    path: str,
    found: Found | None,
    into: Folder,
    name: str,
    progress: Progress,
    stop: Stop,
) -> None:
    """Fetch a file by one request."""
    most = settings.MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()
    tag = found.tag if found else ""
    for attempt in range(most + 1):
        received = 0
        try:
            with place.get(path, tag=tag) as reading:
                digest = found.digest if found else None
                if digest is None and reading.found is not None:
                    digest = reading.found.digest
                writing = into.writing(name, digest)
                try:
                    for piece in reading.pieces():
                        stop.check()
                        writing.write(piece)
                        received += len(piece)
                        progress.add(len(piece))
                    try:
                        writing.finish(digest)
                    except Damaged:
                        assert digest is not None
                        raise _damaged(path, digest, "another digest") from None
                finally:
                    writing.discard()
            return
        except BrokenOff:
            if attempt == most:
                raise
            _logger.warning("Fetching %s broke off; it is begun again.", path)
            progress.add(-received)
        except MlflowException as error:
            if error.error_code == RESOURCE_DOES_NOT_EXIST:
                raise missing(f"There is no artifact {path!r}.") from None
            raise


class _Ranges:
    """A file that is fetched in ranges."""

    def __init__(
        self,
        place: Place,
        path: str,
        found: Found,
        into: Folder,
        name: str,
        progress: Progress,
        stop: Stop,
    ) -> None:
        self._place = place
        self._path = path
        self._found = found
        self._parts = into.parts
        self._into = into
        self._name = name
        self._progress = progress
        self._stop = stop
        self._part_size = self._planned()
        self._count = digests.count_of(found.size, self._part_size)
        self._digests: dict[int, str] = {}
        self._others: dict[int, str] = {}
        self._tags: set[str] = set()
        self._upload = ""
        self._there: dict[int, Part] = {}

    def _planned(self) -> int:
        digest = self._found.digest
        if digest is not None and digest.part_size:
            return digest.part_size
        asked = settings.MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE.get()
        return asked if asked and asked > 0 else digests.part_size_for(self._found.size)

    def fetch(self) -> None:
        """Fetch what is missing, and make the file visible."""
        for again in range(_ANEW + 1):
            with ExitStack() as claims:
                try:
                    self._begin(claims)
                    self._fetch()
                    self._tidy()
                    return
                except Vanished:  # somebody cleaned up
                    if again == _ANEW:
                        raise
            self._progress.again()

    def _fetch(self) -> None:
        try:
            threads = min(AT_ONCE, self._count)
            each(self._fetch_part, range(1, self._count + 1), threads, self._stop)
            if len(self._tags) > 1:
                raise Changed(self._path)
            self._check()
            parts = [
                Part(self._digests[number], self._span(number)[1])
                for number in range(1, self._count + 1)
            ]
            self._parts.finish(self._name, self._upload, parts)
        except (Damaged, Changed):
            self._parts.abort(self._name, self._upload)
            raise

    def _span(self, number: int) -> tuple[int, int]:
        return digests.span_of(number, self._found.size, self._part_size)

    def _begin(self, claims: ExitStack) -> None:
        """Go on with what an earlier attempt left, or begin anew.

        Another process may fetch the same file to the same place, as the ranks of a training do:
        each has parts of its own.
        """
        self._there = {}
        self._tags.clear()
        # What was fetched is trusted only if the whole can be compared in the end.
        if self._resumes():
            for unfinished in self._parts.unfinished(self._name):
                if self._fits(unfinished) and self._is_claimed(unfinished, claims):
                    self._upload = unfinished.upload_id
                    self._there = dict(unfinished.parts)
                    return
        self._upload = self._parts.begin(self._name, self._found.size, self._part_size)
        claim = self._parts.claim(self._name, self._upload)
        if claim is None:
            raise Vanished(self._path)
        claims.enter_context(claim)

    def _is_claimed(self, unfinished: Unfinished, claims: ExitStack) -> bool:
        with suppress(Vanished):
            claim = self._parts.claim(self._name, unfinished.upload_id)
            if claim is not None:
                claims.enter_context(claim)
                return True
        return False

    def _tidy(self) -> None:
        """Throw away what attempts for other versions of the file left here."""
        for unfinished in self._parts.unfinished(self._name):
            with ExitStack() as claims:
                if self._is_claimed(unfinished, claims):
                    self._parts.abort(self._name, unfinished.upload_id)

    def _resumes(self) -> bool:
        digest = self._found.digest
        return digest is not None and digest.algorithm == SHA256 and digest.part_size > 0

    def _fits(self, unfinished: Unfinished) -> bool:
        return (
            bool(unfinished.parts)
            and unfinished.size == self._found.size
            and unfinished.part_size == self._part_size
        )

    def _fetch_part(self, number: int, stop: Stop) -> None:
        start, length = self._span(number)
        there = self._there.get(number)
        if there is not None and there.size == length:
            self._digests[number] = there.digest
            self._progress.add(length, before=True)
            return
        most = settings.MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()
        attempt = 0
        while True:
            try:
                self._receive(number, start, length, stop)
                return
            except (BrokenOff, Busy) as error:
                if attempt == most:
                    raise
                _logger.debug("%s It is fetched again.", error.message)
            attempt += 1
            pause(min(2.0**attempt / 2, 30.0), stop)

    def _receive(self, number: int, start: int, length: int, stop: Stop) -> None:
        form = self._found.digest
        other = None
        if form is not None and form.algorithm != SHA256:
            other = digests.hasher(form.algorithm)
        received = 0
        with self._parts.writing_part(self._name, self._upload, number, length) as writing:
            try:
                with self._place.get(self._path, start, length, self._found.tag) as reading:
                    for piece in reading.pieces():
                        stop.check()
                        if received + len(piece) > length:
                            raise Changed(self._path)
                        writing.write(piece)
                        if other is not None:
                            other.update(piece)
                        received += len(piece)
                        self._progress.add(len(piece))
                    if received != length:
                        raise BrokenOff(self._path, f"{received} of {length} bytes came")
                    if reading.found is not None and reading.found.tag:
                        self._tags.add(reading.found.tag)
                writing.finish()
            except BaseException:
                self._progress.add(-received)
                raise
            assert writing.digest is not None
            self._digests[number] = writing.digest
            if other is not None:
                self._others[number] = other.hexdigest()

    def _check(self) -> None:
        """Raise Damaged when the parts do not give the digest of the whole."""
        digest = self._found.digest
        if digest is None:
            return
        values = self._digests if digest.algorithm == SHA256 else self._others
        ordered = [values[number] for number in range(1, self._count + 1)]
        there = digests.of_parts(digest.algorithm, self._part_size, ordered)
        if there != digest:
            raise _damaged(self._path, digest, there)


def _damaged(path: str, expected: Digest, there: object) -> "DamagedThere":
    return DamagedThere(
        f"The artifact {path!r} is damaged: its content gives {there}, but {expected} was kept "
        "with it."
    )
