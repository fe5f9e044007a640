"""Data sets and models that runs read or made, as rows."""

from collections.abc import Sequence

from mlflow.entities.datasets import Dataset, DatasetInput, InputTag
from mlflow.entities.runs import LoggedModelInput, LoggedModelOutput
from mlflow.store.changes import note, telling
from mlflow.store.db import Connection, Database
from mlflow.wire.experiments import DatasetSummary

CONTEXT = "mlflow.data.context"
_FIELDS = ("name", "digest", "source_type", "source", "schema", "profile")
_COLUMNS = ("name", "digest", "source_type", "source", "schema_json", "profile_json")


class Datasets:
    """Reads and writes what runs read and made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_inputs(
        self,
        run: int,
        experiment: int,
        datasets: Sequence[DatasetInput],
        models: Sequence[LoggedModelInput],
    ) -> None:
        """Note what a run reads; what is noted already stays as it is."""

        def work(connection: Connection) -> None:
            note(connection, run)  # locks the run first, as everything does that writes into it
            # In one order, so that nobody deadlocks.
            for given in sorted(
                datasets, key=lambda each: (each.dataset.name, each.dataset.digest)
            ):
                self._add_input(connection, run, experiment, given)
            rows = [(run, 0, model.model_id, 0) for model in models]
            self._add_models(connection, rows)

        with telling(self._database, "id", [run]):
            self._database.write(work)

    def _add_input(
        self, connection: Connection, run: int, experiment: int, given: DatasetInput
    ) -> None:
        dataset = given.dataset
        row = (experiment, *(getattr(dataset, name) for name in _FIELDS))
        key = ("experiment_id", "name", "digest")
        connection.put("datasets", ("experiment_id", *_COLUMNS), [row], keys=key)
        number = connection.value(
            "SELECT id FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?",
            (experiment, dataset.name, dataset.digest),
        )
        known = connection.one(
            "SELECT 1 FROM inputs WHERE run_id = ? AND dataset_id = ?", (run, number)
        )
        if known:
            return
        pair = ("run_id", "dataset_id")
        connection.put("inputs", pair, [(run, number)], keys=pair)
        tags = {tag.key: tag.value for tag in given.tags}
        connection.put(
            "input_tags",
            ("run_id", "dataset_id", "name", "value"),
            [(run, number, name, value) for name, value in tags.items()],
            keys=("run_id", "dataset_id", "name"),
        )

    def add_outputs(self, run: int, models: Sequence[LoggedModelOutput]) -> None:
        """Note models that a run makes."""
        rows = [(run, 1, model.model_id, model.step) for model in models]

        def work(connection: Connection) -> None:
            note(connection, run)
            self._add_models(connection, rows)

        with telling(self._database, "id", [run]):
            self._database.write(work)

    @staticmethod
    def _add_models(connection: Connection, rows: list[tuple[int, int, str, int]]) -> None:
        if rows:
            columns = ("run_id", "made", "model_id", "step")
            connection.put("run_models", columns, rows, keys=columns[:3])

    @staticmethod
    def inputs_of(connection: Connection, runs: Sequence[int]) -> dict[int, list[DatasetInput]]:
        """The data sets that runs read, by run."""
        condition, parameters = connection.among("i.run_id", runs)
        columns = ", ".join(f"d.{column}" for column in _COLUMNS)
        rows = connection.all(
            f"SELECT i.run_id, d.id, {columns} FROM inputs i JOIN datasets d ON d.id = i.dataset_id"
            f" WHERE {condition} ORDER BY i.run_id, d.id",
            parameters,
        )
        if not rows:
            return {}
        condition, parameters = connection.among("run_id", runs)
        tags: dict[tuple[int, int], list[InputTag]] = {}
        for run, dataset, name, value in connection.all(
            f"SELECT run_id, dataset_id, name, value FROM input_tags WHERE {condition}"
            " ORDER BY name",
            parameters,
        ):
            tags.setdefault((run, dataset), []).append(InputTag(name, value))
        found: dict[int, list[DatasetInput]] = {}
        for run, number, *fields in rows:
            given = DatasetInput(Dataset(*fields), tags.get((run, number), []))
            found.setdefault(run, []).append(given)
        return found

    @staticmethod
    def models_of(
        connection: Connection, runs: Sequence[int]
    ) -> tuple[dict[int, list[LoggedModelInput]], dict[int, list[LoggedModelOutput]]]:
        """The models that runs read and those that they made, by run."""
        condition, parameters = connection.among("run_id", runs)
        read: dict[int, list[LoggedModelInput]] = {}
        made: dict[int, list[LoggedModelOutput]] = {}
        for run, is_output, model, step in connection.all(
            "SELECT run_id, made, model_id, step FROM run_models"
            f" WHERE {condition} ORDER BY run_id, made, model_id",
            parameters,
        ):
            if is_output:
                made.setdefault(run, []).append(LoggedModelOutput(model, step))
            else:
                read.setdefault(run, []).append(LoggedModelInput(model))
        return read, made

    def summaries(self, experiments: Sequence[int]) -> list[DatasetSummary]:
        """The data sets of experiments, with what runs used them for."""

        def work(connection: Connection) -> list[DatasetSummary]:
            condition, parameters = connection.among("d.experiment_id", experiments)
            rows = connection.all(
                "SELECT DISTINCT d.experiment_id, d.name, d.digest, t.value"
                " FROM datasets d JOIN inputs i ON i.dataset_id = d.id"
                " LEFT JOIN input_tags t ON t.run_id = i.run_id AND t.dataset_id = d.id"
                f" AND t.name = '{CONTEXT}' WHERE {condition}"
                " ORDER BY d.experiment_id, d.name, d.digest, t.value",
                parameters,
            )
            return [DatasetSummary(str(row[0]), *row[1:]) for row in rows]

        return self._database.read(work)


def _name(given: DatasetInput) -> tuple[str, str]:
    return given.dataset.name, given.dataset.digest
