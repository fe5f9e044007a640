"""What runs log: metrics, params and tags of many requests in one transaction.

All requests of a group are looked at first, with a fixed number of queries; a request that cannot
be done is left out as a whole and the others are written, again with a fixed number of statements.
The rows of the runs are locked in one order, so writers of several processes queue up and never
deadlock, and whatever belongs to a run is safe to read and change behind that lock.
"""

from time import monotonic
from typing import NamedTuple

import msgspec

from mlflow._clock import now_ms
from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException, invalid, missing
from mlflow.store import points as packing
from mlflow.store.changes import SLOW, tell_again
from mlflow.store.db import Connection, Database, Row
from mlflow.store.names import METRIC, PARAM, TAG, Names, Use, UsedNames
from mlflow.store.points import Points
from mlflow.wire.metrics import LogBatch

RUN_NAME = "mlflow.runName"
MERGE = 64  # blocks of a level that are merged into the next one
FINAL = 4096  # points in a block of the last level
LARGE = 512  # points with which a block is final at once
LONG = 100_000  # points of a series from which on final blocks keep their extremes as well
HEARD_EVERY = 10_000  # milliseconds; more often `runs.heard` is not brought up to date
YOUNG, MIDDLING, OLD = 0, 1, 2

SERIES = [
    "run_id",
    "key_id",
    "experiment_id",
    "count",
    "reals",
    "total",
    "first_step",
    "first_time",
    "first_value",
    "last_step",
    "last_time",
    "last_value",
    "min_value",
    "min_step",
    "max_value",
    "max_step",
    "latest",
    "young",
    "middling",
]
BLOCK = [
    "run_id",
    "key_id",
    "level",
    "count",
    "low_step",
    "high_step",
    "low_time",
    "high_time",
    "data",
]
_encode = msgspec.json.Encoder().encode


class Summary(msgspec.Struct):
    """A row of `series` in memory; NaN is None."""

    run_id: int
    key_id: int
    experiment_id: int
    count: int
    reals: int
    total: float
    first_step: int
    first_time: int
    first_value: float | None
    last_step: int
    last_time: int
    last_value: float | None
    min_value: float | None
    min_step: int | None
    max_value: float | None
    max_step: int | None
    latest: int
    young: int
    middling: int


class _Run(NamedTuple):
    id: int
    experiment_id: int
    deleted: int | None
    heard: int
    changed: int
    second: int


class Batches:
    """Applies log requests to a database."""

    def __init__(self, database: Database, names: Names, used: UsedNames) -> None:
        self._database = database
        self._names = names
        self._used = used

    def commit(self, requests: list[LogBatch]) -> list[Exception | None]:
        """Apply requests in one transaction; each answer is None or why it was left out."""
        wanted = {
            item.key
            for request in requests
            for items in (request.metrics, request.params, request.tags)
            for item in items
        }
        numbers = self._names.make(wanted)
        lock = self._database.for_update

        def work(connection: Connection) -> tuple[list[Exception | None], set[Use]]:
            group = _Group(connection, numbers, lock)
            return group.apply(requests), self._used.note(connection, group.used)

        begun = monotonic()
        errors, used = self._database.write(work)
        self._used.remember(used)
        if monotonic() - begun > SLOW:
            tell_again(self._database, "run_id", [request.run_id for request in requests], begun)
        return errors


class _Group:
    def __init__(self, connection: Connection, numbers: dict[str, int], lock: str) -> None:
        self.connection = connection
        self.numbers = numbers
        self.lock = lock
        self.now = now_ms()
        #: what is to be appended to documents, by run and column
        self.appended: dict[int, dict[str, list[bytes]]] = {}
        #: names that a run is the first to have, as far as is known
        self.used: set[Use] = set()

    def apply(self, requests: list[LogBatch]) -> list[Exception | None]:
        runs = self._lock({request.run_id for request in requests})
        errors: list[Exception | None] = [self._refusal(request, runs) for request in requests]
        valid = [request for request, error in zip(requests, errors, strict=True) if error is None]
        # All is read before anything is written, so that what is written can go as one statement.
        params, tags = self._values(valid, runs)
        summaries = self._summaries(valid, runs)
        self._params(requests, runs, errors, params)
        good = [request for request, error in zip(requests, errors, strict=True) if error is None]
        self._tags(good, runs, tags)
        self._append()
        self._metrics(good, runs, summaries)
        self._changed({runs[request.run_id].id: runs[request.run_id] for request in good})
        return errors

    def _lock(self, run_ids: set[str]) -> dict[str, _Run]:
        condition, parameters = self.connection.among("run_id", sorted(run_ids))
        rows = self.connection.all(
            "SELECT run_id, id, experiment_id, deleted, heard, changed,"
            f" {self.connection.second} FROM runs WHERE {condition} ORDER BY id{self.lock}",
            parameters,
        )
        return {row[0]: _Run(*row[1:]) for row in rows}

    def _refusal(self, request: LogBatch, runs: dict[str, _Run]) -> Exception | None:
        run = runs.get(request.run_id)
        if run is None:
            return missing(f"Run {request.run_id!r} not found.")
        if run.deleted is not None:
            return invalid(
                f"The run {request.run_id} must be in the 'active' state; it is deleted. "
                "Restore it before you log into it."
            )
        return None

    # -- params and tags -----------------------------------------------------

    def _values(
        self, requests: list[LogBatch], runs: dict[str, _Run]
    ) -> tuple[dict[tuple[int, int], str], dict[tuple[int, int], str]]:
        """The values that params and tags of these requests have now, by (run, name)."""
        selects: list[str] = []
        parameters: list[object] = []
        for number, table in enumerate(("params", "tags")):
            logging = [request for request in requests if getattr(request, table)]
            if not logging:
                continue
            logged = {runs[request.run_id].id for request in logging}
            names = {
                self.numbers[item.key] for request in logging for item in getattr(request, table)
            }
            run_is, runs_are = self.connection.among("run_id", sorted(logged))
            key_is, keys_are = self.connection.among("key_id", sorted(names))
            selects.append(
                f"SELECT {number}, run_id, key_id, value FROM {table} WHERE {run_is} AND {key_is}"
            )
            parameters += [*runs_are, *keys_are]
        found: tuple[dict[tuple[int, int], str], dict[tuple[int, int], str]] = ({}, {})
        if selects:
            for number, run, key, value in self.connection.all(
                " UNION ALL ".join(selects), parameters
            ):
                found[number][run, key] = value
        return found

    def _params(
        self,
        requests: list[LogBatch],
        runs: dict[str, _Run],
        errors: list[Exception | None],
        known: dict[tuple[int, int], str],
    ) -> None:
        rows: list[Row] = []
        for index, request in enumerate(requests):
            if errors[index] is not None or not request.params:
                continue
            run, experiment = runs[request.run_id][:2]
            fresh = {}
            for param in request.params:
                pair = (run, self.numbers[param.key])
                old = known.get(pair)
                if old is None:
                    fresh[pair] = param
                elif old != param.value:
                    errors[index] = MlflowException(
                        "Changing param values is not allowed. Param with key="
                        f"{param.key!r} was already logged with value={old!r} for run "
                        f"ID={request.run_id!r}. Attempted logging new value {param.value!r}.",
                        INVALID_PARAMETER_VALUE,
                    )
                    break
            else:
                for pair, param in fresh.items():
                    known[pair] = param.value
                    rows.append((*pair, param.value))
                    self.used.add((experiment, PARAM, pair[1]))
                    self._later("params", run, _encode(param))
        if rows:
            self.connection.put("params", ("run_id", "key_id", "value"), rows)

    def _later(self, column: str, run: int, part: bytes) -> None:
        self.appended.setdefault(run, {}).setdefault(column, []).append(part)

    def _append(self) -> None:
        for run, columns in self.appended.items():
            sets, values = [], []
            for column, parts in columns.items():
                text = b",".join(parts).decode()
                sets.append(f"{column} = CASE WHEN {column} = '' THEN ? ELSE {column} || ? END")
                values += [text, f",{text}"]
            self.connection.run(
                f"UPDATE documents SET {', '.join(sets)} WHERE run_id = ?", (*values, run)
            )

    def _tags(
        self,
        requests: list[LogBatch],
        runs: dict[str, _Run],
        known: dict[tuple[int, int], str],
    ) -> None:
        wanted: dict[tuple[int, int], str] = {}
        texts: dict[tuple[int, int], bytes] = {}
        for request in requests:
            run, experiment = runs[request.run_id][:2]
            for tag in request.tags:
                if tag.key == RUN_NAME and not tag.value:
                    continue  # a run always has a name
                pair = (run, self.numbers[tag.key])
                wanted[pair] = tag.value
                texts[pair] = _encode(tag)
                if pair not in known:
                    self.used.add((experiment, TAG, pair[1]))
        changed = {pair: value for pair, value in wanted.items() if known.get(pair) != value}
        if not changed:
            return
        rows = [(*pair, value) for pair, value in changed.items()]
        self.connection.put(
            "tags",
            ("run_id", "key_id", "value"),
            rows,
            keys=("run_id", "key_id"),
            update=("value",),
        )
        replaced = {run for run, _ in changed.keys() & known.keys()}
        for run in sorted(replaced):
            rewrite_tags(self.connection, run)
        for pair in changed:
            if pair[0] not in replaced:
                self._later("tags", pair[0], texts[pair])
        name_key = self.numbers.get(RUN_NAME)
        for (run, key), value in changed.items():
            if key == name_key:
                self.connection.run("UPDATE runs SET name = ? WHERE id = ?", (value, run))

    # -- metrics -------------------------------------------------------------

    def _metrics(
        self,
        requests: list[LogBatch],
        runs: dict[str, _Run],
        known: dict[tuple[int, int], Summary],
    ) -> None:
        series = self._gathered(requests, runs)
        if not series:
            return
        experiments = {run.id: run.experiment_id for run in runs.values()}
        changed: list[Summary] = []
        blocks: list[Row] = []
        to_merge: list[tuple[Summary, int]] = []
        for pair, new in series.items():
            summary = known.get(pair)
            if summary is not None and not _is_behind(new, summary):
                new = self._fresh(pair, new)
                if not new.steps:
                    continue
            elif summary is None:
                self.used.add((experiments[pair[0]], METRIC, pair[1]))
            level = OLD if len(new) >= LARGE else YOUNG
            is_long = level == OLD and summary is not None and summary.count > LONG
            thinned = packing.extremes(new) if is_long else None
            summary = summarise(summary, pair, experiments[pair[0]], new, thinned)
            blocks.append(_block(pair, level, new, thinned))
            if level == YOUNG:
                summary.young += 1
                if summary.young >= MERGE:
                    to_merge.append((summary, YOUNG))
            changed.append(summary)
        self._put(blocks)
        for summary, level in to_merge:
            self._merge(summary, level)
        self.connection.put(
            "series",
            SERIES,
            [msgspec.structs.astuple(summary) for summary in changed],
            keys=("run_id", "key_id"),
            update=SERIES[3:],
        )

    def _gathered(
        self, requests: list[LogBatch], runs: dict[str, _Run]
    ) -> dict[tuple[int, int], Points]:
        """The points of all requests, by (run, metric), in order."""
        gathered: dict[tuple[int, int], list] = {}  # type: ignore[type-arg]
        for request in requests:
            run = runs[request.run_id].id if request.metrics else 0
            by_key: dict[str, list] = {}  # type: ignore[type-arg]
            keys = {point.key for point in request.metrics}
            if len(keys) == 1:  # what trainings log in large batches
                by_key[keys.pop()] = request.metrics
            else:
                for point in request.metrics:
                    try:
                        by_key[point.key].append(point)
                    except KeyError:
                        by_key[point.key] = [point]
            for key, found in by_key.items():
                gathered.setdefault((run, self.numbers[key]), []).extend(found)
        return {
            pair: packing.ordered(
                [point.step for point in found],
                [point.timestamp for point in found],
                _floats([point.value for point in found]),
            )
            for pair, found in gathered.items()
        }

    def _summaries(
        self, requests: list[LogBatch], runs: dict[str, _Run]
    ) -> dict[tuple[int, int], Summary]:
        """The summaries of the metrics of these requests, by (run, metric)."""
        logged = {runs[request.run_id].id for request in requests if request.metrics}
        if not logged:
            return {}
        names = {self.numbers[point.key] for request in requests for point in request.metrics}
        run_is, runs_are = self.connection.among("run_id", sorted(logged))
        key_is, keys_are = self.connection.among("key_id", sorted(names))
        rows = self.connection.all(
            f"SELECT {', '.join(SERIES)} FROM series WHERE {run_is} AND {key_is}",
            [*runs_are, *keys_are],
        )
        return {(row[0], row[1]): Summary(*row) for row in rows}

    def _fresh(self, pair: tuple[int, int], new: Points) -> Points:
        """The points that are not stored yet; asked only when they may be."""
        rows = self.connection.all(
            "SELECT data FROM points WHERE run_id = ? AND key_id = ? AND high_time >= ?"
            " AND low_time <= ? AND high_step >= ? AND low_step <= ?",
            (*pair, min(new.times), max(new.times), new.steps[0], new.steps[-1]),
        )
        for (data,) in rows:
            new = packing.without(new, packing.unpack(data))
            if not new.steps:
                break
        return new

    def _put(self, blocks: list[Row]) -> None:
        if any(block[-1] is not None for block in blocks):
            self.connection.put("points", [*BLOCK, "extremes"], blocks)
        else:
            self.connection.put("points", BLOCK, [block[:-1] for block in blocks])

    def _merge(self, summary: Summary, level: int) -> None:
        """Merge all blocks of a level into few of the next one."""
        pair = (summary.run_id, summary.key_id)
        rows = self.connection.all(
            "SELECT id, data FROM points WHERE run_id = ? AND key_id = ? AND level = ?",
            (*pair, level),
        )
        whole = packing.merged([packing.unpack(data) for _, data in rows])
        if len(whole) >= FINAL or level == MIDDLING:
            parts, into = -(-len(whole) // FINAL), OLD
        else:
            parts, into = 1, MIDDLING
        size = -(-len(whole) // parts)
        blocks = []
        for start in range(0, len(whole), size):
            part = packing.taken(whole, range(start, min(start + size, len(whole))))
            is_long = into == OLD and summary.count > LONG
            blocks.append(_block(pair, into, part, packing.extremes(part) if is_long else None))

        condition, parameters = self.connection.among("id", [row[0] for row in rows])
        self.connection.run(f"DELETE FROM points WHERE {condition}", parameters)
        self._put(blocks)
        if level == YOUNG:
            summary.young = 0
            if into == MIDDLING:
                summary.middling += 1
                if summary.middling >= MERGE:
                    self._merge(summary, MIDDLING)
        else:
            summary.middling = 0

    def _changed(self, runs: dict[int, _Run]) -> None:
        """Note when runs were changed, and heard of: once in a second, and not with each point."""
        before = self.now - HEARD_EVERY
        stale = [
            number
            for number, run in runs.items()
            if run.changed != run.second or run.heard < before
        ]
        if stale:
            stale.sort()
            second = max(run.second for run in runs.values())
            condition, parameters = self.connection.among("id", stale)
            self.connection.run(
                f"UPDATE runs SET heard = ?, changed = ? WHERE {condition}",
                [self.now, second, *parameters],
            )


def rewrite_tags(connection: Connection, run: int) -> None:
    """Write the document of a run's tags anew from their rows."""
    rows = connection.all(
        "SELECT n.name, t.value FROM tags t JOIN names n ON n.id = t.key_id"
        " WHERE t.run_id = ? ORDER BY n.name",
        (run,),
    )
    text = b",".join(_encode({"key": key, "value": value}) for key, value in rows).decode()
    connection.run("UPDATE documents SET tags = ? WHERE run_id = ?", (text, run))


def _floats(values: list[float | bool]) -> list[float]:
    return values if set(map(type, values)) == {float} else [float(value) for value in values]


def _is_behind(new: Points, known: Summary) -> bool:
    """Whether all new points lie behind the known ones, so that none can be there already."""
    return new.steps[0] > known.last_step or min(new.times) > known.latest


def _block(pair: tuple[int, int], level: int, new: Points, thinned: Points | None) -> Row:
    """The row of a block; its last column are its extremes."""
    return (
        *pair,
        level,
        len(new),
        new.steps[0],
        new.steps[-1],
        min(new.times),
        max(new.times),
        packing.pack(new, squeeze=level > YOUNG),
        None if thinned is None else packing.pack(thinned),
    )


def summarise(
    known: Summary | None,
    pair: tuple[int, int],
    experiment_id: int,
    new: Points,
    thinned: Points | None = None,
) -> Summary:
    """The summary of the known points and the new ones, whose extremes may be known."""
    steps, times, values = new
    total = sum(values)
    reals = len(values)
    if total == total:
        real, real_steps = (values, steps) if thinned is None else (thinned.values, thinned.steps)
    else:  # a NaN is among them
        real_rows = [row for row in zip(values, steps, strict=True) if row[0] == row[0]]
        real, real_steps = [row[0] for row in real_rows], [row[1] for row in real_rows]
        total, reals = sum(real), len(real)
    low = min(real) if real else None
    high = max(real) if real else None
    fresh = Summary(
        run_id=pair[0],
        key_id=pair[1],
        experiment_id=experiment_id,
        count=len(new),
        reals=reals,
        total=packing.clamped(total),
        first_step=steps[0],
        first_time=times[0],
        first_value=_known(values[0]),
        last_step=steps[-1],
        last_time=times[-1],
        last_value=_known(values[-1]),
        min_value=low,
        min_step=None if low is None else real_steps[real.index(low)],
        max_value=high,
        max_step=None if high is None else real_steps[real.index(high)],
        latest=max(times),
        young=0,
        middling=0,
    )
    return fresh if known is None else _together(known, fresh)


def _together(old: Summary, new: Summary) -> Summary:
    old.count += new.count
    old.reals += new.reals
    old.total = packing.clamped(old.total + new.total)
    if _order(new.first_step, new.first_time, new.first_value) < _order(
        old.first_step, old.first_time, old.first_value
    ):
        old.first_step, old.first_time = new.first_step, new.first_time
        old.first_value = new.first_value
    if _order(new.last_step, new.last_time, new.last_value) > _order(
        old.last_step, old.last_time, old.last_value
    ):
        old.last_step, old.last_time = new.last_step, new.last_time
        old.last_value = new.last_value
    if new.min_value is not None and (old.min_value is None or new.min_value < old.min_value):
        old.min_value, old.min_step = new.min_value, new.min_step
    if new.max_value is not None and (old.max_value is None or new.max_value > old.max_value):
        old.max_value, old.max_step = new.max_value, new.max_step
    old.latest = max(old.latest, new.latest)
    return old


def _order(step: int, time: int, value: float | None) -> tuple[int, int, float]:
    # NaN counts as 0 here, as in the official server
    return (step, time, 0.0 if value is None else value)


def _known(value: float) -> float | None:
    return value if value == value else None
