"""Operation: a kernel bound to its operands, whose shapes, element types and index bounds are checked."""

from dataclasses import dataclass
from math import prod

import numpy as np

from engine.machine.compiler import address
from engine.machine.kernel import Kernel
from engine.machine.memory import Tensor

REAL = ("float32", "float64")


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
        operation.check()
        return operation

    def check(self) -> None:
        """Raise ValueError where an operand has another element type or shape than the kernel reads, lies outside its
        area, or is an index that is not known to stay below its bound."""
        for spec, operand in zip(self.kernel.operands, self.operands, strict=True):
            if isinstance(operand, int) != (spec.dtype == "int"):
                raise ValueError(f"{self.kernel.name}: {spec.name} is {operand}, expected {spec.dtype}")
        numbers = self.sizes() | self.immediates
        real = ""
        for spec, operand in zip(self.kernel.operands, self.operands, strict=True):
            where = f"{self.kernel.name}: {spec.name}"
            if isinstance(operand, int):
                check_immediate(where, operand, spec.bounds(numbers))
                continue
            dtype = operand.area.dtype.name
            expected = (real or dtype) if spec.dtype == "real" else spec.dtype
            if dtype != expected or (spec.dtype == "real" and dtype not in REAL):
                raise ValueError(f"{where} ({operand.name}) holds {dtype}, the kernel reads {expected}")
            real = dtype if spec.dtype == "real" else real
            if not 0 <= operand.offset <= operand.offset + operand.size <= operand.area.size:
                raise ValueError(f"{where} ({operand.name}) lies outside its area {operand.area.name!r}")
            if spec.below and operand.size:
                check_index(where, operand, spec.bounds(numbers), spec.least)

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

    @property
    def immediates(self) -> dict[str, int]:
        """The whole numbers among the operands, by name."""
        pairs = zip(self.kernel.operands, self.operands, strict=True)
        return {spec.name: operand for spec, operand in pairs if isinstance(operand, int)}

    def multiplications(self) -> int:
        """About how many multiplications it takes: those of its products, else one for each of the most numbers."""
        if self.kernel.multiplies:
            sizes = self.sizes()
            return prod(int(d) if d.isdigit() else sizes[d] for d in self.kernel.multiplies)
        return max((o.size for o in self.operands if not isinstance(o, int)), default=0)

    def row(self, dtype: str, width: int) -> list[int]:
        """Raises ValueError where an operand is not of the program's element type."""
        sizes = self.sizes()
        for spec, operand in zip(self.kernel.operands, self.operands, strict=True):
            if isinstance(operand, Tensor) and spec.dtype == "real" and operand.area.dtype.name != dtype:
                raise ValueError(
                    f"{self.kernel.name}: {spec.name} ({operand.name}) holds {operand.area.dtype}, "
                    f"the program computes in {dtype}"
                )
        row = [address(self.kernel, dtype), *(sizes[s] for s in self.kernel.sizes)]
        row += [o if isinstance(o, int) else o.address for o in self.operands]
        return row + [0] * (width - len(row))


def flattened(shape: tuple[int, ...], dims: int) -> tuple[int, ...]:
    """A shape seen with `dims` axes: the first ones merge for a vector, the last ones for a matrix "N,I"."""
    if len(shape) == dims:
        return shape
    if len(shape) < dims:
        return shape + (1,) * (dims - len(shape))
    return (*shape[: dims - 1], int(np.prod(shape[dims - 1 :])))


def check_immediate(where: str, value: int, below: tuple[int, ...]) -> None:
    if below and not 0 <= value < below[0]:
        raise ValueError(f"{where} is {value}, expected 0 to {below[0] - 1}")


def check_index(where: str, tensor: Tensor, below: tuple[int, ...], least: int) -> None:
    """Raise ValueError where the values of a tensor are not known to be whole numbers from `least` to below − 1."""
    known = tensor.vocabulary
    if not known or not all(known):
        raise ValueError(f"{where} ({tensor.name}) is an index, but what it holds is not known to be one")
    if tensor.least < least:
        raise ValueError(f"{where} ({tensor.name}) may hold {tensor.least}, expected {least} or above")
    columns = max(len(known), len(below))
    if not {len(known), len(below)} <= {1, columns}:
        raise ValueError(f"{where} ({tensor.name}) has {len(known)} columns, expected {len(below)}")
    for count, bound in zip(spread(known, columns), spread(below, columns), strict=True):
        if count > bound:
            raise ValueError(f"{where} ({tensor.name}) may hold {count - 1}, expected {bound - 1} or below")


def spread(values: tuple[int, ...], columns: int) -> tuple[int, ...]:
    """One value for each column, where one may stand for all."""
    return values * columns if len(values) == 1 else values


def gradient_of(tensor: Tensor | int) -> Tensor:
    if isinstance(tensor, int) or tensor.gradient is None:
        raise ValueError(f"{tensor} has no gradient")
    return tensor.gradient
