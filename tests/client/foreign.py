"""A small HTTP server that is not ours: it chooses run ids itself and knows no heartbeat.

It keeps what it is sent in memory, and can be told to fail.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: what the server says instead of its answer: status and body
Failure = tuple[int, dict[str, Any]]


class ForeignServer:
    """A server on a free port of 127.0.0.1; a context manager.

    Attributes:
        asked: name and question of each request, in order, such as `("runs/log-batch", {…})`.
        runs: tags by run id.
        fails: asked before each answer; a Failure is sent instead of the answer.
        loses: names of endpoints whose next answer is lost: the work is done, nobody hears of it.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.runs: dict[str, dict[str, str]] = {}
        self.experiments = {"Default": "0"}
        self.fails: Callable[[str, dict[str, Any]], Failure | None] = lambda name, question: None
        self.loses: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ForeignServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def questions(self, name: str) -> list[dict[str, Any]]:
        """The questions that one endpoint was asked."""
        return [question for asked, question in self.asked if asked == name]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        foreign = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                question = json.loads(self.rfile.read(length) or b"{}")
                name = self.path.partition("/mlflow/")[2]
                status, body = foreign.answer(name, question)
                if name in foreign.loses:
                    foreign.loses.discard(name)
                    status, body = error(502, "BAD_GATEWAY", "a proxy lost the answer")
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def answer(self, name: str, question: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """What is answered; the work is done here."""
        name = name.partition("?")[0]
        self.asked.append((name, question))
        failure = self.fails(name, question)
        if failure is not None:
            return failure
        if name == "runs/create":
            return 200, {"run": self._created(question)}
        if name == "runs/search":
            found = [run_id for run_id, tags in self.runs.items() if _asked_for(question, tags)]
            return 200, {"runs": [_run(run_id) for run_id in found]}
        if name == "experiments/get-by-name":
            return error(404, "RESOURCE_DOES_NOT_EXIST", "no such experiment")
        if name == "experiments/create":
            self.experiments[question["name"]] = str(len(self.experiments))
            return 200, {"experiment_id": self.experiments[question["name"]]}
        if name == "experiments/search":
            return 200, {}
        if name in ("runs/log-batch", "runs/update"):
            if question["run_id"] not in self.runs:
                return error(404, "RESOURCE_DOES_NOT_EXIST", "no such run")
            return 200, {"run_info": _run(question["run_id"])["info"]}
        return error(404, "ENDPOINT_NOT_FOUND", "no such endpoint")

    def _created(self, question: dict[str, Any]) -> dict[str, Any]:
        run_id = uuid.uuid4().hex
        self.runs[run_id] = {tag["key"]: tag["value"] for tag in question.get("tags", [])}
        return _run(run_id)


def error(status: int, code: str, message: str) -> Failure:
    """An error as a tracking server writes it."""
    return status, {"error_code": code, "message": message}


def _asked_for(question: dict[str, Any], tags: dict[str, str]) -> bool:
    return any(f"'{value}'" in question.get("filter", "") for value in tags.values())


def _run(run_id: str) -> dict[str, Any]:
    info = {
        "run_uuid": run_id,
        "run_id": run_id,
        "experiment_id": "0",
        "run_name": "n",
        "user_id": "u",
        "status": "RUNNING",
        "start_time": 1,
        "artifact_uri": "x",
        "lifecycle_stage": "active",
    }
    return {"info": info, "data": {}}
