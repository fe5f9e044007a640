"""A data set that is known by its source alone, without the data."""

import hashlib
import json
from typing import Any

from mlflow.data.dataset import Dataset
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.schema import columns_json
from mlflow.types.schema import Schema


class MetaDataset(Dataset):
    """What is known about data that are not in memory.

    Args:
        source: where the data are.
        name: None: `dataset`.
        digest: None: computed from name, source and schema.
        schema: types of the columns or tensors.
    """

    def __init__(
        self,
        source: DatasetSource,
        name: str | None = None,
        digest: str | None = None,
        schema: Schema | None = None,
    ) -> None:
        self._schema = schema
        super().__init__(source=source, name=name, digest=digest)

    def _compute_digest(self) -> str:
        known = {
            "name": self.name,
            "source": self.source.to_json(),
            "source_type": self._get_source_type(),
            "schema": "" if self._schema is None else self._schema.to_dict(),
        }
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:8]

    @property
    def profile(self) -> None:
        """Nothing: the data are not here."""
        return None

    @property
    def schema(self) -> Schema | None:
        """The schema that was given."""
        return self._schema

    def to_dict(self) -> dict[str, Any]:
        """What is kept of the data set."""
        known = super().to_dict()
        if self._schema is not None:
            known["schema"] = columns_json(self._schema)
        return known
