"""Layers that compute nothing: they give the same values another shape."""

from typing import TYPE_CHECKING, ClassVar

from engine.layers.base import Layer
from engine.memory import Tensor

if TYPE_CHECKING:
    from engine.network import Builder


class Flatten(Layer, tag="flatten"):
    """All axes but the batch become one: (N, …) is seen as (N, I)."""

    looked_through: ClassVar[bool] = True

    def plan(self, net: "Builder", x: Tensor) -> Tensor:
        return net.flat(x)
