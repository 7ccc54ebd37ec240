"""Trainer: runs chunks of steps in native calls, evaluates between them, keeps the best parameters."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from msgspec.structs import replace

from engine.data import Dataset
from engine.edits import Change, changes, check_live
from engine.errors import InputError
from engine.evaluate import Evaluator, evaluate
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
    STOPPED,
    UPDATES,
)  # fmt: skip
from engine.machine.threads import available_cores, limit_threads
from engine.metrics import metric
from engine.network import NetworkSpec, initialize
from engine.plan import SERIAL_WORK, Plan, flops, io_spec, layout_key, resolve, write_numbers
from engine.runs.checkpoint import BEST, Checkpoint, Progress
from engine.schedules import Plateau

CHUNK_SECONDS = 0.03
PACE_SECONDS = 0.002  # a shorter call is mostly overhead: it can only show that the pace is higher


@dataclass(frozen=True)
class Chunk:
    """What one call of `advance` did: the steps first … last − 1 (S of them), and an evaluation if one was due.

    losses, norms, rates (S,): the training loss, the gradient's norm before clipping and the learning rate of each.
    `stopped`: it ended early because it was asked to.
    """

    first: int
    last: int
    losses: np.ndarray
    norms: np.ndarray
    rates: np.ndarray
    log: Log | None = None
    stopped: bool = False


class Trainer:
    """One training of an experiment on a data set.

    `advance()` does a chunk and says what happened; the parameters change nowhere else. The bits of a run depend on
    the experiment and its edits alone: not on threads, on where chunks end, or on being stopped and resumed.
    Iterating starts the training and yields chunk after chunk to its end.
    """

    def __init__(
        self, experiment: Experiment, dataset: Dataset, *, threads: int | None = None, guarded: bool = False
    ) -> None:
        """Plan the training; nothing is allocated. Raises InputError where the parts do not fit."""
        self.dataset = dataset
        self.guarded = guarded
        self.threads = threads or available_cores()
        self.progress = Progress()
        self.control = np.zeros(1, np.int64)
        self.best: dict[str, np.ndarray] = {}
        self.steps_per_second = 0.0
        self.chunk: Chunk | None = None  # the last one
        self._lay_out(resolve(experiment, dataset))

    def _lay_out(self, experiment: Experiment) -> None:
        """Plan a resolved experiment."""
        self.plan = Plan.of(experiment, self.dataset, self.guarded)
        self.experiment = experiment
        self._program: Program | None = None
        self._evaluator: Evaluator | None = None

    @property
    def memory(self) -> Memory:
        return self.plan.memory

    @property
    def network(self) -> NetworkSpec:
        return self.plan.network

    @property
    def evaluator(self) -> Evaluator:
        """The network without training, as the experiment has it now."""
        if self._evaluator is None:
            io = io_spec(self.experiment, self.dataset)
            self._evaluator = Evaluator(self.experiment, self.network, io)
        return self._evaluator

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

    def __iter__(self) -> Iterator[Chunk]:
        if not self.memory.allocated:
            self.start()
        while not self.finished:
            yield self.advance()

    # -- edits --------------------------------------------------------------------------------------------

    def edit(self, experiment: Experiment) -> list[Change]:
        """Go on with other hyperparameters; parameters, counters and the optimizer's state are kept.

        State that the new experiment has and the old one had not begins anew: of another optimizer at zero, of a
        running mean of the weights at the present ones. The factor of a plateau does not outlive its schedule, and
        where the meaning of the monitored value changes, the best parameters are looked for anew. Fewer steps than
        were made end the training.

        Returns what differs. Raises InputError, and changes nothing, for what cannot change while a network learns.
        """
        before = self.experiment
        shards = (
            experiment.training.shards or before.training.shards
        )  # they decide the bits: never chosen anew
        after = resolve(with_shards(experiment, shards), self.dataset)
        check_live(before, with_shards(after, shards))
        made = changes(before, after)
        if not made:
            return []
        if layout_key(after) == layout_key(before):
            self.experiment = after
            if self.memory.allocated:
                write_numbers(self.memory, after)
        else:
            self._exchange_plan(after)
        self._keep_progress(before, after)
        return made

    def _exchange_plan(self, experiment: Experiment) -> None:
        """Lay out anew and take the state along."""
        before, plan = self.experiment, self.plan
        program, evaluator = self._program, self._evaluator
        try:
            self._lay_out(experiment)
            if self.network.shapes != plan.network.shapes:
                raise InputError("the architecture cannot change while a network learns; restart the run")
            if plan.memory.allocated:
                self.memory.allocate()
        except InputError:
            self.experiment, self.plan, self._program, self._evaluator = before, plan, program, evaluator
            raise
        if not plan.memory.allocated:
            return
        self.memory.set_first_values()
        arrays = state_of(plan.memory)
        same_optimizer = type(experiment.optimizer) is type(before.optimizer)
        for name, view in self.arrays().items():
            if name in arrays and (same_optimizer or not name.startswith("optimizer.")):
                view[...] = arrays[name]
        if "average" in self.memory.areas and "average" not in plan.memory.areas:
            self.memory.areas["average"].array[:] = self.memory.areas["parameters"].array
        if not same_optimizer:
            self.clock[UPDATES] = 0  # Adam's bias correction counts from its own beginning

    def _keep_progress(self, before: Experiment, after: Experiment) -> None:
        p = self.progress
        if type(after.schedule) is not type(before.schedule):
            p.plateau = 1.0
        meaning = (before.training.monitor, before.loss) != (after.training.monitor, after.loss)
        if meaning:
            p.best_value, p.evaluations_since_best = None, 0
        if not self.memory.allocated:
            return
        if self.step >= after.training.steps:
            p.ended = "done"
        elif p.ended in ("done", "early_stop"):  # it goes on: what was waited for is waited for anew
            p.ended, p.evaluations_since_best = "", 0

    # -- where it is --------------------------------------------------------------------------------------

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
        """Ask the running native call, or else the next one, to return before its next step; safe from any thread
        or signal."""
        self.control[0] = 1

    # -- training -----------------------------------------------------------------------------------------

    def rates(self, first: int, last: int) -> np.ndarray:
        """The learning rates (S,) of the steps first … last − 1."""
        e = self.experiment
        factors = e.schedule.factors(np.arange(first, last), e.training.steps)
        return np.ascontiguousarray(e.optimizer.lr * self.progress.plateau * factors, np.float64)

    def advance(self, seconds: float = CHUNK_SECONDS, limit: int | None = None) -> Chunk:
        """Train for about `seconds`, not beyond step `limit` or the next evaluation; evaluate if it is due."""
        t, p = self.experiment.training, self.progress
        first = self.step
        due = min(t.steps, (first // t.evaluate_every + 1) * t.evaluate_every)
        pace = self.steps_per_second or 100.0
        last = min(due, limit or due, first + max(1, int(pace * seconds)))
        chunk, reason = self._run(first, last)
        if reason == NOT_FINITE:
            p.ended = "diverged"
        elif chunk.last == due and chunk.last > first:
            chunk = Chunk(first, due, chunk.losses, chunk.norms, chunk.rates, self.evaluate(), chunk.stopped)
            if t.patience and p.evaluations_since_best >= t.patience:
                p.ended = "early_stop"
            elif due >= t.steps:
                p.ended = "done"
        self.chunk = chunk
        return chunk

    def _run(self, first: int, last: int) -> tuple[Chunk, int]:
        from engine.machine.vm import run_steps

        if self._program is None:
            self.compile()
        assert self._program is not None
        if self.parallel:
            limit_threads(self.threads)
        rates = self.rates(first, last)
        losses, norms = np.empty(len(rates)), np.empty(len(rates))
        began = time.perf_counter()
        done, reason = run_steps(self.parallel)(
            self._program.headers, self._script, self.clock, self.scalars, self.control,
            rates, losses, norms,
        )  # fmt: skip
        elapsed = time.perf_counter() - began
        self.control[0] = 0  # a wish to stop is fulfilled by one call
        self._program.raise_faults()
        if done:
            pace = done / max(elapsed, 1e-9)
            self.steps_per_second = pace if elapsed > PACE_SECONDS else max(pace, self.steps_per_second)
        done = int(done)
        made = Chunk(
            first, first + done, losses[:done], norms[:done], rates[:done], stopped=reason == STOPPED
        )
        return made, int(reason)

    # -- evaluating ---------------------------------------------------------------------------------------

    def evaluate(self) -> Log:
        """Measure on the validation rows, remember the parameters if they are the best, adapt the schedule."""
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

    def test_scores(self) -> dict[str, float] | None:
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
        """Views of everything that a resumed run needs, by name: the whole state besides `progress` and `best`."""
        return state_of(self.memory)

    def state(self) -> Checkpoint:
        """The run as it is now. The arrays are views: write them down before the next step."""
        best = {BEST + name: array for name, array in self.best.items()}
        return self._checkpoint(self.step, self.arrays() | best, self.progress)

    def best_state(self) -> Checkpoint:
        """The parameters to evaluate and predict with: the best, or the present ones before there are any."""
        step = self.progress.best_step if self.best else self.step
        return self._checkpoint(step, self.best or self.evaluated(), None)

    def _checkpoint(self, step: int, arrays: dict[str, np.ndarray], progress: Progress | None) -> Checkpoint:
        import numba

        return Checkpoint(
            step, self.experiment, arrays, self.dataset.digest, self.dataset.pipeline.to_json(),
            asdict(io_spec(self.experiment, self.dataset)), progress,
            {"numpy": np.__version__, "numba": numba.__version__},
        )  # fmt: skip

    def load(self, checkpoint: Checkpoint) -> None:
        """Take up a started training where a checkpoint of the same experiment left it.

        Raises InputError, and changes nothing, where the data or the arrays are others.
        """
        assert checkpoint.progress is not None
        views = self.arrays()
        for name, view in views.items():
            array = checkpoint.arrays.get(name)
            if array is None or array.shape != view.shape or array.dtype != view.dtype:
                raise InputError(f"the checkpoint belongs to another experiment: {name} differs")
        if checkpoint.data != self.dataset.digest:
            raise InputError("the data has changed since the run began")
        for name, view in views.items():
            view[...] = checkpoint.arrays[name]
        self.progress, self.best = checkpoint.progress, checkpoint.best


def with_shards(experiment: Experiment, shards: int) -> Experiment:
    return replace(experiment, training=replace(experiment.training, shards=shards))


def state_of(memory: Memory) -> dict[str, np.ndarray]:
    """Views of the arrays of a memory that make up a run's state, by name."""
    state: dict[str, np.ndarray] = {}
    for name, area in memory.areas.items():
        if name in ("parameters", "statistics", "average", "clock", "scalars") or name.startswith(
            "optimizer."
        ):
            prefix = "" if name in ("parameters", "statistics") else f"{name}/"
            state |= {prefix + tensor: t.array for tensor, t in area.tensors.items()}
    return state
