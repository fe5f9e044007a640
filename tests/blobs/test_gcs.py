"""Artifacts in Google's store, as far as a fake of it can show that they arrive."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mlflow.blobs import Place, open_place
from mlflow.blobs.digests import MD5, Digest
from mlflow.blobs.objects.place import Objects
from mlflow.exceptions import MlflowException
from tests.blobs.contract import Contract, content, paths, put
from tests.servers.gcs_fake import FakeGoogle


class TestContractOnAFake(Contract):
    has_parts = False
    knows_digests = False

    @pytest.fixture
    def place(self, fake_google_bucket: str) -> Place:
        return open_place(f"{fake_google_bucket}/runs/1")


def test_a_large_file_goes_by_parts_of_the_library(
    fake_google_bucket: str, fake_google: FakeGoogle
) -> None:
    place = open_place(fake_google_bucket)
    whole = os.urandom(20 * 1024 * 1024)
    put(place, "a", whole)
    assert content(place, "a") == whole
    writing = place.writing("b")
    writing.write(whole)
    writing.discard()
    assert paths(place) == ["a"]
    assert fake_google.uploads == {}


def test_a_small_file_has_a_digest(fake_google_bucket: str) -> None:
    place = open_place(fake_google_bucket)
    put(place, "a.txt", b"content")
    found = place.look("a.txt")
    assert found is not None
    md5 = hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    assert found.digest == Digest(MD5, 0, md5)


def test_signed_addresses_on_a_fake_that_checks_them(
    fake_google_bucket: str, fake_google: FakeGoogle, tmp_path: Path
) -> None:
    reading = open_place(f"{fake_google_bucket}/x")
    fake_google.write_credentials(tmp_path / "google.json", signs=True)
    place = open_place(f"{fake_google_bucket}/x")
    assert isinstance(place, Objects)
    sending = urllib.request.Request(place.sign("PUT", "a/b.txt", 60), b"sent", method="PUT")
    with urllib.request.urlopen(sending, timeout=30) as answer:
        assert answer.status == 200
    assert content(reading, "a/b.txt") == b"sent"
    url = place.sign("GET", "a/b.txt", 60)
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.read() == b"sent"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.replace("b.txt", "c.txt"), timeout=30)
    with pytest.raises(MlflowException, match="no signed URLs for parts") as caught:
        place.sign("PUT", "a", 60, {"partNumber": "1"})
    assert caught.value.error_code == "NOT_IMPLEMENTED"


def test_what_is_wrong_is_said(
    fake_google_bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(MlflowException, match="no such bucket") as caught:
        put(open_place("gs://no-such-bucket/x"), "a")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    for uri in ("gs:///a", "gs://b/a?x=1", "gs://user:secret@b/a"):
        with pytest.raises(MlflowException, match="names no bucket") as caught:
            open_place(uri)
        assert "secret" not in str(caught.value)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing"))
    with pytest.raises(MlflowException, match="cannot be opened"):
        open_place(fake_google_bucket)
