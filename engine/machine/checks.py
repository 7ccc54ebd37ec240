"""Checked mode: TUI_LAB_CHECK=1 puts guard words around every tensor, and checks around every operation.

Before a kernel runs, the values of every index are held against its bound; after it, the guard words behind each of
its operands must stand. The kernels themselves are the same, and so are the bits of a run.
"""

from dataclasses import dataclass

import numpy as np

from engine.errors import TrainingError
from engine.machine.kernel import Kernel, Operand
from engine.machine.memory import GUARD, Area, Tensor
from engine.machine.operation import Operation

GUARD_WORD = int(np.array([GUARD, GUARD], np.uint32).view(np.int64)[0])


@dataclass
class Check:
    """One check in a lane: `fault` gets 1 and what was found, `stop` is bound to the row that follows."""

    operation: Operation
    fault: np.ndarray
    stop: Area
    complaint: str  # with a place for the value

    def bind(self, next_row: np.ndarray) -> None:
        self.stop._array = next_row


class Checks:
    """The checks of a program."""

    def __init__(self) -> None:
        self.all: list[Check] = []
        self.areas: dict[int, Area] = {}

    def around(self, operation: Operation) -> tuple[list[Check], list[Check]]:
        """What is checked before an operation and after it."""
        operation.check()
        before, after = [], []
        for spec, operand in zip(operation.kernel.operands, operation.operands, strict=True):
            if isinstance(operand, Tensor) and operand.size:
                self.areas[id(operand.area)] = operand.area
                if spec.below:
                    before.append(self._index(operation, spec, operand))
                words = words_behind(operand)
                if words is not None:
                    after.append(self._guard(operation, spec, operand, words))
        return before, after

    def _index(self, operation: Operation, spec: Operand, operand: Tensor) -> Check:
        from engine.kernels.checks import check_numbers, check_reals

        bounds = spec.bounds(operation.sizes() | operation.immediates)
        kernel = check_numbers if operand.area.dtype == np.int64 else check_reals
        columns = len(bounds)
        values = operand.reshaped((operand.size // columns, columns))
        expected = " or ".join(f"{spec.least} to {bound - 1}" for bound in bounds)
        complaint = (
            f"{self._named(operation, spec, operand)} holds {{:g}}, expected a whole number from {expected}"
        )
        below = np.array(bounds, np.int64)
        return self._check(kernel, complaint, values=values, below=held("below", below), least=spec.least)

    def _guard(self, operation: Operation, spec: Operand, operand: Tensor, words: np.ndarray) -> Check:
        from engine.kernels.checks import check_guard

        complaint = f"{self._named(operation, spec, operand)} was written beyond its end"
        return self._check(check_guard, complaint, words=held("guard", words), guard=GUARD_WORD)

    def _named(self, operation: Operation, spec: Operand, operand: Tensor) -> str:
        return f"checked mode: {operation.kernel.name}: {spec.name} ({operand.description})"

    def _check(self, kernel: Kernel, complaint: str, **operands: Tensor | int) -> Check:

        fault, stop = np.zeros(2), Area("stop", np.dtype(np.int64))
        operands |= {"fault": held("fault", fault), "stop": stop.tensor("stop", (1,))}
        check = Check(Operation.of(kernel, **operands), fault, stop, complaint)
        self.all.append(check)
        return check

    def raise_faults(self) -> None:
        """Raise TrainingError with the kernel and the operand of the first check that failed."""
        for check in self.all:
            if check.fault[0]:
                raise TrainingError(check.complaint.format(check.fault[1]))
        for area in self.areas.values():
            if damaged := area.damaged_guards():
                raise TrainingError(
                    f"checked mode: something was written beyond {damaged[0]} in {area.name!r}"
                )


def held(name: str, array: np.ndarray) -> Tensor:
    return Area.holding(name, array)[1]


def words_behind(tensor: Tensor) -> np.ndarray | None:
    """The guard words right behind a tensor, as int64; None where it ends inside of another one or nothing guards."""
    area = tensor.area
    end = tensor.offset + tensor.size
    place = area.ends.get(end) if area.guarded else None
    if place is None:
        return None
    start = -(-end * area.dtype.itemsize // 8)
    return area.array.view(np.int64)[start : place * area.dtype.itemsize // 8]
