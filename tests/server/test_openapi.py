"""The OpenAPI document says what the endpoints say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlflow.server.openapi import describe
from mlflow.wire import ENDPOINTS, STREAMED


def references(part: Any) -> Iterator[str]:
    """All `$ref`s in a part of the document."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_reference_leads_somewhere() -> None:
    document = describe()
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_every_endpoint_is_described_once() -> None:
    document = describe()
    described = [(path, method) for path, method, _ in operations(document)]
    wanted = [
        (each.template, method.lower())
        for each in (*ENDPOINTS, *STREAMED)
        for method in each.methods
    ]
    assert sorted(described) == sorted(wanted)
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for path, _, operation in operations(document):
        assert operation["summary"], path
        assert operation["x-permission"]["action"], path


def test_bodies_queries_and_errors() -> None:
    document = describe("/prefix", 1000)
    create = document["paths"]["/api/2.0/mlflow/experiments/create"]["post"]
    assert create["x-max-body-bytes"] == 1000
    assert set(create["responses"]) >= {"200", "400", "404", "413", "500"}
    question = create["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert document["components"]["schemas"][question.split("/")[-1]]["required"] == ["name"]
    get = document["paths"]["/api/2.0/mlflow/experiments/get"]["get"]
    assert [(one["name"], one["required"]) for one in get["parameters"]] == [
        ("experiment_id", True)
    ]
    assert document["servers"] == [{"url": "/prefix"}]


def test_what_the_rest_of_an_address_is() -> None:
    paths = describe()["paths"]
    create = paths["/api/2.0/mlflow-artifacts/mpu/create/{directory}"]["post"]
    assert [(one["name"], one["in"]) for one in create["parameters"]] == [("directory", "path")]
    part = paths["/api/2.0/mlflow-artifacts/mpu/part/{path}"]["put"]
    found = {one["name"]: (one["in"], one["required"]) for one in part["parameters"]}
    assert found == {
        "path": ("path", True),
        "upload_id": ("query", True),
        "part_number": ("query", True),
        "staging": ("query", False),
    }
    assert set(part["requestBody"]["content"]) == {"application/octet-stream"}
    content = paths["/api/2.0/mlflow-artifacts/artifacts/{path}"]
    assert set(content) == {"get", "head", "put", "delete"}
    assert "requestBody" not in content["delete"]
