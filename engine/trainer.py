"""Trainer: runs chunks of steps in native calls, evaluates between them, keeps the best parameters."""

import math
import os
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from engine.data import Dataset
from engine.errors import InputError, did_you_mean
from engine.evaluate import Evaluator
from engine.events import Log
from engine.experiment import Experiment, Training
from engine.kernels import update as kernels
from engine.memory import Area, Memory, Tensor
from engine.metrics import metric, metrics_for
from engine.network import Builder, Outline, initialise, lay_out, outline
from engine.places import (
    BATCH,
    FIRST,
    LANE,
    LOSS_SUM,
    NORM,
    NOT_FINITE,
    ORDER_EPOCH,
    SAMPLES,
    SEED,
    SHARD,
    SHARDS,
    STEP,
)
from engine.program import Operation, Phase, Program
from engine.schedules import Plateau
from engine.update import Update

CHUNK_SECONDS = 0.03
SERIAL_WORK = 20e6  # floating-point operations a step below which threads cost more than they bring
EVALUATIONS = 100  # a run, unless it says otherwise


def resolve(experiment: Experiment, dataset: Dataset) -> Experiment:
    """The experiment with everything chosen that was left open: steps, shards, interval of evaluation."""
    from msgspec.structs import replace

    t = experiment.training
    rows = len(dataset.train.x)
    batch = min(t.batch_size, rows)
    epoch = max(1, rows // (batch * t.accumulate))
    steps = t.steps or max(1, math.ceil(t.epochs * rows / (batch * t.accumulate)))
    every = t.evaluate_every or min(steps, max(epoch, math.ceil(steps / EVALUATIONS)))
    size = outline(experiment.model, dataset.input_shape, experiment.loss.units(dataset)).size
    work = 6.0 * size * batch
    shards = t.shards or (1 if work < SERIAL_WORK else max(1, min(4, batch // 16)))
    training = replace(
        t, batch_size=batch, steps=steps, epochs=0.0, shards=min(shards, batch), evaluate_every=every
    )
    return replace(experiment, training=training)


@dataclass
class Progress:
    """What a trainer knows besides its arrays: saved with them, so that a resumed run goes on the same way."""

    best_value: float | None = None
    best_step: int = 0
    evaluations_since_best: int = 0
    plateau: float = 1.0
    logged_step: int = 0
    ended: str = ""
    log: dict[str, Any] = field(default_factory=dict)


class Trainer:
    """One training of an experiment on a data set.

    `advance()` does a chunk and returns what happened; the parameters change nowhere else. The bits of a run
    depend on the experiment alone: not on threads, on where chunks end, or on being stopped and resumed.
    """

    def __init__(
        self, experiment: Experiment, dataset: Dataset, *, threads: int | None = None, guarded: bool = False
    ) -> None:
        self.experiment = resolve(experiment, dataset)
        self.dataset = dataset
        self.progress = Progress()
        self.control = np.zeros(1, np.int64)
        self.threads = threads or available_cores()
        t = self.experiment.training
        check_monitor(t, dataset)
        units = experiment.loss.units(dataset)
        self.outline = outline(experiment.model, dataset.input_shape, units, t.precision)
        self.memory = Memory(t.precision, guarded)
        self.phases = self._plan(units)
        self.evaluator = Evaluator(self.experiment, self.outline, dataset.input_shape, units)
        self.best: dict[str, np.ndarray] = {}
        self.steps_per_second = 0.0
        self._program: Program | None = None

    # -- planning -----------------------------------------------------------------------------------------

    def _plan(self, units: int) -> list[Phase]:
        memory, e, t = self.memory, self.experiment, self.experiment.training
        lay_out(memory, self.outline)
        parameters = memory.area("parameters")
        gradients = memory.add(parameters.like("gradients"))
        shared_out = t.shards > 1 or t.accumulate > 1
        copies = memory.area("gradients.shards") if shared_out else gradients
        if t.average:
            memory.add(parameters.like("average"))
        data_x = memory.hold("data.x", self.dataset.train.x)
        data_y = memory.hold("data.y", self.dataset.train.y)
        order = memory.area("order", np.int64).tensor("order", (len(self.dataset.train.x),))
        indices = memory.area("indices", np.int64).tensor("indices", (t.batch_size,))
        losses = memory.area("losses", np.float64).tensor("losses", (t.shards,))
        numbers = memory.area("hyper", np.float64)
        optimizer_numbers = e.optimizer.numbers()
        for name, values in {
            "optimizer": optimizer_numbers, "penalty": [t.l1, t.l2],
            "clip": [t.clip_norm, t.clip_value], "average": [t.average],
        }.items():  # fmt: skip
            numbers.tensor(name, (len(values),))
            memory.first_values[name] = tuple(values)

        update = Update(memory, self.outline, frozen_names(t, self.outline))
        gradient = Phase("gradient")
        after: list[Operation] = []
        self.builders: list[Builder] = []
        for shard, (first, last) in enumerate(slices(t.batch_size, t.shards)):
            mine = gradient_tensors(copies, parameters, shard) if shared_out else gradients.tensors
            net = Builder(memory, f"shard{shard}", units, mine)
            memory.first_values[net.lane.name] = lane_values(shard, t.shards, first, t.batch_size)
            rows = indices.rows(first, last)
            x = net.work.tensor("input", (last - first, *self.dataset.input_shape))
            y = net.work.tensor("target", (last - first, *self.dataset.train.y.shape[1:]))
            net.op(kernels.gather, None, data=data_x, indices=rows, rows=x)
            net.op(kernels.gather, None, data=data_y, indices=rows, rows=y)
            z = net.sequence(e.model, x)
            e.loss.plan(net, z, y, losses.rows(shard, shard + 1))
            gradient.lanes.append(net.forward + net.backward)
            after += net.after
            self.builders.append(net)

        shard_gradients = None
        if shared_out:
            shard_gradients = Tensor(copies, "gradients.shards", 0, (t.shards, parameters.size))
        tensors = numbers.tensors
        tail = update.plan(
            e.optimizer, losses, shard_gradients, t.accumulate, after,
            tensors["penalty"] if t.l1 or t.l2 else None, tensors["clip"],
            bool(t.clip_norm or t.clip_value), tensors["average"] if t.average else None,
        )  # fmt: skip
        sample = Operation.of(kernels.draw_batch, clock=update.clock, order=order, indices=indices)
        self.update = update
        return [Phase("sample", [[sample]]), gradient, *tail]

    @property
    def parallel(self) -> bool:
        t = self.experiment.training
        work = 6.0 * self.outline.size * t.batch_size
        return self.threads > 1 and t.shards > 1 and work >= SERIAL_WORK

    # -- life ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Allocate and initialise. Raises InputError when the memory does not suffice."""
        self.memory.check_fits()
        self.memory.allocate()
        initialise(self.memory, self.outline, self.experiment.training.seed)
        self.clock[SEED] = self.experiment.training.seed
        self.clock[ORDER_EPOCH] = -1
        if "average" in self.memory.areas:
            self.memory.areas["average"].array[:] = self.memory.areas["parameters"].array

    def compile(self) -> None:
        """Make the tables; compiles what is not compiled yet."""
        self._program = Program(self.phases, self.memory.dtype.name)
        script = ([0, 1, 2, 3] * self.experiment.training.accumulate) + [4, 5, 6]
        self._script = np.array(script, np.int64)

    @property
    def clock(self) -> np.ndarray:
        return self.memory.areas["clock"].tensors["clock"].array

    @property
    def scalars(self) -> np.ndarray:
        return self.memory.areas["scalars"].tensors["scalars"].array

    @property
    def step(self) -> int:
        return int(self.clock[STEP])

    @property
    def epoch(self) -> float:
        return float(self.clock[SAMPLES] / len(self.dataset.train.x))

    @property
    def finished(self) -> bool:
        return bool(self.progress.ended)

    def stop(self) -> None:
        """Ask the running native call to return before its next step; safe from any thread or signal."""
        self.control[0] = 1

    # -- training -----------------------------------------------------------------------------------------

    def rates(self, first: int, last: int) -> np.ndarray:
        """The learning rates of the steps first … last − 1."""
        e = self.experiment
        factors = e.schedule.factors(np.arange(first, last), e.training.steps)
        return np.ascontiguousarray(e.optimizer.lr * self.progress.plateau * factors, np.float64)

    def _run(self, first: int, last: int) -> tuple[int, int]:
        from engine.vm import run_steps

        if self._program is None:
            self.compile()
        assert self._program is not None
        rates = self.rates(first, last)
        self.losses, self.norms = np.empty(len(rates)), np.empty(len(rates))
        began = time.perf_counter()
        with ENGINE:
            done, reason = run_steps(self.parallel)(
                self._program.headers, self._script, self.clock, self.scalars, self.control,
                rates, self.losses, self.norms,
            )  # fmt: skip
        elapsed = time.perf_counter() - began
        if done:
            self.steps_per_second = done / max(elapsed, 1e-9)
        return int(done), int(reason)

    def advance(self, seconds: float = CHUNK_SECONDS, limit: int | None = None) -> Log | None:
        """Train for about `seconds`, not beyond step `limit` or the next evaluation; evaluate if it is due."""
        t, p = self.experiment.training, self.progress
        first = self.step
        due = min(t.steps, (first // t.evaluate_every + 1) * t.evaluate_every)
        pace = self.steps_per_second or 100.0
        last = min(due, limit or due, first + max(1, int(pace * seconds)))
        done, reason = self._run(first, last)
        if reason == NOT_FINITE:
            p.ended = "diverged"
        if self.step < due or not done:
            return None
        log = self.log()
        if t.patience and p.evaluations_since_best >= t.patience:
            p.ended = "early_stop"
        elif self.step >= t.steps:
            p.ended = "done"
        return log

    def log(self) -> Log:
        """Evaluate on the validation rows, remember the parameters if they are the best, adapt the schedule."""
        e, p = self.experiment, self.progress
        arrays = self.evaluated()
        self.evaluator.load(arrays)
        val_loss, metrics = self.measure("val")
        train_loss = float(self.scalars[LOSS_SUM]) / max(1, self.step - p.logged_step)
        lr = float(self.rates(self.step - 1, self.step)[0])
        log = Log(
            step=self.step, epoch=self.epoch, train_loss=train_loss, val_loss=val_loss, metrics=metrics,
            lr=lr, gradient_norm=float(self.scalars[NORM]),
        )  # fmt: skip
        self.scalars[LOSS_SUM] = 0.0
        p.logged_step = self.step
        p.log = log.flat()
        value = p.log.get(e.training.monitor)
        if value is not None:
            self._compare(value, arrays)
        return log

    def _compare(self, value: float, arrays: dict[str, np.ndarray]) -> None:
        p, monitor = self.progress, self.experiment.training.monitor
        higher = not monitor.endswith("loss") and metric(monitor).higher_is_better
        if p.best_value is None or (value > p.best_value if higher else value < p.best_value):
            p.best_value, p.best_step, p.evaluations_since_best = value, self.step, 0
            self.best = {name: array.copy() for name, array in arrays.items()}
        else:
            p.evaluations_since_best += 1
            if isinstance(self.experiment.schedule, Plateau):
                p.plateau = self.experiment.schedule.dropped(p.plateau, p.evaluations_since_best)

    def evaluated(self) -> dict[str, np.ndarray]:
        """Views of the parameters that evaluation uses (their running mean where there is one), and statistics."""
        source = self.memory.areas.get("average") or self.memory.areas["parameters"]
        arrays = {p.name: source.tensors[p.name].array for p in self.outline.parameters}
        statistics = self.memory.areas.get("statistics")
        return arrays | ({n: t.array for n, t in statistics.tensors.items()} if statistics else {})

    def measure(self, split: str) -> tuple[float | None, dict[str, float]]:
        """Loss and metrics of the evaluator's parameters on "train", "val" or "test"; None without rows."""
        return evaluate(self.experiment, self.dataset, self.evaluator, split)

    def test(self) -> dict[str, float] | None:
        """Loss and metrics of the best parameters on the test rows; None without such rows."""
        self.evaluator.load(self.best or self.evaluated())
        loss, metrics = self.measure("test")
        return None if loss is None else {"loss": loss, **metrics}

    def first_bad_tensor(self) -> str | None:
        """The first tensor, in the order of computation, that holds a value that is not finite."""
        for net in self.builders:
            for operation in [*net.forward, *net.backward]:
                written = [o for o in operation.operands if isinstance(o, Tensor)]
                for tensor in written:
                    if tensor.area.dtype.kind == "f" and not np.isfinite(tensor.array).all():
                        return tensor.name
        return None

    # -- saving -------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """Views of everything that a resumed run needs, by name: the whole state besides `progress`."""
        state = {}
        for name, area in self.memory.areas.items():
            if name in ("parameters", "statistics", "average", "clock", "scalars") or name.startswith(
                "optimizer."
            ):
                prefix = "" if name in ("parameters", "statistics") else f"{name}/"
                state |= {prefix + tensor: t.array for tensor, t in area.tensors.items()}
        return state

    def restore(self, arrays: dict[str, np.ndarray], progress: Progress, best: dict[str, np.ndarray]) -> None:
        """Take over a saved state. Raises InputError when it belongs to another experiment."""
        mine = self.arrays()
        for name, view in mine.items():
            if name not in arrays or arrays[name].shape != view.shape or arrays[name].dtype != view.dtype:
                raise InputError(f"the checkpoint belongs to another experiment: {name} differs")
        for name, view in mine.items():
            view[...] = arrays[name]
        self.clock[ORDER_EPOCH] = -1  # the shuffled order is made again from (seed, epoch)
        self.progress, self.best = progress, best


ENGINE = threading.Lock()  # Numba's thread pool aborts the process when two threads enter it


def evaluate(
    experiment: Experiment, dataset: Dataset, evaluator: Evaluator, split: str
) -> tuple[float | None, dict[str, float]]:
    """Mean loss and metrics on a split: metrics of a regression are in the target's own units."""
    rows = getattr(dataset, split)
    if not len(rows.x):
        return None, {}
    with ENGINE:
        z = evaluator.outputs(rows.x)
    loss = float(np.mean(experiment.loss.values(z, rows.y)))
    targets = rows.y
    if dataset.task == "regression":
        z, targets = dataset.pipeline.target_to_original(z), dataset.pipeline.target_to_original(targets)
    values = {m.name: m.function(z, targets) for m in metrics_for(dataset.task, dataset.classes)}
    return loss, {name: float(value) for name, value in values.items() if value is not None}


def check_monitor(training: Training, dataset: Dataset) -> None:
    known = ["val_loss", "train_loss", *(m.name for m in metrics_for(dataset.task, dataset.classes))]
    if training.monitor not in known:
        raise InputError(
            f"training.monitor = {training.monitor!r}: unknown; {did_you_mean(training.monitor, known)}"
        )


def frozen_names(training: Training, outline: Outline) -> frozenset[str]:
    """The parameters of the layers named in `freeze`."""
    blocks = {block.name: block.parameters for block in outline.blocks}
    for name in training.freeze:
        if name not in blocks:
            raise InputError(f"training.freeze: {name!r} is no layer; {did_you_mean(name, blocks)}")
    return frozenset(parameter for name in training.freeze for parameter in blocks[name])


def slices(rows: int, parts: int) -> list[tuple[int, int]]:
    """(first, last) of `parts` slices of nearly equal length."""
    edges = [rows * i // parts for i in range(parts + 1)]
    return list(pairwise(edges))


def gradient_tensors(copies: Area, parameters: Area, shard: int) -> dict[str, Tensor]:
    """One shard's copy of the gradients, laid out as the parameters are."""
    return {name: copies.tensor(f"{shard}.{name}", t.shape) for name, t in parameters.tensors.items()}


def lane_values(shard: int, shards: int, first: int, batch: int) -> tuple[int, ...]:
    values = [0] * LANE
    values[SHARD], values[SHARDS], values[FIRST], values[BATCH] = shard, shards, first, batch
    return tuple(values)


def available_cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
