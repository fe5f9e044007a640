"""A bucket of S3 or of a store that speaks as S3 does, over HTTP with our own signatures.

Our own, because headers such as those of encryption must be signed, parts need signatures of their
own anyway, and connections of ours survive a fork.
"""

import hashlib
import json
import mimetypes
import os
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from mlflow import environment_variables as settings
from mlflow._http import Session, Streamed, Unanswered
from mlflow.blobs.objects.buckets import Item
from mlflow.blobs.place import BrokenOff, Changed
from mlflow.blobs.s3.answers import (
    Failure,
    digest_of,
    document,
    failure_of,
    likely_digest,
    sealed,
    seconds_of,
    text,
)
from mlflow.blobs.s3.credentials import Credentials
from mlflow.blobs.s3.signing import query_of, quoted, signed_headers, signed_url
from mlflow.exceptions import TEMPORARILY_UNAVAILABLE, MlflowException, invalid

#: entries of a listing in one answer
PAGE = 1000
#: bytes of an answer that is read as a whole
_MOST = 16 * 1024 * 1024
_REFRESHED = frozenset({"ExpiredToken", "InvalidToken", "TokenRefreshRequired"})
_ELSEWHERE = frozenset(
    {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"}
)
#: names of MLFLOW_S3_UPLOAD_EXTRA_ARGS, which are boto3's → headers
_EXTRA = {
    "ACL": "x-amz-acl",
    "BucketKeyEnabled": "x-amz-server-side-encryption-bucket-key-enabled",
    "CacheControl": "cache-control",
    "ContentDisposition": "content-disposition",
    "ContentEncoding": "content-encoding",
    "ContentLanguage": "content-language",
    "ContentType": "content-type",
    "Expires": "expires",
    "GrantFullControl": "x-amz-grant-full-control",
    "GrantRead": "x-amz-grant-read",
    "GrantReadACP": "x-amz-grant-read-acp",
    "GrantWriteACP": "x-amz-grant-write-acp",
    "ObjectLockLegalHoldStatus": "x-amz-object-lock-legal-hold",
    "ObjectLockMode": "x-amz-object-lock-mode",
    "ObjectLockRetainUntilDate": "x-amz-object-lock-retain-until-date",
    "SSEKMSEncryptionContext": "x-amz-server-side-encryption-context",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "StorageClass": "x-amz-storage-class",
    "Tagging": "x-amz-tagging",
    "WebsiteRedirectLocation": "x-amz-website-redirect-location",
}
#: those that a copy does not take over
_COPIED = ("x-amz-acl", "x-amz-grant", "x-amz-server-side", "x-amz-storage", "x-amz-object-lock")
#: those that every request carries
_EVERYWHERE = {
    "ExpectedBucketOwner": "x-amz-expected-bucket-owner",
    "RequestPayer": "x-amz-request-payer",
}


class S3Bucket:
    """A bucket; see `buckets.Bucket`.

    Args:
        name: of the bucket.
        region: where it is; another one that the store names is taken over.
        endpoint: address of a store that is not Amazon's.
        style: `auto`, `path` or `virtual`: whether the bucket is in the path or in the host name.
        credentials: what requests are signed with.
        extra: headers of new objects.
        everywhere: headers of all requests.
        unsafe: whether the store's certificate is not looked at.
    """

    def __init__(
        self,
        name: str,
        *,
        region: str,
        endpoint: str | None = None,
        style: str = "auto",
        credentials: Credentials | None = None,
        extra: Mapping[str, str] | None = None,
        everywhere: Mapping[str, str] | None = None,
        unsafe: bool = False,
    ) -> None:
        self.name = name
        self._region = region
        self._endpoint = endpoint.rstrip("/") if endpoint else None
        self._style = style
        self._unsafe = unsafe
        self._extra = dict(extra or {})
        self._everywhere = dict(everywhere or {})
        self._credentials = credentials or Credentials(region)
        self._session = self._connect()
        #: whether an answer showed that ETags here are not made of contents
        self.sealed = False

    @property
    def where(self) -> str:
        """The bucket and its address, for messages."""
        return f"the bucket {self.name!r} at {self._session.origin}"

    def _connect(self) -> Session:
        address = self._endpoint
        if address is None:
            tail = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
            address = f"https://s3.{self._region}.{tail}"
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise invalid(
                "The address of the S3 store is none: write https://host in "
                "MLFLOW_S3_ENDPOINT_URL or AWS_ENDPOINT_URL."
            )
        # A dot in the bucket's name would be one more level than certificates are good for.
        virtual = self._style == "virtual" or (
            self._style == "auto" and self._endpoint is None and "." not in self.name
        )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        standard = {"http": 80, "https": 443}[parts.scheme]
        port = f":{parts.port}" if parts.port not in (None, standard) else ""
        path = parts.path.rstrip("/")
        base = f"{parts.scheme}://{host}{port}{path}/{quoted(self.name)}"
        if virtual:
            base = f"{parts.scheme}://{self.name}.{host}{port}{path}"
        bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")
        return Session(base, store=True, bundle=bundle or None, unsafe=self._unsafe)

    # -- requests ------------------------------------------------------------------------

    @contextmanager
    def request(
        self,
        method: str,
        key: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: "Callable[[], Iterable[bytes]] | None" = None,
        *,
        good: tuple[int, ...] = (),
    ) -> Iterator[Streamed]:
        """One request, signed; made again while it fails in passing.

        Args:
            key: empty for the bucket itself.
            body: makes its pieces; `Content-Length` is in the headers.
            good: what is no error, beside 2xx.

        Raises:
            MlflowException: there is no answer, or it is an error.
        """
        for last in (False, True):
            with self._once(method, key, query or {}, headers or {}, body) as streamed:
                if streamed.status < 300 or streamed.status in good:
                    self.sealed = self.sealed or sealed(streamed.headers)
                    yield streamed
                    return
                failure = failure_of(streamed.status, streamed.start(), streamed.headers)
            if not failure.code and method == "HEAD":
                failure = self._in_words(key, failure)
            if failure.code == "NoSuchKey" and "uploadId" in (query or {}):
                failure = failure._replace(code="NoSuchUpload")  # Ceph's word for it
            if last or not self._mended(failure):
                raise failure.error(self.where, key)

    @contextmanager
    def _once(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: "Callable[[], Iterable[bytes]] | None",
    ) -> Iterator[Streamed]:
        address = self._address(key)
        signed = signed_headers(
            self._credentials.get(),
            self._region,
            method,
            address,
            query,
            self._everywhere | dict(headers),
        )
        target = address[len(self._session.base) :] or "/"
        if query:
            target += f"?{query_of(query)}"
        try:
            with self._session.stream(method, target, signed, body) as streamed:
                yield streamed
        except Unanswered as error:
            raise MlflowException(
                f"{self.where[0].upper()}{self.where[1:]} does not answer: {error}. Try again "
                "later; what has arrived stays there.",
                TEMPORARILY_UNAVAILABLE,
            ) from None

    def _address(self, key: str) -> str:
        return f"{self._session.base}/{quoted(key)}" if key else f"{self._session.base}/"

    def _mended(self, failure: Failure) -> bool:
        """Whether the same request may go well now."""
        if failure.code in _REFRESHED:
            self._credentials.forget()
            return True
        elsewhere = failure.code in _ELSEWHERE or failure.status == 301
        if elsewhere and failure.region not in ("", self._region):
            self._region = failure.region
            self._session = self._connect()
            return True
        return False

    def _in_words(self, key: str, failure: Failure) -> Failure:
        """The same refusal with the words that an answer to HEAD has no place for."""
        with self._once("GET", key, {}, {"Range": "bytes=0-0"}, None) as streamed:
            if streamed.status < 300:
                return failure
            return failure_of(streamed.status, streamed.start(), streamed.headers)

    def ask(
        self,
        method: str,
        key: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        good: tuple[int, ...] = (),
    ) -> "Answered":
        """An answer as a whole; see `request`."""
        given = dict(headers or {})
        if body is not None:
            given["Content-Length"] = str(len(body))
        make = None if body is None else lambda: [body] if body else []
        with self.request(method, key, query, given, make, good=good) as streamed:
            pieces = []
            try:
                for piece in streamed.pieces():
                    pieces.append(bytes(piece))
                    if sum(map(len, pieces)) > _MOST:
                        break
            except Unanswered as error:
                raise BrokenOff(key, error) from None
            return Answered(streamed.status, dict(streamed.headers), b"".join(pieces))

    def new_headers(self, key: str) -> dict[str, str]:
        """The headers of a new object."""
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        return {"content-type": kind} | self._extra

    def kept_headers(self) -> dict[str, str]:
        """The headers of an object that is a copy: what it is, is copied from the other."""
        return {name: value for name, value in self._extra.items() if name.startswith(_COPIED)}

    # -- see Bucket --------------------------------------------------------------------------

    def put(self, key: str, body: bytes) -> None:
        """See `Bucket.put`."""
        self.ask("PUT", key, headers=self.new_headers(key) | checked(body), body=body)

    @contextmanager
    def get(
        self, key: str, start: int, length: int | None, tag: str
    ) -> "Iterator[S3Opened | None]":
        """See `Bucket.get`."""
        headers = {}
        if start or length is not None:
            end = "" if length is None else str(start + max(length, 1) - 1)
            headers["Range"] = f"bytes={start}-{end}"
        if tag:
            headers["If-Match"] = tag
        with self.request("GET", key, headers=headers, good=(404, 412, 416)) as streamed:
            if streamed.status == 412:
                raise Changed(key)
            if streamed.status == 404:
                self._known(streamed)
                yield None
            elif streamed.status == 416 or length == 0:
                item = self.look(key)
                yield None if item is None else S3Opened(item, 0, None)
            else:
                yield _opened(key, streamed)

    def look(self, key: str) -> Item | None:
        """See `Bucket.look`."""
        answer = self.ask("HEAD", key, good=(404,))
        if answer.status == 404:
            return None
        return _item(key, answer.headers, int(answer.headers.get("Content-Length", "0")))

    def list(self, prefix: str, *, flat: bool, page: int = PAGE) -> Iterator[Item]:
        """See `Bucket.list`."""
        query = {"list-type": "2", "prefix": prefix, "max-keys": str(page)}
        if not flat:
            query["delimiter"] = "/"
        while True:
            found = self.document(self.ask("GET", query=query))
            for folder in found.iterfind("{*}CommonPrefixes"):
                yield Item(text(folder, "Prefix"))
            for entry in found.iterfind("{*}Contents"):
                size, tag = int(text(entry, "Size") or 0), text(entry, "ETag")
                yield Item(
                    text(entry, "Key"),
                    size,
                    tag,
                    seconds_of(text(entry, "LastModified")),
                    likely=likely_digest(tag, size),
                )
            more = text(found, "NextContinuationToken")
            if text(found, "IsTruncated") != "true" or not more:
                return
            query["continuation-token"] = more

    def delete(self, keys: Sequence[str]) -> None:
        """See `Bucket.delete`."""
        if len(keys) == 1:
            self.ask("DELETE", keys[0], good=(404,))
            return
        if not keys:
            return
        entries = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
        body = f"<Delete><Quiet>true</Quiet>{entries}</Delete>".encode()
        answer = self.ask("POST", query={"delete": ""}, headers=checked(body), body=body)
        for error in self.document(answer).iterfind("{*}Error"):
            if text(error, "Code") != "NoSuchKey":
                raise Failure(answer.status, text(error, "Code")).error(
                    self.where, text(error, "Key")
                )

    def sign(
        self,
        method: str,
        key: str,
        seconds: float,
        query: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> str:
        """See `Bucket.sign`."""
        return signed_url(
            self._credentials.get(),
            self._region,
            method,
            self._address(key),
            seconds,
            query,
            headers,
        )

    # -- inside --------------------------------------------------------------------------

    def document(self, answer: "Answered") -> Any:
        """The XML of an answer."""
        found = document(answer.body)
        if found is None:
            raise MlflowException(f"What {self.where} answered is no XML: is it an S3 store?")
        return found

    def _known(self, streamed: Streamed) -> None:
        """Tell a bucket that is not there from an object that is not."""
        failure = failure_of(404, streamed.start(), streamed.headers)
        if failure.code == "NoSuchBucket":
            raise failure.error(self.where)


class Answered:
    """An answer that was read to its end."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = _Headers({name.lower(): value for name, value in headers.items()})
        self.body = body


class _Headers(dict[str, str]):
    """Headers by their names in any spelling."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())


class S3Opened:
    """See `buckets.Opened`."""

    def __init__(self, item: Item, size: int, streamed: Streamed | None) -> None:
        self.item = item
        self.size = size
        self._streamed = streamed

    def pieces(self) -> Iterator[bytes]:
        """The content; BrokenOff when it ends early."""
        if self._streamed is None:
            return
        left = self.size
        try:
            for piece in self._streamed.pieces():
                left -= len(piece)
                yield piece
        except Unanswered as error:
            raise BrokenOff(self.item.key, error) from None
        if left:
            raise BrokenOff(self.item.key, f"{left} bytes are missing")


def checked(body: bytes) -> dict[str, str]:
    """The header that lets the store check a body."""
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return {"Content-MD5": b64encode(digest).decode()}


def _opened(key: str, streamed: Streamed) -> S3Opened:
    here = streamed.size or 0
    total = streamed.headers.get("Content-Range", "").rpartition("/")[2]
    size = int(total) if total.isdigit() else here
    return S3Opened(_item(key, streamed.headers, size), here, streamed)


def _item(key: str, headers: Mapping[str, str], size: int) -> Item:
    from email.utils import parsedate_to_datetime

    try:
        changed = parsedate_to_datetime(headers.get("Last-Modified", "")).timestamp()
    except (TypeError, ValueError):
        changed = 0.0
    return Item(key, size, headers.get("ETag", ""), changed, digest_of(headers, size))


def extra_headers() -> tuple[dict[str, str], dict[str, str]]:
    """What the settings add to new objects, and to all requests.

    Raises:
        MlflowException: MLFLOW_S3_UPLOAD_EXTRA_ARGS is no JSON object, or asks for what is not
            known.
    """
    new: dict[str, str] = {}
    everywhere: dict[str, str] = {}
    if owner := settings.MLFLOW_S3_EXPECTED_BUCKET_OWNER.get():
        everywhere["x-amz-expected-bucket-owner"] = owner
    given = settings.MLFLOW_S3_UPLOAD_EXTRA_ARGS.get()
    if not given:
        return new, everywhere
    try:
        arguments = json.loads(given)
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise invalid(
            "MLFLOW_S3_UPLOAD_EXTRA_ARGS is no JSON object: write "
            '{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "…"}.'
        )
    for name, value in arguments.items():
        if name == "Metadata" and isinstance(value, dict):
            new |= {f"x-amz-meta-{key.lower()}": str(each) for key, each in value.items()}
        elif name in _EVERYWHERE:
            everywhere[_EVERYWHERE[name]] = str(value)
        elif name in _EXTRA:
            new[_EXTRA[name]] = str(value).lower() if isinstance(value, bool) else str(value)
        else:
            known = ", ".join(sorted([*_EXTRA, *_EVERYWHERE, "Metadata"]))
            raise invalid(
                f"MLFLOW_S3_UPLOAD_EXTRA_ARGS has {name!r}, which cannot be sent. Known are "
                f"{known}."
            )
    return new, everywhere
