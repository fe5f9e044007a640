"""What this package logs reaches the user: on standard error, unless the program logs itself.

the program has handlers of its own   they get it, and nothing is shown twice
it has none                           2026/11/21 02:10:00 INFO mlflow.fluent.experiments: ...
MLFLOW_LOGGING_LEVEL                  what is shown; INFO and worse by default
MLFLOW_CONFIGURE_LOGGING=false        the logger is left alone
"""

import logging
import sys

from mlflow import environment_variables as settings

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Console(logging.Handler):
    """Writes to standard error while nobody else handles what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(_FORMAT, "%Y/%m/%d %H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; standard error is looked up now, as notebooks and tests replace it."""
        if logging.getLogger().handlers or sys.stderr is None:
            return
        try:
            # With its end in one piece, or lines of several threads run into each other.
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            self.handleError(record)


def configure() -> None:
    """Give the package's logger its level and its way to the console; may be called often.

    A level or handlers that a program has set before stay as they are.
    """
    logger = logging.getLogger("mlflow")
    if not settings.MLFLOW_CONFIGURE_LOGGING.get():
        return
    if not logger.handlers:
        logger.addHandler(Console())
    if logger.level:
        return
    level = (settings.MLFLOW_LOGGING_LEVEL.get() or "INFO").upper()
    try:
        logger.setLevel(level)
    except ValueError:
        logger.setLevel("INFO")
        logger.warning(
            "MLFLOW_LOGGING_LEVEL is %r, which is no level: use DEBUG, INFO, WARNING or ERROR.",
            level,
        )
