"""One file on its way to a place: whole when it is small, else in parts, several at once.

Nothing is remembered here. What has arrived lies at the place, each part under its digest; who
sends the same file again, from whatever process or machine, sends what is missing.
"""

import time
from collections.abc import Iterator
from functools import partial

from mlflow import environment_variables as settings
from mlflow.blobs import Folder, digests
from mlflow.blobs.digests import Digest
from mlflow.blobs.place import LARGE, Busy, Damaged, Found, Part, Parts, Place, Unfinished, Vanished
from mlflow.blobs.served.place import Served
from mlflow.blobs.served.server import LEAST_BODY, TooLarge
from mlflow.client.crew import Stop, each, pause
from mlflow.client.progress import Passing, Progress
from mlflow.client.sources import Source, digest_of, digest_of_part, pieces, stream_of
from mlflow.exceptions import NOT_IMPLEMENTED, RESOURCE_EXHAUSTED, MlflowException
from mlflow.wire.artifacts import MOST_PARTS

#: parts that are on their way at the same time
AT_ONCE = 4
#: how often what arrived wrong is sent again
_AGAIN = 3
#: seconds for which another client may be busy with the same part
_BUSY_FOR = 90.0


def send(place: Place, path: str, source: Source, progress: Progress, stop: Stop) -> None:
    """Send a file to a place.

    Args:
        progress: is told what has arrived.
        stop: set when it is to be given up.

    Raises:
        MlflowException: it changed meanwhile, or the place refuses it.
    """
    parts = place.parts if _in_parts(place, source.size) else None
    if parts is None:
        try:
            _whole(place, path, source, progress, stop)
            return
        except TooLarge:
            parts = place.parts
            if parts is None or not source.size:
                raise
    while True:
        try:
            _Sending(place, parts, path, source, progress, stop).send()
            return
        except TooLarge as error:
            _check_room(place, parts, source.size, error)
            progress.again()
        except MlflowException as error:
            if error.error_code != NOT_IMPLEMENTED:
                raise
            # An official server says only when it is asked that its store takes no parts.
            _whole(place, path, source, progress, stop)
            return


def still_gives(place: Place, path: str, found: Found) -> bool:
    """Whether a file that needs not be sent is sound: a disk may have damaged it since."""
    return not isinstance(place, Folder | Served) or place.still_gives(path, found)


def _in_parts(place: Place, size: int) -> bool:
    if not settings.MLFLOW_ENABLE_MULTIPART_UPLOAD.get():
        return False
    if isinstance(place, Served):
        most = place.most_in_body
        # An official server is asked only about files that may be worth it.
        return (most is not None and size > most) or size >= place.parts_from
    least = settings.MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE.get()
    return size >= (LARGE if least is None else least)


def _whole(place: Place, path: str, source: Source, progress: Progress, stop: Stop) -> None:
    for attempt in range(_AGAIN + 1):
        digest = digest_of(source, None, stop)
        with Passing(progress) as passing:
            try:
                place.put(path, stream_of(source, stop, passing.at), digest)
            except Damaged:
                source.check()
                if attempt == _AGAIN:
                    raise
            else:
                source.check()
                passing.arrived(source.size)
                return


def _check_room(place: Place, parts: Parts, size: int, error: TooLarge) -> None:
    """Raise when no body would be small enough."""
    most = place.most_in_body if isinstance(place, Served) else None
    if most is None or error.size <= LEAST_BODY:
        raise error
    needs = max(parts.least_part, -(-size // MOST_PARTS))
    if most < needs:
        raise MlflowException(
            f"{error.message} A file of {size:,} bytes cannot be sent in parts below {needs:,} "
            "bytes: let the proxy allow bodies of that size.",
            RESOURCE_EXHAUSTED,
        )


class _Sending:
    """A file that is sent in parts."""

    def __init__(
        self,
        place: Place,
        parts: Parts,
        path: str,
        source: Source,
        progress: Progress,
        stop: Stop,
    ) -> None:
        self._place = place
        self._parts = parts
        self._path = path
        self._source = source
        self._progress = progress
        self._stop = stop
        self._part_size = self._planned()
        self._upload = ""
        self._there: dict[int, Part] = {}
        #: digests of parts that are known already
        self._digests: dict[int, str] = {}

    def send(self) -> None:
        """Send what is missing, and make the file visible."""
        if self._is_there():
            self._progress.add(self._source.size, before=True)
            return
        begun_anew = False
        damaged = 0
        while True:
            self._begin()
            try:
                self._send_parts()
                self._source.check()
                self._finish()
                return
            except Vanished:
                if self._is_there(hashed=True):
                    return
                if begun_anew:
                    raise
                begun_anew = True
            except Damaged:
                # A part is another one by now: it is listed, and sent again.
                self._source.check()
                damaged += 1
                if damaged > _AGAIN:
                    raise
            except TooLarge:
                if not self._there:
                    self._parts.abort(self._path, self._upload)
                raise
            self._progress.again()

    # -- what is there already -----------------------------------------------------------

    def _planned(self) -> int:
        size = self._source.size
        asked = settings.MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE.get()
        least = digests.PART
        if asked is not None and asked > 0:
            least = max(asked, self._parts.least_part)
        most = self._most_in_body()
        if most is not None:
            least = min(least, most)
        part_size = digests.part_size_for(size, least)
        if most is not None and part_size > most:
            part_size = most
        return part_size

    def _most_in_body(self) -> int | None:
        return self._place.most_in_body if isinstance(self._place, Served) else None

    def _is_there(self, *, hashed: bool = False) -> bool:
        """Whether the place has this very file already, such as when only the answer was lost.

        Args:
            hashed: whether the parts are hashed already.
        """
        found = self._place.look(self._path)
        if found is None or found.size != self._source.size:
            return False
        digest = found.digest
        if digest is None and hashed and isinstance(self._place, Folder | Served):
            digest = self._place.digest(self._path)
        if digest is None:
            return False
        here = (self._parts.algorithm, self._part_size)
        if (digest.algorithm, digest.part_size) != here:
            same = not hashed and digest_of(self._source, digest, self._stop) == digest
        else:
            each(self._hash, range(1, self._count + 1), self._threads, self._stop)
            same = self._whole() == digest
        return same and (hashed or still_gives(self._place, self._path, found))

    def _whole(self) -> Digest:
        values = [self._digests[number] for number in range(1, self._count + 1)]
        return digests.of_parts(self._parts.algorithm, self._part_size, values)

    @property
    def _count(self) -> int:
        return digests.count_of(self._source.size, self._part_size)

    @property
    def _threads(self) -> int:
        return min(AT_ONCE, self._count)

    def _begin(self) -> None:
        """Join what an earlier attempt left, or begin anew."""
        for unfinished in self._parts.unfinished(self._path):
            if self._is_ours(unfinished):
                part_size = unfinished.part_size or self._part_size
                if part_size != self._part_size:
                    self._part_size = part_size
                    self._digests.clear()
                self._upload = unfinished.upload_id
                self._there = dict(unfinished.parts)
                return
        self._there = {}
        self._upload = self._parts.begin(self._path, self._source.size, self._part_size)

    def _is_ours(self, unfinished: Unfinished) -> bool:
        """Whether what has arrived is of this file: the first, middle and last part tell."""
        size = self._source.size
        # Not every store says how large parts are: then they are taken to be as we plan them.
        part_size = unfinished.part_size or self._part_size
        most = self._most_in_body()
        if not unfinished.parts or unfinished.size not in (None, size):
            return False
        if most is not None and part_size > most:
            return False
        numbers = sorted(unfinished.parts)
        if numbers[-1] > digests.count_of(size, part_size):
            return False
        for number in {numbers[0], numbers[len(numbers) // 2], numbers[-1]}:
            start, length = digests.span_of(number, size, part_size)
            if unfinished.parts[number].size != length:
                return False
            digest = digest_of_part(self._source, self._parts.algorithm, start, length, self._stop)
            if unfinished.parts[number].digest != digest:
                return False
        return True

    # -- sending -----------------------------------------------------------------------

    def _send_parts(self) -> None:
        each(self._send_part, range(1, self._count + 1), self._threads, self._stop)

    def _span(self, number: int) -> tuple[int, int]:
        return digests.span_of(number, self._source.size, self._part_size)

    def _hash(self, number: int, stop: Stop) -> None:
        """Hash a part, unless that was done."""
        if number not in self._digests:
            self._digests[number] = digest_of_part(
                self._source, self._parts.algorithm, *self._span(number), stop
            )

    def _body(self, start: int, length: int, passing: Passing, stop: Stop) -> Iterator[bytes]:
        return passing.watched(pieces(self._source, start, length, stop))

    def _send_part(self, number: int, stop: Stop) -> None:
        start, length = self._span(number)
        self._hash(number, stop)
        if self._there.get(number) == Part(self._digests[number], length):
            self._progress.add(length, before=True)
            return
        damaged = 0
        since = time.monotonic()
        while True:
            self._hash(number, stop)
            try:
                with Passing(self._progress) as passing:
                    self._parts.put_part(
                        self._path,
                        self._upload,
                        number,
                        partial(self._body, start, length, passing, stop),
                        length,
                        self._digests[number],
                    )
                    passing.arrived(length)
                return
            except Damaged:
                # Damaged on its way, or the file is being written to: then it is hashed anew.
                self._digests.pop(number)
                damaged += 1
                if damaged > _AGAIN:
                    raise
            except Busy:
                if time.monotonic() - since > _BUSY_FOR:
                    raise
                pause(1.0, stop)

    def _finish(self) -> None:
        parts = [
            Part(
                self._digests[number],
                digests.span_of(number, self._source.size, self._part_size)[1],
            )
            for number in range(1, self._count + 1)
        ]
        since = time.monotonic()
        while True:
            try:
                self._parts.finish(self._path, self._upload, parts)
                return
            except Busy:
                if time.monotonic() - since > _BUSY_FOR:
                    raise
                pause(1.0, self._stop)
