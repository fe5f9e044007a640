"""Experiments: the methods of `MlflowClient`."""

from collections.abc import Sequence

from mlflow import wire
from mlflow.client._calls import Calls
from mlflow.entities import Experiment, ExperimentOverview, ExperimentTag, ViewType
from mlflow.entities.pages import PagedList
from mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
from mlflow.wire.experiments import (
    CreateExperiment,
    DeleteExperiment,
    DeleteExperimentTag,
    GetExperiment,
    GetExperimentByName,
    GetExperimentOverviews,
    RestoreExperiment,
    SearchExperiments,
    SetExperimentTag,
    UpdateExperiment,
)


class Experiments(Calls):
    """Create, find and change experiments."""

    def create_experiment(
        self,
        name: str,
        artifact_location: str | None = None,
        tags: dict[str, object] | None = None,
    ) -> str:
        """Create an experiment and give its id.

        Args:
            name: up to 500 characters; no other experiment, deleted ones included, may have it.
            artifact_location: URI where its runs keep artifacts; the server chooses by default.
            tags: values are kept as text.

        Raises:
            MlflowException: RESOURCE_ALREADY_EXISTS when the name is taken.
        """
        question = CreateExperiment(
            name=name,
            artifact_location=str(artifact_location) if artifact_location else None,
            tags=[ExperimentTag(key, str(value)) for key, value in (tags or {}).items()],
        )
        return self._send(wire.experiments.create, question).experiment_id

    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment with this id, a deleted one too.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST when there is none.
        """
        question = GetExperiment(experiment_id=str(experiment_id))
        return self._send(wire.experiments.get, question).experiment.entity()

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """The experiment with this name, a deleted one too; None when there is none."""
        question = GetExperimentByName(experiment_name=name)
        try:
            return self._send(wire.experiments.get_by_name, question).experiment.entity()
        except MlflowException as error:
            if error.error_code == RESOURCE_DOES_NOT_EXIST:
                return None
            raise

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int | None = 1000,
        filter_string: str | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """A page of experiments.

        Args:
            view_type: `ViewType.ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`.
            max_results: length of the page, 1 to 50000.
            filter_string: such as `name LIKE 'team/%' AND tags.stage = 'final'`.
            order_by: such as `["name DESC"]`; newest first by default.
            page_token: the `token` of the page before.
        """
        if isinstance(order_by, str):
            order_by = [order_by]
        question = SearchExperiments(
            view_type=view_name(view_type),
            max_results=1000 if max_results is None else max_results,
            filter=filter_string,
            order_by=list(order_by or ()),
            page_token=page_token,
        )
        page = self._send(wire.experiments.search, question)
        found = [message.entity() for message in page.experiments]
        return PagedList(found, page.next_page_token or None)

    def experiment_overviews(self, experiment_ids: Sequence[str] | str) -> list[ExperimentOverview]:
        """How many runs experiments have, and when something last happened in them.

        Args:
            experiment_ids: up to 1000 experiments, deleted ones too; those that are not there
                are left out of the answer.
        """
        if isinstance(experiment_ids, (str, int)):
            experiment_ids = [experiment_ids]
        question = GetExperimentOverviews(experiment_ids=[str(each) for each in experiment_ids])
        return self._read(wire.experiments.overview, question).experiments

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Give an active experiment another name."""
        question = UpdateExperiment(experiment_id=str(experiment_id), new_name=new_name)
        self._send(wire.experiments.update, question)

    def delete_experiment(self, experiment_id: str) -> None:
        """Move an experiment and its runs to the bin."""
        self._send(wire.experiments.delete, DeleteExperiment(experiment_id=str(experiment_id)))

    def restore_experiment(self, experiment_id: str) -> None:
        """Take an experiment and its runs out of the bin."""
        self._send(wire.experiments.restore, RestoreExperiment(experiment_id=str(experiment_id)))

    def set_experiment_tag(self, experiment_id: str, key: str, value: object) -> None:
        """Set a tag of an experiment; the value is kept as text."""
        question = SetExperimentTag(experiment_id=str(experiment_id), key=key, value=str(value))
        self._send(wire.experiments.set_tag, question)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Delete a tag of an experiment.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST when there is no such tag.
        """
        question = DeleteExperimentTag(experiment_id=str(experiment_id), key=key)
        self._send(wire.experiments.delete_tag, question)


def view_name(view_type: int) -> str:
    """A view type as the API writes it."""
    return ViewType(view_type).name
