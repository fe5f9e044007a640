"""The server's own pages: files that never leave the package, under a strict content policy.

The UI comes out of its build as one page and many small files whose names change with what is in
them, so a browser asks for each of them once. All links are relative, so that they work behind any
path prefix.
"""

import gzip
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from mlflow.server.replies import Header, Reply
from mlflow.version import MILLSTREAM_VERSION, VERSION

_FOLDER = Path(__file__).parent / "static"
_KINDS = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".png": b"image/png",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
    ".wasm": b"application/wasm",
    ".woff2": b"font/woff2",
}
# Nothing from elsewhere, no script or style in the page itself, no forms, no plug-ins.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    b"img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; frame-src 'self'; "
    b"worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors %s"
)
#: what is there without a build: path → file
_ALWAYS = {
    "/": "unbuilt.html",
    "/docs": "docs.html",
    "/static-files/docs.js": "docs.js",
    "/static-files/icon.svg": "icon.svg",
    "/static-files/pages.css": "pages.css",
}
#: what a build adds or replaces, beside `assets`
_BUILT = {"/": "index.html", "/licenses.txt": "licenses.txt"}
#: content coding → ending of the file that has it; the smallest first
_CODINGS = {b"br": ".br", b"gzip": ".gz"}
_REFUSED = re.compile(rb"q=0(\.0*)?")


class _File(NamedTuple):
    """A file as it is sent.

    Args:
        forms: its content by content coding; b"" is as it is, left out where it can be unpacked.
    """

    kind: bytes
    forms: dict[bytes, bytes]
    headers: tuple[Header, ...]


class Pages:
    """All files there are. They are read once: a server goes on with what it began with.

    Args:
        x_frame_options: who may frame the pages.
        folder: where they are.
    """

    def __init__(self, x_frame_options: str, folder: Path = _FOLDER) -> None:
        policy = _policy(x_frame_options)
        built = {path: name for path, name in _BUILT.items() if (folder / name).is_file()}
        self._files = {
            path: _page(folder / name, policy) for path, name in (_ALWAYS | built).items()
        }
        for file in sorted(folder.glob("assets/*")):
            if file.suffix in _KINDS and "/" in built:
                self._files[f"/assets/{file.name}"] = _asset(file)

    @property
    def paths(self) -> list[str]:
        """Where the files are found, below the prefix."""
        return list(self._files)

    def reply(self, path: str, known: bytes | None, accepted: bytes) -> Reply:
        """The file at a path.

        Args:
            path: one of `paths`.
            known: the tags of what the browser has (`If-None-Match`).
            accepted: the codings that it can read (`Accept-Encoding`).
        """
        kind, forms, headers = self._files[path]
        if known is not None and _is_known(known, dict(headers).get(b"etag")):
            return Reply(304, kind, b"", headers)
        for coding in _CODINGS:
            if coding in forms and coding in _codings(accepted):
                headers = (*headers, (b"content-encoding", coding))
                return Reply(200, kind, forms[coding], headers)
        plain = forms.get(b"")
        return Reply(
            200, kind, gzip.decompress(forms[b"gzip"]) if plain is None else plain, headers
        )


def _policy(x_frame_options: str) -> Header:
    """The policy for pages; who may frame them follows the X-Frame-Options header."""
    ancestors = {"DENY": b"'none'", "SAMEORIGIN": b"'self'"}.get(x_frame_options.upper(), b"*")
    return (b"content-security-policy", _POLICY % ancestors)


def _page(file: Path, policy: Header) -> _File:
    """A file that keeps its name when it changes, so browsers ask each time whether it did."""
    content = file.read_bytes()
    if file.suffix == ".html":
        for word, value in (("VERSION", MILLSTREAM_VERSION), ("API", VERSION)):
            content = content.replace(b"{{%s}}" % word.encode(), value.encode())
    tag = b'"%s"' % hashlib.sha256(content).hexdigest()[:16].encode()
    headers = (policy, (b"etag", tag), (b"cache-control", b"no-cache"))
    return _File(_KINDS[file.suffix], {b"": content}, headers)


def _asset(file: Path) -> _File:
    """A file with a hash of its content in its name, which browsers may keep for good."""
    packed = {coding: file.with_name(file.name + ending) for coding, ending in _CODINGS.items()}
    forms = {coding: each.read_bytes() for coding, each in packed.items() if each.is_file()}
    if b"gzip" not in forms:
        forms[b""] = file.read_bytes()
    headers = (
        (b"cache-control", b"public, max-age=31536000, immutable"),
        (b"vary", b"accept-encoding"),
    )
    return _File(_KINDS[file.suffix], forms, headers)


def _is_known(known: bytes, tag: bytes | None) -> bool:
    """Whether a tag is among those that a client has; proxies that pack mark them as weak."""
    return tag in [each.strip().removeprefix(b"W/") for each in known.split(b",")]


def _codings(accepted: bytes) -> set[bytes]:
    """The content codings that a client can read."""
    found = set()
    for part in accepted.lower().split(b","):
        name, _, quality = part.partition(b";")
        if not _REFUSED.fullmatch(quality.strip()):
            found.add(name.strip())
    return found
