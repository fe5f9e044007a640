"""Runs, as rows and as the messages that the API sends."""

import struct
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from mlflow._clock import now_ms
from mlflow.entities.metrics import Metric
from mlflow.entities.runs import RunStatus
from mlflow.search.tree import Node, Order
from mlflow.store.batches import RUN_NAME, rewrite_tags
from mlflow.store.changes import note, telling
from mlflow.store.datasets import Datasets
from mlflow.store.db import Connection, Database
from mlflow.store.experiments import RELATIVE
from mlflow.store.metrics import values_at
from mlflow.store.names import TAG, Names, Use, UsedNames
from mlflow.store.where import View, at_refs, run_count, run_search
from mlflow.wire.runs import InfoMessage, InputsMessage, OutputsMessage, PackedData, PackedRun

_COLUMNS = (
    "id, run_id, experiment_id, name, user_id, status, start_time, end_time, deleted, artifact_uri"
)
_STATUS = {number: RunStatus.to_string(number) for number in RunStatus.all_status()}
_PACKED = struct.Struct(">qdqq")
_encode = msgspec.json.Encoder().encode
#: after so many new runs the planner's statistics are brought up to date
GROWN = frozenset(250 * 2**power for power in range(8))
LONGEST_TAG = 60_000  # bytes; MySQL's TEXT holds a little more
PORTION = 1000  # runs that are put together at once
#: metrics, or hundreds of bytes of params and tags, in one answer; a page ends before its limit
#: rather than take all memory
LARGEST_ANSWER = 1_000_000


class RunRow(NamedTuple):
    """A row of `runs`; times in milliseconds since the epoch."""

    id: int
    run_id: str
    experiment_id: int
    name: str
    user_id: str
    status: int
    start_time: int
    end_time: int | None
    deleted: int | None
    artifact_uri: str

    def info(self, root: str) -> InfoMessage:
        """The row as the API writes it; `root` is where relative artifact locations begin."""
        return InfoMessage(
            run_uuid=self.run_id,
            experiment_id=str(self.experiment_id),
            run_name=self.name,
            user_id=self.user_id,
            status=_STATUS[self.status],
            start_time=self.start_time,
            artifact_uri=placed(self.artifact_uri, root),
            lifecycle_stage="active" if self.deleted is None else "deleted",
            run_id=self.run_id,
            end_time=self.end_time,
        )


class Found(NamedTuple):
    """A page of a search: its runs, where it ends if another follows, and the count if asked."""

    runs: list[PackedRun]
    end: list[Any] | None
    total: int | None


class Columns(NamedTuple):
    """Which params, metrics and tags of a run are asked for."""

    params: frozenset[str]
    metrics: frozenset[str]
    tags: frozenset[str]


def placed(location: str, root: str) -> str:
    """An artifact location as clients see it."""
    return root + location[1:] if location.startswith(RELATIVE) else location


class Runs:
    """Reads and writes runs."""

    def __init__(self, database: Database, names: Names, used: UsedNames) -> None:
        self._database = database
        self._names = names
        self._used = used
        self._made = 0

    def create(
        self,
        *,
        run_id: str,
        chosen: bool,
        experiment: int,
        name: str,
        user_id: str,
        start_time: int,
        tags: Mapping[str, str],
    ) -> RunRow | None:
        """Add a run; None when its experiment is not there, or deleted.

        If the id was `chosen` by a client and is there, that run is given.
        """
        numbers = self._names.make(tags)
        document = b",".join(_encode({"key": key, "value": tags[key]}) for key in tags).decode()

        may_be_there = chosen
        used: set[Use] = set()

        def work(connection: Connection) -> RunRow | None:
            nonlocal may_be_there, used
            if may_be_there and (there := self._row(connection, run_id)):
                return there
            may_be_there = True  # if this is tried again, as the answer to COMMIT was lost
            # Locked, so that no run is added to an experiment while it is being deleted.
            found = connection.one(
                f"SELECT artifact_location, {connection.second} FROM experiments"
                f" WHERE id = ? AND deleted IS NULL{self._database.for_share}",
                (experiment,),
            )
            if found is None:
                return None
            location, second = found
            artifact_uri = f"{location.rstrip('/')}/{run_id}/artifacts"
            row = {
                "run_id": run_id,
                "experiment_id": experiment,
                "name": name,
                "user_id": user_id,
                "status": RunStatus.RUNNING,
                "start_time": start_time,
                "artifact_uri": artifact_uri,
                "heard": now_ms(),
                "changed": second,
            }
            number = connection.insert("runs", row)
            connection.put("documents", ("run_id", "params", "tags"), [(number, "", document)])
            rows = [(number, numbers[key], value) for key, value in tags.items()]
            connection.put("tags", ("run_id", "key_id", "value"), rows)
            used = self._used.note(connection, [(experiment, TAG, row[1]) for row in rows])
            return RunRow(
                number,
                run_id,
                experiment,
                name,
                user_id,
                RunStatus.RUNNING,
                start_time,
                None,
                None,
                artifact_uri,
            )

        with telling(self._database, "run_id", [run_id]):
            made = self._database.write(work)
        self._used.remember(used)
        self._made += 1
        if self._made in GROWN:
            threading.Thread(target=self._database.refresh_statistics, daemon=True).start()
        return made

    def row(self, run_id: str) -> RunRow | None:
        """The run with an id, deleted or not."""
        return self._database.read(lambda connection: self._row(connection, run_id))

    @staticmethod
    def _row(connection: Connection, run_id: str, lock: str = "") -> RunRow | None:
        row = connection.one(f"SELECT {_COLUMNS} FROM runs WHERE run_id = ?{lock}", (run_id,))
        return RunRow(*row) if row else None

    def get(self, run_id: str, root: str) -> PackedRun | None:
        """The whole run, deleted or not."""

        def work(connection: Connection) -> PackedRun | None:
            row = self._row(connection, run_id)
            if row is None:
                return None
            run = self._whole(connection, [row], root, None)[0]
            assert run.inputs is not None
            run.inputs.model_inputs = Datasets.models_of(connection, [row.id])[0].get(row.id, [])
            return run

        return self._database.read(work)

    def update(
        self, run_id: str, status: int | None, end_time: int | None, name: str | None
    ) -> RunRow | None:
        """Change what is given; None when there is no such run, or it is deleted."""
        name_key = self._names.make([RUN_NAME])[RUN_NAME]

        def work(connection: Connection) -> RunRow | None:
            row = self._row(connection, run_id, self._database.for_update)
            if row is None or row.deleted is not None:
                return None
            row = row._replace(
                status=row.status if status is None else status,
                end_time=row.end_time if end_time is None else end_time,
                name=name or row.name,
            )
            connection.run(
                "UPDATE runs SET status = ?, end_time = ?, name = ?, heard = ?,"
                f" changed = {connection.second} WHERE id = ?",
                (row.status, row.end_time, row.name, now_ms(), row.id),
            )
            if name:
                connection.put(
                    "tags",
                    ("run_id", "key_id", "value"),
                    [(row.id, name_key, name)],
                    keys=("run_id", "key_id"),
                    update=("value",),
                )
                rewrite_tags(connection, row.id)
            return row

        with telling(self._database, "run_id", [run_id]):
            return self._database.write(work)

    def set_deleted(self, run_id: str, deleted: bool) -> RunRow | None:
        """Move a run to the bin or back, unless it is being removed for good.

        Returns:
            What it is then; None when there is no such run.
        """
        state = "deleted IS NULL" if deleted else "deleted >= 0"  # negative: see `gc`

        def work(connection: Connection) -> RunRow | None:
            connection.run(
                f"UPDATE runs SET deleted = ?, changed = {connection.second}"
                f" WHERE run_id = ? AND {state}",
                (now_ms() if deleted else None, run_id),
            )
            return self._row(connection, run_id)

        with telling(self._database, "run_id", [run_id]):
            return self._database.write(work)

    def extend_tag(self, run: int, key: str, item: object) -> bool:
        """Add an item to a tag that holds a JSON list; False when that would be too long."""
        key_id = self._names.make([key])[key]
        used: set[Use] = set()

        def work(connection: Connection) -> bool:
            nonlocal used
            used = set()
            lock = self._database.for_update
            experiment = connection.value(
                f"SELECT experiment_id FROM runs WHERE id = ?{lock}", (run,)
            )
            there = connection.value(
                "SELECT value FROM tags WHERE run_id = ? AND key_id = ?", (run, key_id)
            )
            text = f"{there[:-1]}, " if there else "["
            text += f"{_encode(item).decode()}]"
            if len(text.encode()) > LONGEST_TAG:
                return False
            connection.put(
                "tags",
                ("run_id", "key_id", "value"),
                [(run, key_id, text)],
                keys=("run_id", "key_id"),
                update=("value",),
            )
            rewrite_tags(connection, run)
            note(connection, run)
            if experiment is not None:
                used = self._used.note(connection, [(experiment, TAG, key_id)])
            return True

        with telling(self._database, "id", [run]):
            extended = self._database.write(work)
        self._used.remember(used)
        return extended

    def delete_tag(self, run: int, key: str) -> bool:
        """Delete a tag; False when there is none."""
        was_there = False  # stays true if this is tried again

        def work(connection: Connection) -> bool:
            nonlocal was_there
            key_id = self._names.number(connection, key)
            lock = self._database.for_update
            connection.one(f"SELECT id FROM runs WHERE id = ?{lock}", (run,))
            gone = connection.count(
                "DELETE FROM tags WHERE run_id = ? AND key_id = ?", (run, key_id)
            )
            if gone:
                rewrite_tags(connection, run)
                note(connection, run)
            was_there = was_there or bool(gone)
            return was_there

        with telling(self._database, "id", [run]):
            return self._database.write(work)

    def heard(self, run_ids: Sequence[str]) -> None:
        """Note that clients of these runs are alive."""

        def work(connection: Connection) -> None:
            condition, parameters = connection.among("run_id", sorted(run_ids))
            locked = connection.all(  # in the order in which writers lock them
                f"SELECT id FROM runs WHERE {condition} ORDER BY id{self._database.for_update}",
                parameters,
            )
            if locked:
                condition, parameters = connection.among("id", [row[0] for row in locked])
                connection.run(
                    f"UPDATE runs SET heard = ? WHERE {condition}", [now_ms(), *parameters]
                )

        self._database.write(work)

    def search(
        self,
        node: Node | None,
        orders: Sequence[Order],
        *,
        experiments: Sequence[int],
        view: View,
        limit: int,
        after: Sequence[Any] | None,
        root: str,
        columns: Columns | None,
        count: bool,
    ) -> Found:
        """A page of the runs that a filter describes.

        Args:
            node, orders: the filter and the order, parsed.
            experiments: numbers of the experiments to look in.
            view: which runs, by lifecycle.
            limit: most runs of the page.
            after: where the page before ended, as in `Found.end`.
            root: where relative artifact locations begin.
            columns: what to give of each run; None for everything.
            count: whether to count all matches as well.
        """

        def work(connection: Connection) -> Found:
            def number(name: str) -> int | None:
                return self._names.number(connection, name)

            scope: dict[str, Any] = {
                "experiment_ids": experiments,
                "key_ids": number,
                "view": view,
                "artifact_root": root,
                "ask": connection.all,
                "at_values": {
                    ref: values_at(connection, number(ref.key), ref.step, experiments)
                    for ref in at_refs(node, orders)
                },
            }
            search = run_search(
                connection.dialect, node, orders, limit=limit + 1, after=after, **scope
            )
            rows = search.fetch(connection.all)
            total = None
            if count:
                select = run_count(connection.dialect, node, **scope)
                total = connection.value(select.sql, select.params)
            numbers = [row[0] for row in rows[:limit]]
            runs, taken = self._by_numbers(connection, numbers, root, columns)
            return Found(runs, list(rows[taken - 1][1:]) if taken < len(rows) else None, total)

        return self._database.read(work)

    def _by_numbers(
        self, connection: Connection, numbers: list[int], root: str, columns: Columns | None
    ) -> tuple[list[PackedRun], int]:
        """The runs with the first of these numbers, and how many numbers that were."""
        runs: list[PackedRun] = []
        size = taken = 0
        while taken < len(numbers) and size < LARGEST_ANSWER:
            portion = numbers[taken : taken + PORTION]
            condition, parameters = connection.among("id", portion)
            found = {
                row[0]: RunRow(*row)
                for row in connection.all(
                    f"SELECT {_COLUMNS} FROM runs WHERE {condition}", parameters
                )
            }
            rows = [found[number] for number in portion if number in found]
            whole = self._whole(connection, rows, root, columns)
            size += sum(map(_size, whole))
            runs += whole
            taken += len(portion)
        return runs, taken

    # -- putting runs together -----------------------------------------------

    def _whole(
        self, connection: Connection, rows: list[RunRow], root: str, columns: Columns | None
    ) -> list[PackedRun]:
        if not rows:
            return []
        numbers = [row.id for row in rows]
        metrics = self._metrics(connection, numbers, columns)
        documents = self._documents(connection, numbers, columns)
        inputs = Datasets.inputs_of(connection, numbers) if columns is None else {}
        made = Datasets.models_of(connection, numbers)[1] if columns is None else {}
        runs = []
        for row in rows:
            params, tags = documents.get(row.id, (None, None))
            run = PackedRun(
                info=row.info(root),
                data=PackedData(metrics=metrics.get(row.id, []), params=params, tags=tags),
                inputs=InputsMessage(inputs.get(row.id, [])),
                outputs=OutputsMessage(made.get(row.id, [])),
            )
            runs.append(run)
        return runs

    def _metrics(
        self, connection: Connection, numbers: Sequence[int], columns: Columns | None
    ) -> dict[int, list[Metric]]:
        wanted = None if columns is None else self._numbers(connection, columns.metrics)
        if wanted is not None and not wanted:
            return {}
        condition, parameters = connection.among("run_id", numbers)
        if wanted:
            keys, more = connection.among("key_id", wanted)
            condition, parameters = f"{condition} AND {keys}", [*parameters, *more]
        if connection.dialect == "postgresql":
            return self._metrics_packed(connection, condition, parameters)
        found: dict[int, list[Metric]] = {}
        rows = connection.all(
            "SELECT run_id, key_id, last_value, last_time, last_step FROM series"
            f" WHERE {condition}",
            parameters,
        )
        names = self._names.texts(connection, {row[1] for row in rows})
        last, metrics = -1, []
        for run, key, value, time, step in rows:
            if run != last:
                last, metrics = run, found.setdefault(run, [])
            metrics.append(Metric(names[key], "NaN" if value is None else value, time, step))  # type: ignore[arg-type]
        return found

    def _metrics_packed(
        self, connection: Connection, condition: str, parameters: list[object]
    ) -> dict[int, list[Metric]]:
        # One row per run instead of one per metric: rows are what costs time on the way.
        rows = connection.all(
            "SELECT run_id, string_agg(int8send(key_id) || float8send(coalesce(last_value, 'NaN'))"
            " || int8send(last_time) || int8send(last_step), ''::bytea)"
            f" FROM series WHERE {condition} GROUP BY run_id",
            parameters,
        )
        unpacked = [(run, list(_PACKED.iter_unpack(data))) for run, data in rows]
        names = self._names.texts(connection, {item[0] for _, items in unpacked for item in items})
        return {
            run: [
                Metric(names[key], value if value == value else "NaN", time, step)  # type: ignore[arg-type]
                for key, value, time, step in items
            ]
            for run, items in unpacked
        }

    def _documents(
        self, connection: Connection, numbers: Sequence[int], columns: Columns | None
    ) -> dict[int, tuple[object, object]]:
        if columns is not None:
            params = self._pairs(connection, "params", numbers, columns.params)
            tags = self._pairs(connection, "tags", numbers, columns.tags)
            return {run: (params.get(run), tags.get(run)) for run in numbers}
        condition, parameters = connection.among("run_id", numbers)
        raw = msgspec.Raw
        return {
            run: (
                raw(f"[{params}]".encode()) if params else None,
                raw(f"[{tags}]".encode()) if tags else None,
            )
            for run, params, tags in connection.all(
                f"SELECT run_id, params, tags FROM documents WHERE {condition}", parameters
            )
        }

    def _pairs(
        self, connection: Connection, table: str, numbers: Sequence[int], keys: Iterable[str]
    ) -> dict[int, list[dict[str, str]]]:
        wanted = self._numbers(connection, keys)
        if not wanted:
            return {}
        runs, runs_are = connection.among("run_id", numbers)
        names_are, keys_are = connection.among("key_id", wanted)
        texts = self._names.texts(connection, wanted)
        found: dict[int, list[dict[str, str]]] = {}
        for run, key, value in connection.all(
            f"SELECT run_id, key_id, value FROM {table} WHERE {runs} AND {names_are}",
            [*runs_are, *keys_are],
        ):
            found.setdefault(run, []).append({"key": texts[key], "value": value})
        return found

    def _numbers(self, connection: Connection, names: Iterable[str]) -> list[int]:
        numbers = [self._names.number(connection, name) for name in names]
        return [number for number in numbers if number is not None]


def _size(run: PackedRun) -> int:
    """How much room a run takes, in units of a metric."""
    data = run.data
    documents = (data.params, data.tags)
    texts = sum(len(bytes(each)) for each in documents if isinstance(each, msgspec.Raw))
    return len(data.metrics) + texts // 100
