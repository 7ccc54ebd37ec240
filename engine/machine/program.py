"""Program: what the engine runs, as tables of operations; a row is a kernel's address, its sizes, its operands."""

from dataclasses import dataclass, field
from importlib import import_module
from math import prod
from pkgutil import iter_modules

import numpy as np

from engine.machine.kernel import KERNELS, Kernel
from engine.machine.memory import Tensor


@dataclass(frozen=True)
class Operation:
    """A kernel bound to its operands: tensors, or whole numbers for immediates."""

    kernel: Kernel
    operands: tuple[Tensor | int, ...]

    @classmethod
    def of(cls, kernel: Kernel, **operands: Tensor | int) -> "Operation":
        """Bind operands by name. The operand `dx` is the gradient of the operand `x`, unless given itself."""
        bound = []
        for operand in kernel.operands:
            if operand.name in operands:
                bound.append(operands[operand.name])
            else:
                source = operands[operand.name.removeprefix("d")]
                bound.append(gradient_of(source))
        operation = cls(kernel, tuple(bound))
        operation.sizes()
        return operation

    def sizes(self) -> dict[str, int]:
        """The kernel's named sizes, read off the operands' shapes. Raises ValueError where shapes disagree."""
        sizes: dict[str, int] = {}
        for spec, tensor in zip(self.kernel.operands, self.operands, strict=True):
            if isinstance(tensor, int):
                continue
            shape = flattened(tensor.shape, len(spec.dims))
            for dim, length in zip(spec.dims, shape, strict=True):
                expected = int(dim) if dim.isdigit() else sizes.setdefault(dim, length)
                if expected != length:
                    raise ValueError(
                        f"{self.kernel.name}: {spec.name} ({tensor.name}) is {shape}, but {dim} is {expected}"
                    )
        return sizes

    def multiplications(self) -> int:
        """About how many multiplications it takes: those of its products, else one for each of the most numbers."""
        if self.kernel.multiplies:
            sizes = self.sizes()
            return prod(int(d) if d.isdigit() else sizes[d] for d in self.kernel.multiplies)
        return max((o.size for o in self.operands if not isinstance(o, int)), default=0)

    def row(self, dtype: str, width: int) -> list[int]:
        sizes = self.sizes()
        row = [self.kernel.address(dtype), *(sizes[s] for s in self.kernel.sizes)]
        row += [o if isinstance(o, int) else o.address for o in self.operands]
        return row + [0] * (width - len(row))


def flattened(shape: tuple[int, ...], dims: int) -> tuple[int, ...]:
    """A shape seen with `dims` axes: the first ones merge for a vector, the last ones for a matrix "N,I"."""
    if len(shape) == dims:
        return shape
    if len(shape) < dims:
        return shape + (1,) * (dims - len(shape))
    return (*shape[: dims - 1], int(np.prod(shape[dims - 1 :])))


def gradient_of(tensor: Tensor | int) -> Tensor:
    if isinstance(tensor, int) or tensor.gradient is None:
        raise ValueError(f"{tensor} has no gradient")
    return tensor.gradient


@dataclass
class Phase:
    """Lanes of operations: a lane runs in order on one thread, lanes run side by side."""

    name: str
    lanes: list[list[Operation]] = field(default_factory=list)

    def kernels(self) -> list[Kernel]:
        return list(dict.fromkeys(op.kernel for lane in self.lanes for op in lane))

    def table(self, dtype: str) -> np.ndarray:
        """(lanes, operations, width) int64; a shorter lane ends with rows of address 0."""
        length = max((len(lane) for lane in self.lanes), default=0)
        width = max((k.width for k in self.kernels()), default=1)
        table = np.zeros((len(self.lanes), length, width), np.int64)
        for lane, operations in zip(table, self.lanes, strict=True):
            for row, operation in zip(lane, operations, strict=False):
                row[:] = operation.row(dtype, width)
        return table


class Program:
    """Phases, compiled: `headers` (phases, 4) holds each table's address, lanes, operations and row width."""

    def __init__(self, phases: list[Phase], dtype: str) -> None:
        self.phases = phases
        self.tables = [phase.table(dtype) for phase in phases]  # kept: the headers point into them
        self.headers = np.array([[t.ctypes.data, *t.shape] for t in self.tables], np.int64)


def kernels_of(phases: list[Phase]) -> list[Kernel]:
    return list(dict.fromkeys(k for phase in phases for k in phase.kernels()))


def all_kernels() -> list[Kernel]:
    """Every kernel of the engine, for `warmup`."""
    import engine.kernels

    for module in iter_modules(engine.kernels.__path__):
        import_module(f"engine.kernels.{module.name}")
    return list(KERNELS.values())
