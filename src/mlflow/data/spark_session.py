"""What is asked of Spark itself."""

import logging
import os
import re
from importlib import import_module
from typing import Any

_logger = logging.getLogger(__name__)


def session() -> Any:
    """The running Spark session, or a new local one."""
    return import_module("pyspark.sql").SparkSession.builder.getOrCreate()


def is_delta_path(path: str) -> bool:
    """Whether Delta's log lies under a path, on the local disk or anywhere Spark reads."""
    log = os.path.join(path, "_delta_log")
    if "://" not in path:
        return os.path.isdir(log)
    try:
        machine = session()._jvm
        place = machine.org.apache.hadoop.fs.Path(log)
        configuration = session()._jsc.hadoopConfiguration()
        return bool(place.getFileSystem(configuration).exists(place))
    except Exception as error:  # a store that Spark cannot reach, or a remote session
        _logger.debug("Whether %s is a Delta table is not known: %s", path, error)
        return False


def is_delta_table(name: str) -> bool:
    """Whether Spark knows a table of this name that Delta keeps."""
    if not re.fullmatch(r"(`[^`]+`|[\w-]+)(\.(`[^`]+`|[\w-]+)){0,2}", name):
        return False
    parts = [f"`{part.strip('`')}`" for part in re.findall(r"`[^`]+`|[\w-]+", name)]
    try:
        rows = session().sql(f"DESCRIBE EXTENDED {'.'.join(parts)}").collect()
    except Exception as error:
        _logger.debug("Whether %s is a Delta table is not known: %s", name, error)
        return False
    return any(row[0] == "Provider" and str(row[1]).lower() == "delta" for row in rows)
