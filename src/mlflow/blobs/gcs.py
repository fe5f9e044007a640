"""`gs://bucket/prefix`: artifacts in Google Cloud Storage.

Credentials are what the library finds: GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT
(the path of a key file), those of `gcloud auth application-default login`, or the machine's own.

Large files go by the library's own parts, with bounded memory. Nobody else can see these, so an
interrupted file is sent from its start; Google removes what was left by the rules of the bucket.
Whole files can be sent and fetched by signed addresses where there is the key of a service account.
"""

import json
import mimetypes
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mlflow._addresses import hidden
from mlflow._http import Session
from mlflow.blobs import digests
from mlflow.blobs.digests import MD5, Digest
from mlflow.blobs.objects.obstore_bucket import ObstoreBucket, opened
from mlflow.blobs.objects.place import Objects
from mlflow.exceptions import invalid

#: name of the metadata that tells an object's digest
DIGEST = "millstream-digest"


def gcs_at(uri: str, session: Session | None = None) -> Objects:
    """The place at a `gs:` URI; see `schemes.open_place`. Nothing is asked yet.

    Raises:
        MlflowException: the URI names no bucket, or the key file cannot be read.
    """
    parts = urlsplit(uri, allow_fragments=False)
    if not parts.netloc or parts.query or "@" in parts.netloc or ":" in parts.netloc:
        raise invalid(f"{hidden(uri)!r} names no bucket: write gs://bucket/prefix.")
    return Objects(GoogleBucket(parts.netloc), parts.path.strip("/"))


class GoogleBucket(ObstoreBucket):
    """A bucket; see `buckets.Bucket`."""

    def __init__(self, name: str) -> None:
        from obstore.store import GCSStore

        path, told = _key_file()
        ours = told.get("type") == "service_account"
        config = {"service_account": path} if ours else {}
        # Only a store for tests is at such an address.
        plain = ours and str(told.get("gcs_base_url")).startswith("http:")
        where = f"the bucket {name!r} of Google"
        super().__init__(opened(GCSStore, name, config, where, plain=plain), where)

    def digest(self, meta: Mapping[str, Any], attributes: Mapping[str, Any]) -> Digest | None:
        """The digest that was kept with the object when it was put."""
        return digests.parse(attributes.get(DIGEST))

    def put(self, key: str, body: bytes) -> None:
        """See `Bucket.put`."""
        attributes = {
            DIGEST: f"{MD5}:{digests.of(MD5, [body])}",
            "Content-Type": mimetypes.guess_type(key)[0] or "application/octet-stream",
        }
        with self._asking(key) as obstore:
            obstore.put(self.store, key, body, attributes=attributes, use_multipart=False)


def _key_file() -> tuple[str, dict[str, Any]]:
    """The path of the key file that the environment names, and what is in it."""
    path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS") or ""
    try:
        told = json.loads(Path(path).read_text("utf-8")) if path else {}
    except (OSError, ValueError):
        told = {}  # the library says what is wrong with it
    return path, told if isinstance(told, dict) else {}
