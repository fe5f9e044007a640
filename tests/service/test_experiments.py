"""The life of experiments, on every database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlflow import wire
from mlflow.exceptions import MlflowException
from tests.service.conftest import Ask, new_run


def refused(ask: Ask, endpoint: wire.AnyEndpoint, code: str, **fields: Any) -> str:
    with pytest.raises(MlflowException) as caught:
        ask(endpoint, **fields)
    assert caught.value.error_code == code
    return caught.value.message


def make(ask: Ask, name: str, **fields: Any) -> str:
    experiment_id: str = ask(wire.experiments.create, name=name, **fields)["experiment_id"]
    return experiment_id


def names(ask: Ask, **fields: Any) -> list[str]:
    found: list[str] = []
    token: str | None = None
    while token is None or token:
        page: dict[str, Any] = {"page_token": token} if token else {}
        answer = ask(wire.experiments.search, **({"max_results": 100} | fields | page))
        found += [item["name"] for item in answer.get("experiments", [])]
        token = answer.get("next_page_token", "")
    return found


def test_the_default_experiment_is_there(ask: Ask) -> None:
    found = ask(wire.experiments.get, experiment_id="0")["experiment"]
    assert found["name"] == "Default"
    assert found["artifact_location"] == "mlflow-artifacts:/0"
    assert found["lifecycle_stage"] == "active"


def test_a_new_experiment_can_be_found(ask: Ask) -> None:
    made = make(ask, "größe 損失", tags=[{"key": "team", "value": "vision"}])
    for answer in (
        ask(wire.experiments.get, experiment_id=made),
        ask(wire.experiments.get_by_name, experiment_name="größe 損失"),
    ):
        found = answer["experiment"]
        assert found["experiment_id"] == made
        assert found["tags"] == [{"key": "team", "value": "vision"}]
        assert found["creation_time"] == found["last_update_time"] > 0
        assert found["artifact_location"] == f"mlflow-artifacts:/{made}"


def test_an_artifact_location_of_its_own_is_kept(ask: Ask) -> None:
    made = make(ask, "own place", artifact_location="s3://bucket/place")
    found = ask(wire.experiments.get, experiment_id=made)["experiment"]
    assert found["artifact_location"] == "s3://bucket/place"
    run = ask(wire.runs.create, experiment_id=made)["run"]["info"]
    assert run["artifact_uri"] == f"s3://bucket/place/{run['run_id']}/artifacts"


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("place", "{}/place"),
        ("./1", "{}/1"),  # which is not the place of the experiment 1
        ("file:place", "file://{}/place"),
        ("/a//place/", "/a//place/"),
        ("file:///a/place/", "file:///a/place/"),
        ("~/place", "~/place"),
    ],
)
def test_a_relative_artifact_location_begins_here(ask: Ask, location: str, kept: str) -> None:
    made = make(ask, "relative", artifact_location=location)
    found = ask(wire.experiments.get, experiment_id=made)["experiment"]
    assert found["artifact_location"] == kept.format(Path.cwd())


@pytest.mark.parametrize(
    "location", ["s3://b/?a=1", "s3://b#a", "runs:/a", "s3://b/../a", "a" * 2049]
)
def test_bad_artifact_locations_are_refused(ask: Ask, location: str) -> None:
    message = refused(
        ask,
        wire.experiments.create,
        "INVALID_PARAMETER_VALUE",
        name="n",
        artifact_location=location,
    )
    assert "artifact_location" in message
    assert "n" not in names(ask)


@pytest.mark.parametrize("name", ["", "  ", "n" * 501, "a\0b"])
def test_bad_names_are_refused(ask: Ask, name: str) -> None:
    refused(ask, wire.experiments.create, "INVALID_PARAMETER_VALUE", name=name)
    refused(
        ask, wire.experiments.update, "INVALID_PARAMETER_VALUE", experiment_id="0", new_name=name
    )


def test_names_are_taken_once_and_case_counts(ask: Ask) -> None:
    make(ask, "Loss")
    refused(ask, wire.experiments.create, "RESOURCE_ALREADY_EXISTS", name="Loss")
    other = make(ask, "loss")
    make(ask, "loss ")
    refused(ask, wire.experiments.update, "BAD_REQUEST", experiment_id=other, new_name="Loss")
    ask(wire.experiments.update, experiment_id=other, new_name="new")
    assert sorted(names(ask)) == ["Default", "Loss", "loss ", "new"]


def test_the_bin_holds_an_experiment_with_its_runs(ask: Ask) -> None:
    made = make(ask, "gone")
    run = new_run(ask, experiment_id=made)
    ask(wire.experiments.delete, experiment_id=made)
    assert (
        ask(wire.experiments.get, experiment_id=made)["experiment"]["lifecycle_stage"] == "deleted"
    )
    assert ask(wire.runs.get, run_id=run)["run"]["info"]["lifecycle_stage"] == "deleted"
    assert names(ask) == ["Default"]
    assert names(ask, view_type="DELETED_ONLY") == ["gone"]
    assert names(ask, view_type="ALL", order_by=["name"]) == ["Default", "gone"]
    assert "restore" in refused(
        ask, wire.experiments.create, "RESOURCE_ALREADY_EXISTS", name="gone"
    )
    refused(ask, wire.experiments.delete, "RESOURCE_DOES_NOT_EXIST", experiment_id=made)
    refused(ask, wire.runs.create, "INVALID_PARAMETER_VALUE", experiment_id=made)
    refused(ask, wire.experiments.update, "INVALID_STATE", experiment_id=made, new_name="n")
    refused(
        ask,
        wire.experiments.set_tag,
        "INVALID_PARAMETER_VALUE",
        experiment_id=made,
        key="k",
        value="v",
    )
    ask(wire.experiments.restore, experiment_id=made)
    assert ask(wire.runs.get, run_id=run)["run"]["info"]["lifecycle_stage"] == "active"
    refused(ask, wire.experiments.restore, "RESOURCE_DOES_NOT_EXIST", experiment_id=made)


def test_tags_change_and_go(ask: Ask) -> None:
    for value in ("1", "2"):
        ask(wire.experiments.set_tag, experiment_id="0", key="k", value=value)
    found = ask(wire.experiments.get, experiment_id="0")["experiment"]
    assert found["tags"] == [{"key": "k", "value": "2"}]
    ask(wire.experiments.delete_tag, experiment_id="0", key="k")
    assert "tags" not in ask(wire.experiments.get, experiment_id="0")["experiment"]
    for key in ("k", "never set"):
        refused(
            ask, wire.experiments.delete_tag, "RESOURCE_DOES_NOT_EXIST", experiment_id="0", key=key
        )


def test_unknown_experiments(ask: Ask) -> None:
    for endpoint in (
        wire.experiments.get, wire.experiments.delete, wire.experiments.restore, wire.runs.create,
    ):  # fmt: skip
        refused(ask, endpoint, "RESOURCE_DOES_NOT_EXIST", experiment_id="4711")
    refused(
        ask, wire.experiments.get_by_name, "RESOURCE_DOES_NOT_EXIST", experiment_name="nobody's"
    )


def test_searching_pages_and_counting(ask: Ask) -> None:
    for number in range(7):
        make(ask, f"exp-{number}", tags=[{"key": "half", "value": str(number // 4)}])
    newest = [*(f"exp-{number}" for number in range(6, -1, -1)), "Default"]
    assert names(ask, max_results=2, order_by=["experiment_id DESC"]) == newest
    assert sorted(names(ask, max_results=2)) == sorted(newest)
    assert names(ask, max_results=2, order_by=["name DESC"])[0] == "exp-6"
    half = {"filter": "tags.half = '1'", "order_by": ["name"]}
    assert names(ask, **half) == ["exp-4", "exp-5", "exp-6"]
    answer = ask(wire.experiments.search, max_results=1, count=True, **half)
    assert answer["total"] == 3
    refused(
        ask,
        wire.experiments.search,
        "INVALID_PARAMETER_VALUE",
        max_results=1,
        filter="name = 'other'",
        page_token=answer["next_page_token"],
    )
