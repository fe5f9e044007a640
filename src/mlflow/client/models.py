"""Where the artifacts of a model are: `models:/` URIs, and models that a run logged.

Servers of Millstream have no models yet; those of MLflow are asked by the questions below.
"""

import re
from typing import Any, NamedTuple, TypeVar

import msgspec

from mlflow.client.transport import Http, Transport
from mlflow.exceptions import (
    ENDPOINT_NOT_FOUND,
    NOT_IMPLEMENTED,
    MlflowException,
    MlflowNotImplementedException,
    invalid,
    missing,
)
from mlflow.wire import Endpoint, Question
from mlflow.wire._endpoint import may

Q = TypeVar("Q", bound=Question)
A = TypeVar("A")

_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
#: what the name of a logged model never has
_NOT_IN_NAMES = re.compile(r"[/:.%\"'`\\]")
_UNKNOWN = (ENDPOINT_NOT_FOUND, NOT_IMPLEMENTED)
_FORM = "write models:/NAME/VERSION, models:/NAME/STAGE, models:/NAME@ALIAS or models:/m-ID"


class _Search(Question):
    experiment_ids: list[str]
    filter: str
    max_results: int = 50
    page_token: str | None = None


class _Info(msgspec.Struct):
    model_id: str
    artifact_uri: str = ""
    source_run_id: str = ""


class _Model(msgspec.Struct):
    info: _Info


class _Found(msgspec.Struct):
    models: list[_Model] = []
    next_page_token: str | None = None


class _ById(Question):
    pass


class _ModelAnswer(msgspec.Struct):
    model: _Model


class _Latest(Question):
    name: str
    stages: list[str] | None = None


class _Version(msgspec.Struct):
    version: str | int


class _Versions(msgspec.Struct):
    model_versions: list[_Version] = []


class _Alias(Question):
    name: str
    alias: str


class _VersionAnswer(msgspec.Struct):
    model_version: _Version


class _NamedVersion(Question):
    name: str
    version: str


class _Address(msgspec.Struct):
    artifact_uri: str = ""


def _endpoint(method: str, path: str, question: type[Q], answer: type[A]) -> Endpoint[Q, A]:
    return Endpoint(method, f"/mlflow/{path}", question, answer, needs=may.anyone)


_search = _endpoint("POST", "logged-models/search", _Search, _Found)
_latest = _endpoint("POST", "registered-models/get-latest-versions", _Latest, _Versions)
_alias = _endpoint("GET", "registered-models/alias", _Alias, _VersionAnswer)
_address = _endpoint("GET", "model-versions/get-download-uri", _NamedVersion, _Address)


class ModelUri(NamedTuple):
    """What a `models:/` URI names.

    Args:
        name: a registered model, or the id of a logged one.
        version: its version or stage or `latest`; empty with an alias, and for a logged model.
        alias: its alias, or empty.
        path: below the artifacts of the model; everything when empty.
    """

    name: str
    version: str = ""
    alias: str = ""
    path: str = ""


def parse(uri: str) -> ModelUri:
    """What a `models:/` URI names.

    Raises:
        MlflowException: it names nothing.
    """
    rest = uri.partition(":")[2]
    if rest.startswith("//"):
        raise invalid(f"{uri!r} names no model: {_FORM}.")
    first, _, more = rest.strip("/").partition("/")
    if _MODEL_ID.fullmatch(first):
        return ModelUri(first, path=more)
    name, at, alias = first.rpartition("@")
    if at:
        found = ModelUri(name, alias=alias, path=more)
    else:
        version, _, path = more.partition("/")
        found = ModelUri(first, version, path=path)
    if not found.name or not (found.version or found.alias):
        raise invalid(f"{uri!r} names no model: {_FORM}.")
    return found


def location(transport: Transport, uri: str) -> tuple[str, str]:
    """Where the model of a `models:/` URI keeps its artifacts, and the path below it.

    Args:
        transport: the registry.

    Raises:
        MlflowException: RESOURCE_DOES_NOT_EXIST when there is no such model, NOT_IMPLEMENTED when
            there are no models at all.
    """
    named = parse(uri)
    if not named.version and not named.alias:
        one = _endpoint("GET", f"logged-models/{named.name}", _ById, _ModelAnswer)
        return _ask(transport, uri, one, _ById()).model.info.artifact_uri, named.path
    version = named.version
    if named.alias:
        question = _Alias(name=named.name, alias=named.alias)
        version = str(_ask(transport, uri, _alias, question).model_version.version)
    elif not version.isdecimal():
        latest = version.casefold() == "latest"
        ask = _Latest(name=named.name, stages=None if latest else [version])
        versions = _ask(transport, uri, _latest, ask).model_versions
        if not versions:
            raise missing(f"No version of the model {named.name!r} has the stage {version!r}.")
        version = str(max(int(found.version) for found in versions))
    told = _ask(transport, uri, _address, _NamedVersion(name=named.name, version=version))
    if not told.artifact_uri:
        raise missing(f"Version {version} of the model {named.name!r} has no artifacts.")
    return told.artifact_uri, named.path


def logged_by(transport: Transport, run_id: str, experiment_id: str, name: str) -> list[str]:
    """Where the models of a name that a run logged keep their artifacts, the newest last.

    Args:
        experiment_id: of the run.
    """
    if not isinstance(transport, Http) or not name or _NOT_IN_NAMES.search(name):
        return []
    ask = _Search(experiment_ids=[experiment_id], filter=f"name = '{name}'")
    found: list[str] = []
    while True:
        try:
            page = transport.send(_search, ask)
        except MlflowException as error:
            if error.error_code in _UNKNOWN:  # a server from before there were logged models
                return []
            raise
        infos = [model.info for model in page.models]
        found += [each.artifact_uri for each in infos if each.source_run_id == run_id]
        if not page.next_page_token:
            return found[::-1]  # the server has the newest first
        ask.page_token = page.next_page_token


def _ask(transport: Transport, uri: str, endpoint: Endpoint[Q, A], question: Q) -> Any:
    try:
        return transport.send(endpoint, question)
    except MlflowException as error:
        if error.error_code in _UNKNOWN:
            raise MlflowNotImplementedException(
                f"{uri!r} cannot be looked up: {transport.uri} has no models; name the run that "
                "has the files, as runs:/RUN/PATH."
            ) from None
        raise
