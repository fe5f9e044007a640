"""The folders of this machine that a server may serve from, and nothing beside them.

Whoever may create an experiment may name any location for its artifacts. A location decides only
what a client does on its own machine; a server looks nowhere but below its own roots.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlflow.blobs.folder import Folder
from mlflow.blobs.schemes import local_folder, scheme_of, to_come
from mlflow.blobs.uri import safe_path
from mlflow.exceptions import PERMISSION_DENIED, MlflowException, invalid

#: where artifacts are kept beside an embedded database, in its folder
BESIDE_DATABASE = "artifacts"
#: where they are kept when runs are in another database, in the working directory
WITHOUT_FOLDER = "mlartifacts"


def default_folder(store: Path | None) -> Path:
    """Where artifacts are kept when nobody says where.

    Args:
        store: the folder of an embedded store, None for any other database.
    """
    return store / BESIDE_DATABASE if store is not None else Path.cwd() / WITHOUT_FOLDER


class Roots:
    """Where a server keeps artifacts.

    Args:
        served: the folder that `mlflow-artifacts:/` names, None when nothing is served.
        artifact_root: URI of where runs keep artifacts by default; counts when it is a folder.
    """

    def __init__(self, served: Path | None, artifact_root: str = "") -> None:
        self._served = Folder(served) if served is not None else None
        local = artifact_root and scheme_of(artifact_root) == "file"
        self._local = Folder(local_folder(artifact_root)) if local else None

    def find(self, uri: str) -> tuple[Folder, str]:
        """The root that an artifact URI lies below, and its path from there.

        Raises:
            MlflowException: PERMISSION_DENIED below none, NOT_IMPLEMENTED for object stores.
        """
        scheme = scheme_of(uri)
        if scheme == "mlflow-artifacts":
            if self._served is None:
                raise MlflowException("This server serves no artifacts.", PERMISSION_DENIED)
            parts = urlsplit(uri)
            if parts.netloc:
                raise invalid(f"The artifacts are on another server: {parts.netloc}.")
            return self._served, safe_path(parts.path.strip("/"), root=True)
        if scheme != "file":
            raise to_come(uri)
        place = local_folder(uri)
        for root in (self._local, self._served):
            if root is not None and place.is_relative_to(root.root):
                path = place.relative_to(root.root).as_posix()
                return root, safe_path("" if path == "." else path, root=True)
        raise MlflowException(
            "These artifacts are in a folder that this server does not serve. Start it with "
            "--default-artifact-root or --artifacts-destination to name the folder, or read them "
            f"on the machine that has it: {unquote(uri)}",
            PERMISSION_DENIED,
        )
