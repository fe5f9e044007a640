"""Images: what users pass as one, the files and previews made of it, and `mlflow.Image`.

Arrays become PNG without further packages; everything else is done by Pillow, which is imported
when it is needed.
"""

import math
import struct
import sys
import warnings
import zlib
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from mlflow.exceptions import BAD_REQUEST, MlflowException, invalid

#: pixels of the longer side of a preview
_PREVIEW = 256
#: what Pillow calls formats whose names differ from the ends of their files
_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", "": "PNG"}


class Image:
    """An image that can be logged by `log_image`, or as a cell by `log_table`. Needs Pillow.

    Args:
        image: of Pillow; the path of a file; or an array or lists of height by width (by 1, 3 or
            4): whole numbers from 0 to 255, fractions from 0 to 1, or truth values.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: it is nothing of these.
        MlflowException: the array is no image, or Pillow is not installed.
    """

    def __init__(self, image: Any) -> None:
        pillow = _pillow("mlflow.Image needs")
        if isinstance(image, str | Path):
            self._image = _opened(pillow, image)
        elif _is_pillow(image):
            self._image = image
        else:
            self._image = _as_pillow(pillow, _pixels(image))

    def to_pil(self) -> Any:
        """The image as Pillow has it."""
        return self._image

    def to_array(self) -> Any:
        """The image as an array of numpy: height by width, by channels where there are several."""
        import numpy

        return numpy.array(self._image)

    def to_list(self) -> list[Any]:
        """The pixels in one list, line after line: a number each, or a tuple of the channels."""
        flat = getattr(self._image, "get_flattened_data", None) or self._image.getdata
        return list(flat())

    def resize(self, size: tuple[int, int]) -> "Image":
        """A copy with another size.

        Args:
            size: width and height in pixels.
        """
        return Image(self._image.resize(size))

    def save(self, path: str | Path) -> None:
        """Write the image to a file; the end of its name says the format."""
        self._image.save(path)


def is_image(value: Any) -> bool:
    """Whether a cell of a table is an image: an `Image`, or one of Pillow. Arrays are numbers."""
    return isinstance(value, Image) or _is_pillow(value)


def settled(image: Any) -> Any:
    """A copy that nobody changes any more, for `from_image` and `preview`.

    Raises:
        TypeError, MlflowException: it is no image.
    """
    if isinstance(image, Image):
        image = image.to_pil()
    return image.copy() if _is_pillow(image) else _pixels(image)


def weight(image: Any) -> int:
    """About how many bytes a settled image takes in memory."""
    if _is_pillow(image):
        width, height = image.size
        return int(width * height * 4)
    return int(image.nbytes)


def from_image(image: Any, name: str) -> bytes:
    """An image as a file, in the format that the name says.

    Args:
        image: an `Image`, one of Pillow, or an array of height by width, with 1, 3 or 4 channels
            as a third dimension: whole numbers from 0 to 255, fractions from 0 to 1, or truth
            values. Fractions beyond that are stretched to it, with a warning.
        name: arrays are written as `.png`; other formats need Pillow.

    Raises:
        TypeError, MlflowException: it is no image.
    """
    suffix = Path(name).suffix.lower()
    if isinstance(image, Image):
        image = image.to_pil()
    if not _is_pillow(image):
        pixels = _pixels(image)
        if suffix in (".png", ""):
            return _png(pixels)
        image = _as_pillow(
            _pillow(f"An array can be written as .png without further packages; {suffix} needs"),
            pixels,
        )
    target = BytesIO()
    try:
        image.save(target, format=_FORMATS.get(suffix, suffix[1:].upper()))
    except (KeyError, OSError) as error:
        raise invalid(f"The image cannot be written as {suffix or '.png'}: {error}.") from None
    return target.getvalue()


def preview(image: Any) -> bytes | None:
    """A small WebP of an image, its longer side of 256 pixels; None when Pillow cannot make it."""
    if isinstance(image, Image):
        image = image.to_pil()
    try:
        pillow = import_module("PIL.Image")
        whole = image if _is_pillow(image) else _as_pillow(pillow, _pixels(image))
        longest = max(whole.size)
        size = tuple(max(1, side * _PREVIEW // longest) for side in whole.size)
        clear = "A" in whole.getbands() or "transparency" in whole.info
        target = BytesIO()
        whole.convert("RGBA" if clear else "RGB").resize(size).save(target, format="WEBP")
    except (ImportError, KeyError, OSError, ValueError):
        return None
    return target.getvalue()


def to_image(content: bytes, where: str) -> Any:
    """The image of a file's content, as Pillow has it.

    Args:
        where: what the file is called in errors.

    Raises:
        MlflowException: it is none, or Pillow is not installed.
    """
    pillow = _pillow("Images are read by")
    try:
        found = pillow.open(BytesIO(content))
        found.load()
    except (OSError, SyntaxError, ValueError):
        raise MlflowException(f"{where} is no image that Pillow reads.", BAD_REQUEST) from None
    return found


def _pillow(words: str) -> Any:
    try:
        return import_module("PIL.Image")
    except ImportError:
        raise invalid(f"{words} Pillow: install it.") from None


def _opened(pillow: Any, path: str | Path) -> Any:
    try:
        found = pillow.open(path)
        found.load()  # a file that is changed or removed later is none of our business
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except (OSError, SyntaxError, ValueError):
        raise invalid(f"{path} is no image that Pillow reads.") from None
    return found


def _is_pillow(value: Any) -> bool:
    # Who made one has imported it; half of it is there while another thread is at it.
    kind = getattr(sys.modules.get("PIL.Image"), "Image", None)
    return kind is not None and isinstance(value, kind)


def _as_pillow(pillow: Any, pixels: Any) -> Any:
    return pillow.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def _pixels(image: Any) -> Any:
    """An image as an array of its own: height by width by channels, bytes."""
    if isinstance(image, str | bytes) or not hasattr(image, "__len__"):
        raise TypeError(
            f"A {type(image).__module__}.{type(image).__qualname__} is no image: pass an array, an "
            "image of Pillow, or mlflow.Image."
        )
    import numpy

    try:
        array = numpy.asarray(image)
    except (TypeError, ValueError) as error:
        raise invalid(f"This is no image: {error}.") from None
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise invalid(
            f"An array of the shape {numpy.shape(image)} is no image: allowed are height by width, "
            "with 1, 3 or 4 channels as a third dimension."
        )
    if array.dtype.kind == "b":
        return array.astype(numpy.uint8) * 255
    if array.dtype.kind in "iuf":
        low, high = array.min(), array.max()
        if array.dtype.kind == "f" and math.isfinite(low) and math.isfinite(high):
            if low < 0 or high > 1:
                warnings.warn(
                    f"The fractions of an image lie between 0 and 1, those of this one between "
                    f"{low} and {high}: they are stretched to it.",
                    stacklevel=2,
                )
                array = (array - low) / ((high - low) or 1)
            return (array * 255).round().astype(numpy.uint8)
        if array.dtype.kind in "iu" and low >= 0 and high <= 255:
            return array.astype(numpy.uint8)  # a copy, as what it was made of may change
        raise invalid(
            f"Values from {low} to {high} of type {array.dtype} are no image: allowed are whole "
            "numbers from 0 to 255, fractions from 0 to 1, and truth values."
        )
    raise invalid(f"Values of type {array.dtype} are no image.")


def _png(pixels: Any) -> bytes:
    """An array as PNG."""
    import numpy

    height, width, channels = pixels.shape
    lines = numpy.zeros((height, 1 + width * channels), numpy.uint8)  # each begins with "as it is"
    lines[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
