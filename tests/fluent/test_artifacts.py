"""Artifacts of the active run, and images that are sent in the background."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from tests.fluent.test_exits import play, statuses


def names(run_id: str, folder: str | None = None) -> list[str]:
    return [file.path for file in MlflowClient().list_artifacts(run_id, folder)]


def test_a_call_starts_a_run(experiment: str, tmp_path: Path) -> None:
    mlflow.log_table({"a": [1]}, "t.json")
    run = mlflow.active_run()
    assert run is not None
    (tmp_path / "f").write_text("f")
    mlflow.log_artifact(tmp_path / "f")
    mlflow.log_stream(io.BytesIO(b"s"), "s.bin")
    mlflow.log_text("x", "x.txt")
    mlflow.log_image(np.zeros((2, 2), np.uint8), "i.png")
    mlflow.log_dict({}, "d.json")
    run_id = run.info.run_id
    assert names(run_id) == ["d.json", "f", "i.png", "s.bin", "t.json", "x.txt"]
    assert mlflow.load_table("t.json")["a"].tolist() == [1]
    assert mlflow.get_artifact_uri("f") == f"{run.info.artifact_uri}/f"


def test_into_another_run(experiment: str, run_id: str) -> None:
    with mlflow.start_run() as run:
        mlflow.log_table({"a": [1]}, "t.json", run_id=run_id)
        mlflow.log_stream([b"s"], "s.bin", run_id=run_id)
        assert names(run.info.run_id) == []
    assert names(run_id) == ["s.bin", "t.json"]
    assert mlflow.load_table("t.json", extra_columns=["run_id"])["run_id"].tolist() == [run_id]
    with pytest.raises(MlflowException, match="has a table"):
        mlflow.load_table("t.json", [run.info.run_id])


def test_images_by_step_are_there_at_the_end_of_the_run(experiment: str) -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    with mlflow.start_run() as run:
        for step in range(20):
            image[:] = step
            mlflow.log_image(image, key="a", step=step)
    run_id = run.info.run_id
    whole = [path for path in names(run_id, "images") if path.endswith(".png")]
    assert len(names(run_id, "images")) == 40
    assert sorted(int(path.split("+")[2]) for path in whole) == list(range(20))
    for path in whole:
        found = mlflow.artifacts.load_image(f"runs:/{run_id}/{path}")
        assert found.getpixel((0, 0)) == (int(path.split("+")[2]),) * 3
    assert mlflow.get_run(run_id).data.tags["mlflow.loggedImages"] == "True"


def test_images_can_be_waited_for(run_id: str) -> None:
    client = MlflowClient()
    image = np.zeros((2, 2), np.uint8)
    client.log_image(run_id, image, key="later", synchronous=False)
    mlflow.flush_artifact_async_logging()
    client.log_image(run_id, image, key="now")
    assert len(names(run_id, "images")) == 4


def test_what_is_no_image_is_said_at_once(experiment: str) -> None:
    with mlflow.start_run():
        with pytest.raises(MlflowException, match="no image"):
            mlflow.log_image(np.zeros((2, 2, 2)), key="a")
        with pytest.raises(TypeError):
            mlflow.log_image("a.png", key="a")


def test_what_fails_in_the_background_is_a_warning_and_the_run_goes_on(
    folder: str, caplog: pytest.LogCaptureFixture
) -> None:
    with mlflow.start_run() as run:
        mlflow.log_text("in the way", "images")
        for _ in range(3):
            mlflow.log_image(np.zeros((2, 2), np.uint8), key="a")
    assert mlflow.get_run(run.info.run_id).info.status == "FINISHED"
    assert f"The image 'a' of run {run.info.run_id} could not be logged: " in caplog.text
    assert f"3 images of run {run.info.run_id} could not be logged, the last" in caplog.text


IMAGES = """
import numpy
for step in range(30):
    mlflow.log_image(numpy.zeros((20, 20), numpy.uint8), key="a", step=step)
"""


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("", "FINISHED"),
        ("1 / 0", "FAILED"),
        ("os.kill(os.getpid(), signal.SIGINT)", "KILLED"),
        ("os.kill(os.getpid(), signal.SIGTERM); signal.pause()", "KILLED"),
    ],
)
def test_images_are_there_however_a_program_ends(folder: str, how: str, status: str) -> None:
    play(IMAGES + how, folder)
    assert statuses(folder) == {"outer": status}
    (run,) = mlflow.search_runs(experiment_names=["exits"], output_format="list")
    assert len(names(run.info.run_id, "images")) == 60


def test_images_without_an_open_run_are_there_too(place: str, run_id: str) -> None:
    script = """
import multiprocessing, sys, mlflow, numpy

def log(key):
    client = mlflow.MlflowClient(sys.argv[1])
    for _ in range(10):
        client.log_image(sys.argv[2], numpy.zeros((9, 9)), key=key, synchronous=False)

if __name__ == "__main__":
    child = multiprocessing.get_context("fork").Process(target=log, args=("child",))
    child.start()
    child.join()
    log("parent")
"""
    command = [sys.executable, "-c", script, place, run_id]
    subprocess.run(command, check=True, timeout=60)
    assert len(names(run_id, "images")) == 40
