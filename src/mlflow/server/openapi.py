"""The description of the API, derived from its endpoints (OpenAPI 3.1)."""

from typing import Any

import msgspec

from mlflow.exceptions import HTTP_STATUS, INTERNAL_ERROR
from mlflow.version import MILLSTREAM_VERSION, VERSION
from mlflow.wire import ENDPOINTS, STREAMED, AnyEndpoint
from mlflow.wire.artifacts import Content

_ERRORS = {
    "400": "The question is wrong; the message says what, and what is allowed.",
    "401": "Nobody is logged in.",
    "403": "The login, the Host or the Origin does not allow it.",
    "404": "What was named does not exist.",
    "408": "The body did not arrive in time.",
    "412": "The file has another tag than the one that was asked for.",
    "413": "The body is larger than the server accepts.",
    "429": "Something is used up, such as the disk; try again later.",
    "500": "The server failed; its log has more under the `X-Request-Id` of the answer.",
    "503": "The server is busy, or cannot reach its database; try again later.",
    "507": "There is no room for the artifact.",
}
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_ABOUT = """\
The tracking API of MLflow as Millstream serves it. Every route is found under `/api` and, for \
pages of the server, under `/ajax-api`.

* Bodies are JSON objects with `Content-Type: application/json`; GET takes the same fields from \
the query string, lists as repeated parameters. Unknown fields are ignored.
* Paths of artifacts are the rest of an address, with their slashes; a field of that name in \
a body has no effect. Bodies of bytes have no limit but the one that is named.
* Times are milliseconds since the epoch. `NaN`, `Infinity` and `-Infinity` are text.
* Lists are paged: ask again with `page_token` set to `next_page_token` until there is none.
* Errors are `{"error_code": …, "message": …}`; repeating any logging request changes nothing.
"""


def describe(prefix: str = "", max_body_size: int | None = None) -> dict[str, Any]:
    """The OpenAPI document.

    Args:
        prefix: path in front of every route.
        max_body_size: largest body in bytes, if it is to be named.
    """
    kinds = sorted(
        {
            kind
            for endpoint in (*ENDPOINTS, *STREAMED)
            for kind in (endpoint.question, endpoint.answer)
        },
        key=lambda kind: kind.__name__,
    )
    found, schemas = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    schema_of = dict(zip(kinds, found, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in (*ENDPOINTS, *STREAMED):
        for method in endpoint.methods:
            operation = _operation(endpoint, method, schema_of, schemas, max_body_size)
            paths.setdefault(endpoint.template, {})[method.lower()] = operation
    schemas["Error"] = {
        "title": "Error",
        "type": "object",
        "properties": {
            "error_code": {"type": "string", "enum": sorted({*HTTP_STATUS, INTERNAL_ERROR})},
            "message": {"type": "string"},
            "sqlstate": {"type": "string"},
            "error_class": {"type": "string"},
        },
        "required": ["error_code", "message"],
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Millstream",
            "summary": f"MLflow tracking API, level {VERSION}",
            "description": _ABOUT,
            "version": MILLSTREAM_VERSION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": prefix or "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {
                status: {
                    "description": words,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
                    },
                }
                for status, words in _ERRORS.items()
            },
        },
    }


def _operation(
    endpoint: AnyEndpoint,
    method: str,
    schema_of: dict[Any, dict[str, Any]],
    schemas: dict[str, Any],
    max_body_size: int | None,
) -> dict[str, Any]:
    names = endpoint.path.removeprefix("/mlflow/").strip("/").split("/")
    summary, _, more = (endpoint.question.__doc__ or "").strip().partition("\n\n")
    given: Any = {"application/json": {"schema": schema_of[endpoint.answer]}}
    if endpoint.events:
        given = {"text/event-stream": {"schema": schema_of[endpoint.answer]}}
    elif endpoint.answer is Content:
        given = _BYTES
    operation: dict[str, Any] = {
        "operationId": "-".join([method.lower(), *names, *filter(None, [endpoint.rest])]),
        "tags": [names[0] if len(names) > 1 else "server"],
        "summary": summary.rstrip("."),
        "responses": {
            "200": {
                "description": (endpoint.answer.__doc__ or "").strip().partition("\n\n")[0],
                "content": given,
            },
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _ERRORS},
        },
        "x-permission": msgspec.to_builtins(endpoint.needs),
        "x-also-at": list(endpoint.routes[1:]),
    }
    if more:
        operation["description"] = "\n".join(line.strip() for line in more.splitlines())
    in_address = endpoint.streamed or method == "GET"
    parameters = _parameters(endpoint, schema_of[endpoint.question], schemas, in_address)
    if parameters:
        operation["parameters"] = parameters
    if method in ("POST", "PUT") and endpoint.streamed:
        operation["requestBody"] = {"required": True, "content": _BYTES}
    elif not in_address:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema_of[endpoint.question]}},
        }
        if max_body_size is not None:
            operation["x-max-body-bytes"] = max_body_size
    return operation


def _parameters(
    endpoint: AnyEndpoint, schema: dict[str, Any], schemas: dict[str, Any], in_address: bool
) -> list[dict[str, Any]]:
    """The fields of a question that are in the address: in the query string, or its path's rest."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "path" if name == endpoint.rest else "query",
            "required": name in required or name == endpoint.rest,
            "schema": field,
        }
        for name, field in schema.get("properties", {}).items()
        if in_address or name == endpoint.rest
    ]
