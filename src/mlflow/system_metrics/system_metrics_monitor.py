"""The thread that samples the machine while a run is open."""

import logging
import os
import threading
from collections.abc import Callable, Sequence

from mlflow import environment_variables as settings
from mlflow.exceptions import MlflowException
from mlflow.system_metrics.probes import Probe, probes

#: seconds that stopping waits for the thread; it is a daemon, so nothing waits for ever
_LONGEST_STOP = 5.0
_TOTALS = ("network_receive_megabytes", "network_transmit_megabytes")
#: where launchers write the rank of a process: torchrun, accelerate, horovod, Open MPI, Slurm
_RANKS = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")

_logger = logging.getLogger(__name__)


class SystemMetricsMonitor:
    """Samples CPU, memory, disk, network and GPU in a thread, until it is stopped.

    Nothing here raises into user code: what cannot be read or logged is left out with a warning.

    Args:
        log: called in the thread with the values by metric name and their step.
        sampling_interval: seconds between two samples; None: the setting, 10 by default.
        samples_before_logging: samples that are averaged to one point; None: the setting,
            1 by default. What is left over when the monitor stops is logged, too, and a run
            that is shorter than the interval has one point.
        first_step: step of the first point; None: 0. A resumed run goes on behind its last one.
        node_id: name of this machine in the names of the metrics; None: the setting. Where a
            launcher started several processes, all but the first also carry their rank, so
            those that log into one run do not mix.
        probes: what is sampled; None: all that this machine has.
    """

    def __init__(
        self,
        log: Callable[[dict[str, float], int], None],
        *,
        sampling_interval: float | None = None,
        samples_before_logging: int | None = None,
        first_step: int | None = None,
        node_id: str | None = None,
        probes: Sequence[Probe] | None = None,
    ) -> None:
        self._log = log
        interval = sampling_interval or settings.MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL.get()
        samples = (
            samples_before_logging or settings.MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING.get()
        )
        if interval <= 0 or samples < 1:
            raise MlflowException.invalid_parameter_value(
                "System metrics need an interval above 0 seconds and at least 1 sample; "
                f"got {interval!r} and {samples!r}."
            )
        self._interval = interval
        self._samples = samples
        self._step = first_step or 0
        node = node_id or settings.MLFLOW_SYSTEM_METRICS_NODE_ID.get()
        self._prefix = "".join(f"{part}/" for part in ("system", node, _rank()) if part)
        self._probes = probes
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._owner = os.getpid()

    @property
    def next_step(self) -> int:
        """The step of the next point."""
        return self._step

    def start(self) -> None:
        """Start sampling; a second call does nothing."""
        if self._thread is not None:
            return
        self._owner = os.getpid()
        self._thread = threading.Thread(
            target=self._watch, name="mlflow-system-metrics", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError as error:  # no more threads, or the interpreter is going down
            self._thread = None
            _logger.warning("System metrics are not logged: %s", error)

    def finish(self) -> None:
        """Stop sampling and log what was sampled; a second call does nothing."""
        thread, self._thread = self._thread, None
        # a forked child holds this object, but not the thread
        if thread is None or self._owner != os.getpid():
            return
        self._stop.set()
        if thread is not threading.current_thread():
            thread.join(_LONGEST_STOP)

    def _watch(self) -> None:
        try:
            devices = probes() if self._probes is None else self._probes
            gathered: dict[str, list[float]] = {}
            count, first = 0, self._step
            while not self._stop.wait(self._interval):
                _read(devices, gathered)
                count += 1
                if count == self._samples:
                    self._write(gathered)
                    gathered, count = {}, 0
            if self._step == first and not gathered:
                _read(devices, gathered)  # a run shorter than the interval has a point, too
            self._write(gathered)
        except Exception:
            _logger.warning("System metrics are no longer logged.", exc_info=True)

    def _write(self, gathered: dict[str, list[float]]) -> None:
        """Log one point of each metric, and go to the next step."""
        if not gathered:
            return
        values = {
            self._prefix + name: numbers[-1]
            if name in _TOTALS
            else round(sum(numbers) / len(numbers), 1)
            for name, numbers in gathered.items()
        }
        try:
            self._log(values, self._step)
        except Exception as error:
            _logger.warning("A sample of system metrics was not logged: %s", error)
        self._step += 1


def _read(devices: Sequence[Probe], gathered: dict[str, list[float]]) -> None:
    for device in devices:
        try:
            for name, value in device.read().items():
                gathered.setdefault(name, []).append(value)
        except Exception as error:
            _logger.debug("%s cannot be read: %s", type(device).__name__, error)


def _rank() -> str | None:
    """`rank<n>` in every process of a launcher but the first, which keeps the plain names."""
    rank = next((os.environ[name] for name in _RANKS if os.environ.get(name)), "0")
    return f"rank{rank}" if rank.isdigit() and int(rank) > 0 else None
