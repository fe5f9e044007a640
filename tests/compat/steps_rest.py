"""The scenario's raw requests: exact JSON, statuses and error codes, without any client."""

from __future__ import annotations

import json
from typing import Any

from tests.compat.recording import Recording

API = "/api/2.0/mlflow"
AJAX = "/ajax-api/2.0/mlflow"
LONG_AGO = 1_700_000_000_000


def server(record: Recording) -> None:
    """What is not about runs: health, version, server-info, unknown paths, hosts, origins."""
    raw = record.raw
    raw("rest: health", "GET", "/health")
    raw("rest: version", "GET", "/version")
    raw("rest: server-info", "GET", "/api/3.0/mlflow/server-info")
    raw("rest: server-info for the page", "GET", "/ajax-api/3.0/mlflow/server-info")
    raw("rest: unknown path", "GET", f"{API}/nothing")
    raw("rest: removed experiments/list", "GET", f"{API}/experiments/list")
    raw("rest: wrong method", "DELETE", f"{API}/experiments/create")
    raw("rest: GET of a POST path", "GET", f"{API}/runs/create")
    evil = {"Host": "evil.example"}
    raw("rest: strange host", "GET", f"{API}/experiments/get", {"experiment_id": "0"}, headers=evil)
    raw("rest: strange host on /health", "GET", "/health", headers=evil)
    origin = {"Origin": "https://evil.example"}
    raw(
        "rest: strange origin",
        "POST",
        f"{API}/experiments/create",
        {"name": "evil"},
        headers=origin,
    )
    raw(
        "rest: strange origin reads",
        "GET",
        f"{API}/experiments/get",
        {"experiment_id": "0"},
        headers=origin,
    )


def bodies(record: Recording) -> None:
    """Bodies that are not what they should be."""
    create = f"{API}/experiments/create"
    for name, data, kind in (
        ("malformed", b'{"name": ', "application/json"),
        ("empty", b"", "application/json"),
        ("null", b"null", "application/json"),
        ("not UTF-8", b'{"name": "\xff"}', "application/json"),
        ("JSON in a string", json.dumps('{"name": "doubly"}').encode(), "application/json"),
        ("with charset", b'{"name": "charset"}', "application/json; charset=utf-8"),
        ("text", b'{"name": "as text"}', "text/plain"),
        ("a form", b"name=form", "application/x-www-form-urlencoded"),
    ):
        record.raw(f"rest: body {name}", "POST", create, data=data, headers={"Content-Type": kind})
    raw = record.raw
    raw("rest: name null", "POST", create, {"name": None})
    raw("rest: name a number", "POST", create, {"name": 5})
    raw("rest: name a list", "POST", create, {"name": ["a"]})
    raw("rest: unknown field", "POST", create, {"name": "unknown field", "wings": 2})
    raw(
        "rest: camelCase",
        "POST",
        create,
        {"name": "camel", "artifactLocation": "mlflow-artifacts:/c"},
    )
    raw("rest: tags not a list", "POST", create, {"name": "t1", "tags": {"a": "b"}})
    raw("rest: tag without key", "POST", create, {"name": "t2", "tags": [{"value": "b"}]})
    raw("rest: tag without value", "POST", create, {"name": "t3", "tags": [{"key": "b"}]})
    raw("rest: location runs:", "POST", create, {"name": "t5", "artifact_location": "runs:/a/b"})
    raw(
        "rest: location given", "POST", create, {"name": "t6", "artifact_location": "s3://bucket/p"}
    )


def experiments(record: Recording) -> str:
    """Exact answers about experiments; returns the id of one to work in."""
    raw = record.raw
    made = raw(
        "rest: experiments/create",
        "POST",
        f"{API}/experiments/create",
        {"name": "rest", "tags": [{"key": "k", "value": "v"}]},
    )
    home = str(made["experiment_id"])
    ask = {"experiment_id": home}
    raw("rest: experiments/create twice", "POST", f"{API}/experiments/create", {"name": "rest"})
    for prefix, name in ((API, ""), (AJAX, " (ajax)")):
        raw(f"rest: experiments/get{name}", "GET", f"{prefix}/experiments/get", ask)
    raw("rest: experiments/get nothing", "GET", f"{API}/experiments/get")
    raw(
        "rest: experiments/get unknown", "GET", f"{API}/experiments/get", {"experiment_id": "98765"}
    )
    raw("rest: experiments/get words", "GET", f"{API}/experiments/get", {"experiment_id": "x1"})
    by_name = f"{API}/experiments/get-by-name"
    raw("rest: get-by-name", "GET", by_name, {"experiment_name": "rest"})
    raw("rest: get-by-name unknown", "GET", by_name, {"experiment_name": "nobody"})
    raw("rest: get-by-name nothing", "GET", by_name)
    search = f"{API}/experiments/search"
    question = {"max_results": 1, "filter": "name = 'rest'", "order_by": ["name ASC"]}
    raw("rest: experiments/search", "POST", search, question)
    raw("rest: experiments/search (GET)", "GET", search, question)
    raw("rest: experiments/search (ajax)", "POST", f"{AJAX}/experiments/search", question)
    raw(
        "rest: experiments/search pages",
        "POST",
        search,
        {"max_results": 1, "filter": "name LIKE 'searches%'", "order_by": ["name ASC"]},
    )
    raw(
        "rest: experiments/search none", "POST", search, {"max_results": 5, "filter": "name = 'no'"}
    )
    raw("rest: experiments/search without limit", "POST", search, {})
    raw("rest: experiments/search limit as text", "POST", search, {**question, "max_results": "1"})
    raw("rest: experiments/search limit words", "POST", search, {**question, "max_results": "few"})
    raw("rest: experiments/search bad view", "POST", search, {**question, "view_type": "BOGUS"})
    raw("rest: experiments/search view number", "POST", search, {**question, "view_type": 3})
    raw("rest: experiments/search bad token", "POST", search, {**question, "page_token": "!!"})
    raw("rest: experiments/search filter number", "POST", search, {**question, "filter": 5})
    raw("rest: experiments/search order text", "POST", search, {**question, "order_by": "name"})
    tag = f"{API}/experiments/set-experiment-tag"
    raw("rest: set-experiment-tag", "POST", tag, {**ask, "key": "a", "value": "b"})
    raw("rest: set-experiment-tag no key", "POST", tag, {**ask, "value": "b"})
    raw("rest: set-experiment-tag no value", "POST", tag, {**ask, "key": "c"})
    raw("rest: set-experiment-tag long", "POST", tag, {**ask, "key": "k" * 251, "value": "b"})
    raw(
        "rest: set-experiment-tag id number",
        "POST",
        tag,
        {"experiment_id": 1, "key": "a", "value": "b"},
    )
    untag = f"{API}/experiments/delete-experiment-tag"
    raw("rest: delete-experiment-tag", "POST", untag, {**ask, "key": "a"})
    raw("rest: delete-experiment-tag twice", "POST", untag, {**ask, "key": "a"})
    update = f"{API}/experiments/update"
    raw("rest: experiments/update", "POST", update, {**ask, "new_name": "rest 2"})
    raw("rest: experiments/update no name", "POST", update, ask)
    raw("rest: experiments/update taken", "POST", update, {**ask, "new_name": "alpha"})
    raw("rest: experiments/delete", "POST", f"{API}/experiments/delete", ask)
    raw("rest: experiments/delete twice", "POST", f"{API}/experiments/delete", ask)
    raw("rest: experiments/update deleted", "POST", update, {**ask, "new_name": "rest 3"})
    raw("rest: set-experiment-tag deleted", "POST", tag, {**ask, "key": "a", "value": "b"})
    raw("rest: runs/create in deleted", "POST", f"{API}/runs/create", ask)
    raw("rest: experiments/get deleted", "GET", f"{API}/experiments/get", ask)
    raw("rest: experiments/restore", "POST", f"{API}/experiments/restore", ask)
    raw("rest: experiments/restore twice", "POST", f"{API}/experiments/restore", ask)
    return home


def runs(record: Recording, home: str) -> str:
    """Exact answers about runs; returns the id of one."""
    raw = record.raw
    create = f"{API}/runs/create"
    question = {
        "experiment_id": home,
        "user_id": "ada",
        "run_name": "r1",
        "start_time": LONG_AGO,
        "tags": [{"key": "a", "value": "b"}],
    }
    made = raw("rest: runs/create", "POST", create, question)
    run_id = str(made["run"]["info"]["run_id"])
    ask = {"run_id": run_id}
    raw("rest: runs/create least", "POST", create, {"experiment_id": home})
    raw("rest: runs/create id number", "POST", create, {"experiment_id": int(home)})
    raw(
        "rest: runs/create time as text",
        "POST",
        create,
        {**question, "start_time": f"{LONG_AGO + 51}"},
    )
    raw("rest: runs/create time words", "POST", create, {**question, "start_time": "noon"})
    raw("rest: runs/create words", "POST", create, {"experiment_id": "x"})
    raw("rest: runs/create unknown", "POST", create, {"experiment_id": "98765"})
    for prefix, name in ((API, ""), (AJAX, " (ajax)")):
        raw(f"rest: runs/get{name}", "GET", f"{prefix}/runs/get", ask)
    raw("rest: runs/get by run_uuid", "GET", f"{API}/runs/get", {"run_uuid": run_id})
    raw("rest: runs/get nothing", "GET", f"{API}/runs/get")
    raw("rest: runs/get unknown", "GET", f"{API}/runs/get", {"run_id": "e" * 32})
    raw("rest: runs/get strange", "GET", f"{API}/runs/get", {"run_id": "../x"})
    update = f"{API}/runs/update"
    raw(
        "rest: runs/update", "POST", update, {**ask, "status": "FINISHED", "end_time": LONG_AGO + 9}
    )
    raw("rest: runs/update name", "POST", update, {**ask, "run_name": "r2"})
    raw("rest: runs/update empty name", "POST", update, {**ask, "run_name": ""})
    raw("rest: runs/update bad status", "POST", update, {**ask, "status": "GREAT"})
    raw("rest: runs/update status number", "POST", update, {**ask, "status": 4})
    raw("rest: runs/update unknown", "POST", update, {"run_id": "e" * 32, "status": "FAILED"})
    raw("rest: runs/update nothing", "POST", update, {"status": "FAILED"})
    metric = f"{API}/runs/log-metric"
    point = {**ask, "key": "m", "value": 0.5, "timestamp": LONG_AGO, "step": 1}
    raw("rest: log-metric", "POST", metric, point)
    for field, name, value in (
        ("value", "NaN", "NaN"),
        ("value", "Infinity", "Infinity"),
        ("value", "-Infinity", "-Infinity"),
        ("value", "text", "1.25"),
        ("value", "words", "high"),
        ("value", "true", True),
        ("value", "null", None),
        ("value", "integer", 3),
        ("timestamp", "text", f"{LONG_AGO}"),
        ("timestamp", "words", "noon"),
        ("timestamp", "negative", -1),
        ("timestamp", "null", None),
        ("timestamp", "zero", 0),
        ("step", "text", "12"),
        ("step", "float", 2.0),
        ("step", "negative", -3),
        ("step", "null", None),
        ("key", "number", 5),
        ("key", "empty", ""),
        ("key", "null", None),
        ("key", "bad", "a!b"),
        ("key", "251 letters", "k" * 251),
        ("run_id", "unknown", "e" * 32),
        ("run_id", "number", 5),
        ("run_id", "empty", ""),
    ):
        changed = {**point, "key": f"m {field} {name}", field: value}
        raw(f"rest: log-metric {field} {name}", "POST", metric, changed)
    for field in point:
        less = {name: value for name, value in point.items() if name != field}
        raw(f"rest: log-metric without {field}", "POST", metric, less)
    param = f"{API}/runs/log-parameter"
    raw("rest: log-parameter", "POST", param, {**ask, "key": "p", "value": "1"})
    raw("rest: log-parameter same", "POST", param, {**ask, "key": "p", "value": "1"})
    raw("rest: log-parameter changed", "POST", param, {**ask, "key": "p", "value": "2"})
    raw("rest: log-parameter no value", "POST", param, {**ask, "key": "p2"})
    raw("rest: log-parameter number", "POST", param, {**ask, "key": "p3", "value": 3})
    raw("rest: log-parameter no key", "POST", param, {**ask, "value": "3"})
    raw("rest: log-parameter bad key", "POST", param, {**ask, "key": "//", "value": "3"})
    tag = f"{API}/runs/set-tag"
    raw("rest: set-tag", "POST", tag, {**ask, "key": "t", "value": "1"})
    raw("rest: set-tag no value", "POST", tag, {**ask, "key": "t2"})
    raw("rest: set-tag no key", "POST", tag, {**ask, "value": "x"})
    raw("rest: set-tag number", "POST", tag, {**ask, "key": "t3", "value": 5})
    raw("rest: set-tag empty runName", "POST", tag, {**ask, "key": "mlflow.runName", "value": ""})
    raw("rest: set-tag by run_uuid", "POST", tag, {"run_uuid": run_id, "key": "u", "value": "1"})
    raw("rest: delete-tag", "POST", f"{API}/runs/delete-tag", {**ask, "key": "t"})
    raw("rest: delete-tag twice", "POST", f"{API}/runs/delete-tag", {**ask, "key": "t"})
    raw("rest: runs/get after all", "GET", f"{API}/runs/get", ask)
    return run_id


def batches(record: Recording, home: str) -> None:
    """`log-batch`, `log-inputs`, `outputs`."""
    raw = record.raw
    made = raw(
        "rest: runs/create for batches",
        "POST",
        f"{API}/runs/create",
        {"experiment_id": home, "run_name": "batch", "start_time": LONG_AGO + 1},
    )
    ask = {"run_id": str(made["run"]["info"]["run_id"])}
    batch = f"{API}/runs/log-batch"
    point = {"key": "m", "value": 1.0, "timestamp": LONG_AGO, "step": 0}
    raw(
        "rest: log-batch",
        "POST",
        batch,
        {
            **ask,
            "metrics": [point, {**point, "value": "NaN", "step": 1}],
            "params": [{"key": "p", "value": "1"}],
            "tags": [{"key": "t", "value": "1"}],
        },
    )
    raw("rest: log-batch empty", "POST", batch, ask)
    raw("rest: log-batch no run", "POST", batch, {"metrics": [point]})
    raw("rest: log-batch metrics not a list", "POST", batch, {**ask, "metrics": point})
    for field, value in (
        ("key", None),
        ("key", "a!b"),
        ("key", ""),
        ("value", None),
        ("timestamp", None),
        ("timestamp", -5),
    ):
        bad = {**point, field: value}
        raw(
            f"rest: log-batch metric {field} {value}",
            "POST",
            batch,
            {**ask, "metrics": [point, bad]},
        )
    for field in point:
        less = {name: value for name, value in point.items() if name != field}
        raw(f"rest: log-batch metric without {field}", "POST", batch, {**ask, "metrics": [less]})
    raw("rest: log-batch param without key", "POST", batch, {**ask, "params": [{"value": "1"}]})
    raw("rest: log-batch param without value", "POST", batch, {**ask, "params": [{"key": "pv"}]})
    raw(
        "rest: log-batch param changed",
        "POST",
        batch,
        {**ask, "params": [{"key": "p", "value": "2"}]},
    )
    raw("rest: log-batch tag without key", "POST", batch, {**ask, "tags": [{"value": "1"}]})
    raw("rest: log-batch tag without value", "POST", batch, {**ask, "tags": [{"key": "tv"}]})
    raw("rest: log-batch unknown run", "POST", batch, {"run_id": "e" * 32, "metrics": [point]})
    for name, sizes in (
        ("1,001 metrics", (1001, 0, 0)),
        ("101 params", (0, 101, 0)),
        ("101 tags", (0, 0, 101)),
        ("1,001 things", (901, 100, 0)),
        ("1,000 things", (800, 100, 100)),
    ):
        metrics, params, tags = sizes
        much = {
            **ask,
            "metrics": [{**point, "key": "many", "step": i} for i in range(metrics)],
            "params": [{"key": f"p{i}", "value": "1"} for i in range(params)],
            "tags": [{"key": f"t{i}", "value": "1"} for i in range(tags)],
        }
        raw(f"rest: log-batch of {name}", "POST", batch, data=json.dumps(much).encode())
    long = {"key": "long", "value": "x" * 6001}
    raw("rest: log-batch long param", "POST", batch, {**ask, "params": [long]})
    raw(
        "rest: log-batch long tag",
        "POST",
        batch,
        {**ask, "tags": [{"key": "l", "value": "x" * 8001}]},
    )
    raw("rest: runs/get after batches", "GET", f"{API}/runs/get", ask)
    dataset = {
        "name": "d",
        "digest": "1a",
        "source_type": "code",
        "source": "{}",
        "schema": "{}",
        "profile": "{}",
    }
    inputs = f"{API}/runs/log-inputs"
    context = [{"key": "mlflow.data.context", "value": "training"}]
    raw(
        "rest: log-inputs",
        "POST",
        inputs,
        {**ask, "datasets": [{"dataset": dataset, "tags": context}]},
    )
    raw("rest: log-inputs empty", "POST", inputs, ask)
    for field in ("schema", "profile"):
        less = {name: value for name, value in dataset.items() if name != field}
        raw(
            f"rest: log-inputs without {field}",
            "POST",
            inputs,
            {**ask, "datasets": [{"dataset": {**less, "name": field}}]},
        )
    raw("rest: log-inputs unknown run", "POST", inputs, {"run_id": "e" * 32, "datasets": []})
    raw("rest: runs/get with inputs", "GET", f"{API}/runs/get", ask)
    raw(
        "rest: search-datasets",
        "POST",
        f"{AJAX}/experiments/search-datasets",
        {"experiment_ids": [home]},
    )
    raw("rest: search-datasets nothing", "POST", f"{AJAX}/experiments/search-datasets", {})


def searches(record: Recording, home: str) -> None:
    """`runs/search` as it is sent."""
    raw = record.raw
    search = f"{API}/runs/search"
    ask: dict[str, Any] = {"experiment_ids": [home], "filter": "run_name = 'batch'"}
    raw("rest: runs/search", "POST", search, ask)
    raw("rest: runs/search (ajax)", "POST", f"{AJAX}/runs/search", ask)
    raw("rest: runs/search none", "POST", search, {**ask, "filter": "run_name = 'nobody'"})
    raw("rest: runs/search nothing", "POST", search, {})
    raw("rest: runs/search ids text", "POST", search, {"experiment_ids": home})
    raw("rest: runs/search page", "POST", search, {"experiment_ids": [home], "max_results": 1})
    raw("rest: runs/search limit text", "POST", search, {**ask, "max_results": "5"})
    raw("rest: runs/search limit negative", "POST", search, {**ask, "max_results": -5})
    raw("rest: runs/search view", "POST", search, {**ask, "run_view_type": "DELETED_ONLY"})
    raw("rest: runs/search bad view", "POST", search, {**ask, "run_view_type": "BOGUS"})
    raw("rest: runs/search bad token", "POST", search, {**ask, "page_token": "bm9uc2Vuc2U="})
    raw("rest: runs/search bad filter", "POST", search, {**ask, "filter": "metrics.m <> 1"})
    raw("rest: runs/search bad order", "POST", search, {**ask, "order_by": ["bogus.x"]})
    raw("rest: runs/search filter null", "POST", search, {**ask, "filter": None})


def histories(record: Recording, home: str) -> None:
    """All variants of reading a metric's points."""
    raw = record.raw
    ids = []
    for n in range(2):
        made = raw(
            f"rest: runs/create for histories {n}",
            "POST",
            f"{API}/runs/create",
            {"experiment_id": home, "run_name": f"history {n}", "start_time": LONG_AGO + 2 + n},
        )
        ids.append(str(made["run"]["info"]["run_id"]))
        points = [
            {"key": "m", "value": i / 2, "timestamp": LONG_AGO + (i * 7) % 12, "step": i}
            for i in range(12)
        ]
        points.append({"key": "m", "value": "NaN", "timestamp": LONG_AGO + 20, "step": -1})
        raw(
            f"rest: log-batch for histories {n}",
            "POST",
            f"{API}/runs/log-batch",
            {"run_id": ids[n], "metrics": points},
        )
    history = f"{API}/metrics/get-history"
    ask: dict[str, Any] = {"run_id": ids[0], "metric_key": "m"}
    raw("rest: get-history", "GET", history, ask)
    raw("rest: get-history (ajax)", "GET", f"{AJAX}/metrics/get-history", ask)
    page = raw("rest: get-history page", "GET", history, {**ask, "max_results": 5})
    token = (page or {}).get("next_page_token", "")
    raw_page = {**ask, "max_results": 50, "page_token": token}
    got = record.step(
        "rest: get-history next page",
        lambda: _next_page(record, history, raw_page),
    )
    record.step("rest: get-history pages join", lambda: len(got or []))
    raw("rest: get-history bad token", "GET", history, {**ask, "max_results": 5, "page_token": "?"})
    raw("rest: get-history limit 0", "GET", history, {**ask, "max_results": 0})
    raw("rest: get-history unknown key", "GET", history, {**ask, "metric_key": "nobody"})
    raw("rest: get-history unknown run", "GET", history, {"run_id": "e" * 32, "metric_key": "m"})
    raw("rest: get-history no key", "GET", history, {"run_id": ids[0]})
    raw("rest: get-history by run_uuid", "GET", history, {"run_uuid": ids[0], "metric_key": "m"})
    for prefix, name in ((API, ""), (AJAX, " (ajax)")):
        bulk = f"{prefix}/metrics/get-history-bulk-interval"
        both: dict[str, Any] = {"run_ids": ids, "metric_key": "m"}
        raw(f"rest: bulk-interval{name}", "GET", bulk, both)
        raw(f"rest: bulk-interval limit 4{name}", "GET", bulk, {**both, "max_results": 4})
        raw(f"rest: bulk-interval limit 1{name}", "GET", bulk, {**both, "max_results": 1})
        raw(
            f"rest: bulk-interval steps{name}",
            "GET",
            bulk,
            {**both, "start_step": 3, "end_step": 8, "max_results": 3},
        )
        raw(f"rest: bulk-interval half{name}", "GET", bulk, {**both, "start_step": 3})
        raw(
            f"rest: bulk-interval turned{name}",
            "GET",
            bulk,
            {**both, "start_step": 5, "end_step": 3},
        )
        raw(f"rest: bulk-interval limit 0{name}", "GET", bulk, {**both, "max_results": 0})
        raw(f"rest: bulk-interval limit 2,501{name}", "GET", bulk, {**both, "max_results": 2501})
        raw(f"rest: bulk-interval no runs{name}", "GET", bulk, {"metric_key": "m"})
        raw(f"rest: bulk-interval no key{name}", "GET", bulk, {"run_ids": ids})
        raw(
            f"rest: bulk-interval 101 runs{name}",
            "GET",
            bulk,
            {"run_ids": ["e" * 32] * 101, "metric_key": "m"},
        )
        raw(
            f"rest: bulk-interval unknown run{name}",
            "GET",
            bulk,
            {"run_ids": ["e" * 32], "metric_key": "m"},
        )
    bulk = f"{AJAX}/metrics/get-history-bulk"
    raw("rest: get-history-bulk", "GET", bulk, {"run_id": ids, "metric_key": "m"})
    one = {"run_id": ids[:1], "metric_key": "m", "max_results": 5}
    raw("rest: get-history-bulk limit", "GET", bulk, one)
    raw("rest: get-history-bulk no run", "GET", bulk, {"metric_key": "m"})
    raw("rest: get-history-bulk no key", "GET", bulk, {"run_id": ids})
    raw("rest: get-history-bulk not under /api", "GET", f"{API}/metrics/get-history-bulk", ask)


def _next_page(record: Recording, path: str, question: dict[str, Any]) -> Any:
    answer = record.raw("rest: get-history second page", "GET", path, question)
    return answer.get("metrics")


def ends(record: Recording, run_id: str) -> None:
    """Deleted runs, and what may still be done with them."""
    raw = record.raw
    ask = {"run_id": run_id}
    raw("rest: runs/delete", "POST", f"{API}/runs/delete", ask)
    raw("rest: runs/delete twice", "POST", f"{API}/runs/delete", ask)
    raw("rest: runs/get deleted", "GET", f"{API}/runs/get", ask)
    raw("rest: runs/update deleted", "POST", f"{API}/runs/update", {**ask, "run_name": "x"})
    raw("rest: set-tag deleted", "POST", f"{API}/runs/set-tag", {**ask, "key": "a", "value": "b"})
    raw("rest: delete-tag deleted", "POST", f"{API}/runs/delete-tag", {**ask, "key": "a"})
    raw(
        "rest: log-parameter deleted",
        "POST",
        f"{API}/runs/log-parameter",
        {**ask, "key": "a", "value": "b"},
    )
    raw(
        "rest: log-metric deleted",
        "POST",
        f"{API}/runs/log-metric",
        {**ask, "key": "a", "value": 1, "timestamp": LONG_AGO},
    )
    raw("rest: log-batch deleted", "POST", f"{API}/runs/log-batch", {**ask, "tags": [{"key": "a"}]})
    raw("rest: log-inputs deleted", "POST", f"{API}/runs/log-inputs", ask)
    raw("rest: runs/restore", "POST", f"{API}/runs/restore", ask)
    raw("rest: runs/restore twice", "POST", f"{API}/runs/restore", ask)
    raw("rest: runs/restore unknown", "POST", f"{API}/runs/restore", {"run_id": "e" * 32})


def sloppy(record: Recording, home: str) -> None:
    """Requests that are wrong, and that the official server fails at or reads over.

    Nothing that comes after looks at what they left.
    """
    raw = record.raw
    create = f"{API}/experiments/create"
    for name, data in (("a list", b"[1]"), ("a number", b"7")):
        raw(f"sloppy: body {name}", "POST", create, data=data)
    query = {"name": "t4", "artifact_location": "s3://b?x=1"}
    raw("sloppy: location with a query", "POST", create, query)
    made = raw(
        "sloppy: runs/create",
        "POST",
        f"{API}/runs/create",
        {"experiment_id": home, "run_name": "sloppy", "start_time": LONG_AGO + 90},
    )
    ask = {"run_id": str(made["run"]["info"]["run_id"])}
    raw("sloppy: runs/create nothing", "POST", f"{API}/runs/create", {})
    tag = {"key": "a", "value": 5}
    question = {"experiment_id": home, "tags": [tag]}
    raw("sloppy: runs/create tag number", "POST", f"{API}/runs/create", question)
    point: dict[str, Any] = {"key": "m", "value": 0.5, "timestamp": LONG_AGO, "step": 1}
    wrong: tuple[tuple[str, str, Any], ...] = (
        ("value", "beyond doubles", 10**400),
        ("timestamp", "float", 1.5),
        ("step", "half", 2.5),
        ("step", "beyond int64", 2**63),
    )
    for field, name, value in wrong:
        bad = {**ask, **point, field: value}
        raw(f"sloppy: log-metric {field} {name}", "POST", f"{API}/runs/log-metric", bad)
    batch = f"{API}/runs/log-batch"
    for field, word in (("value", "high"), ("timestamp", "noon"), ("step", "two")):
        bad = {**point, field: word}
        raw(f"sloppy: log-batch {field} {word}", "POST", batch, {**ask, "metrics": [bad]})
    raw("sloppy: log-batch metrics null", "POST", batch, {**ask, "metrics": None})
    raw("sloppy: log-batch metric not an object", "POST", batch, {**ask, "metrics": [5]})
    raw("sloppy: log-batch tag number", "POST", batch, {**ask, "tags": [tag]})
    inputs = f"{API}/runs/log-inputs"
    raw("sloppy: log-inputs no dataset", "POST", inputs, {**ask, "datasets": [{"tags": []}]})
    dataset = {"name": "d", "digest": "1a", "source_type": "code", "source": "{}"}
    for field in dataset:
        less = {"dataset": {name: value for name, value in dataset.items() if name != field}}
        raw(f"sloppy: log-inputs no {field}", "POST", inputs, {**ask, "datasets": [less]})
    search = f"{API}/runs/search"
    raw("sloppy: runs/search ids numbers", "POST", search, {"experiment_ids": [int(home)]})
    nothing = {"experiment_ids": [home], "filter": "run_name = 'nobody'", "max_results": None}
    raw("sloppy: runs/search limit null", "POST", search, nothing)
    history = {**ask, "metric_key": "nobody", "max_results": "few"}
    raw("sloppy: get-history limit words", "GET", f"{API}/metrics/get-history", history)
