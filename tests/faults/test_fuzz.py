"""Random questions to every endpoint, built from its own type: never a 500, never a hang.

The questions are mostly right, with a nasty value here and there, so that they come far. What
they change is seen by the next ones, so the endpoints meet each other's leftovers, too.
"""

from __future__ import annotations

import json
import types
import typing
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as some

from mlflow.wire import ENDPOINTS, AnyEndpoint
from tests.faults.places import Place

EXAMPLES = 40

NASTY_TEXTS = [
    "", " ", "\0", "a\0b", "\u2028", "\ufeff", "\uffff", "💥", "é", "e\u0301", "'", '"', "`", "\\",
    "%", "_", "?", "$1", "%s", "--", "/*", ";", "..", "../..", "/", "//", "a/../b", "NaN", "null",
    "true", "0", "-1", "9" * 30, "1e309", "x" * 251, "x" * 9000, "AND", "metrics.m = 1", "\n", "()",
    "NOT NOT metrics.m > 1 OR params.lr IN ('1')", "metrics.m BETWEEN 1 AND 2", "tags.t IS NULL",
    "at(metrics.m, 1) > 0", "duration > 1 AND status = 'RUNNING'", "params.lr RLIKE '^1$'",
    "dataset.name = 'd'", "metrics.`m` DESC", "start_time ASC", "count(metrics.m)", "name", "m",
    "lr", "t", "mlflow.runName", "mlflow.parentRunId", "ALL", "DELETED_ONLY", "FINISHED", "file:///x",
    "s3://bucket/x", "s3://bucket/../x", "metrics.m", "params.lr",
]  # fmt: skip
NASTY_NUMBERS = [
    0, 1, -1, 2, 5, 100, 1000, 2500, 50_000, 2**31, 2**32, 2**53 + 1, 2**62, 2**63 - 1, 2**63,
    -(2**63), -(2**63) - 1, 2**64, 10**20, 10**308,
]  # fmt: skip

texts = some.one_of(some.sampled_from(NASTY_TEXTS), some.text(max_size=20))
integers = some.one_of(
    some.integers(-3, 12), some.sampled_from(NASTY_NUMBERS), some.integers(-(2**66), 2**66)
)
floats = some.one_of(
    some.floats(),
    some.integers(-3, 3).map(float),
    some.sampled_from(["NaN", "Infinity", "-Infinity", "1e400", "", "x"]),
)
wrong = some.one_of(
    some.none(),
    some.booleans(),
    integers,
    some.floats(),
    texts,
    some.lists(some.none(), max_size=3),
    some.dictionaries(texts, some.none(), max_size=3),
    some.recursive(some.none(), lambda inner: some.lists(inner, max_size=3), max_leaves=5),
)


class Questions:
    """Strategies for the types of questions: mostly what is right, of things that are there."""

    def __init__(self, place: Place) -> None:
        runs = [place.run, place.new_run(), place.run, place.deleted_run, "0" * 32]
        experiments = ["0", place.experiment, place.experiment, place.deleted_experiment, "9999"]
        keys = some.sampled_from(["m", "lr", "t", "new/key", "größe", "mlflow.runName"])
        numbers = some.one_of(some.integers(0, 12), some.integers(0, 2**63 - 1))
        filters = [text for text in NASTY_TEXTS if "." in text and " " in text]
        self._good: dict[str, some.SearchStrategy[Any]] = {
            "run_id": some.sampled_from(runs),
            "run_ids": some.lists(some.sampled_from(runs), min_size=1, max_size=4),
            "run_uuid": some.just(""),
            "experiment_id": some.sampled_from(experiments),
            "experiment_ids": some.lists(some.sampled_from(experiments), min_size=1, max_size=4),
            "page_token": some.none(),
            "key": keys,
            "metric_key": keys,
            "value": some.one_of(some.floats(), some.integers(-3, 3), some.sampled_from("12")),
            "timestamp": numbers,
            "step": some.one_of(numbers, some.integers(-(2**63), 2**63 - 1)),
            "start_time": numbers,
            "end_time": numbers,
            "max_results": some.integers(1, 30),
            "filter": some.one_of(some.none(), some.sampled_from(filters)),
            "columns": some.none(),
            "model_id": some.sampled_from(["m-1", "m-2"]),
        }

    def of(self, kind: Any, name: str = "") -> some.SearchStrategy[Any]:
        """Values of a field: mostly good ones, some nasty ones, a few of a wrong type."""
        good = self._good.get(name)
        if good is not None and name == "run_id" and typing.get_origin(kind) is list:
            good = self._good["run_ids"]
        if good is not None and name == "value" and kind is str:
            good = some.sampled_from("12")

        def lucky(luck: int) -> some.SearchStrategy[Any]:
            if luck == 0:
                return wrong
            return good if good is not None and luck > 2 else self._right(kind, name)

        return some.integers(0, 29).flatmap(lucky)

    def _right(self, kind: Any, name: str) -> some.SearchStrategy[Any]:
        origin, parts = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            return some.one_of([self.of(part) for part in parts])
        if origin is list:
            return some.lists(self.of(parts[0]), max_size=4)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self.struct(kind)
        return {
            str: texts,
            int: integers,
            float: floats,
            bool: some.booleans(),
            type(None): some.none(),
        }.get(kind, wrong)

    def struct(self, kind: type[msgspec.Struct]) -> some.SearchStrategy[dict[str, Any]]:
        """Objects with all required fields (mostly) and some of the others."""
        fields = msgspec.structs.fields(kind)
        needed = {f.encode_name: self.of(f.type, f.name) for f in fields if f.required}
        others = {f.encode_name: self.of(f.type, f.name) for f in fields if not f.required}
        for name in ("run_id", "max_results"):  # hardly anything goes without
            if name in others:
                needed[name] = others.pop(name)
        return some.fixed_dictionaries(needed, optional=others)


def names(endpoint: AnyEndpoint) -> str:
    return f"{endpoint.method} {endpoint.path.removeprefix('/mlflow/')}"


@pytest.fixture(scope="module")
def questions(place: Place) -> Questions:
    return Questions(place)


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=names)
def test_no_question_makes_it_fail(
    place: Place, questions: Questions, endpoint: AnyEndpoint
) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(questions.struct(endpoint.question), some.booleans())
    def ask(question: dict[str, Any], as_query: bool) -> None:
        for method in endpoint.methods:
            if method == "GET":
                query = urlencode(question, doseq=as_query, errors="replace")
                status, answer = place.ask(method, f"{endpoint.route}?{query}")
            else:
                body = json.dumps(question, ensure_ascii=as_query).encode()
                status, answer = place.ask(method, endpoint.route, body)
            if answer.get("error_code") == "INVALID_STATE":  # a 500 as in the official server
                continue
            if answer.get("error_code") == "NOT_IMPLEMENTED":  # addresses, which a folder has not
                assert status == 501
                assert "presigned" in endpoint.route
                continue
            assert status in (200, 400, 404), (status, answer)
            assert (status == 200) == ("error_code" not in answer)

    ask()
    assert place.faults() == ""
    # Whatever came in can be read.
    for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL"):
        found = place.call(
            "experiments/search", max_results=1000, view_type=view, order_by=["name"]
        )
        ids = [each["experiment_id"] for each in found.get("experiments", [])]
        place.call("runs/search", experiment_ids=ids, run_view_type=view, max_results=1000)
