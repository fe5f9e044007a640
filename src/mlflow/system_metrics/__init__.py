"""Use of CPU, memory, disk, network and GPU, sampled while a run is open.

The settings live in the environment, so child processes that log into the same run share them.
"""

from mlflow import environment_variables as settings
from mlflow.exceptions import invalid
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

__all__ = [
    "SystemMetricsMonitor",
    "disable_system_metrics_logging",
    "enable_system_metrics_logging",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
]


def enable_system_metrics_logging() -> None:
    """Log system metrics of every run that is started from now on."""
    settings.MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.set(True)


def disable_system_metrics_logging() -> None:
    """Log no system metrics, unless `start_run(log_system_metrics=True)` asks for them."""
    settings.MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.set(False)


def set_system_metrics_sampling_interval(interval: float | None) -> None:
    """Seconds between two samples; None restores the default of 10.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE, the interval is not above 0.
    """
    if interval is None:
        settings.MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL.unset()
    elif interval > 0:
        settings.MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL.set(interval)
    else:
        raise invalid(f"The sampling interval must be above 0 seconds, not {interval!r}.")


def set_system_metrics_samples_before_logging(samples: int | None) -> None:
    """Samples that are averaged to one point; None restores the default of 1.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE, the number is below 1.
    """
    if samples is None:
        settings.MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING.unset()
    elif samples >= 1:
        settings.MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING.set(samples)
    else:
        raise invalid(f"At least 1 sample is needed before logging, not {samples!r}.")


def set_system_metrics_node_id(node_id: str | None) -> None:
    """Name of this machine in the names of its metrics; None leaves it out."""
    if node_id is None:
        settings.MLFLOW_SYSTEM_METRICS_NODE_ID.unset()
    else:
        settings.MLFLOW_SYSTEM_METRICS_NODE_ID.set(node_id)
