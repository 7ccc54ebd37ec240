"""Activations and their kin at the ends of the numbers: finite where mathematics is, and NaN in gives NaN out."""

import numpy as np
import pytest

from engine.activations import Activation
from engine.component import build, members
from engine.layers import Layer
from engine.losses import Loss
from helpers.rigs import LayerRig, LossRig

INF = np.inf
# Value and slope towards −∞ and towards +∞, with the fields as they are by default.
LIMITS = {
    "relu": (0, 0, INF, 1),
    "relu_squared": (0, 0, INF, INF),
    "leaky_relu": (-INF, 0.01, INF, 1),
    "elu": (-1, 0, INF, 1),
    "gelu": (0, 0, INF, 1),
    "silu": (0, 0, INF, 1),
    "tanh": (-1, 0, 1, 0),
    "sigmoid": (0, 0, 1, 0),
    "softplus": (0, 0, INF, 1),
}
PLACES = [0.0, 1e-30, -1e-30, -1e18, 1e18, -INF, INF, np.nan]


def value_and_slope(layer: dict, x: np.ndarray, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    rig = LayerRig([build(Layer, layer)], x.shape, dtype=dtype, outputs=1)
    y = rig.outputs(x)
    rig.backward(np.ones_like(y))
    assert rig.x.gradient is not None
    return y, rig.x.gradient.array.copy()


def test_every_activation_has_its_limits_here():
    assert set(LIMITS) | {"sin", "identity"} >= set(members(Activation))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LIMITS)
def test_an_activation_is_right_at_the_ends_of_the_numbers(name, dtype):
    x = np.array(PLACES)[:, None]
    y, dy = value_and_slope({"layer": "activation", "function": name}, x, dtype)
    y, dy = dict(zip(PLACES[:-1], y[:, 0], strict=False)) | {"nan": y[-1, 0]}, dy[:, 0]
    low, low_slope, high, high_slope = LIMITS[name]
    assert all(np.isfinite([y[0.0], y[1e-30], y[-1e-30]]))
    assert np.isfinite(dy[:3]).all()
    for place, limit in ((-INF, low), (INF, high)):
        assert y[place] == pytest.approx(limit, abs=1e-6), place
    assert dy[PLACES.index(-INF)] == pytest.approx(low_slope, abs=1e-6)
    assert dy[PLACES.index(INF)] == pytest.approx(high_slope, abs=1e-6)
    assert np.isfinite([y[-1e18], y[1e18]]).all()
    assert dy[PLACES.index(-1e18)] == pytest.approx(low_slope, abs=1e-6)
    assert dy[PLACES.index(1e18)] == pytest.approx(high_slope if np.isfinite(high_slope) else 2e18, rel=1e-6)
    assert np.isnan(y["nan"])
    assert np.isnan(dy[-1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["gelu", "silu"])
@pytest.mark.parametrize("size", [1e4, 1e6, 1e12, 1e20, 1e38])
def test_a_smooth_gate_keeps_its_limits_however_large_the_input(name, size, dtype):
    x = np.array([[size], [-size]])
    y, dy = value_and_slope({"layer": "activation", "function": name}, x, dtype)
    np.testing.assert_allclose(y[:, 0], [size, 0], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(dy[:, 0], [1, 0], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sine_is_bounded_wherever_it_has_a_value(dtype):
    x = np.array([[1e18], [-1e18], [INF], [np.nan]])
    y, dy = value_and_slope({"layer": "activation", "function": "sin"}, x, dtype)
    assert (np.abs(y[:2]) <= 1.001).all()
    assert np.isfinite(dy[:2]).all()
    assert np.isnan(y[2:]).all()
    assert np.isnan(dy[2:]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gate_of_a_rectified_recurrence_lets_nan_through(dtype):
    rig = LayerRig([build(Layer, {"layer": "rnn", "units": 3, "activation": "relu"})], (1, 2, 2), dtype=dtype)
    x = np.ones((1, 2, 2))
    x[0, 0, 0] = np.nan
    y = rig.outputs(x)
    assert np.isnan(y).all()
    rig.backward(np.ones_like(y))
    assert np.isnan(rig.x.gradient.array).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["max_pool", "average_pool"])
def test_pooling_lets_nan_through_wherever_it_stands_in_the_window(kind, dtype):
    for place in range(4):
        x = np.zeros((1, 2, 2, 1))
        x.reshape(-1)[place] = np.nan
        rig = LayerRig([build(Layer, {"layer": kind, "window": 2})], x.shape, dtype=dtype)
        assert np.isnan(rig.outputs(x)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name", ["mse", "mae", "huber", "hinge", "cross_entropy", "binary_cross_entropy", "focal"]
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_loss_of_nan_is_nan(name, place, dtype):
    outputs = 1 if name in ("mse", "mae", "huber", "binary_cross_entropy") else 3
    rig = LossRig(build(Loss, {"name": name}), outputs, np.array([[0.0], [1.0]]), dtype)
    z = np.ones((2, outputs))
    z[place, -1] = np.nan
    loss, _ = rig.value(z)
    assert np.isnan(loss)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gated_layer_is_finite_where_its_gate_is_shut(dtype):
    x = np.array([[-INF, 2.0], [-1e18, 2.0], [1e18, 2.0], [np.nan, 2.0]])
    y, dx = value_and_slope({"layer": "swiglu"}, x, dtype)
    np.testing.assert_allclose(y[:3, 0], [0, 0, 2e18], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(dx[:3, 0], [0, 0, 2], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(dx[:3, 1], [0, 0, 1e18], rtol=1e-6, atol=1e-6)
    assert np.isnan(y[3]).all()
    assert np.isnan(dx[3]).all()
