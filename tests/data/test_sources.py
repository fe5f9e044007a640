"""Sources: what an address means, what is kept of it, and getting the data again."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest

import mlflow.data
from mlflow import entities
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.dataset_source_registry import (
    get_dataset_source_from_json,
    get_registered_sources,
    resolve_dataset_source,
)
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.filesystem_dataset_source import FileSystemDatasetSource
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.data.huggingface_dataset_source import HuggingFaceDatasetSource
from mlflow.data.sources import LocalArtifactDatasetSource, S3ArtifactDatasetSource
from mlflow.data.spark_dataset_source import SparkDatasetSource
from mlflow.exceptions import MlflowException


@pytest.mark.parametrize(
    ("address", "kind", "text"),
    [
        ("https://example.com/a.csv", "http", '{"url": "https://example.com/a.csv"}'),
        ("HTTP://example.com/a", "http", '{"url": "HTTP://example.com/a"}'),
        ("s3://bucket/a.csv", "s3", '{"uri": "s3://bucket/a.csv"}'),
        ("S3://bucket/a.csv", "s3", '{"uri": "S3://bucket/a.csv"}'),
        ("gs://bucket/a", "gs", '{"uri": "gs://bucket/a"}'),
        ("wasbs://c@a.blob/p", "wasbs", '{"uri": "wasbs://c@a.blob/p"}'),
        ("abfss://c@a.dfs/p", "abfss", '{"uri": "abfss://c@a.dfs/p"}'),
        ("hdfs://host/p", "hdfs", '{"uri": "hdfs://host/p"}'),
        ("viewfs://host/p", "viewfs", '{"uri": "viewfs://host/p"}'),
        ("ftp://host/p", "ftp", '{"uri": "ftp://host/p"}'),
        ("sftp://user@host/p", "sftp", '{"uri": "sftp://user@host/p"}'),
        ("r2://bucket@account/p", "r2", '{"uri": "r2://bucket@account/p"}'),
        ("b2://bucket/p", "b2", '{"uri": "b2://bucket/p"}'),
        ("/data/a.csv", "local", '{"uri": "/data/a.csv"}'),
        ("data/a.csv", "local", '{"uri": "data/a.csv"}'),
        ("file:///data/a.csv", "local", '{"uri": "file:///data/a.csv"}'),
        (Path("data/a.csv"), "local", '{"uri": "data/a.csv"}'),
    ],
)
def test_addresses(address: Any, kind: str, text: str) -> None:
    source = resolve_dataset_source(address)
    assert source._get_source_type() == kind
    assert source.to_json() == text
    again = get_dataset_source_from_json(text, kind)
    assert type(again) is type(source)
    assert again.to_json() == text


@pytest.mark.parametrize(
    "address",
    [
        "abc://x",
        "dbfs:/a",
        "runs:/1/a",
        "models:/m/1",
        "mlflow-artifacts:/a",
        "s3a://b",
        5,
        {"a": 1},
    ],
)
def test_unknown_addresses(address: Any) -> None:
    with pytest.raises(
        MlflowException, match="Could not find a source information resolver"
    ) as refused:
        mlflow.data.from_pandas(pd.DataFrame({"a": [1]}), source=address)
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_candidates_limit_the_answer() -> None:
    with pytest.raises(MlflowException, match="resolver"):
        resolve_dataset_source("https://example.com/a", [S3ArtifactDatasetSource])
    files: list[Any] = [FileSystemDatasetSource]
    found = resolve_dataset_source("s3://b/a", files)
    assert isinstance(found, S3ArtifactDatasetSource)


@pytest.mark.parametrize(
    ("kind", "text", "again"),
    [
        ("code", '{"tags": {"a": "b"}}', None),
        ("spark", '{"path": "/p"}', None),
        ("spark", '{"table_name": "t"}', None),
        ("spark", '{"sql": "SELECT 1"}', None),
        ("delta_table", '{"path": "/p"}', None),
        ("delta_table", '{"path": "/p", "delta_table_version": 3}', None),
        (
            "delta_table",
            '{"delta_table_name": "c.s.t", "delta_table_version": 2}',
            '{"delta_table_name": "c.s.t", "delta_table_version": 2, '
            '"is_databricks_uc_table": true, "delta_table_id": null}',
        ),
        ("delta_table", '{"delta_table_name": "hive_metastore.s.t"}', None),
        (
            "hugging_face",
            '{"path": "p"}',
            '{"path": "p", "config_name": null, "data_dir": null, "data_files": null, '
            '"split": "None", "revision": null}',
        ),
        (
            "hugging_face",
            '{"path": "p", "config_name": "c", "data_dir": "d", "data_files": ["f"], '
            '"split": "train", "revision": "r"}',
            None,
        ),
        ("uc_volume", '{"path": "/Volumes/c/s/v/f"}', None),
    ],
)
def test_json(kind: str, text: str, again: str | None) -> None:
    source = get_dataset_source_from_json(text, kind)
    assert source._get_source_type() == kind
    assert source.to_json() == (again or text)


def test_json_of_an_unknown_kind() -> None:
    with pytest.raises(MlflowException, match="unrecognized source type: zz"):
        get_dataset_source_from_json("{}", "zz")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("http", '{"uri": "x"}'),
        ("s3", "{}"),
        ("local", "no JSON"),
        ("local", "[1]"),
        ("spark", "{}"),
    ],
)
def test_json_of_another_kind(kind: str, text: str) -> None:
    with pytest.raises(MlflowException) as refused:
        get_dataset_source_from_json(text, kind)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize(
    "make",
    [
        lambda: SparkDatasetSource(),
        lambda: SparkDatasetSource(path="p", sql="SELECT 1"),
        lambda: DeltaDatasetSource(),
        lambda: DeltaDatasetSource(path="p", delta_table_name="t"),
    ],
)
def test_exactly_one_place(make: Any) -> None:
    with pytest.raises(MlflowException, match="exactly one of"):
        make()


def test_source_of_what_a_run_read() -> None:
    data = mlflow.data.from_pandas(pd.DataFrame({"a": [1]}), source="s3://b/a")
    kept = data._to_mlflow_entity()
    for each in (data, kept, entities.DatasetInput(kept, [])):
        assert mlflow.data.get_source(each).to_json() == '{"uri": "s3://b/a"}'
    with pytest.raises(MlflowException, match="Unrecognized dataset type"):
        mlflow.data.get_source("s3://b/a")  # type: ignore[arg-type]


def test_registered() -> None:
    kinds = {source._get_source_type() for source in get_registered_sources()}
    assert kinds >= {"abfss", "code", "delta_table", "http", "hugging_face", "local", "s3", "spark"}


def test_local(tmp_path: Path) -> None:
    file = tmp_path / "a b.csv"
    file.write_text("a\n1\n")
    assert LocalArtifactDatasetSource(str(file)).load() == str(file)
    assert LocalArtifactDatasetSource(file.as_uri()).load() == str(file)
    copy = LocalArtifactDatasetSource(str(file)).load(str(tmp_path / "new"))
    assert copy == str(tmp_path / "new" / "a b.csv")
    assert Path(copy).read_text() == "a\n1\n"
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "part.csv").touch()
    copy = LocalArtifactDatasetSource(str(folder)).load(str(tmp_path / "new"))
    assert (Path(copy) / "part.csv").exists()
    with pytest.raises(MlflowException, match="no file or folder") as refused:
        LocalArtifactDatasetSource(str(tmp_path / "absent")).load()
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_what_cannot_be_loaded_says_so() -> None:
    with pytest.raises(MlflowException, match="s3://b/a"):
        S3ArtifactDatasetSource("s3://b/a").load()
    source = mlflow.data.from_pandas(pd.DataFrame({"a": [1]})).source
    with pytest.raises(NotImplementedError, match="run the code again"):
        source.load()


class Files(BaseHTTPRequestHandler):
    """Answers by path; keeps the headers of the last request."""

    heard: dict[str, str]

    def do_GET(self) -> None:
        type(self).heard = dict(self.headers)
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/data/other.csv")
            self.end_headers()
            return
        if self.path.startswith("/absent"):
            self.send_error(404)
            return
        body = b"a\n1\n"
        self.send_response(200)
        if self.path.startswith("/named"):
            name = unquote(self.path.partition("?")[2])
            self.send_header("Content-Disposition", f'attachment; filename="{name}"')
        self.send_header("Content-Length", str(len(body) + (5 if "/short" in self.path else 0)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test's output stays clean."""


@pytest.fixture
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/a%20b.csv?k=1", "a b.csv"),
        ("/", "dataset_source"),
        ("/named?b.csv", "b.csv"),
        ("/named?../../b.csv", "b.csv"),
        ("/named?..", "dataset_source"),
        ("/named?C:\\x\\b.csv", "b.csv"),
        ("/moved", "other.csv"),
    ],
)
def test_download(web: str, tmp_path: Path, path: str, name: str) -> None:
    copy = HTTPDatasetSource(web + path).load(str(tmp_path / "new"))
    assert copy == str(tmp_path / "new" / name)
    assert Path(copy).read_text() == "a\n1\n"
    assert [each.name for each in (tmp_path / "new").iterdir()] == [name]


def test_download_sends_no_login_of_the_tracking_server(
    web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    HTTPDatasetSource(web + "/data/a.csv").load(str(tmp_path))
    assert "Authorization" not in Files.heard


def test_download_that_fails_leaves_nothing(web: str, tmp_path: Path) -> None:
    with pytest.raises(MlflowException, match="HTTP status 404"):
        HTTPDatasetSource(web + "/absent").load(str(tmp_path))
    with pytest.raises(MlflowException, match="cannot be downloaded"):
        HTTPDatasetSource(web + "/short").load(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_own_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    class Feed(DatasetSource):
        """A source as a plug-in may bring one."""

        @staticmethod
        def _get_source_type() -> str:
            return "feed"

        def load(self) -> str:
            return "news"

        @staticmethod
        def _can_resolve(raw_source: Any) -> bool:
            return str(raw_source).startswith("feed:")

        @classmethod
        def _resolve(cls, raw_source: Any) -> "Feed":
            return cls()

        def to_dict(self) -> dict[str, Any]:
            return {}

        @classmethod
        def from_dict(cls, source_dict: dict[str, Any]) -> "Feed":
            return cls()

    from mlflow.data import dataset_source_registry as registry

    monkeypatch.setattr(registry, "_SOURCES", [*registry.get_registered_sources()])
    registry.register_dataset_source(Feed)
    assert resolve_dataset_source("feed:a").load() == "news"
    assert isinstance(get_dataset_source_from_json("{}", "feed"), Feed)


def test_hugging_face_split_that_is_not_given_comes_back() -> None:
    source = HuggingFaceDatasetSource.from_json('{"path": "p", "split": "None"}')
    assert isinstance(source, HuggingFaceDatasetSource)
    assert source.split is None
