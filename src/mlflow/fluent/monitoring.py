"""System metrics of open runs: switching them on, and their settings."""

import logging
from importlib import import_module
from typing import Any

from mlflow._clock import now_ms
from mlflow.environment_variables import (
    MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING,
    MLFLOW_SYSTEM_METRICS_NODE_ID,
    MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING,
    MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL,
)
from mlflow.fluent.logbook import Logbook

# The monitor is a part of the ml floor above this one, so it is found by its name.
_MONITOR = "mlflow.system_metrics"

_logger = logging.getLogger(__name__)


def enable_system_metrics_logging() -> None:
    """Log system metrics of all runs that start from now on."""
    MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.set(True)


def disable_system_metrics_logging() -> None:
    """Log no system metrics of runs that start from now on, unless they ask for it."""
    MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.set(False)


def set_system_metrics_sampling_interval(interval: float | None) -> None:
    """Take a sample every so many seconds; None goes back to the default, 10."""
    _set(MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL, interval)


def set_system_metrics_samples_before_logging(samples: int | None) -> None:
    """Average so many samples to one point; None goes back to the default, 1."""
    _set(MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING, samples)


def set_system_metrics_node_id(node_id: str | None) -> None:
    """Name this machine in the names of its system metrics; None takes the name away."""
    _set(MLFLOW_SYSTEM_METRICS_NODE_ID, node_id)


def _set(setting: Any, value: object) -> None:
    if value is None:
        setting.unset()
    else:
        setting.set(value)


def started(logbook: Logbook, asked: bool | None, resumed: bool) -> Any:
    """The running monitor of a run, None when none is wanted.

    Args:
        asked: whether the caller wants one; None is what the setting says.
        resumed: whether the run may have system metrics already.
    """
    wanted = MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.get() if asked is None else asked
    if not wanted:
        return None

    def log(values: dict[str, float], step: int) -> None:
        now = now_ms()
        points = [logbook.point(key, value, now, step) for key, value in values.items()]
        logbook.metrics(points)

    try:
        monitor = import_module(_MONITOR).SystemMetricsMonitor(log)
        monitor.start()
    except Exception as error:
        # Watching the machine must never stop the training on it.
        _logger.warning("System metrics are not logged: %s", error)
        return None
    return monitor


def stop(monitor: Any) -> None:
    """Stop a monitor; what it has gathered is logged."""
    try:
        monitor.stop()
    except Exception as error:
        _logger.warning("System metrics did not stop cleanly: %s", error)
