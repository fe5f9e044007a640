"""Every endpoint is defined once, has a permission and is served by one function."""

from __future__ import annotations

import pytest

from mlflow.service import HANDLERS
from mlflow.wire import ENDPOINTS, AnyEndpoint, Permission


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=repr)
def test_every_endpoint_is_served_and_says_what_it_does(endpoint: AnyEndpoint) -> None:
    assert endpoint in HANDLERS
    assert isinstance(endpoint.needs, Permission)
    assert endpoint.question.__doc__
    assert HANDLERS[endpoint].__doc__


def test_nothing_is_served_that_is_not_defined() -> None:
    assert set(HANDLERS) == set(ENDPOINTS)


def test_no_two_endpoints_share_a_route_and_method() -> None:
    taken = [
        (method, route)
        for endpoint in ENDPOINTS
        for method in endpoint.methods
        for route in endpoint.routes
    ]
    assert len(taken) == len(set(taken))


def test_permissions_name_a_field_of_the_question() -> None:
    for endpoint in ENDPOINTS:
        field = endpoint.needs.field
        if field not in (None, "experiments"):
            assert field in endpoint.question.__struct_fields__
