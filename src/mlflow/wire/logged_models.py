"""Logged models on the wire, of which there are none yet.

Official clients search for one before they fetch anything by a `runs:/` URI; the answer that there
is none lets them go on to the run's artifacts.
"""

from typing import Any

import msgspec

from mlflow.wire import _fields as rules
from mlflow.wire._endpoint import Endpoint, Question, may


class SearchLoggedModels(Question, kw_only=True, omit_defaults=True):
    """Search logged models of some experiments; there are none yet, so the rest has no effect."""

    experiment_ids: list[str] = []  # noqa: RUF012

    def check(self) -> None:
        for experiment_id in self.experiment_ids:
            rules.experiment_number(experiment_id, "experiment_ids")


class FoundLoggedModels(msgspec.Struct, omit_defaults=True):
    """A page of logged models: an empty one."""

    models: list[dict[str, Any]] = []
    next_page_token: str | None = None


search = Endpoint(
    "POST",
    "/mlflow/logged-models/search",
    SearchLoggedModels,
    FoundLoggedModels,
    needs=may.read("experiment_ids"),
)
