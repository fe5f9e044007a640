"""Views on the wire: named states of the UI."""

import msgspec

from mlflow.entities.views import View
from mlflow.exceptions import invalid
from mlflow.wire import _fields as rules
from mlflow.wire._endpoint import Empty, Endpoint, Question, may

#: characters of the name of a view
MAX_NAME = 200
#: characters of the state of a view
MAX_STATE = 65_536


class CreateView(Question, kw_only=True, omit_defaults=True):
    """Save a view of an experiment, which may have 500 of them.

    `name` must be new in the experiment. `state` is whatever the page needs to look the same again.
    """

    experiment_id: str
    name: str
    state: str

    def check(self) -> None:
        rules.experiment_number(self.experiment_id)
        check_name(self.name)
        rules.check_text("state", self.state, MAX_STATE)


class ListViews(Question, kw_only=True, omit_defaults=True):
    """List the views of an experiment, sorted by name."""

    experiment_id: str

    def check(self) -> None:
        rules.experiment_number(self.experiment_id)


class GetView(Question, kw_only=True, omit_defaults=True):
    """Get a view by its id."""

    view_id: str

    def check(self) -> None:
        view_number(self.view_id)


class UpdateView(Question, kw_only=True, omit_defaults=True):
    """Rename a view, or save another state of it; what is not given stays as it is."""

    view_id: str
    name: str | None = None
    state: str | None = None

    def check(self) -> None:
        view_number(self.view_id)
        if self.name is None and self.state is None:
            raise invalid("Give at least one of the parameters 'name' and 'state'.")
        if self.name is not None:
            check_name(self.name)
        if self.state is not None:
            rules.check_text("state", self.state, MAX_STATE)


class DeleteView(Question, kw_only=True, omit_defaults=True):
    """Delete a view for good."""

    view_id: str

    def check(self) -> None:
        view_number(self.view_id)


class FoundView(msgspec.Struct):
    """One view."""

    view: View


class ListedViews(msgspec.Struct):
    """All views of an experiment, sorted by name."""

    views: list[View]


def view_number(view_id: str) -> int:
    """The view id as the integer that stores know it by."""
    return rules.experiment_number(view_id, "view_id", "a view id")


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a view."""
    rules.require("name", name)
    rules.check_text("name", name, MAX_NAME)
    if not name.strip():
        raise invalid(f"Invalid value {name!r} for parameter 'name': it is blank.")


_AT = "/mlflow/views"
create = Endpoint("POST", f"{_AT}/create", CreateView, FoundView, needs=may.edit("experiment_id"))
list_views = Endpoint("GET", f"{_AT}/list", ListViews, ListedViews, needs=may.read("experiment_id"))
get = Endpoint("GET", f"{_AT}/get", GetView, FoundView, needs=may.read("view_id"))
update = Endpoint("POST", f"{_AT}/update", UpdateView, FoundView, needs=may.edit("view_id"))
delete = Endpoint("POST", f"{_AT}/delete", DeleteView, Empty, needs=may.edit("view_id"))
