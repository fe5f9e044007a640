"""Images as files and previews, and `mlflow.Image`."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import mlflow
from mlflow.client import images
from mlflow.exceptions import MlflowException


@pytest.fixture
def pixels() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    array = np.zeros((4, 6, 3), np.uint8)
    array[:, :3] = [255, 128, 0]
    return array


def test_an_image_in_all_its_forms(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], tmp_path: Path
) -> None:
    image = mlflow.Image(pixels)
    assert (image.to_array() == pixels).all()
    assert image.to_pil().size == (6, 4)
    assert image.to_list()[2:4] == [(255, 128, 0), (0, 0, 0)]
    assert len(image.to_list()) == 24
    small = image.resize((3, 2))
    assert small.to_pil().size == (3, 2)
    assert image.to_pil().size == (6, 4)
    image.save(tmp_path / "a.png")
    for again in (
        mlflow.Image(str(tmp_path / "a.png")),
        mlflow.Image(tmp_path / "a.png"),
        mlflow.Image(image.to_pil()),
        mlflow.Image(pixels.tolist()),
        mlflow.Image(pixels / 255),
    ):
        assert (again.to_array() == pixels).all()
    assert mlflow.Image(np.array([[True, False]])).to_list() == [255, 0]
    assert mlflow.Image([[1, 2], [3, 4]]).to_pil().mode == "L"
    assert mlflow.Image(np.zeros((2, 3, 4), np.uint8)).to_pil().mode == "RGBA"


@pytest.mark.parametrize("wrong", [3, b"x", None, {}.keys])
def test_what_is_no_image_is_no_image(wrong: object) -> None:
    with pytest.raises(TypeError, match="is no image"):
        mlflow.Image(wrong)


def test_files_that_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no")
    with pytest.raises(MlflowException, match="no image that Pillow reads"):
        mlflow.Image(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError):
        mlflow.Image(tmp_path / "none.png")
    with pytest.raises(MlflowException, match=r"here is no image") as caught:
        images.to_image(b"no", "here")
    assert caught.value.error_code == "BAD_REQUEST"


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 2, 2)),
        np.zeros(3),
        np.zeros((0, 3)),
        np.array([[300]]),
        np.array([[-1]]),
        np.array([[float("nan")]]),
        np.array([["a"]]),
        [[1], [1, 2]],
    ],
    ids=str,
)
def test_arrays_that_are_no_images(wrong: object) -> None:
    with pytest.raises(MlflowException, match="no image"):
        images.from_image(wrong, "a.png")


def test_fractions_beyond_their_bounds_are_stretched() -> None:
    for array, expected in (([[0.0, 1.0, 2.0]], [0, 128, 255]), ([[-3.0, -3.0]], [0, 0])):
        with pytest.warns(UserWarning, match="they are stretched"):
            image = mlflow.Image(np.array(array))
        assert image.to_list() == expected


@pytest.mark.parametrize(
    ("mode", "size", "expected", "small"),
    [
        ("RGB", (6, 4), "RGB", (256, 170)),
        ("RGBA", (300, 100), "RGBA", (256, 85)),
        ("L", (30, 1000), "RGB", (7, 256)),
        ("P", (257, 257), "RGB", (256, 256)),
        ("LA", (2, 2), "RGBA", (256, 256)),
        ("1", (3000, 1), "RGB", (256, 1)),
        ("F", (10, 10), "RGB", (256, 256)),
    ],
)
def test_previews(mode: str, size: tuple[int, int], expected: str, small: tuple[int, int]) -> None:
    content = images.preview(Pillow.new(mode, size))
    assert content is not None
    found = Pillow.open(BytesIO(content))
    assert (found.format, found.mode, found.size) == ("WEBP", expected, small)


def test_formats(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    for name, kind in (("a.png", "PNG"), ("a", "PNG"), ("a.JPG", "JPEG"), ("a.gif", "GIF")):
        for image in (pixels, mlflow.Image(pixels), Pillow.fromarray(pixels)):
            assert Pillow.open(BytesIO(images.from_image(image, name))).format == kind
    with pytest.raises(MlflowException, match=r"cannot be written as \.xyz"):
        images.from_image(pixels, "a.xyz")
    with pytest.raises(MlflowException, match=r"cannot be written as \.jpg"):
        images.from_image(Pillow.new("RGBA", (2, 2)), "a.jpg")


def test_a_copy_stays_as_it_is() -> None:
    array = np.zeros((2, 2), np.uint8)
    picture = Pillow.new("L", (2, 2))
    copies = [images.settled(image) for image in (array, picture, mlflow.Image(picture))]
    array[:] = 255
    picture.putpixel((0, 0), 255)
    for copy in copies:
        assert np.asarray(copy).max() == 0
        assert images.weight(copy) > 0
