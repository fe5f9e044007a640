"""Large objects of S3, put together from parts that the store keeps until they are asked for.

The store knows each part by its number, MD5 and size, so what has arrived is found there again by
any process on any machine.
"""

import hashlib
import re
import time
from base64 import b64encode
from collections.abc import Sequence

from mlflow.blobs.digests import MD5, count_of, of_parts, part_size_for, span_of
from mlflow.blobs.place import Body, Damaged, Part, Parts, Unfinished, Vanished
from mlflow.blobs.s3.answers import PART_SIZE, Failure, document, seconds_of, text
from mlflow.blobs.s3.bucket import Answered, S3Bucket
from mlflow.blobs.s3.signing import quoted
from mlflow.blobs.uri import joined

_LEAST = 5 * 1024 * 1024
_UPLOAD = re.compile(r"[A-Za-z0-9._~+/=-]{16,1024}")


class S3Parts:
    """See `Parts`.

    Args:
        prefix: what all keys begin with.
    """

    algorithm = MD5
    least_part = _LEAST
    #: entries of a listing in one answer
    page = 1000

    def __init__(self, bucket: S3Bucket, prefix: str = "") -> None:
        self._bucket = bucket
        self._prefix = prefix

    def unfinished(self, path: str) -> list[Unfinished]:
        """See `Parts.unfinished`."""
        key = joined(self._prefix, path)
        found = []
        for there, upload_id, started in self.uploads(key):
            if there != key:
                continue
            try:
                parts = self.parts_of(key, upload_id)
            except Vanished:  # it was finished while we looked
                continue
            # Of two parts at least one is not the last, and so no smaller than any.
            is_known = 1 in parts or len(parts) > 1
            part_size = max(part.size for part in parts.values()) if is_known else None
            found.append(Unfinished(upload_id, part_size, None, started, parts))
        return sorted(found, key=lambda each: each.started, reverse=True)

    def uploads(self, prefix: str) -> list[tuple[str, str, float]]:
        """Key, upload id and start of all that is unfinished below a prefix."""
        query = {"uploads": "", "prefix": prefix, "max-uploads": str(self.page)}
        found = []
        while True:
            page = self._bucket.document(self._bucket.ask("GET", query=query))
            for upload in page.iterfind("{*}Upload"):
                started = seconds_of(text(upload, "Initiated"))
                found.append((text(upload, "Key"), text(upload, "UploadId"), started))
            key, upload_id = text(page, "NextKeyMarker"), text(page, "NextUploadIdMarker")
            if text(page, "IsTruncated") != "true" or not key:
                return found
            query |= {"key-marker": key, "upload-id-marker": upload_id}

    def parts_of(self, key: str, upload_id: str) -> dict[int, Part]:
        """The parts that have arrived, by their numbers.

        Raises:
            Vanished: there is no such unfinished object.
        """
        query = {"uploadId": upload_id, "max-parts": str(self.page)}
        found: dict[int, Part] = {}
        while True:
            page = self._bucket.document(self._bucket.ask("GET", key, query))
            for part in page.iterfind("{*}Part"):
                digest = text(part, "ETag").strip('"')
                found[int(text(part, "PartNumber"))] = Part(digest, int(text(part, "Size")))
            more = text(page, "NextPartNumberMarker")
            if text(page, "IsTruncated") != "true" or not more:
                return found
            query["part-number-marker"] = more

    def begin(self, path: str, size: int, part_size: int) -> str:
        """See `Parts.begin`."""
        key = joined(self._prefix, path)
        headers = self._bucket.new_headers(key)
        if part_size:
            headers[PART_SIZE] = str(part_size)
        answer = self._bucket.ask("POST", key, {"uploads": ""}, headers, b"")
        return text(self._bucket.document(answer), "UploadId")

    def sign_part(self, path: str, upload_id: str, number: int, seconds: float) -> str:
        """A URL to which anybody can send a part for some time; see `Objects.sign`."""
        query = {"partNumber": str(number), "uploadId": upload_id}
        return self._bucket.sign("PUT", joined(self._prefix, path), seconds, query, {})

    def put_part(
        self, path: str, upload_id: str, number: int, body: Body, size: int, digest: str
    ) -> None:
        """See `Parts.put_part`."""
        _known(path, upload_id)
        headers = {
            "Content-Length": str(size),
            "Content-MD5": b64encode(bytes.fromhex(digest)).decode(),
        }
        query = {"partNumber": str(number), "uploadId": upload_id}
        key = joined(self._prefix, path)
        with self._bucket.request("PUT", key, query, headers, body) as streamed:
            etag = streamed.headers.get("ETag", "").strip('"')
            streamed.start()  # the body is empty; reading it to its end keeps the connection
        if etag != digest and not self._bucket.sealed:
            raise Damaged(
                f"Part {number} of the artifact {path!r} did not arrive as it was sent: the store "
                f"says that its MD5 is {etag or 'none'}."
            )

    def finish(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """See `Parts.finish`."""
        _known(path, upload_id)
        key = joined(self._prefix, path)
        try:
            self._complete(key, upload_id, self._tags(key, path, upload_id, parts))
        except Vanished:
            # The answer to an earlier attempt may have been lost.
            if not self._is_there(key, parts):
                raise Vanished(path) from None

    def abort(self, path: str, upload_id: str) -> None:
        """See `Parts.abort`."""
        if not _UPLOAD.fullmatch(upload_id):
            return
        self._bucket.ask("DELETE", joined(self._prefix, path), {"uploadId": upload_id}, good=(404,))

    def _complete(self, key: str, upload_id: str, tags: Sequence[str]) -> None:
        entries = "".join(
            f'<Part><PartNumber>{number}</PartNumber><ETag>"{tag}"</ETag></Part>'
            for number, tag in enumerate(tags, start=1)
        )
        body = f"<CompleteMultipartUpload>{entries}</CompleteMultipartUpload>".encode()
        headers = {"Content-Type": "application/xml"}
        answer = self._bucket.ask("POST", key, {"uploadId": upload_id}, headers, body)
        refused(self._bucket, key, answer)

    def _is_there(self, key: str, parts: Sequence[Part]) -> bool:
        item = self._bucket.look(key)
        if item is None or item.size != sum(part.size for part in parts):
            return False
        whole = of_parts(MD5, parts[0].size, [part.digest for part in parts]).value
        return item.tag.strip('"').partition("-")[0] in (whole, parts[0].digest)

    def _tags(self, key: str, path: str, upload_id: str, parts: Sequence[Part]) -> list[str]:
        """What the store calls these parts: their MD5, unless it encrypts them.

        Raises:
            Damaged: they are others, or are missing.
        """
        there = self.parts_of(key, upload_id)
        wrong = [
            number
            for number, part in enumerate(parts, start=1)
            if number not in there
            or there[number].size != part.size
            or (there[number].digest != part.digest and not self._bucket.sealed)
        ]
        if wrong:
            shown = ", ".join(map(str, wrong[:10])) + (" …" if len(wrong) > 10 else "")
            raise Damaged(
                f"The artifact {path!r} cannot be put together: part {shown} is missing or is "
                "another one. Send it again."
            )
        return [there[number].digest for number in range(1, len(parts) + 1)]


def _known(path: str, upload_id: str) -> None:
    """Refuse what no store gives as the name of an upload; some answer it with strange errors."""
    if not _UPLOAD.fullmatch(upload_id):
        raise Vanished(path)


def refused(bucket: S3Bucket, key: str, answer: Answered) -> None:
    """Raise what an answer says in spite of its status.

    Putting together and copying take minutes; the status of 200 is on its way long before.
    """
    found = document(answer.body.strip())
    if found is not None and found.tag.rpartition("}")[2] == "Error":
        raise Failure(500, text(found, "Code")).error(bucket.where, key)


class S3(S3Bucket):
    """A bucket with all that `buckets.Bucket` asks for."""

    #: bytes that one request may copy, less than the 5 GiB that are allowed
    largest_copy = 1024**3

    def large(self, key: str, part_size: int) -> "S3Large":
        """See `Bucket.large`."""
        return S3Large(S3Parts(self), key, part_size)

    def copy(self, source: str, target: str) -> None:
        """See `Bucket.copy`. What is larger than one request may copy is copied in parts."""
        item = self.look(source)
        if item is None:
            raise Vanished(source)
        given = {"x-amz-copy-source": quoted(f"/{self.name}/{source}")}
        if item.size <= self.largest_copy:
            answer = self.ask("PUT", target, headers=given | self.kept_headers(), body=b"")
            refused(self, target, answer)
            return
        parts = S3Parts(self)
        part_size = item.digest.part_size if item.digest and item.digest.part_size else 0
        step = part_size or part_size_for(item.size)
        upload_id = parts.begin(target, item.size, part_size)
        sent = []
        for number in range(1, count_of(item.size, step) + 1):
            start, length = span_of(number, item.size, step)
            query = {"partNumber": str(number), "uploadId": upload_id}
            part = given | {"x-amz-copy-source-range": f"bytes={start}-{start + length - 1}"}
            answer = self.ask("PUT", target, query, part, b"")
            refused(self, target, answer)
            sent.append(Part(text(self.document(answer), "ETag").strip('"'), length))
        parts.finish(target, upload_id, sent)

    def sweep(self, prefix: str, older_than: float, *, dry: bool) -> tuple[int, int]:
        """See `Bucket.sweep`. Listings tell no time of a part: age counts from the beginning."""
        count = size = 0
        parts = S3Parts(self)
        for key, upload_id, started in parts.uploads(prefix):
            if time.time() - started < older_than:
                continue
            try:
                size += sum(part.size for part in parts.parts_of(key, upload_id).values())
            except Vanished:  # it was finished while we looked
                continue
            count += 1
            if not dry:
                parts.abort(key, upload_id)
        return count, size


class S3Large:
    """See `buckets.Large`."""

    def __init__(self, parts: Parts, key: str, part_size: int) -> None:
        self._parts = parts
        self._key = key
        self._upload_id = parts.begin(key, 0, part_size)
        self._sent: list[Part] = []

    def add(self, part: bytes) -> None:
        """Send the next part."""
        digest = hashlib.md5(part, usedforsecurity=False).hexdigest()
        number = len(self._sent) + 1
        self._parts.put_part(self._key, self._upload_id, number, lambda: [part], len(part), digest)
        self._sent.append(Part(digest, len(part)))

    def finish(self) -> None:
        """Make the object visible."""
        self._parts.finish(self._key, self._upload_id, self._sent)

    def abort(self) -> None:
        """Throw the parts away."""
        self._parts.abort(self._key, self._upload_id)
