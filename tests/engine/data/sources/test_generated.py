import numpy as np
import pytest

from engine.component import build, members
from engine.data import Source, prepare
from engine.data.sources.generated import Circles, Gauss, Linear, Logistic, Moons, Plane, Spiral, Xor
from engine.errors import InputError

PLANES = [cls for cls in members(Source).values() if issubclass(cls, Plane)]


def load(source):
    raw = source.load(np.random.default_rng(3))
    return raw.x, raw.y[:, 0]


@pytest.mark.parametrize("source", PLANES)
def test_two_classes_of_points_as_many_as_asked(source):
    x, y = load(source(samples=301))
    assert x.shape == (301, 2)
    assert set(y) == {0, 1}
    assert abs(y.mean() - 0.5) < 0.15


def test_a_line_without_noise_is_exact():
    x, y = load(Linear(slope=2.0, intercept=-1.0))
    assert x.min() == 0
    assert x.max() == 4
    assert np.allclose(y, 2 * x[:, 0] - 1)
    with pytest.raises(ValueError, match="must be below"):
        Linear(low=1.0, high=1.0)


def test_circles_without_noise_are_a_disc_and_a_ring():
    x, y = load(Circles())
    radius = np.hypot(*x.T)
    assert (radius[y == 1] <= 2.5).all()
    assert (radius[y == 0] >= 3.5).all()
    assert (radius <= 5).all()


def test_xor_without_noise_is_told_by_the_sign_of_the_product_and_keeps_off_the_axes():
    x, y = load(Xor())
    assert (np.abs(x) >= 0.3).all()
    assert ((x[:, 0] * x[:, 1] > 0) == (y == 1)).all()


def test_gauss_clouds_lie_at_two_and_minus_two_with_the_variance_of_the_noise():
    for noise, variance in ((0.0, 0.5), (0.5, 4.0)):
        x, y = load(Gauss(samples=20_000, noise=noise))
        assert np.allclose(x[y == 1].mean(axis=0), 2, atol=0.1)
        assert np.allclose(x[y == 0].mean(axis=0), -2, atol=0.1)
        assert np.allclose(x[y == 1].var(axis=0), variance, rtol=0.1)


def test_a_spiral_is_the_other_one_turned_by_half_a_turn():
    x, y = load(Spiral(samples=400))
    assert np.allclose(x[y == 0], -x[y == 1])
    assert np.isclose(np.hypot(*x[y == 0][-1]), 5 * 199 / 200)


def test_moons_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = load(Moons(samples=100))
    theirs, classes = datasets.make_moons(100, shuffle=False)
    assert np.allclose(x, theirs)
    assert (y == classes).all()


def test_noise_mixes_the_classes():
    def mixed(source):
        x, y = load(source)
        near = ((x[:, None] - x[None]) ** 2).sum(-1) + np.eye(len(x)) * 1e9
        return (y[near.argmin(axis=1)] != y).mean()

    for source in (Circles, Xor, Gauss, Spiral):
        assert mixed(source(noise=0.5)) > mixed(source(noise=0.0))
    assert mixed(Logistic(samples=500, noise=1.0)) > 0


@pytest.mark.parametrize("source", PLANES)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(source):
    digests = [prepare(source(noise=0.1), seed).digest for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]
    assert prepare(source(noise=0.1, seed=1), 2).digest == digests[0]


def test_out_of_range_is_said_with_its_path():
    with pytest.raises(InputError, match=r"data.noise = 2: expected a number >= 0 and <= 1"):
        build(Source, {"source": "moons", "noise": 2}, "data")
    with pytest.raises(InputError, match=r"data.sample: unknown key; did you mean 'samples'"):
        build(Source, {"source": "moons", "sample": 20}, "data")
    with pytest.raises(InputError, match=r"data.source = 'moon': unknown; did you mean 'moons'"):
        build(Source, {"source": "moon"}, "data")
    with pytest.raises(InputError, match=r"data.seed = -1: expected a whole number >= 0"):
        build(Source, {"source": "moons", "seed": -1}, "data")
    assert build(Source, {"source": "moons", "seed": 3}, "data").seed == 3
