"""What is in a folder on disk. Links and special files are left out."""

import os
from contextlib import suppress

from mlflow.blobs.disk import kept_digests
from mlflow.blobs.disk.files import tag_of
from mlflow.blobs.disk.handles import FILE, held
from mlflow.blobs.place import Blob, Found
from mlflow.blobs.uri import PARTIAL, joined


def blob_of(entry: "os.DirEntry[str]") -> Blob | None:
    """An entry of a listing, None for a link or what no artifact is."""
    if entry.name == PARTIAL:
        return None
    if entry.is_dir(follow_symlinks=False):
        return Blob(entry.name, True)
    if entry.is_file(follow_symlinks=False):
        return Blob(entry.name, False, entry.stat(follow_symlinks=False).st_size)
    return None


def walk(folder: int, base: str, found: list[Found], reread: int = -1) -> None:
    """Add all files below an open folder that is held, sorted; their paths begin with `base`.

    Args:
        reread: files of up to so many bytes are read; one that does not give its digest has none.
    """
    with os.scandir(folder) as scanned:
        entries = sorted(scanned, key=lambda entry: entry.name)
    for entry in entries:
        path = joined(base, entry.name)
        with suppress(FileNotFoundError):  # it went while we looked
            if entry.name == PARTIAL:
                continue
            if entry.is_dir(follow_symlinks=False):
                with held(entry.name, folder) as inner:
                    walk(inner, path, found, reread)
            elif entry.is_file(follow_symlinks=False):
                handle = os.open(entry.name, FILE, dir_fd=folder)
                try:
                    status = os.fstat(handle)
                    digest = kept_digests.kept(handle, status)
                    if (
                        digest is not None
                        and status.st_size <= reread
                        and kept_digests.of_file(handle, digest) != digest
                    ):
                        digest = None
                finally:
                    os.close(handle)
                found.append(Found(path, status.st_size, digest, tag_of(status)))
