"""Bodies on their way to where they are kept: what they take, and that all is let go of."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from collections.abc import Mapping
from typing import Any

import pytest

from mlflow.blobs.served.tar import archive
from mlflow.server.archives import files_of
from mlflow.server.limits import Gone, Limits
from mlflow.server.routes import Request, Work
from mlflow.server.uploads import Uploads


def test_deep_names_in_an_archive_take_little_memory() -> None:
    deep = "/".join(["12345678"] * 99)
    body = b"".join(archive((f"{number}/{deep}", b"") for number in range(2000)))
    tracemalloc.start()
    assert len(files_of(body)) == 2000
    assert tracemalloc.get_traced_memory()[1] < 4 * len(body)
    tracemalloc.stop()


class _Sink:
    discarded = False

    def write(self, piece: bytes) -> None:
        pass

    def finish(self) -> None:
        pass

    def discard(self) -> None:
        self.discarded = True


def test_a_file_is_let_go_of_however_many_wait() -> None:
    work = Work(threads=1, waiting=0)
    sink = _Sink()
    others = threading.Event()

    async def receive() -> Mapping[str, Any]:
        receive.other = asyncio.create_task(work.in_thread(others.wait))  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(others.set)
        return {"type": "http.disconnect"}

    async def keep() -> None:
        request = Request("PUT", "/", b"", {}, "", 0, receive)
        with pytest.raises(Gone):
            await Uploads(Limits(1000, 10), work).keep(request, lambda: sink)

    asyncio.run(keep())
    work.close(True)
    assert sink.discarded
