"""Previews over HTTP: each file in a kind that a browser may show, and in its sandbox."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.server.artifacts import get, put, send
from tests.server.raw import exchange, request
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer

PREVIEW = "/ajax-api/2.0/mlflow/artifacts/preview"
TEXT = "text/plain; charset=utf-8"


@pytest.fixture
def run(server: RunningServer, root: Path) -> str:
    """A run of the shared server."""
    made = server.call("POST", "runs/create", {"experiment_id": "0"})
    run_id: str = made["run"]["info"]["run_id"]
    return run_id


def keep(server: RunningServer, run: str, path: str, content: bytes) -> str:
    """Keep an artifact of a run; the address of its preview."""
    put(server, f"0/{run}/artifacts/{quote(path)}", content)
    return f"{PREVIEW}?run_id={run}&path={quote(path, safe='')}"


def rules(policy: str) -> dict[str, set[str]]:
    """A content policy: sources by directive."""
    parts = [part.split() for part in policy.split(";")]
    return {name: set(sources) for name, *sources in parts}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("report.html", "text/html; charset=utf-8"),
        ("REPORT.HTM", "text/html; charset=utf-8"),
        ("plot.svg", "image/svg+xml"),
        ("plot.png", "image/png"),
        ("photo.JPG", "image/jpeg"),
        ("moving.gif", "image/gif"),
        ("photo.webp", "image/webp"),
        ("film.mp4", "video/mp4"),
        ("film.webm", "video/webm"),
        ("tone.wav", "audio/wav"),
        ("tone.mp3", "audio/mpeg"),
        ("paper.pdf", "application/pdf"),
        ("analysis.ipynb", TEXT),
        ("page.xml", TEXT),
        ("script.js", TEXT),
        ("notes.txt", TEXT),
        ("model/MLmodel", TEXT),
        ("map.geojson", "application/octet-stream"),
        ("weights.bin", "application/octet-stream"),
        ("page.xhtml", "application/octet-stream"),
        ("page.mhtml", "application/octet-stream"),
        ("page.shtml", "application/octet-stream"),
        ("film.swf", "application/octet-stream"),
        ("no ending", "application/octet-stream"),
        ("page.html.", "application/octet-stream"),
    ],
)
def test_each_kind_has_its_sandbox(server: RunningServer, run: str, path: str, kind: str) -> None:
    content = b"<script>alert(1)</script>"
    found = get(server, keep(server, run, path, content))
    assert (found.status, found.body) == (200, content)
    assert found.headers["content-type"] == kind
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cross-origin-resource-policy"] == "same-origin"
    shown = kind != "application/octet-stream"
    assert found.headers["content-disposition"].startswith("inline" if shown else "attachment")
    policy = rules(found.headers["content-security-policy"])
    assert policy["default-src"] == policy["form-action"] == policy["base-uri"] == {"'none'"}
    assert policy["frame-ancestors"] == {"'self'"}
    reach = set().union(*(sources for name, sources in policy.items() if name.endswith("-src")))
    allowed = {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert reach <= allowed
    if kind.startswith("text/html"):
        assert policy["sandbox"] == {"allow-scripts"}
        assert "'self'" not in reach
    elif kind == "application/pdf" or kind.startswith(("audio/", "video/")):
        assert "script-src" not in policy
    else:
        assert policy["sandbox"] == set()
        assert "script-src" not in policy


def test_a_page_runs_no_scripts_unless_it_may_be_in_a_frame(
    server: RunningServer, run: str
) -> None:
    address = keep(server, run, "page.html", b"x")
    for opened, sandbox in (
        ("document", set()),
        ("iframe", {"allow-scripts"}),
        ("empty", {"allow-scripts"}),
        (None, {"allow-scripts"}),
    ):
        headers = {} if opened is None else {"sec_fetch_dest": opened}
        found = get(server, address, **headers).headers
        policy = rules(found["content-security-policy"])
        assert policy["sandbox"] == sandbox
        assert ("script-src" in policy) == bool(sandbox)
        assert found["vary"] == "sec-fetch-dest"


def test_previews_come_whole_or_in_part_or_not_again(server: RunningServer, run: str) -> None:
    content = os.urandom(3_000_000)
    address = keep(server, run, "a/film ä & (1) +.mp4", content)
    whole = get(server, address)
    assert whole.body == content
    assert (
        "filename*=UTF-8''film%20%C3%A4%20%26%20%281%29%20%2B.mp4"
        in (whole.headers["content-disposition"])
    )
    part = get(server, address, range="bytes=1000000-1999999")
    assert (part.status, part.body) == (206, content[1_000_000:2_000_000])
    assert part.headers["content-range"] == "bytes 1000000-1999999/3000000"
    last = get(server, address, range="bytes=-5")
    assert (last.status, last.body) == (206, content[-5:])
    assert get(server, address, range="bytes=3000000-").status == 416
    again = get(server, address, if_none_match=whole.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    head = send(server, "HEAD", address)
    assert (head.status, head.headers["content-length"]) == (200, "3000000")
    assert head.headers["content-type"] == "video/mp4"
    twin = get(server, address.replace("/ajax-api/", "/api/"))
    assert twin.body == content


def test_what_has_no_preview(server: RunningServer, run: str) -> None:
    keep(server, run, "a/b.txt", b"x")
    for query, status, words in (
        ("path=a", 400, "run_id"),
        (f"run_id={run}", 400, "path"),
        (f"run_id={run}&path=", 400, "path"),
        (f"run_id={run}&path=a", 400, "is a folder"),
        (f"run_id={run}&path=none", 404, "There is no artifact"),
        (f"run_id={run}&path=..%2F..%2Fb.txt", 400, ""),
        (f"run_id={run}&path=%2Fetc%2Fpasswd", 400, ""),
        (f"run_id={'0' * 32}&path=a", 404, "not found"),
    ):
        answer = get(server, f"{PREVIEW}?{query}")
        assert answer.status == status, query
        assert words in json.loads(answer.body)["message"]
        assert answer.headers["content-type"] == "application/json"
    assert send(server, "DELETE", f"{PREVIEW}?run_id={run}&path=a/b.txt").status == 405


@pytest.mark.parametrize(("option", "ancestors"), [("DENY", "'self'"), ("NONE", "*")])
def test_pages_of_the_server_may_always_frame_previews(
    start_server: StartServer, option: str, ancestors: str
) -> None:
    server = start_server(None, "--x-frame-options", option)
    run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    answer = get(server, keep(server, run, "page.html", b"x"))
    policy = rules(answer.headers["content-security-policy"])
    assert policy["frame-ancestors"] == {ancestors}


def test_a_server_of_artifacts_only_has_none(start_server: StartServer) -> None:
    server = start_server(None, "--artifacts-only")
    assert get(server, f"{PREVIEW}?run_id={'0' * 32}&path=a").status == 503


def test_what_runs_in_a_sandbox_may_change_nothing(server: RunningServer) -> None:
    """Its origin is `null`, as that of everybody's sandbox."""
    body = b'{"experiment_id": "0"}'
    for path in ("/ajax-api/2.0/mlflow/runs/create", "/api/2.0/mlflow/runs/create"):
        answer = exchange(server.url, request("POST", path, body, origin="null"))
        assert answer.status == 403
    found = get(server, "/api/2.0/mlflow/experiments/search?max_results=1", origin="null")
    assert "access-control-allow-origin" not in found.headers
