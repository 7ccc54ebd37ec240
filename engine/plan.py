"""Plan: one training step of an experiment over a data set, laid out in memory as phases of operations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from msgspec import structs

from engine.augment import STREAM as AUGMENT_STREAM
from engine.augment import Augmentation, Batch
from engine.builder import Builder, IOSpec
from engine.data import Dataset
from engine.data.preparation.dataset import stream_of
from engine.errors import InputError, did_you_mean
from engine.experiment import Experiment, Training
from engine.hyper import fields
from engine.kernels import update as kernels
from engine.machine.memory import Memory, Tensor, shared
from engine.machine.operation import Operation
from engine.machine.program import Phase
from engine.machine.registers import BATCH, CLOCK, FIRST, SHARD, SHARD_INFO, SHARDS
from engine.metrics import BitsPerToken, Metric
from engine.network import NetworkSpec, lay_out, trace
from engine.update import Update

SERIAL_WORK = 20e6  # floating-point operations a step below which threads cost more than they bring
SHARD_USES = 64  # of a parameter: a shard that uses it less spends more on adding up gradients than it saves
MOST_SHARDS = 4  # unless the experiment says otherwise
EVALUATIONS = 100  # a run at most, likewise
FEW_EVALUATIONS = 20  # a run at least: an epoch of a long text may never end


def resolve(experiment: Experiment, dataset: Dataset) -> Experiment:
    """The experiment with everything chosen that was left open: steps, shards, interval of evaluation."""
    t = experiment.training
    rows = len(dataset.train.x)
    batch = min(t.batch_size, rows)
    drawn = batch * t.accumulate  # rows a step
    steps = t.steps or max(1, math.ceil(t.epochs * rows / drawn))
    epoch = min(rows // drawn, math.ceil(steps / FEW_EVALUATIONS))
    every = t.evaluate_every or min(steps, max(epoch, math.ceil(steps / EVALUATIONS), 1))
    shards = t.shards or shards_for(trace(experiment.model, io_spec(experiment, dataset)), batch)
    training = structs.replace(
        t,
        batch_size=batch,
        steps=steps,
        epochs=0.0,
        shards=min(shards, batch),
        evaluate_every=every,
        monitor=monitored(t.monitor, dataset.measured_by(t.metrics)),
    )
    return structs.replace(experiment, loss=experiment.loss.resolved(dataset), training=training)


def monitored(name: str, metrics: Sequence[Metric]) -> str:
    """What a run that monitors `name` looks at. Raises InputError with the nearest name that is measured."""
    known = ["val_loss", "train_loss", *(m.name for m in metrics)]
    if name in known:
        return name
    bits = isinstance(BitsPerToken.named(name), BitsPerToken)  # one thing, whatever a token is
    found = next((m.name for m in metrics if bits and isinstance(m, BitsPerToken)), None)
    if found is None:
        raise InputError(f"training.monitor = {name!r}: unknown; {did_you_mean(name, known)}")
    return found


def io_spec(experiment: Experiment, dataset: Dataset) -> IOSpec:
    """What the network must fit. Raises InputError where the loss does not suit the data."""
    units = experiment.loss.units(dataset)
    return IOSpec(dataset.input_shape, units, dataset.positions, dataset.vocabulary)


def check_data(experiment: Experiment, dataset: Dataset) -> None:
    """Raise InputError where the data set has another element type, or an index in it is out of range."""
    precision = experiment.training.precision
    for rows in (dataset.train.x, dataset.train.y):
        if rows.dtype.name != precision:
            raise InputError(
                f"the data is {rows.dtype}, training.precision is {precision}: "
                "prepare the data set again for this experiment"
            )
    assert dataset.checked


def flops(network: NetworkSpec, batch: int) -> float:
    """About how many floating-point operations a step takes: of each multiplication 2 forward and 4 backward."""
    return 6.0 * network.multiplications * batch


def shards_for(network: NetworkSpec, batch: int) -> int:
    """How many shards suit a batch: a function of the experiment alone, because it decides the bits.

    A dense layer uses a parameter once a row, a convolution at every place of an image.
    """
    if flops(network, batch) < SERIAL_WORK:
        return 1
    uses = batch * max(1.0, network.multiplications / max(1, network.size))
    return max(1, min(MOST_SHARDS, int(uses // SHARD_USES), batch // 2))


@dataclass
class Plan:
    """Where everything is, and what a step does with it."""

    memory: Memory
    network: NetworkSpec
    phases: list[Phase]
    replicas: list[Builder]  # of the network, one a shard

    @classmethod
    def of(cls, experiment: Experiment, dataset: Dataset, guarded: bool = False) -> "Plan":
        """Plan a resolved experiment; nothing is allocated. Raises InputError where parts do not fit."""
        check_data(experiment, dataset)
        t, io = experiment.training, io_spec(experiment, dataset)
        memory = Memory(t.precision, guarded)
        network = trace(experiment.model, io, t.precision)
        lay_out(memory, network)
        memory.add(memory.areas["parameters"].like("gradients"))
        if t.average:
            memory.add(memory.areas["parameters"].like("average"))
        set_numbers(memory, experiment)
        draw, indices = sampling(memory, len(dataset.train.x), t.batch_size)
        shards = Shards(memory, experiment, dataset, indices)

        update = Update(memory, network, frozen_names(t, network), experiment.optimizer.whole(network))
        penalty, clip, mean = (memory.areas["hyper"].tensors[n] for n in ("penalty", "clip", "average"))
        phases = [
            Phase("sample", [[draw]]),
            Phase("gradient", [net.forward + net.backward for net in shards.replicas]),
            update.collect(shards.gradients, t.accumulate),
            update.count(shards.losses, t.accumulate, [op for net in shards.replicas for op in net.after]),
            update.regularize(penalty if t.l1 or t.l2 else None),
            update.measure(clip),
            update.apply,
        ]
        if t.clip_norm or t.clip_value:
            update.clip(clip)
        experiment.optimizer.plan(update)
        if t.average:
            update.follow(mean)
        return cls(memory, network, phases, shards.replicas)


def update_numbers(t: Training) -> dict[str, list[float]]:
    """The numbers of the update, by the tensor's name."""
    return {
        "penalty": [t.l1, t.l2],
        "clip": [t.clip_norm, t.clip_value],
        "average": [t.average],
    }


def set_numbers(memory: Memory, experiment: Experiment) -> None:
    """Lay out the numbers that kernels of the update read in every step and that edits may change."""
    for name, values in update_numbers(experiment.training).items():
        memory.area("hyper", np.float64).tensor(name, (len(values),))
        memory.first_values[name] = tuple(values)


def write_numbers(memory: Memory, experiment: Experiment) -> None:
    """Write the numbers of the update and of the optimizer where they stand in an allocated memory."""
    optimizer, numbers = experiment.optimizer, update_numbers(experiment.training)
    numbers |= {f"optimizer.{f.name}": [float(getattr(optimizer, f.name))] for f in fields(type(optimizer))}
    tensors = memory.areas["hyper"].tensors
    for name, values in numbers.items():
        if name in tensors:  # lr goes by the schedule
            tensors[name].array[...] = values


def layout_key(experiment: Experiment) -> tuple[object, ...]:
    """What a plan depends on: two resolved experiments with equal keys differ in numbers of the update and in the
    schedule alone."""
    e, t = experiment, experiment.training
    operations = bool(t.l1 or t.l2), bool(t.clip_norm or t.clip_value), bool(t.average), t.freeze
    sizes = t.batch_size, t.shards, t.accumulate, t.precision, t.seed
    return (e.data, e.augment, e.model, e.loss, type(e.optimizer), *sizes, *operations)


def sampling(memory: Memory, rows: int, batch: int) -> tuple[Operation, Tensor]:
    """The operation that draws a batch, and the row numbers (B,) it writes."""
    order = shared(memory, "order", np.int64, rows)
    indices = replace(shared(memory, "indices", np.int64, batch), vocabulary=(rows,))
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
        self.io = io_spec(experiment, dataset)
        self.data = [self._hold("data.x", dataset.train.x), self._hold("data.y", dataset.train.y)]
        self.scored, self.classes = dataset.scored, dataset.task.predicts_class
        self.vocabularies = [(self.io.vocabulary, 0), (dataset.target_vocabulary, dataset.least_target)]
        self.losses = shared(memory, "losses", np.float64, t.shards)
        self.gradients: Tensor | None = None  # (S, Q); None when a single shard needs no adding up
        if t.shards > 1 or t.accumulate > 1:
            size = memory.areas["parameters"].size
            self.gradients = Tensor(memory.area("gradients.shards"), "gradients", 0, (t.shards, size))
        edges = [t.batch_size * i // t.shards for i in range(t.shards + 1)]
        self.replicas = [self._copy(s, first, last) for s, (first, last) in enumerate(pairwise(edges))]

    def _hold(self, name: str, rows: np.ndarray) -> tuple[Tensor, int, tuple[int, ...]]:
        """The values of a data set's rows, how far apart they begin, and a row's shape."""
        stream, stride = stream_of(rows)
        return self.memory.hold(name, stream), stride, rows.shape[1:]

    def _copy(self, shard: int, first: int, last: int) -> Builder:
        net = Builder(self.memory, f"shard{shard}", self.io, self._gradients_of(shard))
        self._shard_info(net.shard_info.name, shard, first)
        net.scored = self.scored
        batch = self._batch(net, net.shard_info, first, last, self.experiment.augment)
        z = net.sequence(self.experiment.model, batch.x)
        batch.plan_loss(self.experiment.loss, z, self.losses.rows(shard, shard + 1))
        return net

    def _batch(
        self, net: Builder, shard_info: Tensor, first: int, last: int, steps: Sequence[Augmentation]
    ) -> Batch:
        """The rows first … last of the batch, drawn from the data and changed by the steps."""
        rows = []
        for name, held, known in zip(("input", "target"), self.data, self.vocabularies, strict=True):
            data, stride, shape = held
            drawn = net.workspace.tensor(net.name(name), (last - first, *shape))
            drawn = replace(drawn, vocabulary=known[0], least=known[1])
            indices = self.indices.rows(first, last)
            net.op(kernels.gather, None, data=data, indices=indices, rows=drawn, stride=stride)
            rows.append(drawn)
        size = self.indices.size
        batch = Batch(net, rows[0], rows[1], shard_info, self.classes, mirror=lambda: batch)
        for i, step in enumerate(steps):
            if (first, last) != (size - last, size - first):
                batch.mirror = partial(self._mirror, net, size - last, size - first, steps[:i])
            batch.stream = AUGMENT_STREAM + i
            try:
                if any(self.io.vocabulary):
                    raise ValueError("needs quantities, the inputs are numbers of tokens or categories")
                with net.scope(f"augment{i + 1}"):
                    step.plan(batch)
            except ValueError as error:
                raise InputError(f"augment.{i} ({step.tag()}): {error}") from None
        return batch

    def _mirror(self, net: Builder, first: int, last: int, steps: Sequence[Augmentation]) -> Batch:
        shard_info = self._shard_info(f"{net.workspace.name}.mirror", 0, first)
        with net.scope("mirror"):
            return self._batch(net, shard_info, first, last, steps)

    def _shard_info(self, name: str, shard: int, first: int) -> Tensor:
        """Tells kernels which rows of the batch are theirs."""
        area = self.memory.area("lanes", np.int64)
        numbers = [0] * SHARD_INFO
        numbers[SHARD], numbers[SHARDS] = shard, self.losses.size
        numbers[FIRST], numbers[BATCH] = first, self.indices.size
        self.memory.first_values[name] = tuple(numbers)
        return area.tensors[name] if name in area.tensors else area.tensor(name, (SHARD_INFO,))

    def _gradients_of(self, shard: int) -> dict[str, Tensor]:
        if self.gradients is None:
            return self.memory.areas["gradients"].tensors
        area = self.gradients.area  # every shard repeats the layout of the parameters
        layout = self.memory.areas["parameters"].tensors
        return {name: area.tensor(f"{shard}.{name}", tensor.shape) for name, tensor in layout.items()}


def frozen_names(training: Training, network: NetworkSpec) -> frozenset[str]:
    """The parameters of the layers named in `freeze`."""
    blocks = {block.name: block.parameters for block in network.blocks}
    for name in training.freeze:
        if name not in blocks:
            raise InputError(f"training.freeze: {name!r} is no layer; {did_you_mean(name, blocks)}")
    return frozenset(parameter for name in training.freeze for parameter in blocks[name])
