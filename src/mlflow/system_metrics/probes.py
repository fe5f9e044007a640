"""What is measured: one small class for each kind of device.

`read()` gives the values of this moment by name, without the `system/` in front. psutil and
pynvml are imported when a probe is made, so a run without system metrics pays for neither.
"""

import logging
import os
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

_MEGABYTE = 1e6

_logger = logging.getLogger(__name__)


class Probe(Protocol):
    """Something that can be measured."""

    def read(self) -> dict[str, float]:
        """The values of this moment."""


class ProcessorProbe:
    """Use of all processors since the last reading, and of memory."""

    def __init__(self) -> None:
        import psutil

        self._psutil = psutil
        psutil.cpu_percent()  # the first reading has nothing to compare with

    def read(self) -> dict[str, float]:
        """Percent of all processors; memory in megabytes and percent."""
        memory = self._psutil.virtual_memory()
        return {
            "cpu_utilization_percentage": self._psutil.cpu_percent(),
            "system_memory_usage_megabytes": memory.used / _MEGABYTE,
            "system_memory_usage_percentage": memory.used / memory.total * 100,
        }


class DiskProbe:
    """Space on the disk of the root folder."""

    def __init__(self) -> None:
        import psutil

        self._psutil = psutil

    def read(self) -> dict[str, float]:
        """Space in megabytes and percent."""
        disk = self._psutil.disk_usage(os.sep)
        return {
            "disk_usage_percentage": disk.percent,
            "disk_usage_megabytes": disk.used / _MEGABYTE,
            "disk_available_megabytes": disk.free / _MEGABYTE,
        }


class NetworkProbe:
    """Bytes over all network interfaces since this probe was made."""

    def __init__(self) -> None:
        import psutil

        self._psutil = psutil
        self._first = psutil.net_io_counters()

    def read(self) -> dict[str, float]:
        """Megabytes received and sent."""
        now, first = self._psutil.net_io_counters(), self._first
        if now is None or first is None:  # a machine without interfaces
            return {}
        return {
            "network_receive_megabytes": (now.bytes_recv - first.bytes_recv) / _MEGABYTE,
            "network_transmit_megabytes": (now.bytes_sent - first.bytes_sent) / _MEGABYTE,
        }


class GraphicsProbe:
    """NVIDIA GPUs, through pynvml (package nvidia-ml-py)."""

    def __init__(self) -> None:
        nvml: Any = import_module("pynvml")
        nvml.nvmlInit()
        self._nvml = nvml
        self._devices = [
            nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())
        ]

    def read(self) -> dict[str, float]:
        """Use, memory and power of each GPU; what a GPU does not tell is left out."""
        values: dict[str, float] = {}
        for index, device in enumerate(self._devices):
            for ask in (self._memory, self._use, self._power):
                try:
                    found = ask(device)
                except self._nvml.NVMLError:
                    continue
                values.update({f"gpu_{index}_{name}": value for name, value in found.items()})
        return values

    def _memory(self, device: object) -> dict[str, float]:
        memory = self._nvml.nvmlDeviceGetMemoryInfo(device)
        return {
            "memory_usage_percentage": memory.used / memory.total * 100,
            "memory_usage_megabytes": memory.used / _MEGABYTE,
        }

    def _use(self, device: object) -> dict[str, float]:
        rates = self._nvml.nvmlDeviceGetUtilizationRates(device)
        return {"utilization_percentage": rates.gpu}

    def _power(self, device: object) -> dict[str, float]:
        watts = self._nvml.nvmlDeviceGetPowerUsage(device) / 1000
        limit = self._nvml.nvmlDeviceGetEnforcedPowerLimit(device) / 1000
        return {"power_usage_watts": watts, "power_usage_percentage": watts / limit * 100}


_PROBES: tuple[Callable[[], Probe], ...] = (
    DiskProbe,
    GraphicsProbe,
    NetworkProbe,
    ProcessorProbe,
)


def probes() -> list[Probe]:
    """A probe for each kind of device that can be measured here."""
    found = []
    for make in _PROBES:
        try:
            found.append(make())
        except Exception as error:  # no such library, no such device, no permission
            _logger.debug("%s is left out: %s", getattr(make, "__name__", make), error)
    return found
