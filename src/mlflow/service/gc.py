"""Emptying the bin: what is chosen, what is refused, and what is removed in which order."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from mlflow.exceptions import MlflowException, invalid, missing
from mlflow.service import folders
from mlflow.store import Store
from mlflow.store.experiments import RELATIVE
from mlflow.store.gc import Bin, BinnedExperiment, BinnedRun, Size
from mlflow.wire._fields import experiment_number

#: what one transaction removes at the most, unless a single run has more
_MOST_ROWS = 20_000
_MOST_RUNS = 200
_PAGE_BYTES = 4096  # so many bytes count as a row
_DEFAULT = 0  # the experiment that runs without one go to


class Choice(NamedTuple):
    """What is to be removed.

    Args:
        before: only what was deleted at this time or earlier, in milliseconds since the epoch.
        run_ids, experiment_ids: only these runs, and these experiments with their runs; when both
            are None, all that is in the bin but the default experiment.
    """

    before: int
    run_ids: tuple[str, ...] | None = None
    experiment_ids: tuple[str, ...] | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing is named."""
        return self.run_ids is None and self.experiment_ids is None


class Tally(msgspec.Struct):
    """How much belongs to runs of one experiment; bytes are a rough figure."""

    experiment_id: str
    name: str
    removed: bool = False  # the experiment itself
    runs: int = 0
    points: int = 0
    bytes: int = 0


class Report(msgspec.Struct):
    """What was removed, or would be.

    Args:
        experiments: a tally for each experiment that goes, or that runs go of.
        run_ids: the runs.
        folders: local artifact folders that were removed.
        artifacts_left: how many runs have artifacts that stay, by their location.
        left: what stays against expectation, and why, as sentences.
    """

    experiments: list[Tally] = []
    run_ids: list[str] = []
    folders: int = 0
    artifacts_left: dict[str, int] = {}
    left: list[str] = []


class Collector:
    """Removes a choice from a store.

    Args:
        store: the open store.
        choice: what to remove.
        root: the folder on this machine that relative artifact locations begin at, None when
            artifacts are kept elsewhere.
        age: how the age was written, for messages.

    Raises:
        MlflowException: something was named that is not there, is active or is too young.
    """

    def __init__(
        self, store: Store, choice: Choice, root: Path | None = None, age: str = ""
    ) -> None:
        self._bin = Bin(store.database)
        self._choice = choice
        self._root = root
        self._age = age
        self._removed: dict[int, Tally] = {}
        self.report = Report()
        self._check_runs(choice.run_ids or ())
        self._experiments = self._chosen_experiments()

    def survey(self) -> Report:
        """What `collect` would remove now; changes nothing."""
        for runs in self._pages():
            sizes = self._bin.sizes([run.id for run in runs])
            for run in runs:
                self._count(run, sizes[run.id])
                if not self._is_here(run):
                    self._leave_artifacts(run)
        for experiment in self._experiments:
            self._tally(experiment.id).removed = True
        return self._finished()

    def collect(self, said: Callable[[str], object]) -> Report:
        """Remove the choice.

        Args:
            said: is called with a sentence for each run and experiment, once it is gone.
        """
        for runs in self._pages():
            sizes = self._bin.sizes([run.id for run in runs])
            for group in _groups(runs, sizes):
                gone = self._bin.remove_runs([run.id for run in group], self._choice.before)
                for run in group:
                    if run.id in gone:
                        self._count(run, sizes[run.id])
                        self._remove_artifacts(run)
                        said(f"Run with ID {run.run_id} has been permanently deleted.")
        for experiment in self._experiments:
            if not self._bin.remove_experiment(experiment.id, self._choice.before):
                self.report.left.append(
                    f"Experiment {experiment.id} ({experiment.name}) stays: it was restored, or "
                    "has runs that are active or were deleted too recently."
                )
                continue
            self._tally(experiment.id).removed = True
            if self._root is not None and experiment.artifact_location.startswith(RELATIVE):
                folders.remove_of_experiment(
                    self._root, experiment.artifact_location, experiment.id
                )
            said(f"Experiment with ID {experiment.id} has been permanently deleted.")
        if self._root is not None:
            folders.sweep(self._root)
        return self._finished()

    # -- what is chosen ------------------------------------------------------

    def _check_runs(self, run_ids: Sequence[str]) -> None:
        found = self._bin.runs(run_ids)
        for run_id in run_ids:
            if run_id not in found:
                raise missing(f"Run with id={run_id} not found")
            deleted = found[run_id].deleted
            if deleted is None:
                raise invalid(
                    f"Run {run_id} is not in the 'deleted' lifecycle stage, and only such runs can "
                    f"be removed. Delete it first: mlflow runs delete --run-id {run_id}"
                )
            if deleted > self._choice.before:
                raise self._too_young(f"Run {run_id}")

    def _chosen_experiments(self) -> list[BinnedExperiment]:
        if self._choice.is_all:
            old = [each for each in self._bin.experiments() if self._is_old(each)]
            for experiment in old:
                if experiment.id == _DEFAULT:
                    self.report.left.append(
                        f"Experiment {experiment.id} ({experiment.name}) stays: it is the default "
                        "one, and goes only when it is named."
                    )
            return [experiment for experiment in old if experiment.id != _DEFAULT]
        ids = self._choice.experiment_ids or ()
        numbers = [experiment_number(text, "experiment_ids") for text in ids]
        found = {experiment.id: experiment for experiment in self._bin.experiments(numbers)}
        for number in numbers:
            if number not in found:
                raise missing(f"No Experiment with id={number} exists")
            deleted_at = found[number].deleted
            if deleted_at is None:
                raise invalid(
                    f"Experiment {number} is not in the 'deleted' lifecycle stage, and only such "
                    "experiments can be removed. Delete it first: mlflow experiments delete "
                    f"--experiment-id {number}"
                )
            if deleted_at > self._choice.before:
                raise self._too_young(f"Experiment {number}")
        return list(found.values())

    def _is_old(self, experiment: BinnedExperiment) -> bool:
        return experiment.deleted is not None and experiment.deleted <= self._choice.before

    def _too_young(self, what: str) -> MlflowException:
        return invalid(
            f"{what} was deleted too recently: only what is older than {self._age} goes."
        )

    def _pages(self) -> Iterator[list[BinnedRun]]:
        choice = self._choice
        if choice.is_all:
            return self._bin.pages(choice.before)
        numbers = [experiment.id for experiment in self._experiments]
        return self._unique(
            self._bin.pages(choice.before, run_ids=choice.run_ids or (), experiments=numbers)
        )

    @staticmethod
    def _unique(pages: Iterator[list[BinnedRun]]) -> Iterator[list[BinnedRun]]:
        """Each run once, although it may be named and belong to an experiment that is."""
        seen: set[int] = set()
        for page in pages:
            fresh = [run for run in page if run.id not in seen]
            seen.update(run.id for run in fresh)
            if fresh:
                yield fresh

    # -- what is said --------------------------------------------------------

    def _tally(self, experiment: int) -> Tally:
        if experiment not in self._removed:
            self._removed[experiment] = Tally(str(experiment), "")
        return self._removed[experiment]

    def _count(self, run: BinnedRun, size: Size) -> None:
        tally = self._tally(run.experiment_id)
        tally.runs += 1
        tally.points += size.points
        tally.bytes += size.bytes
        self.report.run_ids.append(run.run_id)

    def _finished(self) -> Report:
        names = {experiment.id: experiment.name for experiment in self._experiments}
        names |= {
            experiment.id: experiment.name
            for experiment in self._bin.experiments(list(self._removed.keys() - names.keys()))
        }
        for number, tally in self._removed.items():
            tally.name = names.get(number, "")
        self.report.experiments = [self._removed[number] for number in sorted(self._removed)]
        return self.report

    # -- artifacts -----------------------------------------------------------

    def _is_here(self, run: BinnedRun) -> bool:
        return self._root is not None and run.artifact_uri.startswith(RELATIVE)

    def _remove_artifacts(self, run: BinnedRun) -> None:
        if self._root is None or not self._is_here(run):
            self._leave_artifacts(run)
            return
        try:
            self.report.folders += folders.remove_of_run(self._root, run.artifact_uri, run.run_id)
        except MlflowException as error:
            self.report.left.append(f"The artifacts of run {run.run_id} stay: {error.message}")

    def _leave_artifacts(self, run: BinnedRun) -> None:
        location = run.artifact_uri.removesuffix(f"/{run.run_id}/artifacts")
        left = self.report.artifacts_left
        left[location] = left.get(location, 0) + 1


def _groups(runs: Sequence[BinnedRun], sizes: dict[int, Size]) -> Iterator[list[BinnedRun]]:
    """The runs in groups that one transaction can remove without holding up others."""
    group: list[BinnedRun] = []
    weight = 0
    for run in runs:
        more = sizes[run.id].rows + sizes[run.id].bytes // _PAGE_BYTES
        if group and (weight + more > _MOST_ROWS or len(group) == _MOST_RUNS):
            yield group
            group, weight = [], 0
        group.append(run)
        weight += more
    if group:
        yield group
