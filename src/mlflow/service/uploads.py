"""Files that are sent in parts, and folders that become visible as a whole.

These need the place that `mlflow-artifacts:/` names and no store: a server that keeps artifacts
only has them too.
"""

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote, urlencode

from mlflow import wire
from mlflow.blobs.digests import PART, count_of, part_size_for
from mlflow.blobs.disk.folder import Folder
from mlflow.blobs.disk.loose_parts import LooseParts, is_loose
from mlflow.blobs.objects.place import Objects
from mlflow.blobs.place import Found, Part, Parts, Place, Staging, Vanished
from mlflow.blobs.uri import joined, safe_path
from mlflow.exceptions import MlflowException, MlflowNotImplementedException, invalid
from mlflow.service._engine import ArtifactEngine, serves
from mlflow.wire import Empty
from mlflow.wire.artifacts import (
    MOST_PARTS,
    AbortStaging,
    AbortUpload,
    AboutUpload,
    BeginStaging,
    BegunStaging,
    CompletedUpload,
    CompleteStaging,
    CompleteUpload,
    CreatedUpload,
    CreateUpload,
    FileMessage,
    ListedUploads,
    ListUploads,
    PartAddress,
    PartMessage,
    UploadMessage,
    put_part,
)

#: seconds for which the address of a part is good: it is asked for shortly before it is used
PART_ADDRESS_SECONDS = 3600
#: a file of a client's own machine that has drives
_OF_WINDOWS = re.compile(r"[A-Za-z]:\\|\\\\")
_STAGING = re.compile(r"(\d{1,3})-([0-9a-f]{16})-([A-Za-z0-9]{8,64})")
#: makes the address of a part at the store itself: its number → the URL
Signer = Callable[[int], str]


# -- where things go -----------------------------------------------------------------------


def place_of(engine: ArtifactEngine, path: str, staging: str = "") -> tuple[Place, str]:
    """Where a file is kept: a place, and the file's path there.

    Args:
        path: below the server's root.
        staging: what `begin_staging` answered, empty for a file that is visible at once.

    Raises:
        MlflowException: the path is refused, or not in the folder of that staging.
    """
    safe_path(path)
    served = engine.roots.served
    if not staging:
        return served, path
    folder, rest, name = _staged(path, staging)
    if not rest:
        raise _not_below(path)
    return _begun(served, folder, name).place, rest


def folder_of(engine: ArtifactEngine, folder: str, staging: str = "") -> tuple[Place, str]:
    """Where files below a folder are kept; see `place_of`."""
    safe_path(folder, root=True)
    served = engine.roots.served
    if not staging:
        return served, folder
    top, rest, name = _staged(folder, staging)
    return _begun(served, top, name).place, rest


def _named(folder: str, name: str) -> str:
    """The text by which a staging is known: it holds all that is to be known about it."""
    depth = len(folder.split("/")) if folder else 0
    return f"{depth}-{_mark(folder)}-{name}"


def _staged(path: str, staging: str) -> tuple[str, str, str]:
    """The folder that is staged, the way to `path` from there, and the staging's name."""
    found = _STAGING.fullmatch(staging)
    if found is None:
        raise invalid(f"There is no staging {staging[:100]!r}.")
    depth = int(found[1])
    names = path.split("/") if path else []
    folder = "/".join(names[:depth])
    if len(names) < depth or _mark(folder) != found[2]:
        raise _not_below(path)
    return folder, "/".join(names[depth:]), found[3]


def _not_below(path: str) -> Exception:
    return invalid(f"The artifact {path!r} is not below the folder of this staging.")


def _mark(folder: str) -> str:
    return hashlib.sha256(folder.encode()).hexdigest()[:16]


def _staging(engine: ArtifactEngine, folder: str, staging: str) -> Staging:
    safe_path(folder, root=True)
    top, rest, name = _staged(folder, staging)
    if rest:
        raise _not_below(folder)
    return _begun(engine.roots.served, top, name)


def _begun(place: Place, folder: str, name: str) -> Staging:
    """A staging that is there; Vanished when it is not, where the place can tell."""
    if isinstance(place, Folder | Objects):
        return place.staging(folder, name, begun=True)
    return place.staging(folder, name)


def _path(ask: AboutUpload) -> str:
    """The file's path below the root.

    Official clients name the file by its path on their own machine, as the user gave it: only its
    last name counts.
    """
    separator = "\\" if _OF_WINDOWS.match(ask.path) else "/"
    name = safe_path(ask.path.rpartition(separator)[2])
    return joined(safe_path(ask.directory, root=True), name)


def _parts(place: Place) -> Parts:
    if (parts := place.parts) is None:
        raise MlflowNotImplementedException(
            "The store of this server takes files only whole: send it by one PUT."
        )
    return parts


# -- parts ---------------------------------------------------------------------------------


@serves(wire.artifacts.create_upload)
def create_upload(engine: ArtifactEngine, ask: CreateUpload) -> CreatedUpload:
    """Begin a file in parts, or go on with one, and say where its parts go."""
    whole_path = _path(ask)
    place, path = place_of(engine, whole_path, ask.staging)
    parts = _parts(place)
    part_size = ask.part_size
    if ask.size is not None and ask.upload_id is None:
        part_size = part_size or part_size_for(ask.size, max(parts.least_part, PART))
    if ask.size is not None and part_size and count_of(ask.size, part_size) > MOST_PARTS:
        raise invalid(
            f"Invalid value {part_size} for parameter 'part_size': a file has at most "
            f"{MOST_PARTS} parts."
        )
    upload_id = ask.upload_id or _begin(place, path, ask.size, part_size)
    signer = None if is_loose(upload_id) else _signer(place, path, upload_id)
    if signer is None:
        fields = {"upload_id": upload_id, **({"staging": ask.staging} if ask.staging else {})}
        base = f"{put_part.route}/{quote(whole_path)}?{urlencode(fields)}&part_number="

        def signer(number: int) -> str:
            return f"{base}{number}"

    numbers = ask.part_numbers
    if numbers is None:
        count = ask.num_parts
        if count is None and ask.size is not None and part_size:
            count = count_of(ask.size, part_size)
        numbers = [*range(1, (count or 0) + 1)]
    return CreatedUpload(
        upload_id,
        [PartAddress(signer(number), number) for number in numbers],
        part_size,
        parts.algorithm if ask.size is not None else None,
    )


def _begin(place: Place, path: str, size: int | None, part_size: int | None) -> str:
    if size is None or part_size is None:
        if isinstance(place, Folder):
            return LooseParts(place).begin(path)
        size = part_size = 0  # stores do not ask
    return _parts(place).begin(path, size, part_size)


def _signer(place: Place, path: str, upload_id: str) -> Signer | None:
    """What makes addresses of parts at the store; None when it makes none."""
    if not isinstance(place, Objects):
        return None

    def signed(number: int) -> str:
        return place.sign_part(path, upload_id, number, PART_ADDRESS_SECONDS)

    try:
        signed(1)
    except MlflowNotImplementedException:
        return None
    return signed


def can_sign(engine: ArtifactEngine) -> bool:
    """Whether what the server keeps is in a store that gives addresses."""
    try:
        return _signer(engine.roots.served, "any", "any") is not None
    except MlflowException:  # nothing is served, or nobody may use the store
        return False


@serves(wire.artifacts.list_uploads)
def list_uploads(engine: ArtifactEngine, ask: ListUploads) -> ListedUploads:
    """List what has begun at a path and is not finished."""
    place, path = place_of(engine, _path(ask), ask.staging)
    parts = _parts(place)
    uploads = [
        UploadMessage(
            each.upload_id,
            each.started,
            each.part_size,
            each.size,
            [PartMessage(number, *part) for number, part in sorted(each.parts.items())],
        )
        for each in parts.unfinished(path)
    ]
    return ListedUploads(uploads, parts.algorithm, parts.least_part)


@serves(wire.artifacts.complete_upload)
def complete_upload(engine: ArtifactEngine, ask: CompleteUpload) -> CompletedUpload:
    """Make a file of its parts."""
    place, path = place_of(engine, _path(ask), ask.staging)
    given = {part.part_number: part for part in ask.parts}
    wanted = [(given[number].etag.strip('"'), given[number].size) for number in sorted(given)]
    if is_loose(ask.upload_id):
        LooseParts(place).finish(
            path, ask.upload_id, [Part(tag, size or 0) for tag, size in wanted]
        )
    else:
        parts = _parts(place)
        sizes = _sizes(parts, path, ask.upload_id) if any(s is None for _, s in wanted) else {}
        parts.finish(
            path,
            ask.upload_id,
            [
                Part(tag, sizes.get(number, 0) if size is None else size)
                for number, (tag, size) in enumerate(wanted, 1)
            ],
        )
    found = place.look(path)
    digest = found.digest if found is not None else None
    return CompletedUpload(str(digest) if digest is not None else None)


def _sizes(parts: Parts, path: str, upload_id: str) -> dict[int, int]:
    """Bytes of the parts that have arrived, for clients that do not say them."""
    for upload in parts.unfinished(path):
        if upload.upload_id == upload_id:
            return {number: part.size for number, part in upload.parts.items()}
    raise Vanished(path)


@serves(wire.artifacts.abort_upload)
def abort_upload(engine: ArtifactEngine, ask: AbortUpload) -> Empty:
    """Throw the parts of a file away."""
    place, path = place_of(engine, _path(ask), ask.staging)
    if is_loose(ask.upload_id):
        LooseParts(place).abort(path, ask.upload_id)
    else:
        _parts(place).abort(path, ask.upload_id)
    return Empty()


# -- folders -------------------------------------------------------------------------------


@serves(wire.artifacts.begin_staging)
def begin_staging(engine: ArtifactEngine, ask: BeginStaging) -> BegunStaging:
    """Begin a folder that becomes visible as a whole."""
    folder = safe_path(ask.folder, root=True)
    there = engine.roots.served.staging(folder, ask.name).there()
    files = [file_message(found._replace(path=path)) for path, found in sorted(there.items())]
    return BegunStaging(_named(folder, ask.name), files)


@serves(wire.artifacts.complete_staging)
def complete_staging(engine: ArtifactEngine, ask: CompleteStaging) -> Empty:
    """Make a folder visible."""
    _staging(engine, ask.folder, ask.staging).publish()
    return Empty()


@serves(wire.artifacts.abort_staging)
def abort_staging(engine: ArtifactEngine, ask: AbortStaging) -> Empty:
    """Throw away what was sent for a folder."""
    with suppress(Vanished):  # it is no more, as was wanted
        _staging(engine, ask.folder, ask.staging).abort()
    return Empty()


def file_message(found: Found) -> FileMessage:
    """A file with its digest and tag, as lists show it: without the quotes that stores give."""
    digest = None if found.digest is None else str(found.digest)
    return FileMessage(found.path, False, found.size, digest, found.tag.strip('"') or None)
