"""Which paths may name an artifact."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from mlflow.blobs.uri import joined, path_of_request, safe_path
from mlflow.exceptions import MlflowException
from tests.blobs.spellings import ALLOWED, REFUSED, as_sent


def test_the_table_is_long() -> None:
    assert len(set(REFUSED)) >= 100


@pytest.mark.parametrize("path", REFUSED, ids=ascii)
def test_refused(path: str) -> None:
    with pytest.raises(MlflowException, match="Invalid artifact path") as caught:
        safe_path(path)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    with pytest.raises(MlflowException):
        path_of_request(as_sent(path).encode())
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("path", ALLOWED, ids=ascii)
def test_allowed(path: str) -> None:
    assert safe_path(path) == path
    assert path_of_request(as_sent(path).encode()) == path


@pytest.mark.parametrize("raw", [b"a/%c0%ae%c0%ae/x", b"%ff", b"a%2Fb", b"a%5Cb", b"%e9", b"\xff"])
def test_refused_as_sent(raw: bytes) -> None:
    with pytest.raises(MlflowException):
        path_of_request(raw)


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(MlflowException):
        safe_path("a\udc80b")


def test_the_root() -> None:
    assert safe_path("", root=True) == ""
    with pytest.raises(MlflowException, match="it is empty"):
        safe_path("")
    assert joined("", "a", "", "b") == "a/b"


@given(strategies.text())
def test_what_is_allowed_stays_below_the_root(path: str) -> None:
    try:
        safe_path(path)
    except MlflowException:
        return
    assert not {"", ".", ".."} & set(path.split("/"))
    assert "\0" not in path
