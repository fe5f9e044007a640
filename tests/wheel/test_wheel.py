"""The wheel as a user gets it: what is in it, how much it installs, and that it runs alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from mlflow.version import MILLSTREAM_VERSION, VERSION
from tests.servers.millstream import RunningServer

ROOT = Path(__file__).parents[2]
LARGEST_MEGABYTES = 100
MOST_PACKAGES = 25
STATIC = "mlflow/server/static"


def run(*command: str | Path, folder: Path = ROOT) -> str:
    """What `command` prints; its complaints are shown when it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(sources: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Try to build a wheel of unpacked sources into a folder, where no Node is in the path."""
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=sources,
        env={"PATH": "/nowhere", "HOME": str(folder)},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("sources")
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", folder)
    (packed,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(packed, folder, filter="data")
    return folder / packed.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel and what it needs, nothing else."""
    folder = tmp_path_factory.mktemp("installed") / "environment"
    python = folder / "bin" / "python"
    locked = ROOT / "requirements" / "serve.txt"
    run(sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, folder)
    run(
        *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode"),
        *("--python", python, "--constraints", locked, wheel),
    )
    return python


def test_it_holds_the_package_and_nothing_else(wheel: Path) -> None:
    assert wheel.name == f"millstream-{MILLSTREAM_VERSION}-py3-none-any.whl"
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    about = f"millstream-{MILLSTREAM_VERSION}.dist-info"
    assert {name.split("/")[0] for name in names} == {"mlflow", about}
    assert f"{about}/licenses/LICENSE" in names
    sources = (ROOT / "src" / "mlflow").rglob("*")
    wanted = {
        str(path.relative_to(ROOT / "src"))
        for path in sources
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted == {name for name in names if name.startswith("mlflow/")}
    assert {f"{STATIC}/index.html", f"{STATIC}/licenses.txt"} <= wanted
    scripts = {name for name in wanted if name.startswith(f"{STATIC}/assets/")}
    assert {Path(name).suffix for name in scripts} >= {".js", ".css", ".gz", ".br"}
    assert not [name for name in names if name.endswith((".ts", ".tsx", ".map", ".part"))]


def test_the_sources_make_the_same_wheel_without_node(
    wheel: Path, sources: Path, tmp_path: Path
) -> None:
    known = {name for name in run("git", "ls-files", "web").split() if "/." not in name}
    files = [path for path in (sources / "web").rglob("*") if path.is_file()]
    assert known <= {str(path.relative_to(sources)) for path in files}
    assert not (sources / "web" / "node_modules").exists()
    built = build(sources, tmp_path)
    assert built.returncode == 0, built.stderr
    (again,) = tmp_path.glob("*.whl")
    assert ZipFile(again).namelist() == ZipFile(wheel).namelist()


def test_a_wheel_without_its_pages_cannot_be_built(sources: Path, tmp_path: Path) -> None:
    for name in ("index.html", "licenses.txt", "assets"):
        folder = shutil.copytree(sources, tmp_path / name)
        gone = folder / "src" / STATIC / name
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        built = build(folder, tmp_path)
        assert built.returncode != 0
        said = (built.stdout + built.stderr).splitlines()
        assert said[-1] == (
            "The web UI is not built: install Node 20.19 or newer with npm and run scripts/build."
        )
    assert not [*tmp_path.glob("*.whl")]


@pytest.mark.slow
def test_what_it_installs_is_small(installed: Path) -> None:
    packages = installed.parents[1] / "lib"
    count = len(list(packages.rglob("*.dist-info")))
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())
    assert count <= MOST_PACKAGES
    assert size <= LARGEST_MEGABYTES * 1_000_000, f"{size / 1e6:.0f} MB"


@pytest.mark.slow
def test_it_serves_its_page_and_its_api_from_an_empty_environment(
    installed: Path, tmp_path: Path
) -> None:
    options = ("--static-prefix", "/tracking")
    server = RunningServer(tmp_path, None, options, python=installed, prefix="/tracking")
    try:
        status, page = server.request("GET", "/")
        assert status == 200
        assets = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page.decode())
        assert len(assets) >= 2
        for path in (*assets, "licenses.txt"):
            assert server.request("GET", f"/{path}")[0] == 200, path
        assert server.request("GET", "/version") == (200, VERSION.encode())
        found = server.call("POST", "experiments/search", {"max_results": 5})
        assert [each["name"] for each in found["experiments"]] == ["Default"]
    finally:
        assert server.stop() == 0


@pytest.mark.slow
def test_the_command_tells_both_versions(installed: Path) -> None:
    told = run(installed.with_name("mlflow"), "--version")
    assert VERSION in told
    assert MILLSTREAM_VERSION in told
