"""A bucket by way of the library `obstore`, for Google and Azure.

The library has threads of its own, which a forked child does not have: there it would wait for
ever, so we say so instead.
"""

import os
import queue
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NoReturn

from mlflow import environment_variables as settings
from mlflow._addresses import hidden
from mlflow.blobs.digests import Digest
from mlflow.blobs.objects.buckets import Item, Large
from mlflow.blobs.place import PIECE, BrokenOff, Changed, NoRoom
from mlflow.exceptions import (
    INVALID_STATE,
    NOT_IMPLEMENTED,
    PERMISSION_DENIED,
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
    MlflowNotImplementedException,
    invalid,
)

_PAGE = 1000
#: the process in which the library was first used
_used_in: int | None = None
_CODE = re.compile(r"<Code>\s*(\w+)\s*</Code>|\bcode: \"(\w+)\"")
_STATUS = re.compile(r"\bstatus(?: code)?:? (\d{3})|\b([45]\d{2}) [A-Z][a-z]+")
_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound"})
_SKEWED = frozenset({"RequestTimeTooSkewed"})
_FULL = frozenset({"QuotaExceeded", "AccountStorageLimitExceeded", "StorageFull"})
_UNKNOWN = frozenset(
    {"AuthenticationFailed", "InvalidAuthenticationInfo", "InvalidAccessKeyId", "InvalidToken"}
    | {"NoAuthenticationInformation", "SignatureDoesNotMatch", "ExpiredToken"}
)


def opened(kind: Callable[..., Any], name: str, config: Any, where: str, *, plain: bool) -> Any:
    """A store of the library, which connects and tries again by our settings.

    Args:
        kind: the library's class.
        name: of the bucket or container.
        config: what the library calls so.
        where: what is opened, for the error.
        plain: whether its address is `http://`.

    Raises:
        MlflowException: the library refuses the name or the credentials.
    """
    seconds = settings.MLFLOW_HTTP_REQUEST_TIMEOUT.get()
    options = {
        # Time-outs are about progress.
        "connect_timeout": timedelta(seconds=min(seconds, 30.0)),
        "read_timeout": timedelta(seconds=seconds),
        "timeout": timedelta(days=1),
    }
    if plain:
        options["allow_http"] = True  # type: ignore[assignment]
    try:
        return kind(name, config=config, client_options=options, retry_config=_retries())
    except Exception as error:
        reason = hidden(str(error)).partition("Debug source")[0].strip()
        raise invalid(f"{where[0].upper()}{where[1:]} cannot be opened: {reason}") from None


def _retries() -> dict[str, Any]:
    """How often the library tries again, by our settings."""
    factor = settings.MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR.get()
    return {
        "max_retries": settings.MLFLOW_HTTP_REQUEST_MAX_RETRIES.get(),
        "backoff": {
            "init_backoff": timedelta(seconds=max(factor, 0.001)),
            "max_backoff": timedelta(seconds=120),
            "base": 2,
        },
        "retry_timeout": timedelta(minutes=10),
    }


class ObstoreBucket:
    """A bucket; see `buckets.Bucket`. What differs between kinds is in `digest` and `sign`.

    Args:
        store: of the library.
        where: the bucket and its address, for messages.
    """

    def __init__(self, store: Any, where: str) -> None:
        self.store = store
        self.where = where

    def digest(self, meta: Mapping[str, Any], attributes: Mapping[str, Any]) -> Digest | None:
        """The digest that an object's metadata tells for certain."""
        return None

    def likely(self, meta: Mapping[str, Any]) -> Digest | None:
        """The digest that a listing probably tells."""
        return None

    # -- see Bucket --------------------------------------------------------------------------

    def put(self, key: str, body: bytes) -> None:
        """See `Bucket.put`."""
        with self._asking(key) as obstore:
            obstore.put(self.store, key, body, use_multipart=False)

    def large(self, key: str, part_size: int) -> Large:
        """See `Bucket.large`."""
        return ObstoreLarge(self, key, part_size)

    def copy(self, source: str, target: str) -> None:
        """See `Bucket.copy`."""
        with self._asking(source) as obstore:
            obstore.copy(self.store, source, target)

    @contextmanager
    def get(
        self, key: str, start: int, length: int | None, tag: str
    ) -> "Iterator[ObstoreOpened | None]":
        """See `Bucket.get`."""
        item = None
        if start or length is not None:
            # Ranges that reach behind the end are refused in different ways.
            item = self.look(key)
            end = None if item is None else item.size if length is None else start + length
            if item is None or end is None or min(end, item.size) <= start:
                yield None if item is None else ObstoreOpened(self, item, 0, None)
                return
        options: dict[str, Any] = {"if_match": tag} if tag else {}
        if item is not None:
            options["range"] = (start, item.size if length is None else start + length)
        try:
            with self._asking(key) as obstore:
                result = obstore.get(self.store, key, options=options)
        except FileNotFoundError:
            yield None
            return
        here = result.range[1] - result.range[0]
        yield ObstoreOpened(self, self._item(result.meta, result.attributes), here, result)

    def look(self, key: str) -> Item | None:
        """See `Bucket.look`."""
        try:
            with self._asking(key) as obstore:
                result = obstore.get(self.store, key, options={"head": True})
        except FileNotFoundError:
            return None
        return self._item(result.meta, result.attributes)

    def list(self, prefix: str, *, flat: bool) -> Iterator[Item]:
        """See `Bucket.list`."""
        try:
            with self._asking("") as obstore:
                if flat:
                    for page in obstore.list(self.store, prefix or None, chunk_size=_PAGE):
                        yield from map(self._listed, page)
                    return
                found = obstore.list_with_delimiter(self.store, prefix or None)
        except FileNotFoundError:
            return
        yield from (Item(f"{folder}/") for folder in found["common_prefixes"])
        yield from map(self._listed, found["objects"])

    def delete(self, keys: Sequence[str]) -> None:
        """See `Bucket.delete`."""
        try:
            with self._asking("") as obstore:
                obstore.delete(self.store, list(keys))
        except FileNotFoundError:
            # One that was not there may have kept the others.
            if len(keys) > 1:
                for key in keys:
                    self.delete([key])

    def sign(
        self,
        method: str,
        key: str,
        seconds: float,
        query: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> str:
        """See `Bucket.sign`."""
        if query or headers:
            raise MlflowNotImplementedException(
                f"{self.where[0].upper()}{self.where[1:]} has no signed URLs for parts."
            )
        with self._asking(key) as obstore:
            url: str = obstore.sign(self.store, method, key, timedelta(seconds=seconds))
            return url

    def sweep(self, prefix: str, older_than: float, *, dry: bool) -> tuple[int, int]:
        """See `Bucket.sweep`. The library shows no unfinished objects."""
        return 0, 0

    # -- inside --------------------------------------------------------------------------

    @contextmanager
    def _asking(self, key: str) -> Iterator[Any]:
        """The library, whose errors become ours; FileNotFoundError where there is no object."""
        global _used_in
        import obstore

        if _used_in is None:
            _used_in = os.getpid()
        if _used_in != os.getpid():
            raise MlflowException(
                f"{self.where[0].upper()}{self.where[1:]} cannot be used in a process that was "
                "forked after the first use: start processes by 'spawn' or 'forkserver', as "
                "multiprocessing.set_start_method('spawn') does.",
                INVALID_STATE,
            )
        try:
            yield obstore
        except FileNotFoundError as error:
            if _code(str(error)) in _NO_BUCKET:
                self._raise(error, key)
            raise
        except obstore.exceptions.PreconditionError:
            raise Changed(key) from None
        except obstore.exceptions.BaseError as error:
            self._raise(error, key)

    def _raise(self, error: Exception, key: str) -> NoReturn:
        """The error as a sentence; the library's own text shows addresses and headers."""
        shown = str(error).partition("Debug source:")[0]
        code, status = _code(shown), _status(shown)
        name = type(error).__name__
        about = f"The artifact {key!r} in {self.where}" if key else self.where
        about = about[0].upper() + about[1:]
        if code in _NO_BUCKET:
            kind, reason = RESOURCE_DOES_NOT_EXIST, "there is no such bucket or container"
        elif code in _SKEWED:
            kind, reason = (
                PERMISSION_DENIED,
                "the clock of this machine differs too much from that of the store",
            )
        elif code in _FULL or status == 507:
            raise NoRoom(f"{about} cannot be kept: the store or its quota is full.") from None
        elif code in _UNKNOWN or name == "UnauthenticatedError" or status == 401:
            kind, reason = PERMISSION_DENIED, f"its credentials are not accepted ({code or 401})"
        elif name == "PermissionDeniedError" or status == 403:
            kind, reason = PERMISSION_DENIED, "access is denied to these credentials"
        elif name == "NotSupportedError":
            kind, reason = NOT_IMPLEMENTED, "the store cannot do this"
        elif status is not None and status < 500:
            kind, reason = INVALID_STATE, f"the store answers with status {status} ({code})"
        else:
            kind = TEMPORARILY_UNAVAILABLE
            reason = f"the store answers with status {status}" if status else "it does not answer"
            reason += ". Try again later; what has arrived stays there"
        raise MlflowException(f"{about} cannot be used: {reason}.", kind) from None

    def _item(self, meta: Mapping[str, Any], attributes: Mapping[str, Any]) -> Item:
        return self._listed(meta)._replace(digest=self.digest(meta, attributes))

    def _listed(self, meta: Mapping[str, Any]) -> Item:
        return Item(
            meta["path"],
            meta["size"],
            meta["e_tag"] or "",
            meta["last_modified"].timestamp(),
            likely=self.likely(meta),
        )


class ObstoreOpened:
    """See `buckets.Opened`."""

    def __init__(self, bucket: ObstoreBucket, item: Item, size: int, result: Any) -> None:
        self.item = item
        self.size = size
        self._bucket = bucket
        self._result = result

    def pieces(self) -> Iterator[bytes]:
        """The content; BrokenOff when it ends early."""
        left = self.size
        try:
            with self._bucket._asking(self.item.key):
                for piece in self._result.stream(min_chunk_size=PIECE) if left else ():
                    left -= len(piece)
                    yield bytes(piece)
        except MlflowException as error:
            raise BrokenOff(self.item.key, error) from None
        if left:
            raise BrokenOff(self.item.key, f"{left} bytes are missing")


class ObstoreLarge:
    """See `buckets.Large`. The library takes parts from an iterator, in a thread of its own."""

    def __init__(self, bucket: ObstoreBucket, key: str, part_size: int) -> None:
        self._parts: queue.Queue[bytes | None] = queue.Queue(maxsize=1)
        self._given_up = False
        self._ended = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, args=(bucket, key, part_size), daemon=True, name="mlflow-object"
        )
        self._thread.start()

    def _run(self, bucket: ObstoreBucket, key: str, part_size: int) -> None:
        try:
            with bucket._asking(key) as obstore:
                obstore.put(
                    bucket.store, key, self._given(), chunk_size=part_size, max_concurrency=2
                )
        except BaseException as error:
            self._failure = error
        while not self._ended:  # it broke off: whoever adds must not wait for ever
            self._ended = self._parts.get() is None

    def _given(self) -> Iterator[bytes]:
        while (part := self._parts.get()) is not None:
            yield part
        self._ended = True
        if self._given_up:
            raise ValueError("given up")  # makes the library throw the parts away

    def add(self, part: bytes) -> None:
        """Send the next part."""
        if self._failure is not None:
            self._end()
        self._parts.put(part)

    def finish(self) -> None:
        """Make the object visible."""
        self._end()

    def abort(self) -> None:
        """Throw the parts away."""
        self._given_up = True
        if self._thread.is_alive():
            self._parts.put(None)
        self._thread.join()

    def _end(self) -> None:
        if self._thread.is_alive():
            self._parts.put(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure


def _code(text: str) -> str:
    found = _CODE.search(text)
    return (found[1] or found[2]) if found else ""


def _status(text: str) -> int | None:
    found = _STATUS.search(text)
    return int(found[1] or found[2]) if found else None
