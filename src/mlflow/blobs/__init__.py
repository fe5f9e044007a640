"""Bytes: where artifacts are kept, and how they get there whole.

    place.py      what places can do, and the errors of it
    digests.py    what a file's content must give when it is hashed
    uri.py        which paths may name an artifact
    schemes.py    artifact URI → the place that it names, in one sorted table
    roots.py      where a server may look
    walking.py    all files below a folder, by listings

The kinds of places:

    disk/         a folder of this machine
    served/       what a tracking server keeps (`mlflow-artifacts:`)
    objects/      what object stores share: s3/, azure/, gcs.py
    http.py       a file of a web server, to be read
    filesystems/  what fsspec knows: SFTP, FTP, Hadoop
    plugins.py    what others install

A place knows nothing of runs. It is rooted at one URI; paths are relative to it.
"""

from mlflow.blobs.disk.folder import Folder
from mlflow.blobs.place import (
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
