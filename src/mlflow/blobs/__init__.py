"""Bytes: where artifacts are kept, and how they get there whole.

    uri.py      which paths may name an artifact
    folder.py   a folder of this machine
    served.py   what a tracking server keeps (`mlflow-artifacts:`)
    schemes.py  artifact URI → one of these

A place knows nothing of runs. It is rooted at one URI; paths are relative to it.
"""

from mlflow.blobs._place import Blob, BrokenOff, NoRoom, Place, Reading
from mlflow.blobs.folder import Folder
from mlflow.blobs.schemes import local_folder, open_place

__all__ = [
    "Blob",
    "BrokenOff",
    "Folder",
    "NoRoom",
    "Place",
    "Reading",
    "local_folder",
    "open_place",
]
