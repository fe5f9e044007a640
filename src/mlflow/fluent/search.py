"""`mlflow.search_runs`: runs as a table of pandas, or as a list."""

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from mlflow.client import MlflowClient
from mlflow.entities import Run, ViewType
from mlflow.exceptions import invalid
from mlflow.fluent.experiments import chosen_experiment, search_experiments

if TYPE_CHECKING:
    from pandas import DataFrame

_PAGE = 10_000

_logger = logging.getLogger(__name__)


@overload
def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    output_format: Literal["pandas"] = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> "DataFrame": ...


@overload
def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    *,
    output_format: Literal["list"],
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> list[Run]: ...


def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> "DataFrame | list[Run]":
    """Runs that match, of the active experiment unless others are named.

    Args:
        experiment_ids: experiments by id.
        filter_string: such as `metrics.loss < 0.3 AND params.model = 'tree'`.
        run_view_type: `ViewType.ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`.
        max_results: at most so many.
        order_by: such as `["metrics.loss ASC"]`; newest first by default.
        output_format: `pandas` gives a table with the columns run_id, experiment_id, status,
            artifact_uri, start_time, end_time, metrics.*, params.* and tags.*; `list` gives Runs.
        search_all_experiments: search all active experiments when none is named.
        experiment_names: experiments by name; ids and names exclude each other.
        columns: what is wanted of each run, such as `["metrics.loss", "params.lr"]`.

    Raises:
        ModuleNotFoundError: pandas is not installed.
        MlflowException: the filter or an order key cannot be read.
    """
    if output_format not in ("pandas", "list"):
        raise invalid(f"Unsupported output format: {output_format!r}; allowed are pandas and list.")
    if output_format == "pandas":
        _need_pandas()
    client = MlflowClient()
    ids = _experiments(client, experiment_ids, experiment_names, search_all_experiments)
    found: list[Run] = []
    token: str | None = None
    while ids and len(found) < max_results:
        wanted = min(_PAGE, max_results - len(found))
        page = client.search_runs(
            ids, filter_string, run_view_type, wanted, order_by, token, columns
        )
        found += page
        token = page.token
        if not token:
            break
    return found if output_format == "list" else _table(found)


def _experiments(
    client: MlflowClient,
    ids: Sequence[str] | None,
    names: Sequence[str] | None,
    everywhere: bool,
) -> list[str]:
    if ids and names:
        raise invalid("Give only one of experiment_ids and experiment_names.")
    if ids:
        return [str(ids)] if isinstance(ids, (str, int)) else [str(given) for given in ids]
    if names:
        found = []
        for name in [names] if isinstance(names, str) else names:
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                _logger.warning("There is no experiment %r; it is left out.", name)
            else:
                found.append(experiment.experiment_id)
        return found
    if everywhere:
        return [experiment.experiment_id for experiment in search_experiments()]
    if ids is not None or names is not None:
        return []
    chosen = chosen_experiment().experiment_id
    return [] if chosen is None else [chosen]


def _need_pandas() -> None:
    """Say how to do without pandas before anything is asked for."""
    try:
        import pandas  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "search_runs gives a table of pandas, which is not installed: install pandas, or ask "
            'for a list of runs with output_format="list".',
            name=error.name,
        ) from None


def _table(runs: list[Run]) -> "DataFrame":
    import pandas as pd

    infos = [run.info for run in runs]
    columns: dict[str, Any] = {
        "run_id": [info.run_id for info in infos],
        "experiment_id": [info.experiment_id for info in infos],
        "status": [info.status for info in infos],
        "artifact_uri": [info.artifact_uri for info in infos],
        "start_time": _moments([info.start_time for info in infos]),
        "end_time": _moments([info.end_time for info in infos]),
    }
    for name, default in (("metrics", float("nan")), ("params", None), ("tags", None)):
        maps = [getattr(run.data, name) for run in runs]
        for key in _keys(maps):
            values = [found.get(key, default) for found in maps]
            # The type of text is left to pandas, as MLflow does: `str` from pandas 3 on.
            columns[f"{name}.{key}"] = pd.Series(values, dtype=float if name == "metrics" else None)
    return pd.DataFrame(columns)


def _moments(times: list[Any]) -> Any:
    import pandas as pd

    return pd.to_datetime(times, unit="ms", utc=True)


def _keys(maps: Iterable[dict[str, Any]]) -> list[str]:
    """The keys of all maps, in the order of their first occurrence."""
    return list({key: None for found in maps for key in found})
