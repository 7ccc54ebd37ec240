"""Initializers: the spread they promise, and where the draws come from."""

from math import sqrt

import numpy as np
import pytest

from engine.activations import Activation
from engine.builder import IOSpec
from engine.component import members
from engine.initializers import (
    Constant,
    He,
    Initializer,
    LeCun,
    Normal,
    Orthogonal,
    Siren,
    Uniform,
    Xavier,
    Zeros,
    fans,
)
from engine.layers.dense import Dense
from engine.machine.memory import Memory
from engine.network import initialize, lay_out, trace

SHAPE = (300, 200)


def drawn(initializer: Initializer, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return initializer.draw(np.random.default_rng(0), shape)


@pytest.mark.parametrize(
    ("initializer", "std"),
    [
        (Normal(std=0.3), 0.3),
        (Uniform(bound=0.3), 0.3 / sqrt(3)),
        (Xavier(), sqrt(2 / 500)),
        (Xavier(distribution="normal", gain=2.0), 2 * sqrt(2 / 500)),
        (He(), sqrt(2 / 300)),
        (He(distribution="uniform"), sqrt(2 / 300)),
        (LeCun(), sqrt(1 / 300)),
        (LeCun(distribution="uniform", gain=0.5), 0.5 * sqrt(1 / 300)),
        (Siren(), sqrt(2 / 300)),
        (Siren(frequency=30.0), sqrt(2 / 300) / 30),
        (Orthogonal(), sqrt(1 / 300)),
    ],
)
def test_values_have_mean_zero_and_the_promised_spread(initializer, std):
    values = drawn(initializer)
    assert abs(values.mean()) < 0.01 * std * 5
    assert values.std() == pytest.approx(std, rel=0.01)


@pytest.mark.parametrize("kind", [Xavier, He, LeCun])
def test_uniform_values_are_bounded_and_normal_ones_are_not(kind):
    for distribution, largest in (("uniform", sqrt(3)), ("normal", 4.0)):
        values = drawn(kind(distribution=distribution))
        ratio = np.abs(values).max() / values.std()
        assert (
            ratio == pytest.approx(largest, abs=0.02) if distribution == "uniform" else ratio > largest - 0.5
        )


def test_zeros_and_constants():
    assert (drawn(Zeros()) == 0).all()
    assert (drawn(Constant(value=0.7), (4,)) == 0.7).all()


@pytest.mark.parametrize("shape", [(5, 5), (7, 4), (4, 7), (1, 3), (3, 2, 4)], ids=str)
def test_an_orthogonal_matrix_keeps_lengths(shape):
    matrix = drawn(Orthogonal(gain=2.0), shape).reshape(-1, shape[-1]) / 2
    small = min(matrix.shape)
    product = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(product, np.eye(small), atol=1e-12)


def test_the_leading_axes_of_a_kernel_count_as_its_field():
    assert fans((3, 3, 8, 16)) == (72, 144)
    assert fans((8, 16)) == (8, 16)
    assert fans((16,)) == (16, 16)


@pytest.mark.parametrize("tag", [t for t in members(Activation) if t != "relu_squared"])
def test_a_deep_network_begins_without_vanishing_or_exploding(tag):
    """With the initializer that suits it, an activation keeps the size of what flows through 10 layers."""
    initializer = members(Activation)[tag]().initializer()
    x = np.random.default_rng(1).normal(size=(200, 128))
    for i in range(10):
        w = initializer.draw(np.random.default_rng(i), (128, 128))
        x = NUMPY[tag](x @ w)
    assert 0.01 < np.sqrt((x**2).mean()) < 100


def test_squared_relu_keeps_the_size_of_what_a_norm_gives_it():
    """Squaring doubles every deviation, so no initializer holds it through many layers without norms between."""
    x = np.random.default_rng(1).normal(size=(400, 256))
    w = members(Activation)["relu_squared"]().initializer().draw(np.random.default_rng(2), (256, 256))
    y = np.maximum(x @ w, 0) ** 2
    assert np.sqrt((y**2).mean()) == pytest.approx(1, abs=0.05)


NUMPY = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "sin": np.sin,
}


def first_values(seed: int) -> dict[str, np.ndarray]:
    network = trace([Dense(units=4), Dense()], IOSpec((3,), 2))
    memory = Memory("float32")
    lay_out(memory, network)
    memory.allocate()
    initialize(memory, network, seed)
    return {p.name: memory[p.name].copy() for p in network.parameters}


def test_the_same_seed_begins_alike_and_another_does_not():
    first, again, other = first_values(1), first_values(1), first_values(2)
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    assert (first["dense1.weight"] != other["dense1.weight"]).all()
    assert (first["dense1.bias"] == 0).all()
