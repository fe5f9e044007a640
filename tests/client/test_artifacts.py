"""Artifacts through MlflowClient and `mlflow.artifacts`, in a folder and on a server."""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.pyplot import subplots

import mlflow
from mlflow import MlflowClient
from mlflow._http import Session
from mlflow.blobs import Folder, open_place
from mlflow.client import transfer
from mlflow.client.artifacts import downloaded
from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from tests.blobs.spellings import ALLOWED, REFUSED
from tests.servers.millstream import RunningServer


@pytest.fixture
def client(place: str) -> MlflowClient:
    return MlflowClient()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with files in it and below."""
    folder = tmp_path / "tree"
    (folder / "sub/deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub/b.bin").write_bytes(os.urandom(100_000))
    (folder / "sub/deep/ü 1.txt").write_text("ü")
    (folder / "empty").write_bytes(b"")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def read(client: MlflowClient, run_id: str, path: str) -> bytes:
    return Path(client.download_artifacts(run_id, path)).read_bytes()


def test_files(client: MlflowClient, run_id: str, tree: Path, tmp_path: Path) -> None:
    client.log_artifact(run_id, str(tree / "a.txt"))
    client.log_artifact(run_id, tree / "sub/b.bin", "models/")
    assert client.list_artifacts(run_id) == [
        FileInfo("a.txt", False, 1),
        FileInfo("models", True, None),
    ]
    assert client.list_artifacts(run_id, "models") == [FileInfo("models/b.bin", False, 100_000)]
    assert client.list_artifacts(run_id, "a.txt") == client.list_artifacts(run_id, "none") == []
    assert read(client, run_id, "models/b.bin") == (tree / "sub/b.bin").read_bytes()
    target = tmp_path / "new/place"
    found = client.download_artifacts(run_id, "models/b.bin", str(target))
    assert found == str(target / "b.bin")
    assert contents(target) == {"b.bin": (tree / "sub/b.bin").read_bytes()}
    (tree / "a.txt").write_text("changed")
    client.log_artifact(run_id, tree / "a.txt")
    assert read(client, run_id, "a.txt") == b"changed"


def test_folders(client: MlflowClient, run_id: str, tree: Path, tmp_path: Path) -> None:
    client.log_artifact(run_id, tree, "x")  # keeps its name
    client.log_artifacts(run_id, str(tree), "y")  # does not
    assert [file.path for file in client.list_artifacts(run_id, "x")] == ["x/tree"]
    assert [file.path for file in client.list_artifacts(run_id, "y/")] == [
        *("y/a.txt", "y/empty", "y/sub"),
    ]
    for path, below in (("x/tree", "tree"), ("y", "y"), ("x/tree/", "."), ("x", "x")):
        target = tmp_path / f"to {path.replace('/', '-')}"
        found = Path(client.download_artifacts(run_id, path, str(target)))
        assert found == target / below
        assert contents(found / "tree" if path == "x" else found) == contents(tree)
    everything = Path(client.download_artifacts(run_id, "", str(tmp_path / "all")))
    assert sorted(path.name for path in everything.iterdir()) == ["x", "y"]


def test_links_to_files_count_and_links_to_folders_do_not(
    client: MlflowClient, run_id: str, tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tree / "link.txt").symlink_to(tree / "a.txt")
    (tree / "loop").symlink_to(tree)
    client.log_artifacts(run_id, tree)
    assert "The link loop is left out" in caplog.text
    names = [file.path for file in client.list_artifacts(run_id)]
    assert names == ["a.txt", "empty", "link.txt", "sub"]
    assert read(client, run_id, "link.txt") == b"a"


def test_what_is_not_there(
    client: MlflowClient, run_id: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(FileNotFoundError):
        client.log_artifact(run_id, tmp_path / "none")
    client.log_artifacts(run_id, tmp_path / "none")
    assert "There is no folder" in caplog.text
    for log in (client.log_artifact, client.log_artifacts):
        with pytest.raises(FileNotFoundError, match="is named"):  # not all of the working folder
            log(run_id, "")
    with pytest.raises(MlflowException, match="is empty"):
        mlflow.artifacts.download_artifacts("", dst_path=str(tmp_path / "to"))
    for target in (None, str(tmp_path / "to")):
        with pytest.raises(MlflowException, match="There is no artifact 'none'") as caught:
            client.download_artifacts(run_id, "none", target)
        assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    with pytest.raises(MlflowException):
        client.log_text("0" * 32, "x", "a.txt")


def test_texts_and_dictionaries(client: MlflowClient, run_id: str) -> None:
    client.log_text(run_id, "tëxt\n", "notes//first.txt")
    assert read(client, run_id, "notes/first.txt") == "tëxt\n".encode()
    value = {"b": 1, "a": [None, 0.5, "é"], "path": Path("x/y")}
    plain = {"b": 1, "a": [None, 0.5, "é"], "path": "x/y"}
    for name in ("d.json", "d", "d.yaml", "d.YML"):
        client.log_dict(run_id, value, name)
        assert mlflow.artifacts.load_dict(f"runs:/{run_id}/{name}") == plain
    text = read(client, run_id, "d.json").decode()
    assert text.startswith('{\n  "b": 1,\n  "a": [')
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/first.txt") == "tëxt\n"
    client.log_dict(run_id, [1, 2], "list.json")
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/list.json") == [1, 2]
    for text in ("{", "only text"):
        client.log_text(run_id, text, "broken.json")
        with pytest.raises(MlflowException, match=r"neither JSON") as caught:
            mlflow.artifacts.load_dict(f"runs:/{run_id}/broken.json")
        assert caught.value.error_code == "BAD_REQUEST"
    client.log_stream(run_id, [b"\xff"], "bytes.txt")
    with pytest.raises(MlflowException, match=r"no text in UTF-8") as caught:
        mlflow.artifacts.load_text(f"runs:/{run_id}/bytes.txt")
    assert caught.value.error_code == "BAD_REQUEST"


class Matplotlike:
    """A figure that saves as those of matplotlib do."""

    def savefig(self, path: Path, **options: object) -> None:
        path.write_text(f"{path.suffix} {options}")


class Plotlylike:
    """A figure that saves as those of plotly do."""

    def write_html(self, path: Path, **options: object) -> None:
        path.write_text(f"html {sorted(options)}")

    def write_image(self, path: Path, **options: object) -> None:
        path.write_text(f"image {options}")


def test_figures(client: MlflowClient, run_id: str) -> None:
    client.log_figure(run_id, Matplotlike(), "plots/loss.png", save_kwargs={"dpi": 10})
    assert read(client, run_id, "plots/loss.png") == b".png {'dpi': 10}"
    client.log_figure(run_id, Plotlylike(), "loss.html")
    assert read(client, run_id, "loss.html") == b"html ['auto_open', 'include_plotlyjs']"
    client.log_figure(run_id, Plotlylike(), "loss.svg", save_kwargs={"scale": 2})
    assert read(client, run_id, "loss.svg") == b"image {'scale': 2}"
    with pytest.raises(TypeError, match=r"builtins\.int is no figure"):
        client.log_figure(run_id, 3, "x.png")


def test_figures_of_the_libraries(client: MlflowClient, run_id: str) -> None:
    figure, axes = subplots()
    axes.plot([1, 2])
    client.log_figure(run_id, figure, "a.svg")
    assert b"<svg" in read(client, run_id, "a.svg")
    with pytest.raises(TypeError, match="is no figure"):
        client.log_figure(run_id, axes, "a.png")
    with pytest.raises(ValueError, match="xyz"):
        client.log_figure(run_id, figure, "a.xyz")
    client.log_figure(run_id, go.Figure(go.Scatter(y=[1, 2])), "b.html")
    assert b"plotly" in read(client, run_id, "b.html")
    assert [file.path for file in client.list_artifacts(run_id)] == ["a.svg", "b.html"]


def pixels(png: bytes, channels: int) -> list[list[int]]:
    """The lines of a PNG as we write it."""
    assert png[:16] == b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    width = int.from_bytes(png[16:20], "big")
    start = png.index(b"IDAT")
    size = int.from_bytes(png[start - 4 : start], "big")
    data = zlib.decompress(png[start + 4 : start + 4 + size])
    step = 1 + width * channels
    assert {data[at] for at in range(0, len(data), step)} == {0}
    return [[*data[at + 1 : at + step]] for at in range(0, len(data), step)]


def test_images(client: MlflowClient, run_id: str) -> None:
    gray = np.array([[0, 128, 255], [1, 2, 3]], np.uint8)
    for array, channels, expected in (
        (gray, 1, gray.tolist()),
        (gray.astype(np.int64)[:, :, None], 1, gray.tolist()),
        (np.array([[0.0, 0.5, 1.0]]), 1, [[0, 128, 255]]),
        (np.array([[True, False]]), 1, [[255, 0]]),
        (np.arange(12).reshape(2, 2, 3), 3, [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]),
        (np.zeros((1, 1, 4)), 4, [[0, 0, 0, 0]]),
    ):
        client.log_image(run_id, array, "images/a.png")
        assert pixels(read(client, run_id, "images/a.png"), channels) == expected
    with pytest.raises(MlflowException, match="no image"):
        client.log_image(run_id, np.zeros((2, 2, 2)), "a.png")
    with pytest.raises(TypeError, match="is no image"):
        client.log_image(run_id, "a.png", "a.png")


def test_images_by_step(client: MlflowClient, run_id: str) -> None:
    image = np.zeros((2, 2), np.uint8)
    client.log_image(run_id, image, key="a/b", step=3, timestamp=17)
    small, whole = (file.path for file in client.list_artifacts(run_id, "images"))
    assert whole.startswith("images/a~b+step+3+timestamp+17+")
    assert whole.endswith(".png")
    assert small == whole.removesuffix(".png") + "+compressed.webp"
    assert client.get_run(run_id).data.tags["mlflow.loggedImages"] == "True"
    for wrong in ({}, {"key": "a", "artifact_file": "b"}, {"artifact_file": "b.png", "step": 1}):
        with pytest.raises(TypeError):
            client.log_image(run_id, image, **wrong)
    for key in ("a#b", "a:b", "", "x" * 250):
        with pytest.raises(MlflowException, match="Invalid"):
            client.log_image(run_id, image, key=key)


def test_no_path_leads_outside(
    client: MlflowClient, run_id: str, tmp_path: Path, tree: Path
) -> None:
    client.log_text(run_id, "x", "inside")
    for path in REFUSED:
        with pytest.raises(MlflowException, match="Invalid artifact path"):
            client.log_dict(run_id, {}, path) if path != "a//b" else client.log_text(run_id, "", "")
        if path.endswith("/"):  # a folder may be written with its slash
            continue
        for work in (
            lambda path=path: client.log_artifact(run_id, tree / "a.txt", path),
            lambda path=path: client.log_artifacts(run_id, tree, path),
            lambda path=path: client.list_artifacts(run_id, path),
            lambda path=path: client.download_artifacts(run_id, path, str(tmp_path / "to")),
            lambda path=path: client.download_artifacts(run_id, path),
        ):
            with pytest.raises(MlflowException, match="Invalid artifact path"):
                work()
    assert [file.path for file in client.list_artifacts(run_id)] == ["inside"]
    assert not (tmp_path / "to").exists()


def test_other_names_are_names(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    for path in ALLOWED:
        client.log_text(run_id, path, f"names/{path}/file")
    found = Path(client.download_artifacts(run_id, "names", str(tmp_path / "to")))
    assert contents(found) == {f"{path}/file": path.encode() for path in ALLOWED}


def test_a_folder_with_a_refused_name_is_not_sent_at_all(
    client: MlflowClient, run_id: str, tree: Path
) -> None:
    (tree / "sub/why?.txt").write_text("x")
    with pytest.raises(MlflowException, match=r"why\?\.txt"):
        client.log_artifacts(run_id, tree)
    assert client.list_artifacts(run_id) == []


def test_by_uri(client: MlflowClient, run_id: str, tree: Path, tmp_path: Path) -> None:
    client.log_artifacts(run_id, tree, "t")
    root = client.get_run(run_id).info.artifact_uri
    for uri in (f"runs:/{run_id}/t", f"{root}/t"):
        listed = mlflow.artifacts.list_artifacts(uri)
        assert [Path(file.path).name for file in listed] == ["a.txt", "empty", "sub"]
        found = Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(tmp_path / uri[:4])))
        assert found == tmp_path / uri[:4] / "t"
        assert contents(found) == contents(tree)
        assert mlflow.artifacts.load_text(f"{uri}/a.txt") == "a"
    assert [file.path for file in mlflow.artifacts.list_artifacts(f"runs:/{run_id}")] == ["t"]
    assert [file.path for file in mlflow.artifacts.list_artifacts(run_id=run_id)] == ["t"]
    found = Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="t/sub/"))
    assert contents(found) == contents(tree / "sub")
    for wrong in (
        {},
        {"artifact_uri": "runs:/a/b", "run_id": "a"},
        {"artifact_uri": "runs:/a/b", "artifact_path": "c"},
        {"artifact_uri": "runs://a/b"},
        {"artifact_uri": "models:/a/1"},
        {"artifact_uri": "models:/a"},
        {"artifact_uri": "dbfs:/a"},
    ):
        with pytest.raises(MlflowException):
            mlflow.artifacts.download_artifacts(**wrong)


def test_of_this_machine(tree: Path, tmp_path: Path) -> None:
    assert mlflow.artifacts.download_artifacts(str(tree)) == str(tree)
    assert mlflow.artifacts.download_artifacts((tree / "a.txt").as_uri()) == str(tree / "a.txt")
    found = mlflow.artifacts.download_artifacts(str(tree), dst_path=str(tmp_path / "copy"))
    assert contents(Path(found)) == contents(tree)
    assert mlflow.artifacts.load_text(str(tree / "a.txt")) == "a"
    with pytest.raises(MlflowException, match="There is no"):
        mlflow.artifacts.download_artifacts(str(tree / "none"))
    with pytest.raises(MlflowException, match="is a folder"):
        mlflow.artifacts.load_text(str(tree))


def test_a_folder_and_the_server_of_it_have_the_same_artifacts(
    running_server: RunningServer,
) -> None:
    """What a script logs without a server is there when one is started, and the other way round."""
    there = MlflowClient(running_server.url)
    here = MlflowClient(str(running_server.folder / "mlruns"))
    first = here.create_run("0").info.run_id
    here.log_text(first, "here", "a.txt")
    assert read(there, first, "a.txt") == b"here"
    second = there.create_run("0").info.run_id
    there.log_text(second, "there", "a.txt")
    assert read(here, second, "a.txt") == b"there"


def test_by_the_address_that_a_server_serves_artifacts_under(
    running_server: RunningServer,
) -> None:
    client = MlflowClient(running_server.url)
    run_id = client.create_run("0").info.run_id
    client.log_text(run_id, "x", "a b/ü.txt")
    path = str(client.get_run(run_id).info.artifact_uri).partition(":/")[2]
    address = f"{running_server.url}/api/2.0/mlflow-artifacts/artifacts/{path}"
    listed = mlflow.artifacts.list_artifacts(f"{address}/a%20b")
    assert [file.path for file in listed] == ["a b/ü.txt"]
    assert mlflow.artifacts.load_text(f"{address}/a%20b/%C3%BC.txt") == "x"
    found = Path(mlflow.artifacts.download_artifacts(address))
    assert contents(found) == {"a b/ü.txt": b"x"}


# -- servers that mean harm, or fail ----------------------------------------------


class Foreign(BaseHTTPRequestHandler):
    """A server that lists what it likes and breaks off as often as it is told."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    listing: ClassVar[list[dict[str, object]]] = []
    breaks: ClassVar[int] = 0
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if "path" in parse_qs(parts.query, keep_blank_values=True):
            self._send(json.dumps({"files": self.listing}).encode())
            return
        Foreign.asked.append(parts.path)
        if Foreign.breaks:
            Foreign.breaks -= 1
            self._send(b"part", announced=1000)
            self.close_connection = True
            return
        self._send(b"whole")

    def _send(self, body: bytes, announced: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(announced or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def foreign() -> Iterator[str]:
    Foreign.listing, Foreign.breaks, Foreign.asked = [], 0, []
    with ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", [*REFUSED, "a/b", "a/../../b"], ids=ascii)
def test_a_hostile_listing_writes_nothing(foreign: str, tmp_path: Path, name: str) -> None:
    Foreign.listing = [{"path": name, "is_dir": False, "file_size": 5}]
    place = open_place("mlflow-artifacts:/0", Session(foreign))
    before = sorted(tmp_path.rglob("*"))
    target = tmp_path / "to"
    with pytest.raises(MlflowException):
        downloaded(place, "", target)
    assert sorted(path for path in tmp_path.rglob("*") if path != target) == before
    assert Foreign.asked == []


def test_folders_without_end(foreign: str, tmp_path: Path) -> None:
    Foreign.listing = [{"path": "x", "is_dir": True}]
    place = open_place("mlflow-artifacts:/0", Session(foreign))
    with pytest.raises(MlflowException, match="have no end"):
        downloaded(place, "", tmp_path)


def test_a_link_in_the_target_is_not_followed(foreign: str, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "to/sub").symlink_to(tmp_path / "outside")
    Foreign.listing = [{"path": "f", "is_dir": False, "file_size": 5}]
    place = open_place("mlflow-artifacts:/0", Session(foreign))
    with pytest.raises(MlflowException, match="links are not followed"):
        downloaded(place, "sub", tmp_path / "to")
    assert list((tmp_path / "outside").iterdir()) == []


def test_what_breaks_off_is_begun_again(foreign: str, tmp_path: Path) -> None:
    place = open_place("mlflow-artifacts:/0", Session(foreign))
    Foreign.breaks = 2
    found = downloaded(place, "f", tmp_path)
    assert Path(found).read_bytes() == b"whole"
    assert Foreign.asked == ["/api/2.0/mlflow-artifacts/artifacts/0/f"] * 3


def test_what_breaks_off_for_good_leaves_nothing(
    foreign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    place = open_place("mlflow-artifacts:/0", Session(foreign))
    Foreign.breaks = 9
    with pytest.raises(MlflowException, match="broke off") as caught:
        downloaded(place, "f", tmp_path / "to")
    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"
    assert list((tmp_path / "to").iterdir()) == []


def test_a_server_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    place = open_place("mlflow-artifacts:/0", Session("http://127.0.0.1:1"))
    (tmp_path / "a").write_text("x")
    with pytest.raises(MlflowException, match="cannot be reached"):
        transfer.send_file(place, tmp_path / "a", "")


def test_how_much_of_a_folder_was_sent_is_said(tree: Path, tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/sub").write_text("in the way")
    with pytest.raises(MlflowException, match=r"is a file or a link.* of 4 files of .* were sent"):
        transfer.send_folder(place, tree, "")
