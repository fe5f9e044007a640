"""Files on a web server: `http://` and `https://`, to be read and nothing else.

A web server has no listings and no folders, so files are asked for by their names. An address with
a query, such as a signed one, is one file: its name is the last one of the path.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, NoReturn
from urllib.parse import quote, unquote, urlsplit

from mlflow._addresses import hidden
from mlflow._http import Session, Streamed, Unanswered
from mlflow.blobs.digests import MD5, SHA256, Digest, parse
from mlflow.blobs.place import Blob, BrokenOff, Changed, Found, Staging, Writing
from mlflow.blobs.uri import safe_path
from mlflow.exceptions import (
    INTERNAL_ERROR,
    PERMISSION_DENIED,
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
    MlflowNotImplementedException,
    missing,
)

_OPEN_END = (405, 501)  # of HEAD: the server knows only GET
_SHA256 = re.compile(r"\bsha-256=:([A-Za-z0-9+/]{43}=):")
_WHOLE = re.compile(r"bytes \*?(?:\d+-\d+)?/(\d+)")


def web_at(uri: str, session: Session | None) -> "Web":
    """The place at an `http:` or `https:` address; see `schemes.open_place`.

    The login of the tracking server is not told; a user and password in the address are.
    """
    parts = urlsplit(uri)
    path, file = parts.path.rstrip("/"), ""
    if parts.query:
        path, _, file = path.rpartition("/")
    user, _, host = parts.netloc.rpartition("@")
    session = Session(f"{parts.scheme}://{host}{path}", login=False, store=True)
    login = f"Basic {b64encode(unquote(user).encode()).decode()}" if user else ""
    return Web(session, unquote(file), parts.query, login)


class Web:
    """Files below an address.

    Args:
        session: the server.
        file: the only file, when there is a query.
        query: added to its address.
        login: of the address, as a header.
    """

    parts = None
    most_in_batch = 1

    def __init__(self, session: Session, file: str = "", query: str = "", login: str = "") -> None:
        self._session = session
        self._login = {"Authorization": login} if login else {}
        self._file = safe_path(file, root=True)
        self._query = query

    @contextmanager
    def get(
        self, path: str, start: int = 0, length: int | None = None, tag: str = ""
    ) -> Iterator["_Reading"]:
        """Read a file; see `Place.get`. What a server sends too much is passed over."""
        whole = not start and length is None
        if length == 0:
            found = self.look(path)
            if found is None:
                raise missing(f"There is no artifact {path!r}.")
            if tag and found.tag != tag:
                raise Changed(path)
            yield _Reading(path, None, found, 0, 0)
            return
        headers: dict[str, str] = {}
        if not whole:
            end = "" if length is None else start + length - 1
            headers["Range"] = f"bytes={start}-{end}"
            if tag and not tag.startswith("W/"):
                headers["If-Range"] = tag
        with self._asking("GET", path, headers) as streamed:
            past_end = streamed.status == 416
            if streamed.status >= 300 and not past_end:
                raise self._refusal(path, streamed)
            found = _found(path, streamed)
            if tag and found is not None and found.tag != tag:
                raise Changed(path)
            if past_end:
                yield _Reading(path, None, found, 0, 0)
            elif streamed.status == 206:
                yield _Reading(path, streamed, found, 0, length)
            else:
                yield _Reading(path, streamed, found, start, length)

    def look(self, path: str) -> Found | None:
        """What a file is; see `Place.look`. Who does not say its size is asked for all of it."""
        with self._asking("HEAD", path) as streamed:
            if streamed.status in (404, 410):
                return None
            if streamed.status < 300:
                if (found := _found(path, streamed)) is not None:
                    return found
            elif streamed.status not in _OPEN_END:
                raise self._refusal(path, streamed)
        with self._asking("GET", path) as streamed:
            if streamed.status in (404, 410):
                return None
            if streamed.status >= 300:
                raise self._refusal(path, streamed)
            if (found := _found(path, streamed)) is not None:
                return found
            size = sum(len(piece) for piece in _Reading(path, streamed, None, 0, None).pieces())
            return Found(path, size, None, _tag(streamed.headers))

    def list(self, path: str = "") -> list[Blob]:
        """The only file when the address has a query, else nothing: there are no listings."""
        if safe_path(path, root=True) or not self._file:
            return []
        found = self.look(self._file)
        return [] if found is None else [Blob(self._file, False, found.size)]

    def walk(self, path: str = "") -> Iterator[Found]:
        """As `list`."""
        for blob in self.list(path):
            if (found := self.look(blob.name)) is not None:
                yield found

    def put(self, path: str, stream: BinaryIO, digest: Digest | None = None) -> None:
        """Refused."""
        self._refuse(path)

    def put_batch(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Refused."""
        self._refuse(files[0][0] if files else "")

    def writing(self, path: str, digest: Digest | None = None) -> Writing:
        """Refused."""
        self._refuse(path)

    def delete(self, path: str) -> bool:
        """Refused."""
        self._refuse(path)

    def staging(self, path: str, name: str) -> Staging:
        """Refused."""
        self._refuse(path)

    def sweep(self, older_than: float, path: str = "", *, dry: bool = False) -> tuple[int, int]:
        """Nothing is left behind where nothing is written."""
        safe_path(path, root=True)
        return 0, 0

    def _refuse(self, path: str) -> NoReturn:
        safe_path(path, root=True)
        raise MlflowNotImplementedException(
            f"The artifact {path!r} cannot be kept, changed or removed: {self._session.origin} is "
            "a web server, which is only read from. Give another artifact location."
        )

    @contextmanager
    def _asking(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> Iterator[Streamed]:
        address = "/" + quote(safe_path(path), safe="/")
        if self._query and path == self._file:
            address += f"?{self._query}"
        asking: AbstractContextManager[Streamed] = self._session.stream(
            # A packed body has another length and digest than the file.
            method,
            address,
            {"Accept-Encoding": "identity", **self._login, **(headers or {})},
        )
        try:
            with asking as streamed:
                yield streamed
        except Unanswered as error:
            raise MlflowException(
                f"{self._session.origin} cannot be reached, or the connection broke: {error}.",
                TEMPORARILY_UNAVAILABLE,
            ) from None

    def _refusal(self, path: str, streamed: Streamed) -> MlflowException:
        status = streamed.status
        if status in (404, 410):
            return missing(f"There is no artifact {path!r}.")
        if status == 412:
            return Changed(path)
        code = PERMISSION_DENIED if status in (401, 403) else INTERNAL_ERROR
        where = hidden(self._session.base)
        return MlflowException(
            f"{where} answered with status {status} for {path!r}, so it cannot be read.",
            TEMPORARILY_UNAVAILABLE if status in (429, 502, 503, 504) else code,
        )


class _Reading:
    """An answer that is being read.

    Args:
        streamed: None when nothing is to come.
        skip: bytes at its start that were not asked for.
        length: bytes to give after them, None for all.
    """

    def __init__(
        self,
        path: str,
        streamed: Streamed | None,
        found: Found | None,
        skip: int,
        length: int | None,
    ) -> None:
        self._path = path
        self._streamed = streamed
        self._skip = skip
        self._length = length
        self.found = found
        self.size: int | None = None
        if streamed is None:
            self.size = 0
        elif streamed.size is not None and not _packed(streamed.headers):
            left = max(0, streamed.size - skip)
            self.size = left if length is None else min(left, length)

    def pieces(self) -> Iterator[bytes]:
        """The content; BrokenOff when the connection breaks before its end."""
        if self._streamed is None:
            return
        skip, received = self._skip, 0
        try:
            for piece in self._streamed.pieces():
                kept = piece[skip:]
                skip = max(0, skip - len(piece))
                if self._length is not None:
                    kept = kept[: self._length - received]
                received += len(kept)
                if kept:
                    yield kept
                if received == self._length:
                    break
        except Unanswered as error:
            raise BrokenOff(self._path, error) from None
        if self.size is not None and received != self.size:
            raise BrokenOff(self._path, f"{received} of {self.size} bytes came")


def _found(path: str, streamed: Streamed) -> Found | None:
    """The file that an answer is about; None when the answer does not say its size."""
    headers = streamed.headers
    size = streamed.size
    if streamed.status in (206, 416):
        whole = _WHOLE.fullmatch(headers.get("Content-Range", ""))
        size = int(whole[1]) if whole else None
    if size is None or _packed(headers):
        return None
    return Found(path, size, _digest(streamed), _tag(headers))


def _tag(headers: Mapping[str, str]) -> str:
    return headers.get("ETag") or headers.get("Last-Modified") or ""


def _packed(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Encoding", "identity").lower() != "identity"


def _digest(streamed: Streamed) -> Digest | None:
    """The digest of the whole file, where the server gives one that can be read."""
    headers = streamed.headers
    if (digest := parse(headers.get("X-Millstream-Digest"))) is not None:
        return digest
    if (given := _SHA256.search(headers.get("Repr-Digest", ""))) is not None:
        return Digest(SHA256, 0, b64decode(given[1]).hex())
    # Of a part, this one is the part's.
    if streamed.status == 200 and (text := headers.get("Content-MD5")):
        try:
            value = b64decode(text, validate=True)
        except ValueError:
            return None
        return Digest(MD5, 0, value.hex()) if len(value) == 16 else None
    return None
