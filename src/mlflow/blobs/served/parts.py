"""Files that a tracking server puts together from parts, through it or straight to its store.

Where a part goes is the server's to say: an address of its own, or one of the store behind it that
is good for some time. A store that cannot be reached from here is left alone from then on; its
parts go through the server.
"""

import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from mlflow import environment_variables as settings
from mlflow._http import Body, Session, Streamed, Unanswered
from mlflow.blobs.digests import MD5, SHA256, Digest, count_of
from mlflow.blobs.objects.buckets import OPEN_MD5
from mlflow.blobs.place import Damaged, Part, Unfinished, Vanished
from mlflow.blobs.served.server import Server, address_of, digest_header
from mlflow.blobs.uri import joined, safe_path
from mlflow.exceptions import InvalidUrlException, MlflowException
from mlflow.wire.artifacts import MOST_PARTS

#: parts whose addresses are asked for at once
_SIGNED_AT_ONCE = 64
#: seconds for a connection to a store before the server is asked to take the part
_REACHED_WITHIN = 5.0
#: fewest bytes of a part that all object stores take
_LEAST_FOREIGN = 5 * 1024 * 1024
_EXPIRED = frozenset({400, 401, 403})


class _Address(msgspec.Struct):
    url: str
    part_number: int = 0
    headers: dict[str, str] = {}


class _Created(msgspec.Struct):
    upload_id: str
    credentials: list[_Address] = []


class _Completed(msgspec.Struct):
    digest: str | None = None


class _Signed(msgspec.Struct):
    url: str
    headers: dict[str, str] = {}


class SentParts:
    """Parts on one of our servers; see `Parts`.

    Args:
        base: path below the server's root that paths are relative to.
        staging: what names the folder that is to appear as a whole, if it is one.
        algorithm, least_part: what the server said.
    """

    def __init__(
        self, server: Server, base: str, staging: str, algorithm: str, least_part: int
    ) -> None:
        self.algorithm = algorithm
        self.least_part = least_part
        self._server = server
        self._base = base
        self._extra = {"staging": staging} if staging else {}
        self._lock = threading.Lock()
        #: upload → part → where it goes
        self._addresses: dict[str, dict[int, _Address]] = {}
        #: upload → part and its digest → what its store calls it, unless that is the digest
        self._tags: dict[str, dict[tuple[int, str], str]] = {}

    def unfinished(self, path: str) -> list[Unfinished]:
        """See `Parts.unfinished`."""
        folder, name = self._where(path)
        found = self._server.uploads(folder, name, self._extra.get("staging", ""))
        uploads = []
        for upload in found.uploads if found else ():
            parts = {part.part_number: Part(part.etag, part.size) for part in upload.parts}
            uploads.append(
                Unfinished(upload.upload_id, upload.part_size, upload.size, upload.started, parts)
            )
        return uploads

    def begin(self, path: str, size: int, part_size: int) -> str:
        """See `Parts.begin`."""
        count = count_of(size, part_size)
        question = {
            "size": size,
            "part_size": part_size,
            "num_parts": count,
            "part_numbers": [*range(1, min(count, _SIGNED_AT_ONCE) + 1)],
        }
        created: _Created = self._told("create", path, question, _Created)
        self._addresses[created.upload_id] = {one.part_number: one for one in created.credentials}
        return created.upload_id

    def begin_unknown(self, path: str) -> str:
        """Begin a file of which nobody knows how large it will be; parts may have any size."""
        created: _Created = self._told("create", path, {"num_parts": 1}, _Created)
        return created.upload_id

    def put_part(
        self, path: str, upload_id: str, number: int, body: Body, size: int, digest: str
    ) -> None:
        """See `Parts.put_part`. The store behind is sent to, if it can be reached."""
        _check_id(path, upload_id)
        if self.algorithm != SHA256 and self._server.reaches:
            for _ in range(2):
                address = self._address(path, upload_id, number)
                if address is None:
                    break
                tag = self._put_at(address, path, body, size, digest)
                if tag is not None:
                    self._called(upload_id, number, digest, tag)
                    return
                self._addresses.pop(upload_id, None)
                if not self._server.reaches:
                    break
        query = {"upload_id": upload_id, "part_number": number} | self._extra
        headers = digest_header(Digest(self.algorithm, 0, digest))
        whole = joined(self._base, safe_path(path))
        address_here = address_of("mpu/part", whole, query)
        told = self._server.send("PUT", address_here, path, headers, body, size)
        self._called(upload_id, number, digest, told.get("ETag", "").strip('"'))

    def finish(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """See `Parts.finish`."""
        _check_id(path, upload_id)
        tags = self._tags.get(upload_id, {})
        done = [
            {
                "part_number": number,
                "etag": tags.get((number, part.digest), part.digest),
                "size": part.size,
            }
            for number, part in enumerate(parts, 1)
        ]
        self._told("complete", path, {"upload_id": upload_id, "parts": done}, _Completed)
        self._forget(upload_id)

    def abort(self, path: str, upload_id: str) -> None:
        """See `Parts.abort`."""
        self._forget(upload_id)
        with suppress(Vanished):
            _check_id(path, upload_id)
            self._told("abort", path, {"upload_id": upload_id}, _Completed)

    def _called(self, upload_id: str, number: int, digest: str, tag: str) -> None:
        if tag and tag != digest:
            self._tags.setdefault(upload_id, {})[number, digest] = tag

    def _forget(self, upload_id: str) -> None:
        self._addresses.pop(upload_id, None)
        self._tags.pop(upload_id, None)

    def _where(self, path: str) -> tuple[str, str]:
        folder, _, name = joined(self._base, safe_path(path)).rpartition("/")
        return folder, name

    def _told(self, verb: str, path: str, question: dict[str, Any], kind: type[Any]) -> Any:
        folder, name = self._where(path)
        whole = {"path": name} | question | self._extra
        return self._server.told("POST", address_of(f"mpu/{verb}", folder), whole, kind, path)

    def _address(self, path: str, upload_id: str, number: int) -> _Address | None:
        """Where a part goes; None when that is the server itself."""
        with self._lock:
            known = self._addresses.setdefault(upload_id, {})
            if number not in known:
                question = {
                    "upload_id": upload_id,
                    "part_numbers": [*range(number, min(number + _SIGNED_AT_ONCE, MOST_PARTS + 1))],
                    "size": 0,
                }
                created = self._told("create", path, question, _Created)
                known.update({one.part_number: one for one in created.credentials})
            found = known.get(number)
        return found if found is not None and "://" in found.url else None

    def _put_at(
        self, address: _Address, path: str, body: Body, size: int, digest: str
    ) -> str | None:
        """Send a part to the store; its ETag, None when the address is no good (any more)."""
        headers = address.headers | {"Content-Length": str(size)}
        url = address.url
        if self.algorithm == MD5:
            headers |= digest_header(Digest(MD5, 0, digest))
            url = url.replace(OPEN_MD5, quote(b64encode(bytes.fromhex(digest)).decode(), safe=""))
        session, where = at_store(url)
        silence = settings.MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT.get()
        try:
            with session.stream(
                "PUT",
                where,
                headers,
                body if size else None,
                retry=session in _reached,
                silence=silence,
                connect=_REACHED_WITHIN,
            ) as streamed:
                start = streamed.start()
                _reached.add(session)
                if streamed.status < 300:
                    return streamed.headers.get("ETag", "").strip('"')
                if streamed.status == 404:
                    raise Vanished(path)
                if b"BadDigest" in start or b"Md5Mismatch" in start:
                    raise Damaged(f"A part of {path!r} did not arrive as it was sent.")
                if streamed.status in _EXPIRED:
                    return None
                raise self._server.refusal("PUT", where, streamed.status, start, path)
        except Unanswered:
            self._server.reaches = session in _reached
            return None


class ForeignParts(SentParts):
    """Parts on an official server, whose store behind it takes them.

    It does not say what has arrived: what is interrupted begins anew, and the store removes the
    rest.
    """

    def __init__(self, server: Server, base: str) -> None:
        super().__init__(server, base, "", MD5, _LEAST_FOREIGN)

    def unfinished(self, path: str) -> list[Unfinished]:
        """Nothing that it would tell."""
        return []

    def begin(self, path: str, size: int, part_size: int) -> str:
        """See `Parts.begin`; all addresses come at once."""
        question = {"num_parts": count_of(size, part_size)}
        created: _Created = self._told("create", path, question, _Created)
        self._addresses[created.upload_id] = {one.part_number: one for one in created.credentials}
        return created.upload_id

    def put_part(
        self, path: str, upload_id: str, number: int, body: Body, size: int, digest: str
    ) -> None:
        """See `Parts.put_part`."""
        address = self._addresses.get(upload_id, {}).get(number)
        if address is None:
            raise Vanished(path)
        tag = self._put_at(address, path, body, size, digest)
        if tag is None:
            raise MlflowException(
                f"The store behind {self._server.base} did not take a part of {path!r}: it cannot "
                "be reached from here, or the time for it is over. Set "
                "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD=false to send through the server."
            )
        self._called(upload_id, number, digest, tag)

    def finish(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """See `Parts.finish`."""
        tags = self._tags.get(upload_id, {})
        addresses = self._addresses.get(upload_id, {})
        done = [
            {
                "part_number": number,
                "etag": tags.get((number, part.digest), part.digest),
                "url": addresses[number].url,
            }
            for number, part in enumerate(parts, 1)
        ]
        self._told("complete", path, {"upload_id": upload_id, "parts": done}, _Completed)
        self._forget(upload_id)


class Source:
    """A file in the store behind a server, read straight from there.

    Args:
        base, path: the file, and the folder that it is relative to.
    """

    def __init__(self, server: Server, base: str, path: str) -> None:
        self._server = server
        self._path = path
        self._whole = joined(base, safe_path(path))
        self._lock = threading.Lock()
        self._signed: _Signed | None = None

    @contextmanager
    def get(self, headers: Mapping[str, str], silence: float) -> Iterator[Streamed | None]:
        """The store's answer; None when the server is to be asked instead."""
        for _ in range(2):
            signed = self._address()
            if signed is None:
                break
            session, where = at_store(signed.url)
            try:
                with session.stream(
                    "GET",
                    where,
                    signed.headers | dict(headers),
                    retry=session in _reached,
                    silence=silence,
                    connect=_REACHED_WITHIN,
                ) as streamed:
                    _reached.add(session)
                    if streamed.status == 206:
                        yield streamed
                        return
                    if streamed.status not in _EXPIRED:
                        break
            except Unanswered:
                self._server.reaches = session in _reached
                break
            with self._lock:
                if self._signed is signed:
                    self._signed = None
        yield None

    def _address(self) -> _Signed | None:
        with self._lock:
            if self._signed is None:
                address = address_of("presigned", self._whole)
                try:
                    signed = self._server.told("GET", address, None, _Signed, self._path)
                except MlflowException:  # asking for the file itself says better why
                    return None
                self._signed = signed
            return self._signed


def _check_id(path: str, upload_id: str) -> None:
    if not upload_id:
        raise Vanished(path)


@lru_cache(16)
def _store(origin: str) -> Session:
    return Session(origin, store=True)


def at_store(url: str) -> tuple[Session, str]:
    """The connections to the store that an address names, and the rest of the address.

    Raises:
        InvalidUrlException: it is no address that can be asked.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:  # its text may hold a signature
        raise InvalidUrlException(f"The server names a store that is none: {error}.") from None
    where = parts.path or "/"
    return _store(f"{parts.scheme}://{parts.netloc}"), f"{where}?{parts.query}"


#: the stores that answered once
_reached: set[Session] = set()
