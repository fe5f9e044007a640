"""Artifacts over HTTP: whole or not at all, never outside of their folder, never in memory."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from mlflow.blobs.uri import PARTIAL
from tests.blobs.spellings import ALLOWED, REFUSED, as_sent
from tests.server.artifacts import API, DEADLINE, ROOT, get, names, put, send, until_nothing_is_left
from tests.server.raw import Conversation, exchange, request
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer
from tests.servers.processes import wait_until


def test_put_get_list_delete(server: RunningServer, root: Path) -> None:
    big = os.urandom(3_000_000)  # larger than the largest JSON body of this server
    put(server, "0/run/artifacts/model.bin", big)
    put(server, "0/run/artifacts/a/empty.txt", b"")
    assert get(server, f"{API}/0/run/artifacts/model.bin").body == big
    assert get(server, f"{API}/0/run/artifacts/a/empty.txt").body == b""
    listed = json.loads(get(server, f"{API}?path=0%2Frun/artifacts/").body)
    assert listed == {
        "files": [
            {"path": "a", "is_dir": True},
            {"path": "model.bin", "is_dir": False, "file_size": 3_000_000},
        ]
    }
    ajax = "/ajax-api/2.0/mlflow-artifacts/artifacts"
    assert json.loads(get(server, f"{ajax}?path=0/run/artifacts").body) == listed
    assert get(server, f"{ajax}/0/run/artifacts/model.bin").body == big
    for nothing in ("0/run/artifacts/model.bin", "none", "0/run/artifacts/model.bin/x"):
        assert json.loads(get(server, f"{API}?path={nothing}").body) == {}
    put(server, "0/run/artifacts/model.bin", b"new")
    assert get(server, f"{API}/0/run/artifacts/model.bin").body == b"new"
    for _ in range(2):  # what is gone already is no error
        assert send(server, "DELETE", f"{API}/0/run").status == 200
    assert get(server, f"{API}/0/run/artifacts/model.bin").status == 404
    assert names(root) == []


def test_what_cannot_be_read_or_written(server: RunningServer, root: Path) -> None:
    put(server, "a/b", b"x")
    for method, path, body, status, words in (
        ("GET", "none", b"", 404, "There is no artifact 'none'"),
        ("GET", "a", b"", 400, "is a folder"),
        ("PUT", "a", b"x", 400, "there is a folder of that name"),
        ("PUT", "a/b/c", b"x", 400, "is a file or a link"),
        ("POST", "a/b", b"x", 405, "use DELETE, GET, HEAD, OPTIONS, PUT"),
    ):
        answer = send(server, method, f"{API}/{path}", body)
        assert answer.status == status, answer.body
        assert words in json.loads(answer.body)["message"]
    assert send(server, "DELETE", API).status == 405
    assert send(server, "PUT", f"{API}/z", b"x", content_encoding="gzip").status == 415
    assert names(root) == ["a/b"]


@pytest.mark.parametrize("path", REFUSED, ids=ascii)
def test_no_path_leads_outside(server: RunningServer, root: Path, path: str) -> None:
    put(server, "inside", b"x")
    beside = sorted(os.listdir(root.parent))
    # Controls and blanks cannot stand in a request as they are; all else is sent both ways.
    plain = path.isascii() and path.isprintable() and not {" ", "#", "?"} & set(path)
    for raw in {as_sent(path), quote(path, safe=""), *([path] if plain else [])}:
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            answer = send(server, method, f"{API}/{raw}", b"x" if method == "PUT" else b"")
            assert answer.status == 400, (method, raw, answer.body)
    if path.strip("/") and not path.endswith("/"):  # a folder may be written with its slash
        answer = get(server, f"{API}?path={quote(path, safe='')}")
        assert answer.status == 400, answer.body
        listing = "/api/2.0/mlflow/artifacts/list?run_id=" + "0" * 32
        assert get(server, f"{listing}&path={quote(path, safe='')}").status == 400
        answer = get(server, f"/get-artifact?run_id={'0' * 32}&path={quote(path, safe='')}")
        assert answer.status == 400
    assert names(root) == ["inside"]
    assert sorted(os.listdir(root.parent)) == beside


@pytest.mark.parametrize("path", ALLOWED, ids=ascii)
def test_other_names_are_names(server: RunningServer, root: Path, path: str) -> None:
    put(server, as_sent(path), path.encode())
    assert get(server, f"{API}/{as_sent(path)}").body == path.encode()
    assert names(root) == [path]
    assert send(server, "DELETE", f"{API}/{as_sent(path)}").status == 200


def test_links_in_the_folder_are_not_followed(
    server: RunningServer, root: Path, tmp_path: Path
) -> None:
    put(server, "a/b", b"x")
    (tmp_path / "secret").write_text("secret")
    (root / "a/link").symlink_to(tmp_path)
    (root / "a/file").symlink_to(tmp_path / "secret")
    assert get(server, f"{API}/a/link/secret").status == 404
    assert get(server, f"{API}/a/file").status == 404
    assert send(server, "PUT", f"{API}/a/link/new", b"x").status == 400
    assert send(server, "DELETE", f"{API}/a/link/secret").status == 400
    assert json.loads(get(server, f"{API}?path=a/link").body) == {}
    assert [entry["path"] for entry in json.loads(get(server, f"{API}?path=a").body)["files"]] == [
        "b"
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_headers_of_content(server: RunningServer, root: Path) -> None:
    put(server, "page.html", b"<script>alert(1)</script>")
    found = get(server, f"{API}/page.html").headers
    assert found["content-type"] == "text/html"
    assert found["content-disposition"] == 'attachment; filename="page.html"'
    assert found["x-content-type-options"] == "nosniff"
    assert found["content-security-policy"] == "sandbox; default-src 'none'"
    assert found["cross-origin-resource-policy"] == "same-origin"
    for name, kind in (
        ("a.py", "text/plain; charset=utf-8"),
        ("MLmodel", "text/plain; charset=utf-8"),
        ("a.JSON", "text/plain; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.mjs", "application/octet-stream"),  # or a page of ours could be led to run it
        ("a.css", "application/octet-stream"),
        ("a.wasm", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ):
        put(server, name, b"x")
        assert get(server, f"{API}/{name}").headers["content-type"] == kind
    put(server, as_sent('é "x"\'.txt'), b"x")
    found = get(server, f"{API}/{as_sent(chr(233) + ' ' + chr(34) + 'x' + chr(34))}%27.txt").headers
    assert found["content-disposition"] == (
        "attachment; filename=\"_ _x__.txt\"; filename*=UTF-8''%C3%A9%20%22x%22%27.txt"
    )


def test_parts(server: RunningServer, root: Path) -> None:
    content = os.urandom(300_000)
    put(server, "a", content)
    for asked, status, start, end in (
        ("bytes=0-9", 206, 0, 10),
        ("bytes=100000-249999", 206, 100_000, 250_000),
        ("bytes=299999-", 206, 299_999, 300_000),
        ("bytes=-5", 206, 299_995, 300_000),
        ("bytes=-999999", 206, 0, 300_000),
        ("bytes=10-999999", 206, 10, 300_000),
        ("bytes=0-1,5-6", 200, 0, 300_000),
        ("bytes=9-1", 200, 0, 300_000),
        ("bytes=-", 200, 0, 300_000),
        ("lines=1-2", 200, 0, 300_000),
    ):
        answer = get(server, f"{API}/a", range=asked)
        assert (answer.status, answer.body) == (status, content[start:end]), asked
        if status == 206:
            assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/300000"
    answer = get(server, f"{API}/a", range="bytes=300000-")
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */300000")
    head = send(server, "HEAD", f"{API}/a")
    assert (head.status, head.headers["content-length"], head.body) == (200, "300000", b"")
    assert head.headers["accept-ranges"] == "bytes"


def test_what_the_client_has_is_not_sent_again(server: RunningServer, root: Path) -> None:
    put(server, "a", b"one")
    first = get(server, f"{API}/a").headers
    tag = first["etag"]
    for headers in (
        {"if_none_match": tag},
        {"if_none_match": f'"x", W/{tag}'},
        {"if_none_match": "*"},
        {"if_modified_since": first["last-modified"]},
    ):
        answer = get(server, f"{API}/a", **headers)
        assert (answer.status, answer.body) == (304, b""), headers
    assert get(server, f"{API}/a", if_none_match='"x"').body == b"one"
    assert get(server, f"{API}/a", if_modified_since="nonsense").body == b"one"
    assert get(server, f"{API}/a", range="bytes=0-0", if_range=tag).body == b"o"
    put(server, "a", b"two")
    assert get(server, f"{API}/a", if_none_match=tag).body == b"two"
    assert get(server, f"{API}/a", range="bytes=0-0", if_range=tag).body == b"two"


@pytest.mark.parametrize("before", [None, b"old"])
@pytest.mark.parametrize(
    "half",
    [
        b"Content-Length: 1000000\r\n\r\n" + b"x" * 900_000,
        b"Content-Length: 1000000\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + b"x" * 0x400 + b"\r\n400\r\nxx",
        b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + b"x" * 0x400 + b"\r\n",
    ],
    ids=["most", "none", "in a chunk", "after a chunk"],
)
def test_an_upload_that_breaks_off_leaves_nothing(
    server: RunningServer, root: Path, half: bytes, before: bytes | None
) -> None:
    if before is not None:
        put(server, "a/b", before)
    with Conversation(server.url) as conversation:
        conversation.send(f"PUT {API}/a/b HTTP/1.1\r\nHost: localhost\r\n".encode() + half)
    expected = [] if before is None else ["a/b"]
    assert until_nothing_is_left(root) == expected
    answer = get(server, f"{API}/a/b")
    assert (answer.status, answer.body) == (200, before) if before else answer.status == 404


def test_a_silent_client_is_let_go(server: RunningServer, root: Path) -> None:
    with Conversation(server.url) as conversation:
        half = b"Content-Length: 1000\r\n\r\nx"
        conversation.send(f"PUT {API}/a HTTP/1.1\r\nHost: localhost\r\n".encode() + half)
        answer = conversation.answer()
        assert answer.status == 408
        assert "Nothing was kept" in json.loads(answer.body)["message"]
    assert until_nothing_is_left(root) == []


def test_a_reader_that_stands_still_is_let_go(server: RunningServer, root: Path) -> None:
    put(server, "slow", bytes(40_000_000))

    def let_go() -> bool:
        lines = server.log.read_text().splitlines()
        return any("/slow" in line and '"status":499' in line for line in lines)

    with Conversation(server.url) as conversation:
        conversation.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        conversation.send(request("GET", f"{API}/slow", kind=None))
        wait_until(let_go, server.process, "letting go of a client", server.log)
        files = psutil.Process(server.pid).open_files()
        assert not any(file.path.endswith("/slow") for file in files)
        received = 0
        try:
            while data := conversation.socket.recv(1_000_000):
                received += len(data)
        except ConnectionResetError:
            pass
        assert received < 40_000_000


def test_a_killed_server_shows_no_part(start_server: StartServer) -> None:
    server = start_server()
    root = server.folder / "mlruns/artifacts"
    put(server, "there", b"x")
    with Conversation(server.url) as conversation:
        half = b"Content-Length: 9000000\r\n\r\n" + bytes(5_000_000)
        conversation.send(f"PUT {API}/part HTTP/1.1\r\nHost: localhost\r\n".encode() + half)
        end = time.monotonic() + DEADLINE
        while len(names(root)) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        server.kill()
    left = [name for name in names(root) if PARTIAL in name]
    assert len(left) == 1
    os.utime(root / left[0], (0, 0))  # as if it had been left there long ago
    server.start()
    assert until_nothing_is_left(root) == ["there"]
    assert json.loads(get(server, API).body) == {
        "files": [{"path": "there", "is_dir": False, "file_size": 1}]
    }


def test_artifacts_of_a_run(server: RunningServer, root: Path) -> None:
    run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]
    uri = run["artifact_uri"]
    assert uri == f"mlflow-artifacts:/0/{run['run_id']}/artifacts"
    put(server, f"{uri.removeprefix('mlflow-artifacts:/')}/a/b.txt", b"text")
    listed = server.call("GET", f"artifacts/list?run_id={run['run_id']}")
    assert listed == {"root_uri": uri, "files": [{"path": "a", "is_dir": True}]}
    listed = server.call("GET", f"artifacts/list?run_uuid={run['run_id']}&path=a")
    assert listed["files"] == [{"path": "a/b.txt", "is_dir": False, "file_size": 4}]
    for path in ("a/b.txt", "none"):
        listed = server.call("GET", f"artifacts/list?run_id={run['run_id']}&path={path}")
        assert listed == {"root_uri": uri}
    answer = get(server, f"/get-artifact?run_id={run['run_id']}&path=a%2Fb.txt")
    assert (answer.status, answer.body) == (200, b"text")
    assert answer.headers["content-disposition"] == 'attachment; filename="b.txt"'
    head = send(server, "HEAD", f"/get-artifact?run_uuid={run['run_id']}&path=a/b.txt")
    assert (head.status, head.headers["content-length"]) == (200, "4")
    for query, status in (
        ("", 400),
        (f"run_id={run['run_id']}", 400),
        (f"run_id={run['run_id']}&path=a", 400),
        (f"run_id={run['run_id']}&path=none", 404),
        (f"run_id={'0' * 32}&path=a", 404),
    ):
        assert get(server, f"/get-artifact?{query}").status == status, query


@pytest.mark.parametrize("location", ["file:///etc", "/etc", "file:///etc/../etc"])
def test_a_location_does_not_open_the_disk(server: RunningServer, location: str) -> None:
    """Whoever may create an experiment must not read the server's files through it."""
    question = {"name": f"at {location}", "artifact_location": location}
    status, body = server.request(
        "POST",
        "/api/2.0/mlflow/experiments/create",
        json.dumps(question).encode(),
        {"Content-Type": "application/json"},
    )
    if status == 400:  # refused at once
        return
    number = json.loads(body)["experiment_id"]
    run = server.call("POST", "runs/create", {"experiment_id": number})["run"]["info"]["run_id"]
    answer = get(server, f"/get-artifact?run_id={run}&path=passwd")
    assert (answer.status, json.loads(answer.body)["error_code"]) == (403, "PERMISSION_DENIED")
    assert get(server, f"/api/2.0/mlflow/artifacts/list?run_id={run}").status == 403


def test_pages_of_others_may_not_write(server: RunningServer, root: Path) -> None:
    for method in ("PUT", "DELETE"):
        answer = send(server, method, f"{API}/a", b"x", origin="https://evil.example")
        assert answer.status == 403
    answer = exchange(server.url, request("PUT", f"{API}/a", b"x", host="evil.example", kind=None))
    assert answer.status == 403
    answer = exchange(server.url, request("GET", f"{API}/a", host="evil.example"))
    assert answer.status == 403
    headers = {"origin": "http://localhost:3000", "access_control_request_method": "PUT"}
    asked = send(server, "OPTIONS", f"{API}/a", b"", **headers)
    assert asked.status == 204
    assert "PUT" in asked.headers["access-control-allow-methods"]
    assert names(root) == []


def test_a_named_folder_and_a_prefix(start_server: StartServer, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere"
    options = ("--artifacts-destination", str(kept), "--static-prefix", "/p", "--artifacts-only")
    server = start_server(None, *options)
    assert send(server, "PUT", f"/p{API}/a", b"x").status == 200
    assert (kept / "a").read_bytes() == b"x"
    assert get(server, f"/p{API}/a").body == b"x"
    assert get(server, "/p/get-artifact?run_id=1&path=a").status == 503
    assert get(server, f"{API}/a").status == 404


def test_a_database_has_its_artifacts_in_the_working_directory(
    start_server: StartServer, sqlite_url: str
) -> None:
    server = start_server(sqlite_url)
    put(server, "a", b"x")
    assert (server.folder / "mlartifacts/a").read_bytes() == b"x"


@pytest.mark.parametrize("place", ["mlflow-artifacts:/", "runs:/0", "models:/m/1", "nothing://x"])
def test_what_cannot_be_served(tmp_path: Path, place: str) -> None:
    with pytest.raises(RuntimeError, match="did not start: it ended with 2"):
        RunningServer(tmp_path, None, ["--artifacts-destination", place])


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(start_server: StartServer) -> None:
    server = start_server()
    put(server, "warm", bytes(5_000_000))
    process = psutil.Process(server.pid)
    before = process.memory_info().rss
    most = before
    piece = os.urandom(1024 * 1024)
    with Conversation(server.url) as conversation:
        head = f"PUT {API}/big HTTP/1.1\r\nHost: localhost\r\nContent-Length: {300 * 1024**2}\r\n"
        conversation.send(head.encode() + b"\r\n")
        for _ in range(300):
            conversation.send(piece)
            most = max(most, process.memory_info().rss)
        assert conversation.answer().status == 200
        conversation.send(request("GET", f"{API}/big", kind=None))
        received = 0
        while received < 300 * 1024**2:
            received += len(conversation.socket.recv(1024 * 1024))
            most = max(most, process.memory_info().rss)
    assert most - before < 50 * 1024**2


def test_a_file_is_not_read_on_for_a_client_that_has_gone(
    running_server: RunningServer,
) -> None:
    folder = running_server.folder / "mlruns/artifacts"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "big").open("wb") as file:
        file.truncate(4 * 1024**3)
    process = psutil.Process(running_server.pid)
    before = process.io_counters().read_chars
    with Conversation(running_server.url) as conversation:
        conversation.send(request("GET", f"{API}/big"))
        conversation.socket.recv(1000)
        assert str(folder / "big") in [file.path for file in process.open_files()]
    end = time.monotonic() + DEADLINE
    while str(folder / "big") in [file.path for file in process.open_files()]:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert process.io_counters().read_chars - before < 1024**3


def test_memory_grows_little_with_clients_that_are_slow(running_server: RunningServer) -> None:
    put(running_server, "big", os.urandom(20_000_000))
    process = psutil.Process(running_server.pid)
    before = process.memory_info().rss
    with ExitStack() as stack:
        for _ in range(150):
            conversation = stack.enter_context(Conversation(running_server.url))
            conversation.send(request("GET", f"{API}/big"))
            conversation.socket.recv(1000)
        grown, settled = -1, process.memory_info().rss
        while grown != settled:  # until no more is sent
            grown = settled
            time.sleep(0.5)
            settled = process.memory_info().rss
        assert settled - before < 300_000_000


def test_few_large_answers_wait_for_clients_that_are_slow(running_server: RunningServer) -> None:
    put(running_server, "big", bytes(15_000_000))
    process = psutil.Process(running_server.pid)
    before = process.memory_info().rss
    statuses = []
    with ExitStack() as stack:
        for _ in range(40):
            conversation = stack.enter_context(Conversation(running_server.url))
            conversation.send(request("GET", f"{ROOT}/archive?names=big"))
            statuses.append(conversation.socket.recv(1000).split()[1])
        assert process.memory_info().rss - before < 400_000_000
    assert {*statuses} == {b"200", b"503"}
