"""Columns, groups and their orders: texts to fields, and where their errors point."""

import pytest

from mlflow.exceptions import MlflowException
from mlflow.search.columns import (
    parse_columns,
    parse_group_by,
    parse_group_columns,
    parse_group_order,
)
from mlflow.search.fields import RUNS
from mlflow.search.order import parse_order
from mlflow.search.parse import parse_filter
from mlflow.search.tree import Field

LOSS, RATE = Field("metric", "loss"), Field("param", "lr")


def test_columns_keep_their_texts() -> None:
    assert parse_columns(
        ["metrics.loss", " metric.`a b` ", "MIN(metrics.loss)", "children", "models", "status"]
    ) == {
        "metrics.loss": LOSS,
        " metric.`a b` ": Field("metric", "a b"),
        "MIN(metrics.loss)": Field("metric", "loss", "min"),
        "children": "children",
        "models": "models",
        "status": Field("attribute", "status"),
    }


@pytest.mark.parametrize(
    "text",
    ["", " ", "metrics.", "metrics.a, metrics.b", "children DESC", "params.a = '1'", "datasets.x"],
)
def test_what_is_no_column(text: str) -> None:
    with pytest.raises(MlflowException, match="Invalid columns") as caught:
        parse_columns(["metrics.a", text])
    assert caught.value.json_kwargs["item"] == 1


def test_groups() -> None:
    texts = ["params.lr", "tags.`a b`", "attributes.status"]
    fields = [RATE, Field("tag", "a b"), Field("attribute", "status")]
    assert list(parse_group_by(texts).values()) == fields
    assert parse_group_columns(["mean(metrics.loss)", "params.lr"]) == {
        "mean(metrics.loss)": Field("metric", "loss", "mean"),
        "params.lr": RATE,
    }
    for text in ("tags.a", "status", "children"):
        with pytest.raises(MlflowException, match="Invalid columns"):
            parse_group_columns([text])
    for text in ("metrics.loss", "min(metrics.loss)", "runs", "models"):
        with pytest.raises(MlflowException, match="Invalid group_by"):
            parse_group_by([text])


def test_orders_of_groups() -> None:
    items = ["runs desc", " RUNS ", "runs ASC", "metrics.loss DESC, params.lr", "params.lr DESC"]
    assert parse_group_order(items, [RATE], [LOSS]) == [
        (None, True),
        (None, False),
        (None, False),
        (LOSS, True),
        (RATE, False),
        (RATE, True),
    ]
    for text in ("min(metrics.loss)", "runs UP", "tags.lr"):
        with pytest.raises(MlflowException, match="Invalid order_by") as caught:
            parse_group_order(["runs", text], [RATE], [LOSS])
        assert caught.value.json_kwargs["item"] == 1


@pytest.mark.parametrize(
    ("text", "position"),
    [("params.a = 1", 11), ("a", 0), ("params.a = 'x' OR", 17), ("x ~ 1", 2), ("(a = 'b'", 1)],
)
def test_errors_of_filters_have_a_position(text: str, position: int) -> None:
    with pytest.raises(MlflowException) as caught:
        parse_filter(text, RUNS)
    assert caught.value.json_kwargs == {"position": position, "source": "filter"}


def test_errors_of_orders_say_which_item() -> None:
    with pytest.raises(MlflowException) as caught:
        parse_order(["start_time", "metrics.a, metrics.b DOWN"], RUNS)
    assert caught.value.json_kwargs == {"position": 21, "source": "order_by", "item": 1}
