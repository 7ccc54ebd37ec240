"""Trainer: runs chunks of steps in native calls, evaluates between them, keeps the best parameters."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.data import Dataset
from engine.errors import InputError
from engine.evaluate import Evaluator
from engine.events import Log
from engine.experiment import Experiment
from engine.machine.compiler import address
from engine.machine.entries import entry
from engine.machine.memory import Memory, Tensor
from engine.machine.program import Program, kernels_of
from engine.machine.registers import (
    APPLY,
    COLLECT,
    COUNT,
    GRADIENT,
    LOSS_SUM,
    MEASURE,
    NORM,
    NOT_FINITE,
    REGULARIZE,
    SAMPLE,
    SAMPLES,
    SEED,
    STEP,
    UPDATES,
)  # fmt: skip
from engine.machine.threads import available_cores, limit_threads
from engine.metrics import measured, metric
from engine.network import NetworkSpec, initialize
from engine.plan import SERIAL_WORK, Plan, flops, io_spec, resolve
from engine.schedules import Plateau

CHUNK_SECONDS = 0.03
PACE_SECONDS = 0.002  # a shorter call is mostly overhead: it can only show that the pace is higher


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
        self.dataset = dataset
        self.guarded = guarded
        self.threads = threads or available_cores()
        self.progress = Progress()
        self.control = np.zeros(1, np.int64)
        self.best: dict[str, np.ndarray] = {}
        self.steps_per_second = 0.0
        self._lay_out(experiment)
        self.evaluator = Evaluator(self.experiment, self.network, io_spec(experiment, dataset))

    def _lay_out(self, experiment: Experiment) -> None:
        self.experiment = resolve(experiment, self.dataset)
        self.plan = Plan.of(self.experiment, self.dataset, self.guarded)
        self._program: Program | None = None

    @property
    def memory(self) -> Memory:
        return self.plan.memory

    @property
    def network(self) -> NetworkSpec:
        return self.plan.network

    @property
    def parallel(self) -> bool:
        """Whether shards run side by side; it does not change the bits."""
        t = self.experiment.training
        return self.threads > 1 and t.shards > 1 and flops(self.network, t.batch_size) >= SERIAL_WORK

    # -- life ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Allocate and initialize. Raises InputError when the memory does not suffice."""
        self.memory.allocate()
        initialize(self.memory, self.network, self.experiment.training.seed)
        self.clock[SEED] = self.experiment.training.seed
        if "average" in self.memory.areas:
            self.memory.areas["average"].array[:] = self.memory.areas["parameters"].array

    def to_compile(self) -> list[Callable[[], object]]:
        """What has to be compiled before the first step, a call for each, so that progress can be shown."""
        dtype = self.memory.dtype.name
        kernels = kernels_of([*self.plan.phases, self.evaluator.phase])
        jobs: list[Callable[[], object]] = [lambda: entry("run_steps", self.parallel)]
        jobs += [lambda k=k: address(k, dtype) for k in kernels if dtype not in k.native]  # type: ignore[misc]
        return [*jobs, lambda: entry("run_lanes", False)]

    def compile(self) -> None:
        """Make the tables; compiles what is not compiled yet."""
        self._program = Program(self.plan.phases, self.memory.dtype.name)
        micro = [SAMPLE, GRADIENT, COLLECT, COUNT]
        script = micro * self.experiment.training.accumulate + [REGULARIZE, MEASURE, APPLY]
        self._script = np.array(script, np.int64)

    def edit(self, experiment: Experiment) -> None:
        """Go on with other hyperparameters; parameters, counters and the optimizer's state are kept.

        State that the new experiment has and the old one had not (of another optimizer, say) begins anew.
        Raises InputError, and changes nothing, when data or architecture differ: those need a restart.
        """
        before, plan, progress = self.experiment, self.plan, self.progress
        held, arrays = before.training.seed, self.arrays()
        try:
            self._lay_out(experiment)
            if self.experiment.data != before.data or self.network.shapes != plan.network.shapes:
                raise InputError(
                    "data and architecture cannot change while a network learns; restart the run"
                )
            self.start()
        except InputError:
            self.experiment, self.plan, self._program = before, plan, None
            raise
        same_optimizer = type(self.experiment.optimizer) is type(before.optimizer)
        for name, view in self.arrays().items():
            if name in arrays and (same_optimizer or not name.startswith("optimizer.")):
                view[...] = arrays[name]
        if not same_optimizer:
            self.clock[UPDATES] = 0  # Adam's bias correction counts from its own beginning
        self.clock[SEED] = held
        progress.ended = "" if self.step < self.experiment.training.steps else progress.ended

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
        from engine.machine.vm import run_steps

        if self._program is None:
            self.compile()
        assert self._program is not None
        if self.parallel:
            limit_threads(self.threads)
        rates = self.rates(first, last)
        self.losses, self.norms = np.empty(len(rates)), np.empty(len(rates))
        began = time.perf_counter()
        done, reason = run_steps(self.parallel)(
            self._program.headers, self._script, self.clock, self.scalars, self.control,
            rates, self.losses, self.norms,
        )  # fmt: skip
        elapsed = time.perf_counter() - began
        self._program.raise_faults()
        if done:
            pace = done / max(elapsed, 1e-9)
            self.steps_per_second = pace if elapsed > PACE_SECONDS else max(pace, self.steps_per_second)
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
        if value is not None and np.isfinite(value):
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
        arrays = {p.name: source.tensors[p.name].array for p in self.network.parameters}
        statistics = self.memory.areas.get("statistics")
        return arrays | ({n: t.array for n, t in statistics.tensors.items()} if statistics else {})

    def measure(self, split: str) -> tuple[float | None, dict[str, float]]:
        """Loss and metrics of the evaluator's parameters on "train", "val" or "test"; None without rows."""
        return evaluate(self.experiment, self.dataset, self.evaluator, split)

    def best_so_far(self) -> dict[str, Any] | None:
        """The step of the best parameters and their monitored value; None before the first evaluation."""
        if self.progress.best_value is None:
            return None
        return {"step": self.progress.best_step, self.experiment.training.monitor: self.progress.best_value}

    def test(self) -> dict[str, float] | None:
        """Loss and metrics of the best parameters on the test rows; None without such rows."""
        self.evaluator.load(self.best or self.evaluated())
        loss, metrics = self.measure("test")
        return None if loss is None else {"loss": loss, **metrics}

    def first_nonfinite(self) -> str:
        """The first tensor, in the order of computation, that holds a value that is not finite."""
        for net in self.plan.replicas:
            for operation in [*net.forward, *net.backward]:
                for tensor in operation.operands:
                    if isinstance(tensor, Tensor) and not np.isfinite(tensor.array).all():
                        return f"the first tensor that went bad is {tensor.description}"
        gradients = self.memory.areas["gradients"].tensors.values()
        largest = max(gradients, key=lambda t: float(np.abs(t.array).max(initial=0)))
        return f"the norm overflows; the first tensor that went bad is {largest.description}"

    # -- saving -------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """Views of everything that a resumed run needs, by name: the whole state besides `progress`."""
        state: dict[str, np.ndarray] = {}
        for name, area in self.memory.areas.items():
            if name in ("parameters", "statistics", "average", "clock", "scalars") or name.startswith(
                "optimizer."
            ):
                prefix = "" if name in ("parameters", "statistics") else f"{name}/"
                state |= {prefix + tensor: t.array for tensor, t in area.tensors.items()}
        return state

    def restore(self, arrays: dict[str, np.ndarray], progress: Progress, best: dict[str, np.ndarray]) -> None:
        """Take over a saved state that `check_state` found good."""
        for name, view in self.arrays().items():
            view[...] = arrays[name]
        self.progress, self.best = progress, best
        if self.step < self.experiment.training.steps:
            progress.ended = ""

    def check_state(self, arrays: dict[str, np.ndarray]) -> None:
        """Raise InputError when a saved state belongs to another experiment."""
        for name, view in self.arrays().items():
            if name not in arrays or arrays[name].shape != view.shape or arrays[name].dtype != view.dtype:
                raise InputError(f"the checkpoint belongs to another experiment: {name} differs")


def evaluate(
    experiment: Experiment, dataset: Dataset, evaluator: Evaluator, split: str
) -> tuple[float | None, dict[str, float]]:
    """Mean loss and metrics on a split: metrics of a regression are in the target's own units."""
    rows = dataset.measured(split)
    if not len(rows):
        return None, {}
    z = evaluator.outputs(rows.x)
    loss = float(np.mean(experiment.loss.values(z, rows.y)))
    targets, baselines = rows.y, rows.baselines
    if dataset.task.predicts_numbers:
        back = dataset.pipeline.target_to_original
        z, targets, baselines = back(z), back(targets), {name: back(g) for name, g in baselines.items()}
    return loss, measured(dataset.measured_by(experiment.training.metrics), z, targets, baselines)
