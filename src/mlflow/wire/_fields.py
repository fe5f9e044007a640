"""The rules for fields: each limit and each spelling is written down here, once."""

import posixpath
import re
from collections.abc import Iterable

from mlflow.environment_variables import (
    MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH,
    MLFLOW_TRUNCATE_LONG_VALUES,
)
from mlflow.exceptions import MlflowException, invalid

MAX_KEY = 250
MAX_PARAM_VALUE = 6000
MAX_RUN_TAG_VALUE = 8000
MAX_EXPERIMENT_NAME = 500
MAX_EXPERIMENT_TAG_VALUE = 20_000
MAX_METRICS_PER_BATCH = 1000
MAX_PARAMS_PER_BATCH = 100
MAX_TAGS_PER_BATCH = 100
MAX_ITEMS_PER_BATCH = 1000
MAX_RESULTS_RUNS = 50_000
MAX_RESULTS_EXPERIMENTS = 50_000
MAX_RESULTS_HISTORY = 1_000_000  # more points in one answer would take too much memory
MAX_DATASET_NAME = 500
MAX_DATASET_DIGEST = 36
MAX_DATASET_SOURCE = 65_535
MAX_DATASET_SCHEMA = 1_048_575
MAX_DATASET_PROFILE = 16_777_215
MAX_MODEL_ID = 256
MAX_INPUT_TAG_KEY = 255
MAX_INPUT_TAG_VALUE = 500
MAX_INTEGER = 2**63 - 1

_KEY = re.compile(r"[/\w.\- :]*")
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")


def absent(name: str) -> MlflowException:
    """The error for a required field that is not there or empty."""
    return invalid(f"Missing value for required parameter {name!r}: give it in the request.")


def require(name: str, value: object) -> None:
    """Refuse a required field that is not there or empty."""
    if value is None or value == "":
        raise absent(name)


def check_integer(name: str, value: int, least: int = -(2**63)) -> None:
    """Refuse integers that no 64-bit column holds, or that are below `least`."""
    if not least <= value <= MAX_INTEGER:
        allowed = f"integers from {least}" if least == 0 else "64-bit integers"
        raise invalid(f"Invalid value {value} for parameter {name!r}: allowed are {allowed}.")


def check_text(name: str, value: str, most: int) -> None:
    """Refuse text that is too long or holds a NUL, which not every database can keep."""
    if not isinstance(value, str):  # from Python; JSON is decoded by type
        raise TypeError(f"Invalid value {value!r} for parameter {name!r}: it must be text.")
    if len(value) > most:
        raise invalid(
            f"Invalid value for parameter {name!r}: it has {len(value)} characters, "
            f"which exceeds the maximum length of {most}."
        )
    if "\0" in value:
        raise invalid(f"Invalid value for parameter {name!r}: it contains a NUL character.")


def check_key(path: str, key: str) -> None:
    """Refuse what cannot be the name of a metric, param or tag."""
    if not key:
        raise absent(path)
    check_text(path, key, MAX_KEY)
    if not _KEY.fullmatch(key):
        raise invalid(
            f"Invalid value {key!r} for parameter {path!r}: names may contain letters, digits, "
            "underscores (_), dashes (-), periods (.), spaces ( ), colons (:) and slashes (/)."
        )
    if posixpath.normpath(key) != key or key[0] == "/" or key.split("/", 1)[0] in (".", ".."):
        raise invalid(
            f"Invalid value {key!r} for parameter {path!r}: names must be unique as paths, so "
            f"no leading or trailing slash, '//', '.' or '..' part. "
            f"Try {posixpath.normpath(key).lstrip('/.') or 'another name'!r}."
        )


def check_run_id(run_id: str) -> None:
    """Refuse what cannot be a run id."""
    require("run_id", run_id)
    if not _RUN_ID.fullmatch(run_id):
        raise invalid(
            f"Invalid value {run_id[:300]!r} for parameter 'run_id': a run id has 1 to 256 "
            "letters, digits, '_' and '-' and starts with a letter or digit."
        )


def experiment_number(
    experiment_id: str, name: str = "experiment_id", what: str = "an experiment id"
) -> int:
    """The id of an experiment, or of `what` else has such ids, as the integer in the store."""
    require(name, experiment_id)
    # No longer than the largest; int() alone would accept spaces, signs and underscores, too.
    plain = experiment_id.isascii() and experiment_id.isdigit() and len(experiment_id) < 20
    number = int(experiment_id) if plain else -1
    if not 0 <= number <= MAX_INTEGER:
        raise invalid(
            f"Invalid value {experiment_id[:100]!r} for parameter {name!r}: "
            f"{what} is a whole number written as text."
        )
    return number


def check_experiment_name(name: str, field: str = "name") -> None:
    """Refuse what cannot be the name of an experiment."""
    require(field, name)
    check_text(field, name, MAX_EXPERIMENT_NAME)
    if not name.strip():
        raise invalid(f"Invalid value {name!r} for parameter {field!r}: it is blank.")


def check_artifact_location(location: str) -> None:
    """Refuse artifact locations that cannot be joined with a path."""
    check_text("artifact_location", location, MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH.get())
    if "#" in location or "?" in location:
        raise invalid(
            f"Invalid value {location!r} for parameter 'artifact_location': "
            "it must not contain a query (?) or a fragment (#)."
        )
    if location.lower().startswith("runs:"):
        raise invalid(
            f"Invalid value {location!r} for parameter 'artifact_location': "
            "it must name a storage location, not a run."
        )
    if any(part == ".." for part in re.split(r"[/\\]", location)):
        raise invalid(
            f"Invalid value {location!r} for parameter 'artifact_location': "
            "it must not contain a '..' part."
        )


def shortened(name: str, value: str, most: int) -> str:
    """A value of at most `most` characters: cut, or refused when cutting is switched off."""
    if "\0" in value:
        raise invalid(f"Invalid value for parameter {name!r}: it contains a NUL character.")
    if len(value) <= most:
        return value
    if MLFLOW_TRUNCATE_LONG_VALUES.get():
        return value[:most]
    raise invalid(
        f"Invalid value for parameter {name!r}: it has {len(value)} characters, which exceeds "
        f"the maximum length of {most}. Set MLFLOW_TRUNCATE_LONG_VALUES=true to have it cut."
    )


def check_max_results(value: int, most: int) -> None:
    """Refuse page sizes out of range."""
    if not 1 <= value <= most:
        raise invalid(
            f"Invalid value {value} for parameter 'max_results': allowed are 1 to {most}."
        )


def check_count(name: str, count: int, most: int) -> None:
    """Refuse batches with too many items of a kind."""
    if count > most:
        raise invalid(
            f"A batch logging request can contain at most {most} {name}; got {count}. "
            "Split it into several requests."
        )


def view_name(value: "str | int | None") -> str:
    """A view type as its name; what is not a view counts as the default, active ones only."""
    names = {1: "ACTIVE_ONLY", 2: "DELETED_ONLY", 3: "ALL", "1": "ACTIVE_ONLY"}
    names |= {"2": "DELETED_ONLY", "3": "ALL"}
    if value in ("DELETED_ONLY", "ALL"):
        return str(value)
    return names.get(value, "ACTIVE_ONLY")


def repeated(values: Iterable[str]) -> "list[str]":
    """Values that occur more than once, in order of their first repetition."""
    seen: set[str] = set()
    again: list[str] = []
    for value in values:
        if value in seen and value not in again:
            again.append(value)
        seen.add(value)
    return again
