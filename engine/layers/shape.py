"""Layers that compute nothing: they give the same values another shape."""

from math import prod
from typing import Annotated

from engine.builder import Builder
from engine.hyper import hyper
from engine.layers.base import Layer
from engine.machine.memory import Tensor


class Flatten(Layer, tag="flatten"):
    """All axes but the batch become one: (N, …) is seen as (N, I)."""

    transparent = True
    computes = False

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        return net.flat(x)


class Reshape(Layer, tag="reshape"):
    """The values of a row under another shape of the same size: (N, I) → (N, H, W, C) before a convolution."""

    shape: Annotated[list[int], hyper("shape of a row, without the batch axis")]

    transparent = True
    computes = False

    def __post_init__(self) -> None:
        if not self.shape or min(self.shape) < 1:
            raise ValueError(f"shape = {self.shape}: expected lengths of at least 1")

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        N, *lengths = x.shape
        if prod(lengths) != prod(self.shape):
            raise ValueError(
                f"{tuple(lengths)} holds {prod(lengths)} values a row, {self.shape} {prod(self.shape)}"
            )
        return x.reshaped((N, *self.shape))
