"""Python objects as the content of files: dictionaries and figures.

Nothing is imported that did not make the object, so `plotly` is needed by those only who have
such objects.
"""

import json
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from mlflow.exceptions import BAD_REQUEST, MlflowException


def from_dictionary(dictionary: Any, name: str) -> bytes:
    """A dictionary or list as JSON, or as YAML when the name ends so.

    What JSON has no form for is written as its text. Without PyYAML the YAML is its JSON form,
    which every reader of YAML takes.
    """
    if name.lower().endswith((".yaml", ".yml")) and (yaml := _library("yaml")) is not None:
        plain = json.loads(json.dumps(dictionary, default=str))
        options = {"default_flow_style": False, "allow_unicode": True, "sort_keys": False}
        text: str = yaml.safe_dump(plain, **options)
        return text.encode()
    return json.dumps(dictionary, indent=2, default=str, ensure_ascii=False).encode()


def to_dictionary(text: str, where: str) -> Any:
    """What JSON, or YAML where PyYAML is installed, stands for.

    Raises:
        MlflowException: BAD_REQUEST when it is neither.
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    if (yaml := _library("yaml")) is None:
        raise MlflowException(
            f"{where} is no JSON; if it is YAML, install PyYAML to read it.", BAD_REQUEST
        )
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise MlflowException(f"{where} is neither JSON nor YAML: {error}.", BAD_REQUEST) from None
    if isinstance(found, str) and not where.lower().endswith((".yaml", ".yml")):
        # To YAML, any text is one.
        raise MlflowException(f"{where} is neither JSON nor YAML but a text.", BAD_REQUEST)
    return found


def from_figure(figure: Any, name: str, options: "dict[str, Any] | None" = None) -> bytes:
    """A figure of matplotlib or plotly, in the format that the name says.

    Args:
        options: for `savefig`, `write_html` or `write_image`.

    Raises:
        TypeError: it is no figure.
    """
    given = dict(options or {})
    with tempfile.TemporaryDirectory(prefix="mlflow-") as folder:
        path = Path(folder) / (name.rpartition("/")[2])
        if hasattr(figure, "savefig"):
            figure.savefig(path, **given)
        elif hasattr(figure, "write_html") and path.suffix.lower() in (".html", ".htm"):
            given.setdefault("include_plotlyjs", "cdn")
            given.setdefault("auto_open", False)
            figure.write_html(path, **given)
        elif hasattr(figure, "write_image"):
            figure.write_image(path, **given)
        else:
            raise TypeError(
                f"A {type(figure).__module__}.{type(figure).__qualname__} is no figure that can be "
                "logged: pass one of matplotlib or plotly."
            )
        return path.read_bytes()


def _library(name: str) -> Any:
    """A library that need not be there, None when it is not."""
    try:
        return import_module(name)
    except ImportError:
        return None
