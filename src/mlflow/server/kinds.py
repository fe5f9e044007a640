"""What a browser is told about an artifact, and what it may do with it, which is little.

Whoever can log an artifact can put anything into it, so none gets near the origin of this server,
its pages and its API. Most are files to be saved. A preview is shown, but put into an origin of its
own (`sandbox`) and may load nothing but what it brings along.

Reports draw themselves, so a page may run its own scripts in a frame of ours, where it cannot leave
for another address either. Opened by itself it could, and tell what it knows: there it runs none.
But over plain HTTP from another machine browsers do not say how they open it.

PDF, sounds and films have no such origin, for viewers and players do not start in one. They cannot
become pages of this server either: the kind is said and not guessed, no script may run beside them,
and viewers run what is in a PDF in a place of theirs.
"""

import mimetypes
import re
from collections.abc import Callable
from urllib.parse import quote

from mlflow.server.replies import Header

#: the kind of a file and further headers, by its name
Look = Callable[[str], tuple[bytes, tuple[Header, ...]]]

_TEXT = b"text/plain; charset=utf-8"
_HTML = b"text/html; charset=utf-8"
_PDF = b"application/pdf"
_OTHER = b"application/octet-stream"
#: what is shown as text, whatever the system's table of types says
_TEXTS = frozenset(
    {"cf", "cfg", "cnf", "conf", "csv", "err", "hocon", "ini", "ipynb", "js", "json", "log", "md"}
    | {"prop", "properties", "py", "py3", "rst", "toml", "tsv", "txt", "xml", "yaml", "yml"}
)
_TEXT_NAMES = frozenset({"MLmodel", "MLproject"})
#: ending → what is shown as something else than text
_SHOWN = {
    **dict.fromkeys(("htm", "html"), _HTML),
    "pdf": _PDF,
    "apng": b"image/apng",
    "avif": b"image/avif",
    "bmp": b"image/bmp",
    "gif": b"image/gif",
    "ico": b"image/x-icon",
    **dict.fromkeys(("jfif", "jpeg", "jpg"), b"image/jpeg"),
    "png": b"image/png",
    "svg": b"image/svg+xml",
    "webp": b"image/webp",
    "aac": b"audio/aac",
    "flac": b"audio/flac",
    "m4a": b"audio/mp4",
    "mp3": b"audio/mpeg",
    **dict.fromkeys(("oga", "ogg", "opus"), b"audio/ogg"),
    "wav": b"audio/wav",
    "weba": b"audio/webm",
    **dict.fromkeys(("m4v", "mp4"), b"video/mp4"),
    "mov": b"video/quicktime",
    "ogv": b"video/ogg",
    "webm": b"video/webm",
}
#: what pages of ours, which may use all from this server, would run or apply if they were led to;
#: browsers have sixteen names for scripts
_RUN = frozenset(
    {b"text/css", b"text/jscript", b"text/livescript", b"application/wasm"}
    | {
        b"%s/%s%s" % (group, prefix, script)
        for group in (b"application", b"text")
        for prefix in (b"", b"x-")
        for script in (b"javascript", b"ecmascript")
    }
    | {b"text/javascript1.%d" % version for version in range(6)}
)
_NOTHING = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors %s"
_STILL = (
    b"sandbox; style-src 'unsafe-inline'; img-src data:; media-src data:; font-src data:; "
    + _NOTHING
)
_SCRIPTED = (
    b"sandbox allow-scripts; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; "
    b"style-src 'unsafe-inline' data: blob:; img-src data: blob:; media-src data: blob:; "
    b"font-src data: blob:; connect-src data: blob:; worker-src data: blob:; " + _NOTHING
)
# What a browser builds around a file to show it is under these policies, too.
_VIEWED = b"object-src 'self'; style-src 'unsafe-inline'; " + _NOTHING
_PLAYED = b"media-src 'self'; style-src 'unsafe-inline'; " + _NOTHING
_SAVED: Header = (b"content-security-policy", b"sandbox; default-src 'none'")


def saved(name: str) -> tuple[bytes, tuple[Header, ...]]:
    """A file that is to be saved: it is never shown, and could do nothing if it was."""
    kind = _TEXT if _is_text(name) else None
    if kind is None:
        kind = (mimetypes.guess_type(name)[0] or _OTHER.decode()).encode("ascii")
    if kind in _RUN:
        kind = _OTHER
    return kind, (_SAVED, _disposition("attachment", name))


def shown(x_frame_options: str, *, scripts: bool) -> Look:
    """A file that is shown in a sandbox, if it is of a kind that can be.

    Args:
        scripts: whether a page may run the scripts that it brings along.
        x_frame_options: who may frame pages of this server. Previews are framed by these pages, so
            by this server in any case.
    """
    ancestors = b"'self'" if x_frame_options.upper() in ("DENY", "SAMEORIGIN") else b"*"

    def look(name: str) -> tuple[bytes, tuple[Header, ...]]:
        kind = _TEXT if _is_text(name) else _SHOWN.get(_ending(name), _OTHER)
        policy = _STILL
        if kind is _HTML and scripts:
            policy = _SCRIPTED
        elif kind is _PDF:
            policy = _VIEWED
        elif kind.startswith((b"audio/", b"video/")):
            policy = _PLAYED
        return kind, (
            (b"content-security-policy", policy % ancestors),
            _disposition("attachment" if kind is _OTHER else "inline", name),
            (b"vary", b"sec-fetch-dest"),
            (b"x-dns-prefetch-control", b"off"),
        )

    return look


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _is_text(name: str) -> bool:
    return name in _TEXT_NAMES or _ending(name) in _TEXTS


def _disposition(what: str, name: str) -> Header:
    """The header that has a file shown or saved, under its name."""
    plain = re.sub(r"[^\w .()+,=@-]", "_", name, flags=re.ASCII)
    header = f'{what}; filename="{plain}"'
    if plain != name:
        header += f"; filename*=UTF-8''{quote(name, safe='')}"
    return (b"content-disposition", header.encode("ascii"))
