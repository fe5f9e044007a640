"""What changes, on the wire: the runs that were changed since a time, asked for or as a stream."""

import msgspec

from mlflow.exceptions import invalid
from mlflow.wire import _fields as rules
from mlflow.wire._endpoint import Endpoint, Question, may

MOST_EXPERIMENTS = 1000
MOST_RUNS = 1000  # named at once


class GetChanged(Question, kw_only=True, omit_defaults=True):
    """The runs that were created, changed, deleted or restored since a cursor.

    A change is a metric, param, tag, input, status or name. Without `since` the answer names no
    runs and has the cursor of now. A cursor never skips a change, and may name one twice: what
    was changed in its last seconds is named again.
    """

    experiment_ids: list[str] = []  # noqa: RUF012 - msgspec copies it for each object
    since: str | None = None

    def check(self) -> None:
        if not self.experiment_ids:
            raise rules.absent("experiment_ids")
        if len(self.experiment_ids) > MOST_EXPERIMENTS:
            raise invalid(
                "Invalid value for parameter 'experiment_ids': at most "
                f"{MOST_EXPERIMENTS} can be asked for; got {len(self.experiment_ids)}."
            )
        for experiment_id in self.experiment_ids:
            rules.experiment_number(experiment_id, "experiment_ids")
        self.place()

    def place(self) -> "tuple[int | None, int, int] | None":
        """What `since` says; None when it is not given.

        Returns:
            Where to begin once all pages are read, None when this is the first page; and the
            place behind which this page begins: the second of a change, and number of the run.
        """
        if self.since is None:
            return None
        parts = self.since.split("-")
        if all(part.isascii() and part.isdigit() and len(part) < 16 for part in parts):
            numbers = [int(part) for part in parts]
            if len(numbers) == 1:
                return None, numbers[0], 0
            if len(numbers) == 3:
                return numbers[0], numbers[1], numbers[2]
        raise invalid(
            f"Invalid value {self.since[:100]!r} for parameter 'since': it is not a cursor that "
            "this server gave."
        )


class WatchChanges(GetChanged, kw_only=True, omit_defaults=True):
    """The same as a stream of events (`text/event-stream`), as they happen.

    Each event `runs` has the answer as its data and the cursor as its id; the first comes at
    once. A client that lost its connection goes on where it was by `Last-Event-ID`. A comment
    every 15 seconds shows that the stream is alive.
    """


class ChangedRuns(msgspec.Struct):
    """Ids of runs, the cursor to ask with next, and whether there is more behind it already."""

    run_ids: list[str]
    more: bool
    cursor: str


get_changed = Endpoint(
    "POST",
    "/mlflow/runs/changed",
    GetChanged,
    ChangedRuns,
    needs=may.read("experiment_ids"),
)
watch_changes = Endpoint(
    "GET",
    "/mlflow/runs/changes",
    WatchChanges,
    ChangedRuns,
    needs=may.read("experiment_ids"),
    streamed=True,
    events=True,
)
