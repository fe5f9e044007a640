"""Tables, images and models between our client, the official one, and the official server."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from tests.compat.programs import interpreter, official_server
from tests.servers.millstream import RunningServer

pytestmark = pytest.mark.compat


def officially(script: str, uri: str, folder: Path, *arguments: str) -> Any:
    """What a script prints as JSON on its last line, run by the official client."""
    head = "import json, sys, mlflow\nmlflow.set_tracking_uri(sys.argv[1])\n"
    done = subprocess.run(
        [interpreter("official-3.17"), "-c", head + script, uri, *arguments],
        cwd=folder,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


READ = """
client = mlflow.MlflowClient()
table = client.load_table("0", "a/t.json", extra_columns=["run_id"])
client.log_table(sys.argv[2], {"q": ["theirs"], "n": [3]}, "a/t.json")
print(json.dumps(table.to_dict("list")))
"""


def test_tables_are_the_same(running_server: RunningServer, tmp_path: Path) -> None:
    client = MlflowClient(running_server.url)
    run_id = client.create_run("0").info.run_id
    client.log_table(run_id, {"q": ["one", "two"], "n": [1, 2]}, "a/t.json")
    assert officially(READ, running_server.url, tmp_path, run_id) == {
        "q": ["one", "two"],
        "n": [1, 2],
        "run_id": [run_id, run_id],
    }
    found = client.load_table("0", "a/t.json")
    assert found.to_dict("list") == {"q": ["one", "two", "theirs"], "n": [1, 2, 3]}
    assert json.loads(client.get_run(run_id).data.tags["mlflow.loggedArtifacts"]) == [
        {"path": "a/t.json", "type": "table"}
    ]


SHOW = """
import numpy
client = mlflow.MlflowClient()
pixels = numpy.full((4, 6, 3), [255, 128, 0], numpy.uint8)
client.log_image(sys.argv[2], pixels, key="a/b", step=3, timestamp=17, synchronous=True)
client.log_table(sys.argv[2], {"i": [mlflow.Image(pixels)]}, "of/a.json")
print("0")
"""


def test_images_are_the_same(running_server: RunningServer, tmp_path: Path) -> None:
    client = MlflowClient(running_server.url)

    def seen(run_id: str) -> list[object]:
        """All images of a run, with the parts of their names that are not chance."""
        folder = Path(client.download_artifacts(run_id, "", str(tmp_path / run_id)))
        (cell,) = client.load_table("0", "of/a.json", [run_id])["i"]
        for name in ("filepath", "compressed_filepath"):
            assert (folder / cell.pop(name)).is_file()
        assert cell == {"type": "image"}
        pictures = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".webp"))
        return [
            (re.sub(r"[0-9a-f-]{36}", "ID", path.relative_to(folder).as_posix()), *form(path))
            for path in pictures
        ]

    def form(path: Path) -> tuple[object, ...]:
        found = Pillow.open(path)
        return found.format, found.mode, found.size, found.convert("RGBA").getpixel((1, 1))

    ours, theirs = (client.create_run("0").info.run_id for _ in range(2))
    picture = Pillow.new("RGB", (6, 4), (255, 128, 0))
    client.log_image(ours, picture, key="a/b", step=3, timestamp=17)
    client.log_table(ours, {"i": [picture]}, "of/a.json")
    officially(SHOW, running_server.url, tmp_path, theirs)
    assert seen(ours) == seen(theirs)
    assert len(seen(ours)) == 4
    assert client.get_run(ours).data.tags == {
        **client.get_run(theirs).data.tags,
        "mlflow.runName": client.get_run(ours).data.tags["mlflow.runName"],
    }


REGISTER = """
from pathlib import Path
client = mlflow.MlflowClient()
run_id = client.create_run("0").info.run_id
model = client.create_logged_model("0", name="tree", source_run_id=run_id)
Path("MLmodel").write_text(f"flavors: {{}}\\nmodel_id: {model.model_id}\\n")
Path("w.bin").write_text("of the model")
for name in ("MLmodel", "w.bin"):
    client.log_model_artifact(model.model_id, name)
client.finalize_logged_model(model.model_id, "READY")
client.log_text(run_id, "of the run", "tree/extra.txt")
client.log_text(run_id, "of the run", "tree/w.bin")
client.log_text(run_id, "of the run", "plain.txt")
client.create_registered_model("reg")
source = f"models:/{model.model_id}"
client.create_model_version("reg", source, run_id=run_id, model_id=model.model_id)
client.set_registered_model_alias("reg", "champ", "1")
client.transition_model_version_stage("reg", "1", "Staging")
print(json.dumps([run_id, model.model_id]))
"""


def test_models_of_an_official_server(tmp_path: Path) -> None:
    def files(uri: str, **options: Any) -> dict[str, str]:
        found = Path(mlflow.artifacts.download_artifacts(uri, **options))
        if found.is_file():
            return {found.name: found.read_text()}
        return {
            path.relative_to(found).as_posix(): path.read_text()
            for path in found.rglob("*")
            if path.is_file() and path.name != "MLmodel"
        }

    with official_server(tmp_path) as url:
        run_id, model_id = officially(REGISTER, url, tmp_path)
        mlflow.set_tracking_uri(url)
        model, run = {"w.bin": "of the model"}, {"extra.txt": "of the run"}
        for name in ("reg/1", "reg/latest", "reg/Staging", "reg/staging", "reg@champ", model_id):
            assert files(f"models:/{name}") == model
            assert files(f"models:/{name}/w.bin") == model
            listed = mlflow.artifacts.list_artifacts(f"models:/{name}")
            assert [file.path for file in listed] == ["MLmodel", "w.bin"]
        target = tmp_path / "to"
        assert files(f"runs:/{run_id}/tree", dst_path=str(target)) == model | run
        assert sorted(path.name for path in (target / "tree").iterdir()) == [
            *("MLmodel", "extra.txt", "w.bin"),
        ]
        assert files(f"runs:/{run_id}/tree/") == model | run
        assert files(f"runs:/{run_id}/tree/w.bin") == model
        assert files(f"runs:/{run_id}/plain.txt") == {"plain.txt": "of the run"}
        client = MlflowClient(url)
        assert [file.path for file in client.list_artifacts(run_id, "tree")] == [
            *("tree/MLmodel", "tree/extra.txt", "tree/w.bin"),
        ]
        assert [file.path for file in client.list_artifacts(run_id)] == ["plain.txt", "tree"]
        for wrong in ("reg/9", "none/1", "reg/Production", "m-" + "0" * 32, "reg/1/none"):
            with pytest.raises(MlflowException) as caught:
                files(f"models:/{wrong}")
            assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST", wrong
        with pytest.raises(MlflowException, match="There is no artifact 'tree/none'"):
            files(f"runs:/{run_id}/tree/none")
    mlflow.set_tracking_uri("")


def test_a_server_without_models_says_so(running_server: RunningServer) -> None:
    for uri in (running_server.url, str(running_server.folder / "mlruns")):
        for name in ("a/1", "a@b", "a/latest", "m-" + "0" * 32):
            with pytest.raises(MlflowException, match="has no models; name the run") as caught:
                mlflow.artifacts.download_artifacts(f"models:/{name}", tracking_uri=uri)
            assert caught.value.error_code == "NOT_IMPLEMENTED"
