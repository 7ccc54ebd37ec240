"""The elementary functions that native code uses, in float32 and float64."""

import numpy as np
import pytest

from engine.kernels import maths
from engine.machine.kernel import KERNELS, kernel
from engine.machine.memory import Memory
from engine.machine.operation import Operation
from helpers.rigs import run


@kernel
def apply_exp(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = maths.exp(x[i])


@kernel
def apply_expm1(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = maths.expm1(x[i])


@kernel
def apply_log(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = maths.log(x[i])


@kernel
def apply_log1p(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = maths.log1p(x[i])


@kernel
def apply_tanh(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = maths.tanh(x[i])


@kernel
def apply_sigmoid(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = maths.sigmoid(x[i])


@kernel
def apply_softplus(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = maths.softplus(x[i])


@kernel
def apply_sin(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = maths.sin(x[i])


@kernel
def apply_cos(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = maths.cos(x[i])


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


def softplus(x):
    return np.logaddexp(0, x)


def applied(name: str, x: np.ndarray) -> np.ndarray:
    memory = Memory(x.dtype.name)
    source, result = (memory.area("work").tensor(n, x.shape) for n in "xy")
    memory.allocate()
    source.array[...] = x
    run([Operation.of(KERNELS[f"apply_{name}"], x=source, y=result)], x.dtype)()
    return result.array.copy()


def spread(smallest: float, largest: float, signed: bool = True) -> np.ndarray:
    """Numbers of every size in between, as float32 holds them."""
    sizes = np.geomspace(smallest, largest, 20_001)
    return np.concatenate([sizes, -sizes] if signed else [sizes]).astype(np.float32)


# Largest error, relative to the result, in float32; sin and cos: absolute.
PRECISE = [
    ("exp", np.exp, spread(1e-30, 87), 1.5e-7),
    ("expm1", np.expm1, spread(1e-30, 87), 1.5e-7),
    ("log", np.log, spread(1e-44, 3e38, signed=False), 1.5e-7),
    ("log1p", np.log1p, spread(1e-30, 3e38, signed=False), 2e-7),
    ("tanh", np.tanh, spread(1e-30, 100), 2e-7),
    ("sigmoid", sigmoid, spread(1e-30, 87), 2e-7),
    ("softplus", softplus, spread(1e-30, 87), 2.5e-7),
]


@pytest.mark.parametrize(("name", "reference", "x", "bound"), PRECISE, ids=[p[0] for p in PRECISE])
def test_float32_is_precise_to_its_last_digits(name, reference, x, bound):
    expected = reference(x.astype(np.float64))
    error = np.abs(applied(name, x) - expected) / np.maximum(np.abs(expected), 1e-37)
    assert error.max() < bound, x[error.argmax()]


@pytest.mark.parametrize(("name", "reference"), [("sin", np.sin), ("cos", np.cos)])
def test_float32_sine_and_cosine_are_precise_up_to_large_angles(name, reference):
    x = spread(1e-30, 8000)
    assert np.abs(applied(name, x) - reference(x.astype(np.float64))).max() < 2e-7
    huge = applied(name, spread(1e4, 1e38))
    assert np.isfinite(huge).all()
    assert np.abs(huge).max() <= 1


@pytest.mark.parametrize("name", [p[0] for p in PRECISE] + ["sin", "cos"])
def test_float64_is_the_c_library(name):
    reference = {"sigmoid": sigmoid, "softplus": softplus}.get(name) or getattr(np, name)
    x = np.geomspace(1e-3, 30, 501)
    np.testing.assert_allclose(applied(name, x), reference(x), rtol=1e-14)


LIMITS = {  # of −inf, inf
    "exp": (0, np.inf), "expm1": (-1, np.inf), "log": (np.nan, np.inf), "log1p": (None, np.inf),
    "tanh": (-1, 1), "sigmoid": (0, 1), "softplus": (0, np.inf), "sin": (np.nan, np.nan), "cos": (np.nan, np.nan),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LIMITS)
def test_what_is_not_a_number_stays_so_and_infinity_has_its_limit(name, dtype):
    below, above = LIMITS[name]
    x = np.array([np.nan, np.inf, -np.inf], dtype)
    found = applied(name, x)
    assert np.isnan(found[0])
    np.testing.assert_equal(found[1], above)
    if below is not None:
        np.testing.assert_equal(found[2], below)


def test_float32_exp_overflows_to_infinity_and_underflows_to_zero():
    np.testing.assert_array_equal(applied("exp", np.float32([89, 1e30, -88, -1e30])), [np.inf, np.inf, 0, 0])


def test_log_of_zero_is_minus_infinity_and_below_it_is_none():
    np.testing.assert_equal(applied("log", np.float32([0, -1, -1e-40])), [-np.inf, np.nan, np.nan])


def test_random_bits_are_even_and_differ_by_seed_step_and_stream():
    keys = [(1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4)]
    with np.errstate(over="ignore"):
        draws = [
            np.array([int(maths.random_bits(maths.key_of(*key), np.uint32(i))) for i in range(2000)]) / 2**32
            for key in keys
        ]
    for draw in draws:
        assert abs(draw.mean() - 0.5) < 0.03
        assert np.histogram(draw, 10, (0, 1))[0].min() > 150
    for i in range(len(keys)):
        for j in range(i):
            assert abs(np.corrcoef(draws[i], draws[j])[0, 1]) < 0.08
