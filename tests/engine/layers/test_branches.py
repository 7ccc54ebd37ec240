"""Branches: what is joined, multiplied and picked, its gradients, and what a column is known to hold."""

import numpy as np
import pytest

from engine.activations import Tanh
from engine.builder import IOSpec
from engine.component import build, tree_of
from engine.errors import InputError
from engine.layers import Layer
from engine.layers.activations import Activate
from engine.layers.branches import Concat, Multiply, Select
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.norms import LayerNorm
from engine.layers.residual import Residual
from engine.network import trace
from helpers.rigs import LayerRig, damage

LIMIT = 1e-6
TOWERS = {
    "two": [[Dense(units=3)], [Dense(units=3, activation=Tanh())]],
    "three": [[Dense(units=2)], [Dense(units=4), Dense(units=2)], [Dense(units=2, activation=Tanh())]],
    "first empty": [[], [Dense(units=4, activation=Tanh())]],
    "last empty": [[Dense(units=4)], []],
    "all empty": [[], [], []],
    "in place first": [[Activate(Tanh()), LayerNorm()], [Dense(units=4)]],
    "in place later": [[Dense(units=4)], [LayerNorm(), Activate(Tanh())]],
    "within each other": [
        [Concat(branches=[[], [Dense(units=4)]]), Dense(units=4)],
        [Residual([Dense(units=4)])],
    ],
}


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape)


@pytest.mark.parametrize("branches", TOWERS.values(), ids=TOWERS)
@pytest.mark.parametrize("kind", [Concat, Multiply])
@pytest.mark.parametrize("data", [False, True], ids=["inside", "on the data"])
def test_gradients_of_branches(kind, branches, data):
    rig = LayerRig([kind(branches=branches)], (5, 4), data=data, guarded=True)
    assert rig.gradient_error(numbers(5, 4)) < LIMIT
    assert damage(rig.memory) == []


def test_gradients_of_branches_between_other_layers():
    layers = [Dense(units=6, activation=Tanh()), Multiply(branches=TOWERS["two"]), Dense(units=2)]
    assert LayerRig(layers, (7, 5)).gradient_error(numbers(7, 5)) < LIMIT


def test_gradients_over_time_steps():
    layers = [Concat(branches=[[LayerNorm()], [], [Select(column=1)]])]
    rig = LayerRig(layers, (3, 5, 4))
    assert rig.y.shape == (3, 5, 9)
    assert rig.gradient_error(numbers(3, 5, 4)) < LIMIT


@pytest.mark.parametrize("shape", [(4, 1), (4, 3), (2, 5, 3)], ids=str)
def test_gradients_of_a_selected_column(shape):
    rig = LayerRig([Select(column=shape[-1] - 1)], shape, guarded=True)
    x = numbers(*shape)
    np.testing.assert_array_equal(rig.outputs(x), x[..., -1:])
    assert rig.gradient_error(x) < LIMIT
    assert damage(rig.memory) == []


@pytest.mark.parametrize(("column", "count"), [(0, 2), (1, 2), (2, 0), (0, 0)])
def test_gradients_of_several_selected_columns(column, count):
    rig = LayerRig([Select(column=column, count=count)], (5, 4), guarded=True)
    x = numbers(5, 4)
    np.testing.assert_array_equal(rig.outputs(x), x[:, column : column + count if count else 4])
    assert rig.gradient_error(x) < LIMIT
    assert damage(rig.memory) == []


def test_concat_joins_along_the_last_axis_in_order():
    rig = LayerRig([Concat(branches=[[Select(column=2)], [], [Activate(Tanh())]])], (6, 3))
    x = numbers(6, 3)
    np.testing.assert_allclose(rig.outputs(x), np.concatenate([x[:, 2:], x, np.tanh(x)], axis=1))


def test_multiply_is_a_product_element_by_element():
    rig = LayerRig([Multiply(branches=[[], [Activate(Tanh())], []])], (6, 3))
    x = numbers(6, 3)
    np.testing.assert_allclose(rig.outputs(x), x * np.tanh(x) * x)


def test_branches_in_single_precision_give_what_double_precision_gives():
    layers = [Concat(branches=TOWERS["three"]), Multiply(branches=TOWERS["two"])]
    x = numbers(9, 4)
    single, double = (LayerRig(layers, (9, 4), dtype=dtype) for dtype in ("float32", "float64"))
    for name, (values, _) in double.tensors().items():
        values[...] = single.tensors()[name][0]
    np.testing.assert_allclose(single.outputs(x), double.outputs(x), rtol=1e-5, atol=1e-6)


def test_dropout_draws_other_masks_in_each_branch():
    rig = LayerRig([Concat(branches=[[Dropout(rate=0.5)], [Dropout(rate=0.5)]])], (8, 8))
    y = rig.outputs(np.ones((8, 8)))
    assert (y[:, :8] != y[:, 8:]).any()


def test_branches_are_read_and_written_and_name_their_parameters():
    tree = [
        {
            "layer": "concat",
            "branches": [
                [{"layer": "select", "column": 0}, {"layer": "dense", "units": 3}],
                [{"layer": "multiply", "branches": [[], [{"layer": "dense", "units": 2}]]}],
            ],
        },
        {"layer": "dense"},
    ]
    layers = build(list[Layer], tree, "model")
    assert build(list[Layer], tree_of(layers), "model") == layers
    network = trace(layers, IOSpec((2,), 1))
    assert {"concat1.branch1.dense2.weight", "concat1.branch2.multiply1.branch2.dense1.weight"} <= set(
        network.shapes
    )
    blocks = {block.name: block for block in network.blocks}
    assert blocks["concat1"].shape == (5,)
    assert set(blocks["concat1"].parameters) == {n for n in network.shapes if n.startswith("concat1.")}


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            Concat(branches=[[], [Dense(units=3)]]),
            r"model\.0 \(concat\): its branches give \(2, 4\) and \(3,\); all axes but the last",
        ),
        (
            Multiply(branches=[[Dense(units=2)], [Dense(units=3)]]),
            r"model\.0 \(multiply\): its branches give \(2,\) and \(3,\); a product needs equal shapes",
        ),
        (Select(column=4), r"model\.0 \(select\): column = 4: the input has 4 columns, 0 to 3"),
        (Select(column=2, count=3), r"model\.0 \(select\): column = 2, count = 3: the input has 4 columns"),
        (
            Concat(branches=[[], [Select(column=9)]]),
            r"model\.0\.branches\.1\.0 \(select\): column = 9",
        ),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(layer, message):
    with pytest.raises(InputError, match=message):
        trace([layer, Dense()], IOSpec((2, 4), 1))


def test_a_single_branch_is_refused():
    with pytest.raises(InputError, match=r"model\.0: needs at least two branches"):
        build(list[Layer], [{"layer": "concat", "branches": [[]]}], "model")


@pytest.mark.parametrize(
    ("vocabulary", "column", "expected"),
    [((7, 9), 1, (9,)), ((7, 0), 1, (0,)), ((7,), 1, (7,)), ((), 1, ())],
    ids=str,
)
def test_a_selected_column_keeps_its_vocabulary(vocabulary, column, expected):
    layers, seen = asking()
    trace([Concat(branches=[[Select(column=column), *layers], []])], IOSpec((2,), 3, vocabulary=vocabulary))
    assert seen == [expected]


def test_what_a_layer_computed_has_no_vocabulary():
    (layer,), seen = asking()
    trace([layer, Dense(units=2), layer], IOSpec((2,), 2, vocabulary=(7, 9)))
    assert seen == [(7, 9), ()]


def asking() -> tuple[list[Layer], list[tuple[int, ...]]]:
    """A layer that passes its input on, and the vocabularies it met."""
    seen = []

    class Asking(Layer):
        def plan(self, net, x):
            seen.append(net.vocabulary_of(x))
            return x

    return [Asking()], seen
