"""Update: what happens to the flat memory of parameters after the gradients are there."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from engine.kernels import update as kernels
from engine.machine.kernel import Kernel
from engine.machine.memory import ALIGNMENT, Area, Memory, Tensor, shared
from engine.machine.operation import Operation
from engine.machine.program import Phase
from engine.machine.registers import CLOCK, SCALARS
from engine.network import NetworkSpec

LANE_SIZE = 32_768  # parameters a lane of the update looks after, at least
MOST_LANES = 8


@dataclass(frozen=True)
class Segment:
    """A run of parameters that are treated alike; `lane` computes it."""

    start: int
    size: int
    decay: bool
    shape: tuple[int, ...] = ()  # of the one parameter it is, where the optimizer must see it by itself
    name: str = ""  # of that parameter
    lane: int = 0

    def of(self, area: Area) -> Tensor:
        return Tensor(area, f"{area.name}[{self.start}:]", self.start, self.shape or (self.size,))


class Update:
    """Plans the phases collect, count, regularize, measure and apply.

    How memory is cut into lanes depends on its size alone, never on the threads, so that sums keep their order.
    """

    def __init__(
        self,
        memory: Memory,
        network: NetworkSpec,
        frozen: frozenset[str] = frozenset(),
        whole: frozenset[str] = frozenset(),
    ) -> None:
        self.memory = memory
        self.parameters = memory.area("parameters")
        self.gradients = memory.area("gradients")
        self.clock = shared(memory, "clock", np.int64, CLOCK)
        self.scalars = shared(memory, "scalars", np.float64, SCALARS)
        trained = [p for p in network.parameters if p.name not in frozen]
        self.trained = tuple(trained)
        places = [(p, self.parameters.tensors[p.name].offset) for p in trained]
        runs = [
            Segment(at, prod(p.shape), p.decay, *((p.shape, p.name) if p.name in whole else ((), "")))
            for p, at in places
        ]
        self._segments = cut(merge(runs, memory))
        self.lanes = 1 + max((s.lane for s in self._segments), default=0)
        self.partials = shared(memory, "partials", np.float64, self.lanes)
        self.apply = Phase("apply", [[] for _ in range(self.lanes)])

    def segments(self) -> list[Segment]:
        """Everything that is trained, in stretches as long as possible."""
        return self._segments

    def state(self, segment: Segment, name: str, shape: tuple[int, ...] | None = None) -> Tensor:
        """A segment's part of a state of the optimizer, zero at first, saved with the run.

        It has the parameters' own layout, or, for a segment that is one whole parameter, any other `shape`.
        """
        area = f"optimizer.{name}"
        if shape is not None:
            return self.memory.area(area).tensor(segment.name, shape)
        if area not in self.memory.areas:
            self.memory.add(self.parameters.like(area))
        return segment.of(self.memory.areas[area])

    def hyper(self, name: str, value: float) -> Tensor:
        """A number of the optimizer that an edit may change while the network learns."""
        name, area = f"optimizer.{name}", self.memory.area("hyper", np.float64)
        if name not in area.tensors:
            area.tensor(name, (1,))
            self.memory.first_values[name] = (float(value),)
        return area.tensors[name]

    def scratch(self, segment: Segment, name: str, shape: tuple[int, ...]) -> Tensor:
        """Room for the optimizer's kernel to work in."""
        return self.memory.area("update.scratch").tensor(f"{name}[{segment.start}:]", shape)

    def op(self, segment: Segment, kernel: Kernel, **operands: Tensor | int) -> None:
        """Emit the optimizer's kernel for a segment; of the operands it gets those that it names.

        Besides the ones given there are the parameters p, their gradients g, whether they `decay`, the `clock`, and
        the `scalars` with the learning rate.
        """
        self.emit(
            segment.lane, kernel, p=segment.of(self.parameters), g=segment.of(self.gradients),
            scalars=self.scalars, clock=self.clock, decay=int(segment.decay), **operands,
        )  # fmt: skip

    def emit(self, lane: int, kernel: Kernel, **operands: Tensor | int) -> None:
        named = {o.name for o in kernel.operands}
        self.apply.lanes[lane].append(
            Operation.of(kernel, **{k: v for k, v in operands.items() if k in named})
        )

    def collect(self, shard_gradients: Tensor | None, micros: int) -> Phase:
        """Add up the gradients of the shards (S, Q); None when the one shard writes the sum itself."""
        phase = Phase("collect", [[] for _ in range(self.lanes if shard_gradients else 1)])
        if shard_gradients is None:
            return phase
        for s in self._segments:
            add_up = Operation.of(
                kernels.collect_gradients, shards=shard_gradients, total=s.of(self.gradients),
                clock=self.clock, start=s.start, micros=micros,
            )  # fmt: skip
            phase.lanes[s.lane].append(add_up)
        return phase

    def count(self, losses: Tensor, micros: int, after: list[Operation]) -> Phase:
        """The loss of the batch, and what runs once for all shards. It ends a micro-batch, so it runs alone."""
        count = Operation.of(
            kernels.collect_losses, losses=losses, clock=self.clock, scalars=self.scalars, micros=micros
        )
        return Phase("count", [[count, *after]])

    def regularize(self, penalty: Tensor | None) -> Phase:
        """Add the penalties' gradients and sum up squares for the norm; `penalty` holds l1 and l2."""
        phase = Phase("regularize", [])
        for lane in range(self.lanes):
            phase.lanes.append([Operation.of(kernels.clear, values=self.partials.rows(lane, lane + 1))])
        for s in self._segments:
            p, g = s.of(self.parameters), s.of(self.gradients)
            if penalty is not None and s.decay:
                phase.lanes[s.lane].append(Operation.of(kernels.penalize, p=p, g=g, penalty=penalty))
            partial = self.partials.rows(s.lane, s.lane + 1)
            phase.lanes[s.lane].append(Operation.of(kernels.square_sum, g=g, partial=partial))
        return phase

    def measure(self, clip: Tensor) -> Phase:
        """The gradient's norm, and the factor that clips it; `clip` holds the bounds on norm and value."""
        norm = Operation.of(kernels.measure_norm, partials=self.partials, clip=clip, scalars=self.scalars)
        return Phase("measure", [[norm]])

    def clip(self, clip: Tensor) -> None:
        """Scale the gradients by the factor of their norm and bound each: before the optimizer reads them."""
        for s in self._segments:
            self.emit(s.lane, kernels.clip_gradient, g=s.of(self.gradients), clip=clip, scalars=self.scalars)

    def follow(self, decay: Tensor) -> None:
        """Move the parameters' running mean: after the optimizer changed them."""
        for s in self._segments:
            mean = s.of(self.memory.areas["average"])
            self.emit(s.lane, kernels.average, p=s.of(self.parameters), mean=mean, decay=decay)


def merge(runs: list[Segment], memory: Memory) -> list[Segment]:
    """Join neighbors that are treated alike; padding between them is zero and stays so."""
    merged: list[Segment] = []
    for run in sorted(runs, key=lambda r: r.start):
        last = merged[-1] if merged and not memory.guarded else None
        if last and joinable(last, run) and run.start == padded(last.start + last.size, memory):
            merged[-1] = replace(last, size=run.start + run.size - last.start)
        else:
            merged.append(run)
    return merged


def joinable(a: Segment, b: Segment) -> bool:
    return a.decay == b.decay and not a.shape and not b.shape


def padded(end: int, memory: Memory) -> int:
    step = ALIGNMENT // memory.dtype.itemsize
    return -(-end // step) * step


def cut(runs: list[Segment]) -> list[Segment]:
    """Deal the runs out to lanes of about equal length."""
    total = sum(run.size for run in runs)
    lanes = min(MOST_LANES, max(1, total // LANE_SIZE))
    share = -(-total // lanes)
    share += -share % 16  # lanes meet at a cache line
    segments, lane, room = [], 0, share
    for run in runs:
        start, end = run.start, run.start + run.size
        while start < end:
            taken = run.size if run.shape else min(end - start, room)
            segments.append(replace(run, start=start, size=taken, lane=lane))
            start, room = start + taken, room - taken
            if room <= 0:
                lane, room = min(lane + 1, lanes - 1), share
    return segments
