"""Digests of content that passes by: right in any pieces, and as small as they are."""

from __future__ import annotations

import os
import tracemalloc

import pytest

from mlflow.blobs.digests import Digest, Digesting, of, of_parts


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 25])
@pytest.mark.parametrize("piece", [1, 7, 100])
def test_as_of_the_parts(size: int, piece: int) -> None:
    content = os.urandom(size)
    digesting = Digesting(10, "md5")
    for start in range(0, size, piece):
        digesting.update(content[start : start + piece])
    parts = [content[start : start + 10] for start in range(0, max(size, 1), 10)]
    wanted = of_parts("md5", 10, [of("md5", [part]) for part in parts])
    assert digesting.digest() == digesting.digest() == wanted
    if size <= 10:
        assert wanted == Digest("md5", 0, of("md5", [content]))


def test_many_parts_take_no_memory() -> None:
    digesting = Digesting(1)
    piece = bytes(100_000)
    tracemalloc.start()
    digesting.update(piece)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
