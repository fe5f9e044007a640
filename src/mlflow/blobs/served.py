"""What a tracking server keeps, ours or an official one: `mlflow-artifacts:`.

mlflow-artifacts:/PATH               on the server that the runs are on
mlflow-artifacts://HOST[:PORT]/PATH  on another one, which is not told our login
"""

from collections.abc import Iterator
from contextlib import contextmanager
from mimetypes import guess_type
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

import msgspec

from mlflow._http import Answer, Session, Streamed, Unanswered
from mlflow.blobs._place import PIECE, Blob, BrokenOff, NoRoom
from mlflow.blobs.uri import joined, safe_path
from mlflow.exceptions import (
    INTERNAL_ERROR,
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
    RestException,
    invalid,
    missing,
)

_ROUTE = "/api/2.0/mlflow-artifacts/artifacts"
_NO_ROOM = 507
_CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    501: "NOT_IMPLEMENTED",
    503: TEMPORARILY_UNAVAILABLE,
}


class _File(msgspec.Struct):
    path: str
    is_dir: bool = False
    file_size: int | str | None = None


class _Listing(msgspec.Struct):
    files: list[_File] = []


class Served:
    """Artifacts on a server.

    Args:
        session: the server.
        base: path below the server's root that is the root here.
    """

    def __init__(self, session: Session, base: str = "") -> None:
        self._session = session
        self._base = safe_path(base, root=True)

    def put(self, path: str, stream: BinaryIO) -> None:
        """Send a stream; see `Place.put`. It is sent again from its start when that fails."""
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

        headers = {
            "Content-Type": guess_type(path)[0] or "application/octet-stream",
            "Content-Length": str(size),
        }
        self._ask("PUT", self._address(path), headers, pieces if size else None)

    @contextmanager
    def get(self, path: str) -> Iterator["_Receiving"]:
        """Read a file of the server; see `Place.get`."""
        with self._asking("GET", self._address(path)) as streamed:
            yield _Receiving(path, streamed)

    def list(self, path: str = "") -> list[Blob]:
        """What is in a folder of the server; see `Place.list`. Names are checked before use."""
        whole = joined(self._base, safe_path(path, root=True))
        answer = self._ask("GET", f"{_ROUTE}?path={quote(whole, safe='')}")
        try:
            listing = msgspec.json.decode(answer.body, type=_Listing)
            found = [_blob(file) for file in listing.files]
        except (msgspec.MsgspecError, ValueError) as error:
            raise MlflowException(
                f"The listing of {path!r} by {self._session.base} cannot be read: {error}."
            ) from None
        return sorted(found)

    def delete(self, path: str) -> bool:
        """Remove; see `Place.delete`. A server does not say whether there was one."""
        self._ask("DELETE", self._address(path))
        return True

    def _address(self, path: str) -> str:
        return f"{_ROUTE}/{quote(joined(self._base, safe_path(path)), safe='/')}"

    def _ask(self, method: str, address: str, *more: object) -> Answer:
        with self._asking(method, address, *more) as streamed:
            return Answer(streamed.status, b"".join(streamed.pieces()), "", None)

    @contextmanager
    def _asking(self, method: str, address: str, *more: object) -> Iterator[Streamed]:
        try:
            with self._session.stream(method, address, *more) as streamed:  # type: ignore[arg-type]
                if streamed.status >= 300:
                    raise self._refusal(method, address, streamed.status, streamed.start())
                yield streamed
        except Unanswered as error:
            raise MlflowException(
                f"The artifact server {self._session.base} cannot be reached, or the connection "
                f"broke: {error}. Nothing of this file was kept; do it again.",
                TEMPORARILY_UNAVAILABLE,
            ) from None

    def _refusal(self, method: str, address: str, status: int, body: bytes) -> MlflowException:
        """The error that an answer stands for."""
        try:
            told = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeError):
            told = None
        if isinstance(told, dict):
            if status == _NO_ROOM:
                return NoRoom(str(told.get("message")))
            if "error_code" in told:
                return RestException(told)
        name = unquote(address.removeprefix(_ROUTE).lstrip("/"))
        text = body[:300].decode("utf-8", "replace").strip()
        if status == 404 and method == "GET" and isinstance(told, dict):
            return missing(f"There is no artifact {name!r}.")
        code = _CODES.get(status, "BAD_REQUEST" if status < 500 else INTERNAL_ERROR)
        return MlflowException(
            f"{self._session.base} answered {method} of the artifact {name!r} with status "
            f"{status}: {text or 'nothing'}",
            code,
        )


class _Receiving:
    """An answer that is being read."""

    def __init__(self, path: str, streamed: Streamed) -> None:
        self._path = path
        self._streamed = streamed
        self.size = streamed.size

    def pieces(self) -> Iterator[bytes]:
        """The content; BrokenOff when the connection breaks before its end."""
        received = 0
        try:
            for piece in self._streamed.pieces():
                received += len(piece)
                yield piece
        except Unanswered as error:
            raise BrokenOff(self._path, error) from None
        if self.size is not None and received != self.size:
            raise BrokenOff(self._path, f"{received} of {self.size} bytes came")


def served_at(uri: str, session: Session | None) -> Served:
    """The place at a `mlflow-artifacts:` URI; see `schemes.open_place`."""
    parts = urlsplit(uri)
    if parts.query or parts.fragment:
        raise invalid(f"{uri!r} has a query or a fragment; an artifact URI has neither.")
    # The path of a URI is taken as it stands, as other clients do.
    base = parts.path.strip("/")
    if session is None or not session.base:
        raise invalid(
            f"The artifacts at {uri!r} are on a tracking server, but the tracking URI is that of "
            "a folder or database: set it to the address of the server."
        )
    if not parts.netloc:
        return Served(session, base)
    here = urlsplit(session.base)
    if parts.netloc == here.netloc:
        return Served(session, base)
    return Served(Session(f"{here.scheme}://{parts.netloc}", login=False), base)


def _blob(file: _File) -> Blob:
    name = safe_path(file.path)
    if "/" in name:
        raise ValueError(f"the name {name!r} has a slash")
    size = None if file.is_dir else int(file.file_size or 0)  # an official server leaves 0 out
    return Blob(name, file.is_dir, size)
