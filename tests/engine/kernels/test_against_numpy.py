"""Forward kernels in both element types against the plain formula in NumPy."""

import numpy as np
import pytest

from engine.activations import (
    Activation,
    Elu,
    Gelu,
    Identity,
    LeakyRelu,
    Relu,
    ReluSquared,
    Sigmoid,
    Silu,
    Sin,
    Softplus,
    Tanh,
)
from engine.layers.activations import Activate
from engine.layers.dense import Dense
from engine.layers.norms import BatchNorm, LayerNorm
from helpers.golden import relative_error
from helpers.rigs import LayerRig

PRECISION = {"float32": 2e-6, "float64": 1e-14}
SHAPES = [(1, 1), (3, 7), (32, 16), (5, 3, 17)]


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


FORMULAS = [
    (Identity(), lambda x: x),
    (Relu(), lambda x: np.maximum(x, 0)),
    (ReluSquared(), lambda x: np.maximum(x, 0) ** 2),
    (LeakyRelu(slope=0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
    (Elu(alpha=0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(np.minimum(x, 0)))),
    (Gelu(), lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
    (Silu(), lambda x: x * sigmoid(x)),
    (Tanh(), np.tanh),
    (Sigmoid(), sigmoid),
    (Softplus(), lambda x: np.logaddexp(0, x)),
    (Sin(frequency=2.5), lambda x: np.sin(2.5 * x)),
]


def numbers(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, shape).astype(dtype)


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize(("activation", "formula"), FORMULAS, ids=[a.tag() for a, _ in FORMULAS])
def test_activation_is_its_formula(activation, formula, dtype):
    for shape in SHAPES:
        x = numbers(shape, dtype)
        y = LayerRig([Activate(activation)], shape, dtype=dtype).outputs(x)
        assert relative_error(y, formula(x.astype(np.float64))) < PRECISION[dtype]


def test_every_activation_has_a_formula_here():
    from engine.component import members

    assert {type(a) for a, _ in FORMULAS} == set(members(Activation).values())


@pytest.mark.parametrize("activation", [a for a, _ in FORMULAS], ids=lambda a: a.tag())
def test_what_is_not_a_number_passes_through_an_activation(activation):
    x = numbers((2, 20), "float32")
    x[1, 3] = np.nan
    y = LayerRig([Activate(activation)], x.shape, dtype="float32").outputs(x)
    assert np.isnan(y[1, 3])
    assert np.isnan(y).sum() == 1


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize(
    ("rows", "inputs", "units"), [(1, 1, 1), (32, 8, 8), (7, 5, 3), (65, 33, 17), (3, 1, 2)]
)
def test_dense_is_a_product_and_a_sum(rows, inputs, units, dtype):
    rig = LayerRig([Dense(units=units)], (rows, inputs), dtype=dtype)
    bias = rig.memory["dense1.bias"]
    bias[:] = numbers(bias.shape, dtype, 1)
    x = numbers((rows, inputs), dtype)
    expected = x.astype(np.float64) @ rig.memory["dense1.weight"] + bias
    assert relative_error(rig.outputs(x), expected) < PRECISION[dtype]


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("shape", [(1, 2), (7, 3), (32, 64), (4, 3, 17)], ids=str)
def test_layer_norm_is_its_formula(shape, dtype):
    rig = LayerRig([LayerNorm(epsilon=1e-3)], shape, dtype=dtype)
    gain, bias = rig.memory["layer_norm1.gain"], rig.memory["layer_norm1.bias"]
    gain[:], bias[:] = numbers(gain.shape, dtype, 1), numbers(bias.shape, dtype, 2)
    x = numbers(shape, dtype)
    wide = x.astype(np.float64)
    normal = (wide - wide.mean(-1, keepdims=True)) / np.sqrt(wide.var(-1, keepdims=True) + 1e-3)
    assert relative_error(rig.outputs(x), normal * gain + bias) < 2 * PRECISION[dtype]


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("shape", [(2, 1), (7, 3), (32, 64), (4, 3, 17)], ids=str)
def test_batch_norm_is_its_formula(shape, dtype):
    rig = LayerRig([BatchNorm(epsilon=1e-3)], shape, dtype=dtype)
    gain, bias = rig.memory["batch_norm1.gain"], rig.memory["batch_norm1.bias"]
    gain[:], bias[:] = numbers(gain.shape, dtype, 1), numbers(bias.shape, dtype, 2)
    x = numbers(shape, dtype)
    wide, axes = x.astype(np.float64), tuple(range(len(shape) - 1))
    normal = (wide - wide.mean(axes)) / np.sqrt(wide.var(axes) + 1e-3)
    assert relative_error(rig.outputs(x), normal * gain + bias) < 2 * PRECISION[dtype]


def test_norms_keep_their_precision_far_from_zero():
    x = 1000 + np.random.default_rng(0).normal(size=(64, 48)).astype(np.float32)
    for layer, axis in ((BatchNorm(), 0), (LayerNorm(), 1)):
        y = LayerRig([layer], x.shape, dtype="float32").outputs(x)
        wide = x.astype(np.float64)
        expected = (wide - wide.mean(axis, keepdims=True)) / wide.std(axis, keepdims=True)
        assert relative_error(y, expected) < 1e-4
