"""Augmentation: each step does what it says, whatever cuts the batch, and may change while a network learns."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage, stats

from engine.augment import STREAM, Augmentation, Batch
from engine.builder import Builder, IOSpec
from engine.component import build
from engine.data import prepare
from engine.errors import InputError
from engine.experiment import experiment_from, override
from engine.kernels.augment import key_of_row, uniform
from engine.losses import Loss
from engine.machine.memory import Memory, shared
from engine.machine.registers import BATCH, CLOCK, FIRST, SAMPLES, SEED, SHARD_INFO
from engine.network import NetworkSpec, initialize
from engine.trainer import Trainer
from helpers.golden import relative_error
from helpers.rigs import damage, differences, run

RNG = np.random.default_rng(0)


class AugmentRig:
    """One step over rows that the test sets: rows first … first + N of a batch."""

    def __init__(self, step: dict, x: np.ndarray, first: int = 0, batch: int | None = None) -> None:
        self.memory = Memory("float32", guarded=True)
        net = Builder(self.memory, "shard0", IOSpec(x.shape[1:], 1), {})
        self.first, self.rows = first, batch or len(x)
        self.memory.first_values[net.shard_info.name] = (0, 1, first, self.rows, *[0] * (SHARD_INFO - 4))
        self.x = net.workspace.tensor("input", x.shape)
        self.t = net.workspace.tensor("target", (len(x), 1))
        mine = Batch(net, self.x, self.t, net.shard_info, True, lambda: mine)
        build(Augmentation, step).plan(mine)
        self.batch, self.clock = mine, shared(self.memory, "clock", np.int64, CLOCK)
        self.memory.allocate()
        initialize(self.memory, NetworkSpec((), ()), 1)
        self.run = run(net.forward, self.memory.dtype)
        self.input = x

    def rows_at(self, step: int = 0, seed: int = 7) -> np.ndarray:
        """The changed rows of the batch number `step`."""
        self.clock.array[SEED], self.clock.array[SAMPLES] = seed, (step + 1) * self.rows
        self.x.array[...] = self.input
        self.run()
        assert damage(self.memory) == []
        return self.batch.x.array.copy()

    def uniform(self, n: int, index: int) -> float:
        """The number that row n draws, by the functions that kernels use."""
        shard_info = np.zeros(SHARD_INFO, np.int64)
        shard_info[FIRST], shard_info[BATCH] = self.first, self.rows
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # unsigned numbers are meant to overflow
            return float(uniform(key_of_row(self.clock.array, shard_info, STREAM, n), index))


def images(rows: int = 40, height: int = 9, width: int = 7, channels: int = 2) -> np.ndarray:
    return RNG.normal(size=(rows, height, width, channels)).astype(np.float32)


STEPS = {
    "noise": {"step": "noise", "std": 0.3},
    "shift": {"step": "shift", "pixels": 2},
    "flip": {"step": "flip"},
    "rotate": {"step": "rotate", "degrees": 20},
    "cutout": {"step": "cutout", "size": 3},
}


@pytest.mark.parametrize("name", STEPS)
def test_what_a_row_gets_depends_on_seed_and_place_and_not_on_how_the_batch_is_cut(name):
    x = images(12)
    whole = AugmentRig(STEPS[name], x)
    first = whole.rows_at(0)
    assert (whole.rows_at(0) == first).all()
    assert (whole.rows_at(1) != first).any()
    assert (whole.rows_at(0, seed=8) != first).any()
    part = AugmentRig(STEPS[name], x[5:9], first=5, batch=12)
    assert (part.rows_at(0) == first[5:9]).all()


@pytest.mark.parametrize("features", [7, 8])
def test_noise_is_normal_with_the_given_deviation(features):
    rig = AugmentRig({"step": "noise", "std": 0.5}, np.full((100, features), 3.0, np.float32))
    drawn = np.concatenate([rig.rows_at(step) for step in range(50)]) - 3
    assert stats.kstest(drawn.ravel() / 0.5, "norm").pvalue > 0.01
    assert abs(np.corrcoef(drawn.T) - np.eye(features)).max() < 0.06
    assert (AugmentRig({"step": "noise", "std": 0}, rig.input).rows_at() == rig.input).all()


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    return ndimage.shift(image, (down, right, 0), order=0, mode="nearest")


def test_shift_moves_by_whole_pixels_up_to_the_bound_each_as_likely():
    rig = AugmentRig(STEPS["shift"], images(250))
    moves = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    counts = dict.fromkeys(moves, 0)
    for before, after in zip(rig.input, rig.rows_at(), strict=True):
        (move,) = (m for m in moves if (shifted(before, *m) == after).all())
        counts[move] += 1
    assert stats.chisquare(list(counts.values())).pvalue > 0.01


def test_shift_moves_series_in_time():
    series = RNG.normal(size=(50, 11, 3)).astype(np.float32)
    rig = AugmentRig({"step": "shift", "pixels": 1}, series)
    found = set()
    for before, after in zip(series, rig.rows_at(), strict=True):
        found |= {move for move in (-1, 0, 1) if (shifted(before[:, None], move, 0)[:, 0] == after).all()}
    assert found == {-1, 0, 1}


@pytest.mark.parametrize(("direction", "axis"), [("horizontal", 1), ("vertical", 0)])
def test_flip_mirrors_the_given_share_of_the_images(direction, axis):
    rig = AugmentRig({"step": "flip", "rate": 0.3, "direction": direction}, images(400))
    mirrored = 0
    for before, after in zip(rig.input, rig.rows_at(), strict=True):
        turned = (np.flip(before, axis) == after).all()
        assert turned or (before == after).all()
        mirrored += turned
    assert stats.binomtest(int(mirrored), 400, 0.3).pvalue > 0.01


@pytest.mark.parametrize("shape", [(8, 8), (9, 7)])
def test_rotate_turns_as_scipy_does(shape):
    rig = AugmentRig({"step": "rotate", "degrees": 40}, images(30, *shape))
    angles = []
    for n, after in enumerate(rig.rows_at()):
        angles.append(40 * (2 * rig.uniform(n, 0) - 1))
        expected = ndimage.rotate(rig.input[n], angles[-1], reshape=False, order=1, mode="nearest")
        np.testing.assert_allclose(after, expected, atol=2e-4)
    assert min(angles) < -20
    assert max(angles) > 20


def test_cutout_puts_zeros_into_a_square_that_may_reach_over_the_edge():
    rig = AugmentRig(STEPS["cutout"], images(200) + 10)
    sides = []
    for before, after in zip(rig.input, rig.rows_at(), strict=True):
        gone = (after == 0).all(axis=-1)
        assert (after[~gone] == before[~gone]).all()
        rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
        assert gone[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        sides += [len(rows), len(columns)]
    assert set(sides) == {2, 3}


def test_mixup_mixes_each_row_with_the_one_that_faces_it_by_one_share():
    rig = AugmentRig({"step": "mixup", "alpha": 1.0}, images(7))
    rig.t.array[:, 0] = np.arange(7)
    mixed, (share,) = rig.rows_at(), rig.batch.share.array
    np.testing.assert_allclose(mixed, share * rig.input + (1 - share) * rig.input[::-1], rtol=1e-5, atol=1e-6)
    assert (rig.batch.t.array[:, 0] == np.arange(7)).all()
    assert (rig.batch.other.array[:, 0] == np.arange(7)[::-1]).all()


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_the_share_of_mixup_is_of_the_beta_distribution(alpha):
    rig = AugmentRig({"step": "mixup", "alpha": alpha}, np.ones((2, 1), np.float32))
    shares = []
    for step in range(400):
        rig.rows_at(step)
        shares.append(rig.batch.share.array[0])
    assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 0.01
    unmixed = AugmentRig({"step": "mixup", "alpha": 0}, images(4))
    assert (unmixed.rows_at() == unmixed.input).all()


# -- in a training ------------------------------------------------------------------------------------------

ALL = [*STEPS.values(), {"step": "mixup", "alpha": 1.0}, {"step": "noise", "std": 0.01}]
PHOTOS = {
    "data": {"source": "digits", "preprocess": [{"step": "standardize", "whole": True}]},
    "model": [
        {"layer": "flatten"},
        {"layer": "dense", "units": 12, "activation": "tanh"},
        {"layer": "dense"},
    ],
    "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
    "optimizer": {"name": "adam", "lr": 0.01},
    "training": {"batch_size": 24, "steps": 12, "evaluate_every": 6},
}
POINTS = {
    "data": {"source": "linear", "samples": 60},
    "model": [{"layer": "dense", "units": 4, "activation": "tanh"}, {"layer": "dense"}],
    "loss": {"name": "mse"},
    "training": {"batch_size": 10, "steps": 12},
}


def trainer_of(tree: dict, *changes: str, **options) -> Trainer:
    experiment = experiment_from(override(tree, list(changes)))
    dataset = prepare(experiment.data, 1, experiment.training.precision)
    trainer = Trainer(experiment, dataset, **{"threads": 1} | options)
    trainer.start()
    return trainer


def trained(tree: dict, *changes: str, **options) -> Trainer:
    trainer = trainer_of(tree, *changes, **options)
    while not trainer.finished:
        trainer.advance()
    assert trainer.progress.ended == "done"
    assert damage(trainer.memory) == []
    return trainer


def weights(trainer: Trainer) -> np.ndarray:
    return trainer.memory.areas["parameters"].array.copy()


@pytest.mark.parametrize("tree", [PHOTOS | {"augment": ALL}, POINTS | {"augment": [ALL[0], ALL[-2]]}])
def test_shards_do_not_change_what_the_batch_becomes(tree):
    found = [
        trained(tree, f"training.shards={n}", "training.precision=float64", guarded=True) for n in (1, 2, 3)
    ]
    for name in found[0].network.shapes:
        for other in found[1:]:
            np.testing.assert_allclose(other.memory[name], found[0].memory[name], rtol=1e-7, atol=1e-9)


def test_a_training_with_augmentation_gives_the_same_bits_whatever_cuts_it():
    tree = PHOTOS | {"augment": ALL}
    plain = weights(trained(tree, "training.shards=3"))
    stepwise = trainer_of(tree, "training.shards=3")
    while not stepwise.finished:
        stepwise.advance(limit=stepwise.step + 1)
    assert (weights(stepwise) == plain).all()
    half = trainer_of(tree, "training.shards=3")
    while half.step < 6:
        half.advance(limit=6)
    resumed = trainer_of(tree, "training.shards=3")
    resumed.load(half.state())
    while not resumed.finished:
        resumed.advance()
    assert (weights(resumed) == plain).all()


@pytest.mark.parametrize(
    "loss", ["cross_entropy", "hinge", "binary_cross_entropy", "mse"], ids=lambda name: name
)
def test_the_loss_of_mixed_rows_is_the_mix_of_the_losses(loss):
    classes = loss != "mse"
    data = {"source": "moons", "samples": 60} if classes else POINTS["data"]
    tree = POINTS | {"data": data, "augment": [ALL[-2]], "loss": {"name": loss}}
    trainer = trainer_of(
        tree, "training.precision=float64", "training.steps=1", "optimizer={name='sgd',lr=0}"
    )
    trainer.advance()
    area = trainer.memory.areas["shard0"].tensors
    (share,) = trainer.memory.areas["shard0.numbers"].tensors["augment1.share"].array
    assert 0 < share < 1
    z, x, t = trainer.plan.replicas[0].blocks[-1].output.array, area["input"].array, area["target"].array
    np.testing.assert_allclose(area["augment1.rows"].array, share * x + (1 - share) * x[::-1])
    kind = build(Loss, {"name": loss})
    if classes:
        expected = share * kind.values(z, t) + (1 - share) * kind.values(z, t[::-1])
    else:
        expected = kind.values(z, share * t + (1 - share) * t[::-1])
    assert trainer.chunk.losses[0] == pytest.approx(expected.mean())


def test_threads_do_not_change_the_bits_of_augmented_rows(monkeypatch):
    monkeypatch.setattr("engine.trainer.SERIAL_WORK", 0)
    tree = PHOTOS | {"augment": ALL}
    alone, beside = (trained(tree, "training.shards=3", threads=n) for n in (1, 2))
    assert beside.parallel
    assert not alone.parallel
    assert (weights(alone) == weights(beside)).all()


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
def test_the_gradient_of_mixed_losses_is_that_of_finite_differences(loss):
    memory = Memory("float64", guarded=True)
    net = Builder(memory, "shard0", IOSpec((2,), 3), {})
    memory.first_values[net.shard_info.name] = (0, 1, 0, 6, *[0] * (SHARD_INFO - 4))
    z, t = net.tensor("z", (6, 3)), replace(net.workspace.tensor("target", (6, 1)), vocabulary=(3,))
    batch = Batch(net, net.workspace.tensor("input", (6, 2)), t, net.shard_info, True, lambda: batch)
    build(Augmentation, {"step": "mixup", "alpha": 1.0}).plan(batch)
    losses = shared(memory, "losses", np.float64, 1)
    batch.plan_loss(build(Loss, {"name": loss}), z, losses)
    memory.allocate()
    initialize(memory, NetworkSpec((), ()), 1)
    memory["clock"][SAMPLES] = 6
    z.array[...], t.array[:, 0] = RNG.normal(size=(6, 3)), [0, 1, 2, 2, 0, 1]
    step = run(net.forward, memory.dtype)

    def objective() -> float:
        step()
        return float(losses.array[0])

    objective()
    analytic = z.gradient.array.copy()
    assert 0.01 < batch.share.array[0] < 0.99
    assert relative_error(analytic, differences(z.array, objective)) < 1e-6
    assert damage(memory) == []


def test_augmentation_is_for_training_and_not_for_evaluation():
    plain, noisy = trainer_of(PHOTOS), trainer_of(PHOTOS, 'augment=[{step="noise",std=5.0}]')
    for trainer in (plain, noisy):
        trainer.evaluator.load(trainer.evaluated())
    assert plain.measure("train") == noisy.measure("train")


def test_steps_come_change_and_go_while_a_network_learns():
    trainer = trainer_of(PHOTOS, "training.steps=60")
    trainer.advance(limit=5)
    before = {name: array.copy() for name, array in trainer.arrays().items()}
    for changes in (
        ['augment=["noise", "flip"]'],
        ['augment=["noise", "flip"]', "augment.0.std=0.7"],
        ['augment=["mixup"]'],
        [],
    ):
        trainer.edit(experiment_from(override(PHOTOS, ["training.steps=60", *changes])))
        for name, array in trainer.arrays().items():
            assert (array == before[name]).all(), name
        first = trainer.step
        trainer.advance(limit=first + 3)
        assert trainer.step > first
        before = {name: array.copy() for name, array in trainer.arrays().items()}
    assert len(trainer.experiment.augment) == 0


def test_an_edit_to_a_step_that_does_not_suit_the_data_changes_nothing():
    trainer = trainer_of(POINTS)
    trainer.advance(limit=3)
    before = weights(trainer)
    with pytest.raises(InputError, match=r"augment.0 \(flip\): needs images"):
        trainer.edit(experiment_from(POINTS | {"augment": ["flip"]}))
    assert trainer.experiment.augment == []
    assert (weights(trainer) == before).all()


TEXT = {
    "data": {"source": "addition", "digits": 1, "samples": 50},
    "model": [{"layer": "embedding", "units": 4}, {"layer": "unembed"}],
    "loss": {"name": "cross_entropy"},
    "training": {"batch_size": 5, "steps": 3},
}


@pytest.mark.parametrize(
    ("tree", "steps", "message"),
    [
        *((POINTS, [name], rf"augment.0 \({name}\): needs images \(H, W, C\)") for name in (*STEPS,)[1:]),
        (TEXT, ["noise"], r"augment.0 \(noise\): needs quantities, the inputs are numbers of tokens"),
        (PHOTOS, ["mixup", "noise", "mixup"], r"augment.2 \(mixup\): can stand in the list only once"),
        (PHOTOS, ["nose"], "augment.0.step = 'nose': unknown; did you mean 'noise'"),
        (PHOTOS, [{"step": "noise", "std": -1}], "augment.0.std = -1: expected a number >= 0"),
        (PHOTOS, "noise", "augment = 'noise': expected a list"),
    ],
)
def test_a_step_that_does_not_suit_is_told_in_one_line(tree, steps, message):
    with pytest.raises(InputError, match=message):
        trainer_of(tree | {"augment": steps})
