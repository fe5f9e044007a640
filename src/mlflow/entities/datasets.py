"""Data sets as runs know them, and their link to a run."""

from mlflow.entities._base import Entity


class Dataset(Entity, omit_defaults=True):
    """A data set, known by name and digest.

    Args:
        source_type: kind of the source, such as `s3` or `code`.
        source: JSON of the source.
        schema: JSON of the schema.
        profile: JSON of the summary.
    """

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None

    def to_dictionary(self) -> dict[str, object]:
        """All fields by name."""
        return dict(self)


class InputTag(Entity):
    """A tag on the edge between a run and a data set."""

    key: str
    value: str


class DatasetInput(Entity, omit_defaults=True):
    """A data set that a run read; the tag `mlflow.data.context` says what for."""

    dataset: Dataset
    tags: list[InputTag] = []  # noqa: RUF012 - msgspec copies it for each object

    def to_dictionary(self) -> dict[str, object]:
        """The data set and its tags by name."""
        return {
            "dataset": self.dataset.to_dictionary(),
            "tags": {tag.key: tag.value for tag in self.tags},
        }
