"""What is wrong with a request is said with 4xx and a sentence; the store stays as it was."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest

from tests.faults.places import Place

BAD = "INVALID_PARAMETER_VALUE"
MISSING = "RESOURCE_DOES_NOT_EXIST"
INTEGERS: list[tuple[str, str, dict[str, Any]]] = [
    ("runs/create", "start_time", {"experiment_id": "@experiment"}),
    ("runs/update", "end_time", {"run_id": "@run"}),
    ("runs/search", "max_results", {"experiment_ids": ["@experiment"]}),
    ("experiments/search", "max_results", {}),
]
NUMBERS = [2**63, -(2**63) - 1, 2**64, 10**30, 10**400, -(10**400)]


@pytest.fixture(autouse=True)
def _nothing_changes(place: Place) -> Iterator[None]:
    before = place.contents()
    yield
    assert place.faults() == ""
    assert place.contents() == before


def filled(place: Place, value: Any) -> Any:
    """The question with the names of things replaced by their ids."""
    if isinstance(value, dict):
        return {key: filled(place, part) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(place, part) for part in value]
    if isinstance(value, str) and value.startswith("@"):
        return getattr(place, value[1:])
    return value


def point(**changes: Any) -> dict[str, Any]:
    return {"key": "m", "value": 1.0, "timestamp": 1, "step": 1} | changes


def log_batch(**question: Any) -> tuple[str, dict[str, Any]]:
    return "runs/log-batch", {"run_id": "@run"} | question


def log_metric(**changes: Any) -> tuple[str, dict[str, Any]]:
    return "runs/log-metric", {"run_id": "@run"} | point(**changes)


POSTS: dict[str, tuple[tuple[str, dict[str, Any]], str, str]] = {
    # things that are not there
    "unknown run": (log_metric(run_id="0" * 32), MISSING, "not found"),
    "unknown run, batch": (log_batch(run_id="0" * 32), MISSING, "not found"),
    "unknown run, update": (("runs/update", {"run_id": "0" * 32}), MISSING, "not found"),
    "unknown run, delete": (("runs/delete", {"run_id": "0" * 32}), MISSING, "not found"),
    "unknown run, restore": (("runs/restore", {"run_id": "0" * 32}), MISSING, "not found"),
    "unknown run, tag": (("runs/delete-tag", {"run_id": "0" * 32, "key": "a"}), MISSING, "found"),
    "unknown tag": (("runs/delete-tag", {"run_id": "@run", "key": "a"}), MISSING, "No tag"),
    "unknown experiment": (("runs/create", {"experiment_id": "99999"}), MISSING, "99999"),
    "unknown experiment, tag": (
        ("experiments/set-experiment-tag", {"experiment_id": "99999", "key": "a", "value": "b"}),
        MISSING,
        "99999",
    ),
    "unknown experiment, delete": (
        ("experiments/delete", {"experiment_id": "99999"}),
        MISSING,
        "99999",
    ),
    "unknown experiment tag": (
        ("experiments/delete-experiment-tag", {"experiment_id": "@experiment", "key": "a"}),
        MISSING,
        "No tag",
    ),
    # what is deleted
    "deleted run": (log_metric(run_id="@deleted_run"), BAD, "active"),
    "deleted run, batch": (log_batch(run_id="@deleted_run"), BAD, "active"),
    "deleted run, update": (
        ("runs/update", {"run_id": "@deleted_run", "status": "FINISHED"}),
        BAD,
        "active",
    ),
    "deleted experiment, run": (
        ("runs/create", {"experiment_id": "@deleted_experiment"}),
        BAD,
        "active",
    ),
    "deleted experiment, tag": (
        (
            "experiments/set-experiment-tag",
            {"experiment_id": "@deleted_experiment", "key": "a", "value": "b"},
        ),
        BAD,
        "active",
    ),
    "deleted experiment, delete": (
        ("experiments/delete", {"experiment_id": "@deleted_experiment"}),
        MISSING,
        "deleted",
    ),
    "active experiment, restore": (
        ("experiments/restore", {"experiment_id": "@experiment"}),
        MISSING,
        "active",
    ),
    "name of a deleted experiment": (
        ("experiments/create", {"name": "gone"}),
        "RESOURCE_ALREADY_EXISTS",
        "restore",
    ),
    "name of an experiment": (
        ("experiments/create", {"name": "here"}),
        "RESOURCE_ALREADY_EXISTS",
        "already exists",
    ),
    # params
    "changed param": (
        ("runs/log-parameter", {"run_id": "@run", "key": "lr", "value": "2"}),
        BAD,
        "Changing param",
    ),
    "changed param in a batch": (
        log_batch(
            metrics=[point(key="new")],
            params=[{"key": "new", "value": "1"}, {"key": "lr", "value": "2"}],
            tags=[{"key": "new", "value": "1"}],
        ),
        BAD,
        "'lr'",
    ),
    "param twice": (
        log_batch(params=[{"key": "a", "value": "1"}, {"key": "a", "value": "1"}]),
        BAD,
        "a",
    ),
    "101 params": (
        log_batch(params=[{"key": f"p{n}", "value": "1"} for n in range(101)]),
        BAD,
        "100 params",
    ),
    "101 tags": (
        log_batch(tags=[{"key": f"p{n}", "value": "1"} for n in range(101)]),
        BAD,
        "100 tags",
    ),
    "1,001 metrics": (
        log_batch(metrics=[point(step=n) for n in range(1001)]),
        BAD,
        "1000 metrics",
    ),
    "1,001 in all": (
        log_batch(
            metrics=[point(step=n) for n in range(950)],
            params=[{"key": f"p{n}", "value": "1"} for n in range(51)],
        ),
        BAD,
        "1000",
    ),
    # keys
    **{
        f"key {key!r:.20}": (log_metric(key=key), BAD, "key")
        for key in [
            "",
            "a" * 251,
            "a/../b",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a\nb",
            "a\0b",
            "a\tb",
            "a'b",
            "a;b",
            "a,b",
            "💥",
            "a\u2028b",
        ]
    },
    "key of the second metric": (
        log_batch(metrics=[point(), point(key="a//b")]),
        BAD,
        "metrics[1].key",
    ),
    "key of a tag": (log_batch(tags=[{"key": "a\0", "value": "1"}]), BAD, "tags[0].key"),
    # values
    "no value": (("runs/log-metric", {"run_id": "@run", "key": "m", "timestamp": 1}), BAD, "value"),
    "no timestamp": (
        ("runs/log-metric", {"run_id": "@run", "key": "m", "value": 1}),
        BAD,
        "timestamp",
    ),
    **{
        f"value {value!r:.20}": (log_metric(value=value), BAD, "value")
        for value in ["many", "", [1], {"a": 1}, None, "0x10", "1e"]
    },
    "negative timestamp": (log_metric(timestamp=-1), BAD, "timestamp"),
    "timestamp of 1.5": (log_metric(timestamp=1.5), BAD, "timestamp"),
    "step of 1.5": (log_metric(step=1.5), BAD, "step"),
    **{
        f"{field} {number:.3g}" if abs(number) < 1e300 else f"{field} {str(number)[:4]}…": (
            log_metric(**{field: number}),
            BAD,
            field,
        )
        for field in ("timestamp", "step")
        for number in NUMBERS
    },
    **{
        f"{field} of a batch {str(number)[:8]}": (
            log_batch(metrics=[point(**{field: number})]),
            BAD,
            field,
        )
        for field in ("timestamp", "step")
        for number in NUMBERS
    },
    **{
        f"{field} {str(number)[:8]} of {path}": ((path, {**more, field: number}), BAD, field)
        for path, field, more in INTEGERS
        for number in NUMBERS
    },
    "step of a model": (
        ("runs/outputs", {"run_id": "@run", "models": [{"model_id": "m-1", "step": 2**63}]}),
        BAD,
        "step",
    ),
    "long tag of an experiment": (
        (
            "experiments/set-experiment-tag",
            {"experiment_id": "@experiment", "key": "a", "value": "x" * 20_001},
        ),
        BAD,
        "20000",
    ),
    "NUL in a tag": (("runs/set-tag", {"run_id": "@run", "key": "a", "value": "x\0"}), BAD, "NUL"),
    "NUL in a param": (
        ("runs/log-parameter", {"run_id": "@run", "key": "a", "value": "x\0"}),
        BAD,
        "NUL",
    ),
    "NUL in a name": (("experiments/create", {"name": "x\0"}), BAD, "NUL"),
    "NUL in a new name": (
        ("experiments/update", {"experiment_id": "@experiment", "new_name": "\0"}),
        BAD,
        "NUL",
    ),
    "NUL in a run's name": (
        ("runs/create", {"experiment_id": "@experiment", "run_name": "x\0"}),
        BAD,
        "NUL",
    ),
    "NUL in a renamed run": (("runs/update", {"run_id": "@run", "run_name": "x\0"}), BAD, "NUL"),
    "NUL in a user": (
        ("runs/create", {"experiment_id": "@experiment", "user_id": "x\0"}),
        BAD,
        "NUL",
    ),
    "NUL in a tag to delete": (
        ("runs/delete-tag", {"run_id": "@run", "key": "\0"}),
        MISSING,
        "tag",
    ),
    "NUL in an experiment's tag to delete": (
        ("experiments/delete-experiment-tag", {"experiment_id": "@experiment", "key": "\0"}),
        MISSING,
        "tag",
    ),
    "NUL in a location": (
        ("experiments/create", {"name": "x", "artifact_location": "s3://a/\0"}),
        BAD,
        "NUL",
    ),
    "NUL in a model": (
        ("runs/outputs", {"run_id": "@run", "models": [{"model_id": "\0", "step": 1}]}),
        BAD,
        "NUL",
    ),
    "NUL in a model that was read": (
        ("runs/log-inputs", {"run_id": "@run", "models": [{"model_id": "\0"}]}),
        BAD,
        "NUL",
    ),
    "long id of a model that was read": (
        ("runs/log-inputs", {"run_id": "@run", "models": [{"model_id": "m" * 600}]}),
        BAD,
        "256",
    ),
    "no id of a model that was read": (
        ("runs/log-inputs", {"run_id": "@run", "models": [{"model_id": ""}]}),
        BAD,
        "model_id",
    ),
    **{
        f"NUL in {field} of a data set": (
            (
                "runs/log-inputs",
                {
                    "run_id": "@run",
                    "datasets": [
                        {
                            "dataset": {
                                "name": "n",
                                "digest": "d",
                                "source_type": "s",
                                "source": "u",
                                field: "\0",
                            }
                        }
                    ],
                },
            ),
            BAD,
            field,
        )
        for field in ("name", "digest", "source_type", "source", "schema", "profile")
    },
    # ids
    **{
        f"run id {text!r:.20}": (log_batch(run_id=text), BAD, "run_id")
        for text in ["", "a b", "-a", "a" * 257, "a/b", "\0", "ä", "../x"]
    },
    **{
        f"experiment id {text!r:.20}": (
            ("experiments/delete", {"experiment_id": text}),
            BAD,
            "experiment_id",
        )
        for text in [
            "",
            "x",
            "-1",
            "1.0",
            " 1",
            "1_0",
            "9" * 30,
            "9" * 5000,
            "\uff11",
            "0x1",
            "+1",
            "\0",
            "1e3",
        ]
    },
    "experiment id as list": (
        ("experiments/delete", {"experiment_id": ["1"]}),
        BAD,
        "experiment_id",
    ),
    # wrong types
    "metrics as object": (log_batch(metrics={"m": 1}), BAD, "metrics"),
    "metric as text": (log_batch(metrics=["m"]), BAD, "metrics[0]"),
    "params as text": (log_batch(params="lr=1"), BAD, "params"),
    "tags of numbers": (log_batch(tags=[1]), BAD, "tags[0]"),
    "name as object": (("experiments/create", {"name": {}}), BAD, "name"),
    "tags as text": (("runs/create", {"experiment_id": "0", "tags": "x"}), BAD, "tags"),
    "names that differ": (
        (
            "runs/create",
            {
                "experiment_id": "@experiment",
                "run_name": "a",
                "tags": [{"key": "mlflow.runName", "value": "b"}],
            },
        ),
        BAD,
        "differ",
    ),
    # searches
    **{
        f"filter {text!r:.24}": (
            ("runs/search", {"experiment_ids": ["@experiment"], "filter": text}),
            BAD,
            "",
        )
        for text in [
            "metrics.m",
            "metrics.m >",
            "metrics.m > 'a'",
            "params.lr > 1",
            "params.lr = 1",
            "nothing.m = 1",
            "attributes.nothing = 1",
            "(metrics.m = 1",
            "metrics.m = 1)",
            "metrics.m = 1;DROP TABLE runs",
            "'",
            "`",
            '"',
            "\0",
            "metrics.m = \0",
            "metrics.`m = 1",
            "params.lr LIKE 1",
            "params.lr RLIKE '('",
            "params.lr RLIKE '[a'",
            "attributes.status > 'RUNNING'",
            "(" * 5000,
            "NOT " * 50_000,
            "x" * 1_000_000,
        ]
    },
    **{
        f"order {text!r:.24}": (
            ("runs/search", {"experiment_ids": ["@experiment"], "order_by": [text]}),
            BAD,
            "",
        )
        for text in ["", "metrics", "metrics.m UP", "nothing.m", "metrics.m DESC DESC", "\0", "'"]
    },
    "column": (
        ("runs/search", {"experiment_ids": ["@experiment"], "columns": ["m"]}),
        BAD,
        "Invalid column",
    ),
    "max_results 0": (
        ("runs/search", {"experiment_ids": ["@experiment"], "max_results": 0}),
        BAD,
        "max_results",
    ),
    "max_results 50,001": (
        ("runs/search", {"experiment_ids": ["@experiment"], "max_results": 50_001}),
        BAD,
        "max_results",
    ),
    "filter of experiments": (
        ("experiments/search", {"max_results": 1, "filter": "params.a = '1'"}),
        BAD,
        "",
    ),
    "NUL in a filter of experiments": (
        ("experiments/search", {"max_results": 1, "filter": "name = '\0' AND"}),
        BAD,
        "",
    ),
}


@pytest.mark.parametrize("name", POSTS)
def test_post(place: Place, name: str) -> None:
    (path, question), code, part = POSTS[name]
    text = json.dumps(filled(place, question))
    status, answer = place.ask("POST", path, text.encode())
    assert status == (404 if code == MISSING else 400), answer
    assert answer["error_code"] == code
    assert part in answer["message"]
    assert len(answer["message"]) < 2000


#: these are fine everywhere: NUL is in nothing that is stored, so nothing is found
NOTHING_FOUND = [
    ("POST", "runs/search", {"experiment_ids": ["@experiment"], "filter": "params.lr = '\0'"}),
    ("POST", "runs/search", {"experiment_ids": ["@experiment"], "filter": "tags.`a\0` = '1'"}),
    ("POST", "runs/search", {"experiment_ids": ["@experiment"], "filter": "run_id IN ('\0')"}),
    ("POST", "runs/search", {"experiment_ids": ["@experiment"], "filter": "run_name = '\0'"}),
    ("POST", "runs/search", {"experiment_ids": ["@experiment"], "filter": "params.lr LIKE '%\0%'"}),
    ("POST", "runs/search", {"experiment_ids": [str(2**63 - 1)]}),
    ("POST", "experiments/search", {"max_results": 5, "filter": "name = '\0'"}),
    ("POST", "runs/search", {"experiment_ids": [], "filter": "metrics.m = 1"}),
    ("POST", "experiments/search", {"max_results": 5, "filter": "tags.`\0` = '1'"}),
    ("GET", "metrics/get-history", {"run_id": "@run", "metric_key": "\0"}),
    ("GET", "metrics/get-history", {"run_id": "0" * 32, "metric_key": "m"}),
    ("GET", "metrics/get-history-bulk-interval", {"run_ids": "@run", "metric_key": "\0"}),
]


@pytest.mark.parametrize("number", range(len(NOTHING_FOUND)))
def test_nothing_is_found(place: Place, number: int) -> None:
    method, path, question = NOTHING_FOUND[number]
    question = filled(place, question)
    if method == "POST":
        status, answer = place.ask(method, path, json.dumps(question).encode())
    else:
        status, answer = place.ask(method, f"{path}?{urlencode(question)}")
    if status == 400:  # or refused with a reason
        assert "NUL" in answer["message"] or "U+0000" in answer["message"]
    else:
        assert (status, answer) == (200, {})


GETS = {
    "unknown run": ("runs/get", {"run_id": "0" * 32}, MISSING),
    "run without id": ("runs/get", {}, BAD),
    "run id": ("runs/get", {"run_id": "a b"}, MISSING),
    "unknown experiment": ("experiments/get", {"experiment_id": "99999"}, MISSING),
    "experiment id": ("experiments/get", {"experiment_id": "x"}, BAD),
    "huge experiment id": ("experiments/get", {"experiment_id": str(2**63)}, BAD),
    "unknown name": ("experiments/get-by-name", {"experiment_name": "nobody"}, MISSING),
    "NUL in a name": ("experiments/get-by-name", {"experiment_name": "\0"}, MISSING),
    "long name": ("experiments/get-by-name", {"experiment_name": "n" * 5000}, MISSING),
    "history without key": ("metrics/get-history", {"run_id": "@run"}, BAD),
    "page of 0": (
        "metrics/get-history",
        {"run_id": "@run", "metric_key": "m", "max_results": 0},
        BAD,
    ),
    "page of text": (
        "metrics/get-history",
        {"run_id": "@run", "metric_key": "m", "max_results": "x"},
        BAD,
    ),
    "page of 2**63": (
        "metrics/get-history",
        {"run_id": "@run", "metric_key": "m", "max_results": 2**63},
        BAD,
    ),
    "page token": (
        "metrics/get-history",
        {"run_id": "@run", "metric_key": "m", "page_token": "x"},
        BAD,
    ),
    "half an interval": (
        "metrics/get-history-bulk-interval",
        {"run_ids": "@run", "metric_key": "m", "start_step": 1},
        BAD,
    ),
    "interval backwards": (
        "metrics/get-history-bulk-interval",
        {"run_ids": "@run", "metric_key": "m", "start_step": 2, "end_step": 1},
        BAD,
    ),
    "huge interval": (
        "metrics/get-history-bulk-interval",
        {"run_ids": "@run", "metric_key": "m", "start_step": 0, "end_step": 2**63},
        BAD,
    ),
    "no runs": ("metrics/get-history-bulk-interval", {"metric_key": "m"}, BAD),
    "no experiments": ("/ajax-api/2.0/mlflow/experiments/search-datasets", {}, None),
}


@pytest.mark.parametrize("name", GETS)
def test_get(place: Place, name: str) -> None:
    path, question, code = GETS[name]
    status, answer = place.ask("GET", f"{path}?{urlencode(filled(place, question))}")
    if code is None:
        assert status in (400, 404, 405)
        return
    assert status == (404 if code == MISSING else 400), answer
    assert answer["error_code"] == code
    assert len(answer["message"]) < 2000


RAW = {
    "nothing": b"",
    "not JSON": b"hello",
    "half": b'{"run_id": "',
    "two": b"{}{}",
    "a list": b"[1, 2]",
    "a number": b"17",
    "a text": b'"x"',
    "text in text in text": json.dumps(json.dumps(json.dumps({}))).encode(),
    "null": b"null",
    "true": b"true",
    "NaN": b'{"run_id": "a", "key": "m", "value": NaN, "timestamp": 1}',
    "null before what is not JSON": b'{"run_id": null, "x": NaN, "metrics": null}',
    "null before what is deep": b'{"run_id": null, "x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep null": b'{"run_id": null, "x":' + b'{"a":' * 900 + b"null" + b"}" * 900 + b"}",
    "a comment": b'{/* */"run_id": "a"}',
    "single quotes": b"{'run_id': 'a'}",
    "trailing comma": b'{"run_id": "a",}',
    "not UTF-8": b'{"run_id": "\xff\xfe"}',
    "UTF-16": '{"run_id": "a"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"run_id": "a"}',
    "lone surrogate": b'{"run_id": "\\ud800"}',
    "lone surrogate in a key": b'{"\\udfff": 1}',
    "surrogates the wrong way round": b'{"run_id": "\\udc00\\ud800"}',
    "encoded surrogate": b'{"run_id": "\xed\xa0\x80"}',
    "overlong": b'{"run_id": "\xc0\xaf"}',
    "control character": b'{"run_id": "a\nb"}',
    "bad escape": b'{"run_id": "\\x41"}',
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep and whole": b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep in a field": b'{"run_id":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "long number": b'{"run_id": ' + b"9" * 100_000 + b"}",
    "long exponent": b'{"run_id": 1e999999999}',
    "field twice": b'{"run_id": 1, "run_id": [2]}',
    "many fields": b"{" + b",".join(b'"f%d":0' % n for n in range(50_000)) + b"}",
    "NUL": b"\0",
    "spaces": b" " * 1_000_000,
    "1 MB of text": b'{"run_id": "' + b"x" * 1_000_000 + b'"}',
}
BODIED = [
    "runs/log-metric", "runs/log-batch", "runs/create", "runs/update", "runs/search",
    "experiments/create", "experiments/search", "experiments/set-experiment-tag",
    "runs/log-inputs", "runs/outputs", "runs/heartbeat",
]  # fmt: skip
#: requests without any field that are fine
EMPTY_IS_FINE = {"runs/search", "runs/create"}


@pytest.mark.parametrize("path", [path for path in BODIED if path not in EMPTY_IS_FINE])
def test_bodies(place: Place, path: str) -> None:
    for name, body in RAW.items():
        status, answer = place.ask("POST", path, body)
        assert status == 400, (name, answer)
        assert answer["error_code"] == BAD, name
        assert answer["message"], name
        assert len(answer["message"]) < 2000, name


@pytest.mark.parametrize("path", BODIED)
def test_bodies_of_any_field(place: Place, path: str) -> None:
    """The same nonsense in every field that the endpoint has."""
    from mlflow.wire import ENDPOINTS

    (endpoint,) = [each for each in ENDPOINTS if each.route.endswith(path)]
    for field in msgspec.structs.fields(endpoint.question):
        for name, nonsense in {
            "surrogate": b'"\\ud800"',
            "object": b'{"\\u0000": []}',
            "deep": b"[" * 3000 + b"]" * 3000,
            "list of null": b"[null]",
            "list of lists": b"[[]]",
        }.items():
            body = b'{"%s": %s}' % (field.encode_name.encode(), nonsense)
            status, answer = place.ask("POST", path, body)
            assert status == 400, (field.name, name, answer)


@pytest.mark.parametrize(
    "query",
    ["%", "%zz", "%ff", "%ED%A0%80", "run_id=%00", "run_id=%C0%AF", "=", "&&&", "a" * 30_000,
     "run_id=" + "%F0%9F%92%A5" * 2000, "run_id[]=1", "run_id=1&run_id=2", "+", "#"],
)  # fmt: skip
def test_queries(place: Place, query: str) -> None:
    for path in ("runs/get", "experiments/get", "metrics/get-history"):
        status, answer = place.ask("GET", f"{path}?{query}")
        assert status in (400, 404), answer
        assert answer["error_code"] in (BAD, MISSING)


def test_wrong_content_types_and_methods(place: Place) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"):
        status, answer = place.ask("POST", "runs/log-batch", b"{}", {"Content-Type": kind})
        assert (status, answer["error_code"]) == (400, BAD)
        assert "application/json" in answer["message"]
    for method in ("PUT", "DELETE", "PATCH"):
        assert place.ask(method, "runs/log-batch", b"{}")[0] == 405
    assert place.ask("POST", "nothing/there", b"{}")[1]["error_code"] == "ENDPOINT_NOT_FOUND"


# -- page tokens ---------------------------------------------------------------


def forged(query: object, place: object) -> str:
    """A token whose checksum is right, with another place in it."""
    data = json.dumps([zlib.crc32(msgspec.json.encode(query)), place])
    return base64.urlsafe_b64encode(data.encode()).decode()


NONSENSE: list[Any] = [
    None, "x", "\0", "\ud800", "", [], {}, {"f": "x"}, {"f": 5}, {"f": None}, {"g": "1"},
    {"f": "nan"}, {"f": "inf"}, {"f": "0x1p99999"}, True, -1, 1.5, 2**63, -(2**63) - 1, 10**30,
    10**400, [1], "9" * 5000,
]  # fmt: skip


def places(width: int) -> list[Any]:
    """Lists of about that width with nonsense at each position, and things that are no list."""
    made: list[Any] = [None, "x", 5, {}, [], [[]], [0] * 50]
    for value in NONSENSE:
        made += [[value] * width, [value] * (width + 1), [value]]
        for at in range(width):
            good: list[Any] = [1, 1, 1.0, False, 1, "a", 1][:width]
            made.append([*good[:at], value, *good[at + 1 :]])
    return made


def test_tokens_of_histories(place: Place) -> None:
    base = {"run_id": place.run, "metric_key": "m", "max_results": "3"}
    for forgery in places(4):
        token = forged((place.run, "m"), forgery)
        query = urlencode(base | {"page_token": token})
        status, answer = place.ask("GET", f"metrics/get-history?{query}")
        assert status in (200, 400), (forgery, answer)
        if status == 400:
            assert "page token" in answer["message"]
        else:
            assert isinstance(forgery, list)
            assert len(forgery) == 4


@pytest.mark.parametrize(
    "order",
    [[], ["metrics.m DESC"], ["params.lr"], ["tags.t"], ["start_time"], ["end_time DESC"],
     ["run_name"], ["status"], ["run_id"], ["artifact_uri"], ["min(metrics.m)"],
     ["count(metrics.m)"], ["duration"], ["at(metrics.m, 3)"], ["params.never", "metrics.never"]],
    ids=str,
)  # fmt: skip
def test_tokens_of_runs(place: Place, order: list[str]) -> None:
    question: dict[str, Any] = {"experiment_ids": [place.experiment], "order_by": order}
    scope = (None, order, [place.experiment], "active")
    refusals = 0
    for forgery in [found for width in (2, 3) for found in places(width)]:
        body = json.dumps(question | {"page_token": forged(scope, forgery)})
        status, answer = place.ask("POST", "runs/search", body.encode())
        assert status in (200, 400), (forgery, answer)
        if status == 400:
            assert "page token" in answer["message"]
            assert "another query" not in answer["message"]  # the checksum was right
            refusals += 1
    assert refusals > 60


@pytest.mark.parametrize("order", [[], ["name"], ["creation_time"], ["experiment_id"]], ids=str)
def test_tokens_of_experiments(place: Place, order: list[str]) -> None:
    scope = (None, order, "active")
    refusals = 0
    for forgery in [found for width in (1, 2, 3) for found in places(width)]:
        question = {"max_results": 5, "order_by": order, "page_token": forged(scope, forgery)}
        status, answer = place.ask("POST", "experiments/search", json.dumps(question).encode())
        assert status in (200, 400), (forgery, answer)
        if status == 400:
            assert "another query" not in answer["message"]
            refusals += 1
    assert refusals > 100


TOKENS = [
    "x", "=", "====", "%%%", "💥", "\0", "a" * 100_000, "eyJvZmZzZXQiOiAxfQ==",
    base64.b64encode(b"[" * 10_000).decode(),
    base64.b64encode(b"[1" + b",[" * 9_000).decode(),
    base64.b64encode(b'[1, "x"]').decode(),
    base64.b64encode(b"[1.5, []]").decode(),
    base64.b64encode(b"[1, []] ").decode() + "\n",
    base64.b64encode(b"[1, [\xff]]").decode(),
]  # fmt: skip


def test_tokens_that_nobody_gave(place: Place) -> None:
    for token in TOKENS:
        questions: dict[str, dict[str, Any]] = {
            "runs/search": {"experiment_ids": [place.experiment]},
            "experiments/search": {"max_results": 1},
        }
        for path, question in questions.items():
            body = json.dumps(question | {"page_token": token}).encode()
            status, answer = place.ask("POST", path, body)
            assert (status, answer["error_code"]) == (400, BAD), token[:50]
            assert "page token" in answer["message"]
        if len(token) < 50_000:
            query = f"run_id={place.run}&metric_key=m&page_token={quote(token)}"
            assert place.ask("GET", f"metrics/get-history?{query}")[0] == 400, token[:50]


@pytest.mark.parametrize("text", ["metrics.m = 1", "params.lr = '1'", "tags.t LIKE '1%'"])
def test_nowhere_there_are_no_runs(place: Place, text: str) -> None:
    question = {"experiment_ids": [], "filter": text, "count": True}
    status, answer = place.ask("POST", "runs/search", json.dumps(question).encode())
    assert (status, answer) == (200, {"total": 0})
