"""Data sets of libraries that are too large for the tests: small stand-ins speak like them.

A stand-in has what the data set asks the library for, with numpy or pandas behind it. The
expected digests and JSON were printed by mlflow 3.17.2 with the real libraries.
"""

import json
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlflow.data
from mlflow.exceptions import MlflowException

SOURCE = "https://example.com/data.csv"
GRID = np.arange(6).reshape(3, 2)
ROW = np.array([1, 2, 3])


def install(monkeypatch: pytest.MonkeyPatch, name: str, **content: Any) -> None:
    module = ModuleType(name)
    vars(module).update(content)
    monkeypatch.setitem(sys.modules, name, module)


def columns(*columns: tuple[str, Any, bool]) -> str:
    found = [{"type": kind, "name": name, "required": must} for name, kind, must in columns]
    return json.dumps({"mlflow_colspec": found})


# -- Hugging Face -------------------------------------------------------------


class Rows:
    """A `datasets.Dataset`."""

    config_name = None
    dataset_size = None
    size_in_bytes = None

    def __init__(self, frame: pd.DataFrame, split: str | None = None) -> None:
        self.frame = frame
        self.split = split

    @property
    def column_names(self) -> list[str]:
        return list(self.frame.columns)

    @property
    def num_rows(self) -> int:
        return len(self.frame)

    def __len__(self) -> int:
        return len(self.frame)

    def select(self, rows: range) -> "Rows":
        return Rows(self.frame.iloc[list(rows)])

    def to_pandas(self) -> pd.DataFrame:
        return self.frame


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The library `datasets`; holds what it was asked to load."""
    asked: list[dict[str, Any]] = []
    install(monkeypatch, "datasets", Dataset=Rows, load_dataset=lambda **ask: asked.append(ask))
    return asked


FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, 2.0, 3.0], "c": ["x", "y", None]})


def test_hugging_face(hub: list[dict[str, Any]]) -> None:
    data = mlflow.data.from_huggingface(
        Rows(FRAME, "train"), path="wine", targets="a", data_files=["f"], trust_remote_code=True
    )
    assert data.to_dict() == {
        "name": "dataset",
        "digest": "c105ba81",
        "source": '{"path": "wine", "config_name": null, "data_dir": null, "data_files": ["f"], '
        '"split": "train", "revision": null}',
        "source_type": "hugging_face",
        "schema": columns(("a", "long", True), ("b", "double", True), ("c", "string", False)),
        "profile": '{"num_rows": 3, "dataset_size": null, "size_in_bytes": null}',
    }
    data.source.load()
    assert hub == [
        {
            "path": "wine",
            "name": None,
            "data_dir": None,
            "data_files": ["f"],
            "split": "train",
            "revision": None,
            "trust_remote_code": True,
        }
    ]


@pytest.mark.usefixtures("hub")
def test_hugging_face_digest_counts_the_first_rows_only() -> None:
    frame = pd.DataFrame({"a": range(25_000), "s": [str(at) for at in range(25_000)]})
    assert mlflow.data.from_huggingface(Rows(frame)).digest == "61facfce"


@pytest.mark.usefixtures("hub")
def test_hugging_face_sources() -> None:
    assert mlflow.data.from_huggingface(Rows(FRAME)).to_dict()["source_type"] == "code"
    data = mlflow.data.from_huggingface(Rows(FRAME), path="wine", source=SOURCE)
    assert data.to_dict()["source_type"] == "http"


@pytest.mark.usefixtures("hub")
def test_hugging_face_refuses() -> None:
    with pytest.raises(MlflowException, match="targets column 'q'"):
        mlflow.data.from_huggingface(Rows(FRAME), targets="q")
    with pytest.raises(MlflowException, match=r"instance of `datasets\.Dataset`"):
        mlflow.data.from_huggingface(FRAME)


# -- tensorflow ---------------------------------------------------------------


class Tensor:
    """A tensor."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def numpy(self) -> Any:
        return self.value


class Stream:
    """A `tf.data.Dataset`."""

    def __init__(self, *elements: Any) -> None:
        self.elements = elements

    def as_numpy_iterator(self) -> Iterator[Any]:
        return iter(self.elements)

    def cardinality(self) -> Tensor:
        return Tensor(np.int64(len(self.elements)))


@pytest.fixture
def tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    install(
        monkeypatch,
        "tensorflow",
        data=SimpleNamespace(Dataset=Stream),
        is_tensor=lambda thing: isinstance(thing, Tensor),
    )


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize(
    ("features", "targets", "digest", "profile"),
    [
        (Tensor(GRID), None, "92a7ac9c", {"features_cardinality": 6}),
        (
            Tensor(GRID),
            Tensor(ROW),
            "4831968a",
            {"features_cardinality": 6, "targets_cardinality": 3},
        ),
        (Tensor(np.float32(1)), None, "2590a165", {"features_cardinality": 1}),
        (Stream(*GRID), None, "0a9ea752", {"features_cardinality": 3}),
        (Stream(GRID[:2], GRID[2:]), None, "0a9ea752", {"features_cardinality": 2}),
        (
            Stream(*GRID),
            Stream(*ROW),
            "a22e9df8",
            {"features_cardinality": 3, "targets_cardinality": 3},
        ),
        (Stream(*zip(GRID, ROW, strict=True)), None, "2ee73928", {"features_cardinality": 3}),
        (
            Stream(*({"y": grid, "x": row} for grid, row in zip(GRID, ROW, strict=True))),
            None,
            "4ec2d667",
            {"features_cardinality": 3},
        ),
        (Stream(np.arange(30_000.0)), None, "dd074ef4", {"features_cardinality": 1}),
    ],
)
def test_tensorflow(features: Any, targets: Any, digest: str, profile: dict[str, int]) -> None:
    data = mlflow.data.from_tensorflow(features, source=SOURCE, targets=targets)
    assert data.digest == digest
    assert data.profile == profile


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize(
    ("features", "shown"),
    [
        (Tensor(GRID), "[Tensor('int64', (-1, 2))]"),
        (Tensor(np.float32(1)), "[float (required)]"),
        (Stream(*GRID), "[Tensor('int64', (-1,))]"),
        (Stream((GRID, ROW)), "['0': Tensor('int64', (-1, 2)), '1': Tensor('int64', (-1,))]"),
        (Stream({"x": ROW}), "['x': Tensor('int64', (-1,))]"),
        (Stream(*ROW), None),
        (Stream((GRID, {"x": ROW})), None),
    ],
)
def test_tensorflow_schema(features: Any, shown: str | None) -> None:
    schema = mlflow.data.from_tensorflow(features, source=SOURCE).schema
    assert (None if schema is None else repr(schema.features)) == shown


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize(
    ("features", "targets"),
    [(GRID, None), (Tensor(GRID), ROW), (Stream(*GRID), Tensor(ROW)), (Stream(), None)],
)
def test_tensorflow_refuses(features: Any, targets: Any) -> None:
    with pytest.raises(MlflowException) as refused:
        mlflow.data.from_tensorflow(features, source=SOURCE, targets=targets)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


# -- Spark --------------------------------------------------------------------


def kind(name: str, **parts: Any) -> Any:
    return SimpleNamespace(typeName=lambda: name, **parts)


def field(name: str, data_type: Any, nullable: bool = True) -> Any:
    return SimpleNamespace(name=name, dataType=data_type, nullable=nullable)


def spark_frame(*fields: Any, count: int = 2) -> Any:
    """A Spark frame."""
    return SimpleNamespace(
        columns=[each.name for each in fields],
        schema=SimpleNamespace(fields=list(fields)),
        semanticHash=lambda: 2112647220,
        rdd=SimpleNamespace(countApprox=lambda timeout, confidence: count),
    )


NUMBERS = spark_frame(field("a", kind("long")), field("b", kind("double")))


def test_spark() -> None:
    data = mlflow.data.from_spark(NUMBERS, path="/data/a", targets="a", predictions="b", name="n")
    assert data.to_dict() == {
        "name": "n",
        "digest": "f686fb78",
        "source": '{"path": "/data/a"}',
        "source_type": "spark",
        "schema": columns(("a", "long", True), ("b", "double", True)),
        "profile": '{"approx_count": 2}',
    }


@pytest.mark.parametrize(
    ("data_type", "json_type"),
    [
        (kind("byte"), {"type": "integer"}),
        (kind("timestamp"), {"type": "datetime"}),
        (
            kind("array", elementType=kind("long")),
            {"type": "array", "items": {"type": "long"}},
        ),
        (
            kind("struct", fields=[field("k", kind("long"))]),
            {"type": "object", "properties": {"k": {"type": "long", "required": False}}},
        ),
    ],
)
def test_spark_types(data_type: Any, json_type: dict[str, Any]) -> None:
    schema = mlflow.data.from_spark(spark_frame(field("v", data_type)), sql="SELECT 1").schema
    assert schema is not None
    assert schema.to_dict() == [json_type | {"name": "v", "required": True}]


def test_spark_that_cannot_be_told() -> None:
    data = mlflow.data.from_spark(spark_frame(field("m", kind("map")), count=0), sql="SELECT 1")
    assert data.to_dict()["schema"] is None
    assert data.profile == {"approx_count": "unknown"}


def test_spark_finds_delta(tmp_path: Any) -> None:
    (tmp_path / "_delta_log").mkdir()
    data = mlflow.data.from_spark(NUMBERS, path=str(tmp_path), version=3)
    assert data.source.to_dict() == {"path": str(tmp_path), "delta_table_version": 3}


@pytest.mark.parametrize(
    "arguments",
    [{"path": "/p", "sql": "SELECT 1"}, {"path": "/p", "version": 3}, {"targets": "q"}],
)
def test_spark_refuses(arguments: dict[str, Any]) -> None:
    with pytest.raises(MlflowException) as refused:
        mlflow.data.from_spark(NUMBERS, **arguments)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("arguments", [{}, {"path": "/p", "table_name": "t"}])
def test_delta_needs_one_place(arguments: dict[str, str]) -> None:
    with pytest.raises(MlflowException, match="exactly one of"):
        mlflow.data.load_delta(**arguments)


# -- polars -------------------------------------------------------------------


class Int64:
    """The polars type of that name."""


class UInt64:
    """A polars type that fits none of ours."""


class List:
    """The polars type of that name."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner


class PolarsColumn(SimpleNamespace):
    """A `polars.Series`."""

    def count(self) -> int:
        return int(self.filled)


class PolarsFrame:
    """A `polars.DataFrame`."""

    height = 2

    def __init__(self, *series: PolarsColumn) -> None:
        self.series = series
        self.width = len(series)
        self.columns = [each.name for each in series]

    def __iter__(self) -> Iterator[PolarsColumn]:
        return iter(self.series)

    def hash_rows(self) -> Any:
        return np.array([13848888682273706112, 1], dtype="uint64")


@pytest.fixture
def polars(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "polars", DataFrame=PolarsFrame)


@pytest.mark.usefixtures("polars")
def test_polars() -> None:
    frame = PolarsFrame(
        PolarsColumn(name="a", dtype=Int64(), filled=1),
        PolarsColumn(name="l", dtype=List(Int64()), filled=0),
    )
    data = mlflow.data.from_polars(frame, source=SOURCE, targets="a", predictions="l")
    assert data.digest == "13848888682273706113"
    assert data.profile == {"num_rows": 2, "num_elements": 4}
    assert repr(data.schema) == "['a': long (required), 'l': Array(long) (optional)]"


@pytest.mark.usefixtures("polars")
def test_polars_that_cannot_be_told() -> None:
    frame = PolarsFrame(PolarsColumn(name="a", dtype=UInt64(), filled=1))
    assert mlflow.data.from_polars(frame, source=SOURCE).to_dict()["schema"] == "null"


@pytest.mark.usefixtures("polars")
def test_polars_refuses() -> None:
    frame = PolarsFrame(PolarsColumn(name="a", dtype=Int64(), filled=1))
    with pytest.raises(MlflowException, match="targets column: 'q'"):
        mlflow.data.from_polars(frame, source=SOURCE, targets="q")
    with pytest.raises(MlflowException, match=r"needs a polars\.DataFrame"):
        mlflow.data.from_polars([1], source=SOURCE)
