"""The server's own pages: files that never leave the package, under a strict content policy.

All links in them are relative, so that they work behind any path prefix.
"""

import hashlib
from functools import cache
from pathlib import Path

from mlflow.server.replies import Header, Reply
from mlflow.version import MILLSTREAM_VERSION, VERSION

_FOLDER = Path(__file__).parent / "static"
_KINDS = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}
# Nothing from elsewhere, no script or style in the page itself, no forms, no plug-ins.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors %s"
)
#: path → file
PAGES = {
    "/": "index.html",
    "/docs": "docs.html",
    "/static-files/chosen.js": "chosen.js",
    "/static-files/docs.js": "docs.js",
    "/static-files/icon.svg": "icon.svg",
    "/static-files/index.js": "index.js",
    "/static-files/style.css": "style.css",
}


def content_policy(x_frame_options: str) -> Header:
    """The policy for pages; who may frame them follows the X-Frame-Options header."""
    ancestors = {"DENY": b"'none'", "SAMEORIGIN": b"'self'"}.get(x_frame_options.upper(), b"*")
    return (b"content-security-policy", _POLICY % ancestors)


@cache
def _read(name: str) -> tuple[bytes, bytes]:
    """A file and a short hash of it, by which browsers know that they have it."""
    content = (_FOLDER / name).read_bytes()
    if name.endswith(".html"):
        for word, value in (("VERSION", MILLSTREAM_VERSION), ("API", VERSION)):
            content = content.replace(b"{{%s}}" % word.encode(), value.encode())
    return content, b'"%s"' % hashlib.sha256(content).hexdigest()[:16].encode()


def page(path: str, policy: Header, known: bytes | None) -> Reply:
    """The page at a path of `PAGES`.

    Args:
        path: which one.
        policy: the header of `content_policy`.
        known: the tag of what the browser has (`If-None-Match`).
    """
    name = PAGES[path]
    content, tag = _read(name)
    headers = (policy, (b"etag", tag), (b"cache-control", b"no-cache"))
    kind = _KINDS[Path(name).suffix]
    return Reply(304, kind, b"", headers) if known == tag else Reply(200, kind, content, headers)
