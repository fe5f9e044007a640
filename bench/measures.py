"""What one run of a workload gives: numbers by name, or the reason why there is none."""

from __future__ import annotations

import contextlib
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Stands where a number would."""

    reason: str


class Measures(dict[str, "float | Failure"]):
    """Measures by name. A name ends in its unit; of a rate (`…/s`) more is better, else less."""

    @contextlib.contextmanager
    def checked(self, *names: str) -> Iterator[None]:
        """Whatever goes wrong inside is what all of `names` come to, even those measured."""
        try:
            yield
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            self.update(dict.fromkeys(names, Failure(reason)))

    def latency(self, seconds: Sequence[float]) -> None:
        """Note the middle and the 99th percentile of what calls took."""
        ordered = sorted(seconds)
        self["p50, ms"] = statistics.median(ordered) * 1e3
        self["p99, ms"] = ordered[math.ceil(len(ordered) * 0.99) - 1] * 1e3
