"""What changes: the runs that were changed since a cursor."""

from mlflow import wire
from mlflow.service._engine import Engine, serves
from mlflow.store.changes import Place
from mlflow.wire._fields import experiment_number
from mlflow.wire.changes import MOST_RUNS, ChangedRuns, GetChanged


@serves(wire.changes.get_changed)
def get_changed(engine: Engine, ask: GetChanged) -> ChangedRuns:
    """Name runs that were changed since a cursor."""
    since = ask.place()
    if since is None:
        return ChangedRuns([], False, cursor(engine.store.changes.now()))
    experiments = [experiment_number(text, "experiment_ids") for text in ask.experiment_ids]
    page = engine.store.changes.since(experiments, Place(*since), MOST_RUNS)
    return ChangedRuns([change.run_id for change in page.changes], page.more, cursor(page.next))


def cursor(place: Place) -> str:
    """A place as clients are given it; see `GetChanged.place`."""
    if place.then is None:
        return str(place.second)
    return f"{place.then}-{place.second}-{place.run}"
