"""Artifacts in S3: what goes wrong, what is signed, what is seen of unfinished folders."""

from __future__ import annotations

import gzip
import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO

import pytest
import urllib3

from mlflow.blobs.digests import MD5, Digest, of_parts
from mlflow.blobs.objects.place import Objects
from mlflow.blobs.place import BrokenOff, Damaged, Part, Vanished
from mlflow.blobs.s3.answers import digest_of, failure_of
from mlflow.blobs.s3.credentials import Keys
from mlflow.blobs.s3.parts import S3, S3Parts
from mlflow.blobs.s3.place import s3_at
from mlflow.blobs.s3.signing import signed_headers, signed_url
from mlflow.exceptions import MlflowException
from tests.servers.fault_proxy import DOWN, FaultProxy, cut, flip
from tests.servers.object_stores import REGION, Bucket
from tests.servers.swift import run_swift

PART = 5 * 1024 * 1024


@pytest.fixture
def place(s3_bucket: Bucket) -> Objects:
    return s3_at(f"{s3_bucket.url}/runs/1")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")


def put(place: Objects, path: str, content: bytes = b"content") -> None:
    place.put(path, BytesIO(content))


def content(place: Objects, path: str) -> bytes:
    with place.get(path) as reading:
        return b"".join(reading.pieces())


def paths(place: Objects, path: str = "") -> list[str]:
    return sorted(found.path for found in place.walk(path))


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def send(place: Objects, path: str, upload: str, number: int, part: bytes) -> Part:
    assert place.parts is not None
    place.parts.put_part(path, upload, number, lambda: [part], len(part), md5(part))
    return Part(md5(part), len(part))


# -- what goes wrong -------------------------------------------------------------------


def errors_of(place: Objects) -> list[MlflowException]:
    """What each verb says."""
    found = []
    for work in (
        lambda: place.list(),
        lambda: put(place, "a"),
        lambda: content(place, "a"),
        lambda: place.staging("m", "one"),
        lambda: place.parts and place.parts.begin("a", PART, PART),
    ):
        with pytest.raises(MlflowException) as caught:
            work()
        found.append(caught.value)
    return found


def test_wrong_keys(s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    place = s3_at(s3_bucket.url)
    with pytest.raises(MlflowException, match="not accepted"):
        place.look("a")
    for error in errors_of(place):
        assert error.error_code == "PERMISSION_DENIED"
        assert "credentials are not accepted (SignatureDoesNotMatch)" in error.message
        assert "not-the-secret" not in error.message


def test_a_bucket_that_is_not_there(s3_bucket: Bucket) -> None:
    for error in errors_of(s3_at("s3://there-is-none/x")):
        assert error.error_code == "RESOURCE_DOES_NOT_EXIST"
        assert "'there-is-none'" in error.message
        assert "there is no such bucket" in error.message


def test_a_bucket_of_somebody_else(ceph_bucket: Bucket) -> None:
    answer = urllib3.request("GET", f"{ceph_bucket.server.url}/{ceph_bucket.name}")
    error = failure_of(answer.status, answer.data, answer.headers).error("the bucket 'b'")
    assert error.error_code == "PERMISSION_DENIED"
    assert error.message == (
        "The bucket 'b' cannot be used: access is denied to these credentials."
    )


def test_a_clock_that_is_wrong(s3_bucket: Bucket) -> None:
    server = s3_bucket.server
    address = f"{server.url}/{s3_bucket.name}"
    headers = signed_headers(
        server.keys, REGION, "GET", address, {}, {}, now=time.time() - 3 * 3600
    )
    answer = urllib3.request("GET", address, headers=headers)
    error = failure_of(answer.status, answer.data, answer.headers).error("the bucket 'b'")
    assert error.error_code == "PERMISSION_DENIED"
    assert "the clock of this machine differs too much" in error.message


def test_a_quota_that_is_full() -> None:
    body = b"<Error><Code>QuotaExceeded</Code></Error>"
    error = failure_of(403, body, {}).error("the bucket 'b'", "a")
    assert error.error_code == "RESOURCE_EXHAUSTED"
    assert "full" in error.message


@pytest.mark.usefixtures("impatient")
def test_a_store_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with run_swift() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        place = s3_at(f"s3://{server.fresh()}")
        assert place.parts is not None
        put(place, "large", os.urandom(4 * PART))
        upload = place.parts.begin("b", 2 * PART, PART)
        send(place, "b", upload, 1, os.urandom(PART))
        with place.get("large") as reading:
            pieces = reading.pieces()
            next(pieces)
            os.kill(server.processes[0].pid, signal.SIGKILL)
            server.processes[0].wait()
            with pytest.raises(BrokenOff):
                list(pieces)
        with pytest.raises(MlflowException, match="does not answer") as caught:
            send(place, "b", upload, 2, os.urandom(PART))
        assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"
        for error in errors_of(place):
            assert error.error_code == "TEMPORARILY_UNAVAILABLE"


@pytest.mark.parametrize("uri", ["s3://", "s3:///x", "s3:bucket", "s3://key:secret@bucket/x"])
def test_uris_that_name_no_bucket(uri: str) -> None:
    with pytest.raises(MlflowException, match="names no bucket") as caught:
        s3_at(uri)
    assert "secret" not in caught.value.message


# -- parts -----------------------------------------------------------------------------


@pytest.fixture
def relayed(
    s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[FaultProxy, Objects]]:
    """A relay with faults in front of the store, and the place behind it."""
    with FaultProxy(s3_bucket.server.url) as proxy:
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", proxy.url)
        yield proxy, s3_at(s3_bucket.url)


@pytest.mark.usefixtures("hasty")
def test_the_answer_to_finishing_is_lost(relayed: tuple[FaultProxy, Objects]) -> None:
    proxy, place = relayed
    assert place.parts is not None
    pieces = [os.urandom(PART), b"end"]
    upload = place.parts.begin("a", PART + 3, PART)
    sent = [send(place, "a", upload, n, piece) for n, piece in enumerate(pieces, 1)]
    proxy.add(cut(0, DOWN, request=b"POST", times=2))
    place.parts.finish("a", upload, sent)
    assert content(place, "a") == b"".join(pieces)
    place.parts.finish("a", upload, sent)
    with pytest.raises((Vanished, Damaged)):  # Swift goes on listing what it did not answer
        place.parts.finish("a", upload, [sent[0], Part(md5(b"x"), 3)])


@pytest.mark.usefixtures("hasty")
def test_a_connection_that_is_cut_is_made_again(relayed: tuple[FaultProxy, Objects]) -> None:
    proxy, place = relayed
    large = os.urandom(3 * PART)
    proxy.add(cut(2_000_000, request=b"PUT", times=2))
    put(place, "a", large)
    assert content(place, "a") == large


def test_damage_on_the_way_is_noticed(relayed: tuple[FaultProxy, Objects]) -> None:
    proxy, place = relayed
    assert place.parts is not None
    upload = place.parts.begin("a", PART, PART)
    proxy.add(flip(1000, request=b"PUT", in_body=True))
    with pytest.raises(Damaged):
        send(place, "a", upload, 1, os.urandom(PART))
    proxy.add(flip(3, request=b"PUT", in_body=True))
    with pytest.raises(Damaged):
        put(place, "b", b"a few bytes")
    assert paths(place) == []


_KILLED = """
import os, sys
from mlflow.blobs.s3.place import s3_at
place, part = s3_at(sys.argv[1]), open(sys.argv[2], "rb").read()
upload = place.parts.begin("big", 3 * len(part), len(part))
for number in (1, 2):
    place.parts.put_part("big", upload, number, lambda: [part], len(part), sys.argv[3])
print(upload, flush=True)
sys.stdin.read()
"""


def test_going_on_after_a_kill(
    place: Objects, s3_bucket: Bucket, tmp_path: os.PathLike[str]
) -> None:
    part = os.urandom(PART)
    file = os.path.join(tmp_path, "part")
    with open(file, "wb") as stream:
        stream.write(part)
    child = subprocess.Popen(
        [sys.executable, "-c", _KILLED, f"{s3_bucket.url}/runs/1", file, md5(part)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        upload = child.stdout.readline().decode().strip()
        child.kill()
    assert place.parts is not None
    [left] = place.parts.unfinished("big")
    there = Part(md5(part), PART)
    assert (left.upload_id, left.part_size, left.parts) == (upload, PART, {1: there, 2: there})
    assert abs(left.started - time.time()) < 600
    assert paths(place) == []
    place.parts.finish("big", upload, [there, there, send(place, "big", upload, 3, part)])
    assert content(place, "big") == part * 3


def test_many_unfinished_files_and_parts_come_in_pages(ceph_bucket: Bucket) -> None:
    place = s3_at(ceph_bucket.url)
    assert place.parts is not None
    for _ in range(5):
        place.parts.begin("a", PART, PART)
    upload = place.parts.begin("a", PART, PART)
    sent = {n: send(place, "a", upload, n, b"%d" % n) for n in range(1, 8)}
    parts = S3Parts(_s3(place))
    parts.page = 3
    assert len(parts.unfinished("a")) == 6
    assert parts.parts_of("a", upload) == sent
    assert place.sweep(-3600) == (6, 7)
    assert place.parts.unfinished("a") == []


def test_the_digest_of_an_object() -> None:
    one, many = md5(b"x"), of_parts(MD5, 8, [md5(b"x" * 8), md5(b"y")]).value
    sized = {"ETag": f'"{many}-2"', "x-amz-meta-mlflow-part-size": "8"}
    assert digest_of({"ETag": f'"{one}"'}, 1) == Digest(MD5, 0, one)
    assert digest_of(sized, 9) == Digest(MD5, 8, many)
    assert digest_of(sized, 17) is None
    assert digest_of({"ETag": f'"{many}-2"'}, 9) is None
    assert digest_of({"ETag": '"something"'}, 9) is None
    assert digest_of({"ETag": f'"{one}"', "x-amz-server-side-encryption": "aws:kms"}, 1) is None
    assert digest_of({"ETag": f'"{one}"', "x-amz-server-side-encryption": "AES256"}, 1) is not None


# -- signed addresses ------------------------------------------------------------------


def test_parts_by_signed_addresses(place: Objects) -> None:
    assert place.parts is not None
    pieces = [os.urandom(PART), b"end"]
    path = "a folder/ü+%41 (1).bin"
    upload = place.parts.begin(path, PART + 3, PART)
    for number, piece in enumerate(pieces, 1):
        address = place.sign_part(path, upload, number, 60)
        answer = urllib3.request("PUT", address, body=piece)
        assert answer.status == 200
        assert answer.headers["ETag"].strip('"') == md5(piece)
    place.parts.finish(path, upload, [Part(md5(piece), len(piece)) for piece in pieces])
    answer = urllib3.request("GET", place.sign("GET", path, 60), headers={"Range": "bytes=1-9"})
    assert (answer.status, answer.data) == (206, pieces[0][1:10])
    assert urllib3.request("PUT", place.sign("GET", path, 60), body=b"x").status == 403


def test_a_signed_address_for_a_whole_file(place: Objects) -> None:
    address = place.sign("PUT", "a b", 60, headers={"Content-Type": "text/plain"})
    assert urllib3.request("PUT", address, body=b"x").status == 403
    headers = {"Content-Type": "text/plain"}
    assert urllib3.request("PUT", address, body=b"whole", headers=headers).status == 200
    assert content(place, "a b") == b"whole"


def test_a_signed_address_runs_out(s3_bucket: Bucket) -> None:
    keys, address = s3_bucket.server.keys, f"{s3_bucket.server.url}/{s3_bucket.name}/a"
    now = time.time() - 100
    late = signed_url(keys, REGION, "PUT", address, 60, {}, {}, now=now)
    assert urllib3.request("PUT", late, body=b"x").status in (401, 403)
    still = signed_url(keys, REGION, "PUT", address, 600, {}, {}, now=now)
    assert urllib3.request("PUT", still, body=b"x").status == 200


def test_the_limits_of_signed_addresses(place: Objects) -> None:
    assert place.sign("GET", "a", 7 * 24 * 3600)
    for seconds in (0, 0.5, 7 * 24 * 3600 + 1):
        with pytest.raises(MlflowException, match="7 days"):
            place.sign("GET", "a", seconds)


def test_the_signature_of_amazons_own_example() -> None:
    keys = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    address = "https://examplebucket.s3.amazonaws.com/test.txt"
    now = 1369353600  # 2013-05-24
    url = signed_url(keys, REGION, "GET", address, 86400, {}, {}, now=now)
    assert url.endswith("aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    token = keys._replace(token="a/token+")
    assert "X-Amz-Security-Token=a%2Ftoken%2B&" in signed_url(
        token, REGION, "GET", address, 60, {}, {}
    )


@pytest.mark.parametrize(
    ("settings", "bucket", "start"),
    [
        ({}, "team", "https://team.s3.eu-west-1.amazonaws.com/x/a?"),
        ({}, "team.data", "https://s3.eu-west-1.amazonaws.com/team.data/x/a?"),
        (
            {"MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE": "path"},
            "team",
            "https://s3.eu-west-1.amazonaws.com/team/x/a?",
        ),
        ({"AWS_ENDPOINT_URL": "https://store:443/base/"}, "team", "https://store/base/team/x/a?"),
        (
            {"AWS_ENDPOINT_URL": "no", "AWS_ENDPOINT_URL_S3": "http://store:9000"},
            "team",
            "http://store:9000/team/x/a?",
        ),
        (
            {
                "MLFLOW_S3_ENDPOINT_URL": "http://st",
                "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE": "virtual",
            },
            "team",
            "http://team.st/x/a?",
        ),
    ],
)
def test_where_a_bucket_is(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], bucket: str, start: str
) -> None:
    given = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    for name, value in (given | settings).items():
        monkeypatch.setenv(name, value)
    assert s3_at(f"s3://{bucket}/x").sign("GET", "a", 60).startswith(start)


# -- settings --------------------------------------------------------------------------


def test_what_new_objects_get(s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "MLFLOW_S3_UPLOAD_EXTRA_ARGS",
        '{"Metadata": {"Team": "vision"}, "CacheControl": "no-store", "ContentEncoding": "gzip"}',
    )
    place = s3_at(s3_bucket.url)
    packed = gzip.compress(b"text")
    put(place, "a.json", packed)
    put(place, "large.json", packed * (10**6 // len(packed) * 9))
    for path in ("a.json", "large.json"):
        headers = urllib3.request("GET", place.sign("GET", path, 60), preload_content=False).headers
        assert headers["x-amz-meta-team"] == "vision"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Encoding"] == "gzip"
        assert headers["Content-Type"] == "application/json"
    assert content(place, "a.json") == packed


@pytest.mark.parametrize("given", ["no json", "[]", '{"Color": "red"}'])
def test_extra_arguments_that_cannot_be_sent(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("MLFLOW_S3_UPLOAD_EXTRA_ARGS", given)
    with pytest.raises(MlflowException, match="MLFLOW_S3_UPLOAD_EXTRA_ARGS"):
        s3_at("s3://bucket")


# -- listings, processes ---------------------------------------------------------------


def test_listings_come_in_pages(s3_bucket: Bucket) -> None:
    place = s3_at(f"{s3_bucket.url}/x")
    names = [f"f/{number:03}.txt" for number in range(205)]
    place.put_batch([(name, b"1") for name in names])
    found = [item.key for item in _s3(place).list("x/", flat=True, page=50)]
    assert found == [f"x/{name}" for name in names]
    assert [blob.name for blob in place.list("f")] == [name[2:] for name in names]
    assert place.delete("f")
    assert paths(place) == []


def test_a_forked_process_goes_on(place: Objects) -> None:
    put(place, "parent")
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=put, args=(place, f"child/{n}")) for n in range(4)]
    for child in children:
        child.start()
    put(place, "meanwhile")
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert paths(place) == [*(f"child/{n}" for n in range(4)), "meanwhile", "parent"]


# -- folders that are being logged -----------------------------------------------------


def test_places_with_other_roots_do_not_see_it_either(s3_bucket: Bucket) -> None:
    above, place = s3_at(s3_bucket.url), s3_at(f"{s3_bucket.url}/runs/1")
    below = s3_at(f"{s3_bucket.url}/runs/1/models")
    put(place, "log.txt")
    staging = place.staging("models/best", "one")
    put(staging.place, "weights.bin")
    assert "runs/1/models/best/weights.bin" in s3_bucket.all_keys()
    assert paths(above) == ["runs/1/log.txt"]
    assert [blob.name for blob in above.list("runs/1")] == ["log.txt"]
    assert paths(below) == []
    assert below.list() == []
    assert below.look("best/weights.bin") is None
    staging.publish()
    assert paths(below) == ["best/weights.bin"]
    assert s3_bucket.all_keys() == ["runs/1/log.txt", "runs/1/models/best/weights.bin"]


def test_what_broke_off_hides_nothing_that_comes_by_another_way(place: Objects) -> None:
    left = place.staging("m", "left")
    left.place.put_batch([("a", b"1"), ("b", b"1"), ("c", b"1"), ("d", b"1")])
    put(place, "m/a", b"2")
    place.put_batch([("m/b", b"2")])
    other = place.staging("m", "other")
    put(other.place, "c", b"2")
    other.publish()
    assert paths(place) == ["m/a", "m/b", "m/c"]
    assert place.sweep(-3600) == (1, 1)
    assert {path: content(place, path) for path in paths(place)} == dict.fromkeys(
        ["m/a", "m/b", "m/c"], b"2"
    )


def test_a_replaced_file_is_the_old_one_until_all_are_new(place: Objects) -> None:
    _s3(place).largest_copy = PART
    old, pieces = os.urandom(10), [os.urandom(PART), os.urandom(PART), b"end"]
    put(place, "m/big", old)
    put(place, "m/small", b"old")
    staging = place.staging("m", "one")
    parts = staging.place.parts
    assert parts is not None
    upload = parts.begin("big", 2 * PART + 3, PART)
    sent = [send(staging.place, "big", upload, n, piece) for n, piece in enumerate(pieces, 1)]
    again = place.staging("m", "one")
    assert again.place.parts is not None
    assert [left.upload_id for left in again.place.parts.unfinished("big")] == [upload]
    again.place.parts.finish("big", upload, sent)
    put(again.place, "small", b"new")
    assert (content(place, "m/big"), content(place, "m/small")) == (old, b"old")
    assert paths(place) == ["m/big", "m/small"]
    digest = of_parts(MD5, PART, [part.digest for part in sent])
    assert again.there()["big"].size == 2 * PART + 3
    again.publish()
    assert content(place, "m/big") == b"".join(pieces)
    assert content(place, "m/small") == b"new"
    found = place.look("m/big")
    assert found is not None
    assert found.digest == digest
    assert paths(place) == ["m/big", "m/small"]


def test_many_files_of_a_folder(ceph_bucket: Bucket) -> None:
    place = s3_at(ceph_bucket.url)
    staging = place.staging("m", "one")
    for start in range(0, 300, 60):
        staging.place.put_batch([(f"{n}", b"x") for n in range(start, start + 60)])
        assert paths(place) == []
        assert place.list() == []
    assert len(staging.there()) == 300
    staging.publish()
    assert len(place.list("m")) == 300


def _s3(place: Objects) -> S3:
    assert isinstance(place.bucket, S3)
    return place.bucket
