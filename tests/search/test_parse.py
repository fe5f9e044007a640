"""The grammar, row by row, and where its errors point."""

import pytest

from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException
from mlflow.search.fields import EXPERIMENTS, RUNS, Noun
from mlflow.search.parse import MAX_COMPARISONS, MAX_DEPTH, MAX_VALUES, parse_filter
from mlflow.search.tree import And, Comparison, Entity, Field, Function, Node, Not, Or, Value

NUMERIC = ("<", "<=", ">", ">=", "=", "!=")


def compared(entity: Entity, key: str, comparator: str, value: Value) -> Comparison:
    return Comparison(Field(entity, key), comparator, value)


def refusal(text: str, noun: Noun = RUNS) -> str:
    with pytest.raises(MlflowException) as caught:
        parse_filter(text, noun)
    assert caught.value.error_code == INVALID_PARAMETER_VALUE
    return caught.value.message


# ---- the official grammar: what all searches share


@pytest.mark.parametrize("text", [None, ""])
def test_no_filter(text: str | None) -> None:
    assert parse_filter(text, RUNS) is None


A = compared("param", "a", "=", "x")
B = compared("param", "b", "!=", "y")


@pytest.mark.parametrize("word", ["AND", "and", "And"])
def test_clauses_are_joined_by_and(word: str) -> None:
    assert parse_filter(f"params.a = 'x' {word} params.b != 'y'", RUNS) == And((A, B))


def test_the_same_key_may_be_compared_twice() -> None:
    text = "metrics.m > 1 AND metrics.m < 2 AND metrics.m != 1.5"
    tree = parse_filter(text, RUNS)
    assert isinstance(tree, And)
    assert len(tree.parts) == 3


@pytest.mark.parametrize(
    "text",
    [
        "params.a = 'x' params.b != 'y'",
        "AND params.a = 'x' AND params.b != 'y'",
        "params.a = 'x' AND AND params.b != 'y'",
        "params.a = 'x' AND params.b != 'y' AND",
        "params.a = 'x' params.\"b\" != 'y' AND AND",
    ],
)
def test_loose_ands_are_overlooked_as_officially(text: str) -> None:
    assert parse_filter(text, RUNS) == And((A, B))
    assert parse_filter("AND", RUNS) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("params.'a b' = 'v'", "a b"),
        ("params.p = 'v'", "p"),
        ("params.a.b.c = 'v'", "a.b.c"),
        ("params.`a b` = 'v'", "a b"),
        ("params.`a/b-c` = 'v'", "a/b-c"),
        ("params.`a.b` = 'v'", "a.b"),
        ("params.\"a b\" = 'v'", "a b"),
        ("`params`.p = 'v'", "p"),
        ('"params"."p" = \'v\'', "p"),
        ("params.ключ = 'v'", "ключ"),
        ("params.1 = 'v'", "1"),
        ("params.p='v'", "p"),
        ("\n params.p\t=\r\n'v' ", "p"),
        ("params.and = 'v'", "and"),
        ("params.null = 'v'", "null"),
    ],
)
def test_keys(text: str, key: str) -> None:
    assert parse_filter(text, RUNS) == compared("param", key, "=", "v")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("+2", 2),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", 2.0**63),
        ("1e999", float("inf")),
        ("-1e999", float("-inf")),
        ("1" * 5000, float("inf")),
        ("1e-999", 0.0),
    ],
)
def test_numbers(written: str, value: int | float) -> None:
    tree = parse_filter(f"metrics.m > {written}", RUNS)
    assert tree == compared("metric", "m", ">", value)
    assert isinstance(tree, Comparison)
    assert type(tree.value) is type(value)


def test_a_number_may_touch_its_comparator() -> None:
    assert parse_filter("metrics.m>=-1", RUNS) == compared("metric", "m", ">=", -1)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'v'", "v"),
        ('"v"', "v"),
        ("''", ""),
        ('""', ""),
        ("' a  b '", " a  b "),
        ("'say \"hi\"'", 'say "hi"'),
        ("'AND OR NOT ( ) = ;'", "AND OR NOT ( ) = ;"),
        ("'%_\U0001f680'", "%_\U0001f680"),
        # a backslash is itself, as in the official language
        (r"'a\_b'", r"a\_b"),
        (r"'a\b'", r"a\b"),
        (r"'C:\data\x'", r"C:\data\x"),
        (r"'\\server\share'", r"\\server\share"),
        (r"'a\\b'", r"a\\b"),
        (r"'a\"b'", r"a\"b"),
        ("'C:\\'", "C:\\"),
        # except before the quote that encloses the string
        (r"'it\'s'", "it's"),
        (r'"a \"b\""', 'a "b"'),
        (r"'C:\\'", "C:\\"),
        (r"'a\\\'b'", r"a\'b"),
        ("'it''s'", "it's"),
        ("''''", "'"),
        ('"a ""b"""', 'a "b"'),
    ],
)
def test_strings(written: str, value: str) -> None:
    assert parse_filter(f"params.p = {written}", RUNS) == compared("param", "p", "=", value)


def test_an_escaped_end_leaves_the_next_clause_alone() -> None:
    text = r"params.a = 'x\\' AND params.b != 'y'"
    assert parse_filter(text, RUNS) == And((compared("param", "a", "=", "x\\"), B))


@pytest.mark.parametrize("word", ["like", "LIKE", "Like"])
def test_comparators_have_any_case(word: str) -> None:
    assert parse_filter(f"params.p {word} '%'", RUNS) == compared("param", "p", "LIKE", "%")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("   ", "it is blank"),
        ("1 < metrics.m", "unexpected '1'"),
        ("'a' = params.p", "unexpected ''a''"),
        ("metrics.m == 1", "'==' is no comparator. Expected '=' instead"),
        ("metrics.m <> 1", "'<>' is no comparator. Expected '!=' instead"),
        ("metrics.m = 1; metrics.n = 2", "unexpected character ';'"),
        ("metrics.m", "unexpected end of the text. Expected a comparator"),
        ("metrics.m >", "unexpected end of the text. Expected a number without quotes"),
        ("metrics.m > 1 foo", "invalid attribute key 'foo'"),
        ("metrics.m > 1 OR", "unexpected end of the text. Expected an identifier"),
        ("OR metrics.m > 1", "unexpected 'OR'"),
        ("metrics.m > 1 OR OR metrics.n > 1", "unexpected 'OR'"),
        ("NOT", "unexpected end of the text"),
        ("metrics.m > 1 metrics.n > 2 OR run_id = 'a'", "'metrics.n'. Expected AND or OR"),
        ("AND metrics.n > 2 OR run_id = 'a'", "unexpected 'AND'. Expected an identifier"),
        ("run_id = 'a' OR metrics.n > 2 AND", "unexpected end of the text. Expected an identifier"),
        ("(metrics.m > 1 AND)", "unexpected ')'. Expected an identifier"),
        ("(metrics.m > 1 AND AND metrics.n > 1)", "unexpected 'AND'. Expected an identifier"),
        ("metrics.m > 1 2", "unexpected '2'"),
        ("metrics.m > abc", "unexpected 'abc'. Expected a number without quotes"),
        ("metrics.m > 1abc", "unexpected '1abc'"),
        ("metrics.m > 0x1F", "unexpected '0x1F'"),
        ("metrics.m > 1 + 1", "unexpected character '+'"),
        ("metrics.a/b > 1", "in backticks, as in metrics.`val/loss`"),
        ("params.a-b = 'x'", "the whole key in backticks"),
        ("params.a b = 'x'", "unexpected 'b'. Expected a comparator"),
        ("params.p = 'abc", "the string that starts here has no end"),
        ("params.`p = 'abc'", "the string that starts here has no end"),
        ("params. = 'abc'", "no key after 'params.'"),
        ("params.`` = 'abc'", "the key is empty"),
        ("params.p = `abc`", "unexpected '`abc`'. Expected a string in quotes"),
        ("foo.bar = 'x'", "invalid entity type 'foo'"),
        ("metrics > 1", "'metrics' lacks a key"),
        ("`metrics.m` > 1", "Expected metrics.`m`"),
        ("params.p IS", "Expected NULL or NOT NULL"),
        ("params.p IS NOT", "Expected NULL"),
        ("params.p IN 'a'", "Expected values in parentheses"),
        ("params.p IN ()", "unexpected ')'. Expected a string in quotes"),
        ("params.p IN ('a' 'b')", "Expected ',' or ')'"),
        ("params.p NOT = 'a'", "unexpected '='"),
        ("(metrics.m > 1", "unexpected end of the text. Expected AND, OR or ')'"),
        ("metrics.m > 1)", "unexpected ')'"),
        ("()", "unexpected ')'"),
        ("metrics.m BETWEEN 1 OR 2", "Expected AND and the upper bound"),
        ("params.p = 'a\0'", "the character U+0000 cannot be searched"),
        ("params.p = '\ud800'", "the character U+D800 cannot be searched"),
    ],
)
def test_refused(text: str, wrong: str) -> None:
    assert wrong in refusal(text)


# ---- runs


@pytest.mark.parametrize("word", ["metric", "metrics"])
@pytest.mark.parametrize("comparator", NUMERIC)
def test_metrics(word: str, comparator: str) -> None:
    tree = parse_filter(f"{word}.m {comparator} 1", RUNS)
    assert tree == compared("metric", "m", comparator, 1)


TEXTS: list[tuple[str, Entity]] = [
    ("param", "param"),
    ("params", "param"),
    ("parameter", "param"),
    ("parameters", "param"),
    ("tag", "tag"),
    ("tags", "tag"),
]


@pytest.mark.parametrize(("word", "entity"), TEXTS)
@pytest.mark.parametrize("comparator", ["=", "!=", "LIKE", "ILIKE"])
def test_params_and_tags(word: str, entity: Entity, comparator: str) -> None:
    tree = parse_filter(f"{word}.k {comparator} 'v'", RUNS)
    assert tree == compared(entity, "k", comparator, "v")


@pytest.mark.parametrize(("word", "entity"), TEXTS)
@pytest.mark.parametrize("comparator", ["IS NULL", "IS NOT NULL", "is not null"])
def test_missing_params_and_tags(word: str, entity: Entity, comparator: str) -> None:
    tree = parse_filter(f"{word}.k {comparator}", RUNS)
    assert tree == compared(entity, "k", comparator.upper(), None)


@pytest.mark.parametrize("word", ["attribute.", "attributes.", "attr.", "run.", ""])
@pytest.mark.parametrize(
    "key", ["run_id", "run_name", "status", "artifact_uri", "user_id", "lifecycle_stage"]
)
@pytest.mark.parametrize("comparator", ["=", "!=", "LIKE", "ILIKE"])
def test_text_attributes(word: str, key: str, comparator: str) -> None:
    tree = parse_filter(f"{word}{key} {comparator} 'v'", RUNS)
    assert tree == compared("attribute", key, comparator, "v")


@pytest.mark.parametrize("word", ["attribute.", "attributes.", "attr.", "run.", ""])
@pytest.mark.parametrize("key", ["start_time", "end_time", "duration"])
@pytest.mark.parametrize("comparator", NUMERIC)
def test_numeric_attributes(word: str, key: str, comparator: str) -> None:
    tree = parse_filter(f"{word}{key} {comparator} 1001.5", RUNS)
    assert tree == compared("attribute", key, comparator, 1001.5)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("created > 1", "start_time"),
        ("Created > 1", "start_time"),
        ("attributes.created > 1", "start_time"),
        ("`run name` = 'v'", "run_name"),
        ("`Run name` = 'v'", "run_name"),
        ("`Run Name` = 'v'", "run_name"),
        ("attributes.`Run Name` = 'v'", "run_name"),
        ("\"run name\" = 'v'", "run_name"),
    ],
)
def test_other_names_of_attributes(text: str, key: str) -> None:
    tree = parse_filter(text, RUNS)
    assert isinstance(tree, Comparison)
    assert tree.field == Field("attribute", key)


@pytest.mark.parametrize("word", ["IN", "NOT IN", "not in"])
def test_lists_of_run_ids(word: str) -> None:
    tree = parse_filter(f"run_id {word} ('a', \"b\")", RUNS)
    assert tree == parse_filter(f"run_id {word} ('a', \"b\",)", RUNS)
    assert tree == compared("attribute", "run_id", word.upper(), ("a", "b"))


@pytest.mark.parametrize("word", ["dataset", "datasets"])
@pytest.mark.parametrize("key", ["name", "digest", "context"])
@pytest.mark.parametrize("comparator", ["=", "!=", "LIKE", "ILIKE"])
def test_datasets(word: str, key: str, comparator: str) -> None:
    tree = parse_filter(f"{word}.{key} {comparator} 'v'", RUNS)
    assert tree == compared("dataset", key, comparator, "v")


@pytest.mark.parametrize("word", ["IN", "NOT IN"])
def test_lists_of_datasets(word: str) -> None:
    tree = parse_filter(f"dataset.name {word} ('v')", RUNS)
    assert tree == compared("dataset", "name", word, ("v",))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("metrics.m = '1'", "Expected a number without quotes"),
        ("metrics.m LIKE '1'", "LIKE cannot be used on 'metrics.m'"),
        ("params.p = 1", "Expected a string in quotes"),
        ("params.p = v", "Expected a string in quotes"),
        ("params.p < 'v'", "< cannot be used on 'params.p'"),
        ("tags.t >= 'v'", ">= cannot be used on 'tags.t'"),
        ("start_time = '1001'", "Expected a number without quotes"),
        ("status > 'RUNNING'", "> cannot be used on 'status'"),
        ("status = RUNNING", "Expected a string in quotes"),
        ("attribute.foo = 'x'", "invalid attribute key 'foo' for runs. Expected artifact_uri,"),
        ("foo = 'x'", "invalid attribute key 'foo' for runs"),
        ("dataset.foo = 'x'", "invalid dataset key 'foo' for runs. Expected context, digest"),
        ("dataset.name > 'x'", "> cannot be used on 'dataset.name'"),
        ("Metrics.m > 1", "invalid entity type 'Metrics'"),
    ],
)
def test_refused_of_runs(text: str, wrong: str) -> None:
    assert wrong in refusal(text)


# ---- experiments


@pytest.mark.parametrize("word", ["attribute.", ""])
@pytest.mark.parametrize("comparator", ["=", "!=", "LIKE", "ILIKE"])
def test_names_of_experiments(word: str, comparator: str) -> None:
    tree = parse_filter(f"{word}name {comparator} 'v'", EXPERIMENTS)
    assert tree == compared("attribute", "name", comparator, "v")


@pytest.mark.parametrize(
    ("written", "value"),
    [("= '1'", "1"), ("!= '1'", "1"), ("IN ('1', '2')", ("1", "2")), ("NOT IN ('1')", ("1",))],
)
def test_ids_of_experiments(written: str, value: Value) -> None:
    tree = parse_filter(f"experiment_id {written}", EXPERIMENTS)
    comparator = written.rpartition("(" if "(" in written else "'1")[0].strip(" '(")
    assert tree == compared("attribute", "experiment_id", comparator, value)


@pytest.mark.parametrize("key", ["creation_time", "last_update_time"])
@pytest.mark.parametrize("comparator", NUMERIC)
def test_times_of_experiments(key: str, comparator: str) -> None:
    tree = parse_filter(f"{key} {comparator} 1", EXPERIMENTS)
    assert tree == compared("attribute", key, comparator, 1)


@pytest.mark.parametrize("word", ["tag", "tags"])
@pytest.mark.parametrize("comparator", ["=", "!=", "LIKE", "ILIKE"])
def test_tags_of_experiments(word: str, comparator: str) -> None:
    tree = parse_filter(f"{word}.`a b` {comparator} 'v'", EXPERIMENTS)
    assert tree == compared("tag", "a b", comparator, "v")


@pytest.mark.parametrize("comparator", ["IS NULL", "IS NOT NULL"])
def test_missing_tags_of_experiments(comparator: str) -> None:
    tree = parse_filter(f"tags.k {comparator}", EXPERIMENTS)
    assert tree == compared("tag", "k", comparator, None)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("attributes.name = 'x'", "invalid entity type 'attributes'"),
        ("lifecycle_stage = 'active'", "invalid attribute key 'lifecycle_stage' for experiments"),
        ("metrics.m > 1", "invalid entity type 'metrics'"),
        ("params.p = 'x'", "invalid entity type 'params'"),
        ("experiment_id = 1", "Expected an id in quotes"),
        ("experiment_id LIKE '1%'", "LIKE cannot be used on 'experiment_id'"),
        ("creation_time > '1'", "Expected a number without quotes"),
        ("name > 'x'", "> cannot be used on 'name'"),
        ("min(metrics.m) > 1", "there is no function 'min' of experiments"),
    ],
)
def test_refused_of_experiments(text: str, wrong: str) -> None:
    assert wrong in refusal(text, EXPERIMENTS)


# ---- beyond the official grammar

C = compared("metric", "m", ">", 1)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("params.a = 'x' OR params.b != 'y'", Or((A, B))),
        ("params.a = 'x' or params.b != 'y' AND metrics.m > 1", Or((A, And((B, C))))),
        ("(params.a = 'x' OR params.b != 'y') AND metrics.m > 1", And((Or((A, B)), C))),
        ("NOT params.a = 'x' AND metrics.m > 1", And((Not(A), C))),
        ("not (params.a = 'x' AND metrics.m > 1)", Not(And((A, C)))),
        ("NOT NOT params.a = 'x'", A),
        ("NOT NOT NOT params.a = 'x'", Not(A)),
        ("((params.a = 'x'))", A),
        ("NOT(params.a = 'x')OR(metrics.m > 1)", Or((Not(A), C))),
    ],
)
def test_joined(text: str, tree: Node) -> None:
    assert parse_filter(text, RUNS) == tree


@pytest.mark.parametrize("field", ["params.k", "tags.k", "status", "run_name", "dataset.name"])
@pytest.mark.parametrize(
    ("written", "comparator", "value"),
    [
        ("IN ('a', 'b')", "IN", ("a", "b")),
        ("NOT IN ('a')", "NOT IN", ("a",)),
        ("BETWEEN 'a' AND 'b'", "BETWEEN", ("a", "b")),
        ("NOT BETWEEN 'a' AND 'b'", "NOT BETWEEN", ("a", "b")),
        ("IS NULL", "IS NULL", None),
        ("IS NOT NULL", "IS NOT NULL", None),
        ("RLIKE '^a.*z$'", "RLIKE", "^a.*z$"),
        ("NOT LIKE 'a%'", "NOT LIKE", "a%"),
        ("NOT ILIKE 'a%'", "NOT ILIKE", "a%"),
        ("NOT RLIKE 'a'", "NOT RLIKE", "a"),
    ],
)
def test_more_comparators_of_text(field: str, written: str, comparator: str, value: Value) -> None:
    tree = parse_filter(f"{field} {written}", RUNS)
    assert isinstance(tree, Comparison)
    assert (tree.comparator, tree.value) == (comparator, value)


@pytest.mark.parametrize("field", ["metrics.k", "start_time", "end_time", "duration"])
@pytest.mark.parametrize(
    ("written", "comparator", "value"),
    [
        ("IN (1, -2.5)", "IN", (1, -2.5)),
        ("NOT IN (1)", "NOT IN", (1,)),
        ("BETWEEN 1 AND 2", "BETWEEN", (1, 2)),
        ("not between 1 and 2", "NOT BETWEEN", (1, 2)),
        ("IS NULL", "IS NULL", None),
        ("IS NOT NULL", "IS NOT NULL", None),
    ],
)
def test_more_comparators_of_numbers(
    field: str, written: str, comparator: str, value: Value
) -> None:
    tree = parse_filter(f"{field} {written}", RUNS)
    assert isinstance(tree, Comparison)
    assert (tree.comparator, tree.value) == (comparator, value)


@pytest.mark.parametrize(
    ("written", "key", "function", "step"),
    [
        ("min(metrics.loss)", "loss", "min", 0),
        ("MAX(metric.loss)", "loss", "max", 0),
        ("mean(metrics.`val/loss`)", "val/loss", "mean", 0),
        ('first( metrics."val/loss" )', "val/loss", "first", 0),
        ("count(metrics.loss)", "loss", "count", 0),
        ("last(metrics.loss)", "loss", "last", 0),
        ("at(metrics.loss, 100)", "loss", "at", 100),
        ("at(metrics.a.b,-5)", "a.b", "at", -5),
    ],
)
def test_functions(written: str, key: str, function: Function, step: int) -> None:
    tree = parse_filter(f"{written} < 0.3", RUNS)
    assert tree == Comparison(Field("metric", key, function, step), "<", 0.3)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("median(metrics.m) > 1", "no function 'median' of runs. Expected at, count, first"),
        ("min(params.p) > 1", "min() is a function of metrics"),
        ("min(start_time) > 1", "min() is a function of metrics"),
        ("min(1) > 1", "Expected a metric, as in min(metrics.loss)"),
        ("min(metrics.m, 1) > 1", "unexpected ','. Expected ')'"),
        ("at(metrics.m) > 1", "Expected a comma and a step"),
        ("at(metrics.m, 1.5) > 1", "'1.5' is no step"),
        ("at(metrics.m, 99999999999999999999) > 1", "is no step"),
        ("min(min(metrics.m)) > 1", "min() is a function of metrics"),
        ("params.p RLIKE '('", "the pattern cannot be used"),
        ("params.p RLIKE 1", "Expected a string in quotes"),
    ],
)
def test_refused_beyond(text: str, wrong: str) -> None:
    assert wrong in refusal(text)


# ---- limits


def test_length_limit() -> None:
    text = "params.p = '" + "a" * 100_000 + "'"
    message = refusal(text)
    assert "the text is too long (100,013 characters). Expected at most 100,000" in message
    assert len(message) < 500


def test_depth_limit() -> None:
    deepest = "(" * MAX_DEPTH + "metrics.m > 1" + ")" * MAX_DEPTH
    assert parse_filter(deepest, RUNS) == C
    assert "nested too deep. Expected at most 100 levels" in refusal(f"({deepest})")
    assert "nested too deep" in refusal("(" * 99_999)
    assert "nested too deep" in refusal("NOT(" * 24_999)


def test_comparison_limit() -> None:
    most = " OR ".join(["metrics.m > 1"] * MAX_COMPARISONS)
    assert parse_filter(most, RUNS) == Or((C,) * MAX_COMPARISONS)
    assert "too many comparisons. Expected at most 1,000" in refusal(most + " OR metrics.m > 1")


def test_value_limit() -> None:
    most = ",".join(["1"] * MAX_VALUES)
    assert parse_filter(f"metrics.m IN ({most})", RUNS) is not None
    assert "too many values. Expected at most 10,000" in refusal(f"metrics.m IN ({most},1)")


def test_like_limit() -> None:
    assert "the pattern is too long" in refusal("params.p LIKE '" + "%a" * 6000 + "'")


# ---- the whole message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "metrics.loss < 0.3 AND params.lr = 0.1",
            "Invalid filter: unexpected '0.1'. Expected a string in quotes.\n"
            "  metrics.loss < 0.3 AND params.lr = 0.1\n"
            "                                     ^",
        ),
        (
            "metrics.loss",
            "Invalid filter: unexpected end of the text. Expected a comparator: =, !=, <, <=, >, "
            ">=, IN, NOT IN, BETWEEN, NOT BETWEEN, IS NULL or IS NOT NULL.\n"
            "  metrics.loss\n"
            "              ^",
        ),
        (
            "metrics.a > 1\nAND\tfoo.b = 'x'",
            "Invalid filter: invalid entity type 'foo'. Expected attr, attribute, run, attributes, "
            "dataset, datasets, metric, metrics, param, parameter, parameters, params, tag or "
            "tags.\n"
            "  metrics.a > 1 AND foo.b = 'x'\n"
            "                    ^",
        ),
        (
            "params.a = 'x' AND " * 10 + "metrics.m == 1" + " AND params.a = 'x'" * 10,
            "Invalid filter: '==' is no comparator. Expected '=' instead.\n"
            "  …a = 'x' AND params.a = 'x' AND params.a = 'x' AND metrics.m == 1 AND params.a"
            " = 'x' AND params.a = '…\n"
            "                                                               ^",
        ),
    ],
)
def test_messages_point_at_the_place(text: str, message: str) -> None:
    assert refusal(text) == message
