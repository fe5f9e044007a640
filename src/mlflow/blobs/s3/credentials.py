"""Where the keys for S3 come from: one chain, in the order that Amazon's own tools have.

    1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
    2. a web identity token, as on Kubernetes (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN)
    3. the files ~/.aws/credentials and ~/.aws/config, the profile AWS_PROFILE: keys, or a
       `credential_process`; for single sign-on and roles to assume boto3 is asked
    4. the container's address (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI)
    5. the machine's (IMDSv2)
    6. boto3, where it is installed

Keys that expire are asked for again some minutes before.
"""

import json
import os
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from configparser import ConfigParser, Error as ConfigError
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from mlflow.exceptions import PERMISSION_DENIED, TEMPORARILY_UNAVAILABLE, MlflowException, invalid

#: seconds before their end that keys are asked for again
_EARLY = 300.0
#: seconds that keys without a known end are used before somebody may have changed them
_KEPT = 60.0
#: seconds that an address of the container or machine may take
_IMPATIENT = 2.0
_CONTAINER = "http://169.254.170.2"
_MACHINE = "http://169.254.169.254"


class Keys(NamedTuple):
    """What requests are signed with.

    Args:
        expires: seconds since the epoch, None when they do not.
    """

    key_id: str
    secret: str
    token: str | None = None
    expires: float | None = None

    def __repr__(self) -> str:  # a secret has no place in a traceback or log
        return f"Keys(key_id={self.key_id[:4]}…)"


class Credentials:
    """The keys of this process, found when they are first needed. Threads may share it.

    Args:
        region: where roles are asked for.
    """

    def __init__(self, region: str = "us-east-1") -> None:
        self._region = region
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._keys: Keys | None = None
        self._until = 0.0

    def get(self) -> Keys:
        """Keys that are good for some minutes.

        Raises:
            MlflowException: PERMISSION_DENIED when there are none anywhere.
        """
        if self._pid != os.getpid():  # a fork may have copied the lock while it was held
            self._lock, self._pid = threading.Lock(), os.getpid()
        with self._lock:
            if self._keys is None or time.time() >= self._until:
                self._keys = self._find()
                self._until = time.time() + _KEPT
                if self._keys.expires is not None:
                    self._until = max(self._keys.expires - _EARLY, time.time() + 1)
            return self._keys

    def forget(self) -> None:
        """Look for keys anew at the next request, because these were refused."""
        self._until = 0.0

    def _find(self) -> Keys:
        sources: list[Callable[[], Keys | None]] = [
            _of_environment,
            lambda: _of_web_identity(self._region),
            _of_files,
            _of_container,
            _of_machine,
            _of_boto3,
        ]
        for source in sources:
            if keys := source():
                return keys
        raise MlflowException(
            "There are no credentials for S3: neither AWS_ACCESS_KEY_ID and "
            f"AWS_SECRET_ACCESS_KEY, nor a web identity, nor {_files()[0]}, nor this container "
            "or machine gives any. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE.",
            PERMISSION_DENIED,
        )


def _of_environment() -> Keys | None:
    key_id, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not key_id or not secret:
        return None
    return Keys(key_id, secret, os.environ.get("AWS_SESSION_TOKEN") or None)


def _of_web_identity(region: str) -> Keys | None:
    file, role = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"), os.environ.get("AWS_ROLE_ARN")
    if not file or not role:
        return None
    try:
        token = Path(file).read_text().strip()
    except OSError as error:
        raise invalid(f"AWS_WEB_IDENTITY_TOKEN_FILE cannot be read: {error}.") from None
    address = (
        os.environ.get("AWS_ENDPOINT_URL_STS")
        or os.environ.get("AWS_STS_ENDPOINT")
        or f"https://sts.{region}.amazonaws.com"
    )
    question = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": os.environ.get("AWS_ROLE_SESSION_NAME") or "millstream",
        "WebIdentityToken": token,
    }
    with _asking("the role of AWS_ROLE_ARN", address):
        answer = _ask("POST", f"{address}/", {}, urlencode(question).encode(), seconds=10.0)
    found = {
        name: match[1].strip()
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
        if (match := re.search(f"<{name}>([^<]*)</{name}>", answer))
    }
    return _keys(found, "the role of AWS_ROLE_ARN")


def _files() -> tuple[Path, Path]:
    home = Path.home() / ".aws"
    return (
        Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials").expanduser(),
        Path(os.environ.get("AWS_CONFIG_FILE") or home / "config").expanduser(),
    )


def _profile() -> str:
    return os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"


def _sections() -> dict[str, str]:
    """What both files say of the profile; the credentials file wins."""
    profile = _profile()
    credentials, config = _files()
    found: dict[str, str] = {}
    for path, names in (
        (
            config,
            (profile, f"profile {profile}") if profile == "default" else (f"profile {profile}",),
        ),
        (credentials, (profile,)),
    ):
        file = ConfigParser(interpolation=None, strict=False)
        try:
            file.read(path, encoding="utf-8")
        except (ConfigError, OSError, UnicodeError):  # the error's text may show a line with keys
            raise invalid(f"{path} cannot be read: it is no file of sections and keys.") from None
        for name in names:
            if file.has_section(name):
                found |= dict(file[name])
    return found


def region_of_profile() -> str | None:
    """The region that the profile names, None when it names none."""
    return _sections().get("region")


def _of_files() -> Keys | None:
    found = _sections()
    if found.get("aws_access_key_id") and found.get("aws_secret_access_key"):
        return Keys(
            found["aws_access_key_id"],
            found["aws_secret_access_key"],
            found.get("aws_session_token") or None,
        )
    if command := found.get("credential_process"):
        return _of_process(command)
    # The machine's own role must not step in where another one is asked for.
    for name in ("role_arn", "sso_session", "sso_start_url"):
        if name in found:
            if keys := _of_boto3():
                return keys
            raise MlflowException(
                f"The profile {_profile()!r} gets its credentials by {name}, which needs boto3: "
                "pip install boto3.",
                PERMISSION_DENIED,
            )
    if not found and _profile() != "default":
        raise MlflowException(
            f"There is no profile {_profile()!r} in {_files()[0]} or {_files()[1]}.",
            PERMISSION_DENIED,
        )
    return None


def _of_process(command: str) -> Keys:
    try:
        done = subprocess.run(shlex.split(command), capture_output=True, timeout=60, check=True)
        answer = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # What it printed may hold keys: only the kind of the failure is shown.
        raise MlflowException(
            f"The credential_process of the profile gave no keys ({type(error).__name__}).",
            PERMISSION_DENIED,
        ) from None
    return _keys(answer, "the credential_process of the profile")


def _of_container() -> Keys | None:
    relative = os.environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    address = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if relative:
        address = _CONTAINER + relative
    if not address:
        return None
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    if file := os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        try:
            token = Path(file).read_text().strip()
        except OSError as error:
            raise invalid(f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read: {error}.") from (
                None
            )
    with _asking("the container's credentials", address):
        answer = _ask("GET", address, {"Authorization": token} if token else {}, seconds=5.0)
    return _keys(_json(answer), "the container's address for credentials")


def _of_machine() -> Keys | None:
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    base = (os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _MACHINE).rstrip("/")
    roles = f"{base}/latest/meta-data/iam/security-credentials/"
    try:
        ticket = _ask(
            "PUT", f"{base}/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
        )
        shown = {"X-aws-ec2-metadata-token": ticket}
        role = _ask("GET", roles, shown).strip()
        answer = _ask("GET", roles + role, shown)
    except _Silent:  # this is no such machine, or it has no role
        return None
    return _keys(_json(answer), "this machine's address for credentials")


def _of_boto3() -> Keys | None:
    try:
        import boto3  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return None
    try:
        found = boto3.Session().get_credentials()
        frozen = found.get_frozen_credentials() if found is not None else None
    except Exception as error:  # whatever it raises, it found no keys
        raise MlflowException(
            f"boto3 gave no credentials for S3 ({type(error).__name__}): {error}",
            PERMISSION_DENIED,
        ) from None
    if frozen is None:
        return None
    return Keys(frozen.access_key, frozen.secret_key, frozen.token or None)


def _keys(answer: Any, who: str) -> Keys:
    try:
        expires = answer.get("Expiration")
        return Keys(
            answer["AccessKeyId"],
            answer["SecretAccessKey"],
            answer.get("SessionToken") or answer.get("Token"),
            _seconds(expires) if expires else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise MlflowException(
            f"{who[0].upper()}{who[1:]} answered with no keys.", PERMISSION_DENIED
        ) from None


def _seconds(text: str) -> float:
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


class _Silent(Exception):
    """There was no answer, or it was a refusal."""


@contextmanager
def _asking(what: str, address: str) -> Iterator[None]:
    try:
        yield
    except _Silent as error:
        raise MlflowException(
            f"Asking {urlsplit(address).netloc} for {what} failed: {error}.",
            TEMPORARILY_UNAVAILABLE,
        ) from None


def _ask(
    method: str,
    address: str,
    headers: dict[str, str],
    body: bytes | None = None,
    *,
    seconds: float = _IMPATIENT,
) -> str:
    """The body of an answer; proxies of the environment are not for these addresses."""
    import urllib3

    if body is not None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | headers
    try:
        with urllib3.PoolManager(timeout=seconds, retries=False) as pool:
            answer = pool.request(method, address, headers=headers, body=body, redirect=False)
    except (urllib3.exceptions.HTTPError, OSError, ValueError):
        raise _Silent("there is no answer") from None
    if answer.status != 200:
        raise _Silent(f"status {answer.status}")
    return answer.data.decode("utf-8", "replace")
