"""What every layer is: a component whose plan() turns an input tensor into an output tensor."""

from typing import ClassVar

from engine.activations import Activation
from engine.builder import Builder
from engine.component import Component
from engine.machine.memory import Tensor


class Layer(Component, tag_field="layer"):
    """A layer; its fields are its hyperparameters, and what the rest must know about it, it says itself."""

    transparent: ClassVar[bool] = False  # weights in front of it begin as suits the activation behind it
    computes: ClassVar[bool] = True  # else it only reshapes or drops what it is given: nothing to diagnose
    feature_maps: ClassVar[bool] = False  # outputs (N, H, W, C) are worth a look as images
    image_filters: ClassVar[bool] = False  # its weight (height, width, C, O) is worth a look as images

    @property
    def streams(self) -> bool:
        """Whether it can see one position at a time, because it looks at none that follow."""
        return False

    @property
    def activates(self) -> Activation | None:
        """The activation whose values its outputs are; None where it applies none."""
        return None

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        """Name the parameters, emit the operations, return the output. `x` is (N, …), N the rows of the shard.

        Raises ValueError when the layer cannot take the shape of `x`.
        """
        raise NotImplementedError
