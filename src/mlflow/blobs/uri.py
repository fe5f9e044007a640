"""Which paths may name an artifact: relative, in one spelling, in every encoding harmless.

A path is a name below a root, never a way through a file system. What is refused is refused on
every verb and on both sides, also where the system at hand would have read it harmlessly: the
same artifact may be kept on another system tomorrow.
"""

import re
import unicodedata
from urllib.parse import unquote, unquote_to_bytes

from mlflow.exceptions import MlflowException, invalid

#: name of the folder, in any folder, that holds files which are not complete; no artifact has it
PARTIAL = ".mlflow-partial"
#: longest path in bytes: object stores take no longer names
LONGEST_PATH = 1024
LONGEST_NAME = 255
#: most names of a path: each is a folder that is made, opened and locked
MOST_NAMES = 100
_MOST_ENCODINGS = 8
# Control characters, both kinds of quoted separators, and what begins a query or a fragment.
_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\#?]|[\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:")


def safe_path(path: str, *, root: bool = False) -> str:
    """The path itself, if it may name an artifact.

    Args:
        path: relative, `/` between the names.
        root: whether the empty path, the root itself, is allowed.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE, with the reason.
    """
    if path == "" and root:
        return path
    if reason := _reason(path):
        raise _refused(path, reason)
    return path


def path_of_request(raw: bytes, *, root: bool = False) -> str:
    """The path in the address of a request, as it was sent.

    Raises:
        MlflowException: it may not name an artifact, or is encoded in a way nobody needs.
    """
    shown = raw[:300].decode("latin-1")
    if re.search(rb"%2f|%5c", raw, re.IGNORECASE):
        raise _refused(shown, "it has an encoded separator")
    try:
        path = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise _refused(shown, "it is not UTF-8") from None
    return safe_path(path, root=root)


def joined(*parts: str) -> str:
    """The path of those parts that are not empty, one below the other."""
    return "/".join(part for part in parts if part)


def below(path: str, folder: str) -> bool:
    """Whether a path lies below a folder; all do below the root."""
    return not folder or path.startswith(f"{folder}/")


def _reason(path: str) -> str | None:
    """Why a path may not name an artifact, None when it may."""
    if not path:
        return "it is empty"
    if len(path.encode("utf-8", "surrogatepass")) > LONGEST_PATH:
        return f"it is longer than {LONGEST_PATH} bytes"
    if path.count("/") >= MOST_NAMES:
        return f"it has more than {MOST_NAMES} names"
    form = path
    for _ in range(_MOST_ENCODINGS):
        if reason := _reason_of_form(form):
            return reason
        decoded = unquote(form, errors="strict") if _decodes(form) else form
        if decoded == form:
            return None
        form = decoded
    return "it is encoded many times over"


def _decodes(form: str) -> bool:
    try:
        unquote(form, errors="strict")
    except UnicodeDecodeError:  # a name such as `100%ff.txt`: nothing decodes that to a path
        return False
    return True


def _reason_of_form(form: str) -> str | None:
    if form.startswith("/"):
        return "it is absolute"
    if _DRIVE.match(form):
        return "it begins with a drive letter"
    if found := _REFUSED.search(form):
        return f"it has the character {found.group()!r}"
    for name in form.split("/"):
        if not name:
            return "it has an empty name between slashes or at the end"
        if not name.strip(" ."):  # `..`, and what some systems take for it
            return f"it has the name {name!r}"
        if name.casefold() == PARTIAL:
            return f"the name {PARTIAL!r} is taken"
        if len(name.encode("utf-8")) > LONGEST_NAME:
            return f"it has a name longer than {LONGEST_NAME} bytes"
    if not form.isascii():
        # Look-alikes of dots: some file systems and programs make the plain ones of them.
        plain = unicodedata.normalize("NFKC", form)
        if any(not name.strip(" .") and name for name in plain.split("/")):
            return "it has a name of dots"
    return None


def _refused(path: str, reason: str) -> MlflowException:
    shown = path if len(path) <= 200 else path[:200] + "…"
    return invalid(
        f"Invalid artifact path {shown!r}: {reason}. Give a relative path such as 'plots/loss.png'."
    )
