"""MNIST-1D: the published rows, and others for another seed."""

from pathlib import Path

import numpy as np

from engine.data import prepare
from engine.data.sources.mnist1d import TEST, TRAIN, Mnist1d

GOLDEN = Path(__file__).parents[3] / "reference" / "golden_mnist1d.npz"


def test_the_rows_are_the_published_ones_whatever_the_seed_of_the_experiment():
    with np.load(GOLDEN) as file:
        x, y = file["mnist1d/x"], file["mnist1d/y"]
    dataset = prepare(Mnist1d(), 7, "float64")
    mine = [np.concatenate([getattr(rows, name) for rows in (dataset.train, dataset.test)]) for name in "xy"]
    np.testing.assert_allclose(mine[0][::100, :, 0], x, rtol=0, atol=1e-13)
    assert (mine[1][:, 0] == y).all()
    assert (len(dataset.train), len(dataset.test)) == (TRAIN, TEST)
    assert dataset.input_shape == (40, 1)
    assert dataset.outputs == 10


def test_rows_for_validation_are_further_ones_of_the_same_kind():
    dataset = prepare(Mnist1d(validation=200), 1)
    assert len(dataset.val) == 200
    assert (np.bincount(dataset.val.y[:, 0].astype(int)) == 20).all()
    assert abs(float(dataset.val.x.std()) - 1) < 0.05
    assert not (dataset.val.x[:, None] == dataset.test.x[None, :200]).all(axis=(2, 3)).any()
    assert len(prepare(Mnist1d(validation=0), 1).val) == 0


def test_another_seed_gives_other_rows():
    x = [Mnist1d(seed=seed, validation=0).load(np.random.default_rng(0)).x for seed in (1, 2)]
    assert (x[0] != x[1]).mean() > 0.99
