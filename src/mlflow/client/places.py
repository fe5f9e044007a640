"""Where the artifacts of runs are, and single files there."""

import re
from urllib.parse import unquote

from mlflow import wire
from mlflow._http import Session
from mlflow.blobs import BrokenOff, Place, open_place
from mlflow.blobs.digests import Digesting
from mlflow.blobs.place import Damaged
from mlflow.blobs.served.place import Served
from mlflow.blobs.uri import safe_path
from mlflow.client import transfer
from mlflow.client._calls import Calls
from mlflow.client.transport import Transport, session_of
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES
from mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
from mlflow.wire.runs import GetRun

#: (tracking URI, run) → its experiment and where its artifacts are, which never change
_known: dict[tuple[str, str], tuple[str, str]] = {}
_MOST_KNOWN = 1000
#: the long form of `mlflow-artifacts:/PATH`
_LONG_FORM = re.compile(
    r"(https?://[^?#]+?)/(?:ajax-)?api/2\.0/mlflow-artifacts/artifacts(?:/([^?#]*))?", re.IGNORECASE
)


class Places(Calls):
    """The places of the artifacts of runs."""

    def _artifacts(self, run_id: str) -> Place:
        """The place of a run's artifacts; the server is asked once for each run."""
        return place_at(self._whereabouts(run_id)[1], session_of(self._transport))

    def _whereabouts(self, run_id: str) -> tuple[str, str]:
        """The experiment of a run, and the URI of its artifacts."""
        key = (self._transport.uri, run_id)
        if key not in _known:
            found = self._read(wire.runs.get, GetRun(run_id=run_id), run_id).run.info
            if not found.artifact_uri:
                raise MlflowException(f"The server does not say where run {run_id} has artifacts.")
            remember(self._transport, run_id, found.experiment_id, found.artifact_uri)
            return found.experiment_id, found.artifact_uri
        return _known[key]

    def _put(self, run_id: str, path: str, content: bytes) -> None:
        """Keep a file of a run; the path is checked."""
        transfer.put_bytes(self._artifacts(run_id), path, content)


def place_at(uri: str, session: Session | None) -> Place:
    """The place at an artifact URI, also at the address that a server serves artifacts under.

    Args:
        session: the tracking server; only this one is told our login.
    """
    if (found := _LONG_FORM.fullmatch(uri)) is None:
        return open_place(uri, session)
    if session is None or session.base.casefold() != found[1].casefold():
        session = Session(found[1], login=False)
    return Served(session, unquote(found[2] or "").strip("/"))


def remember(transport: Transport, run_id: str, experiment_id: str, uri: str | None) -> None:
    """Note where the artifacts of a run are."""
    if uri and experiment_id:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[transport.uri, run_id] = experiment_id, uri


def content(place: Place, path: str) -> bytes | None:
    """All of a file that is small enough for memory, None when there is none.

    Raises:
        Damaged: it is not what was once kept, as its digest says.
    """
    most = MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()
    for attempt in range(most + 1):
        try:
            with place.get(path) as reading:
                whole = b"".join(reading.pieces())
                known = reading.found and reading.found.digest
            if known:
                digesting = Digesting(known.part_size or max(len(whole), 1), known.algorithm)
                digesting.update(whole)
                if digesting.digest() != known:
                    raise Damaged(f"The artifact {path!r} is damaged: it gives another digest.")
            return whole
        except (BrokenOff, Damaged):
            if attempt == most:
                raise
        except MlflowException as error:
            if error.error_code == RESOURCE_DOES_NOT_EXIST:
                return None
            raise
    raise AssertionError


def checked_folder(path: str | None) -> str:
    """The path of a folder, the root when empty or None."""
    return safe_path(str(path or "").rstrip("/"), root=True)


def checked_file(path: str) -> str:
    """The path of a file; several slashes in a row count as one."""
    text = str(path)
    return safe_path(text if text.startswith("/") else re.sub("//+", "/", text))
