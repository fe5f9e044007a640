"""`wasbs://` and `abfss://`: artifacts in containers of Azure Blob Storage.

    wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PATH
    abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH

Credentials are those of AZURE_STORAGE_CONNECTION_STRING, of AZURE_STORAGE_ACCESS_KEY (or
AZURE_STORAGE_ACCOUNT_KEY), of AZURE_STORAGE_SAS_TOKEN (or _SAS_KEY), or what the library finds by
the other AZURE_ variables: a client secret, a federated token, a managed identity.
"""

import mimetypes
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from mlflow._addresses import hidden
from mlflow._http import Session
from mlflow.blobs import digests
from mlflow.blobs.azure.parts import AzureParts
from mlflow.blobs.azure.signing import address_of, signed_query
from mlflow.blobs.digests import MD5, Digest
from mlflow.blobs.objects.buckets import Item, Large
from mlflow.blobs.objects.obstore_bucket import ObstoreBucket, opened
from mlflow.blobs.objects.place import Objects
from mlflow.blobs.s3.parts import S3Large
from mlflow.exceptions import MlflowException, MlflowNotImplementedException, invalid

#: name of the metadata that tells a blob's digest; Azure allows no hyphen in it
DIGEST = "millstream_digest"
_SCHEMES = "wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PATH"


class Account(NamedTuple):
    """An account of Azure, and what is known for using it.

    Args:
        endpoint: address of its blobs, without a slash at the end.
        key: in base64, None when there is none.
        sas: a shared access signature, None when there is none.
    """

    name: str
    endpoint: str
    key: str | None = None
    sas: str | None = None


def azure_at(uri: str, session: Session | None = None) -> Objects:
    """The place at a `wasb(s):` or `abfs(s):` URI; see `schemes.open_place`. Nothing is asked yet.

    Raises:
        MlflowException: the URI names no container, or contradicts the connection string.
    """
    parts = urlsplit(uri, allow_fragments=False)
    container, at, host = parts.netloc.partition("@")
    account, dot, suffix = host.partition(".")
    if not (container and at and account and dot) or parts.query or ":" in container:
        raise invalid(f"{hidden(uri)!r} names no container: write {_SCHEMES}.")
    bucket = AzureBucket(container, _account(uri, account, suffix))
    prefix = parts.path.strip("/")
    return Objects(bucket, prefix, parts=AzureParts(bucket, prefix))


def _account(uri: str, name: str, suffix: str) -> Account:
    """The account that a URI names, with what the environment knows about it."""
    # The file system of Azure's data lake is another door to the same blobs.
    suffix = "blob." + suffix.removeprefix("dfs.").removeprefix("blob.")
    endpoint = f"https://{name}.{suffix}"
    if given := os.environ.get("AZURE_STORAGE_CONNECTION_STRING"):
        fields = dict(field.split("=", 1) for field in given.split(";") if "=" in field)
        told = fields.get("AccountName")
        if told not in (None, name):
            raise invalid(
                f"{hidden(uri)!r} is in the account {name!r}, but "
                f"AZURE_STORAGE_CONNECTION_STRING is that of {told!r}."
            )
        endpoint = fields.get("BlobEndpoint") or endpoint
        sas = fields.get("SharedAccessSignature")
        return Account(name, endpoint.rstrip("/"), fields.get("AccountKey"), sas)
    endpoint = os.environ.get("AZURE_STORAGE_ENDPOINT") or endpoint
    key = _first("AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY")
    sas = _first("AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY")
    return Account(name, endpoint.rstrip("/"), key, None if key else sas)


def _first(*names: str) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)


class AzureBucket(ObstoreBucket):
    """A container; see `buckets.Bucket`."""

    #: what a whole file that is sent to a signed address must be sent with
    put_headers: Mapping[str, str] = {"x-ms-blob-type": "BlockBlob"}

    def __init__(self, container: str, account: Account) -> None:
        from obstore.store import AzureStore

        self._container = container
        self._account = account
        config: dict[str, Any] = {"account_name": account.name, "endpoint": account.endpoint}
        if account.key:
            config["account_key"] = account.key
        elif account.sas:
            config["sas_key"] = account.sas.lstrip("?")
        where = f"the container {container!r} of the account {account.name!r}"
        plain = account.endpoint.startswith("http:")
        super().__init__(opened(AzureStore, container, config, where, plain=plain), where)

    def digest(self, meta: Mapping[str, Any], attributes: Mapping[str, Any]) -> Digest | None:
        """The digest that was kept with the blob when it was put together."""
        return digests.parse(attributes.get(DIGEST))

    def _listed(self, meta: Mapping[str, Any]) -> Item:
        item = super()._listed(meta)  # a listing has ETags without the quotes
        return item._replace(tag='"{}"'.format(item.tag.strip('"')))

    def put(self, key: str, body: bytes) -> None:
        """See `Bucket.put`."""
        attributes = {
            DIGEST: f"{MD5}:{digests.of(MD5, [body])}",
            "Content-Type": mimetypes.guess_type(key)[0] or "application/octet-stream",
        }
        with self._asking(key) as obstore:
            obstore.put(self.store, key, body, attributes=attributes, use_multipart=False)

    def large(self, key: str, part_size: int) -> Large:
        """See `Bucket.large`."""
        return S3Large(AzureParts(self), key, part_size)

    def refusal(self, status: int, body: bytes, key: str) -> MlflowException:
        """The error that an answer to a request of our own stands for."""
        try:
            self._raise(OSError(f"{body.decode('utf-8', 'replace')} status: {status}"), key)
        except MlflowException as error:
            return error

    def sign(
        self,
        method: str,
        key: str,
        seconds: float,
        query: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> str:
        """See `Bucket.sign`. A PUT of a whole file needs `put_headers`."""
        if self._account.sas and not self._account.key:
            raise MlflowNotImplementedException(
                f"{self.where[0].upper()}{self.where[1:]} was opened with a shared access "
                "signature, with which no addresses for others can be signed."
            )
        return self.address(method, key, seconds, query)

    def address(self, method: str, key: str, seconds: float, query: Mapping[str, str]) -> str:
        """An address for requests of our own; see `sign`."""
        account = self._account
        if account.key:
            signed = signed_query(account.name, account.key, self._container, key, method, seconds)
        elif account.sas:
            signed = account.sas.lstrip("?")
        else:
            with self._asking(key) as obstore:
                url: str = obstore.sign(self.store, method, key, timedelta(seconds=seconds))
            signed = url.partition("?")[2]
        more = f"&{urlencode(query)}" if query else ""
        return f"{address_of(account.endpoint, self._container, key)}?{signed}{more}"
