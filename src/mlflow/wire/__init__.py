"""The REST interface: every endpoint, and nothing else.

Figures and shapes are those that the official server shows from outside.
"""

from mlflow.wire import (
    artifacts,
    changes,
    curves,
    datasets,
    experiments,
    logged_models,
    metrics,
    run_tables,
    runs,
    server,
    views,
)
from mlflow.wire._endpoint import AnyEndpoint, Empty, Endpoint, Permission, Question

_NOUNS = (
    artifacts,
    changes,
    curves,
    datasets,
    experiments,
    logged_models,
    metrics,
    run_tables,
    runs,
    server,
    views,
)
_ALL: list[AnyEndpoint] = sorted(
    (value for noun in _NOUNS for value in vars(noun).values() if isinstance(value, Endpoint)),
    key=lambda endpoint: endpoint.route,
)
#: all endpoints that take and give JSON, sorted by path
ENDPOINTS: tuple[AnyEndpoint, ...] = tuple(each for each in _ALL if not each.streamed)
#: all endpoints that take or give bytes, sorted by path
STREAMED: tuple[AnyEndpoint, ...] = tuple(each for each in _ALL if each.streamed)

__all__ = ["ENDPOINTS", "STREAMED", "AnyEndpoint", "Empty", "Endpoint", "Permission", "Question"]
