"""What a tracking server keeps, ours or an official one: `mlflow-artifacts:`.

mlflow-artifacts:/PATH               on the server that the runs are on
mlflow-artifacts://HOST[:PORT]/PATH  on another one, which is not told our login

Our own servers take files in parts, check digests and make folders visible as a whole. An official
one is found out once, and then gets what it knows: whole files, one after the other.
"""

import builtins
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from mimetypes import guess_type
from typing import BinaryIO
from urllib.parse import urlsplit

import msgspec

from mlflow import environment_variables as settings
from mlflow._addresses import hidden
from mlflow._http import Session, Streamed, Unanswered
from mlflow.blobs import walking
from mlflow.blobs.digests import Digest, parse
from mlflow.blobs.place import (
    LARGE,
    Blob,
    BrokenOff,
    Changed,
    Found,
    Reading,
    Staging,
    Writing,
)
from mlflow.blobs.served import tar
from mlflow.blobs.served.parts import ForeignParts, SentParts, Source
from mlflow.blobs.served.server import (
    CONTENT,
    DIGEST,
    PIECE,
    Server,
    address_of,
    digest_header,
    sha256,
)
from mlflow.blobs.served.streams import InOneBody, InParts
from mlflow.blobs.uri import joined, safe_path
from mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException, invalid, missing

#: most files of one batch
_MOST_IN_BATCH = 1000
#: what official servers get in parts: those of their own clients
_FOREIGN_FROM = 500 * 1024 * 1024


class _File(msgspec.Struct):
    path: str
    is_dir: bool = False
    file_size: int | str | None = None
    digest: str | None = None
    tag: str | None = None


class _Listing(msgspec.Struct):
    files: list[_File] = []


class _Begun(msgspec.Struct):
    staging: str
    files: list[_File] = []


class _Nothing(msgspec.Struct):
    pass


class Served:
    """Artifacts on a server.

    Args:
        session: the server.
        base: path below the server's root that is the root here.
        staging: what names the folder at `base` that is to appear as a whole, if it is one.
    """

    def __init__(self, session: Session, base: str = "", staging: str = "") -> None:
        self._session = session
        self._server = Server.at(session)
        self._base = safe_path(base, root=True)
        self._staging = staging
        self._parts: SentParts | None = None
        self._sources: dict[str, Source] = {}

    # -- what the server is ------------------------------------------------------------

    @property
    def parts(self) -> "SentParts | None":
        """How files are sent in parts; the server is asked once whether and how."""
        if self._parts is None:
            kind = self._server.kind
            if kind is not None:
                self._parts = SentParts(
                    self._server, self._base, self._staging, kind.algorithm, kind.least_part
                )
            elif self._server.signs_uploads():
                self._parts = ForeignParts(self._server, self._base)
        return self._parts

    @property
    def parts_from(self) -> int:
        """Bytes from which a file is better sent in parts."""
        asked = settings.MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE.get()
        if asked is not None:
            return asked
        return LARGE if self._server.ours else _FOREIGN_FROM

    @property
    def is_direct(self) -> bool:
        """Whether files are read straight from the store behind the server."""
        return self._server.reaches and self._server.signs_downloads()

    @property
    def most_in_body(self) -> int | None:
        """Bytes of the largest body that a proxy lets through, None while none was refused."""
        return self._server.most

    @property
    def most_in_batch(self) -> int:
        """See `Place.most_in_batch`; an official server takes files one by one."""
        return _MOST_IN_BATCH if self._server.ours else 1

    # -- in --------------------------------------------------------------------------

    def put(self, path: str, stream: BinaryIO, digest: Digest | None = None) -> None:
        """Send a stream; see `Place.put`. It is sent again from its start when that fails.

        Raises:
            TooLarge: a proxy lets no such body through.
        """
        start = stream.tell()
        size = stream.seek(0, 2) - start

        def pieces() -> Iterator[bytes]:
            stream.seek(start)
            left = size
            while left:
                piece = stream.read(min(PIECE, left))
                if not piece:
                    raise invalid(f"{path!r} has become shorter while it was sent: send it again.")
                left -= len(piece)
                yield piece

        headers = {"Content-Type": guess_type(path)[0] or "application/octet-stream"}
        if digest is not None:
            headers |= digest_header(digest)
        self._server.send("PUT", self._address(path), path, headers, pieces, size)

    def put_batch(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Send small files in one body; see `Place.put_batch`.

        Raises:
            TooLarge: a proxy lets no such body through.
        """
        body = tar.archive((safe_path(path), content) for path, content in files)
        size = sum(map(len, body))
        query = {"staging": self._staging} if self._staging else None
        headers = {"Content-Type": "application/x-tar"} | digest_header(sha256(body))
        self._server.send(
            "PUT", address_of("archive", self._base, query), self._base, headers, lambda: body, size
        )

    def writing(self, path: str, digest: Digest | None = None) -> Writing:
        """A file that is sent while it is written; see `Place.writing`."""
        if self._server.ours and (parts := self.parts) is not None:
            return InParts(self, parts, safe_path(path))
        return InOneBody(self._server, self._address(path), path)

    # -- out -------------------------------------------------------------------------

    @contextmanager
    def get(
        self, path: str, start: int = 0, length: int | None = None, tag: str = ""
    ) -> Iterator[Reading]:
        """Read a file of the server, or a part of it; see `Place.get`."""
        headers = {}
        if start or length is not None:
            if length == 0:
                yield _Empty(path)
                return
            last = "" if length is None else str(start + length - 1)
            headers["Range"] = f"bytes={start}-{last}"
        silence = settings.MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT.get() or min(
            settings.MLFLOW_DOWNLOAD_CHUNK_TIMEOUT.get(),
            settings.MLFLOW_HTTP_REQUEST_TIMEOUT.get(),
        )
        if length is not None and self.is_direct:
            source = self._sources.setdefault(path, Source(self._server, self._base, path))
            with source.get(headers, silence) as streamed:
                if streamed is not None:
                    yield _Receiving(path, streamed, start, length)
                    return
        if tag:
            headers["If-Match"] = f'"{tag}"'
        try:
            with self._server.asking(
                "GET", self._address(path), path, headers, silence=silence
            ) as streamed:
                yield _Receiving(path, streamed, start, length)
        except MlflowException as error:
            if error.error_code == RESOURCE_DOES_NOT_EXIST:
                raise missing(f"There is no artifact {path!r}.") from None
            raise

    def get_batch(self, path: str, files: Sequence[Found]) -> Iterator[tuple[str, memoryview]]:
        """Read small files below a folder by one request: their paths and content.

        What is not there any more as it was listed is left out, and all of it where the server does
        not give files together. Who asks compares digests.

        Args:
            files: as `walk` tells of them; their paths fit into an address.
        """
        whole = joined(self._base, safe_path(path, root=True))
        body = self._server.packed(whole, [file.path for file in files])
        return tar.contents(body, [(file.path, file.size) for file in files])

    def look(self, path: str) -> Found | None:
        """What a file is; see `Place.look`."""
        return self._looked(path, {})

    def digest(self, path: str) -> Digest | None:
        """The digest of a file; our server reads the file when it does not know it."""
        found = self._looked(path, {"Want-Repr-Digest": "sha-256=1"})
        return None if found is None else found.digest

    def still_gives(self, path: str, found: Found) -> bool:
        """Whether a file that was found still gives its digest; see `Folder.still_gives`.

        It is said not to when the server takes too long to read it.
        """
        headers = {
            "Want-Repr-Digest": "sha-256=1",
            "Cache-Control": "no-cache",
            "If-Match": f'"{found.tag}"',
        }
        try:
            with self._server.asking(
                "HEAD", self._address(path), path, headers, retry=False
            ) as streamed:
                return _found(path, streamed.headers, streamed.size or 0).digest == found.digest
        except Unanswered:
            return False
        except MlflowException as error:
            return isinstance(error, Changed) or error.error_code == RESOURCE_DOES_NOT_EXIST

    def _looked(self, path: str, headers: dict[str, str]) -> Found | None:
        safe_path(path)
        if self._server.ours:
            address = self._address(path)
            try:
                with self._server.asking("HEAD", address, path, headers) as streamed:
                    return _found(path, streamed.headers, streamed.size or 0)
            except MlflowException as error:
                # The answer has no body: a folder is refused as a wrong path is.
                if error.error_code in (RESOURCE_DOES_NOT_EXIST, "BAD_REQUEST"):
                    return None
                raise
        folder, _, name = path.rpartition("/")
        for blob in self.list(folder):
            if blob.name == name and not blob.is_dir:
                return Found(path, blob.size or 0)
        return None

    def list(self, path: str = "") -> list[Blob]:
        """What is in a folder of the server; see `Place.list`. Names are checked before use."""
        files = self._listed(path, {})
        with self._reading(path):
            return sorted(map(_blob, files))

    def walk(self, path: str = "") -> Iterator[Found]:
        """All files below a folder of the server; see `Place.walk`. Names are checked."""
        if not self._server.ours:
            return walking.walk(self.list, path)
        files = self._listed(path, {"recursive": "true"})
        with self._reading(path):
            return iter([_found_file(file) for file in files])

    def _listed(self, path: str, query: dict[str, str]) -> "builtins.list[_File]":
        whole = joined(self._base, safe_path(path, root=True))
        address = address_of(CONTENT, "", {"path": whole} | query)
        return self._server.told("GET", address, None, _Listing, path).files

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise MlflowException(
                f"The listing of {path!r} by {self._server.base} cannot be read: {error}."
            ) from None

    # -- the rest --------------------------------------------------------------------

    def delete(self, path: str) -> bool:
        """Remove; see `Place.delete`. A server does not say whether there was one."""
        self._server.told("DELETE", self._address(path), None, _Nothing, path)
        return True

    def staging(self, path: str, name: str) -> Staging:
        """A folder that is to become visible as a whole; see `Place.staging`.

        On an official server nothing can: each file is visible as soon as it is there.
        """
        whole = joined(self._base, safe_path(path, root=True))
        if not self._server.ours:
            return _AtOnce(Served(self._server.session, whole))
        address = address_of("staging/create", whole)
        begun = self._server.told("POST", address, {"name": name}, _Begun, path)
        with self._reading(path):
            there = [_found_file(file) for file in begun.files]
        return _Staged(self._server, whole, begun.staging, {found.path: found for found in there})

    def sweep(self, older_than: float, path: str = "", *, dry: bool = False) -> tuple[int, int]:
        """Nothing: what is unfinished on a server is the server's own to remove."""
        safe_path(path, root=True)
        return 0, 0

    def _address(self, path: str) -> str:
        query = {"staging": self._staging} if self._staging else None
        return address_of(CONTENT, joined(self._base, safe_path(path)), query)


class _Receiving:
    """An answer that is being read."""

    def __init__(self, path: str, streamed: Streamed, start: int, length: int | None) -> None:
        self._path = path
        self._streamed = streamed
        self.size = streamed.size
        self.found = _found(path, streamed.headers, _whole_size(streamed))
        # A server that knows no ranges sends the whole.
        self._skip = start if streamed.status != 206 else 0
        self._most = length
        if self._skip or (length is not None and streamed.status != 206):
            self.size = length

    def pieces(self) -> Iterator[bytes]:
        """The content; BrokenOff when the connection breaks before its end."""
        received = 0
        skip = self._skip
        try:
            for piece in self._streamed.pieces(PIECE):
                if skip:
                    piece, skip = piece[skip:], max(0, skip - len(piece))
                if self._most is not None and received + len(piece) > self._most:
                    piece = piece[: self._most - received]
                if piece:
                    received += len(piece)
                    yield piece
                elif not skip:
                    break
        except Unanswered as error:
            raise BrokenOff(self._path, error) from None
        if self.size is not None and received != self.size:
            raise BrokenOff(self._path, f"{received} of {self.size} bytes came")


class _Empty:
    """A part of no bytes."""

    size = 0

    def __init__(self, path: str) -> None:
        self.found = None

    def pieces(self) -> Iterator[bytes]:
        """Nothing."""
        return iter(())


class _Staged:
    """A folder on one of our servers that is to become visible as a whole."""

    def __init__(
        self, server: Server, folder: str, staging: str, there: Mapping[str, Found]
    ) -> None:
        self._server = server
        self._folder = folder
        self._staging = staging
        self._there = there
        self.place = Served(server.session, folder, staging)

    def there(self) -> Mapping[str, Found]:
        """See `Staging.there`."""
        return self._there

    def publish(self) -> None:
        """See `Staging.publish`."""
        self._end("staging/complete")

    def abort(self) -> None:
        """See `Staging.abort`."""
        self._end("staging/abort")

    def _end(self, verb: str) -> None:
        question = {"staging": self._staging}
        address = address_of(verb, self._folder)
        self._server.told("POST", address, question, _Nothing, self._folder)


class _AtOnce:
    """A folder on a server that can only show each file as soon as it is there."""

    def __init__(self, place: Served) -> None:
        self.place = place

    def there(self) -> Mapping[str, Found]:
        """Nothing that could be known to be right."""
        return {}

    def publish(self) -> None:
        """Nothing is left to do."""

    def abort(self) -> None:
        """What is there stays."""


def served_at(uri: str, session: Session | None) -> Served:
    """The place at a `mlflow-artifacts:` URI; see `schemes.open_place`."""
    parts = urlsplit(uri)
    if parts.query or parts.fragment:
        raise invalid(f"{hidden(uri)!r} has a query or a fragment; an artifact URI has neither.")
    # The path of a URI is taken as it stands, as other clients do.
    base = parts.path.strip("/")
    if session is None or not session.base:
        raise invalid(
            f"The artifacts at {hidden(uri)!r} are on a tracking server, but the tracking URI "
            "is that of a folder or database: set it to the address of the server."
        )
    if not parts.netloc:
        return Served(session, base)
    here = urlsplit(session.base)
    if parts.netloc == here.netloc:
        return Served(session, base)
    return Served(_elsewhere(f"{here.scheme}://{parts.netloc}"), base)


@lru_cache(16)
def _elsewhere(origin: str) -> Session:
    """The connections to another server than that of the runs; it is not told our login."""
    return Session(origin, login=False)


def _blob(file: _File) -> Blob:
    name = safe_path(file.path)
    if "/" in name:
        raise ValueError(f"the name {name!r} has a slash")
    size = None if file.is_dir else int(file.file_size or 0)  # an official server leaves 0 out
    return Blob(name, file.is_dir, size)


def _found_file(file: _File) -> Found:
    if file.is_dir:
        raise ValueError(f"{file.path!r} is a folder in a list of files")
    return Found(safe_path(file.path), int(file.file_size or 0), parse(file.digest), file.tag or "")


def _found(path: str, headers: Mapping[str, str], size: int) -> Found:
    """A file as the headers of an answer tell of it."""
    tag = headers.get("ETag", "").removeprefix("W/").strip('"')
    return Found(path, size, parse(headers.get(DIGEST)), tag)


def _whole_size(streamed: Streamed) -> int:
    """Bytes of the whole file of which a part comes."""
    whole = streamed.headers.get("Content-Range", "").rpartition("/")[2]
    return int(whole) if whole.isdigit() else streamed.size or 0
