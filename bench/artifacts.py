"""Workloads with files: a large one, many small ones, one that is cut off, one in a bucket."""

from __future__ import annotations

import contextlib
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from api import Api, Wrong
from measures import Measures
from programs import probe, probing
from relay import Relay
from servers import MIB, Server
from writing import EPOCH

CUT_SECONDS = 0.1  # between two looks at whether a client ended before it was cut off


@contextlib.contextmanager
def _random_file(mib: int) -> Iterator[Path]:
    """A file that no compression makes smaller, on the disk and not only on its way there."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, "large.bin")
        with path.open("wb") as file:
            for _ in range(mib):
                file.write(os.urandom(MIB))
            file.flush()
            os.fsync(file.fileno())
        yield path


def _small_files(folder: Path, files: int, size: int) -> None:
    """`files` files of `size` bytes, a thousand to a folder."""
    for number in range(files):
        into = folder / f"{number // 1000:03}"
        into.mkdir(parents=True, exist_ok=True)
        (into / f"{number:06}.bin").write_bytes(os.urandom(size))


def plain(server: Server, measures: Measures, *, mib: int = 1024, passes: int = 3) -> None:
    """PUT and GET a large file in one request each, the way of clients that know no parts."""
    names = ("PUT, MiB/s", "GET, MiB/s")
    memory = ("server above idle, MiB", "server at most, MiB") if server.command else ()
    with measures.checked(*names, *memory), _random_file(mib) as path, path.open("rb") as file:
        wanted = hashlib.sha256()
        while piece := file.read(MIB):
            wanted.update(piece)
        folder = f"bench-{time.time_ns():x}"
        idle = server.resident_mib() if server.command else 0.0
        watched = server.peak() if server.command else contextlib.nullcontext([0.0])
        with watched as peak, Api(server.url) as api:
            up = [api.upload(f"{folder}/{n}.bin", file, mib * MIB) for n in range(passes)]
            down = [api.download(f"{folder}/{n}.bin", lambda _: None) for n in range(passes)]
        measures["PUT, MiB/s"] = mib / statistics.median(up)
        measures["GET, MiB/s"] = mib / statistics.median(down)
        if server.command:
            measures["server above idle, MiB"] = max(peak[0] - idle, 0.1)
            measures["server at most, MiB"] = peak[0]
        with Api(server.url) as api:
            for number in range(passes):
                found = hashlib.sha256()
                api.download(f"{folder}/{number}.bin", found.update)
                if found.digest() != wanted.digest():
                    raise Wrong("the file came back with another content")


def client(
    server: Server,
    measures: Measures,
    *,
    mib: int = 1024,
    passes: int = 3,
    files: int = 10_000,
    size: int = 4096,
) -> None:
    """`log_artifact`, `log_artifacts` and `download_artifacts` of its own client."""
    if not server.python:
        return
    names = [
        "log_artifact, MiB/s",
        "download_artifacts, MiB/s",
        "client above idle, MiB",
        "log_artifacts, files/s",
        "download_artifacts, files/s",
    ]
    if server.command:
        names.append("server above idle, MiB")
    with measures.checked(*names), _random_file(mib) as file:
        small = file.parent / "small"
        _small_files(small, files, size)
        idle = server.resident_mib() if server.command else 0.0
        watched = server.peak() if server.command else contextlib.nullcontext([0.0])
        with watched as peak:
            answer = probe(server, "artifacts", server.url, str(file), str(small), str(passes))
        measures.update(answer["measures"])
        if server.command:
            measures["server above idle, MiB"] = max(peak[0] - idle, 0.1)


def resume(server: Server, measures: Measures, *, mib: int = 1024, cut: int = 90) -> None:
    """Its client is cut off and killed after `cut` percent of a file: what a second one sends."""
    if not server.python:
        return
    with (
        measures.checked("sent again, %"),
        _random_file(mib) as file,
        Api(server.url) as api,
        Relay(server.url) as relay,
    ):
        run = api.create_run(api.create_experiment("resume"), EPOCH)
        relay.cut_after(mib * MIB * cut // 100)
        with probing(server, "send", relay.url, str(file), run) as process:
            while not relay.cut.wait(CUT_SECONDS):
                if process.poll() is not None:
                    told = process.communicate()[1].strip()[-500:]
                    raise Wrong(f"the client ended before {cut} % of the file were sent: {told}")
        relay.begin_anew()
        probe(server, "send", relay.url, str(file), run)
        measures["sent again, %"] = 100 * relay.sent / (mib * MIB)


def direct(server: Server, measures: Measures, *, mib: int = 1024, passes: int = 3) -> None:
    """Its client with a bucket behind the server, and plain `obstore` with the same bucket."""
    if not server.python or not server.bucket:
        return
    names = ("log_artifact, MiB/s", "download_artifacts, MiB/s", "through the server, %")
    stored = ("obstore up, MiB/s", "obstore down, MiB/s")
    with measures.checked(*names, *stored), _random_file(mib) as file:
        measures.update(probe(server, "store", server.bucket, str(file), str(passes))["measures"])
        with Relay(server.url) as relay:
            none = file.parent / "none"
            _small_files(none, 1, 1)
            told = probe(server, "artifacts", relay.url, str(file), str(none), str(passes))
        measures["through the server, %"] = (
            100 * (relay.sent + relay.received) / (2 * passes * mib * MIB)
        )
        for name in names[:2]:
            measures[name] = told["measures"][name]
