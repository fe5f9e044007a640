"""Two Optuna studies with its MLflowCallback; the server is argument 1.

One is as in Optuna's documentation; in the other, four threads run 100 trials below one parent.
"""

from __future__ import annotations

import json
import sys

import optuna
from optuna_integration import MLflowCallback

import mlflow

TRIALS = 100


def quadratic(trial: optuna.Trial) -> float:
    """What is minimised."""
    x: float = trial.suggest_float("x", -10, 10)
    y = trial.suggest_categorical("y", ["one", "two"])
    return float((x - 2) ** 2 + (y == "two"))


def plain(tracking_uri: str) -> None:
    """The callback makes one run for each trial."""
    callback = MLflowCallback(tracking_uri=tracking_uri, metric_name="loss")
    study = optuna.create_study(study_name="plain", sampler=optuna.samplers.RandomSampler(seed=7))
    study.optimize(quadratic, n_trials=10, callbacks=[callback])


def parallel(tracking_uri: str) -> str:
    """Trials are nested runs, started and logged to in worker threads; returns the parent's id."""
    callback = MLflowCallback(
        tracking_uri=tracking_uri,
        metric_name="loss",
        create_experiment=False,
        mlflow_kwargs={"nested": True},
    )

    @callback.track_in_mlflow()  # type: ignore[untyped-decorator]
    def objective(trial: optuna.Trial) -> float:
        value = quadratic(trial)
        for step in range(3):
            mlflow.log_metric("progress", value / (step + 1), step=step)
        return value

    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment("parallel")
    with mlflow.start_run(run_name="study") as parent:
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=7))
        study.optimize(objective, n_trials=TRIALS, n_jobs=4, callbacks=[callback])
        mlflow.log_metric("best", study.best_value)
    return str(parent.info.run_id)


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    plain(sys.argv[1])
    print(json.dumps({"parent": parallel(sys.argv[1])}))
