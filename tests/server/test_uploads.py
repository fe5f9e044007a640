"""Files in parts, folders as a whole and archives, as bytes on a socket."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import psutil
import pytest

from mlflow.blobs.uri import PARTIAL
from tests.blobs.spellings import ALLOWED, REFUSED, as_sent
from tests.server.artifacts import API, ROOT, get, names, put, send, until_nothing_is_left
from tests.server.raw import Answer, Conversation, exchange, request
from tests.servers.fixtures import StartServer
from tests.servers.millstream import RunningServer

MIB = 1024 * 1024
ATTEMPT = "a1b2c3d4e5f6"


def ask(server: RunningServer, path: str, question: dict[str, Any], **headers: str) -> Answer:
    """The answer to a JSON question below the root of artifacts."""
    body = json.dumps(question).encode()
    return exchange(server.url, request("POST", f"{ROOT}/{path}", body, **headers))


def told(answer: Answer) -> Any:
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def code(answer: Answer) -> str:
    found: str = json.loads(answer.body)["error_code"]
    return found


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def ours(body: bytes) -> dict[str, str]:
    return {"x_millstream_digest": f"sha256:{sha256(body)}"}


class Sent:
    """A file that is sent in parts of `part_size` bytes."""

    def __init__(
        self, server: RunningServer, path: str, content: bytes, part_size: int, staging: str = ""
    ) -> None:
        self.server = server
        self.folder, _, self.name = path.rpartition("/")
        self.content = content
        self.part_size = part_size
        self.extra = {"staging": staging} if staging else {}
        question = {"path": self.name, "size": len(content), "part_size": part_size} | self.extra
        self.created = told(ask(server, f"mpu/create/{as_sent(self.folder)}", question))
        self.upload_id: str = self.created["upload_id"]
        self.urls = {one["part_number"]: one["url"] for one in self.created["credentials"]}

    def part(self, number: int) -> bytes:
        return self.content[(number - 1) * self.part_size : number * self.part_size]

    def put(self, number: int, body: bytes | None = None, /, **headers: str) -> Answer:
        body = self.part(number) if body is None else body
        headers = headers or ours(body)
        return send(self.server, "PUT", self.urls[number], body, **headers)

    def put_all(self) -> None:
        for number in sorted(self.urls, reverse=True):
            answer = self.put(number)
            assert answer.status == 200, answer.body
            assert answer.headers["etag"] == f'"{sha256(self.part(number))}"'

    def done(self) -> list[dict[str, Any]]:
        return [
            {"part_number": number, "etag": sha256(self.part(number))}
            for number in sorted(self.urls)
        ]

    def complete(self, parts: list[dict[str, Any]] | None = None) -> Answer:
        question = {"path": self.name, "upload_id": self.upload_id, "parts": parts or self.done()}
        return ask(self.server, f"mpu/complete/{as_sent(self.folder)}", question | self.extra)

    def listed(self) -> list[Any]:
        query = f"?path={quote(self.name)}"
        if self.extra:
            query += f"&staging={self.extra['staging']}"
        found = told(get(self.server, f"{ROOT}/mpu/list/{as_sent(self.folder)}{query}"))
        uploads: list[Any] = found["uploads"]
        return uploads


# -- parts ---------------------------------------------------------------------------------


def test_a_file_in_parts(server: RunningServer, root: Path) -> None:
    content = os.urandom(2_500_000)  # a part is larger than any JSON body of this server may be
    sent = Sent(server, "run/a b/é.bin", content, 1_000_000)
    assert sorted(sent.urls) == [1, 2, 3]
    assert all(url.startswith(f"{ROOT}/mpu/part/run/a%20b/") for url in sent.urls.values())
    sent.put_all()
    assert get(server, f"{API}/run/a%20b/%C3%A9.bin").status == 404
    assert json.loads(get(server, f"{API}?path=run").body) == {}
    (upload,) = sent.listed()
    assert upload["upload_id"] == sent.upload_id
    assert (upload["size"], upload["part_size"]) == (2_500_000, 1_000_000)
    assert upload["parts"] == [
        {"part_number": number, "etag": sha256(sent.part(number)), "size": len(sent.part(number))}
        for number in (1, 2, 3)
    ]
    whole = sha256(b"".join(hashlib.sha256(sent.part(n)).digest() for n in (1, 2, 3)))
    assert told(sent.complete()) == {"digest": f"sha256/1000000:{whole}"}
    answer = get(server, f"{API}/run/a%20b/%C3%A9.bin")
    assert answer.body == content
    assert answer.headers["x-millstream-digest"] == f"sha256/1000000:{whole}"
    assert sent.listed() == []
    assert names(root) == ["run/a b/é.bin"]


def test_only_what_is_missing_is_sent_after_a_kill(start_server: StartServer) -> None:
    server = start_server()
    content = os.urandom(3_000_000)
    sent = Sent(server, "a/big", content, 1_000_000)
    assert sent.put(2).status == 200
    with Conversation(server.url) as conversation:
        head = f"PUT {sent.urls[1]} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
        conversation.send(head.encode() + content[:700_000])
        assert sent.put(3).status == 200
        server.kill()
    server.start()
    (upload,) = sent.listed()
    assert [part["part_number"] for part in upload["parts"]] == [2, 3]
    assert get(server, f"{API}/a/big").status == 404
    question = {"path": "big", "size": 3_000_000, "upload_id": sent.upload_id, "part_numbers": [1]}
    signed = told(ask(server, "mpu/create/a", question))
    assert signed["upload_id"] == sent.upload_id
    assert [one["part_number"] for one in signed["credentials"]] == [1]
    assert sent.complete().status == 400  # one is still missing
    assert sent.put(1).status == 200
    assert sent.complete().status == 200
    assert get(server, f"{API}/a/big").body == content


def test_workers_share_what_has_arrived(start_server: StartServer) -> None:
    server = start_server(None, "--workers", "2")
    content = os.urandom(16 * 200_000)
    sent = Sent(server, "big", content, 200_000)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(sent.put, sorted(sent.urls)))
    assert {answer.status for answer in answers} == {200}
    assert sent.complete().status == 200
    assert get(server, f"{API}/big").body == content


def test_a_damaged_part_is_not_kept(server: RunningServer, root: Path) -> None:
    content = os.urandom(200_000)
    sent = Sent(server, "big", content, 100_000)
    md5 = b64encode(hashlib.md5(sent.part(1)).digest()).decode()
    repr_digest = f"sha-256=:{b64encode(hashlib.sha256(sent.part(1)).digest()).decode()}:"
    bad = sent.part(2)
    for headers in (
        {"x_millstream_digest": f"sha256:{sha256(sent.part(1))}"},
        {"content_md5": md5},
        {"repr_digest": repr_digest},
        {"content_digest": f"sha-512=:AAAA:, {repr_digest}"},
    ):
        answer = sent.put(1, bad, **headers)
        assert (answer.status, code(answer)) == (400, "DATA_LOSS"), headers
        assert sent.put(1, **headers).status == 200
    for headers in (
        {"x_millstream_digest": "sha256:00"},
        {"x_millstream_digest": "crc32:00000000"},
        {"x_millstream_digest": f"sha256/1:{sha256(bad)}"},
        {"content_md5": "AAAA"},
        {"repr_digest": "sha-256=:AAAA:"},
    ):
        answer = sent.put(2, **headers)
        assert (answer.status, code(answer)) == (400, "INVALID_PARAMETER_VALUE"), headers
    assert sent.put(2, bad[:-1]).status == 400
    assert sent.put(2, bad + b"x").status == 400
    assert [part["part_number"] for part in sent.listed()[0]["parts"]] == [1]
    wrong = [*sent.done()[:1], {"part_number": 2, "etag": "0" * 64, "size": 100_000}]
    answer = sent.complete(wrong)
    assert (answer.status, code(answer)) == (400, "DATA_LOSS")
    assert sent.put(2, x="1").status == 200  # without a digest, as official clients do
    answer = sent.complete(wrong)
    assert (answer.status, code(answer)) == (400, "DATA_LOSS")
    assert sent.complete().status == 200
    assert get(server, f"{API}/big").body == content
    assert names(root) == ["big"]


def test_an_upload_is_thrown_away(server: RunningServer, root: Path) -> None:
    sent = Sent(server, "a/big", os.urandom(200_000), 100_000)
    sent.put_all()
    for _ in range(2):
        question = {"path": "a/big", "upload_id": sent.upload_id}
        assert told(ask(server, "mpu/abort/a", question)) == {}
    assert sent.listed() == []
    for answer in (sent.put(1), sent.complete()):
        assert (answer.status, code(answer)) == (404, "NOT_FOUND")
    assert names(root) == []


def test_official_clients_send_parts_in_any_order(server: RunningServer, root: Path) -> None:
    """They say how many parts come, not how large, and send the bodies to absolute addresses."""
    content = os.urandom(2_345_678)
    question = {"path": "big", "num_parts": 3}
    created = told(ask(server, "mpu/create/run/a", question, x_forwarded_proto="https"))
    assert all(one["url"].startswith("https://localhost/api") for one in created["credentials"])
    assert set(created) == {"upload_id", "credentials"}
    parts = []
    for one in reversed(created["credentials"]):
        number = one["part_number"]
        body = content[(number - 1) * 1_000_000 : number * 1_000_000]
        where = urlsplit(one["url"])
        answer = send(server, "PUT", f"{where.path}?{where.query}", body)
        assert answer.status == 200
        parts.append({"part_number": number, "etag": answer.headers["etag"], "url": one["url"]})
    assert names(root) != []
    assert json.loads(get(server, API).body) == {}
    question = {"path": "run/a/big", "upload_id": created["upload_id"]}
    wrong = [*parts[:2], {**parts[2], "etag": '"00"'}]
    assert ask(server, "mpu/complete/run/a", question | {"parts": wrong}).status == 400
    assert get(server, f"{API}/run/a/big").status == 404
    elsewhere = ask(server, "mpu/complete/run/b", question | {"parts": parts})
    assert (elsewhere.status, code(elsewhere)) == (404, "NOT_FOUND")
    assert ask(server, "mpu/complete/run/a", question | {"parts": parts}).status == 200
    assert get(server, f"{API}/run/a/big").body == content
    assert names(root) == ["run/a/big"]
    again = told(ask(server, "mpu/create", {"path": "big", "num_parts": 1}))
    question = {"path": "big", "upload_id": again["upload_id"]}
    assert told(ask(server, "mpu/abort", question)) == {}
    assert until_nothing_is_left(root) == ["run/a/big"]


def test_addresses_name_the_server_as_the_client_does(start_server: StartServer) -> None:
    server = start_server(None, "--static-prefix", "/p", "--allowed-hosts", "models.example.com")
    body = json.dumps({"path": "x", "num_parts": 1}).encode()
    for host, base in (
        ("models.example.com", "http://models.example.com"),
        (f"127.0.0.1:{server.port}", f"http://127.0.0.1:{server.port}"),
    ):
        answer = exchange(
            server.url,
            request(
                "POST", f"/p{ROOT}/mpu/create", body, host=host, x_forwarded_host="evil.example"
            ),
        )
        (one,) = told(answer)["credentials"]
        assert one["url"].startswith(f"{base}/p{ROOT}/mpu/part/x?")
    answer = exchange(
        server.url, request("POST", f"/p{ROOT}/mpu/create", body, host="evil.example")
    )
    assert answer.status == 403
    body = json.dumps({"path": "x", "size": 1}).encode()
    answer = exchange(server.url, request("POST", f"/p{ROOT}/mpu/create", body))
    assert told(answer)["credentials"][0]["url"].startswith(f"{ROOT}/mpu/part/x?")


@pytest.mark.parametrize(
    ("verb", "question", "words"),
    [
        ("create", {}, "path"),
        ("create", {"path": "x"}, "num_parts"),
        ("create", {"path": "x", "num_parts": 0}, "1 to 10000"),
        ("create", {"path": "x", "num_parts": 10_001}, "1 to 10000"),
        ("create", {"path": "x", "size": -1}, "0 to"),
        ("create", {"path": "x", "size": 1, "part_size": 0}, "1 to"),
        ("create", {"path": "x", "size": 10_001, "part_size": 1}, "at most 10000 parts"),
        ("create", {"path": "x", "size": 1, "part_numbers": [0]}, "1 to 10000"),
        ("create", {"path": "x", "size": 2**70}, "size"),
        ("complete", {"path": "x", "parts": [{"part_number": 1, "etag": "x"}]}, "upload_id"),
        ("create", {"path": "x", "size": 10**15, "part_size": 1}, "at most 10000 parts"),
        (
            "create",
            {"path": "x", "size": 10**15, "part_size": 1, "upload_id": "0" * 32},
            "at most 10000 parts",
        ),
        ("complete", {"path": "x", "upload_id": "y"}, "parts"),
        ("complete", {"path": "x", "upload_id": "y", "parts": []}, "parts"),
        (
            "complete",
            {"path": "x", "upload_id": "y", "parts": [{"part_number": 2, "etag": "x"}]},
            "from 1 on",
        ),
        (
            "complete",
            {"path": "x", "upload_id": "y", "parts": [{"part_number": 1, "etag": "x"}] * 2},
            "from 1 on",
        ),
        ("abort", {"path": "x"}, "upload_id"),
    ],
)
def test_wrong_questions(
    server: RunningServer, root: Path, verb: str, question: dict[str, Any], words: str
) -> None:
    answer = ask(server, f"mpu/{verb}/a", question)
    assert (answer.status, code(answer)) == (400, "INVALID_PARAMETER_VALUE"), answer.body
    assert words in json.loads(answer.body)["message"]
    assert names(root) == []


@pytest.mark.parametrize(
    "upload_id",
    ["..", "../..", "/etc", ".", "x", "0" * 32, "loose", "loose" + "0" * 32, "loose../..", "a\0b"],
)
def test_an_upload_id_is_no_path(server: RunningServer, root: Path, upload_id: str) -> None:
    put(server, "inside", b"x")
    parts = [{"part_number": 1, "etag": "0" * 64}]
    query = f"upload_id={quote(upload_id, safe='')}&part_number=1"
    for answer in (
        send(server, "PUT", f"{ROOT}/mpu/part/x?{query}", b"x"),
        ask(server, "mpu/complete", {"path": "x", "upload_id": upload_id, "parts": parts}),
    ):
        assert (answer.status, code(answer)) == (404, "NOT_FOUND"), answer.body
    assert ask(server, "mpu/abort", {"path": "x", "upload_id": upload_id}).status == 200
    assert names(root) == ["inside"]


# -- folders as a whole --------------------------------------------------------------------


def begin(server: RunningServer, folder: str, name: str = ATTEMPT) -> Any:
    return told(ask(server, f"staging/create/{as_sent(folder)}", {"name": name}))


def files(server: RunningServer, folder: str) -> dict[str, int]:
    query = f"?path={quote(folder)}&recursive=true"
    found = told(get(server, f"{API}{query}")).get("files", [])
    return {file["path"]: file["file_size"] for file in found}


def test_a_folder_appears_as_a_whole(server: RunningServer, root: Path) -> None:
    put(server, "run/model/old", b"old")
    put(server, "run/model/same", b"same")
    begun = begin(server, "run/model")
    staging = begun["staging"]
    assert {file["path"] for file in begun["files"]} == {"old", "same"}
    answer = send(server, "PUT", f"{API}/run/model/a/b?staging={staging}", b"ab", **ours(b"ab"))
    assert answer.status == 200
    assert send(server, "PUT", f"{API}/run/model/old?staging={staging}", b"new").status == 200
    sent = Sent(server, "run/model/big", os.urandom(200_000), 100_000, staging)
    sent.put_all()
    assert len(sent.listed()) == 1
    assert sent.complete().status == 200
    packed = archive({"c": b"c", "d/e": b"de"})
    assert send(server, "PUT", f"{ROOT}/archive/run/model?staging={staging}", packed).status == 200
    assert (
        send(server, "PUT", f"{ROOT}/archive/run/model/f?staging={staging}", packed).status == 200
    )
    assert files(server, "run/model") == {"old": 3, "same": 4}
    assert get(server, f"{API}/run/model/old").body == b"old"
    again = begin(server, "run/model")
    assert again["staging"] == staging
    found = {file["path"]: file for file in again["files"]}
    assert found["a/b"]["digest"] == f"sha256:{sha256(b'ab')}"
    assert found["old"]["digest"] == f"sha256:{sha256(b'new')}"
    assert told(ask(server, "staging/complete/run/model", {"staging": staging})) == {}
    assert files(server, "run/model") == {
        **{"a/b": 2, "big": 200_000, "c": 1, "d/e": 2, "f/c": 1, "f/d/e": 2, "old": 3, "same": 4}
    }
    assert get(server, f"{API}/run/model/old").body == b"new"
    for answer in (
        ask(server, "staging/complete/run/model", {"staging": staging}),
        send(server, "PUT", f"{API}/run/model/late?staging={staging}", b"x"),
        send(server, "PUT", f"{ROOT}/archive/run/model?staging={staging}", packed),
    ):
        assert (answer.status, code(answer)) == (404, "NOT_FOUND")
    assert not any(PARTIAL in name for name in until_nothing_is_left(root))


def test_a_folder_is_thrown_away(server: RunningServer, root: Path) -> None:
    put(server, "model/old", b"old")
    staging = begin(server, "model")["staging"]
    assert send(server, "PUT", f"{API}/model/new?staging={staging}", b"x").status == 200
    for _ in range(2):
        assert told(ask(server, "staging/abort/model", {"staging": staging})) == {}
    assert ask(server, "staging/complete/model", {"staging": staging}).status == 404
    assert names(root) == ["model/old"]


def test_a_staged_folder_outlives_a_kill(start_server: StartServer) -> None:
    server = start_server()
    staging = begin(server, "model")["staging"]
    assert send(server, "PUT", f"{API}/model/a?staging={staging}", b"a").status == 200
    server.kill()
    server.start()
    assert json.loads(get(server, API).body) == {}
    assert [file["path"] for file in begin(server, "model")["files"]] == ["a"]
    assert send(server, "PUT", f"{API}/model/b?staging={staging}", b"b").status == 200
    assert ask(server, "staging/complete/model", {"staging": staging}).status == 200
    assert files(server, "model") == {"a": 1, "b": 1}


def test_a_staging_is_for_one_folder(server: RunningServer, root: Path) -> None:
    staging = begin(server, "run/model")["staging"]
    for path in ("run/model", "run/other/x", "run", "x", "run/model2/x"):
        for answer in (
            send(server, "PUT", f"{API}/{path}?staging={staging}", b"x"),
            ask(server, "mpu/create", {"path": path, "size": 1, "staging": staging}),
        ):
            assert (answer.status, code(answer)) == (400, "INVALID_PARAMETER_VALUE"), path
    for folder in ("run/model/a", "run/other", "run", ""):
        for verb in ("complete", "abort"):
            answer = ask(server, f"staging/{verb}/{folder}", {"staging": staging})
            assert answer.status == 400, folder
    assert ask(server, "staging/abort/run/model", {"staging": staging}).status == 200
    assert until_nothing_is_left(root) == []


@pytest.mark.parametrize(
    "staging",
    [
        *("..", "../../x", "/etc", "x", "0", "1-..-x", f"1-{'0' * 16}-../../..", f"9-{'0' * 16}-a"),
        *(f"0-{'0' * 16}-{ATTEMPT}", f"1-{'0' * 16}-{ATTEMPT}", f"-1-{'0' * 16}-{ATTEMPT}"),
        *(f"1-{'0' * 16}-{ATTEMPT}\n", f"1{'0' * 5000}-{'0' * 16}-{ATTEMPT}", "a\0b"),
    ],
    ids=ascii,
)
def test_a_staging_is_no_path(server: RunningServer, root: Path, staging: str) -> None:
    put(server, "inside", b"x")
    given = quote(staging, safe="")
    for answer in (
        send(server, "PUT", f"{API}/a/x?staging={given}", b"x"),
        send(server, "PUT", f"{ROOT}/archive/a?staging={given}", archive({"x": b"x"})),
        ask(server, "mpu/create/a", {"path": "x", "size": 1, "staging": staging}),
        ask(server, "staging/complete/a", {"staging": staging}),
        ask(server, "staging/abort/a", {"staging": staging}),
    ):
        assert (answer.status, code(answer)) == (400, "INVALID_PARAMETER_VALUE"), answer.body
    assert names(root) == ["inside"]


@pytest.mark.parametrize(
    "name", ["", "short", "..", "../../etc", "a" * 65, "a/b", "ä" * 8, "a b c d e"]
)
def test_attempts_have_plain_names(server: RunningServer, root: Path, name: str) -> None:
    assert ask(server, "staging/create/model", {"name": name}).status == 400
    assert names(root) == []


# -- archives ------------------------------------------------------------------------------


def archive(content: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as tar:
        for path, body in content.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    return packed.getvalue()


def entry(path: str = "x", **fields: Any) -> bytes:
    """An archive of one entry, and of one more file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        made = tarfile.TarInfo(path)
        for name, value in fields.items():
            setattr(made, name, value)
        tar.addfile(made)
        tar.addfile(tarfile.TarInfo("fine"))
    return packed.getvalue()


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_an_archive_of_files(server: RunningServer, root: Path, form: int) -> None:
    content = {f"a/{number}": os.urandom(number) for number in (0, 1, 511, 512, 513, 5000)}
    content["x" * 90 + "/" + "y" * 90] = b"long"
    if form == tarfile.PAX_FORMAT:
        content["é" * 100 + "/日本"] = b"unicode"
    body = archive(content, form)
    answer = send(server, "PUT", f"{ROOT}/archive/run/b", body, **ours(body))
    assert told(answer) == {}
    assert files(server, "run/b") == {path: len(body) for path, body in content.items()}
    for path, body in content.items():
        assert get(server, f"{API}/run/b/{as_sent(path)}").body == body
    assert told(send(server, "PUT", f"{ROOT}/archive", archive({"top": b"1"}))) == {}
    assert told(send(server, "PUT", f"{ROOT}/archive", archive({}))) == {}
    assert get(server, f"{API}/top").body == b"1"


def sparse() -> bytes:
    return entry(pax_headers={"GNU.sparse.major": "1", "GNU.sparse.realsize": "1000000000000"})


def lying(field: slice, value: bytes, resum: bool = True) -> bytes:
    """An archive of one file of five bytes, with another value in its header."""
    body = bytearray(archive({"x": b"12345"}))
    body[field] = value
    if resum:
        body[148:156] = b" " * 8
        body[148:156] = b"%06o\0 " % sum(body[:512])
    return bytes(body)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "symbolic link": lambda: entry(type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": lambda: entry(type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "character device": lambda: entry(type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "block device": lambda: entry(type=tarfile.BLKTYPE),
    "pipe": lambda: entry(type=tarfile.FIFOTYPE),
    "folder": lambda: entry(type=tarfile.DIRTYPE),
    "continuous": lambda: entry(type=tarfile.CONTTYPE),
    "unknown kind": lambda: entry(type=b"Z"),
    "sparse": lambda: entry(type=tarfile.GNUTYPE_SPARSE),
    "sparse by header": sparse,
    "size by header": lambda: entry(pax_headers={"size": "1000000000000"}),
    "path by header": lambda: entry(pax_headers={"path": "../x"}),
    "long name of GNU": lambda: archive({"x" * 200: b""}, tarfile.GNU_FORMAT),
    "twice": lambda: archive({"x": b"1"})[:1024] + archive({"x": b"2"}),
    "twice, a file and a folder": lambda: archive({"x": b"1", "x/y": b"2"}),
    "too many files": lambda: archive({str(number): b"" for number in range(10_001)}),
    "size larger than all": lambda: lying(slice(124, 136), b"77777777777\0"),
    "size larger by a block": lambda: lying(slice(124, 136), b"00000100000\0"),
    "negative size": lambda: lying(slice(124, 136), b"-0000000005\0"),
    "binary size": lambda: lying(slice(124, 136), b"\x80" + b"\0" * 10 + b"\5"),
    "no size": lambda: lying(slice(124, 136), b"\0" * 12),
    "wrong checksum": lambda: lying(slice(0, 1), b"y", resum=False),
    "old form": lambda: lying(slice(257, 263), b"\0" * 6),
    "name not UTF-8": lambda: lying(slice(0, 2), b"\xff\xfe"),
    "empty name": lambda: lying(slice(0, 1), b"\0"),
    "cut in a header": lambda: archive({"x": b"12345"})[:300],
    "cut in a file": lambda: archive({"x": b"12345" * 1000})[:1000],
    "something after its end": lambda: archive({"x": b"1"}) + b"hidden",
    "no archive": lambda: b"x" * 5000,
    "compressed": lambda: b"\x1f\x8b" + bytes(2000),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_is_refused_whole(
    server: RunningServer, root: Path, body: Callable[[], bytes]
) -> None:
    put(server, "inside", b"x")
    beside = sorted(os.listdir(root.parent))
    answer = send(server, "PUT", f"{ROOT}/archive/a", body())
    assert (answer.status, code(answer)) == (400, "INVALID_PARAMETER_VALUE"), answer.body
    assert names(root) == ["inside"]
    assert sorted(os.listdir(root.parent)) == beside


@pytest.mark.parametrize("path", REFUSED, ids=ascii)
def test_no_name_in_an_archive_leads_outside(server: RunningServer, root: Path, path: str) -> None:
    put(server, "inside", b"x")
    beside = sorted(os.listdir(root.parent))
    body = entry(pax_headers={"path": path}) if "\0" in path else archive({"ok": b"", path: b"x"})
    answer = send(server, "PUT", f"{ROOT}/archive/a", body)
    assert answer.status == 400, answer.body
    assert names(root) == ["inside"]
    assert sorted(os.listdir(root.parent)) == beside


@pytest.mark.parametrize("path", ALLOWED, ids=ascii)
def test_other_names_in_an_archive_are_names(server: RunningServer, root: Path, path: str) -> None:
    assert told(send(server, "PUT", f"{ROOT}/archive/a", archive({path: path.encode()}))) == {}
    assert get(server, f"{API}/a/{as_sent(path)}").body == path.encode()
    assert names(root) == [f"a/{path}"]


def test_an_archive_has_a_largest_size(server: RunningServer, root: Path) -> None:
    body = archive({"x": bytes(16 * MIB)})
    answer = send(server, "PUT", f"{ROOT}/archive/a", body)
    assert (answer.status, code(answer)) == (413, "INVALID_PARAMETER_VALUE")
    assert str(16 * MIB) in json.loads(answer.body)["message"]
    with Conversation(server.url) as conversation:
        head = f"PUT {ROOT}/archive/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked"
        conversation.send(f"{head}\r\n\r\n".encode())
        for _ in range(17):
            conversation.send(b"100000\r\n" + bytes(MIB) + b"\r\n")
        conversation.send(b"0\r\n\r\n")
        assert conversation.answer().status == 413
    assert names(root) == []


def test_a_damaged_archive_is_not_kept(server: RunningServer, root: Path) -> None:
    body = archive({"x": b"x"})
    answer = send(server, "PUT", f"{ROOT}/archive/a", body, **ours(body + b"x"))
    assert (answer.status, code(answer)) == (400, "DATA_LOSS")
    answer = send(server, "PUT", f"{ROOT}/archive/a", body, content_encoding="gzip")
    assert answer.status == 415
    assert names(root) == []


def test_files_are_read_as_an_archive(server: RunningServer, root: Path) -> None:
    content = {"a": b"1", "in/" + "long" * 30: os.urandom(5000), "in/\u00e4": b"", "in/b": b"2"}
    for name, body in content.items():
        put(server, quote(f"run/{name}"), body)
    wanted = [*content, "in", "none", "a/x"]
    query = urlencode({"names": wanted}, doseq=True)
    answer = get(server, f"{ROOT}/archive/run?{query}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-tar")
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as read:
        files = {each.name: read.extractfile(each) for each in read}
        assert {name: file.read() for name, file in files.items() if file} == content
    assert list(files) == [*content]
    assert get(server, f"{ROOT}/archive?names=run/a").body[:5] == b"run/a"
    assert get(server, f"{ROOT}/archive/none?names=a").body.strip(b"\0") == b""
    assert get(server, f"{ROOT}/archive/run").status == 400


def test_an_archive_that_is_read_has_a_largest_size(server: RunningServer, root: Path) -> None:
    put(server, "large", bytes(9 * MIB))
    assert get(server, f"{ROOT}/archive?names=large").status == 200
    assert get(server, f"{ROOT}/archive?names=large&names=large").status == 400
    many = "&names=x" * 1001
    assert get(server, f"{ROOT}/archive?{many[1:]}").status == 400


# -- paths ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", REFUSED, ids=ascii)
def test_no_path_of_an_upload_leads_outside(server: RunningServer, root: Path, path: str) -> None:
    put(server, "inside", b"x")
    beside = sorted(os.listdir(root.parent))
    part = f"upload_id={'0' * 32}&part_number=1"
    for raw in {as_sent(path), quote(path, safe="")}:
        for method, address in (
            ("PUT", f"mpu/part/{raw}?{part}"),
            ("GET", f"mpu/list/{raw}?path=x"),
            ("GET", f"presigned/{raw}"),
            ("PUT", f"archive/{raw}"),
            ("GET", f"archive/{raw}?names=x"),
            ("GET", f"archive?names={quote(path, safe='')}"),
        ):
            answer = send(server, method, f"{ROOT}/{address}", b"x" if method == "PUT" else b"")
            expected = (400, 501) if address.startswith("presigned") else (400,)
            assert answer.status in expected, (method, address, answer.body)
        for verb, question in (
            ("mpu/create", {"path": "x", "size": 1}),
            ("mpu/complete", {"path": "x", "upload_id": "0" * 32, "parts": PARTS}),
            ("mpu/abort", {"path": "x", "upload_id": "0" * 32}),
            ("staging/create", {"name": ATTEMPT}),
            ("staging/complete", {"staging": f"0-{'0' * 16}-{ATTEMPT}"}),
            ("staging/abort", {"staging": f"0-{'0' * 16}-{ATTEMPT}"}),
        ):
            answer = ask(server, f"{verb}/{raw}", question)
            assert answer.status == 400, (verb, raw, answer.body)
    assert names(root) == ["inside"]
    assert sorted(os.listdir(root.parent)) == beside


PARTS = [{"part_number": 1, "etag": "0" * 64, "size": 1}]


@pytest.mark.parametrize("path", REFUSED, ids=ascii)
def test_only_the_last_name_of_a_file_counts(server: RunningServer, root: Path, path: str) -> None:
    """Official clients name a file by its path on their own machine."""
    put(server, "inside", b"x")
    beside = sorted(os.listdir(root.parent))
    answer = ask(server, "mpu/create/a", {"path": path, "size": 1})
    if answer.status == 200:
        name = path.replace("\\", "/").rpartition("/")[2]
        created = json.loads(answer.body)
        assert created["credentials"][0]["url"].startswith(f"{ROOT}/mpu/part/a/{as_sent(name)}?")
        question = {"path": path, "upload_id": created["upload_id"]}
        assert get(server, f"{ROOT}/mpu/list/a?path={quote(path, safe='')}").status == 200
        assert ask(server, "mpu/abort/a", question).status == 200
    else:
        assert answer.status == 400
        for verb in ("complete", "abort"):
            question = {"path": path, "upload_id": "0" * 32, "parts": PARTS}
            assert ask(server, f"mpu/{verb}/a", question).status == 400
    assert until_nothing_is_left(root) == ["inside"]
    assert sorted(os.listdir(root.parent)) == beside


@pytest.mark.parametrize("path", ALLOWED, ids=ascii)
def test_other_paths_of_uploads_are_names(server: RunningServer, root: Path, path: str) -> None:
    sent = Sent(server, f"top/{path}", b"content", 4)
    sent.put_all()
    assert sent.complete().status == 200
    assert get(server, f"{API}/top/{as_sent(path)}").body == b"content"
    assert names(root) == [f"top/{path}"]


def test_pages_of_others_may_send_nothing(server: RunningServer, root: Path) -> None:
    sent = Sent(server, "big", b"12345", 5)
    body = archive({"x": b"x"})
    for method, address, content in (
        ("PUT", sent.urls[1], b"12345"),
        ("PUT", f"{ROOT}/archive/a", body),
        ("POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=1&path=x", b"x"),
        ("POST", f"{ROOT}/mpu/create", b"{}"),
        ("POST", f"{ROOT}/staging/create", b"{}"),
    ):
        answer = send(server, method, address, content, origin="https://evil.example")
        assert answer.status == 403, address
        answer = exchange(server.url, request(method, address, content, host="evil.example"))
        assert answer.status == 403, address
    # A form of a foreign page can send no JSON.
    answer = send(server, "POST", f"{ROOT}/staging/create/a", b'{"name": "a1b2c3d4"}')
    assert answer.status == 400
    assert ask(server, "mpu/abort", {"path": "big", "upload_id": sent.upload_id}).status == 200
    assert until_nothing_is_left(root) == []


def test_methods_of_uploads(server: RunningServer) -> None:
    for method, address, allowed in (
        ("GET", "mpu/create/a", "OPTIONS, POST"),
        ("POST", "mpu/list/a", "GET, OPTIONS"),
        ("POST", "mpu/part/a", "OPTIONS, PUT"),
        ("DELETE", "archive/a", "GET, OPTIONS, PUT"),
        ("PUT", "staging/create", "OPTIONS, POST"),
    ):
        answer = send(server, method, f"{ROOT}/{address}")
        assert (answer.status, answer.headers["allow"]) == (405, allowed), address
    headers = {"origin": "http://localhost:3000", "access_control_request_method": "PUT"}
    asked = send(server, "OPTIONS", f"{ROOT}/mpu/part/a", b"", **headers)
    assert (asked.status, asked.headers["access-control-allow-methods"]) == (204, "OPTIONS, PUT")


# -- whole files ---------------------------------------------------------------------------


def test_a_damaged_file_is_not_kept(server: RunningServer, root: Path) -> None:
    content = os.urandom(300_000)
    put(server, "a", b"old")
    plain = hashlib.sha256(content).digest()
    part = sha256(b"".join(hashlib.sha256(content[n : n + 200_000]).digest() for n in (0, 200_000)))
    for name, right in (
        ("x_millstream_digest", f"sha256:{plain.hex()}"),
        ("x_millstream_digest", f"sha256/200000:{part}"),
        ("x_millstream_digest", f"md5:{hashlib.md5(content).hexdigest()}"),
        ("repr_digest", f"sha-256=:{b64encode(plain).decode()}:"),
        ("content_digest", f"sha-256=:{b64encode(plain).decode()}:"),
        ("content_md5", b64encode(hashlib.md5(content).digest()).decode()),
    ):
        answer = send(server, "PUT", f"{API}/a", content[:-1] + b"?", **{name: right})
        assert (answer.status, code(answer)) == (400, "DATA_LOSS"), right
        assert get(server, f"{API}/a").body == b"old"
        assert send(server, "PUT", f"{API}/a", content, **{name: right}).status == 200
        assert get(server, f"{API}/a").body == content
        put(server, "a", b"old")
    assert names(root) == ["a"]


def test_the_digest_is_told(server: RunningServer, root: Path) -> None:
    put(server, "a", b"content")
    right = hashlib.sha256(b"content").digest()
    for method in ("GET", "HEAD"):
        found = send(server, method, f"{API}/a").headers
        assert found["x-millstream-digest"] == f"sha256:{right.hex()}"
        assert found["repr-digest"].lower() == f"sha-256=:{b64encode(right).decode()}:".lower()
    (root / "b").write_bytes(b"content")  # nobody has hashed it
    assert "x-millstream-digest" not in get(server, f"{API}/b").headers
    found = send(server, "HEAD", f"{API}/b", want_repr_digest="sha-256=1").headers
    assert found["x-millstream-digest"] == f"sha256:{right.hex()}"
    assert get(server, f"{API}/b").headers["x-millstream-digest"] == f"sha256:{right.hex()}"


def test_a_certain_version_can_be_asked_for(server: RunningServer, root: Path) -> None:
    put(server, "a", b"one")
    tag = get(server, f"{API}/a").headers["etag"]
    assert get(server, f"{API}/a", if_match=tag, range="bytes=0-0").body == b"o"
    assert get(server, f"{API}/a", if_match="*").body == b"one"
    put(server, "a", b"two")
    for method in ("GET", "HEAD"):
        assert send(server, method, f"{API}/a", if_match=tag).status == 412


def test_numbers_beyond_measure(server: RunningServer, root: Path) -> None:
    put(server, "a", b"one")
    assert get(server, f"{API}/a", range=f"bytes=0-{'9' * 5000}").status == 200
    assert get(server, f"{API}/a", range=f"bytes={'9' * 18}-").status == 416


def test_a_page_adds_a_file_to_a_run(server: RunningServer, root: Path) -> None:
    run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]
    address = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run['run_id']}"
    answer = send(server, "POST", f"{address}&path=a/b.txt", b"text")
    assert (answer.status, answer.body) == (200, b"{}")
    assert get(server, f"/get-artifact?run_id={run['run_id']}&path=a/b.txt").body == b"text"
    for query, status in (("", 400), ("&path=", 400), ("&path=../x", 400), ("&path=a%2f../x", 400)):
        assert send(server, "POST", address + query, b"x").status == status
    nobody = address.replace(run["run_id"], "0" * 32)
    assert send(server, "POST", f"{nobody}&path=x", b"x").status == 404
    answer = send(server, "POST", f"{address}&path=big", bytes(10 * MIB + 1))
    assert (answer.status, code(answer)) == (413, "INVALID_PARAMETER_VALUE")
    assert send(server, "POST", f"{address}&path=big", bytes(10 * MIB)).status == 200
    assert send(server, "POST", address.replace("/ajax-api", "/api"), b"x").status == 404


def test_a_folder_gives_no_addresses(server: RunningServer, root: Path) -> None:
    put(server, "a", b"x")
    answer = get(server, f"{ROOT}/presigned/a")
    assert (answer.status, code(answer)) == (501, "NOT_IMPLEMENTED")
    run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    for verb in ("upload", "download"):
        status, body = server.request(
            "POST",
            f"/api/2.0/mlflow/artifacts/presigned-{verb}-url",
            json.dumps({"run_id": run, "path": "a"}).encode(),
            {"Content-Type": "application/json"},
        )
        assert (status, json.loads(body)["error_code"]) == (501, "NOT_IMPLEMENTED")
    info = json.loads(get(server, "/api/3.0/mlflow/server-info").body)
    assert info["multipart_uploads_enabled"] is False
    assert info["multipart_downloads_enabled"] is False


# -- servers of other kinds ----------------------------------------------------------------


def test_artifacts_only(start_server: StartServer) -> None:
    server = start_server(None, "--artifacts-only")
    sent = Sent(server, "a/big", os.urandom(250_000), 100_000)
    sent.put_all()
    assert sent.complete().status == 200
    staging = begin(server, "model")["staging"]
    assert ask(server, "staging/complete/model", {"staging": staging}).status == 200
    assert files(server, "a") == {"big": 250_000}
    assert get(server, "/api/3.0/mlflow/server-info").status == 200
    address = "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=1&path=x"
    assert send(server, "POST", address, b"x").status == 503
    assert get(server, "/api/2.0/mlflow/artifacts/list?run_id=1").status == 503


def test_nothing_is_served(start_server: StartServer) -> None:
    server = start_server(None, "--no-serve-artifacts")
    for method, address in (
        ("POST", f"{ROOT}/mpu/create"),
        ("POST", f"{ROOT}/mpu/create/a"),
        ("PUT", f"{ROOT}/mpu/part/a"),
        ("PUT", f"{ROOT}/archive/a"),
        ("GET", f"{ROOT}/mpu/list/a?path=x"),
        ("GET", API),
    ):
        assert send(server, method, address, b"").status == 503, address
    run = server.call("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]
    folder = Path(urlsplit(run["artifact_uri"]).path)
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(b"local")
    assert get(server, f"/get-artifact?run_id={run['run_id']}&path=a").body == b"local"


def test_locations_that_are_allowed_are_shown(start_server: StartServer, tmp_path: Path) -> None:
    nfs = tmp_path / "nfs"
    server = start_server(None, "--allowed-artifact-locations", f"s3://b/x, {nfs.as_uri()}")
    ids = {}
    for name, location in (("in", nfs / "team"), ("out", tmp_path / "nfs-of-others")):
        question = {"name": name, "artifact_location": location.as_uri()}
        number = server.call("POST", "experiments/create", question)["experiment_id"]
        run = server.call("POST", "runs/create", {"experiment_id": number})["run"]["info"]
        folder = Path(urlsplit(run["artifact_uri"]).path)
        folder.mkdir(parents=True)
        (folder / "a").write_bytes(b"there")
        ids[name] = run["run_id"]
    assert get(server, f"/get-artifact?run_id={ids['in']}&path=a").body == b"there"
    listed = server.call("GET", f"artifacts/list?run_id={ids['in']}")
    assert listed["files"] == [{"path": "a", "is_dir": False, "file_size": 5}]
    for path in ("get-artifact?path=a&", "api/2.0/mlflow/artifacts/list?"):
        answer = get(server, f"/{path}run_id={ids['out']}")
        assert (answer.status, code(answer)) == (403, "PERMISSION_DENIED")
        assert "--allowed-artifact-locations" in json.loads(answer.body)["message"]


def test_what_is_old_and_unfinished_is_removed(start_server: StartServer) -> None:
    server = start_server()
    root = server.folder / "mlruns/artifacts"
    sent = Sent(server, "a/big", os.urandom(200_000), 100_000)
    assert sent.put(1).status == 200
    staging = begin(server, "model")["staging"]
    assert send(server, "PUT", f"{API}/model/x?staging={staging}", b"x").status == 200
    put(server, "there", b"x")
    server.stop()
    for path in [*root.rglob("*"), root]:
        os.utime(path, (1, 1), follow_symlinks=False)
    server.start()
    assert until_nothing_is_left(root) == ["there"]
    assert sent.listed() == []


@pytest.mark.slow
def test_memory_does_not_grow_with_parts(start_server: StartServer) -> None:
    server = start_server(None, "--no-access-log")
    piece = os.urandom(8 * MIB)
    question = {"path": "big", "size": 1024 * MIB, "part_size": 8 * MIB}
    created = told(ask(server, "mpu/create", question))
    urls = [one["url"] for one in created["credentials"]]
    digest = sha256(piece)
    put(server, "warm", piece)
    process = psutil.Process(server.pid)
    before = process.memory_info().rss
    most = [before]

    def put_part(url: str) -> int:
        status = send(server, "PUT", url, piece, x_millstream_digest=f"sha256:{digest}").status
        most.append(process.memory_info().rss)
        return status

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(put_part, urls)) == {200}
    parts = [{"part_number": number, "etag": digest, "size": 8 * MIB} for number in range(1, 129)]
    question = {"path": "big", "upload_id": created["upload_id"], "parts": parts}
    assert ask(server, "mpu/complete", question).status == 200
    assert send(server, "HEAD", f"{API}/big").headers["content-length"] == str(1024 * MIB)
    assert max(most) - before < 50 * MIB
