"""What was measured, as a table for people and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measures import Failure, Measures


@dataclass(frozen=True)
class Result:
    """One run of a workload on a server; `load` is that of the machine just before."""

    server: str
    workload: str
    round: int
    load: float
    measures: Measures

    def as_json(self) -> dict[str, Any]:
        numbers, failed = {}, {}
        for name, value in self.measures.items():
            if isinstance(value, Failure):
                failed[name] = value.reason
            else:
                numbers[name] = value
        about = {"server": self.server, "workload": self.workload, "round": self.round}
        return {**about, "load": self.load, "measures": numbers, "failed": failed}


def machine() -> dict[str, Any]:
    """Where and when numbers are taken; what a small commit costs on the disk of `/tmp`."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    seconds = []
    with tempfile.TemporaryFile() as file:
        for _ in range(25):
            begin = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - begin)
    return {
        "when": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "fsync of 4 KiB, ms": statistics.median(seconds) * 1e3,
    }


def table(results: Sequence[Result]) -> str:
    """Medians over the rounds, beside those of the first server; below it what failed, and why."""
    servers = list(dict.fromkeys(result.server for result in results))
    found: dict[tuple[str, str], dict[str, list[float | Failure]]] = {}
    failures: dict[str, None] = {}
    for result in results:
        for name, value in result.measures.items():
            row = found.setdefault((result.workload, name), {})
            row.setdefault(result.server, []).append(value)
            if isinstance(value, Failure):
                what = f"{result.server}, {result.workload}, {name}, round {result.round}"
                failures[f"FAILED: {what}: {value.reason}"] = None
    rows = [["workload", "measure", servers[0]]]
    rows[0] += [cell for server in servers[1:] for cell in (server, f"to {servers[0]}")]
    places = list(dict.fromkeys(result.workload for result in results))
    above = ""
    for (workload, name), row in sorted(found.items(), key=lambda each: places.index(each[0][0])):
        medians = {server: _median(row.get(server, [])) for server in servers}
        first = medians[servers[0]]
        cells = [workload if workload != above else "", name, _shown(first)]
        above = workload
        for server in servers[1:]:
            cells += [_shown(medians[server]), _ratio(name, first, medians[server])]
        rows.append(cells)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], *failures])


def _median(values: Sequence[float | Failure]) -> float | Failure | None:
    """None when nothing was measured; the failure when a single round has failed."""
    numbers = []
    for value in values:
        if isinstance(value, Failure):
            return value
        numbers.append(value)
    return statistics.median(numbers) if numbers else None


def _shown(value: float | Failure | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, Failure):
        return "FAILED"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(name: str, first: float | Failure | None, other: float | Failure | None) -> str:
    """How many times as good `other` is: of a rate more is better, of all else less."""
    if not isinstance(first, float) or not isinstance(other, float) or min(first, other) <= 0:
        return ""
    return f"{other / first if name.endswith('/s') else first / other:.2f}x"
