"""The REST interface: every endpoint, and nothing else.

Figures and shapes are those that the official server shows from outside.
"""

from mlflow.wire import artifacts, datasets, experiments, logged_models, metrics, runs, server
from mlflow.wire._endpoint import AnyEndpoint, Empty, Endpoint, Permission, Question

_NOUNS = (artifacts, datasets, experiments, logged_models, metrics, runs, server)
#: all endpoints, sorted by path
ENDPOINTS: tuple[AnyEndpoint, ...] = tuple(
    sorted(
        (value for noun in _NOUNS for value in vars(noun).values() if isinstance(value, Endpoint)),
        key=lambda endpoint: endpoint.route,
    )
)

__all__ = ["ENDPOINTS", "AnyEndpoint", "Empty", "Endpoint", "Permission", "Question"]
