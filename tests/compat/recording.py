"""Records what each step of the scenario was answered, in a form that can be compared.

Two servers never give the same ids, times and generated names. The recording replaces them by
what they stand for (`<run:1>`, `<time>`, `<name>`), numbered in the order in which they are first
seen, so that two recordings of the same scenario are equal exactly when the answers mean the same.
It needs nothing but the standard library and runs under every client version.
"""

from __future__ import annotations

import json
import math
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_HOUR = 3_600_000
_RUN_ID = re.compile(r"\b[0-9a-f]{32}\b")
_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
_GENERATED_NAME = re.compile(r"[a-z]+-[a-z]+-\d{1,4}")
_ARTIFACT_ROOT = re.compile(r"(mlflow-artifacts:/)(\d+)")
_BROWSER_PAGE = re.compile(r"\s*<(!doctype|html)", re.IGNORECASE)

_EXPERIMENT = (
    "experiment_id",
    "name",
    "artifact_location",
    "lifecycle_stage",
    "tags",
    "creation_time",
    "last_update_time",
)
_RUN_INFO = (
    "run_id",
    "run_name",
    "experiment_id",
    "user_id",
    "status",
    "start_time",
    "end_time",
    "artifact_uri",
    "lifecycle_stage",
)
# Lists whose order means nothing; sorting is stable, so the points of one metric keep theirs.
_UNORDERED = ("dataset_inputs", "inputs", "metrics", "params", "tags")
_DATASET = ("name", "digest", "source_type", "source", "schema", "profile")


class Recording:
    """The answers to a scenario, by the name of the step.

    `tracking_uri` is the address of the server that the raw requests go to.
    """

    def __init__(self, tracking_uri: str) -> None:
        self.tracking_uri = tracking_uri.rstrip("/")
        self.steps: dict[str, dict[str, Any]] = {}
        self._seen: dict[str, dict[str, str]] = {"run": {}, "experiment": {}}

    def step(self, name: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Record what the call returns or raises; returns it, or None when it raised."""
        try:
            result = call(*arguments, **named)
        except Exception as error:
            self._keep(name, {"raised": self._error(error)})
            return None
        self._keep(name, {"returned": self.plain(result)})
        return result

    def raw(
        self,
        name: str,
        method: str,
        path: str,
        question: Any = None,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send one request without any client and record status, type and body of the answer.

        `question` goes into the query string of a GET (lists repeat the name) and into a JSON body
        otherwise; `data` is sent as it is instead. Returns the decoded JSON, or None.
        """
        url = self.tracking_uri + path
        sent = {"Content-Type": "application/json"} if method != "GET" else {}
        sent.update(headers or {})
        if data is None and question is not None:
            if method == "GET":
                url += "?" + urllib.parse.urlencode(question, doseq=True)
            else:
                data = json.dumps(question).encode()
        request = urllib.request.Request(url, data=data, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                status, kind, text = response.status, response.headers, response.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                status, kind, text = refused.code, refused.headers, refused.read().decode()
        body: Any = None
        try:
            body = json.loads(text)
        except ValueError:
            shown: Any = "<page>" if _BROWSER_PAGE.match(text) else text[:300].strip()
        else:
            shown = self.plain(body) if status == 200 else _masked(body)
        asked = data.decode(errors="replace")[:300] if data and question is None else question
        self._keep(
            name,
            {
                "sent": f"{method} {path}",
                "question": self.plain(asked),
                "status": status,
                "type": kind.get_content_type(),
                "body": shown,
            },
        )
        return body

    def plain(self, value: Any, key: str = "") -> Any:
        """`value` as JSON with everything replaced that differs from run to run by nature."""
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, str):
            return self._text(value, key)
        if isinstance(value, int):
            if key == "experiment_id":
                return f"a number: {self._number('experiment', str(value))}"
            return "<time>" if abs(value - _now()) < _HOUR else value
        if isinstance(value, float):
            return value if math.isfinite(value) else f"a float: {value}"
        if isinstance(value, Mapping):
            means = str(value["key"]) if value.keys() >= {"key", "value"} else None
            return {
                self._text(str(name), ""): self.plain(
                    item, means if means and name == "value" else str(name)
                )
                for name, item in value.items()
            }
        if hasattr(value, "itertuples"):
            return self._table(value)
        if isinstance(value, Sequence):
            rows = [self.plain(item, key) for item in value]
            if key in _UNORDERED:
                rows.sort(key=_place)
            token = getattr(value, "token", "not a page")
            if token == "not a page":
                return rows
            return {"items": rows, "more": bool(token)}
        return self._entity(value)

    def _keep(self, name: str, answer: dict[str, Any]) -> None:
        if name in self.steps:
            raise ValueError(f"two steps are called {name!r}")
        self.steps[name] = answer

    def _number(self, kind: str, identity: str) -> str:
        seen = self._seen[kind]
        return seen.setdefault(identity, f"<{kind}:{len(seen) + 1}>")

    def _text(self, text: str, key: str) -> str:
        if key == "experiment_id" and text.isdigit():
            return self._number("experiment", text)
        if key == "next_page_token":
            return "<token>"
        if key in ("run_name", "mlflow.runName") and _GENERATED_NAME.fullmatch(text):
            return "<name>"
        if text.isdigit() and abs(int(text) - _now()) < _HOUR:
            return "<time as text>"
        if len(text) > 200 and len(set(text)) == 1:
            return f"<{len(text)} times {text[0]}>"
        text = _ARTIFACT_ROOT.sub(lambda m: m[1] + self._number("experiment", m[2]), text)
        text = _COMMIT.sub("<commit>", text)
        return _RUN_ID.sub(lambda m: self._number("run", m[0]), text)

    def _error(self, error: Exception) -> dict[str, Any]:
        return {
            "kind": [kind.__name__ for kind in type(error).__mro__[:-2]],
            "error_code": getattr(error, "error_code", None),
            "message": _masked(str(error)),
        }

    def _entity(self, thing: Any) -> Any:
        kind = type(thing).__name__
        if kind in ("Run", "ActiveRun"):
            answer = {
                "info": {name: getattr(thing.info, name) for name in _RUN_INFO},
                "data": {
                    "metrics": thing.data.metrics,
                    "params": thing.data.params,
                    "tags": thing.data.tags,
                },
                "inputs": thing.inputs.dataset_inputs if thing.inputs else [],
            }
        elif kind == "Experiment":
            answer = {name: getattr(thing, name) for name in _EXPERIMENT}
        elif kind == "Metric":
            answer = {name: getattr(thing, name) for name in ("key", "value", "timestamp", "step")}
        elif kind == "DatasetInput":
            answer = {"dataset": thing.dataset, "tags": [[t.key, t.value] for t in thing.tags]}
        elif kind == "Dataset":
            answer = {name: getattr(thing, name) for name in _DATASET}
        else:
            return f"an object: {kind}"
        return self.plain(answer)

    def _table(self, frame: Any) -> Any:
        """A pandas table: kinds of columns (they are part of the promise) and the rows."""
        columns = [str(name) for name in frame.columns]
        rows = []
        for row in frame.itertuples(index=False, name=None):
            cells = zip(columns, row, strict=True)
            rows.append({name: self._cell(name, cell) for name, cell in cells})
        # The first columns have an order; those of metrics, params and tags come as they come.
        fixed = [name for name in columns if "." not in name]
        kinds = {name: str(kind) for name, kind in zip(columns, frame.dtypes, strict=True)}
        return {"first": fixed, "kinds": kinds, "rows": rows}

    def _cell(self, name: str, cell: Any) -> Any:
        if type(cell).__name__ == "NaTType":
            return "no time"
        if hasattr(cell, "to_pydatetime"):
            zone = str(cell.tzinfo)
            millis = round(cell.timestamp() * 1000)
            return {"time": self.plain(millis), "zone": zone}
        if hasattr(cell, "item"):
            cell = cell.item()
        return self.plain(cell, name.removeprefix("tags."))


def _masked(words: Any) -> Any:
    """An error's words without ids: those of runs that came to nothing must not be counted."""
    if isinstance(words, dict):
        return {name: _masked(value) for name, value in words.items()}
    return _RUN_ID.sub("<run>", words)[:500] if isinstance(words, str) else words


def _place(row: Any) -> tuple[str, ...]:
    if not isinstance(row, dict):
        return (str(row),)
    dataset = row.get("dataset") or {}
    return tuple(str(row.get(name, "")) for name in ("run_id", "key")) + tuple(
        str(dataset.get(name, "")) for name in ("name", "digest")
    )


def _now() -> int:
    return time.time_ns() // 1_000_000
