"""Convolution, pooling, up-sampling and patches: gradients against finite differences, shapes, what is refused."""

import numpy as np
import pytest

from engine.activations import Tanh
from engine.builder import IOSpec
from engine.component import build
from engine.errors import InputError
from engine.layers import Layer, convolution
from engine.layers.attention import Attention
from engine.layers.convolution import Conv1d, Conv2d, Patch
from engine.layers.dense import Dense
from engine.layers.embedding import Position
from engine.layers.norms import BatchNorm, LayerNorm
from engine.layers.pooling import AveragePool, GlobalPool, MaxPool, Upsample
from engine.layers.residual import Residual
from engine.layers.shape import Flatten, Reshape
from engine.layers.transformer import Transformer
from engine.network import trace
from helpers.rigs import LayerRig, damage

LIMIT = 1e-6
# layers, the input, the output
CASES = {
    "conv2d": ([Conv2d(filters=3)], (2, 5, 4, 2), (5, 4, 3)),
    "conv2d of one channel": ([Conv2d(filters=4)], (3, 5, 7, 1), (5, 7, 4)),
    "conv2d without a channel axis": ([Conv2d(filters=2)], (3, 5, 7), (5, 7, 2)),
    "conv2d of many channels": ([Conv2d(filters=1)], (2, 3, 3, 19), (3, 3, 1)),
    "conv2d with a stride": ([Conv2d(filters=2, stride=2)], (2, 5, 6, 2), (3, 3, 2)),
    "conv2d with an even kernel": ([Conv2d(filters=2, kernel=4)], (2, 5, 6, 2), (5, 6, 2)),
    "conv2d within the image": ([Conv2d(filters=2, kernel=4, padding="valid")], (2, 5, 4, 3), (2, 1, 2)),
    "conv2d that leaves a rest": (
        [Conv2d(filters=2, kernel=2, stride=3, padding="valid")], (2, 7, 4, 2), (2, 1, 2),
    ),
    "conv2d with a stride beyond its kernel": ([Conv2d(filters=2, kernel=1, stride=3)], (2, 7, 4, 2), (3, 2, 2)),
    "conv2d without bias": ([Conv2d(filters=3, bias=False, activation=Tanh())], (2, 3, 4, 2), (3, 4, 3)),
    "conv2d larger than the image": ([Conv2d(filters=2, kernel=5)], (2, 2, 1, 3), (2, 1, 2)),
    "conv1d": ([Conv1d(filters=3, kernel=5, stride=2)], (4, 9, 2), (5, 3)),
    "conv1d without a channel axis": ([Conv1d(filters=3, kernel=2)], (4, 9), (9, 3)),
    "patch": ([Patch(size=2, units=5)], (3, 4, 6, 2), (6, 5)),
    "max_pool": ([MaxPool()], (2, 5, 4, 3), (2, 2, 3)),
    "max_pool over the border": ([MaxPool(window=3, stride=2, padding="same")], (2, 5, 4, 3), (3, 2, 3)),
    "max_pool of overlapping windows": ([MaxPool(window=3, stride=1)], (2, 5, 4, 3), (3, 2, 3)),
    "max_pool of steps": ([MaxPool(window=3)], (2, 7, 4), (2, 4)),
    "average_pool": ([AveragePool()], (2, 5, 4, 3), (2, 2, 3)),
    "average_pool over the border": ([AveragePool(window=3, stride=2, padding="same")], (2, 5, 4, 3), (3, 2, 3)),
    "average_pool of steps": ([AveragePool(window=3, stride=1)], (2, 7, 4), (5, 4)),
    "global_pool": ([GlobalPool()], (2, 5, 4, 3), (3,)),
    "global_pool of steps": ([GlobalPool(kind="max")], (2, 5, 3), (3,)),
    "upsample": ([Upsample()], (2, 3, 2, 3), (6, 4, 3)),
    "upsample of steps": ([Upsample(factor=3)], (2, 3, 2), (9, 2)),
    "batch_norm over images": ([BatchNorm()], (2, 3, 2, 3), (3, 2, 3)),
    "down and up": (
        [Conv2d(filters=4, stride=2, activation=Tanh()), Flatten(), Dense(units=2), Dense(units=8),
         Reshape([2, 2, 2]), Upsample(), Conv2d(filters=1, kernel=2)],
        (2, 4, 4, 1), (4, 4, 1),
    ),
    "residual": ([Conv2d(filters=2), Residual([Conv2d(filters=2), BatchNorm()])], (2, 4, 3, 2), (4, 3, 2)),
    "vision transformer": (
        [Patch(size=2, units=4), Position(), Transformer(heads=2, causal=False), LayerNorm(), GlobalPool()],
        (2, 4, 4, 1), (4,),
    ),
}  # fmt: skip


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape)


@pytest.mark.parametrize("name", CASES)
def test_gradients(name):
    layers, shape, output = CASES[name]
    rig = LayerRig(layers, shape, guarded=True)
    assert rig.y.shape == (shape[0], *output)
    assert rig.gradient_error(numbers(*shape)) < LIMIT
    assert damage(rig.memory) == []


@pytest.mark.parametrize("name", [name for name in CASES if "conv" in name or name == "patch"])
def test_gradients_where_the_input_is_the_data(name):
    layers, shape, _ = CASES[name]
    assert LayerRig(layers, shape, data=True).gradient_error(numbers(*shape)) < LIMIT


@pytest.mark.parametrize("layer", [MaxPool(), AveragePool(), GlobalPool(), Upsample()], ids=lambda l: l.tag())
def test_pooled_data_needs_no_gradient(layer):
    rig = LayerRig(
        [layer, Conv2d(filters=2) if layer.tag() != "global_pool" else Dense(units=2)],
        (2, 4, 4, 2),
        data=True,
    )
    assert rig.gradient_error(numbers(2, 4, 4, 2)) < LIMIT


def test_images_are_unfolded_a_few_at_a_time_with_the_same_result(monkeypatch):
    """Seven images: all at once, three at a time with one left over, one by one."""
    results = []
    for images in (7, 3, 1):
        monkeypatch.setattr(convolution, "SMALL_PRODUCT", images * 12 * 18 * 3)
        rig = LayerRig([Conv2d(filters=3)], (7, 4, 3, 2), guarded=True)
        assert rig.memory["conv2d1.patches"].shape == (images * 12, 18)
        assert rig.gradient_error(numbers(7, 4, 3, 2)) < LIMIT
        assert damage(rig.memory) == []
        results.append({name: gradient.copy() for name, (_, gradient) in rig.tensors().items()})
    for other in results[1:]:
        for name, gradient in results[0].items():
            np.testing.assert_allclose(other[name], gradient, rtol=1e-10, atol=1e-10)


def test_the_first_of_equal_values_gets_the_gradient_of_a_window():
    rig = LayerRig([MaxPool()], (1, 2, 2, 1))
    rig.outputs(np.zeros((1, 2, 2, 1)))
    rig.backward(np.ones((1, 1, 1, 1)))
    assert rig.x.gradient.array.ravel().tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    "layer", [MaxPool(), GlobalPool(), GlobalPool(kind="max"), AveragePool(), Upsample()]
)
@pytest.mark.parametrize("place", [0, 3])
def test_what_is_not_a_number_passes_through(layer, place):
    x = np.ones((1, 2, 2, 1))
    x.reshape(-1)[place] = np.nan
    assert np.isnan(LayerRig([layer], x.shape).outputs(x)).any()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Conv2d(kernel=5, padding="valid"), (4, 8, 1), "a window of 5 does not fit into 4"),
        (Conv2d(), (9,), r"needs images \(N, H, W, C\), the input is \(9,\) a row"),
        (Conv1d(), (4, 4, 1), r"needs sequences \(N, T, C\), the input is \(4, 4, 1\) a row"),
        (MaxPool(window=3), (2, 5), "a window of 3 does not fit into 2"),
        (AveragePool(), (9,), r"needs \(N, T, C\) or \(N, H, W, C\)"),
        (GlobalPool(), (9,), r"needs \(N, T, C\) or \(N, H, W, C\)"),
        (Upsample(), (9,), r"needs \(N, T, C\) or \(N, H, W, C\)"),
        (Patch(size=3), (8, 9, 1), "squares of 3 do not cut 8 × 9 pixels without a rest"),
        (Reshape([2, 2]), (9,), r"\(9,\) holds 9 values a row, \[2, 2\] 4"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(layer, shape, message):
    with pytest.raises(InputError, match=rf"model\.0 \({layer.tag()}\): {message}"):
        trace([layer, Flatten(), Dense()], IOSpec(shape, 2))


def test_a_shape_of_nothing_is_refused():
    with pytest.raises(InputError, match=r"model\.0: shape = \[3, 0\]: expected lengths of at least 1"):
        build(list[Layer], [{"layer": "reshape", "shape": [3, 0]}], "model")


def test_weights_have_the_axes_of_the_kernel_then_channels_then_filters():
    shapes = trace([Conv2d(filters=8, activation=Tanh()), GlobalPool(), Dense()], IOSpec((9, 9, 3), 2)).shapes
    assert shapes["conv2d1.weight"] == (3, 3, 3, 8)
    assert trace([Conv1d(filters=8), GlobalPool(), Dense()], IOSpec((9, 3), 2)).shapes["conv1d1.weight"] == (
        3,
        3,
        8,
    )


def test_attention_over_patches_sees_all_of_them():
    rig = LayerRig([Patch(size=2, units=4), Attention(heads=2, causal=False), GlobalPool()], (2, 4, 4, 3))
    assert rig.gradient_error(numbers(2, 4, 4, 3)) < LIMIT
