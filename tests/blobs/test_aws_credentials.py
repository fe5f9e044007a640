"""Where the keys for S3 come from, with real servers for what answers over HTTP."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from mlflow.blobs.s3.credentials import Credentials, Keys
from mlflow.exceptions import MlflowException
from tests.servers.processes import free_port

#: method, path, headers and body of a request → status and body of its answer
Answers = Callable[[str, str, dict[str, str], str], tuple[int, str]]


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """The address of a small server."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, text = answers(self.command, self.path, headers, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_PUT = do_POST = answer

        def log_message(self, *ignored: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(number: int = 1, seconds: float = 3600) -> str:
    """Keys as metadata servers give them."""
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
    return json.dumps(
        {
            "AccessKeyId": f"key{number}",
            "SecretAccessKey": f"secret{number}",
            "Token": f"token{number}",
            "Expiration": ends,
        }
    )


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert Credentials().get() == Keys("a", "b")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "c")
    assert Credentials().get() == Keys("a", "b", "c")
    assert "b" not in repr(Keys("key", "b"))


def test_there_are_none() -> None:
    with pytest.raises(MlflowException, match="There are no credentials for S3") as caught:
        Credentials().get()
    assert caught.value.error_code == "PERMISSION_DENIED"
    assert ".aws/credentials" in caught.value.message


def test_the_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(
        tmp_path / ".aws/credentials",
        "[default]\naws_access_key_id = a\naws_secret_access_key = b%\n"
        "[other]\naws_access_key_id = c\naws_secret_access_key = d\naws_session_token = e\n",
    )
    write(
        tmp_path / ".aws/config",
        "[default]\naws_access_key_id = x\n[profile third]\naws_access_key_id = f\n"
        "aws_secret_access_key = g\n[profile role]\nrole_arn = arn:aws:iam::1:role/x\n",
    )
    assert Credentials().get() == Keys("a", "b%")
    monkeypatch.setenv("AWS_PROFILE", "other")
    assert Credentials().get() == Keys("c", "d", "e")
    monkeypatch.setenv("AWS_PROFILE", "third")
    assert Credentials().get() == Keys("f", "g")
    monkeypatch.setenv("AWS_PROFILE", "none")
    with pytest.raises(MlflowException, match="no profile 'none'"):
        Credentials().get()
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "elsewhere"))
    write(tmp_path / "elsewhere", "secret without a section")
    with pytest.raises(MlflowException, match="elsewhere cannot be read") as caught:
        Credentials().get()
    assert "secret" not in caught.value.message


def test_a_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "keys.py"
    write(program, f"print({answer()!r})")
    write(
        tmp_path / ".aws/config",
        f"[profile run]\ncredential_process = {sys.executable} {program}\n"
        f"[profile fails]\ncredential_process = {sys.executable} -c 'print(\"secret\") or 1/0'\n"
        f"[profile other]\ncredential_process = {sys.executable} -c 'print({{}})'\n",
    )
    monkeypatch.setenv("AWS_PROFILE", "run")
    keys = Credentials().get()
    assert keys[:3] == ("key1", "secret1", "token1")
    assert keys.expires is not None
    for profile in ("fails", "other"):
        monkeypatch.setenv("AWS_PROFILE", profile)
        with pytest.raises(MlflowException, match="credential_process") as caught:
            Credentials().get()
        assert "secret" not in caught.value.message


def test_a_container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = []

    def answers(method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        seen.append(headers.get("authorization"))
        return 200, answer(len(seen), seconds=60 if len(seen) == 1 else 3600)

    write(tmp_path / "token", "of the pod\n")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    with serving(answers) as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/v1/credentials")
        credentials = Credentials()
        assert credentials.get()[:3] == ("key1", "secret1", "token1")
        credentials.forget()
        assert credentials.get()[:3] == ("key2", "secret2", "token2")
        assert credentials.get().key_id == "key2"
    assert seen == ["of the pod", "of the pod"]
    with pytest.raises(MlflowException, match="there is no answer") as caught:
        Credentials().get()
    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"


def test_keys_that_end_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def answers(method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        seen.append(path)
        return 200, answer(len(seen), seconds=-1)

    with serving(answers) as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/v1/credentials")
        credentials = Credentials()
        first = credentials.get()
        deadline = time.monotonic() + 30
        while (later := credentials.get()) == first:  # it asks at most once a second
            assert time.monotonic() < deadline
        assert later.key_id == "key2"
        assert len(seen) == 2


def test_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")

    def answers(method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        if (method, path) == ("PUT", "/latest/api/token"):
            return 200, "ticket"
        if headers.get("x-aws-ec2-metadata-token") != "ticket":
            return 401, ""
        roles = "/latest/meta-data/iam/security-credentials/"
        return {roles: (200, "training"), f"{roles}training": (200, answer())}.get(path, (404, ""))

    with serving(answers) as url:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        assert Credentials().get().token == "token1"
    with serving(lambda *request: (404, "")) as url:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        with pytest.raises(MlflowException, match="no credentials"):
            Credentials().get()


def test_a_web_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []

    def answers(method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        asked.append({name: value for name, [value] in parse_qs(body).items()})
        return 200, (
            '<R xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Credentials>'
            "<AccessKeyId>k</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            "<SessionToken>t==</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
            "</Credentials></R>"
        )

    write(tmp_path / "token", "who I am\n")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/training")
    with serving(answers) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        assert Credentials().get() == Keys("k", "s", "t==", 4070908800.0)
    assert asked[0]["Action"] == "AssumeRoleWithWebIdentity"
    assert asked[0]["WebIdentityToken"] == "who I am"
    assert asked[0]["RoleArn"] == "arn:aws:iam::1:role/training"
    with serving(lambda *request: (403, "<Error/>")) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        with pytest.raises(MlflowException, match="status 403"):
            Credentials().get()
