"""The shape of the package: imports go down only, nothing is hidden, nothing goes round.

DESIGN.md says why. Each rule is a function from a package to sentences; an empty list is a
package in shape. The rules themselves are tested on small packages with a planted fault.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "mlflow"

#: Lowest first. A module may import what stands below it; what stands on one line is
#: independent of its neighbours. The first word only names the floor.
FLOORS = (
    ("words", "_addresses", "_clock", "_ids", "exceptions", "version"),
    ("words", "environment_variables", "scalars"),
    ("words", "_http", "_logging", "entities", "search"),
    ("words", "wire"),
    ("keeping", "blobs", "store"),
    ("engine", "service"),
    ("doors", "auth", "client", "system_metrics"),
    ("doors", "fluent"),
    ("ml", "types"),
    ("ml", "data"),
    ("ml", "artifacts", "models"),
    ("ml", "pyfunc"),
    ("ml", "autolog", "tracing"),
    ("programs", "evaluate", "projects", "server", "serving"),
    ("face", "config", "protos", "store.artifact", "store.entities", "tracking", "utils"),
    ("face", "cli"),
    ("face", "__main__", "__init__"),
)
#: Old import paths that others rely on; nothing of ours stands on them.
FACADES = ("config", "protos", "store.artifact", "store.entities", "tracking", "utils")
#: Where an import of ours may stand in a function: tables that import by name, the transport
#: that opens a store in its own process, programs that load a command's code when it is asked
#: for, and the face, which loads on first touch.
MAY_IMPORT_LATE = ("__init__", "blobs.schemes", "cli", "client.transport", "models.catalog")
VAGUE_NAMES = {"common", "helpers", "manager", "misc", "utils"}


@dataclass(frozen=True)
class Import:
    """Module `source` imports module `target` on `line`; `late` in a function's body."""

    source: str
    target: str
    line: int
    late: bool

    def __str__(self) -> str:
        return f"mlflow/{self.source.replace('.', '/')} line {self.line}"


class Package:
    """The modules under a folder, by dotted name without `mlflow.`, and what they import."""

    def __init__(self, folder: Path) -> None:
        self.modules: dict[str, Path] = {}
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if parts[-1] == "__init__" and len(parts) > 1:
                parts = parts[:-1]
            self.modules[".".join(parts)] = path

    @cached_property
    def imports(self) -> list[Import]:
        return [found for name in self.modules for found in self._imports_of(name)]

    def _imports_of(self, source: str) -> Iterator[Import]:
        path = self.modules[source]
        tree = ast.parse(path.read_text(), str(path))
        for node, late in _import_statements(tree, late=False):
            if isinstance(node, ast.Import):
                names = [(alias.name, alias.name) for alias in node.names]
            else:
                base = node.module or ""
                if node.level:
                    here = ["mlflow", *([] if source == "__init__" else source.split("."))]
                    drop = node.level - (path.name == "__init__.py")
                    base = ".".join(here[: len(here) - drop] + ([base] if base else []))
                names = [(base, f"{base}.{alias.name}") for alias in node.names]
            targets = {
                self._resolve(base, name) for base, name in names if base.split(".")[0] == "mlflow"
            }
            for target in sorted(targets):
                yield Import(source, target, node.lineno, late)

    def _resolve(self, base: str, name: str) -> str:
        """The module `name`, else the module `base` that has something of that name."""
        module = name.partition(".")[2]
        return module if module in self.modules else base.partition(".")[2] or "__init__"


def _import_statements(
    node: ast.AST, late: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Import statements under `node`, except what only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, late
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield from _import_statements(other, late)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _import_statements(child, late or inside)


def under(module: str, names: tuple[str, ...]) -> str | None:
    """The longest of `names` that is `module` or one of the packages it stands in."""
    found = [name for name in names if f"{module}.".startswith(f"{name}.")]
    return max(found, key=len, default=None)


PLACES = {name: step for step, (_, *names) in enumerate(FLOORS) for name in names}


def place(module: str) -> tuple[str, int] | None:
    """The name in FLOORS that `module` belongs to, and its height."""
    name = under(module, tuple(PLACES))
    return None if name is None else (name, PLACES[name])


def homeless(package: Package) -> list[str]:
    return [
        f"mlflow/{module.replace('.', '/')} stands on no floor: give it a place in FLOORS."
        for module in package.modules
        if place(module) is None
    ]


def missing(package: Package) -> list[str]:
    return [
        f"{each} imports mlflow.{each.target}, which is not there."
        for each in package.imports
        if each.target not in package.modules
    ]


def upward(package: Package) -> list[str]:
    found = []
    for each in package.imports:
        here, there = place(each.source), place(each.target)
        if here is None or there is None or here[0] == there[0]:
            continue
        if each.late and under(each.source, MAY_IMPORT_LATE):
            continue
        if there[1] > here[1]:
            found.append(f"{each} imports mlflow.{each.target}, which stands above it.")
        elif there[1] == here[1]:
            found.append(f"{each} imports its neighbour mlflow.{each.target}.")
    return found


def hidden(package: Package) -> list[str]:
    return [
        f"{each} imports mlflow.{each.target} inside a function: do it at the top."
        for each in package.imports
        if each.late and not under(each.source, MAY_IMPORT_LATE)
    ]


def circles(package: Package) -> list[str]:
    below: dict[str, set[str]] = {module: set() for module in package.modules}
    for each in package.imports:
        if not each.late and each.source != each.target:
            below[each.source].add(each.target)
    found: list[str] = []
    finished: set[str] = set()

    def visit(module: str, path: list[str]) -> None:
        if module in path:
            found.append("These import each other: " + " → ".join([*path, module]))
        elif module not in finished:
            for target in sorted(below.get(module, ())):
                visit(target, [*path, module])
            finished.add(module)

    for module in below:
        visit(module, [])
    return found


def leaning_on_facades(package: Package) -> list[str]:
    return [
        f"{each} imports mlflow.{each.target}, a façade for others: import what is behind it."
        for each in package.imports
        if under(each.target, FACADES) and not under(each.source, (*FACADES, "__init__"))
    ]


def vague(package: Package) -> list[str]:
    return [
        f"mlflow/{module.replace('.', '/')} has a vague name: say what is in it."
        for module in package.modules
        if VAGUE_NAMES & set(module.split(".")) and not under(module, FACADES)
    ]


RULES = (circles, hidden, homeless, leaning_on_facades, missing, upward, vague)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_is_in_shape(rule: object) -> None:
    assert callable(rule)
    sentences = rule(Package(SOURCE))
    assert not sentences, "\n".join(sentences)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("store/runs", "from mlflow.service import x", "which stands above it"),
        ("store/runs", "import mlflow", "which stands above it"),
        ("store/runs", "from .. import service", "which stands above it"),
        ("client/runs", "try:\n  import mlflow.auth\nexcept E: pass", "its neighbour mlflow.auth"),
        ("client/runs", "def f():\n  from mlflow import wire", "inside a function"),
        ("wire/runs", "from mlflow.wire.metrics import x", "import each other"),
        ("client/runs", "from mlflow.tracking import fluent", "a façade for others"),
        ("client/runs", "from mlflow.wire.nothing import x", "which is not there"),
        ("client/helpers", "", "has a vague name"),
        ("surprise", "", "stands on no floor"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    files = {
        "__init__": "",
        "auth/__init__": "",
        "client/__init__": "",
        "service/__init__": "",
        "tracking/__init__": "",
        "wire/__init__": "",
        "wire/metrics": "import mlflow.wire.runs",
        "wire/runs": "",
        name: text,
    }
    for file, content in files.items():
        path = tmp_path / f"{file}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    package = Package(tmp_path)
    assert any(sentence in found for rule in RULES for found in rule(package))


@pytest.mark.parametrize(
    "text",
    [
        "from mlflow.wire import runs",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import mlflow.cli",
        "def f():\n  import pandas",
    ],
)
def test_what_is_allowed_is_let_through(tmp_path: Path, text: str) -> None:
    for file in ("wire/__init__", "wire/runs", "cli", "store"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / f"{file}.py").write_text(text if file == "store" else "")
    package = Package(tmp_path)
    assert [found for rule in RULES for found in rule(package)] == []
