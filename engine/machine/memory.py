"""Memory: tensors are names in a few flat aligned arrays, laid out first and allocated once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from engine.errors import InputError
from engine.machine import limits

ALIGNMENT = 64  # bytes: a cache line, and the widest vector
GUARD = 0x7FC0DEAD  # as a float32 a NaN: a stray read spreads, a stray write is seen


@dataclass(frozen=True, eq=False)
class Tensor:
    """A named slice of an area. `gradient` is the tensor that holds dL/d(this), where there is one.

    `vocabulary` is what is known of the values of an index: they are whole numbers from `least` (0, or −1 for none)
    to V − 1, with one V for all columns or one a column; 0 stands for a column of quantities.
    """

    area: "Area"
    name: str
    offset: int  # in elements
    shape: tuple[int, ...]
    gradient: "Tensor | None" = None
    vocabulary: tuple[int, ...] = ()
    least: int = 0

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def array(self) -> np.ndarray:
        """A view of the values; the area must be allocated."""
        return self.area.array[self.offset : self.offset + self.size].reshape(self.shape)

    @property
    def address(self) -> int:
        return int(self.area.array.ctypes.data) + self.offset * self.area.dtype.itemsize

    @property
    def description(self) -> str:
        """The name as an error says it."""
        is_gradient = "gradients" in self.area.name
        return f"the gradient of {self.name}" if is_gradient else self.name

    def reshaped(self, shape: tuple[int, ...]) -> "Tensor":
        """The same values (and gradient) under another shape of the same size."""
        if prod(shape) != self.size:
            raise ValueError(f"{self.name}: {self.shape} cannot be seen as {shape}")
        gradient = self.gradient.reshaped(shape) if self.gradient else None
        keeps = len(self.vocabulary) == 1 or (shape and self.shape and shape[-1] == self.shape[-1])
        return replace(self, shape=shape, gradient=gradient, vocabulary=self.vocabulary if keeps else ())

    def rows(self, start: int, stop: int) -> "Tensor":
        """The slice start:stop of the first axis, without a copy."""
        step = self.size // self.shape[0]
        gradient = self.gradient.rows(start, stop) if self.gradient else None
        shape = (stop - start, *self.shape[1:])
        return replace(self, offset=self.offset + start * step, shape=shape, gradient=gradient)


@dataclass(eq=False)
class Area:
    """One flat array and the tensors in it."""

    name: str
    dtype: np.dtype
    tensors: dict[str, Tensor] = field(default_factory=dict)
    size: int = 0  # elements, padding included
    guarded: bool = False
    _array: np.ndarray | None = None
    _front: np.ndarray | None = None  # the guard words before the first tensor

    def tensor(self, name: str, shape: tuple[int, ...], gradient: Tensor | None = None) -> Tensor:
        """Lay out a tensor; its name is new in the area."""
        if name in self.tensors:
            raise ValueError(f"{self.name} has a tensor {name!r} already")
        step = ALIGNMENT // self.dtype.itemsize
        guard = step if self.guarded else 0
        tensor = Tensor(self, name, self.size, shape, gradient)
        self.size += -(-tensor.size // step) * step + guard
        self.tensors[name] = tensor
        return tensor

    def like(self, name: str, dtype: np.dtype | None = None) -> "Area":
        """An area with the same layout: gradients beside parameters, optimizer state beside both."""
        twin = Area(name, dtype or self.dtype, size=self.size, guarded=self.guarded)
        twin.tensors = {n: Tensor(twin, n, t.offset, t.shape) for n, t in self.tensors.items()}
        return twin

    @property
    def array(self) -> np.ndarray:
        if self._array is None:
            raise RuntimeError(f"area {self.name!r} is not allocated")
        return self._array

    @property
    def allocated(self) -> bool:
        return self._array is not None

    @property
    def bytes(self) -> int:
        return self.size * self.dtype.itemsize

    def allocate(self) -> None:
        """Zeroed and aligned; with guards, everything outside the tensors is filled with GUARD."""
        if self._array is not None:
            return
        raw = np.zeros(self.bytes + 2 * ALIGNMENT, np.uint8)
        start = ALIGNMENT + -raw.ctypes.data % ALIGNMENT
        self._array = raw[start : start + self.bytes].view(self.dtype)
        if self.guarded:
            self._front = raw[start - ALIGNMENT : start].view(np.uint32)
            self._front[:] = GUARD
            self._array.view(np.uint32)[:] = GUARD
            for tensor in self.tensors.values():
                tensor.array[...] = 0

    @classmethod
    def holding(cls, name: str, array: np.ndarray) -> tuple["Area", Tensor]:
        """An area around an array that exists already (a data set), and the one tensor in it."""
        flat = np.ascontiguousarray(array).reshape(-1)
        area = cls(name, flat.dtype, size=flat.size, _array=flat)
        tensor = Tensor(area, name, 0, array.shape)
        area.tensors[name] = tensor
        return area, tensor

    @property
    def ends(self) -> dict[int, int]:
        """For the end of each tensor, the place where the next one begins: guard words stand between the two."""
        tensors = sorted(self.tensors.values(), key=lambda t: t.offset)
        starts = [t.offset for t in tensors[1:]] + [self.size]
        return {t.offset + t.size: start for t, start in zip(tensors, starts, strict=True)}

    def damaged_guards(self) -> list[str]:
        """The tensors behind (or, of the first, before) which a guard word was overwritten; empty without guards."""
        if not self.guarded or not self.tensors or self._array is None:
            return []
        words = self.array.view(np.uint32)
        scale = self.dtype.itemsize // 4
        tensors = sorted(self.tensors.values(), key=lambda t: t.offset)
        ends = [t.offset for t in tensors[1:]] + [self.size]
        before = self._front is not None and bool((self._front != GUARD).any())
        return [f"(before {tensors[0].name})"] * before + [
            t.name
            for t, end in zip(tensors, ends, strict=True)
            if (words[(t.offset + t.size) * scale : end * scale] != GUARD).any()
        ]


def checking() -> bool:
    """Whether the environment asks for the checked mode: see engine/machine/checks.py."""
    return os.environ.get("TUI_LAB_CHECK", "") not in ("", "0")


class Memory:
    """All areas of a run, by name."""

    def __init__(self, dtype: str, guarded: bool = False) -> None:
        self.dtype = np.dtype(dtype)
        self.guarded = guarded or checking()
        self.areas: dict[str, Area] = {}
        self.first_values: dict[
            str, float | tuple[float, ...] | np.ndarray
        ] = {}  # of statistics and hyperparameters

    def area(self, name: str, dtype: Any = None) -> Area:
        """The area of that name, made when it is new (of the run's element type where no other is given)."""
        if name not in self.areas:
            self.areas[name] = Area(name, np.dtype(dtype or self.dtype), guarded=self.guarded)
        return self.areas[name]

    def add(self, area: Area) -> Area:
        self.areas[area.name] = area
        return area

    def hold(self, name: str, array: np.ndarray) -> Tensor:
        """Take in an array that exists already, as an area of its own; no copy when it is contiguous."""
        area, tensor = Area.holding(name, array)
        self.add(area)
        return tensor

    @property
    def bytes(self) -> int:
        return sum(area.bytes for area in self.areas.values())

    def check_fits(self) -> None:
        """Raise InputError when the areas would not fit into the memory that is free."""
        free = limits.free_memory()
        if self.bytes > 0.9 * free:
            raise InputError(
                f"the model is too large for memory: it needs {self.bytes / 2**30:.1f} GiB, "
                f"{free / 2**30:.1f} GiB are free; make layers or training.batch_size smaller"
            )

    @property
    def allocated(self) -> bool:
        return all(area.allocated for area in self.areas.values())

    def allocate(self) -> None:
        self.check_fits()
        for area in self.areas.values():
            area.allocate()

    def set_first_values(self) -> None:
        """Set statistics, numbers and constants to what they begin with."""
        for name, value in self.first_values.items():
            self[name][...] = value

    def __getitem__(self, name: str) -> np.ndarray:
        """A view of a tensor by its name; parameters first, then the other areas in the order they were made."""
        for area in self.areas.values():
            if name in area.tensors:
                return area.tensors[name].array
        raise KeyError(name)

    def __iter__(self) -> Iterator[Area]:
        return iter(self.areas.values())


def shared(memory: Memory, name: str, dtype: type, size: int) -> Tensor:
    """The one tensor of an area that bears its name."""
    area = memory.area(name, dtype)
    return area.tensors[name] if name in area.tensors else area.tensor(name, (size,))
