"""What the tests of the UI look at: a small store with something of everything, and a large one.

All of it comes from fixed seeds, but for ids and the times of the database.
"""

from __future__ import annotations

import io
import json
import math
import random
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from PIL import Image

from mlflow import MlflowClient, service, wire
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
)
from mlflow.wire.metrics import LogBatch, Point
from mlflow.wire.runs import CreateRun
from tests.web.files import NOTEBOOK, PAGE, PICTURE, pdf

MINUTE = 60_000
HOUR = 60 * MINUTE
#: 2026-03-01 08:00 UTC, when the first run began
BEGIN = 1_772_352_000_000
STEPS = 100
LARGE = 10_000


@dataclass
class Seed:
    """A store that was filled.

    Attributes: `folder`, in which a server finds it; ids of `experiments` and `runs` by name.
    """

    folder: Path
    experiments: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)


def fill_demo(folder: Path) -> Seed:
    """Fill the embedded store of `folder`.

    - `team/vision/digits`: runs `fit-00` to `fit-19` with curves, of which `fit-03` has failed and
      `fit-19` is running; `sweep` with the children `trial-0` to `trial-3`; `gone` is deleted.
    - `team/nlp/words`: three runs with other params and metrics.
    - `files`: run `files` with artifacts of all kinds, and pictures by step; `many` with 1,200.
    - `old idea` is deleted, `empty` has no runs.
    """
    seed = Seed(folder)
    client = MlflowClient(str(folder / "mlruns"))
    for name, tags in (
        ("team/vision/digits", {"mlflow.note.content": "Which **rate**?", "stage": "draft"}),
        ("team/nlp/words", {"owner": "ada"}),
        ("files", {}),
        ("old idea", {}),
        ("empty", {}),
    ):
        seed.experiments[name] = client.create_experiment(name, tags=dict(tags))
    client.delete_experiment(seed.experiments["old idea"])
    _digits(client, seed)
    _words(client, seed)
    _files(client, seed)
    return seed


def fill_large(folder: Path) -> Seed:
    """Fill the embedded store of `folder` with the experiment `large` of 10,000 runs.

    Run `run-01234` began 1,234 minutes after the first; its params are `rate` (five values),
    `layers` (1 to 7) and `kind` (`a`, `b`, `c`), its metrics `loss` and `score` (no two alike).
    """
    seed = Seed(folder)
    engine = service.open_engine(str(folder / "mlruns"), "mlflow-artifacts:/")
    created = service.answer(
        engine, wire.experiments.create, wire.experiments.CreateExperiment(name="large")
    )
    seed.experiments["large"] = created.experiment_id
    waiting = []
    for number in range(LARGE):
        name, start = f"run-{number:05}", BEGIN + number * MINUTE
        ask = CreateRun(experiment_id=created.experiment_id, run_name=name, start_time=start)
        run_id = service.answer(engine, wire.runs.create, ask).run.info.run_id
        seed.runs[name] = run_id
        score = (number * 7919 % LARGE) / LARGE
        params = {
            "rate": (0.1, 0.03, 0.01, 0.003, 0.001)[number % 5],
            "layers": 1 + number % 7,
            "kind": "abc"[number % 3],
        }
        batch = LogBatch(
            run_id=run_id,
            metrics=[Point("score", score, start, 1), Point("loss", 1 - score / 2, start, 1)],
            params=[Param(key, str(value)) for key, value in params.items()],
        )
        waiting.append(engine.store.log(batch))
    for each in waiting:
        each.result()
    engine.close()
    return seed


def _run(
    client: MlflowClient, seed: Seed, experiment: str, name: str, start: int, **tags: str
) -> str:
    named: dict[str, object] = {"mlflow.user": "ada", "mlflow.source.name": "train.py"}
    named |= {key.replace("__", "."): value for key, value in tags.items()}
    run = client.create_run(seed.experiments[experiment], start, named, name)
    seed.runs[name] = run.info.run_id
    return str(run.info.run_id)


def _digits(client: MlflowClient, seed: Seed) -> None:
    dice = random.Random(1)
    names = [f"fit-{number:02}" for number in range(20)]
    trials = [f"trial-{number}" for number in range(4)]
    for place, name in enumerate([*names, "sweep", *trials, "gone"]):
        start = BEGIN + place * HOUR
        tags = {"team": "vision" if place % 2 else "robots"}
        if name in trials:
            tags["mlflow__parentRunId"] = seed.runs["sweep"]
        if name == "fit-00":
            tags |= {
                "mlflow__source__type": "LOCAL",
                "mlflow__source__git__commit": f"{dice.getrandbits(160):040x}",
                "mlflow__note__content": "The **first** one.\n\n- a\n- b\n",
            }
        run = _run(client, seed, "team/vision/digits", name, start, **tags)
        rate, size = dice.choice([0.001, 0.01, 0.1]), dice.choice([32, 64])
        params = {
            "rate": rate,
            "batch_size": size,
            "optimizer": dice.choice(["adam", "sgd"]),
            "epochs": 5,
            "loader": json.dumps({"size": size, "shuffle": True}),
        }
        points = []
        for step in range(40 if name == "fit-19" else STEPS):
            at = start + step * 10_000
            loss = 0.1 + 20 * rate * math.exp(-step / 30) + 0.1 * dice.random()
            points += [
                Metric("loss", loss, at, step),
                Metric("accuracy", 1 - loss / 4, at, step),
                Metric("val/loss", loss * 1.1, at, step),
            ]
            if name == "fit-00" and step % 5 == 0:
                points.append(Metric("system/cpu_utilization_percentage", 50 + step / 4, at, step))
        if name == "fit-01":
            points.append(Metric("odd", float("nan"), start, 0))
        client.log_batch(run, points, [Param(key, str(value)) for key, value in params.items()])
        client.log_inputs(run, [_dataset("digits", "train")])
        if name == "fit-00":
            client.log_outputs(run, [LoggedModelOutput("m-0123456789abcdef", STEPS)])
        if name == "gone":
            client.delete_run(run)
        elif name != "fit-19":
            status = "FAILED" if name == "fit-03" else "FINISHED"
            client.set_terminated(run, status, start + 30 * MINUTE)


def _dataset(name: str, context: str) -> DatasetInput:
    source = json.dumps({"uri": f"s3://data/{name}"})
    schema = json.dumps({"mlflow_colspec": [{"name": "x", "type": "double"}]})
    profile = json.dumps({"num_rows": 60_000})
    dataset = Dataset(name, "4f3c2b1a", "s3", source, schema, profile)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", context)])


def _words(client: MlflowClient, seed: Seed) -> None:
    for number in range(3):
        start = BEGIN + number * HOUR
        run = _run(client, seed, "team/nlp/words", f"words-{number}", start)
        points = [Metric("perplexity", 90 - number - step, start + step, step) for step in range(5)]
        client.log_batch(run, points, [Param("vocabulary", str(1000 * (number + 1)))])
        client.log_batch(run, tags=[RunTag("language", "größe 損失")])
        client.set_terminated(run, "FINISHED", start + MINUTE)


def _files(client: MlflowClient, seed: Seed) -> None:
    run = _run(client, seed, "files", "files", BEGIN)
    root = seed.folder / "mlruns" / "artifacts" / seed.experiments["files"] / run / "artifacts"
    for path, content in artifacts().items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for step in (0, 10, 20):
        pixels = np.full((24, 32, 3), (step * 10, 120, 200), "uint8")
        client.log_image(run, pixels, key="sample", step=step, timestamp=BEGIN + step)
    client.set_terminated(run, "FINISHED", BEGIN + MINUTE)
    many = _run(client, seed, "files", "many", BEGIN + HOUR)
    folder = root.parents[1] / many / "artifacts" / "shards"
    folder.mkdir(parents=True)
    for number in range(1200):
        (folder / f"shard-{number:04}.txt").write_text(f"{number}\n")
    client.set_terminated(many, "FINISHED", BEGIN + 2 * HOUR)


def artifacts() -> dict[str, bytes]:
    """Files of all kinds that have a preview, by path."""
    table = pa.table({"bird": ["wren", "owl", None], "count": [3, 5, 8], "mass": [0.01, 1.5, 2.0]})
    packed = io.BytesIO()
    parquet.write_table(table, packed)
    model = "artifact_path: model\nflavors:\n  sklearn:\n    sklearn_version: 1.5.0\n"
    config: dict[str, Any] = {"optimizer": {"name": "adam", "rate": 0.01}, "layers": [64, 32]}
    place = {"type": "Point", "coordinates": [13.4, 52.5]}
    map_ = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {"name": "Berlin"}, "geometry": place}],
    }
    rows = "".join(f"{number},{number * number}\n" for number in range(500))
    return {
        "README.md": b"# Report\n\nOwls are **hard**.\n\n<script>window.hit = 1</script>\n",
        "notes.txt": "Plain text, größer.\n".encode(),
        "train.py": b"import mlflow\n\n\ndef train(rate: float) -> None:\n    print(rate)\n",
        "config.json": json.dumps(config).encode(),
        "config.yaml": b"optimizer:\n  name: adam\n  rate: 0.01\nlayers: [64, 32]\n",
        "logs/train.log": b"".join(b"epoch %d: done\n" % line for line in range(50_000)),
        "tables/squares.csv": f"number,square\n{rows}".encode(),
        "tables/birds.tsv": b"bird\tcount\nwren\t3\nowl\t5\n",
        "tables/birds.parquet": packed.getvalue(),
        "images/plot.png": _image("PNG"),
        "images/photo.jpg": _image("JPEG"),
        "images/photo.webp": _image("WEBP"),
        "images/moving.gif": _moving(),
        "images/drawing.svg": PICTURE.encode(),
        "media/tone.wav": _tone(),
        "report.html": PAGE.encode(),
        "report.pdf": pdf("A report"),
        "analysis.ipynb": json.dumps(NOTEBOOK).encode(),
        "map.geojson": json.dumps(map_).encode(),
        "model/MLmodel": model.encode(),
        "model/requirements.txt": b"mlflow\nscikit-learn==1.5\n",
        "model/weights.bin": bytes(range(256)) * 16,
        "deeply/nested/folder/leaf.txt": b"leaf\n",
        "odd names/ä & b (1) +.txt": b"odd\n",
    }


def _image(kind: str) -> bytes:
    x, y = np.mgrid[0:40, 0:60]
    pixels = np.stack([x * 6, y * 4, (x + y) * 2], axis=2).astype("uint8")
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, kind)
    return packed.getvalue()


def _moving() -> bytes:
    frames = [Image.new("RGB", (20, 20), (shade, 80, 120)) for shade in (0, 120, 240)]
    packed = io.BytesIO()
    frames[0].save(packed, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
    return packed.getvalue()


def _tone() -> bytes:
    packed = io.BytesIO()
    with wave.open(packed, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        tone = np.sin(np.arange(4000) * 2 * np.pi * 440 / 8000) * 20_000
        sound.writeframes(tone.astype("<i2").tobytes())
    return packed.getvalue()
