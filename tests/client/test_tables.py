"""`log_table` and `load_table`, in a folder and through a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image as Pillow

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException


@pytest.fixture
def client(place: str) -> MlflowClient:
    return MlflowClient()


def text(client: MlflowClient, run_id: str, path: str) -> str:
    return Path(client.download_artifacts(run_id, path)).read_text()


def tag(client: MlflowClient, run_id: str) -> object:
    return json.loads(client.get_run(run_id).data.tags["mlflow.loggedArtifacts"])


@pytest.mark.parametrize("path", ["a/t.json", "t.parquet"])
def test_a_table_grows(client: MlflowClient, experiment: str, run_id: str, path: str) -> None:
    client.log_table(run_id, {"q": ["one", "two"], "score": [0.5, 1.0]}, path)
    client.log_table(run_id, pd.DataFrame({"q": ["three"], "more": [3]}), path)
    found = client.load_table(experiment, path)
    assert found["q"].tolist() == ["one", "two", "three"]
    assert found["score"].tolist()[:2] == [0.5, 1.0]
    assert found["more"].isna().tolist() == [True, True, False]
    assert tag(client, run_id) == [{"path": path, "type": "table"}]
    assert not [file for file in client.list_artifacts(run_id) if file.path == "table_images"]


def test_the_form_of_the_file(client: MlflowClient, run_id: str) -> None:
    client.log_table(run_id, {"a": [1, 2], "b": ["x", None]}, "t.json")
    assert text(client, run_id, "t.json") == '{"columns":["a","b"],"data":[[1,"x"],[2,null]]}'
    client.log_table(run_id, {"a": 1}, "u.json")
    assert tag(client, run_id) == [
        {"path": "t.json", "type": "table"},
        {"path": "u.json", "type": "table"},
    ]


@pytest.mark.parametrize("path", ["sub/t.json", "t.parquet"])
def test_images_in_cells(client: MlflowClient, experiment: str, run_id: str, path: str) -> None:
    picture = Pillow.new("RGB", (6, 4), (255, 128, 0))
    client.log_table(run_id, {"i": [picture, mlflow.Image(picture), None], "n": [1, 2, 3]}, path)
    cells = client.load_table(experiment, path)["i"].tolist()
    assert cells[2] is None
    folder = "table_images/" + path.rpartition(".")[0]
    for cell in cells[:2]:
        assert cell["type"] == "image"
        for name, size in (("filepath", (6, 4)), ("compressed_filepath", (256, 170))):
            assert cell[name].startswith(f"{folder}/")
            content = Path(client.download_artifacts(run_id, cell[name])).read_bytes()
            assert Pillow.open(BytesIO(content)).size == size
    assert len(client.list_artifacts(run_id, folder)) == 4


def test_the_rows_of_many_runs(
    client: MlflowClient,
    experiment: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = [client.create_run(experiment, start_time=number).info.run_id for number in range(1, 5)]
    for run_id in ids[:3]:
        client.log_table(run_id, {"n": [run_id]}, "odd 'name%_ü.json")
        client.log_param(run_id, "p", run_id[:3])
    client.log_metric(ids[0], "m", 0.5)
    client.log_table(ids[3], {"n": ["other"]}, "odd 'name__ü.json")
    columns = ["run_id", "start_time", "end_time", "status", "metrics.m", "params.p", "tags.none"]
    found = client.load_table(experiment, "odd 'name%_ü.json", extra_columns=columns)
    assert found["n"].tolist() == found["run_id"].tolist() == ids[2::-1]
    assert found["params.p"].tolist() == [run_id[:3] for run_id in ids[2::-1]]
    assert found["metrics.m"].tolist()[2] == 0.5
    assert found["start_time"].tolist()[2] == pd.Timestamp(1, unit="ms", tz="UTC")
    assert found["end_time"].isna().all()
    assert found["tags.none"].isna().all()
    some = client.load_table(experiment, "odd 'name%_ü.json", [ids[0], ids[2]])
    assert some["n"].tolist() == [ids[2], ids[0]]
    assert "Not all" not in caplog.text
    client.load_table(experiment, "odd 'name%_ü.json", [ids[0], ids[3]])
    assert "Not all of the runs have a table" in caplog.text


def test_what_is_not_there(client: MlflowClient, experiment: str, run_id: str) -> None:
    for ids in (None, [run_id], []):
        with pytest.raises(MlflowException, match="has a table 'none") as caught:
            client.load_table(experiment, "none.json", ids)
        assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    client.log_table(run_id, {"a": [1]}, "t.json")
    with pytest.raises(MlflowException, match="'nope' is no column of runs"):
        client.load_table(experiment, "t.json", extra_columns=["nope"])
    with pytest.raises(MlflowException, match="ends in"):
        client.load_table(experiment, "t.csv")


def test_refused_tables_leave_everything_as_it_was(client: MlflowClient, run_id: str) -> None:
    client.log_text(run_id, "garbage", "g.json")
    for data, path in (
        ({"a": [1]}, "g.json"),
        ({"a": [1]}, "../t.json"),
        ({"a": [1]}, "t.csv"),
        ({"a": ["x", {"k": 1}]}, "t.parquet"),
    ):
        with pytest.raises(MlflowException):
            client.log_table(run_id, data, path)
    with pytest.raises(TypeError):
        client.log_table(run_id, 3, "t.json")  # type: ignore[arg-type]
    assert [file.path for file in client.list_artifacts(run_id)] == ["g.json"]
    assert text(client, run_id, "g.json") == "garbage"
    assert "mlflow.loggedArtifacts" not in client.get_run(run_id).data.tags


def test_a_full_tag_stays_readable(
    client: MlflowClient, experiment: str, run_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    full = json.dumps([{"path": "x" * 7950, "type": "table"}])
    client.set_tag(run_id, "mlflow.loggedArtifacts", full)
    client.log_table(run_id, {"a": [1]}, "one too many.json")
    assert "do not fit into its tag" in caplog.text
    assert client.get_run(run_id).data.tags["mlflow.loggedArtifacts"] == full
    assert client.load_table(experiment, "one too many.json", [run_id])["a"].tolist() == [1]


ADD = """
import sys, mlflow
client = mlflow.MlflowClient(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    client.log_table(sys.argv[2], {"who": [sys.argv[3]], "n": [number]}, "t.json")
"""


def test_several_processes_and_threads_add_at_once(
    client: MlflowClient, place: str, experiment: str, run_id: str
) -> None:
    def add(who: str) -> None:
        for number in range(10):
            client.log_table(run_id, {"who": [who], "n": [number]}, "t.json")

    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ADD, place, run_id, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    threads = [threading.Thread(target=add, args=(f"thread {number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for process in processes:
        process.communicate("go\n", timeout=120)
        assert process.returncode == 0
    for thread in threads:
        thread.join()
    found = client.load_table(experiment, "t.json")
    assert found.groupby("who")["n"].apply(list).to_dict() == {
        who: list(range(10)) for who in ("0", "1", "thread 0", "thread 1")
    }


def test_json_needs_no_pandas(place: str, run_id: str) -> None:
    script = (
        "import sys; sys.modules['pandas'] = None\n"
        "import mlflow; client = mlflow.MlflowClient(sys.argv[1])\n"
        "client.log_table(sys.argv[2], {'a': [1, 2]}, 't.json')\n"
        "client.log_table(sys.argv[2], {'a': [3]}, 't.json')\n"
        "try: client.log_table(sys.argv[2], {'a': [3]}, 't.parquet')\n"
        "except mlflow.MlflowException as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, place, run_id], capture_output=True, text=True, check=True
    )
    assert done.stdout == "A table of .parquet needs pandas: install it.\n"
    client = MlflowClient(place)
    assert text(client, run_id, "t.json") == '{"columns":["a"],"data":[[1],[2],[3]]}'


def test_a_damaged_table_is_not_added_to(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_table(run_id, {"a": [1]}, "t.json")
    path = Path(client.download_artifacts(run_id, "t.json"))
    before = path.stat()
    path.write_text(path.read_text().replace("1", "2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for work in (
        lambda: client.log_table(run_id, {"a": [3]}, "t.json"),
        lambda: client.load_table("0", "t.json"),
    ):
        with pytest.raises(MlflowException, match=r"'t\.json' is damaged") as caught:
            work()
        assert caught.value.error_code == "DATA_LOSS"
