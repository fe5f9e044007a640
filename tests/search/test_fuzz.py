"""No text crashes the parser or costs more than its length deserves."""

import pytest
from hypothesis import given, settings, strategies as st

from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException
from mlflow.search.fields import EXPERIMENTS, RUNS, Noun
from mlflow.search.order import parse_order
from mlflow.search.parse import parse_filter
from mlflow.search.patterns import mistake
from mlflow.search.tokens import MAX_TEXT, Kind, tokenize
from mlflow.search.tree import comparisons

PIECES = (
    *("metrics.loss", "params.`a b`", 'tags."x"', "run_id", "start_time", "duration", "name"),
    *("dataset.context", "attribute.status", "metrics", "params.", "`", '"', "'", "\\", "\\'"),
    *("min(", "at(", "min", "(", ")", ",", ";", "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE"),
    *("ILIKE", "RLIKE", "BETWEEN", "=", "!=", "<", ">=", "==", "1", "-1", "1e999", "0.5", "'x'"),
    *('"y"', "''", "'%'", "'(a|b)*'", "'['", "\0", "\ud800", "\n", "é", "🚀", "--", "/*", "DESC"),
)
VALID = (
    "metrics.`val/loss` > 0.88 AND params.dataset = 'x' AND tags.status != \"completed\"",
    "NOT (min(metrics.loss) < 0.3 OR at(metrics.loss, 100) BETWEEN -1 AND 1e-3)",
    "run_id IN ('a', 'b') AND dataset.name NOT IN ('c') OR end_time IS NOT NULL",
    r"params.note LIKE 'it\'s 50%' AND attributes.run_name RLIKE '^(a|b)+[c-e]{1,3}$'",
)

tokens = st.lists(st.sampled_from(PIECES), max_size=40)
sequences = st.one_of(tokens.map(" ".join), tokens.map("".join))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid filter with some pieces cut out, put in, doubled or replaced."""
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 6)))
        new = draw(
            st.one_of(st.sampled_from(PIECES), st.characters(), st.just(text[start:end] * 2))
        )
        text = text[:start] + new + text[end:]
    return text


def survives(text: str, noun: Noun) -> None:
    try:
        kinds = [token.kind for token in tokenize(text)]
        assert kinds[-1] is Kind.END
        assert len(kinds) <= len(text) + 1
        tree = parse_filter(text, noun)
        assert sum(1 for _ in comparisons(tree)) < len(kinds)
    except MlflowException as error:
        check(error)
    try:
        parse_order([text], noun)
    except MlflowException as error:
        check(error)


def check(error: MlflowException) -> None:
    assert error.error_code == INVALID_PARAMETER_VALUE
    lines = error.message.split("\n")
    assert len(lines) == 3
    assert lines[2].strip() == "^"
    assert len(lines[2]) <= len(lines[1]) + 1
    assert len(error.message) < 1_000
    error.message.encode()


@settings(max_examples=400, deadline=None)
@given(text=st.one_of(st.text(st.characters(exclude_categories=())), sequences, mutated()))
def test_any_text(text: str) -> None:
    survives(text, RUNS)
    survives(text, EXPERIMENTS)


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.sampled_from("ab01(){}[]|*+?^$\\.,:-?i<>=!dDwWsSbBpPQEzA\n é"), max_size=40))
def test_any_pattern(text: str) -> None:
    wrong = mistake(text)
    assert wrong is None or wrong[0]


@pytest.mark.parametrize(
    "piece",
    [
        *("'", '"', "`", "''", "\\", "\\'", "'\\", "'\\'", '"\\"', "`a`.", "a.", ".", "(", ")"),
        *("NOT ", "NOT(", "a ", "a=", "1", "1.", "1e", "-", "metrics.a>1 AND ", "(metrics.a>1 OR "),
        *("min(", "at(metrics.a,", "''\\'", "\\\\'", "=", "é", " ", "metrics.a IN (1,", "🚀"),
    ],
)
@pytest.mark.parametrize("before", ["", "params.a = '", "params.`", "metrics.a IN ("])
def test_long_texts(before: str, piece: str) -> None:
    text = (before + piece * (MAX_TEXT // len(piece)))[:MAX_TEXT]
    survives(text, RUNS)
    survives(text[:-1] + "'", RUNS)
