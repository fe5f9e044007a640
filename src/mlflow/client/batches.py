"""Small files on their way to this machine, many by one request where a server gives them so."""

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlencode

from mlflow.blobs import Folder, Place
from mlflow.blobs.digests import Digesting
from mlflow.blobs.place import Found
from mlflow.blobs.served.place import Served
from mlflow.blobs.uri import joined
from mlflow.client.crew import Stop, each
from mlflow.client.folders import BATCH, SMALL, Count
from mlflow.client.progress import Progress

#: batches that are on their way at the same time
AT_ONCE = 3
#: bytes of the names in one address: proxies take addresses of 8 KiB
_LONGEST_NAMES = 6000


def receive(
    place: Place,
    path: str,
    files: Sequence[Found],
    into: Folder,
    base: str,
    progress: Progress,
    count: Count,
    stop: Stop,
) -> set[Found]:
    """Fetch small files below a folder.

    Args:
        path: the folder.
        files: as it lists them.
        into, base: where they go: a folder, and the way from there.
        progress, count: are told what has arrived.
        stop: set when it is to be given up.

    Returns:
        The files that came, with the content that was listed; others are to be fetched alone.
    """
    if not isinstance(place, Served):
        return set()
    # What has no digest can be compared with nothing but its version, which an archive lacks.
    small = [file for file in files if file.size <= SMALL and file.digest is not None]
    came: set[Found] = set()

    def fetch(batch: list[Found], stop: Stop) -> None:
        listed = {file.path: file for file in batch}
        right: list[tuple[Found, memoryview]] = []
        for name, content in place.get_batch(path, batch):
            stop.check()
            if _is_right(listed[name], content):
                right.append((listed[name], content))
        if right:
            into.put_batch([(joined(base, file.path), content) for file, content in right])
            came.update(file for file, _ in right)
            count.add(len(right))
            progress.add(sum(file.size for file, _ in right))

    batches = list(_batches(small))
    each(fetch, batches, min(AT_ONCE, len(batches)), stop)
    return came


def _batches(files: Iterable[Found]) -> Iterator[list[Found]]:
    batch: list[Found] = []
    size = length = 0
    for file in files:
        needs = len(urlencode({"names": file.path})) + 1
        if batch and (size + file.size > BATCH or length + needs > _LONGEST_NAMES):
            yield batch
            batch, size, length = [], 0, 0
        batch.append(file)
        size += file.size
        length += needs
    if len(batch) > 1:
        yield batch


def _is_right(file: Found, content: memoryview) -> bool:
    assert file.digest is not None
    digesting = Digesting(file.digest.part_size or max(file.size, 1), file.digest.algorithm)
    digesting.update(content)
    return digesting.digest() == file.digest
