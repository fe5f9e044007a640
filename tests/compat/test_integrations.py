"""Libraries that log to MLflow by themselves, unmodified, with our package and our server.

They run in an environment of their own in which our package is installed as `mlflow`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.compat.programs import ROOT, interpreter
from tests.servers.millstream import RunningServer

pytestmark = pytest.mark.compat

TRAINING_SECONDS = 300.0


def train(
    script: str, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Any:
    """What the training prints last, as JSON."""
    done = subprocess.run(
        [interpreter("integrations"), ROOT / "tests/compat" / script, *arguments],
        cwd=folder,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **(environment or {})},
        capture_output=True,
        text=True,
        timeout=TRAINING_SECONDS,
    )
    assert done.returncode == 0, f"{script} failed:\n{done.stderr[-3000:]}"
    return json.loads(done.stdout.splitlines()[-1])


def run_of(server: RunningServer, run_id: str) -> Any:
    return server.call("GET", f"runs/get?run_id={run_id}")["run"]


def history(server: RunningServer, run_id: str, key: str) -> list[dict[str, Any]]:
    answer = server.call("GET", f"metrics/get-history?run_id={run_id}&metric_key={key}")
    points: list[dict[str, Any]] = answer["metrics"]
    return points


def runs_in(server: RunningServer, experiment: str, **question: Any) -> list[Any]:
    """All runs of an experiment, page by page."""
    found = server.call("GET", f"experiments/get-by-name?experiment_name={experiment}")
    question["experiment_ids"] = [found["experiment"]["experiment_id"]]
    runs: list[Any] = []
    while True:
        answer = server.call("POST", "runs/search", {**question, "max_results": 100})
        runs += answer.get("runs", [])
        if "next_page_token" not in answer:
            return runs
        question["page_token"] = answer["next_page_token"]


def named(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: pair["value"] for pair in pairs}


def test_lightning(running_server: RunningServer, tmp_path: Path) -> None:
    made = train("trainings/train_with_lightning.py", tmp_path, running_server.url)
    run = run_of(running_server, made["run_id"])
    assert run["info"]["status"] == "FINISHED"
    assert run["info"]["run_name"] == "a line"
    assert named(run["data"]["params"]) == {"rate": "0.1"}
    assert named(run["data"]["tags"])["framework"] == "lightning"
    steps = history(running_server, made["run_id"], "loss_step")
    assert [point["step"] for point in steps] == [*range(12)]
    epochs = history(running_server, made["run_id"], "loss_epoch")
    assert len(epochs) == 3
    assert epochs[0]["value"] > epochs[-1]["value"] == pytest.approx(made["loss"])


def test_transformers(running_server: RunningServer, tmp_path: Path) -> None:
    made = train("trainings/train_with_transformers.py", tmp_path, running_server.url)
    run = run_of(running_server, made["run_id"])
    assert run["info"]["status"] == "FINISHED"
    assert run["info"]["run_name"] == "a tiny BERT"
    params = named(run["data"]["params"])
    assert len(params) > 100  # the whole configuration, more than fits into one request
    assert params["hidden_size"] == "16"
    assert named(run["data"]["tags"])["framework"] == "transformers"
    losses = history(running_server, made["run_id"], "loss")
    assert [point["step"] for point in losses] == [2, 4, 6, 8]
    assert len(history(running_server, made["run_id"], "eval_loss")) == 2


def test_optuna(running_server: RunningServer, tmp_path: Path) -> None:
    made = train("trainings/train_with_optuna.py", tmp_path, running_server.url)

    trials = runs_in(running_server, "plain")
    assert len(trials) == 10
    assert {named(run["data"]["params"])["y"] for run in trials} == {"one", "two"}
    assert all(named(run["data"]["metrics"])["loss"] >= 0 for run in trials)

    runs = runs_in(running_server, "parallel")
    parents = [run for run in runs if run["info"]["run_id"] == made["parent"]]
    children = [run for run in runs if run["info"]["run_id"] != made["parent"]]
    assert len(parents) == 1
    assert len(children) == 100
    for child in children:
        assert child["info"]["status"] == "FINISHED"
        tags = named(child["data"]["tags"])
        assert tags["mlflow.parentRunId"] == made["parent"]
        metrics = named(child["data"]["metrics"])
        assert metrics["progress"] == pytest.approx(metrics["loss"] / 3)
        assert tags["number"] == child["info"]["run_name"]
        assert len(named(child["data"]["params"])) == 2
    best = min(named(child["data"]["metrics"])["loss"] for child in children)
    assert named(parents[0]["data"]["metrics"])["best"] == best


def test_a_real_training(running_server: RunningServer, tmp_path: Path) -> None:
    """200 runs; Python, the command line and REST find the same best one."""
    to_server = {"MLFLOW_TRACKING_URI": running_server.url}
    best = train("training.py", tmp_path, environment=to_server)

    runs = runs_in(running_server, "digits")
    assert len(runs) == 200
    sweeps = {r["info"]["run_id"] for r in runs if named(r["data"]["tags"])["stage"] == "sweep"}
    assert len(sweeps) == 8
    for run in runs:
        assert run["info"]["status"] == "FINISHED"
        if run["info"]["run_id"] in sweeps:
            assert run["inputs"]["dataset_inputs"][0]["dataset"]["name"] == "digits"
        else:
            assert named(run["data"]["tags"])["mlflow.parentRunId"] in sweeps
            assert len(run["data"]["params"]) == 5

    question = {
        "filter": "metrics.`validation/accuracy` > 0.9 AND params.scaled = 'True'"
        " AND tags.stage = 'candidate'",
        "order_by": ["metrics.`validation/accuracy` DESC", "metrics.`train/accuracy` DESC"],
    }
    over_rest = runs_in(running_server, "digits", **question)
    assert over_rest[0]["info"]["run_id"] == best["run_id"]
    assert named(over_rest[0]["data"]["metrics"])["validation/accuracy"] == best["accuracy"] > 0.9
    assert named(over_rest[0]["data"]["params"])["alpha"] == best["alpha"]
    accuracies = history(running_server, best["run_id"], "validation/accuracy")
    assert [point["step"] for point in accuracies] == [0, 1, 2, 3]

    command = [interpreter("integrations").parent / "mlflow"]
    environment = {**os.environ, **to_server}
    experiments = json.loads(
        subprocess.check_output([*command, "experiments", "search", "--json"], env=environment)
    )
    (digits,) = [found for found in experiments if found["name"] == "digits"]
    options = ["--experiment-id", digits["experiment_id"], "--filter", question["filter"], "--json"]
    for order in question["order_by"]:
        options += ["--order-by", order]
    found = json.loads(
        subprocess.check_output([*command, "runs", "search", *options], env=environment)
    )
    assert [row["info"]["run_id"] for row in found] == [row["info"]["run_id"] for row in over_rest]
