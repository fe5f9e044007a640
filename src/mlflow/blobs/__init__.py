"""Bytes: where artifacts are kept, and how they get there whole.

    _place.py   what places can do, and the errors of it
    digests.py  what a file's content must give when it is hashed
    uri.py      which paths may name an artifact
    schemes.py  artifact URI → the place that it names; one file for each kind
    folder.py   a folder of this machine; what it stands on is in `disk_*`:
                files, digests, listing, parts and unfinished uploads, staging, sweep
    served.py   what a tracking server keeps (`mlflow-artifacts:`)
    objects.py  what object stores share

A place knows nothing of runs. It is rooted at one URI; paths are relative to it.
"""

from mlflow.blobs._place import (
    Blob,
    BrokenOff,
    Busy,
    Changed,
    Damaged,
    Found,
    NoRoom,
    Place,
    Reading,
    Vanished,
)
from mlflow.blobs.folder import Folder
from mlflow.blobs.schemes import local_folder, open_place

__all__ = [
    "Blob",
    "BrokenOff",
    "Busy",
    "Changed",
    "Damaged",
    "Folder",
    "Found",
    "NoRoom",
    "Place",
    "Reading",
    "Vanished",
    "local_folder",
    "open_place",
]
