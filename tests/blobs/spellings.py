"""Spellings of paths that may name no artifact, and of some that may."""

from __future__ import annotations

from urllib.parse import quote

_UP = (
    "..",
    "%2e%2e",
    "%2E%2e",
    ".%2e",
    "%2e.",
    "%252e%252e",
    "%25252e%25252e",
    "\uff0e\uff0e",
    "\u2025",
    "\uff0e.",
)
_SHAPES = ("{}", "{}/x", "a/{}", "a/{}/x", "a/b/{}/{}/{}/x", "{}/{}/etc/passwd")
_QUOTED_SEPARATORS = ("..%2fx", "..%5cx", "a%2f..%2fx", "%2e%2e%2fx", "..%252fx", "..%255cx")

#: refused on every verb and on both sides
REFUSED: tuple[str, ...] = (
    *(shape.format(*[up] * shape.count("{}")) for up in _UP for shape in _SHAPES),
    *_QUOTED_SEPARATORS,
    *("/", "/x", "//x", "/etc/passwd", "%2fetc/passwd", "%252fetc/passwd", "///x", "a//b", "a/"),
    *("./x", "a/./b", ".", "a/.", "...", "a/.../b", ".. ", "a/.. /b", " ", "a/ /b", ". ./x"),
    *("C:", "C:x", "c:/x", "C:\\x", "%43:/x", "Z:/Windows/win.ini", "C%3a/x", "a:b"),
    *("\\", "\\x", "..\\x", "a\\..\\x", "a\\b", "\\\\host\\share", "a%5cb", "a%255cb"),
    *("a\0", "\0", "a\0b", "a%00", "a%00.txt", "a%2500b", "..%00/x"),
    *("a#b", "#", "a%23b", "a?b", "?", "a%3fb", "a%253Fb"),
    *("a\nb", "a\rb", "a\tb", "a\x1bb", "a\x7fb", "a%0ab", "a%0d%0ab", "a\x85b", "a\u2028b"),
    *(".mlflow-partial", "a/.mlflow-partial/x", ".MLFLOW-PARTIAL/x", "%2emlflow-partial/x"),
    *("x" * 256, "a/" * 600 + "x", "a/" * 100 + "x", "é" * 128, "%" + "25" * 9 + "2e"),
)

#: allowed, and kept under exactly this name
ALLOWED: tuple[str, ...] = (
    *("a", "a/b", "a/b/c.txt", ".hidden", "a/.git/config", "..a", "a..", "a/..b/c", "a...b"),
    *(
        "with space.txt",
        " a",
        "100%.txt",
        "a%b",
        "50%25",
        "a%zz",
        "a+b=c&d;e",
        "é/ü.txt",
        "日本/語",
    ),
    *("~", "~root/x", "ab:c", "s3:", "$HOME", "`id`", "*", "a|b", "<x>", "'\"", "mlflow"),
    *("x" * 255, "..x/y", "a b/c d", "😀.png", "-rf", "--help", "CON", "a,b", "[1]", "{x}"),
    "a/" * 80 + "x",
)


def as_sent(path: str) -> str:
    """A path in the address of a request as a careful client writes it: quoted once."""
    return quote(path, safe="/", errors="surrogatepass")
