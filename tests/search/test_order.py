"""The items of order_by."""

import pytest

from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException
from mlflow.search.fields import EXPERIMENTS, RUNS, Noun, attribute
from mlflow.search.order import MAX_ORDERS, parse_order
from mlflow.search.tree import Field, Order

LOSS = Field("metric", "loss")
START, RUN_ID = attribute("start_time"), attribute("run_id")


def refusal(items: list[str], noun: Noun = RUNS) -> str:
    with pytest.raises(MlflowException) as caught:
        parse_order(items, noun)
    assert caught.value.error_code == INVALID_PARAMETER_VALUE
    return caught.value.message


@pytest.mark.parametrize(
    ("item", "order"),
    [
        ("metrics.loss", Order(LOSS)),
        ("metric.loss ASC", Order(LOSS)),
        ("metrics.loss asc", Order(LOSS)),
        ("metrics.loss DESC", Order(LOSS, True)),
        ("  metrics.`loss`   desc ", Order(LOSS, True)),
        ("metrics.`val/loss` DESC", Order(Field("metric", "val/loss"), True)),
        ('metrics."a b"', Order(Field("metric", "a b"))),
        ("params.lr DESC", Order(Field("param", "lr"), True)),
        ("parameter.lr", Order(Field("param", "lr"))),
        ("tags.mlflow.user", Order(Field("tag", "mlflow.user"))),
        ("start_time", Order(START)),
        ("created DESC", Order(START, True)),
        ("attributes.start_time DESC", Order(START, True)),
        ("attribute.end_time", Order(attribute("end_time"))),
        ("run_id", Order(RUN_ID)),
        ("run_name", Order(attribute("run_name"))),
        ("`Run Name`", Order(attribute("run_name"))),
        ("status", Order(attribute("status"))),
        ("artifact_uri", Order(attribute("artifact_uri"))),
        ("user_id", Order(attribute("user_id"))),
        # beyond the official language
        ("duration DESC", Order(attribute("duration"), True)),
        ("min(metrics.loss) DESC", Order(Field("metric", "loss", "min"), True)),
        ("at(metrics.loss, 10)", Order(Field("metric", "loss", "at", 10))),
    ],
)
def test_orders_of_runs(item: str, order: Order) -> None:
    assert parse_order([item], RUNS) == [order]


@pytest.mark.parametrize("key", ["name", "experiment_id", "creation_time", "last_update_time"])
@pytest.mark.parametrize("word", ["", "attribute."])
def test_orders_of_experiments(key: str, word: str) -> None:
    assert parse_order([f"{word}{key} DESC"], EXPERIMENTS) == [Order(attribute(key), True)]


@pytest.mark.parametrize("items", [None, []])
def test_no_order(items: list[str] | None) -> None:
    assert parse_order(items, RUNS) == []


def test_several_keys_in_one_item() -> None:
    expected = [Order(LOSS, True), Order(START), Order(Field("param", "a, b"))]
    assert parse_order(["metrics.loss DESC, start_time,params.`a, b`"], RUNS) == expected


def test_a_repeated_key_is_ignored() -> None:
    assert parse_order(["metrics.loss DESC", "metrics.loss", "run_id"], RUNS) == [
        Order(LOSS, True),
        Order(RUN_ID),
    ]


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        ("", "unexpected end of the text"),
        ("   ", "unexpected end of the text"),
        ("foo", "invalid attribute key 'foo' for runs"),
        ("foo.bar", "invalid entity type 'foo'"),
        ("start_time DOWN", "unexpected 'DOWN'. Expected ASC, DESC, ',' or the end"),
        ("start_time ASC DESC", "unexpected 'DESC'"),
        ("start_time,", "unexpected end of the text"),
        ("dataset.name", "runs cannot be ordered by dataset"),
        ("metrics", "'metrics' lacks a key"),
        ("1", "unexpected '1'"),
        ("metrics.a/b", "in backticks"),
    ],
)
def test_refused(item: str, wrong: str) -> None:
    message = refusal([item])
    assert message.startswith("Invalid order_by: ")
    assert wrong in message


def test_experiments_are_not_ordered_by_tags() -> None:
    assert "experiments cannot be ordered by tag" in refusal(["tags.a"], EXPERIMENTS)


def test_limit() -> None:
    most = [f"metrics.m{number}" for number in range(MAX_ORDERS)]
    assert len(parse_order(most, RUNS)) == MAX_ORDERS
    assert "too many keys. Expected at most 32" in refusal([*most, "run_id"])
    assert "the text is too long" in refusal(["run_id" + " " * 99_990] * 2)


def test_full_orders_of_runs() -> None:
    ties = (Order(START, True), Order(RUN_ID))
    assert RUNS.ordered([]) == ties
    assert RUNS.ordered([Order(LOSS)]) == (Order(LOSS), *ties)
    assert RUNS.ordered([Order(START)]) == (Order(START), Order(RUN_ID))
    assert RUNS.ordered([Order(LOSS), Order(RUN_ID, True), Order(START)]) == (
        Order(LOSS),
        Order(RUN_ID, True),
    )


def test_full_orders_of_experiments() -> None:
    created, number = attribute("creation_time"), attribute("experiment_id")
    assert EXPERIMENTS.ordered([]) == (Order(created, True), Order(number))
    assert EXPERIMENTS.ordered([Order(created)]) == (Order(created), Order(number, True))
