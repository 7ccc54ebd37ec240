"""What layers say about themselves: activation, streaming, pictures, roles of parameters."""

import pytest

from engine.activations import Identity, Relu, Tanh
from engine.builder import IOSpec, Role
from engine.component import members
from engine.data import prepare
from engine.diagnostics import layer_states
from engine.experiment import experiment_from
from engine.layers import Layer
from engine.layers.activations import Activate
from engine.layers.convolution import Conv2d, Patch
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding, Position, Unembed
from engine.layers.norms import BatchNorm
from engine.layers.recurrent import Lstm, Rnn
from engine.network import trace
from engine.trainer import Trainer


def test_a_layer_names_the_activation_that_its_outputs_went_through():
    assert (
        Dense(activation=Relu()).activates == Activate(Relu()).activates == Rnn(activation="relu").activates
    )
    assert Dense().activates == Identity()
    assert Rnn().activates == Tanh()
    assert Dropout().activates is Lstm().activates is None


def test_the_layers_whose_outputs_are_worth_a_look_as_images_include_activations():
    shown = {tag for tag, layer in members(Layer).items() if layer.feature_maps}
    assert shown == {"conv2d", "max_pool", "average_pool", "upsample", "activation"}
    assert Conv2d.image_filters
    assert Patch.image_filters


def test_the_last_weights_are_the_head_also_with_an_activation_behind_them():
    def roles(model, outputs=2):
        return {p.name: p.role for p in trace(model, IOSpec((3,), outputs)).parameters}

    assert roles([Dense(units=4), Dense()])["dense1.weight"] is Role.HIDDEN
    assert roles([Dense(units=4), Dense()])["dense2.weight"] is Role.HEAD
    assert roles([Dense(units=2)])["dense1.weight"] is Role.HEAD
    assert roles([Dense(units=4), Dense(units=2), Activate(Tanh())])["dense2.weight"] is Role.HEAD
    assert roles([Dense(units=4), BatchNorm(), Dense()])["batch_norm2.bias"] is Role.NORM


def test_tables_of_vectors_have_roles_of_their_own():
    model = [Embedding(units=8), Position(), Unembed(tied=False)]
    roles = {p.name: p.role for p in trace(model, IOSpec((4,), 5, 4, (5,))).parameters}
    assert roles == {
        "embedding1.weight": Role.EMBEDDING, "position2.weight": Role.POSITION, "unembed3.weight": Role.HEAD
    }  # fmt: skip


@pytest.mark.parametrize("role", Role)
def test_weights_decay_and_biases_and_norms_do_not(role):
    assert role.decays == (role not in ("bias", "norm"))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_recurrent_layer_is_diagnosed_by_its_activation(activation):
    model = [
        {"layer": "reshape", "shape": [2, 1]},
        {"layer": "rnn", "units": 4, "activation": activation, "output": "last"},
    ]
    experiment = experiment_from(
        {
            "data": {"source": "moons"},
            "model": [*model, {"layer": "dense"}],
            "loss": {"name": "cross_entropy"},
            "training": {"steps": 2},
        }
    )
    trainer = Trainer(experiment, prepare(experiment.data, 1))
    trainer.start()
    trainer.advance()
    state = layer_states(trainer)[0]  # what only reshapes has none
    assert (state.saturated is None, state.dead is None) == (activation == "relu", activation == "tanh")
