"""A process that is killed between any two steps leaves the old state or the new one."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest

from mlflow.blobs import Folder
from mlflow.blobs.uri import PARTIAL
from tests.blobs import killed
from tests.blobs.contract import content, digest_of, paths

_OVER = {"a": b"old", "in/c": b"old", "in/d": b"old", "e/f": b"old"}
_NEW = {"a": b"new", "b": b"new", "in/c": b"new"}


def below(folder: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{path}": there for path, there in files.items()}


#: what is there before and after
STATES: dict[str, tuple[dict[str, bytes], dict[str, bytes]]] = {
    "put": ({"m/a": b"old"}, {"m/a": b"new"}),
    "parts": ({"m/a": b"old"}, {"m/a": b"new"}),
    "publish_new": ({"n": b"old"}, {"n": b"old", **below("d/m", _NEW)}),
    "publish_over": (below("m", _OVER), below("m", {**_OVER, **_NEW})),
    "publish_root": (
        below("run/artifacts", _OVER),
        below("run/artifacts", {**_OVER, **_NEW}),
    ),
}


def run(scenario: str, folder: Path) -> list[Folder]:
    """The folders, one for each step at which a process was killed; the last one is done."""
    command = [sys.executable, killed.__file__, scenario, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.strip().isdecimal(), done.stdout + done.stderr
    return [Folder(folder / str(step)) for step in range(int(done.stdout))]


def visible(folder: Folder) -> dict[str, bytes]:
    listed = paths(folder)
    assert sorted(str(path) for path in _files(folder)) == listed
    return {path: content(folder, path) for path in listed}


def _files(folder: Folder, path: str = "") -> list[str]:
    found = []
    for blob in folder.list(path):
        whole = f"{path}/{blob.name}".lstrip("/")
        found += _files(folder, whole) if blob.is_dir else [whole]
    return found


@pytest.mark.parametrize("scenario", sorted(STATES))
def test_old_or_new_and_what_is_left_is_swept(tmp_path: Path, scenario: str) -> None:
    folders = run(scenario, tmp_path)
    old, new = STATES[scenario]
    assert len(folders) > 10
    seen = [visible(folder) for folder in folders]
    changed = seen.index(new)
    assert 0 < changed < len(folders)
    assert seen[:changed] == [old] * changed
    assert seen[changed:] == [new] * (len(folders) - changed)
    left = [folder.sweep(-60)[0] for folder in folders]
    assert max(left) >= 1
    assert left[-1] == 0
    assert not list(tmp_path.rglob(PARTIAL))
    assert [visible(folder) for folder in folders] == seen


@pytest.mark.parametrize("scenario", ["publish_new", "publish_over", "publish_root"])
def test_publishing_goes_on(tmp_path: Path, scenario: str) -> None:
    _, new = STATES[scenario]
    for folder in run(scenario, tmp_path):
        target = {"publish_new": "d/m", "publish_over": "m", "publish_root": ""}[scenario]
        place = Folder(folder.root / "run/artifacts") if scenario == "publish_root" else folder
        staging = place.staging(target, "attempt")
        there = staging.there()
        for path, wanted in _NEW.items():
            if path not in there or there[path].digest != digest_of(wanted):
                staging.place.put(path, BytesIO(wanted))
        staging.publish()
        assert visible(folder) == new
        folder.sweep(-60)
        assert not list(folder.root.rglob(PARTIAL))


def test_parts_are_finished_again(tmp_path: Path) -> None:
    for folder in run("parts", tmp_path):
        for one in folder.parts.unfinished("m/a"):
            assert sorted(one.parts) == [1, 2]
            folder.parts.finish("m/a", one.upload_id, [one.parts[1], one.parts[2]])
        assert visible(folder) == {"m/a": b"new"}


def test_each_file_of_a_batch_is_old_or_new(tmp_path: Path) -> None:
    for folder in run("batch", tmp_path):
        there = visible(folder)
        assert there.keys() - {"n/c"} == {"m/a", "m/b"}
        assert set(there.values()) <= {b"old", b"new"}
        folder.sweep(-60)
        assert not list(folder.root.rglob(PARTIAL))
