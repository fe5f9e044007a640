"""A tracking server as a keeper of artifacts: requests to it, and what was found out about it.

Errors come out as the exceptions that the other places raise for the same reasons.
"""

import hashlib
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeVar
from urllib.parse import quote, unquote, urlencode

import msgspec

from mlflow import environment_variables as settings
from mlflow._http import Answer, Body, Session, Streamed, Unanswered
from mlflow.blobs.digests import MD5, Digest
from mlflow.blobs.place import Busy, Changed, Damaged, NoRoom, Vanished
from mlflow.exceptions import (
    INTERNAL_ERROR,
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
    RestException,
    missing,
)

ROOT = "/api/2.0/mlflow-artifacts"
CONTENT = "artifacts"
#: the header that says what a body, or the whole file, must give
DIGEST = "X-Millstream-Digest"
#: bytes that are handed to a connection, or taken from it, at a time
PIECE = 256 * 1024
#: bodies up to this size pass through proxies as they come: nginx takes 1 MiB
SURE = 1_000_000
#: fewest bytes of a body that are tried before it is said that a proxy lets nothing through
LEAST_BODY = 64 * 1024
#: seconds before a body is sent once more whose connection broke
_BREATH = 0.5
#: under which a session keeps what is found out about its server
_NOTES = "artifacts"
_NOT_OURS = frozenset({404, 405, 501})
_CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    501: "NOT_IMPLEMENTED",
    503: TEMPORARILY_UNAVAILABLE,
}
T = TypeVar("T")


class TooLarge(MlflowException):
    """A body is larger than what a proxy lets through; smaller ones are to be sent.

    Args:
        size: bytes of the body.
    """

    def __init__(self, base: str, size: int) -> None:
        super().__init__(
            f"{base} takes no body of {size:,} bytes: a proxy in front of it allows less "
            "(client_max_body_size of nginx).",
            "RESOURCE_EXHAUSTED",
        )
        self.size = size


class _Info(msgspec.Struct):
    multipart_uploads_enabled: bool = False
    multipart_downloads_enabled: bool = False


class _KnownPart(msgspec.Struct):
    part_number: int
    etag: str
    size: int = 0


class KnownUpload(msgspec.Struct):
    """An unfinished file in the answer to `mpu/list`."""

    upload_id: str
    part_size: int | None = None
    size: int | None = None
    started: float = 0
    parts: list[_KnownPart] = []


class Uploads(msgspec.Struct):
    """The answer to `mpu/list`; only our own servers have one with `uploads`."""

    uploads: list[KnownUpload]
    algorithm: str = "sha256"
    least_part: int = 1


class Server:
    """One server, and what was found out about it. `Server.at` gives the same one each time.

    Attributes:
        most: bytes of the largest body that proxies let through, None while none was refused.
        packs: whether it gives small files together, as far as is known.
        reaches: whether the store behind it can be reached from here, as far as is known.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.base = session.base
        self.most: int | None = None
        self.packs = True
        self.reaches = True
        self._passed = 0
        self._ours: Uploads | Literal[False] | None = None
        self._info: _Info | None = None

    @staticmethod
    def at(session: Session) -> "Server":
        """What is known about the server of a session."""
        found: Server | None = session.notes.get(_NOTES)
        if found is None:
            found = session.notes.setdefault(_NOTES, Server(session))
        return found

    # -- what it is ------------------------------------------------------------------

    def uploads(self, folder: str, name: str, staging: str = "") -> Uploads | None:
        """What has begun at a path; None when the server is not one of ours.

        That is found out by the first question, and remembered.
        """
        if self._ours is False:
            return None
        query = {"path": name} | ({"staging": staging} if staging else {})
        address = address_of("mpu/list", folder, query)
        answer = self.ask("GET", address)
        if answer.status not in _NOT_OURS or (self._ours and answer.status == 404):
            if answer.status >= 300:
                raise self.refusal("GET", address, answer.status, answer.body, name)
            try:
                found = msgspec.json.decode(answer.body, type=Uploads)
            except msgspec.MsgspecError:
                if self._ours:
                    raise
            else:
                self._ours = found
                return found
        self._ours = False
        return None

    @property
    def ours(self) -> bool:
        """Whether the server knows our additions to MLflow's calls."""
        return self.kind is not None

    @property
    def kind(self) -> Uploads | None:
        """What our server said first about its parts; None when it is not one of ours."""
        if self._ours is None:
            self.uploads("", "x")
        return self._ours or None

    def signs_uploads(self) -> bool:
        """Whether parts can be sent to the store behind it."""
        asked = settings.MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD.get()
        return self._told().multipart_uploads_enabled if asked is None else asked

    def signs_downloads(self) -> bool:
        """Whether parts can be fetched from the store behind it."""
        asked = settings.MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD.get()
        return self._told().multipart_downloads_enabled if asked is None else asked

    def _told(self) -> _Info:
        if self._info is None:
            answer = self.ask("GET", "/api/3.0/mlflow/server-info")
            try:
                told = msgspec.json.decode(answer.body, type=_Info)
            except msgspec.MsgspecError:  # a server from before there was such a question
                told = _Info()
            self._info = told if answer.status == 200 else _Info()
        return self._info

    def packed(self, folder: str, names: Sequence[str]) -> bytes:
        """An archive of small files below a folder; empty when the server packs none.

        That is found out by the first question, and remembered.
        """
        if not (self.packs and self.ours):
            return b""
        address = f"{address_of('archive', folder)}?{urlencode([('names', one) for one in names])}"
        answer = self.ask("GET", address)
        if answer.status in _NOT_OURS:
            self.packs = False
            return b""
        if answer.status >= 300:
            raise self.refusal("GET", address, answer.status, answer.body, folder)
        return answer.body

    # -- requests --------------------------------------------------------------------

    def ask(self, method: str, address: str, question: Mapping[str, Any] | None = None) -> Answer:
        """The answer to a small question, whatever its status."""
        body = None if question is None else msgspec.json.encode(question)
        try:
            return self.session.ask(method, address, body)
        except Unanswered as error:
            raise self._away(error) from None

    def told(
        self,
        method: str,
        address: str,
        question: Mapping[str, Any] | None,
        kind: type[T],
        path: str,
    ) -> T:
        """The answer to a small question, decoded.

        Args:
            path: what is asked about, for errors.
        """
        answer = self.ask(method, address, question)
        if answer.status >= 300:
            raise self.refusal(method, address, answer.status, answer.body, path, answer.wait)
        try:
            return msgspec.json.decode(answer.body or b"{}", type=kind)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise MlflowException(
                f"The answer of {self.base} about {path!r} cannot be read: {error}."
            ) from None

    @contextmanager
    def asking(
        self,
        method: str,
        address: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: Body | None = None,
        *,
        retry: bool = True,
        silence: float | None = None,
    ) -> Iterator[Streamed]:
        """The answer to a request, its body unread.

        Raises:
            Unanswered: only without `retry`.
        """
        try:
            with self.session.stream(
                method, address, headers, body, retry=retry, silence=silence
            ) as streamed:
                if streamed.status >= 300:
                    status, wait = streamed.status, streamed.wait
                    raise self.refusal(method, address, status, streamed.start(), path, wait)
                yield streamed
        except Unanswered as error:
            if not retry:
                raise
            raise self._away(error) from None

    def send(
        self,
        method: str,
        address: str,
        path: str,
        headers: dict[str, str],
        body: Body,
        size: int,
    ) -> Mapping[str, str]:
        """Send a body of any size; the headers of the answer.

        Raises:
            TooLarge: a proxy lets no such body through; `most` says what it may let through.
        """
        if self.most is not None and size > self.most:
            raise TooLarge(self.base, size)
        given = headers | {"Content-Length": str(size)}
        # A proxy may refuse a large body by ending the connection. Twice is no accident, unless
        # bodies of that size went through before.
        broken = 0
        while True:
            doubtful = size > SURE and size > self._passed
            try:
                with self.asking(
                    method,
                    address,
                    path,
                    given,
                    body if size else None,
                    retry=not doubtful or broken > 1,
                    silence=settings.MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT.get(),
                ) as streamed:
                    for _ in streamed.pieces():
                        pass
                    self._passed = max(self._passed, size)
                    return streamed.headers
            except Unanswered as error:
                broken += 1
                if error.broke and broken > 1:
                    raise self._too_large(size) from None
                if broken == 1:
                    time.sleep(_BREATH)
            except TooLarge:
                raise self._too_large(size) from None
            except MlflowException as error:
                # What may pass is asked again, now with all patience.
                if not doubtful or broken > 1 or error.error_code != TEMPORARILY_UNAVAILABLE:
                    raise
                broken = 2

    def _too_large(self, size: int) -> TooLarge:
        most = SURE if size > SURE else max(size // 2, LEAST_BODY)
        if self.most is None or most < self.most:
            self.most = most
        return TooLarge(self.base, size)

    # -- errors ----------------------------------------------------------------------

    def _away(self, error: Unanswered) -> MlflowException:
        return MlflowException(
            f"The artifact server {self.base} cannot be reached, or the connection broke: {error}.",
            TEMPORARILY_UNAVAILABLE,
        )

    def refusal(
        self,
        method: str,
        address: str,
        status: int,
        body: bytes,
        path: str,
        wait: float | None = None,
    ) -> MlflowException:
        """The error that an answer stands for.

        Args:
            wait: seconds after which it is to be asked again, which only who is busy says; a store
                that is away does not know.
        """
        try:
            told = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            told = None
        if status == 412:
            return Changed(path)
        if isinstance(told, dict):
            message = str(told.get("message"))
            if status == 507:
                return NoRoom(message)
            code = told.get("error_code")
            if code == "DATA_LOSS":
                return Damaged(message)
            if code == "NOT_FOUND":
                return Vanished(path)
            if status == 503 and code == TEMPORARILY_UNAVAILABLE and wait is not None:
                return Busy(message)
            if code is not None:
                return RestException(told)
        if status == 413:
            return TooLarge(self.base, 0)
        if status == 404 and method == "GET" and isinstance(told, dict):
            return missing(f"There is no artifact {path!r}.")
        text = body[:300].decode("utf-8", "replace").strip()
        code = _CODES.get(status, "BAD_REQUEST" if status < 500 else INTERNAL_ERROR)
        name = path or unquote(address.partition("?")[0].removeprefix(ROOT).lstrip("/"))
        return MlflowException(
            f"{self.base} answered {method} of the artifact {name!r} with status "
            f"{status}: {text or 'nothing'}",
            code,
        )


def address_of(verb: str, path: str, query: Mapping[str, object] | None = None) -> str:
    """The address of a verb for a path, below the server's base."""
    address = f"{ROOT}/{verb}"
    if path:
        address += "/" + quote(path, safe="/")
    return f"{address}?{urlencode(query)}" if query else address


def digest_header(digest: Digest) -> dict[str, str]:
    """The header that says what a body must give."""
    if digest.algorithm == MD5 and not digest.part_size:
        return {"Content-MD5": b64encode(bytes.fromhex(digest.value)).decode()}
    return {DIGEST: str(digest)}


def sha256(pieces: "list[bytes]") -> Digest:
    """The digest of a body that is held in pieces."""
    running = hashlib.sha256()
    for piece in pieces:
        running.update(piece)
    return Digest("sha256", 0, running.hexdigest())
