"""`mlflow server` as a command: its options, its messages and its exit codes."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlflow.cli import COMMANDS
from mlflow.cli.dotenv import read_env_file
from mlflow.cli.server import _artifacts
from mlflow.server.settings import Settings
from mlflow.version import MILLSTREAM_VERSION, VERSION
from tests.servers.fixtures import StartServer


def mlflow(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlflow", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(*arguments: str, **environment: str) -> str:
    """The one sentence with which a start is refused."""
    ended = mlflow("server", *arguments, **environment)
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("Error: ")
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


def test_help_names_all_commands_without_loading_them() -> None:
    program = (
        "import sys; from mlflow.cli import cli\n"
        "try: cli(['--help'])\n"
        "finally: print(sorted(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", ended.stdout, re.MULTILINE)
    for module in ("granian", "mlflow.cli.server", "mlflow.store", "sqlite3", "asyncio"):
        assert f"'{module}'" not in ended.stdout
    assert list(COMMANDS) == sorted(COMMANDS)


def test_version() -> None:
    assert mlflow("--version").stdout == (
        f"mlflow, version {VERSION} (Millstream {MILLSTREAM_VERSION})\n"
    )


@pytest.mark.parametrize(
    "arguments", [("frobnicate",), ("server", "--frobnicate"), ("server", "--port", "many")]
)
def test_usage_errors(arguments: tuple[str, ...]) -> None:
    ended = mlflow(*arguments)
    assert ended.returncode == 2
    assert "Error: " in ended.stderr


def test_server_help() -> None:
    for name in ("server", "ui"):
        text = mlflow(name, "--help").stdout
        assert "Examples:" in text
        assert "MLFLOW_BACKEND_STORE_URI" in text


def test_the_starting_message(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    text = server.log.read_text()
    assert f"on {server.url}\n" in text
    assert f"store      {tmp_path / 'mlruns'}\n" in text
    assert (tmp_path / "mlruns" / "mlflow.db").exists()


def test_the_password_of_a_database_is_not_shown() -> None:
    text = refused(
        "--port", "0", "--backend-store-uri", "postgresql://me:secret@127.0.0.1:1/nothing"
    )
    assert "secret" not in text


def test_port_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        text = refused("--port", port)
    assert f"Port {port} on 127.0.0.1 is taken" in text
    assert not Path("mlruns").exists()


def test_a_second_server_on_the_same_port(start_server: StartServer) -> None:
    assert "is taken" in refused("--port", str(start_server().port))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--backend-store-uri", "oracle://host/db"), "No store is known"),
        (("--backend-store-uri", "sqlite://"), "names no file"),
        (("--static-prefix", "mlflow"), "must start with '/'"),
        (("--static-prefix", "/mlflow/"), "must not end with '/'"),
        (("--static-prefix", "/a b"), "may hold letters"),
        (("--workers", "0"), "allowed are 1 to 256"),
        (("--port", "70000"), "allowed are 0 to 65535"),
        (("--host", "0.0.0.0"), "--allow-remote"),
        (("--host", "::"), "--allow-remote"),
        (("--host", "no.such.host.invalid", "--allow-remote"), "is not known"),
        (("--host", "192.0.2.1", "--allow-remote"), "has no address 192.0.2.1"),
        (("--app-name", "basic-auth"), "'basic-auth'"),
        (("--allowed-hosts", "http://a"), "is no host"),
        (("--cors-allowed-origins", "a"), "is no origin"),
        (("--artifacts-only", "--no-serve-artifacts"), "serve nothing"),
        (("--x-frame-options", "a\r\nb: c"), "X-Frame-Options"),
    ],
)
def test_what_cannot_be_started(arguments: tuple[str, ...], said: str) -> None:
    port = () if "--port" in arguments else ("--port", "0")
    assert said in refused(*port, *arguments)


def test_a_database_of_another_program() -> None:
    with sqlite3.connect("other.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY)")
    database.close()
    refused("--port", "0", "--backend-store-uri", "sqlite:///other.db")


def test_a_file_that_is_no_database() -> None:
    Path("other.db").write_bytes(b"not a database, but long enough to be looked at" * 50)
    refused("--port", "0", "--backend-store-uri", "sqlite:///other.db")


def test_a_folder_that_cannot_be_made() -> None:
    Path("file").write_text("in the way")
    refused("--port", "0", "--backend-store-uri", "file/mlruns")


def test_refusals_hold_for_several_workers() -> None:
    refused("--port", "0", "--workers", "2", "--backend-store-uri", "oracle://host/db")


def test_environment_variables(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(
        environment={
            "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{tmp_path / 'elsewhere.db'}",
            "MLFLOW_STATIC_PREFIX": "/here",
            "MLFLOW_WORKERS": "2",
        }
    )
    assert (tmp_path / "elsewhere.db").exists()
    assert server.request("GET", "/here/version")[0] == 200
    assert "workers    2" in server.log.read_text()


def test_refused_by_environment_and_allowed_by_it(start_server: StartServer) -> None:
    assert "--allow-remote" in refused("--port", "0", MLFLOW_HOST="0.0.0.0")
    server = start_server(
        environment={"MLFLOW_HOST": "0.0.0.0", "MLFLOW_SERVER_ALLOW_REMOTE": "true"}
    )
    assert server.request("GET", "/version")[0] == 200
    assert "Without a login" in server.log.read_text()


def test_options_of_other_servers_are_accepted(start_server: StartServer) -> None:
    server = start_server(None, "--uvicorn-opts", "--log-level debug", "--gunicorn-opts", "-k x")
    text = server.log.read_text()
    assert "--uvicorn-opts has no effect" in text
    assert "--gunicorn-opts has no effect" in text


def test_env_file(start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text("MLFLOW_STATIC_PREFIX=bad\nMLFLOW_PORT=0\n")
    ended = mlflow("--env-file", str(file), "server")
    assert (ended.returncode, "'bad'" in ended.stderr) == (2, True)
    ended = mlflow("--env-file", str(file), "server", MLFLOW_STATIC_PREFIX="worse")
    assert "'worse'" in ended.stderr
    file.write_text("not a variable\n")
    ended = mlflow("--env-file", str(file), "server")
    assert (ended.returncode, "line 1 is not NAME=value" in ended.stderr) == (2, True)
    assert mlflow("--env-file", "nothing", "server").returncode == 2


def test_env_file_syntax() -> None:
    text = r"""
# a comment
A=1
export B = two words  # a comment
C="quoted # no comment"  # a comment
D='single \n'
E="line\nbreak \"x\" \\"
F=
G=a#b
H="unused
"""
    with pytest.raises(ValueError, match="line 10"):
        read_env_file(text.replace("#b\nH", "#b\nH b"))
    assert read_env_file(text.replace('H="unused\n', "")) == {
        "A": "1",
        "B": "two words",
        "C": "quoted # no comment",
        "D": r"single \n",
        "E": 'line\nbreak "x" \\',
        "F": "",
        "G": "a#b",
    }


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "mlflow-artifacts:/ in /srv/kept"),
        ({"default_artifact_root": "/shared"}, "/shared; mlflow-artifacts:/ is /srv/kept"),
        ({"default_artifact_root": "/shared", "serve_artifacts": False}, "/shared"),
    ],
)
def test_the_start_tells_where_artifacts_are(options: dict[str, Any], told: str) -> None:
    assert _artifacts(Settings(artifacts_destination="/srv/kept", **options)) == told
