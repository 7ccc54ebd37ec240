"""What a step is reckoned to cost, and into how many shards a batch is cut for it."""

import pytest

from engine.builder import IOSpec
from engine.component import build
from engine.data import prepare
from engine.experiment import experiment_from
from engine.layers import Layer
from engine.machine.kernel import product_kernel
from engine.network import NetworkSpec, trace
from engine.plan import MOST_SHARDS, flops, shards_for
from engine.trainer import Trainer


def network(layers: list[dict], io: IOSpec) -> NetworkSpec:
    return trace(build(list[Layer], layers), io)


def test_a_dense_layer_multiplies_each_weight_once_a_row():
    dense = network([{"layer": "dense", "units": 512}, {"layer": "dense"}], IOSpec((784,), 10))
    assert dense.multiplications == 784 * 512 + 512 * 10
    assert flops(dense, 100) == 6 * 100 * dense.multiplications


def test_a_convolution_multiplies_each_weight_at_every_place():
    layers = [{"layer": "conv2d", "filters": 16, "stride": 2}, {"layer": "global_pool"}, {"layer": "dense"}]
    images = network(layers, IOSpec((28, 28, 3), 10))
    assert images.multiplications == 14 * 14 * (3 * 3 * 3 * 16) + 14 * 14 * 16 + 16 * 10


def test_attention_counts_its_two_products_between_positions():
    T, D, V = 20, 8, 7
    layers = [{"layer": "embedding", "units": D}, {"layer": "attention", "heads": 2}, {"layer": "unembed"}]
    text = network(layers, IOSpec((T,), V, T, (V,)))
    maps, between, scores = T * D * 3 * D + T * D * D, 2 * T * T * D, T * D * V
    assert text.multiplications - (maps + between + scores) <= T * (D + V)  # looking up the vectors


@pytest.mark.parametrize("layer", ["rnn", "gru", "lstm"])
def test_a_recurrent_layer_multiplies_its_weights_at_every_step(layer):
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[layer]
    T, I, U = 30, 5, 64
    steps = network([{"layer": layer, "units": U}, {"layer": "dense"}], IOSpec((T, I), 2))
    assert steps.multiplications >= T * (I + U) * gates * U


def test_a_small_step_stays_whole_and_a_large_one_is_cut_where_each_part_uses_its_weights_often():
    small = network([{"layer": "dense", "units": 8}, {"layer": "dense"}], IOSpec((2,), 2))
    wide = network([{"layer": "dense", "units": 2000}, {"layer": "dense"}], IOSpec((784,), 10))
    images = network(
        [{"layer": "conv2d", "filters": 32}, {"layer": "conv2d", "filters": 32}, {"layer": "global_pool"},
         {"layer": "dense"}],
        IOSpec((28, 28, 1), 10),
    )  # fmt: skip
    assert shards_for(small, 1024) == 1
    assert shards_for(wide, 64) == 1
    assert shards_for(wide, 128) == 2
    assert shards_for(images, 64) == MOST_SHARDS
    assert shards_for(images, 3) == 1


def test_a_convolutional_network_gives_the_same_bits_on_one_thread_and_on_two():
    experiment = experiment_from(
        {
            "data": {"source": "digits"},
            "model": [
                {"layer": "conv2d", "filters": 16, "activation": "relu"},
                {"layer": "batch_norm"},
                {"layer": "max_pool"},
                {"layer": "conv2d", "filters": 32, "activation": "relu"},
                {"layer": "global_pool"},
                {"layer": "dense"},
            ],
            "loss": {"name": "cross_entropy"},
            "training": {"batch_size": 96, "steps": 8},
        }
    )
    found = []
    for threads in (1, 2):
        trainer = Trainer(experiment, prepare(experiment.data, 1), threads=threads)
        assert trainer.experiment.training.shards == MOST_SHARDS
        assert trainer.parallel == (threads == 2)
        trainer.start()
        while not trainer.finished:
            trainer.advance()
        found.append({name: array.tobytes() for name, array in trainer.arrays().items()})
    assert found[0] == found[1]


def test_work_in_sizes_that_a_kernel_does_not_have_is_refused():
    with pytest.raises(ValueError, match="odd: there is no size K to count its work in"):

        @product_kernel("N,K")
        def odd(x: "N", y: "N"): ...


def test_of_a_large_table_only_the_rows_that_are_looked_up_count():
    ratings = network([{"layer": "factorization", "units": 8}], IOSpec((2,), 1, vocabulary=(1000, 9000)))
    assert ratings.size > 80_000
    assert ratings.multiplications == 8
    assert shards_for(ratings, 256) == 1
    layers = [{"layer": "embedding", "units": 16}, {"layer": "flatten"}, {"layer": "dense"}]
    assert network(layers, IOSpec((3,), 1, vocabulary=(50_000,))).multiplications < 200
