"""Which regular expressions RLIKE takes."""

import pytest

from mlflow.search.patterns import compiled, mistake


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "abc",
        "^a.*z$",
        "(a|b)+?c{2,5}d{3}e{1,}",
        r"\d+\.\d+ \w\W\s\S\D \bword\B",
        r"[a-z0-9_.\-]+[^\s\]]",
        "[[:alpha:]]x[^[:digit:]]",
        "(?i)Loss",
        "(?:ab)*",
        r"\[\(\{\*",
        "a||b",
        "é+",
    ],
)
def test_accepted(pattern: str) -> None:
    assert mistake(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        (r"(a)\1", 3),
        ("a(?=b)", 1),
        ("a(?P<name>b)", 1),
        ("ab(?i)", 2),
        (r"\pL", 0),
        (r"a\Q*\E", 1),
        (r"\x41", 0),
        ("a\\", 1),
        ("*a", 0),
        ("a**", 2),
        ("a{2}{3}", 4),
        ("a{256}", 1),
        ("a{5,2}", 1),
        ("a{x", 1),
        ("(|*)", 2),
        ("[]a]", 1),
        ("[[a]", 1),
        ("[a&&b]", 2),
        (r"[\D]", 1),
        ("a" * 501, 500),
        ("(", 0),
        ("[a", 0),
        ("a)", 0),
        ("(((a{255}){255}){255})", 0),
    ],
)
def test_refused(pattern: str, place: int) -> None:
    wrong = mistake(pattern)
    assert wrong is not None
    assert wrong[1] == place


def test_a_point_is_any_character() -> None:
    assert compiled("a.b").search("xa\nbx")
