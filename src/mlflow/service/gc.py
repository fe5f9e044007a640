"""Emptying the bin: what is chosen, what is refused, and what is removed in which order.

The artifacts of a run go first, then its rows, while it is claimed so that nobody restores it (see
`store.gc`). Killed in between, the next call finds the run in the bin and goes on. A run whose
artifacts cannot be removed stays in the bin with all it has: nothing is left that nobody knows of.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from mlflow._addresses import hidden
from mlflow.exceptions import MlflowException, invalid, missing
from mlflow.service.places import Places, Space, Spot, Unreachable
from mlflow.store import Store
from mlflow.store.experiments import RELATIVE
from mlflow.store.gc import Bin, BinnedExperiment, BinnedRun, Size
from mlflow.wire._fields import experiment_number

T = TypeVar("T")
#: what one transaction removes at the most, unless a single run has more
_MOST_ROWS = 20_000
_MOST_RUNS = 200
_PAGE_BYTES = 4096  # so many bytes count as a row
_DEFAULT = 0  # the experiment that runs without one go to
#: runs whose artifacts are looked at or removed at the same time
_AT_ONCE = 8
#: how many runs are named whose artifacts cannot be removed
_MOST_SAID = 10
#: seconds after which a file that arrived in part only is left behind; resuming takes that long
PARTS_AGE = 7 * 86_400.0


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
    """How much belongs to runs of one experiment.

    Args:
        removed: the experiment itself goes.
        points, bytes: of metrics, and in the database, roughly.
        files, artifact_bytes: complete artifacts.
    """

    experiment_id: str
    name: str
    removed: bool = False
    runs: int = 0
    points: int = 0
    bytes: int = 0
    files: int = 0
    artifact_bytes: int = 0


class Report(msgspec.Struct):
    """What was removed, or would be.

    Args:
        experiments: a tally for each experiment that goes, or that runs go of.
        run_ids: the runs.
        parts, part_bytes: files and folders that arrived in part only, and were left behind.
        artifacts_left: how many runs have artifacts that cannot be removed, by their location.
        left: what stays against expectation, and why, as sentences.
        complete: whether everything went that was to go.
    """

    experiments: list[Tally] = []
    run_ids: list[str] = []
    parts: int = 0
    part_bytes: int = 0
    artifacts_left: dict[str, int] = {}
    left: list[str] = []
    complete: bool = True


class Voice(Protocol):
    """Hears of long work while it goes on."""

    def gone(self, sentence: str) -> None:
        """A run or an experiment was removed."""
        ...

    def step(self, what: str) -> None:
        """The next run or place is looked at; `what` says at what."""
        ...


class Collector:
    """Removes a choice from a store.

    Args:
        store: the open store.
        choice: what to remove.
        places: where its artifacts are.
        parts_older_than: seconds after which a file that arrived in part only is left behind.
        leave: remove runs although their artifacts cannot be removed.
        age: how the age was written, for messages.

    Raises:
        MlflowException: something was named that is not there, is active or is too young.
    """

    def __init__(
        self,
        store: Store,
        choice: Choice,
        places: Places,
        *,
        parts_older_than: float = PARTS_AGE,
        leave: bool = False,
        age: str = "",
    ) -> None:
        self._bin = Bin(store.database)
        self._choice = choice
        self._places = places
        self._parts_older_than = parts_older_than
        self._leave = leave
        self._age = age
        self._removed: dict[int, Tally] = {}
        self._failed: list[tuple[BinnedRun, MlflowException]] = []
        self.report = Report()
        self._check_runs(choice.run_ids or ())
        self._experiments = self._chosen_experiments()

    def survey(self, voice: Voice) -> Report:
        """What `collect` would remove now; changes nothing."""
        counted_twice = Space()

        def look(spot: Spot) -> tuple[Space, Space]:
            return self._places.look(spot, self._parts_older_than)

        with _pool() as pool:
            for runs in self._pages():
                sizes = self._bin.sizes([run.id for run in runs])
                for run, told in self._each(pool, runs, look, voice):
                    if told is None and not self._leave:
                        continue
                    space, old_parts = told or (Space(), Space())
                    counted_twice = counted_twice.plus(old_parts)
                    self._count(run, sizes[run.id], space)
        staying = self._staying()
        for experiment in self._experiments:
            self._tally(experiment.id).removed = experiment.id not in staying
        self._sweep(voice, dry=True)
        self.report.parts -= counted_twice.parts
        self.report.part_bytes -= counted_twice.part_bytes
        return self._finished()

    def collect(self, voice: Voice) -> Report:
        """Remove the choice.

        Args:
            voice: hears of each run and experiment once it is gone.
        """
        with _pool() as pool:
            for runs in self._pages():
                sizes = self._bin.sizes([run.id for run in runs])
                for group in _groups(runs, sizes):
                    self._remove(group, sizes, pool, voice)
        staying = self._staying()
        for experiment in self._experiments:
            if experiment.id in staying:
                continue  # said with its runs
            if not self._bin.remove_experiment(experiment.id, self._choice.before):
                self.report.left.append(
                    f"Experiment {experiment.id} ({experiment.name}) stays: it was restored, or "
                    "has runs that are active or were deleted too recently."
                )
                continue
            self._tally(experiment.id).removed = True
            with suppress(MlflowException):  # an empty folder harms nobody
                self._places.tidy(experiment.artifact_location, experiment.id)
            voice.gone(f"Experiment with ID {experiment.id} has been permanently deleted.")
        self._sweep(voice)
        return self._finished()

    def _remove(
        self,
        group: Sequence[BinnedRun],
        sizes: dict[int, Size],
        pool: ThreadPoolExecutor,
        voice: Voice,
    ) -> None:
        before = self._choice.before
        claimed = self._bin.claim([run.id for run in group], before)
        mine = [run for run in group if run.id in claimed]
        cleared, kept = {}, []
        for run, space in self._each(pool, mine, self._places.remove, voice):
            if space is not None or self._leave:
                cleared[run.id] = space or Space()
            else:
                kept.append(run.id)
        self._bin.release(kept)
        gone = self._bin.remove_runs(list(cleared), before) if cleared else set()
        for run in mine:
            if run.id in gone:
                self._count(run, sizes[run.id], cleared[run.id])
                voice.gone(f"Run with ID {run.run_id} has been permanently deleted.")

    def _each(
        self,
        pool: ThreadPoolExecutor,
        runs: Sequence[BinnedRun],
        work: Callable[[Spot], T],
        voice: Voice,
    ) -> Iterator[tuple[BinnedRun, T | None]]:
        """What `work` gives for the artifacts of each run, None where they cannot be reached."""
        begun: list[tuple[BinnedRun, Future[T]]] = []
        for run in runs:
            try:
                spot = self._places.find(run.artifact_uri, run.run_id)
            except MlflowException as error:
                self._failed.append((run, error))
                yield run, None
            else:
                begun.append((run, pool.submit(work, spot)))
        for run, future in begun:
            voice.step("run")
            told = None
            try:
                told = future.result()
            except MlflowException as error:
                self._failed.append((run, error))
            yield run, told

    def _sweep(self, voice: Voice, *, dry: bool = False) -> None:
        """Remove the parts that were left behind, wherever the store has artifacts."""
        if not self._choice.is_all:
            return
        said = {error.door for _, error in self._failed if isinstance(error, Unreachable)}
        for spot in self._places.everywhere(self._bin.locations()):
            voice.step("place")
            try:
                space = self._places.sweep(spot, self._parts_older_than, dry=dry)
            except MlflowException as error:
                door = spot.reach.name
                if door not in said:
                    said.add(door)
                    self.report.left.append(
                        f"Left-over parts in {door} were not looked for: {error.message}"
                    )
                continue
            self.report.parts += space.parts
            self.report.part_bytes += space.part_bytes

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

    def _count(self, run: BinnedRun, size: Size, space: Space) -> None:
        tally = self._tally(run.experiment_id)
        tally.runs += 1
        tally.points += size.points
        tally.bytes += size.bytes
        tally.files += space.files
        tally.artifact_bytes += space.bytes
        self.report.run_ids.append(run.run_id)
        self.report.parts += space.parts
        self.report.part_bytes += space.part_bytes

    def _staying(self) -> set[int]:
        """The experiments with runs that stay because of their artifacts."""
        return set() if self._leave else {run.experiment_id for run, _ in self._failed}

    def _finished(self) -> Report:
        report = self.report
        names = {experiment.id: experiment.name for experiment in self._experiments}
        names |= {
            experiment.id: experiment.name
            for experiment in self._bin.experiments(list(self._removed.keys() - names.keys()))
        }
        for number, tally in self._removed.items():
            tally.name = names.get(number, "")
        report.experiments = [
            self._removed[number]
            for number in sorted(self._removed)
            if self._removed[number].runs or self._removed[number].removed
        ]
        self._say_what_failed()
        return report

    def _say_what_failed(self) -> None:
        """One sentence for each place that is away, and for the first runs that fail otherwise."""
        report = self.report
        away: dict[str, tuple[str, list[str]]] = {}
        single: list[tuple[str, str]] = []
        for run, error in self._failed:
            location = run.artifact_uri.removesuffix(f"/{run.run_id}/artifacts")
            location = RELATIVE if location.startswith(RELATIVE) else hidden(location)
            report.artifacts_left[location] = report.artifacts_left.get(location, 0) + 1
            if isinstance(error, Unreachable):
                away.setdefault(error.door, (error.message, []))[1].append(run.run_id)
            else:
                single.append((error.message, run.run_id))
        report.left += [self._stays(*told) for told in away.values()]
        report.left += [self._stays(reason, [run]) for reason, run in single[:_MOST_SAID]]
        if rest := [run for _, run in single[_MOST_SAID:]]:
            report.left.append(self._stays("for reasons like these.", rest))
        report.complete = self._leave or not self._failed

    def _stays(self, reason: str, runs: Sequence[str]) -> str:
        which = f"run {runs[0]}" if len(runs) == 1 else f"{len(runs):,} runs"
        if self._leave:
            return f"The artifacts of {which} stay where they are: {reason}"
        they = "it stays" if len(runs) == 1 else "they stay"
        return f"The artifacts of {which} cannot be removed, so {they} in the bin: {reason}"


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that leave undone what they have not begun with when an error, or Ctrl-C, comes."""
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="gc")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


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
