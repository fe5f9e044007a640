"""What is logged in the tests of artifacts, and a reader who looks at it all the time."""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from mlflow.blobs.uri import PARTIAL
from tests.servers.millstream import RunningServer

API = "/api/2.0/mlflow-artifacts"
#: seconds between two looks of a reader who shares the processor with what is looked at
_PAUSE = 0.02


class Content(NamedTuple):
    """Bytes and SHA-256 of a file."""

    size: int
    digest: str


#: the files of a folder by their paths
State = Mapping[str, Content]


def content_of(data: bytes) -> Content:
    return Content(len(data), hashlib.sha256(data).hexdigest())


def content_at(path: Path) -> Content:
    return content_of(path.read_bytes())


def write(path: Path, size: int, seed: int) -> Content:
    """Write a file of random bytes, the same for the same seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = random.Random(seed).randbytes(size)
    path.write_bytes(data)
    return content_of(data)


def state_of(folder: Path) -> dict[str, Content]:
    """All files below a folder of this machine but unfinished ones."""
    return {
        path.relative_to(folder).as_posix(): content_at(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and PARTIAL not in path.parts
    }


def new_run(server: RunningServer) -> str:
    """The id of a new run; its artifacts are in `root_of` it."""
    created = server.call("POST", "runs/create", {"experiment_id": "0", "start_time": 1})
    run_id: str = created["run"]["info"]["run_id"]
    return run_id


def root_of(run_id: str) -> str:
    return f"0/{run_id}/artifacts"


def listed(server: RunningServer, folder: str) -> dict[str, int]:
    """Paths and sizes of all files below a folder, in one answer."""
    return _sizes(_json(server, f"{API}/artifacts?path={quote(folder, safe='')}&recursive=true"))


def fetched(server: RunningServer, path: str) -> Content:
    """The content that everyone gets of a file."""
    with closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)) as connection:
        return _fetched(connection, path)


def state_on(server: RunningServer, folder: str) -> dict[str, Content]:
    """What a folder holds for everyone who looks, content and all."""
    with closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)) as connection:
        return {path: _fetched(connection, f"{folder}/{path}") for path in listed(server, folder)}


def _fetched(connection: http.client.HTTPConnection, path: str) -> Content:
    status, body = _ask(connection, f"{API}/artifacts/{quote(path)}")
    assert status == 200, (path, status, body[:300])
    return content_of(body)


def arrived(server: RunningServer, path: str) -> int:
    """The bytes of parts that are there of an unfinished file; of the furthest attempt."""
    folder, _, name = path.rpartition("/")
    found = _json(server, f"{API}/mpu/list/{quote(folder)}?path={quote(name, safe='')}")
    return max(
        (
            sum(int(part["size"]) for part in upload.get("parts", []))
            for upload in found.get("uploads", [])
        ),
        default=0,
    )


def _json(server: RunningServer, address: str) -> Any:
    status, body = server.request("GET", address)
    assert status == 200, (address, status, body[:300])
    return json.loads(body)


def _sizes(answer: Any) -> dict[str, int]:
    return {
        file["path"]: int(file.get("file_size", 0))
        for file in answer.get("files", [])
        if not file["is_dir"]
    }


class Reader:
    """Somebody who lists and reads a folder of a server without end; a context manager.

    What is seen must be one of the states that are allowed, as a whole, and each file one of its
    versions. `faults` tells of everything else.

    Args:
        whole: whether all files must be of the same state; else each by itself.
    """

    def __init__(self, server: RunningServer, folder: str, *, whole: bool) -> None:
        self.looks = 0
        self.reads = 0
        self.faults: list[str] = []
        self._where = urlsplit(server.url).netloc
        self._whole = whole
        #: the folder and its states; changed at once
        self._now: tuple[str, tuple[State, ...]] = (folder, ({},))
        self._dice = random.Random(0)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def allow(self, *states: State, folder: str | None = None) -> None:
        """From now on these may be seen; what was allowed before, only in what is under way.

        Args:
            folder: another folder to look at from now on.
        """
        self._now = (self._now[0] if folder is None else folder), states

    def check(self) -> None:
        assert not self.faults, "\n".join(self.faults)[:2000]

    def _look(self) -> None:
        connection = http.client.HTTPConnection(self._where, timeout=30)
        while not self._stopped.wait(_PAUSE):
            before = self._now
            try:
                sizes = self._sizes(connection, before[0])
                if self._is_new(sizes, (*before[1], *self._now[1])):
                    self.faults.append(f"the listing {sizes}")
                self.looks += 1
                if sizes:
                    path = self._dice.choice(sorted(sizes))
                    address = f"{API}/artifacts/{quote(f'{before[0]}/{path}')}"
                    status, body = _ask(connection, address)
                    content = content_of(body)
                    versions = [state.get(path) for state in (*before[1], *self._now[1])]
                    if status != 200 or content not in versions:
                        self.faults.append(f"{path}: {status}, {content}, not {versions}")
                    self.reads += 1
            except (OSError, http.client.HTTPException):  # the server is away
                connection.close()
        connection.close()

    def _sizes(self, connection: http.client.HTTPConnection, folder: str) -> dict[str, int]:
        address = f"{API}/artifacts?path={quote(folder, safe='')}&recursive=true"
        status, body = _ask(connection, address)
        if status == 200:
            return _sizes(json.loads(body))
        self.faults.append(f"listing: {status} {body[:300]!r}")
        return {}

    def _is_new(self, sizes: dict[str, int], states: tuple[State, ...]) -> bool:
        known = [{path: content.size for path, content in state.items()} for state in states]
        if self._whole:
            return sizes not in known
        return any(
            sizes[path] not in [state[path] for state in known if path in state] for path in sizes
        )


def _ask(connection: http.client.HTTPConnection, address: str) -> tuple[int, bytes]:
    connection.request("GET", address)
    answer = connection.getresponse()
    return answer.status, answer.read()
