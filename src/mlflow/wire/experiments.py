"""Experiments on the wire."""

import msgspec

from mlflow.entities.experiments import Experiment, ExperimentOverview, ExperimentTag
from mlflow.exceptions import invalid
from mlflow.wire import _fields as rules
from mlflow.wire._endpoint import Empty, Endpoint, Question, may


class ExperimentMessage(msgspec.Struct, omit_defaults=True):
    """An experiment as the API writes it; times are milliseconds since the epoch."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    last_update_time: int
    creation_time: int
    tags: list[ExperimentTag] = []
    workspace: str | None = None

    def entity(self) -> Experiment:
        """The experiment as users of the Python API see it."""
        return Experiment(
            experiment_id=self.experiment_id,
            name=self.name,
            artifact_location=self.artifact_location,
            lifecycle_stage=self.lifecycle_stage,
            tags={tag.key: tag.value for tag in self.tags},
            creation_time=self.creation_time,
            last_update_time=self.last_update_time,
        )


class CreateExperiment(Question, kw_only=True, omit_defaults=True):
    """Create an experiment."""

    name: str
    artifact_location: str | None = None
    tags: list[ExperimentTag] = []  # noqa: RUF012

    def check(self) -> None:
        rules.check_experiment_name(self.name)
        if self.artifact_location:
            rules.check_artifact_location(self.artifact_location)
        for index, tag in enumerate(self.tags):
            check_tag(tag.key, tag.value, f"tags[{index}].")


class CreatedExperiment(msgspec.Struct):
    """The id of a new experiment."""

    experiment_id: str


class GetExperiment(Question, kw_only=True, omit_defaults=True):
    """Get an experiment by its id; deleted ones are found too."""

    experiment_id: str

    def check(self) -> None:
        rules.experiment_number(self.experiment_id)


class GetExperimentByName(Question, kw_only=True, omit_defaults=True):
    """Get an experiment by its name; deleted ones are found too."""

    experiment_name: str

    def check(self) -> None:
        rules.require("experiment_name", self.experiment_name)


class FoundExperiment(msgspec.Struct):
    """One experiment."""

    experiment: ExperimentMessage


class SearchExperiments(Question, kw_only=True, omit_defaults=True):
    """Search experiments.

    `count` asks for the total number of matches as well.
    """

    max_results: int = 0
    page_token: str | None = None
    filter: str | None = None
    order_by: list[str] = []  # noqa: RUF012
    view_type: str | int | None = None
    count: bool = False

    def check(self) -> None:
        rules.check_max_results(self.max_results, rules.MAX_RESULTS_EXPERIMENTS)


class FoundExperiments(msgspec.Struct, omit_defaults=True):
    """A page of experiments."""

    experiments: list[ExperimentMessage] = []
    next_page_token: str | None = None
    total: int | None = None


class UpdateExperiment(Question, kw_only=True, omit_defaults=True):
    """Rename an experiment."""

    experiment_id: str
    new_name: str | None = None

    def check(self) -> None:
        rules.experiment_number(self.experiment_id)
        rules.check_experiment_name(self.new_name or "", "new_name")


class DeleteExperiment(Question, kw_only=True, omit_defaults=True):
    """Move an experiment and its runs to the bin."""

    experiment_id: str

    def check(self) -> None:
        rules.experiment_number(self.experiment_id)


class RestoreExperiment(Question, kw_only=True, omit_defaults=True):
    """Take an experiment and its runs out of the bin."""

    experiment_id: str

    def check(self) -> None:
        rules.experiment_number(self.experiment_id)


class SetExperimentTag(Question, kw_only=True, omit_defaults=True):
    """Set a tag of an experiment."""

    experiment_id: str
    key: str
    value: str = ""

    def check(self) -> None:
        rules.experiment_number(self.experiment_id)
        check_tag(self.key, self.value)


class DeleteExperimentTag(Question, kw_only=True, omit_defaults=True):
    """Delete a tag of an experiment."""

    experiment_id: str
    key: str

    def check(self) -> None:
        rules.experiment_number(self.experiment_id)
        rules.require("key", self.key)


class SearchDatasets(Question, kw_only=True, omit_defaults=True):
    """The data sets that runs of some experiments read."""

    experiment_ids: list[str] = []  # noqa: RUF012

    def check(self) -> None:
        if not 1 <= len(self.experiment_ids) <= 20:
            raise invalid(
                f"Invalid value for parameter 'experiment_ids': it has "
                f"{len(self.experiment_ids)} items; allowed are 1 to 20."
            )
        for experiment_id in self.experiment_ids:
            rules.experiment_number(experiment_id, "experiment_ids")


class DatasetSummary(msgspec.Struct, omit_defaults=True):
    """A data set that runs of an experiment read, and what for."""

    experiment_id: str
    name: str
    digest: str
    context: str | None = None


class FoundDatasets(msgspec.Struct, omit_defaults=True):
    """The data sets of some experiments."""

    dataset_summaries: list[DatasetSummary] = []


class GetExperimentOverviews(Question, kw_only=True, omit_defaults=True):
    """How many runs experiments have, and when something last happened in them."""

    experiment_ids: list[str] = []  # noqa: RUF012

    def check(self) -> None:
        if not 1 <= len(self.experiment_ids) <= 1000:
            raise invalid(
                f"Invalid value for parameter 'experiment_ids': it has "
                f"{len(self.experiment_ids)} items; allowed are 1 to 1000."
            )
        for experiment_id in self.experiment_ids:
            rules.experiment_number(experiment_id, "experiment_ids")


class ExperimentOverviews(msgspec.Struct):
    """Figures of experiments, in the order in which they were asked for."""

    experiments: list[ExperimentOverview]


def check_tag(key: str, value: str, place: str = "") -> None:
    """Refuse what cannot be a tag of an experiment."""
    rules.check_key(f"{place}key", key)
    rules.check_text(f"{place}value", value, rules.MAX_EXPERIMENT_TAG_VALUE)


_AT = "/mlflow/experiments"
create = Endpoint("POST", f"{_AT}/create", CreateExperiment, CreatedExperiment, needs=may.create)
get = Endpoint(
    "GET", f"{_AT}/get", GetExperiment, FoundExperiment, needs=may.read("experiment_id"), brief=True
)
get_by_name = Endpoint(
    "GET",
    f"{_AT}/get-by-name",
    GetExperimentByName,
    FoundExperiment,
    needs=may.read("experiment_name"),
    brief=True,
)
search = Endpoint(
    "POST",
    f"{_AT}/search",
    SearchExperiments,
    FoundExperiments,
    needs=may.read("experiments"),
    also=("GET",),
)
update = Endpoint("POST", f"{_AT}/update", UpdateExperiment, Empty, needs=may.edit("experiment_id"))
delete = Endpoint(
    "POST", f"{_AT}/delete", DeleteExperiment, Empty, needs=may.manage("experiment_id")
)
restore = Endpoint(
    "POST", f"{_AT}/restore", RestoreExperiment, Empty, needs=may.manage("experiment_id")
)
set_tag = Endpoint(
    "POST",
    f"{_AT}/set-experiment-tag",
    SetExperimentTag,
    Empty,
    needs=may.edit("experiment_id"),
    brief=True,
)
delete_tag = Endpoint(
    "POST",
    f"{_AT}/delete-experiment-tag",
    DeleteExperimentTag,
    Empty,
    needs=may.edit("experiment_id"),
)
search_datasets = Endpoint(
    "POST",
    f"{_AT}/search-datasets",
    SearchDatasets,
    FoundDatasets,
    needs=may.read("experiment_ids"),
    ajax_only=True,
)
overview = Endpoint(
    "POST",
    f"{_AT}/overview",
    GetExperimentOverviews,
    ExperimentOverviews,
    needs=may.read("experiment_ids"),
)
