"""What is written for people, and the files beside it, hold true on every machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
#: Folders of somebody's machine. What every Debian has (/usr, /tmp, /etc) may be named.
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|Users|root|work|opt|mnt)/[\w.-]+")
REGISTRY = re.compile(
    r"--(?:extra-)?index-url|--find-links[= ](?!\$)|https?://[^\s/]*(?:pypi\.org|pythonhosted|npmjs)"
)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def tracked_texts() -> list[Path]:
    """The text files that git knows or would take in."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    names = {".cfg", ".in", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yml", ""}
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.suffix in names and path.is_file()]


def test_no_machine_and_no_registry_is_named() -> None:
    found = []
    for path in tracked_texts():
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            for what, pattern in (("folder of a machine", MACHINE_PATH), ("registry", REGISTRY)):
                if match := pattern.search(line):
                    where = f"{path.relative_to(ROOT)} line {number}"
                    found.append(f"{where} names a {what}: {match.group()}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    targets = [unquote(link) for link in LINK.findall(path.read_text())]
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    missing = [target for target in local if not (path.parent / target).exists()]
    assert not missing, f"{path.name} links to what is not there: {missing}"


def test_the_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    commands = re.findall(r"^scripts/\w+$", text, re.MULTILINE)
    assert commands == ["scripts/serve", "scripts/test"]


def test_continuous_integration_runs_the_test_command() -> None:
    assert "exec scripts/test\n" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("name", ["dev.txt", "serve.txt"])
def test_every_locked_package_has_hashes(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text().replace("\\\n", "")
    packages = [line for line in text.splitlines() if re.match(r"[a-z]", line)]
    assert packages
    assert [line.split()[0] for line in packages if "--hash=sha256:" not in line] == []
