"""What S3 servers of the tests have in common: keys, and fresh buckets."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import urllib3

from mlflow.blobs.s3.credentials import Keys
from mlflow.blobs.s3.signing import query_of, signed_headers

REGION = "us-east-1"


@dataclass
class S3Server:
    """A running server that speaks S3.

    Args:
        url: its address, which is `MLFLOW_S3_ENDPOINT_URL` for it.
        keys: of its one user.
        folder: where it keeps its data, thrown away at the end.
        processes: it; the first one is what clients talk to.
    """

    url: str
    keys: Keys
    folder: Path
    processes: Sequence[subprocess.Popen[bytes]]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which a client finds it."""
        return {
            "AWS_ACCESS_KEY_ID": self.keys.key_id,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "MLFLOW_S3_ENDPOINT_URL": self.url,
        }

    def fresh(self) -> str:
        """The name of a new, empty bucket; it is thrown away with the server."""
        name = f"millstream-{next(self._numbers)}"
        assert self.ask("PUT", f"/{name}").status == 200
        return name

    def ask(
        self, method: str, path: str, query: dict[str, str] | None = None, *, body: bytes = b""
    ) -> urllib3.BaseHTTPResponse:
        """One signed request, as a stranger's program makes it."""
        address = self.url + path
        headers = signed_headers(self.keys, REGION, method, address, query or {}, {})
        return urllib3.request(
            method, f"{address}?{query_of(query or {})}", headers=headers, body=body
        )


@dataclass
class Bucket:
    """A fresh bucket of a server."""

    server: S3Server
    name: str

    @property
    def url(self) -> str:
        """What names it."""
        return f"s3://{self.name}"

    def all_keys(self) -> list[str]:
        """All keys in it, as a stranger sees them."""
        answer = self.server.ask("GET", f"/{self.name}", {"list-type": "2"})
        found = ElementTree.fromstring(answer.data)
        return [key.text or "" for key in found.iterfind("{*}Contents/{*}Key")]
