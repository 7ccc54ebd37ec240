"""Plan: one training step of an experiment over a data set, laid out in memory as phases of operations."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from msgspec.structs import replace

from engine.data import Dataset
from engine.errors import InputError, did_you_mean
from engine.experiment import Experiment, Training
from engine.kernels import update as kernels
from engine.memory import Memory, Tensor, shared
from engine.network import Builder, Outline, lay_out, outline
from engine.places import BATCH, CLOCK, FIRST, LANE, SHARD, SHARDS
from engine.program import Operation, Phase
from engine.update import Update

SERIAL_WORK = 20e6  # floating-point operations a step below which threads cost more than they bring
SHARD_ROWS = 64  # a smaller shard spends more on adding up gradients than it saves
MOST_SHARDS = 4  # unless the experiment says otherwise
EVALUATIONS = 100  # a run, likewise


def resolve(experiment: Experiment, dataset: Dataset) -> Experiment:
    """The experiment with everything chosen that was left open: steps, shards, interval of evaluation."""
    t = experiment.training
    rows = len(dataset.train.x)
    batch = min(t.batch_size, rows)
    drawn = batch * t.accumulate  # rows a step
    steps = t.steps or max(1, math.ceil(t.epochs * rows / drawn))
    every = t.evaluate_every or min(steps, max(rows // drawn, math.ceil(steps / EVALUATIONS), 1))
    units = experiment.loss.units(dataset)
    size = outline(experiment.model, dataset.input_shape, units, vocabulary=dataset.vocabulary).size
    chosen = 1 if work(size, batch) < SERIAL_WORK else max(1, min(MOST_SHARDS, batch // SHARD_ROWS))
    training = replace(
        t,
        batch_size=batch,
        steps=steps,
        epochs=0.0,
        shards=min(t.shards or chosen, batch),
        evaluate_every=every,
    )
    return replace(experiment, loss=experiment.loss.resolved(dataset), training=training)


def work(parameters: int, batch: int) -> float:
    """About how many floating-point operations a step takes: 2 forward, 4 backward, a parameter and row."""
    return 6.0 * parameters * batch


@dataclass
class Plan:
    """Where everything is, and what a step does with it."""

    memory: Memory
    outline: Outline
    phases: list[Phase]
    copies: list[Builder]  # of the network, one a shard

    @classmethod
    def of(cls, experiment: Experiment, dataset: Dataset, guarded: bool = False) -> "Plan":
        """Plan a resolved experiment; nothing is allocated. Raises InputError where parts do not fit."""
        t, units = experiment.training, experiment.loss.units(dataset)
        memory = Memory(t.precision, guarded)
        network = outline(experiment.model, dataset.input_shape, units, t.precision, dataset.vocabulary)
        lay_out(memory, network)
        memory.add(memory.areas["parameters"].like("gradients"))
        if t.average:
            memory.add(memory.areas["parameters"].like("average"))
        set_numbers(memory, experiment)
        draw, indices = sampling(memory, len(dataset.train.x), t.batch_size)
        shards = Shards(memory, experiment, dataset, indices)

        frozen, whole = frozen_names(t, network), experiment.optimizer.whole(network)
        update = Update(memory, network, frozen, whole)
        penalty, clip, mean = (memory.areas["hyper"].tensors[n] for n in ("penalty", "clip", "average"))
        phases = [
            Phase("sample", [[draw]]),
            Phase("gradient", [net.forward + net.backward for net in shards.copies]),
            update.collect(shards.gradients, t.accumulate),
            update.count(shards.losses, t.accumulate, [op for net in shards.copies for op in net.after]),
            update.regularize(penalty if t.l1 or t.l2 else None),
            update.measure(clip),
            update.step(
                experiment.optimizer,
                clip if t.clip_norm or t.clip_value else None,
                mean if t.average else None,
            ),
        ]
        return cls(memory, network, phases, shards.copies)


def set_numbers(memory: Memory, experiment: Experiment) -> None:
    """Lay out the numbers that kernels of the update read and that edits may change."""
    t = experiment.training
    numbers = {
        "optimizer": experiment.optimizer.numbers(),
        "penalty": [t.l1, t.l2],
        "clip": [t.clip_norm, t.clip_value],
        "average": [t.average],
    }
    for name, values in numbers.items():
        memory.area("hyper", np.float64).tensor(name, (len(values),))
        memory.first_values[name] = tuple(values)


def sampling(memory: Memory, rows: int, batch: int) -> tuple[Operation, Tensor]:
    """The operation that draws a batch, and the row numbers (B,) it writes."""
    order = shared(memory, "order", np.int64, rows)
    indices = shared(memory, "indices", np.int64, batch)
    clock = shared(memory, "clock", np.int64, CLOCK)
    epoch = shared(memory, "order_epoch", np.int64, 1)
    memory.first_values["order_epoch"] = -1
    draw = Operation.of(kernels.draw_batch, clock=clock, order=order, order_epoch=epoch, indices=indices)
    return draw, indices


class Shards:
    """The batch cut into fixed slices, with a copy of the network, its gradients and its loss for each."""

    def __init__(self, memory: Memory, experiment: Experiment, dataset: Dataset, indices: Tensor) -> None:
        t = experiment.training
        self.memory, self.experiment, self.indices = memory, experiment, indices
        self.units, self.vocabulary = experiment.loss.units(dataset), dataset.vocabulary
        self.data = (memory.hold("data.x", dataset.train.x), memory.hold("data.y", dataset.train.y))
        self.losses = shared(memory, "losses", np.float64, t.shards)
        self.gradients: Tensor | None = None  # (S, Q); None when a single shard needs no adding up
        if t.shards > 1 or t.accumulate > 1:
            size = memory.areas["parameters"].size
            self.gradients = Tensor(memory.area("gradients.shards"), "gradients", 0, (t.shards, size))
        edges = [t.batch_size * i // t.shards for i in range(t.shards + 1)]
        self.copies = [self._copy(s, first, last) for s, (first, last) in enumerate(pairwise(edges))]

    def _copy(self, shard: int, first: int, last: int) -> Builder:
        name, gradients = f"shard{shard}", self._gradients_of(shard)
        net = Builder(self.memory, name, self.units, gradients, self.vocabulary)
        lane = [0] * LANE
        lane[SHARD], lane[SHARDS] = shard, self.losses.size
        lane[FIRST], lane[BATCH] = first, self.indices.size
        self.memory.first_values[net.lane.name] = tuple(lane)
        batch = []
        for name, data in zip(("input", "target"), self.data, strict=True):
            rows = net.work.tensor(name, (last - first, *data.shape[1:]))
            net.op(kernels.gather, None, data=data, indices=self.indices.rows(first, last), rows=rows)
            batch.append(rows)
        z = net.sequence(self.experiment.model, batch[0])
        self.experiment.loss.plan(net, z, batch[1], self.losses.rows(shard, shard + 1))
        return net

    def _gradients_of(self, shard: int) -> dict[str, Tensor]:
        if self.gradients is None:
            return self.memory.areas["gradients"].tensors
        area = self.gradients.area  # every shard repeats the layout of the parameters
        layout = self.memory.areas["parameters"].tensors
        return {name: area.tensor(f"{shard}.{name}", tensor.shape) for name, tensor in layout.items()}


def frozen_names(training: Training, outline: Outline) -> frozenset[str]:
    """The parameters of the layers named in `freeze`."""
    blocks = {block.name: block.parameters for block in outline.blocks}
    for name in training.freeze:
        if name not in blocks:
            raise InputError(f"training.freeze: {name!r} is no layer; {did_you_mean(name, blocks)}")
    return frozenset(parameter for name in training.freeze for parameter in blocks[name])
