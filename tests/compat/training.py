"""A real training: 200 runs of linear classifiers on handwritten digits, in eight nested sweeps.

It uses nothing but the public API, so it runs unchanged with any `mlflow` and any tracking URI:
`MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python training.py`. Prints the best run as JSON.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy
import pandas
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import mlflow

EXPERIMENT = "digits"
EPOCHS = 4
LOSSES = ("hinge", "log_loss", "modified_huber", "perceptron")
ALPHAS = (1e-5, 1e-4, 1e-3, 1e-2)
PENALTIES = ("l2", "l1", "elasticnet")
BEST = "metrics.`validation/accuracy` > 0.9 AND tags.stage = 'candidate' AND params.scaled = 'True'"


def train(data: list[Any], classes: Any, settings: dict[str, Any]) -> float:
    """Train one model in the active run; returns its last accuracy."""
    seen, held_out, labels, truth = data
    model = SGDClassifier(**settings, random_state=7)
    accuracy = 0.0
    for epoch in range(EPOCHS):
        model.partial_fit(seen, labels, classes=classes)
        accuracy = float(model.score(held_out, truth))
        mlflow.log_metric("train/accuracy", model.score(seen, labels), step=epoch)
        mlflow.log_metrics({"validation/accuracy": accuracy}, step=epoch)
        if settings["loss"] in ("log_loss", "modified_huber"):
            loss = log_loss(truth, model.predict_proba(held_out), labels=classes)
            mlflow.log_metric("validation/loss", numpy.float64(loss), step=epoch)
    return accuracy


def sweep(data: list[Any], classes: Any, loss: str, scaled: bool) -> None:
    """One parent run with a child for each setting."""
    table = pandas.DataFrame(data[0]).assign(digit=data[2])
    digits = mlflow.data.from_pandas(table, name="digits", targets="digit")
    with mlflow.start_run(run_name=f"sweep {loss} {'scaled' if scaled else 'raw'}"):
        mlflow.set_tag("stage", "sweep")
        mlflow.log_input(digits, context="training")
        best = 0.0
        for alpha, penalty, average in itertools.product(ALPHAS, PENALTIES, (False, True)):
            settings = {"loss": loss, "alpha": alpha, "penalty": penalty, "average": average}
            with mlflow.start_run(nested=True, tags={"stage": "candidate"}):
                mlflow.log_params({**settings, "scaled": scaled})
                best = max(best, train(data, classes, settings))
        mlflow.log_metric("best", best)


def main() -> None:
    """Train everything, then ask for the best run."""
    features, labels = load_digits(return_X_y=True)
    mlflow.set_experiment(EXPERIMENT)
    for loss, scaled in itertools.product(LOSSES, (False, True)):
        matrix = StandardScaler().fit_transform(features) if scaled else features
        data = train_test_split(matrix, labels, test_size=0.25, random_state=7)
        sweep(data, numpy.unique(labels), loss, scaled)
    found = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string=BEST,
        order_by=["metrics.`validation/accuracy` DESC", "metrics.`train/accuracy` DESC"],
        max_results=1,
    ).iloc[0]
    best = {
        "run_id": found["run_id"],
        "accuracy": found["metrics.validation/accuracy"],
        "alpha": found["params.alpha"],
    }
    print(json.dumps(best))


if __name__ == "__main__":
    main()
