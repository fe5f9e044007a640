"""What changes: the methods of `MlflowClient` that tell which runs were changed."""

import time
from collections.abc import Iterator, Sequence

import msgspec

from mlflow import wire
from mlflow._http import Session, Unanswered
from mlflow.client._calls import Calls, texts
from mlflow.client.transport import ServerAway, session_of
from mlflow.exceptions import MlflowException
from mlflow.wire._json import encode_query
from mlflow.wire.changes import ChangedRuns, GetChanged, WatchChanges

#: seconds between two questions, and before a lost connection is made anew
_PAUSE = 1.0
#: seconds without a word after which a stream counts as lost; the server says one every 15
_SILENCE = 45.0
_decode = msgspec.json.Decoder(ChangedRuns).decode


class Changes(Calls):
    """Learn which runs were changed, instead of reading all of them again."""

    def changed_runs(
        self, experiment_ids: Sequence[str] | str, since: str | None = None
    ) -> ChangedRuns:
        """The runs that were created, changed, deleted or restored since a cursor.

        A change is a metric, param, tag, input, status or name. Nothing is skipped; what was
        changed in the last seconds before a cursor is named again.

        Args:
            experiment_ids: experiments whose runs are looked at.
            since: the `cursor` of an earlier answer; None gives the cursor of now, and no runs.

        Returns:
            `run_ids`, at most 1000; `more`, whether there are further ones already; `cursor`.
        """
        question = GetChanged(experiment_ids=texts(experiment_ids), since=since)
        return self._read(wire.changes.get_changed, question)

    def watch_runs(
        self, experiment_ids: Sequence[str] | str, since: str | None = None
    ) -> Iterator[ChangedRuns]:
        """Wait for changes of runs, and give them as they happen; without end.

        From a server they come as a stream of events, about a second after the change; a lost
        connection is made anew and goes on where it was. A database is asked once a second. The
        first item comes at once and may name no runs.

        Args:
            experiment_ids, since: see `changed_runs`.
        """
        session = session_of(self._transport)
        question = WatchChanges(experiment_ids=texts(experiment_ids), since=since)
        question.check()
        return self._asked(question) if session is None else self._streamed(session, question)

    def _asked(self, question: WatchChanges) -> Iterator[ChangedRuns]:
        is_first = True
        while True:
            found = self.changed_runs(question.experiment_ids, question.since)
            question.since = found.cursor
            if found.run_ids or is_first:
                yield found
            is_first = False
            if not found.more:
                time.sleep(_PAUSE)

    def _streamed(self, session: Session, question: WatchChanges) -> Iterator[ChangedRuns]:
        while True:
            try:
                for found in _events(session, question):
                    question.since = found.cursor
                    yield found
            except (Unanswered, ServerAway):
                if question.since is None:  # it never answered
                    raise ServerAway(
                        f"The tracking server {session.base} cannot be reached, or cannot stream "
                        "changes now. Check that it is running, or try again later."
                    ) from None
            time.sleep(_PAUSE)


def _events(session: Session, question: WatchChanges) -> Iterator[ChangedRuns]:
    """The events of one connection, until it ends."""
    path = f"{wire.changes.watch_changes.route}?{encode_query(question)}"
    headers = {"Accept": "text/event-stream"}
    with session.stream("GET", path, headers, silence=_SILENCE) as streamed:
        if streamed.status in (502, 503, 504):
            raise ServerAway(f"{session.base} answered with status {streamed.status}.")
        if streamed.status != 200:
            text = streamed.body.decode("utf-8", "replace")[:500]
            raise MlflowException(
                f"{session.base} answered with status {streamed.status}: {text}",
                "ENDPOINT_NOT_FOUND" if streamed.status == 404 else "BAD_REQUEST",
            )
        for line in streamed.lines():
            if line.startswith(b"data: "):
                yield _decode(line[len(b"data: ") :])
