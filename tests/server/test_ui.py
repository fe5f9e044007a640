"""The server's pages: what is served, how it is packed, how long it is kept, and nothing else."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

import mlflow
from mlflow.server.ui import Pages
from mlflow.version import MILLSTREAM_VERSION
from tests.server.raw import Answer, exchange, request
from tests.servers.fixtures import NginxInFront, StartServer
from tests.servers.millstream import RunningServer

STATIC = Path(mlflow.__file__).parent / "server" / "static"


@pytest.fixture(scope="module")
def assets() -> list[str]:
    """The addresses that the built page names, from its own on."""
    built = STATIC / "index.html"
    assert built.is_file(), "The web UI is not built: run scripts/build."
    return re.findall(r'(?:src|href)="\./(assets/[^"]+)"', built.read_text())


def get(server: RunningServer | str, path: str, **headers: str) -> Answer:
    url = server if isinstance(server, str) else server.url
    return exchange(url, request("GET", path, b"", kind=None, **headers))


def test_pages_need_nothing_from_elsewhere(server: RunningServer, assets: list[str]) -> None:
    assert len(assets) >= 2
    for path in ("/", "/docs"):
        answer = get(server, path)
        text = answer.body.decode()
        policy = answer.headers["content-security-policy"]
        assert answer.status == 200
        assert answer.headers["cache-control"] == "no-cache"
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|style=|https?://", text)
        for link in re.findall(r'(?:src|href)="([^"#]+)"', text):
            assert not link.startswith(("/", "http")), link
            if link != ".":
                assert get(server, f"/{link.removeprefix('./')}").status == 200, link
        assert "{{" not in text
    assert MILLSTREAM_VERSION in get(server, "/docs").body.decode()


def test_a_page_that_the_browser_has_is_not_sent_again(server: RunningServer) -> None:
    tag = get(server, "/").headers["etag"]
    answer = get(server, "/", if_none_match=tag)
    assert (answer.status, answer.body) == (304, b"")
    assert get(server, "/", if_none_match=f'"other", W/{tag}').status == 304
    assert get(server, "/", if_none_match='"other"').status == 200


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, None),
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP;q=0.5, br;q=1.0", "br"),
        ("br;q=0, gzip;q=1", "gzip"),
        ("br; q=0.000, gzip;q=0", None),
        ("*", None),
    ],
)
def test_files_come_in_the_smallest_form_that_is_asked_for(
    server: RunningServer, assets: list[str], accepted: str | None, coding: str | None
) -> None:
    for asset in assets:
        headers = {} if accepted is None else {"accept_encoding": accepted}
        answer = get(server, f"/{asset}", **headers)
        plain = (STATIC / asset).read_bytes()
        assert answer.status == 200
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        kind = {"js": "text/javascript", "css": "text/css"}[asset.rpartition(".")[2]]
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        if coding == "gzip":
            assert gzip.decompress(answer.body) == plain
            assert len(answer.body) < len(plain)
        elif coding == "br":
            assert answer.body == (STATIC / f"{asset}.br").read_bytes()
            assert len(answer.body) < len((STATIC / f"{asset}.gz").read_bytes())
        else:
            assert answer.body == plain


def test_every_file_of_the_build_is_there_and_packed_no_other(
    server: RunningServer, assets: list[str]
) -> None:
    plain = [file for file in (STATIC / "assets").iterdir() if file.suffix not in (".br", ".gz")]
    assert len(plain) >= len(assets)
    for file in plain:
        assert re.fullmatch(r".+-[\w-]{8}\.\w+", file.name), f"{file.name} has no hash in its name"
        assert get(server, f"/assets/{file.name}").body == file.read_bytes()
        assert get(server, f"/assets/{file.name}.gz").status == 404
    assert server.request("HEAD", f"/{assets[0]}") == (200, b"")
    assert exchange(server.url, request("POST", f"/{assets[0]}", b"{}")).status == 405


@pytest.mark.parametrize(
    "path",
    [
        "/static-files/../app.py",
        "/static-files/%2e%2e/app.py",
        "/static-files//etc/passwd",
        "/static-files/index.html",
        "/assets/",
        "/assets/../index.html",
        "/assets/%2e%2e/ui.py",
        "/assets/../../ui.py",
        "/assets//etc/passwd",
        "/index.html",
        "/unbuilt.html",
    ],
)
def test_nothing_else_of_the_package_is_served(server: RunningServer, path: str) -> None:
    answer = get(server, path)
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/plain")


def test_licenses_of_others_are_told(server: RunningServer, assets: list[str]) -> None:
    answer = get(server, "/licenses.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    text = answer.body.decode()
    packages = json.loads((Path(__file__).parents[2] / "web/package.json").read_text())
    assert re.search(r"^## preact - [\d.]+ \(MIT\)$", text, re.MULTILINE)
    assert "Permission is hereby granted, free of charge" in text
    for name in re.findall(r"^## (\S+) - ", text, re.MULTILINE):
        assert name not in packages["devDependencies"], f"{name} is only for building"


def test_without_a_build_the_first_page_says_what_to_do(tmp_path: Path) -> None:
    there = shutil.ignore_patterns("index.html", "licenses.txt")
    folder = shutil.copytree(STATIC, tmp_path / "static", ignore=there)
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / "left-over.js").write_text("x")
    pages = Pages("SAMEORIGIN", folder)
    reply = pages.reply("/", None, b"gzip, br")
    assert reply.status == 200
    assert "scripts/build" in reply.body.decode()
    assert "the wheel" in reply.body.decode()
    assert "/docs" in pages.paths
    assert "/static-files/pages.css" in pages.paths
    assert not [path for path in pages.paths if "left-over" in path or "licenses" in path]
    for link in re.findall(r'(?:src|href)="([^"#]+)"', reply.body.decode()):
        assert f"/{link}" in pages.paths


def test_frames(start_server: StartServer) -> None:
    denied = get(start_server(None, "--x-frame-options", "DENY"), "/").headers
    assert denied["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in denied["content-security-policy"]
    free = get(start_server(None, "--x-frame-options", "NONE"), "/").headers
    assert "x-frame-options" not in free
    assert "frame-ancestors *" in free["content-security-policy"]


@pytest.mark.parametrize("command", ["server", "ui"])
def test_below_a_prefix_of_a_proxy(
    start_server: StartServer, nginx_in_front: NginxInFront, assets: list[str], command: str
) -> None:
    server = start_server(None, "--static-prefix", "/tracking", command=command)
    proxy = nginx_in_front(server.url)
    page = get(proxy.url, "/tracking/")
    assert page.body == (STATIC / "index.html").read_bytes()
    for asset in assets:
        answer = get(proxy.url, f"/tracking/{asset}", accept_encoding="gzip")
        assert gzip.decompress(answer.body) == (STATIC / asset).read_bytes()
        assert answer.headers["cache-control"].endswith("immutable")
        assert get(proxy.url, f"/{asset}").status == 404
    moved = get(proxy.url, "/tracking")
    assert (moved.status, moved.headers["location"].endswith("/tracking/")) == (308, True)
    asked = json.dumps({"max_results": 1}).encode()
    search = "/tracking/ajax-api/2.0/mlflow/experiments/search"
    found = exchange(proxy.url, request("POST", search, asked, kind="application/json"))
    assert json.loads(found.body)["experiments"][0]["name"] == "Default"
