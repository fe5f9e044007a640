"""What `mlflow.doctor` says."""

from __future__ import annotations

import pytest

import mlflow


def test_it_says_what_is_there(
    place: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://ada:geheim@host")
    mlflow.doctor()
    told = capsys.readouterr().out
    kind = mlflow.millstream_version if place.startswith("http") else "opened in this process"
    assert f"Tracking URI: {place}" in told
    assert f"Tracking store: answers, {kind}" in told.replace("Millstream ", "")
    assert f"Millstream: {mlflow.millstream_version}, API level {mlflow.__version__}" in told
    assert "Environment MLFLOW_REGISTRY_URI: http://ada:***@host" in told
    assert "secret" not in told
    assert "geheim" not in told
    mlflow.doctor(mask_envs=True)
    assert "Environment MLFLOW_REGISTRY_URI: ***" in capsys.readouterr().out


def test_it_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    mlflow.set_tracking_uri("http://127.0.0.1:9")
    mlflow.doctor()
    mlflow.set_tracking_uri("")
    told = capsys.readouterr().out
    assert "Tracking store: The tracking server http://127.0.0.1:9 cannot be reached" in told
