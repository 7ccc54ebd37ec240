"""Every backward kernel against finite differences in float64, through the native code."""

import numpy as np
import pytest

from engine.activations import Activation
from engine.component import members
from engine.layers.activations import Activate
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.norms import BatchNorm, LayerNorm
from engine.layers.residual import Residual
from engine.layers.shape import Flatten
from engine.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
)
from helpers.rigs import LayerRig, LossRig

LIMIT = 1e-6
ACTIVATIONS = {tag: cls() for tag, cls in members(Activation).items()}


def numbers(*shape: int) -> np.ndarray:
    """Away from 0, where some functions have a corner."""
    x = np.random.default_rng(5).normal(size=shape) * 2
    return np.where(np.abs(x) < 0.05, 0.5, x)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (4, 16)], ids=str)
def test_activation(name, shape):
    assert LayerRig([Activate(ACTIVATIONS[name])], shape).gradient_error(numbers(*shape)) < LIMIT


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_dense_followed_by_an_activation(name):
    rig = LayerRig([Dense(units=3, activation=ACTIVATIONS[name])], (4, 5))
    assert rig.gradient_error(numbers(4, 5)) < LIMIT


@pytest.mark.parametrize(
    ("shape", "units"),
    [((1, 1), 1), ((1, 5), 3), ((7, 1), 4), ((5, 17), 2), ((33, 20), 19), ((3, 2, 4), 5)],
    ids=str,
)
def test_dense_of_odd_shapes(shape, units):
    assert LayerRig([Dense(units=units)], shape).gradient_error(numbers(*shape)) < LIMIT


@pytest.mark.parametrize("shape", [(2, 1), (7, 3), (6, 17), (4, 2, 5)], ids=str)
def test_batch_norm(shape):
    assert LayerRig([BatchNorm()], shape).gradient_error(numbers(*shape)) < LIMIT


@pytest.mark.parametrize("shape", [(1, 2), (7, 3), (2, 33), (4, 2, 5)], ids=str)
def test_layer_norm(shape):
    assert LayerRig([LayerNorm()], shape).gradient_error(numbers(*shape)) < LIMIT


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (3, 2, 5)], ids=str)
def test_dropout(shape):
    assert LayerRig([Dropout(rate=0.4)], shape).gradient_error(numbers(*shape)) < LIMIT


def test_flatten_before_dense():
    assert LayerRig([Flatten(), Dense(units=3)], (4, 2, 3)).gradient_error(numbers(4, 2, 3)) < LIMIT


RESIDUALS = {
    "dense": [Dense(units=5)],
    "an activation in place": [Activate(ACTIVATIONS["tanh"])],
    "the identity": [Activate(ACTIVATIONS["identity"])],
    "dropout in place": [Dropout(rate=0.3)],
    "norm in place, then dense": [
        LayerNorm(),
        Dense(units=4, activation=ACTIVATIONS["gelu"]),
        Dense(units=5),
    ],
    "a residual within": [Dense(units=5), Residual([BatchNorm(), Residual([Dense(units=5)])])],
}


@pytest.mark.parametrize("name", RESIDUALS)
def test_residual_around(name):
    layers = [Dense(units=5), Residual(RESIDUALS[name]), Activate(ACTIVATIONS["tanh"]), Dense(units=2)]
    assert LayerRig(layers, (6, 3)).gradient_error(numbers(6, 3)) < LIMIT


@pytest.mark.parametrize("name", RESIDUALS)
def test_residual_that_stands_first_and_whose_input_is_the_data(name):
    rig = LayerRig([Residual(RESIDUALS[name]), Dense(units=2)], (6, 5), data=True)
    assert rig.gradient_error(numbers(6, 5)) < LIMIT


@pytest.mark.parametrize(
    "layer", [Dense(units=3), BatchNorm(), LayerNorm(), Dropout(rate=0.3), Activate(ACTIVATIONS["gelu"])]
)
def test_layer_that_stands_first_and_whose_input_is_the_data(layer):
    rig = LayerRig([layer, Dense(units=2)], (6, 5), data=True)
    assert rig.gradient_error(numbers(6, 5)) < LIMIT


def test_layers_one_after_the_other():
    layers = [
        Dense(units=6),
        BatchNorm(),
        Activate(ACTIVATIONS["elu"]),
        Dropout(rate=0.2),
        LayerNorm(),
        Dense(units=3),
    ]
    assert LayerRig(layers, (9, 4)).gradient_error(numbers(9, 4)) < LIMIT


@pytest.mark.parametrize(
    "loss", [MeanSquaredError(), MeanAbsoluteError(), Huber(delta=0.8)], ids=lambda l: l.tag()
)
@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (4, 3), (3, 17)], ids=str)
def test_regression_loss(loss, shape):
    targets = np.random.default_rng(6).normal(size=shape)
    assert LossRig(loss, shape[1], targets, batch=11).gradient_error(numbers(*shape)) < LIMIT


@pytest.mark.parametrize(
    "loss",
    [CrossEntropy(), CrossEntropy(label_smoothing=0.2), CrossEntropy(class_weights=[1, 2, 0.5]), Hinge()],
)
@pytest.mark.parametrize("rows", [1, 7, 33])
def test_loss_over_many_classes(loss, rows):
    targets = np.random.default_rng(6).integers(0, 3, (rows, 1))
    assert LossRig(loss, 3, targets, batch=40).gradient_error(numbers(rows, 3)) < LIMIT


@pytest.mark.parametrize(
    "loss",
    [BinaryCrossEntropy(), BinaryCrossEntropy(label_smoothing=0.2, class_weights=[1, 3]), Hinge(margin=0.7)],
)
@pytest.mark.parametrize("rows", [1, 7, 33])
def test_loss_over_two_classes(loss, rows):
    targets = np.random.default_rng(6).integers(0, 2, (rows, 1))
    assert LossRig(loss, 1, targets, batch=40).gradient_error(numbers(rows, 1)) < LIMIT
