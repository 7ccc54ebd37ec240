"""Batch norm: its running statistics, in one shard and in several, and what evaluation does with them."""

import numpy as np
import pytest

from engine.errors import InputError
from engine.layers.norms import BatchNorm
from helpers.rigs import LayerRig

X = np.random.default_rng(0).normal(3, 2, (8, 4))


def test_running_statistics_move_by_momentum_towards_those_of_the_batch():
    rig = LayerRig([BatchNorm(momentum=0.25)], X.shape)
    rig.outputs(X)
    rig.after()
    np.testing.assert_allclose(rig.memory["batch_norm1.mean"], 0.25 * X.mean(0))
    np.testing.assert_allclose(rig.memory["batch_norm1.variance"], 0.75 + 0.25 * X.var(0, ddof=1))


def test_the_forward_pass_alone_leaves_running_statistics_as_they_are():
    rig = LayerRig([BatchNorm()], X.shape)
    rig.outputs(X)
    assert (rig.memory["batch_norm1.mean"] == 0).all()
    assert (rig.memory["batch_norm1.variance"] == 1).all()


def test_each_of_several_shards_counts_a_part_of_the_momentum():
    rig = LayerRig([BatchNorm(momentum=0.2)], X.shape, shards=4)
    rig.outputs(X)
    rig.after()
    np.testing.assert_allclose(rig.memory["batch_norm1.mean"], 0.05 * X.mean(0))


def test_evaluation_uses_the_running_statistics_for_each_row_alone():
    rig = LayerRig([BatchNorm(epsilon=1e-5)], X.shape, training=False)
    rig.memory["batch_norm1.mean"][:] = 2
    rig.memory["batch_norm1.variance"][:] = 9
    np.testing.assert_allclose(rig.outputs(X), (X - 2) / np.sqrt(9 + 1e-5))
    assert not rig.net.after


def test_a_shard_of_one_row_is_refused():
    with pytest.raises(InputError, match=r"model\.0 \(batch_norm\): needs at least 2 rows"):
        LayerRig([BatchNorm()], (1, 4), data=True)


def test_a_constant_feature_gives_its_bias():
    x = X.copy()
    x[:, 1] = 5
    assert (LayerRig([BatchNorm()], X.shape).outputs(x)[:, 1] == 0).all()
