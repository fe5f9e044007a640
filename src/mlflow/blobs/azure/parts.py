"""Large blobs of Azure, put together from blocks that the store keeps until they are asked for.

The name of a block says which part of which upload it is, and its MD5, so the list of blocks that
are not used yet, which Azure gives for a blob, is all that a resume needs:

    number (4 bytes) | upload (8 bytes: seconds when it began, and chance) | MD5 (16 bytes)

Two more blocks of one byte tell how an upload began, with the sizes in place of the MD5, and that
it was thrown away. Azure itself removes blocks that nobody used for a week, and those that are left
when another upload of the same blob is finished. Nothing of it can be removed before that.
"""

import mimetypes
import re
import secrets
import struct
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from mlflow._http import Session, Unanswered
from mlflow.blobs.digests import MD5, of, of_parts
from mlflow.blobs.place import Body, Damaged, Part, Unfinished, Vanished
from mlflow.blobs.uri import joined
from mlflow.exceptions import TEMPORARILY_UNAVAILABLE, MlflowException

if TYPE_CHECKING:
    from mlflow.blobs.azure.place import AzureBucket

_NAME = struct.Struct(">I8s16s")
_ID = re.compile(r"[0-9a-f]{16}")
_SIZES = struct.Struct(">QQ")
_BEGUN = 0
_THROWN_AWAY = 0xFFFFFFFF
_NO_MD5 = bytes(16)
_MD5_OF_NOTHING = of(MD5, ())
#: seconds for which an address that we use ourselves is good
_SIGNED_FOR = 3600.0
_MOST_KNOWN = 1000


class _Block(NamedTuple):
    """A block that is not used yet; `name` as Azure writes it."""

    name: str
    number: int
    upload_id: str
    tail: bytes
    size: int


class AzureParts:
    """See `Parts`.

    Args:
        prefix: what all keys begin with.
    """

    algorithm = MD5
    least_part = 1

    def __init__(self, bucket: "AzureBucket", prefix: str = "") -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._begun: set[tuple[str, str]] = set()
        self._sessions: dict[str, Session] = {}

    def unfinished(self, path: str) -> list[Unfinished]:
        """See `Parts.unfinished`."""
        found = _uploads(self._blocks(joined(self._prefix, path)))
        return sorted(found.values(), key=lambda each: each.started, reverse=True)

    def begin(self, path: str, size: int, part_size: int) -> str:
        """See `Parts.begin`."""
        upload_id = int(time.time()).to_bytes(4, "big").hex() + secrets.token_hex(4)
        key = joined(self._prefix, path)
        self._put_block(key, _BEGUN, upload_id, _SIZES.pack(size, part_size), lambda: [b"b"], 1)
        self._know(key, upload_id)
        return upload_id

    def put_part(
        self, path: str, upload_id: str, number: int, body: Body, size: int, digest: str
    ) -> None:
        """See `Parts.put_part`."""
        key = joined(self._prefix, path)
        if (key, upload_id) not in self._begun:
            if upload_id not in _uploads(self._blocks(key)):
                raise Vanished(path)
            self._know(key, upload_id)
        if not size:  # a block has at least one byte
            return
        self._put_block(key, number, upload_id, bytes.fromhex(digest), body, size, digest)

    def sign_part(self, path: str, upload_id: str, number: int, seconds: float) -> str:
        """A URL to which anybody can send a part for some time; see `Objects.sign`.

        Who sends it may put the MD5 of the part where it is left open, so that a resume knows it.
        """
        key = joined(self._prefix, path)
        url = self._bucket.sign("PUT", key, seconds, {"comp": "block"}, {})
        name = _name(number, upload_id, _NO_MD5)
        return f"{url}&blockid={quote(name, safe='')}"

    def finish(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """See `Parts.finish`."""
        key = joined(self._prefix, path)
        blocks = [block for block in self._blocks(key) if block.upload_id == upload_id]
        if not blocks or any(block.number == _THROWN_AWAY for block in blocks):
            # The answer to an earlier attempt may have been lost.
            if not self._is_there(key, parts):
                raise Vanished(path)
            return
        names, whole = _chosen(path, blocks, parts)
        chosen = "".join(f"<Uncommitted>{name}</Uncommitted>" for name in names)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{chosen}</BlockList>'.encode()
        headers = {
            "Content-Length": str(len(body)),
            "Content-Type": "application/xml",
            "x-ms-blob-content-type": mimetypes.guess_type(key)[0] or "application/octet-stream",
            "x-ms-meta-millstream_digest": str(
                of_parts(MD5, whole[0].size, [part.digest for part in whole])
            ),
        }
        self._ask("PUT", key, {"comp": "blocklist"}, headers, lambda: [body], path)
        self._begun.discard((key, upload_id))

    def abort(self, path: str, upload_id: str) -> None:
        """See `Parts.abort`."""
        key = joined(self._prefix, path)
        self._begun.discard((key, upload_id))
        if upload_id in _uploads(self._blocks(key)):
            self._put_block(key, _THROWN_AWAY, upload_id, _NO_MD5, lambda: [b"t"], 1)

    # -- inside --------------------------------------------------------------------------

    def _know(self, key: str, upload_id: str) -> None:
        if len(self._begun) >= _MOST_KNOWN:
            self._begun.clear()
        self._begun.add((key, upload_id))

    def _put_block(
        self,
        key: str,
        number: int,
        upload_id: str,
        tail: bytes,
        body: Body,
        size: int,
        digest: str = "",
    ) -> None:
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        if digest:
            headers["Content-MD5"] = b64encode(bytes.fromhex(digest)).decode()
        query = {"comp": "block", "blockid": _name(number, upload_id, tail)}
        self._ask("PUT", key, query, headers, body if size else None)

    def _blocks(self, key: str) -> list[_Block]:
        """The blocks of a blob that are not used yet and that we know."""
        query = {"comp": "blocklist", "blocklisttype": "uncommitted"}
        answer = self._ask("GET", key, query, {}, None)
        if answer is None:
            return []
        found = []
        for block in ElementTree.fromstring(answer).iterfind("UncommittedBlocks/Block"):
            name = block.findtext("Name", "")
            raw = b64decode(name)
            if len(raw) == _NAME.size:
                number, upload, tail = _NAME.unpack(raw)
                size = int(block.findtext("Size", "0"))
                found.append(_Block(name, number, upload.hex(), tail, size))
        return found

    def _is_there(self, key: str, parts: Sequence[Part]) -> bool:
        item = self._bucket.look(key)
        if item is None or item.digest is None or not parts:
            return False
        return item.digest == of_parts(MD5, parts[0].size, [part.digest for part in parts])

    def _ask(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        headers: dict[str, str],
        body: Body | None,
        path: str = "",
    ) -> bytes | None:
        """The answer's body; None where there is no such blob."""
        url = self._bucket.address(method, key, _SIGNED_FOR, {})
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        session = self._sessions.setdefault(origin, Session(origin, login=False, store=True))
        where = f"{parts.path}?{parts.query}&{urlencode(query)}"
        try:
            with session.stream(method, where, headers, body) as streamed:
                start = streamed.start()
                if streamed.status < 300:
                    return start + b"".join(streamed.pieces())
                if streamed.status == 404 and method == "GET" and b"BlobNotFound" in start:
                    return None
                if b"InvalidBlockList" in start:  # another upload of the blob was finished just now
                    raise Vanished(path)
                if streamed.status == 400 and b"md5" in start.lower():
                    raise Damaged(
                        f"A part of the artifact {key!r} did not arrive as it was sent: its MD5 "
                        "differs."
                    )
                raise self._bucket.refusal(streamed.status, start, key)
        except Unanswered as error:
            raise MlflowException(
                f"The artifact {key!r} in {self._bucket.where} cannot be sent or read: {error}. "
                "Try again later; what has arrived stays there.",
                TEMPORARILY_UNAVAILABLE,
            ) from None


def _name(number: int, upload_id: str, tail: bytes) -> str:
    # An id that is none of ours gives a block that belongs to no upload.
    known = _ID.fullmatch(upload_id) is not None
    upload = bytes.fromhex(upload_id if known else of(MD5, [upload_id.encode()])[:16])
    return b64encode(_NAME.pack(number, upload, tail)).decode()


def _uploads(blocks: Sequence[_Block]) -> dict[str, Unfinished]:
    """What has begun and was not thrown away, by its id."""
    thrown = {block.upload_id for block in blocks if block.number == _THROWN_AWAY}
    found: dict[str, Unfinished] = {}
    for block in blocks:
        if block.number == _BEGUN and block.upload_id not in thrown:
            size, part_size = _SIZES.unpack(block.tail)
            started = float(int(block.upload_id[:8], 16))
            found[block.upload_id] = Unfinished(
                block.upload_id, part_size or None, size or None, started, {}
            )
    for block in blocks:
        upload = found.get(block.upload_id)
        # One without an MD5 was sent by somebody else; nobody can tell what is in it.
        if upload is not None and block.number != _BEGUN and block.tail != _NO_MD5:
            parts = {**upload.parts, block.number: Part(block.tail.hex(), block.size)}
            found[block.upload_id] = upload._replace(parts=parts)
    return found


def _chosen(
    path: str, blocks: Sequence[_Block], parts: Sequence[Part]
) -> tuple[list[str], list[Part]]:
    """The names of the blocks that a file consists of, and its parts as they are.

    Raises:
        Damaged: a part is missing, or is another one.
    """
    by_number: dict[int, list[_Block]] = {}
    for block in blocks:
        by_number.setdefault(block.number, []).append(block)
    names, whole, wrong = [], [], []
    for number, part in enumerate(parts, start=1):
        if part.digest == _MD5_OF_NOTHING:
            whole.append(part)
            continue
        fitting = [
            block
            for block in by_number.get(number, ())
            if (block.tail.hex() == part.digest or block.tail == _NO_MD5 or not part.digest)
            and part.size in (0, block.size)
        ]
        # One that says its MD5 is sure to be the right one.
        fitting.sort(key=lambda block: block.tail == _NO_MD5)
        if fitting:
            names.append(fitting[0].name)
            whole.append(Part(part.digest or fitting[0].tail.hex(), fitting[0].size))
        else:
            wrong.append(number)
    if wrong or not parts:
        shown = ", ".join(map(str, wrong[:10])) + (" …" if len(wrong) > 10 else "")
        raise Damaged(
            f"The artifact {path!r} cannot be put together: part {shown} is missing or is another "
            "one. Send it again."
        )
    return names, whole
