"""Runs: the methods of `MlflowClient`."""

from collections.abc import Sequence

from mlflow import wire
from mlflow._clock import now_ms
from mlflow._ids import new_run_id
from mlflow.client._calls import Calls
from mlflow.client.experiments import view_name
from mlflow.entities import Run, RunStatus, RunTag, ViewType
from mlflow.entities.pages import PagedList
from mlflow.exceptions import invalid
from mlflow.wire.runs import CreateRun, DeleteRun, GetRun, RestoreRun, SearchRuns, UpdateRun

_PARENT = "mlflow.parentRunId"


class Runs(Calls):
    """Start, find and change runs."""

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: dict[str, object] | None = None,
        run_name: str | None = None,
    ) -> Run:
        """Start a run; it does not become the active run, and gets no tags but the given ones.

        Args:
            start_time: milliseconds since the epoch; now by default.
            tags: values are kept as text.
            run_name: made up by the server when not given.
        """
        question = creation(experiment_id, start_time, tags, run_name)
        return self._send(wire.runs.create, question).run.entity()

    def get_run(self, run_id: str) -> Run:
        """The run with this id, a deleted one too.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST when there is none.
        """
        return self._read(wire.runs.get, GetRun(run_id=run_id), run_id).run.entity()

    def get_parent_run(self, run_id: str) -> Run | None:
        """The run that a run is nested in, None when it is not nested."""
        parent = self.get_run(run_id).data.tags.get(_PARENT)
        return self.get_run(parent) if parent else None

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> PagedList[Run]:
        """A page of runs.

        Args:
            experiment_ids: experiments whose runs are searched.
            filter_string: such as `metrics.loss < 0.3 AND params.model = 'tree'`.
            run_view_type: `ViewType.ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`.
            max_results: length of the page, 1 to 50000.
            order_by: such as `["metrics.loss ASC"]`; newest first by default.
            page_token: the `token` of the page before.
            columns: what is wanted of each run, such as `["metrics.loss", "params.lr"]`;
                everything by default. Servers that do not know this give everything.
        """
        if isinstance(experiment_ids, (str, int)):
            experiment_ids = [experiment_ids]
        if isinstance(order_by, str):
            order_by = [order_by]
        if isinstance(columns, str):
            columns = [columns]
        question = SearchRuns(
            experiment_ids=[str(experiment_id) for experiment_id in experiment_ids],
            filter=filter_string or None,
            run_view_type=view_name(run_view_type),
            max_results=max_results,
            order_by=list(order_by or ()),
            page_token=page_token,
            columns=None if columns is None else list(columns),
        )
        page = self._read(wire.runs.search, question)
        return PagedList([message.entity() for message in page.runs], page.next_page_token or None)

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Change the status or the name of a run.

        Args:
            status: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED; a final one ends the run now.
        """
        question = UpdateRun(run_id=run_id, status=checked_status(status), run_name=name)
        if status and RunStatus.is_terminated(RunStatus.from_string(status)):
            question.end_time = now_ms()
        self._read(wire.runs.update, question, run_id)

    def set_terminated(
        self, run_id: str, status: str | None = None, end_time: int | None = None
    ) -> None:
        """End a run.

        Args:
            status: FINISHED by default, else FAILED or KILLED.
            end_time: milliseconds since the epoch; now by default.
        """
        question = UpdateRun(
            run_id=run_id,
            status=checked_status(status or "FINISHED"),
            end_time=now_ms() if end_time is None else int(end_time),
        )
        self._read(wire.runs.update, question, run_id)

    def delete_run(self, run_id: str) -> None:
        """Move a run to the bin."""
        self._read(wire.runs.delete, DeleteRun(run_id=run_id), run_id)

    def restore_run(self, run_id: str) -> None:
        """Take a run out of the bin."""
        self._send(wire.runs.restore, RestoreRun(run_id=run_id))


def creation(
    experiment_id: str,
    start_time: int | None = None,
    tags: dict[str, object] | None = None,
    run_name: str | None = None,
) -> CreateRun:
    """The question that starts a run."""
    texts = {key: str(value) for key, value in (tags or {}).items()}
    return CreateRun(
        experiment_id=str(experiment_id),
        # Older servers keep the user in a field of its own.
        user_id=texts.get("mlflow.user", "unknown"),
        run_name=run_name or texts.get("mlflow.runName") or None,
        start_time=now_ms() if start_time is None else int(start_time),
        tags=[RunTag(key, value) for key, value in texts.items()],
        # With an id of our own a request that is repeated after a lost answer starts no second run.
        run_id=new_run_id(),
    )


def checked_status(status: str | None) -> str | None:
    """A status name; refuses what is none, which servers would pass over in silence."""
    if status is None:
        return None
    if isinstance(status, int):
        status = RunStatus.to_string(status)
    names = [RunStatus.to_string(number) for number in RunStatus.all_status()]
    if status not in names:
        raise invalid(f"{status!r} is no run status; allowed are {', '.join(names)}.")
    return status
