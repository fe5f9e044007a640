"""A program that does one thing to a folder again and again, and is killed at each of its steps.

    python killed.py SCENARIO FOLDER

The thing is done in FOLDER/0, FOLDER/1, …, each prepared in the same way; in the first of them the
process is killed before its first step, in the next one before its second, and so on, until one
comes to its end. A step is a call to the system that opens, makes, locks, renames, links or removes
something. It prints how many there were.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Callable
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

from mlflow.blobs import Folder
from mlflow.blobs.place import Part

_STEPS = {
    "fcntl.flock",
    "open",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.listdir",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.scandir",
    "os.setxattr",
    "os.truncate",
}
Work = Callable[[], None]


def fill(folder: Folder, *files: str, content: bytes) -> None:
    for file in files:
        folder.put(file, BytesIO(content))


def put(root: Path) -> Work:
    folder = Folder(root)
    fill(folder, "m/a", content=b"old")
    return lambda: folder.put("m/a", BytesIO(b"new"))


def batch(root: Path) -> Work:
    folder = Folder(root)
    fill(folder, "m/a", "m/b", content=b"old")
    return lambda: folder.put_batch([("m/a", b"new"), ("m/b", b"new"), ("n/c", b"new")])


def parts(root: Path) -> Work:
    folder = Folder(root)
    fill(folder, "m/a", content=b"old")
    upload = folder.parts.begin("m/a", 3, 2)
    sent = []
    for number, part in enumerate((b"ne", b"w"), 1):
        digest = hashlib.sha256(part).hexdigest()
        sent.append(Part(digest, len(part)))
        with folder.parts.writing_part("m/a", upload, number, len(part), digest) as writing:
            writing.write(part)
            writing.finish()
    return lambda: folder.parts.finish("m/a", upload, sent)


def staged(folder: Folder, path: str) -> Work:
    staging = folder.staging(path, "attempt")
    for file in ("a", "b", "in/c"):
        staging.place.put(file, BytesIO(b"new"))
    return staging.publish


def publish_new(root: Path) -> Work:
    folder = Folder(root)
    fill(folder, "n", content=b"old")
    return staged(folder, "d/m")


def publish_over(root: Path) -> Work:
    folder = Folder(root)
    fill(folder, "m/a", "m/in/c", "m/in/d", "m/e/f", content=b"old")
    return staged(folder, "m")


def publish_root(root: Path) -> Work:
    folder = Folder(root / "run/artifacts", passing=True)
    fill(folder, "a", "in/c", "in/d", "e/f", content=b"old")
    return staged(folder, "")


SCENARIOS = {
    work.__name__: work for work in (put, batch, parts, publish_new, publish_over, publish_root)
}


def kill_at(step: int) -> None:
    """Die before the step of that number, counted from 0 and from now on."""
    left = step

    def hook(event: str, _: tuple[Any, ...]) -> None:
        nonlocal left
        if event in _STEPS:
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(hook)


def main() -> None:
    prepare = SCENARIOS[sys.argv[1]]
    for step in count():
        work = prepare(Path(sys.argv[2]) / str(step))
        if not (child := os.fork()):
            kill_at(step)
            work()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            print(step + 1 if os.WEXITSTATUS(status) == 0 else "failed")
            return


if __name__ == "__main__":
    main()
