"""Residual and other layers in a whole: names, nesting, what is refused, how weights begin."""

import numpy as np
import pytest

from engine.activations import Relu, Sin, Tanh
from engine.builder import IOSpec
from engine.component import build, tree_of
from engine.errors import InputError
from engine.initializers import He, LeCun, Siren, Xavier
from engine.layers import Layer
from engine.layers.activations import Activate
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.norms import BatchNorm, LayerNorm
from engine.layers.residual import Residual
from engine.layers.shape import Flatten
from engine.network import trace
from helpers.rigs import LayerRig

NESTED = [
    {"layer": "dense", "units": 6},
    {
        "layer": "residual",
        "layers": [
            {"layer": "layer_norm"},
            {"layer": "dense", "units": 8, "activation": {"name": "leaky_relu", "slope": 0.2}},
            {"layer": "residual", "layers": [{"layer": "dense", "units": 8}]},
            {"layer": "dense", "units": 6},
        ],
    },
    {"layer": "dense"},
]


def read(tree: list[dict]) -> list[Layer]:
    return build(list[Layer], tree, "model")


def test_a_residual_adds_what_its_layers_make_of_its_input():
    rig = LayerRig([Residual([Dense(units=4), Activate(Tanh())])], (3, 4))
    x = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_allclose(rig.outputs(x), x + np.tanh(x @ rig.memory["residual1.dense1.weight"]))


def test_nested_layers_are_read_and_written():
    layers = read(NESTED)
    assert layers[1] == Residual(
        [
            LayerNorm(),
            build(Layer, NESTED[1]["layers"][1]),
            Residual([Dense(units=8)]),
            Dense(units=6),
        ]
    )
    assert read(tree_of(layers)) == layers


def test_parameters_are_named_by_their_place():
    network = trace(read(NESTED), IOSpec((5,), 3))
    names = [p.name for p in network.parameters]
    assert [n for n in names if n.endswith("weight")] == [
        "dense1.weight",
        "residual2.dense2.weight",
        "residual2.residual3.dense1.weight",
        "residual2.dense4.weight",
        "dense3.weight",
    ]
    assert "residual2.layer_norm1.gain" in names
    blocks = {block.name: block.parameters for block in network.blocks}
    assert set(blocks["residual2"]) == {n for n in names if n.startswith("residual2.")}
    assert blocks["residual2.residual3.dense1"] == (
        "residual2.residual3.dense1.weight",
        "residual2.residual3.dense1.bias",
    )


def test_hyperparameters_are_named_by_their_place_and_may_change():
    rig = LayerRig(read(NESTED), (2, 5))
    x = np.random.default_rng(0).normal(size=(2, 5))
    slope = rig.memory["residual2.dense2.activation.slope"]
    assert slope == [0.2]
    before = rig.outputs(x)
    slope[0] = 0.5
    assert (rig.outputs(x) != before).any()


def test_only_weights_decay():
    network = trace([Dense(units=4), BatchNorm(), LayerNorm(), Dense()], IOSpec((5,), 3))
    assert {p.name for p in network.parameters if p.decay} == {"dense1.weight", "dense4.weight"}


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ([{"layer": "residual", "layers": []}], r"model\.0: needs at least one layer"),
        ([{"layer": "residual"}], r"model\.0\.layers is missing"),
        (
            [{"layer": "flatten"}, {"layer": "residual", "layers": [{"layer": "dropout", "rat": 0.1}]}],
            r"model\.1\.layers\.0\.rat: unknown key; did you mean 'rate'",
        ),
        (
            [{"layer": "residual", "layers": [{"layer": "dropout", "rate": 1.0}]}],
            r"model\.0\.layers\.0\.rate = 1\.0",
        ),
    ],
)
def test_what_cannot_be_read_is_named_by_its_path(tree, message):
    with pytest.raises(InputError, match=message):
        read(tree)


def test_a_residual_that_changes_the_shape_is_refused():
    with pytest.raises(InputError, match=r"model\.0 \(residual\): its layers turn \(5,\) into \(4,\)"):
        trace([Residual([Dense(units=4)]), Dense()], IOSpec((5,), 3))


def test_an_error_within_a_residual_is_named_by_its_path():
    layers = [Dense(units=4), Residual([Dense(units=4), Residual([Dense(units=5)])]), Dense()]
    with pytest.raises(InputError, match=r"model\.1\.layers\.1 \(residual\)"):
        trace(layers, IOSpec((5,), 3))


def test_flatten_keeps_the_values_and_needs_no_memory():
    rig = LayerRig([Flatten()], (2, 3, 4))
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(rig.outputs(x), x.reshape(2, 12))
    assert not rig.net.forward


@pytest.mark.parametrize(
    ("layers", "initializer"),
    [
        ([Dense(activation=Relu())], He()),
        ([Dense(activation=Tanh())], Xavier()),
        ([Dense()], LeCun()),
        ([Dense(activation=Sin(frequency=30.0))], Siren(frequency=30.0)),
        ([Dense(), BatchNorm(), Dropout(), Activate(Relu())], He()),
        ([Dense(), Flatten(), Activate(Tanh())], Xavier()),
        ([Dense(), Dense(activation=Relu())], LeCun()),
    ],
)
def test_weights_begin_as_suits_the_activation_that_follows(layers, initializer):
    network = trace(layers, IOSpec((5,), 3))
    assert {p.name: p.initializer for p in network.parameters}["dense1.weight"] == initializer
