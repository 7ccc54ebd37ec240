"""Activations and layers, forward and backward, against values made with PyTorch."""

import pytest

from engine.activations import Elu, Gelu, LeakyRelu, Relu, Sigmoid, Silu, Sin, Softplus, Tanh
from engine.layers.activations import Activate
from engine.layers.base import Layer
from engine.layers.dense import Dense
from engine.layers.norms import BatchNorm, LayerNorm
from engine.layers.residual import Residual
from engine.layers.shape import Flatten
from helpers.golden import PRECISION, golden_case, relative_error
from helpers.rigs import LayerRig, compare

ACTIVATIONS = [
    Relu(), LeakyRelu(slope=0.1), Elu(alpha=1.3), Gelu(), Silu(), Tanh(), Sigmoid(), Softplus(), Sin(frequency=3.0),
]  # fmt: skip
LAYERS: dict[str, list[Layer]] = {
    "dense": [Dense(units=4, activation=Tanh())],
    "flatten": [Flatten(), Dense(units=4)],
    "layer_norm": [LayerNorm()],
    "batch_norm": [BatchNorm(momentum=0.2)],
    "residual": [Residual([LayerNorm(), Dense(units=4, activation=Gelu()), Dense(units=5)])],
}


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.tag())
def test_activation(activation, dtype):
    compare([Activate(activation)], golden_case(f"activations/{activation.tag()}"), dtype)


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, dtype):
    compare(LAYERS[name], golden_case(f"layers/{name}"), dtype)


@pytest.mark.parametrize("dtype", PRECISION)
def test_running_statistics_and_evaluation_of_batch_norm(dtype):
    case = golden_case("layers/batch_norm")
    statistics = ("mean", "variance")
    rig = LayerRig(LAYERS["batch_norm"], case["x"].shape, dtype=dtype)
    for name in statistics:
        rig.memory[f"batch_norm1.{name}"][...] = case[name]
    rig.outputs(case["x"])
    rig.after()
    evaluation = LayerRig(LAYERS["batch_norm"], case["x"].shape, dtype=dtype, training=False)
    for name in statistics:
        after = rig.memory[f"batch_norm1.{name}"]
        assert relative_error(after, case[f"{name}_after"]) < PRECISION[dtype]
        evaluation.memory[f"batch_norm1.{name}"][...] = after
    for name in ("batch_norm1.gain", "batch_norm1.bias"):
        evaluation.memory[name][...] = case[name]
    assert relative_error(evaluation.outputs(case["x"]), case["evaluated"]) < PRECISION[dtype]
