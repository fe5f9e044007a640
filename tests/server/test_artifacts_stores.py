"""A server with an object store behind it: what goes through it, and what it signs."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest

from tests.blobs.spellings import ALLOWED, REFUSED, as_sent
from tests.server.artifacts import API, ROOT, get, put, send
from tests.server.test_uploads import archive, ask, begin, code, files, ours, told
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer
from tests.servers.object_stores import Bucket

MIB = 1024 * 1024
PART = 5 * MIB


@pytest.fixture
def behind(s3_bucket: Bucket, start_server: StartServer) -> RunningServer:
    """A server that keeps artifacts in a bucket."""
    return start_server(None, "--artifacts-destination", f"{s3_bucket.url}/kept")


def at_store(method: str, url: str, body: bytes | None = None, **headers: str) -> Any:
    return urlopen(Request(url, body, headers, method=method), timeout=30)


def test_files_go_through_the_server(behind: RunningServer) -> None:
    big = os.urandom(20 * MIB)
    put(behind, "run/a/b%20%C3%A9.txt", b"text")
    put(behind, "run/big", big)
    put(behind, "run/empty", b"")
    listed = json.loads(get(behind, f"{API}?path=run").body)["files"]
    assert listed == [
        {"path": "a", "is_dir": True},
        {"path": "big", "is_dir": False, "file_size": 20 * MIB},
        {"path": "empty", "is_dir": False, "file_size": 0},
    ]
    assert files(behind, "run") == {"a/b é.txt": 4, "big": 20 * MIB, "empty": 0}
    answer = get(behind, f"{API}/run/big")
    assert answer.body == big
    tag = answer.headers["etag"]
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-millstream-digest"].startswith("md5")
    for asked, start, end in (("bytes=5-9", 5, 10), ("bytes=-7", -7, None)):
        answer = get(behind, f"{API}/run/big", range=asked, if_match=tag)
        assert (answer.status, answer.body) == (206, big[start:end])
    assert get(behind, f"{API}/run/big", range=f"bytes={20 * MIB}-").status == 416
    assert get(behind, f"{API}/run/big", if_none_match=tag).status == 304
    assert get(behind, f"{API}/run/big", if_match='"other"').status == 412
    head = send(behind, "HEAD", f"{API}/run/big")
    assert (head.status, head.headers["content-length"]) == (200, str(20 * MIB))
    assert get(behind, f"{API}/run/empty").body == b""
    for path, status in (("run", 400), ("none", 404), ("run/big/x", 404)):
        for method in ("GET", "HEAD"):
            assert send(behind, method, f"{API}/{path}").status == status, (method, path)
    assert send(behind, "PUT", f"{API}/run/big", b"damaged", **ours(b"other")).status == 400
    assert get(behind, f"{API}/run/big", range="bytes=0-9").body == big[:10]
    assert send(behind, "DELETE", f"{API}/run").status == 200
    assert json.loads(get(behind, API).body) == {}


def test_parts_go_straight_to_the_store(behind: RunningServer) -> None:
    content = os.urandom(2 * PART + 1)
    pieces = [content[start : start + PART] for start in range(0, len(content), PART)]
    info = told(get(behind, "/api/3.0/mlflow/server-info"))
    assert info["multipart_uploads_enabled"]
    assert info["multipart_downloads_enabled"]
    question = {"path": "big", "size": len(content), "part_size": PART}
    created = told(ask(behind, "mpu/create/run", question))
    assert created["algorithm"] == "md5"
    assert not any(one["url"].startswith("/") for one in created["credentials"])
    parts = []
    for one in created["credentials"][1:]:
        piece = pieces[one["part_number"] - 1]
        md5 = b64encode(hashlib.md5(piece).digest()).decode()
        tag = at_store("PUT", one["url"], piece, **{"Content-MD5": md5}).headers["ETag"]
        parts.append({"part_number": one["part_number"], "etag": tag, "size": len(piece)})
    (upload,) = told(get(behind, f"{ROOT}/mpu/list/run?path=big"))["uploads"]
    assert [part["part_number"] for part in upload["parts"]] == [2, 3]
    # A client that cannot reach the store sends through the server.
    query = f"upload_id={created['upload_id']}&part_number=1"
    address = f"{ROOT}/mpu/part/run/big?{query}"
    damaged = send(behind, "PUT", address, pieces[0], **ours(pieces[1]))
    assert (damaged.status, code(damaged)) == (400, "DATA_LOSS")
    answer = send(behind, "PUT", address, pieces[0], **ours(pieces[0]))
    assert (answer.status, answer.headers["etag"]) == (
        200,
        f'"{hashlib.md5(pieces[0]).hexdigest()}"',
    )
    parts.append({"part_number": 1, "etag": answer.headers["etag"], "size": PART})
    question = {"path": "big", "upload_id": created["upload_id"], "parts": parts}
    whole = hashlib.md5(b"".join(hashlib.md5(piece).digest() for piece in pieces)).hexdigest()
    assert told(ask(behind, "mpu/complete/run", question)) == {"digest": f"md5/{PART}:{whole}"}
    assert get(behind, f"{API}/run/big").body == content
    signed = told(get(behind, f"{ROOT}/presigned/run/big"))
    assert signed["file_size"] == len(content)
    assert at_store("GET", signed["url"], **signed["headers"]).read() == content
    assert get(behind, f"{ROOT}/presigned/run/none").status == 404


def test_official_clients_parts(behind: RunningServer) -> None:
    pieces = [os.urandom(PART), b"end"]
    created = told(ask(behind, "mpu/create/run", {"path": "/data/big", "num_parts": 2}))
    parts = []
    for one, piece in zip(created["credentials"], pieces, strict=True):
        tag = at_store("PUT", one["url"], piece).headers["ETag"]
        parts.append({"part_number": one["part_number"], "etag": tag, "url": one["url"]})
    question = {"path": "/data/big", "upload_id": created["upload_id"], "parts": parts}
    assert ask(behind, "mpu/complete/run", question).status == 200
    assert get(behind, f"{API}/run/big").body == b"".join(pieces)
    created = told(ask(behind, "mpu/create/run", {"path": "other", "num_parts": 1}))
    question = {"path": "other", "upload_id": created["upload_id"]}
    assert told(ask(behind, "mpu/abort/run", question)) == {}
    with pytest.raises(HTTPError):
        at_store("PUT", created["credentials"][0]["url"], b"late")


def test_addresses_for_the_files_of_a_run(behind: RunningServer) -> None:
    run = behind.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    question = {"run_id": run, "path": "a/b", "expiration": 60}
    signed = behind.call("POST", "artifacts/presigned-upload-url", question)
    assert at_store("PUT", signed["presigned_url"], b"content", **signed["headers"]).status == 200
    listed = behind.call("GET", f"artifacts/list?run_id={run}&path=a")
    assert listed["files"] == [{"path": "a/b", "is_dir": False, "file_size": 7}]
    signed = behind.call("POST", "artifacts/presigned-download-url", question)
    assert signed["file_size"] == 7
    assert at_store("GET", signed["presigned_url"]).read() == b"content"
    assert get(behind, f"/get-artifact?run_id={run}&path=a/b").body == b"content"
    for wrong in (
        {"path": "a"},
        {"run_id": run, "path": "../a"},
        {"run_id": run, "path": "a", "expiration": 0},
        {"run_id": run, "path": "a", "expiration": 604_801},
        {"run_id": run, "model_id": "m", "path": "a"},
    ):
        body = json.dumps(wrong).encode()
        status, _ = behind.request(
            "POST",
            "/api/2.0/mlflow/artifacts/presigned-upload-url",
            body,
            {"Content-Type": "application/json"},
        )
        assert status == 400, wrong


def test_a_folder_appears_as_a_whole(behind: RunningServer) -> None:
    put(behind, "run/model/old", b"old")
    staging = begin(behind, "run/model")["staging"]
    assert send(behind, "PUT", f"{API}/run/model/a?staging={staging}", b"a").status == 200
    packed = archive({"c": b"c", "d/e": b"de"})
    assert send(behind, "PUT", f"{ROOT}/archive/run/model?staging={staging}", packed).status == 200
    content = os.urandom(PART + 1)
    question = {"path": "big", "size": PART + 1, "part_size": PART, "staging": staging}
    created = told(ask(behind, "mpu/create/run/model", question))
    parts = [
        {
            "part_number": number,
            "etag": at_store("PUT", one["url"], content[start : start + PART]).headers["ETag"],
        }
        for number, (one, start) in enumerate(
            zip(created["credentials"], (0, PART), strict=True), 1
        )
    ]
    question = {"path": "big", "upload_id": created["upload_id"], "parts": parts}
    answer = ask(behind, "mpu/complete/run/model", question | {"staging": staging})
    assert answer.status == 200, answer.body
    assert files(behind, "run/model") == {"old": 3}
    assert ask(behind, "staging/complete/run/model", {"staging": staging}).status == 200
    assert files(behind, "run/model") == {"a": 1, "big": PART + 1, "c": 1, "d/e": 2, "old": 3}
    answer = send(behind, "PUT", f"{API}/run/model/late?staging={staging}", b"x")
    assert (answer.status, code(answer)) == (404, "NOT_FOUND")


def test_spellings(behind: RunningServer) -> None:
    for path in REFUSED:
        for method in ("GET", "PUT", "DELETE"):
            answer = send(
                behind, method, f"{API}/{as_sent(path)}", b"x" if method == "PUT" else b""
            )
            assert answer.status == 400, (method, path)
    for path in ALLOWED:
        put(behind, as_sent(f"top/{path}"), path.encode())
    assert set(files(behind, "top")) == set(ALLOWED)
    for path in ALLOWED:
        assert get(behind, f"{API}/top/{as_sent(path)}").body == path.encode()


def test_runs_may_be_in_a_bucket(s3_bucket: Bucket, start_server: StartServer) -> None:
    """The server shows what is at its default root, and at places that are allowed."""
    location = f"{s3_bucket.url}/team"
    options = ("--default-artifact-root", f"{s3_bucket.url}/root", "--no-serve-artifacts")
    server = start_server(None, *options, "--allowed-artifact-locations", location)
    server.call("POST", "experiments/create", {"name": "team", "artifact_location": location})
    evil = f"{location}-of-others"
    server.call("POST", "experiments/create", {"name": "evil", "artifact_location": evil})
    for number, status in (("0", 200), ("1", 200), ("2", 403)):
        run = server.call("POST", "runs/create", {"experiment_id": number})["run"]["info"]
        assert run["artifact_uri"].startswith(f"{s3_bucket.url}/")
        address = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run['run_id']}&path=a"
        assert send(server, "POST", address, b"there").status == status
        answer = get(server, f"/get-artifact?run_id={run['run_id']}&path=a")
        assert answer.status == status
        if status == 200:
            assert answer.body == b"there"


def test_a_store_that_cannot_be_used(s3_bucket: Bucket, start_server: StartServer) -> None:
    environment = {"AWS_SECRET_ACCESS_KEY": "wrong", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    options = ("--artifacts-destination", s3_bucket.url)
    server = start_server(None, *options, environment=environment)
    for method, address in (("PUT", f"{API}/a"), ("GET", f"{API}/a"), ("GET", API)):
        answer = send(server, method, address, b"x" if method == "PUT" else b"")
        assert answer.status in (401, 403), answer.body
        message = json.loads(answer.body)["message"]
        assert "wrong" not in message
        assert "Traceback" not in message


@pytest.mark.slow
def test_memory_with_a_store_behind(behind: RunningServer) -> None:
    process = psutil.Process(behind.pid)
    put(behind, "warm", bytes(MIB))
    before = process.memory_info().rss
    content = os.urandom(64 * MIB)
    put(behind, "big", content)
    after_put = process.memory_info().rss
    assert get(behind, f"{API}/big").body == content
    assert max(after_put, process.memory_info().rss) - before < 60 * MIB


def test_workers_have_the_store_for_themselves(
    ceph_bucket: Bucket, start_server: StartServer
) -> None:
    """The store is opened in each worker, after it was forked."""
    options = ("--artifacts-destination", ceph_bucket.url, "--workers", "3")
    server = start_server(None, *options)
    contents = {f"a/{number}": os.urandom(number * 100_000) for number in range(24)}
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda path: put(server, path, contents[path]), contents))
        found = threads.map(lambda path: get(server, f"{API}/{path}").body, contents)
    assert list(found) == list(contents.values())
