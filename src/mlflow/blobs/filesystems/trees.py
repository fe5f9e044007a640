"""Files and folders of an `fsspec.AbstractFileSystem` that is connected.

Patterns mean nothing in names here, and what the library keeps of earlier listings does not count.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from mlflow.blobs.place import Found
from mlflow.blobs.uri import PARTIAL, safe_path
from mlflow.exceptions import MlflowException, invalid

#: folders in one another, after which there is no end to be expected
MOST_FOLDERS = 100


def stat(system: Any, whole: str) -> dict[str, Any] | None:
    """What the file system says about a file or folder, None when there is none."""
    system.invalidate_cache()
    try:
        info: dict[str, Any] = system.info(whole)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return info if info["type"] in ("file", "directory") else None


def entries(system: Any, whole: str) -> dict[str, dict[str, Any]]:
    """The files and folders in a folder, by name."""
    system.invalidate_cache()
    try:
        found = system.ls(whole, detail=True)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    entries = {}
    for info in found:
        folder, _, name = info["name"].rstrip("/").rpartition("/")
        known = info["type"] in ("file", "directory") and not info.get("islink")
        # A file is listed as itself.
        if known and folder.strip("/") == system._strip_protocol(whole).strip("/"):
            with suppress(MlflowException):
                entries[safe_path(name) if name != PARTIAL else name] = info
    return entries


def found_at(path: str, info: Mapping[str, Any]) -> Found:
    """The file. It has a tag only where two versions surely have different ones: a time in whole
    seconds tells nothing without what FTP calls unique, the number of the file on the disk."""
    size = int(info["size"])
    changed = changed_at(info)
    if changed is None or (changed.is_integer() and "unique" not in info):
        return Found(path, size)
    return Found(path, size, None, f"{changed:.6f}-{size}-{info.get('unique', '')}")


def changed_at(info: Mapping[str, Any]) -> float | None:
    """When a file was written last, in seconds since the epoch; None when nothing says so."""
    for name in ("mtime", "modify", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, str) and value[:14].isdigit():  # of FTP
            moment = datetime.strptime(value[:14], "%Y%m%d%H%M%S")
            return moment.replace(tzinfo=timezone.utc).timestamp()
    return None


def make(system: Any, folder: str) -> None:
    """Make a folder, and those above it, unless they are there."""
    if stat(system, folder) is None:
        try:
            system.makedirs(folder, exist_ok=True)
        except Exception:  # another one made it at the same moment
            if stat(system, folder) is None:
                raise


def make_for(system: Any, root: str, path: str) -> None:
    """Make the folders that a path needs below the root."""
    names = path.split("/")[:-1]
    for count in range(len(names) + 1):
        info = stat(system, "/".join([root, *names[:count]]) or "/")
        if info is not None and info["type"] == "file":
            raise invalid(
                f"The artifact {path!r} cannot be there: a name before the last one is a file."
            )
        if info is None:
            make(system, "/".join([root, *names]) or "/")
            return


def replace(system: Any, source: str, target: str, path: str) -> None:
    """Move a file to where one may be."""
    there = stat(system, target)
    if there is not None and there["type"] != "file":
        raise invalid(f"The artifact {path!r} cannot be a file: there is a folder of that name.")
    try:
        move(system, source, target)
    except Exception:
        if there is None:
            raise
        system.rm_file(target)
        move(system, source, target)


def move(system: Any, source: str, target: str) -> None:
    """Rename; copy where the file system has no such thing. Patterns in names mean nothing."""
    from fsspec import AbstractFileSystem

    if type(system).mv is not AbstractFileSystem.mv:
        system.mv(source, target)
        return
    for name, about in entries(system, source).items():
        if about["type"] != "file":
            move(system, f"{source}/{name}", f"{target}/{name}")
        else:
            make(system, target)
            system.cp_file(f"{source}/{name}", f"{target}/{name}")
    info = stat(system, source)
    if info is not None and info["type"] == "file":
        system.cp_file(source, target)
    elif info is not None:
        make(system, target)
    remove(system, source)


def remove(system: Any, whole: str) -> None:
    """Remove a file, or a folder with all that is below; nothing when there is none.

    A server may call a link to a folder a folder. So each name is first removed as a file, which
    takes a link away and fails for a folder; what a link leads to is never touched.
    """
    try:
        system.rm_file(whole)
        return
    except Exception:
        system.invalidate_cache()
        if not system.isdir(whole):
            if not system.exists(whole):
                return
            raise
    for entry in system.ls(whole, detail=True):
        remove(system, entry["name"])
    system.rmdir(whole)


def sweep(
    system: Any, whole: str, before: float, dry: bool, depth: int = MOST_FOLDERS
) -> tuple[int, int]:
    """Remove old entries of all PARTIAL below a folder; how many there were, and their bytes."""
    count = total = 0
    for name, info in entries(system, whole).items():
        if info["type"] == "file":
            continue
        if name != PARTIAL:
            inner = sweep(system, f"{whole}/{name}", before, dry, depth - 1) if depth else (0, 0)
            count, total = count + inner[0], total + inner[1]
            continue
        for entry, about in entries(system, f"{whole}/{PARTIAL}").items():
            left = f"{whole}/{PARTIAL}/{entry}"
            newest, size = _age(system, left, about, MOST_FOLDERS)
            if newest is not None and newest <= before:
                count, total = count + 1, total + size
                if not dry:
                    remove(system, left)
    return count, total


def _age(system: Any, whole: str, info: Mapping[str, Any], depth: int) -> tuple[float | None, int]:
    """When something below was written last, and all bytes; None when nothing says so."""
    if info["type"] == "file" or not depth:
        return changed_at(info), int(info["size"] or 0)
    newest, size = changed_at(info), 0
    for name, about in entries(system, whole).items():
        changed, more = _age(system, f"{whole}/{name}", about, depth - 1)
        newest = changed if newest is None or (changed or 0) > newest else newest
        size += more
    return newest, size
