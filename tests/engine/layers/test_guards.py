"""Nothing out of bounds: trainings with guard words between all tensors, one for each layer, loss and optimizer."""

import numpy as np
import pytest

from engine.activations import Activation
from engine.component import members
from engine.data import prepare
from engine.experiment import experiment_from
from engine.layers import Layer
from engine.losses import Loss
from engine.optimizers import Optimizer
from engine.trainer import Trainer
from helpers.rigs import damage

CLASSES = {"source": "moons", "samples": 90, "noise": 0.1}
NUMBERS = {"source": "linear", "samples": 90}
RATINGS = {"source": "low-rank-ratings", "users": 11, "items": 9, "samples": 70}
SUMS = {"source": "addition", "digits": 1, "samples": 100}
LAYERS = {
    "dense": {"layer": "dense", "units": 7},
    "dropout": {"layer": "dropout", "rate": 0.3},
    "batch_norm": {"layer": "batch_norm"},
    "layer_norm": {"layer": "layer_norm"},
    "flatten": {"layer": "flatten"},
    "residual": {"layer": "residual", "layers": [{"layer": "dense", "units": 5}]},
    "concat": {"layer": "concat", "branches": [[{"layer": "dense", "units": 3}], []]},
    "multiply": {"layer": "multiply", "branches": [[], [{"layer": "dense", "units": 5}], []]},
    "select": {"layer": "select", "column": 4},
} | {name: {"layer": "activation", "function": name} for name in members(Activation)}

EMBEDDING, UNEMBED = {"layer": "embedding", "units": 6}, {"layer": "unembed"}
UNEMBED_OWN = {"layer": "unembed", "tied": False}
TEXT = {
    "embedding": [EMBEDDING, UNEMBED],
    "unembed": [EMBEDDING, UNEMBED_OWN],
    "position": [EMBEDDING, {"layer": "position"}, UNEMBED],
    "rms_norm": [EMBEDDING, {"layer": "rms_norm"}, UNEMBED],
    "swiglu": [EMBEDDING, {"layer": "swiglu"}, {"layer": "dense", "over": "position", "bias": False}],
    "attention": [
        EMBEDDING,
        {"layer": "attention", "heads": 3, "kv_heads": 1, "rotary": True, "qk_norm": True},
        UNEMBED,
    ],
    "rnn": [EMBEDDING, {"layer": "rnn", "units": 5, "activation": "relu"}, UNEMBED_OWN],
    "gru": [EMBEDDING, {"layer": "gru", "units": 3, "bidirectional": True}, UNEMBED],
    "lstm": [EMBEDDING, {"layer": "lstm", "units": 5, "layers": 2, "dropout": 0.2}, UNEMBED_OWN],
    "transformer": [EMBEDDING, {"layer": "transformer", "blocks": 2, "heads": 2, "dropout": 0.1}, UNEMBED],
}

CONV2D = {"layer": "conv2d", "filters": 3, "activation": "relu"}
STEPS = {"layer": "reshape", "shape": [8, 8]}
IMAGES = {
    "conv2d": [CONV2D, {"layer": "conv2d", "filters": 5, "kernel": 2, "stride": 3}],
    "conv1d": [STEPS, {"layer": "conv1d", "filters": 3, "kernel": 3, "padding": "valid"}],
    "max_pool": [CONV2D, {"layer": "max_pool", "window": 3, "padding": "same"}],
    "average_pool": [CONV2D, {"layer": "average_pool", "window": 3, "padding": "same"}],
    "global_pool": [CONV2D, {"layer": "global_pool", "kind": "max"}],
    "upsample": [{"layer": "average_pool"}, CONV2D, {"layer": "upsample"}],
    "patch": [{"layer": "patch", "size": 2, "units": 6}, {"layer": "position"}],
    "reshape": [STEPS, {"layer": "dense", "units": 5, "over": "position"}],
}


TOWER = [{"layer": "embedding", "units": 3}, {"layer": "flatten"}, {"layer": "dense", "units": 5}]
OF_RATINGS = {
    "factorization": [{"layer": "factorization", "units": 3}],
    "two towers": [
        {"layer": "multiply", "branches": [[{"layer": "select", "column": i}, *TOWER] for i in (0, 1)]},
        {"layer": "dense"},
    ],
}


def train(
    layers: list[dict], loss: str = "cross_entropy", optimizer: str = "sgd", **training: object
) -> Trainer:
    """20 steps of a guarded training with odd sizes; the loss stays finite and every guard whole."""
    regression = loss in ("mse", "mae", "huber")
    tree = {
        "data": NUMBERS if regression else CLASSES,
        "model": [
            {"layer": "dense", "units": 5},
            *layers,
            {"layer": "dense", "units": 3},
            {"layer": "dense"},
        ],
        "loss": {"name": loss},
        "optimizer": {"name": optimizer},
        "training": {"batch_size": 13, "steps": 20, **training},
    }
    return check(tree)


def check(tree: dict) -> Trainer:
    """A guarded training of the experiment to its end."""
    experiment = experiment_from(tree)
    dataset = prepare(experiment.data, 1, np.dtype(experiment.training.precision))
    trainer = Trainer(experiment, dataset, guarded=True, threads=1)
    trainer.start()
    while not trainer.finished:
        trainer.advance()
    assert trainer.progress.ended == "done"
    assert damage(trainer.memory) == []
    return trainer


@pytest.mark.parametrize("name", LAYERS)
def test_a_training_with_this_layer_writes_nowhere_else(name):
    train([LAYERS[name]])


@pytest.mark.parametrize("name", LAYERS)
def test_the_same_in_shards_and_with_accumulated_gradients(name):
    train([LAYERS[name]], shards=3, accumulate=2)


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("name", TEXT)
def test_a_training_on_text_with_this_layer_writes_nowhere_else(name, shards):
    training = {"batch_size": 7, "steps": 20, "shards": shards}
    check(
        {
            "data": SUMS,
            "model": TEXT[name],
            "loss": {"name": "cross_entropy"},
            "optimizer": {"name": "adam"},
            "training": training,
        }
    )


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("name", OF_RATINGS)
def test_a_training_on_ratings_with_this_layer_writes_nowhere_else(name, shards):
    rate(name, shards=shards)


def rate(name: str, **training: object) -> Trainer:
    tree = {
        "data": RATINGS,
        "model": OF_RATINGS[name],
        "loss": {"name": "mse"},
        "optimizer": {"name": "sgd"},
        "training": {"batch_size": 7, "steps": 20, "l2": 0.01, **training},
    }
    return check(tree)


def train_on_digits(layers: list[dict], **training: object) -> Trainer:
    return check(
        {
            "data": {"source": "digits", "split": {"train": 0.1, "val": 0.1, "test": 0}},
            "model": [*layers, {"layer": "dense"}],
            "loss": {"name": "cross_entropy"},
            "training": {"steps": 10, **training},
        }
    )


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("name", IMAGES)
def test_a_training_on_images_with_this_layer_writes_nowhere_else(name, shards):
    train_on_digits(IMAGES[name], batch_size=7, shards=shards)


@pytest.mark.parametrize("name", members(Loss))
def test_a_training_with_this_loss_writes_nowhere_else(name):
    train([], loss=name)


@pytest.mark.parametrize("name", members(Optimizer))
def test_a_training_with_this_optimizer_writes_nowhere_else(name):
    train([LAYERS["layer_norm"]], optimizer=name, clip_norm=1.0, l2=0.01)


def test_shards_and_accumulation_give_the_gradient_of_the_whole_batch():
    """Also with dropout: the masks belong to the rows."""
    cuts = [{"batch_size": 24}, {"batch_size": 24, "shards": 3}, {"batch_size": 6, "accumulate": 4}]
    layers = [LAYERS["dropout"], LAYERS["layer_norm"], LAYERS["residual"]]
    found = [train(layers, precision="float64", **cut).memory["dense1.weight"] for cut in cuts]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-9)


def test_shards_of_ratings_give_the_gradient_of_the_whole_batch():
    """Also where several of them meet the same user."""
    cuts = [{"batch_size": 24}, {"batch_size": 24, "shards": 3}, {"batch_size": 6, "accumulate": 4}]
    found = [rate("factorization", precision="float64", **cut).memory["factorization1.users"] for cut in cuts]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-9, atol=1e-15)


def test_shards_give_the_gradient_of_the_whole_batch_of_images():
    layers = [CONV2D, {"layer": "max_pool"}, IMAGES["conv2d"][1], {"layer": "global_pool"}]
    found = [
        train_on_digits(layers, precision="float64", batch_size=24, shards=shards).memory["conv2d1.weight"]
        for shards in (1, 5)
    ]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)


def test_every_layer_is_among_the_guarded_ones():
    ours = {tag for tag, cls in members(Layer).items() if cls.__module__.startswith("engine.")}
    assert ours - {"activation"} <= set(LAYERS) | set(TEXT) | set(IMAGES) | set(OF_RATINGS)
