"""Activations: what they say about values that stopped learning, and how weights in front of them begin."""

import numpy as np
import pytest

from engine.activations import Identity, LeakyRelu, Relu, ReluSquared, Sigmoid, Tanh, suited
from engine.initializers import Auto, He, Normal, Xavier


def test_tanh_and_sigmoid_are_saturated_near_both_of_their_limits():
    x = np.array([-5.0, -1.0, 0.0, 1.0, 5.0])
    assert Tanh().saturated(np.tanh(x)) == pytest.approx(0.4)
    assert Sigmoid().saturated(1 / (1 + np.exp(-2 * x))) == pytest.approx(0.4)


def test_a_unit_is_dead_that_is_zero_for_every_row():
    values = np.array([[0.0, 0.0, 1.0], [0.0, 2.0, 3.0]])
    assert Relu().dead(values) == ReluSquared().dead(values) == pytest.approx(1 / 3)


@pytest.mark.parametrize("activation", [Identity(), LeakyRelu()])
def test_what_always_has_a_slope_is_neither_saturated_nor_dead(activation):
    assert activation.saturated(np.zeros((2, 3))) is activation.dead(np.zeros((2, 3))) is None


def test_auto_stands_for_the_initializer_that_suits_the_activation():
    assert suited(Auto(), Relu()) == He()
    assert suited(Auto(), Tanh()) == Xavier()
    assert suited(Normal(std=0.1), Tanh()) == Normal(std=0.1)
