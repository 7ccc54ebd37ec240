"""Layers in which data flows through branches and comes together again, and one that picks a column for them."""

from dataclasses import replace
from math import prod
from typing import Annotated

from engine.builder import Builder
from engine.hyper import hyper
from engine.kernels import branches as kernels
from engine.layers.base import Layer
from engine.machine.memory import Tensor


class Branches(Layer, kw_only=True):
    """Layers side by side; each branch sees the same input, an empty one passes it on as it is."""

    branches: Annotated[list[list[Layer]], hyper("two or more lists of layers")]

    def __post_init__(self) -> None:
        if len(self.branches) < 2:
            raise ValueError("needs at least two branches")

    def outputs(self, net: Builder, x: Tensor) -> list[Tensor]:
        """What the branches make of x."""
        inputs = [x]
        for number in range(1, len(self.branches)):
            with net.scope(f"branch{number + 1}"):
                inputs.append(net.fork(x))  # planned first, added last: branch 1 overwrites the gradient
        results = []
        for number, (layers, start) in enumerate(zip(self.branches, inputs, strict=True)):
            with net.scope(f"branch{number + 1}"):
                results.append(net.sequence(layers, start, f"branches.{number}"))
        return results


class Concat(Branches, tag="concat"):
    """y = [f₁(x), f₂(x), …], joined along the last axis; all other axes must agree."""

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        parts = self.outputs(net, x)
        leading = parts[0].shape[:-1]
        if any(part.shape[:-1] != leading for part in parts):
            raise ValueError(f"its branches give {shapes(parts)}; all axes but the last must be equal")
        rows, width = prod(leading), sum(part.shape[-1] for part in parts)
        y = net.tensor("output", (*leading, width))
        start = 0
        for part in parts:
            net.op(
                kernels.place_columns, kernels.take_gradient if part.gradient else None,
                x=part.reshaped((rows, part.shape[-1])), y=y.reshaped((rows, width)), start=start,
            )  # fmt: skip
            start += part.shape[-1]
        return y


class Multiply(Branches, tag="multiply"):
    """y = f₁(x)·f₂(x)·…, element by element; all branches must give the same shape."""

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        first, *others = parts = self.outputs(net, x)
        if any(part.shape != first.shape for part in others):
            raise ValueError(f"its branches give {shapes(parts)}; a product needs equal shapes")
        y = first
        for i, other in enumerate(others, start=1):
            a, y = y, net.tensor("output" if i == len(others) else f"product{i}", first.shape)
            net.op(
                kernels.multiply_forward, kernels.multiply_backward,
                a=a, b=other, y=y, da=net.gradient(a), db=net.gradient(other),
            )  # fmt: skip
        return y


class Select(Layer, tag="select"):
    """One column of the input, or several that follow each other: for branches that see different columns."""

    column: Annotated[int, hyper("index of the first column, from 0", ge=0)]
    count: Annotated[int, hyper("number of columns; 0: all that follow", ge=0)] = 1

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        columns = x.shape[-1]
        if self.column >= columns:
            raise ValueError(f"column = {self.column}: the input has {columns} columns, 0 to {columns - 1}")
        count = self.count or columns - self.column
        if self.column + count > columns:
            raise ValueError(f"column = {self.column}, count = {count}: the input has {columns} columns")
        shape = (*x.shape[:-1], count)
        y = net.tensor("output", shape) if x.gradient else net.scratch("output", shape)
        vocabulary = net.vocabulary_of(x)
        if vocabulary:
            several = (
                vocabulary[self.column : self.column + count] if len(vocabulary) == columns else vocabulary
            )
            y = replace(y, vocabulary=several if count == 1 or any(several) else ())
        rows = prod(shape[:-1])
        net.op(
            kernels.select_forward, kernels.select_backward if x.gradient else None,
            x=x.reshaped((rows, columns)), y=y.reshaped((rows, count)), column=self.column,
        )  # fmt: skip
        return y


def shapes(parts: list[Tensor]) -> str:
    """The shapes of the branches' outputs, as an error lists them."""
    return " and ".join(str(part.shape[1:]) for part in parts)
