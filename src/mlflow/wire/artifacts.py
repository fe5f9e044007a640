"""Artifacts on the wire: lists, files put together from parts, folders that appear as a whole.

The content of artifacts is no JSON. What says where it goes is in the address: `STREAMED` of
`wire/__init__.py`; `server/artifacts.py` moves the bytes.
"""

import re

import msgspec

from mlflow.entities.artifacts import FileInfo
from mlflow.exceptions import invalid
from mlflow.wire._endpoint import Empty, Endpoint, Question, may
from mlflow.wire._fields import MAX_INTEGER, check_count, require
from mlflow.wire.metrics import AboutRun

#: most parts of one file; object stores take no more
MOST_PARTS = 10_000
#: bytes of the largest archive
MOST_ARCHIVE = 16 * 1024 * 1024
#: most files that an archive can be asked for
MOST_NAMES = 1000
#: bytes of what a page of the server may add to a run
MOST_UPLOAD = 10 * 1024 * 1024
#: seconds for which an address of a store may be good
LONGEST_ADDRESS = 7 * 24 * 3600
_ATTEMPT = re.compile(r"[A-Za-z0-9]{8,64}")


class FileMessage(msgspec.Struct, omit_defaults=True):
    """A file or folder.

    The size is in bytes and absent for folders; `digest` and `tag` are only in recursive lists, and
    where they are known.
    """

    path: str
    is_dir: bool
    file_size: int | None = None
    digest: str | None = None
    tag: str | None = None

    def entity(self) -> FileInfo:
        """The file as users of the Python API see it."""
        return FileInfo(self.path, self.is_dir, self.file_size)


# -- lists ---------------------------------------------------------------------------------


class ListArtifacts(AboutRun, kw_only=True, omit_defaults=True):
    """List a folder of a run's artifacts; paths are relative to the run's root.

    `path` is the folder, the root by default. The list is not paged: `page_token` has no effect.
    """

    path: str = ""
    page_token: str | None = None


class ListedArtifacts(msgspec.Struct, omit_defaults=True):
    """What is in the folder, sorted by path; nothing for a file or a folder that is not there."""

    root_uri: str
    files: list[FileMessage] = []


class ListFiles(Question, kw_only=True, omit_defaults=True):
    """List a folder that the server keeps.

    `path` is the folder, the root by default. With `recursive`, all files below it are listed, with
    their paths from there.
    """

    path: str = ""
    recursive: bool = False


class ListedFiles(msgspec.Struct, omit_defaults=True):
    """What is in a folder that the server keeps, sorted by name; `path` is the name only."""

    files: list[FileMessage] = []


# -- files in parts ------------------------------------------------------------------------


class AboutUpload(Question, kw_only=True, omit_defaults=True):
    """A file that is put together from parts: `path`, its name or whole path, in `directory`.

    `staging` is the folder that it becomes visible with, if any.
    """

    directory: str = ""
    path: str = ""
    staging: str = ""

    def check(self) -> None:
        require("path", self.path)


class CreateUpload(AboutUpload, kw_only=True, omit_defaults=True):
    """Begin a file that is sent in parts, or ask where to send parts of one that was begun.

    `size` and `part_size` are in bytes. Without them the answer has absolute addresses for all
    `num_parts`. With `upload_id` that upload goes on; `part_numbers` are the parts to name
    addresses for, by default all.
    """

    num_parts: int | None = None
    size: int | None = None
    part_size: int | None = None
    upload_id: str | None = None
    part_numbers: list[int] | None = None

    def check(self) -> None:
        super().check()
        if self.size is None and self.num_parts is None and self.part_numbers is None:
            require("num_parts", None)
        _check_range("num_parts", self.num_parts, 1, MOST_PARTS)
        _check_range("size", self.size, 0, MAX_INTEGER)
        _check_range("part_size", self.part_size, 1, MAX_INTEGER)
        check_count("part_numbers", len(self.part_numbers or ()), MOST_PARTS)
        for number in self.part_numbers or ():
            _check_range("part_numbers", number, 1, MOST_PARTS)


class PartAddress(msgspec.Struct):
    """Where to send a part, and what headers to send with it."""

    url: str
    part_number: int
    headers: dict[str, str] = {}


class CreatedUpload(msgspec.Struct, omit_defaults=True):
    """The upload, and where its parts go."""

    upload_id: str
    credentials: list[PartAddress]
    part_size: int | None = None
    algorithm: str | None = None


class ListUploads(AboutUpload, kw_only=True, omit_defaults=True):
    """List what has begun at a path and is not finished, with the parts that have arrived."""


class PartMessage(msgspec.Struct, omit_defaults=True):
    """A part that has arrived: its digest in hexadecimal and its bytes."""

    part_number: int
    etag: str
    size: int


class UploadMessage(msgspec.Struct, omit_defaults=True):
    """A file of which some parts have arrived; `started` is in seconds since the epoch."""

    upload_id: str
    started: float
    part_size: int | None = None
    size: int | None = None
    parts: list[PartMessage] = []


class ListedUploads(msgspec.Struct):
    """Unfinished files, the newest first; what parts are hashed with; fewest bytes of a part."""

    uploads: list[UploadMessage]
    algorithm: str
    least_part: int


class DonePart(msgspec.Struct, omit_defaults=True):
    """A part that was sent, with the ETag that was answered."""

    part_number: int
    etag: str
    size: int | None = None
    url: str | None = None


class CompleteUpload(AboutUpload, kw_only=True, omit_defaults=True):
    """Make a file of its parts: it becomes visible if exactly these have arrived."""

    upload_id: str
    parts: list[DonePart]

    def check(self) -> None:
        super().check()
        require("upload_id", self.upload_id)
        require("parts", self.parts or None)
        check_count("parts", len(self.parts), MOST_PARTS)
        if {part.part_number for part in self.parts} != {*range(1, len(self.parts) + 1)}:
            raise invalid(
                "Invalid value for parameter 'parts': each of the parts from 1 on must be there "
                "once."
            )


class CompletedUpload(msgspec.Struct, omit_defaults=True):
    """The digest of the file, where it is known."""

    digest: str | None = None


class AbortUpload(AboutUpload, kw_only=True, omit_defaults=True):
    """Throw the parts of a file away."""

    upload_id: str

    def check(self) -> None:
        super().check()
        require("upload_id", self.upload_id)


def _check_range(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise invalid(
            f"Invalid value {value} for parameter {name!r}: allowed are {least} to {most}."
        )


# -- folders as a whole --------------------------------------------------------------------


class BeginStaging(Question, kw_only=True, omit_defaults=True):
    """Begin a folder that becomes visible as a whole, or go on with one.

    `name` is 8 to 64 letters and digits that name the attempt.
    """

    folder: str = ""
    name: str

    def check(self) -> None:
        require("name", self.name)
        if not _ATTEMPT.fullmatch(self.name):
            raise invalid(
                f"Invalid value {self.name[:100]!r} for parameter 'name': it must be 8 to 64 "
                "letters and digits."
            )


class BegunStaging(msgspec.Struct):
    """What to send along with each file, and the files that need not be sent again."""

    staging: str
    files: list[FileMessage]


class CompleteStaging(Question, kw_only=True, omit_defaults=True):
    """Make a folder visible with all that was sent for it."""

    folder: str = ""
    staging: str

    def check(self) -> None:
        require("staging", self.staging)


class AbortStaging(CompleteStaging, kw_only=True, omit_defaults=True):
    """Throw away what was sent for a folder."""


# -- addresses of a store ------------------------------------------------------------------


class AskAddress(Question, kw_only=True, omit_defaults=True):
    """Ask where a file can be read without a login, for some minutes."""

    path: str = ""

    def check(self) -> None:
        require("path", self.path)


class FileAddress(msgspec.Struct):
    """The address, the headers to send with the request, and the size in bytes."""

    url: str
    headers: dict[str, str]
    file_size: int


class AskUploadAddress(Question, kw_only=True, omit_defaults=True):
    """Ask where a file of a run can be sent without a login.

    `expiration` is in seconds.
    """

    path: str
    run_id: str | None = None
    model_id: str | None = None
    expiration: int = 900

    def check(self) -> None:
        require("path", self.path)
        if bool(self.run_id) == bool(self.model_id):
            raise invalid("Give exactly one of the parameters 'run_id' and 'model_id'.")
        _check_range("expiration", self.expiration, 1, LONGEST_ADDRESS)


class UploadAddress(msgspec.Struct):
    """The address, and the headers to send with the request."""

    presigned_url: str
    headers: dict[str, str]


class AskDownloadAddress(Question, kw_only=True, omit_defaults=True):
    """Ask where a file of a run can be read without a login.

    `expiration` is in seconds.
    """

    run_id: str
    path: str
    expiration: int = 900

    def check(self) -> None:
        require("run_id", self.run_id)
        require("path", self.path)
        _check_range("expiration", self.expiration, 1, LONGEST_ADDRESS)


class DownloadAddress(msgspec.Struct):
    """The address, the headers to send with the request, and the size in bytes."""

    presigned_url: str
    headers: dict[str, str]
    file_size: int


# -- bytes ---------------------------------------------------------------------------------


class GetFile(Question, kw_only=True, omit_defaults=True):
    """Read a file, or a range of it.

    ETag, If-None-Match, If-Match, If-Range and Range work as in HTTP. `X-Millstream-Digest` and
    `Repr-Digest` give the digest where it is known; `Want-Repr-Digest` asks for it.
    """

    path: str = ""


class PutFile(Question, kw_only=True, omit_defaults=True):
    """Keep the body as a file; it is visible when all of it is there.

    With `X-Millstream-Digest`, `Repr-Digest`, `Content-Digest` or `Content-MD5` the content is
    checked first. With `staging`, the file becomes visible with that folder.
    """

    path: str = ""
    staging: str = ""


class DeleteFile(Question, kw_only=True, omit_defaults=True):
    """Remove a file, or a folder with all that is in it; nothing happens when there is none."""

    path: str = ""


class PutPart(Question, kw_only=True, omit_defaults=True):
    """Keep the body as a part of a file; the ETag of the answer is its digest.

    `X-Millstream-Digest` or `Content-MD5` give the digest that it must have.
    """

    path: str = ""
    upload_id: str
    part_number: int
    staging: str = ""

    def check(self) -> None:
        require("upload_id", self.upload_id)
        _check_range("part_number", self.part_number, 1, MOST_PARTS)


class PutArchive(Question, kw_only=True, omit_defaults=True):
    """Keep the files of a tar archive of at most 16 MiB below a folder.

    The archive holds at most 10,000 regular files with relative paths, and nothing else.
    """

    folder: str = ""
    staging: str = ""


class GetArchive(Question, kw_only=True, omit_defaults=True):
    """Read small files below a folder as one tar archive of at most 16 MiB.

    `names` are their paths from the folder on. The archive has them in that order; one that is no
    file is left out.
    """

    folder: str = ""
    names: list[str]

    def check(self) -> None:
        check_count("names", len(self.names), MOST_NAMES)


class UploadToRun(Question, kw_only=True, omit_defaults=True):
    """Keep the body, of at most 10 MiB, as an artifact of a run."""

    run_uuid: str
    path: str

    def check(self) -> None:
        require("run_uuid", self.run_uuid)
        require("path", self.path)


class PreviewArtifact(AboutRun, kw_only=True, omit_defaults=True):
    """Read an artifact of a run, or a range of it, as something that a browser may show.

    It is shown in a sandbox of its own: what is in it can neither act in the name of this server
    nor reach the network. Range, ETag and the like work as for files.
    """

    path: str

    def check(self) -> None:
        super().check()
        require("path", self.path)


class Content(msgspec.Struct):
    """The bytes of the file."""


_ROOT = "/mlflow-artifacts"

list_artifacts = Endpoint(
    "GET", "/mlflow/artifacts/list", ListArtifacts, ListedArtifacts, needs=may.read("run_id")
)
list_files = Endpoint(
    "GET",
    f"{_ROOT}/artifacts",
    ListFiles,
    ListedFiles,
    needs=may.read("path"),
    storeless=True,
)
create_upload = Endpoint(
    "POST",
    f"{_ROOT}/mpu/create",
    CreateUpload,
    CreatedUpload,
    needs=may.edit("directory"),
    rest="directory",
    storeless=True,
)
list_uploads = Endpoint(
    "GET",
    f"{_ROOT}/mpu/list",
    ListUploads,
    ListedUploads,
    needs=may.edit("directory"),
    rest="directory",
    storeless=True,
)
complete_upload = Endpoint(
    "POST",
    f"{_ROOT}/mpu/complete",
    CompleteUpload,
    CompletedUpload,
    needs=may.edit("directory"),
    rest="directory",
    storeless=True,
)
abort_upload = Endpoint(
    "POST",
    f"{_ROOT}/mpu/abort",
    AbortUpload,
    Empty,
    needs=may.edit("directory"),
    rest="directory",
    storeless=True,
)
begin_staging = Endpoint(
    "POST",
    f"{_ROOT}/staging/create",
    BeginStaging,
    BegunStaging,
    needs=may.edit("folder"),
    rest="folder",
    storeless=True,
)
complete_staging = Endpoint(
    "POST",
    f"{_ROOT}/staging/complete",
    CompleteStaging,
    Empty,
    needs=may.edit("folder"),
    rest="folder",
    storeless=True,
)
abort_staging = Endpoint(
    "POST",
    f"{_ROOT}/staging/abort",
    AbortStaging,
    Empty,
    needs=may.edit("folder"),
    rest="folder",
    storeless=True,
)
ask_address = Endpoint(
    "GET",
    f"{_ROOT}/presigned",
    AskAddress,
    FileAddress,
    needs=may.read("path"),
    rest="path",
    storeless=True,
)
ask_upload_address = Endpoint(
    "POST",
    "/mlflow/artifacts/presigned-upload-url",
    AskUploadAddress,
    UploadAddress,
    needs=may.edit("run_id"),
)
ask_download_address = Endpoint(
    "POST",
    "/mlflow/artifacts/presigned-download-url",
    AskDownloadAddress,
    DownloadAddress,
    needs=may.read("run_id"),
)

get_file = Endpoint(
    "GET",
    f"{_ROOT}/artifacts",
    GetFile,
    Content,
    needs=may.read("path"),
    also=("HEAD",),
    rest="path",
    storeless=True,
    streamed=True,
)
put_file = Endpoint(
    "PUT",
    f"{_ROOT}/artifacts",
    PutFile,
    Empty,
    needs=may.edit("path"),
    rest="path",
    storeless=True,
    streamed=True,
)
delete_file = Endpoint(
    "DELETE",
    f"{_ROOT}/artifacts",
    DeleteFile,
    Empty,
    needs=may.edit("path"),
    rest="path",
    storeless=True,
    streamed=True,
)
put_part = Endpoint(
    "PUT",
    f"{_ROOT}/mpu/part",
    PutPart,
    Empty,
    needs=may.edit("path"),
    rest="path",
    storeless=True,
    streamed=True,
)
put_archive = Endpoint(
    "PUT",
    f"{_ROOT}/archive",
    PutArchive,
    Empty,
    needs=may.edit("folder"),
    rest="folder",
    storeless=True,
    streamed=True,
)
get_archive = Endpoint(
    "GET",
    f"{_ROOT}/archive",
    GetArchive,
    Content,
    needs=may.read("folder"),
    rest="folder",
    storeless=True,
    streamed=True,
)
upload_to_run = Endpoint(
    "POST",
    "/mlflow/upload-artifact",
    UploadToRun,
    Empty,
    needs=may.edit("run_uuid"),
    ajax_only=True,
    streamed=True,
)
preview = Endpoint(
    "GET",
    "/mlflow/artifacts/preview",
    PreviewArtifact,
    Content,
    needs=may.read("run_id"),
    also=("HEAD",),
    streamed=True,
)
