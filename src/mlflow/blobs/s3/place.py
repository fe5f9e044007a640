"""`s3://bucket/prefix`: artifacts in S3 and in stores that speak as S3 does."""

import os
from urllib.parse import urlsplit

from mlflow import environment_variables as settings
from mlflow._addresses import hidden
from mlflow._http import Session
from mlflow.blobs.objects.place import Objects
from mlflow.blobs.s3.bucket import extra_headers
from mlflow.blobs.s3.credentials import Credentials, region_of_profile
from mlflow.blobs.s3.parts import S3, S3Parts
from mlflow.exceptions import invalid

_STYLES = ("auto", "path", "virtual")


def s3_at(uri: str, session: Session | None = None) -> Objects:
    """The place at an `s3:` URI, with the settings of the environment. Nothing is asked yet.

    Args:
        uri: `s3://bucket` or `s3://bucket/prefix`; the prefix is taken as it is written.
        session: of the tracking server; not needed.

    Raises:
        MlflowException: the URI names no bucket, or a setting cannot be read.
    """
    parts = urlsplit(uri, allow_fragments=False)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    if not bucket or parts.query or "@" in bucket:
        raise invalid(f"{hidden(uri)!r} names no bucket: write s3://bucket/prefix.")
    style = settings.MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE.get()
    if style not in _STYLES:
        raise invalid(
            f"MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE is {style!r}: write {', '.join(_STYLES)}."
        )
    new, everywhere = extra_headers()
    region = (
        os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
        or region_of_profile()
        or "us-east-1"
    )
    opened = S3(
        bucket,
        region=region,
        endpoint=settings.MLFLOW_S3_ENDPOINT_URL.get()
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL"),
        style=style,
        credentials=Credentials(region),
        extra=new,
        everywhere=everywhere,
        unsafe=settings.MLFLOW_S3_IGNORE_TLS.get(),
    )
    return Objects(opened, prefix, parts=S3Parts(opened, prefix))
