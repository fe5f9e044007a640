"""One scenario of tracking for every client and every server; the tests compare its recordings.

Run with any interpreter that has some `mlflow`: `python scenario.py TRACKING_URI OUT.json [PART]`.
PART is `python` (the client's own calls), `rest` (raw requests) or `all` (the default). The server
must be fresh, as ids and searches over all experiments are part of what is recorded.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])  # so that `tests.compat` is found from any folder
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"  # an answer of 500 must not stall the scenario


def main(tracking_uri: str, out: str, part: str) -> None:
    """Run the scenario and write the recording as JSON."""
    import mlflow
    from mlflow.tracking import MlflowClient
    from tests.compat import steps_python, steps_rest
    from tests.compat.recording import Recording

    mlflow.set_tracking_uri(tracking_uri)
    record = Recording(tracking_uri)
    if part in ("all", "python"):
        client = MlflowClient()
        steps_python.experiments(record, client)
        steps_python.runs(record, client)
        steps_python.values(record, client)
        steps_python.batches(record, client)
        steps_python.datasets(record, client)
        steps_python.searches(record, client)
        steps_python.fluent(record, client)
    if part in ("all", "rest"):
        steps_rest.server(record)
        home = steps_rest.experiments(record)
        run_id = steps_rest.runs(record, home)
        steps_rest.batches(record, home)
        steps_rest.searches(record, home)
        steps_rest.histories(record, home)
        steps_rest.ends(record, run_id)
        steps_rest.bodies(record)
        steps_rest.sloppy(record, home)
    text = json.dumps(record.steps, indent=1, ensure_ascii=False)
    Path(out).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "all")
