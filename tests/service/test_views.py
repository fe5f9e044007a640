"""The life of views, on every database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mlflow import wire
from mlflow.exceptions import MlflowException
from mlflow.store import views
from tests.service.conftest import Ask
from tests.service.test_experiments import make, refused


def save(ask: Ask, name: str, **fields: Any) -> dict[str, Any]:
    asked = {"experiment_id": "0", "name": name, "state": "{}"} | fields
    found: dict[str, Any] = ask(wire.views.create, **asked)["view"]
    return found


def names(ask: Ask, experiment_id: str = "0") -> list[str]:
    listed = ask(wire.views.list_views, experiment_id=experiment_id)["views"]
    return [view["name"] for view in listed]


def test_a_view_is_saved_found_changed_and_deleted(ask: Ask) -> None:
    state = '{"columns": ["metrics.größe", "\\\\", "\\u0000"]}\n' + "損" * 1000
    view = save(ask, "best 損失", state=state)
    assert (view["experiment_id"], view["name"], view["state"]) == ("0", "best 損失", state)
    assert view["creation_time"] == view["last_update_time"]
    view_id = view["view_id"]
    assert ask(wire.views.get, view_id=view_id)["view"] == view
    renamed = ask(wire.views.update, view_id=view_id, name="other")["view"]
    assert (renamed["name"], renamed["state"]) == ("other", state)
    emptied = ask(wire.views.update, view_id=view_id, state="")["view"]
    assert (emptied["name"], emptied["state"]) == ("other", "")
    assert emptied["creation_time"] == view["creation_time"] <= emptied["last_update_time"]
    both = ask(wire.views.update, view_id=view_id, name="other", state="x" * 65_536)["view"]
    assert ask(wire.views.list_views, experiment_id="0")["views"] == [both]
    ask(wire.views.delete, view_id=view_id)
    assert names(ask) == []
    for endpoint, fields in (
        (wire.views.get, {}),
        (wire.views.update, {"name": "new"}),
        (wire.views.delete, {}),
    ):
        message = refused(ask, endpoint, "RESOURCE_DOES_NOT_EXIST", view_id=view_id, **fields)
        assert message == f"There is no view with id {view_id}; it may have been deleted."


def test_a_name_is_given_once_in_an_experiment(ask: Ask) -> None:
    other = make(ask, "other")
    view_id = save(ask, "a")["view_id"]
    for name in ("b", "A", "é"):
        save(ask, name)
    save(ask, "a", experiment_id=other)
    assert names(ask) == ["A", "a", "b", "é"]
    assert names(ask, other) == ["a"]
    taken = (
        "This experiment has a view named 'a' already. Choose another name, or update that view."
    )
    code = "RESOURCE_ALREADY_EXISTS"
    about = {"experiment_id": "0", "name": "a", "state": ""}
    assert refused(ask, wire.views.create, code, **about) == taken
    message = refused(ask, wire.views.update, code, view_id=view_id, name="b", state="new")
    assert message == taken.replace("'a'", "'b'")
    assert ask(wire.views.get, view_id=view_id)["view"]["state"] == "{}"
    assert ask(wire.views.update, view_id=view_id, name="a")["view"]["name"] == "a"


def test_of_many_at_once_one_gets_the_name(ask: Ask) -> None:
    def save_it(number: int) -> str:
        try:
            return str(save(ask, "same", state=str(number))["state"])
        except MlflowException as error:
            return error.error_code

    with ThreadPoolExecutor(6) as threads:
        told = list(threads.map(save_it, range(6)))
    assert told.count("RESOURCE_ALREADY_EXISTS") == 5
    (view,) = ask(wire.views.list_views, experiment_id="0")["views"]
    assert view["state"] in told


def test_an_experiment_has_not_more_views_than_are_listed(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_VIEWS", 2)
    first = save(ask, "a")
    save(ask, "b")
    about = {"experiment_id": "0", "name": "c", "state": ""}
    assert "has 2 views" in refused(ask, wire.views.create, "RESOURCE_EXHAUSTED", **about)
    assert "'b'" in refused(
        ask, wire.views.create, "RESOURCE_ALREADY_EXISTS", **about | {"name": "b"}
    )
    ask(wire.views.delete, view_id=first["view_id"])
    save(ask, "c")
    assert names(ask) == ["b", "c"]


def test_what_is_no_view(ask: Ask) -> None:
    view_id = save(ask, "a")["view_id"]
    good = {"experiment_id": "0", "name": "b", "state": ""}
    for endpoint, fields, words in (
        (wire.views.create, good | {"name": ""}, "Missing value for required parameter 'name'"),
        (wire.views.create, good | {"name": " \t"}, "it is blank"),
        (wire.views.create, good | {"name": "x" * 201}, "maximum length of 200"),
        (wire.views.create, good | {"name": "a\0"}, "NUL"),
        (wire.views.create, good | {"state": "x" * 65_537}, "maximum length of 65536"),
        (wire.views.create, good | {"experiment_id": "x"}, "an experiment id is a whole number"),
        (wire.views.get, {"view_id": "x"}, "'view_id': a view id is a whole number"),
        (wire.views.update, {"view_id": view_id}, "at least one of the parameters"),
        (wire.views.update, {"view_id": view_id, "name": ""}, "Missing value"),
        (wire.views.update, {"view_id": view_id, "state": "\0"}, "NUL"),
    ):
        assert words in refused(ask, endpoint, "INVALID_PARAMETER_VALUE", **fields)
    about = good | {"experiment_id": "99"}
    assert "99" in refused(ask, wire.views.create, "RESOURCE_DOES_NOT_EXIST", **about)
    assert names(ask) == ["a"]


def test_a_deleted_experiment_keeps_its_views_and_takes_no_more(ask: Ask) -> None:
    experiment_id = make(ask, "binned")
    save(ask, "a", experiment_id=experiment_id)
    ask(wire.experiments.delete, experiment_id=experiment_id)
    about = {"experiment_id": experiment_id, "name": "b", "state": ""}
    assert "deleted" in refused(ask, wire.views.create, "INVALID_PARAMETER_VALUE", **about)
    assert names(ask, experiment_id) == ["a"]
