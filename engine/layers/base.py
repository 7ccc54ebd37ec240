"""What every layer is: a component whose plan() turns an input tensor into an output tensor."""

from typing import TYPE_CHECKING, ClassVar

from engine.component import Component
from engine.machine.memory import Tensor

if TYPE_CHECKING:
    from engine.builder import Builder


class Layer(Component, tag_field="layer"):
    """A layer; its fields are its hyperparameters."""

    transparent: ClassVar[bool] = False  # weights in front of it begin as suits the activation behind it
    streams: ClassVar[bool] = False  # can see one position at a time, because it looks at none that follow

    def plan(self, net: "Builder", x: Tensor) -> Tensor:
        """Name the parameters, emit the operations, return the output. `x` is (N, …), N the rows of the shard.

        Raises ValueError when the layer cannot take the shape of `x`.
        """
        raise NotImplementedError
