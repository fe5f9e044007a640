"""Façade: the numbers of the error codes."""

from mlflow.exceptions import ErrorCode

globals().update({code.name: code.value for code in ErrorCode})
__all__ = ["ErrorCode", *(code.name for code in ErrorCode)]


def __getattr__(name: str) -> int:
    # All names are there already; this tells type checkers that they are.
    raise AttributeError(f"{name!r} is no error code")
