"""Environment variables from a file, as `--env-file` reads them.

A line is `NAME=value`, with or without `export` in front. In double quotes `\\n`, `\\t`, `\\"` and
`\\\\` are escapes and in single quotes nothing is; without quotes the value ends at ` #`.
"""

import os
import re
from pathlib import Path

from click import UsageError

_LINE = re.compile(
    r"""(?:export\s+)?([A-Za-z_]\w*)\s*=\s*
    (?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*?))\s*(?:(?<!\S)\#.*)?""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_env_file(text: str) -> dict[str, str]:
    """The variables in the text of such a file; ValueError names the line that is none."""
    variables: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is not NAME=value")
        name, double, single, plain = match.groups()
        if double is not None:
            value = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), double)
        else:
            value = single if single is not None else plain
        variables[name] = value
    return variables


def load_env_file(path: str) -> None:
    """Put the variables of a file into the environment; what is set there already stays."""
    try:
        variables = read_env_file(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None
    for name, value in variables.items():
        os.environ.setdefault(name, value)
