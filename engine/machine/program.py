"""Program: what the engine runs, as tables of operations; a row is a kernel's address, its sizes, its operands."""

from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

import numpy as np

from engine.machine.checks import Check, Checks
from engine.machine.kernel import KERNELS, Kernel
from engine.machine.memory import checking
from engine.machine.operation import Operation


@dataclass
class Phase:
    """Lanes of operations: a lane runs in order on one thread, lanes run side by side."""

    name: str
    lanes: list[list[Operation]] = field(default_factory=list)

    def kernels(self) -> list[Kernel]:
        return list(dict.fromkeys(op.kernel for lane in self.lanes for op in lane))

    def table(self, dtype: str, checks: Checks | None = None) -> np.ndarray:
        """(lanes, operations, width) int64; a shorter lane ends with rows of address 0."""
        lanes = [steps_of(lane, checks) for lane in self.lanes]
        length = max((len(lane) for lane in lanes), default=0)
        operations = [step.operation if isinstance(step, Check) else step for lane in lanes for step in lane]
        width = max((operation.kernel.width for operation in operations), default=1)
        table = np.zeros((len(lanes), length, width), np.int64)
        for rows, lane in zip(table, lanes, strict=True):
            for place, step in enumerate(lane):
                if isinstance(step, Check):
                    step.bind(rows[place + 1, :1] if place + 1 < length else np.zeros(1, np.int64))
                operation = step.operation if isinstance(step, Check) else step
                rows[place] = operation.row(dtype, width)
        return table


def steps_of(lane: list[Operation], checks: Checks | None) -> list[Operation | Check]:
    """A lane's operations, in the checked mode with the checks around each."""
    steps: list[Operation | Check] = []
    for operation in lane:
        before, after = checks.around(operation) if checks else ([], [])
        steps += [*before, operation, *after]
    return steps


class Program:
    """Phases, compiled: `headers` (phases, 4) holds each table's address, lanes, operations and row width.

    In the checked mode there are checks around every operation; `raise_faults` tells after a call what they found.
    """

    def __init__(self, phases: list[Phase], dtype: str) -> None:
        self.phases = phases
        self.checks = Checks() if checking() else None
        # Kept: the headers point into them.
        self.tables = [phase.table(dtype, self.checks) for phase in phases]
        self.headers = np.array([[t.ctypes.data, *t.shape] for t in self.tables], np.int64)

    def raise_faults(self) -> None:
        """Raise TrainingError where a check of the checked mode failed in a call of this program."""
        if self.checks is not None:
            self.checks.raise_faults()


def kernels_of(phases: list[Phase]) -> list[Kernel]:
    return list(dict.fromkeys(k for phase in phases for k in phase.kernels()))


def all_kernels() -> list[Kernel]:
    """Every kernel of the engine, for `warmup`."""
    import engine.kernels

    for module in iter_modules(engine.kernels.__path__):
        import_module(f"engine.kernels.{module.name}")
    return list(KERNELS.values())
