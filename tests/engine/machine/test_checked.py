"""Checked mode: faults are told with kernel and operand; presets and random networks have none, and the same bits."""

import json
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

import presets
from engine.component import build
from engine.data import Dataset, Source, prepare
from engine.errors import InputError, TrainingError
from engine.experiment import Experiment, dataset_key, experiment_from
from engine.machine.kernel import KERNELS, kernel
from engine.machine.memory import Memory, Tensor
from engine.machine.operation import Operation
from engine.machine.program import Phase, Program
from engine.trainer import Trainer
from helpers import random_experiments

ARCHITECTURES = 200


@kernel
def pick(ids: "N,2 below A,B", a: "A", b: "B", y: "N"):
    for n in range(ids.shape[0]):
        y[n] = a[int(ids[n, 0])] + b[int(ids[n, 1])]


@kernel
def pick_at(place: "int64[1] below A", a: "A", y: "1"):
    y[0] = a[place[0]]


@kernel
def run_over(x: "N", y: "N", by: "int"):
    """A kernel with a fault: it writes `by` elements too many, or as many before the first."""
    for i in range(x.size):
        y[i] = x[i]
    for i in range(min(by, 0), max(by, 0)):
        y[x.size + i if by > 0 else i - x.size] = 1  # a negative index counts from the end


for _own in ("pick", "pick_at", "run_over"):
    KERNELS.pop(_own)


@pytest.fixture
def checked(monkeypatch) -> None:
    monkeypatch.setenv("TUI_LAB_CHECK", "1")


class Rig:
    """Operations over one memory, in the mode that is on while it is made."""

    def __init__(self, dtype: str = "float32") -> None:
        self.memory = Memory(dtype)
        work, places = self.memory.area("work"), self.memory.area("places", np.int64)
        self.ids = known(work.tensor("ids", (3, 2)), (5, 3))
        self.place = known(places.tensor("place", (1,)), (5,))
        self.a, self.b, self.y = work.tensor("a", (5,)), work.tensor("b", (3,)), work.tensor("y", (3,))
        self.one, self.last = work.tensor("one", (1,)), work.tensor("last", (3,))
        self.memory.allocate()
        self.a.array[:], self.b.array[:] = np.arange(5), 10 * np.arange(3)

    def run(self, *operations: Operation) -> None:
        from engine.machine.vm import run_lanes

        program = Program([Phase("test", [list(operations)])], self.memory.dtype.name)
        run_lanes(False)(program.headers[0])
        program.raise_faults()

    def picked(self) -> Operation:
        return Operation.of(pick, ids=self.ids, a=self.a, b=self.b, y=self.y)


def known(tensor: Tensor, vocabulary: tuple[int, ...]) -> Tensor:
    from dataclasses import replace

    return replace(tensor, vocabulary=vocabulary)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_indices_within_their_bounds_pass(checked, dtype):
    rig = Rig(dtype)
    rig.ids.array[...] = [[0, 0], [4, 2], [1, 1]]
    rig.run(rig.picked())
    assert rig.y.array.tolist() == [0, 24, 11]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("value", "column"), [(5, 0), (3, 1), (-1, 0), (0.5, 1), (np.nan, 0), (np.inf, 1)])
def test_an_index_out_of_range_is_told_and_its_kernel_not_run(checked, dtype, value, column):
    rig = Rig(dtype)
    rig.ids.array[1, column] = value
    with pytest.raises(
        TrainingError, match=r"checked mode: pick: ids \(ids\) holds (.*), expected a whole"
    ) as told:
        rig.run(rig.picked())
    assert f"holds {value:g}, expected a whole number from 0 to 4 or 0 to 2" in str(told.value)
    assert not rig.y.array.any()


@pytest.mark.parametrize("value", [-1, 5, 2**40])
def test_a_place_out_of_range_is_told(checked, value):
    rig = Rig()
    rig.place.array[0] = value
    with pytest.raises(TrainingError, match=r"pick_at: place \(place\) holds .*, expected .* from 0 to 4"):
        rig.run(Operation.of(pick_at, place=rig.place, a=rig.a, y=rig.one))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("by", [1, 2, 5])
@pytest.mark.parametrize("name", ["y", "last"])
def test_a_write_beyond_a_tensor_is_told_with_its_kernel_and_what_follows_does_not_run(
    checked, dtype, by, name
):
    rig = Rig(dtype)
    x, y = rig.b, getattr(rig, name)
    with pytest.raises(TrainingError, match="checked mode: .*written beyond"):
        rig.run(Operation.of(run_over, x=x, y=y, by=by), rig.picked())


def test_a_write_before_the_first_tensor_is_told(checked):
    rig = Rig()
    first = rig.ids.rows(0, 1).reshaped((2,)).rows(0, 1)
    with pytest.raises(TrainingError, match=r"written beyond \(before ids\) in 'work'"):
        rig.run(Operation.of(run_over, x=rig.one, y=first, by=-1))


def test_without_the_mode_there_are_no_checks_and_no_guards(monkeypatch):
    monkeypatch.delenv("TUI_LAB_CHECK", raising=False)
    rig = Rig()
    assert not rig.memory.guarded
    program = Program([Phase("test", [[rig.picked()]])], "float32")
    assert program.tables[0].shape[1] == 1
    monkeypatch.setenv("TUI_LAB_CHECK", "0")
    assert not Memory("float32").guarded


def test_a_training_ends_with_a_clear_word_where_an_index_leaves_its_range(checked):
    experiment = experiment_from(random_experiments.experiment(4) | {
        "data": random_experiments.TEXTS[0],
        "model": [{"layer": "embedding", "units": 4}, {"layer": "unembed"}],
        "augment": [],
        "loss": {"name": "cross_entropy"},
    })  # fmt: skip
    trainer = Trainer(experiment, prepare(*dataset_key(experiment)))
    trainer.start()
    trainer.memory.areas["data.x"].array[:] = 1_000
    with pytest.raises(TrainingError, match=r"checked mode: embed_forward: ids \(input\) holds 1000"):
        trainer.advance(limit=1)


# -- presets and random networks ------------------------------------------------------------------------------


@cache
def data_for(source: str, seed: int, precision: str) -> Dataset:
    return prepare(build(Source, json.loads(source)), seed, precision)


def data_of(experiment: Experiment) -> Dataset:
    """The data set of a random experiment, shared by all that have the same source: the seed only trains."""
    from engine.component import tree_of

    return data_for(json.dumps(tree_of(experiment.data)), 1, experiment.training.precision)


def steps(experiment: Experiment, dataset: Dataset, count: int, guarded: bool) -> Iterator[tuple[str, bytes]]:
    """The bits of parameters, statistics and the optimizer's state after some steps, and of the outputs."""
    trainer = Trainer(experiment, dataset, guarded=guarded, threads=1)
    trainer.start()
    while trainer.step < count and not trainer.finished:
        trainer.advance(limit=count)
    for name, array in trainer.arrays().items():
        if not name.startswith(("clock/", "scalars/")):
            yield name, array.tobytes()
    trainer.evaluator.load(trainer.evaluated())
    yield "outputs", trainer.evaluator.outputs(dataset.val.x[:20]).tobytes()


def assert_same_bits(
    experiment: Experiment, dataset: Dataset, count: int, monkeypatch, guarded: bool = False
) -> None:
    """Train without and with checks, the former with guard words or without."""
    monkeypatch.delenv("TUI_LAB_CHECK", raising=False)
    plain = dict(steps(experiment, dataset, count, guarded))
    monkeypatch.setenv("TUI_LAB_CHECK", "1")
    assert dict(steps(experiment, dataset, count, guarded)) == plain


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_passes_all_checks_with_the_same_bits(name, monkeypatch):
    experiment = experiment_from(presets.load(name), name)
    # Guard words cut the sum of squares into other pieces, and so the last digits of the norm.
    guarded = experiment.training.clip_norm > 0
    assert_same_bits(experiment, prepare(*dataset_key(experiment)), 3, monkeypatch, guarded)


@pytest.mark.parametrize("part", range(4))
def test_random_networks_pass_all_checks_with_the_same_bits(part, monkeypatch):
    refused = 0
    for seed in range(part * ARCHITECTURES // 4, (part + 1) * ARCHITECTURES // 4):
        try:
            experiment = experiment_from(random_experiments.experiment(seed))
            dataset = data_of(experiment)
            Trainer(experiment, dataset)
        except InputError:
            refused += 1
            continue
        with np.errstate(all="ignore"):
            # The optimizer's loops begin and end elsewhere with guard words, and so do their vectors.
            assert_same_bits(experiment, dataset, 3, monkeypatch, guarded=True)
    assert refused <= ARCHITECTURES // 40, "the generator makes networks that do not fit"
