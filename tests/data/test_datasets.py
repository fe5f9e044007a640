"""Data sets: what is kept of them; the expected JSON was printed by mlflow 3.17.2."""

import json
import logging
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlflow.data
from mlflow import entities
from mlflow.data.dataset import Dataset
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.numpy_dataset import NumpyDataset
from mlflow.data.pandas_dataset import PandasDataset
from mlflow.data.schema import TensorDatasetSchema
from mlflow.exceptions import MlflowException
from mlflow.types.schema import ColSpec, Schema, TensorSpec

SOURCE = "https://example.com/data.csv"
FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, 2.5, np.nan], "c": ["x", "y", None]})
GRID = np.arange(6).reshape(3, 2)
INTEGERS = '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1, 2]}}]'


def test_pandas() -> None:
    data = mlflow.data.from_pandas(FRAME, source=SOURCE, targets="a", predictions="b", name="wine")
    assert isinstance(data, PandasDataset)
    assert data.to_dict() == {
        "name": "wine",
        "digest": "506dab98",
        "source": '{"url": "https://example.com/data.csv"}',
        "source_type": "http",
        "schema": '{"mlflow_colspec": [{"type": "long", "name": "a", "required": true}, '
        '{"type": "double", "name": "b", "required": false}, '
        '{"type": "string", "name": "c", "required": false}]}',
        "profile": '{"num_rows": 3, "num_elements": 9}',
    }
    assert json.loads(data.to_json()) == data.to_dict()
    assert data.profile == {"num_rows": 3, "num_elements": 9}
    assert data.df is FRAME
    assert (data.targets, data.predictions) == ("a", "b")
    assert (
        repr(data.schema)
        == "['a': long (required), 'b': double (optional), 'c': string (optional)]"
    )


def test_entity() -> None:
    data = mlflow.data.from_pandas(FRAME, source=SOURCE)
    found = data._to_mlflow_entity()
    assert isinstance(found, entities.Dataset)
    assert found.to_dictionary() == data.to_dict()
    assert found.name == "dataset"


@pytest.mark.parametrize("role", ["targets", "predictions"])
def test_column_that_is_not_there(role: str) -> None:
    columns: Any = {role: "zz"}
    with pytest.raises(
        MlflowException,
        match=f"The specified pandas DataFrame does not contain the specified {role} column 'zz'.",
    ):
        mlflow.data.from_pandas(FRAME, source=SOURCE, **columns)


def test_frame_whose_types_cannot_be_told_is_still_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        data = mlflow.data.from_pandas(pd.DataFrame({"v": [1, "a"]}), source=SOURCE)
        assert data.to_dict()["schema"] is None
    assert "Column 'v'" in caplog.text


@pytest.mark.parametrize("thing", [[1, 2], "a,b", None])
def test_not_a_frame(thing: Any) -> None:
    with pytest.raises(MlflowException, match=r"needs a pandas\.DataFrame"):
        mlflow.data.from_pandas(thing, source=SOURCE)


def test_numpy() -> None:
    data = mlflow.data.from_numpy(GRID, source=SOURCE, targets=np.array([1, 2, 3]), name="n")
    assert isinstance(data, NumpyDataset)
    assert data.to_dict() == {
        "name": "n",
        "digest": "4831968a",
        "source": '{"url": "https://example.com/data.csv"}',
        "source_type": "http",
        "schema": json.dumps(
            {
                "mlflow_tensorspec": {
                    "features": INTEGERS,
                    "targets": INTEGERS.replace("[-1, 2]", "[-1]"),
                }
            }
        ),
        "profile": '{"features_shape": [3, 2], "features_size": 6, "features_nbytes": 48, '
        '"targets_shape": [3], "targets_size": 3, "targets_nbytes": 24}',
    }
    assert data.features is GRID
    assert isinstance(data.schema, TensorDatasetSchema)
    assert TensorDatasetSchema.from_dict(data.schema.to_dict()) == data.schema


def test_numpy_without_targets() -> None:
    data = mlflow.data.from_numpy(GRID, source=SOURCE)
    expected = {"mlflow_tensorspec": {"features": INTEGERS, "targets": None}}
    assert data.to_dict()["schema"] == json.dumps(expected)
    assert data.targets is None


def test_numpy_by_name() -> None:
    data = mlflow.data.from_numpy({"y": GRID, "x": GRID * 1.5}, source=SOURCE)
    assert data.to_dict()["profile"] == (
        '{"features_shape": {"y": [3, 2], "x": [3, 2]}, "features_size": {"y": 6, "x": 6}, '
        '"features_nbytes": {"y": 48, "x": 48}}'
    )
    assert data.schema is not None
    assert data.schema.features.input_names() == ["y", "x"]


def test_numpy_without_dimensions_has_no_schema() -> None:
    assert mlflow.data.from_numpy(np.array(1.0), source=SOURCE).to_dict()["schema"] is None


@pytest.mark.parametrize("features", [[1, 2], {"x": [1, 2]}, None])
def test_not_an_array(features: Any) -> None:
    with pytest.raises(MlflowException, match=r"numpy\.ndarray"):
        mlflow.data.from_numpy(features, source=SOURCE)


def test_source_is_the_code_when_none_is_given() -> None:
    found = mlflow.data.from_pandas(FRAME).to_dict()
    assert found["source_type"] == "code"
    tags = json.loads(found["source"])["tags"]
    assert set(tags) >= {"mlflow.user", "mlflow.source.name", "mlflow.source.type"}


@pytest.mark.parametrize(
    ("name", "schema", "digest"),
    [
        (None, None, "804439ce"),
        ("n", None, "d727e48c"),
        ("n", Schema([ColSpec("long", "a")]), "87b85316"),
        (None, Schema([ColSpec("long", "a")]), "79b9b030"),
    ],
)
def test_meta(name: str | None, schema: Schema | None, digest: str) -> None:
    data = MetaDataset(HTTPDatasetSource(SOURCE), name=name, schema=schema)
    expected = {
        "name": name or "dataset",
        "digest": digest,
        "source": '{"url": "https://example.com/data.csv"}',
        "source_type": "http",
    }
    if schema is not None:
        columns = '[{"type": "long", "name": "a", "required": true}]'
        expected["schema"] = f'{{"mlflow_colspec": {columns}}}'
    assert data.to_dict() == expected
    assert data.profile is None


def test_meta_with_tensors() -> None:
    schema = Schema([TensorSpec(np.dtype("int64"), (-1, 2))])
    data = MetaDataset(HTTPDatasetSource(SOURCE), digest="d", schema=schema)
    assert data.to_dict()["schema"] == f'{{"mlflow_colspec": {INTEGERS}}}'


def test_own_kind() -> None:
    class Words(Dataset):
        """A data set as a user may write one."""

        def __init__(self, words: list[str]) -> None:
            self.words = words
            super().__init__(HTTPDatasetSource(SOURCE), name="words")

        def _compute_digest(self) -> str:
            return str(len(self.words))

        @property
        def profile(self) -> None:
            return None

        @property
        def schema(self) -> None:
            return None

    found = Words(["a", "b"])._to_mlflow_entity()
    assert (found.name, found.digest, found.schema, found.profile) == ("words", "2", None, None)
