"""System metrics of open runs."""

from mlflow._clock import now_ms
from mlflow.entities import Run
from mlflow.environment_variables import MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING
from mlflow.fluent.logbook import Logbook
from mlflow.system_metrics import SystemMetricsMonitor

_PREFIX = "system/"


def monitored(run: Run, logbook: Logbook, asked: bool | None) -> SystemMetricsMonitor | None:
    """The started monitor of a run, None when none is wanted.

    Args:
        run: when it has system metrics already, their steps are continued.
        logbook: where to log.
        asked: whether the caller wants one; None is what the setting says.
    """
    if not (MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.get() if asked is None else asked):
        return None

    def log(values: dict[str, float], step: int) -> None:
        now = now_ms()
        # The outbox, whatever the mode: a sampling thread must not wait for a server.
        logbook.queue([logbook.point(key, value, now, step) for key, value in values.items()])

    points = run.data._metric_objs
    steps = [point.step for point in points if point.key.startswith(_PREFIX)]
    monitor = SystemMetricsMonitor(log, first_step=max(steps) + 1 if steps else None)
    monitor.start()
    return monitor
