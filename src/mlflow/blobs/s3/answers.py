"""What S3 answers: its documents, its errors, and what its ETags say of a content."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from mlflow.blobs.digests import MD5, Digest, count_of, part_size_for
from mlflow.blobs.place import Damaged, NoRoom, Vanished
from mlflow.exceptions import (
    INTERNAL_ERROR,
    NOT_IMPLEMENTED,
    PERMISSION_DENIED,
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
    MlflowException,
)

#: the metadata of an object that says how large its parts were
PART_SIZE = "x-amz-meta-mlflow-part-size"
_ENCRYPTION = "x-amz-server-side-encryption"
_ETAG = re.compile(r"([0-9a-f]{32})(?:-(\d{1,5}))?")

_REFUSED = (
    "its credentials are not accepted ({code}). Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY "
    "and AWS_SESSION_TOKEN, or the profile"
)
_SENTENCES = {
    "AccessDenied": (PERMISSION_DENIED, "access is denied to these credentials"),
    "AuthFailure": (PERMISSION_DENIED, _REFUSED),
    "ExpiredToken": (PERMISSION_DENIED, "the credentials have expired; get new ones"),
    "InvalidAccessKeyId": (PERMISSION_DENIED, _REFUSED),
    "InvalidToken": (PERMISSION_DENIED, _REFUSED),
    "NoSuchBucket": (RESOURCE_DOES_NOT_EXIST, "there is no such bucket"),
    "RequestTimeTooSkewed": (
        PERMISSION_DENIED,
        "the clock of this machine differs too much from that of the store; set it right",
    ),
    "SignatureDoesNotMatch": (PERMISSION_DENIED, _REFUSED),
    "TokenRefreshRequired": (PERMISSION_DENIED, "the credentials have expired; get new ones"),
}
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "StorageFull"})
_DAMAGED = frozenset({"BadDigest", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"})


class Failure(NamedTuple):
    """An answer that is an error.

    Args:
        code: S3's word for it; empty where the store gives none.
        region: the right one, where the store names one.
    """

    status: int
    code: str = ""
    message: str = ""
    region: str = ""

    def error(self, where: str, path: str = "") -> MlflowException:
        """The error as a sentence.

        Args:
            where: the bucket and its address.
            path: the artifact that it was about.
        """
        about = f"The artifact {path!r} in {where}" if path else where[0].upper() + where[1:]
        if self.code == "NoSuchUpload":
            return Vanished(path)
        if self.code in _DAMAGED:
            return Damaged(
                f"{about} did not arrive as it was sent ({self.code}); it is not kept. Send it "
                "again."
            )
        if self.code in _FULL or self.status == 507:
            return NoRoom(f"{about} cannot be kept: the store or its quota is full.")
        if self.code in _SENTENCES:
            kind, sentence = _SENTENCES[self.code]
            return MlflowException(
                f"{about} cannot be used: {sentence.format(code=self.code)}.", kind
            )
        if self.status in (401, 403):
            return MlflowException(
                f"{about} cannot be used: access is denied to these credentials"
                f"{self._in_brackets()}.",
                PERMISSION_DENIED,
            )
        if self.status in (408, 429, 500, 502, 503, 504):
            return MlflowException(
                f"{about} cannot be used at the moment: the store answers with status "
                f"{self.status}{self._in_brackets()}. Try again later.",
                TEMPORARILY_UNAVAILABLE,
            )
        if self.status == 501:
            return MlflowException(f"{about}: the store cannot do this.", NOT_IMPLEMENTED)
        region = f" It is in the region {self.region!r}: set AWS_REGION." if self.region else ""
        return MlflowException(
            f"{about} cannot be used: the store answers with status {self.status}"
            f"{self._in_brackets()}.{region}",
            RESOURCE_DOES_NOT_EXIST if self.status == 404 else INTERNAL_ERROR,
        )

    def _in_brackets(self) -> str:
        return f" ({self.code})" if self.code else ""


def failure_of(status: int, body: bytes, headers: Mapping[str, str]) -> Failure:
    """What an answer says that is an error."""
    found = document(body)
    region = headers.get("x-amz-bucket-region", "")
    if found is None:
        return Failure(status, region=region)
    return Failure(
        status, text(found, "Code"), text(found, "Message"), region or text(found, "Region")
    )


def document(body: bytes) -> ElementTree.Element | None:
    """An answer's XML, None when it is none."""
    try:
        return ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return None


def text(element: ElementTree.Element, name: str) -> str:
    """The text of a child; empty when there is none."""
    return element.findtext(f"{{*}}{name}") or ""


def seconds_of(stamp: str) -> float:
    """The seconds since the epoch of a time as S3 writes it; 0 for what is none."""
    try:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def sealed(headers: Mapping[str, str]) -> bool:
    """Whether an object is encrypted so that its ETag is not made of its content."""
    kind = headers.get(_ENCRYPTION, "")
    return kind.startswith("aws:kms") or f"{_ENCRYPTION}-customer-algorithm" in headers


def digest_of(headers: Mapping[str, str], size: int) -> Digest | None:
    """The digest of an object of `size` bytes, None where its headers do not say it for certain."""
    found = _ETAG.fullmatch(headers.get("ETag", "").strip('"'))
    if found is None or sealed(headers):
        return None
    if found[2] is None:
        return Digest(MD5, 0, found[1])
    part_size = headers.get(PART_SIZE, "")
    if not part_size.isdigit() or int(part_size) < 1:
        return None
    return _composite(found[1], int(found[2]), int(part_size), size)


def likely_digest(etag: str, size: int) -> Digest | None:
    """What a listing's ETag says if the object is not encrypted and has our usual parts."""
    found = _ETAG.fullmatch(etag.strip('"'))
    if found is None:
        return None
    if found[2] is None:
        return Digest(MD5, 0, found[1])
    return _composite(found[1], int(found[2]), part_size_for(size), size)


def _composite(value: str, count: int, part_size: int, size: int) -> Digest | None:
    # The hash of the hash of one part is no digest of ours; parts of other sizes give others.
    if count < 2 or count_of(size, part_size) != count:
        return None
    return Digest(MD5, part_size, value)
