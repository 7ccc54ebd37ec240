"""Kernels: small functions whose annotations are their shapes, and their registry. Knows nothing of Numba.

A kernel compiles on demand, once per element type, into a native function with one argument: a row of the program's
table that holds its sizes and operand addresses.

An operand that a kernel uses as an index says so: "N below V" holds whole numbers from 0 to V − 1, "N,2 below U,I"
has a bound for each column, "N below C or -1" may hold −1 as well. A bound is a size or a formula of sizes and
immediates; the program proves it before the first step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KERNELS: dict[str, "Kernel"] = {}
DEVICE_FUNCTIONS: list[Callable[..., Any]] = []


@dataclass(frozen=True)
class Operand:
    """One parameter of a kernel: an array with `dims` (names or numbers), or an immediate whole number.

    `below` bounds the values of an index, one formula of sizes for all columns or one a column; `least` is 0 or −1.
    """

    name: str
    dims: tuple[str, ...]
    dtype: str  # "real" is the run's element type; "float64" and "int64" are fixed; "int" is an immediate
    below: tuple[str, ...] = ()
    least: int = 0

    @classmethod
    def parse(cls, name: str, annotation: str) -> "Operand":
        spec, _, bound = (part.strip() for part in annotation.partition("below"))
        least = -1 if bound.endswith("or -1") else 0
        below = tuple(b.strip() for b in bound.removesuffix("or -1").split(",")) if bound else ()
        if spec == "int":
            return cls(name, (), "int", below, least)
        dtype, dims = "real", spec
        if spec.endswith("]"):
            dtype, dims = spec[:-1].split("[")
        return cls(name, tuple(d.strip() for d in dims.split(",")), dtype, below, least)

    def bounds(self, numbers: dict[str, int]) -> tuple[int, ...]:
        """What `below` comes to for those sizes and immediates."""
        return tuple(int(eval(formula, {}, numbers)) for formula in self.below)


class Kernel:
    """A function over arrays, callable from Python as it is and from the program by address."""

    def __init__(self, function: Callable[..., Any], multiplies: str = "") -> None:
        self.function = function
        self.name = function.__name__
        self.operands = [Operand.parse(n, a) for n, a in function.__annotations__.items()]
        named = (d for o in self.operands for d in o.dims if not d.isdigit())
        self.sizes = tuple(dict.fromkeys(named))
        self.multiplies = tuple(d.strip() for d in multiplies.split(",")) if multiplies else ()
        for dim in self.multiplies:
            if not dim.isdigit() and dim not in self.sizes:
                raise ValueError(f"{self.name}: there is no size {dim} to count its work in")
        self.width = 1 + len(self.sizes) + len(self.operands)
        self.native: dict[str, Any] = {}  # by element type; filled by the compiler
        KERNELS[self.name] = self

    def __call__(self, *arrays: Any) -> None:
        """Run the plain Python function: for tests and for reading along."""
        self.function(*arrays)


def kernel(function: Callable[..., Any]) -> Kernel:
    """Register a kernel: every parameter is annotated with its shape ("N,I"), "float64[K]", "int64[K]" or "int", an
    index with its bound, too ("N below V")."""
    return Kernel(function)


def product_kernel(multiplies: str) -> Callable[[Callable[..., Any]], Kernel]:
    """Register a kernel of products or of lookups; `work` counts what they take in sizes: "N,I,O" for N·I·O, or
    "N,D" where of a large table a row is touched for each n."""
    return lambda function: Kernel(function, multiplies)


def device(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register a function that kernels may call; it stays plain Python until the first compilation."""
    DEVICE_FUNCTIONS.append(function)
    return function
