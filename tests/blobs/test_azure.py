"""Artifacts on Azure: the real emulator of it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from urllib.parse import quote

import pytest

from mlflow.blobs import Place, open_place
from mlflow.blobs.azure.parts import AzureParts
from mlflow.blobs.azure.place import Account, AzureBucket
from mlflow.blobs.digests import MD5, Digest, of_parts
from mlflow.blobs.objects.buckets import OPEN_MD5
from mlflow.blobs.objects.place import Objects
from mlflow.blobs.place import Damaged, Vanished
from mlflow.exceptions import MlflowException
from tests.blobs.contract import Contract, content, paths, put, send
from tests.servers.azurite import ACCOUNT, KEY, Azurite

PART = 1024 * 1024


class TestContract(Contract):
    @pytest.fixture
    def place(self, azure_container: str) -> Place:
        return open_place(f"{azure_container}/runs/1")


def _md5(part: bytes) -> str:
    return hashlib.md5(part, usedforsecurity=False).hexdigest()


def _requested(method: str, url: str, body: bytes | None = None, **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    question = urllib.request.Request(url, body, named, method=method)
    with urllib.request.urlopen(question, timeout=30) as answer:
        read: bytes = answer.read()
        return read


def _place(uri: str) -> Objects:
    place = open_place(uri)
    assert isinstance(place, Objects)
    return place


def test_a_resume_needs_no_memory(azure_container: str) -> None:
    whole = [os.urandom(PART), os.urandom(PART), os.urandom(17)]
    first = open_place(f"{azure_container}/a").parts
    assert first is not None
    upload_id = first.begin("model bin+é.bin", 2 * PART + 17, PART)
    done = [send(first, "model bin+é.bin", upload_id, 2, whole[1])]
    program = (
        "from mlflow.blobs import open_place\n"
        f"[there] = open_place({azure_container!r} + '/a').parts.unfinished('model bin+é.bin')\n"
        "print(there.upload_id, there.size, there.part_size, dict(there.parts)[2].digest)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.split() == [upload_id, str(2 * PART + 17), str(PART), done[0].digest]
    place = open_place(f"{azure_container}/a")
    second = place.parts
    assert second is not None
    done = [send(second, "model bin+é.bin", upload_id, n, whole[n - 1]) for n in (1, 2, 3)]
    second.finish("model bin+é.bin", upload_id, done)
    assert content(place, "model bin+é.bin") == b"".join(whole)
    found = place.look("model bin+é.bin")
    assert found is not None
    assert found.digest == of_parts(MD5, PART, [_md5(part) for part in whole])
    second.finish("model bin+é.bin", upload_id, done)  # as after an answer that was lost
    assert second.unfinished("model bin+é.bin") == []


def test_who_finishes_first_takes_the_parts_of_others(azure_container: str) -> None:
    place = open_place(azure_container)
    parts = place.parts
    assert parts is not None
    mine, other = parts.begin("a", 1, 1), parts.begin("a", 1, 1)
    part, another = send(parts, "a", mine, 1, b"m"), send(parts, "a", other, 1, b"o")
    assert {each.upload_id for each in parts.unfinished("a")} == {mine, other}
    parts.finish("a", other, [another])
    with pytest.raises(Vanished):
        parts.finish("a", mine, [part])
    assert content(place, "a") == b"o"


def test_parts_go_straight_to_the_store(azure_container: str) -> None:
    place = _place(f"{azure_container}/a b")
    parts = place.parts
    assert parts is not None
    upload_id = parts.begin("ü +.bin", 2 * PART, PART)
    whole = [os.urandom(PART), os.urandom(PART)]
    told, silent = (place.sign_part("ü +.bin", upload_id, number, 600) for number in (1, 2))
    md5 = b64encode(bytes.fromhex(_md5(whole[0]))).decode()
    assert OPEN_MD5 in told
    _requested("PUT", told.replace(OPEN_MD5, quote(md5, safe="")), whole[0], Content_MD5=md5)
    _requested("PUT", silent, whole[1])  # as official clients do
    [there] = parts.unfinished("ü +.bin")
    assert dict(there.parts) == {1: (_md5(whole[0]), PART)}
    [first], second = there.parts.values(), (_md5(whole[1]), PART)
    parts.finish("ü +.bin", upload_id, [first, type(first)(*second)])
    assert content(place, "ü +.bin") == b"".join(whole)


def test_an_upload_id_that_is_none(azure_container: str) -> None:
    place = _place(azure_container)
    parts = place.parts
    assert parts is not None
    for upload_id in ("", "any", "../x", "é" * 16, "0" * 16):
        with pytest.raises(Vanished):
            send(parts, "a", upload_id, 1, b"x")
        with pytest.raises(Vanished):
            parts.finish("a", upload_id, [])
        parts.abort("a", upload_id)
        assert "comp=block" in place.sign_part("a", upload_id, 1, 60)


def test_signed_addresses(azure_container: str, azurite_server: Azurite) -> None:
    place = _place(f"{azure_container}/x")
    sent = _requested(
        "PUT", place.sign("PUT", "a b/ü.txt", 600), b"whole", x_ms_blob_type="BlockBlob"
    )
    assert sent == b""
    assert content(place, "a b/ü.txt") == b"whole"
    url = place.sign("GET", "a b/ü.txt", 600)
    assert _requested("GET", url) == b"whole"
    for bad in (
        url.replace("sp=r", "sp=cw"),
        url.replace("%C3%BC", "other"),
        place.sign("GET", "a b/ü.txt", -600),
    ):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            _requested("GET", bad)


def test_digests(azure_container: str) -> None:
    place = open_place(azure_container)
    put(place, "small", b"content")
    found = place.look("small")
    assert found is not None
    assert found.digest == Digest(MD5, 0, _md5(b"content"))
    parts = place.parts
    assert parts is not None
    upload_id = parts.begin("a", 7, 7)
    with pytest.raises(Damaged):
        parts.put_part("a", upload_id, 1, lambda: [b"content"], 7, _md5(b"other"))
    assert paths(place) == ["small"]


def test_a_shared_access_signature(
    azure_container: str, azurite_server: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = azure_container.removeprefix("wasbs://").partition("@")[0]
    bucket = AzureBucket(container, Account(ACCOUNT, azurite_server.endpoint, KEY))
    signed = bucket.sign("PUT", "a", 600, {}, {}).partition("?")[2]
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", f"?{signed}")
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", azurite_server.endpoint)
    place = _place(azure_container)
    place.bucket.put("a", b"content")
    parts = place.parts
    assert parts is not None
    with pytest.raises(MlflowException, match="access is denied"):  # it may only write
        parts.unfinished("a")
    with pytest.raises(MlflowException, match="no addresses for others") as caught:
        place.sign("GET", "a", 600)
    assert caught.value.error_code == "NOT_IMPLEMENTED"
    assert signed.rpartition("sig=")[2] not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("wasbs://container/path", "names no container"),
        ("wasbs://@account.blob.core.windows.net/path", "names no container"),
        ("abfss://container@account/path", "names no container"),
        ("wasbs://c@account.blob.core.windows.net/path?sig=x", "names no container"),
        ("wasbs://c@other.blob.core.windows.net/path", "is in the account 'other'"),
    ],
)
def test_uris_that_name_nothing(azure_container: str, uri: str, sentence: str) -> None:
    with pytest.raises(MlflowException, match=sentence):
        open_place(uri)


def test_both_doors_lead_to_the_same_blobs(azure_container: str) -> None:
    put(open_place(f"{azure_container}/a"), "b")
    lake = azure_container.replace("wasbs:", "abfss:").replace(".blob.", ".dfs.")
    assert paths(open_place(lake)) == ["a/b"]


def test_what_is_wrong_is_said(
    azure_container: str, azurite_server: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = azure_container.removeprefix("wasbs://").partition("@")[0]
    missing = open_place(azure_container.replace(container, "no-such-container"))
    parts = missing.parts
    assert parts is not None
    for work in (lambda: put(missing, "a"), lambda: parts.begin("a", 1, 1)):
        with pytest.raises(MlflowException, match="no such bucket or container") as caught:
            work()
        assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    wrong = b64encode(b"guessed" * 9).decode()
    monkeypatch.setenv(
        "AZURE_STORAGE_CONNECTION_STRING", azurite_server.connection_string.replace(KEY, wrong)
    )
    refused = open_place(azure_container)
    parts = refused.parts
    assert parts is not None
    for work in (lambda: put(refused, "a"), lambda: parts.begin("a", 1, 1)):
        with pytest.raises(MlflowException, match="credentials") as caught:
            work()
        assert caught.value.error_code == "PERMISSION_DENIED"
        assert wrong not in str(caught.value)
    away = azurite_server.connection_string.replace(azurite_server.endpoint, "http://127.0.0.1:1")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", away)
    gone = open_place(azure_container)
    parts = gone.parts
    assert parts is not None
    for work in (lambda: put(gone, "a"), lambda: parts.begin("a", 1, 1)):
        with pytest.raises(MlflowException, match="Try again later") as caught:
            work()
        assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"
    assert isinstance(gone, Objects)
    assert isinstance(gone.bucket, AzureBucket)
    assert AzureParts(gone.bucket).algorithm == MD5
