"""A fake of Google Cloud Storage, written from the documentation of its XML API.

There is no emulator of that API to be had. This one keeps objects in memory and checks the
signatures of signed addresses, but not who makes other requests.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import threading
import time
from calendar import timegm
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_KEPT = ("cache-control", "content-disposition", "content-encoding", "content-type")


class _Object(NamedTuple):
    content: bytes
    tag: str
    generation: int
    headers: dict[str, str]

    def described(self) -> dict[str, str]:
        """The headers of an answer about it."""
        return {
            "Content-Type": "application/octet-stream",
            **self.headers,
            "ETag": f'"{self.tag}"',
            "Last-Modified": formatdate(usegmt=True),
            "x-goog-generation": str(self.generation),
        }


class FakeGoogle(ThreadingHTTPServer):
    """The store; `buckets` are those that exist."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.RLock()
        self.buckets: set[str] = set()
        self.objects: dict[tuple[str, str], _Object] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.numbers = itertools.count(1000)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def write_credentials(self, path: Path, *, signs: bool = False) -> None:
        """Write the key file of a service account, for GOOGLE_APPLICATION_CREDENTIALS.

        Args:
            signs: with it addresses can be signed; other requests need Google's own login then.
        """
        pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        told = {
            "type": "service_account",
            "gcs_base_url": f"http://127.0.0.1:{self.server_port}",
            "disable_oauth": not signs,
            "client_email": "tests@example.invalid",
            "private_key": pem.decode(),
            "private_key_id": "1",
        }
        path.write_text(json.dumps(told))


@contextmanager
def run_fake_google() -> Iterator[FakeGoogle]:
    """The fake in a thread of this process."""
    with FakeGoogle() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: FakeGoogle
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *told: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self._handle()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        self._query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self._bucket, _, self._name = unquote(parts.path).lstrip("/").partition("/")
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            if "X-Goog-Signature" in self._query and not self._is_signed(parts.path):
                self._refuse(403, "SignatureDoesNotMatch")
            elif self._bucket not in self.server.buckets:
                self._refuse(404, "NoSuchBucket")
            elif "uploads" in self._query or "uploadId" in self._query:
                self._upload()
            elif self._query.get("list-type") == "2":
                self._list()
            elif self.command == "PUT":
                self._put(self._body)
            elif self.command == "DELETE":
                there = self.server.objects.pop((self._bucket, self._name), None)
                self._answer(204) if there else self._refuse(404, "NoSuchKey")
            else:
                self._get()
        # Who reads an answer slowly must not hold up others.
        self._send(*self._reply)

    # -- objects ---------------------------------------------------------------------

    def _put(self, content: bytes) -> _Object:
        headers = {
            name.lower(): value
            for name, value in self.headers.items()
            if name.lower() in _KEPT or name.lower().startswith("x-goog-meta-")
        }
        number = next(self.server.numbers)
        tag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        kept = _Object(content, tag, number, headers)
        self.server.objects[self._bucket, self._name] = kept
        self._answer(200, b"", kept.described())
        return kept

    def _get(self) -> None:
        kept = self.server.objects.get((self._bucket, self._name))
        if kept is None:
            self._refuse(404, "NoSuchKey")
            return
        wanted = self.headers.get("If-Match")
        if wanted is not None and wanted.strip('"') != kept.tag:
            self._refuse(412, "PreconditionFailed")
            return
        headers, size = kept.described(), len(kept.content)
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if span is None:
            self._answer(200, kept.content, headers)
            return
        start, end = int(span[1]), min(int(span[2] or size), size - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
        self._answer(206, kept.content[start : end + 1], headers)

    def _list(self) -> None:
        prefix, delimiter = self._query.get("prefix", ""), self._query.get("delimiter", "")
        after = self._query.get("continuation-token") or self._query.get("start-after", "")
        most = int(self._query.get("max-keys", 1000))
        entries: dict[str, str] = {}
        last = ""
        for (bucket, name), kept in sorted(self.server.objects.items()):
            if bucket != self._bucket or not name.startswith(prefix) or name <= after:
                continue
            if len(entries) == most:
                break
            head, found, _ = name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if found:
                folder = f"{prefix}{head}{delimiter}"
                entries[folder] = (
                    f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
                )
            else:
                entries[name] = (
                    f"<Contents><Key>{escape(name)}</Key><Size>{len(kept.content)}</Size>"
                    f'<ETag>"{kept.tag}"</ETag>'
                    "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                )
            last = name
        else:
            last = ""
        more = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if last else ""
        text = (
            f"<ListBucketResult>{''.join(entries.values())}"
            f"<IsTruncated>{'true' if last else 'false'}</IsTruncated>{more}</ListBucketResult>"
        )
        self._answer(200, text.encode())

    def _upload(self) -> None:
        uploads = self.server.uploads
        if "uploads" in self._query:
            upload_id = f"upload-{next(self.server.numbers)}"
            uploads[upload_id] = {}
            text = (
                f"<InitiateMultipartUploadResult><Bucket>{self._bucket}</Bucket>"
                f"<Key>{escape(self._name)}</Key><UploadId>{upload_id}</UploadId>"
                "</InitiateMultipartUploadResult>"
            )
            self._answer(200, text.encode())
            return
        upload_id = self._query["uploadId"]
        if upload_id not in uploads:
            self._refuse(404, "NoSuchUpload")
        elif self.command == "PUT":
            uploads[upload_id][int(self._query["partNumber"])] = self._body
            tag = hashlib.md5(self._body, usedforsecurity=False).hexdigest()
            self._answer(200, b"", {"ETag": f'"{tag}"'})
        elif self.command == "DELETE":
            del uploads[upload_id]
            self._answer(204)
        else:
            sent = uploads.pop(upload_id)
            numbers = re.findall(rb"<PartNumber>(\d+)", self._body)
            content = b"".join(sent[int(number)] for number in numbers)
            kept = _Object(content, f"{upload_id}-tag", next(self.server.numbers), {})
            self.server.objects[self._bucket, self._name] = kept
            text = (
                "<CompleteMultipartUploadResult>"
                f'<ETag>"{kept.tag}"</ETag></CompleteMultipartUploadResult>'
            )
            self._answer(200, text.encode(), {"x-goog-generation": str(kept.generation)})

    # -- answers -----------------------------------------------------------------------

    def _is_signed(self, path: str) -> bool:
        """Whether a signed address has the signature of our key, and its time is not over."""
        query = dict(self._query)
        signature = bytes.fromhex(query.pop("X-Goog-Signature"))
        began = timegm(time.strptime(query["X-Goog-Date"], "%Y%m%dT%H%M%SZ"))
        if time.time() > began + int(query["X-Goog-Expires"]):
            return False
        shown = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}"
            for name, value in sorted(query.items())
        )
        names = query["X-Goog-SignedHeaders"].split(";")
        # The library signs for Google's own host, whatever address the key file names.
        known = {**self.headers, "host": "storage.googleapis.com"}
        headers = "".join(f"{name}:{known.get(name, '')}\n" for name in names)
        asked = "\n".join([self.command, path, shown, headers, ";".join(names), "UNSIGNED-PAYLOAD"])
        scope = query["X-Goog-Credential"].partition("/")[2]
        text = "\n".join(
            [
                query["X-Goog-Algorithm"],
                query["X-Goog-Date"],
                scope,
                hashlib.sha256(asked.encode()).hexdigest(),
            ]
        )
        try:
            self.server.key.public_key().verify(
                signature, text.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return False
        return True

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code></Error>".encode())

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self._reply = (status, body, headers or {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
