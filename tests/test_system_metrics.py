"""The system metrics monitor: names, averages, steps, and that it never hurts."""

import threading
from collections.abc import Callable

import pytest

from mlflow import environment_variables as settings, system_metrics
from mlflow.exceptions import MlflowException
from mlflow.system_metrics import SystemMetricsMonitor
from mlflow.system_metrics.probes import probes

#: seconds that a test waits for the monitor's thread before it fails
DEADLINE = 20.0
OF_EVERY_MACHINE = {
    "cpu_utilization_percentage",
    "disk_available_megabytes",
    "disk_usage_megabytes",
    "disk_usage_percentage",
    "network_receive_megabytes",
    "network_transmit_megabytes",
    "system_memory_usage_megabytes",
    "system_memory_usage_percentage",
}


class Log:
    """Keeps what a monitor logs, and tells when a number of points is there."""

    def __init__(self, fails: bool = False) -> None:
        self.points: list[tuple[int, dict[str, float]]] = []
        self._fails = fails
        self._came = threading.Condition()

    def __call__(self, values: dict[str, float], step: int) -> None:
        with self._came:
            self.points.append((step, values))
            self._came.notify_all()
        if self._fails:
            raise RuntimeError("the server is away")

    def wait_for(self, number: int) -> None:
        with self._came:
            assert self._came.wait_for(lambda: len(self.points) >= number, DEADLINE)


class Counter:
    """A device that reads 1, 2, 3, ..."""

    def __init__(self, name: str = "gpu_0_utilization_percentage") -> None:
        self._name = name
        self._reads = 0

    def read(self) -> dict[str, float]:
        self._reads += 1
        return {self._name: float(self._reads)}


class Broken:
    """A device that cannot be read."""

    def read(self) -> dict[str, float]:
        raise OSError("the device is gone")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"]
    names += [name for name in settings.SETTINGS if "SYSTEM_METRICS" in name]
    for name in names:
        monkeypatch.setenv(name, "")


def steps_after(number: int, make: Callable[[Log], SystemMetricsMonitor]) -> list[int]:
    log = Log()
    monitor = make(log)
    monitor.start()
    log.wait_for(number)
    monitor.finish()
    return [step for step, _ in log.points]


def test_this_machine_has_all_but_gpus() -> None:
    log = Log()
    monitor = SystemMetricsMonitor(log, sampling_interval=0.01)
    monitor.start()
    log.wait_for(1)
    monitor.finish()
    step, values = log.points[0]
    assert step == 0
    names = {name for name in values if "/gpu_" not in name}
    assert names == {f"system/{name}" for name in OF_EVERY_MACHINE}
    assert 0 < values["system/system_memory_usage_percentage"] <= 100
    assert values["system/network_receive_megabytes"] >= 0


def test_samples_are_averaged_to_one_decimal() -> None:
    log = Log()
    monitor = SystemMetricsMonitor(
        log, sampling_interval=0.001, samples_before_logging=3, probes=[Counter()]
    )
    monitor.start()
    log.wait_for(2)
    monitor.finish()
    assert log.points[:2] == [
        (0, {"system/gpu_0_utilization_percentage": 2.0}),
        (1, {"system/gpu_0_utilization_percentage": 5.0}),
    ]


def test_network_totals_are_not_averaged() -> None:
    log = Log()
    counter = Counter("network_receive_megabytes")
    monitor = SystemMetricsMonitor(
        log, sampling_interval=0.001, samples_before_logging=3, probes=[counter]
    )
    monitor.start()
    log.wait_for(1)
    monitor.finish()
    assert log.points[0] == (0, {"system/network_receive_megabytes": 3.0})


def test_short_run_has_one_point() -> None:
    log = Log()
    monitor = SystemMetricsMonitor(log, sampling_interval=3600, probes=[Counter()])
    monitor.start()
    monitor.finish()
    assert [step for step, _ in log.points] == [0]
    assert monitor.next_step == 1


def test_resumed_run_continues_its_steps() -> None:
    found = steps_after(
        2,
        lambda log: SystemMetricsMonitor(
            log, sampling_interval=0.001, first_step=7, probes=[Counter()]
        ),
    )
    assert found[:2] == [7, 8]


def test_nothing_is_logged_after_finish() -> None:
    log = Log()
    monitor = SystemMetricsMonitor(log, sampling_interval=0.001, probes=[Counter()])
    monitor.start()
    log.wait_for(1)
    monitor.finish()
    assert not [each for each in threading.enumerate() if each.name == "mlflow-system-metrics"]
    monitor.finish()


def test_failing_devices_and_failing_log_do_not_stop_it() -> None:
    log = Log(fails=True)
    monitor = SystemMetricsMonitor(log, sampling_interval=0.001, probes=[Broken(), Counter()])
    monitor.start()
    log.wait_for(3)
    monitor.finish()
    assert [step for step, _ in log.points][:3] == [0, 1, 2]


@pytest.mark.parametrize(
    ("node", "rank", "name"),
    [
        ("", "", "system/x"),
        ("", "0", "system/x"),
        ("", "3", "system/rank3/x"),
        ("node-1", "", "system/node-1/x"),
        ("node-1", "3", "system/node-1/rank3/x"),
    ],
)
def test_names_carry_node_and_rank(
    monkeypatch: pytest.MonkeyPatch, node: str, rank: str, name: str
) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_NODE_ID", node)
    monkeypatch.setenv("RANK", rank)
    log = Log()
    monitor = SystemMetricsMonitor(log, sampling_interval=3600, probes=[Counter("x")])
    monitor.start()
    monitor.finish()
    assert log.points == [(0, {name: 1.0})]


def test_settings_decide_where_arguments_do_not() -> None:
    system_metrics.set_system_metrics_sampling_interval(0.001)
    system_metrics.set_system_metrics_samples_before_logging(2)
    system_metrics.set_system_metrics_node_id("n0")
    log = Log()
    monitor = SystemMetricsMonitor(log, probes=[Counter("x")])
    monitor.start()
    log.wait_for(1)
    monitor.finish()
    assert log.points[0] == (0, {"system/n0/x": 1.5})


def test_settings_go_back_to_their_defaults() -> None:
    system_metrics.set_system_metrics_sampling_interval(3)
    system_metrics.set_system_metrics_sampling_interval(None)
    system_metrics.set_system_metrics_samples_before_logging(3)
    system_metrics.set_system_metrics_samples_before_logging(None)
    system_metrics.set_system_metrics_node_id("n")
    system_metrics.set_system_metrics_node_id(None)
    assert settings.MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL.get() == 10
    assert settings.MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING.get() == 1
    assert settings.MLFLOW_SYSTEM_METRICS_NODE_ID.get() is None


def test_switch() -> None:
    system_metrics.enable_system_metrics_logging()
    assert settings.MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.get() is True
    system_metrics.disable_system_metrics_logging()
    assert settings.MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.get() is False


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(MlflowException, match="above 0 seconds"):
        system_metrics.set_system_metrics_sampling_interval(0)
    with pytest.raises(MlflowException, match="At least 1 sample"):
        system_metrics.set_system_metrics_samples_before_logging(0)
    with pytest.raises(MlflowException, match="interval above 0"):
        SystemMetricsMonitor(Log(), sampling_interval=-1)


def test_each_kind_of_device_is_read_on_its_own() -> None:
    names = [name for probe in probes() for name in probe.read() if not name.startswith("gpu_")]
    assert sorted(names) == sorted(OF_EVERY_MACHINE)
