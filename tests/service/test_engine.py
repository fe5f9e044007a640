"""What is said when a store is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlflow import service


def test_a_folder_with_files_of_mlflow_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    meta = tmp_path / "mlruns" / "0" / "meta.yaml"
    meta.parent.mkdir(parents=True)
    meta.write_text("name: Default\n")
    for _ in range(2):
        service.open_engine(str(tmp_path / "mlruns"), "mlflow-artifacts:/").close()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"The folder {tmp_path / 'mlruns'} holds runs in MLflow's own" in caplog.text
    assert meta.read_text() == "name: Default\n"


def test_another_folder_is_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    service.open_engine(str(tmp_path / "mlruns"), "mlflow-artifacts:/").close()
    assert caplog.records == []
