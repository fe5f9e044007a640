"""One number out of whatever a training loop holds: Python, numpy, torch, tensorflow, jax.

None of these libraries is imported: their scalars are known by what they can do.
"""

from mlflow.exceptions import MlflowException, invalid


def to_float(key: str, value: object) -> float:
    """The value of a metric as a float.

    Args:
        key: name of the metric, for the message of an error.
        value: a number, a bool (1.0 or 0.0), a number written as text, or an array or tensor that
            holds exactly one number.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE for None, other text, an array of another size, and
            a number beyond the range of a float.
        TypeError: `value` is no number at all, such as a list.
    """
    if type(value) is float:
        return value
    if hasattr(value, "shape"):
        value = _single(key, value)
    if value is None or isinstance(value, bytes | bytearray):
        raise _no_number(key, value)
    try:
        return float(value)  # type: ignore[arg-type]
    except ValueError:
        raise _no_number(key, value) from None
    except TypeError:
        raise TypeError(_no_number(key, value).message) from None
    except OverflowError:
        raise invalid(f"The value of metric '{key}' is too large for a float.") from None


def to_step(key: str, step: object) -> int:
    """The step of a point; 0 for None.

    Args:
        key: name of the metric, for the message of an error.
        step: a whole number, of any of the libraries, also written as text or as 3.0.

    Raises:
        TypeError: it is anything else, such as 3.5.
    """
    if type(step) is int:
        return step
    if step is None:
        return 0
    try:
        number = int(step)  # type: ignore[call-overload]
        whole = isinstance(step, str) or number == step
    except (OverflowError, TypeError, ValueError):
        whole = False
    if not whole:
        raise TypeError(f"Got invalid step {step!r} for metric '{key}': a whole number is needed.")
    return int(number)


def _no_number(key: str, value: object) -> MlflowException:
    return invalid(f"Got invalid value {value!r} for metric '{key}': a number is needed.")


def _single(key: str, array: object) -> object:
    """The one element of an array or tensor, as a plain Python object."""
    if not hasattr(array, "item") and hasattr(array, "numpy"):
        array = array.numpy()  # tensorflow's tensors have no item()
    item = getattr(array, "item", None)
    if item is None:
        return array
    try:
        return item()
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise invalid(
            f"The value of metric '{key}' must be one number, not an array of shape "
            f"{tuple(getattr(array, 'shape', ()))}: {error}"
        ) from error
