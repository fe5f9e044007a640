"""Tables: the methods of `MlflowClient`."""

import fcntl
import hashlib
import json
import logging
import os
import re
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlflow import wire
from mlflow.blobs.disk.locks import let_go
from mlflow.blobs.place import Busy
from mlflow.client import rows
from mlflow.client.images import from_image, preview
from mlflow.client.places import Places, checked_file, content
from mlflow.entities import Run
from mlflow.exceptions import invalid, missing
from mlflow.wire import _fields as rules
from mlflow.wire.metrics import SetTag
from mlflow.wire.runs import GetRun, SearchRuns

if TYPE_CHECKING:
    from pandas import DataFrame

_LOGGED = "mlflow.loggedArtifacts"
_AT_ONCE = 8
_LOCKS = 64
_MOST_ATTEMPTS = 100
_RUNS_AT_ONCE = 100
#: (tracking URI, run, path) of tables that are known to be named in the tag of their run
_named: set[tuple[str, str, str]] = set()
_MOST_NAMED = 10_000

_logger = logging.getLogger(__name__)


class Tables(Places):
    """Log tables, row by row if need be, and read them back from many runs."""

    def log_table(
        self, run_id: str, data: "Mapping[str, Any] | DataFrame", artifact_file: str
    ) -> None:
        """Log a table, or add its rows to one that the run has.

        Several threads and processes of one machine may add to the same table at once: they wait
        for each other. Processes on several machines notice when somebody else wrote while they
        read, and begin again; in the moment of writing itself the last one wins, so give each
        machine a table of its own and read them together with `load_table`.

        Args:
            data: a DataFrame, or columns by name: lists of one length, and values that stand in
                every row. Images (`mlflow.Image`, or of Pillow) are kept as files of their own.
                In .json, what is no number becomes null and other objects become their text.
            artifact_file: path of the file, with .json or .parquet at its end. The latter needs
                pandas with pyarrow.

        Raises:
            TypeError: the data are no table.
            MlflowException: the name is refused, what is there under it is no table, or it could
                not be kept; then the table is as it was.
        """
        path = checked_file(artifact_file)
        rows.check(data, path)
        place = self._artifacts(run_id)
        folder = f"table_images/{path.rpartition('.')[0]}"

        def keep(image: Any) -> dict[str, str]:
            name = f"{folder}/{uuid.uuid4()}"
            kept = {"type": "image", "filepath": f"{name}.png"}
            self._put(run_id, f"{name}.png", from_image(image, ".png"))
            if (small := preview(image)) is not None:
                self._put(run_id, f"{name}.webp", small)
                kept["compressed_filepath"] = f"{name}.webp"
            return kept

        table = rows.written(data, path, keep)
        with _alone(f"{self._transport.uri} {run_id} {path}"):
            for _ in range(_MOST_ATTEMPTS):
                before = place.look(path)
                old = None if before is None else content(place, path)
                whole = rows.appended(old, table, path)
                if place.look(path) == before:
                    break
            else:
                raise Busy(f"Others write to the table {path!r} all the time: nothing was added.")
            self._put(run_id, path, whole)
            self._name(run_id, path)

    def load_table(
        self,
        experiment_id: str,
        artifact_file: str,
        run_ids: Sequence[str] | None = None,
        extra_columns: Sequence[str] | None = None,
    ) -> "DataFrame":
        """The rows that the runs of an experiment have in a table, the newest run first.

        Values are as they were logged: text that looks like a number or a date stays text.

        Args:
            artifact_file: path of the table in each run.
            run_ids: only these runs; those that have no such table are left out, with a warning.
            extra_columns: columns to add that say what is known of the run of each row: run_id,
                experiment_id, status, artifact_uri, start_time, end_time, metrics.NAME,
                params.NAME and tags.NAME.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST when no run has such a table.
        """
        path = checked_file(artifact_file)
        rows.check_name(path)
        columns = list(extra_columns or ())
        for name in columns:
            _check_column(name)
        if run_ids is None:
            runs = self._with_table(str(experiment_id), path)
        else:
            runs = self._with_ids(str(experiment_id), [str(run_id) for run_id in run_ids])
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="tables") as pool:
            found = list(
                pool.map(lambda run: content(self._artifacts(run.info.run_id), path), runs)
            )
        there = [
            (whole, {name: _column(run, name) for name in columns})
            for run, whole in zip(runs, found, strict=True)
            if whole is not None
        ]
        if not there:
            raise missing(f"No run of the experiment {experiment_id} has a table {path!r}.")
        if len(there) < len(run_ids if run_ids is not None else runs):
            _logger.warning("Not all of the runs have a table %r; the others are left out.", path)
        frame: DataFrame = rows.loaded(there, path)
        return frame

    def _name(self, run_id: str, path: str) -> None:
        """Name a table in the tag by which `load_table` and the pages of a server find it."""
        key = (self._transport.uri, run_id, path)
        if key in _named:
            return
        run = self._read(wire.runs.get, GetRun(run_id=run_id), run_id).run.entity()
        named = _tables(run)
        if path not in [entry.get("path") for entry in named]:
            text = json.dumps([*named, {"path": path, "type": "table"}])
            if len(text) > rules.MAX_RUN_TAG_VALUE:
                _logger.warning(
                    "Run %s has so many tables that their names do not fit into its tag %s: "
                    "load_table finds %r only when it is given the run.",
                    *(run_id, _LOGGED, path),
                )
            else:
                tag = SetTag(run_id=run_id, key=_LOGGED, value=text)
                self._send(wire.metrics.set_tag, tag)
        if len(_named) >= _MOST_NAMED:
            _named.clear()
        _named.add(key)

    def _with_table(self, experiment_id: str, path: str) -> list[Run]:
        # The path as a pattern: what is written in JSON in several ways, or means something in the
        # filter, may be anything; the tag itself decides.
        pattern = re.sub(r"[^A-Za-z0-9./ \-]+", "%", path)
        found = self._search(experiment_id, f"tags.`{_LOGGED}` LIKE '%{pattern}%'")
        return [run for run in found if path in [entry.get("path") for entry in _tables(run)]]

    def _with_ids(self, experiment_id: str, run_ids: list[str]) -> list[Run]:
        found: list[Run] = []
        for start in range(0, len(run_ids), _RUNS_AT_ONCE):
            ids = run_ids[start : start + _RUNS_AT_ONCE]
            for run_id in ids:
                rules.check_run_id(run_id)
            names = ", ".join(f"'{run_id}'" for run_id in ids)
            found += self._search(experiment_id, f"attributes.run_id IN ({names})")
        return sorted(found, key=lambda run: run.info.start_time or 0, reverse=True)

    def _search(self, experiment_id: str, condition: str) -> Iterator[Run]:
        question = SearchRuns(experiment_ids=[experiment_id], filter=condition)
        while True:
            page = self._read(wire.runs.search, question)
            yield from (message.entity() for message in page.runs)
            if not page.next_page_token:
                return
            question.page_token = page.next_page_token


def _tables(run: Run) -> list[dict[str, Any]]:
    """What the tag of a run names; nothing when it cannot be read."""
    try:
        named = json.loads(run.data.tags.get(_LOGGED, "[]"))
    except ValueError:
        return []
    return [entry for entry in named if isinstance(entry, dict)] if isinstance(named, list) else []


_INFOS = ("run_id", "experiment_id", "status", "artifact_uri")
_TIMES = ("start_time", "end_time")


def _check_column(name: str) -> None:
    if name not in _INFOS + _TIMES and not name.startswith(("metrics.", "params.", "tags.")):
        raise invalid(
            f"{name!r} is no column of runs: allowed are {', '.join(_INFOS + _TIMES)}, "
            "metrics.NAME, params.NAME and tags.NAME."
        )


def _column(run: Run, name: str) -> Any:
    if name in _INFOS:
        return getattr(run.info, name)
    if name in _TIMES:
        import pandas

        return pandas.to_datetime(getattr(run.info, name), unit="ms", utc=True)
    kind, _, key = name.partition(".")
    return getattr(run.data, kind).get(key, float("nan") if kind == "metrics" else None)


@contextmanager
def _alone(key: str) -> Iterator[None]:
    """Keep the other threads and processes of this user on this machine out."""
    number = int(hashlib.sha256(key.encode()).hexdigest(), 16) % _LOCKS
    path = os.path.join(tempfile.gettempdir(), f"mlflow-tables-{os.getuid()}-{number}.lock")
    # What somebody else has put there is not opened: the sticky bit keeps ours ours.
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:  # no folder for it: what remains is to look before writing
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        let_go(handle)
