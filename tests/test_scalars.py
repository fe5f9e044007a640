"""Values of metrics: what becomes a float and what is refused."""

import decimal
import fractions
import subprocess
import sys

import numpy as np
import pytest

from mlflow.exceptions import MlflowException
from mlflow.scalars import to_float, to_step


class Tensor:
    """What tensorflow's tensors look like: a shape and numpy(), no item()."""

    def __init__(self, value: object) -> None:
        self._array = np.array(value)
        self.shape = self._array.shape

    def numpy(self) -> object:
        return self._array


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1.5, 1.5),
        (3, 3.0),
        (True, 1.0),
        (False, 0.0),
        (float("inf"), float("inf")),
        (decimal.Decimal("1.5"), 1.5),
        (fractions.Fraction(1, 2), 0.5),
        (np.float16(1.5), 1.5),
        (np.float32(1.5), 1.5),
        (np.int32(3), 3.0),
        (np.bool_(True), 1.0),
        (np.array(1.5), 1.5),
        (np.array([1.5]), 1.5),
        (np.array([[2]]), 2.0),
        ("1.5", 1.5),
        (np.str_("-2e3"), -2000.0),
        (Tensor(1.5), 1.5),
        (Tensor([1.5]), 1.5),
    ],
)
def test_numbers(value: object, number: float) -> None:
    found = to_float("loss", value)
    assert type(found) is float
    assert found == number


def test_not_a_number_stays() -> None:
    assert to_float("loss", np.float32("nan")) != to_float("loss", np.float32("nan"))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "low",
        b"1",
        np.array("low"),
        np.array([None]),
        np.array([1.0, 2.0]),
        np.array([]),
        Tensor([1.0, 2.0]),
        10**400,
    ],
)
def test_refused(value: object) -> None:
    with pytest.raises(MlflowException, match="'loss'") as refused:
        to_float("loss", value)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("value", [[1], (1,), {}, {1}, 1j, object()])
def test_no_number_at_all(value: object) -> None:
    with pytest.raises(TypeError, match="for metric 'loss': a number is needed"):
        to_float("loss", value)


@pytest.mark.parametrize("step", [3, 3.0, "3", np.int64(3), np.float32(3), np.array(3)])
def test_steps(step: object) -> None:
    assert to_step("loss", step) == 3
    assert to_step("loss", None) == 0


@pytest.mark.parametrize(
    "step", [3.5, "x", "3.5", [3], float("nan"), float("inf"), np.array([1, 2])]
)
def test_no_steps(step: object) -> None:
    with pytest.raises(TypeError, match="for metric 'loss': a whole number is needed"):
        to_step("loss", step)


def test_needs_none_of_the_libraries() -> None:
    code = (
        "import sys, mlflow.scalars as s; s.to_float('a', 1); "
        "print([m for m in ('numpy', 'torch', 'tensorflow', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
