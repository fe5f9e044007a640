"""Views through MlflowClient, in a folder and on a server."""

from __future__ import annotations

import pytest

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException


def test_views(place: str) -> None:
    client = MlflowClient(place)
    first = client.create_view("0", "first", '{"columns": ["größe"]}')
    second = client.create_view("0", "a second", "")
    assert client.list_views("0") == [second, first]
    assert client.get_view(first.view_id) == first
    changed = client.update_view(first.view_id, name="z", state="{}")
    assert (changed.name, changed.state, changed.experiment_id) == ("z", "{}", "0")
    with pytest.raises(MlflowException) as caught:
        client.create_view("0", "z", "")
    assert caught.value.error_code == "RESOURCE_ALREADY_EXISTS"
    client.delete_view(second.view_id)
    assert client.list_views("0") == [changed]
    with pytest.raises(MlflowException) as caught:
        client.get_view(second.view_id)
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
