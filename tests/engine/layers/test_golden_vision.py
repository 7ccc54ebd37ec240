"""Convolution, pooling, up-sampling, patches and batch norm over images against values made with PyTorch."""

import pytest

from engine.activations import Relu, Tanh
from engine.layers.base import Layer
from engine.layers.convolution import Conv1d, Conv2d, Patch
from engine.layers.dense import Dense
from engine.layers.norms import BatchNorm
from engine.layers.pooling import AveragePool, GlobalPool, MaxPool, Upsample
from helpers.golden import PRECISION, golden_case, relative_error
from helpers.rigs import LayerRig, compare

CASES: dict[str, list[Layer]] = {
    "conv2d": [Conv2d(filters=5)],
    "conv2d_valid": [Conv2d(filters=4, kernel=2, stride=2, padding="valid")],
    "conv2d_even_same": [Conv2d(filters=3, kernel=4, stride=2)],
    "conv2d_one_channel": [Conv2d(filters=6, kernel=5)],
    "patch": [Patch(size=2, units=7)],
    "conv1d": [Conv1d(filters=5, kernel=5, stride=2)],
    "max_pool": [MaxPool()],
    "max_pool_same": [MaxPool(window=3, stride=2, padding="same")],
    "max_pool_line": [MaxPool(window=3, stride=2)],
    "average_pool": [AveragePool()],
    "average_pool_same": [AveragePool(window=3, stride=2, padding="same")],
    "average_pool_line": [AveragePool()],
    "global_average": [GlobalPool()],
    "global_max": [GlobalPool(kind="max")],
    "upsample": [Upsample()],
    "upsample_line": [Upsample(factor=3)],
    "batch_norm": [BatchNorm(momentum=0.2)],
    "network": [
        Conv2d(filters=4, activation=Relu()),
        MaxPool(),
        Conv2d(filters=6, activation=Tanh()),
        MaxPool(),
        Dense(units=3),
    ],
}


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("name", CASES)
def test_layer(name, dtype):
    compare(CASES[name], golden_case(f"vision/{name}"), dtype)


@pytest.mark.parametrize("dtype", PRECISION)
def test_running_statistics_of_batch_norm_over_images(dtype):
    case = golden_case("vision/batch_norm")
    rigs = [
        LayerRig(CASES["batch_norm"], case["x"].shape, dtype=dtype, training=training)
        for training in (True, False)
    ]
    for rig in rigs:
        for name in ("batch_norm1.gain", "batch_norm1.bias"):
            rig.memory[name][...] = case[name]
    training, evaluation = rigs
    for name in ("mean", "variance"):
        training.memory[f"batch_norm1.{name}"][...] = case[name]
    training.outputs(case["x"])
    training.after()
    for name in ("mean", "variance"):
        after = training.memory[f"batch_norm1.{name}"]
        assert relative_error(after, case[f"{name}_after"]) < PRECISION[dtype]
        evaluation.memory[f"batch_norm1.{name}"][...] = after
    assert relative_error(evaluation.outputs(case["x"]), case["evaluated"]) < PRECISION[dtype]
