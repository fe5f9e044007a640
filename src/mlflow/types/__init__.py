"""Types of columns and tensors: what goes into a model or stands in a data set."""

from mlflow.types.schema import ColSpec, DataType, Schema, TensorSpec

__all__ = ["ColSpec", "DataType", "Schema", "TensorSpec"]
