"""The face of the package: its names, the old import paths, and a namesake beside it."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mlflow

PACKAGE = Path(mlflow.__file__).parent


def test_every_name_is_there() -> None:
    for name in mlflow.__all__:
        assert getattr(mlflow, name) is not None
    assert set(mlflow.__all__) <= set(dir(mlflow))
    assert list(mlflow.__all__) == sorted(mlflow.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mlflow.nothing  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"mlflow\.autolog is not there yet: Millstream 0"):
        mlflow.autolog()  # type: ignore[attr-defined]
    assert not hasattr(mlflow, "sklearn")


def test_a_misspelt_name_is_corrected() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import mlflow; mlflow.log_parm('a', 1)"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Did you mean: 'log_param'?" in done.stderr


def test_what_is_still_to_come_is_not_there() -> None:
    assert not mlflow._LATER & set(mlflow.__all__)


def test_type_checkers_are_told_the_same_names() -> None:
    """What stands under TYPE_CHECKING is what is found at run time."""
    text = (PACKAGE / "__init__.py").read_text()
    told = text[text.index("if TYPE_CHECKING:") : text.index("#: public name")]
    for name in set(mlflow.__all__) - {"__version__", "millstream_version"}:
        assert f"{name} as {name}" in told


def test_versions() -> None:
    assert mlflow.__version__ == mlflow.version.VERSION
    assert mlflow.millstream_version == mlflow.version.MILLSTREAM_VERSION


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        ("mlflow.client", "MlflowClient", mlflow.MlflowClient),
        ("mlflow.tracking", "MlflowClient", mlflow.MlflowClient),
        ("mlflow.tracking", "set_tracking_uri", mlflow.set_tracking_uri),
        ("mlflow.tracking.client", "MlflowClient", mlflow.MlflowClient),
        ("mlflow.tracking.fluent", "start_run", mlflow.start_run),
        ("mlflow.exceptions", "MlflowException", mlflow.MlflowException),
        ("mlflow.protos.databricks_pb2", "INVALID_PARAMETER_VALUE", 1000),
        ("mlflow.protos.databricks_pb2", "RESOURCE_DOES_NOT_EXIST", 3002),
        ("mlflow.utils.mlflow_tags", "MLFLOW_RUN_NAME", "mlflow.runName"),
        ("mlflow.utils.mlflow_tags", "MLFLOW_PARENT_RUN_ID", "mlflow.parentRunId"),
        ("mlflow.utils.validation", "MAX_PARAM_VAL_LENGTH", 6000),
        ("mlflow.utils.validation", "MAX_PARAMS_TAGS_PER_BATCH", 100),
        ("mlflow.utils.validation", "MAX_TAG_VAL_LENGTH", 8000),
        ("mlflow.utils.validation", "MAX_METRICS_PER_BATCH", 1000),
    ],
)
def test_old_import_paths(module: str, name: str, value: object) -> None:
    assert getattr(importlib.import_module(module), name) == value


def test_tags_of_the_context_under_their_old_path() -> None:
    from mlflow.store.entities import PagedList
    from mlflow.tracking.context import resolve_tags
    from mlflow.tracking.context.registry import resolve_tags as the_same

    assert resolve_tags is the_same
    tags = resolve_tags({"mlflow.user": "ada"})
    assert tags["mlflow.user"] == "ada"
    assert tags["mlflow.source.name"] == sys.argv[0]
    assert PagedList([1], "t").token == "t"


@pytest.mark.parametrize("namesake", ["mlflow-3.17.2", "mlflow_skinny-2.9.2"])
def test_a_namesake_in_the_same_place_is_told(tmp_path: Path, namesake: str) -> None:
    shutil.copytree(PACKAGE, tmp_path / "mlflow", ignore=shutil.ignore_patterns("static"))
    (tmp_path / f"{namesake}.dist-info").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", "import mlflow"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    name = namesake.split("-")[0].replace("_", "-")
    assert f"Both millstream and {name} are installed in {tmp_path}" in done.stderr
    assert "one of the two must go" in done.stderr
