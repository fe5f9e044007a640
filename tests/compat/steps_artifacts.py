"""Artifacts as any client of MLflow logs and reads them; prints what it saw as JSON.

Run by an interpreter with whichever `mlflow`: `steps_artifacts.py TRACKING_URI`.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import mlflow


def main() -> None:
    mlflow.set_tracking_uri(sys.argv[1])
    client = mlflow.MlflowClient()
    here = Path(tempfile.mkdtemp())
    tree = here / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "a.txt").write_text("a")
    (tree / "sub" / "ü 1+2%.bin").write_bytes(bytes(range(256)) * 8192)
    (tree / "empty").write_bytes(b"")
    (here / "large.bin").write_bytes(b"0123456789abcdef" * 786_433)  # 12 MiB and a bit
    seen: dict[str, object] = {}

    def listed(path: str | None = None) -> list[list[object]]:
        return [[f.path, f.is_dir, f.file_size] for f in client.list_artifacts(run_id, path)]

    def fetched(path: str) -> dict[str, list[object]]:
        found = Path(client.download_artifacts(run_id, path, str(tempfile.mkdtemp())))
        files = [found] if found.is_file() else sorted(p for p in found.rglob("*") if p.is_file())
        return {
            str(file.relative_to(found.parent)): [
                file.stat().st_size,
                hashlib.sha256(file.read_bytes()).hexdigest()[:16],
            ]
            for file in files
        }

    with mlflow.start_run() as run:
        run_id = run.info.run_id
        mlflow.log_artifact(str(tree / "a.txt"))
        mlflow.log_artifact(str(tree), "kept")
        mlflow.log_artifacts(str(tree), "flat")
        mlflow.log_text("tëxt", "notes/first.txt")
        mlflow.log_text("again", "notes/first.txt")
        mlflow.log_artifact(str(here / "large.bin"), "models")
        mlflow.log_artifacts(str(here), "all")
        mlflow.log_dict({"b": 1, "a": [0.5, None]}, "d.json")
    for path in (None, "kept", "kept/tree", "flat", "flat/sub", "a.txt", "none", "all"):
        seen[f"list {path}"] = listed(path)
    for path in (
        "a.txt",
        "kept",
        "kept/tree/sub",
        "flat/sub/ü 1+2%.bin",
        "notes/first.txt",
        "models",
        "all",
    ):
        seen[f"fetch {path}"] = fetched(path)
    seen["text"] = mlflow.artifacts.load_text(f"runs:/{run_id}/notes/first.txt")
    seen["dictionary"] = mlflow.artifacts.load_dict(f"runs:/{run_id}/d.json")
    seen["uri"] = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/a.txt")
    try:
        client.download_artifacts(run_id, "none", str(here))
    except mlflow.exceptions.MlflowException as error:
        seen["missing"] = error.error_code
    print(json.dumps(seen, sort_keys=True))


if __name__ == "__main__":
    main()
