"""Millstream: tracking of machine-learning experiments, compatible with MLflow.

    import mlflow

    mlflow.set_experiment("flowers")
    with mlflow.start_run():
        mlflow.log_param("depth", 3)
        mlflow.log_metric("loss", 0.25, step=1)

Nothing heavy is loaded here: a name of `__all__` loads what it needs at its first use.
"""

import os as _os
import sys as _sys
from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from mlflow.version import MILLSTREAM_VERSION as millstream_version, VERSION as __version__

if TYPE_CHECKING:
    from mlflow import (
        artifacts as artifacts,
        client as client,
        config as config,
        data as data,
        entities as entities,
        environment_variables as environment_variables,
        exceptions as exceptions,
        system_metrics as system_metrics,
        tracking as tracking,
        types as types,
        utils as utils,
        version as version,
    )
    from mlflow.client import MlflowClient as MlflowClient
    from mlflow.client.images import Image as Image
    from mlflow.client.uri import (
        get_registry_uri as get_registry_uri,
        get_tracking_uri as get_tracking_uri,
        is_tracking_uri_set as is_tracking_uri_set,
        set_registry_uri as set_registry_uri,
        set_tracking_uri as set_tracking_uri,
    )
    from mlflow.exceptions import MlflowException as MlflowException
    from mlflow.fluent.artifacts import (
        flush_artifact_async_logging as flush_artifact_async_logging,
        get_artifact_uri as get_artifact_uri,
        load_table as load_table,
        log_artifact as log_artifact,
        log_artifacts as log_artifacts,
        log_dict as log_dict,
        log_figure as log_figure,
        log_image as log_image,
        log_stream as log_stream,
        log_table as log_table,
        log_text as log_text,
    )
    from mlflow.fluent.doctor import doctor as doctor
    from mlflow.fluent.experiments import (
        create_experiment as create_experiment,
        delete_experiment as delete_experiment,
        delete_experiment_tag as delete_experiment_tag,
        get_experiment as get_experiment,
        get_experiment_by_name as get_experiment_by_name,
        restore_experiment as restore_experiment,
        search_experiments as search_experiments,
        set_experiment as set_experiment,
        set_experiment_tag as set_experiment_tag,
        set_experiment_tags as set_experiment_tags,
    )
    from mlflow.fluent.log import (
        delete_tag as delete_tag,
        flush_async_logging as flush_async_logging,
        log_input as log_input,
        log_inputs as log_inputs,
        log_metric as log_metric,
        log_metrics as log_metrics,
        log_outputs as log_outputs,
        log_param as log_param,
        log_params as log_params,
        set_tag as set_tag,
        set_tags as set_tags,
    )
    from mlflow.fluent.runs import (
        ActiveRun as ActiveRun,
        active_run as active_run,
        delete_run as delete_run,
        end_run as end_run,
        get_parent_run as get_parent_run,
        get_run as get_run,
        last_active_run as last_active_run,
        restore_run as restore_run,
        start_run as start_run,
    )
    from mlflow.fluent.search import search_runs as search_runs
    from mlflow.system_metrics import (
        disable_system_metrics_logging as disable_system_metrics_logging,
        enable_system_metrics_logging as enable_system_metrics_logging,
        set_system_metrics_node_id as set_system_metrics_node_id,
        set_system_metrics_samples_before_logging as set_system_metrics_samples_before_logging,
        set_system_metrics_sampling_interval as set_system_metrics_sampling_interval,
    )

#: public name → the module that it lives in
_NAMES = {
    "ActiveRun": "mlflow.fluent.runs",
    "Image": "mlflow.client.images",
    "MlflowClient": "mlflow.client",
    "MlflowException": "mlflow.exceptions",
    "active_run": "mlflow.fluent.runs",
    "create_experiment": "mlflow.fluent.experiments",
    "delete_experiment": "mlflow.fluent.experiments",
    "delete_experiment_tag": "mlflow.fluent.experiments",
    "delete_run": "mlflow.fluent.runs",
    "delete_tag": "mlflow.fluent.log",
    "disable_system_metrics_logging": "mlflow.system_metrics",
    "doctor": "mlflow.fluent.doctor",
    "enable_system_metrics_logging": "mlflow.system_metrics",
    "end_run": "mlflow.fluent.runs",
    "flush_artifact_async_logging": "mlflow.fluent.artifacts",
    "flush_async_logging": "mlflow.fluent.log",
    "get_artifact_uri": "mlflow.fluent.artifacts",
    "get_experiment": "mlflow.fluent.experiments",
    "get_experiment_by_name": "mlflow.fluent.experiments",
    "get_parent_run": "mlflow.fluent.runs",
    "get_registry_uri": "mlflow.client.uri",
    "get_run": "mlflow.fluent.runs",
    "get_tracking_uri": "mlflow.client.uri",
    "is_tracking_uri_set": "mlflow.client.uri",
    "last_active_run": "mlflow.fluent.runs",
    "load_table": "mlflow.fluent.artifacts",
    "log_artifact": "mlflow.fluent.artifacts",
    "log_artifacts": "mlflow.fluent.artifacts",
    "log_dict": "mlflow.fluent.artifacts",
    "log_figure": "mlflow.fluent.artifacts",
    "log_image": "mlflow.fluent.artifacts",
    "log_input": "mlflow.fluent.log",
    "log_inputs": "mlflow.fluent.log",
    "log_metric": "mlflow.fluent.log",
    "log_metrics": "mlflow.fluent.log",
    "log_outputs": "mlflow.fluent.log",
    "log_param": "mlflow.fluent.log",
    "log_params": "mlflow.fluent.log",
    "log_stream": "mlflow.fluent.artifacts",
    "log_table": "mlflow.fluent.artifacts",
    "log_text": "mlflow.fluent.artifacts",
    "restore_experiment": "mlflow.fluent.experiments",
    "restore_run": "mlflow.fluent.runs",
    "search_experiments": "mlflow.fluent.experiments",
    "search_runs": "mlflow.fluent.search",
    "set_experiment": "mlflow.fluent.experiments",
    "set_experiment_tag": "mlflow.fluent.experiments",
    "set_experiment_tags": "mlflow.fluent.experiments",
    "set_registry_uri": "mlflow.client.uri",
    "set_system_metrics_node_id": "mlflow.system_metrics",
    "set_system_metrics_samples_before_logging": "mlflow.system_metrics",
    "set_system_metrics_sampling_interval": "mlflow.system_metrics",
    "set_tag": "mlflow.fluent.log",
    "set_tags": "mlflow.fluent.log",
    "set_tracking_uri": "mlflow.client.uri",
    "start_run": "mlflow.fluent.runs",
}
#: modules that are attributes of the package without being imported by name
_MODULES = (
    "artifacts",
    "client",
    "config",
    "data",
    "entities",
    "environment_variables",
    "exceptions",
    "system_metrics",
    "tracking",
    "types",
    "utils",
    "version",
)

#: what MLflow has and this version does not: whoever asks for it is told so
_LATER = frozenset(
    {
        "autolog",
        "catboost",
        "create_external_model",
        "deployments",
        "diffusers",
        "evaluate",
        "gateway",
        "genai",
        "get_logged_model",
        "h2o",
        "initialize_logged_model",
        "johnsnowlabs",
        "keras",
        "langchain",
        "last_logged_model",
        "lightgbm",
        "llama_index",
        "log_model_params",
        "login",
        "metrics",
        "models",
        "onnx",
        "openai",
        "paddle",
        "pmdarima",
        "projects",
        "prophet",
        "pyfunc",
        "pyspark",
        "pytorch",
        "register_model",
        "run",
        "search_logged_models",
        "search_model_versions",
        "search_registered_models",
        "sentence_transformers",
        "set_active_model",
        "set_model_version_tag",
        "shap",
        "sklearn",
        "spacy",
        "spark",
        "start_span",
        "statsmodels",
        "tensorflow",
        "trace",
        "tracing",
        "transformers",
        "xgboost",
    }
)

__all__ = [
    "ActiveRun",
    "Image",
    "MlflowClient",
    "MlflowException",
    "__version__",
    "active_run",
    "artifacts",
    "client",
    "config",
    "create_experiment",
    "data",
    "delete_experiment",
    "delete_experiment_tag",
    "delete_run",
    "delete_tag",
    "disable_system_metrics_logging",
    "doctor",
    "enable_system_metrics_logging",
    "end_run",
    "entities",
    "environment_variables",
    "exceptions",
    "flush_artifact_async_logging",
    "flush_async_logging",
    "get_artifact_uri",
    "get_experiment",
    "get_experiment_by_name",
    "get_parent_run",
    "get_registry_uri",
    "get_run",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "last_active_run",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_inputs",
    "log_metric",
    "log_metrics",
    "log_outputs",
    "log_param",
    "log_params",
    "log_stream",
    "log_table",
    "log_text",
    "millstream_version",
    "restore_experiment",
    "restore_run",
    "search_experiments",
    "search_runs",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_registry_uri",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "start_run",
    "system_metrics",
    "tracking",
    "types",
    "utils",
    "version",
]


if not TYPE_CHECKING:  # a checker that saw it would let any name pass

    def __getattr__(name: str) -> object:
        if name in _NAMES:
            value: object = getattr(_import_module(_NAMES[name]), name)
        elif name in _MODULES:
            value = _import_module(f"mlflow.{name}")
        else:
            text = f"module 'mlflow' has no attribute {name!r}"
            if name in _LATER:
                text = (
                    f"mlflow.{name} is not there yet: Millstream {millstream_version} does "
                    "tracking and artifacts, not models, autologging, evaluation and tracing"
                )
            raise AttributeError(text, name=name, obj=_sys.modules[__name__])
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES, *_MODULES})


def _warn_of_namesake() -> None:
    """Say so when the original is installed over this package: their files are mixed then."""
    beside = _os.path.dirname(_os.path.dirname(_os.path.abspath(__file__)))
    try:
        found = [
            name
            for name in _os.listdir(beside)
            if name.startswith(("mlflow-", "mlflow_skinny-", "mlflow_tracing-"))
            and name.endswith(".dist-info")
        ]
    except OSError:
        return
    if found:
        import warnings

        names = " and ".join(name.split("-")[0].replace("_", "-") for name in sorted(found))
        warnings.warn(
            f"Both millstream and {names} are installed in {beside}, and both provide the package "
            f"mlflow: one of the two must go. Uninstall {names}, then reinstall millstream.",
            stacklevel=3,
        )


_warn_of_namesake()
