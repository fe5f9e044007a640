"""Where the data of a data set come from: the shape of all sources."""

import json
from abc import ABC, abstractmethod
from typing import Any

from mlflow.exceptions import MlflowException, invalid


class DatasetSource(ABC):
    """A place that data were read from, kept as JSON with the data set."""

    @staticmethod
    @abstractmethod
    def _get_source_type() -> str:
        """The kind of this source, kept beside its JSON."""

    @abstractmethod
    def load(self) -> Any:
        """The data, or the path of a local copy of them."""

    @staticmethod
    @abstractmethod
    def _can_resolve(raw_source: Any) -> bool:
        """Whether `raw_source`, such as an address, names a source of this kind."""

    @classmethod
    @abstractmethod
    def _resolve(cls, raw_source: Any) -> "DatasetSource":
        """The source that `raw_source` names."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """What the JSON holds."""

    @classmethod
    @abstractmethod
    def from_dict(cls, source_dict: dict[str, Any]) -> "DatasetSource":
        """The source whose JSON holds this."""

    def to_json(self) -> str:
        """The source as JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, source_json: str) -> "DatasetSource":
        """The source with this JSON.

        Raises:
            MlflowException: INVALID_PARAMETER_VALUE, it is no JSON object with the fields needed.
        """
        try:
            fields = json.loads(source_json)
        except ValueError as error:
            raise invalid(f"The source {source_json!r} is no JSON: {error}.") from None
        if not isinstance(fields, dict):
            raise invalid(f"The source {source_json!r} is no JSON object.")
        return cls.from_dict(fields)


def needed(source: type[DatasetSource], source_dict: dict[str, Any], key: str) -> Any:
    """The value of a field that the JSON of a source must have.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE, it is not there.
    """
    if source_dict.get(key) is None:
        raise invalid(f'Failed to parse {source.__name__}. Missing expected key: "{key}"')
    return source_dict[key]


def not_resolved(source: type[DatasetSource]) -> MlflowException:
    """What a source raises that cannot be named by an address."""
    return invalid(f"{source.__name__} cannot be made from an address alone.")
