"""Python objects as the content of files: dictionaries, figures, images.

Nothing is imported that did not make the object, so `plotly` or `PIL` are needed by those only
who have such objects.
"""

import json
import struct
import tempfile
import zlib
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from mlflow.exceptions import invalid


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
        MlflowException: it is neither.
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    if (yaml := _library("yaml")) is None:
        raise invalid(f"{where} is no JSON; if it is YAML, install PyYAML to read it.")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise invalid(f"{where} is neither JSON nor YAML: {error}.") from None


def from_figure(figure: Any, name: str, options: "dict[str, Any] | None" = None) -> bytes:
    """A figure of matplotlib or plotly, in the format that the name says.

    Args:
        options: for `savefig`, `write_html` or `write_image`.
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
            raise invalid(
                f"A {type(figure).__module__}.{type(figure).__qualname__} is no figure that can be "
                "logged: pass one of matplotlib or plotly."
            )
        return path.read_bytes()


def from_image(image: Any, name: str) -> bytes:
    """An image of PIL, or an array, in the format that the name says.

    Args:
        image: a PIL image, or an array of height by width, with 1, 3 or 4 channels as a third
            dimension: whole numbers from 0 to 255, fractions from 0 to 1, or truth values.
        name: arrays are written as `.png`; other formats need Pillow.
    """
    suffix = Path(name).suffix.lower()
    if not (hasattr(image, "save") and hasattr(image, "mode")):
        png = _png(image)
        if suffix in (".png", ""):
            return png
        if (pillow := _library("PIL.Image")) is None:
            raise invalid(
                f"An array can be written as .png without further packages; for {suffix} install "
                "Pillow."
            )
        image = pillow.open(BytesIO(png))
    kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", "": "PNG"}
    target = BytesIO()
    image.save(target, format=kind.get(suffix, suffix[1:].upper()))
    return target.getvalue()


def _library(name: str) -> Any:
    """A library that need not be there, None when it is not."""
    try:
        return import_module(name)
    except ImportError:
        return None


def _png(image: Any) -> bytes:
    """An array as PNG."""
    import numpy

    array = numpy.asarray(image)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise invalid(
            f"An array of the shape {numpy.asarray(image).shape} is no image: allowed are height "
            "by width, with 1, 3 or 4 channels as a third dimension."
        )
    height, width, channels = array.shape
    lines = numpy.zeros((height, 1 + width * channels), numpy.uint8)  # each begins with "as it is"
    lines[:, 1:] = _bytes_of(array).reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _bytes_of(array: Any) -> Any:
    """The values of an image as bytes."""
    import numpy

    if array.dtype.kind == "b":
        return array.astype(numpy.uint8) * 255
    low, high = array.min(), array.max()
    if array.dtype.kind in "iu" and low >= 0 and high <= 255:
        return array.astype(numpy.uint8)
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return (array * 255).round().astype(numpy.uint8)
    raise invalid(
        f"Values from {low} to {high} of type {array.dtype} are no image: allowed are whole "
        "numbers from 0 to 255, fractions from 0 to 1, and truth values."
    )


def to_image(content: bytes) -> Any:
    """The image of a file's content, as Pillow has it.

    Raises:
        MlflowException: it is none, or Pillow is not installed.
    """
    pillow = _library("PIL.Image")
    if pillow is None:
        raise invalid("Images are read by Pillow: install it.")
    try:
        return pillow.open(BytesIO(content))
    except OSError as error:
        raise invalid(f"This is no image: {error}.") from None
