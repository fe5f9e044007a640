"""Puts the web UI into what is built: the pages that are there, or else new ones by npm."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebPages(BuildHookInterface[Any]):
    """A wheel or source distribution without its pages is not built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages, unless they are there or nobody will look for them here."""
        root = Path(self.root)
        static = root / "src" / "mlflow" / "server" / "static"
        web = root / "web"
        if version == "editable" or is_finished(static):
            return
        npm = shutil.which("npm") or ""
        if not npm or not web.is_dir():
            needed = "install Node 20.19 or newer with npm and run scripts/build."
            self.app.abort(f"The web UI is not built: {needed}")
        installing = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        for arguments in (installing, ["run", "build"]):
            done = subprocess.run(
                [npm, *arguments],
                cwd=web,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if done.returncode:
                self.app.display_error(done.stdout)
                self.app.abort(f"The web UI cannot be built: 'npm {arguments[0]}' failed in {web}.")


def is_finished(static: Path) -> bool:
    """Whether the pages are there, with the licenses of what is in them."""
    names = ("index.html", "licenses.txt")
    return all((static / name).is_file() for name in names) and any(static.glob("assets/*.js"))
