"""A pandas frame as a data set."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlflow.data.dataset import Dataset, check_column, chosen_source, inferred
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.digests import frame_digest
from mlflow.data.schema import columns_json
from mlflow.exceptions import invalid
from mlflow.types.infer import infer_frame
from mlflow.types.schema import Schema

if TYPE_CHECKING:
    import pandas as pd


class PandasDataset(Dataset):
    """A pandas frame; made by `mlflow.data.from_pandas`."""

    def __init__(
        self,
        df: pd.DataFrame,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        if not hasattr(df, "columns"):
            raise invalid(f"from_pandas needs a pandas.DataFrame, not {type(df).__name__}.")
        check_column(targets, df.columns, "targets", "pandas DataFrame")
        check_column(predictions, df.columns, "predictions", "pandas DataFrame")
        self._df = df
        self._targets = targets
        self._predictions = predictions
        super().__init__(source=source, name=name, digest=digest)

    def _compute_digest(self) -> str:
        return frame_digest(self._df)

    @property
    def df(self) -> pd.DataFrame:
        """The frame."""
        return self._df

    @property
    def targets(self) -> str | None:
        """The column to be predicted."""
        return self._targets

    @property
    def predictions(self) -> str | None:
        """The column with predictions."""
        return self._predictions

    @property
    def profile(self) -> dict[str, Any]:
        """Number of rows, and of values."""
        return {"num_rows": len(self._df), "num_elements": int(self._df.size)}

    @cached_property
    def schema(self) -> Schema | None:
        """The types of the columns, None when they could not be told."""
        return inferred(lambda: infer_frame(self._df), "pandas")

    def to_dict(self) -> dict[str, Any]:
        """What is kept of the data set."""
        schema = None if self.schema is None else columns_json(self.schema)
        return super().to_dict() | {"schema": schema, "profile": json.dumps(self.profile)}


def from_pandas(
    df: pd.DataFrame,
    source: str | DatasetSource | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> PandasDataset:
    """A data set from a pandas frame.

    Args:
        df: the frame.
        source: where the data come from: a path, an address or a source; None: the running code.
        targets: name of the column to be predicted.
        name: None: `dataset`.
        digest: None: computed from the data.
        predictions: name of the column with predictions.

    Raises:
        MlflowException: a column that was named is not there, or the source is not known.
    """
    return PandasDataset(df, chosen_source(source), targets, name, digest, predictions)
