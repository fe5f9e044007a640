"""Fills a folder with experiments as a team would have them: `python tools/demo.py FOLDER`.

The pictures in docs/ are taken of it (tools/screenshots.py), and `mlflow server` started in the
folder shows it to whoever wants to look around. Everything comes from fixed seeds: two folders hold
the same but for ids and times.
"""

import json
import math
import random
import struct
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

HOUR = 3_600_000
STEPS = 300


def fill(folder: Path) -> dict[str, str]:
    """Fill the store in `folder/mlruns`; ids of experiments and of runs to look at, by name."""
    mlflow.set_tracking_uri(str(folder / "mlruns"))
    client = MlflowClient()
    now = int(time.time() * 1000)
    ids = {}
    for number, (name, note, tags) in enumerate(EXPERIMENTS):
        ids[name] = client.create_experiment(name, tags={"mlflow.note.content": note, **tags})
        if number == 0:
            ids.update(_sweep(client, ids[name], now))
        else:
            _trials(client, ids[name], number, now)
    return ids


EXPERIMENTS: list[tuple[str, str, dict[str, str]]] = [
    (
        "vision/resnet-sweep",
        "# Which learning rate, and which optimizer?\n\n"
        "ResNets on 120,000 photographs of **birds**, `200` classes.\n\n"
        "| question | answer |\n|---|---|\n| best optimizer | `adamw` |\n"
        "| worth augmenting? | yes, from 100 epochs on |\n\nNext: *label smoothing*.",
        {"team": "vision", "stage": "research"},
    ),
    ("vision/detector", "Boxes around birds.", {"team": "vision"}),
    ("nlp/summaries/short", "Summaries of one sentence.", {"team": "nlp"}),
    ("nlp/summaries/long", "Summaries of a page.", {"team": "nlp"}),
    ("forecast/energy", "Demand of tomorrow, by the hour.", {"team": "energy", "stage": "live"}),
]


def _log(
    client: MlflowClient, run: str, start: int, params: dict[str, Any], steps: int, seed: int
) -> None:
    """Curves that a training with these params could have."""
    dice = random.Random(seed)
    rate, size = float(params["lr"]), int(params["batch_size"])
    best = {"adamw": 0.24, "sgd": 0.31, "lion": 0.28}[params["optimizer"]]
    best += abs(math.log10(rate) + 2.7) * 0.14 + abs(math.log2(size) - 6) * 0.015
    speed = 0.006 + 0.02 * min(1.0, rate / 0.003)
    noise = 0.015 + (0.05 if rate > 0.02 else 0)
    points = []
    for step in range(steps):
        loss = best + 2.1 * math.exp(-speed * step) + dice.gauss(0, noise)
        val = best * 1.12 + 2.0 * math.exp(-speed * step) + dice.gauss(0, noise / 2)
        val += 0.0005 * step if params["augment"] == "no" else 0
        values = {
            "train/loss": loss,
            "val/loss": val,
            "val/accuracy": 1 / (1 + math.exp(val * 2.2 - 2.6)),
            "lr": rate * 0.5 * (1 + math.cos(math.pi * step / STEPS)),
        }
        if step % 10 == 0:
            values["system/cpu_utilization_percentage"] = 60 + dice.random() * 30
            values["system/gpu_0_utilization_percentage"] = 88 + dice.random() * 10
            values["system/system_memory_usage_megabytes"] = 9000 + step * 6 + dice.random() * 50
        at = start + step * 20_000
        points += [Metric(key, value, at, step) for key, value in values.items()]
    logged = [Param(key, str(value)) for key, value in params.items()]
    for begin in range(0, len(points), 900):
        client.log_batch(run, metrics=points[begin : begin + 900], params=logged)
        logged = []


def _tags(seed: int, script: str) -> dict[str, Any]:
    dice = random.Random(seed)
    return {
        "mlflow.user": dice.choice(["ada", "grace", "katherine", "emmy"]),
        "mlflow.source.name": script,
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": f"{dice.getrandbits(160):040x}",
        "mlflow.source.git.branch": dice.choice(["main", "augment"]),
        "dataset": "birds-v3",
    }


def _params(dice: random.Random) -> dict[str, Any]:
    return {
        "lr": dice.choice([0.0003, 0.001, 0.003, 0.01, 0.03]),
        "batch_size": dice.choice([32, 64, 128, 256]),
        "optimizer": dice.choice(["adamw", "sgd", "lion"]),
        "augment": dice.choice(["yes", "no"]),
        "depth": dice.choice([18, 34, 50]),
        "weight_decay": dice.choice([0, 0.01, 0.05]),
        "epochs": 100,
        "seed": dice.randrange(100),
    }


def _sweep(client: MlflowClient, experiment: str, now: int) -> dict[str, str]:
    """Forty single runs, a sweep with sixteen children, one that is still running."""
    dice = random.Random(7)
    runs: list[str] = []
    sweep = ""
    for number in range(57):
        start = now - (60 - number) * 3 * HOUR
        tags, name = _tags(number, "train.py"), f"resnet-{number:02}"
        if number == 40:
            sweep = _start(client, experiment, start, _tags(number, "sweep.py"), "sweep")
        if 40 <= number < 56:
            tags["mlflow.parentRunId"] = sweep
            name = f"trial-{number - 40:02}"
        params = _params(dice)
        run = _start(client, experiment, start, tags, name)
        steps = {17: 120, 56: 140}.get(number, STEPS)
        _log(client, run, start, params, steps, number)
        client.log_inputs(run, [BIRDS])
        if number < 56:
            status = "FAILED" if number == 17 else "FINISHED"
            client.set_terminated(run, status, start + steps * 20_000)
        runs.append(run)
    client.set_terminated(sweep, "FINISHED", now - 9 * HOUR)
    for run, seed in ((runs[39], 3), (runs[38], 4), (runs[37], 5)):
        _artifacts(client, run, random.Random(seed))
    note = "Best without the sweep. **Keep**: the base for the *release candidate*."
    client.set_tag(runs[39], "mlflow.note.content", note)
    return {"sweep": sweep, "run": runs[39], "other": runs[38], "third": runs[37]}


def _trials(client: MlflowClient, experiment: str, number: int, now: int) -> None:
    """Some runs, so that there is something everywhere."""
    dice = random.Random(number)
    for trial in range(4 + 3 * number):
        start = now - (number * 30 + trial * 5) * HOUR
        run = _start(client, experiment, start, _tags(trial, "fit.py"), f"fit-{trial}")
        _log(client, run, start, _params(dice), 60, trial)
        client.set_terminated(run, "FINISHED", start + 60 * 20_000)


def _start(
    client: MlflowClient, experiment: str, start: int, tags: dict[str, Any], name: str
) -> str:
    return str(client.create_run(experiment, start, tags, name).info.run_id)


BIRDS = DatasetInput(
    Dataset(
        name="birds-v3",
        digest="b1d5e7",
        source_type="s3",
        source=json.dumps({"uri": "s3://pictures/birds/v3"}),
        schema=json.dumps({"mlflow_colspec": [{"name": "image", "type": "binary"}]}),
        profile=json.dumps({"num_rows": 120_000}),
    ),
    [InputTag("mlflow.data.context", "training")],
)


def _artifacts(client: MlflowClient, run: str, dice: random.Random) -> None:
    """Files of the kinds that runs leave, and pictures by step."""
    scores = [(name, round(0.6 + dice.random() * 0.39, 3)) for name in ("wren", "robin", "owl")]
    table = "\n".join(["bird,accuracy", *(f"{name},{score}" for name, score in scores)])
    client.log_text(run, table + "\n", "report/accuracy.csv")
    client.log_text(run, f"lr: {dice.choice([0.001, 0.003])}\nlayers: [64, 128]\n", "config.yaml")
    client.log_dict(run, {"best": {"epoch": 97, "scores": dict(scores)}}, "report/best.json")
    client.log_text(run, "# Report\n\nOwls are **hard** at night.\n", "report/README.md")
    client.log_text(run, "".join(f"epoch {i}: done\n" for i in range(2000)), "logs/train.log")
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "confusion.png"
        picture.write_bytes(_picture(dice, 240))
        client.log_artifact(run, str(picture), "report")
    for step in (0, 100, 200, 299):
        client.log_image(run, _pixels(dice, 64, step / 300), key="sample", step=step)


def _pixels(dice: random.Random, size: int, order: float) -> Any:
    """A picture that gets clearer the more `order` there is in it."""
    import numpy as np  # the one thing here that needs it

    rows = [
        [
            [
                int((math.sin(x / 6) * math.sin(y / 9) * order + 1) * 100),
                int(90 + 80 * order * math.cos((x - y) / 11)),
                int(120 + 100 * (1 - order) * dice.random()),
            ]
            for x in range(size)
        ]
        for y in range(size)
    ]
    return np.array(rows, dtype="uint8")


def _picture(dice: random.Random, size: int) -> bytes:
    """A matrix of squares, darker on its diagonal, as a PNG."""
    cells = [[dice.random() * 0.25 + (0.7 if x == y else 0) for x in range(6)] for y in range(6)]
    rows = b"".join(
        b"\0"
        + bytes(
            channel for x in range(size) for channel in _shade(cells[y * 6 // size][x * 6 // size])
        )
        for y in range(size)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _shade(value: float) -> tuple[int, int, int]:
    return int(235 - 215 * value), int(245 - 150 * value), int(250 - 110 * value)


if __name__ == "__main__":
    for name, number in fill(Path(sys.argv[1])).items():
        print(number, name)
