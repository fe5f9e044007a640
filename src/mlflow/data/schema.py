"""The schema of data sets that are tensors."""

import json
from typing import Any

from mlflow.exceptions import invalid
from mlflow.types.schema import Schema


class TensorDatasetSchema:
    """The tensors of features and of targets.

    Args:
        features: schema of the features.
        targets: schema of the targets, None when there are none.
    """

    def __init__(self, features: Schema, targets: Schema | None = None) -> None:
        if not isinstance(features, Schema):
            raise invalid(f"features must be mlflow.types.Schema, got '{type(features)}'")
        if targets is not None and not isinstance(targets, Schema):
            raise invalid(
                f"targets must be either None or mlflow.types.Schema, got '{type(targets)}'"
            )
        self.features = features
        self.targets = targets

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; each of the two is itself JSON text."""
        return {
            "mlflow_tensorspec": {
                "features": self.features.to_json(),
                "targets": None if self.targets is None else self.targets.to_json(),
            }
        }

    @classmethod
    def from_dict(cls, schema_dict: dict[str, Any]) -> "TensorDatasetSchema":
        """The schema with this JSON form."""
        if "mlflow_tensorspec" not in schema_dict:
            raise invalid("The JSON of a tensor schema needs the field `mlflow_tensorspec`.")
        fields = schema_dict["mlflow_tensorspec"]
        features, targets = fields["features"], fields.get("targets")
        return cls(
            Schema.from_json(features), None if targets is None else Schema.from_json(targets)
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorDatasetSchema) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # columns can be renamed

    def __repr__(self) -> str:
        return f"features:\n  {self.features}\ntargets:\n  {self.targets}\n"


def columns_json(schema: Schema) -> str:
    """The schema of a table, as data sets keep it."""
    return json.dumps({"mlflow_colspec": schema.to_dict()})


def tensors_json(schema: TensorDatasetSchema | None) -> str | None:
    """The schema of tensors, as data sets keep it."""
    return None if schema is None else json.dumps(schema.to_dict())
