"""What an endpoint is: one definition from which everything about it follows.

Route, decoding, validation, permission, OpenAPI and the Python call are all derived from an
`Endpoint`. It has no default for `needs`: an endpoint without a permission does not import.
"""

from typing import Any, Generic, Literal, TypeVar

import msgspec

Q = TypeVar("Q", bound="Question")
A = TypeVar("A")

Action = Literal["anyone", "create", "read", "edit", "manage"]


#: fields that name other things than experiments and runs. Those for artifacts say where they are:
#: below the server's root, the first name is an experiment's
_NOUNS = {"directory": "artifact", "folder": "artifact", "path": "artifact", "view_id": "view"}


class Permission(msgspec.Struct, frozen=True):
    """What the caller must be allowed to do.

    Args:
        action: `anyone` (no login), `read`, `edit`, `manage` or `create`.
        noun: what it is done to: `artifact` (by its path), `experiment`, `run`, `view` or `server`.
        field: field of the question that names the thing; a list field names several.
    """

    action: Action
    noun: str = "server"
    field: str | None = None


class may:
    """Permissions in the words of the definitions: `needs=may.edit("run_id")`."""

    anyone = Permission("anyone")
    create = Permission("create")

    @staticmethod
    def _on(action: Action, field: str) -> Permission:
        noun = "run" if field.startswith("run") else _NOUNS.get(field, "experiment")
        return Permission(action, noun, field)

    @staticmethod
    def read(field: str) -> Permission:
        """To see the thing that `field` names."""
        return may._on("read", field)

    @staticmethod
    def edit(field: str) -> Permission:
        """To change the thing that `field` names."""
        return may._on("edit", field)

    @staticmethod
    def manage(field: str) -> Permission:
        """To delete or restore the thing that `field` names."""
        return may._on("manage", field)


class Question(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an endpoint is asked."""

    def check(self) -> None:
        """Raise MlflowException for what can be seen to be wrong without a store."""


class Empty(msgspec.Struct):
    """The answer that says no more than that it was done."""


class Endpoint(Generic[Q, A]):
    """One endpoint of the REST API.

    Args:
        method: HTTP method.
        path: path behind `/api/<version>`.
        question, answer: types of what goes in and comes out.
        needs: the permission; there is no default.
        also: further methods with the same meaning.
        version: version part of the route.
        ajax_only: there is no `/api` twin, only `/ajax-api`.
        queued: the service hands the work to the store's writer and returns a Future.
        brief: the work is so small that, on an embedded database, it is best done where it is
            asked for, without a change of threads.
        rest: field of the question that the rest of the path goes into.
        storeless: it needs no database, so a server that keeps artifacts only has it too.
        streamed: the question is in the address; bodies are bytes, which the server itself moves.
        events: it answers with a stream of events, each of which has an answer as its data.
    """

    def __init__(
        self,
        method: str,
        path: str,
        question: type[Q],
        answer: type[A],
        *,
        needs: Permission,
        also: tuple[str, ...] = (),
        version: str = "2.0",
        ajax_only: bool = False,
        queued: bool = False,
        brief: bool = False,
        rest: str | None = None,
        storeless: bool = False,
        streamed: bool = False,
        events: bool = False,
    ) -> None:
        self.method = method
        self.path = path
        self.question = question
        self.answer = answer
        self.needs = needs
        self.methods = (method, *also)
        self.version = version
        self.ajax_only = ajax_only
        self.queued = queued
        self.brief = brief
        self.rest = rest
        self.storeless = storeless
        self.streamed = streamed
        self.events = events

    @property
    def routes(self) -> tuple[str, ...]:
        """The paths under which the endpoint is found."""
        ajax = f"/ajax-api/{self.version}{self.path}"
        return (ajax,) if self.ajax_only else (f"/api/{self.version}{self.path}", ajax)

    @property
    def route(self) -> str:
        """The path that clients use."""
        return self.routes[0]

    @property
    def template(self) -> str:
        """The path that clients use, with the name of what follows it."""
        return self.route if self.rest is None else f"{self.route}/{{{self.rest}}}"

    def __repr__(self) -> str:
        return f"Endpoint({self.method} {self.route})"


AnyEndpoint = Endpoint[Any, Any]
