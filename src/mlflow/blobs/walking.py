"""All files below a folder, found by listing one folder after the other."""

from collections.abc import Callable, Iterator, Sequence

from mlflow.blobs.place import Blob, Found
from mlflow.blobs.uri import joined
from mlflow.exceptions import MlflowException

#: most folders below each other of a place that has no end of them
_DEEPEST = 100


def walk(listed: Callable[[str], Sequence[Blob]], path: str) -> Iterator[Found]:
    """The files below a folder; see `Place.walk`.

    Args:
        listed: gives what is in a folder.
        path: the folder.

    Raises:
        MlflowException: the folders have no end.
    """
    return _below(listed, path, "", _DEEPEST)


def _below(
    listed: Callable[[str], Sequence[Blob]], path: str, below: str, depth: int
) -> Iterator[Found]:
    for blob in listed(joined(path, below)):
        name = joined(below, blob.name)
        if not blob.is_dir:
            yield Found(name, blob.size or 0)
        elif depth:
            yield from _below(listed, path, name, depth - 1)
        else:
            raise MlflowException(f"The folders below {path!r} have no end.")
